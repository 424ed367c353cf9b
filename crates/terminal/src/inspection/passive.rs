//! Passive authentication, 9303-11 §5.1, over both signed files: EF.SOD for the data groups, EF.CardSecurity for what
//! the chip says of itself. Signature, path and revocation have a verdict each, as one does not make up for another.

use bitaqa_apdu::Sw;
use bitaqa_lds::com::Com;
use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::security_infos::{ID_SECURITY_OBJECT, PaceInfo, SecurityInfo, SecurityInfos};
use bitaqa_pki::crl::RevocationList;
use bitaqa_pki::sod::Sod;
use bitaqa_pki::trust::TrustSource;
use bitaqa_pki::x509::{Path, PathError, Revocation, Whose};
use bitaqa_pki::{Certificate, Note, SignedContent};
use bitaqa_secure_messaging::pace::{Mapping, Suite};

use super::access::{Access, Opened, Paced, describe};
use super::groups::listed;
use super::procedure::{Procedure, sfi};
use super::verdict::{Outcome, failed, without};
use super::{Strength, Verdict, steps};
use crate::emrtd;
use crate::session::SessionError;

impl Procedure<'_, '_> {
    /// EF.SOD: reading, signature, path, revocation. It comes back when it could be read; what it is worth, the
    /// verdicts say ([`Procedure::vouched`]).
    pub(super) fn passive_authentication(&mut self, opened: Option<&Opened>) -> Result<Option<Sod>, SessionError> {
        let sod = self.after(opened, steps::SOD, steps::APPLICATION, |this, _| this.sod())?;
        self.judge(sod.as_ref(), steps::SOD_SIGNATURE, steps::SOD, |_, sod| sod.verify_signature().map_err(failed));
        let Some(signer) = sod.as_ref().map(Sod::document_signer) else {
            self.note(steps::PATH, without(steps::SOD));
            self.note(steps::REVOCATION, without(steps::SOD));
            return Ok(sod);
        };
        let (path, revocation) = self.path(signer);
        self.note(steps::PATH, path.err().unwrap_or(Verdict::Passed));
        let revocation = revocation.and_then(|revocation| self.remark_revocation(revocation));
        self.note(steps::REVOCATION, revocation.err().unwrap_or(Verdict::Passed));
        Ok(sod)
    }

    fn sod(&mut self) -> Result<Outcome<Sod>, SessionError> {
        let content = emrtd::read_file(&mut self.session, sfi::SOD)?;
        self.keep(steps::SOD, &content);
        let sod = Sod::parse(&content).map_err(failed);
        if let Ok(sod) = &sod {
            self.remark_tolerated("EF.SOD or its signer", sod.notes());
        }
        Ok(sod)
    }

    fn remark_tolerated(&mut self, what: &str, notes: &[Note]) {
        for note in notes {
            self.remark(format!("{what} {note}"));
        }
    }

    /// The verdicts on path and revocation. A path that stands but for revocation has passed as a path.
    fn path(&mut self, signer: &Certificate) -> (Outcome<()>, Outcome<Revocation>) {
        let trust = self.conditions.trust;
        if trust.is_empty() {
            let none = || Verdict::NotAttempted("no CSCA certificate is trusted: give a trust folder".into());
            return (Err(none()), Err(none()));
        }
        match Path::find(signer, trust, self.conditions.at) {
            Ok(path) => {
                self.remark_csca(path.csca);
                (Ok(()), Ok(path.revocation))
            }
            // A CSCA that was revoked vouches for nobody: there is no path then.
            Err(error @ PathError::Revoked { whose: Whose::Csca, .. }) => (Err(failed(&error)), Err(failed(error))),
            Err(
                error @ (PathError::Revoked { .. }
                | PathError::RevocationListExpired { .. }
                | PathError::RevocationListNotYetValid { .. }),
            ) => (Ok(()), Err(failed(error))),
            Err(error) => (Err(failed(error)), Err(without(steps::PATH))),
        }
    }

    /// Where the trust comes from, and what was tolerated in the CSCA's certificate.
    fn remark_csca(&mut self, csca: &Certificate) {
        if let Some(TrustSource::MasterList { signer }) = self.conditions.trust.source_of(csca) {
            self.remark(format!("{} is trusted by the master list that {signer} has signed", csca.subject()));
        }
        self.remark_tolerated("the CSCA certificate", csca.notes());
    }

