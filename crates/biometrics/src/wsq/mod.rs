//! WSQ: wavelet scalar quantisation of prints, IAFIS-IC-0110 v3.1, decoder and encoder.
//!
//! The decoder agrees bit for bit with NBIS of NIST built without fused multiply-add, on every sample of every known
//! answer. It keeps no state between calls, allocates nothing before a header has been held against limits and against
//! the number of octets that are there, and wipes what it allocated. The encoder follows the same reference; it has no
//! certificate of the FBI, and its software number is 0 for that reason.
//!
//! **Not here:** the 8-tap filters of encoder number 1, which no file of the field uses.

mod allocation;
mod entropy;
mod huffman;
mod tables;
mod tree;
mod wavelet;

use core::fmt;

use zeroize::Zeroizing;

use crate::raster::{Grey, RasterError};
use entropy::{block_length, count_symbols, read_block, write_block};
use huffman::{Codes, Finder, LENGTH_MAX, best};
use tables::{Bins, Filters, Frame, Segment, SegmentWriter};
use tree::{Area, BLOCK_STARTS, SUBBANDS, subbands};
use wavelet::{ANALYSIS_HIGH, ANALYSIS_LOW, Plane, analyse, synthesise};

/// Shortest side in pixels: below it the smallest subbands are shorter than the filters, and the reference reads beside
/// them.
pub const SIDE_MIN: u32 = 96;
/// Most pixels of an image. Four fingers at 500 ppi have 1.6 million.
pub const PIXELS_MAX: u64 = 8 << 20;
/// Most pixels for each octet of a file: prints have 10 to 20, blank paper some hundred. A header alone cannot ask for
/// more.
pub const PIXELS_PER_OCTET_MAX: u64 = 1024;
/// Bits a pixel that the FBI asks for: about 15 to 1.
pub const BIT_RATE: f32 = 0.75;

const SOI: u8 = 0xA0;
const EOI: u8 = 0xA1;
const SOF: u8 = 0xA2;
const SOB: u8 = 0xA3;
const DTT: u8 = 0xA4;
const DQT: u8 = 0xA5;
const DHT: u8 = 0xA6;
const COM: u8 = 0xA8;
/// Tables that may stand side by side.
const TABLES_MAX: usize = 8;

/// What is wrong in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file ends before its image.
    CutOff,
    /// No marker where one must stand.
    NoMarker,
    /// A marker that may not stand here.
    MisplacedMarker,
    /// A segment ends before its content.
    ShortSegment,
    /// A segment has more than its content.
    LongSegment,
    /// Filters of other lengths than nine and seven.
    Filters,
    /// Filters, bin widths or frame header missing before the first block.
    MissingTable,
    /// A block asks for a Huffman table that was not given.
    MissingCodes,
    /// Huffman codes that cannot exist.
    Codes,
    /// Bits that begin no code.
    UnknownCode,
    /// A symbol without a meaning.
    UnknownSymbol,
    /// More coefficients than the image has.
    TooMany,
    /// Fewer coefficients than the image has.
    TooFew,
    /// Octets behind the image.
    Trailing,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CutOff => "the file is cut off",
            Self::NoMarker => "no marker where one must stand",
            Self::MisplacedMarker => "a marker that may not stand here",
            Self::ShortSegment => "a segment ends before its content",
            Self::LongSegment => "a segment has more than its content",
            Self::Filters => "filters of other lengths than 9 and 7, which no encoder in use writes",
            Self::MissingTable => "filters, bin widths or frame header are missing before the first block",
            Self::MissingCodes => "a block asks for a Huffman table that was not given",
            Self::Codes => "a Huffman table whose codes cannot exist",
            Self::UnknownCode => "bits that begin no code",
            Self::UnknownSymbol => "a symbol without a meaning",
            Self::TooMany => "more coefficients than the declared size holds",
            Self::TooFew => "fewer coefficients than the declared size asks for: entropy-coded data is missing",
            Self::Trailing => "octets behind the end of the image",
        })
    }
}

