//! Install parameters of our eMRTD applet (value of C9 in INSTALL): written by the issuer, read by the card.
//!
//! ```text
//! 62 ..            one file control template a file, see [`fcp`](crate::fcp)
//! 90 03            one key pair: number(1) ‖ use(1) ‖ domain(1); repeated
//! 91 n             password references of PACE: 01 MRZ, 02 CAN, 03 PIN, 04 PUK; empty: no PACE
//! 92 05            delay after a PACE failure: first(2, ms) ‖ factor(1) ‖ maximum(2, ms)
//! 93 01            01: BAC is offered; absent: it is not
//! 94 02            tries of PIN ‖ tries of PUK; there when 91 names PIN or PUK
//! 95 02            status word that answers every MSE:Set AT of PACE; absent on cards that behave
//! 96 01            octets of the digest of Active Authentication, 14 (SHA-1) to 40; there when a key of 90 signs
//! A3 { 80 02 <P1-P2>  81 L value }  data object that GET DATA tells everybody; repeated
//! ```
//! Domain is the parameter id of 9303-11 §9.5.1, or for RSA the length of the modulus in units of 128 bits.

use crate::Sw;
use crate::fcp::{self, FcpError, FileControl};
use crate::tlv::{self, Reader, TlvError};

/// Reference of the MRZ as PACE password, 9303-11 §4.4.4.1; the others follow it.
pub const PASSWORD_MRZ: u8 = 1;
/// Reference of the CAN.
pub const PASSWORD_CAN: u8 = 2;
/// Reference of the PIN, TR-03110-3 §B.11.1.
pub const PASSWORD_PIN: u8 = 3;
/// Reference of the PUK, TR-03110-3 §B.11.1.
pub const PASSWORD_PUK: u8 = 4;

/// What a key pair of the card is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// Chip Authentication, 9303-11 §6.2.
    ChipAuthentication,
    /// Active Authentication with ECDSA, 9303-11 §6.1.
    ActiveEcdsa,
    /// Active Authentication with RSA, 9303-11 §6.1.
    ActiveRsa,
    /// The static key of PACE with chip authentication mapping, 9303-11 §4.4.3.3.3.
    PaceChipAuthenticationMapping,
}

impl KeyUse {
    const CODES: [(u8, Self); 4] = [
        (0x01, Self::ChipAuthentication),
        (0x02, Self::ActiveEcdsa),
        (0x03, Self::ActiveRsa),
        (0x04, Self::PaceChipAuthenticationMapping),
    ];

    fn code(self) -> u8 {
        Self::CODES.iter().find(|(_, usage)| *usage == self).map_or(0, |(code, _)| *code)
    }
}

/// One key pair that the card makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// Number, unique on the card: P2 of GENERATE ASYMMETRIC KEY PAIR. That of a Chip Authentication key is its keyId,
    /// 0 for a key without one.
    pub number: u8,
    /// Use.
    pub usage: KeyUse,
    /// Domain parameter id, or bits of the modulus divided by 128.
    pub domain: u8,
}

/// Growing delay after failures of PACE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// After the first failure, in milliseconds.
    pub first_ms: u16,
    /// Each further failure multiplies by this.
    pub factor: u8,
    /// Never longer than this, in milliseconds.
    pub max_ms: u16,
}

/// Tries of the passwords that can be blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// Of the PIN; the last one is spent only after the CAN (TR-03110-2 §2.4).
    pub pin: u8,
    /// Of the PUK.
    pub puk: u8,
}

/// What an instance is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Files.
    pub files: Vec<FileControl>,
    /// Key pairs.
    pub keys: Vec<KeySpec>,
    /// Password references of PACE; empty: no PACE.
    pub passwords: Vec<u8>,
    /// After a PACE failure.
    pub delay: Delay,
    /// Whether BAC is offered.
    pub bac: bool,
    /// Tries of PIN and PUK.
    pub tries: Option<Tries>,
    /// Misbehaviour for laboratories: the answer to every MSE:Set AT of PACE.
    pub quirk_pace: Option<Sw>,
    /// Octets of the digest of Active Authentication: 20 for SHA-1, 28 to 64 for SHA-224 to SHA-512.
    pub active_digest_bytes: Option<u8>,
    /// Data objects for GET DATA.
    pub objects: Vec<DataObject>,
}

/// A data object that GET DATA tells everybody, 7816-4 §11.4.3: application data under P1-P2 0100 to 01FF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataObject {
    /// P1-P2.
    pub number: u16,
    /// The value, which comes without tag and length.
    pub value: Vec<u8>,
}