    /// A list that names nobody has passed; no list is no verdict.
    fn remark_revocation(&mut self, revocation: Revocation) -> Outcome<()> {
        let Revocation::NotRevoked { this_update, next_update } = revocation else {
            let reason = "no revocation list of this CSCA was given: nothing is known about revocation";
            return Err(Verdict::NotAttempted(reason.into()));
        };
        match next_update {
            Some(next) => self.remark(format!("revocation list of {this_update}, good until {next}")),
            None => self.remark(format!("revocation list of {this_update}, without an end")),
        }
        let lists = self.conditions.trust.revocation_lists().iter();
        let notes: Vec<Note> =
            lists.filter(|list| list.this_update() == this_update).flat_map(RevocationList::notes).cloned().collect();
        self.remark_tolerated("the revocation list", &notes);
        Ok(())
    }

    /// EF.CardSecurity, 9303-11 §9.2.11: it is in the master file, and PACE opens it. Its content comes back only when
    /// its signature is good and nothing speaks against the path of its signer.
    pub(super) fn card_security(
        &mut self,
        card_access: Option<&SecurityInfos>,
        pace: Option<&Paced>,
    ) -> Result<Option<SecurityInfos>, SessionError> {
        let file = match (pace, self.verdict(steps::PACE)) {
            (None, Some(Verdict::NotOffered(_))) => {
                self.note(steps::CARD_SECURITY, Verdict::NotOffered("the card offers no PACE".into()));
                None
            }
            // Whoever takes the mapping out of EF.CardAccess is found out by DG14, which repeats every offer.
            (Some(paced), _)
                if self.conditions.policy.fewest_commands
                    && paced.proof.is_none()
                    && !card_access.is_some_and(owes_card_security) =>
            {
                let reason =
                    "EF.CardAccess offers no chip authentication mapping, with which it goes (9303-11 §9.2.11)";
                self.note(steps::CARD_SECURITY, Verdict::NotOffered(reason.into()));
                None
            }
            _ => self.after(pace, steps::CARD_SECURITY, steps::PACE, |this, _| this.read_card_security())?,
        };
        let Some((signed, infos)) = file else {
            // The steps on the file share its reason.
            let verdict = match self.verdict(steps::CARD_SECURITY) {
                Some(Verdict::NotOffered(_)) => Verdict::NotOffered("there is no EF.CardSecurity".into()),
                _ => without(steps::CARD_SECURITY),
            };
            self.note(steps::CARD_SECURITY_SIGNATURE, verdict.clone());
            self.note(steps::CARD_SECURITY_PATH, verdict.clone());
            self.note(steps::CARD_ACCESS_BY_CARD_SECURITY, verdict);
            return Ok(None);
        };
        let signature = signed.verify().map_err(failed);
        self.note(steps::CARD_SECURITY_SIGNATURE, signature.err().unwrap_or(Verdict::Passed));
        let (path, revocation) = self.path(signed.signer());
        // One step for both here: that there is no list, the document signer's own step tells.
        let verdict = match (path, revocation) {
            (Err(verdict), _) => verdict,
            (Ok(()), Err(verdict)) if verdict.is_bad() => verdict,
            (Ok(()), _) => Verdict::Passed,
        };
        self.note(steps::CARD_SECURITY_PATH, verdict);
        let signed_steps = [steps::CARD_SECURITY_SIGNATURE, steps::CARD_SECURITY_PATH];
        let bad = signed_steps.into_iter().find(|step| self.verdict(step).is_none_or(Verdict::is_bad));
        let believed = if let Some(step) = bad {
            self.note(steps::CARD_ACCESS_BY_CARD_SECURITY, Verdict::NotAttempted(format!("{step} is not good")));
            None
        } else {
            self.judge(Some(&infos), steps::CARD_ACCESS_BY_CARD_SECURITY, "", |_, infos| {
                confirmed(card_access, pace, infos, steps::CARD_SECURITY)
            });
            Some(infos)
        };
        Ok(believed)
    }

