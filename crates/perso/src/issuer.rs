//! The issuer as a plan sees it: who signs, and which terminals the card shall trust.

use bitaqa_pki::{Certificate, Signer};

/// Certificates and the document signer of an issuer.
pub trait Issuer {
    /// Document signer certificate.
    fn document_signer_certificate(&self) -> &Certificate;
    /// The document signer.
    fn document_signer(&self) -> &dyn Signer;
    /// CVCA certificate that the card gets as trust point, `7F21 ..`.
    fn cvca_certificate(&self) -> &[u8];
    /// CA of the certificates of card holders with its signer; `None` for an issuer without.
    fn holder_ca(&self) -> Option<(&Certificate, &dyn Signer)>;
    /// Date that the card starts with, six unpacked BCD digits YYMMDD.
    fn current_date(&self) -> [u8; 6];
}
