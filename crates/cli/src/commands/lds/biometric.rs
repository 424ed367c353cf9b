//! Faces, prints, irises, minutiae and templates, in their data groups or bare.

use bitaqa_apdu::{Bytes, tlv};
use bitaqa_lds::biometrics::{self, Generation, Header, Modality, RecordFormat};
use bitaqa_lds::face::{Dg2, Face};
use bitaqa_lds::fingers::{Dg3, FingerData, FingerImage, FingerPosition};
use bitaqa_lds::image::{ImageFormat, ImageHeader};
use bitaqa_lds::iris::Dg4;
use bitaqa_lds::iso39794;
use bitaqa_lds::minutiae::{Edition, Minutia, MinutiaeRecord, from_compact};
use bitaqa_lds::on_card;
use serde_json::{Map, Value, json};

use super::Reading;

const fn generation(generation: Generation) -> &'static str {
    match generation {
        Generation::Iso19794 => "ISO 19794",
        Generation::Iso39794 => "ISO 39794",
    }
}

/// Fields of a block of 39794 as JSON.
fn block(shown: &iso39794::Shown) -> Value {
    use iso39794::Shown;
    match shown {
        Shown::Number(number) => json!(number),
        Shown::Flag(flag) => json!(flag),
        Shown::Text(text) => json!(text),
        Shown::Octets(octets) => json!({ "bytes": octets }),
        Shown::Group(fields) => {
            Value::Object(fields.iter().map(|(name, value)| ((*name).to_owned(), block(value))).collect::<Map<_, _>>())
        }
        Shown::List(items) => Value::Array(items.iter().map(block).collect()),
    }
}

/// What the image itself says; `None` where it is damaged, of which a note tells.
fn image(octets: &[u8]) -> Value {
    let Ok(header) = ImageHeader::read(octets) else { return json!({ "bytes": octets.len() }) };
    json!({
        "bytes": octets.len(),
        "format": header.format.to_string(),
        "width": header.width,
        "height": header.height,
        "colour": format!("{:?}", header.colour),
        "bits": header.bits,
    })
}

/// By the image's own octets; what nobody knows is `bin`.
fn extension(octets: &[u8]) -> &'static str {
    match ImageHeader::read(octets).map(|header| header.format) {
        Ok(ImageFormat::Jpeg) => "jpg",
        Ok(ImageFormat::Jp2) => "jp2",
        Ok(ImageFormat::J2k) => "j2k",
        Ok(ImageFormat::Png) => "png",
        Ok(ImageFormat::Wsq) => "wsq",
        Ok(ImageFormat::Pgm) => "pgm",
        Err(_) => "bin",
    }
}

/// DG2.
pub fn dg2(octets: &[u8]) -> Result<Reading, String> {
    let (file, notes) = Dg2::decode_tolerant(octets).map_err(|error| error.to_string())?;
    let mut reading = Reading::new("DG2", json!({ "faces": file.faces.iter().map(face).collect::<Vec<_>>() }));
    reading.notes = notes.iter().map(ToString::to_string).collect();
    for (face, at) in file.faces.iter().zip(1..) {
        reading.parts.push((format!("face-{at}.{}", extension(&face.image)), face.image.to_vec()));
    }
    Ok(reading)
}

fn face(face: &Face) -> Value {
    let details = &face.details;
    let mut fields = json!({
        "generation": generation(face.generation()),
        "gender": format!("{:?}", face.gender),
        "source": format!("{:?}", face.source),
        "image": image(&face.image),
    });
    let more = match face.shown() {
        Some(shown) => json!({ "block": block(&shown) }),
        None => json!({
            "face_image_type": format!("{:?}", face.image_type),
            "eye_colour": details.eye_colour,
            "hair_colour": details.hair_colour,
            "features": hex::encode_upper(details.features),
            "expression": details.expression,
            "pose": details.pose,
            "pose_uncertainty": details.pose_uncertainty,
            "feature_points": details.feature_points.iter().map(hex::encode_upper).collect::<Vec<_>>(),
            "device": details.device,
            "quality": details.quality,
        }),
    };
    join(&mut fields, more);
    fields
}

