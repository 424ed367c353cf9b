//! The list LDS_C of BSI TR-03105-5.1: good and bad files of DG2, each under its own name. The plan is for inspection
//! systems; here the strict reader must take the first three and refuse each other one for the reason that it has.

use super::*;
use crate::image::samples;
use bitaqa_apdu::tlv;

fn face() -> Face {
    Face::new(samples::jp2(413, 531, 3, 16), Gender::Female).unwrap()
}

/// The base file of all the bad ones.
fn good() -> Vec<u8> {
    Dg2::new(face()).encode().unwrap().into_vec()
}

fn reads_back(face: Face) {
    let file = Dg2::new(face);
    assert_eq!(Dg2::decode_tolerant(&file.encode().unwrap()), Ok((file, Vec::new())));
}

/// The error after octets of the facial record were changed; `offset` counts from its format identifier.
fn record(offset: usize, octets: &[u8]) -> String {
    let mut file = good();
    let at = file.windows(4).position(|octets| octets == MAGIC).unwrap() + offset;
    file[at..at + octets.len()].copy_from_slice(octets);
    Dg2::decode(&file).unwrap_err().to_string()
}

/// The error after one element of the header template was replaced, all lengths corrected.
fn header(from: &str, to: &str) -> LdsError {
    let elements = "8002010181010282010087020101 88020008".replace(' ', "");
    assert!(elements.contains(from));
    shell(&elements.replacen(from, to, 1), "5F2E", &face().encode().unwrap())
}

fn shell(elements: &str, block: &str, record: &[u8]) -> LdsError {
    let block = tlv::tlv(u32::from_str_radix(block, 16).unwrap(), record);
    let header = tlv::tlv(0xA1, &hex::decode(elements).unwrap());
    let group = [tlv::tlv(0x02, &[1]), tlv::tlv(0x7F60, &[header, block].concat())].concat();
    Dg2::decode(&tlv::tlv(0x75, &tlv::tlv(0x7F61, &group))).unwrap_err()
}

/// The error after one octet of the file was changed by this.
fn octet(at: usize, change: fn(u8) -> u8) -> LdsError {
    let mut file = good();
    file[at] = change(file[at]);
    Dg2::decode(&file).unwrap_err()
}

fn is_value(error: &LdsError, expected: u32) {
    assert!(matches!(error, LdsError::Value { tag, .. } if *tag == expected), "{error}");
}

fn says(error: &str, field: &str) {
    assert!(error.contains(field), "{error}");
}

/// No case of the list is left out, none stands here twice.
#[test]
fn all_28_cases_stand_here() {
    let names: Vec<&str> = include_str!("lds_c.rs").lines().filter_map(|line| line.strip_prefix("fn lds_c_")).collect();
    let numbers: Vec<u32> = names.iter().map(|name| name[..2].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=28).collect::<Vec<u32>>());
}

#[test]
fn lds_c_01_jpeg_2000_full_frontal() {
    reads_back(face());
}

#[test]
fn lds_c_02_jpeg_full_frontal() {
    reads_back(Face::new(samples::portrait(413, 531), Gender::Male).unwrap());
}

#[test]
fn lds_c_03_jpeg_2000_with_feature_points() {
    let mut face = face();
    // both eye centres
    face.details.feature_points = vec![[1, 0xC1, 0, 100, 0, 120, 0, 0], [1, 0xC2, 0, 200, 0, 120, 0, 0]];
    reads_back(face);
}

#[test]
fn lds_c_04_tag_76_instead_of_75() {
    assert!(matches!(octet(0, |_| 0x76), LdsError::Tlv(tlv::TlvError::Unexpected { expected: 0x75, found: 0x76 })));
}

#[test]
fn lds_c_05_outer_length_too_small() {
    assert!(matches!(octet(2, |low| low - 1), LdsError::Tlv(tlv::TlvError::LeftOver(1) | tlv::TlvError::Truncated(_))));
}

#[test]
fn lds_c_06_outer_length_too_big() {
    assert!(matches!(octet(2, |low| low + 1), LdsError::Tlv(tlv::TlvError::Truncated(_))));
}

