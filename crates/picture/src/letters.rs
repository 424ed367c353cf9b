//! Lines of text as outlines: Arabic letters joined and set from right to left, numbers and Latin words inside them
//! from left to right (Unicode Standard Annex 9), by fonts of this crate.

use core::ops::Range;

use rustybuzz::ttf_parser::{GlyphId, OutlineBuilder};
use rustybuzz::{Direction, Face, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};

use crate::PictureError;
use crate::scene::{Place, Segment};

/// Which letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typeface {
    /// Latin letters as text.
    Regular,
    /// Latin letters of weight.
    Bold,
    /// The machine-readable zone.
    Ocr,
}

/// The fonts, read once.
pub struct Fonts {
    regular: Face<'static>,
    bold: Face<'static>,
    arabic: Face<'static>,
    ocr: Face<'static>,
}

/// A line of text, set from (0, 0) to the right along its base line.
pub(crate) struct Line {
    /// Outline for letters of one millimetre an em.
    pub(crate) path: Vec<Segment>,
    /// Its width in ems.
    pub(crate) width: f32,
}

impl Fonts {
    /// Reads the fonts.
    ///
    /// # Errors
    /// [`PictureError::Font`], which this program's own fonts have no reason for.
    pub fn new() -> Result<Self, PictureError> {
        let read = |octets, name| Face::from_slice(octets, 0).ok_or(PictureError::Font(name));
        Ok(Self {
            regular: read(include_bytes!("../fonts/NotoSans-Regular.ttf"), "NotoSans-Regular")?,
            bold: read(include_bytes!("../fonts/NotoSans-Bold.ttf"), "NotoSans-Bold")?,
            arabic: read(include_bytes!("../fonts/NotoNaskhArabic-Bold.ttf"), "NotoNaskhArabic-Bold")?,
            ocr: read(include_bytes!("../fonts/OCRB.otf"), "OCRB")?,
        })
    }

    /// Sets one line. `right_to_left` is the direction of the whole line; parts of it follow their own letters.
    pub(crate) fn line(&self, text: &str, typeface: Typeface, right_to_left: bool) -> Line {
        let base = if right_to_left { Level::rtl() } else { Level::ltr() };
        let info = BidiInfo::new(text, Some(base));
        let mut line = Line { path: Vec::new(), width: 0.0 };
        for paragraph in &info.paragraphs {
            // Levels with white space at the ends as UAX 9 L1 wants it, and runs from left to right as they are drawn.
            let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
            for run in runs {
                let to_left = levels.get(run.start).is_some_and(Level::is_rtl);
                self.run(text, run, typeface, to_left, &mut line);
            }
        }
        line
    }

    fn run(&self, text: &str, run: Range<usize>, typeface: Typeface, to_left: bool, line: &mut Line) {
        let latin = match typeface {
            Typeface::Regular => &self.regular,
            Typeface::Bold => &self.bold,
            Typeface::Ocr => &self.ocr,
        };
        let text = text.get(run).unwrap_or_default();
        if !to_left {
            shape(latin, text, false, line);
            return;
        }
        // The Arabic font has no signs but Arabic ones: a dash between Arabic words comes from the Latin one.
        let arabic = |letter: char| self.arabic.glyph_index(letter).is_some();
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|letter| arabic(letter) != arabic(first)).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            parts.push((part, arabic(first)));
            rest = after;
        }
        for (part, arabic) in parts.into_iter().rev() {
            shape(if arabic { &self.arabic } else { latin }, part, true, line);
        }
    }
}

/// Adds a part of one font and one direction to a line.
fn shape(face: &Face<'_>, text: &str, to_left: bool, line: &mut Line) {
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    buffer.set_direction(if to_left { Direction::RightToLeft } else { Direction::LeftToRight });
    let glyphs = rustybuzz::shape(face, &[], buffer);
    let em = units(face.units_per_em());
    for (glyph, position) in glyphs.glyph_infos().iter().zip(glyphs.glyph_positions()) {
        let origin = Place { x: line.width + units(position.x_offset) / em, y: -units(position.y_offset) / em };
        let mut pen = Pen { path: &mut line.path, origin, em };
        face.outline_glyph(GlyphId(u16::try_from(glyph.glyph_id).unwrap_or(0)), &mut pen);
        line.width += units(position.x_advance) / em;
    }
}

/// Units of a font: at most 16,384 an em.
#[allow(clippy::cast_precision_loss, reason = "units of a font are far below 2^24")]
const fn units(value: i32) -> f32 {
    value as f32
}

/// Takes an outline in units of its font, upwards, and keeps it in ems, downwards.
struct Pen<'a> {
    path: &'a mut Vec<Segment>,
    origin: Place,
    em: f32,
}

impl Pen<'_> {
    fn at(&self, x: f32, y: f32) -> Place {
        Place { x: self.origin.x + x / self.em, y: self.origin.y - y / self.em }
    }
}

impl OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let to = self.at(x, y);
        self.path.push(Segment::Move(to));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.at(x, y);
        self.path.push(Segment::Line(to));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (by, to) = (self.at(x1, y1), self.at(x, y));
        self.path.push(Segment::Quadratic(by, to));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (first, second, to) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.push(Segment::Cubic(first, second, to));
    }

    fn close(&mut self) {
        self.path.push(Segment::Close);
    }
}
