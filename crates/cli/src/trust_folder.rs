//! `--trust DIR`: what an inspection trusts. CSCA certificates, revocation lists and master lists lie in one folder, in
//! DER or PEM, and are told apart by their content, as files of the public key directory have all kinds of endings.
//!
//! A file that cannot be used is named with its reason and keeps no other from being used: a folder with the
//! certificates of a hundred states always holds some that are out of order.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use bitaqa_apdu::tlv;
use bitaqa_pki::TrustStore;
use bitaqa_pki::master_list::{MasterList, MasterListError};
use bitaqa_pki::trust::TrustError;
use serde::Serialize;
use time::UtcDateTime;

use crate::exit::{Failure, Problem};
use crate::pki_folder::{files_of, inner};

/// What a folder gives.
#[derive(Debug, Default)]
pub struct TrustFolder {
    /// What is trusted.
    pub store: TrustStore,
    /// Files, and certificates on master lists, that cannot be used.
    pub unusable: Vec<Problem>,
    /// Tolerated deviations of master lists.
    pub notes: Vec<String>,
}

/// What was made of a trust folder, for reports.
#[derive(Clone, Debug, Serialize)]
pub struct TrustReport {
    /// CSCA certificates that are trusted, those of master lists included.
    pub certificates: usize,
    /// Revocation lists.
    pub revocation_lists: usize,
    /// Files that cannot be used, with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unusable: Vec<Problem>,
    /// Tolerated deviations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl From<&TrustFolder> for TrustReport {
    fn from(folder: &TrustFolder) -> Self {
        Self {
            certificates: folder.store.certificates().len(),
            revocation_lists: folder.store.revocation_lists().len(),
            unusable: folder.unusable.clone(),
            notes: folder.notes.clone(),
        }
    }
}

const REMEDY: &str = "give a folder with CSCA certificates, their revocation lists and master lists";
const LINK_REMEDY: &str = "add the CSCA certificate that has signed it, or take the file away";
const READ_REMEDY: &str = "get the file anew, or take it away";

/// Kinds of files, by their content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Certificates,
    RevocationList,
    MasterList,
}

/// Reads `folder/trust`, or `folder` itself, as of an instant: master lists and their signers have a time.
///
/// # Errors
/// Bad input for a folder that cannot be read or gives no certificate; the files are named then.
pub fn open(folder: &Path, at: UtcDateTime) -> Result<TrustFolder, Failure> {
    let folder = inner(folder, "trust");
    let mut found = TrustFolder::default();
    let mut pending = Pending::default();
    for file in files_of(&folder)? {
        match fs::read(&file) {
            Err(error) => found.refuse(&file, &error, READ_REMEDY),
            Ok(octets) => match kind(&octets) {
                Err(why) => found.refuse(&file, &why, READ_REMEDY),
                Ok(Kind::Certificates) => pending.certificates.push((file, octets)),
                Ok(Kind::RevocationList) => pending.revocation_lists.push((file, octets)),
                Ok(Kind::MasterList) => match MasterList::from_der(&octets) {
                    Ok(list) => pending.master_lists.push((file, list)),
                    Err(error) => found.refuse(&file, &error, READ_REMEDY),
                },
            },
        }
    }
    found.take(pending, at);
    if found.store.is_empty() {
        let none = Problem {
            file: folder.display().to_string(),
            field: String::new(),
            what: "no CSCA certificate that can be trusted".into(),
            remedy: REMEDY.into(),
        };
        return Err(Failure::problems([vec![none], found.unusable].concat()));
    }
    Ok(found)
}

/// Files that wait for the certificate that they stand on.
#[derive(Default)]
struct Pending {
    certificates: Vec<(PathBuf, Vec<u8>)>,
    master_lists: Vec<(PathBuf, MasterList)>,
    revocation_lists: Vec<(PathBuf, Vec<u8>)>,
}

impl TrustFolder {
    /// Names a file that cannot be used.
    fn refuse(&mut self, file: &Path, what: &dyn fmt::Display, remedy: &str) {
        let (file, field) = (file.display().to_string(), String::new());
        self.unusable.push(Problem { file, field, what: what.to_string(), remedy: remedy.into() });
    }

