//! What an order and an inspection cost on the wire, in octets and commands: numbers that depend on record, profile and
//! standards alone, held against the least that they can be.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::convert::Infallible;

use crate::line::{Line, Waits};
use crate::support::Desk;
use bitaqa_apdu::{Command, Response, Sw, Transport, ins};
use bitaqa_card::Card;
use bitaqa_card::nvm::medium::MemoryMedium;
use bitaqa_lds::security_infos::SecurityInfos;
use bitaqa_perso::execute::Station;
use bitaqa_perso::journal::MemoryJournal;
use bitaqa_perso::order::{self, Receipt};
use bitaqa_perso::{least, plan};
use bitaqa_secure_messaging::pace::{self, Password};
use bitaqa_terminal::inspection::{self, Inspection, Policy, steps};
use bitaqa_terminal::session::Limits;
use bitaqa_terminal::wire::{self, Least, Meter, PhaseCount};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

/// READ BINARY with odd INS.
const ODD: u8 = 0xB1;

/// An order on a blank card of a line, counted.
fn issued(line: &Line) -> (Card, Receipt, Meter) {
    let mut card = line.blank(Box::new(MemoryMedium::default()), &Waits::default());
    let mut meter = Meter::default();
    let station = Station {
        card: &mut card,
        trace: &mut meter,
        vault: &line.vault,
        journal: &mut MemoryJournal::default(),
        rng: &mut ChaCha20Rng::seed_from_u64(9),
        progress: &mut (),
    };
    let receipt = order::run(&line.profile, &line.person, &line.issuer, &line.conditions(), station).unwrap();
    (card, receipt, meter)
}

fn writing(meter: &Meter) -> PhaseCount {
    let phases: Vec<PhaseCount> = plan::phase::WRITING.iter().map(|phase| meter.of(phase)).collect();
    wire::joined("writing", &phases)
}

fn payload(least: &[Least]) -> usize {
    least.iter().map(|least| least.payload_bytes).sum()
}

/// A line whose chips have buffers of so many octets; 0: short length fields alone.
fn with_buffers(desk: &Desk, octets: usize) -> Line {
    let mut line = Line::of(desk);
    let chip = &mut line.profile.chip;
    if octets == 0 {
        (chip.max_command_bytes, chip.max_response_bytes) = (261, 258);
    } else {
        (chip.max_command_bytes, chip.max_response_bytes) = (octets, octets);
    }
    line
}

#[test]
fn writing_costs_the_fewest_commands_and_few_octets_beside_the_payload() {
    let line = Line::of(&Desk::new());
    let (_, receipt, meter) = issued(&line);
    for least in &receipt.least {
        let count = meter.of(&least.phase);
        assert_eq!(count.apdus.len(), least.commands, "{}: {count:?}", least.phase);
    }
    let (count, payload) = (writing(&meter), payload(&receipt.least));
    let fewest: usize = receipt.least.iter().map(|least| least.commands).sum();
    assert_eq!(count.apdus.len(), fewest);
    // 1.05 of the payload in whole numbers.
    let wire = count.wire_bytes();
    assert!(wire * 100 <= payload * 105, "{wire} octets on the wire for {payload}");
    println!("{} commands, {wire} octets for {payload}", count.apdus.len());
}

#[test]
fn blocks_are_as_long_as_the_chip_takes_and_no_longer() {
    let desk = Desk::new();
    let mut before = usize::MAX;
    for octets in [0, 1024, 2048, 8192, 32_768] {
        let line = with_buffers(&desk, octets);
        let (_, receipt, meter) = issued(&line);
        assert!(receipt.report.is_good());
        let (count, payload) = (writing(&meter), payload(&receipt.least));
        let (longest, most) =
            (count.apdus.iter().map(|apdu| apdu.sent_bytes).max(), line.profile.chip.max_command_bytes);
        assert!(longest.unwrap() <= most && longest.unwrap() + 32 > most, "{octets}: {longest:?}");
        assert_eq!(count.extended() == 0, octets == 0);
        let written = meter.of(plan::phase::WRITE).apdus.len();
        let fewest = receipt.least.iter().find(|least| least.phase == plan::phase::WRITE).unwrap().commands;
        assert_eq!(written, fewest);
        assert!(count.wire_bytes() < before, "{octets}");
        before = count.wire_bytes();
        println!(
            "{octets}: {} commands, {before} octets for {payload}, room {}",
            count.apdus.len(),
            least::room_of_command(&line.profile)
        );
    }
}