/// Why a file was not read, or an image not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WsqError {
    /// The octets break a rule of the format.
    #[error("WSQ is damaged near octet {at}: {fault}; take the file from its source again")]
    Damaged {
        /// Octets before the place.
        at: usize,
        /// The rule.
        fault: Fault,
    },
    /// A side is too short for the transform.
    #[error(
        "a print of {width} x {height} pixels is too small: WSQ needs {SIDE_MIN} on each side; scan the whole finger"
    )]
    TooSmall {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// More pixels than are read, in all or for so few octets.
    #[error(
        "{width} x {height} pixels out of {octets} octets: at most {PIXELS_MAX} pixels are read, and \
         {PIXELS_PER_OCTET_MAX} for each octet; the header is wrong or this is no print"
    )]
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Octets of the file, or of the samples when one is written.
        octets: usize,
    },
    /// Only [`encode`]: the bit rate is not between 0.05 and 8.
    #[error("a bit rate of {0} is not between 0.05 and 8")]
    BitRate(String),
    /// No image, which a decoded file always is.
    #[error(transparent)]
    Raster(#[from] RasterError),
}

/// A decoded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The print.
    pub image: Grey,
    /// Pixels an inch, when a comment says so.
    pub resolution: Option<u32>,
}

/// What is collected before and between blocks.
#[derive(Default)]
struct Reader {
    frame: Option<Frame>,
    filters: Option<Filters>,
    bins: Option<Bins>,
    codes: [Option<Finder>; TABLES_MAX],
    resolution: Option<u32>,
    coefficients: Zeroizing<Vec<i16>>,
    /// Set with the first block: subbands and the number of coefficients.
    layout: Option<([Area; SUBBANDS], usize)>,
}

/// Decodes a file.
///
/// # Errors
/// [`WsqError`]: damaged, too small or too large. Memory stays below 16 octets for each declared pixel, of which there
/// are at most [`PIXELS_MAX`] and [`PIXELS_PER_OCTET_MAX`] for each octet given.
pub fn decode(octets: &[u8]) -> Result<Decoded, WsqError> {
    let damaged = |at, fault| WsqError::Damaged { at, fault };
    let mut reader = Reader::default();
    if !octets.starts_with(&[0xFF, SOI]) {
        return Err(damaged(0, Fault::NoMarker));
    }
    let mut at = 2;
    loop {
        let marker = match octets.get(at..) {
            Some([0xFF, marker, ..]) => *marker,
            Some([_, _, ..]) => return Err(damaged(at, Fault::NoMarker)),
            _ => return Err(damaged(at, Fault::CutOff)),
        };
        at += 2;
        if marker == EOI {
            break;
        }
        let content = segment(octets, at).ok_or(damaged(at, Fault::CutOff))?;
        let segment = Segment::new(content, at);
        at += 2 + content.len();
        if marker == SOB {
            let block = octets.get(at..).unwrap_or(&[]);
            let length = block_length(block).ok_or(damaged(octets.len(), Fault::CutOff))?;
            reader.block(segment, octets.len(), block.get(..length).unwrap_or(&[]), at)?;
            at += length;
        } else {
            reader.table(marker, segment)?;
        }
    }
    match octets.len() - at {
        0 => reader.image(at),
        _ => Err(damaged(at, Fault::Trailing)),
    }
}

/// Content of the segment whose length stands here.
fn segment(octets: &[u8], at: usize) -> Option<&[u8]> {
    let [high, low, rest @ ..] = octets.get(at..)? else { return None };
    rest.get(..usize::from(u16::from_be_bytes([*high, *low])).checked_sub(2)?)
}

impl Reader {
    /// A segment that is no block.
    fn table(&mut self, marker: u8, mut segment: Segment<'_>) -> Result<(), WsqError> {
        let begun = self.layout.is_some();
        match marker {
            DHT => {
                while !segment.is_empty() {
                    self.codes(&mut segment)?;
                }
            }
            COM => {
                let length = segment.len();
                self.resolution = self.resolution.or(tables::resolution(segment.take(length)?));
            }
            SOF if self.frame.is_none() => self.frame = Some(tables::frame(segment)?),
            DTT if !begun => self.filters = Some(tables::filters(segment)?),
            DQT if !begun => self.bins = Some(tables::bins(segment)?),
            _ => return Err(segment.fault(Fault::MisplacedMarker)),
        }
        Ok(())
    }

