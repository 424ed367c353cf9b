//! The applet before it is sealed: what it takes, and what it must have before it may be.

use bitaqa_apdu::fcp::Place;
use bitaqa_apdu::public_key;
use bitaqa_apdu::{Command, Sw, dgi, ins};

use super::world::*;
use crate::emrtd::tests::world::{CAN, ISSUER};
use crate::nvm::medium::MemoryMedium;

fn get_data(desk: &mut Desk<'_>, number: u16) -> Result<Vec<u8>, Sw> {
    let [p1, p2] = number.to_be_bytes();
    desk.send(Command::globalplatform(ins::GET_DATA, p1, p2).ne(65_536)).map(|response| response.data.to_vec())
}

#[test]
fn nothing_may_be_missing_at_the_seal() {
    let parameters = partner();
    let mut card = blank(1, MemoryMedium::default());
    let mut desk = Desk::install(&mut card, 1, &parameters.encode()).unwrap();
    let refused = |desk: &mut Desk<'_>| assert_eq!(desk.seal(), Err(Sw::CONDITIONS_NOT_SATISFIED));
    assert_eq!(desk.store(0x0101, b"x", false), Err(Sw::CONDITIONS_NOT_SATISFIED)); // before the binding tag
    desk.store(dgi::ORDER_TAG, &[7; 16], false).unwrap();
    refused(&mut desk);
    desk.store(dgi::reference_data(1), PIN.as_bytes(), true).unwrap();
    refused(&mut desk);
    desk.store(dgi::CAN, CAN.as_bytes(), true).unwrap();
    refused(&mut desk);
    desk.store(dgi::CVCA_CERTIFICATE, &ISSUER.cvca.encode(), false).unwrap();
    refused(&mut desk);
    desk.store(dgi::CURRENT_DATE, &[2, 5, 0, 2, 0, 1], false).unwrap();
    for number in [1, 2] {
        refused(&mut desk);
        desk.generate(number).unwrap();
    }
    for (fid, place) in [(0x111C, Place::Mf), (0x0103, Place::Application)] {
        refused(&mut desk);
        desk.store(fid, &content(fid & 0x0FFF, place), false).unwrap();
    }
    // 0101 and 0102 are their users' to fill; one that was begun must be finished.
    let begun = [dgi::header(0x0101, 9), b"half".to_vec()].concat();
    desk.send(Command::globalplatform(ins::STORE_DATA, 0x08, 0).data(begun)).unwrap();
    refused(&mut desk);
    desk.store(0x0102, b"another file", false).unwrap();
    refused(&mut desk);
    desk.store(0x0101, b"whole", false).unwrap();
    assert_eq!(desk.seal(), Ok(()));
}

#[test]
fn values_come_under_the_dek_and_in_their_form() {
    let mut card = blank(1, MemoryMedium::default());
    let mut desk = Desk::install(&mut card, 1, &eid("PACE").encode()).unwrap();
    desk.store(dgi::ORDER_TAG, &[7; 16], false).unwrap();
    assert_eq!(desk.store(dgi::ORDER_TAG, &[8; 16], false), Err(Sw::CONDITIONS_NOT_SATISFIED));
    for (number, value, encrypted) in [
        (dgi::reference_data(1), &b"123456"[..], false),
        (dgi::reference_data(1), b"12345", true),
        (dgi::reference_data(1), b"1234567890123", true),
        (dgi::reference_data(1), b"12345x", true),
        (dgi::reference_data(3), b"123", true),
        (0x5031, b"file", true),
        (dgi::CAN, b"123456", false),
    ] {
        let refused = desk.store(number, value, encrypted);
        if number == 0x5031 {
            continue; // a block marked as encrypted may hold a file: the mark is for the objects in it
        }
        assert_eq!(refused, Err(Sw::WRONG_DATA), "{number:04X} {value:02X?}");
    }
    for unknown in [dgi::reference_data(9), dgi::PIN, dgi::PUK, dgi::MRZ_SECRET] {
        let refused = [desk.store(unknown, b"123456", true), desk.store(unknown, b"123456", false)];
        assert!(refused.iter().all(Result::is_err), "{unknown:04X}");
    }
    desk.level = Some(0x01);
    assert_eq!(desk.store(dgi::reference_data(1), b"123456", true), Err(Sw::SECURITY_STATUS_NOT_SATISFIED));
    assert_eq!(desk.generate(1), Err(Sw::SECURITY_STATUS_NOT_SATISFIED));
    assert_eq!(get_data(&mut desk, dgi::GET_DATA_DIGESTS), Err(Sw::SECURITY_STATUS_NOT_SATISFIED));
}

#[test]
fn keys_are_told_by_their_numbers() {
    let mut card = blank(1, MemoryMedium::default());
    let mut desk = Desk::install(&mut card, 1, &eid("PACE").encode()).unwrap();
    assert_eq!(get_data(&mut desk, dgi::GET_DATA_PUBLIC_KEYS), Err(Sw::REFERENCE_NOT_FOUND));
    assert_eq!(desk.generate(9), Err(Sw::REFERENCE_NOT_FOUND));
    let made: Vec<_> = [2, 1].map(|number| (number, desk.generate(number).unwrap())).to_vec();
    let told = get_data(&mut desk, dgi::GET_DATA_PUBLIC_KEYS).unwrap();
    let mut told = public_key::decode_all(dgi::GET_DATA_PUBLIC_KEYS.into(), &told).unwrap();
    told.reverse();
    assert_eq!(told, made);
    // The digests are those of the eMRTD's dialogue: DGI, octets, SHA-256.
    desk.store(dgi::ORDER_TAG, &[7; 16], false).unwrap();
    desk.store(0x5031, b"odf", false).unwrap();
    let digests = get_data(&mut desk, dgi::GET_DATA_DIGESTS).unwrap();
    let rows = bitaqa_apdu::tlv::only(&digests, dgi::GET_DATA_DIGESTS.into()).unwrap();
    assert_eq!((&rows[..4], rows.len()), (&[0x50, 0x31, 0, 3][..], 36));
    assert_eq!(get_data(&mut desk, dgi::GET_DATA_ORDER_TAG).unwrap().len(), 3 + 16);
}

#[test]
fn parameters_that_promise_too_much_are_refused() {
    let mut card = blank(1, MemoryMedium::default());
    let mut install = |octets: &[u8]| Desk::install(&mut card, 1, octets).map(|_| ());
    assert_eq!(install(&[0x93, 1, 9]), Err(Sw::WRONG_DATA));
    let mut without_card_access = eid("PACE");
    without_card_access.files.retain(|file| file.fid != 0x011C);
    assert_eq!(install(&without_card_access.encode()), Err(Sw::WRONG_DATA));
    assert_eq!(install(&eid("PACE").encode()), Ok(()));
}
