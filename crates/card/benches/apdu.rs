//! How many APDUs a second one card answers in process: SELECT by name and READ BINARY of 223 octets, both under secure
//! messaging, with AES after PACE and with 3DES after BAC. What the terminal's half of the protection costs is told
//! apart, since both halves share the thread.
//!
//! `cargo bench -p bitaqa-card --bench apdu`; figures only, nothing fails for being slow.

use std::convert::Infallible;
use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant};

use bitaqa_apdu::fcp::{FileControl, Place, dgi_of};
use bitaqa_apdu::install::{Delay, Parameters};
use bitaqa_apdu::{AccessRule, Aid, Command, Response, Sw, Transport, dgi, ins, tlv};
use bitaqa_card::chip::{Buffers, Configuration, NativeModule, Quirks};
use bitaqa_card::nvm::medium::MemoryMedium;
use bitaqa_card::{Card, ChipSpec, Platform, emrtd};
use bitaqa_lds::security_infos::{self as infos, PaceInfo, SecurityInfo, SecurityInfos};
use bitaqa_secure_messaging::pace::{self, Password};
use bitaqa_secure_messaging::scp03::Size;
use bitaqa_secure_messaging::secure_channel::{self, Wanted};
use bitaqa_secure_messaging::{KeySet, SecureChannel, SecureMessaging, bac};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use rand_core::CryptoRng;
use sha1::{Digest, Sha1};

const MRZ: &str = "L898902C<369080619406236";
const CAN: &str = "123456";
const APP: &[u8] = &[0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];
const PACKAGE: &[u8] = &[0xF0, 0x00, 0x00, 0x00, 0x01];
const MODULE: &[u8] = &[0xF0, 0x00, 0x00, 0x00, 0x01, 0x01];
/// Pairs of SELECT and READ BINARY that are timed.
const PAIRS: u32 = 20_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

struct Seeded(ChaCha20Rng);

impl Platform for Seeded {
    fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut self.0
    }

    fn wait(&mut self, _: u32) {}
}

fn pace_info() -> PaceInfo {
    PaceInfo { protocol: infos::ID_PACE_ECDH_GM_AES_CBC_CMAC_128, version: 2, parameter_id: Some(12) }
}

/// EF.CardAccess, and one data group of a photograph's size.
fn files() -> Outcome<[(FileControl, Vec<u8>); 2]> {
    let file = |fid, sfi, place, rule: &str| -> Outcome<FileControl> {
        let (read, update) = (AccessRule::parse(rule)?, AccessRule::never());
        Ok(FileControl { fid, sfi, size_max: 20_000, read, update, place })
    };
    let card_access = SecurityInfos { infos: vec![SecurityInfo::Pace(pace_info())] }.to_der()?;
    Ok([
        (file(0x011C, 0x1C, Place::Mf, "ALWAYS")?, card_access),
        (file(0x0102, 0x02, Place::Application, "PACE | BAC")?, tlv::tlv(0x75, &[0x5A; 16_000])),
    ])
}

fn exchange(card: &mut Card, command: &Command) -> Outcome<Response> {
    let octets = card.transmit(&command.encode()?)?;
    Response::parse(&octets).ok_or_else(|| "no status word".into())
}

/// One command in a session; anything but 9000 is an error.
fn send<S: SecureMessaging + ?Sized>(card: &mut Card, session: &mut S, plain: Command) -> Outcome<Response> {
    let named = format!("{:02X} {:04X}", plain.ins, plain.p1p2());
    let answer = exchange(card, &session.protect_command(plain))?;
    let answer = session.unprotect_response(answer)?;
    if answer.sw == Sw::OK { Ok(answer) } else { Err(format!("{named}: {}", answer.sw).into()) }
}

fn aid(octets: &[u8]) -> Outcome<Aid> {
    Ok(Aid::new(octets)?)
}

/// A sealed travel document, made by the commands of an issuer.
fn document() -> Outcome<Card> {
    let keys = KeySet::new(&[1; 16], &[2; 16], &[3; 16])?;
    let configuration = Configuration {
        isd_aid: Aid::from_hex("A000000151000000")?,
        atr: vec![0x3B, 0x80, 0x80, 0x01, 0x01],
        cplc: [0; 42],
        kdd: [0; 10],
        scp_i: 0x70,
        level_min: 1,
        modules: vec![NativeModule { package: aid(PACKAGE)?, module: aid(MODULE)?, name: emrtd::NAME.to_owned() }],
        quirks: Quirks::default(),
        buffers: Buffers::default(),
    };
    let spec = ChipSpec { configuration, memory_bytes: 80_000, transport_kvn: 1, transport_keys: keys.clone() };
    let platform = Box::new(Seeded(ChaCha20Rng::seed_from_u64(1)));
    let mut card = Card::blank(spec, Box::new(MemoryMedium::default()), platform)?;
    card.reset()?;
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let wanted = Wanted { kvn: 1, level: 0x33, size: Size::S8 };
    let mut line = |command: Command| exchange(&mut card, &command);
    let opened = secure_channel::open(&mut line, &|_| Ok(keys.clone()), wanted, &mut rng);
    let (mut issuer, _) = opened.map_err(|error| error.to_string())?;
    personalise(&mut card, issuer.as_mut())?;
    card.reset()?;
    Ok(card)
}