    /// One table of DHT; a later one replaces an earlier one of the same number.
    fn codes(&mut self, segment: &mut Segment<'_>) -> Result<(), WsqError> {
        let number = segment.octet()?;
        let mut counts = [0; LENGTH_MAX];
        counts.copy_from_slice(segment.take(LENGTH_MAX)?);
        let symbols = counts.iter().map(|count| usize::from(*count)).sum();
        let symbols = segment.take(symbols)?.to_vec();
        let codes = Codes::new(counts, symbols).map_err(|fault| segment.fault(fault))?;
        let place = self.codes.get_mut(usize::from(number)).ok_or(segment.fault(Fault::Codes))?;
        *place = Some(Finder::new(&codes));
        Ok(())
    }

    /// A block: its header, and the octets behind it up to the next marker.
    fn block(&mut self, mut header: Segment<'_>, octets: usize, block: &[u8], at: usize) -> Result<(), WsqError> {
        let wanted = if let Some((_, wanted)) = &self.layout {
            *wanted
        } else {
            let (Some(frame), Some(bins), Some(_)) = (&self.frame, &self.bins, &self.filters) else {
                return Err(header.fault(Fault::MissingTable));
            };
            let (width, height) = (u32::from(frame.width), u32::from(frame.height));
            check_size(width, height, octets)?;
            let layout = subbands(usize::from(frame.width), usize::from(frame.height));
            let coded = layout.iter().zip(bins.width).filter(|(_, width)| *width != 0.0);
            let wanted = coded.map(|(area, _)| area.samples()).sum();
            self.coefficients.reserve_exact(wanted);
            self.layout = Some((layout, wanted));
            wanted
        };
        let number = header.octet()?;
        let codes = self.codes.get(usize::from(number)).and_then(Option::as_ref);
        let codes = codes.ok_or(header.fault(Fault::MissingCodes))?;
        read_block(block, at, codes, &mut self.coefficients, wanted)
    }

    /// The image, when all is there. `at` is the end of the file.
    fn image(self, at: usize) -> Result<Decoded, WsqError> {
        let fault = |fault| WsqError::Damaged { at, fault };
        let (Some(frame), Some(filters), Some(bins), Some((subbands, wanted))) =
            (self.frame, self.filters, self.bins, self.layout)
        else {
            return Err(fault(Fault::MissingTable));
        };
        if self.coefficients.len() < wanted {
            return Err(fault(Fault::TooFew));
        }
        let mut plane = Plane::new(usize::from(frame.width), usize::from(frame.height));
        spread(&self.coefficients, &subbands, &bins, &mut plane);
        synthesise(&mut plane, &filters);
        let samples = plane.values.iter().map(|value| sample(*value, &frame)).collect();
        let image = Grey::new(u32::from(frame.width), u32::from(frame.height), samples)?;
        Ok(Decoded { image, resolution: self.resolution })
    }
}

/// Holds declared sides against the limits, before anything of that size is allocated.
fn check_size(width: u32, height: u32, octets: usize) -> Result<(), WsqError> {
    if width < SIDE_MIN || height < SIDE_MIN {
        return Err(WsqError::TooSmall { width, height });
    }
    let most = PIXELS_MAX.min((octets as u64).saturating_mul(PIXELS_PER_OCTET_MAX));
    if u64::from(width) * u64::from(height) > most {
        return Err(WsqError::TooLarge { width, height, octets });
    }
    Ok(())
}

