//! Every mechanism on one card: a profile that offers PACE in each mapping and cipher over each standardised group, and
//! a Chip Authentication key in each of them. The card is issued by the program; then our terminal opens it by each
//! offer and each password, and speaks in the session.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::OnceLock;

use crate::line::{SeededPlatform, Waits};
use crate::support::{Desk, run};
use bitaqa_apdu::{Aid, Bytes, Transport};
use bitaqa_card::Card;
use bitaqa_card::nvm::medium::MemoryMedium;
use bitaqa_curves::Domain;
use bitaqa_lds::card_access::CardAccess;
use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::mrz::Mrz;
use bitaqa_lds::security_infos::{ID_SECURITY_OBJECT, SecurityInfos};
use bitaqa_pki::SignedContent;
use bitaqa_secure_messaging::pace::{self, Mapping, Offer, Password, PasswordKind, Request, Suite};
use bitaqa_secure_messaging::{TerminalError, ca};
use bitaqa_terminal::emrtd;
use bitaqa_terminal::session::{Session, SessionError};
use bitaqa_terminal::trace::Totals;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

const EF_CARD_ACCESS: u8 = 0x1C;
const EF_CARD_SECURITY: u8 = 0x1D;
const EF_COM: u8 = 0x1E;
const EF_DG14: u8 = 0x0E;

/// Every pair of a protocol and a group that 9303-11 §9.5.1 allows, out of its two lists and one exception.
fn offers() -> Vec<(String, u8)> {
    let ciphers = ["3DES-CBC-CBC", "AES-CBC-CMAC-128", "AES-CBC-CMAC-192", "AES-CBC-CMAC-256"];
    let mut offers = Vec::new();
    for id in [0, 1, 2] {
        for mapping in ["GM", "IM"] {
            offers.extend(ciphers.map(|cipher| (format!("id-PACE-DH-{mapping}-{cipher}"), id)));
        }
    }
    for id in 8..=18 {
        offers.extend(ciphers.map(|cipher| (format!("id-PACE-ECDH-GM-{cipher}"), id)));
        if id != 10 {
            offers.extend(ciphers.map(|cipher| (format!("id-PACE-ECDH-IM-{cipher}"), id)));
        }
        offers.extend(ciphers[1..].iter().map(|cipher| (format!("id-PACE-ECDH-CAM-{cipher}"), id)));
    }
    offers
}

/// The laboratory profile of chip authentication mapping with all of them, and a key of Chip Authentication a group.
fn profile() -> String {
    let text = include_str!("../../../card-profiles/lab-cam.toml");
    let mut infos = String::from("infos = [\n");
    for (protocol, id) in offers() {
        writeln!(infos, "    {{ protocol = \"{protocol}\", parameter_id = {id} }},").unwrap();
    }
    let mut keys = String::from("keys = [\n");
    for (key_id, id) in (0..=2).chain(8..=18).enumerate() {
        let family = if id < 3 { "DH" } else { "ECDH" };
        let protocols = ["3DES-CBC-CBC", "AES-CBC-CMAC-128", "AES-CBC-CMAC-192", "AES-CBC-CMAC-256"];
        let protocols = protocols.map(|cipher| format!("\"id-CA-{family}-{cipher}\"")).join(", ");
        // Key numbers of their own: those of the mapping are the parameter ids.
        writeln!(keys, "    {{ key_id = {}, parameter_id = {id}, protocols = [{protocols}] }},", 100 + key_id).unwrap();
    }
    let text = replace_list(text, "infos = [", &(infos + "]"));
    let text = replace_list(&text, "keys = [", &(keys + "]"));
    let mut sized = String::new();
    for (position, file) in text.split("[[file]]").enumerate() {
        sized.push_str(if position == 0 { "" } else { "[[file]]" });
        let large =
            ["EF.CardAccess", "EF.CardSecurity", "DG14"].iter().any(|name| file.contains(&format!("\"{name}\"")));
        let line = file.lines().find(|line| line.starts_with("size_max")).filter(|_| large && position > 0);
        sized.push_str(&line.map_or_else(|| file.to_owned(), |line| file.replace(line, "size_max = 24000")));
    }
    sized
}

