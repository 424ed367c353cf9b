//! Sessions of 9303-11 §9.8, message by message from both sides, without a step left out: the counters run along.

use crate::case::{Case, command, response};
use bitaqa_apdu::Response;
use bitaqa_secure_messaging::SecureMessaging;
use bitaqa_secure_messaging::sm::{Cipher, IsoSm};

/// Both roles of one session.
pub fn replay(case: &Case) {
    let cipher = match case.text("cipher") {
        "3DES" => Cipher::TripleDes,
        "AES-128" => Cipher::Aes128,
        "AES-192" => Cipher::Aes192,
        "AES-256" => Cipher::Aes256,
        other => panic!("{other}"),
    };
    let steps = case.tables("step");
    let start = steps[0].octets("ssc_before");
    let (ks_enc, ks_mac) = (case.octets("ks_enc"), case.octets("ks_mac"));
    let side = || IsoSm::resume(cipher, &ks_enc, &ks_mac, counter(&start)).unwrap();
    let (mut terminal, mut card) = (side(), side());
    for step in &steps {
        exchange(step, &mut terminal, &mut card);
    }
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