/// Puts the middle of each coefficient's bin where its subband lies.
fn spread(coefficients: &[i16], subbands: &[Area; SUBBANDS], bins: &Bins, plane: &mut Plane) {
    let mut rest = coefficients.iter();
    for ((area, width), zero) in subbands.iter().zip(bins.width).zip(bins.zero) {
        if width == 0.0 {
            continue;
        }
        let half = zero / 2.0;
        for y in 0..area.height {
            for (value, coefficient) in plane.row_mut(*area, y).iter_mut().zip(rest.by_ref()) {
                let bin = f32::from(*coefficient);
                *value = match coefficient.signum() {
                    1 => width * (bin - bins.centre) + half,
                    -1 => width * (bin + bins.centre) - half,
                    _ => 0.0,
                };
            }
        }
    }
}

/// A value back in the range of samples: rounded half up, held in 0 to 255.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the conversion holds it in 0 to 255")]
fn sample(value: f32, frame: &Frame) -> u8 {
    (value * frame.scale + frame.shift + 0.5) as u8
}

/// A print that has been taken apart, to be written at one bit rate or at several.
pub struct Encoder {
    plane: Plane,
    subbands: [Area; SUBBANDS],
    variances: [f32; SUBBANDS],
    frame: Frame,
    resolution: u32,
}

impl Encoder {
    /// Takes a print apart. `resolution` in pixels an inch goes into a comment.
    ///
    /// # Errors
    /// [`WsqError::TooSmall`] and [`WsqError::TooLarge`].
    pub fn new(image: &Grey, resolution: u32) -> Result<Self, WsqError> {
        check_size(image.width(), image.height(), image.samples().len())?;
        let too_large =
            || WsqError::TooLarge { width: image.width(), height: image.height(), octets: image.samples().len() };
        let width = u16::try_from(image.width()).map_err(|_| too_large())?;
        let height = u16::try_from(image.height()).map_err(|_| too_large())?;
        let (shift, scale) = shift_and_scale(image.samples());
        let mut plane = Plane::new(usize::from(width), usize::from(height));
        // a print of one shade has no scale, and nothing to code
        if scale > 0.0 {
            for (value, sample) in plane.values.iter_mut().zip(image.samples()) {
                *value = (f32::from(*sample) - shift) / scale;
            }
            analyse(&mut plane);
        }
        let subbands = subbands(plane.width, plane.height);
        let variances = allocation::variances(&plane, &subbands);
        Ok(Self { plane, subbands, variances, frame: Frame { width, height, shift, scale }, resolution })
    }

    /// Writes a file at a bit rate, see [`BIT_RATE`].
    ///
    /// # Errors
    /// [`WsqError::BitRate`]; [`WsqError::TooLarge`] for a large image with hardly anything on it.
    pub fn encode(&self, bit_rate: f32) -> Result<Vec<u8>, WsqError> {
        if !(0.05..=8.0).contains(&bit_rate) {
            return Err(WsqError::BitRate(bit_rate.to_string()));
        }
        let bins = allocation::bins(&self.variances, bit_rate);
        let (coefficients, ends) = self.quantised(&bins);
        let mut out = SegmentWriter::default();
        out.marker(SOI);
        out.segment(COM, self.comment(bit_rate).as_bytes());
        out.segment(DTT, &tables::filters_content(&ANALYSIS_LOW, &ANALYSIS_HIGH));
        out.segment(DQT, &tables::bins_content(&bins));
        out.segment(SOF, &tables::frame_content(&self.frame));
        let block = |from: usize, to: usize| coefficients.get(from..to).unwrap_or(&[]);
        let [first, second] = ends;
        let blocks = [block(0, first), block(first, second), block(second, coefficients.len())];
        let [lowest, others @ ..] = &blocks;
        // the first block has a table of its own, the two others share one
        for (number, blocks) in [(0, core::slice::from_ref(lowest)), (1, &others[..])] {
            let mut occurrences = [0; 256];
            for block in blocks {
                count_symbols(block, &mut occurrences);
            }
            let codes = best(&occurrences);
            let mut table = vec![number];
            table.extend(codes.counts);
            table.extend(&codes.symbols);
            out.segment(DHT, &table);
            for block in blocks {
                out.segment(SOB, &[number]);
                write_block(block, &codes, &mut out.0);
            }
        }
        out.marker(EOI);
        // what would not be read again is not written
        check_size(u32::from(self.frame.width), u32::from(self.frame.height), out.0.len())?;
        Ok(out.0)
    }

