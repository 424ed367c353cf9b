//! Records that are taken, and records of which each breaks one rule.

use super::record::Record;
use super::{Applicant, ApplicantErrors, Warning, sample, schema};
use bitaqa_biometrics::print_file::{PrintFormat, read, write};
use bitaqa_biometrics::raster::Grey;
use bitaqa_biometrics::synthetic::{Hand, Sitter, coded_fingerprint, fingerprint, portrait};
use bitaqa_biometrics::wsq::Encoder;
use bitaqa_lds::mrz;
use bitaqa_profile::Profile;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use time::Date;
use time::macros::date;

const TODAY: Date = date!(2026 - 11 - 22);

/// Image files by name: those of the samples, and spoiled ones.
static IMAGES: LazyLock<BTreeMap<&'static str, Vec<u8>>> = LazyLock::new(|| {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let face = portrait(&mut rng, Sitter::Woman).unwrap();
    // coded, so that not every record of these tests codes them anew
    let coded = |hand, seed| coded_fingerprint(&mut ChaCha20Rng::seed_from_u64(seed), hand).unwrap();
    let (right, left) = (coded(Hand::Right, 2), coded(Hand::Left, 3));
    let raw = fingerprint(&mut ChaCha20Rng::seed_from_u64(3), Hand::Left).unwrap();
    // PGM has the simplest header: dimensions, then the samples
    let pgm = |width: usize, height: usize| {
        [format!("P5 {width} {height} 255\n").into_bytes(), vec![20; width * height]].concat()
    };
    // containers that are sound, with samples that are not: zeros in the middle of the entropy-coded data
    let holed = |file: &[u8]| {
        let mut file = file.to_vec();
        let middle = file.len() / 2;
        file[middle..middle + 300].fill(0);
        file
    };
    let slow = Encoder::new(&read(&raw).unwrap().image, 300).unwrap().encode_within(18 * 1024).unwrap();
    BTreeMap::from([
        ("empty", Vec::new()),
        ("holed.jpg", holed(&face)),
        ("holed.wsq", holed(&right)),
        ("300ppi.wsq", slow),
        ("truncated.jpg", face[..face.len() - 40].to_vec()),
        ("trailing.jpg", [face.as_slice(), b"more"].concat()),
        ("magic.jpg", [b"GIF89a".as_slice(), &face[6..]].concat()),
        ("truncated.wsq", right[..right.len() / 2].to_vec()),
        ("truncated.png", raw[..raw.len() / 2].to_vec()),
        ("large.wsq", [right.as_slice(), &[0; 28 * 1024]].concat()),
        ("dark.pgm", pgm(300, 400)),
        ("small.pgm", pgm(8, 8)),
        ("blank.png", write(&Grey::new(300, 400, vec![200; 300 * 400]).unwrap(), PrintFormat::Png).unwrap()),
        ("raw.png", raw),
        (sample::PORTRAIT_FILE, face),
        (sample::RIGHT_INDEX_FILE, right),
        (sample::LEFT_INDEX_FILE, left),
    ])
});

fn folder(name: &str) -> Result<Vec<u8>, String> {
    IMAGES.get(name).cloned().ok_or_else(|| "no such file".to_owned())
}

fn sample_json(seed: u64, minor: bool) -> Value {
    serde_json::to_value(sample::record(&mut ChaCha20Rng::seed_from_u64(seed), minor, !minor, TODAY)).unwrap()
}

fn parse_with(record: &Value, profile: &Profile) -> Result<(Applicant, Vec<Warning>), ApplicantErrors> {
    Applicant::parse(&record.to_string(), "record.json", &folder, profile, TODAY)
}

fn parse(record: &Value) -> Result<(Applicant, Vec<Warning>), ApplicantErrors> {
    parse_with(record, &Profile::builtin("cnie-2.0").unwrap())
}

