//! Record to files: every elementary file of the profile, encoded and in the order in which it is written. EF.SOD signs
//! the data groups and therefore is made last, whatever its place in the order.

use bitaqa_apdu::{Bytes, tlv};
use bitaqa_lds::card_access::CardAccess;
use bitaqa_lds::com::Com;
use bitaqa_lds::dg1::Dg1;
use bitaqa_lds::dg11::{Dg11, full_name};
use bitaqa_lds::dg12::Dg12;
use bitaqa_lds::dg13::{Dg13, SpouseKind as LdsSpouseKind, SpouseMention};
use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::optional_data::{EmergencyContact, OptionalData};
use bitaqa_lds::security_infos::{SecurityInfo, SecurityInfos};
use bitaqa_lds::{Bilingual as LdsBilingual, CivilDate, LdsError, Text};
use bitaqa_pki::CmsError;
use bitaqa_pki::cvc::{CvcError, EfCvcaError};
use bitaqa_pki::sod::{self, SodError, SodOptions};
use bitaqa_pki::spki::SpkiError;
use bitaqa_profile::{FileContent, FileSpec, Profile};
use bitaqa_secure_messaging::pace::Password;

use crate::applicant::Applicant;
use crate::applicant::record::{Bilingual, SpouseKind};
use crate::card_keys::{CardKeyError, CardKeys};
use crate::eid;
use crate::issuer::Issuer;

mod biometric;
mod security;

pub(crate) use security::pace_infos;
pub use security::{document_signer_algorithm, terminal_algorithm};