    fn read_card_security(&mut self) -> Result<Outcome<(SignedContent, SecurityInfos)>, SessionError> {
        let content = match emrtd::read_file(&mut self.session, sfi::CARD_SECURITY) {
            Err(error) if error.sw() == Some(Sw::FILE_NOT_FOUND) => {
                return Ok(Err(Verdict::NotOffered("the card has no EF.CardSecurity".into())));
            }
            other => other?,
        };
        self.keep(steps::CARD_SECURITY, &content);
        let signed = match SignedContent::parse(&content, ID_SECURITY_OBJECT) {
            Ok(signed) => signed,
            Err(error) => return Ok(Err(failed(error))),
        };
        self.remark_tolerated("EF.CardSecurity", signed.notes());
        self.remark_tolerated("the certificate of its signer", signed.signer().notes());
        match SecurityInfos::from_der(signed.content()) {
            Ok(infos) => {
                self.remark_unknown(&infos);
                Ok(Ok((signed, infos)))
            }
            Err(error) => Ok(Err(failed(error))),
        }
    }

    /// EF.COM is not signed: it may not promise other data groups than the signed list.
    pub(super) fn com(&mut self, opened: Option<&Opened>, sod: Option<&Sod>) -> Result<(), SessionError> {
        if self.conditions.policy.fewest_commands {
            for step in [steps::COM, steps::COM_LIST] {
                self.note(step, Verdict::NotAttempted("the policy leaves EF.COM out".into()));
            }
            return Ok(());
        }
        let com = self.after(opened, steps::COM, steps::APPLICATION, |this, _| {
            if let Some(content) = this.file(steps::COM) {
                return Ok(Com::decode(content).map_err(failed)); // read when the session was opened
            }
            let content = emrtd::read_file(&mut this.session, sfi::COM)?;
            this.keep(steps::COM, &content);
            Ok(Com::decode(&content).map_err(failed))
        })?;
        self.judge(sod, steps::COM_LIST, steps::SOD, |_, sod| {
            let Some(com) = &com else { return Err(without(steps::COM)) };
            let (mut stated, mut signed) = (com.data_groups.clone(), listed(sod));
            stated.sort_unstable();
            signed.sort_unstable();
            if stated == signed {
                return Ok(());
            }
            Err(Verdict::Failed(format!("EF.COM lists data groups {stated:?}, EF.SOD signs {signed:?}")))
        });
        Ok(())
    }

    /// EF.CardAccess against DG14. A card with PACE owes it to DG14, or to EF.CardSecurity (9303-11 §4.2, §9.2.11).
    pub(super) fn confirm_card_access(&mut self, access: &Access, sod: Option<&Sod>, dg14: Option<&Dg14>) {
        let verdict = match (dg14, sod) {
            (Some(dg14), _) => confirmed(access.announced.as_ref(), access.pace.as_ref(), &dg14.infos, "DG14").err(),
            (None, Some(sod)) if !listed(sod).contains(&14) => Some(match (&access.pace, &access.card_security) {
                (Some(_), None) => Verdict::Failed(
                    "neither DG14 nor EF.CardSecurity repeats EF.CardAccess: what it offers is not authentic".into(),
                ),
                _ => Verdict::NotOffered("EF.SOD lists no DG14".into()),
            }),
            _ => Some(without("DG14")),
        };
        self.note(steps::CARD_ACCESS_CONFIRMED, verdict.unwrap_or(Verdict::Passed));
    }
}

/// Whether a card that offers this has an EF.CardSecurity.
fn owes_card_security(card_access: &SecurityInfos) -> bool {
    let mapping = |info: &PaceInfo| Suite::of(info).is_ok_and(|suite| suite.mapping == Mapping::ChipAuthentication);
    card_access.pace().any(mapping) || card_access.chip_authentication().next().is_some()
}

