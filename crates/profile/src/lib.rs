//! Reads and checks one card profile (`card-profiles/*.toml`) into an immutable [`Profile`], and renders it for review.
//!
//! The only room that reads `card-profiles/`. A profile is total: every key is required and no key is ignored, so that
//! two people who read the file read the same card. What it says is data; the card, the plan and the reader act on it.

mod applications;
mod check;
mod error;
mod names;
mod parse;
mod protocols;
mod quirks;
mod render;

pub use applications::{
    Eid, EidAlgorithm, EidContent, EidFile, EidFinger, EidKey, EidUse, LoadFile, LoadFiles, PacePin, Partner,
    PartnerFile, PartnerKey, Pin,
};
pub use error::{Problem, ProfileError};
pub use names::{
    AppletState, CardState, Diversification, FaceFormat, FingerFormat, FingerImageFormat, PortraitFormat, Prints, Scp,
    TransportKeys, WithoutPrints,
};
pub use parse::BUILTIN;
pub use protocols::{
    CaProtocol, HashName, Mapping, PaceAnswer, PaceProtocol, Password, SignatureName, TaProtocol, domain_name,
};
pub use quirks::{DgiFlag, Quirks};

use bitaqa_apdu::{AccessRule, Aid, Atr};
use serde::Deserialize;

/// Words that mark a value for which no public source exists; a reviewer searches for them.
pub const NOT_PUBLISHED: &str = "our default, not DGSN-published";

/// One card product. Comes from [`Profile::parse`] or [`Profile::builtin`] only, both of which check it whole.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Profile {
    /// What the product is called and what its MRZ begins with.
    pub product: Product,
    /// Whom the product is for.
    pub holder: Holder,
    /// The chip before anything is loaded.
    pub chip: Chip,
    /// The channel to the issuer security domain.
    pub secure_channel: SecureChannel,
    /// The eMRTD applet and its instance.
    pub emrtd: Emrtd,
    /// Versions that EF.COM states and the data groups that it lists.
    pub lds: Lds,
    /// Basic Access Control.
    pub bac: Bac,
    /// Password Authenticated Connection Establishment.
    pub pace: Pace,
    /// Chip Authentication.
    pub ca: Ca,
    /// Terminal Authentication.
    pub ta: Ta,
    /// Active Authentication.
    pub aa: Aa,
    /// Passive authentication.
    pub passive: Passive,
    /// What makes the product one for laboratories.
    pub laboratory: Laboratory,
    /// States in which the issued card is left.
    pub life_cycle: LifeCycle,
    /// Formats and limits of portrait and prints.
    pub biometrics: Biometrics,
    /// The elementary files, in the order in which they are written.
    #[serde(rename = "file")]
    pub files: Vec<FileSpec>,
    /// The holder's electronic identity; `None` for a product without, as those for minors.
    #[serde(default)]
    pub eid: Option<Eid>,
    /// Applications of other administrations.
    #[serde(default, rename = "partner")]
    pub partners: Vec<Partner>,
}

/// Name of the product and the constant part of its MRZ.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Short name, also the name of the file: `cnie-2.0`.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// MRZ line 1, positions 1-2: `ID` (9303-5 §4.2.2).
    pub document_code: String,
    /// MRZ line 1, positions 3-5, 9303-3 §5 code: `MAR`.
    pub issuing_state: String,
    /// MRZ line 2, positions 16-18, 9303-3 §5 code: `MAR`.
    pub nationality: String,
    /// Source.
    pub basis: String,
}

/// Rules about the holder that the law ties to the product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// Least age at issue, in full years.
    pub age_years_min: u8,
    /// Age at issue, in full years, from which on the product is not issued any more (exclusive).
    pub age_years_below: u8,
    /// Longest validity, in years.
    pub validity_years_max: u8,
    /// Fingerprints taken from the holder.
    pub fingerprints: Prints,
    /// Source.
    pub basis: String,
}

/// The chip.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chip {
    /// Whole non-volatile memory, in octets.
    pub memory_bytes: usize,
    /// Octets of it that keys, registry, trust points and the write journal keep for themselves.
    pub memory_reserved_bytes: usize,
    /// Octets that one file takes besides its content (identifiers, access rule, length).
    pub file_overhead_bytes: usize,
    /// Answer to reset, 7816-3 §8, with its check octet TCK.
    #[serde(deserialize_with = "parse::atr")]
    pub atr: Atr,
    /// Whether extended Lc and Le are taken; must agree with the historical octets (7816-4 §12.1.1.9).
    pub extended_length: bool,
    /// Octets of the longest command that the chip's buffer takes, header and length fields counted (7816-4 §12.7.1).
    pub max_command_bytes: usize,
    /// Octets of the longest response, its status word counted.
    pub max_response_bytes: usize,
    /// AID of the issuer security domain, GPC 2.3.1 App. H.1.
    #[serde(deserialize_with = "parse::aid")]
    pub isd_aid: Aid,
    /// Card production life-cycle data, the fields that are equal on all cards of the product.
    pub cplc: Cplc,
    /// Native load files beside the eMRTD's.
    pub load_files: LoadFiles,
    /// Known deviations of the family of cards.
    pub quirks: Quirks,
    /// Source.
    pub basis: String,
}

