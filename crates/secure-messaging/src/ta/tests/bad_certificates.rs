//! Certificates with one thing wrong, each signed as it should be: what the chip says of them.

use super::*;
use bitaqa_apdu::tlv::{self, Tag};

/// A DV certificate with its body changed and signed anew: what the chip then says.
fn judged(world: &mut World, change: impl Fn(&mut Vec<(Tag, Vec<u8>)>)) -> TaError {
    let dv = world.dv(Role::DvDomestic, InspectionRights::ALL);
    let body = dv.certificate.body().encode();
    let objects = tlv::all(tlv::only(&body, 0x7F4E).unwrap()).unwrap();
    let mut fields: Vec<_> = objects.iter().map(|object| (object.tag, object.value.to_vec())).collect();
    change(&mut fields);
    let body = tlv::tlv(0x7F4E, &fields.iter().flat_map(|(tag, value)| tlv::tlv(*tag, value)).collect::<Vec<_>>());
    let signature = tlv::tlv(0x5F37, &world.cvca_key.sign(&body).unwrap().0);
    let before = world.trust.clone();
    let mut chip = Chip::new(&mut world.trust);
    chip.process(&mse(0xB6, b"UTCVCA00001")).unwrap();
    let refused = chip.process(&Command::new(0x2A, 0, 0xBE).data([body, signature].concat())).unwrap_err();
    assert!(!chip.ta.holds_key());
    assert_eq!(world.trust, before, "{refused}");
    refused
}

/// Well signed as they are: the verdict names the field.
#[test]
fn a_certificate_with_a_bad_field_is_refused_by_the_name_of_the_field() {
    let mut world = World::new(Curve::P256);
    for (tag, name) in [
        (0x5F29, "profile identifier"),
        (0x42, "certification authority reference"),
        (0x7F49, "public key"),
        (0x5F20, "certificate holder reference"),
        (0x7F4C, "holder authorization template"),
        (0x5F25, "effective date"),
        (0x5F24, "expiration date"),
    ] {
        let refused = judged(&mut world, |fields| fields.retain(|field| field.0 != tag));
        assert_eq!(refused, TaError::Certificate(CvcError::Missing(tag)));
        assert!(refused.to_string().contains(name), "{refused}");
    }
    let with = |tag, value: &'static [u8]| {
        move |fields: &mut Vec<(Tag, Vec<u8>)>| {
            let field = fields.iter_mut().find(|field| field.0 == tag).unwrap();
            field.1 = value.to_vec();
        }
    };
    for (tag, value, part) in [
        (0x5F25, &[2, 5, 0, 10, 0, 1][..], "5F25"), // no digit
        (0x5F24, &[2, 5, 1, 3, 0, 1], "5F24"),      // no month
        (0x5F24, &[2, 5, 0, 2, 2, 9], "5F24"),      // no day of that year
        (0x5F24, &[0x25, 0x06, 0x01], "5F24"),      // packed
        (0x5F24, &[2, 5, 0, 2, 0, 1], "expires on 2025-02-01, before it is effective on 2025-03-01"),
        (0x5F29, &[1], "profile"),
        (0x42, b"UTCVCA", "\"UTCVCA\""),
        (0x5F20, b"UTDV00001234567890", "\"UTDV00001234567890\""),
        (0x7F49, &[0x06, 1, 0x2A, 0x86, 0], "signature algorithm"),
        (0x7F4C, &[0x06, 1, 0x2A, 0x53, 1, 0], "type of terminal"),
    ] {
        let refused = judged(&mut world, with(tag, value)).to_string();
        assert!(refused.contains(part), "{refused}");
    }
    let doubled = judged(&mut world, |fields| fields.push(fields[6].clone()));
    assert_eq!(doubled, TaError::Certificate(CvcError::Unexpected(0x7F4E)));
}

#[test]
fn a_signature_of_zeros_or_of_another_length_is_refused_by_name() {
    let mut world = World::new(Curve::P256);
    let dv = world.dv(Role::DvDomestic, InspectionRights::ALL);
    let (body, before) = (dv.certificate.body().encode(), world.trust.clone());
    let good = &dv.certificate.signature().0;
    let half = good.len() / 2;
    let zero = vec![0; half];
    for (signature, part) in [
        ([&zero, &good[half..]].concat(), "r or s of the signature is zero"),
        ([&good[..half], &zero].concat(), "r or s of the signature is zero"),
        (good[1..].to_vec(), "a signature cannot have 63 octets"),
        (vec![], "a signature cannot have 0 octets"),
        (good[2..].to_vec(), "was not made by the key of UTCVCA00001"),
        ([&good[..], &[0, 0]].concat(), "was not made by the key of UTCVCA00001"),
        (vec![0xFF; good.len()], "was not made by the key of UTCVCA00001"), // r and s beyond the order
    ] {
        let mut chip = Chip::new(&mut world.trust);
        chip.process(&mse(0xB6, b"UTCVCA00001")).unwrap();
        let data = [body.clone(), tlv::tlv(0x5F37, &signature)].concat();
        let refused = chip.process(&Command::new(0x2A, 0, 0xBE).data(data)).unwrap_err();
        assert!(refused.to_string().contains(part), "{refused}");
        assert!(!chip.ta.holds_key());
        assert_eq!(world.trust, before);
    }
}
