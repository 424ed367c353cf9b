//! Asks a card what it is before anything is done to it: blank, begun, or the holder's. The card is the witness.

use bitaqa_apdu::{Aid, dgi, tlv};
use bitaqa_profile::{Profile, Scp};
use bitaqa_secure_messaging::KeySet;
use bitaqa_terminal::gp::{self, ChannelError, GpError, Offer, Size, Wanted};
use bitaqa_terminal::session::{Limits, Session, SessionError};
use rand_core::CryptoRng;

use crate::card_keys::{Application, CardKeys, MadeKeys};
use crate::partner::{self, PartnersState};
use crate::plan;
use crate::vault::{Kdd, KeyVault};

/// Life cycle octets of GPC 2.3.1 that plans and probes speak of.
pub mod life {
    /// Card: issuer's first data present.
    pub const CARD_INITIALIZED: u8 = 0x07;
    /// Card: in the holder's hands.
    pub const CARD_SECURED: u8 = 0x0F;
    /// Bit of a locked application.
    pub const LOCKED: u8 = 0x80;
    /// Application: being personalised.
    pub const APPLICATION_SELECTABLE: u8 = 0x07;
    /// Application: sealed.
    pub const APPLICATION_PERSONALIZED: u8 = 0x0F;
}

/// Whose keys open the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRole {
    /// Those of its factory.
    Transport,
    /// Those of this issuer.
    Issuer,
}

/// An instance on the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppletState {
    /// Life cycle octet.
    pub life: u8,
    /// Tag of the order that the card is bound to; `None` when unbound or, once sealed, unreadable.
    pub order: Option<[u8; 16]>,
    /// Public keys that it has made, as far as they can be asked.
    pub keys: CardKeys,
}

impl AppletState {
    /// Whether nothing can be written any more.
    pub const fn is_sealed(&self) -> bool {
        self.life == life::APPLICATION_PERSONALIZED
    }
}

/// What a card is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipState {
    /// Key diversification data.
    pub kdd: Kdd,
    /// Which keys it has.
    pub keys: KeyRole,
    /// Card life cycle octet.
    pub card_life: u8,
    /// The eMRTD instance, when there is one.
    pub applet: Option<AppletState>,
    /// The eID instance, when the profile has one and it is there.
    pub eid: Option<AppletState>,
    /// Domains of partners and the keys that go with them.
    pub partners: PartnersState,
}

impl ChipState {
    /// Whether the eMRTD is sealed, which comes last.
    pub fn is_sealed(&self) -> bool {
        self.applet.as_ref().is_some_and(AppletState::is_sealed)
    }

    /// Public keys that its applications have made, as far as they can be asked.
    pub fn keys_made(&self) -> MadeKeys {
        let of = |applet: &Option<AppletState>| applet.as_ref().map(|applet| applet.keys.clone()).unwrap_or_default();
        MadeKeys { emrtd: of(&self.applet), eid: of(&self.eid) }
    }

    /// In words, for an operator.
    pub fn describe(&self) -> String {
        let state = |name: Application, applet: &AppletState| match applet {
            applet if applet.life & life::LOCKED != 0 => format!("{} locked", name.name()),
            applet if applet.is_sealed() => format!("{} sealed (PERSONALIZED)", name.name()),
            AppletState { order: None, .. } => format!("{} installed, not bound to an order", name.name()),
            _ => format!("{} begun, not sealed", name.name()),
        };
        let emrtd = self.applet.as_ref().map(|applet| state(Application::Emrtd, applet));
        let eid = self.eid.as_ref().map(|applet| format!(", {}", state(Application::Eid, applet))).unwrap_or_default();
        let applet = emrtd.unwrap_or_else(|| "no eMRTD application".to_owned()) + &eid;
        let keys = match self.keys {
            KeyRole::Transport => "transport keys",
            KeyRole::Issuer => "issuer keys",
        };
        format!("chip {}: {keys}, card state {:02X}, {applet}", hex::encode_upper(self.kdd), self.card_life)
    }
}

