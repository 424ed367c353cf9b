//! The other side: a terminal that speaks to a hostile card. The card is a script, or a good card with somebody between
//! who changes what is said. A terminal must end by itself, and must find nothing good that is not what was issued.

use bitaqa_apdu::{Atr, Bytes, Sw, Transport, TransportError};
use bitaqa_card::Card;
use bitaqa_perso::probe;
use bitaqa_secure_messaging::pace::Password;
use bitaqa_secure_messaging::scp03;
use bitaqa_secure_messaging::secure_channel::Wanted;
use bitaqa_terminal::inspection::{self, Conditions, Inspection};
use bitaqa_terminal::session::Session;
use bitaqa_terminal::trace::{Lines, Totals};
use bitaqa_terminal::{emrtd, gp};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

use crate::issued::{NOW, card_of, eac};
use crate::script::Script;

/// A terminal that asks more often in one run, and gets nothing, does not end by itself.
const COMMANDS_MAX: usize = 40_000;

/// A card that answers by script. What it says last it says for ever.
struct Hostile<'a> {
    script: Script<'a>,
    last: Vec<u8>,
    /// Answers with octets, and without.
    answers: [usize; 2],
}

impl<'a> Hostile<'a> {
    fn new(script: Script<'a>) -> Self {
        Self { script, last: Sw::FILE_NOT_FOUND.0.to_be_bytes().to_vec(), answers: [0, 0] }
    }
}

impl Transport for Hostile<'_> {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        Ok(Atr(vec![0x3B, 0x80, 0x80, 0x01, 0x01]))
    }

    /// An octet says how the answer is made: octets and 9000, octets alone, a word of a short list.
    fn transmit(&mut self, _: &[u8]) -> Result<Bytes, TransportError> {
        let [with, without] = &mut self.answers;
        // A card may give a file octet by octet, and a terminal may wait for all of them: then the card gives up.
        if *with > COMMANDS_MAX {
            self.last = Sw::FILE_NOT_FOUND.0.to_be_bytes().to_vec();
        }
        if self.last.len() > 2 {
            *with += 1;
        } else {
            *without += 1;
        }
        assert!(*without < COMMANDS_MAX, "the terminal does not end");
        if let Some(kind) = self.script.octet() {
            self.last = match kind {
                0x00..=0x9F => [self.script.part(), &[0x90, 0x00]].concat(),
                0xA0..=0xBF => self.script.part().to_vec(),
                0xC0..=0xCF => [self.script.part(), &[0x61, kind]].concat(),
                0xD0..=0xDF => [self.script.part(), &[0x62, 0x82]].concat(),
                0xE0..=0xEF => vec![0x6C, self.script.choice()],
                _ => vec![0x69, kind],
            };
        }
        Ok(self.last.clone().into())
    }
}

/// Everything that a session does with files and channels.
pub fn session(input: &[u8]) {
    let mut script = Script::new(input);
    let limits = script.choice();
    let (mut card, mut trace) = (Hostile::new(script), Totals::default());
    let Ok(mut session) = Session::open(&mut card, &mut trace) else { return };
    if limits & 1 == 1 {
        let _ = session.ask_limits();
    }
    for sfi in [0x1C, 0x01, 0x02, 0x1E] {
        if let Ok(content) = emrtd::read_file(&mut session, sfi) {
            assert!(content.len() <= 0x2_0000, "{} octets of a file", content.len());
        }
    }
    let _ = emrtd::read_octets(&mut session, 0x1C, 36);
    let _ = emrtd::is_readable(&mut session, 0x1E);
    if let Ok(number) = gp::open_logical_channel(&mut session) {
        assert!((1..=19).contains(&number));
        session.use_logical_channel(number);
        let _ = gp::select_default(&mut session);
        session.use_logical_channel(0);
        let _ = gp::close_logical_channel(&mut session, number);
    }
}

