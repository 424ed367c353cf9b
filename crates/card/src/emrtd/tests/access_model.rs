//! Commands in random order, whole protocols, parts of them and rubbish, plain and protected: a model of the access
//! table beside the card says which reads may answer 9000, and no others do.

use bitaqa_apdu::fcp::Place;
use bitaqa_apdu::{Class, Command, Sw, Transport, tlv};
use bitaqa_pki::cvc::CvCertificate;
use rand::rngs::ChaCha20Rng;
use rand_core::Rng;

use super::world::{FILES, ISSUER, Line, ca_infos, can, command, content, read, rng};

/// What the terminal has proved, as somebody who reads the standards keeps it in mind.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
struct Model {
    /// The applet is selected, not the card manager.
    selected: bool,
    in_application: bool,
    /// Row of the current file in the table.
    current: Option<usize>,
    pace: bool,
    bac: bool,
    ca: bool,
    /// Bits of the effective rights: 1 DG3, 2 DG4.
    ta: Option<u8>,
    /// Once in a session.
    ta_done: bool,
}

/// The table of 9303-10 and TR-03110 for the files of the test's card, written a second time.
fn may_read(model: &Model, row: usize) -> bool {
    let (fid, _, place, _) = FILES[row];
    let session = model.pace || model.bac;
    let right = |bit: u8| model.ta.is_some_and(|rights| rights & bit != 0);
    match (place, fid) {
        (Place::Mf, 0x011C) => true,
        (_, 0x011E | 0x0101 | 0x010E | 0x011C) => session,
        (_, 0x0102) => model.pace,
        (_, 0x0107) => model.bac,
        (_, 0x0103) => session && model.ca && right(1),
        (_, 0x0104) => session && model.ca && right(2),
        (_, 0x010B) => model.pace && model.ca,
        (_, 0x010C) => model.ta.is_some(),
        _ => false,
    }
}

impl Model {
    fn after_reset() -> Self {
        Self { selected: true, ..Self::default() }
    }

    fn has_session(&self) -> bool {
        self.pace || self.bac
    }

    /// Keys and rights gone, the DF as it was.
    fn end_session(&mut self) {
        *self = Self { selected: self.selected, in_application: self.in_application, ..Self::default() };
    }

    fn holds(&self, row: usize) -> bool {
        self.selected && (FILES[row].2 == Place::Application) == self.in_application
    }

    fn select_applet(&mut self) {
        if !self.selected {
            self.end_session();
        }
        (self.selected, self.in_application, self.current, self.ta) = (true, true, None, None);
    }
}

/// One card, its terminal, the model, and what was done: printed when they part.
struct Walk {
    line: Line,
    model: Model,
    dice: ChaCha20Rng,
    log: Vec<String>,
}

/// Commands or protocols of one sequence.
const STEPS: u32 = 9;

impl Walk {
    fn new(seed: u64) -> Self {
        Self { line: Line::new(seed), model: Model::after_reset(), dice: rng(seed), log: Vec::new() }
    }

    /// The same card for the next sequence.
    fn again(&mut self, seed: u64) {
        self.reset();
        self.dice = rng(seed);
        self.log.clear();
    }

    fn roll(&mut self, sides: usize) -> usize {
        usize::try_from(self.dice.next_u32()).unwrap() % sides
    }

    fn reset(&mut self) {
        self.line.card.reset().unwrap();
        (self.line.sm, self.model) = (None, Model::after_reset());
    }

    /// Some sequences begin where chance alone hardly comes: high up in the rights.
    fn climb(&mut self) {
        let height = self.roll(5);
        if height > 0 {
            if self.roll(2) == 0 {
                self.run_bac();
            } else {
                self.run_pace();
            }
            self.select_applet();
        }
        if height > 2 {
            self.run_chip_authentication();
            self.run_terminal_authentication();
        }
        self.check_session();
    }