/// Replaces a list of tables: from `head` to the bracket that closes it.
fn replace_list(text: &str, head: &str, list: &str) -> String {
    let start = text.find(head).unwrap_or_else(|| panic!("no {head}"));
    let mut depth = 0;
    let length = text[start..].char_indices().find_map(|(at, letter)| {
        depth += match letter {
            '[' => 1,
            ']' => -1,
            _ => 0,
        };
        (letter == ']' && depth == 0).then_some(at + 1)
    });
    [&text[..start], list, &text[start + length.unwrap()..]].concat()
}

/// The card with all of it.
struct World {
    image: Vec<u8>,
    passwords: [Password; 2],
    offers: Vec<Offer>,
}

impl World {
    /// One card for all tests: issuing it makes some two dozen key pairs.
    fn issued() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::issue)
    }

    fn issue() -> Self {
        let desk = Desk::new();
        std::fs::write(desk.path("everything.toml"), profile()).unwrap();
        let mut record = desk.record_json();
        record["fingerprints"] = serde_json::json!([]);
        desk.write_record(&record);
        let (profile, image) = (desk.arg("everything.toml"), desk.arg("all.image"));
        run(&["card", "new", "--profile", &profile, "--image", &image]).expect_code(0);
        let (record, pki) = (desk.arg("applicant/record.json"), desk.arg("pki"));
        let order = ["personalise", "--profile", &profile, "--applicant", &record, "--pki", &pki, "--image", &image];
        run(&[&order[..], &["--yes"]].concat()).expect_code(0);
        let image = std::fs::read(desk.path("all.image")).unwrap();
        let mrz = Mrz::parse(&desk.mrz_lines().join("\n")).unwrap();
        let passwords = [Password::can(&desk.can()).unwrap(), Password::mrz(&mrz.key_input())];
        let mut world = Self { image, passwords, offers: Vec::new() };
        let mut card = world.card(0);
        let access = emrtd::read_file(&mut session(&mut card, &mut Totals::default()), EF_CARD_ACCESS).unwrap();
        let offers = pace::offers(&CardAccess::decode(&access).unwrap().infos);
        assert!(offers.skipped.is_empty());
        world.offers = offers.spoken;
        world
    }

    /// The card in the hands of a thread of its own.
    fn card(&self, seed: u64) -> Card {
        // Not the seed of the terminal: both sides would draw the same keys, and refuse each other as mirrors.
        let platform = Box::new(SeededPlatform::new(1000 + seed, &Waits::default()));
        Card::load(Box::new(MemoryMedium::with(self.image.clone())), platform).unwrap()
    }
}

fn session<'a>(card: &'a mut Card, totals: &'a mut Totals) -> Session<'a> {
    Session::open(card, totals).unwrap()
}

/// PACE, then a file under it; chip authentication mapping proves its key out of EF.CardSecurity.
fn open(card: &mut Card, offer: &Offer, password: &Password, rng: &mut ChaCha20Rng) -> Bytes {
    let mut totals = Totals::default();
    let mut session = session(card, &mut totals);
    let established =
        pace::establish_with(&mut |command| session.send(command), offer, Request::default(), password, rng);
    let established = established.unwrap_or_else(|error| panic!("{:?}: {error}", offer.suite));
    session.protect_with(established.sm);
    assert_eq!(established.chip_authentication.is_some(), offer.suite.mapping == Mapping::ChipAuthentication);
    if let Some(proof) = established.chip_authentication {
        let file = emrtd::read_file(&mut session, EF_CARD_SECURITY).unwrap();
        let signed = SignedContent::parse(&file, ID_SECURITY_OBJECT).unwrap();
        let infos = SecurityInfos::from_der(signed.content()).unwrap();
        let keys: Vec<_> = infos.chip_authentication_keys().cloned().collect();
        proof.verify(&keys).unwrap_or_else(|error| panic!("{:?}: {error}", offer.suite));
        assert!(proof.verify(&[]).is_err());
    }
    emrtd::select_application(&mut session, &Aid::new(&emrtd::APPLICATION).unwrap()).unwrap();
    emrtd::read_file(&mut session, EF_COM).unwrap()
}

