//! Sessions with a sealed card: any octets in plain, and under secure messaging that a terminal with the right
//! passwords and certificates has agreed, so that what lies behind them is reached. Each input begins with the same
//! card, whose randomness begins anew.

use std::sync::OnceLock;

use bitaqa_apdu::{Command, Response, Sw, Transport, ins};
use bitaqa_card::Card;
use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::security_infos::SecurityInfos;
use bitaqa_secure_messaging::bac::{self, BacKeys};
use bitaqa_secure_messaging::pace::{self, Password};
use bitaqa_secure_messaging::secure_channel::{self, Wanted};
use bitaqa_secure_messaging::{SecureMessaging, ca, scp03, ta};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

use crate::issued::{Issued, card_of, cnie, eac};
use crate::script::Script;
use crate::secrets::{Proved, Secrets};

/// Agreements of keys in one input: each costs as much as a thousand commands.
const AGREEMENTS_MAX: u8 = 3;

/// What a script may do; the numbers are its octets, modulo [`act::COUNT`].
pub mod act {
    /// A command as it stands.
    pub const PLAIN: u8 = 0;
    /// A command under the session that is open.
    pub const PROTECTED: u8 = 1;
    /// SELECT and BAC.
    pub const BAC: u8 = 2;
    /// PACE; the next octet chooses the password.
    pub const PACE: u8 = 3;
    /// Chip Authentication.
    pub const CHIP: u8 = 4;
    /// Terminal Authentication.
    pub const TERMINAL: u8 = 5;
    /// Reset.
    pub const RESET: u8 = 6;
    /// A protected command with one octet changed on its way: place, change, command.
    pub const TAMPERED: u8 = 7;
    /// The last protected command once more.
    pub const REPLAYED: u8 = 8;
    /// SELECT of an application, under the session or without: the next octet chooses.
    pub const SELECT: u8 = 9;
    /// A secure channel of the issuer with the card manager.
    pub const ISSUER: u8 = 10;
    /// VERIFY of the eID's first PIN.
    pub const PIN: u8 = 11;
    /// Acts that there are.
    pub const COUNT: u8 = 12;
}

/// A card with travel documents' protocols.
pub fn eac_card(input: &[u8]) {
    static SECRETS: OnceLock<Secrets> = OnceLock::new();
    run(eac(), SECRETS.get_or_init(|| Secrets::of(eac())), input);
}

/// The national card with its eID.
pub fn cnie_card(input: &[u8]) {
    static SECRETS: OnceLock<Secrets> = OnceLock::new();
    run(cnie(), SECRETS.get_or_init(|| Secrets::of(cnie())), input);
}

fn run(issued: &'static Issued, secrets: &'static Secrets, input: &[u8]) {
    assert!(secrets.keys() > 3, "{} keys are looked for", secrets.keys());
    let Ok(card) = card_of(&issued.sealed) else { return assert!(input.is_empty(), "the sealed card cannot be read") };
    let mut dialogue = Dialogue {
        issued,
        secrets,
        card,
        session: None,
        proved: Proved::Nothing,
        agreements: 0,
        agreed: Agreed::default(),
        last: Vec::new(),
        is_channel: false,
    };
    let mut script = Script::new(input);
    while let Some(octet) = script.octet() {
        dialogue.act(octet % act::COUNT, &mut script);
    }
}

/// What Terminal Authentication signs.
#[derive(Default)]
struct Agreed {
    id_picc: Option<Vec<u8>>,
    pcd: Option<Vec<u8>>,
}

struct Dialogue {
    issued: &'static Issued,
    secrets: &'static Secrets,
    card: Card,
    session: Option<Box<dyn SecureMessaging>>,
    proved: Proved,
    agreements: u8,
    agreed: Agreed,
    /// The last protected command, as it was sent.
    last: Vec<u8>,
    /// Whether the session is a secure channel, in which refusals may come without protection.
    is_channel: bool,
}

/// The card did not answer, or its answer is not from this session.
type NoAnswer = &'static str;

