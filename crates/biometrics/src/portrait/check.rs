//! What can be said of a portrait without a learned model of faces, each statement with what was found and what is
//! wanted; and by name what was not looked at.
//!
//! Limits are from ISO/IEC 19794-5 and BSI TR-03121-3.2 where these give them, and otherwise our own, chosen on drawn
//! portraits and one mannequin: they catch what is plainly wrong and pass no judgement of beauty.

use bitaqa_lds::image::Colour;

use super::measure::{Background, Histogram, Oval, blocks_percent, sharpness, tint};
use super::{Compression, Eyes, Face, FaceFinder, Geometry, Source, cut, luma};
use crate::raster::Rgb;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing was looked at: no statement.
    NotAssessed,
    /// As wanted.
    Ok,
    /// Usable, but somebody should look.
    Warn,
    /// Not to be put into a chip.
    Fail,
}

impl Verdict {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotAssessed => "not assessed",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found, with its unit.
    pub found: String,
    /// What is wanted.
    pub wanted: &'static str,
}

/// All checks of a portrait.
pub struct Report {
    /// In a fixed order.
    pub checks: Vec<Check>,
    /// The face that was found.
    pub face: Option<Face>,
    /// Eyes as given, or as found.
    pub eyes: Option<Eyes>,
}

impl Report {
    /// The worst verdict; what was not assessed does not count.
    pub fn verdict(&self) -> Verdict {
        self.checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::NotAssessed)
    }
}

/// What no deterministic figure tells, by name.
const NOT_ASSESSED: [&str; 8] = [
    "head size",
    "yaw and pitch",
    "expression",
    "eyes open",
    "gaze",
    "glasses",
    "covered parts of the face",
    "head cover",
];

/// Looks at a portrait. `eyes` are the caller's, from a person or a better finder; without them the face's are looked
/// for. Without a finder the number of faces is not assessed.
pub fn check(source: &Source, eyes: Option<Eyes>, finder: Option<&FaceFinder>, geometry: Geometry) -> Report {
    let faces = finder.map(|finder| finder.faces(&source.pixels));
    let face = faces.as_ref().and_then(|faces| faces.first().copied());
    let found = || face.and_then(|face| face.eyes(&source.pixels));
    let (eyes, given) = (eyes.or_else(found), eyes.is_some());
    let mut checks = Checks(Vec::new());
    let pixels = cut(&source.pixels, eyes, geometry);
    container(source, pixels.as_ref().map_or(1.0, |cut| cut.scale), &mut checks);
    checks.faces(faces.as_deref());
    checks.eyes(eyes.as_ref(), given);
    place(source, eyes, geometry, &mut checks);
    // Light and sharpness are those of what the card would show, where there is such a cut.
    match &pixels {
        Ok(cut) => light(&cut.pixels, cut.eyes.as_ref(), source.header.colour, &mut checks),
        Err(_) => light(&source.pixels, eyes.as_ref(), source.header.colour, &mut checks),
    }
    for name in NOT_ASSESSED {
        checks.push(name, Verdict::NotAssessed, String::new(), "a person looks");
    }
    Report { checks: checks.0, face, eyes }
}

struct Checks(Vec<Check>);

/// Ok inside the first range, a warning inside the second, else failed.
fn graded(value: i64, ok: core::ops::RangeInclusive<i64>, warn: core::ops::RangeInclusive<i64>) -> Verdict {
    match value {
        value if ok.contains(&value) => Verdict::Ok,
        value if warn.contains(&value) => Verdict::Warn,
        _ => Verdict::Fail,
    }
}

fn whole(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Thousandths, rounded: ratios are compared as integers.
fn milli(value: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "a ratio of places in one picture; `as` saturates")]
    let rounded = (value * 1000.0).round() as i64;
    rounded
}

impl Checks {
    fn push(&mut self, name: &'static str, verdict: Verdict, found: String, wanted: &'static str) {
        self.0.push(Check { name, verdict, found, wanted });
    }

