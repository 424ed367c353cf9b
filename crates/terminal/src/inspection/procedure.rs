//! The steps, in the order in which a document must be asked: PACE, passive authentication, Chip Authentication with a
//! key that passive authentication vouches for, Terminal Authentication, the data groups.

use bitaqa_apdu::{Bytes, Sw};
use bitaqa_curves::Curve;
use bitaqa_lds::card_access::CardAccess;
use bitaqa_lds::com::Com;
use bitaqa_lds::dg1::Dg1;
use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::security_infos::{
    ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, PaceInfo, SecurityInfo, SecurityInfos,
};
use bitaqa_pki::sod::{HashVerdict, Sod};
use bitaqa_secure_messaging::TerminalError;
use bitaqa_secure_messaging::pace::{PaceError, Password, PasswordKind};
use rand_core::CryptoRng;

use super::{Conditions, Inspection, ReadFile, Verdict, steps};
use crate::emrtd;
use crate::session::{Session, SessionError};

/// Short file identifiers of 9303-10 §3.6.3 and §3.11.3; data group n has n.
const CARD_ACCESS_SFI: u8 = 0x1C;
const COM_SFI: u8 = 0x1E;
const SOD_SFI: u8 = 0x1D;

/// Data groups that only an authenticated terminal may read, 9303-11 §7.
const CLOSED_GROUPS: [u8; 2] = [3, 4];

/// An inspection under way.
pub struct Procedure<'a, 't> {
    session: Session<'t>,
    conditions: &'a Conditions<'a>,
    rng: &'a mut dyn CryptoRng,
    found: Inspection,
}

/// A step that leaves a verdict and no value: why the steps after it have none.
type Outcome<T> = Result<T, Verdict>;

impl<'a, 't> Procedure<'a, 't> {
    /// With a session that has just been reset.
    pub fn new(session: Session<'t>, conditions: &'a Conditions<'a>, rng: &'a mut dyn CryptoRng) -> Self {
        Self { session, conditions, rng, found: Inspection::default() }
    }

    /// Every step.
    ///
    /// # Errors
    /// [`SessionError::Transport`].
    pub fn run(mut self, password: &Password) -> Result<Inspection, SessionError> {
        let card_access = self.step(steps::CARD_ACCESS, Self::card_access)?;
        let id_picc = self.step(steps::PACE, |this| match &card_access {
            Some(infos) => this.pace(infos, password),
            None => Ok(Err(Verdict::NotAttempted("EF.CardAccess was not read".into()))),
        })?;
        let opened = self.after(id_picc.as_ref(), steps::APPLICATION, steps::PACE, |this, _| this.application())?;
        let sod = self.after(opened.as_ref(), steps::SOD, steps::APPLICATION, |this, ()| this.sod())?;
        self.judge(sod.as_ref(), steps::SOD_SIGNATURE, steps::SOD, |_, sod| {
            sod.verify_signature().map_err(|error| Verdict::Failed(error.to_string()))
        });
        self.judge(sod.as_ref(), steps::PATH, steps::SOD, Self::path);
        let com = self.after(opened.as_ref(), steps::COM, steps::APPLICATION, |this, ()| this.com())?;
        self.judge(sod.as_ref(), steps::COM_LIST, steps::SOD, |_, sod| com_list(com.as_ref(), sod));
        let dg14 = self.group(14, sod.as_ref(), Access::Open)?.and_then(|content| Dg14::decode(&content).ok());
        self.judge(dg14.as_ref(), steps::CARD_ACCESS_CONFIRMED, "DG14", |_, dg14| {
            confirmed(card_access.as_ref(), dg14)
        });
        let pcd = self.after(dg14.as_ref(), steps::CHIP_AUTHENTICATION, "DG14", Procedure::chip_authentication)?;
        let keys = id_picc.as_ref().zip(pcd.as_ref());
        let authenticated =
            self.after(keys.as_ref(), steps::TERMINAL_AUTHENTICATION, steps::CHIP_AUTHENTICATION, |this, keys| {
                this.terminal_authentication(dg14.as_ref(), keys.0, keys.1)
            })?;
        self.data_groups(sod.as_ref(), authenticated.is_some())?;
        self.extra_files(opened.is_some(), authenticated.is_some())?;
        Ok(self.found)
    }