/// Everything that a host of GlobalPlatform asks.
pub fn card_manager(input: &[u8]) {
    let (mut card, mut trace) = (Hostile::new(Script::new(input)), Totals::default());
    let Ok(mut session) = Session::open(&mut card, &mut trace) else { return };
    if let Ok(answer) = gp::select_default(&mut session) {
        let _ = gp::selected_aid(&answer);
    }
    let _ = (gp::key_information(&mut session), gp::cplc(&mut session), gp::card_data(&mut session));
    let _ = (gp::sequence_counter(&mut session), gp::public_keys(&mut session));
    for part in [gp::Part::Issuer, gp::Part::Applications, gp::Part::LoadFiles, gp::Part::Modules] {
        let _ = gp::registry(&mut session, part, None);
    }
    let wanted = Wanted { kvn: 0, level: 0x33, size: scp03::Size::S8 };
    let (keys, mut rng) = (&eac().card_keys, ChaCha20Rng::seed_from_u64(1));
    let opened = gp::open_secure_channel(&mut session, wanted, &|_| Ok(keys.clone()), &mut rng);
    assert!(opened.is_err(), "a channel with somebody who has no keys");
}

/// Somebody between terminal and card.
struct Between<'a> {
    card: Card,
    script: Script<'a>,
    commands: usize,
    earlier: Vec<u8>,
}

impl Between<'_> {
    fn changed(&mut self, kind: u8, answer: Vec<u8>) -> Vec<u8> {
        let place = usize::from(self.script.choice());
        match kind {
            0xF0..=0xF3 => {
                let mut answer = answer;
                let place = place % answer.len().max(1);
                let change = self.script.choice();
                answer.iter_mut().skip(place).take(1).for_each(|octet| *octet ^= change);
                answer
            }
            0xF4 => answer.get(..place.min(answer.len())).unwrap_or_default().to_vec(),
            0xF5 => [self.script.part(), &answer].concat(),
            0xF6 => [self.script.part(), &[0x90, 0x00]].concat(),
            0xF7 => self.script.part().to_vec(),
            0xF8 => core::mem::take(&mut self.earlier),
            0xF9 => vec![0x61, self.script.choice()],
            0xFA => vec![0x69, self.script.choice()],
            _ => answer,
        }
    }
}

impl Transport for Between<'_> {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        self.card.reset()
    }

    /// Below F0 an octet lets an exchange pass, and at the end of the script all pass.
    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
        self.commands += 1;
        assert!(self.commands < COMMANDS_MAX, "the terminal does not end");
        let kind = self.script.octet().unwrap_or_default();
        if kind == 0xFB {
            return Err(TransportError::Memory("torn".into()));
        }
        let mut command = command.to_vec();
        if kind == 0xFC {
            let (place, change) = (usize::from(self.script.choice()), self.script.choice());
            command.iter_mut().skip(place).take(1).for_each(|octet| *octet ^= change);
        }
        let answer = self.card.transmit(&command)?.to_vec();
        let kept = answer.clone();
        let answer = if kind < 0xF0 { answer } else { self.changed(kind, answer) };
        self.earlier = kept;
        Ok(answer.into())
    }
}

/// What an inspection finds good is what was issued, file for file.
fn judge(inspection: &Inspection) {
    if !inspection.is_positive() {
        return;
    }
    for file in &inspection.files {
        let issued = eac().files.get(&file.name);
        // EF.COM is signed by nobody, and the card alone says what EF.CVCA holds.
        let signed = file.name.starts_with("DG") || file.name == "EF.SOD";
        assert!(
            !signed || issued.is_some_and(|issued| *issued == *file.content),
            "{} is not what was issued",
            file.name
        );
    }
}

/// An inspection of a good card with somebody between.
pub fn inspection_between(input: &[u8]) {
    let Ok(card) = card_of(&eac().sealed) else { return assert!(input.is_empty(), "the card cannot be read") };
    let mut script = Script::new(input);
    let by_mrz = script.choice() & 1 == 1;
    let between = Between { card, script, commands: 0, earlier: Vec::new() };
    inspect(between, by_mrz);
}