/// A man of 1990, born and issued on fixed days, so that a case can change one thing.
fn sound() -> Value {
    let mut record = sample_json(5, false);
    record["birth"]["date"] = json!("1990-05-20");
    record["civil_registry_number"] = json!("123/1990");
    record["names"]["latin"] = json!({"surname": "Temsamani", "given": "Mouhcine"});
    record["names"]["arabic"] = json!({"surname": "التمسماني", "given": "محسن"});
    record["sex"] = json!("M");
    record["spouse"] = json!({"kind": "widower", "arabic": "خديجة العلوي", "latin": "KHADIJA EL ALAOUI"});
    record
}

/// The record with the value at a JSON pointer replaced; `null` at a field of an object removes it.
fn changed(pointer: &str, value: &Value) -> Value {
    let mut record = sound();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match record.pointer_mut(parent).unwrap() {
        Value::Object(fields) if value.is_null() => {
            fields.remove(key);
        }
        Value::Object(fields) => {
            fields.insert(key.to_owned(), value.clone());
        }
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
        other => panic!("{other} at {pointer}"),
    }
    record
}

#[test]
fn samples_of_many_seeds_are_taken() {
    for (minor, profile) in [(false, "cnie-2.0"), (true, "cnie-2.0-minor")] {
        let profile = Profile::builtin(profile).unwrap();
        for seed in 0..40 {
            let record = sample_json(seed, minor);
            assert_eq!(record, sample_json(seed, minor));
            let (applicant, warnings) =
                parse_with(&record, &profile).unwrap_or_else(|errors| panic!("{seed}: {errors}"));
            assert!(warnings.iter().all(|warning| warning.0.field == "names.latin"), "{warnings:?}");
            assert!(applicant.document_number().starts_with("VSI"));
            assert_eq!(applicant.prints().len(), if minor { 0 } else { 2 });
            assert_eq!(applicant.mrz().optional_1(), applicant.cin());
            assert_eq!(applicant.age_at_issue() < 12, minor);
        }
    }
}

#[test]
fn the_published_specimen_comes_out() {
    let mut record = sound();
    record["document_number"] = json!("VSI99999");
    record["cin"] = json!("K01234567");
    record["birth"]["date"] = json!("1978-11-29");
    record["issue_date"] = json!("2026-09-10");
    record["expiry_date"] = json!("2029-09-09");
    let (applicant, warnings) = parse(&record).unwrap();
    // the specimen says `I<` where cards say `ID`; no check digit covers it
    let lines = applicant.mrz().lines();
    assert_eq!(
        lines,
        ["IDMARVSI99999<8K01234567<<<<<<", "7811296M2909093MAR<<<<<<<<<<<4", "TEMSAMANI<<MOUHCINE<<<<<<<<<<<"]
    );
    assert_eq!(*applicant.mrz().key_input(), "VSI99999<878112962909093");
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert_eq!(warning.0.field, "cin");
}

#[test]
fn what_was_read_comes_back() {
    let mut record = sound();
    // alef and hamza apart, as some keyboards write; small Latin letters
    record["address"]["arabic"] = json!("12 زنقة الأطلس\nا\u{654}كادير");
    let (applicant, warnings) = parse(&record).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(applicant.address().arabic, "12 زنقة الأطلس\nأكادير");
    assert_eq!((applicant.names().latin.surname.as_str(), applicant.sex()), ("TEMSAMANI", mrz::Sex::Male));
    assert_eq!((applicant.birth_date(), applicant.issue_date()), (date!(1990 - 05 - 20), TODAY));
    assert_eq!((applicant.expiry_date(), applicant.age_at_issue()), (date!(2036 - 11 - 22), 36));
    assert_eq!(applicant.can().map(str::len), Some(6));
    assert_eq!(applicant.spouse().unwrap().latin, "KHADIJA EL ALAOUI");
    let header = applicant.portrait().header();
    assert_eq!((header.width, header.height), (413, 531));
    assert_eq!(applicant.portrait().octets(), IMAGES[sample::PORTRAIT_FILE]);
    let fingers: Vec<u8> = applicant.prints().iter().map(|print| print.position().code()).collect();
    assert_eq!(applicant.prints()[0].octets(), IMAGES[sample::RIGHT_INDEX_FILE]);
    assert_eq!(fingers, [2, 7]);
    assert_eq!(format!("{applicant:?}"), "Applicant(..)");
    // one order, one digest, whatever the form of the letters; another CAN is another order
    record["address"]["arabic"] = json!("12 زنقة الأطلس\nأكادير");
    assert_eq!(parse(&record).unwrap().0.digest(), applicant.digest());
    record["can"] = json!("000000");
    assert_ne!(parse(&record).unwrap().0.digest(), applicant.digest());
}

