//! Applications beside the eMRTD: the holder's electronic identity, and those of partners in security domains of their
//! own. Both are made by the same code on the card and are data here.

use crate::names::words;
use crate::parse;
use bitaqa_apdu::{AccessRule, Aid};
use serde::Deserialize;

/// Native load files of the chip that are not the eMRTD's: an application that is all data, and security domains.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadFiles {
    /// The data-driven application, of which eID and partners are instances.
    pub application: LoadFile,
    /// Security domains.
    pub security_domain: LoadFile,
    /// Source.
    pub basis: String,
}

/// A load file and the one module in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadFile {
    /// AID of the executable load file.
    #[serde(deserialize_with = "parse::aid")]
    pub package_aid: Aid,
    /// AID of the executable module.
    #[serde(deserialize_with = "parse::aid")]
    pub module_aid: Aid,
}

/// The holder's electronic identity: PINs, key pairs that the card makes, certificates, and the files of ISO/IEC
/// 7816-15 by which a reader finds them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Eid {
    /// AID of the instance.
    #[serde(deserialize_with = "parse::aid")]
    pub instance_aid: Aid,
    /// Identifier of its dedicated file.
    pub df: u16,
    /// What readers call it: EF.DIR, CardInfo.
    pub label: String,
    /// Passwords of PACE into this application: CAN, PIN, PUK; empty where it is used without.
    pub pace: Vec<crate::Password>,
    /// PINs and the PUK.
    pub pins: Vec<Pin>,
    /// Fingers that the card compares itself.
    #[serde(rename = "finger", default)]
    pub fingers: Vec<EidFinger>,
    /// Key pairs.
    pub keys: Vec<EidKey>,
    /// Files.
    #[serde(rename = "file")]
    pub files: Vec<EidFile>,
    /// Source.
    pub basis: String,
}

/// A PIN or a PUK.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Number, 1 to 31; in rules `PIN[number]`, in commands 80 + number.
    pub number: u8,
    /// What readers call it.
    pub label: String,
    /// What it is in PACE: `PIN`, `PUK` or nothing.
    pub pace: PacePin,
    /// Least digits.
    pub digits_min: u8,
    /// Most digits.
    pub digits_max: u8,
    /// Tries, 1 to 15.
    pub tries: u8,
    /// Whether the first value must be changed before it opens anything.
    pub transport: bool,
    /// Number of the PIN or PUK that unblocks it; 0: nothing does.
    pub unblocked_by: u8,
    /// What must hold before a terminal may try it: ALWAYS, or PACE in the field.
    #[serde(deserialize_with = "parse::rule")]
    pub rule: AccessRule,
}

/// A finger that the card compares itself, ISO/IEC 24787. It counts as a PIN that is shown otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EidFinger {
    /// Number, 1 to 31, of no PIN; in rules `PIN[number]`, in commands 80 + number.
    pub number: u8,
    /// Which print of the record, 1 or 2.
    pub print: u8,
    /// Fewest minutiae of reference and probe.
    pub minutiae_min: u8,
    /// Most minutiae.
    pub minutiae_max: u8,
    /// Order octet of the BIT.
    pub order: u8,
    /// Tries, 1 to 15.
    pub tries: u8,
    /// Number of the PUK that gives the tries back; 0: nothing does.
    pub unblocked_by: u8,
    /// What must hold besides an open session.
    #[serde(deserialize_with = "parse::rule")]
    pub rule: AccessRule,
}

words! {
    /// Whether a PIN of an application is a password of PACE, TR-03110-3 §B.11.1.
    PacePin {
        /// It is given by VERIFY alone.
        No = "no",
        /// It is the PIN of PACE.
        Pin = "PIN",
        /// It is the PUK of PACE.
        Puk = "PUK",
    }
}

words! {
    /// What a key pair of the holder is made on.
    EidAlgorithm {
        /// NIST P-256.
        P256 = "P-256",
        /// NIST P-384.
        P384 = "P-384",
        /// RSA, modulus of 2048 bits.
        Rsa2048 = "RSA-2048",
        /// RSA, modulus of 3072 bits.
        Rsa3072 = "RSA-3072",
    }
}

words! {
    /// What a key pair of the holder is for.
    EidUse {
        /// Logging in: TLS, INTERNAL AUTHENTICATE.
        Authenticate = "authenticate",
        /// Signing documents.
        Sign = "sign",
    }
}

/// A key pair that the card makes and nobody else knows, with its certificate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EidKey {
    /// Number, 1 to 15: P2 of GENERATE ASYMMETRIC KEY PAIR, key reference.
    pub number: u8,
    /// What readers call it.
    pub label: String,
    /// What it is for.
    #[serde(rename = "use")]
    pub usage: EidUse,
    /// What it is made on.
    pub algorithm: EidAlgorithm,
    /// Number of the PIN that opens it.
    pub pin: u8,
    /// Whether every use needs the PIN anew.
    pub every_use: bool,
    /// Longest validity of its certificate in months; never beyond the card's.
    pub validity_months: u16,
}

