//! Applications of other administrations: the issuer makes their security domain with a quota and its first keys, and
//! signs a token for what they may install; the partner installs, writes and seals by its own keys alone.
//!
//! ```text
//! issuer   domain with privileges A0 (security domain, delegated management) and quota, PUT KEY into it
//!          token key (70) and receipt key (71) in the issuer's domain; a token for one INSTALL command
//! partner  channel to its domain, INSTALL with token, STORE DATA, seal; a receipt comes back
//! ```
//! The first keys come out of a partner's master key, which the issuer derives and hands over once. A partner that does
//! not want to share them replaces them by PUT KEY.

use std::collections::BTreeMap;

use bitaqa_apdu::application::Parameters;
use bitaqa_apdu::fcp::{FileControl, Place, dgi_of};
use bitaqa_apdu::{Bytes, dgi};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_pki::spki;
use bitaqa_profile::{Partner, PartnerFile, PartnerKey, Pin, Profile};
use bitaqa_secure_messaging::KeySet;
use bitaqa_secure_messaging::diversify;
use bitaqa_secure_messaging::management::{self, AuthorizationKey, ManagementError};
use bitaqa_secure_messaging::put_key::{KeyKind, NewKey, PutKeyError};
use bitaqa_terminal::gp::{self, Fields, GpError};
use bitaqa_terminal::session::{Session, SessionError};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::card_keys::{CardKeyError, CardKeys};
use crate::eid;
use crate::plan;
use crate::probe::{self, life};
use crate::vault::{Kdd, KeyVault, VaultError};

/// Key version of the key that verifies tokens, GPC 2.3.1 §C.4.
pub const TOKEN_KVN: u8 = 0x70;
/// Key version of the key that makes receipts, GPC 2.3.1 §C.5.
pub const RECEIPT_KVN: u8 = 0x71;
/// Privileges of a partner's domain, GPC 2.3.1 Table 6-1: security domain, delegated management.
const DOMAIN_PRIVILEGES: [u8; 3] = [0xA0, 0x00, 0x00];

