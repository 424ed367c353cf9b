//! Terminal Authentication, 9303-11 §7.1: which certificates a terminal shows to reach the card's trust point, and
//! what they allow.

use std::collections::BTreeSet;

use bitaqa_apdu::Sw;
use bitaqa_lds::dg1::Dg1;
use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::security_infos::TerminalAuthenticationInfo;
use bitaqa_pki::cvc::{CvCertificate, CvKey, EfCvca, InspectionRights, Reference, Role, rules};
use bitaqa_pki::{PublicKey, Signer};
use bitaqa_secure_messaging::{TerminalError, ta};

use super::access::{Access, Opened};
use super::procedure::{Procedure, sfi};
use super::verdict::{Outcome, failed, without};
use super::{Verdict, steps};
use crate::emrtd;
use crate::session::SessionError;

/// Octets of EF.CVCA, TR-03110-3 §A.7.2.4.
const EF_CVCA_BYTES: u32 = 36;

/// An inspection terminal's own certificates and key.
pub struct Terminal {
    chain: Vec<CvCertificate>,
    links: Vec<CvCertificate>,
    signer: Box<dyn Signer>,
}

/// Why certificates and key make no terminal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TerminalChainError {
    /// No certificate at all.
    #[error("the chain of certificates is empty")]
    Empty,
    /// A certificate that stands under another one than it names, or in a role that it must not have there.
    #[error("the certificate of {holder}: {what}")]
    Certificate {
        /// CHR of the certificate.
        holder: Reference,
        /// What is wrong.
        what: String,
    },
    /// The key is not the one of the last certificate.
    #[error("the key is not the one in the certificate of {0}")]
    Key(Reference),
}

impl Terminal {
    /// A document verifier's certificate and the terminal's below it, link certificates of the CVCA above (in any
    /// order) and the terminal's key. Signatures are the card's to verify: only it knows the domain parameters.
    ///
    /// # Errors
    /// [`TerminalChainError`], with the certificate that does not fit: its authority, its role, or the key.
    pub fn new(
        chain: Vec<CvCertificate>,
        links: Vec<CvCertificate>,
        signer: Box<dyn Signer>,
    ) -> Result<Self, TerminalChainError> {
        let wrong = |certificate: &CvCertificate, what: String| TerminalChainError::Certificate {
            holder: certificate.holder().clone(),
            what,
        };
        let (Some(first), Some(last)) = (chain.first(), chain.last()) else { return Err(TerminalChainError::Empty) };
        if !first.chat().role().is_dv() {
            return Err(wrong(first, format!("is of a {:?}, not of a document verifier", first.chat().role())));
        }
        for (issuer, holder) in chain.iter().zip(chain.iter().skip(1)) {
            holder.check_authority(issuer.holder()).map_err(|error| wrong(holder, error.to_string()))?;
            rules::check_issue(issuer.chat(), holder.chat()).map_err(|error| wrong(holder, error.to_string()))?;
        }
        if last.chat().role() != Role::Terminal {
            return Err(wrong(last, format!("is of a {:?}, not of a terminal", last.chat().role())));
        }
        let is_own = match (last.body().public_key.value(), signer.public_key()) {
            (CvKey::Ec { point, .. }, PublicKey::Ec(own)) => *point == own.encode(),
            (CvKey::Rsa(key), PublicKey::Rsa(own)) => *key == own,
            _ => false,
        };
        if !is_own {
            return Err(TerminalChainError::Key(last.holder().clone()));
        }
        if let Some(other) = links.iter().find(|link| link.chat().role() != Role::Cvca) {
            return Err(wrong(other, "is no link certificate of a CVCA".into()));
        }
        Ok(Self { chain, links, signer })
    }

    /// What the terminal may do at most, TR-03110-3 §2.7; a trust point may take rights away.
    pub fn rights(&self) -> InspectionRights {
        rules::effective_rights(self.chain.iter().map(CvCertificate::chat))
    }

    /// Certificates from under one of the card's trust points down to the terminal's: the chain itself, or link
    /// certificates before it that bring the card up to the chain's CVCA (TR-03110-3 §2.2.1). `None` when none leads
    /// there.
    pub fn chain_for(&self, trust_points: &[Reference]) -> Option<Vec<CvCertificate>> {
        let wanted = self.chain.first()?.authority();
        let mut seen: BTreeSet<&[u8]> = trust_points.iter().map(Reference::as_octets).collect();
        // The way to each trust point that was reached, the shortest first: each round is one link longer.
        let mut ways: Vec<(&Reference, Vec<&CvCertificate>)> =
            trust_points.iter().map(|point| (point, Vec::new())).collect();
        while !ways.is_empty() {
            if let Some((_, links)) = ways.iter().find(|(point, _)| *point == wanted) {
                return Some(links.iter().copied().chain(&self.chain).cloned().collect());
            }
            let mut next = Vec::new();
            for (point, way) in &ways {
                for link in self.links.iter().filter(|link| link.authority() == *point) {
                    if seen.insert(link.holder().as_octets()) {
                        next.push((link.holder(), way.iter().copied().chain([link]).collect()));
                    }
                }
            }
            ways = next;
        }
        None
    }
}

