//! Input that no honest card sends: every one gets a verdict with the field named, and every inspection ends.

use crate::document::{AT, application, bad, card, dg1, expect, groups, inspect, mrz, only_bad, rng, trust};
use crate::scripted::{PACE_GM, ScriptedCard, infos};
use bitaqa_apdu::tlv::tlv;
use bitaqa_apdu::{Atr, Bytes, Transport, TransportError};
use bitaqa_terminal::inspection::{self, Conditions, Policy, steps};
use bitaqa_terminal::trace::Totals;
use proptest::prelude::*;

#[test]
fn malformed_security_infos_fail_the_file_and_name_the_entry() {
    let whole = infos(&[PACE_GM]);
    for (content, part) in [
        (vec![0x31, 0x05, 0x30, 0x03, 0x06, 0x01], "ends after 6 of 7 octets"),
        (vec![0x30, 0x00], "SEQUENCE"),
        (tlv(0x31, &[0x04, 0x00]), "SecurityInfo 1"),
        (tlv(0x31, &[0x30, 0x00]), "SecurityInfo 1, protocol"),
        // PACEInfo without version, with a version of text, with a parameter beyond an octet.
        (infos(&["300C060A04007F00070202040202"]), "SecurityInfo 1 (PACEInfo), version"),
        (infos(&["300F060A04007F000702020402020C0131"]), "SecurityInfo 1 (PACEInfo), version"),
        (infos(&["3013060A04007F0007020204020202010202020100"]), "SecurityInfo 1 (PACEInfo), parameterId"),
        (infos(&[PACE_GM, "300D060804007F00070202020C0131"]), "SecurityInfo 2 (TerminalAuthenticationInfo), version"),
        (infos(&[PACE_GM, "3003020101"]), "SecurityInfo 2, protocol"),
        ([&whole[..], &[0x00]].concat(), "passed"),
    ] {
        let mut card = card(&groups());
        card.master_file.insert(0x1C, content.clone());
        card.always("0022C1A4", "6A80");
        let found = inspect(&mut card);
        if part == "passed" {
            // Octets behind the object belong to the file and not to its content.
            expect(&found, steps::CARD_ACCESS, "passed", "");
            continue;
        }
        let reason = found.verdict(steps::CARD_ACCESS).unwrap().reason().unwrap_or_default();
        assert!(bad(&found).contains(&steps::CARD_ACCESS) || bad(&found) == [steps::PACE], "{content:02X?}: {reason}");
        assert!(reason.contains(part), "{content:02X?}: {reason}");
        assert!(!card.heard("0084"), "no BAC: {content:02X?}");
    }
}

#[test]
fn a_file_that_lies_about_its_length_fails_its_step_and_no_other() {
    let big = |length: &str| hex::decode(format!("75{length}")).unwrap();
    for (content, part) in [
        (big("84FFFFFFFF"), "at most"),
        (big("83100001"), "at most"),
        (big("80"), "length"),
        (big("8500FFFFFFFF"), "length"),
        (big("82FFFF"), "ends after 4 of"),
        (big("81"), "shorter than a TLV header"),
        (vec![0x75], "shorter than a TLV header"),
        (vec![], "shorter than a TLV header"),
        (vec![0x5F, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x00], "tag"),
    ] {
        let mut card = card(&groups());
        card.application.insert(2, content.clone());
        let found = inspect(&mut card);
        assert_eq!(bad(&found), ["DG2 hash"], "{content:02X?}");
        let reason = found.verdict("DG2 hash").unwrap().reason().unwrap();
        assert!(reason.contains(part) && reason.contains("READ BINARY SFI 02"), "{content:02X?}: {reason}");
    }
}