impl DataObject {
    /// Tag of the field.
    pub(crate) const TAG: tlv::Tag = 0xA3;

    pub(crate) fn encode(&self) -> Vec<u8> {
        tlv::tlv(Self::TAG, &[tlv::tlv(0x80, &self.number.to_be_bytes()), tlv::tlv(0x81, &self.value)].concat())
    }

    /// All objects that stand here, each number once and in its range.
    pub(crate) fn decode_all(reader: &mut Reader<'_>) -> Result<Vec<Self>, ParametersError> {
        let mut objects: Vec<Self> = Vec::new();
        while let Some(field) = reader.optional(Self::TAG)? {
            let mut field = Reader::new(field);
            let number = field.expect(0x80)?.try_into().map_or(0, u16::from_be_bytes);
            let value = field.expect(0x81)?.to_vec();
            field.finish()?;
            let is_new = objects.iter().all(|object| object.number != number);
            if !(0x0100..=0x01FF).contains(&number) || !is_new {
                return Err(ParametersError::Field(0xA3));
            }
            objects.push(Self { number, value });
        }
        Ok(objects)
    }
}

/// Octets that are no install parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParametersError {
    /// Broken TLV.
    #[error("install parameters: {0}")]
    Tlv(#[from] TlvError),
    /// A file control template.
    #[error("install parameters: {0}")]
    File(#[from] FcpError),
    /// A field with a value outside its definition.
    #[error("install parameters: field {0:02X} has no valid value")]
    Field(u8),
    /// Two files of one place share identifier or short identifier, or two files one cell.
    #[error("install parameters: file {0:04X} is there twice, or has an identifier that cannot be stored")]
    Files(u16),
    /// An eMRTD holds no file that changes after its seal.
    #[error("install parameters: file {0:04X} has an update rule, and no file of an eMRTD is updated")]
    Update(u16),
    /// A rule, a password or a state that refers to what the instance does not have.
    #[error("install parameters: field {0:02X} refers to reference data that the instance does not have")]
    Reference(u8),
}

impl Parameters {
    /// The octets.
    pub fn encode(&self) -> Vec<u8> {
        let mut out: Vec<u8> = self.files.iter().flat_map(FileControl::encode).collect();
        for key in &self.keys {
            tlv::put(&mut out, 0x90, &[key.number, key.usage.code(), key.domain]);
        }
        tlv::put(&mut out, 0x91, &self.passwords);
        tlv::put(&mut out, 0x92, &delay_to(self.delay));
        if self.bac {
            tlv::put(&mut out, 0x93, &[0x01]);
        }
        if let Some(tries) = self.tries {
            tlv::put(&mut out, 0x94, &[tries.pin, tries.puk]);
        }
        if let Some(sw) = self.quirk_pace {
            tlv::put(&mut out, 0x95, &sw.0.to_be_bytes());
        }
        if let Some(length) = self.active_digest_bytes {
            tlv::put(&mut out, 0x96, &[length]);
        }
        out.extend(self.objects.iter().flat_map(DataObject::encode));
        out
    }

    /// Reads the octets.
    ///
    /// # Errors
    /// [`ParametersError`] when they are not as the module's doc says.
    pub fn decode(octets: &[u8]) -> Result<Self, ParametersError> {
        let mut reader = Reader::new(octets);
        let mut files = Vec::new();
        while let Some(template) = reader.optional(fcp::TAG)? {
            files.push(FileControl::decode(template)?);
        }
        let mut keys: Vec<KeySpec> = Vec::new();
        while let Some(field) = reader.optional(0x90)? {
            keys.push(key(field).filter(|new| keys.iter().all(|old| old.number != new.number)).ok_or(FIELD_KEY)?);
        }
        let passwords = reader.expect(0x91)?.to_vec();
        let delay = delay_from(reader.expect(0x92)?).ok_or(ParametersError::Field(0x92))?;
        let bac = match reader.optional(0x93)? {
            None => false,
            Some([0x01]) => true,
            Some(_) => return Err(ParametersError::Field(0x93)),
        };
        let tries = match reader.optional(0x94)? {
            None => None,
            Some(&[pin, puk]) if pin > 0 && puk > 0 => Some(Tries { pin, puk }),
            Some(_) => return Err(ParametersError::Field(0x94)),
        };
        let quirk_pace = match reader.optional(0x95)? {
            None => None,
            Some(&[high, low]) => Some(Sw(u16::from_be_bytes([high, low]))),
            Some(_) => return Err(ParametersError::Field(0x95)),
        };
        let active_digest_bytes = match reader.optional(0x96)? {
            None => None,
            Some(&[length @ (20 | 28 | 32 | 48 | 64)]) => Some(length),
            Some(_) => return Err(ParametersError::Field(0x96)),
        };
        let objects = DataObject::decode_all(&mut reader)?;
        reader.finish()?;
        let this = Self { files, keys, passwords, delay, bac, tries, quirk_pace, active_digest_bytes, objects };
        this.check()?;
        Ok(this)
    }

    /// What no single field can say.
    fn check(&self) -> Result<(), ParametersError> {
        let passwords_are_known = self.passwords.iter().enumerate().all(|(index, reference)| {
            (PASSWORD_MRZ..=PASSWORD_PUK).contains(reference)
                && self.passwords.iter().position(|other| other == reference) == Some(index)
        });
        if !passwords_are_known {
            return Err(ParametersError::Field(0x91));
        }
        let blockable = self.passwords.iter().any(|reference| matches!(*reference, PASSWORD_PIN | PASSWORD_PUK));
        if blockable != self.tries.is_some() {
            return Err(ParametersError::Field(0x94));
        }
        let signs = self.keys.iter().any(|key| matches!(key.usage, KeyUse::ActiveEcdsa | KeyUse::ActiveRsa));
        if signs != self.active_digest_bytes.is_some() {
            return Err(ParametersError::Field(0x96));
        }
        if let Some(file) = self.files.iter().find(|file| file.is_updatable()) {
            return Err(ParametersError::Update(file.fid));
        }
        check_files(&self.files)
    }
}

/// Whether every file has a cell, an identifier and a short identifier of its own.
pub(crate) fn check_files(files: &[FileControl]) -> Result<(), ParametersError> {
    let same = |a: &FileControl, b: &FileControl| a.dgi() == b.dgi() || (a.place, a.sfi) == (b.place, b.sfi);
    let sound = |file: &&FileControl| {
        (fcp::DGI_MIN..fcp::DGI_END).contains(&file.dgi())
            && files.iter().filter(|other| same(file, other)).count() == 1
    };
    match files.iter().find(|file| !sound(file)) {
        Some(file) => Err(ParametersError::Files(file.fid)),
        None => Ok(()),
    }
}

const FIELD_KEY: ParametersError = ParametersError::Field(0x90);

fn key(field: &[u8]) -> Option<KeySpec> {
    let &[number, usage, domain] = field else { return None };
    let usage = KeyUse::CODES.iter().find(|(code, _)| *code == usage).map(|(_, usage)| *usage)?;
    Some(KeySpec { number, usage, domain })
}

/// Octets of field 92.
pub(crate) const fn delay_to(delay: Delay) -> [u8; 5] {
    let ([first_high, first_low], [max_high, max_low]) = (delay.first_ms.to_be_bytes(), delay.max_ms.to_be_bytes());
    [first_high, first_low, delay.factor, max_high, max_low]
}

/// Reads field 92.
pub(crate) fn delay_from(field: &[u8]) -> Option<Delay> {
    let &[first_high, first_low, factor, max_high, max_low] = field else { return None };
    let (first_ms, max_ms) = (u16::from_be_bytes([first_high, first_low]), u16::from_be_bytes([max_high, max_low]));
    Some(Delay { first_ms, factor, max_ms })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AccessRule;
    use crate::fcp::Place;
    use proptest::prelude::*;

    fn file(fid: u16, sfi: u8, place: Place) -> FileControl {
        FileControl { fid, sfi, size_max: 100, read: AccessRule::never(), update: AccessRule::never(), place }
    }

    fn sound() -> Parameters {
        Parameters {
            files: vec![file(0x0101, 1, Place::Application), file(0x011C, 0x1C, Place::Mf)],
            keys: vec![KeySpec { number: 1, usage: KeyUse::ChipAuthentication, domain: 12 }],
            passwords: vec![PASSWORD_CAN, PASSWORD_MRZ],
            delay: Delay { first_ms: 250, factor: 2, max_ms: 8000 },
            bac: false,
            tries: None,
            quirk_pace: None,
            active_digest_bytes: None,
            objects: vec![],
        }
    }

    proptest! {
        #[test]
        fn parameters_go_both_ways(
            numbers in proptest::collection::btree_set(any::<u8>(), 0..5),
            domain: u8, (pin, puk) in (1u8.., 1u8..), bac: bool, blockable: bool, quirk: Option<u16>,
            (first_ms, factor, max_ms) in any::<(u16, u8, u16)>(),
            objects in proptest::collection::btree_map(0x0100u16..=0x01FF, any::<Vec<u8>>(), 0..3),
        ) {
            let uses = KeyUse::CODES.iter().map(|(_, usage)| *usage).cycle();
            let signs = numbers.len() > 1;
            let parameters = Parameters {
                keys: numbers.into_iter().zip(uses).map(|(number, usage)| KeySpec { number, usage, domain }).collect(),
                active_digest_bytes: signs.then_some(32),
                passwords: if blockable { vec![PASSWORD_PUK, PASSWORD_PIN] } else { vec![] },
                tries: blockable.then_some(Tries { pin, puk }),
                delay: Delay { first_ms, factor, max_ms },
                bac,
                quirk_pace: quirk.map(Sw),
                objects: objects.into_iter().map(|(number, value)| DataObject { number, value }).collect(),
                ..sound()
            };
            prop_assert_eq!(Parameters::decode(&parameters.encode()).unwrap(), parameters);
        }
    }

    #[test]
    fn one_identifier_may_stand_in_two_places_and_not_twice_in_one() {
        let both = [file(0x011C, 0x1C, Place::Mf), file(0x011C, 0x1C, Place::Application)];
        assert!(Parameters::decode(&Parameters { files: both.to_vec(), ..sound() }.encode()).is_ok());
        let application = |fid, sfi| file(fid, sfi, Place::Application);
        for pair in [
            [application(0x0101, 1), application(0x0101, 2)],
            [application(0x0101, 1), application(0x0102, 1)],
            [application(0x0008, 1), application(0x0102, 2)],
            [application(0x8F01, 1), application(0x0102, 2)],
            [application(0x111C, 1), file(0x011C, 1, Place::Mf)],
        ] {
            let octets = Parameters { files: pair.to_vec(), ..sound() }.encode();
            assert!(matches!(Parameters::decode(&octets), Err(ParametersError::Files(_))), "{pair:?}");
        }
    }

    #[test]
    fn no_file_of_an_emrtd_is_updated() {
        let writable = FileControl { update: AccessRule::always(), ..file(0x0101, 1, Place::Application) };
        let octets = Parameters { files: vec![writable], ..sound() }.encode();
        assert_eq!(Parameters::decode(&octets), Err(ParametersError::Update(0x0101)));
    }

    #[test]
    fn values_outside_their_field_are_refused() {
        let key = KeySpec { number: 1, usage: KeyUse::ActiveRsa, domain: 16 };
        for (parameters, field) in [
            (Parameters { keys: vec![key, key], ..sound() }, 0x90),
            (Parameters { keys: vec![key], ..sound() }, 0x96),
            (Parameters { active_digest_bytes: Some(32), ..sound() }, 0x96),
            (Parameters { keys: vec![key], active_digest_bytes: Some(21), ..sound() }, 0x96),
            (Parameters { passwords: vec![2, 2], ..sound() }, 0x91),
            (Parameters { passwords: vec![5], ..sound() }, 0x91),
            (Parameters { passwords: vec![PASSWORD_PIN], ..sound() }, 0x94),
            (Parameters { tries: Some(Tries { pin: 3, puk: 10 }), ..sound() }, 0x94),
            (Parameters { passwords: vec![3], tries: Some(Tries { pin: 0, puk: 1 }), ..sound() }, 0x94),
        ] {
            assert_eq!(Parameters::decode(&parameters.encode()), Err(ParametersError::Field(field)));
        }
        let object = |number| DataObject { number, value: vec![1] };
        for objects in [vec![object(0xFF)], vec![object(0x200)], vec![object(0x18D), object(0x18D)]] {
            let octets = Parameters { objects, ..sound() }.encode();
            assert_eq!(Parameters::decode(&octets), Err(ParametersError::Field(0xA3)));
        }
        let mut octets = sound().encode();
        octets.extend([0x93, 1, 2]);
        assert_eq!(Parameters::decode(&octets), Err(ParametersError::Field(0x93)));
        let mut octets = sound().encode();
        octets.extend([0x95, 1, 0x6F]);
        assert_eq!(Parameters::decode(&octets), Err(ParametersError::Field(0x95)));
    }
}
