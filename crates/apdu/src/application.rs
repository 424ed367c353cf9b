//! Install parameters of our data-driven application (value of C9 in INSTALL): files, reference data and keys of an eID
//! or of a partner's application, all as data. Written by the issuer or partner, read by the card.
//!
//! ```text
//! 93 02            identifier of the application's own DF: paths `3F00 ‖ this ‖ ..` lead into it
//! 62 ..            one file control template a file, see [`fcp`](crate::fcp); with an update rule where it may change
//! A1 {             reference data, one PIN or PUK each:
//!    83 01         number, 1 to 31: P2 of VERIFY is 80 + number, in access rules it is PIN[number]
//!    80 02         least ‖ most octets of a value (digits), 4 to 16
//!    81 01         tries, 1 to 15
//!    82 01         first state: 00 usable, 01 transport: must be changed before first use
//!    84 01         number of the reference data that unblocks this one; absent: nothing does
//!    85 01         03 or 04: the value is the PIN or the PUK of PACE too; absent: it is not
//!    86 01         octet that fills values up to the most octets in commands; absent: values come as long as they are
//!    87 L  }       rule that must hold before VERIFY, CHANGE and RESET are taken: ALWAYS, or PACE in the field
//! A4 {             finger that the card compares with a probe, ISO/IEC 24787; repeated
//!    83 01         number, as of a PIN, and none that a PIN has; in access rules it is PIN[number] too
//!    80 01         biometric sub-type: which finger, 9303-10 Table 49
//!    81 01         tries, 1 to 15
//!    82 03         fewest ‖ most minutiae of a probe, at most 64 ‖ order in which they should come, as in a BIT
//!    84 01         number of the PUK that gives the tries back; absent: nothing does
//!    87 L  }       rule that must hold before VERIFY is taken; a session must be open besides, whatever it says
//! A2 {             key pair that the card makes:
//!    84 01         number, 1 to 15: P2 of GENERATE ASYMMETRIC KEY PAIR, DO 84 of MSE
//!    80 01         algorithm: 01 P-256, 02 P-384, 03 RSA-2048, 04 RSA-3072
//!    81 01         uses, added up: 01 INTERNAL AUTHENTICATE, 02 COMPUTE DIGITAL SIGNATURE, 04 Chip Authentication
//!    82 01         00: while the rule holds; 01: every use takes up the verification of the PINs of the rule
//!    87 L  }       rule for its use
//! A3 ..            data object that GET DATA tells everybody, see [`DataObject`]; repeated
//! 91 n             password references of PACE: 02 CAN, 03 PIN, 04 PUK; empty: no PACE
//! 92 05            delay after a failure of PACE with the CAN, as in [`install`](crate::install)
//! ```
//! The first EF.CardAccess of PACE is the file 011C of the master file; where a key is for Chip Authentication, the
//! same file offers it, by the number as keyId.
//!
//! # Personalisation
//! DGIs and their order as an eMRTD's ([`dgi`](crate::dgi)): binding tag first, files by
//! [`dgi_of`](crate::fcp::dgi_of), CAN 8F02, trust point 8F05, date 8F06; the value of reference data `n` by
//! [`dgi::reference_data`](crate::dgi::reference_data), under the DEK; of a finger that is `7F2E { 81 minutiae }`.
//! Trust point and date are wanted where some rule says TA. GET DATA answers DF31, DF32, DF33 alike; after the seal,
//! DF34 ([`GET_DATA_TRIES`](crate::dgi::GET_DATA_TRIES)) tells everybody the tries of all reference data and spends
//! none.
//!
//! # Commands
//! SELECT by identifier (P1 00, 02), from the MF or the current DF (08, 09), READ BINARY, UPDATE BINARY by rule, VERIFY
//! (no data: status), CHANGE REFERENCE DATA (P1 00: old ‖ new), RESET RETRY COUNTER (P1 00: PUK ‖ new; 01: PUK; 02: new
//! after PUK; 03: nothing after PUK), MSE:Set DST 41B6 and AT 41A4 with DO 84 and DO 80, PSO 9E9A, INTERNAL
//! AUTHENTICATE over a challenge, PACE, Chip Authentication, Terminal Authentication.
//! Fingers: VERIFY by INS 21 with `7F2E { 81 minutiae }`, within a session alone; GET DATA 7F61 tells everybody the BIT
//! group; RESET RETRY COUNTER P1 03 after the PUK. No command tells a reference.
//! DO 80 (algorithm): [`ALGORITHM_PKCS1`], [`ALGORITHM_PSS`], [`ALGORITHM_ECDSA`].
//!
//! # To be read by OpenSC 0.23
//! Its default driver reads PKCS#15 and cannot sign; the driver `cardos` (type 1010, set by `card_atr` in opensc.conf)
//! sends what 7816-8 has and signs with RSA and ECDSA. docs/decisions/0015 has the reasons. What it takes of a card:
//! - the application reset leaves selected (our eMRTD) has EF.DIR 2F00 below the MF, ALWAYS, `61 { 4F AID 50 label }`
//!   without path, and the data object 018D = `0106` (longest data field); so has the eID, which OpenSC asks once it is
//!   selected, with 0181 = eight octets of a serial number besides;
//! - instance AID A000000063504B43532D3135, DF 5015, EF.ODF 5031, EF.TokenInfo 5032, EF.DIR below the MF of its own;
//! - TokenInfo.supportedAlgorithms with mechanism 1 (reference without bit 10) for RSA and 1041 for ECDSA; no
//!   algReference at the keys, which would take every mechanism that hashes away from PKCS #11;
//! - pinReference 81 (80 + number), padChar FF with needs-padding and storedLength = most octets where 86 is given;
//! - keyReference = number of the key; path of a private key: empty, or the DF's; use 02 for every key that it shall
//!   sign with, the one for authentication too, since it sends PSO and never INTERNAL AUTHENTICATE.

