//! Both families through [`Domain`]: printed examples, numbers of our own for every id, refused values.

use crate::file::{cases, id, octets, text};
use bitaqa_curves::{
    CurveError, DhGroup, Domain, MappedGenerator, Point, PrivateKey, PublicKey, SecretScalar, mapping,
};
use rand_core::{TryCryptoRng, TryRng};
use std::collections::BTreeSet;
use std::convert::Infallible;
use toml::Table;

fn domain(case: &Table) -> Domain {
    Domain::from_parameter_id(id(case)).unwrap()
}

fn private(case: &Table, key: &str) -> PrivateKey {
    PrivateKey::from_bytes(domain(case), &octets(case, key)).unwrap()
}

fn public(case: &Table, key: &str) -> PublicKey {
    PublicKey::decode(domain(case), &octets(case, key)).unwrap()
}

fn all_ids() -> BTreeSet<u8> {
    Domain::STANDARDISED.iter().map(|domain| domain.parameter_id()).collect()
}

/// Every id needs numbers: an agreement, both mappings where defined, a refused and an accepted public key.
#[test]
fn no_id_is_without_a_vector() {
    let agreed: BTreeSet<u8> = cases("icao9303-11/key_agreement.toml").iter().map(id).collect();
    assert_eq!(agreed, all_ids());
    for file in ["key_agreement.toml", "dh_public_values.toml"] {
        let ids: BTreeSet<u8> = cases(&format!("icao9303-11/{file}")).iter().map(id).collect();
        assert!(DhGroup::ALL.iter().all(|group| ids.contains(&group.parameter_id())), "{file}");
    }
    let parameters = ["rfc5639/parameters.toml", "rfc5114/groups.toml"];
    let printed: BTreeSet<u8> = parameters.iter().flat_map(|file| cases(file)).map(|case| id(&case)).collect();
    assert_eq!(printed, all_ids());
    let integrated = cases("icao9303-11/key_agreement.toml");
    let integrated: BTreeSet<u8> = integrated.iter().filter(|case| case.contains_key("integrated")).map(id).collect();
    let defined = Domain::STANDARDISED.iter().filter(|domain| domain.is_integrated_mapping_defined());
    assert_eq!(integrated, defined.map(|domain| domain.parameter_id()).collect());
    assert_eq!(integrated.len(), 13);
}

/// RFC 5114 §2.1 to §2.3
#[test]
fn group_parameters_are_the_printed_ones() {
    for case in &cases("rfc5114/groups.toml") {
        let parameters = DhGroup::from_parameter_id(id(case)).unwrap().parameters();
        assert_eq!(parameters.p, octets(case, "p"));
        assert_eq!(parameters.g, octets(case, "g"));
        assert_eq!(parameters.q, octets(case, "q"));
    }
}

/// Numbers of an implementation of its own, for every id.
#[test]
fn agreement_and_mappings_of_every_id() {
    for case in &cases("icao9303-11/key_agreement.toml") {
        let name = text(case, "name");
        let (a, b) = (private(case, "secret_a"), private(case, "secret_b"));
        assert_eq!((a.public(), b.public()), (public(case, "public_a"), public(case, "public_b")), "{name}");
        let shared = a.shared_element(&b.public()).unwrap();
        assert_eq!(shared, public(case, "shared_element"), "{name}");
        assert_eq!(b.shared_element(&a.public()).unwrap(), shared, "{name}");
        let element = octets(case, "shared_element");
        let (start, end) =
            if matches!(domain(case), Domain::Ec(_)) { (1, element.len() / 2 + 1) } else { (0, element.len()) };
        assert_eq!(a.agree(&b.public()).unwrap().as_slice(), &element[start..end], "{name}");

        let mapped = MappedGenerator::generic(&octets(case, "nonce"), &shared).unwrap();
        assert_eq!(mapped.element(), &public(case, "generic"), "{name}");
        assert_eq!(a.public_on(&mapped).unwrap(), public(case, "public_a_on_generic"), "{name}");
        if domain(case).is_integrated_mapping_defined() {
            let mapped = MappedGenerator::integrated(domain(case), &octets(case, "pseudo_random")).unwrap();
            assert_eq!(mapped.element(), &public(case, "integrated"), "{name}");
        }
        if let (PrivateKey::Ec(fixed), PrivateKey::Ec(mapping_key)) = (&a, &b) {
            let data = mapping::chip_authentication_data(fixed, mapping_key).unwrap();
            assert_eq!(data.to_bytes().as_slice(), octets(case, "chip_authentication_data"), "{name}");
        }
    }
}

/// What comes from the random source is the key itself, so that printed dialogues can be replayed; and what is not in
/// the range is drawn again.
#[test]
fn keys_are_the_octets_of_the_random_source() {
    for case in &cases("icao9303-11/key_agreement.toml") {
        let secret = octets(case, "secret_a");
        let mut source = Source { asked: 0, good: secret.clone() };
        let key = domain(case).generate(&mut source);
        assert_eq!(key.to_bytes().as_slice(), secret, "{}", domain(case));
        assert_eq!(key.public(), public(case, "public_a"));
        assert_eq!(source.asked, 3, "{}", domain(case));
    }
}

/// Gives zeros, then FF throughout, then good octets.
struct Source {
    asked: usize,
    good: Vec<u8>,
}