#[test]
fn a_card_that_gives_its_file_in_drops_is_left_in_the_end() {
    let mut card = card(&groups());
    let mut is_dg2 = false;
    card.compute("00B0", move |command| match command[2] {
        0x82 => {
            is_dg2 = true;
            hex::decode("75830F00009000").unwrap()
        }
        0..0x80 if is_dg2 => vec![0x00, 0x90, 0x00],
        _ => Vec::new(),
    });
    let found = inspect(&mut card);
    expect(&found, "DG2 hash", "failed", "pieces");
}

#[test]
fn responses_without_end_are_left() {
    for answer in ["6100", "0061FF"] {
        let mut card = card(&groups());
        card.once("00B082", "6100");
        card.always("00C0", answer);
        let found = inspect(&mut card);
        assert_eq!(bad(&found), ["DG2 hash"], "{answer}");
    }
    let mut circle = card(&groups());
    circle.always("00B082", "6C10");
    expect(&inspect(&mut circle), "DG2 hash", "failed", "6C10");
}

#[test]
fn an_ef_sod_that_is_none_fails_with_its_field_and_leaves_the_rest_undone() {
    let good = card(&groups()).application[&0x1D].clone();
    let mut wrong_tag = good.clone();
    wrong_tag[0] = 0x78;
    for content in [tlv(0x77, &[]), tlv(0x77, &[0x30, 0x00]), wrong_tag, tlv(0x77, &good[4..good.len() / 2])] {
        let mut card = card(&groups());
        card.application.insert(0x1D, content.clone());
        let found = inspect(&mut card);
        only_bad(&found, &[steps::SOD]);
        let reason = found.verdict(steps::SOD).unwrap().reason().unwrap();
        assert!(reason.contains("EF.SOD"), "{reason}");
        for step in [steps::SOD_SIGNATURE, steps::PATH, steps::REVOCATION, steps::DG1, "DG14 hash"] {
            expect(&found, step, "not_attempted", "EF.SOD is missing");
        }
    }
}

/// The signature in EF.SOD is the last object: SEQUENCE { r, s }.
#[test]
fn a_signature_of_the_document_signer_with_r_or_s_zero_is_refused() {
    let good = card(&groups()).application[&0x1D].clone();
    let place = good.len() - signature_octets(&good);
    for zeros in [(true, false), (false, true), (true, true)] {
        let mut content = good.clone();
        let r = place + 2;
        let r_octets = usize::from(content[r + 1]);
        let s = r + 2 + r_octets;
        let s_octets = usize::from(content[s + 1]);
        // The same lengths: the value is zero, however many octets it has.
        if zeros.0 {
            content[r + 2..r + 2 + r_octets].fill(0);
        }
        if zeros.1 {
            content[s + 2..s + 2 + s_octets].fill(0);
        }
        let mut card = card(&groups());
        card.application.insert(0x1D, content);
        only_bad(&inspect(&mut card), &[steps::SOD_SIGNATURE]);
    }
}

/// Length of the SEQUENCE that ends the file.
fn signature_octets(sod: &[u8]) -> usize {
    let fits = |octets: &usize| {
        let tail = &sod[sod.len() - octets..];
        tail[0] == 0x30 && usize::from(tail[1]) + 2 == *octets && tail[2] == 0x02
    };
    (64..80).find(fits).expect("an ECDSA signature at the end")
}

#[test]
fn an_mrz_with_a_wrong_check_digit_is_named_though_it_is_signed() {
    let mut changed = dg1();
    // The last character of the second line, the composite check digit.
    let at = changed.len() - 31;
    changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
    let found = inspect(&mut card(&[(1, changed), groups()[1].clone()]));
    only_bad(&found, &[steps::MRZ]);
    expect(&found, steps::MRZ, "failed", "check digit");
}

#[test]
fn a_dg14_that_is_malformed_names_what_is_wrong() {
    for content in [tlv(0x6E, &[]), tlv(0x6E, &[0x31, 0x02, 0x30, 0x05]), tlv(0x6E, &infos(&["30020500"]))] {
        let found = inspect(&mut card(&[groups(), vec![(14, content)]].concat()));
        only_bad(&found, &["DG14 hash"]);
        expect(&found, steps::CHIP_AUTHENTICATION, "not_attempted", "DG14 is missing");
        expect(&found, steps::TERMINAL_AUTHENTICATION, "not_attempted", "DG14 is missing");
    }
}