    fn step(&mut self) {
        let what = self.roll(24);
        self.log.push(format!("{what} in {:?}", self.model));
        match what {
            0..=4 => self.read_by_sfi(),
            5 | 6 => self.select_file(),
            7 => self.read_current(),
            8 | 9 => self.select_applet(),
            10 => self.select_card_manager(),
            11 | 12 => self.run_bac(),
            13 => self.run_pace(),
            14 | 15 => self.run_chip_authentication(),
            16 | 17 => self.run_terminal_authentication(),
            18 => self.part_of_a_protocol(),
            19 => self.rubbish(),
            20 => self.break_session(),
            21 => self.chain_and_read(),
            22 => self.reset(),
            _ => self.plain_in_session(),
        }
        self.check_session();
    }

    /// Terminal and model agree on whether there is a session.
    fn check_session(&self) {
        let spoken = self.line.sm.is_some();
        assert_eq!(spoken, self.model.has_session(), "{:#?}", self.log);
    }

    /// 9000 and the right octets exactly where the model allows it.
    fn judge(&mut self, command: Command, row: Option<usize>, odd: bool) {
        let allowed = row.is_some_and(|row| may_read(&self.model, row));
        let answer = self.line.send(command);
        let said = format!("{allowed} but {:?} for {row:?} after {:#?}", answer.sw, self.log);
        assert_eq!(answer.sw == Sw::OK || answer.sw == Sw::END_OF_FILE, allowed, "{said}");
        let Some(row) = row.filter(|_| allowed) else {
            assert!(answer.data.is_empty(), "{said}");
            return;
        };
        let (fid, _, place, _) = FILES[row];
        // Trust points, and EF.CVCA with them, do not change in a walk.
        let expected = content(fid, place)[..4].to_vec();
        let found = if odd { tlv::only(&answer.data, 0x53).unwrap() } else { &answer.data };
        assert_eq!(found, expected, "{said}");
        self.model.current = Some(row);
    }

    fn read_by_sfi(&mut self) {
        let sfi = FILES[self.roll(FILES.len())].1;
        let row = (0..FILES.len()).find(|row| FILES[*row].1 == sfi && self.model.holds(*row));
        if self.roll(3) == 0 {
            self.judge(command(0xB1, 0, sfi).data([0x54, 1, 0]).ne(6), row, true);
        } else {
            self.judge(read(sfi), row, false);
        }
    }

    fn select_file(&mut self) {
        if self.roll(4) == 0 {
            let sw = self.line.send(command(0xA4, 0, 0x0C).data([0x3F, 0])).sw;
            if self.model.selected {
                assert_eq!(sw, Sw::OK);
                (self.model.in_application, self.model.current) = (false, None);
            }
            return;
        }
        let fid = FILES[self.roll(FILES.len())].0;
        let row = (0..FILES.len()).find(|row| FILES[*row].0 == fid && self.model.holds(*row));
        let sw = self.line.send(command(0xA4, 2, 0x0C).data(fid.to_be_bytes())).sw;
        assert_eq!(sw == Sw::OK, row.is_some(), "{:#?}", self.log);
        self.model.current = row.or(self.model.current);
    }

    fn read_current(&mut self) {
        let row = self.model.current.filter(|_| self.model.selected);
        if self.roll(2) == 0 {
            self.judge(command(0xB1, 0, 0).data([0x54, 1, 0]).ne(6), row, true);
        } else {
            self.judge(command(0xB0, 0, 0).ne(4), row, false);
        }
    }

    fn select_applet(&mut self) {
        assert_eq!(self.line.select(), Sw::OK);
        self.model.select_applet();
    }

    /// It takes the session and all rights with it.
    fn select_card_manager(&mut self) {
        let isd = [0xA0, 0, 0, 1, 0x51, 0, 0, 0];
        assert_eq!(self.line.send(command(0xA4, 4, 0).data(isd).ne(256)).sw, Sw::OK);
        if self.model.selected {
            self.model.end_session();
            (self.model.selected, self.line.sm) = (false, None);
        }
    }