/// Fields of CPLC (GET DATA 9F7F) that belong to the product; serial, batch, dates and equipment belong to one card.
/// Dates are YDDD in BCD.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cplc {
    /// IC fabricator.
    pub ic_fabricator: u16,
    /// IC type.
    pub ic_type: u16,
    /// Operating system identifier.
    pub os_id: u16,
    /// Operating system release date.
    pub os_date: u16,
    /// Operating system release level.
    pub os_level: u16,
    /// Fabricator of the module.
    pub module_fabricator: u16,
    /// Manufacturer of the card.
    pub icc_manufacturer: u16,
    /// Pre-personaliser.
    pub pre_personaliser: u16,
    /// Personaliser.
    pub personaliser: u16,
}

/// Secure channel to the issuer security domain: SCP03 of Amd D, or SCP02 of GPC 2.3.1 App. E for cards of the past.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecureChannel {
    /// Protocol.
    pub protocol: Scp,
    /// Parameter i. SCP03, Amd D §5.1: bit 01 messages of 16 octets (S16), 10 pseudo-random challenge, 20 R-MAC, 40
    /// R-ENC. SCP02, GPC 2.3.1 §E.1.1: 15, or 55 with a pseudo-random challenge.
    pub i: u8,
    /// Security level of EXTERNAL AUTHENTICATE, Amd D §7.1.2.1, GPC 2.3.1 §E.5.2.
    pub level: u8,
    /// Keys with which the card comes from its maker.
    pub transport: Transport,
    /// Keys that replace them before any personal data is written.
    pub issuer: Issuer,
    /// Source.
    pub basis: String,
}

/// Transport keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transport {
    /// Key version number.
    pub kvn: u8,
    /// Which keys.
    pub keys: TransportKeys,
    /// How card keys come out of them.
    pub diversification: Diversification,
}

/// Issuer keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// Key version number: 30..3F for SCP03, 20..2F for SCP02, as issuers number them.
    pub kvn: u8,
    /// Length of each of the three keys in octets: 16, 24 or 32 of AES (SCP03), 16 of 3DES (SCP02).
    pub key_bytes: usize,
    /// How card keys come out of the master key.
    pub diversification: Diversification,
}

/// The eMRTD applet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emrtd {
    /// AID of the executable load file.
    #[serde(deserialize_with = "parse::aid")]
    pub package_aid: Aid,
    /// AID of the executable module in it.
    #[serde(deserialize_with = "parse::aid")]
    pub module_aid: Aid,
    /// AID of the instance, by which readers select it: `A0000002471001` (9303-10 §3.6.1).
    #[serde(deserialize_with = "parse::aid")]
    pub instance_aid: Aid,
    /// Whether the instance is selected after reset: privilege Card Reset (GPC 2.3.1 §6.6.1).
    pub default_selected: bool,
    /// Source.
    pub basis: String,
}

/// Contents of EF.COM, 9303-10 §4.6.1.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lds {
    /// LDS version, four digits: `0108`.
    pub version: String,
    /// Unicode version, six digits: `040000`.
    pub unicode: String,
    /// Numbers of the data groups present, ascending.
    pub data_groups: Vec<u8>,
    /// Source.
    pub basis: String,
}

/// BAC, 9303-11 §4.3.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bac {
    /// Whether the card opens to it.
    pub offered: bool,
    /// Source.
    pub basis: String,
}

/// PACE, 9303-11 §4.4.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// Offers, most wanted first; they stand in EF.CardAccess and DG14. Empty: no PACE.
    pub infos: Vec<PaceOffer>,
    /// Passwords that open a session, or with the PUK unblock the PIN.
    pub passwords: Vec<Password>,
    /// Number of digits of the CAN.
    pub can_digits: usize,
    /// Tries of the passwords that can be blocked.
    pub tries: Tries,
    /// What a wrong password costs.
    pub failure_delay: FailureDelay,
    /// Source.
    pub basis: String,
}

/// Tries before a password is blocked; 0 for one that the card does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tries {
    /// Of the PIN; the last one is open only after the CAN was given.
    pub pin: u8,
    /// Of the PUK.
    pub puk: u8,
}

