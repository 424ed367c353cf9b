//! Portrait and prints: read from their files, recognised by their own octets, and held against the profile's limits.
//! A portrait as a camera gave it is brought into the form of the chip, raw prints are coded as the profile wants them;
//! what is in these forms already is not touched, and nothing is judged for quality here.

use super::problem::Findings;
use super::raw_print;
use super::record::Record;
use bitaqa_apdu::Bytes;
use bitaqa_biometrics::portrait::{Coding, Eyes, Geometry, Point, Source, chip_portrait};
use bitaqa_biometrics::print_file::{self, PrintError};
use bitaqa_biometrics::what_and_remedy;
use bitaqa_lds::biometrics::Generation;
use bitaqa_lds::fingers::{Finger, FingerData, FingerPosition};
use bitaqa_lds::image::{Colour, ImageFormat, ImageHeader};
use bitaqa_lds::{LdsError, face};
use bitaqa_profile::{Biometrics, FingerFormat, FingerImageFormat, PortraitFormat, Prints, Profile};

/// Reads a file that the record names.
type Folder<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// Width to height of 35 x 45 mm is 0.778; what a cutter or scanner makes of it lies between these.
const PORTRAIT_RATIO_PERCENT: core::ops::RangeInclusive<u32> = 66..=90;
/// Columns below which the eyes come closer than 9303-9 and 19794-5 want, and above which nobody scans.
const PORTRAIT_WIDTH: core::ops::RangeInclusive<u32> = 240..=2400;
/// Remedy of a print about which nothing else can be said.
pub(super) const SCAN_AGAIN: &str = "scan the finger again";
/// Columns and rows of a print at 500 ppi: from 4 mm to 65 mm.
const PRINT_SIDE: core::ops::RangeInclusive<u32> = 80..=1280;

/// An image file and what its own octets say about it.
pub struct ImageFile {
    octets: Bytes,
    header: ImageHeader,
}

impl ImageFile {
    /// The file, octet for octet.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Format, dimensions, colour.
    pub const fn header(&self) -> &ImageHeader {
        &self.header
    }
}

/// One print: the template of its finger, ready for DG3.
pub struct Print {
    template: Finger,
}

impl Print {
    /// Which finger.
    pub const fn position(&self) -> FingerPosition {
        self.template.position
    }

    /// Image or minutiae of the finger, checked by the encoder of DG3.
    pub const fn template(&self) -> &Finger {
        &self.template
    }

    /// The file, octet for octet.
    pub fn octets(&self) -> &[u8] {
        match &self.template.data {
            FingerData::Image(image) => &image.image,
            FingerData::Minutiae(record) => record.octets(),
        }
    }
}

/// The portrait when it can be taken.
pub(super) fn portrait(
    record: &Record,
    folder: Folder<'_>,
    profile: &Profile,
    findings: &mut Findings<'_>,
) -> Option<ImageFile> {
    let (field, limits) = ("portrait.file", &profile.biometrics);
    let accepted = limits.portrait_formats.iter().map(|format| format.name()).collect();
    let takes = |format| portrait_format(format).is_some_and(|format| limits.portrait_formats.contains(&format));
    let want = Want { field, what: "portrait", accepted, octets_max: limits.portrait_bytes_max, takes: &takes };
    let delivered = want.read(&record.portrait.file, folder, findings)?;
    let raw = is_png(&delivered);
    let octets = if raw { for_chip(&delivered, record, profile, findings)? } else { delivered };
    want.header(&octets, findings)?;
    let header = match face::check_portrait(&octets) {
        Ok(header) => header,
        Err(error) => {
            findings.problem(field, format!("the portrait: {error}"), "store it as baseline sRGB JPEG or as JPEG 2000");
            return None;
        }
    };
    let ratio = header.width.saturating_mul(100) / header.height.max(1);
    let fits = PORTRAIT_WIDTH.contains(&header.width) && PORTRAIT_RATIO_PERCENT.contains(&ratio);
    if fits
        && !raw
        && let Err(error) = Source::read(&octets)
    {
        findings.problem(field, format!("the portrait: {error}"), error.remedy());
        return None;
    }
    findings.unless(
        fits,
        field,
        format!("the portrait has {} x {} pixels", header.width, header.height),
        "cut it to 35 x 45 mm: 413 x 531 pixels at 300 dpi",
    );
    if header.colour == Colour::Grey {
        findings.warn(field, "the portrait is grey", "take a colour portrait where there is one");
    }
    Some(ImageFile { octets, header })
}

/// Octets of a chip's portrait where the profile leaves room for more: 15 KB, as the rules for chips have it.
const CHIP_PORTRAIT_OCTETS: usize = 15_000;

fn is_png(octets: &[u8]) -> bool {
    octets.starts_with(b"\x89PNG")
}

