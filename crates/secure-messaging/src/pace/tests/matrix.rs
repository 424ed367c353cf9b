//! Own chip against own terminal: each protocol on each group that it is defined for, with each password.

use super::super::*;
use super::chip::{Chip, assert_in_session, chip_key, info};
use crate::testing::Seeded;
use bitaqa_curves::{Curve, Domain};
use bitaqa_lds::security_infos::{ChipAuthenticationPublicKeyInfo, ID_PK_ECDH};
use bitaqa_pki::spki;

/// Every pair that the standard allows.
fn offers_in_full() -> Vec<Offer> {
    let pairs =
        MECHANISMS.iter().flat_map(|protocol| Domain::STANDARDISED.iter().map(|domain| info(*protocol, *domain)));
    pairs.filter_map(|info| Offer::of(&info).ok()).collect()
}

#[test]
fn the_standard_allows_so_many_pairs() {
    let of = |mapping| offers_in_full().iter().filter(|offer| offer.suite.mapping == mapping).count();
    // 3 groups and 11 curves with 4 ciphers; P-224 has no integrated mapping; 3 ciphers on curves alone.
    assert_eq!((of(Mapping::Generic), of(Mapping::Integrated), of(Mapping::ChipAuthentication)), (56, 52, 33));
}

#[test]
fn own_chip_and_own_terminal_agree_for_every_group_mapping_cipher_and_password() {
    let passwords = [
        Password::can("123456").unwrap(),
        Password::mrz("VSI99999<878112962909093"),
        Password::pin("1234").unwrap(),
        Password::puk("9876543210").unwrap(),
    ];
    for (seed, offer) in (0..).zip(offers_in_full()) {
        // CAN and MRZ with each pair, PIN and PUK by turns: passwords only differ in what goes into one key derivation.
        let more = &passwords[2 + usize::try_from(seed).unwrap() % 2];
        for password in passwords[..2].iter().chain([more]) {
            let mut chip = Chip::new(std::slice::from_ref(&offer), password, seed);
            let mut rng = Seeded(seed + 1000);
            let mut terminal = establish(&mut |sent| chip.answer(sent), &offer.info, password, &mut rng).unwrap();
            let mut card = chip.established.unwrap();
            assert_eq!((&terminal.id_picc, &terminal.pcd_compressed), (&card.id_picc, &card.pcd_compressed));
            assert_eq!((terminal.suite, card.suite), (offer.suite, offer.suite));
            assert_eq!((terminal.password, card.password), (password.kind(), password.kind()));
            check_compressed(&terminal);
            check_proof(&terminal, &card);
            assert_in_session(&mut terminal, &mut card);
        }
    }
}

/// Comp(): x as long as the field, or a SHA-1 hash.
fn check_compressed(terminal: &Established) {
    let expected = match terminal.suite.domain {
        Domain::Ec(curve) => curve.field_bytes(),
        Domain::Dh(_) => 20,
    };
    assert_eq!((terminal.id_picc.len(), terminal.pcd_compressed.len()), (expected, expected));
}

fn check_proof(terminal: &Established, card: &Established) {
    assert!(card.chip_authentication.is_none());
    let domain = terminal.suite.domain;
    let Some(proof) = &terminal.chip_authentication else {
        assert_ne!(terminal.suite.mapping, Mapping::ChipAuthentication);
        return;
    };
    let public_key = spki::encode_agreement_key(&chip_key(domain).public()).unwrap();
    let key_id = Some(u32::from(domain.parameter_id()));
    let info = ChipAuthenticationPublicKeyInfo { protocol: ID_PK_ECDH, public_key, key_id };
    assert_eq!(proof.verify(&[info]), Ok(()));
    assert_eq!(format!("{proof:?}"), format!("ChipAuthenticationProof({domain})"));
}

/// What the standard does not allow is told before anything is sent.
#[test]
fn pairs_beyond_the_standard_are_refused() {
    let reason = |protocol, domain| match Suite::of(&info(protocol, domain)) {
        Err(PaceError::Unsupported { reason, .. }) => Some(reason),
        _ => None,
    };
    for protocol in MECHANISMS {
        let (on_curve, in_field) = (Domain::Ec(Curve::P256), Domain::from_parameter_id(0).unwrap());
        let (curve, field) = (reason(*protocol, on_curve), reason(*protocol, in_field));
        assert!(curve.is_some() != field.is_some(), "{protocol}");
        assert!(curve.or(field).unwrap().starts_with("domain parameters of the other key agreement"));
    }
    let p224 = Domain::Ec(Curve::P224);
    let refused = MECHANISMS.iter().filter_map(|protocol| reason(*protocol, p224));
    assert_eq!(refused.filter(|reason| reason.starts_with("no integrated mapping")).count(), 4);
}