/// Each row: where, the value put there, the field that is blamed, words of the message.
fn bad_inputs() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let mut cases = vec![
        ("/cin", Value::Null, "cin", "missing"),
        ("/names/latin/surname", Value::Null, "names.latin.surname", "missing"),
        ("/nickname", json!("x"), "nickname", "not known"),
        ("/birth/place/english", json!("x"), "birth.place.english", "not known"),
        ("/portrait", json!("portrait.jpg"), "portrait", "kind string"),
        ("/fingerprints", json!({}), "fingerprints", "kind object"),
        ("/sex", json!("W"), "sex", "write one of M, F, X"),
        ("/spouse/kind", json!("husband"), "spouse.kind", "wife, widow, widower"),
        ("/fingerprints/1/finger", json!("left_toe"), "fingerprints[1].finger", "left_index"),
        ("/document_number", json!("VSI1234567"), "document_number", "MRZ overflow"),
        ("/document_number", json!(""), "document_number", "1 to 9"),
        ("/document_number", json!("VSI-12"), "document_number", "1 to 9"),
        ("/cin", json!("ABC123456"), "cin", "no CIN"),
        ("/cin", json!("ab123456"), "cin", "no CIN"),
        ("/cin", json!("A123456789"), "cin", "no CIN"),
        ("/can", json!("12345"), "can", "6 digits"),
        ("/can", json!("12345a"), "can", "6 digits"),
        ("/civil_registry_number", json!("12-1990"), "civil_registry_number", "nnn/yyyy"),
        ("/civil_registry_number", json!("1/2/3/1990"), "civil_registry_number", "nnn/yyyy"),
        ("/civil_registry_number", json!("1990/123"), "civil_registry_number", "nnn/yyyy"),
        ("/civil_registry_number", json!("12/2199"), "civil_registry_number", "year"),
        ("/optional/idcs", json!("1234567890"), "optional.idcs", "first one 2 to 9"),
        ("/optional/idcs", json!("234567890"), "optional.idcs", "ten digits"),
        ("/optional/email", json!("nobody"), "optional.email", "e-mail"),
        ("/optional/phone", json!("call me"), "optional.phone", "telephone"),
        ("/birth/date", json!("1990-02-30"), "birth.date", "no date"),
        ("/birth/date", json!("20.05.1990"), "birth.date", "YYYY-MM-DD"),
        ("/issue_date", json!("2026-13-01"), "issue_date", "no date"),
        ("/issue_date", json!("+2026-1-01"), "issue_date", "no date"),
        ("/expiry_date", json!("2026-11-22"), "expiry_date", "on or before the day of its issue"),
        ("/expiry_date", json!("2036-11-23"), "expiry_date", "longer than the 10 years"),
        ("/birth/date", json!("2026-11-22"), "birth.date", "on or after the day of issue"),
        ("/birth/date", json!("2014-11-23"), "birth.date", "take the profile cnie-2.0-minor"),
        ("/fingerprints", json!([]), "fingerprints", "wants 2"),
    ];
    cases.extend(bad_lines());
    cases.extend(bad_images());
    cases
}

