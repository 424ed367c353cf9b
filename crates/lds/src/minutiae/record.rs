//! The record in its two editions, ISO/IEC 19794-2:2005 and 2011, both ways.

use super::{Capture, Edition, Minutia, MinutiaKind, MinutiaeNote, RECORD, View, field};
use crate::biometrics::Fields;
use crate::error::LdsError;

const MAGIC: &[u8] = b"FMR\0";
/// Most views that a record of 2005 can count.
const VIEWS_MAX: u8 = 176;

/// Edition, device and views.
type Content = (Edition, u16, Vec<View>);

/// Reads a record.
pub(super) fn read(octets: &[u8], notes: &mut Vec<MinutiaeNote>) -> Result<Content, LdsError> {
    let mut fields = Fields::new(octets, RECORD);
    fields.fixed(MAGIC, "format identifier", "is not FMR")?;
    let edition = match fields.take(4, "version")? {
        b" 20\0" => Edition::Of2005,
        b"030\0" => Edition::Of2011,
        _ => return Err(field("version", "is neither that of 2005 nor that of 2011")),
    };
    let length = fields.u32("length")?;
    if usize::try_from(length) != Ok(octets.len()) {
        notes.push(MinutiaeNote::RecordLength(length, octets.len()));
    }
    let (device, views) = match edition {
        Edition::Of2005 => read_2005(&mut fields, notes)?,
        Edition::Of2011 => (0, read_2011(&mut fields, notes)?),
    };
    // Octets behind the last view are forgiven only where the length is wrong anyway.
    if fields.left() != 0 && notes.is_empty() {
        return Err(field("length", "leaves octets behind the last view"));
    }
    Ok((edition, device, views))
}

fn read_2005(fields: &mut Fields<'_>, notes: &mut Vec<MinutiaeNote>) -> Result<(u16, Vec<View>), LdsError> {
    let device = fields.u16("capture device")?;
    let size = (fields.u16("width")?, fields.u16("height")?);
    let resolution = (fields.u16("resolution")?, fields.u16("resolution")?);
    check_frame(size, resolution)?;
    let count = fields.u8("number of views")?;
    fields.fixed(&[0], "reserved", "is not zero")?;
    if !(1..=VIEWS_MAX).contains(&count) {
        return Err(field("number of views", "is not 1 to 176"));
    }
    let mut views = Vec::new();
    for _ in 0..count {
        let [position, number_and_impression, quality, minutiae] = fields.array::<4>("view header")?;
        if quality > 100 {
            return Err(field("finger quality", "is above 100"));
        }
        let minutiae = read_minutiae(fields, minutiae, true, size, notes)?;
        let extensions = read_extensions(fields, notes)?;
        let (number, impression) = (number_and_impression >> 4, number_and_impression & 0x0F);
        let mut view = View::new(check_position(position)?, size, resolution, minutiae);
        (view.number, view.impression, view.quality) = (number, impression, quality);
        view.extensions = extensions.into();
        views.push(view);
    }
    Ok((device, views))
}

fn read_2011(fields: &mut Fields<'_>, notes: &mut Vec<MinutiaeNote>) -> Result<Vec<View>, LdsError> {
    let count = fields.u16("number of representations")?;
    if count == 0 {
        return Err(field("number of representations", "is 0"));
    }
    let certified = match fields.u8("certification flag")? {
        0 => false,
        1 => true,
        _ => return Err(field("certification flag", "is neither 0 nor 1")),
    };
    let mut views = Vec::new();
    for _ in 0..count {
        let start = fields.left();
        let length = fields.u32("representation length")?;
        views.push(read_representation(fields, certified, notes)?);
        let walked = start.saturating_sub(fields.left());
        if usize::try_from(length) != Ok(walked) {
            notes.push(MinutiaeNote::ViewLength(length, walked));
        }
    }
    Ok(views)
}

