//! The way in: PACE that fails is never followed by BAC in silence, and tries of a PIN are not spent unheard.

use crate::document::{AT, application, card, expect, groups, inspect, inspect_by, mrz, notes, rng, trust, verdict};
use crate::scripted::{PACE_GM, ScriptedCard, infos};
use bitaqa_secure_messaging::pace::{Password, PasswordKind};
use bitaqa_terminal::inspection::{self, Conditions, Policy, TriesLeft, steps};
use bitaqa_terminal::trace::Totals;
use std::cell::RefCell;

/// A card that offers PACE, and BAC beside it.
fn offering(entries: &[&str]) -> ScriptedCard {
    let mut card = card(&groups());
    card.master_file.insert(0x1C, infos(entries));
    card
}

/// Nothing of BAC, no application in plain.
fn never_went_on(card: &ScriptedCard) -> bool {
    !card.heard("0084") && !card.heard("0082") && !card.heard("00A4")
}

#[test]
fn a_card_without_access_control_is_read_and_says_so() {
    let mut card = card(&groups());
    let found = inspect(&mut card);
    assert!(found.is_positive(), "{:#?}", found.checks);
    expect(&found, steps::CARD_ACCESS, "not_offered", "6A82");
    expect(&found, steps::PACE, "not_offered", "no EF.CardAccess");
    expect(&found, steps::BAC, "not_offered", "without access control");
    let names: Vec<&str> = found.checks.iter().map(|check| check.step.as_str()).collect();
    let expected = [
        "EF.CardAccess",
        "PACE",
        "EF.CardSecurity",
        "EF.CardSecurity signature",
        "EF.CardSecurity certificate path",
        "EF.CardAccess against EF.CardSecurity",
        "Chip Authentication Mapping",
        "eMRTD application",
        "BAC",
        "EF.SOD",
        "SOD signature",
        "DS certificate path",
        "DS certificate revocation",
        "EF.COM",
        "EF.COM against EF.SOD",
        "DG1 hash",
        "MRZ check digits",
        "DG14 hash",
        "EF.CardAccess against DG14",
        "Chip Authentication",
        "DG15 hash",
        "Active Authentication",
        "EF.CVCA",
        "Terminal Authentication",
        "DG2 hash",
    ];
    assert_eq!(names, expected);
}

#[test]
fn pace_that_fails_at_its_first_command_is_failed_and_bac_is_not_tried() {
    for word in ["6FFF", "6A80", "6982", "6D00"] {
        let mut card = offering(&[PACE_GM]);
        card.always("0022C1A4", word);
        let found = inspect(&mut card);
        expect(&found, steps::PACE, "failed", word);
        expect(&found, steps::BAC, "not_attempted", "downgrade");
        expect(&found, steps::APPLICATION, "not_attempted", "PACE");
        assert!(!found.is_positive() && never_went_on(&card), "{:02X?}", card.log);
    }
}

#[test]
fn pace_that_fails_at_any_other_step_is_failed_too() {
    let garbage = ["7C00", "7C028000", "7C0380", "", "7C12801000112233445566778899AABBCCDDEEFF9000"];
    for step in 0..4 {
        for answer in ["6FFF", "6300"].into_iter().map(str::to_owned).chain(garbage.map(|data| format!("{data}9000"))) {
            let mut card = offering(&[PACE_GM]);
            card.always("0022C1A4", "9000");
            if step > 0 {
                card.once("1086", "7C12801000112233445566778899AABBCCDDEEFF9000");
            }
            if step > 1 {
                // The generator itself: a point of the curve.
                card.once("1086", &format!("7C438241{GENERATOR}9000"));
            }
            if step > 2 {
                card.once("1086", &format!("7C438441{GENERATOR}9000"));
            }
            card.always("1086", &answer);
            card.always("0086", &answer);
            let found = inspect(&mut card);
            assert_eq!(verdict(&found, steps::PACE).0, "failed", "{step} {answer}");
            assert_eq!(verdict(&found, steps::BAC).0, "not_attempted", "{step} {answer}");
            assert!(never_went_on(&card), "{step} {answer}");
        }
    }
}

/// The base point of brainpoolP256r1.
const GENERATOR: &str = "048BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262\
                         547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997";

#[test]
fn the_downgrade_is_made_only_when_allowed_and_only_after_a_reset() {
    let mut card = offering(&[PACE_GM]);
    card.always("0022C1A4", "6FFF");
    card.always("0084", "01020304050607089000");
    card.always("0082", "6300");
    let policy = Policy { allow_downgrade: true, ..Policy::default() };
    let found = inspect_by(&mut card, &trust(), &mrz(), |conditions| Conditions { policy, ..conditions });
    expect(&found, steps::PACE, "failed", "6FFF");
    expect(&found, steps::BAC, "failed", "wrong MRZ data");
    let pace = card.log.iter().position(|sent| sent.starts_with(&[0x00, 0x22])).unwrap();
    let reset = card.log.iter().rposition(|sent| *sent == [0xFF, 0xFF]).unwrap();
    let bac = card.log.iter().position(|sent| sent.starts_with(&[0x00, 0x84])).unwrap();
    assert!(pace < reset && reset < bac, "{:02X?}", card.log);
    assert!(!found.is_positive());
}