fn bad_lines() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    vec![
        ("/names/arabic/surname", json!("Temsamani"), "names.arabic.surname", "letter that is not Arabic (U+0054)"),
        ("/names/arabic/given", json!("محсن"), "names.arabic.given", "letter that is not Arabic (U+0441)"),
        ("/names/arabic/given", json!("محسن\u{200F}"), "names.arabic.given", "invisible sign"),
        ("/names/arabic/given", json!("\u{202E}محسن"), "names.arabic.given", "invisible sign"),
        ("/names/arabic/given", json!("\u{FEE3}حسن"), "names.arabic.given", "presentation form"),
        ("/names/arabic/given", json!("مـحسن"), "names.arabic.given", "tatweel"),
        ("/names/arabic/given", json!("محسن 2"), "names.arabic.given", "digit"),
        ("/names/arabic/given", json!(" "), "names.arabic.given", "empty"),
        ("/names/arabic/given", json!("محسن "), "names.arabic.given", "ends with a blank"),
        ("/names/arabic/given", json!("م".repeat(61)), "names.arabic.given", "room for 60"),
        ("/names/arabic/given", json!("-"), "names.arabic.given", "no Arabic letter"),
        ("/names/latin/surname", json!("التمسماني"), "names.latin.surname", "letter that is not Latin"),
        ("/names/latin/surname", json!("ΤEMSAMANI"), "names.latin.surname", "letter that is not Latin"),
        ("/names/latin/surname", json!("TEMSAMANI 3"), "names.latin.surname", "digit"),
        ("/names/latin/surname", json!("Ǝ"), "names.latin.surname", "cannot be written in the MRZ"),
        ("/names/arabic/surname", json!("م".repeat(46)), "names.arabic", "room for 99"),
        ("/authority/arabic", json!("م".repeat(50)), "authority.arabic", "room for 99"),
        ("/birth/place/latin", json!("RUE 1\nRABAT"), "birth.place.latin", "line break"),
        ("/address/latin", json!("RUE 1\tRABAT"), "address.latin", "line break"),
        ("/address/latin", json!("Ṣ".repeat(160)), "address.latin", "room for 160"),
        ("/address/latin", json!("RUE 1<RABAT"), "address.latin", "sign <"),
        ("/birth/place/arabic", json!("Rabat"), "birth.place.arabic", "not Arabic"),
        ("/authority/latin", json!(""), "authority.latin", "empty"),
        ("/parents/father/arabic", json!("محمد ben عمر"), "parents.father.arabic", "not Arabic"),
        ("/spouse/arabic", json!("KHADIJA"), "spouse.arabic", "not Arabic"),
        ("/optional/emergency_contact/name", json!("☎"), "optional.emergency_contact.name", "no place"),
        ("/optional/emergency_contact/phone", json!("1"), "optional.emergency_contact.phone", "telephone"),
        ("/optional/emergency_contact", json!("x"), "optional.emergency_contact", "kind string"),
    ]
}

fn bad_images() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let print = |file: &str| json!({"finger": "left_index", "file": file});
    vec![
        ("/portrait/file", json!("nowhere.jpg"), "portrait.file", "cannot be read: no such file"),
        ("/portrait/file", json!(""), "portrait.file", "names no file"),
        ("/portrait/file", json!("empty"), "portrait.file", "unknown image format"),
        ("/portrait/file", json!("truncated.jpg"), "portrait.file", "truncated"),
        ("/portrait/file", json!("trailing.jpg"), "portrait.file", "behind its end"),
        ("/portrait/file", json!("magic.jpg"), "portrait.file", "unknown image format"),
        ("/portrait/file", json!("holed.jpg"), "portrait.file", "the picture does not decode"),
        ("/portrait/file", json!("blank.png"), "portrait.file", "is not the shape 413 x 531 of the card"),
        ("/fingerprints/1", print("truncated.png"), "fingerprints[1].file", "truncated"),
        (
            "/fingerprints/1",
            print(sample::PORTRAIT_FILE),
            "fingerprints[1].file",
            "is a JPEG, the profile takes wsq or png",
        ),
        ("/fingerprints/1", print("truncated.wsq"), "fingerprints[1].file", "truncated"),
        ("/fingerprints/1", print("holed.wsq"), "fingerprints[1].file", "WSQ is damaged near octet"),
        ("/fingerprints/1", print("300ppi.wsq"), "fingerprints[1].file", "states 300 pixels an inch"),
        ("/fingerprints/1", print("large.wsq"), "fingerprints[1].file", "too large: "),
        ("/fingerprints/1", print("dark.pgm"), "fingerprints[1].file", "the print is inverted"),
        ("/fingerprints/1", print("small.pgm"), "fingerprints[1].file", "8 x 8 pixels hold no print"),
        ("/fingerprints/1", print("right_index.png"), "fingerprints[1].file", "another finger"),
        (
            "/fingerprints/1",
            json!({"finger": "right_index", "file": "left_index.png"}),
            "fingerprints[1].finger",
            "the same finger",
        ),
    ]
}