/// EF.CardAccess was read before anything was proved; a signed file must confirm it (9303-11 §4.2). What that file
/// offers and EF.CardAccess does not was taken away: a downgrade where it is stronger than what was used.
fn confirmed(
    card_access: Option<&SecurityInfos>,
    used: Option<&Paced>,
    signed: &SecurityInfos,
    file: &str,
) -> Outcome<()> {
    let to = || used.map_or_else(|| "no PACE".to_owned(), |paced| describe(&paced.suite));
    let Some(card_access) = card_access else {
        return match strongest(signed.pace()) {
            Some((hidden, _)) => Err(Verdict::Downgraded { from: in_words(hidden), to: to() }),
            None => Err(Verdict::NotOffered("there is no EF.CardAccess, and no PACE that it could offer".into())),
        };
    };
    if let Some(other) = card_access.infos.iter().find(|info| !signed.infos.contains(info)) {
        let what = match other {
            SecurityInfo::Pace(info) => in_words(info),
            other => format!("protocol {}", other.protocol()),
        };
        return Err(Verdict::Failed(format!("EF.CardAccess offers what {file} does not vouch for: {what}")));
    }
    let hidden = signed.pace().filter(|info| card_access.pace().all(|offered| offered != *info));
    match strongest(hidden) {
        None => Ok(()),
        Some((hidden, strength)) if used.is_none_or(|used| strength > Some(Strength::of_pace(&used.suite))) => {
            Err(Verdict::Downgraded { from: in_words(hidden), to: to() })
        }
        Some((hidden, _)) => {
            Err(Verdict::Failed(format!("EF.CardAccess lacks what {file} vouches for: {}", in_words(hidden))))
        }
    }
}

/// The strongest of several offers; those that are not spoken here come last.
fn strongest<'a>(offers: impl Iterator<Item = &'a PaceInfo>) -> Option<(&'a PaceInfo, Option<Strength>)> {
    offers
        .map(|info| (info, Suite::of(info).ok().map(|suite| Strength::of_pace(&suite))))
        .max_by_key(|(_, strength)| *strength)
}

fn in_words(info: &PaceInfo) -> String {
    Suite::of(info).map_or_else(|error| error.to_string(), |suite| describe(&suite))
}

#[cfg(test)]
mod tests {
    use super::*;
    use const_oid::ObjectIdentifier;
    use core::slice::from_ref;

    fn pace(cipher: u32, parameter_id: u8) -> PaceInfo {
        let protocol = ObjectIdentifier::new(&format!("0.4.0.127.0.7.2.2.4.2.{cipher}")).unwrap();
        PaceInfo { protocol, version: 2, parameter_id: Some(parameter_id) }
    }

    fn infos(offers: &[PaceInfo]) -> SecurityInfos {
        SecurityInfos::new(offers.iter().cloned().map(SecurityInfo::Pace).collect()).unwrap()
    }

    fn used(info: &PaceInfo) -> Paced {
        let suite = Suite::of(info).unwrap();
        Paced { suite, id_picc: Vec::new(), pcd_compressed: Vec::new(), references: Vec::new(), proof: None }
    }

    #[test]
    fn what_was_taken_out_of_card_access_is_a_downgrade_when_it_is_stronger() {
        let (strong, weak) = (pace(4, 16), pace(2, 13));
        let both = infos(&[strong.clone(), weak.clone()]);
        let with_weak = used(&weak);
        assert_eq!(confirmed(Some(&both), Some(&with_weak), &both, "DG14"), Ok(()));
        let found = confirmed(Some(&infos(from_ref(&weak))), Some(&with_weak), &both, "DG14");
        let Err(Verdict::Downgraded { from, to }) = found else { panic!("{found:?}") };
        assert_eq!((from, to), (in_words(&strong), in_words(&weak)));
        let found = confirmed(Some(&infos(from_ref(&strong))), Some(&used(&strong)), &both, "DG14");
        assert!(matches!(found, Err(Verdict::Failed(reason)) if reason.contains("lacks")));
    }

    #[test]
    fn a_hidden_card_access_is_a_downgrade_and_a_changed_one_a_failure() {
        let (own, other) = (infos(&[pace(2, 13)]), infos(&[pace(2, 12)]));
        let found = confirmed(None, None, &own, "DG14");
        assert!(matches!(found, Err(Verdict::Downgraded { to, .. }) if to == "no PACE"));
        let found = confirmed(Some(&other), Some(&used(&pace(2, 12))), &own, "DG14");
        assert!(matches!(found, Err(Verdict::Failed(reason)) if reason.contains("does not vouch for")));
        assert!(matches!(confirmed(None, None, &infos(&[]), "DG14"), Err(Verdict::NotOffered(_))));
    }
}