#[test]
fn a_can_cannot_open_bac_and_says_so() {
    let mut card = card(&groups());
    card.always("00B09E", "6982");
    let found = inspect_by(&mut card, &trust(), &Password::can("123456").unwrap(), |conditions| conditions);
    expect(&found, steps::BAC, "not_attempted", "a CAN cannot open BAC, which needs the MRZ");
    assert!(!found.is_positive() && !card.heard("0084"));
}

#[test]
fn a_card_access_that_cannot_be_read_closes_the_way_to_bac() {
    for (word, verdict_of_file) in
        [("6A82", "not_offered"), ("6982", "not_offered"), ("6F00", "failed"), ("6FFF", "failed")]
    {
        let mut card = card(&groups());
        card.always("00B09C", word);
        let found = inspect(&mut card);
        assert_eq!(verdict(&found, steps::CARD_ACCESS).0, verdict_of_file, "{word}");
        assert_eq!(found.is_positive(), verdict_of_file == "not_offered", "{word}");
        assert_eq!(never_went_on(&card), verdict_of_file == "failed", "{word}");
    }
}

#[test]
fn unknown_protocols_are_skipped_with_a_note() {
    // 1.2.3.4 with an INTEGER, and a protocol of a later version of the arc of PACE.
    let unknown = ["300806032A0304020101", "300F060A04007F00070202040909020102"];
    let mut without = offering(&unknown[..1]);
    let found = inspect(&mut without);
    expect(&found, steps::PACE, "not_offered", "offers no PACE");
    assert_eq!(notes(&found, steps::CARD_ACCESS), "skipped the unknown protocol 1.2.3.4");

    let mut beside = offering(&[unknown[0], unknown[1], PACE_GM]);
    beside.always("0022C1A4", "6FFF");
    let found = inspect(&mut beside);
    expect(&found, steps::PACE, "failed", "6FFF");
    let notes = notes(&found, steps::PACE);
    assert!(notes.contains("0.4.0.127.0.7.2.2.4.9.9") && notes.contains("generic mapping"), "{notes}");

    let mut only = offering(&unknown[1..]);
    let found = inspect(&mut only);
    expect(&found, steps::PACE, "failed", "no PACE protocol of this card is spoken here");
    assert!(never_went_on(&only));
}

#[test]
fn the_strongest_of_several_offers_is_taken_and_no_other() {
    // AES-128 over P-192, AES-256 over brainpoolP512r1, AES-128 over brainpoolP256r1.
    let weak = "3012060A04007F00070202040202020102020108";
    let strong = "3012060A04007F00070202040204020102020111";
    let mut card = offering(&[weak, strong, PACE_GM]);
    card.always("0022C1A4", "6A80");
    let found = inspect(&mut card);
    assert!(notes(&found, steps::PACE).contains("AES-256, brainpoolP512r1, the strongest of 3 offers"));
    let asked: Vec<_> = card.log.iter().filter(|sent| sent.starts_with(&[0x00, 0x22])).collect();
    assert_eq!(asked.len(), 1, "no second try with a weaker offer");
    assert!(asked[0].windows(10).any(|octets| hex::encode_upper(octets) == "04007F00070202040204"));
}

/// Inspects by PIN with a card that says this to MSE:Set AT; what was heard of the tries, and the card after it.
fn by_pin(word: &str, allow_last_try: bool) -> (Vec<TriesLeft>, ScriptedCard, String) {
    let mut card = offering(&[PACE_GM]);
    card.always("0022C1A4", word);
    let heard = RefCell::new(Vec::new());
    let (trust, application) = (trust(), application());
    let conditions = Conditions {
        policy: Policy { allow_last_try, ..Policy::default() },
        tries: &|tries| heard.borrow_mut().push(tries),
        ..Conditions::new(&trust, &application, AT)
    };
    let password = Password::from_secret(PasswordKind::Pin, b"12345678");
    let found = inspection::run(&mut card, &mut Totals::default(), &password, &conditions, &mut rng(7)).unwrap();
    assert!(!found.is_positive());
    let reason = verdict(&found, steps::PACE).1;
    (heard.into_inner(), card, reason)
}

#[test]
fn tries_of_a_pin_are_told_before_one_is_spent_and_the_last_is_kept() {
    let tries = |left| vec![TriesLeft { password: PasswordKind::Pin, left }];
    for (word, left, last_try, goes_on) in [
        ("9000", None, false, true),
        ("63C2", Some(2), false, true),
        ("63C1", Some(1), false, false),
        ("63C0", Some(0), true, false),
    ] {
        let (heard, card, reason) = by_pin(word, last_try);
        assert_eq!(heard, tries(left), "{word}");
        assert_eq!(card.heard("1086"), goes_on, "{word}: {reason}");
    }
    assert!(by_pin("63C1", false).2.contains("one try left"));
    assert!(by_pin("63C0", false).2.contains("blocked"));
    assert_eq!(by_pin("6A88", false).0, [], "an answer that tells no number");
}
