//! A card's security domain, selected and opened for an operator: keys from a file, from a PKI folder or the published
//! ones, with what has to be said before and after.

use bitaqa_apdu::{Aid, Sw};
use bitaqa_perso::probe::{self, KeyRole};
use bitaqa_perso::vault::MasterVault;
use bitaqa_profile::{Profile, Scp};
use bitaqa_secure_messaging::KeySet;
use bitaqa_terminal::gp::{self, ChannelError, GpError, Offer, Size, Wanted};
use bitaqa_terminal::session::{Session, SessionError};
use bitaqa_terminal::trace::Trace;

use crate::args::{CardArg, Channel};
use crate::card_source::{AnyCard, reader_failure};
use crate::exit::Failure;
use crate::key_text::{self, KeySource, Keys};
use crate::output::Output;
use crate::passphrase::Source;
use crate::pki_folder::IssuerFolder;
use crate::{profile_source, world};

/// AID of the issuer security domain on most cards, GPC 2.3.1 App. H.
const ISSUER_DOMAIN: &str = "A000000151000000";

/// Said aloud, in both forms of output, before the published keys are used.
pub const PUBLISHED_KEYS: &str =
    "WARNING: 404142434445464748494A4B4C4D4E4F is the published test key of GlobalPlatform: \
    everybody has it.
  A card with it obeys everybody. Replace it (`bitaqa card keys put`) before the card leaves the laboratory.
  Cards count failed authentications, and many lock themselves for good after ten. The card's own cryptogram is
  checked first: where these are not the card's keys, EXTERNAL AUTHENTICATE is not sent and no try is spent.";

/// What opens the channel.
enum Opener {
    Keys(KeySource),
    Issuer { vault: Box<MasterVault>, profile: Box<Profile> },
}

/// A way into a card manager, its input checked before a card is touched.
pub struct Access {
    opener: Opener,
    domain: Option<Aid>,
    kvn: Option<u8>,
    level: Option<u8>,
    s16: bool,
}

/// What is known of a card whose channel is open.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Serial number of the chip: its key diversification data, hexadecimal.
    pub chip: String,
    /// The card's answer.
    pub offer: Offer,
    /// The security domain.
    pub domain: String,
}

impl Access {
    /// Reads keys and names; `None` when the command line gives no keys at all.
    ///
    /// # Errors
    /// Usage and bad input.
    pub fn of(channel: &Channel, source: &Source) -> Result<Option<Self>, Failure> {
        let mut domain = channel.domain.as_deref().map(|text| aid("--domain", text)).transpose()?;
        let opener = match (&channel.keys, &channel.pki) {
            (Some(name), _) if name == "default" => Opener::Keys(KeySource::published()),
            (Some(name), _) => match key_text::read(name.as_ref())? {
                Keys::Set(source) => Opener::Keys(source),
                Keys::Single(_) => {
                    let remedy = "give the three keys of a secure channel";
                    return Err(Failure::input(name.as_ref(), "holds a single public key", remedy));
                }
            },
            (None, Some(folder)) => {
                let profile = profile_source::load(&channel.profile)?;
                let issuer = IssuerFolder::open(folder, &source.existing(folder)?, &profile, world::now())?;
                domain.get_or_insert_with(|| profile.chip.isd_aid.clone());
                Opener::Issuer { vault: Box::new(issuer.vault(&profile)), profile: Box::new(profile) }
            }
            (None, None) => return Ok(None),
        };
        let Channel { kvn, level, s16, .. } = *channel;
        Ok(Some(Self { opener, domain, kvn, level, s16 }))
    }