    fn faces(&mut self, faces: Option<&[Face]>) {
        let (verdict, found) = match faces {
            None => (Verdict::NotAssessed, String::new()),
            // The finder misses faces that fill the picture: silence is no proof.
            Some([]) => (Verdict::Warn, "none found".to_owned()),
            Some([face]) => (Verdict::Ok, format!("1, score {:.0}", face.score)),
            Some(faces) => (Verdict::Fail, format!("{}", faces.len())),
        };
        self.push("faces", verdict, found, "one");
    }

    fn eyes(&mut self, eyes: Option<&Eyes>, given: bool) {
        let Some(eyes) = eyes else {
            for (name, wanted) in [("eye distance", "120 pixels, at least 90"), ("roll", "within 5 degrees, at most 8")]
            {
                self.push(name, Verdict::NotAssessed, "no eyes given or found".to_owned(), wanted);
            }
            return;
        };
        let way = if given { "given" } else { "found" };
        let pixels = milli(eyes.distance()) / 1000;
        let verdict = graded(pixels, 120..=i64::MAX, 90..=i64::MAX);
        self.push("eye distance", verdict, format!("{pixels} pixels, eyes {way}"), "120 pixels, at least 90");
        // tangents of 5 and 8 degrees
        let slope = milli(eyes.slope());
        let verdict = graded(slope.abs(), 0..=87, 0..=140);
        let degrees = eyes.slope().atan().to_degrees();
        self.push("roll", verdict, format!("{degrees:.1} degrees"), "within 5 degrees, at most 8");
    }
}

fn container(source: &Source, scale: f64, checks: &mut Checks) {
    let header = &source.header;
    let found = format!(
        "{}, {} x {}, {} bits, {} octets",
        header.format, header.width, header.height, header.bits, source.octets
    );
    checks.push("container", Verdict::Ok, found, "whole, one picture, nothing behind its end");
    let grey = header.colour == Colour::Grey;
    let verdict = if grey { Verdict::Warn } else { Verdict::Ok };
    checks.push("colour", verdict, if grey { "grey" } else { "colour" }.to_owned(), "24 bits of sRGB");
    let metadata = &source.facts.metadata;
    let verdict = if metadata.is_empty() { Verdict::Ok } else { Verdict::Warn };
    let found = if metadata.is_empty() { "none".to_owned() } else { metadata.join(", ") };
    checks.push("metadata", verdict, found, "none; `encode` leaves it out");
    let bits = source.centibits_per_pixel();
    let bits = format!("{}.{:02} bits a pixel", bits / 100, bits % 100);
    let found = match source.facts.compression {
        Compression::Lossless => format!("lossless, {bits}"),
        Compression::Jpeg { quality } => format!("JPEG of quality {quality}, {bits}"),
        Compression::Jpeg2000 { reversible, levels, layers, .. } => {
            let wavelet = if reversible { "reversible" } else { "irreversible" };
            format!("JPEG 2000, {wavelet}, {levels} levels, {layers} layers, {bits}")
        }
    };
    let verdict = if source.refuse_second_loss(scale).is_err() { Verdict::Warn } else { Verdict::Ok };
    checks.push("compression", verdict, found, "little enough to be compressed once more");
    let blocks = blocks_percent(&source.pixels);
    let verdict = graded(whole(blocks), 0..=125, 0..=180);
    checks.push("blocks", verdict, format!("{blocks} %"), "steps at every 8th column no larger than elsewhere");
}

/// Where the face lies, and whether the card's frame fits around it.
fn place(source: &Source, eyes: Option<Eyes>, geometry: Geometry, checks: &mut Checks) {
    let limits = [("face across", "0.45 to 0.55 of the width"), ("face down", "0.30 to 0.50 of the height")];
    match eyes.map(|eyes| eyes.middle()) {
        Some(middle) => {
            let across = milli(middle.x / f64::from(source.pixels.width()));
            let down = milli(middle.y / f64::from(source.pixels.height()));
            let ranges = [(across, 450..=550), (down, 300..=500)];
            for ((name, wanted), (value, ok)) in limits.into_iter().zip(ranges) {
                // A frame that is cut by the eyes puts this right: never a failure.
                let verdict = graded(value, ok, 0..=1000);
                checks.push(name, verdict, format!("0.{value:03}"), wanted);
            }
        }
        None => {
            for (name, wanted) in limits {
                checks.push(name, Verdict::NotAssessed, "no eyes given or found".to_owned(), wanted);
            }
        }
    }
    let wanted = "the card's frame lies in the picture, and needs no pixels that are not there";
    match cut(&source.pixels, eyes, geometry) {
        Ok(cut) => checks.push("frame", Verdict::Ok, format!("{:.2} pixels for one of the card's", cut.scale), wanted),
        Err(error) => checks.push("frame", Verdict::Fail, error.to_string(), wanted),
    }
}