/// A raw portrait cut, scaled and compressed by the profile: JPEG 2000 where it takes that, JPEG otherwise.
fn for_chip(octets: &[u8], record: &Record, profile: &Profile, findings: &mut Findings<'_>) -> Option<Bytes> {
    let limits = &profile.biometrics;
    let jpeg2000 = limits.portrait_formats.contains(&PortraitFormat::Jpeg2000);
    let coding = if jpeg2000 { Coding::Jpeg2000 } else { Coding::Jpeg };
    let octets_max = limits.portrait_bytes_max.min(CHIP_PORTRAIT_OCTETS);
    let point = |[x, y]: [u16; 2]| Point { x: f64::from(x) + 0.5, y: f64::from(y) + 0.5 };
    let eyes = record.portrait.eyes.as_ref().map(|eyes| Eyes::new(point(eyes.right), point(eyes.left))).transpose();
    let encoded = eyes.and_then(|eyes| chip_portrait(octets, eyes, Geometry::CARD, coding, octets_max));
    match encoded {
        Ok(encoded) => Some(Bytes::from(encoded.octets.to_vec())),
        Err(error) => {
            findings.problem("portrait.file", format!("the portrait: {error}"), error.remedy());
            None
        }
    }
}

/// The prints that can be taken; whether they are as many as the profile wants is a matter of the age rules.
pub(super) fn prints(
    record: &Record,
    folder: Folder<'_>,
    profile: &Profile,
    findings: &mut Findings<'_>,
) -> Vec<Print> {
    let limits = &profile.biometrics;
    if profile.holder.fingerprints == Prints::None {
        // the age rules refuse them without looking
        return Vec::new();
    }
    let takes = |format| finger_format(format).is_some_and(|format| limits.finger_image_formats.contains(&format));
    let mut prints: Vec<Print> = Vec::new();
    for (index, entry) in record.fingerprints.iter().enumerate() {
        let field = format!("fingerprints[{index}].file");
        let accepted = match limits.finger_format {
            FingerFormat::Iso19794Part4 | FingerFormat::Iso39794Part4 => {
                limits.finger_image_formats.iter().map(|format| format.name()).collect()
            }
            FingerFormat::Iso19794Part2 => vec!["a minutiae record of ISO/IEC 19794-2:2005"],
        };
        let want = Want { field: &field, what: "print", accepted, octets_max: limits.print_bytes_max, takes: &takes };
        let Some(delivered) = want.read_print(&entry.file, folder, limits, findings) else { continue };
        let finger = entry.finger.position();
        let template = match limits.finger_format {
            FingerFormat::Iso19794Part4 => want.image_template(finger, delivered, findings),
            FingerFormat::Iso39794Part4 => want
                .image_template(finger, delivered, findings)
                .and_then(|template| template.in_generation(Generation::Iso39794).ok()),
            FingerFormat::Iso19794Part2 => want.minutiae_template(finger, delivered.octets, findings),
        };
        let Some(print) = template.map(|template| Print { template }) else { continue };
        findings.unless(
            prints.iter().all(|other| other.octets() != print.octets()),
            field,
            "this print is given for another finger too",
            "name the file of this finger",
        );
        prints.push(print);
    }
    hands(record, findings);
    prints
}

/// Which fingers may stand together.
fn hands(record: &Record, findings: &mut Findings<'_>) {
    let [first, second] = record.fingerprints.as_slice() else { return };
    if first.finger == second.finger {
        findings.problem("fingerprints[1].finger", "the same finger stands here twice", "name two different fingers");
    } else if first.finger.is_right() == second.finger.is_right() {
        findings.warn("fingerprints[1].finger", "both prints are of one hand", "take one of each hand where possible");
    }
}

/// A print as it goes on.
struct Delivered {
    octets: Bytes,
    /// Whether they were coded here, out of samples that were looked at.
    coded_here: bool,
}

/// What is wanted of a file.
struct Want<'a> {
    field: &'a str,
    what: &'static str,
    accepted: Vec<&'static str>,
    octets_max: usize,
    takes: &'a dyn Fn(ImageFormat) -> bool,
}