#[test]
fn a_reader_that_is_gone_ends_the_inspection() {
    struct Gone(usize);
    impl Transport for Gone {
        fn reset(&mut self) -> Result<Atr, TransportError> {
            Ok(Atr(vec![0x3B, 0x00]))
        }
        fn transmit(&mut self, _: &[u8]) -> Result<Bytes, TransportError> {
            self.0 += 1;
            Err(TransportError::ShortResponse(0))
        }
    }
    let mut reader = Gone(0);
    let (trust, application) = (trust(), application());
    let conditions = Conditions::new(&trust, &application, AT);
    let ended = inspection::run(&mut reader, &mut Totals::default(), &mrz(), &conditions, &mut rng(7));
    assert!(ended.is_err_and(|error| error.is_fatal()));
    assert_eq!(reader.0, 1);
}

/// A card that says what it was given, in a circle.
struct Babbler(Vec<Vec<u8>>, usize);

impl Transport for Babbler {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        Ok(Atr(vec![0x3B, 0x00]))
    }
    fn transmit(&mut self, _: &[u8]) -> Result<Bytes, TransportError> {
        self.1 += 1;
        assert!(self.1 < 100_000, "the inspection does not end");
        Ok(self.0[self.1 % self.0.len()].clone().into())
    }
}

/// The words that let an inspection go on, and all others.
fn any_status() -> impl Strategy<Value = u16> {
    prop_oneof![Just(0x9000_u16), Just(0x6282), Just(0x6A82), any::<u16>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever a card says, an inspection ends, with a verdict on every step and never a positive one.
    #[test]
    fn any_answers_end_in_verdicts(
        answers in proptest::collection::vec(
            (proptest::collection::vec(any::<u8>(), 0..60), any_status()),
            1..8,
        ),
        allow_downgrade in any::<bool>(),
    ) {
        let answers = answers.into_iter().map(|(data, sw)| [data, sw.to_be_bytes().to_vec()].concat()).collect();
        let (trust, application) = (trust(), application());
        let policy = Policy { allow_downgrade, ..Policy::default() };
        let conditions = Conditions { policy, ..Conditions::new(&trust, &application, AT) };
        let mut card = Babbler(answers, 0);
        let found = inspection::run(&mut card, &mut Totals::default(), &mrz(), &conditions, &mut rng(7)).unwrap();
        prop_assert!(!found.is_positive());
        prop_assert!(found.checks.len() >= 20);
    }

    /// One octet of a file changed: never a panic, and never positive but where the octet says nothing.
    #[test]
    fn one_changed_octet_is_seen(
        sfi in prop::sample::select(vec![1_u8, 2, 0x1D, 0x1E]),
        place in any::<prop::sample::Index>(),
        change in 1u8..,
    ) {
        let mut card = card(&groups());
        let file = card.application.get_mut(&sfi).unwrap();
        let at = place.index(file.len());
        file[at] ^= change;
        let found = inspect(&mut card);
        // Certificates beside the signer's, versions in EF.COM and the like are not signed.
        if sfi < 0x10 {
            prop_assert!(!found.is_positive());
        }
    }
}

/// The double is used for cards without a script too.
#[test]
fn the_double_gives_what_it_holds() {
    let mut card = ScriptedCard::default();
    card.application.insert(1, vec![1, 2, 3]);
    card.reset().unwrap();
    assert_eq!(*card.transmit(&[0, 0xB0, 0x81, 0, 0]).unwrap(), [0x6A, 0x82]);
    card.transmit(&[0, 0xA4, 4, 0x0C]).unwrap();
    assert_eq!(*card.transmit(&[0, 0xB0, 0x81, 1, 1]).unwrap(), [2, 0x90, 0]);
}