fn light(pixels: &Rgb, eyes: Option<&Eyes>, colour: Colour, checks: &mut Checks) {
    match eyes {
        Some(eyes) => face_light(pixels, &Oval::new(eyes), colour, checks),
        None => {
            for name in
                ["exposure", "overexposed", "underexposed", "contrast", "even light", "natural colour", "sharpness"]
            {
                checks.push(name, Verdict::NotAssessed, "no eyes given or found".to_owned(), "figures of the face");
            }
        }
    }
    let background = Background::new(pixels);
    let (deviation, mean) = (background.all.deviation(), background.all.mean());
    checks.push(
        "background",
        graded(whole(deviation), 0..=14, 0..=30),
        format!("deviation {deviation}"),
        "even: deviation of luma at most 14, never above 30",
    );
    let verdict = graded(whole(mean), 120..=250, 0..=255);
    checks.push("background light", verdict, format!("mean {mean}"), "light, not white: mean of luma 120 to 250");
    let across = background.left.mean().abs_diff(background.right.mean());
    let verdict = graded(whole(across), 0..=20, 0..=45);
    checks.push("background shadow", verdict, format!("{across} levels"), "left and right differ by at most 20 levels");
}

fn face_light(pixels: &Rgb, oval: &Oval, colour: Colour, checks: &mut Checks) {
    let of = |left: Option<bool>| {
        let wanted = oval.pixels(pixels).filter(move |(_, side)| left.is_none_or(|left| left == *side));
        Histogram::new(wanted.map(|(pixel, _)| luma(pixel)))
    };
    let (all, left, right) = (of(None), of(Some(true)), of(Some(false)));
    if all.is_empty() {
        checks.push("exposure", Verdict::Fail, "the face lies outside the picture".to_owned(), "a face");
        return;
    }
    let mean = all.mean();
    checks.push("exposure", graded(whole(mean), 75..=205, 50..=225), format!("mean {mean}"), "mean of luma 75 to 205");
    let over = all.share_milli(251..=255);
    let verdict = graded(whole(over), 0..=20, 0..=100);
    checks.push("overexposed", verdict, permille(over), "at most 2 % of the face without drawing");
    let under = all.share_milli(0..=8);
    let verdict = graded(whole(under), 0..=20, 0..=100);
    checks.push("underexposed", verdict, permille(under), "at most 2 % of the face without drawing");
    let range = all.quantile(990) - all.quantile(10).min(all.quantile(990));
    let verdict = graded(whole(range), 70..=255, 40..=255);
    checks.push("contrast", verdict, format!("{range} levels"), "70 levels between the darkest and lightest hundredth");
    let side = left.mean().abs_diff(right.mean()) * 100 / mean.max(1);
    let verdict = graded(whole(side), 0..=15, 0..=35);
    checks.push("even light", verdict, format!("{side} %"), "halves of the face differ by at most 15 %");
    if colour == Colour::Grey {
        checks.push("natural colour", Verdict::NotAssessed, "grey".to_owned(), "skin");
    } else {
        let (blue, red) = tint(oval.pixels(pixels).map(|(pixel, _)| pixel));
        let natural = (3..=60).contains(&red) && (-60..=6).contains(&blue);
        let verdict = if natural { Verdict::Ok } else { Verdict::Warn };
        checks.push("natural colour", verdict, format!("Cb {blue}, Cr {red}"), "no tint: Cb -60 to 6, Cr 3 to 60");
    }
    let edges = sharpness(pixels, oval);
    checks.push(
        "sharpness",
        graded(whole(edges), 40..=i64::MAX, 15..=i64::MAX),
        format!("{edges}"),
        "mean square Laplacian of 40 and more",
    );
}

fn permille(share: u64) -> String {
    format!("{}.{} %", share / 10, share % 10)
}
