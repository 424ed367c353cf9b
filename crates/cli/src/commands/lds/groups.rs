//! Data groups with the holder's data, and EF.COM.

use bitaqa_lds::com::Com;
use bitaqa_lds::dg1::Dg1;
use bitaqa_lds::dg11::Dg11;
use bitaqa_lds::dg12::Dg12;
use bitaqa_lds::dg13::{Dg13, SpouseKind};
use bitaqa_lds::{Bilingual, CivilDate, Text};
use serde_json::{Map, Value, json};

use super::Reading;

/// Fields that are there.
fn present(fields: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn word(text: Option<&Text>) -> Option<Value> {
    text.map(|text| json!(&**text))
}

fn words(texts: &[Text]) -> Option<Value> {
    (!texts.is_empty()).then(|| json!(texts.iter().map(|text| &**text).collect::<Vec<&str>>()))
}

fn both(text: Option<&Bilingual>) -> Option<Value> {
    text.map(|text| json!({ "arabic": &*text.arabic, "latin": &*text.latin }))
}

/// `YYYY-MM-DD`, with `00` for what no register knows.
fn birth(date: CivilDate) -> String {
    match date {
        CivilDate::Known(date) => date.to_string(),
        CivilDate::Partial { year, month } => format!("{:04}-{:02}-00", year.unwrap_or(0), month.unwrap_or(0)),
    }
}

/// Versions and list of groups.
pub fn com(octets: &[u8]) -> Result<Reading, String> {
    let com = Com::decode(octets).map_err(|error| error.to_string())?;
    let fields = json!({
        "lds_version": String::from_utf8_lossy(&com.lds_version),
        "unicode_version": String::from_utf8_lossy(&com.unicode_version),
        "data_groups": com.data_groups,
    });
    Ok(Reading::new("EF.COM", fields))
}

/// MRZ.
pub fn dg1(octets: &[u8]) -> Result<Reading, String> {
    let mrz = Dg1::decode(octets).map_err(|error| error.to_string())?.mrz;
    let fields = json!({
        "mrz": mrz.lines(),
        "document_code": mrz.document_code(),
        "issuing_state": mrz.issuing_state(),
        "document_number": mrz.document_number(),
        "birth": mrz.birth(),
        "sex": mrz.sex().letter().to_string(),
        "expiry": mrz.expiry(),
        "nationality": mrz.nationality(),
        "optional_1": mrz.optional_1(),
        "optional_2": mrz.optional_2(),
        "surname": mrz.surname(),
        "given_names": mrz.given_names(),
    });
    Ok(Reading::new("DG1", fields))
}

/// Further data of the holder.
pub fn dg11(octets: &[u8]) -> Result<Reading, String> {
    let group = Dg11::decode(octets).map_err(|error| error.to_string())?;
    let fields = present([
        ("full_name", word(group.full_name.as_ref())),
        ("other_names", words(&group.other_names)),
        ("personal_number", word(group.personal_number.as_ref())),
        ("birth", group.birth.map(|date| json!(birth(date)))),
        ("place_of_birth", words(&group.place_of_birth)),
        ("address", words(&group.address)),
        ("telephone", word(group.telephone.as_ref())),
        ("profession", word(group.profession.as_ref())),
        ("title", word(group.title.as_ref())),
        ("summary", word(group.summary.as_ref())),
        ("proof_of_citizenship_bytes", group.proof_of_citizenship.as_ref().map(|image| json!(image.len()))),
        ("other_documents", words(&group.other_documents)),
        ("custody", word(group.custody.as_ref())),
    ]);
    let mut reading = Reading::new("DG11", fields);
    reading
        .parts
        .extend(group.proof_of_citizenship.map(|image| ("proof-of-citizenship.bin".to_owned(), image.to_vec())));
    Ok(reading)
}

/// Further data of the document.
pub fn dg12(octets: &[u8]) -> Result<Reading, String> {
    let group = Dg12::decode(octets).map_err(|error| error.to_string())?;
    let fields = present([
        ("authority", word(group.authority.as_ref())),
        ("issued", group.issued.map(|date| json!(date.to_string()))),
        ("other_persons", words(&group.other_persons)),
        ("endorsements", word(group.endorsements.as_ref())),
        ("tax_exit", word(group.tax_exit.as_ref())),
        ("front_image_bytes", group.front_image.as_ref().map(|image| json!(image.len()))),
        ("rear_image_bytes", group.rear_image.as_ref().map(|image| json!(image.len()))),
        ("personalised", group.personalised.map(|at| json!(at.to_string()))),
        ("machine", word(group.machine.as_ref())),
    ]);
    let mut reading = Reading::new("DG12", fields);
    for (name, image) in [("front.bin", group.front_image), ("rear.bin", group.rear_image)] {
        reading.parts.extend(image.map(|image| (name.to_owned(), image.to_vec())));
    }
    Ok(reading)
}

/// What a Moroccan card prints in two scripts.
pub fn dg13(octets: &[u8]) -> Result<Reading, String> {
    let group = Dg13::decode(octets).map_err(|error| error.to_string())?;
    let spouse = group.spouse.as_ref().map(|spouse| {
        let kind = match spouse.kind {
            SpouseKind::Wife => "wife",
            SpouseKind::Widow => "widow",
            SpouseKind::Widower => "widower",
        };
        json!({ "kind": kind, "name": both(Some(&spouse.name)) })
    });
    let fields = present([
        ("family_name", both(group.family_name.as_ref())),
        ("given_names", both(group.given_names.as_ref())),
        ("place_of_birth", both(group.place_of_birth.as_ref())),
        ("father", both(group.father.as_ref())),
        ("mother", both(group.mother.as_ref())),
        ("address", both(group.address.as_ref())),
        ("spouse", spouse),
        ("civil_registry_number", word(group.civil_registry_number.as_ref())),
        ("sex", group.sex.map(|sex| json!(sex.letter().to_string()))),
    ]);
    Ok(Reading::new("DG13", fields))
}