    /// Runs a step and notes its verdict: passed when it gives a value.
    fn step<T>(
        &mut self,
        name: &str,
        step: impl FnOnce(&mut Self) -> Result<Outcome<T>, SessionError>,
    ) -> Result<Option<T>, SessionError> {
        let outcome = match step(self) {
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => Err(Verdict::Failed(error.to_string())),
            Ok(outcome) => outcome,
        };
        let (verdict, value) = match outcome {
            Ok(value) => (Verdict::Passed, Some(value)),
            Err(verdict) => (verdict, None),
        };
        self.found.note(name, verdict);
        Ok(value)
    }

    /// A step that stands on the value of an earlier one.
    fn after<A, T>(
        &mut self,
        before: Option<&A>,
        name: &str,
        needed: &str,
        step: impl FnOnce(&mut Self, &A) -> Result<Outcome<T>, SessionError>,
    ) -> Result<Option<T>, SessionError> {
        if let Some(value) = before {
            self.step(name, |this| step(this, value))
        } else {
            self.found.note(name, without(needed));
            Ok(None)
        }
    }

    /// A step that asks nothing of the card.
    fn judge<A>(&mut self, before: Option<&A>, name: &str, needed: &str, step: impl FnOnce(&Self, &A) -> Outcome<()>) {
        let verdict = match before {
            Some(value) => step(self, value).err().unwrap_or(Verdict::Passed),
            None => without(needed),
        };
        self.found.note(name, verdict);
    }

    fn keep(&mut self, name: impl Into<String>, content: &Bytes) {
        self.found.files.push(ReadFile { name: name.into(), content: content.clone() });
    }

    fn card_access(&mut self) -> Result<Outcome<SecurityInfos>, SessionError> {
        let content = match emrtd::read_file(&mut self.session, CARD_ACCESS_SFI) {
            Err(error) if error.sw() == Some(Sw::FILE_NOT_FOUND) => {
                return Ok(Err(Verdict::NotOffered("the card has no EF.CardAccess, so no PACE".into())));
            }
            other => other?,
        };
        self.keep(steps::CARD_ACCESS, &content);
        Ok(CardAccess::decode(&content).map(|file| file.infos).map_err(|error| Verdict::Failed(error.to_string())))
    }

    fn pace(&mut self, infos: &SecurityInfos, password: &Password) -> Result<Outcome<Vec<u8>>, SessionError> {
        let offered: Vec<&PaceInfo> = infos.infos.iter().filter_map(pace_info).collect();
        let spoken = |info: &&&PaceInfo| info.parameter_id.and_then(Curve::from_parameter_id).is_some();
        let Some(info) = offered.iter().find(spoken) else {
            return Ok(Err(Verdict::Failed("no PACE protocol of this card is spoken here".into())));
        };
        match emrtd::pace(&mut self.session, info, password, self.rng) {
            Ok(id_picc) => Ok(Ok(id_picc)),
            Err(TerminalError::Exchange(error)) => Err(error),
            Err(TerminalError::Protocol(error)) => Ok(Err(Verdict::Failed(pace_reason(&error, password.kind())))),
        }
    }

    fn application(&mut self) -> Result<Outcome<()>, SessionError> {
        emrtd::select_application(&mut self.session, self.conditions.application).map(Ok)
    }

    fn sod(&mut self) -> Result<Outcome<Sod>, SessionError> {
        let content = emrtd::read_file(&mut self.session, SOD_SFI)?;
        self.keep(steps::SOD, &content);
        Ok(Sod::parse(&content).map_err(|error| Verdict::Failed(error.to_string())))
    }

    fn path(&self, sod: &Sod) -> Outcome<()> {
        if self.conditions.trust.is_empty() {
            return Err(Verdict::NotAttempted("no CSCA certificate is trusted: give a trust folder".into()));
        }
        let path = sod.verify_path(self.conditions.trust, self.conditions.at);
        path.map(|_| ()).map_err(|error| Verdict::Failed(error.to_string()))
    }

    fn com(&mut self) -> Result<Outcome<Com>, SessionError> {
        let content = emrtd::read_file(&mut self.session, COM_SFI)?;
        self.keep(steps::COM, &content);
        Ok(Com::decode(&content).map_err(|error| Verdict::Failed(error.to_string())))
    }