fn personalise(card: &mut Card, issuer: &mut dyn SecureChannel) -> Outcome<()> {
    let files = files()?;
    let parameters = Parameters {
        files: files.iter().map(|(file, _)| file.clone()).collect(),
        objects: vec![],
        keys: vec![],
        passwords: vec![1, 2],
        delay: Delay { first_ms: 0, factor: 1, max_ms: 0 },
        bac: true,
        tries: None,
        quirk_pace: None,
        active_digest_bytes: None,
    };
    let own = tlv::tlv(0xC9, &parameters.encode());
    let install = |p1, fields: [&[u8]; 6]| {
        let data: Vec<u8> = fields.iter().flat_map(|field| tlv::tlv(0x53, field).split_off(1)).collect();
        Command::globalplatform(ins::INSTALL, p1, 0).data(data).ne(256)
    };
    send(card, issuer, install(0x0C, [PACKAGE, MODULE, APP, &[0x04], &own, &[]]))?;
    send(card, issuer, install(0x20, [&[], &[], APP, &[], &[], &[]]))?;
    let mrz: [u8; 20] = Sha1::digest(MRZ).into();
    let mut values = vec![
        (dgi::ORDER_TAG, vec![7; 16], false),
        (dgi::CAN, issuer.encrypt_sensitive(CAN.as_bytes()), true),
        (dgi::MRZ_SECRET, issuer.encrypt_sensitive(&mrz), true),
    ];
    values.extend(files.iter().map(|(file, content)| (dgi_of(file.fid, file.place), content.clone(), false)));
    let mut block = 0u8;
    for (number, value, encrypted) in values {
        let stream = [dgi::header(number, u16::try_from(value.len())?), value].concat();
        for part in stream.chunks(200) {
            let p1 = if encrypted { 0x68 } else { 0x08 };
            send(card, issuer, Command::globalplatform(ins::STORE_DATA, p1, block).data(part).ne(256))?;
            block = block.wrapping_add(1);
        }
    }
    send(card, issuer, Command::globalplatform(ins::SET_STATUS, 0x40, 0x0F).data(APP).ne(256))?;
    Ok(())
}

/// What one run took: the card alone, and the terminal's half.
struct Figure {
    card: Duration,
    terminal: Duration,
}

fn run(card: &mut Card, session: &mut dyn SecureMessaging) -> Outcome<Figure> {
    let mut figure = Figure { card: Duration::ZERO, terminal: Duration::ZERO };
    for _ in 0..PAIRS {
        // By its short identifier, since SELECT of the application forgets which file was read.
        let pair = [
            (Command::new(ins::SELECT, 0x04, 0x0C).data(APP), 0),
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
            figure.card += answered - sent;
            figure.terminal += (sent - begun) + answered.elapsed();
        }
    }
    Ok(figure)
}

fn main() -> Outcome<()> {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut out = std::io::stdout().lock();
    for name in ["AES-128 after PACE", "3DES after BAC"] {
        let mut card = document()?;
        let mut line =
            |command: Command| Ok::<_, Infallible>(exchange(&mut card, &command).unwrap_or(Sw::EXECUTION_ERROR.into()));
        let mut session = if name.starts_with("AES") {
            let password = Password::can(CAN)?;
            let established = pace::establish(&mut line, &pace_info(), &password, &mut rng);
            established.map_err(|error| error.to_string())?.sm
        } else {
            line(Command::new(ins::SELECT, 0x04, 0x0C).data(APP))?;
            let keys = bac::BacKeys::from_mrz(MRZ)?;
            bac::establish(&mut line, &keys, &mut rng).map_err(|error| error.to_string())?
        };
        let figure = run(&mut card, session.as_mut())?;
        let rate = |time: Duration| f64::from(2 * PAIRS) / time.as_secs_f64();
        let both = rate(figure.card + figure.terminal);
        writeln!(out, "{name}: card alone {:.0} APDU/s, with the terminal {both:.0} APDU/s", rate(figure.card))?;
    }
    Ok(())
}
