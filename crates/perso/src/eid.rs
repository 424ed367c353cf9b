//! The holder's electronic identity on the line: install parameters, key pairs that the card makes, certificates over
//! them, and the files by which readers find both.

mod files;
mod inspect;

pub use files::public_key;
pub use inspect::{Failed, Found, inspect, open_by_can, read_directory, step, told_lengths};

use bitaqa_apdu::application::{ApplicationKey, FingerReference, KeyAlgorithm, KeyUses, Parameters, ReferenceData};
use bitaqa_apdu::fcp::{FileControl, Place, dgi_of};
use bitaqa_apdu::install::{DataObject, PASSWORD_CAN, PASSWORD_MRZ, PASSWORD_PIN, PASSWORD_PUK};
use bitaqa_apdu::public_key::CardPublicKey;
use bitaqa_apdu::{AccessRule, Bytes, Need, dgi};
use bitaqa_curves::{Curve, Domain};
use bitaqa_lds::LdsError;
use bitaqa_lds::cia::ApplicationTemplate;
use bitaqa_pki::issuer_keys::IssuerKeysError;
use bitaqa_pki::spki::SpkiError;
use bitaqa_pki::x509::IssueError;
use bitaqa_profile::{Eid, EidAlgorithm, EidFile, EidKey, EidUse, PacePin, Password, Pin, Profile};

use crate::applicant::{Applicant, Reference};
use crate::card_keys::{Application, CardKeyError, CardKeys};
use crate::issuer::Issuer;
use crate::plan::{self, CardFacts, PlanError, PlannedFile, Step, StepKind};
use crate::probe::AppletState;
use crate::vault::KeyVault;

/// Numbers of the data objects by which a driver of OpenSC asks for serial number and longest data field, see
/// [`application`](bitaqa_apdu::application).
const SERIAL_NUMBER: u16 = 0x0181;
/// See [`SERIAL_NUMBER`].
const LONGEST_DATA: u16 = 0x018D;

