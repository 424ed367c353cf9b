//! What must not work, and how it says so: wrong passwords, wrong trust, changed files, a card used twice.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use crate::line::{Line, SeededPlatform, Waits};
use crate::support::{Desk, checks, run, verdict};
use bitaqa_apdu::{Aid, Command, Response, Sw, Transport, ins};
use bitaqa_card::Card;
use bitaqa_card::nvm::medium::{FileMedium, MemoryMedium};
use bitaqa_lds::mrz::{Mrz, Td1Fields};
use bitaqa_lds::security_infos::SecurityInfo;
use bitaqa_perso::journal::MemoryJournal;
use bitaqa_perso::plan;
use bitaqa_perso::probe::{self, KeyRole};
use bitaqa_secure_messaging::pace::Password;
use bitaqa_terminal::inspection;
use bitaqa_terminal::session::Session;
use bitaqa_terminal::trace::Totals;
use bitaqa_terminal::{emrtd, gp};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

#[test]
fn a_wrong_can_is_refused_in_words_and_the_card_survives() {
    let desk = Desk::issued();
    let wrong = if desk.can() == "000000" { "000001" } else { "000000" };
    let refused = desk.inspect(&["--can", wrong, "--json"]).expect_code(5);
    let report: serde_json::Value =
        serde_json::Deserializer::from_str(&refused.stdout).into_iter().next().unwrap().unwrap();
    let pace = checks(&report["checks"]).into_iter().find(|(step, _, _)| step == "PACE").unwrap();
    assert_eq!(pace.1, "failed");
    assert!(pace.2.unwrap().contains("wrong CAN"));
    desk.inspect(&[]).expect_code(0);
}

#[test]
fn the_delay_grows_with_wrong_passwords_and_ends_with_a_right_one() {
    let desk = Desk::new();
    let line = Line::of(&desk);
    let waits = Waits::default();
    let mut card = line.blank(Box::new(MemoryMedium::default()), &waits);
    line.order(&mut card, &mut MemoryJournal::default(), 1).unwrap();
    let order = plan::order_tag(&line.person, &line.profile, &line.vault);
    let can = plan::passwords(&line.profile, &line.person, &line.vault, &order).can.unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let mut inspect = |card: &mut Card, can: &str| {
        let password = Password::can(can).unwrap();
        inspection::run(card, &mut Totals::default(), &password, &line.conditions(), &mut rng).unwrap().is_positive()
    };
    waits.lock().unwrap().clear();
    let wrong = if *can == *"123456" { "654321" } else { "123456" };
    for _ in 0..4 {
        assert!(!inspect(&mut card, wrong));
    }
    assert!(inspect(&mut card, &can));
    assert!(inspect(&mut card, &can));
    let delay = line.profile.pace.failure_delay;
    let expected: Vec<u32> = [0, 1, 2, 3, 4, 0].map(|failures| delay.after(failures)).into();
    assert_eq!(*waits.lock().unwrap(), expected);
    assert!(expected.windows(2).take(4).all(|pair| pair[0] < pair[1]), "{expected:?}");
}

#[test]
fn the_cin_is_not_the_document_number() {
    let desk = Desk::issued();
    let right = Mrz::parse(&desk.mrz_lines().join("\n")).unwrap();
    let today = bitaqa_cli::world::today();
    let wrong = Mrz::build(&Td1Fields {
        document_code: right.document_code().into(),
        issuing_state: right.issuing_state().into(),
        document_number: right.optional_1().trim_end_matches('<').into(),
        optional_1: right.optional_1().trim_end_matches('<').into(),
        birth: right.birth_date(today).unwrap(),
        sex: right.sex(),
        expiry: right.expiry_date(today).unwrap(),
        nationality: right.nationality().into(),
        optional_2: String::new(),
        surname: right.surname(),
        given_names: right.given_names(),
    });
    let lines = wrong.unwrap().lines().join("\n");
    let refused = desk.inspect(&["--mrz", &lines]).expect_code(5);
    assert!(refused.stderr.contains("wrong MRZ data"), "{refused:?}");
    desk.inspect(&["--mrz", &desk.mrz_lines().concat()]).expect_code(0);
}

#[test]
fn prints_stay_closed_to_a_terminal_without_certificates() {
    let desk = Desk::issued();
    let (pki, image, can) = (desk.arg("pki"), desk.arg("card.image"), desk.can());
    let report = run(&["inspect", "--image", &image, "--can", &can, "--trust", &pki, "--json"]).expect_code(0).json();
    assert_eq!(verdict(&report, "Terminal Authentication"), "not_attempted");
    let dg3 = checks(&report["checks"]).into_iter().find(|(step, _, _)| step == "DG3 hash").unwrap();
    assert_eq!(dg3.1, "not_attempted");
    assert!(dg3.2.unwrap().contains("6982"));
    assert_eq!(verdict(&report, "EF.Optional"), "not_attempted");
    let without_trust = run(&["inspect", "--image", &image, "--can", &can]).expect_code(5);
    assert!(without_trust.stderr.contains("no CSCA certificate is trusted"), "{without_trust:?}");
}

