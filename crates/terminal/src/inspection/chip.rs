//! Whether the chip is the one that was issued: chip authentication mapping, Chip Authentication, Active Authentication.
//! Each is only as good as the signed file that its key stands in, so a key that nobody vouches for is not tried.

use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::security_infos::{ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, SecurityInfos};
use bitaqa_pki::sod::Sod;
use bitaqa_secure_messaging::TerminalError;

use super::access::Paced;
use super::groups::listed;
use super::procedure::Procedure;
use super::verdict::{failed, without};
use super::{Strength, Verdict, steps};
use crate::emrtd;
use crate::session::SessionError;

/// An offer of Chip Authentication, with its key.
type ChipKey<'a> = (&'a ChipAuthenticationInfo, &'a ChipAuthenticationPublicKeyInfo);

impl Procedure<'_, '_> {
    /// Chip authentication mapping, 9303-11 §4.4.3.5.2: what came with PACE, against the key of EF.CardSecurity.
    pub(super) fn chip_mapping(&mut self, pace: Option<&Paced>, _card_security: Option<&SecurityInfos>) {
        let verdict = match (pace, self.verdict(steps::PACE)) {
            (Some(_), _) => Verdict::NotOffered("PACE ran without chip authentication mapping".into()),
            (None, Some(Verdict::NotOffered(_))) => Verdict::NotOffered("the card offers no PACE".into()),
            (None, _) => without(steps::PACE),
        };
        self.note(steps::CHIP_MAPPING, verdict);
    }

    /// Chip Authentication, 9303-11 §6.2, with the strongest of the keys of DG14 and no other: if the chip does not have
    /// that one, it is not the chip. Gives Comp() of the terminal's key, which Terminal Authentication signs.
    pub(super) fn chip_authentication(&mut self, dg14: Option<&Dg14>) -> Result<Option<Vec<u8>>, SessionError> {
        self.after(dg14, steps::CHIP_AUTHENTICATION, "DG14", |this, dg14| {
            let keys = chip_keys(&dg14.infos);
            let Some((info, key)) = keys.iter().max_by_key(|(info, key)| Strength::of_chip(info, key)) else {
                return Ok(Err(Verdict::NotOffered("DG14 has no Chip Authentication key".into())));
            };
            if let Err(verdict) = this.vouched() {
                return Ok(Err(verdict));
            }
            if keys.len() > 1 {
                let key_id = info.key_id.map_or_else(|| "without number".to_owned(), |id| format!("number {id}"));
                this.remark(format!("taken out of {} keys: {}, {key_id}", keys.len(), info.protocol));
            }
            match emrtd::chip_authentication(&mut this.session, info, key, this.rng) {
                Ok(pcd) => Ok(Ok(pcd)),
                Err(TerminalError::Exchange(error)) => Err(error),
                Err(TerminalError::Protocol(error)) => Ok(Err(failed(error))),
            }
        })
    }

    /// Active Authentication, 9303-11 §6.1. It is done wherever DG15 offers it, Chip Authentication or not: an inspection
    /// judges all that a card says of itself.
    pub(super) fn active_authentication(
        &mut self,
        sod: Option<&Sod>,
        _dg14: Option<&Dg14>,
    ) -> Result<(), SessionError> {
        let offered = sod.is_some_and(|sod| listed(sod).contains(&15));
        let key = self.decoded_group(15, sod, |_, content| Ok(content.clone()))?;
        let verdict = match key {
            None if !offered && sod.is_some() => Verdict::NotOffered("EF.SOD lists no DG15".into()),
            None => without("DG15"),
            Some(_) => Verdict::NotAttempted("Active Authentication is not spoken here".into()),
        };
        self.note(steps::ACTIVE_AUTHENTICATION, verdict);
        Ok(())
    }
}

/// The offers of Chip Authentication with the keys that belong to them, 9303-11 §9.2.5 and §9.2.6. An offer without
/// number refers to the key without number.
fn chip_keys(infos: &SecurityInfos) -> Vec<ChipKey<'_>> {
    let key_of =
        |offer: &ChipAuthenticationInfo| infos.chip_authentication_keys().find(|key| key.key_id == offer.key_id);
    infos.chip_authentication().filter_map(|offer| Some((offer, key_of(offer)?))).collect()
}