fn read_representation(
    fields: &mut Fields<'_>,
    certified: bool,
    notes: &mut Vec<MinutiaeNote>,
) -> Result<View, LdsError> {
    let date = fields.array("capture date")?;
    let technology = fields.u8("capture technology")?;
    let device = [fields.u16("capture device")?, fields.u16("capture device")?];
    let mut qualities = Vec::new();
    for _ in 0..fields.u8("number of qualities")? {
        let score = fields.u8("quality")?;
        qualities.push((score, [fields.u16("quality algorithm")?, fields.u16("quality algorithm")?]));
    }
    let certifications = if certified {
        let count = usize::from(fields.u8("number of certifications")?);
        Some(fields.take(count * 3, "certifications")?.as_chunks().0.to_vec())
    } else {
        None
    };
    let (position, number) = (check_position(fields.u8("finger position")?)?, fields.u8("view number")?);
    let resolution = (fields.u16("resolution")?, fields.u16("resolution")?);
    let impression = fields.u8("impression")?;
    let size = (fields.u16("width")?, fields.u16("height")?);
    check_frame(size, resolution)?;
    let shape = fields.u8("minutia field")?;
    let with_quality = match shape >> 4 {
        6 => true,
        5 => false,
        _ => return Err(field("minutia field", "is neither 5 nor 6 octets long")),
    };
    let count = fields.u8("number of minutiae")?;
    let minutiae = read_minutiae(fields, count, with_quality, size, notes)?;
    let mut view = View::new(position, size, resolution, minutiae);
    (view.number, view.impression) = (number, impression);
    view.quality = qualities.first().map_or(0, |(score, _)| *score);
    view.extensions = read_extensions(fields, notes)?.into();
    let ending_type = shape & 0x0F;
    view.capture = Some(Capture { date, technology, device, qualities, certifications, ending_type, with_quality });
    Ok(view)
}

fn read_minutiae(
    fields: &mut Fields<'_>,
    count: u8,
    with_quality: bool,
    (width, height): (u16, u16),
    notes: &mut Vec<MinutiaeNote>,
) -> Result<Vec<Minutia>, LdsError> {
    let octets = if with_quality { 6 } else { 5 };
    let all = fields.take(usize::from(count) * octets, "minutiae")?;
    let mut minutiae = Vec::with_capacity(usize::from(count));
    for octets in all.chunks_exact(octets) {
        let [x_high, x_low, y_high, y_low, angle, rest @ ..] = octets else { continue };
        let (x, y) = (u16::from_be_bytes([*x_high & 0x3F, *x_low]), u16::from_be_bytes([*y_high, *y_low]));
        let kind = MinutiaKind::from_code(x_high >> 6).ok_or(field("minutia type", "is a reserved value"))?;
        if y > 0x3FFF {
            return Err(field("minutia", "lies outside the image"));
        }
        if x >= width || y >= height {
            notes.push(MinutiaeNote::Outside(x, y));
        }
        let quality = rest.first().copied().unwrap_or_default();
        if quality > 100 {
            return Err(field("minutia quality", "is above 100"));
        }
        minutiae.push(Minutia { kind, x, y, angle: *angle, quality });
    }
    Ok(minutiae)
}

/// Their octets, as many as are left where more are told.
fn read_extensions<'a>(fields: &mut Fields<'a>, notes: &mut Vec<MinutiaeNote>) -> Result<&'a [u8], LdsError> {
    let told = fields.u16("extension length")?;
    let left = fields.left();
    if usize::from(told) > left {
        notes.push(MinutiaeNote::Extensions(told, left));
    }
    fields.take(usize::from(told).min(left), "extensions")
}

fn check_position(position: u8) -> Result<u8, LdsError> {
    if position > 10 { Err(field("finger position", "is above 10")) } else { Ok(position) }
}

fn check_frame((width, height): (u16, u16), resolution: (u16, u16)) -> Result<(), LdsError> {
    if width == 0 || height == 0 || resolution.0 == 0 || resolution.1 == 0 {
        return Err(field("width, height or resolution", "is 0"));
    }
    Ok(())
}

/// Writes a record; the reader judges what came out.
pub(super) fn write(edition: Edition, device: u16, views: &[View]) -> Result<Vec<u8>, LdsError> {
    let body = match edition {
        Edition::Of2005 => write_2005(device, views)?,
        Edition::Of2011 => write_2011(views)?,
    };
    let length = u32::try_from(body.len() + 12).map_err(|_| field("length", "is more than a record can hold"))?;
    let version = match edition {
        Edition::Of2005 => b" 20\0",
        Edition::Of2011 => b"030\0",
    };
    Ok([MAGIC, version, &length.to_be_bytes(), &body].concat())
}