/// Why a file cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// A value does not fit its data group.
    #[error("{file}: {source}")]
    Lds {
        /// The file.
        file: &'static str,
        /// The cause.
        source: LdsError,
    },
    /// A key of the card is none that the profile asks for.
    #[error(transparent)]
    CardKey(#[from] CardKeyError),
    /// A key of the card cannot be written as SubjectPublicKeyInfo.
    #[error("the card's public key: {0}")]
    CardKeyInfo(#[from] SpkiError),
    /// EF.SOD.
    #[error("EF.SOD: {0}")]
    Sod(#[from] SodError),
    /// EF.CardSecurity.
    #[error("EF.CardSecurity: {0}")]
    CardSecurity(#[from] CmsError),
    /// The issuer's CVCA certificate.
    #[error("the CVCA certificate of the issuer: {0}")]
    CvcaCertificate(#[from] CvcError),
    /// EF.CVCA.
    #[error(transparent)]
    Cvca(#[from] EfCvcaError),
    /// The document signer signs otherwise than the profile says.
    #[error("the profile wants EF.SOD signed by {wanted}, the issuer's document signer signs by {found}")]
    DocumentSigner {
        /// What the profile names.
        wanted: String,
        /// What the issuer has.
        found: String,
    },
    /// The trust point is of no suite that the profile offers.
    #[error("the profile offers Terminal Authentication by {wanted}, the issuer's CVCA signs by {found}")]
    TrustPoint {
        /// What the profile offers.
        wanted: String,
        /// What the issuer has.
        found: String,
    },
    /// A profile that asks for what this program does not make.
    #[error("profile: {0}")]
    Profile(&'static str),
}

/// All files of the profile with their content.
///
/// # Errors
/// [`ContentError`].
pub fn files<'p>(
    profile: &'p Profile,
    applicant: &Applicant,
    keys: &CardKeys,
    random: &[u8; 16],
    issuer: &dyn Issuer,
) -> Result<Vec<(&'p FileSpec, Bytes)>, ContentError> {
    security::check_issuer(profile, issuer)?;
    let making = Making { profile, applicant, keys, random, issuer };
    let make = |file: &'p FileSpec| Ok((file, making.content(file.content)?));
    let unsigned = profile.files.iter().filter(|file| file.content != FileContent::Sod);
    let mut made: Vec<(&FileSpec, Bytes)> = unsigned.map(make).collect::<Result<_, ContentError>>()?;
    let groups: Vec<(u8, &[u8])> =
        made.iter().filter_map(|(file, content)| Some((file.content.data_group()?, &**content))).collect();
    let options = SodOptions {
        hash: security::algorithm_of(profile.passive.hash),
        versions: Some((profile.lds.version.clone(), profile.lds.unicode.clone())),
        ..SodOptions::default()
    };
    let (certificate, signer) = (issuer.document_signer_certificate(), issuer.document_signer());
    let signed = sod::sign_with(&options, &groups, certificate, signer)?;
    if let Some(file) = profile.file(FileContent::Sod) {
        made.push((file, signed));
    }
    let place = |file: &FileSpec| profile.files.iter().position(|other| other.fid == file.fid);
    made.sort_by_key(|(file, _)| place(file));
    Ok(made)
}

/// What files are made out of.
struct Making<'a> {
    profile: &'a Profile,
    applicant: &'a Applicant,
    keys: &'a CardKeys,
    random: &'a [u8; 16],
    issuer: &'a dyn Issuer,
}

impl Making<'_> {
    fn content(&self, content: FileContent) -> Result<Bytes, ContentError> {
        let Self { profile, applicant, keys, random, issuer } = *self;
        let in_file = |file| move |source| ContentError::Lds { file, source };
        // DER wants the entries of a SET sorted.
        let set = |infos: Vec<SecurityInfo>, file| SecurityInfos::new(infos).map_err(in_file(file));
        match content {
            FileContent::CardAccess => {
                let infos = set(security::pace_infos(profile), "EF.CardAccess")?;
                CardAccess { infos }.encode().map_err(in_file("EF.CardAccess"))
            }
            FileContent::CardSecurity => security::card_security(profile, keys, issuer),
            FileContent::AtrInfo => Ok(atr_info(profile)),
            FileContent::Dir => eid::directory(profile).map_err(in_file("EF.DIR")),
            FileContent::Com => Com::version_1_8(&profile.lds.data_groups).encode().map_err(in_file("EF.COM")),
            FileContent::Cvca => security::cvca(issuer),
            FileContent::Sod => Err(ContentError::Profile("EF.SOD is made out of the other files")),
            FileContent::Dg1 => Dg1 { mrz: applicant.mrz().clone() }.encode().map_err(in_file("DG1")),
            FileContent::Dg2 => {
                let face = biometric::face(applicant, profile.biometrics.face_format);
                face.and_then(|dg2| dg2.encode()).map_err(in_file("DG2"))
            }
            FileContent::Dg3 => biometric::fingers(applicant, random).map_err(in_file("DG3")),
            FileContent::Dg11 => dg11(applicant).encode().map_err(in_file("DG11")),
            FileContent::Dg12 => dg12(applicant).encode().map_err(in_file("DG12")),
            FileContent::Dg13 => dg13(applicant).encode().map_err(in_file("DG13")),
            FileContent::Dg14 => {
                let infos = set(security::dg14_infos(profile, keys)?, "DG14")?;
                Dg14 { infos }.encode().map_err(in_file("DG14"))
            }
            FileContent::Dg15 => security::dg15(profile, keys),
            FileContent::Optional => optional(applicant).encode().map_err(in_file("EF.Optional")),
        }
    }
}

/// EF.ATR/INFO, 7816-4 §12.2.2: the card capabilities of the answer to reset once more, and the octets of the longest
/// command and response (§12.7.1), which the answer to reset has no room for.
fn atr_info(profile: &Profile) -> Bytes {
    let chip = &profile.chip;
    let number = |octets: usize| {
        // At most 65,544, so that the two lowest octets or the three lowest ones hold it.
        let [.., high, middle, low] = octets.to_be_bytes();
        let all = [high, middle, low];
        tlv::tlv(0x02, if high == 0 { all.get(1..).unwrap_or_default() } else { &all })
    };
    let sizes = [number(chip.max_command_bytes), number(chip.max_response_bytes)].concat();
    let capabilities = chip.atr.capabilities().unwrap_or_default();
    [tlv::tlv(0x47, capabilities), tlv::tlv(0x7F66, &sizes)].concat().into()
}

/// Secret of the MRZ password: what the card keeps instead of the MRZ (9303-11 §9.7.2).
pub fn mrz_secret(applicant: &Applicant) -> Bytes {
    Password::mrz(&applicant.mrz().key_input()).secret().into()
}

fn both(pair: &Bilingual) -> LdsBilingual {
    LdsBilingual::new(pair.arabic.as_str(), pair.latin.as_str())
}

/// The values of a DG11 list, Arabic before Latin. The list has room for 99 octets; what does not fit in both scripts
/// stands there in Latin, and what does not fit in Latin not at all: DG13 carries both in full length.
fn fitting(pair: &Bilingual) -> Vec<Text> {
    const ROOM: usize = 99;
    let (arabic, latin) = (pair.arabic.replace('\n', " "), pair.latin.replace('\n', " "));
    if arabic.len() + 1 + latin.len() <= ROOM {
        vec![arabic.into(), latin.into()]
    } else if latin.len() <= ROOM {
        vec![latin.into()]
    } else {
        Vec::new()
    }
}

fn dg11(applicant: &Applicant) -> Dg11 {
    let arabic = &applicant.names().arabic;
    Dg11 {
        full_name: Some(full_name(&arabic.surname, &arabic.given)),
        personal_number: Some(applicant.cin().into()),
        birth: Some(CivilDate::Known(applicant.birth_date())),
        place_of_birth: fitting(applicant.birth_place()),
        address: fitting(applicant.address()),
        ..Dg11::default()
    }
}

fn dg12(applicant: &Applicant) -> Dg12 {
    let authority = applicant.authority();
    Dg12 { authority: Some(authority.arabic.as_str().into()), issued: Some(applicant.issue_date()), ..Dg12::default() }
}

fn dg13(applicant: &Applicant) -> Dg13 {
    let (arabic, latin) = (&applicant.names().arabic, &applicant.names().latin);
    let spouse = applicant.spouse().map(|spouse| SpouseMention {
        kind: match spouse.kind {
            SpouseKind::Wife => LdsSpouseKind::Wife,
            SpouseKind::Widow => LdsSpouseKind::Widow,
            SpouseKind::Widower => LdsSpouseKind::Widower,
        },
        name: LdsBilingual::new(spouse.arabic.as_str(), spouse.latin.as_str()),
    });
    Dg13 {
        family_name: Some(LdsBilingual::new(arabic.surname.as_str(), latin.surname.as_str())),
        given_names: Some(LdsBilingual::new(arabic.given.as_str(), latin.given.as_str())),
        place_of_birth: Some(both(applicant.birth_place())),
        father: Some(both(&applicant.parents().father)),
        mother: Some(both(&applicant.parents().mother)),
        address: Some(both(applicant.address())),
        spouse,
        civil_registry_number: Some(applicant.civil_registry_number().into()),
        sex: Some(applicant.sex()),
    }
}

fn optional(applicant: &Applicant) -> OptionalData {
    let data = applicant.optional();
    let text = |value: &Option<String>| value.as_deref().map(Text::from);
    OptionalData {
        email: text(&data.email),
        telephone: text(&data.phone),
        emergency_contact: data.emergency_contact.as_ref().map(|contact| EmergencyContact {
            name: contact.name.as_str().into(),
            telephone: contact.phone.as_str().into(),
        }),
        idcs: text(&data.idcs),
    }
}
