//! Basic Access Control: keys of a case are those of 9303-11 appendix D.

use crate::case::{Case, command, response};
use crate::script::Script;
use crate::secure_messaging;
use bitaqa_apdu::{Command, Response};
use bitaqa_secure_messaging::SecureMessaging;
use bitaqa_secure_messaging::bac::{self, BacKeys, CardBac};
use bitaqa_secure_messaging::sm::{Cipher, IsoSm};
use core::convert::Infallible;

/// Both roles of one dialogue, and the session that follows.
pub fn replay(case: &Case) {
    let keys = BacKeys::from_mrz(case.text("MRZ_information")).unwrap();
    let stored = BacKeys::from_secret(&case.octets("H_SHA1").try_into().unwrap()).unwrap();
    let mut terminal = as_terminal(case, &keys);
    let mut card = as_card(case, &stored);
    let ssc = u64::from_be_bytes(case.octets("SSC").try_into().unwrap());
    let side = || IsoSm::resume(Cipher::TripleDes, &case.octets("KS_Enc"), &case.octets("KS_MAC"), ssc.into()).unwrap();
    let (mut expected_terminal, mut expected_card) = (side(), side());
    let plain = Command::new(0xB0, 0x9E, 0).ne(5);
    let sent = terminal.protect_command(plain.clone());
    assert_eq!(sent, expected_terminal.protect_command(plain.clone()));
    assert_eq!(card.unprotect_command(sent.clone()), Ok(plain));
    expected_card.unprotect_command(sent).unwrap();
    let answer = Response::ok([1, 2, 3]);
    assert_eq!(card.protect_response(answer.clone()), expected_card.protect_response(answer));

    if case.has("step") {
        let (mut terminal, mut card) = (as_terminal(case, &keys), as_card(case, &stored));
        for step in case.tables("step") {
            secure_messaging::exchange(&step, &mut *terminal, &mut *card);
        }
    }
}

fn as_terminal(case: &Case, keys: &BacKeys) -> Box<dyn SecureMessaging> {
    let mut rng = Script::new().octets(case.octets("RND_IFD")).octets(case.octets("K_IFD"));
    let mut exchanges = case.dialogue().into_iter();
    let mut send = |sent: Command| {
        let (expected, answer) = exchanges.next().expect("an exchange more than the dialogue has");
        assert_eq!(hex::encode_upper(sent.encode().unwrap()), hex::encode_upper(expected));
        Ok::<_, Infallible>(response(&answer))
    };
    let session = bac::establish(&mut send, keys, &mut rng).unwrap();
    assert!(exchanges.next().is_none() && rng.is_spent());
    session
}

fn as_card(case: &Case, keys: &BacKeys) -> Box<dyn SecureMessaging> {
    let mut rng = Script::new().octets(case.octets("RND_IC")).octets(case.octets("K_IC"));
    let [(ask, challenge), (authenticate, answer)] = <[_; 2]>::try_from(case.dialogue()).unwrap();
    let (bac, response) = CardBac::get_challenge(&command(&ask), &mut rng).unwrap();
    assert_eq!(response.encode().to_vec(), challenge);
    let (response, session) = bac.external_authenticate(&command(&authenticate), keys, &mut rng).unwrap();
    assert_eq!(hex::encode_upper(response.encode()), hex::encode_upper(answer));
    assert!(rng.is_spent());
    session
}