fn join(fields: &mut Value, more: Value) {
    if let (Value::Object(fields), Value::Object(more)) = (fields, more) {
        fields.extend(more);
    }
}

/// DG3.
pub fn dg3(octets: &[u8]) -> Result<Reading, String> {
    let (file, notes) = Dg3::decode_tolerant(octets).map_err(|error| error.to_string())?;
    let mut reading = Reading::new("DG3", Value::Null);
    reading.notes = notes.iter().map(ToString::to_string).collect();
    let fingers = file.fingers().iter().map(|finger| {
        let name = finger.position.name();
        let (part, mut fields) = match &finger.data {
            FingerData::Image(print) => (format!("{name}.{}", extension(&print.image)), print_fields(print)),
            FingerData::Minutiae(record) => (format!("{name}.fmr"), record_fields(record)),
        };
        let octets = match &finger.data {
            FingerData::Image(print) => print.image.to_vec(),
            FingerData::Minutiae(record) => record.octets().to_vec(),
        };
        reading.parts.push((part, octets));
        join(&mut fields, json!({ "finger": name, "generation": generation(finger.generation()) }));
        fields
    });
    let fingers: Vec<Value> = fingers.collect();
    reading.fields = match &file {
        Dg3::Fingers(_) => json!({ "fingers": fingers }),
        Dg3::Empty { random } => json!({ "fingers": fingers, "random_bytes": random.len() }),
    };
    Ok(reading)
}

fn print_fields(print: &FingerImage) -> Value {
    let mut fields = json!({
        "impression": format!("{:?}", print.impression),
        "quality": (print.quality != 254).then_some(print.quality),
        "ppi": print.ppi,
        "image": image(&print.image),
    });
    join(
        &mut fields,
        print.shown().map_or(json!({ "device": print.device }), |shown| json!({ "block": block(&shown) })),
    );
    fields
}

/// DG4.
pub fn dg4(octets: &[u8]) -> Result<Reading, String> {
    let file = Dg4::decode(octets).map_err(|error| error.to_string())?;
    let Dg4::Irises(irises) = file else { return Ok(Reading::new("DG4", json!({ "irises": [] }))) };
    let fields = irises.iter().map(|iris| json!({ "eye": format!("{:?}", iris.eye), "bytes": iris.record.len() }));
    let mut reading = Reading::new("DG4", json!({ "irises": fields.collect::<Vec<_>>() }));
    for iris in &irises {
        reading.parts.push((format!("iris-{:?}.bin", iris.eye).to_lowercase(), iris.record.to_vec()));
    }
    Ok(reading)
}

/// A facial record without a group around it.
pub fn bare_face(octets: &[u8]) -> Result<Reading, String> {
    let reading = wrapped(Modality::Face, 0, RecordFormat::FaceImage, octets)?;
    Ok(Reading { kind: "FAC", ..reading })
}

/// A finger record without a group around it: which finger stands in its view header.
pub fn bare_finger(octets: &[u8]) -> Result<Reading, String> {
    const POSITION: usize = 36;
    let position = octets.get(POSITION).and_then(|code| FingerPosition::from_code(*code));
    let position = position.ok_or("is cut off, or of no single finger")?;
    let reading = wrapped(Modality::Finger, position.subtype(), RecordFormat::FingerImage, octets)?;
    Ok(Reading { kind: "FIR", ..reading })
}

fn wrapped(modality: Modality, subtype: u8, format: RecordFormat, record: &[u8]) -> Result<Reading, String> {
    let file = biometrics::encode(modality, &[(Header::new(subtype, format), Bytes::from(record))], &[])
        .map_err(|error| error.to_string())?;
    match modality {
        Modality::Face => dg2(&file),
        _ => dg3(&file),
    }
}