impl Want<'_> {
    /// The octets of the file when it is there and not too large.
    fn read(&self, name: &str, folder: Folder<'_>, findings: &mut Findings<'_>) -> Option<Bytes> {
        let octets = self.open(name, folder, findings)?;
        self.fits(octets, findings)
    }

    /// As [`Self::read`]; raw samples are coded first, and what comes of them has to fit.
    fn read_print(
        &self,
        name: &str,
        folder: Folder<'_>,
        limits: &Biometrics,
        findings: &mut Findings<'_>,
    ) -> Option<Delivered> {
        let octets = self.open(name, folder, findings)?;
        let (octets, coded_here) = match raw_print::coded(&octets, limits) {
            Some(coded) => (self.sound_print(coded, findings)?, true),
            None => (octets, false),
        };
        Some(Delivered { octets: self.fits(octets, findings)?, coded_here })
    }

    /// What came of the samples of a print, when they are such.
    fn sound_print<T>(&self, print: Result<T, PrintError>, findings: &mut Findings<'_>) -> Option<T> {
        let refuse = |error: PrintError| {
            let (what, remedy) = what_and_remedy(&error, SCAN_AGAIN);
            findings.problem(self.field, format!("the {}: {what}", self.what), remedy);
        };
        print.map_err(refuse).ok()
    }

    /// The octets of the file when it is there.
    fn open(&self, name: &str, folder: Folder<'_>, findings: &mut Findings<'_>) -> Option<Bytes> {
        let (field, what) = (self.field, self.what);
        if name.is_empty() {
            findings.problem(field, format!("the {what} names no file"), "name the file beside the record");
            return None;
        }
        match folder(name) {
            Ok(octets) => Some(Bytes::from(octets)),
            Err(reason) => {
                let remedy = "put the file beside the record or correct its name";
                findings.problem(field, format!("the {what} `{name}` cannot be read: {reason}"), remedy);
                None
            }
        }
    }

    /// The octets when they are not too many.
    fn fits(&self, octets: Bytes, findings: &mut Findings<'_>) -> Option<Bytes> {
        // A portrait as the camera gave it is held against the limit once it is compressed.
        let raw = self.what == "portrait" && is_png(&octets);
        if octets.len() > self.octets_max && !raw {
            let (octets, max) = (octets.len(), self.octets_max);
            let what = format!("the {} is too large: {octets} octets, the profile takes {max}", self.what);
            findings.problem(self.field, what, "compress it once more from the original, or cut it closer");
            return None;
        }
        Some(octets)
    }

    /// The header of an image that is whole and of an accepted format.
    fn header(&self, octets: &[u8], findings: &mut Findings<'_>) -> Option<ImageHeader> {
        let accepted = self.accepted.join(" or ");
        match ImageHeader::read(octets) {
            Ok(header) if (self.takes)(header.format) => Some(header),
            Ok(header) => {
                let what = format!("the {} is a {}, the profile takes {accepted}", self.what, header.format);
                findings.problem(self.field, what, format!("convert it to {accepted}"));
                None
            }
            Err(error) => {
                let remedy = format!("export it again from the original as {accepted}");
                findings.problem(self.field, format!("the {}: {error}", self.what), remedy);
                None
            }
        }
    }

    fn image_template(
        &self,
        finger: FingerPosition,
        Delivered { octets, coded_here }: Delivered,
        findings: &mut Findings<'_>,
    ) -> Option<Finger> {
        let header = self.header(&octets, findings)?;
        let fits = PRINT_SIDE.contains(&header.width) && PRINT_SIDE.contains(&header.height);
        // A header says nothing of the samples behind it, and what does not decode here decodes at no border.
        if fits && !coded_here {
            self.sound_print(print_file::read(&octets), findings)?;
        }
        findings.unless(
            fits,
            self.field,
            format!("the print has {} x {} pixels", header.width, header.height),
            "cut it to one finger at 500 ppi: 80 to 1280 pixels each way",
        );
        let template = Finger::from_image(finger, octets);
        template.map_err(|error| self.refuse(&error, "store it as 8-bit grey at 500 ppi", findings)).ok()
    }

    fn minutiae_template(&self, finger: FingerPosition, octets: Bytes, findings: &mut Findings<'_>) -> Option<Finger> {
        let template = Finger::from_minutiae(finger, octets);
        let remedy = "write one view of this finger as a record of ISO/IEC 19794-2:2005";
        template.map_err(|error| self.refuse(&error, remedy, findings)).ok()
    }

    fn refuse(&self, error: &LdsError, remedy: &str, findings: &mut Findings<'_>) {
        findings.problem(self.field, format!("the {}: {error}", self.what), remedy);
    }
}

const fn portrait_format(format: ImageFormat) -> Option<PortraitFormat> {
    match format {
        ImageFormat::Jpeg => Some(PortraitFormat::Jpeg),
        ImageFormat::Jp2 | ImageFormat::J2k => Some(PortraitFormat::Jpeg2000),
        ImageFormat::Png | ImageFormat::Wsq | ImageFormat::Pgm => None,
    }
}

const fn finger_format(format: ImageFormat) -> Option<FingerImageFormat> {
    match format {
        ImageFormat::Jpeg => None,
        ImageFormat::Jp2 | ImageFormat::J2k => Some(FingerImageFormat::Jpeg2000),
        ImageFormat::Png => Some(FingerImageFormat::Png),
        ImageFormat::Wsq => Some(FingerImageFormat::Wsq),
        ImageFormat::Pgm => Some(FingerImageFormat::Raw),
    }
}
