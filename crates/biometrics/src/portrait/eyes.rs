//! Eyes and face: given by a person, or found.
//!
//! The face is found by `rustface` (SeetaFace), with the model that the crate's source carries; it tells a box and no
//! eyes. Eyes are looked for in that box by the darkest discs that stand out of their surroundings. Found eyes are
//! good enough to cut by and to look at, not to measure a person: whoever has better ones gives them.

use rustface::{ImageData, Model};

use super::{PortraitError, luma_plane};
use crate::raster::Rgb;

/// The model of SeetaFace's frontal detector, BSD-2-Clause; see the licence beside it.
const MODEL: &[u8] = include_bytes!("../../models/seeta_fd_frontal_v1.0.bin");
/// Longest side of the picture that the finder sees: a face of a portrait fills a third of it and more.
const FINDER_SIDE: u32 = 320;
/// Below this score the finder's answers are chance (a textile, a shadow).
const SCORE_MIN: f64 = 5.0;
/// Smallest face, in pixels of the finder's picture.
const FACE_MIN: u32 = 40;

/// A place in pixels from the upper left corner; the middle of the first pixel is (0.5, 0.5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// Middles of the two eyes (feature points 12.1 and 12.2 of ISO/IEC 14496-2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eyes {
    /// The sitter's right eye, which is on the left of the picture.
    pub right: Point,
    /// The sitter's left eye.
    pub left: Point,
}

impl Eyes {
    /// Takes both eyes, the sitter's right one first.
    ///
    /// # Errors
    /// [`PortraitError::Eyes`]: no number, closer than 16 pixels, in the wrong order, or one far above the other.
    pub fn new(right: Point, left: Point) -> Result<Self, PortraitError> {
        let eyes = Self { right, left };
        let (across, down) = (left.x - right.x, left.y - right.y);
        if ![right.x, right.y, left.x, left.y].iter().all(|value| value.is_finite() && *value >= 0.0) {
            return Err(PortraitError::Eyes("a place outside the picture"));
        }
        if across <= 0.0 {
            return Err(PortraitError::Eyes("the sitter's right eye is on the left of the picture"));
        }
        if eyes.distance() < 16.0 {
            return Err(PortraitError::Eyes("less than 16 pixels apart"));
        }
        if down.abs() > across {
            return Err(PortraitError::Eyes("one lies more above the other than beside it"));
        }
        Ok(eyes)
    }

    /// Pixels between the eyes.
    pub fn distance(&self) -> f64 {
        let (x, y) = (self.left.x - self.right.x, self.left.y - self.right.y);
        (x * x + y * y).sqrt()
    }

    /// Half way from one to the other.
    pub fn middle(&self) -> Point {
        Point { x: f64::midpoint(self.left.x, self.right.x), y: f64::midpoint(self.left.y, self.right.y) }
    }

    /// How far the line of the eyes falls to the right, as a part of its length across: the tangent of the roll.
    pub fn slope(&self) -> f64 {
        (self.left.y - self.right.y) / (self.left.x - self.right.x)
    }
}

/// A face that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// Upper left corner of its box.
    pub corner: Point,
    /// Side of its box, in pixels: about from ear to ear, and from the forehead to the chin.
    pub side: f64,
    /// The finder's score; frontal faces of persons have 10 to 40.
    pub score: f64,
}

/// Finds faces; reading its model takes a while, so one is kept for many portraits.
pub struct FaceFinder {
    model: Model,
}

impl FaceFinder {
    /// Reads the model.
    ///
    /// # Errors
    /// [`PortraitError::Encoder`] when the model in this program is damaged.
    pub fn new() -> Result<Self, PortraitError> {
        let model = rustface::read_model(MODEL);
        let model = model.map_err(|error| PortraitError::Encoder(format!("model of faces: {error}")))?;
        Ok(Self { model })
    }

    /// Every face in a picture, best score first.
    pub fn faces(&self, pixels: &Rgb) -> Vec<Face> {
        let factor = pixels.width().max(pixels.height()).div_ceil(FINDER_SIDE).max(1);
        let (width, height) = (pixels.width() / factor, pixels.height() / factor);
        if width.min(height) < FACE_MIN {
            return Vec::new();
        }
        let small = shrunk(&luma_plane(pixels), pixels.width(), factor, width, height);
        let mut detector = rustface::create_detector_with_model(self.model.clone());
        detector.set_min_face_size(FACE_MIN);
        detector.set_score_thresh(SCORE_MIN);
        detector.set_pyramid_scale_factor(0.8);
        detector.set_slide_window_step(4, 4);
        let scale = f64::from(factor);
        let found = detector.detect(&ImageData::new(&small, width, height));
        let mut faces: Vec<Face> = found
            .iter()
            .map(|face| Face {
                corner: Point { x: f64::from(face.bbox().x()) * scale, y: f64::from(face.bbox().y()) * scale },
                side: f64::from(face.bbox().width()) * scale,
                score: face.score(),
            })
            .collect();
        faces.sort_by(|a, b| b.score.total_cmp(&a.score));
        faces
    }
}

/// Means of squares of `factor` pixels.
fn shrunk(plane: &[u8], columns: u32, factor: u32, width: u32, height: u32) -> zeroize::Zeroizing<Vec<u8>> {
    let (columns, step) = (columns as usize, factor as usize);
    let area = u32::from(u16::try_from(factor * factor).unwrap_or(u16::MAX));
    let mut small = Vec::with_capacity(width as usize * height as usize);
    let mut sums = vec![0u32; width as usize];
    for band in plane.chunks_exact(columns * step).take(height as usize) {
        sums.fill(0);
        for row in band.chunks_exact(columns) {
            for (sum, run) in sums.iter_mut().zip(row.chunks_exact(step)) {
                *sum += run.iter().map(|sample| u32::from(*sample)).sum::<u32>();
            }
        }
        small.extend(sums.iter().map(|sum| u8::try_from(sum / area).unwrap_or(u8::MAX)));
    }
    zeroize::Zeroizing::new(small)
}