/// Why a partner's part went wrong.
#[derive(Debug, thiserror::Error)]
pub enum PartnerError {
    /// The dialogue.
    #[error(transparent)]
    Gp(#[from] GpError),
    /// A key.
    #[error(transparent)]
    Key(#[from] PutKeyError),
    /// A token.
    #[error(transparent)]
    Token(#[from] ManagementError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A public key that the card told.
    #[error(transparent)]
    CardKey(#[from] CardKeyError),
    /// Its form for others.
    #[error(transparent)]
    Spki(#[from] spki::SpkiError),
    /// A value that the profile asks for was not given.
    #[error("the profile asks for {0}, which was not given")]
    Missing(String),
    /// A value larger than its file.
    #[error("{name}: {bytes} octets, the profile has room for {size_max}")]
    TooLarge {
        /// The file.
        name: String,
        /// Octets.
        bytes: usize,
        /// Room.
        size_max: usize,
    },
}

impl From<SessionError> for PartnerError {
    fn from(error: SessionError) -> Self {
        Self::Gp(error.into())
    }
}

/// How far a partner's domain has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainState {
    /// It is not there.
    Absent,
    /// It is there and opens by the issuer's keys.
    WithoutKeys,
    /// It has the partner's keys.
    Ready,
}

/// What the card shows of the partners' side: a state for each partner of the profile, and which of the issuer's keys
/// for tokens and receipts are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartnersState {
    /// In the order of the profile.
    pub domains: Vec<DomainState>,
    /// Whether the key for tokens is there.
    pub token_key: bool,
    /// Whether the key for receipts is there.
    pub receipt_key: bool,
}

/// The partner's master key, which the issuer derives and hands over.
pub fn master_key(vault: &dyn KeyVault, partner: &Partner) -> Zeroizing<Vec<u8>> {
    let half = |number: u8| vault.derive("partner's master key", &[partner.name.as_bytes(), &[number]]);
    Zeroizing::new([half(1).as_slice(), half(2).as_slice()].concat())
}

/// The partner's keys on one chip, out of its master key.
///
/// # Errors
/// [`VaultError`] for a master key of no AES length.
pub fn keys_of_chip(master: &[u8], kdd: &Kdd) -> Result<KeySet, VaultError> {
    diversify::kdf3(master, kdd).map_err(|_| VaultError::KeyLength)
}

fn token_scalar(vault: &dyn KeyVault) -> Result<SecretScalar, PartnerError> {
    // A number beyond the order of the curve is as likely as one in 2^32.
    let scalar = (0u8..4).find_map(|attempt| {
        let half = |number: u8| vault.derive("key for tokens", &[&[attempt, number]]);
        SecretScalar::from_bytes(Curve::P256, &[half(1).as_slice(), half(2).as_slice()].concat()).ok()
    });
    scalar.ok_or(PartnerError::Vault(VaultError::KeyLength))
}

/// The key that verifies tokens, as it goes into the issuer's domain.
///
/// # Errors
/// [`PartnerError`].
pub fn token_key(vault: &dyn KeyVault) -> Result<NewKey, PartnerError> {
    let point = token_scalar(vault)?.public();
    Ok(NewKey::new(1, KeyKind::EcPublic(point.curve()), &point.encode())?)
}

/// The key that makes receipts.
///
/// # Errors
/// [`PartnerError`].
pub fn receipt_key(vault: &dyn KeyVault) -> Result<NewKey, PartnerError> {
    Ok(NewKey::new(1, KeyKind::Aes, vault.derive("key for receipts", &[]).as_slice())?)
}

/// Makes the domain, with the issuer's domain selected and open.
///
/// # Errors
/// [`PartnerError`].
pub fn install_domain(session: &mut Session<'_>, profile: &Profile, partner: &Partner) -> Result<(), PartnerError> {
    let file = &profile.chip.load_files.security_domain;
    let parameters = gp::install_parameters(&[], u32::try_from(partner.quota_bytes).ok());
    let (package, module) = (file.package_aid.as_bytes(), file.module_aid.as_bytes());
    let fields = Fields([package, module, partner.domain_aid.as_bytes(), &DOMAIN_PRIVILEGES, &parameters, &[]]);
    gp::install_step(session, gp::Step::INSTALL_AND_MAKE_SELECTABLE, &fields)?;
    Ok(())
}

/// What the card shows of the partners' side. Selects their domains.
///
/// # Errors
/// [`GpError`].
pub fn probe(
    session: &mut Session<'_>,
    profile: &Profile,
    present: &dyn Fn(&bitaqa_apdu::Aid) -> bool,
    issuer_kvns: &[u8],
) -> Result<PartnersState, GpError> {
    let mut domains = Vec::new();
    for partner in &profile.partners {
        if !present(&partner.domain_aid) {
            domains.push(DomainState::Absent);
            continue;
        }
        gp::select(session, &partner.domain_aid)?;
        let keyed = gp::key_information(session).is_ok_and(|keys| keys.iter().any(|key| key.kvn == partner.kvn));
        domains.push(if keyed { DomainState::Ready } else { DomainState::WithoutKeys });
    }
    let has = |kvn| issuer_kvns.contains(&kvn);
    Ok(PartnersState { domains, token_key: has(TOKEN_KVN), receipt_key: has(RECEIPT_KVN) })
}

/// Install parameters of the partner's application, out of the profile.
fn application_parameters(profile: &Profile, partner: &Partner) -> Vec<u8> {
    let control = |file: &PartnerFile| FileControl {
        fid: file.fid,
        sfi: file.sfi,
        size_max: u16::try_from(file.size_max).unwrap_or(u16::MAX),
        read: file.read.clone(),
        update: file.update.clone(),
        place: Place::Application,
    };
    let key = |key: &PartnerKey| eid::application_key(key.number, key.usage, key.algorithm, (key.pin, key.every_use));
    let parameters = Parameters {
        df: partner.df,
        files: partner.files.iter().map(control).collect(),
        references: partner.pins.iter().map(|pin| eid::reference_data(pin, None)).collect(),
        fingers: Vec::new(),
        keys: partner.keys.iter().map(key).collect(),
        objects: Vec::new(),
        passwords: Vec::new(),
        delay: plan::failure_delay(profile),
    };
    gp::install_parameters(&parameters.encode(), None)
}

/// The issuer's token for the partner's INSTALL of its application, GPC 2.3.1 §C.4.
///
/// # Errors
/// [`PartnerError`].
pub fn token(profile: &Profile, partner: &Partner, vault: &dyn KeyVault) -> Result<Vec<u8>, PartnerError> {
    let parameters = application_parameters(profile, partner);
    let step = gp::Step::INSTALL_AND_MAKE_SELECTABLE;
    let data = installation(profile, partner, &parameters, &[]).encode(step);
    let (data, _) = management::split_install_token(&data)?;
    let message = management::token_message(step.0, 0x00, data)?;
    let scalar = token_scalar(vault)?;
    Ok(AuthorizationKey::new(KeyKind::EcPrivate(Curve::P256), &scalar.to_bytes())?.sign(&message)?)
}

fn installation<'a>(profile: &'a Profile, partner: &'a Partner, parameters: &'a [u8], token: &'a [u8]) -> Fields<'a> {
    let file = &profile.chip.load_files.application;
    let (package, module) = (file.package_aid.as_bytes(), file.module_aid.as_bytes());
    Fields([package, module, partner.instance_aid.as_bytes(), &[0x00], parameters, token])
}

/// What a partner brings to a card: its keys, the issuer's token, and what it writes.
pub struct Delivery<'a> {
    /// Its master key.
    pub master: &'a [u8],
    /// The issuer's token.
    pub token: &'a [u8],
    /// First value of a PIN or PUK.
    pub pin: &'a dyn Fn(&Pin) -> Option<Zeroizing<String>>,
    /// Content of a file; empty files are written by their holder later.
    pub content: &'a dyn Fn(&PartnerFile) -> Option<Vec<u8>>,
}

/// What an installation leaves with the partner.
#[derive(Debug)]
pub struct Installed {
    /// The card's receipt, empty where it makes none.
    pub receipt: Bytes,
    /// `SubjectPublicKeyInfo` of the pairs that the card made, by number.
    pub keys: BTreeMap<u8, Vec<u8>>,
}

/// Installs the partner's application, makes its keys, writes it and seals it: nothing here knows a secret of the
/// issuer.
///
/// # Errors
/// [`PartnerError`]; the card is then in the state before or after the step that failed, the application not sealed.
pub fn install(
    session: &mut Session<'_>,
    profile: &Profile,
    partner: &Partner,
    delivery: &Delivery<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<Installed, PartnerError> {
    let open = |session: &mut Session<'_>, aid: &bitaqa_apdu::Aid, rng: &mut dyn CryptoRng| {
        gp::select(session, aid)?;
        let keys = |card: &bitaqa_secure_messaging::secure_channel::Offer| {
            keys_of_chip(delivery.master, &card.kdd).map_err(|error| error.to_string())
        };
        gp::open_secure_channel(session, probe::wanted(profile, partner.kvn), &keys, rng)
    };
    open(session, &partner.domain_aid, rng)?;
    let parameters = application_parameters(profile, partner);
    let fields = installation(profile, partner, &parameters, delivery.token);
    let receipt = gp::install_step(session, gp::Step::INSTALL_AND_MAKE_SELECTABLE, &fields)?;
    open(session, &partner.instance_aid, rng)?;
    let mut tag = [0; 16];
    rng.fill_bytes(&mut tag);
    let mut pins = Vec::new();
    for pin in &partner.pins {
        let value = (delivery.pin)(pin).ok_or_else(|| PartnerError::Missing(pin.label.clone()))?;
        pins.push((dgi::reference_data(pin.number), Bytes::from(value.as_bytes())));
    }
    let mut files = Vec::new();
    for file in &partner.files {
        let content = (delivery.content)(file).ok_or_else(|| PartnerError::Missing(file.name.clone()))?;
        if content.len() > file.size_max {
            let (name, bytes, size_max) = (file.name.clone(), content.len(), file.size_max);
            return Err(PartnerError::TooLarge { name, bytes, size_max });
        }
        files.push((dgi_of(file.fid, Place::Application), Bytes::from(content)));
    }
    gp::store_dgi(session, dgi::ORDER_TAG, &tag, false, &mut |_| ())?;
    for (objects, sensitive) in [(pins, true), (files, false)] {
        let groupings: Vec<(u16, &[u8])> = objects.iter().map(|(number, value)| (*number, &**value)).collect();
        gp::store_dgis(session, &groupings, sensitive, &mut |_| ())?;
    }
    let mut made = CardKeys::new();
    let mut keys = BTreeMap::new();
    for key in &partner.keys {
        made.insert(key.number, gp::generate_key_pair(session, key.number)?);
        let public = eid::public_key(key.number, key.algorithm, &made)?;
        keys.insert(key.number, spki::encode_key(&public, spki::Form::Named)?);
    }
    open(session, &partner.domain_aid, rng)?;
    gp::set_application_status(session, &partner.instance_aid, life::APPLICATION_PERSONALIZED)?;
    Ok(Installed { receipt, keys })
}
