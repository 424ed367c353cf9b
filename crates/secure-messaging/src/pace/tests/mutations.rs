//! Dialogues that somebody changes on their way: whatever is changed, no session arises from it.

use super::super::*;
use super::chip::{Chip, can, chip_key, is_same_session, offer};
use crate::sm::Cipher;
use crate::testing::Seeded;
use bitaqa_apdu::{Bytes, Command};
use bitaqa_curves::Domain;
use bitaqa_lds::security_infos::{ChipAuthenticationPublicKeyInfo, ID_PK_ECDH};
use bitaqa_pki::spki;
use core::convert::Infallible;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What happens to the data field of one message.
#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Cut(Index),
    Insert(Index, u8),
    Replace(Vec<u8>),
}

impl Change {
    fn of(&self, data: &Bytes) -> Vec<u8> {
        let mut octets = data.to_vec();
        match self {
            _ if octets.is_empty() => octets.push(0),
            Self::Flip(at, bit) => octets[at.index(data.len())] ^= 1 << bit,
            Self::Cut(at) => octets.truncate(at.index(data.len())),
            Self::Insert(at, octet) => octets.insert(at.index(data.len() + 1), *octet),
            Self::Replace(with) => octets.clone_from(with),
        }
        octets
    }
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (any::<Index>(), 0u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        1 => any::<Index>().prop_map(Change::Cut),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, octet)| Change::Insert(at, octet)),
        1 => proptest::collection::vec(any::<u8>(), 0..80).prop_map(Change::Replace),
    ]
}

/// Each protocol on one small group.
fn any_offer() -> impl Strategy<Value = Offer> {
    select(MECHANISMS).prop_flat_map(|protocol| {
        let fits = |domain: &Domain| Offer::of(&super::chip::info(protocol, *domain)).is_ok();
        let ids = [0, 12, 13];
        let domains: Vec<_> = ids.into_iter().filter_map(Domain::from_parameter_id).filter(fits).collect();
        select(domains).prop_map(move |domain| offer(protocol, domain))
    })
}

/// Runs the protocol with one changed message; both sides' sessions, if they have any.
fn run(
    offer: &Offer,
    change: &Change,
    at: usize,
    is_command: bool,
) -> (Option<Established>, Option<Established>, bool) {
    let mut chip = Chip::new(std::slice::from_ref(offer), &can(), 1);
    let (mut step, mut changed) = (0, false);
    let mut send = |mut sent: Command| {
        if is_command && step == at {
            let data: Bytes = change.of(&sent.data).into();
            changed = data != sent.data;
            sent.data = data;
        }
        let mut answer = chip.answer(sent)?;
        if !is_command && step == at {
            let data: Bytes = change.of(&answer.data).into();
            changed = data != answer.data;
            answer.data = data;
        }
        step += 1;
        Ok::<_, Infallible>(answer)
    };
    let terminal = establish(&mut send, &offer.info, &can(), &mut Seeded(2)).ok();
    (terminal, chip.established, changed)
}

/// The terminal's nonce of the integrated mapping is a key of 3DES there, and the last bit of each of its octets is
/// parity: a change that changes nothing.
fn is_parity(offer: &Offer, change: &Change, at: usize, is_command: bool) -> bool {
    let suite = offer.suite;
    let is_key = suite.mapping == Mapping::Integrated && suite.cipher == Cipher::TripleDes && at == 2 && is_command;
    is_key && matches!(change, Change::Flip(_, 0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_changed_step_gives_no_session_to_who_received_it(
        offer in any_offer(), change in any_change(), at in 1usize..5, is_command in any::<bool>(),
    ) {
        let (terminal, card, changed) = run(&offer, &change, at, is_command);
        prop_assume!(changed && !is_parity(&offer, &change, at, is_command));
        if is_command {
            prop_assert!(card.is_none() && terminal.is_none());
        } else if let Some(terminal) = terminal {
            // The token says nothing of DO 8A: there the static key is the judge.
            let proof = terminal.chip_authentication.unwrap();
            let public_key = spki::encode_agreement_key(&chip_key(offer.suite.domain).public()).unwrap();
            let key_id = offer.info.parameter_id.map(u32::from);
            let info = ChipAuthenticationPublicKeyInfo { protocol: ID_PK_ECDH, public_key, key_id };
            prop_assert!(at == 4 && proof.verify(&[info]).is_err());
        }
    }

    /// Objects that nobody knows are ignored in MSE:Set AT, and so are answers to it; what then comes about is the
    /// session that both sides meant, or none.
    #[test]
    fn a_changed_selection_gives_no_other_session(
        offer in any_offer(), change in any_change(), is_command in any::<bool>(),
    ) {
        if let (Some(mut terminal), Some(mut card), _) = run(&offer, &change, 0, is_command) {
            prop_assert_eq!((terminal.suite, card.suite), (offer.suite, offer.suite));
            prop_assert_eq!((terminal.password, card.password), (PasswordKind::Can, PasswordKind::Can));
            prop_assert!(is_same_session(&mut terminal, &mut card));
        }
    }
}
