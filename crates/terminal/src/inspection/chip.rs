//! Whether the chip is the one that was issued: chip authentication mapping, Chip and Active Authentication.
//! Each is only as good as the signed file that its key stands in, so a key that nobody vouches for is not tried.

use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::dg15::Dg15;
use bitaqa_lds::security_infos::SecurityInfos;
use bitaqa_pki::sod::Sod;
use bitaqa_pki::spki;
use bitaqa_secure_messaging::TerminalError;
use bitaqa_secure_messaging::ca::{self, CaError, Commands, Offer};

use super::access::Paced;
use super::groups::listed;
use super::procedure::Procedure;
use super::verdict::{failed, without};
use super::{Strength, Verdict, steps};
use crate::emrtd;
use crate::session::SessionError;

/// What a key is worth whose document signer was not judged.
pub(super) const UNTRUSTED: &str = "the key is vouched for by a document signer that nobody here trusts";

impl Procedure<'_, '_> {
    /// Chip authentication mapping, 9303-11 §4.4.3.5.2: what came with PACE, against the key of EF.CardSecurity.
    pub(super) fn chip_mapping(&mut self, pace: Option<&Paced>, card_security: Option<&SecurityInfos>) {
        let proof = pace.map(|pace| pace.proof.as_ref());
        let verdict = match (proof, card_security, self.verdict(steps::PACE)) {
            (Some(Some(proof)), Some(infos), _) => {
                let keys: Vec<_> = infos.chip_authentication_keys().cloned().collect();
                proof.verify(&keys).map_or_else(failed, |()| Verdict::Passed)
            }
            // A card that runs the mapping owes the file (9303-11 §9.2.11), so one that hides it is not let off.
            (Some(Some(_)), None, _) => match self.verdict(steps::CARD_SECURITY) {
                Some(Verdict::NotOffered(_)) => {
                    Verdict::Failed("the card has no EF.CardSecurity with the key of the chip".into())
                }
                _ => Verdict::NotAttempted("EF.CardSecurity is not good: nobody vouches for the key".into()),
            },
            (Some(None), ..) => Verdict::NotOffered("PACE ran without chip authentication mapping".into()),
            (None, _, Some(Verdict::NotOffered(_))) => Verdict::NotOffered("the card offers no PACE".into()),
            (None, ..) => without(steps::PACE),
        };
        if verdict == Verdict::Passed && !self.passed(steps::CARD_SECURITY_PATH) {
            self.remark(UNTRUSTED);
        }
        self.note(steps::CHIP_MAPPING, verdict);
    }

    /// Chip Authentication, 9303-11 §6.2, with the strongest of the keys of DG14 and no other: if the chip does not
    /// have that one, it is not the chip. Gives Comp() of the terminal's key, which Terminal Authentication signs.
    pub(super) fn chip_authentication(&mut self, dg14: Option<&Dg14>) -> Result<Option<Vec<u8>>, SessionError> {
        self.after(dg14, steps::CHIP_AUTHENTICATION, "DG14", |this, dg14| {
            let offers = ca::offers(&dg14.infos);
            let Some(offer) = offers.iter().max_by_key(|offer| Strength::of_chip(&offer.info, offer.key)) else {
                let stated = dg14.infos.chip_authentication().count() + dg14.infos.chip_authentication_keys().count();
                return Ok(Err(match stated {
                    0 => Verdict::NotOffered("DG14 has no Chip Authentication key".into()),
                    _ => Verdict::Failed("no Chip Authentication of this card is spoken here".into()),
                }));
            };
            if let Err(verdict) = this.vouched() {
                return Ok(Err(verdict));
            }
            this.remark(describe(offer, offers.len()));
            match this.agree(offer) {
                Ok(pcd) => Ok(Ok(pcd)),
                Err(TerminalError::Exchange(error)) => Err(error),
                Err(TerminalError::Protocol(error)) => Ok(Err(failed(error))),
            }
        })
    }

    /// By MSE:Set KAT or MSE:Set AT, as the cipher has it. Chips with 3DES that know the latter alone get it in the
    /// same session after they have refused the former (9303-11 §8.5 note 1).
    fn agree(&mut self, offer: &Offer<'_>) -> Result<Vec<u8>, TerminalError<SessionError, CaError>> {
        let (info, key) = (&offer.info, offer.key);
        match emrtd::chip_authentication(&mut self.session, None, info, key, self.rng) {
            Err(TerminalError::Protocol(CaError::Status { step: "MSE:Set KAT", sw })) => {
                self.remark(format!("the card answered {sw} to MSE:Set KAT, so MSE:Set AT was tried"));
                emrtd::chip_authentication(&mut self.session, Some(Commands::SetAt), info, key, self.rng)
            }
            other => other,
        }
    }

    /// Active Authentication, 9303-11 §6.1. It is done wherever DG15 offers it, Chip Authentication or not: an
    /// inspection judges all that a card says of itself.
    pub(super) fn active_authentication(&mut self, sod: Option<&Sod>, dg14: Option<&Dg14>) -> Result<(), SessionError> {
        let key = self.decoded_group(15, sod, |_, content| {
            let dg15 = Dg15::decode(content).map_err(failed)?;
            spki::decode_key(dg15.public_key()).map_err(failed)
        })?;
        if key.is_none() && sod.is_some_and(|sod| !listed(sod).contains(&15)) {
            self.note(steps::ACTIVE_AUTHENTICATION, Verdict::NotOffered("EF.SOD lists no DG15".into()));
            return Ok(());
        }
        self.after(key.as_ref(), steps::ACTIVE_AUTHENTICATION, "DG15", |this, key| {
            if let Err(verdict) = this.vouched() {
                return Ok(Err(verdict));
            }
            let info = dg14.and_then(|dg14| dg14.infos.active_authentication());
            match emrtd::active_authentication(&mut this.session, key, info, this.rng) {
                Ok(mechanism) => {
                    this.remark(mechanism.to_string());
                    Ok(Ok(()))
                }
                Err(TerminalError::Exchange(error)) => Err(error),
                Err(TerminalError::Protocol(error)) => Ok(Err(failed(error))),
            }
        })?;
        Ok(())
    }
}

/// An offer in words.
fn describe(offer: &Offer<'_>, offers: usize) -> String {
    let domain =
        spki::decode_agreement_key(&offer.key.public_key).map_or("an unknown group", |key| key.domain().name());
    let key_id = offer.info.key_id.map(|id| format!(", key {id}")).unwrap_or_default();
    let among = if offers > 1 { format!(", the strongest of {offers} offers") } else { String::new() };
    // The last arc of every protocol of Chip Authentication is its cipher, TR-03110-3 §A.1.1.2.
    let cipher = match offer.info.protocol.arcs().last() {
        Some(1) => "3DES",
        Some(2) => "AES-128",
        Some(3) => "AES-192",
        _ => "AES-256",
    };
    format!("Chip Authentication with {cipher}, {domain}{key_id}{among}")
}