/// Samples are coded once, as the profile has it; the same samples that come coded are taken as they are.
#[test]
fn a_raw_print_becomes_wsq() {
    let mut record = sound();
    record["fingerprints"][1]["file"] = json!("raw.png");
    let (applicant, _) = parse(&record).unwrap();
    let coded = applicant.prints()[1].octets();
    assert!(coded == IMAGES[sample::LEFT_INDEX_FILE] && coded.len() <= 18 * 1024, "{} octets", coded.len());
    // where the profile puts another format first, the file is kept
    let mut profile = Profile::builtin("cnie-2.0").unwrap();
    profile.biometrics.finger_image_formats.swap(0, 1);
    profile.biometrics.print_bytes_max = 1 << 20;
    let (applicant, _) = parse_with(&record, &profile).unwrap();
    assert!(applicant.prints()[1].octets() == IMAGES["raw.png"]);
}

#[test]
fn each_bad_input_is_refused_at_its_field() {
    assert!(parse(&sound()).is_ok());
    for (pointer, value, field, words) in bad_inputs() {
        let errors = parse(&changed(pointer, &value)).expect_err(pointer);
        let blamed = |problem: &&super::Problem| {
            let said = problem.what.contains(words) || problem.remedy.contains(words);
            problem.field == field && said && !problem.remedy.is_empty() && problem.file == "record.json"
        };
        assert!(errors.problems.iter().any(|problem| blamed(&problem)), "{pointer} = {value}: {errors}");
        // one fault, one message; an age outside the profile has consequences that are told too
        assert!(errors.problems.len() == 1 || words.contains("profile"), "{pointer} = {value}: {errors}");
        let content = value.as_str().filter(|text| text.len() > 3 && !pointer.ends_with("file"));
        assert!(content.is_none_or(|text| !errors.to_string().contains(text)), "the content is repeated: {errors}");
    }
}

#[test]
fn everything_wrong_is_told_at_once() {
    let mut record = sound();
    record["cin"] = json!("?");
    record["names"]["arabic"]["surname"] = json!("x");
    record["expiry_date"] = json!("2020-01-01");
    record["portrait"]["file"] = json!("magic.jpg");
    let fields: Vec<String> =
        parse(&record).expect_err("four").problems.into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["names.arabic.surname", "cin", "expiry_date", "portrait.file"]);
    let mut record = sound();
    record.as_object_mut().unwrap().remove("cin");
    record["names"]["arabic"].as_object_mut().unwrap().remove("given");
    record["colour"] = json!(1);
    let errors = parse(&record).expect_err("three");
    assert_eq!(errors.problems.len(), 3);
    assert_eq!(errors.to_string().lines().count(), 3);
}

#[test]
fn ages_decide_over_profile_validity_and_prints() {
    let minor = Profile::builtin("cnie-2.0-minor").unwrap();
    let mut record = sample_json(3, true);
    assert!(parse_with(&record, &minor).is_ok());
    let fields = |record: &Value, profile: &Profile| -> Vec<String> {
        parse_with(record, profile).expect_err("rules").problems.into_iter().map(|problem| problem.field).collect()
    };
    record["expiry_date"] = json!("2033-11-23");
    assert_eq!(fields(&record, &minor), ["expiry_date"]);
    record["expiry_date"] = json!("2033-11-22");
    record["fingerprints"] = sound()["fingerprints"].clone();
    assert_eq!(fields(&record, &minor), ["fingerprints"]);
    assert_eq!(fields(&sound(), &minor), ["birth.date", "expiry_date", "fingerprints"]);
    // twelve years old on the day of issue: the adult card
    let mut record = sound();
    record["birth"]["date"] = json!("2014-11-22");
    assert!(parse(&record).is_ok());
}