fn inspected(line: &Line, card: &mut Card, policy: Policy) -> (Inspection, Meter) {
    let order = plan::order_tag(&line.person, &line.profile, &line.vault);
    let can = Password::can(&plan::passwords(&line.profile, &line.person, &line.vault, &order).can.unwrap()).unwrap();
    let conditions = inspection::Conditions { policy, ..line.conditions() };
    let (mut meter, mut rng) = (Meter::default(), ChaCha20Rng::seed_from_u64(4));
    let found = inspection::run(card, &mut meter, &can, &conditions, &mut rng).unwrap();
    assert!(found.is_positive());
    (found, meter)
}

#[test]
fn an_inspection_costs_the_fewest_commands_that_the_standards_permit() {
    let desk = Desk::new();
    for octets in [0, 2048, 32_768] {
        let line = with_buffers(&desk, octets);
        let (mut card, ..) = issued(&line);
        let (found, meter) = inspected(&line, &mut card, Policy { fewest_commands: true, ..Policy::default() });
        let limits = Limits::of_buffers(line.profile.chip.max_command_bytes, line.profile.chip.max_response_bytes);
        let least = wire::least_inspection(&found, limits, 16, 2);
        for least in &least {
            assert_eq!(meter.of(&least.phase).apdus.len(), least.commands, "{octets}: {}", least.phase);
        }
        let fewest: usize = least.iter().map(|least| least.commands).sum();
        assert_eq!(meter.total().apdus.len(), fewest, "{octets}: {:?}", meter.report());
        // No file is as long as that it would have to be asked for beyond 32,767.
        assert_eq!(meter.total().of_ins(ODD), 0);
        // By default two more, of which one finds no file.
        let usual = inspected(&line, &mut card, Policy::default()).1;
        assert_eq!((usual.of(steps::COM).apdus.len(), usual.of(steps::CARD_SECURITY).apdus.len()), (1, 1));
        assert_eq!(usual.total().apdus.len(), fewest + 2);
        println!("inspection with {octets}: {fewest} commands");
    }
}

/// A reader that knows nothing of EF.ATR/INFO and asks for a whole photograph at once.
#[test]
fn a_reader_that_asks_for_more_than_the_buffer_gets_what_fits_and_goes_on() {
    let line = with_buffers(&Desk::new(), 2048);
    let (mut card, ..) = issued(&line);
    card.reset().unwrap();
    let order = plan::order_tag(&line.person, &line.profile, &line.vault);
    let can = plan::passwords(&line.profile, &line.person, &line.vault, &order).can.unwrap();
    let mut send = |command: Command| {
        let octets = card.transmit(&command.encode().unwrap()).unwrap();
        Ok::<_, Infallible>(Response::parse(&octets).unwrap())
    };
    let Ok(file) = send(Command::new(ins::READ_BINARY, 0x9C, 0).ne(256));
    let offers = SecurityInfos::from_der(&file.data).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let password = Password::can(&can).unwrap();
    let opened = pace::establish(&mut send, offers.pace().next().unwrap(), &password, &mut rng);
    let mut sm = opened.ok().unwrap().sm;
    let mut ask = |plain: Command| {
        let Ok(wire) = send(sm.protect_command(plain));
        (wire.data.len() + 2, sm.unprotect_response(wire).unwrap())
    };
    ask(Command::new(ins::SELECT, 0x04, 0x0C).data(line.profile.emrtd.instance_aid.as_bytes()));
    let mut read = Vec::new();
    for part in 0u16..3 {
        let [high, low] = (part * 2015).to_be_bytes();
        let p1 = if part == 0 { 0x82 } else { high };
        let (wire, answer) = ask(Command::new(ins::READ_BINARY, p1, low).ne(19_000));
        assert_eq!((answer.sw, answer.data.len()), (Sw::OK, 2015), "part {part}");
        assert!(wire <= 2048, "{wire}");
        read.extend_from_slice(&answer.data);
    }
    assert_eq!(read[0], 0x75, "the parts are those of DG2, from its beginning");
}