impl Procedure<'_, '_> {
    /// EF.CVCA and Terminal Authentication. Gives the rights that the terminal has then.
    pub(super) fn terminal_authentication(
        &mut self,
        access: &Access,
        dg14: Option<&Dg14>,
        dg1: Option<&Dg1>,
        pcd: Option<&[u8]>,
    ) -> Result<Option<InspectionRights>, SessionError> {
        let offer = dg14.and_then(|dg14| dg14.infos.terminal_authentication());
        let Some(offer) = offer else {
            let verdict = || match dg14 {
                Some(_) => Verdict::NotOffered("DG14 offers no Terminal Authentication".into()),
                None => without("DG14"),
            };
            self.note(steps::CVCA, verdict());
            self.note(steps::TERMINAL_AUTHENTICATION, verdict());
            return Ok(None);
        };
        let trust_points = self.step(steps::CVCA, |this| this.trust_points(offer))?;
        let told = access.pace.as_ref().map(|pace| pace.references.as_slice()).unwrap_or_default();
        let told: Vec<Reference> = told.iter().filter_map(|octets| Reference::from_octets(octets).ok()).collect();
        let trust_points = trust_points.or((!told.is_empty()).then_some(told));
        let id_picc = id_picc(access, dg1);
        self.step(steps::TERMINAL_AUTHENTICATION, |this| {
            if matches!(this.verdict(steps::CVCA), Some(Verdict::Failed(_))) {
                return Ok(Err(without(steps::CVCA)));
            }
            let mapped = this.passed(steps::CHIP_MAPPING).then_some(access.pace.as_ref()).flatten();
            let pcd = pcd.or(mapped.map(|pace| pace.pcd_compressed.as_slice()));
            let Some(pcd) = pcd else { return Ok(Err(without(steps::CHIP_AUTHENTICATION))) };
            let Some(id_picc) = &id_picc else { return Ok(Err(without("the document number of DG1"))) };
            this.authenticate(trust_points.as_deref(), id_picc, pcd)
        })
    }

    /// Names of the card's trust points out of EF.CVCA.
    fn trust_points(&mut self, offer: &TerminalAuthenticationInfo) -> Result<Outcome<Vec<Reference>>, SessionError> {
        let named = offer.ef_cvca.as_ref();
        let short = match named {
            None => Some(sfi::CVCA),
            Some(file) => file.sfid.as_ref().and_then(|sfid| sfid.as_bytes().first().copied()),
        };
        let Some(short) = short else {
            return Ok(Err(Verdict::NotAttempted("DG14 gives EF.CVCA no short file identifier".into())));
        };
        let content = match emrtd::read_octets(&mut self.session, short, EF_CVCA_BYTES) {
            Err(error) if error.sw() == Some(Sw::FILE_NOT_FOUND) => {
                return Ok(Err(Verdict::NotOffered("the card has no EF.CVCA".into())));
            }
            other => other?,
        };
        self.keep(steps::CVCA, &content);
        Ok(EfCvca::decode(&content).map(|file| file.references().to_vec()).map_err(failed))
    }

    fn authenticate(
        &mut self,
        trust_points: Option<&[Reference]>,
        id_picc: &[u8],
        pcd: &[u8],
    ) -> Result<Outcome<InspectionRights>, SessionError> {
        let Some(terminal) = self.conditions.terminal else {
            return Ok(Err(Verdict::NotAttempted("no terminal certificates: give a terminal folder".into())));
        };
        let chain = match trust_points {
            // Without the names of its trust points the card is asked all the same: it knows them.
            None => terminal.chain.clone(),
            Some(trust_points) => match terminal.chain_for(trust_points) {
                Some(chain) => chain,
                None => return Ok(Err(no_way(terminal, trust_points))),
            },
        };
        let links = chain.len() - terminal.chain.len();
        if links > 0 {
            let what = if links == 1 { "a link certificate was" } else { "link certificates were" };
            self.remark(format!("{what} shown, to bring the card up to the terminal's CVCA"));
        }
        match emrtd::terminal_authentication(&mut self.session, &chain, &*terminal.signer, id_picc, pcd) {
            Ok(()) => Ok(Ok(terminal.rights())),
            Err(TerminalError::Exchange(error)) => Err(error),
            Err(TerminalError::Protocol(error)) => Ok(Err(failed(error))),
        }
    }
}

/// The card is another state's, or has trust points from after or long before the terminal's.
fn no_way(terminal: &Terminal, trust_points: &[Reference]) -> Verdict {
    let points = trust_points.iter().map(Reference::to_string).collect::<Vec<_>>().join(", ");
    let own = terminal.chain.first().map(|first| first.authority().to_string()).unwrap_or_default();
    Verdict::NotAttempted(format!("the card trusts {points}; the terminal's certificates stand under {own}"))
}

/// ID_PICC: the chip's ephemeral key of PACE, or the document number with its check digit after BAC (TR-03110-1 §3.5).
fn id_picc(access: &Access, dg1: Option<&Dg1>) -> Option<Vec<u8>> {
    match (&access.pace, access.opened) {
        (Some(pace), Some(Opened::Pace)) => Some(pace.id_picc.clone()),
        _ => ta::id_picc_after_bac(&dg1?.mrz.key_input()),
    }
}