    /// Selects the domain and opens the channel.
    ///
    /// # Errors
    /// Card, with what was spent.
    pub fn open(&self, session: &mut Session<'_>) -> Result<Opened, Failure> {
        let domain = select_domain(session, self.domain.as_ref())?;
        let (kvn, level, role, size) = match &self.opener {
            Opener::Keys(source) => {
                if source.is_published() {
                    Output::warn(PUBLISHED_KEYS);
                }
                let told = gp::card_data(session).ok().flatten().unwrap_or_default();
                let (level, size) = strongest(&told.protocols);
                (self.kvn.unwrap_or(0), level, None, size)
            }
            Opener::Issuer { profile, .. } => {
                let channel = &profile.secure_channel;
                let versions: Vec<u8> = gp::key_information(session)
                    .map_err(|error| failure(&error, "nothing on it was changed"))?
                    .iter()
                    .map(|key| key.kvn)
                    .collect();
                let issuer = versions.contains(&channel.issuer.kvn) || self.kvn == Some(channel.issuer.kvn);
                let (role, kvn) = if issuer {
                    (KeyRole::Issuer, channel.issuer.kvn)
                } else {
                    (KeyRole::Transport, channel.transport.kvn)
                };
                let size = if channel.protocol == Scp::Scp03 { Size::of_i(channel.i) } else { Size::S8 };
                (self.kvn.unwrap_or(kvn), channel.level, Some(role), size)
            }
        };
        let size = if self.s16 { Size::S16 } else { size };
        let wanted = Wanted { kvn, level: self.level.unwrap_or(level), size };
        let keys = |offer: &Offer| -> Result<KeySet, String> {
            match (&self.opener, role) {
                (Opener::Issuer { vault, .. }, Some(role)) => {
                    probe::keys_of(role, vault.as_ref(), &offer.kdd).map_err(|error| error.to_string())
                }
                (Opener::Keys(source), _) => source.of_card(offer.protocol, &offer.kdd),
                (Opener::Issuer { .. }, None) => Err("whose keys the card has is not known".into()),
            }
        };
        let offer = gp::open_secure_channel(session, wanted, &keys, &mut world::rng())
            .map_err(|error| failure(&error, "nothing on it was changed but perhaps its sequence counter"))?;
        Ok(Opened { chip: hex::encode_upper(offer.kdd), offer, domain })
    }
}

/// Level and size of messages that a card's own data offer, the strongest of them: a card may refuse to work at less.
fn strongest(protocols: &[(u8, u8)]) -> (u8, Size) {
    let of_scp03 = protocols.iter().filter(|(scp, _)| *scp == 0x03).map(|(_, i)| *i);
    of_scp03.max().map_or((0x03, Size::S8), |i| {
        let level = match i & 0x60 {
            0x60 => 0x33,
            0x20 => 0x13,
            _ => 0x03,
        };
        (level, Size::of_i(i))
    })
}

/// Selects a security domain; without a name the usual one, or else whatever the card selects for an empty name.
///
/// # Errors
/// Card.
pub fn select_domain(session: &mut Session<'_>, domain: Option<&Aid>) -> Result<String, Failure> {
    let usual = Aid::from_hex(ISSUER_DOMAIN).map_err(|error| Failure::card(error.to_string()))?;
    let wanted = domain.unwrap_or(&usual);
    match gp::select(session, wanted) {
        Ok(_) => Ok(wanted.to_string()),
        Err(error) if domain.is_none() && error.sw() == Some(Sw::FILE_NOT_FOUND) => {
            let data = gp::select_default(session).map_err(|error| failure(&error.into(), "unchanged"))?;
            Ok(gp::selected_aid(&data).map(hex::encode_upper).unwrap_or_default())
        }
        Err(error) => Err(failure(&error.into(), "unchanged")),
    }
}

