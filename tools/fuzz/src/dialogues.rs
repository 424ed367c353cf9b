//! Seeds of scripts: what good terminals, good issuers and good cards say, in the forms that the targets read.

use bitaqa_apdu::{Command, dgi, ins};
use bitaqa_profile::Place;

use crate::issued::{Issued, cnie, eac};
use crate::issuer_sessions;
use crate::made;
use crate::script::part;
use crate::sessions::act;

fn octets(command: &Command) -> Vec<u8> {
    command.encode().map(|octets| octets.to_vec()).unwrap_or_default()
}

/// The act, then the command as a part.
fn with(act: u8, command: &Command) -> Vec<u8> {
    [&[act], part(&octets(command)).as_slice()].concat()
}

fn read(sfi: u8) -> Command {
    Command::new(ins::READ_BINARY, 0x80 | sfi, 0).ne(256)
}

/// READ BINARY of everything, a challenge, an attempt at a signature.
fn protected() -> Vec<u8> {
    let reads = [0x1E, 0x1D, 0x01, 0x02, 0x03, 0x0B, 0x0E].map(read);
    let challenge = Command::new(ins::GET_CHALLENGE, 0, 0).ne(8);
    let internal = Command::new(ins::INTERNAL_AUTHENTICATE, 0, 0).data([5; 8]).ne(256);
    let odd = Command::new(ins::READ_BINARY_ODD, 0, 2).data([0x54, 1, 0]).ne(256);
    let all = reads.iter().chain([&challenge, &internal, &odd]);
    all.flat_map(|command| with(act::PROTECTED, command)).collect()
}

fn plain() -> Vec<u8> {
    let open = Command::new(ins::MANAGE_CHANNEL, 0, 0).ne(1);
    let commands = [read(0x1C), read(0x1D), read(0x03), open, Command::new(ins::GET_RESPONSE, 0, 0).ne(256)];
    let gp = [
        Command::globalplatform(ins::GET_DATA, 0x9F, 0x7F).ne(256),
        Command::globalplatform(ins::INITIALIZE_UPDATE, 0, 0).data([7; 8]).ne(256),
    ];
    commands.iter().chain(&gp).flat_map(|command| with(act::PLAIN, command)).collect()
}

fn tampered() -> Vec<u8> {
    let read = part(&octets(&read(1)));
    [&[act::TAMPERED, 9, 1], read.as_slice()].concat()
}

/// Every way into a card, and what follows.
pub fn eac_card() -> Vec<Vec<u8>> {
    let (bac, can) = ([act::BAC], [act::SELECT, 0, act::PACE, 0]);
    let eac = [&can[..], &[act::SELECT, 0, act::CHIP, act::TERMINAL]].concat();
    vec![
        plain(),
        [&bac[..], &protected()].concat(),
        [&bac[..], &[act::CHIP, act::TERMINAL], &protected()].concat(),
        [&can[..], &[act::SELECT, 0], &protected()].concat(),
        [&eac[..], &protected()].concat(),
        [&bac[..], &tampered(), &protected()].concat(),
        [&bac[..], &with(act::PROTECTED, &read(1)), &[act::REPLAYED], &protected()].concat(),
        [&[act::PACE, 1, act::RESET], &plain()[..], &[act::PACE, 0x13]].concat(),
        [&[act::ISSUER, 4], &plain()[..], &protected()].concat(),
    ]
}

/// The same with the eID and its PIN.
pub fn cnie_card() -> Vec<Vec<u8>> {
    let change = Command::new(ins::CHANGE_REFERENCE_DATA, 0, 0x81).data(*b"00001234");
    let sign = Command::new(ins::PERFORM_SECURITY_OPERATION, 0x9E, 0x9A).data([9; 32]).ne(256);
    let environment = Command::new(ins::MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xB6).data([0x84, 1, 2]);
    let eid: Vec<u8> = [change, environment, sign].iter().flat_map(|one| with(act::PROTECTED, one)).collect();
    let start = [act::SELECT, 2, act::PACE, 0, act::SELECT, 2, act::PIN, 1];
    let mut all = eac_card();
    all.extend([
        [&start[..], &eid].concat(),
        [&start[..], &protected()].concat(),
        [&[act::SELECT, 2], &plain()[..]].concat(),
    ]);
    all
}