#[test]
fn one_changed_octet_in_a_file_is_named() {
    let desk = Desk::issued();
    desk.inspect(&["--out", &desk.arg("read")]).expect_code(0);
    let image = std::fs::read(desk.image()).unwrap();
    let files = ["DG1", "DG2", "DG3", "DG11", "DG12", "DG13", "DG14", "EF.SOD", "EF.COM", "EF.CardAccess"];
    for name in files {
        let content = std::fs::read(desk.path(&format!("read/{name}.bin"))).unwrap();
        let at = image.windows(content.len()).position(|window| window == content).unwrap();
        let mut changed = image.clone();
        changed[at + content.len() - 1] ^= 0x01;
        std::fs::write(desk.image(), changed).unwrap();
        let refused = desk.inspect(&[]).expect_code(5);
        let place = if name == "EF.SOD" { "SOD signature" } else { name };
        assert!(refused.stderr.contains(place), "{name}: {}", refused.stderr);
        assert!(refused.stderr.contains("not as written"), "{name}: the operator was not warned: {}", refused.stderr);
    }
}

#[test]
fn a_document_signer_of_another_csca_is_a_path_failure() {
    let desk = Desk::issued();
    run(&["pki", "init", &desk.arg("other")]).expect_code(0);
    let (own, other, image, can) = (desk.arg("pki"), desk.arg("other"), desk.arg("card.image"), desk.can());
    let arguments = ["inspect", "--image", &image, "--can", &can, "--trust", &other, "--terminal", &own, "--json"];
    let refused = run(&arguments).expect_code(5);
    let report: serde_json::Value =
        serde_json::Deserializer::from_str(&refused.stdout).into_iter().next().unwrap().unwrap();
    assert_eq!(verdict(&report, "DS certificate path"), "failed");
    assert_eq!(verdict(&report, "SOD signature"), "passed");
    let reason = checks(&report["checks"]).into_iter().find(|(step, _, _)| step == "DS certificate path").unwrap().2;
    assert!(reason.unwrap().contains("not signed by the trusted CSCA"));
    // A terminal of another CVCA gets nowhere either.
    let arguments = ["inspect", "--image", &image, "--can", &can, "--trust", &own, "--terminal", &other];
    assert!(run(&arguments).expect_code(5).stderr.contains("Terminal Authentication"));
}

#[test]
fn a_card_is_issued_once() {
    let desk = Desk::issued();
    let again = desk.personalise(&[]).expect_code(4);
    assert!(again.stderr.contains("already issued") && again.stderr.contains("PERSONALIZED"), "{again:?}");
    // Another record changes nothing, and leaves nothing behind.
    let (record, print_data) = (desk.record_json(), std::fs::read(desk.print_data()).unwrap());
    let mut other = record.clone();
    other["names"]["latin"]["given"] = "OTHER".into();
    desk.write_record(&other);
    let refused = desk.personalise(&[]).expect_code(4);
    assert!(refused.stderr.contains("already personalised and sealed"), "{refused:?}");
    assert_eq!(std::fs::read(desk.print_data()).unwrap(), print_data);
    desk.write_record(&record);
    // Without the journal nobody knows whose card it is: refused all the same.
    std::fs::remove_file(desk.journal()).unwrap();
    let unknown = desk.personalise(&[]).expect_code(4);
    assert!(unknown.stderr.contains("already personalised and sealed"), "{unknown:?}");
    desk.inspect(&[]).expect_code(0);
}

#[test]
fn a_card_begun_for_one_record_takes_no_other() {
    let desk = Desk::new();
    let line = Line::of(&desk);
    let waits = Waits::default();
    let medium = FileMedium::open(&desk.image()).unwrap();
    let mut card = Card::load(Box::new(medium), Box::new(SeededPlatform::new(3, &waits))).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    begin(&line, &mut card, &mut rng);
    drop(card);
    let mut record = desk.record_json();
    record["names"]["latin"]["given"] = "OTHER".into();
    desk.write_record(&record);
    let refused = desk.personalise(&[]).expect_code(4);
    assert!(refused.stderr.contains("begun for another order"), "{refused:?}");
    // Another issuer's keys are told apart before the card is asked to check them.
    run(&["pki", "init", &desk.arg("other")]).expect_code(0);
    let refused = desk.personalise(&["--pki", &desk.arg("other")]);
    assert!(refused.code == 2 || refused.stderr.contains("cryptogram"), "{refused:?}");
}

/// Prepares the card for the line's order and writes nothing else.
fn begin(line: &Line, card: &mut Card, rng: &mut ChaCha20Rng) {
    let mut totals = Totals::default();
    let mut session = Session::open(card, &mut totals).unwrap();
    let chip = probe::probe(&mut session, &line.profile, &line.vault, rng).unwrap();
    let order = plan::order_tag(&line.person, &line.profile, &line.vault);
    let prepare = plan::prepare((&line.profile, &line.person), &chip, order, &line.vault).unwrap();
    let mut journal = MemoryJournal::default();
    let mut desk = bitaqa_perso::execute::Desk { vault: &line.vault, journal: &mut journal, rng, progress: &mut () };
    bitaqa_perso::execute::execute(&prepare, &line.profile, &mut session, &mut desk).unwrap();
}