/// Whether the octets are one object that begins with a version block.
pub fn is_block(octets: &[u8]) -> bool {
    let body = tlv::Reader::new(octets).next().ok().flatten();
    body.is_some_and(|body| body.value.starts_with(&[0xA0]))
}

/// A block of 39794-4 or -5 without a group around it.
pub fn bare_block(octets: &[u8]) -> Result<Reading, String> {
    let record = tlv::tlv(0xA1, octets);
    if octets.starts_with(&[0x65]) {
        let reading = wrapped(Modality::Face, 0, RecordFormat::FaceImage39794, &record)?;
        return Ok(Reading { kind: "39794-5", ..reading });
    }
    // The finger stands inside: the group's own check tells which it is.
    let mut last = Err("is of no single finger".to_owned());
    for position in FingerPosition::ALL {
        match wrapped(Modality::Finger, position.subtype(), RecordFormat::FingerImage39794, &record) {
            Ok(reading) => return Ok(Reading { kind: "39794-4", ..reading }),
            Err(error) if error.contains("finger position: is not") => {}
            Err(error) => last = Err(error),
        }
    }
    last
}

/// A minutiae record.
pub fn minutiae(octets: &[u8]) -> Result<Reading, String> {
    let (record, notes) = MinutiaeRecord::tolerant(octets).map_err(|error| error.to_string())?;
    let mut reading = Reading::new("FMR", record_fields(&record));
    reading.notes = notes.iter().map(ToString::to_string).collect();
    Ok(reading)
}

fn record_fields(record: &MinutiaeRecord) -> Value {
    let views = record.views().iter().map(|view| {
        json!({
            "finger": FingerPosition::from_code(view.position).map(FingerPosition::name),
            "view": view.number,
            "impression": view.impression,
            "quality": view.quality,
            "width": view.size.0,
            "height": view.size.1,
            "pixels_per_cm": [view.resolution.0, view.resolution.1],
            "minutiae": view.minutiae.iter().copied().map(minutia).collect::<Vec<_>>(),
            "extension_bytes": view.extensions.len(),
        })
    });
    let edition = match record.edition() {
        Edition::Of2005 => 2005,
        Edition::Of2011 => 2011,
    };
    json!({ "edition": edition, "device": record.device(), "views": views.collect::<Vec<_>>() })
}

fn minutia(minutia: Minutia) -> Value {
    let Minutia { kind, x, y, angle, quality } = minutia;
    json!({ "type": format!("{kind:?}"), "x": x, "y": y, "angle": angle, "quality": quality })
}

/// BIT group.
pub fn information(octets: &[u8]) -> Result<Reading, String> {
    let group = on_card::decode_group(octets).map_err(|error| error.to_string())?;
    let templates = group.iter().map(|template| {
        json!({
            "reference": template.reference,
            "finger": template.finger().map(FingerPosition::name),
            "format_owner": format!("{:04X}", template.owner),
            "format_type": format!("{:04X}", template.format),
            "minutiae_min": template.minutiae.0,
            "minutiae_max": template.minutiae.1,
            "order": format!("{:02X}", template.order.code()),
        })
    });
    Ok(Reading::new("BIT group", json!({ "references": templates.collect::<Vec<_>>() })))
}

/// Minutiae in the compact form.
pub fn template(octets: &[u8]) -> Result<Reading, String> {
    let minutiae = on_card::read_probe(octets).map_err(|error| error.to_string())?;
    let minutiae = from_compact(minutiae.as_flattened()).unwrap_or_default();
    let minutiae = minutiae
        .iter()
        .map(|one| json!({ "type": format!("{:?}", one.kind), "x": one.x, "y": one.y, "angle": one.angle }));
    Ok(Reading::new("compact template", json!({ "minutiae": minutiae.collect::<Vec<_>>() })))
}