/// Why a card could not be probed. Nothing on it has changed but its sequence counter, and no try of a key was spent.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Neither the profile's transport keys nor the issuer's are on it.
    #[error(
        "the card has keys of version {found:02X?}, the profile {transport:02X} (transport) and {issuer:02X} (issuer)"
    )]
    ForeignKeys {
        /// Versions on the card.
        found: Vec<u8>,
        /// The profile's transport version.
        transport: u8,
        /// The profile's issuer version.
        issuer: u8,
    },
    /// The version is right and the key is not: another issuer's card, or another master key.
    #[error("the card's cryptogram is not that of this issuer's {0} keys: wrong PKI folder, or another issuer's card")]
    WrongKeys(&'static str),
    /// The dialogue.
    #[error(transparent)]
    Gp(#[from] GpError),
}

impl From<SessionError> for ProbeError {
    fn from(error: SessionError) -> Self {
        Self::Gp(error.into())
    }
}

/// Opens a secure channel with the selected application under the keys of this role.
///
/// # Errors
/// [`ProbeError::WrongKeys`] when the card's cryptogram does not hold: found before the card spends a try.
pub fn open_channel(
    session: &mut Session<'_>,
    role: KeyRole,
    profile: &Profile,
    vault: &dyn KeyVault,
    rng: &mut dyn CryptoRng,
) -> Result<Kdd, ProbeError> {
    let (kvn, name) = match role {
        KeyRole::Transport => (profile.secure_channel.transport.kvn, "transport"),
        KeyRole::Issuer => (profile.secure_channel.issuer.kvn, "issuer"),
    };
    let keys = |card: &Offer| keys_of(role, vault, &card.kdd).map_err(|error| error.to_string());
    let wanted = wanted(profile, kvn);
    match gp::open_secure_channel(session, wanted, &keys, rng) {
        Ok(card) => Ok(card.kdd),
        Err(GpError::SecureChannel(ChannelError::CardCryptogram)) => Err(ProbeError::WrongKeys(name)),
        Err(other) => Err(other.into()),
    }
}

/// Lengths that a chip of this profile has room for. An issuer knows its chip: nothing is asked for them.
pub fn limits(profile: &Profile) -> Limits {
    Limits::of_buffers(profile.chip.max_command_bytes, profile.chip.max_response_bytes)
}

/// How a channel is opened with a chip of this profile.
pub(crate) fn wanted(profile: &Profile, kvn: u8) -> Wanted {
    let channel = &profile.secure_channel;
    // The parameters i of SCP02 have other bits, and all its challenges eight octets.
    let size = if channel.protocol == Scp::Scp03 { Size::of_i(channel.i) } else { Size::S8 };
    Wanted { kvn, level: channel.level, size }
}

/// The key set of a role for a chip.
///
/// # Errors
/// What the vault answers.
pub fn keys_of(role: KeyRole, vault: &dyn KeyVault, kdd: &Kdd) -> Result<KeySet, crate::vault::VaultError> {
    match role {
        KeyRole::Transport => vault.transport_keys(kdd),
        KeyRole::Issuer => vault.issuer_keys(kdd),
    }
}

/// Asks the card. Reads only; resets the session's protection.
///
/// # Errors
/// [`ProbeError`].
pub fn probe(
    session: &mut Session<'_>,
    profile: &Profile,
    vault: &dyn KeyVault,
    rng: &mut dyn CryptoRng,
) -> Result<ChipState, ProbeError> {
    session.phase(plan::phase::PROBE);
    gp::select(session, &profile.chip.isd_aid)?;
    let (transport, issuer) = (profile.secure_channel.transport.kvn, profile.secure_channel.issuer.kvn);
    let mut found: Vec<u8> = gp::key_information(session)?.iter().map(|key| key.kvn).collect();
    found.dedup();
    let keys = match found.as_slice() {
        versions if versions.contains(&issuer) => KeyRole::Issuer,
        versions if versions.contains(&transport) => KeyRole::Transport,
        _ => return Err(ProbeError::ForeignKeys { found, transport, issuer }),
    };
    let kdd = open_channel(session, keys, profile, vault, rng)?;
    let card_life = gp::get_status(session, 0x80)?.first().map_or(0, |status| status.life);
    let entries = gp::get_status(session, 0x40)?;
    let mut instance = |aid: &Aid| -> Result<Option<AppletState>, ProbeError> {
        let entry = entries.iter().find(|entry| entry.aid == aid.as_bytes());
        Ok(match entry.map(|entry| entry.life) {
            Some(life::APPLICATION_SELECTABLE) => Some(begun(session, aid, keys, profile, vault, rng)?),
            Some(life) => Some(AppletState { life, order: None, keys: CardKeys::new() }),
            None => None,
        })
    };
    let applet = instance(&profile.emrtd.instance_aid)?;
    let eid = profile.eid.as_ref().map(|eid| instance(&eid.instance_aid)).transpose()?.flatten();
    let present = |aid: &Aid| entries.iter().any(|entry| entry.aid == aid.as_bytes());
    let partners = partner::probe(session, profile, &present, &found)?;
    Ok(ChipState { kdd, keys, card_life, applet, eid, partners })
}

/// What an unsealed instance tells of its order.
fn begun(
    session: &mut Session<'_>,
    instance: &Aid,
    role: KeyRole,
    profile: &Profile,
    vault: &dyn KeyVault,
    rng: &mut dyn CryptoRng,
) -> Result<AppletState, ProbeError> {
    gp::select(session, instance)?;
    open_channel(session, role, profile, vault, rng)?;
    let order = gp::get_data(session, dgi::GET_DATA_ORDER_TAG)?
        .and_then(|data| tlv::only(&data, dgi::GET_DATA_ORDER_TAG.into()).ok()?.try_into().ok());
    let keys = gp::public_keys(session)?.into_iter().collect();
    Ok(AppletState { life: life::APPLICATION_SELECTABLE, order, keys })
}