mod finger;

use crate::fcp::{self, FileControl};
use crate::install::{DataObject, Delay, PASSWORD_CAN, PASSWORD_PIN, PASSWORD_PUK, ParametersError};
use crate::install::{check_files, delay_from, delay_to};
use crate::tlv::{self, Reader};
use crate::{AccessRule, Need};

pub use finger::FingerReference;

/// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2) over a DigestInfo, or over a hash that its length tells.
pub const ALGORITHM_PKCS1: u8 = 0x10;
/// RSASSA-PSS (RFC 8017 §8.1) over a hash that its length tells; mask and salt of the same hash.
pub const ALGORITHM_PSS: u8 = 0x20;
/// ECDSA over a hash; r ‖ s comes out.
pub const ALGORITHM_ECDSA: u8 = 0x30;

const REFERENCE_DATA: tlv::Tag = 0xA1;
const KEY: tlv::Tag = 0xA2;

/// A PIN or a PUK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceData {
    /// Number, 1 to 31.
    pub number: u8,
    /// Least digits of a value, at least 4.
    pub digits_min: u8,
    /// Most digits of a value, at most 16.
    pub digits_max: u8,
    /// Tries, 1 to 15.
    pub tries: u8,
    /// Whether the first value is a transport value, good for nothing but being changed.
    pub transport: bool,
    /// Number of the reference data that unblocks this one.
    pub unblocked_by: Option<u8>,
    /// Its reference as password of PACE: PIN or PUK.
    pub pace_password: Option<u8>,
    /// What fills values up to `digits_max` octets in commands; no digit.
    pub padding: Option<u8>,
    /// What must hold before the terminal may try, change or unblock it.
    pub rule: AccessRule,
}

impl ReferenceData {
    /// P2 of VERIFY and its kin: reference data of the application itself (7816-4 §11.5.6, bit 8).
    pub const fn p2(&self) -> u8 {
        0x80 | self.number
    }
}

/// What a key pair is made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// RSA with a modulus of 2048 bits.
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    Rsa3072,
}

impl KeyAlgorithm {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::P256, Self::P384, Self::Rsa2048, Self::Rsa3072];

    /// Bits of the modulus; `None` for a curve.
    pub const fn modulus_bits(self) -> Option<u32> {
        match self {
            Self::Rsa2048 => Some(2048),
            Self::Rsa3072 => Some(3072),
            Self::P256 | Self::P384 => None,
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::P256 => 1,
            Self::P384 => 2,
            Self::Rsa2048 => 3,
            Self::Rsa3072 => 4,
        }
    }
}

/// What a key pair is for; at least one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUses {
    /// INTERNAL AUTHENTICATE: the card hashes and signs a challenge.
    pub authenticate: bool,
    /// PSO: COMPUTE DIGITAL SIGNATURE over a hash that the terminal gives.
    pub sign: bool,
    /// Chip Authentication; on a curve only.
    pub chip_authentication: bool,
}

