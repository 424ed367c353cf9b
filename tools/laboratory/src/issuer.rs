//! An issuer in memory: keys of all kinds, drawn from a seed and never written. Sealing key files costs more than a
//! whole card, and is no part of one.

use bitaqa_perso::content::{document_signer_algorithm, terminal_algorithm};
use bitaqa_perso::issuer::Issuer;
use bitaqa_perso::vault::MasterVault;
use bitaqa_pki::cvc::date_to_bcd;
use bitaqa_pki::issuer_keys::{self, Identity, IssuerKeys, IssuerPlan, Schedule, USUAL};
use bitaqa_pki::spki::Form;
use bitaqa_pki::x509::IssuingState;
use bitaqa_pki::{Certificate, KeySigner, Signer, TrustStore};
use bitaqa_profile::Profile;
use bitaqa_terminal::inspection::Terminal;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{NOW, Outcome};

/// Everything that an issuing state has, and the terminal that it lets read prints.
pub struct LaboratoryIssuer {
    /// Keys of the state and of its terminals.
    pub keys: IssuerKeys,
    cvca: Vec<u8>,
    document_signer: KeySigner,
    holder_ca: Identity<Certificate>,
    holder_signer: KeySigner,
    master: Zeroizing<Vec<u8>>,
}

impl LaboratoryIssuer {
    /// Draws all keys, of the algorithms that the product's cards are signed with and read with.
    ///
    /// # Errors
    /// None that a seed causes.
    pub fn new(profile: &Profile, rng: &mut dyn CryptoRng) -> Outcome<Self> {
        let state = IssuingState {
            country: "MA".into(),
            mrz_state: "MAR".into(),
            organisation: "SPECIMEN bitaqa test issuer".into(),
            contact: "csca@example.org".into(),
            crl_urls: vec!["https://example.org/csca.crl".into()],
        };
        let holder_ca = issuer_keys::holder_ca(&state, Schedule::LABORATORY, USUAL, NOW, rng)?;
        let plan = IssuerPlan {
            state,
            document_types: vec!["ID".into()],
            form: Form::Named,
            schedule: Schedule::LABORATORY,
            document_signer: document_signer_algorithm(profile),
            terminals: terminal_algorithm(profile),
        };
        let keys = issuer_keys::generate(&plan, NOW, rng)?;
        let mut master = Zeroizing::new(vec![0; 32]);
        rng.fill_bytes(&mut master);
        let (document_signer, holder_signer) = (keys.document_signer.signer(), holder_ca.signer());
        let cvca = keys.cvca.certificate.encode();
        Ok(Self { keys, cvca, document_signer, holder_ca, holder_signer, master })
    }

    /// Keys of cards and channels.
    pub fn vault(&self, profile: &Profile) -> MasterVault {
        MasterVault::for_profile(self.master.clone(), profile)
    }

    /// The CSCA as only anchor.
    ///
    /// # Errors
    /// [`LaboratoryIssuer::new`].
    pub fn trust(&self) -> Outcome<TrustStore> {
        let mut trust = TrustStore::new();
        trust.add(self.keys.csca.certificate.clone())?;
        Ok(trust)
    }

    /// A terminal with every right of an inspection system.
    ///
    /// # Errors
    /// [`LaboratoryIssuer::new`].
    pub fn terminal(&self) -> Outcome<Terminal> {
        let chain = self.keys.terminal_chain().map(Clone::clone).into();
        Ok(Terminal::new(chain, Vec::new(), Box::new(self.keys.inspection_system.signer()))?)
    }
}

impl Issuer for LaboratoryIssuer {
    fn document_signer_certificate(&self) -> &Certificate {
        &self.keys.document_signer.certificate
    }

    fn document_signer(&self) -> &dyn Signer {
        &self.document_signer
    }

    fn cvca_certificate(&self) -> &[u8] {
        &self.cvca
    }

    fn holder_ca(&self) -> Option<(&Certificate, &dyn Signer)> {
        Some((&self.holder_ca.certificate, &self.holder_signer))
    }

    fn current_date(&self) -> [u8; 6] {
        date_to_bcd(NOW.date())
    }
}