/// Opens the card, a session and, where there are keys, the channel; puts the card away however the work ends.
///
/// # Errors
/// Those of the card and of `work`.
pub fn with_card<T>(
    card: &CardArg,
    access: Option<&Access>,
    trace: &mut dyn Trace,
    output: Output,
    work: impl FnOnce(&mut Session<'_>, Option<&Opened>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut at_hand = AnyCard::open(card, output)?;
    let worked = (|| {
        let mut session = Session::open(&mut at_hand, trace).map_err(|error| failure(&error.into(), "unchanged"))?;
        let opened = access.map(|access| access.open(&mut session)).transpose()?;
        work(&mut session, opened.as_ref())
    })();
    let put_away = at_hand.put_away();
    let done = worked?;
    put_away?;
    Ok(done)
}

/// A dialogue that failed: what, the card's state, the safe next step. `refused` is the state after a plain refusal.
pub fn failure(error: &GpError, refused: &str) -> Failure {
    let (state, next) = match error {
        GpError::Session(SessionError::Transport { source, at }) => {
            let Failure { message, .. } = reader_failure(source);
            return Failure::card(format!("{at}: {message}"));
        }
        GpError::SecureChannel(error) => channel_words(error),
        GpError::Session(SessionError::Status { sw, .. }) => (refused.to_owned(), words_of(*sw)),
        GpError::Session(SessionError::SecureMessaging { .. }) => (
            "the session is over; whether the command was carried out shows when the card is asked again".into(),
            "take the card off and put it back; then `bitaqa card list`",
        ),
        GpError::PutKey(_) => ("asked again by `bitaqa card keys list`".into(), "compare the key versions"),
        _ => (refused.to_owned(), "run it again with --trace-data for a laboratory"),
    };
    Failure::card(format!("{error}. The card: {state}. Next: {next}"))
}

fn channel_words(error: &ChannelError) -> (String, &'static str) {
    match error {
        ChannelError::CardCryptogram => (
            "holds other keys than these; unchanged, no try of its keys was spent".into(),
            "find out whose card it is; give its keys by --keys FILE or --pki DIR, or another --kvn",
        ),
        ChannelError::Refused { .. } if error.may_have_spent_a_try() => (
            "may have counted a failed authentication; many cards lock themselves for good after ten".into(),
            "do not repeat this; compare --level and --kvn with what `bitaqa card info` shows",
        ),
        ChannelError::Refused { sw, .. } => ("unchanged, no try was spent".into(), words_of(*sw)),
        ChannelError::NoKeys(_) | ChannelError::Protocol(_) => {
            ("unchanged, no try was spent".into(), "see `bitaqa card info` for protocol and key versions")
        }
    }
}

/// What to look at after a status word.
fn words_of(sw: Sw) -> &'static str {
    match sw {
        Sw::FILE_NOT_FOUND | Sw::REFERENCE_NOT_FOUND => "see `bitaqa card list` and `bitaqa card keys list` for names",
        Sw::SECURITY_STATUS_NOT_SATISFIED => "this domain or level may not do it; see its privileges in `card list`",
        Sw::AUTHENTICATION_BLOCKED => "the key set is locked; only another one opens this card",
        Sw::CONDITIONS_NOT_SATISFIED => "the card's or the object's life cycle forbids it; see `bitaqa card list`",
        Sw::NOT_ENOUGH_MEMORY => "delete something, or take a card with more memory",
        Sw::WRONG_LENGTH => "try without --s16, or with it",
        _ => "see `bitaqa card list` for what the card holds now",
    }
}

/// An AID of the command line.
///
/// # Errors
/// Usage.
pub fn aid(flag: &str, text: &str) -> Result<Aid, Failure> {
    Aid::from_hex(text).map_err(|error| Failure::usage(format!("{flag} {text}: {error}")))
}

/// Octets of the command line.
///
/// # Errors
/// Usage.
pub fn octets(flag: &str, text: &str) -> Result<Vec<u8>, Failure> {
    hex::decode(text).map_err(|error| Failure::usage(format!("{flag}: {error}; write octets in hexadecimal")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_level_of_a_card_is_taken() {
        assert_eq!(strongest(&[]), (0x03, Size::S8));
        assert_eq!(strongest(&[(0x02, 0x55)]), (0x03, Size::S8));
        assert_eq!(strongest(&[(0x02, 0x55), (0x03, 0x70)]), (0x33, Size::S8));
        assert_eq!(strongest(&[(0x03, 0x30)]), (0x13, Size::S8));
        assert_eq!(strongest(&[(0x03, 0x71)]), (0x33, Size::S16));
    }

    #[test]
    fn what_was_spent_is_said_as_it_is() {
        let spared = failure(&ChannelError::CardCryptogram.into(), "").message;
        assert!(spared.contains("no try of its keys was spent"), "{spared}");
        let refused = ChannelError::Refused { command: "EXTERNAL AUTHENTICATE", sw: Sw::AUTHENTICATION_FAILED };
        let refused = failure(&refused.into(), "").message;
        assert!(refused.contains("may have counted") && refused.contains("do not repeat"), "{refused}");
    }
}