impl KeyUses {
    fn code(self) -> u8 {
        u8::from(self.authenticate) | u8::from(self.sign) << 1 | u8::from(self.chip_authentication) << 2
    }

    const fn from_code(code: u8) -> Self {
        Self { authenticate: code & 1 != 0, sign: code & 2 != 0, chip_authentication: code & 4 != 0 }
    }
}

/// A key pair that the card makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationKey {
    /// Number, 1 to 15.
    pub number: u8,
    /// What it is made on.
    pub algorithm: KeyAlgorithm,
    /// What it is for.
    pub uses: KeyUses,
    /// Who may use it.
    pub rule: AccessRule,
    /// Whether every use takes up the verification of the PINs that the rule names.
    pub once: bool,
}

/// What an instance is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Identifier of the application's DF.
    pub df: u16,
    /// Files.
    pub files: Vec<FileControl>,
    /// PINs and PUKs.
    pub references: Vec<ReferenceData>,
    /// Fingers for comparison on the card.
    pub fingers: Vec<FingerReference>,
    /// Key pairs.
    pub keys: Vec<ApplicationKey>,
    /// Data objects for GET DATA.
    pub objects: Vec<DataObject>,
    /// Password references of PACE; empty: no PACE.
    pub passwords: Vec<u8>,
    /// After a failure of PACE with the CAN.
    pub delay: Delay,
}

impl Parameters {
    /// The octets.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = tlv::tlv(0x93, &self.df.to_be_bytes());
        out.extend(self.files.iter().flat_map(FileControl::encode));
        out.extend(self.references.iter().flat_map(encode_reference));
        out.extend(self.fingers.iter().flat_map(FingerReference::encode));
        out.extend(self.keys.iter().flat_map(encode_key));
        out.extend(self.objects.iter().flat_map(DataObject::encode));
        tlv::put(&mut out, 0x91, &self.passwords);
        tlv::put(&mut out, 0x92, &delay_to(self.delay));
        out
    }

    /// Reads the octets.
    ///
    /// # Errors
    /// [`ParametersError`] when they are not as the module's doc says.
    pub fn decode(octets: &[u8]) -> Result<Self, ParametersError> {
        let mut reader = Reader::new(octets);
        let df = reader.expect(0x93)?.try_into().map(u16::from_be_bytes).map_err(|_| ParametersError::Field(0x93))?;
        let (mut files, mut references, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        let mut fingers = Vec::new();
        while let Some(template) = reader.optional(fcp::TAG)? {
            files.push(FileControl::decode(template)?);
        }
        while let Some(field) = reader.optional(REFERENCE_DATA)? {
            references.push(decode_reference(field)?);
        }
        while let Some(field) = reader.optional(finger::TAG)? {
            fingers.push(FingerReference::decode(field)?);
        }
        while let Some(field) = reader.optional(KEY)? {
            keys.push(decode_key(field)?);
        }
        let objects = DataObject::decode_all(&mut reader)?;
        let passwords = reader.expect(0x91)?.to_vec();
        let delay = delay_from(reader.expect(0x92)?).ok_or(ParametersError::Field(0x92))?;
        reader.finish()?;
        let this = Self { df, files, references, fingers, keys, objects, passwords, delay };
        this.check()?;
        Ok(this)
    }

    /// The reference data with this number.
    pub fn reference(&self, number: u8) -> Option<&ReferenceData> {
        self.references.iter().find(|reference| reference.number == number)
    }

    /// The key with this number.
    pub fn key(&self, number: u8) -> Option<&ApplicationKey> {
        self.keys.iter().find(|key| key.number == number)
    }

    /// All rules of files, reference data and keys.
    pub fn rules(&self) -> impl Iterator<Item = &AccessRule> {
        let of_files = self.files.iter().flat_map(|file| [&file.read, &file.update]);
        let of_references = self.references.iter().map(|reference| &reference.rule);
        let of_fingers = self.fingers.iter().map(|finger| &finger.rule);
        of_files.chain(of_references).chain(of_fingers).chain(self.keys.iter().map(|key| &key.rule))
    }

    /// What no single field can say.
    fn check(&self) -> Result<(), ParametersError> {
        check_files(&self.files)?;
        let twice = |numbers: &[u8]| {
            numbers.iter().enumerate().any(|(at, number)| numbers.iter().take(at).any(|other| other == number))
        };
        let pins: Vec<u8> = self.references.iter().map(|reference| reference.number).collect();
        let mut numbers = pins.clone();
        numbers.extend(self.fingers.iter().map(|finger| finger.number));
        let of_pace: Vec<u8> = self.references.iter().filter_map(|reference| reference.pace_password).collect();
        if twice(&numbers) || twice(&of_pace) {
            return Err(ParametersError::Field(0xA1));
        }
        if twice(&self.keys.iter().map(|key| key.number).collect::<Vec<_>>()) {
            return Err(ParametersError::Field(0xA2));
        }
        let known = |password: &u8| match *password {
            PASSWORD_CAN => true,
            PASSWORD_PIN | PASSWORD_PUK => of_pace.contains(password),
            _ => false,
        };
        if twice(&self.passwords) || !self.passwords.iter().all(known) {
            return Err(ParametersError::Field(0x91));
        }
        if of_pace.iter().any(|password| !self.passwords.contains(password)) {
            return Err(ParametersError::Reference(0x85));
        }
        let other = |reference: &ReferenceData| {
            let by = reference.unblocked_by;
            by.is_none_or(|by| by != reference.number && pins.contains(&by))
        };
        let by_a_pin = |finger: &FingerReference| finger.unblocked_by.is_none_or(|by| pins.contains(&by));
        if !self.references.iter().all(other) || !self.fingers.iter().all(by_a_pin) {
            return Err(ParametersError::Reference(0x84));
        }
        // A rule that names a PIN which is not there is a rule that nobody can satisfy: a slip, and told as one.
        let mut named = self.rules().flat_map(|rule| rule.alternatives().iter().flatten());
        let unknown = |need: &Need| matches!(need, Need::Pin(number) if !numbers.contains(number));
        let has_pace = |need: &Need| matches!(need, Need::Pace) && !self.passwords.contains(&PASSWORD_CAN);
        if named.any(|need| unknown(need) || has_pace(need)) {
            return Err(ParametersError::Reference(0x87));
        }
        Ok(())
    }
}