impl TryRng for Source {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("keys are drawn as octets")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("keys are drawn as octets")
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        match self.asked {
            0 => octets.fill(0),
            1 => octets.fill(0xFF),
            _ => octets.copy_from_slice(&self.good),
        }
        self.asked += 1;
        Ok(())
    }
}

impl TryCryptoRng for Source {}

/// Keys on a mapped generator and what they agree on, in the columns of the printed examples.
fn agreement_on(case: &Table, mapped: &MappedGenerator) {
    assert_eq!(mapped.element(), &public(case, "G_hat"));
    let (ifd, ic) = (private(case, "eph_ifd_priv"), private(case, "eph_ic_priv"));
    let (ifd_pub, ic_pub) = (ifd.public_on(mapped).unwrap(), ic.public_on(mapped).unwrap());
    assert_eq!(ifd_pub.encode(), octets(case, "eph_ifd_pub"));
    assert_eq!(ic_pub.encode(), octets(case, "eph_ic_pub"));
    assert_eq!(ifd.agree(&ic_pub).unwrap().as_slice(), octets(case, "K"));
    assert_eq!(ic.agree(&ifd_pub).unwrap().as_slice(), octets(case, "K"));
}

/// 9303-11 Appendix G.2, and the example of the BSI with private keys as long as p
#[test]
fn generic_mapping_over_dh() {
    for case in &cases("icao9303-11/pace_dh_gm_mapping.toml") {
        let (ifd, ic) = (private(case, "map_ifd_priv"), private(case, "map_ic_priv"));
        assert_eq!(ifd.public(), public(case, "map_ifd_pub"));
        assert_eq!(ic.public(), public(case, "map_ic_pub"));
        let shared = ifd.shared_element(&ic.public()).unwrap();
        assert_eq!(shared, public(case, "H"));
        assert_eq!(ic.shared_element(&ifd.public()).unwrap(), shared);
        agreement_on(case, &MappedGenerator::generic(&octets(case, "nonce_s"), &shared).unwrap());
    }
}

/// 9303-11 Appendix H.1, H.2
#[test]
fn integrated_mapping_over_both_families() {
    for file in ["icao9303-11/pace_ecdh_im_mapping.toml", "icao9303-11/pace_dh_im_mapping.toml"] {
        for case in &cases(file) {
            for key in ["R", "Rp"] {
                agreement_on(case, &MappedGenerator::integrated(domain(case), &octets(case, key)).unwrap());
            }
        }
    }
}

/// 9303-11 Appendix I.1. The static private key is not printed, so only the terminal's side can be checked.
#[test]
fn chip_authentication_mapping() {
    for case in &cases("icao9303-11/pace_cam.toml") {
        let Domain::Ec(curve) = domain(case) else { panic!("no curve") };
        let [fixed, mapped] =
            ["static_public", "mapping_public"].map(|key| Point::decode(curve, &octets(case, key)).unwrap());
        let mut data = octets(case, "chip_authentication_data");
        assert_eq!(mapping::verify_chip_authentication_data(&data, &fixed, &mapped), Ok(()));
        data[31] ^= 1;
        let refused = mapping::verify_chip_authentication_data(&data, &fixed, &mapped);
        assert_eq!(refused, Err(CurveError::ChipAuthentication));
        assert!(SecretScalar::from_bytes(curve, &data).is_ok());
    }
}

/// BSI worked example: the agreement, and Comp() as Terminal Authentication signed it.
#[test]
fn chip_authentication_over_dh() {
    for case in &cases("bsi-eac/chip_authentication_dh.toml") {
        let (chip, terminal) = (private(case, "chip_priv"), private(case, "terminal_priv"));
        assert_eq!(chip.public(), public(case, "chip_pub"));
        assert_eq!(terminal.public(), public(case, "terminal_pub"));
        assert_eq!(chip.agree(&terminal.public()).unwrap().as_slice(), octets(case, "K"));
        assert_eq!(terminal.agree(&chip.public()).unwrap().as_slice(), octets(case, "K"));
        assert_eq!(terminal.public().compressed(), octets(case, "terminal_compressed"));
    }
}

/// RFC 2631 §2.1.5, 9303-11 §9.4.1
#[test]
fn public_values_are_validated() {
    let (mut accepted, mut refused) = (0, 0);
    for case in &cases("icao9303-11/dh_public_values.toml") {
        let value = octets(case, "value");
        let result = PublicKey::decode(domain(case), &value);
        let name = format!("{} {}", domain(case), text(case, "name"));
        if text(case, "expect") == "accepted" {
            let key = result.expect(&name);
            assert!(key.encode().ends_with(&value) && value.ends_with(key.data_object()), "{name}");
            accepted += 1;
            continue;
        }
        let error = result.expect_err(&name);
        let Domain::Dh(group) = domain(case) else { panic!("no group") };
        let expected = match text(case, "name") {
            "0" | "1" | "p" | "p+1" | "p-1 (order 2)" | "all octets FF" => CurveError::DhRange(group),
            "empty" | "one octet long (leading 00)" => CurveError::DhLength { expected: group.public_bytes() },
            _ => CurveError::DhSubgroup(group),
        };
        assert_eq!(error, expected, "{name}");
        refused += 1;
    }
    assert_eq!((accepted, refused), (12, 36));
}