/// One PACEInfo, 9303-11 §9.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaceOffer {
    /// Protocol.
    pub protocol: PaceProtocol,
    /// Standardised domain parameters, 9303-11 §9.5.1.
    pub parameter_id: u8,
}

/// Growing delay before the next attempt. CAN and MRZ are never blocked: the holder's card must survive a stranger's
/// guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureDelay {
    /// After the first failure, in milliseconds.
    pub first_ms: u32,
    /// Each further failure multiplies by this.
    pub factor: u32,
    /// Never longer than this, in milliseconds.
    pub max_ms: u32,
}

impl FailureDelay {
    /// Delay in milliseconds after this many failures in a row; 0 without failure.
    pub fn after(&self, failures: u32) -> u32 {
        let Some(steps) = failures.checked_sub(1) else { return 0 };
        self.factor
            .checked_pow(steps)
            .and_then(|factor| self.first_ms.checked_mul(factor))
            .map_or(self.max_ms, |ms| ms.min(self.max_ms))
    }
}

/// Chip Authentication, 9303-11 §6.2.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ca {
    /// Key pairs; empty: no Chip Authentication.
    pub keys: Vec<CaKey>,
    /// Source.
    pub basis: String,
}

/// One key pair and what it is offered for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaKey {
    /// keyId that joins ChipAuthenticationInfo and ChipAuthenticationPublicKeyInfo; 0: the two have none.
    pub key_id: u8,
    /// Standardised domain parameters of the key, 9303-11 §9.5.1.
    pub parameter_id: u8,
    /// Protocols, most wanted first.
    pub protocols: Vec<CaProtocol>,
}

/// Terminal Authentication, TR-03110-1 §3.5.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ta {
    /// Signature suites that the card verifies; empty: no Terminal Authentication.
    pub protocols: Vec<TaProtocol>,
    /// Source.
    pub basis: String,
}

/// Active Authentication, 9303-11 §6.1.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aa {
    /// The key of DG15.
    pub key: AaKey,
    /// Source.
    pub basis: String,
}

/// `"none"`, `{ rsa = { bits = 2048, hash = "SHA-256" } }` or `{ ecdsa = { parameter_id = 12, hash = "SHA-256" } }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum AaKey {
    /// No Active Authentication.
    None,
    /// ISO/IEC 9796-2 scheme 1.
    Rsa {
        /// Length of the modulus.
        bits: u16,
        /// Over the message.
        hash: HashName,
    },
    /// ECDSA, plain signature.
    Ecdsa {
        /// Standardised domain parameters, 9303-11 §9.5.1.
        parameter_id: u8,
        /// Over the challenge.
        hash: HashName,
    },
}

impl AaKey {
    /// Hash of the signature.
    pub const fn hash(self) -> Option<HashName> {
        match self {
            Self::None => None,
            Self::Rsa { hash, .. } | Self::Ecdsa { hash, .. } => Some(hash),
        }
    }
}

/// EF.SOD, 9303-10 §4.6.2.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passive {
    /// Hash over the data groups.
    pub hash: HashName,
    /// Signature of the document signer.
    pub signature: SignatureName,
    /// Source.
    pub basis: String,
}

/// Products that no line may make.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Laboratory {
    /// Whether the product is for laboratories only.
    pub only: bool,
    /// How it misbehaves.
    pub pace_answers: PaceAnswer,
    /// Source.
    pub basis: String,
}

/// End of personalisation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifeCycle {
    /// State of the eMRTD instance; from `PERSONALIZED` on nothing can be written.
    pub applet_end: AppletState,
    /// State of the card, GPC 2.3.1 §5.1.1.
    pub card_end: CardState,
    /// Source.
    pub basis: String,
}

/// Portrait and prints.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Biometrics {
    /// Image formats of the portrait.
    pub portrait_formats: Vec<PortraitFormat>,
    /// Largest portrait file, in octets.
    pub portrait_bytes_max: usize,
    /// Record format of the portrait in DG2.
    pub face_format: FaceFormat,
    /// Record format of the prints in DG3.
    pub finger_format: FingerFormat,
    /// Image formats of the prints; empty where none are taken.
    pub finger_image_formats: Vec<FingerImageFormat>,
    /// Largest print file, in octets; 0 where none are taken.
    pub print_bytes_max: usize,
    /// What stands in place of prints for a holder without.
    pub without_prints: WithoutPrints,
    /// Source.
    pub basis: String,
}