fn encode_reference(reference: &ReferenceData) -> Vec<u8> {
    let mut fields = tlv::tlv(0x83, &[reference.number]);
    tlv::put(&mut fields, 0x80, &[reference.digits_min, reference.digits_max]);
    tlv::put(&mut fields, 0x81, &[reference.tries]);
    tlv::put(&mut fields, 0x82, &[u8::from(reference.transport)]);
    for (tag, field) in [(0x84, reference.unblocked_by), (0x85, reference.pace_password), (0x86, reference.padding)] {
        if let Some(octet) = field {
            tlv::put(&mut fields, tag, &[octet]);
        }
    }
    tlv::put(&mut fields, 0x87, &reference.rule.to_bytes());
    tlv::tlv(REFERENCE_DATA, &fields)
}

fn decode_reference(field: &[u8]) -> Result<ReferenceData, ParametersError> {
    let mut reader = Reader::new(field);
    let number = octet(reader.expect(0x83)?, 0x83, |number| (1..=31).contains(&number))?;
    let (digits_min, digits_max) = match *reader.expect(0x80)? {
        [min, max] if 4 <= min && min <= max && max <= 16 => (min, max),
        _ => return Err(ParametersError::Field(0x80)),
    };
    let tries = octet(reader.expect(0x81)?, 0x81, |tries| (1..=15).contains(&tries))?;
    let transport = octet(reader.expect(0x82)?, 0x82, |state| state <= 1)? == 1;
    let mut optional =
        |tag: u8, fits: fn(u8) -> bool| reader.optional(tag.into())?.map(|value| octet(value, tag, fits)).transpose();
    let unblocked_by = optional(0x84, |_| true)?;
    let pace_password = optional(0x85, |password| matches!(password, PASSWORD_PIN | PASSWORD_PUK))?;
    let padding = optional(0x86, |padding| !padding.is_ascii_digit())?;
    let rule = rule(reader.expect(0x87)?)?;
    reader.finish()?;
    Ok(ReferenceData { number, digits_min, digits_max, tries, transport, unblocked_by, pace_password, padding, rule })
}

fn encode_key(key: &ApplicationKey) -> Vec<u8> {
    let mut fields = tlv::tlv(0x84, &[key.number]);
    tlv::put(&mut fields, 0x80, &[key.algorithm.code()]);
    tlv::put(&mut fields, 0x81, &[key.uses.code()]);
    tlv::put(&mut fields, 0x82, &[u8::from(key.once)]);
    tlv::put(&mut fields, 0x87, &key.rule.to_bytes());
    tlv::tlv(KEY, &fields)
}