/// One file of the eID.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EidFile {
    /// Name: `EF.OD`.
    pub name: String,
    /// File identifier.
    pub fid: u16,
    /// Short EF identifier, 1 to 30, unique in its place.
    pub sfi: u8,
    /// What it is filled with; places it below the master file or in the application.
    pub content: EidContent,
    /// Room in octets.
    pub size_max: usize,
    /// Who may read it after sealing.
    #[serde(deserialize_with = "parse::rule")]
    pub read: AccessRule,
}

/// What a file of the eID is filled with, ISO/IEC 7816-15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EidContent {
    /// SecurityInfos of PACE, below the master file.
    CardAccess,
    /// EF.DIR, below the master file: AID and label of this application.
    Dir,
    /// EF.OD: where the other directories are.
    ObjectDirectory,
    /// EF.CardInfo, called TokenInfo in PKCS #15: label, serial number, algorithms.
    CardInfo,
    /// EF.AOD: PINs.
    AuthenticationObjects,
    /// EF.PrKD: private keys.
    PrivateKeys,
    /// EF.PuKD: public keys.
    PublicKeys,
    /// EF.CD: certificates.
    Certificates,
    /// Certificate of the key for authentication.
    AuthenticationCertificate,
    /// Certificate of the key for signatures.
    SignatureCertificate,
    /// Public key for authentication.
    AuthenticationPublicKey,
    /// Public key for signatures.
    SignaturePublicKey,
}

impl EidContent {
    /// Whether the file lies below the master file.
    pub const fn below_mf(self) -> bool {
        matches!(self, Self::CardAccess | Self::Dir)
    }

    /// The use of the key whose file this is.
    pub const fn key_use(self) -> Option<EidUse> {
        match self {
            Self::AuthenticationCertificate | Self::AuthenticationPublicKey => Some(EidUse::Authenticate),
            Self::SignatureCertificate | Self::SignaturePublicKey => Some(EidUse::Sign),
            _ => None,
        }
    }
}

impl Eid {
    /// The key pair for this use.
    pub fn key(&self, usage: EidUse) -> Option<&EidKey> {
        self.keys.iter().find(|key| key.usage == usage)
    }

    /// The file with this content.
    pub fn file(&self, content: EidContent) -> Option<&EidFile> {
        self.files.iter().find(|file| file.content == content)
    }

    /// The finger with this number.
    pub fn finger(&self, number: u8) -> Option<&EidFinger> {
        self.fingers.iter().find(|finger| finger.number == number)
    }

    /// The PIN or PUK with this number.
    pub fn pin(&self, number: u8) -> Option<&Pin> {
        self.pins.iter().find(|pin| pin.number == number)
    }
}

/// An application of another administration, installed by itself into its own security domain.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// Short name, by which commands and its keys are called.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// AID of its security domain.
    #[serde(deserialize_with = "parse::aid")]
    pub domain_aid: Aid,
    /// Octets of memory that domain and application may take.
    pub quota_bytes: usize,
    /// Version of the domain's keys.
    pub kvn: u8,
    /// AID of its application's instance.
    #[serde(deserialize_with = "parse::aid")]
    pub instance_aid: Aid,
    /// Identifier of its dedicated file.
    pub df: u16,
    /// PINs and PUKs.
    pub pins: Vec<Pin>,
    /// Key pairs that the card makes for it; their public keys come back when it installs itself.
    pub keys: Vec<PartnerKey>,
    /// Files.
    #[serde(rename = "file")]
    pub files: Vec<PartnerFile>,
    /// Source.
    pub basis: String,
}

/// A key pair of a partner's application, which the card makes and nobody else knows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerKey {
    /// Number, 1 to 15: P2 of GENERATE ASYMMETRIC KEY PAIR, key reference.
    pub number: u8,
    /// What it is called in reports.
    pub label: String,
    /// What it is for.
    #[serde(rename = "use")]
    pub usage: EidUse,
    /// What it is made on.
    pub algorithm: EidAlgorithm,
    /// Number of the PIN that opens it.
    pub pin: u8,
    /// Whether every use needs the PIN anew.
    pub every_use: bool,
}

/// One file of a partner's application.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerFile {
    /// Name.
    pub name: String,
    /// File identifier.
    pub fid: u16,
    /// Short EF identifier, 1 to 30.
    pub sfi: u8,
    /// Room in octets.
    pub size_max: usize,
    /// Who may read it after sealing.
    #[serde(deserialize_with = "parse::rule")]
    pub read: AccessRule,
    /// Who may write it after sealing.
    #[serde(deserialize_with = "parse::rule")]
    pub update: AccessRule,
}