    fn chip_authentication(&mut self, dg14: &Dg14) -> Result<Outcome<Vec<u8>>, SessionError> {
        let Some((info, key)) = chip_keys(dg14) else {
            return Ok(Err(Verdict::NotOffered("DG14 has no Chip Authentication key".into())));
        };
        match emrtd::chip_authentication(&mut self.session, info, key, self.rng) {
            Ok(pcd) => Ok(Ok(pcd)),
            Err(TerminalError::Exchange(error)) => Err(error),
            Err(TerminalError::Protocol(error)) => Ok(Err(Verdict::Failed(error.to_string()))),
        }
    }

    fn terminal_authentication(
        &mut self,
        dg14: Option<&Dg14>,
        id_picc: &[u8],
        pcd: &[u8],
    ) -> Result<Outcome<()>, SessionError> {
        let is_offer = |info: &SecurityInfo| matches!(info, SecurityInfo::TerminalAuthentication(_));
        if !dg14.is_some_and(|dg14| dg14.infos.infos.iter().any(is_offer)) {
            return Ok(Err(Verdict::NotOffered("DG14 offers no Terminal Authentication".into())));
        }
        let Some(terminal) = self.conditions.terminal else {
            return Ok(Err(Verdict::NotAttempted("no terminal certificates: give a terminal folder".into())));
        };
        let (chain, signer) = (&terminal.chain, &*terminal.signer);
        match emrtd::terminal_authentication(&mut self.session, chain, signer, id_picc, pcd) {
            Ok(()) => Ok(Ok(())),
            Err(TerminalError::Exchange(error)) => Err(error),
            Err(TerminalError::Protocol(error)) => Ok(Err(Verdict::Failed(error.to_string()))),
        }
    }

    /// All data groups that EF.SOD lists, but DG14, which was read before.
    fn data_groups(&mut self, sod: Option<&Sod>, authenticated: bool) -> Result<(), SessionError> {
        let Some(sod) = sod else {
            self.found.note("DG1 hash", without(steps::SOD));
            self.found.note(steps::MRZ, without("DG1"));
            return Ok(());
        };
        for number in listed(sod).into_iter().filter(|number| *number != 14) {
            let access = match (CLOSED_GROUPS.contains(&number), authenticated) {
                (false, _) => Access::Open,
                (true, true) => Access::Granted,
                (true, false) => Access::Closed,
            };
            let content = self.group(number, Some(sod), access)?;
            if number == 1 {
                let mrz = |_: &Self, content: &Bytes| match Dg1::decode(content) {
                    Ok(_) => Ok(()),
                    Err(error) => Err(Verdict::Failed(error.to_string())),
                };
                self.judge(content.as_ref(), steps::MRZ, "DG1", mrz);
            }
        }
        Ok(())
    }

    /// Reads one data group and compares it with its signed hash. The content comes back only when it is authentic.
    fn group(&mut self, number: u8, sod: Option<&Sod>, access: Access) -> Result<Option<Bytes>, SessionError> {
        let name = format!("DG{number}");
        let step = format!("{name} hash");
        let Some(sod) = sod else {
            self.found.note(step, without(steps::SOD));
            return Ok(None);
        };
        if !listed(sod).contains(&number) {
            self.found.note(step, Verdict::NotOffered(format!("EF.SOD lists no {name}")));
            return Ok(None);
        }
        self.step(&step, |this| match emrtd::read_file(&mut this.session, number) {
            Ok(content) => {
                this.keep(name.clone(), &content);
                Ok(match (sod.compare(number, &content), access) {
                    (_, Access::Closed) => {
                        Err(Verdict::Failed(format!("{name} can be read without Terminal Authentication")))
                    }
                    (HashVerdict::Match, _) => Ok(content),
                    (HashVerdict::Mismatch, _) => {
                        Err(Verdict::Failed(format!("{name} is not the one that was signed")))
                    }
                    (HashVerdict::NotListed, _) => Err(Verdict::Failed(format!("EF.SOD does not list {name}"))),
                })
            }
            Err(error) => match (error.sw(), access) {
                (Some(Sw::SECURITY_STATUS_NOT_SATISFIED), Access::Closed) => {
                    let reason = format!("{name} is closed to this terminal ({})", Sw::SECURITY_STATUS_NOT_SATISFIED);
                    Ok(Err(Verdict::NotAttempted(reason)))
                }
                _ => Err(error),
            },
        })
    }