fn decode_key(field: &[u8]) -> Result<ApplicationKey, ParametersError> {
    let mut reader = Reader::new(field);
    let number = octet(reader.expect(0x84)?, 0x84, |number| (1..=15).contains(&number))?;
    let code = octet(reader.expect(0x80)?, 0x80, |_| true)?;
    let algorithm = KeyAlgorithm::ALL.into_iter().find(|algorithm| algorithm.code() == code);
    let algorithm = algorithm.ok_or(ParametersError::Field(0x80))?;
    let uses = KeyUses::from_code(octet(reader.expect(0x81)?, 0x81, |uses| (1..=7).contains(&uses))?);
    if uses.chip_authentication && algorithm.modulus_bits().is_some() {
        return Err(ParametersError::Field(0x81));
    }
    let once = octet(reader.expect(0x82)?, 0x82, |once| once <= 1)? == 1;
    let rule = rule(reader.expect(0x87)?)?;
    reader.finish()?;
    Ok(ApplicationKey { number, algorithm, uses, rule, once })
}

fn octet(value: &[u8], tag: u8, fits: impl Fn(u8) -> bool) -> Result<u8, ParametersError> {
    match *value {
        [octet] if fits(octet) => Ok(octet),
        _ => Err(ParametersError::Field(tag)),
    }
}

