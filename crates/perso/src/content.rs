//! Record to files: every elementary file of the profile, encoded and in the order in which it is written. EF.SOD signs
//! the data groups and therefore is made last, whatever its place in the order.

use bitaqa_apdu::Bytes;
use bitaqa_apdu::public_key::CardPublicKey;
use bitaqa_curves::{Curve, CurveError, Point};
use bitaqa_lds::card_access::CardAccess;
use bitaqa_lds::com::Com;
use bitaqa_lds::dg1::Dg1;
use bitaqa_lds::dg11::{Dg11, full_name};
use bitaqa_lds::dg12::Dg12;
use bitaqa_lds::dg13::{Dg13, SpouseKind as LdsSpouseKind, SpouseMention};
use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::optional_data::{EmergencyContact, OptionalData};
use bitaqa_lds::security_infos::{
    self, ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, PaceInfo, SecurityInfo, SecurityInfos,
    TerminalAuthenticationInfo,
};
use bitaqa_lds::{Bilingual as LdsBilingual, CivilDate, LdsError, Text};
use bitaqa_pki::sod::{self, SodError};
use bitaqa_pki::spki::{self, Form, SpkiError};
use bitaqa_profile::{CaProtocol, FileContent, FileSpec, PaceProtocol, Profile};
use bitaqa_secure_messaging::pace::Password;

use crate::applicant::Applicant;
use crate::applicant::record::{Bilingual, SpouseKind};
use crate::card_keys::CardKeys;
use crate::issuer::Issuer;

mod biometric;

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
    /// The card's key is no key of the profile's curve.
    #[error("the card's Chip Authentication key: {0}")]
    CardKey(#[from] CurveError),
    /// The card's key cannot be written as SubjectPublicKeyInfo.
    #[error("the card's Chip Authentication key: {0}")]
    CardKeyInfo(#[from] SpkiError),
    /// EF.SOD.
    #[error("EF.SOD: {0}")]
    Sod(#[from] SodError),
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
    let make = |file: &'p FileSpec| Ok((file, content(file.content, profile, applicant, keys, random)?));
    let unsigned = profile.files.iter().filter(|file| file.content != FileContent::Sod);
    let mut made: Vec<(&FileSpec, Bytes)> = unsigned.map(make).collect::<Result<_, ContentError>>()?;
    let groups: Vec<(u8, &[u8])> =
        made.iter().filter_map(|(file, content)| Some((file.content.data_group()?, &**content))).collect();
    let signed = sod::sign(&groups, issuer.document_signer_certificate(), issuer.document_signer())?;
    if let Some(file) = profile.file(FileContent::Sod) {
        made.push((file, signed));
    }
    let place = |file: &FileSpec| profile.files.iter().position(|other| other.fid == file.fid);
    made.sort_by_key(|(file, _)| place(file));
    Ok(made)
}

fn content(
    content: FileContent,
    profile: &Profile,
    applicant: &Applicant,
    keys: &CardKeys,
    random: &[u8; 16],
) -> Result<Bytes, ContentError> {
    let in_file = |file| move |source| ContentError::Lds { file, source };
    match content {
        FileContent::CardAccess => {
            let infos = SecurityInfos { infos: pace_infos(profile) };
            CardAccess { infos }.encode().map_err(in_file("EF.CardAccess"))
        }
        FileContent::Com => Com::version_1_8(&profile.lds.data_groups).encode().map_err(in_file("EF.COM")),
        FileContent::Sod => Err(ContentError::Profile("EF.SOD is made out of the other files")),
        FileContent::Dg1 => Dg1 { mrz: applicant.mrz().clone() }.encode().map_err(in_file("DG1")),
        FileContent::Dg2 => biometric::face(applicant).and_then(|dg2| dg2.encode()).map_err(in_file("DG2")),
        FileContent::Dg3 => biometric::fingers(applicant, random).map_err(in_file("DG3")),
        FileContent::Dg11 => dg11(applicant).encode().map_err(in_file("DG11")),
        FileContent::Dg12 => dg12(applicant).encode().map_err(in_file("DG12")),
        FileContent::Dg13 => dg13(applicant).encode().map_err(in_file("DG13")),
        FileContent::Dg14 => {
            let infos = SecurityInfos { infos: dg14_infos(profile, keys)? };
            Dg14 { infos }.encode().map_err(in_file("DG14"))
        }
        FileContent::Optional => optional(applicant).encode().map_err(in_file("EF.Optional")),
    }
}

/// Secret of the MRZ password: what the card keeps instead of the MRZ (9303-11 §9.7.2).
pub fn mrz_secret(applicant: &Applicant) -> Bytes {
    Password::mrz(&applicant.mrz().key_input()).secret().into()
}

fn pace_infos(profile: &Profile) -> Vec<SecurityInfo> {
    let info = |offer: &bitaqa_profile::PaceOffer| {
        let protocol = match offer.protocol {
            PaceProtocol::EcdhGmAes128 => security_infos::ID_PACE_ECDH_GM_AES_CBC_CMAC_128,
            PaceProtocol::EcdhGmAes192 => security_infos::ID_PACE_ECDH_GM_AES_CBC_CMAC_192,
            PaceProtocol::EcdhGmAes256 => security_infos::ID_PACE_ECDH_GM_AES_CBC_CMAC_256,
        };
        SecurityInfo::Pace(PaceInfo { protocol, version: 2, parameter_id: Some(offer.parameter_id) })
    };
    profile.pace.infos.iter().map(info).collect()
}

/// EF.DG14: what EF.CardAccess offers, once more and now signed, and the keys and protocols of EAC (9303-11 §9.2).
fn dg14_infos(profile: &Profile, keys: &CardKeys) -> Result<Vec<SecurityInfo>, ContentError> {
    let unknown = ContentError::Profile("the curve of the Chip Authentication key is not known");
    let curve = Curve::from_parameter_id(profile.ca.parameter_id).ok_or(unknown)?;
    let Some(CardPublicKey::Point(point)) = keys.get(&profile.ca.key_id) else {
        return Err(ContentError::Profile("the card has no Chip Authentication key"));
    };
    let point = Point::decode(curve, point)?;
    let protocol = match profile.ca.protocol {
        CaProtocol::EcdhAes128 => security_infos::ID_CA_ECDH_AES_CBC_CMAC_128,
        CaProtocol::EcdhAes192 => security_infos::ID_CA_ECDH_AES_CBC_CMAC_192,
        CaProtocol::EcdhAes256 => security_infos::ID_CA_ECDH_AES_CBC_CMAC_256,
    };
    let key_id = (profile.ca.key_id != 0).then_some(profile.ca.key_id.into());
    let mut infos = pace_infos(profile);
    infos.push(SecurityInfo::ChipAuthentication(ChipAuthenticationInfo { protocol, version: 1, key_id }));
    infos.push(SecurityInfo::ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo {
        protocol: security_infos::ID_PK_ECDH,
        public_key: spki::encode(&point, Form::Named)?,
        key_id,
    }));
    if !profile.ta.protocols.is_empty() {
        infos.push(SecurityInfo::TerminalAuthentication(TerminalAuthenticationInfo::version_1()));
    }
    Ok(infos)
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