/// One elementary file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSpec {
    /// Name: `EF.COM`, `DG1`.
    pub name: String,
    /// File identifier.
    pub fid: u16,
    /// Short EF identifier, 1 to 30, unique in its place.
    pub sfi: u8,
    /// Where it lies.
    pub place: Place,
    /// What it is filled with.
    pub content: FileContent,
    /// Room in octets; the content may be shorter.
    pub size_max: usize,
    /// Who may read it after sealing.
    #[serde(deserialize_with = "parse::rule")]
    pub read: AccessRule,
    /// Source.
    pub basis: String,
}

/// Where a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Under the master file.
    Mf,
    /// In the eMRTD application.
    Lds,
}

/// What a file is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileContent {
    /// SecurityInfos readable before any protocol, 9303-10 §3.11.3.
    CardAccess,
    /// EF.ATR/INFO: capabilities and lengths of commands and responses, 7816-4 §12.2.2.
    AtrInfo,
    /// EF.DIR: applications of the card for readers that do not know it, 7816-4 §12.2.1.
    Dir,
    /// Versions and list of data groups, 9303-10 §4.6.1.
    Com,
    /// Document security object, 9303-10 §4.6.2.
    Sod,
    /// MRZ, 9303-10 §4.7.1.
    Dg1,
    /// Face, 9303-10 §4.7.2.
    Dg2,
    /// Fingers, 9303-10 §4.7.3.
    Dg3,
    /// Additional personal details, 9303-10 §4.7.11.
    Dg11,
    /// Additional document details, 9303-10 §4.7.12.
    Dg12,
    /// Free details: bilingual civil data, 9303-10 §4.7.13.
    Dg13,
    /// SecurityInfos, 9303-10 §4.7.14.
    Dg14,
    /// Public key of Active Authentication, 9303-10 §4.7.15.
    Dg15,
    /// SecurityInfos under the document signer's signature, 9303-10 §3.11.4.
    CardSecurity,
    /// References of the trust points of Terminal Authentication, TR-03110-3 §A.7.2.4.
    Cvca,
    /// Optional data of the holder, law 04-20 art. 6.
    Optional,
}

impl FileContent {
    /// Whether the file lies below the master file, 9303-10 §3.11.
    pub const fn below_mf(self) -> bool {
        matches!(self, Self::AtrInfo | Self::CardAccess | Self::CardSecurity | Self::Dir)
    }

    /// Number of the data group, for those whose hash stands in EF.SOD.
    pub const fn data_group(self) -> Option<u8> {
        match self {
            Self::AtrInfo
            | Self::CardAccess
            | Self::CardSecurity
            | Self::Com
            | Self::Cvca
            | Self::Dir
            | Self::Sod
            | Self::Optional => None,
            Self::Dg1 => Some(1),
            Self::Dg2 => Some(2),
            Self::Dg3 => Some(3),
            Self::Dg11 => Some(11),
            Self::Dg12 => Some(12),
            Self::Dg13 => Some(13),
            Self::Dg14 => Some(14),
            Self::Dg15 => Some(15),
        }
    }
}

impl Profile {
    /// The file with this content; `None` when the product has none (a checked profile always has EF.COM, EF.SOD, DG1
    /// and DG2).
    pub fn file(&self, content: FileContent) -> Option<&FileSpec> {
        self.files.iter().find(|file| file.content == content)
    }

    /// Parameter ids under which PACE with chip authentication mapping is offered, in the order of the offers. For
    /// each the card has a static key of its own, and the parameter id is the keyId that 9303-11 §9.2.6 demands for
    /// it.
    pub fn cam_parameter_ids(&self) -> Vec<u8> {
        let mut ids = Vec::new();
        for offer in self.pace.infos.iter().filter(|offer| offer.protocol.mapping() == Mapping::ChipAuthentication) {
            if !ids.contains(&offer.parameter_id) {
                ids.push(offer.parameter_id);
            }
        }
        ids
    }

    /// Octets of non-volatile memory that files, quotas of partners and the reserve take when all is full.
    pub fn memory_needed_bytes(&self) -> usize {
        let overhead = self.chip.file_overhead_bytes;
        let room = |octets: usize| octets.saturating_add(overhead);
        let of_eid = self.eid.iter().flat_map(|eid| &eid.files).map(|file| file.size_max);
        let files = self.files.iter().map(|file| file.size_max).chain(of_eid).map(room);
        let quotas = self.partners.iter().map(|partner| partner.quota_bytes);
        files.chain(quotas).fold(self.chip.memory_reserved_bytes, usize::saturating_add)
    }

    /// Whether a holder of this age in full years at issue gets this product.
    pub fn serves_age(&self, years: u8) -> bool {
        (self.holder.age_years_min..self.holder.age_years_below).contains(&years)
    }
}