    fn run_bac(&mut self) {
        let expected = self.model.selected && !self.model.has_session();
        assert_eq!(self.line.bac().is_ok(), expected, "{:#?}", self.log);
        if expected {
            self.model.bac = true;
        }
    }

    fn run_pace(&mut self) {
        let right = self.roll(3) > 0;
        let password = if right { can() } else { bitaqa_secure_messaging::pace::Password::can("654321").unwrap() };
        // One run with a password of the document in a session of PACE; behind BAC it begins anew.
        let expected = right && self.model.selected && !self.model.pace;
        assert_eq!(self.line.pace(&password), expected, "{:#?}", self.log);
        if expected {
            self.model.change_session();
            self.model.pace = true;
        }
    }

    fn run_chip_authentication(&mut self) {
        let offer = self.roll(ca_infos().len());
        let expected = self.model.selected && self.model.has_session();
        assert_eq!(self.line.chip_authentication(offer), expected, "{:#?}", self.log);
        if expected {
            (self.model.ca, self.model.ta) = (true, None);
        }
    }

    fn run_terminal_authentication(&mut self) {
        let (chain, rights): (&[CvCertificate], u8) = match self.roll(4) {
            0 => (&ISSUER.dg4_chain, 2),
            1 => (&ISSUER.chain[..1], 0), // a DV that would be a terminal
            _ => (&ISSUER.chain, 3),
        };
        let ready = self.model.has_session() && self.model.ca && !self.model.ta_done;
        let expected = ready && chain.len() == 2;
        assert_eq!(self.line.terminal_authentication(chain), expected, "{:#?}", self.log);
        if expected {
            (self.model.ta, self.model.ta_done) = (Some(rights), true);
        }
    }

    /// Commands that belong to a protocol and finish none: they prove nothing, whatever comes before and behind them.
    fn part_of_a_protocol(&mut self) {
        let certificate = &ISSUER.chain[self.roll(2)];
        let name = |reference: &bitaqa_pki::cvc::Reference| tlv::tlv(0x83, reference.as_octets());
        let info = &ca_infos()[self.roll(4)];
        let set_at = [tlv::tlv(0x80, info.protocol.as_bytes()), vec![0x84, 1, 1]].concat();
        let pace = [tlv::tlv(0x80, super::world::pace_offer().info.protocol.as_bytes()), vec![0x83, 1, 2]].concat();
        let part = match self.roll(12) {
            0 => command(0x84, 0, 0).ne(8),
            1 => command(0x82, 0, 0).data([0x5A; 40]).ne(40),
            2 => command(0x82, 0, 0).data([0x5A; 64]),
            3 => command(0x22, 0xC1, 0xA4).data(pace),
            4 => command(0x86, 0, 0).class(Class(0x10)).data([0x7C, 0]).ne(256),
            5 => command(0x86, 0, 0).data(tlv::tlv(0x7C, &tlv::tlv(0x85, &[1; 8]))).ne(256),
            6 => command(0x22, 0x41, 0xA4).data(set_at),
            7 => command(0x22, 0x41, 0xA6).data([tlv::tlv(0x91, &[4; 65]), vec![0x84, 1, 1]].concat()),
            8 => command(0x22, 0x81, 0xB6).data(name(certificate.authority())),
            9 => command(0x2A, 0, 0xBE).data(certificate.command_data()),
            10 => command(0x22, 0x81, 0xA4).data(name(certificate.holder())),
            _ => command(0x88, 0, 0).data([7; 8]).ne(256),
        };
        self.line.send(part);
    }