#[test]
fn nothing_writes_to_a_sealed_card() {
    let desk = Desk::new();
    let line = Line::of(&desk);
    let waits = Waits::default();
    let medium = MemoryMedium::default();
    let mut card = line.blank(Box::new(medium.clone()), &waits);
    line.order(&mut card, &mut MemoryJournal::default(), 1).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    let mut totals = Totals::default();
    let mut session = Session::open(&mut card, &mut totals).unwrap();
    let (isd, instance) = (&line.profile.chip.isd_aid, &line.profile.emrtd.instance_aid);
    // The application has no secure channel any more.
    gp::select(&mut session, instance).unwrap();
    let opened = probe::open_channel(&mut session, KeyRole::Issuer, &line.profile, &line.vault, &mut rng);
    assert!(format!("{:?}", opened.unwrap_err()).contains("6985"));
    // The card manager has one, for the issuer; it leads to no file and back to no earlier state.
    gp::select(&mut session, isd).unwrap();
    probe::open_channel(&mut session, KeyRole::Issuer, &line.profile, &line.vault, &mut rng).unwrap();
    let aid = instance.as_bytes();
    let lengths = [&[0, 0, u8::try_from(aid.len()).unwrap()], aid, &[0, 0, 0]].concat();
    let personalization = Command::globalplatform(ins::INSTALL, 0x20, 0).data(lengths).ne(256);
    assert_eq!(session.send(personalization).unwrap().sw, Sw::OK);
    let store = Command::globalplatform(ins::STORE_DATA, 0x88, 0).data([0x01, 0x01, 0x01, 0xFF]);
    assert_eq!(session.send(store).unwrap().sw, Sw::CONDITIONS_NOT_SATISFIED);
    let back = Command::globalplatform(ins::SET_STATUS, 0x40, 0x07).data(aid);
    assert_eq!(session.send(back).unwrap().sw, Sw::CONDITIONS_NOT_SATISFIED);
    let back = Command::globalplatform(ins::SET_STATUS, 0x80, 0x07);
    assert_eq!(session.send(back).unwrap().sw, Sw::CONDITIONS_NOT_SATISFIED);
    drop(session);
    for command in [
        Command::new(0xD6, 0x81, 0).data([0]),
        Command::globalplatform(ins::STORE_DATA, 0x88, 0).data([0x01, 0x01, 0x01, 0xFF]),
        Command::globalplatform(ins::GENERATE_ASYMMETRIC_KEY_PAIR, 0x80, 0).ne(256),
    ] {
        card.reset().unwrap();
        let response = plain(&mut card, &command);
        assert!(matches!(response.sw, Sw::INS_NOT_SUPPORTED | Sw::CLA_NOT_SUPPORTED), "{response:?}");
    }
}

fn plain(card: &mut Card, command: &Command) -> Response {
    Response::parse(&card.transmit(&command.encode().unwrap()).unwrap()).unwrap()
}

#[test]
fn a_plain_command_ends_the_session() {
    let desk = Desk::new();
    let line = Line::of(&desk);
    let mut card = line.blank(Box::new(MemoryMedium::default()), &Waits::default());
    line.order(&mut card, &mut MemoryJournal::default(), 1).unwrap();
    let order = plan::order_tag(&line.person, &line.profile, &line.vault);
    let password =
        Password::can(&plan::passwords(&line.profile, &line.person, &line.vault, &order).can.unwrap()).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    let mut totals = Totals::default();
    let mut session = Session::open(&mut card, &mut totals).unwrap();
    let infos = emrtd::read_file(&mut session, 0x1C).unwrap();
    let infos = bitaqa_lds::card_access::CardAccess::decode(&infos).unwrap().infos.infos;
    let SecurityInfo::Pace(info) = &infos[0] else { panic!("no PACE") };
    let offer = bitaqa_secure_messaging::pace::Offer::of(info).unwrap();
    let established = emrtd::pace(&mut session, &offer, &password, &mut |_| Ok(()), &mut rng).unwrap();
    session.protect_with(established.sm);
    emrtd::select_application(&mut session, &Aid::new(&emrtd::APPLICATION).unwrap()).unwrap();
    emrtd::read_file(&mut session, 0x01).unwrap();
    let closed = emrtd::read_file(&mut session, 0x03).unwrap_err();
    assert_eq!(closed.sw(), Some(Sw::SECURITY_STATUS_NOT_SATISFIED));
    drop(session);
    let read = Command::new(ins::READ_BINARY, 0x81, 0).ne(256);
    assert_eq!(plain(&mut card, &read), Response::from(Sw::SM_OBJECTS_MISSING));
    assert_eq!(plain(&mut card, &read), Response::from(Sw::SECURITY_STATUS_NOT_SATISFIED));
}
