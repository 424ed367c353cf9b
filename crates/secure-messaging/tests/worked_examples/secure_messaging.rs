//! Sessions of 9303-11 §9.8, message by message from both sides, without a step left out: the counters run along.

use crate::case::{Case, command, response};
use bitaqa_apdu::Response;
use bitaqa_secure_messaging::SecureMessaging;
use bitaqa_secure_messaging::sm::{Cipher, IsoSm};

/// Both roles of one session.
pub fn replay(case: &Case) {
    let steps = case.tables("step");
    let start = steps[0].octets("ssc_before");
    let (mut terminal, mut card) = (side(case, &start), side(case, &start));
    for step in &steps {
        exchange(step, &mut terminal, &mut card);
    }
}

/// Sessions of which single messages are known: those go through both roles, whole sessions as in [`replay`].
pub fn replay_parts(case: &Case) {
    let steps = case.tables("step");
    if steps.iter().all(|step| step.has("protected_c_apdu") && step.has("protected_r_apdu")) {
        return replay(case);
    }
    for step in steps {
        let before = step.octets("ssc_before");
        let (mut terminal, mut card) = (side(case, &before), side(case, &before));
        if let Some(wire) = step.maybe("protected_c_apdu") {
            let plain = command(&step.octets("plain_c_apdu"));
            let sent = terminal.protect_command(plain.clone());
            assert_eq!(hex::encode_upper(sent.encode().unwrap()), hex::encode_upper(&wire));
            assert_eq!(card.unprotect_command(command(&wire)), Ok(plain));
        }
        if let Some(wire) = step.maybe("protected_r_apdu") {
            let plain = response(&[step.octets("plain_data"), step.octets("sw")].concat());
            assert_eq!(hex::encode_upper(card.protect_response(plain.clone()).encode()), hex::encode_upper(&wire));
            assert_eq!(terminal.unprotect_response(response(&wire)), Ok(plain));
        }
    }
}

fn side(case: &Case, start: &[u8]) -> IsoSm {
    let cipher = match case.text("cipher") {
        "3DES" => Cipher::TripleDes,
        "AES-128" => Cipher::Aes128,
        "AES-192" => Cipher::Aes192,
        "AES-256" => Cipher::Aes256,
        other => panic!("{other}"),
    };
    IsoSm::resume(cipher, &case.octets("ks_enc"), &case.octets("ks_mac"), counter(start)).unwrap()
}

/// One command and its response.
pub fn exchange(step: &Case, terminal: &mut dyn SecureMessaging, card: &mut dyn SecureMessaging) {
    let what = if step.has("what") { step.text("what") } else { "" };
    let plain = command(&step.octets("plain_c_apdu"));
    let wire = step.octets("protected_c_apdu");
    let sent = terminal.protect_command(plain.clone());
    assert_eq!(hex::encode_upper(sent.encode().unwrap()), hex::encode_upper(&wire), "{what}");
    assert_eq!(card.unprotect_command(command(&wire)), Ok(plain), "{what}");

    let plain: Response = response(&[step.octets("plain_data"), step.octets("sw")].concat());
    let wire = step.octets("protected_r_apdu");
    let sent = card.protect_response(plain.clone());
    assert_eq!(hex::encode_upper(sent.encode()), hex::encode_upper(&wire), "{what}");
    assert_eq!(terminal.unprotect_response(response(&wire)), Ok(plain), "{what}");
}

fn counter(octets: &[u8]) -> u128 {
    octets.iter().fold(0, |number, octet| number << 8 | u128::from(*octet))
}