#[test]
fn each_offer_opens_the_card_by_can_and_by_mrz() {
    let world = World::issued();
    assert_eq!(world.offers.len(), offers().len());
    let groups: BTreeSet<u8> = world.offers.iter().map(|offer| offer.suite.domain.parameter_id()).collect();
    let standardised: BTreeSet<u8> = Domain::STANDARDISED.iter().map(|domain| domain.parameter_id()).collect();
    assert_eq!(groups, standardised);
    let protocols: BTreeSet<_> = world.offers.iter().map(|offer| offer.suite.protocol).collect();
    assert_eq!(protocols, pace::MECHANISMS.iter().copied().collect());

    let runs: Vec<(&Offer, &Password)> =
        world.offers.iter().flat_map(|offer| world.passwords.iter().map(move |password| (offer, password))).collect();
    let halves = runs.split_at(runs.len() / 2);
    let work = &|(seed, runs): (u64, &[(&Offer, &Password)])| {
        let (mut card, mut rng) = (world.card(seed), ChaCha20Rng::seed_from_u64(seed));
        let read = runs.iter().map(|(offer, password)| open(&mut card, offer, password, &mut rng).to_vec());
        read.collect::<BTreeSet<_>>()
    };
    let contents: BTreeSet<Vec<u8>> = std::thread::scope(|scope| {
        let threads = [(1, halves.0), (2, halves.1)].map(|half| scope.spawn(move || work(half)));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(contents.len(), 1, "one EF.COM, whatever opened the card");
    eprintln!("{} sessions: {} offers over {} groups, CAN and MRZ", runs.len(), world.offers.len(), groups.len());
}

#[test]
fn each_key_of_dg14_makes_a_new_session_in_each_of_its_ciphers() {
    let world = World::issued();
    let (mut card, mut rng) = (world.card(3), ChaCha20Rng::seed_from_u64(3));
    let fast = world.offers.iter().find(|offer| offer.suite.domain.parameter_id() == 12).unwrap();
    let mut done = BTreeSet::new();
    let mut infos: Option<SecurityInfos> = None;
    loop {
        let mut totals = Totals::default();
        let mut session = session(&mut card, &mut totals);
        let request = Request::default();
        let send = &mut |command| session.send(command);
        let established = pace::establish_with(send, fast, request, &world.passwords[0], &mut rng).unwrap();
        session.protect_with(established.sm);
        emrtd::select_application(&mut session, &Aid::new(&emrtd::APPLICATION).unwrap()).unwrap();
        let infos =
            infos.get_or_insert_with(|| Dg14::decode(&emrtd::read_file(&mut session, EF_DG14).unwrap()).unwrap().infos);
        let mut open = infos.chip_authentication().filter(|info| !done.contains(&(info.protocol, info.key_id)));
        let Some(info) = open.next() else { break };
        let key = infos.chip_authentication_keys().find(|key| key.key_id == info.key_id).unwrap();
        let agreed = ca::agree(&mut |command| session.send(command), info, key, &mut rng);
        session.protect_with(agreed.unwrap_or_else(|error| panic!("{info:?}: {error}")).sm);
        assert!(!emrtd::read_file(&mut session, EF_COM).unwrap().is_empty());
        done.insert((info.protocol, info.key_id));
    }
    let protocols: BTreeSet<_> = done.iter().map(|(protocol, _)| *protocol).collect();
    assert_eq!(protocols, ca::MECHANISMS.iter().copied().collect());
    assert_eq!(done.len(), 4 * Domain::STANDARDISED.len());
    eprintln!("{} new sessions: {} protocols, {} keys", done.len(), protocols.len(), Domain::STANDARDISED.len());
}

/// One wrong password for each mapping and family: refused by the card's token check, and no session is there.
#[test]
fn a_wrong_password_opens_nothing_whatever_the_mapping() {
    let world = World::issued();
    let (mut card, mut rng) = (world.card(4), ChaCha20Rng::seed_from_u64(4));
    let wrong = Password::from_secret(PasswordKind::Can, b"000000x");
    let mut seen: Vec<(Mapping, bool)> = Vec::new();
    for offer in &world.offers {
        let Suite { mapping, domain, .. } = offer.suite;
        let kind = (mapping, matches!(domain, Domain::Dh(_)));
        if seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        let mut totals = Totals::default();
        let mut session = session(&mut card, &mut totals);
        let send = &mut |command| session.send(command);
        let refused = pace::establish_with(send, offer, Request::default(), &wrong, &mut rng);
        assert!(
            matches!(refused, Err(TerminalError::Protocol(pace::PaceError::PasswordRefused(_)))),
            "{:?}",
            offer.suite
        );
        let closed = emrtd::read_file(&mut session, EF_CARD_SECURITY);
        assert!(matches!(closed, Err(SessionError::Status { .. })));
    }
    assert_eq!(seen.len(), 5);
    card.reset().unwrap();
}