    /// Any header but those that move between files, with any data.
    fn rubbish(&mut self) {
        const INS: [u8; 18] = [
            0x22, 0x2A, 0x47, 0x50, 0x82, 0x84, 0x86, 0x88, 0xCA, 0xCB, 0xD6, 0xD8, 0xE2, 0xE6, 0xF0, 0xF2, 0x0E, 0x20,
        ];
        let (mut header, mut data) = ([0; 3], vec![0; self.roll(40)]);
        self.dice.fill_bytes(&mut header);
        self.dice.fill_bytes(&mut data);
        let [any, p1, p2] = header;
        let ins = if self.roll(4) == 0 { 0x30 | any & 0x0F } else { INS[self.roll(INS.len())] };
        let ne = self.dice.next_u32() % 257;
        let class = Class(if self.roll(4) == 0 { 0x80 } else { 0 });
        self.line.send(command(ins, p1, p2).class(class).data(data).ne(ne));
    }

    /// An error of secure messaging, and with it everything is gone.
    fn break_session(&mut self) {
        let Some(sm) = &mut self.line.sm else { return };
        let mut wire = sm.protect_command(read(0x1E));
        let (octet, bit) = (self.dice.next_u32(), self.dice.next_u32() % 8);
        let at = usize::try_from(octet).unwrap() % wire.data.len();
        wire.data.as_mut_vec()[at] ^= 1 << bit;
        let answer = self.line.plain(&wire);
        assert!(matches!(answer.sw, Sw::SM_OBJECTS_INCORRECT | Sw::SM_OBJECTS_MISSING), "{:?}", answer.sw);
        self.line.sm = None;
        self.model.end_session();
    }

    /// A chain that was begun is no way around the rule, and is broken by the read.
    fn chain_and_read(&mut self) {
        let part = command(0x2A, 0, 0xBE).class(Class(0x10)).data([1, 2, 3]);
        self.line.send(part);
        let answer = self.line.send(read(0x1E));
        assert_eq!((answer.sw, answer.data.len()), (Sw::LAST_OF_CHAIN_EXPECTED, 0), "{:#?}", self.log);
    }

    /// Plain reads beside the session: refused, and the session ends.
    fn plain_in_session(&mut self) {
        let session = self.line.sm.is_some();
        let row = self.roll(FILES.len());
        let answer = self.line.plain(&read(FILES[row].1));
        if session {
            assert_eq!((answer.sw, answer.data.len()), (Sw::SM_OBJECTS_MISSING, 0));
            self.line.sm = None;
            self.model.end_session();
        } else if answer.sw == Sw::OK {
            let found = (0..FILES.len()).find(|other| FILES[*other].1 == FILES[row].1 && self.model.holds(*other));
            assert!(may_read(&self.model, found.unwrap()), "{:#?}", self.log);
            self.model.current = found;
        }
    }
}

impl Model {
    /// PACE behind BAC changes keys and rights within the session, and does not move in the file tree.
    fn change_session(&mut self) {
        let (current, ta_done) = (self.current, self.ta_done);
        self.end_session();
        (self.current, self.ta_done) = (current, ta_done);
    }
}

/// How often each file was readable behind a step, over the sequences on one card.
fn walk_on(card: u64) -> Vec<usize> {
    const SEQUENCES: u64 = 100;
    let (mut walk, mut opened) = (Walk::new(card), vec![0; FILES.len()]);
    for sequence in 0..SEQUENCES {
        walk.again(1_000 * card + sequence);
        walk.climb();
        for _ in 0..STEPS {
            walk.step();
            if let Some(row) = walk.model.current.filter(|row| may_read(&walk.model, *row)) {
                opened[row] += 1;
            }
        }
    }
    opened
}

/// 2,000 sequences.
#[test]
fn no_order_of_commands_reaches_a_protected_file() {
    let walk_all = |cards: std::ops::Range<u64>| move || cards.map(walk_on).collect::<Vec<_>>();
    let threads = [0..5, 5..10, 10..15, 15..20].map(|cards| std::thread::spawn(walk_all(cards)));
    let cards: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    // A walk that never opens a file would prove little: each but the one that is never readable was.
    let never: Vec<_> = (0..FILES.len()).filter(|row| cards.iter().all(|opened| opened[*row] == 0)).collect();
    assert_eq!(never.iter().map(|row| FILES[*row].0).collect::<Vec<_>>(), [0x010D]);
}