#[test]
fn unusual_things_are_warned_of() {
    for (pointer, value, field) in [
        ("/cin", json!("AB1234"), "cin"),
        ("/spouse/kind", json!("widow"), "spouse.kind"),
        ("/issue_date", json!("2026-12-01"), "issue_date"),
        ("/names/latin/given", json!("MOHAMMED ABDERRAHIM YOUSSEF"), "names.latin"),
        ("/fingerprints/1/finger", json!("right_thumb"), "fingerprints[1].finger"),
    ] {
        let (_, warnings) = parse(&changed(pointer, &value)).unwrap();
        let [warning] = warnings.as_slice() else { panic!("{pointer}: {warnings:?}") };
        assert_eq!(warning.0.field, field);
    }
}

#[test]
fn what_is_no_record_is_refused() {
    let profile = Profile::builtin("cnie-2.0").unwrap();
    let refused = |json: &str| Applicant::parse(json, "r", &folder, &profile, TODAY).expect_err(json).problems;
    assert_eq!(refused("{\n  \"cin\": }")[0].field, "line 2, column 10");
    assert_eq!(refused("[]")[0].field, "whole record");
    let twice = sound().to_string().replacen("{\"", "{\"cin\":\"AB123456\",\"", 1);
    assert!(refused(&twice)[0].what.contains("twice"));
    let deep = "[".repeat(100_000);
    assert_eq!(refused(&deep).len(), 1);
}

/// Every pointer to a field or element of a value.
fn pointers(value: &Value, at: &str, list: &mut Vec<String>) {
    let mut entry = |key: String, inner: &Value| {
        let pointer = format!("{at}/{key}");
        list.push(pointer.clone());
        pointers(inner, &pointer, list);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, inner)| entry(key.clone(), inner)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, inner)| entry(index.to_string(), inner)),
        _ => {}
    }
}

/// The walk of `structure` and a validator by others judge every change of shape alike.
#[test]
fn the_schema_and_the_parser_agree() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for minor in [false, true] {
        assert!(validator.is_valid(&sample_json(9, minor)));
    }
    let record = sound();
    let mut all = Vec::new();
    pointers(&record, "", &mut all);
    assert!(all.len() > 40);
    for pointer in &all {
        for value in [Value::Null, json!(5), json!([5]), json!({"unknown": 5}), json!("?")] {
            let broken = changed(pointer, &value);
            if !validator.is_valid(&broken) {
                assert!(parse(&broken).is_err(), "{pointer} = {value} is no record to the schema, and was taken");
            }
            let shape = |field: &str| field.is_empty() || !field.starts_with("line");
            if let Err(errors) = parse(&broken) {
                assert!(errors.problems.iter().all(|problem| shape(&problem.field)), "{pointer} = {value}: {errors}");
            }
        }
    }
    let broken =
        [("/cin", json!("abc")), ("/sex", json!("W")), ("/extra", json!(1)), ("/birth/date", json!("1.1.1990"))];
    for (pointer, value) in broken {
        assert!(!validator.is_valid(&changed(pointer, &value)), "{pointer}");
    }
}

#[test]
fn the_published_schema_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/applicant.schema.json");
    let current = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == current, "docs/schema/applicant.schema.json is old: run the test with UPDATE_EXPECT=1");
}

#[test]
fn a_record_goes_through_json_and_back() {
    let record = sample::record(&mut ChaCha20Rng::seed_from_u64(11), false, true, TODAY);
    let text = serde_json::to_string_pretty(&record).unwrap();
    assert!(serde_json::from_str::<Record>(&text).unwrap() == record);
}