impl Dialogue {
    fn act(&mut self, act: u8, script: &mut Script<'_>) {
        match act {
            act::PLAIN => {
                self.transmit(script.part());
            }
            act::PROTECTED => {
                let _ = Command::parse(script.part()).map(|command| self.send(command));
            }
            act::BAC => self.bac(),
            act::PACE => self.pace(script.choice()),
            act::CHIP => self.chip(),
            act::TERMINAL => self.terminal(),
            act::RESET => {
                self.session = None;
                assert!(self.card.reset().is_ok());
            }
            act::TAMPERED => self.tampered(script.choice(), script.choice(), script.part()),
            act::REPLAYED => self.replayed(),
            act::SELECT => self.select(script.choice()),
            act::ISSUER => self.issuer(script.choice()),
            _ => self.pin(script.choice()),
        }
    }

    /// Octets to the card, and what every answer must keep to.
    fn transmit(&mut self, octets: &[u8]) -> Response {
        let answer = self.card.transmit(octets).ok().and_then(|answer| Response::parse(&answer));
        let response = answer.unwrap_or_else(|| Sw::EXECUTION_ERROR.into());
        assert_ne!(response.sw, Sw::EXECUTION_ERROR, "the card had no answer to {octets:02X?}");
        assert!(matches!(response.sw.0 >> 12, 6 | 9), "status word {}", response.sw);
        assert!(response.data.len() <= 65_536);
        self.secrets.look_through(&response, self.proved);
        response
    }

    /// A command under the session, or without one.
    fn send(&mut self, command: Command) -> Result<Response, NoAnswer> {
        let Some(session) = &mut self.session else {
            let octets = command.encode().map_err(|_| "too long")?;
            return Ok(self.transmit(&octets));
        };
        let octets = session.protect_command(command).encode().map_err(|_| "too long")?;
        self.last = octets.to_vec();
        let answer = self.transmit(&octets);
        let Some(session) = &mut self.session else { return Err("no session") };
        let Ok(plain) = session.unprotect_response(answer) else {
            self.session = None;
            return Err("the session is over");
        };
        self.secrets.look_through(&plain, self.proved);
        Ok(plain)
    }

    fn may_agree(&mut self) -> bool {
        self.agreements += 1;
        self.agreements <= AGREEMENTS_MAX
    }