fn rule(value: &[u8]) -> Result<AccessRule, ParametersError> {
    AccessRule::from_bytes(value).map_err(|_| ParametersError::Field(0x87))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fcp::Place;
    use proptest::prelude::*;

    fn rule(text: &str) -> AccessRule {
        AccessRule::parse(text).unwrap()
    }

    fn pin(number: u8) -> ReferenceData {
        ReferenceData {
            number,
            digits_min: 6,
            digits_max: 12,
            tries: 3,
            transport: false,
            unblocked_by: None,
            pace_password: None,
            padding: None,
            rule: AccessRule::always(),
        }
    }

    fn finger(number: u8) -> FingerReference {
        let rule = rule("PACE");
        FingerReference { number, subtype: 9, tries: 5, minutiae: (12, 60), order: 0x11, unblocked_by: Some(2), rule }
    }

    fn key(number: u8) -> ApplicationKey {
        let uses = KeyUses { sign: true, ..KeyUses::default() };
        ApplicationKey { number, algorithm: KeyAlgorithm::P256, uses, rule: rule("PIN[1]"), once: false }
    }

    fn sound() -> Parameters {
        let file = |fid, sfi, update| FileControl {
            fid,
            sfi,
            size_max: 300,
            read: AccessRule::always(),
            update,
            place: Place::Application,
        };
        Parameters {
            df: 0x5015,
            files: vec![file(0x5031, 1, AccessRule::never()), file(0x0200, 2, rule("PIN[1] | PACE & TA"))],
            references: vec![
                ReferenceData { unblocked_by: Some(2), pace_password: Some(PASSWORD_PIN), ..pin(1) },
                ReferenceData { tries: 10, pace_password: Some(PASSWORD_PUK), ..pin(2) },
            ],
            fingers: vec![finger(3)],
            keys: vec![key(1)],
            objects: vec![DataObject { number: 0x018D, value: vec![1, 6] }],
            passwords: vec![PASSWORD_CAN, PASSWORD_PIN, PASSWORD_PUK],
            delay: Delay { first_ms: 250, factor: 2, max_ms: 8000 },
        }
    }

    #[test]
    fn an_eid_goes_both_ways() {
        assert_eq!(Parameters::decode(&sound().encode()), Ok(sound()));
        assert_eq!(sound().references[0].p2(), 0x81);
    }

    proptest! {
        #[test]
        fn parameters_go_both_ways(
            df: u16,
            numbers in proptest::collection::btree_set(1u8..=31, 1..6),
            keys in proptest::collection::btree_map(1u8..=15, (0usize..4, 1u8..=3, any::<bool>()), 0..5),
            (min, more, tries) in (4u8..=16, 0u8..=12, 1u8..=15),
            (transport, padding, unblocked) in (any::<bool>(), proptest::option::of(0x3Au8..), any::<bool>()),
            (first_ms, factor, max_ms) in any::<(u16, u8, u16)>(),
        ) {
            let (first, last) = (*numbers.first().unwrap(), *numbers.last().unwrap());
            let references = numbers.into_iter().map(|number| ReferenceData {
                digits_min: min,
                digits_max: (min + more).min(16),
                tries,
                transport,
                padding,
                unblocked_by: (unblocked && number != last).then_some(last),
                rule: if transport { rule("PACE") } else { AccessRule::always() },
                ..pin(number)
            });
            let keys = keys.into_iter().map(|(number, (algorithm, uses, once))| ApplicationKey {
                algorithm: KeyAlgorithm::ALL[algorithm],
                uses: KeyUses::from_code(uses),
                rule: AccessRule::any_of(vec![vec![Need::Pin(first), Need::Pace], vec![]]),
                once,
                ..key(number)
            });
            let parameters = Parameters {
                df,
                files: vec![],
                references: references.collect(),
                fingers: vec![],
                keys: keys.collect(),
                objects: vec![],
                passwords: vec![PASSWORD_CAN],
                delay: Delay { first_ms, factor, max_ms },
            };
            prop_assert_eq!(Parameters::decode(&parameters.encode()).unwrap(), parameters);
        }

        #[test]
        fn hostile_octets_are_refused_or_mean_themselves(at in 0usize..200, octet: u8) {
            let mut octets = sound().encode();
            let at = at % octets.len();
            octets[at] = octet;
            if let Ok(read) = Parameters::decode(&octets) {
                prop_assert_eq!(Parameters::decode(&read.encode()).unwrap(), read);
            }
        }
    }

    #[test]
    fn values_outside_their_field_are_refused() {
        let with_pin = |change: fn(&mut ReferenceData)| {
            let mut parameters = sound();
            change(&mut parameters.references[0]);
            parameters
        };
        let with_key = |change: fn(&mut ApplicationKey)| {
            let mut parameters = sound();
            change(&mut parameters.keys[0]);
            parameters
        };
        let with_finger = |change: fn(&mut FingerReference)| {
            let mut parameters = sound();
            change(&mut parameters.fingers[0]);
            parameters
        };
        for (parameters, field) in [
            (with_finger(|finger| finger.number = 0), 0x83),
            (with_finger(|finger| finger.number = 1), 0xA1),
            (with_finger(|finger| finger.tries = 16), 0x81),
            (with_finger(|finger| finger.minutiae = (12, 65)), 0x82),
            (with_finger(|finger| finger.minutiae = (13, 12)), 0x82),
            (with_pin(|pin| pin.number = 32), 0x83),
            (with_pin(|pin| pin.digits_min = 3), 0x80),
            (with_pin(|pin| pin.digits_min = 13), 0x80),
            (with_pin(|pin| pin.digits_max = 17), 0x80),
            (with_pin(|pin| pin.tries = 0), 0x81),
            (with_pin(|pin| pin.tries = 16), 0x81),
            (with_pin(|pin| pin.pace_password = Some(PASSWORD_CAN)), 0x85),
            (with_pin(|pin| pin.padding = Some(b'0')), 0x86),
            (with_pin(|pin| pin.number = 2), 0xA1),
            (with_key(|key| key.number = 16), 0x84),
            (with_key(|key| key.uses = KeyUses::default()), 0x81),
            (with_key(|key| (key.algorithm, key.uses) = (KeyAlgorithm::Rsa2048, KeyUses::from_code(4))), 0x81),
            (Parameters { keys: vec![key(1), key(1)], ..sound() }, 0xA2),
            (Parameters { passwords: vec![1, 2, 3, 4], ..sound() }, 0x91),
            (Parameters { passwords: vec![2, 2, 3, 4], ..sound() }, 0x91),
        ] {
            assert_eq!(Parameters::decode(&parameters.encode()), Err(ParametersError::Field(field)), "{field:X}");
        }
    }

    #[test]
    fn what_is_referred_to_must_be_there() {
        let mut parameters = sound();
        parameters.references[0].unblocked_by = Some(3);
        let alone = Parameters { references: vec![], fingers: vec![], passwords: vec![PASSWORD_CAN], ..sound() };
        let without_pace = Parameters { passwords: vec![], ..sound() };
        for (parameters, field) in [(parameters, 0x84), (alone, 0x87), (without_pace, 0x85)] {
            assert_eq!(Parameters::decode(&parameters.encode()), Err(ParametersError::Reference(field)));
        }
        let mut parameters = sound();
        parameters.references.iter_mut().for_each(|pin| pin.pace_password = None);
        parameters.passwords.clear(); // the update rule of 0200 still says PACE
        assert_eq!(Parameters::decode(&parameters.encode()), Err(ParametersError::Reference(0x87)));
    }
}