fn write_2005(device: u16, views: &[View]) -> Result<Vec<u8>, LdsError> {
    let frame = views.first().ok_or(field("number of views", "is 0: size and resolution are those of a view"))?;
    let same = |view: &View| view.size == frame.size && view.resolution == frame.resolution;
    if !views.iter().all(same) {
        return Err(field("width, height or resolution", "differ between the views of one record"));
    }
    let mut out = Vec::new();
    for number in [device, frame.size.0, frame.size.1, frame.resolution.0, frame.resolution.1] {
        out.extend(number.to_be_bytes());
    }
    out.extend([u8::try_from(views.len()).map_err(|_| field("number of views", "is above 176"))?, 0]);
    for view in views {
        if view.number > 15 || view.impression > 15 {
            return Err(field("view number or impression", "is above 15"));
        }
        out.extend([view.position, view.number << 4 | view.impression, view.quality, count(&view.minutiae)?]);
        write_minutiae(&mut out, view, true)?;
    }
    Ok(out)
}

fn write_2011(views: &[View]) -> Result<Vec<u8>, LdsError> {
    let number = u16::try_from(views.len()).map_err(|_| field("number of representations", "is above 65535"))?;
    let certified =
        views.iter().any(|view| view.capture.as_ref().is_some_and(|capture| capture.certifications.is_some()));
    let mut out = number.to_be_bytes().to_vec();
    out.push(u8::from(certified));
    for view in views {
        let body = write_representation(view, certified)?;
        let length = u32::try_from(body.len() + 4).map_err(|_| field("representation length", "is too large"))?;
        out.extend(length.to_be_bytes());
        out.extend(body);
    }
    Ok(out)
}

fn write_representation(view: &View, certified: bool) -> Result<Vec<u8>, LdsError> {
    let unknown = Capture {
        date: [0xFF; 9],
        technology: 0,
        device: [0, 0],
        qualities: Vec::new(),
        certifications: certified.then(Vec::new),
        ending_type: 0,
        with_quality: true,
    };
    let capture = view.capture.as_ref().unwrap_or(&unknown);
    let few = |length: usize| u8::try_from(length).map_err(|_| field("qualities or certifications", "are above 255"));
    let mut out = capture.date.to_vec();
    out.push(capture.technology);
    out.extend(capture.device.iter().flat_map(|number| number.to_be_bytes()));
    out.push(few(capture.qualities.len())?);
    for (score, algorithm) in &capture.qualities {
        out.push(*score);
        out.extend(algorithm.iter().flat_map(|number| number.to_be_bytes()));
    }
    if certified {
        let certifications = capture.certifications.as_deref().unwrap_or_default();
        out.push(few(certifications.len())?);
        out.extend(certifications.as_flattened());
    }
    out.extend([view.position, view.number]);
    out.extend([view.resolution.0, view.resolution.1].iter().flat_map(|number| number.to_be_bytes()));
    out.push(view.impression);
    out.extend([view.size.0, view.size.1].iter().flat_map(|number| number.to_be_bytes()));
    if capture.ending_type > 15 {
        return Err(field("ending type", "is above 15"));
    }
    out.push(if capture.with_quality { 0x60 } else { 0x50 } | capture.ending_type);
    out.push(count(&view.minutiae)?);
    write_minutiae(&mut out, view, capture.with_quality)?;
    Ok(out)
}

fn count(minutiae: &[Minutia]) -> Result<u8, LdsError> {
    u8::try_from(minutiae.len()).map_err(|_| field("number of minutiae", "is above 255: keep the best ones"))
}

/// Minutiae and extensions.
fn write_minutiae(out: &mut Vec<u8>, view: &View, with_quality: bool) -> Result<(), LdsError> {
    for minutia in &view.minutiae {
        if minutia.x > 0x3FFF || minutia.y > 0x3FFF {
            return Err(field("minutia", "lies outside the image"));
        }
        out.extend(((minutia.kind as u16) << 14 | minutia.x).to_be_bytes());
        out.extend(minutia.y.to_be_bytes());
        out.push(minutia.angle);
        if with_quality {
            out.push(minutia.quality);
        }
    }
    let extensions = u16::try_from(view.extensions.len()).map_err(|_| field("extensions", "are too large"))?;
    out.extend(extensions.to_be_bytes());
    out.extend_from_slice(&view.extensions);
    Ok(())
}