/// Why a file of the eID cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EidError {
    /// The issuer has no CA for holders.
    #[error("the PKI folder has no CA for certificates of holders; add it: bitaqa pki add-eid FOLDER")]
    NoCa,
    /// The CA has ended before the document was issued.
    #[error("the CA for certificates of holders has expired before this document is issued")]
    CaExpired,
    /// A value that its file cannot hold.
    #[error("eID {file}: {source}")]
    Lds {
        /// The file.
        file: String,
        /// The cause.
        source: LdsError,
    },
    /// A key of the card is none that the profile asks for.
    #[error("eID: {0}")]
    CardKey(#[from] CardKeyError),
    /// A public key that cannot be written.
    #[error("eID: public key of the card: {0}")]
    PublicKey(#[from] SpkiError),
    /// A certificate.
    #[error("eID: certificate of the holder: {0}")]
    Issue(#[from] IssueError),
    /// A date beyond the calendar.
    #[error("eID: {0}")]
    Date(#[from] IssuerKeysError),
}

/// What fills PINs up in commands. OpenSC's driver does so whatever it sends; a terminal that knows PACE sends what the
/// holder has typed.
pub fn padding(eid: &Eid) -> Option<u8> {
    eid.pace.is_empty().then_some(0xFF)
}

/// EF.DIR, 7816-4 §12.2.1: the eID with its label. Empty of applications for a product without.
///
/// # Errors
/// [`LdsError`] for a label that is none.
pub fn directory(profile: &Profile) -> Result<Bytes, LdsError> {
    let entry = |eid: &Eid| ApplicationTemplate { aid: eid.instance_aid.clone(), label: eid.label.clone() };
    ApplicationTemplate::encode_all(&profile.eid.iter().map(entry).collect::<Vec<_>>())
}

/// The data object by which readers without extended length keep to data fields of 262 octets at most.
pub fn longest_data() -> DataObject {
    DataObject { number: LONGEST_DATA, value: vec![0x01, 0x06] }
}

/// What plans and reports call a file of the eID: its name alone may be one of the eMRTD too.
pub fn name_of(file: &EidFile) -> String {
    format!("eID {}", file.name)
}

/// Install parameters of the instance.
pub fn install_parameters(
    (profile, applicant): (&Profile, &Applicant),
    eid: &Eid,
    order: &[u8; 16],
    vault: &dyn KeyVault,
) -> Vec<u8> {
    let control = |file: &EidFile| FileControl {
        fid: file.fid,
        sfi: file.sfi,
        size_max: u16::try_from(file.size_max).unwrap_or(u16::MAX),
        read: file.read.clone(),
        update: AccessRule::never(),
        place: place(file),
    };
    let reference = |password: &Password| match password {
        Password::Mrz => PASSWORD_MRZ,
        Password::Can => PASSWORD_CAN,
        Password::Pin => PASSWORD_PIN,
        Password::Puk => PASSWORD_PUK,
    };
    let mut objects = vec![longest_data()];
    if eid.pace.is_empty() {
        // GET DATA tells it everybody: a card in the field would be known again by it.
        objects.insert(0, DataObject { number: SERIAL_NUMBER, value: serial_number(order, vault) });
    }
    let parameters = Parameters {
        df: eid.df,
        files: eid.files.iter().map(control).collect(),
        references: eid.pins.iter().map(|pin| reference_data(pin, padding(eid))).collect(),
        fingers: applicant.references().iter().filter_map(|reference| finger_reference(eid, reference)).collect(),
        keys: eid.keys.iter().map(key_pair).collect(),
        objects,
        passwords: eid.pace.iter().map(reference).collect(),
        delay: plan::failure_delay(profile),
    };
    parameters.encode()
}

/// A finger as install parameters have it; nothing where the profile has none of this number.
fn finger_reference(eid: &Eid, reference: &Reference) -> Option<FingerReference> {
    let finger = eid.finger(reference.number())?;
    Some(FingerReference {
        number: finger.number,
        subtype: reference.position().subtype(),
        tries: finger.tries,
        minutiae: (finger.minutiae_min, finger.minutiae_max),
        order: finger.order,
        unblocked_by: (finger.unblocked_by != 0).then_some(finger.unblocked_by),
        rule: finger.rule.clone(),
    })
}

/// A PIN or PUK as install parameters have it.
pub fn reference_data(pin: &Pin, padding: Option<u8>) -> ReferenceData {
    ReferenceData {
        number: pin.number,
        digits_min: pin.digits_min,
        digits_max: pin.digits_max,
        tries: pin.tries,
        transport: pin.transport,
        unblocked_by: (pin.unblocked_by != 0).then_some(pin.unblocked_by),
        pace_password: match pin.pace {
            PacePin::No => None,
            PacePin::Pin => Some(PASSWORD_PIN),
            PacePin::Puk => Some(PASSWORD_PUK),
        },
        padding,
        rule: pin.rule.clone(),
    }
}

fn key_pair(key: &EidKey) -> ApplicationKey {
    application_key(key.number, key.usage, key.algorithm, (key.pin, key.every_use))
}

/// A key pair as install parameters have it: it opens by a PIN, for every use anew or once for the session.
pub fn application_key(number: u8, usage: EidUse, algorithm: EidAlgorithm, (pin, once): (u8, bool)) -> ApplicationKey {
    let uses = match usage {
        EidUse::Authenticate => KeyUses { authenticate: true, sign: true, ..KeyUses::default() },
        EidUse::Sign => KeyUses { sign: true, ..KeyUses::default() },
    };
    let algorithm = match algorithm {
        EidAlgorithm::P256 => KeyAlgorithm::P256,
        EidAlgorithm::P384 => KeyAlgorithm::P384,
        EidAlgorithm::Rsa2048 => KeyAlgorithm::Rsa2048,
        EidAlgorithm::Rsa3072 => KeyAlgorithm::Rsa3072,
    };
    let rule = AccessRule::any_of(vec![vec![Need::Pin(pin)]]);
    ApplicationKey { number, algorithm, uses, rule, once }
}

/// Eight octets that say nothing of holder and chip, and are the same when an order is resumed.
fn serial_number(order: &[u8; 16], vault: &dyn KeyVault) -> Vec<u8> {
    vault.derive("eID serial number", &[order]).iter().take(8).copied().collect()
}

/// The curve of a key; `None` for RSA.
fn curve(algorithm: EidAlgorithm) -> Option<Curve> {
    match algorithm {
        EidAlgorithm::P256 => Some(Curve::P256),
        EidAlgorithm::P384 => Some(Curve::P384),
        EidAlgorithm::Rsa2048 | EidAlgorithm::Rsa3072 => None,
    }
}

/// Bits of the modulus, or of the curve's field.
const fn key_bits(algorithm: EidAlgorithm) -> u16 {
    match algorithm {
        EidAlgorithm::P256 => 256,
        EidAlgorithm::P384 => 384,
        EidAlgorithm::Rsa2048 => 2048,
        EidAlgorithm::Rsa3072 => 3072,
    }
}

/// Keys of the right form and length that no card has: for trying a plan out.
pub fn stand_ins(eid: &Eid) -> CardKeys {
    let stand_in = |key: &EidKey| match curve(key.algorithm).map(|curve| Domain::Ec(curve).generator()) {
        Some(bitaqa_curves::PublicKey::Ec(point)) => CardPublicKey::Point(point.encode()),
        Some(bitaqa_curves::PublicKey::Dh(value)) => CardPublicKey::Value(value.encode()),
        None => {
            let octets = usize::from(key_bits(key.algorithm) / 8);
            CardPublicKey::Rsa { modulus: vec![0xFF; octets], exponent: vec![1, 0, 1] }
        }
    };
    eid.keys.iter().map(|key| (key.number, stand_in(key))).collect()
}

/// Binding and key pairs, for an instance in its present state; nothing for one that an earlier run sealed.
pub(crate) fn prepare(eid: &Eid, state: Option<&AppletState>, order: [u8; 16]) -> Vec<Step> {
    if state.is_some_and(AppletState::is_sealed) {
        return Vec::new();
    }
    let mut steps = vec![Step::new("open secure channel with eID", StepKind::OpenApplication(Application::Eid))];
    steps.extend(Step::store("eID binding tag", vec![(dgi::ORDER_TAG, order.into())], false));
    let made = |number| state.is_some_and(|applet| applet.keys.contains_key(&number));
    for key in eid.keys.iter().filter(|key| !made(key.number)) {
        let name = format!("generate eID key {}", key.number);
        steps.push(Step::new(name, StepKind::GenerateKey(Application::Eid, key.number)));
    }
    steps
}

/// An order, for the part of it that is the eID's.
pub(crate) struct Order<'a> {
    /// The product.
    pub profile: &'a Profile,
    /// The holder.
    pub applicant: &'a Applicant,
    /// Who signs certificates.
    pub issuer: &'a dyn Issuer,
    /// Who derives PINs and serial numbers.
    pub vault: &'a dyn KeyVault,
    /// Tag of the order.
    pub tag: [u8; 16],
}

impl Order<'_> {
    /// PINs, certificates and files, with the steps that write them; no steps for an eID that is sealed, and nothing
    /// for a product without.
    pub(crate) fn issue(&self, facts: &CardFacts) -> Result<(Vec<Step>, Vec<PlannedFile>), PlanError> {
        let Some(eid) = &self.profile.eid else { return Ok((Vec::new(), Vec::new())) };
        if eid.keys.iter().any(|key| !facts.keys.eid.contains_key(&key.number)) {
            // Sealed by an earlier run, which asked the card for its keys; a stranger reads them once all is sealed.
            let gone = Ok((Vec::new(), Vec::new()));
            return if facts.eid_sealed { gone } else { Err(PlanError::NoCardKey) };
        }
        let passwords = plan::passwords(self.profile, self.applicant, self.vault, &self.tag);
        let mut secrets = Vec::new();
        if let Some(can) = passwords.can.filter(|_| eid.pace.contains(&Password::Can)) {
            secrets.push((dgi::CAN, can.as_bytes().into()));
        }
        let of_pin = |pin: &plan::EidPin| (dgi::reference_data(pin.number), pin.value.as_bytes().into());
        secrets.extend(passwords.eid.iter().map(of_pin));
        let of_finger = |one: &Reference| (dgi::reference_data(one.number()), one.template().clone());
        secrets.extend(self.applicant.references().iter().map(of_finger));
        let (mut planned, mut objects) = (Vec::new(), Vec::new());
        for (file, value) in self.files(eid, &facts.keys.eid)? {
            let (name, bytes, size_max) = (name_of(file), value.len(), file.size_max);
            if bytes > size_max {
                return Err(PlanError::TooLarge { name, bytes, size_max });
            }
            let (dgi, sha256) = (dgi_of(file.fid, place(file)), plan::sha256(&value));
            objects.push((dgi, value));
            planned.push(PlannedFile { application: Application::Eid, name, dgi, data_group: None, bytes, sha256 });
        }
        let mut steps = Vec::new();
        steps.extend(Step::store("passwords of eID", secrets, true));
        steps.extend(Step::store("files of eID", objects, false));
        steps.push(Step::new("check digests of eID", StepKind::CheckDigests(Application::Eid)));
        Ok((if facts.eid_sealed { Vec::new() } else { steps }, planned))
    }
}

const fn place(file: &EidFile) -> Place {
    if file.content.below_mf() { Place::Mf } else { Place::Application }
}
