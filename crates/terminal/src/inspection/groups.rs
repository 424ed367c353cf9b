//! Data groups against their signed hashes, and the files of the product beside them.

use bitaqa_apdu::{Bytes, Sw};
use bitaqa_lds::dg1::Dg1;
use bitaqa_lds::dg14::Dg14;
use bitaqa_pki::Certificate;
use bitaqa_pki::cvc::InspectionRights;
use bitaqa_pki::sod::{HashVerdict, Sod};

use super::procedure::Procedure;
use super::verdict::{failed, without};
use super::{Verdict, steps};
use crate::emrtd;
use crate::session::SessionError;

/// What a data group asks of this terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// PACE or BAC is enough.
    Open,
    /// Terminal Authentication is needed and gave the right.
    Granted,
    /// Terminal Authentication is needed and did not give the right: the card must refuse.
    Closed,
}

/// The right that a data group needs, 9303-11 §7.
const fn right(number: u8) -> Option<InspectionRights> {
    match number {
        3 => Some(InspectionRights::DG3),
        4 => Some(InspectionRights::DG4),
        _ => None,
    }
}

/// Numbers of the data groups that are signed.
pub(super) fn listed(sod: &Sod) -> Vec<u8> {
    sod.security_object().hashes.iter().map(|(number, _)| *number).collect()
}

impl Procedure<'_, '_> {
    /// DG1: it comes first, as Terminal Authentication after BAC needs the document number.
    pub(super) fn dg1(&mut self, sod: Option<&Sod>) -> Result<Option<Dg1>, SessionError> {
        let content = self.group(1, sod, Access::Open)?;
        let mut dg1 = None;
        self.judge(content.as_ref(), steps::MRZ, "DG1", |this, content| {
            let read = Dg1::decode(content).map_err(failed)?;
            if let Some(sod) = sod {
                this.remark_signer_of(&read, sod.document_signer());
            }
            dg1 = Some(read);
            Ok(())
        });
        Ok(dg1)
    }

    /// Best practice of 9303-11 §5.1.1: whether this document is one that its signer is for.
    fn remark_signer_of(&mut self, dg1: &Dg1, signer: &Certificate) {
        let (code, state) = (dg1.mrz.document_code(), dg1.mrz.issuing_state());
        let types = signer.document_types();
        if !types.is_empty() && types.iter().all(|other| other.trim_end_matches('<') != code) {
            self.remark(format!("the document signer is for documents {}, not for {code}", types.join(", ")));
        }
        if let Some(other) = signer.mrz_state().filter(|other| other.trim_end_matches('<') != state) {
            self.remark(format!("the document signer is of {other}, the document of {state}"));
        }
    }

    /// DG14, when its hash is the signed one.
    pub(super) fn dg14(&mut self, sod: Option<&Sod>) -> Result<Option<Dg14>, SessionError> {
        self.decoded_group(14, sod, |this, content| {
            let dg14 = Dg14::decode(content).map_err(failed)?;
            this.remark_unknown(&dg14.infos);
            Ok(dg14)
        })
    }

    /// A data group that the steps after it stand on: a content that cannot be read fails the step of its hash.
    pub(super) fn decoded_group<T>(
        &mut self,
        number: u8,
        sod: Option<&Sod>,
        decode: impl FnOnce(&mut Self, &Bytes) -> Result<T, Verdict>,
    ) -> Result<Option<T>, SessionError> {
        let step = format!("DG{number} hash");
        if let Some(verdict) = unlisted(number, sod) {
            self.note(step, verdict);
            return Ok(None);
        }
        self.step(&step, |this| {
            let content = this.read_group(number, sod, Access::Open)?;
            Ok(content.and_then(|content| decode(this, &content)))
        })
    }

    /// All data groups that EF.SOD lists, but those that were read before.
    pub(super) fn data_groups(
        &mut self,
        sod: Option<&Sod>,
        rights: Option<InspectionRights>,
    ) -> Result<(), SessionError> {
        let numbers = sod.map(listed).unwrap_or_default();
        for number in numbers.into_iter().filter(|number| ![1, 14, 15].contains(number)) {
            let access = match (right(number), rights) {
                (None, _) => Access::Open,
                (Some(right), Some(rights)) if rights.and(right) == right => Access::Granted,
                (Some(_), _) => Access::Closed,
            };
            self.group(number, sod, access)?;
        }
        Ok(())
    }

    /// Reads one data group and compares it with its signed hash. The content comes back only when it is authentic.
    fn group(&mut self, number: u8, sod: Option<&Sod>, access: Access) -> Result<Option<Bytes>, SessionError> {
        let step = format!("DG{number} hash");
        if let Some(verdict) = unlisted(number, sod) {
            self.note(step, verdict);
            return Ok(None);
        }
        self.step(&step, |this| this.read_group(number, sod, access))
    }

    fn read_group(
        &mut self,
        number: u8,
        sod: Option<&Sod>,
        access: Access,
    ) -> Result<Result<Bytes, Verdict>, SessionError> {
        let name = format!("DG{number}");
        let content = match emrtd::read_file(&mut self.session, number) {
            Err(error) if access == Access::Closed && error.sw() == Some(Sw::SECURITY_STATUS_NOT_SATISFIED) => {
                let reason = format!("{name} is closed to this terminal ({})", Sw::SECURITY_STATUS_NOT_SATISFIED);
                return Ok(Err(Verdict::NotAttempted(reason)));
            }
            other => other?,
        };
        self.keep(name.clone(), &content);
        Ok(match (sod.map(|sod| sod.compare(number, &content)), access) {
            (_, Access::Closed) => Err(Verdict::Failed(format!("{name} can be read without Terminal Authentication"))),
            (Some(HashVerdict::Match), _) => Ok(content),
            (Some(HashVerdict::Mismatch), _) => Err(Verdict::Failed(format!("{name} is not the one that was signed"))),
            (Some(HashVerdict::NotListed) | None, _) => Err(Verdict::Failed(format!("EF.SOD does not list {name}"))),
        })
    }

    /// Files of the product beside those of 9303-10.
    pub(super) fn extra_files(&mut self, opened: bool, authenticated: bool) -> Result<(), SessionError> {
        for extra in self.conditions.extra {
            if !(opened && authenticated) {
                self.note(extra.name.clone(), without(steps::TERMINAL_AUTHENTICATION));
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

/// The verdict on a data group that is not signed; it is not read then.
fn unlisted(number: u8, sod: Option<&Sod>) -> Option<Verdict> {
    match sod {
        None => Some(without(steps::SOD)),
        Some(sod) if !listed(sod).contains(&number) => Some(Verdict::NotOffered(format!("EF.SOD lists no DG{number}"))),
        Some(_) => None,
    }
}