/// An inspection of a card that is made of a script from the first command on.
pub fn inspection_hostile(input: &[u8]) {
    let mut script = Script::new(input);
    let by_mrz = script.choice() & 1 == 1;
    inspect(Hostile::new(script), by_mrz);
}

fn inspect(mut card: impl Transport, by_mrz: bool) {
    let issued = eac();
    let password = if by_mrz { Ok(Password::mrz(&issued.mrz_key_input)) } else { Password::can(&issued.can) };
    let (Ok(password), Some(terminal)) = (password, issued.terminal()) else { return };
    let application = &issued.profile.emrtd.instance_aid;
    let conditions = Conditions { terminal: Some(&terminal), ..Conditions::new(&issued.trust, application, NOW) };
    let (mut trace, mut rng) = (Lines::new(Vec::new()), ChaCha20Rng::seed_from_u64(4));
    if let Ok(inspection) = inspection::run(&mut card, &mut trace, &password, &conditions, &mut rng) {
        judge(&inspection);
    }
}

/// Files of a card without access control: the octet before each part is its short identifier, with bit 8 for one below
/// the master file.
struct Shown<'a> {
    files: Vec<(u8, &'a [u8])>,
    /// Bit 8 until the application is selected.
    below: u8,
    last: u8,
    commands: usize,
}

impl Transport for Shown<'_> {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        Ok(Atr(vec![0x3B, 0x80, 0x80, 0x01, 0x01]))
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
        self.commands += 1;
        assert!(self.commands < COMMANDS_MAX, "the terminal does not end");
        let word = |sw: Sw| Ok(sw.0.to_be_bytes().to_vec().into());
        let [_, ins, p1, p2, ne, ..] = *command else { return word(Sw::WRONG_LENGTH) };
        if ins == bitaqa_apdu::ins::SELECT {
            self.below = 0;
            return word(Sw::OK);
        }
        if ins != bitaqa_apdu::ins::READ_BINARY {
            return word(Sw::INS_NOT_SUPPORTED);
        }
        let offset = if p1 & 0x80 == 0 {
            usize::from(u16::from_be_bytes([p1, p2]))
        } else {
            self.last = p1 & 0x1F;
            usize::from(p2)
        };
        let Some((_, file)) = self.files.iter().find(|(sfi, _)| *sfi == self.last | self.below) else {
            return word(Sw::FILE_NOT_FOUND);
        };
        let rest = file.get(offset..).unwrap_or_default();
        let wanted = if ne == 0 { 256 } else { usize::from(ne) };
        let part = rest.get(..wanted.min(rest.len())).unwrap_or_default();
        Ok([part, &Sw::OK.0.to_be_bytes()].concat().into())
    }
}

/// An inspection of files that anybody may have put together.
pub fn inspection_of_files(input: &[u8]) {
    let mut script = Script::new(input);
    let mut files = Vec::new();
    while let Some(sfi) = script.octet() {
        files.push((sfi & 0x9F, script.part()));
    }
    inspect(Shown { files, below: 0x80, last: 0, commands: 0 }, true);
}

/// What an issuer asks a card before it is written, with somebody between.
pub fn probe_between(input: &[u8]) {
    let issued = eac();
    let mut script = Script::new(input);
    let image = if script.choice() & 1 == 0 { &issued.written } else { &issued.sealed };
    let Ok(card) = card_of(image) else { return assert!(input.is_empty(), "the card cannot be read") };
    let mut between = Between { card, script, commands: 0, earlier: Vec::new() };
    let (mut trace, mut rng) = (Totals::default(), ChaCha20Rng::seed_from_u64(6));
    let Ok(mut session) = Session::open(&mut between, &mut trace) else { return };
    let _ = probe::probe(&mut session, &issued.profile, &issued.vault(), &mut rng);
    let _ = gp::registry(&mut session, gp::Part::Applications, None);
    let _ = gp::store_dgi(&mut session, 0x0101, &[0x61; 300], false, &mut |_| ());
    let _ = gp::generate_key_pair(&mut session, 1);
}