/// What an issuer does, on the cards of [`issuer_sessions`].
pub fn issuer() -> Vec<Vec<u8>> {
    use issuer_sessions::act::{CHANGE, INSTALL, OPEN, PROTECTED, PUT_KEYS, SELECT, STORE};
    let status = Command::globalplatform(ins::GET_STATUS, 0x40, 0x02).data([0x4F, 0]).ne(256);
    let data = Command::globalplatform(ins::GET_DATA, 0x00, 0xE0).ne(256);
    let asked: Vec<u8> = [status, data].iter().flat_map(|one| with(PROTECTED, one)).collect();
    let store = |p1: u8, number: u16, value: &[u8]| {
        let [high, low] = number.to_be_bytes();
        [&[STORE, p1, high, low], part(value).as_slice()].concat()
    };
    let keys = [&[PUT_KEYS, 1, 0x30], part(&[0x5A; 48]).as_slice()].concat();
    let written = [
        &[SELECT, 3, OPEN, 0][..],
        &store(0x08, dgi::ORDER_TAG, &[7; 16]),
        &store(0x68, dgi::CAN, b"123456"),
        &store(0x88, 0x0101, &[0x61, 0x02, 1, 2]),
    ]
    .concat();
    let install = |choice: u8, parameters: &[u8]| [&[INSTALL, choice, 0][..], &part(parameters)].concat();
    let mut seeds: Vec<Vec<u8>> = (0..9).map(|state| [&[state], asked.as_slice(), &keys].concat()).collect();
    let parameters = made::install_parameters().into_iter().map(|one| (0, one));
    let of_data = made::application_parameters().into_iter().map(|one| (1, one));
    for (state, (choice, parameters)) in (0..9).cycle().zip(parameters.chain(of_data)) {
        seeds.push(
            [&[state], install(choice, &parameters).as_slice(), &written, &[CHANGE, 0x43, 0x0F, CHANGE, 3, 0]].concat(),
        );
    }
    seeds.push(
        [&[3], &[SELECT, 1, OPEN, 0][..], &store(0x88, 0x0101, &[0x61, 0x02, 1, 2]), &[CHANGE, 0x41, 0x0F]].concat(),
    );
    seeds
}

/// What good cards answer, and what no card should.
pub fn answers() -> Vec<Vec<u8>> {
    let file = |name: &str| eac().files.get(name).cloned().unwrap_or_default();
    let answer = |content: &[u8]| [&[0], part(content).as_slice()].concat();
    let first = |content: Vec<u8>| content.get(..content.len().min(256)).unwrap_or_default().to_vec();
    let files = ["EF.CardAccess", "EF.COM", "DG1", "DG14"].map(|name| answer(&first(file(name))));
    let information = [0xE0, 6, 0xC0, 4, 1, 0x30, 0x88, 0x10];
    let entry = [0xE3, 0x0F, 0x4F, 5, 1, 2, 3, 4, 5, 0x9F, 0x70, 1, 0x0F, 0xC5, 1, 0];
    let update = [&[0; 10][..], &[0x30, 3, 0x70], &[1; 8], &[2; 8], &[0, 0, 1]].concat();
    let manager =
        [&answer(&[0x6F, 2, 0x84, 0])[..], &answer(&information), &answer(&[0; 45]), &answer(&entry)].concat();
    vec![
        [&[1][..], &files.concat()].concat(),
        [&[1], manager.as_slice(), &answer(&update)].concat(),
        vec![0, 0xC0, 1, 0x30],
        vec![1, 0xE5, 16],
        [&[0, 0xC4], part(&[0x61; 200]).as_slice()].concat(),
        made::limits().into_iter().flat_map(|file| [vec![1], answer(&file)].concat()).collect(),
    ]
}

/// Scripts of somebody between: nothing, one change somewhere, one after the other.
pub fn between() -> Vec<Vec<u8>> {
    let one = |place: usize| [&vec![0; place][..], &[0xF0, 3, 1]].concat();
    let mut seeds: Vec<Vec<u8>> = (0..24).map(|place| one(place * 3)).collect();
    seeds.extend([vec![0], vec![1], vec![1, 0, 0, 0xF4, 1], vec![0, 0, 0xF6, 0, 2, 1, 2], vec![0; 200]]);
    seeds
}

/// The files of issued cards as a card without access control would show them, and one with EF.CardAccess, which then
/// owes PACE.
pub fn files() -> Vec<Vec<u8>> {
    let all = |issued: &'static Issued, largest: usize, below: Place| {
        let rows = issued.profile.files.iter().filter(|file| file.place == below);
        let rows = rows.filter_map(|file| Some((file.sfi, issued.files.get(&file.name)?)));
        let rows = rows.filter(|(_, content)| content.len() <= largest);
        let bit = if below == Place::Mf { 0x80 } else { 0 };
        rows.flat_map(|(sfi, content)| [&[sfi | bit], part(content).as_slice()].concat()).collect::<Vec<u8>>()
    };
    let of = |issued, largest| all(issued, largest, Place::Lds);
    let announced = [all(eac(), 4000, Place::Mf), of(eac(), 4000)].concat();
    vec![of(eac(), 4000), of(cnie(), 4000), of(eac(), 30_000), announced]
}