    /// Files of the product beside those of 9303-10.
    fn extra_files(&mut self, opened: bool, authenticated: bool) -> Result<(), SessionError> {
        for extra in self.conditions.extra {
            if !(opened && authenticated) {
                self.found.note(extra.name.clone(), without(steps::TERMINAL_AUTHENTICATION));
                continue;
            }
            self.step(&extra.name, |this| match emrtd::read_file(&mut this.session, extra.sfi) {
                Ok(content) => {
                    this.keep(extra.name.clone(), &content);
                    Ok(Ok(()))
                }
                Err(error) if error.sw() == Some(Sw::FILE_NOT_FOUND) => {
                    Ok(Err(Verdict::NotOffered("the card has no such file".into())))
                }
                Err(error) => Err(error),
            })?;
        }
        Ok(())
    }
}

/// What a data group asks of this terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// PACE is enough.
    Open,
    /// Terminal Authentication is needed and done.
    Granted,
    /// Terminal Authentication is needed and not done: the card must refuse.
    Closed,
}

fn without(step: &str) -> Verdict {
    Verdict::NotAttempted(format!("{step} is missing"))
}

fn listed(sod: &Sod) -> Vec<u8> {
    sod.security_object().hashes.iter().map(|(number, _)| *number).collect()
}

fn pace_info(info: &SecurityInfo) -> Option<&PaceInfo> {
    match info {
        SecurityInfo::Pace(info) => Some(info),
        _ => None,
    }
}

/// A refused token is nearly always a wrong password; the words say what it costs.
fn pace_reason(error: &PaceError, kind: PasswordKind) -> String {
    let wrong_password = matches!(error, PaceError::Token | PaceError::PasswordRefused(_));
    match (kind, wrong_password) {
        (PasswordKind::Can, true) => {
            format!("{error}: wrong CAN. Tries are not limited, but the card waits longer after each wrong one")
        }
        (PasswordKind::Mrz, true) => format!(
            "{error}: wrong MRZ data (document number, birth or expiry date). Tries are not limited, but the card \
             waits longer after each wrong one"
        ),
        _ => error.to_string(),
    }
}

/// EF.COM is not signed: it may not promise other data groups than the signed list.
fn com_list(com: Option<&Com>, sod: &Sod) -> Outcome<()> {
    let Some(com) = com else { return Err(without(steps::COM)) };
    let (mut stated, mut signed) = (com.data_groups.clone(), listed(sod));
    stated.sort_unstable();
    signed.sort_unstable();
    if stated == signed {
        return Ok(());
    }
    Err(Verdict::Failed(format!("EF.COM lists data groups {stated:?}, EF.SOD signs {signed:?}")))
}

/// EF.CardAccess was read before anything was proved; the signed DG14 must confirm it (9303-11 §4.4.3.5).
fn confirmed(card_access: Option<&SecurityInfos>, dg14: &Dg14) -> Outcome<()> {
    let Some(card_access) = card_access else { return Err(without(steps::CARD_ACCESS)) };
    if !dg14.confirms(card_access) {
        return Err(Verdict::Failed("EF.CardAccess offers what DG14 does not vouch for".into()));
    }
    let unsaid = dg14
        .infos
        .infos
        .iter()
        .filter_map(pace_info)
        .find(|info| !card_access.infos.iter().filter_map(pace_info).any(|offered| offered == *info));
    let used = card_access.infos.iter().find_map(pace_info);
    match (unsaid, used) {
        (Some(unsaid), Some(used)) => Err(Verdict::Downgraded {
            from: format!("PACE {} parameters {:?}", unsaid.protocol, unsaid.parameter_id),
            to: format!("PACE {} parameters {:?}", used.protocol, used.parameter_id),
        }),
        _ => Ok(()),
    }
}

/// The offer of Chip Authentication and the key that belongs to it.
fn chip_keys(dg14: &Dg14) -> Option<(&ChipAuthenticationInfo, &ChipAuthenticationPublicKeyInfo)> {
    let infos = &dg14.infos.infos;
    infos.iter().find_map(|info| {
        let SecurityInfo::ChipAuthentication(offer) = info else { return None };
        let key = infos.iter().find_map(|info| match info {
            SecurityInfo::ChipAuthenticationPublicKey(key) if key.key_id == offer.key_id => Some(key),
            _ => None,
        });
        key.map(|key| (offer, key))
    })
}