    /// Writes a file at [`BIT_RATE`], or at the highest of lower bit rates with which it has at most `octets_max`
    /// octets. Steps of a fiftieth of the bit rate keep it within some per cent of that size.
    ///
    /// # Errors
    /// [`WsqError::TooLarge`] when no bit rate from which a print can be told is low enough.
    pub fn encode_within(&self, octets_max: usize) -> Result<Vec<u8>, WsqError> {
        let mut bit_rate = BIT_RATE;
        while bit_rate > 0.25 {
            let file = self.encode(bit_rate)?;
            if file.len() <= octets_max {
                return Ok(file);
            }
            bit_rate *= 0.98;
        }
        let (width, height) = (u32::from(self.frame.width), u32::from(self.frame.height));
        Err(WsqError::TooLarge { width, height, octets: octets_max })
    }

    /// Bin numbers of every coded subband, and where the first two blocks end.
    fn quantised(&self, bins: &Bins) -> (Zeroizing<Vec<i16>>, [usize; 2]) {
        let mut all = Zeroizing::new(Vec::with_capacity(self.plane.values.len()));
        let mut ends = [0; 2];
        for (number, ((area, width), zero)) in self.subbands.iter().zip(bins.width).zip(bins.zero).enumerate() {
            for (end, _) in ends.iter_mut().zip(BLOCK_STARTS).filter(|(_, start)| *start == number) {
                *end = all.len();
            }
            if width != 0.0 {
                for y in 0..area.height {
                    all.extend(self.plane.row(*area, y).iter().map(|value| bin_number(*value, width, zero / 2.0)));
                }
            }
        }
        (all, ends)
    }

    /// The comment that NIST's tools write and look for.
    fn comment(&self, bit_rate: f32) -> String {
        let Frame { width, height, .. } = self.frame;
        format!(
            "NIST_COM 9\nPIX_WIDTH {width}\nPIX_HEIGHT {height}\nPIX_DEPTH 8\nPPI {}\nLOSSY 1\nCOLORSPACE GRAY\n\
             COMPRESSION WSQ\nWSQ_BITRATE {bit_rate:.6}",
            self.resolution
        )
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoder({} x {})", self.frame.width, self.frame.height)
    }
}

/// Encodes a print at a bit rate, see [`BIT_RATE`].
///
/// # Errors
/// [`WsqError::TooSmall`], [`WsqError::TooLarge`], [`WsqError::BitRate`].
pub fn encode(image: &Grey, resolution: u32, bit_rate: f32) -> Result<Vec<u8>, WsqError> {
    Encoder::new(image, resolution)?.encode(bit_rate)
}

/// Mean of the samples, and what brings the farthest of them to 128 from it.
#[allow(clippy::cast_precision_loss, reason = "the reference rounds the same way")]
fn shift_and_scale(samples: &[u8]) -> (f32, f32) {
    let sum: u32 = samples.iter().map(|sample| u32::from(*sample)).sum();
    let mean = sum as f32 / samples.len() as f32;
    let low = samples.iter().min().map_or(0.0, |low| f32::from(*low));
    let high = samples.iter().max().map_or(0.0, |high| f32::from(*high));
    (mean, (mean - low).max(high - mean) / 128.0)
}

/// The bin a value falls into.
#[allow(clippy::cast_possible_truncation, reason = "the conversion holds it in 16 bits")]
fn bin_number(value: f32, width: f32, half_zero: f32) -> i16 {
    if -half_zero <= value && value <= half_zero {
        0
    } else if value > 0.0 {
        (f64::from((value - half_zero) / width) + 1.0) as i16
    } else {
        (f64::from((value + half_zero) / width) - 1.0) as i16
    }
}

#[cfg(test)]
mod tests;