    /// The terminal's randomness: other octets in every agreement, the same in every run.
    fn rng(&self) -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(u64::from(self.agreements))
    }

    fn emrtd(&self) -> Command {
        Command::new(ins::SELECT, 0x04, 0x0C).data(self.issued.profile.emrtd.instance_aid.as_bytes())
    }

    fn bac(&mut self) {
        if !self.may_agree() {
            return;
        }
        let select = self.emrtd();
        let _ = self.send(select);
        // A password proved anywhere may open files anywhere: the least that can be said for certain.
        self.proved = self.proved.max(Proved::Password);
        let mut rng = self.rng();
        let Ok(keys) = BacKeys::from_mrz(&self.issued.mrz_key_input) else { return };
        if let Ok(session) = bac::establish(&mut |command| self.send(command), &keys, &mut rng) {
            self.open(session, false);
            self.agreed = Agreed { id_picc: ta::id_picc_after_bac(&self.issued.mrz_key_input), pcd: None };
        }
    }

    fn pace(&mut self, choice: u8) {
        let Some(file) = self.issued.files.get("EF.CardAccess").filter(|_| self.may_agree()) else { return };
        let Ok(infos) = SecurityInfos::from_der(file) else { return };
        let offers = pace::offers(&infos).spoken;
        let place = usize::from(choice >> 4) % offers.len().max(1);
        let Some(offer) = offers.get(place) else { return };
        let password = match choice & 3 {
            0 => Password::can(&self.issued.can).ok(),
            1 => Some(Password::mrz(&self.issued.mrz_key_input)),
            2 => self.issued.pin.as_deref().and_then(|pin| Password::pin(pin).ok()),
            _ => Password::can("000000").ok(),
        };
        let Some(password) = password else { return };
        self.proved = self.proved.max(Proved::Password);
        let mut rng = self.rng();
        let request = pace::Request::default();
        let established = pace::establish_with(&mut |command| self.send(command), offer, request, &password, &mut rng);
        if let Ok(established) = established {
            self.open(established.sm, false);
            self.agreed = Agreed { id_picc: Some(established.id_picc), pcd: None };
        }
    }

    fn chip(&mut self) {
        let Some(file) = self.issued.files.get("DG14").filter(|_| self.may_agree()) else { return };
        let Ok(group) = Dg14::decode(file) else { return };
        let offers = ca::offers(&group.infos);
        let Some(offer) = offers.first() else { return };
        let mut rng = self.rng();
        if let Ok(agreed) = ca::agree(&mut |command| self.send(command), &offer.info, offer.key, &mut rng) {
            self.open(agreed.sm, false);
            self.agreed.pcd = Some(agreed.pcd_compressed);
        }
    }

    fn terminal(&mut self) {
        if !self.may_agree() {
            return;
        }
        let (Some(id_picc), Some(pcd)) = (self.agreed.id_picc.clone(), self.agreed.pcd.clone()) else { return };
        let chain = self.issued.issuer.keys.terminal_chain().map(Clone::clone);
        let signer = self.issued.issuer.keys.inspection_system.signer();
        // From the last command on the card may believe it.
        self.proved = Proved::Terminal;
        let _ = ta::authenticate(&mut |command| self.send(command), &chain, &signer, &id_picc, &pcd);
    }

    /// What was changed on its way is not obeyed: the answer is not one of the session, which is over.
    fn tampered(&mut self, place: u8, change: u8, command: &[u8]) {
        let (Some(session), Ok(command), true) = (&mut self.session, Command::parse(command), change != 0) else {
            return;
        };
        let wire = session.protect_command(command);
        let Ok(mut octets) = wire.encode().map(|octets| octets.to_vec()) else { return };
        // Header and data are under the MAC; CLA chooses the channel, and lengths only frame.
        let frame = if wire.needs_extended() { 4..7 } else { 4..5 };
        let end = frame.end + wire.data.len();
        let place = 1 + usize::from(place) % (end - 1);
        if frame.contains(&place) {
            return;
        }
        octets.iter_mut().skip(place).take(1).for_each(|octet| *octet ^= change);
        let obeyed = self.is_obeyed(&octets);
        assert!(!obeyed, "octet {place} of a protected command was changed, and it was obeyed");
    }

    /// Nothing is obeyed twice.
    fn replayed(&mut self) {
        let (Some(_), false) = (&self.session, self.last.is_empty()) else { return };
        let octets = core::mem::take(&mut self.last);
        let obeyed = self.is_obeyed(&octets);
        assert!(!obeyed, "a protected command was obeyed twice");
    }

    /// Whether the answer to these octets is one of the session, which is over after it.
    fn is_obeyed(&mut self, octets: &[u8]) -> bool {
        let answer = self.transmit(octets);
        let plain = self.session.take().and_then(|mut session| session.unprotect_response(answer).ok());
        plain.is_some_and(|plain| !self.is_channel || plain.sw == Sw::OK)
    }

    fn open(&mut self, session: Box<dyn SecureMessaging>, is_channel: bool) {
        (self.session, self.is_channel) = (Some(session), is_channel);
    }

    fn select(&mut self, choice: u8) {
        let profile = &self.issued.profile;
        let aid = match (choice & 3, &profile.eid) {
            (0, _) | (2, None) => &profile.emrtd.instance_aid,
            (2, Some(eid)) => &eid.instance_aid,
            _ => &profile.chip.isd_aid,
        };
        let command = Command::new(ins::SELECT, 0x04, choice & 0x0C).data(aid.as_bytes()).ne(256);
        let _ = self.send(command);
    }

    fn issuer(&mut self, level: u8) {
        if !self.may_agree() {
            return;
        }
        self.session = None;
        self.select(1);
        let level = [0x01, 0x03, 0x11, 0x13, 0x33].get(usize::from(level) % 5).copied().unwrap_or(0x33);
        let wanted = Wanted { kvn: 0, level, size: scp03::Size::S8 };
        let mut rng = self.rng();
        let keys = &self.issued.card_keys;
        let opened = secure_channel::open(&mut |command| self.send(command), &|_| Ok(keys.clone()), wanted, &mut rng);
        if let Ok((channel, _)) = opened {
            self.open(channel, true);
        }
    }

    fn pin(&mut self, choice: u8) {
        let Some(pin) = self.issued.pin.clone() else { return };
        let value = if choice & 0x80 == 0 { pin } else { "0000".to_owned() };
        let command = Command::new(ins::VERIFY, 0x00, 0x80 | choice & 0x1F).data(value.as_bytes());
        let _ = self.send(command);
    }
}