    /// Certificates and master lists until no more can be taken, since a link may need one from a list and a list one
    /// from another list; then revocation lists.
    fn take(&mut self, pending: Pending, at: UtcDateTime) {
        let Pending { mut certificates, mut master_lists, revocation_lists } = pending;
        loop {
            let before = certificates.len() + master_lists.len();
            certificates.retain(|(file, octets)| self.waits(file, octets));
            master_lists.retain(|(file, list)| self.list_waits(file, list, at));
            if certificates.len() + master_lists.len() == before {
                break;
            }
        }
        for (file, octets) in &certificates {
            if let Err(error) = self.store.add_file(octets) {
                self.refuse(file, &error, LINK_REMEDY);
            }
        }
        for (file, list) in &master_lists {
            if let Err(error) = self.store.add_master_list(list, at) {
                self.refuse(file, &error, LINK_REMEDY);
            }
        }
        for (file, octets) in &revocation_lists {
            if let Err(error) = self.store.add_revocation_list_file(octets) {
                let remedy = if matches!(error, TrustError::OlderList(_)) { "take the file away" } else { LINK_REMEDY };
                self.refuse(file, &error, remedy);
            }
        }
    }

    /// Takes a certificate file, or names it. `true` for one that is a link and waits for its CSCA.
    fn waits(&mut self, file: &Path, octets: &[u8]) -> bool {
        match self.store.add_file(octets) {
            Ok(_) => false,
            Err(TrustError::NotSelfSigned(_)) => true,
            Err(error) => {
                self.refuse(file, &error, READ_REMEDY);
                false
            }
        }
    }

    /// Takes a master list, or names it. `true` for one whose signer has no path yet.
    fn list_waits(&mut self, file: &Path, list: &MasterList, at: UtcDateTime) -> bool {
        match self.store.add_master_list(list, at) {
            Ok(report) => {
                let name = file.display();
                self.notes.extend(list.notes().iter().map(|note| format!("{name} {note}")));
                for (subject, error) in report.refused {
                    let field = subject;
                    let (file, what) = (name.to_string(), error.to_string());
                    self.unusable.push(Problem { file, field, what, remedy: "none is needed for other states".into() });
                }
                false
            }
            Err(MasterListError::Path(_)) => true,
            Err(error) => {
                self.refuse(file, &error, READ_REMEDY);
                false
            }
        }
    }
}

/// What a file is. PEM says it in words; in DER the first objects tell:
/// ```text
/// 30 { 06 ..            ContentInfo: a master list
/// 30 { 30 { A0 ..       Certificate of version 3
/// 30 { 30 { 02 .. 30 .. 30 .. 17|18    CertificateList: a time where a certificate has its validity
/// ```
fn kind(octets: &[u8]) -> Result<Kind, &'static str> {
    const UNKNOWN: &str = "is neither certificate, revocation list nor master list";
    if octets.first() != Some(&0x30) {
        let text = core::str::from_utf8(octets).map_err(|_| UNKNOWN)?;
        return match text {
            _ if text.contains("-----BEGIN CERTIFICATE-----") => Ok(Kind::Certificates),
            _ if text.contains("-----BEGIN X509 CRL-----") => Ok(Kind::RevocationList),
            _ if text.contains("-----BEGIN CMS-----") || text.contains("-----BEGIN PKCS7-----") => {
                Err("is a master list in PEM: convert it to DER")
            }
            _ => Err(UNKNOWN),
        };
    }
    // Only CMS is met in BER, with an indefinite length.
    if octets.starts_with(&[0x30, 0x80]) {
        return Ok(Kind::MasterList);
    }
    let cut = |_| "is cut off, or not DER";
    let mut outer = tlv::Reader::new(tlv::only(octets, 0x30).map_err(cut)?);
    let first = outer.next().map_err(cut)?.ok_or(UNKNOWN)?;
    match first.tag {
        0x06 => Ok(Kind::MasterList),
        0x30 => {
            let tags: Vec<_> = tlv::all(first.value).map_err(cut)?.iter().map(|object| object.tag).take(4).collect();
            match tags.as_slice() {
                [0x02, 0x30, 0x30, 0x17 | 0x18] | [0x30, 0x30, 0x17 | 0x18, ..] => Ok(Kind::RevocationList),
                _ => Ok(Kind::Certificates),
            }
        }
        _ => Err(UNKNOWN),
    }
}