impl Face {
    /// Eyes inside the box: in each upper quarter the opening of an eye's size that is darkest against its
    /// surroundings. `None` where nothing stands out, or what does lies as no eyes do.
    pub fn eyes(&self, pixels: &Rgb) -> Option<Eyes> {
        let sums = Sums::new(pixels);
        let right = self.eye(&sums, 0.3)?;
        let left = self.eye(&sums, 0.7)?;
        let eyes = Eyes::new(right, left).ok()?;
        let share = eyes.distance() / self.side;
        ((0.3..0.62).contains(&share) && eyes.slope().abs() < 0.2).then_some(eyes)
    }

    /// The best place around a part of the box's width, where the finder's boxes have an eye: make-up and hair may be
    /// darker than an eye, and lie farther out.
    fn eye(&self, sums: &Sums, usual: f64) -> Option<Point> {
        /// Half the width that is looked at, and grey levels that it costs to lie at its end.
        const REACH: f64 = 0.15;
        const COST: f64 = 90.0;
        let step = (self.side / 160.0).max(1.0);
        let mut best: Option<(f64, Point)> = None;
        let mut y = self.corner.y + self.side * 0.22;
        while y < self.corner.y + self.side * 0.52 {
            let mut x = self.corner.x + self.side * (usual - REACH);
            while x < self.corner.x + self.side * (usual + REACH) {
                let at = Point { x, y };
                let away = ((x - self.corner.x) / self.side - usual) / REACH;
                if let Some(score) = sums.standing_out(at, self.side).map(|score| score - COST * away * away) {
                    best = best.filter(|(other, _)| *other >= score).or(Some((score, at)));
                }
                x += step;
            }
            y += step;
        }
        // 12 grey levels darker than what surrounds it: less than that is a shadow
        best.filter(|(score, _)| *score > 12.0).map(|(_, at)| at)
    }
}

/// Sums of all samples above and left of each corner, so that a rectangle's mean is four look-ups.
struct Sums {
    columns: usize,
    rows: usize,
    above_and_left: zeroize::Zeroizing<Vec<u64>>,
}

impl Sums {
    fn new(pixels: &Rgb) -> Self {
        let (columns, rows) = (pixels.width() as usize, pixels.height() as usize);
        let mut sums = vec![0u64; (columns + 1) * (rows + 1)];
        let plane = luma_plane(pixels);
        for (y, row) in plane.chunks_exact(columns).enumerate() {
            let (above, below) = sums.split_at_mut((y + 1) * (columns + 1));
            let above = above.get(y * (columns + 1)..).unwrap_or_default();
            let mut run = 0;
            for ((sum, above), sample) in below.iter_mut().skip(1).zip(above.iter().skip(1)).zip(row) {
                run += u64::from(*sample);
                *sum = above + run;
            }
        }
        Self { columns, rows, above_and_left: zeroize::Zeroizing::new(sums) }
    }

    /// Mean of a rectangle; `None` where it leaves the picture.
    fn mean(&self, centre: Point, half_width: f64, half_height: f64) -> Option<f64> {
        let edge = |value: f64, limit: usize| {
            let rounded = value.round();
            let inside = rounded >= 0.0 && rounded <= f64::from(u32::try_from(limit).unwrap_or(u32::MAX));
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held inside the picture")]
            inside.then_some(rounded as usize)
        };
        let (left, right) = (edge(centre.x - half_width, self.columns)?, edge(centre.x + half_width, self.columns)?);
        let (top, bottom) = (edge(centre.y - half_height, self.rows)?, edge(centre.y + half_height, self.rows)?);
        let at = |x: usize, y: usize| self.above_and_left.get(y * (self.columns + 1) + x).copied();
        let total = (at(right, bottom)? + at(left, top)?).checked_sub(at(left, bottom)? + at(right, top)?)?;
        let area = u32::try_from((right - left) * (bottom - top)).ok().filter(|area| *area > 0)?;
        // a sum over a rectangle of at most 25 million pixels of 8 bits
        Some(
            f64::from(u32::try_from(total / u64::from(area)).ok()?)
                + f64::from(u32::try_from(total % u64::from(area)).ok()?) / f64::from(area),
        )
    }

    /// How much darker the opening of an eye is than the skin around it, in a face of this side: below lies the
    /// cheek, and skin at both corners, which a brow or hair at the temple does not have.
    fn standing_out(&self, at: Point, side: f64) -> Option<f64> {
        let around = |dx: f64, dy: f64, half_width: f64, half_height: f64| {
            let centre = Point { x: at.x + dx * side, y: at.y + dy * side };
            self.mean(centre, half_width * side, half_height * side)
        };
        let (opening, iris) = (around(0.0, 0.0, 0.085, 0.035)?, around(0.0, 0.0, 0.035, 0.035)?);
        let below = around(0.0, 0.125, 0.085, 0.03)?;
        let above = around(0.0, -0.065, 0.085, 0.015)?;
        let corners = f64::min(around(-0.125, 0.0, 0.02, 0.03)?, around(0.125, 0.0, 0.02, 0.03)?);
        // The middle of an eye is darker than its whole, so that the best place is not a corner.
        Some(f64::min(below, corners) - opening + (opening - iris) * 0.5 + f64::min(0.0, above - opening))
    }
}