#[test]
fn lds_c_07_number_of_instances_missing() {
    let inner = tlv::only(tlv::only(&good(), 0x75).unwrap(), 0x7F61).unwrap().to_vec();
    let without = tlv::tlv(0x75, &tlv::tlv(0x7F61, inner.strip_prefix(&[0x02, 1, 1]).unwrap()));
    assert_eq!(Dg2::decode(&without), Err(LdsError::Missing(0x02)));
}

#[test]
fn lds_c_08_format_owner_not_allowed() {
    is_value(&header("87020101", "870201FF"), 0x87);
}

#[test]
fn lds_c_09_format_owner_missing() {
    assert_eq!(header("87020101", ""), LdsError::Missing(0x87));
}

#[test]
fn lds_c_10_format_type_not_allowed() {
    is_value(&header("88020008", "88020009"), 0x88);
}

#[test]
fn lds_c_11_format_type_missing() {
    assert_eq!(header("88020008", ""), LdsError::Missing(0x88));
}

#[test]
fn lds_c_12_biometric_type_deprecated() {
    // three octets, as the first edition of CBEFF had it
    is_value(&header("810102", "8103000002"), 0x81);
}

#[test]
fn lds_c_13_biometric_type_incorrect() {
    is_value(&header("810102", "810108"), 0x81);
}

#[test]
fn lds_c_14_wrong_format_identifier() {
    says(&record(0, b"FBC"), "format identifier");
}

#[test]
fn lds_c_15_wrong_version_number() {
    says(&record(4, b"020"), "version");
}

#[test]
fn lds_c_16_wrong_data_length_because_of_feature_points() {
    // a point was added and the length of the block was not
    let mut face = face();
    face.details.feature_points = vec![[1, 0xC1, 0, 100, 0, 120, 0, 0]];
    let mut file = Dg2::new(face).encode().unwrap().into_vec();
    let at = file.windows(4).position(|octets| octets == MAGIC).unwrap();
    let length = u32::from_be_bytes(file[at + 14..at + 18].try_into().unwrap()) - 8;
    file[at + 14..at + 18].copy_from_slice(&length.to_be_bytes());
    says(&Dg2::decode(&file).unwrap_err().to_string(), "block length");
}

#[test]
fn lds_c_17_wrong_gender() {
    says(&record(20, &[3]), "gender");
}

#[test]
fn lds_c_18_wrong_eye_colour() {
    says(&record(21, &[8]), "eye colour");
}

#[test]
fn lds_c_19_wrong_hair_colour() {
    says(&record(22, &[10]), "hair colour");
}

#[test]
fn lds_c_20_wrong_pose_yaw() {
    says(&record(28, &[182]), "pose: is a reserved value");
}

#[test]
fn lds_c_21_wrong_pose_pitch() {
    says(&record(29, &[182]), "pose: is a reserved value");
}

#[test]
fn lds_c_22_wrong_pose_roll() {
    says(&record(30, &[182]), "pose: is a reserved value");
}

#[test]
fn lds_c_23_wrong_uncertainty_of_yaw() {
    says(&record(31, &[182]), "pose uncertainty");
}

#[test]
fn lds_c_24_wrong_uncertainty_of_pitch() {
    says(&record(32, &[182]), "pose uncertainty");
}

#[test]
fn lds_c_25_wrong_uncertainty_of_roll() {
    says(&record(33, &[182]), "pose uncertainty");
}

#[test]
fn lds_c_26_wrong_face_image_type() {
    says(&record(34, &[3]), "face image type");
}

#[test]
fn lds_c_27_wrong_image_data_type() {
    says(&record(35, &[2]), "image data type: is neither JPEG nor JPEG 2000");
    says(&record(35, &[0]), "image data type: is not that of the image");
}

#[test]
fn lds_c_28_facial_image_missing() {
    let elements = "80020101810102820100870201018802 0008".replace(' ', "");
    assert_eq!(shell(&elements, "5F2F", &face().encode().unwrap()), LdsError::Missing(0x5F2E));
}
