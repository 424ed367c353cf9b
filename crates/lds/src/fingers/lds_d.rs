//! The list LDS_D of BSI TR-03105-5.1: good and bad files of DG3, each under its own name, with the results that the
//! plan itself has. Where it says "missing", the first instance lacks the element.

use super::*;
use crate::image::{self, samples};
use bitaqa_apdu::tlv;

use FingerPosition::{LeftIndex, RightIndex, RightMiddle};

/// What one instance is made of; the bad files change one part.
struct Parts {
    elements: String,
    block: u32,
    record: Vec<u8>,
}

fn print(position: FingerPosition) -> Finger {
    Finger::from_image(position, samples::wsq(620, 620)).unwrap()
}

fn parts(position: FingerPosition) -> Parts {
    let elements = format!("800201018101088201{:02X}8702010188020007", position.subtype());
    Parts { elements, block: 0x5F2E, record: print(position).record().unwrap().to_vec() }
}

fn file(instances: &[Parts]) -> Vec<u8> {
    let mut group = tlv::tlv(0x02, &[u8::try_from(instances.len()).unwrap()]);
    for Parts { elements, block, record } in instances {
        let header = tlv::tlv(0xA1, &hex::decode(elements).unwrap());
        group.extend(tlv::tlv(0x7F60, &[header, tlv::tlv(*block, record)].concat()));
    }
    tlv::tlv(0x63, &tlv::tlv(0x7F61, &group))
}

/// The base file of all the bad ones: what our own encoder makes.
fn good() -> Vec<u8> {
    let own = Dg3::Fingers(vec![print(RightIndex), print(LeftIndex)]).encode().unwrap().into_vec();
    assert_eq!(file(&[parts(RightIndex), parts(LeftIndex)]), own);
    own
}

/// The error after one element of the first instance's header was replaced, all lengths corrected.
fn header(from: &str, to: &str) -> LdsError {
    let (mut first, second) = (parts(RightIndex), parts(LeftIndex));
    assert!(first.elements.contains(from));
    first.elements = first.elements.replacen(from, to, 1);
    Dg3::decode(&file(&[first, second])).unwrap_err()
}

fn octet(at: usize, change: fn(u8) -> u8) -> LdsError {
    let mut file = good();
    file[at] = change(file[at]);
    Dg3::decode(&file).unwrap_err()
}

fn reads_back(fingers: Vec<Finger>) {
    let file = Dg3::Fingers(fingers);
    assert_eq!(Dg3::decode_tolerant(&file.encode().unwrap()), Ok((file, Vec::new())));
}

fn is_value(error: &LdsError, expected: u32) {
    assert!(matches!(error, LdsError::Value { tag, .. } if *tag == expected), "{error}");
}

/// No case of the list is left out, none stands here twice.
#[test]
fn all_16_cases_stand_here() {
    let names: Vec<&str> = include_str!("lds_d.rs").lines().filter_map(|line| line.strip_prefix("fn lds_d_")).collect();
    let numbers: Vec<u32> = names.iter().map(|name| name[..2].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=16).collect::<Vec<u32>>());
}

#[test]
fn lds_d_01_two_jpeg_2000_prints() {
    let print = |position| Finger::from_image(position, samples::jp2(620, 620, 1, 17)).unwrap();
    reads_back(vec![print(RightIndex), print(LeftIndex)]);
}

#[test]
fn lds_d_02_two_wsq_prints() {
    reads_back(vec![print(RightIndex), print(LeftIndex)]);
}

#[test]
fn lds_d_03_three_wsq_prints() {
    reads_back(vec![print(RightIndex), print(LeftIndex), print(RightMiddle)]);
}

#[test]
fn lds_d_04_tag_64_instead_of_63() {
    assert!(matches!(octet(0, |_| 0x64), LdsError::Tlv(tlv::TlvError::Unexpected { expected: 0x63, found: 0x64 })));
}

#[test]
fn lds_d_05_outer_length_too_small() {
    assert!(matches!(octet(2, |low| low - 1), LdsError::Tlv(tlv::TlvError::LeftOver(1) | tlv::TlvError::Truncated(_))));
}

#[test]
fn lds_d_06_outer_length_too_big() {
    assert!(matches!(octet(2, |low| low + 1), LdsError::Tlv(tlv::TlvError::Truncated(_))));
}

#[test]
fn lds_d_07_number_of_instances_missing() {
    let inner = tlv::only(tlv::only(&good(), 0x63).unwrap(), 0x7F61).unwrap().to_vec();
    let without = tlv::tlv(0x63, &tlv::tlv(0x7F61, inner.strip_prefix(&[0x02, 1, 2]).unwrap()));
    assert_eq!(Dg3::decode(&without), Err(LdsError::Missing(0x02)));
}

#[test]
fn lds_d_08_format_owner_not_allowed() {
    is_value(&header("87020101", "870201FF"), 0x87);
}

#[test]
fn lds_d_09_format_owner_missing() {
    assert_eq!(header("87020101", ""), LdsError::Missing(0x87));
}

#[test]
fn lds_d_10_format_type_not_allowed() {
    is_value(&header("88020007", "88020009"), 0x88);
}

#[test]
fn lds_d_11_format_type_missing() {
    assert_eq!(header("88020007", ""), LdsError::Missing(0x88));
}

#[test]
fn lds_d_12_sub_type_not_allowed() {
    is_value(&header("820109", "8201FE"), 0x82);
}

#[test]
fn lds_d_13_sub_type_missing() {
    assert_eq!(header("820109", ""), LdsError::Missing(0x82));
}

#[test]
fn lds_d_14_wrong_format_identifier() {
    let mut first = parts(RightIndex);
    first.record[..4].copy_from_slice(&[0x50, 0x49, 0x52, 0x00]);
    let error = Dg3::decode(&file(&[first, parts(LeftIndex)])).unwrap_err().to_string();
    assert!(error.contains("format identifier"), "{error}");
}

#[test]
fn lds_d_15_finger_image_missing_in_instance_two() {
    let second = Parts { block: 0x5F2F, ..parts(LeftIndex) };
    assert_eq!(Dg3::decode(&file(&[parts(RightIndex), second])), Err(LdsError::Missing(0x5F2E)));
}

#[test]
fn lds_d_16_two_raw_prints() {
    let raw = image::pgm(80, 90, &[0x5A; 80 * 90]).unwrap();
    let print = |position| Finger::from_image(position, raw.clone()).unwrap();
    reads_back(vec![print(RightIndex), print(LeftIndex)]);
}
