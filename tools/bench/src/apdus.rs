//! (e) How many APDUs a second one card answers in process: SELECT by name and READ BINARY of 223 octets, both under
//! secure messaging, with AES and with 3DES. What the terminal's half of the protection costs is
//! told apart, since both halves share the thread.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use bitaqa_apdu::{Command, Response, Sw, Transport, ins};
use bitaqa_card::Card;
use bitaqa_lds::security_infos::{ID_PACE_ECDH_GM_3DES_CBC_CBC, ID_PACE_ECDH_GM_AES_CBC_CMAC_128, SecurityInfos};
use bitaqa_secure_messaging::{SecureMessaging, pace};
use bitaqa_terminal::trace::Totals;
use const_oid::ObjectIdentifier;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use serde::Serialize;

use crate::line::{Line, Outcome};

/// A product that offers PACE with both ciphers.
pub const PROFILE: &str = "lab-gm";

/// Names of the ciphers, and the protocols that bring them.
pub const CIPHERS: [(&str, ObjectIdentifier); 2] =
    [("AES-128", ID_PACE_ECDH_GM_AES_CBC_CMAC_128), ("3DES", ID_PACE_ECDH_GM_3DES_CBC_CBC)];

/// What one card answers.
#[derive(Serialize)]
pub struct Rate {
    /// The cipher.
    pub name: &'static str,
    /// Commands timed.
    pub commands: u32,
    /// A second, counting the card's time only.
    pub card_alone: f64,
    /// A second, with the terminal's half in the same thread.
    pub with_terminal: f64,
}

/// Both ciphers.
///
/// # Errors
/// A card that does not answer as it must.
pub fn measure(pairs: u32) -> Outcome<Vec<Rate>> {
    CIPHERS.into_iter().map(|(name, protocol)| rate(name, protocol, pairs)).collect()
}

fn rate(name: &'static str, protocol: ObjectIdentifier, pairs: u32) -> Outcome<Rate> {
    let line = Line::new(PROFILE, 1)?;
    let (mut card, mut session) = issued(&line, protocol)?;
    let (of_card, of_terminal) = exchange(&mut card, session.as_mut(), &line, pairs)?;
    let rate = |time: Duration| f64::from(2 * pairs) / time.as_secs_f64();
    Ok(Rate { name, commands: 2 * pairs, card_alone: rate(of_card), with_terminal: rate(of_card + of_terminal) })
}

/// An issued card with a session as a stranger opens it.
///
/// # Errors
/// As [`measure`].
pub fn issued(line: &Line, protocol: ObjectIdentifier) -> Outcome<(Card, Box<dyn SecureMessaging>)> {
    let mut card = line.blank(1)?;
    line.issue(&mut card, 1, &mut Totals::default())?;
    card.reset()?;
    let session = open(&mut card, line, protocol)?;
    Ok((card, session))
}

fn open(card: &mut Card, line: &Line, protocol: ObjectIdentifier) -> Outcome<Box<dyn SecureMessaging>> {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut wire = |command: Command| {
        let sent = command.encode().ok().and_then(|octets| Response::parse(&card.transmit(&octets).ok()?));
        Ok::<_, Infallible>(sent.unwrap_or_else(|| Sw::EXECUTION_ERROR.into()))
    };
    let Ok(file) = wire(Command::new(ins::READ_BINARY, 0x9C, 0).ne(256));
    let offered = SecurityInfos::from_der(&file.data)?;
    let info = offered.pace().find(|info| info.protocol == protocol).ok_or("the card does not offer this PACE")?;
    let established = pace::establish(&mut wire, info, &line.password()?, &mut rng);
    Ok(established.map_err(|error| error.to_string())?.sm)
}

/// Time of the card and of the terminal for so many pairs of commands.
///
/// # Errors
/// As [`measure`].
pub fn exchange(
    card: &mut Card,
    session: &mut dyn SecureMessaging,
    line: &Line,
    pairs: u32,
) -> Outcome<(Duration, Duration)> {
    let (mut of_card, mut of_terminal) = (Duration::ZERO, Duration::ZERO);
    let application = line.profile.emrtd.instance_aid.as_bytes();
    for _ in 0..pairs {
        // By its short identifier, since SELECT of the application forgets which file was read.
        let pair = [
            (Command::new(ins::SELECT, 0x04, 0x0C).data(application), 0),
            (Command::new(ins::READ_BINARY, 0x82, 0).ne(223), 223),
        ];
        for (plain, expected) in pair {
            let begun = Instant::now();
            let wire = session.protect_command(plain).encode()?;
            let sent = Instant::now();
            let octets = card.transmit(&wire)?;
            let answered = Instant::now();
            let answer = session.unprotect_response(Response::parse(&octets).ok_or("no status word")?)?;
            if (answer.sw, answer.data.len()) != (Sw::OK, expected) {
                return Err(format!("answer {} with {} octets", answer.sw, answer.data.len()).into());
            }
            of_card += answered - sent;
            of_terminal += (sent - begun) + answered.elapsed();
        }
    }
    Ok((of_card, of_terminal))
}
