//! The frame of the card around the face, and its pixels.
//!
//! With eyes the frame is placed by them, as ISO/IEC 19794-5 places a face (a quarter of the width between the eyes,
//! the eyes a little above the middle), within what BSI TR-03121-3.2 Table 5.3 allows where the picture has no room
//! for more. A head that leans is put upright. Without eyes a picture of the card's shape is taken whole. No pixel is
//! invented: a source smaller than the card's portrait is refused.

use super::{Eyes, Point, PortraitError};
use crate::raster::Rgb;

/// Pixels of a card's portrait, and where the eyes come to lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Geometry {
    /// 35 x 45 mm at 300 dpi.
    pub const CARD: Self = Self { width: 413, height: 531 };

    /// Wanted distance of the eyes, in columns: a quarter of the width.
    fn eye_distance(self) -> f64 {
        f64::from(self.width) / 4.0
    }
}

/// A portrait in the card's geometry.
pub struct Cut {
    /// Pixels.
    pub pixels: Rgb,
    /// Where the eyes lie in them, when they were given or found.
    pub eyes: Option<Eyes>,
    /// Source pixels for one of the cut's.
    pub scale: f64,
}

/// Distances of the eyes that a frame may have, as a part of its width: the wanted quarter, and closer to the face
/// where the picture has no room: a head of two distances is then 0.64 of the width, of at most 0.75.
const DISTANCE_SHARES: [f64; 9] = [0.25, 0.256, 0.262, 0.27, 0.28, 0.29, 0.3, 0.31, 0.32];
/// Heights of the eyes in the frame, from its top: the wanted one first.
const EYE_HEIGHTS: [f64; 7] = [0.467, 0.455, 0.48, 0.44, 0.49, 0.42, 0.40];
/// Leaning of up to one degree stays: a turned picture is a little softer.
const SLOPE_MIN: f64 = 0.0175;
/// Shapes are equal when they differ by less than this part.
const SHAPE_TOLERANCE: f64 = 0.02;
/// Pixels that the frame may stick out at an edge, where the outermost ones are repeated.
const OVERHANG: f64 = 1.0;
/// A source that is smaller by less than this is taken: eyes are not known to a tenth of a pixel.
const SCALE_MIN: f64 = 0.995;

/// Cuts a portrait to a geometry.
///
/// # Errors
/// [`PortraitError::Eyes`], [`PortraitError::NoRoom`], [`PortraitError::Shape`], [`PortraitError::Upscale`].
pub fn cut(source: &Rgb, eyes: Option<Eyes>, geometry: Geometry) -> Result<Cut, PortraitError> {
    let frame = match eyes {
        Some(eyes) => by_eyes(source, eyes, geometry)?,
        None => whole(source, geometry)?,
    };
    if frame.scale < SCALE_MIN {
        let part = |side: u32| {
            let exact = f64::from(side) * frame.scale;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a side")]
            let rounded = exact.round() as u32;
            rounded
        };
        return Err(PortraitError::Upscale {
            width: part(geometry.width),
            height: part(geometry.height),
            wanted_width: geometry.width,
            wanted_height: geometry.height,
        });
    }
    let pixels = if frame.is_identity() && (source.width(), source.height()) == (geometry.width, geometry.height) {
        source.clone()
    } else {
        resampled(source, &frame, geometry)?
    };
    let eyes = eyes.map(|eyes| Eyes { right: frame.to_cut(eyes.right), left: frame.to_cut(eyes.left) });
    Ok(Cut { pixels, eyes, scale: frame.scale })
}

/// A similarity: where the cut's upper left corner lies in the source, its scale and its turn.
struct Frame {
    corner: Point,
    scale: f64,
    cosine: f64,
    sine: f64,
}

impl Frame {
    /// A place of the cut, in the source.
    fn to_source(&self, x: f64, y: f64) -> Point {
        Point {
            x: self.corner.x + self.scale * (x * self.cosine - y * self.sine),
            y: self.corner.y + self.scale * (x * self.sine + y * self.cosine),
        }
    }

    /// A place of the source, in the cut.
    fn to_cut(&self, point: Point) -> Point {
        let (x, y) = ((point.x - self.corner.x) / self.scale, (point.y - self.corner.y) / self.scale);
        Point { x: x * self.cosine + y * self.sine, y: y * self.cosine - x * self.sine }
    }

    fn is_identity(&self) -> bool {
        let near = |value: f64, wanted: f64| (value - wanted).abs() < 1e-9;
        near(self.scale, 1.0) && near(self.sine, 0.0) && near(self.corner.x, 0.0) && near(self.corner.y, 0.0)
    }

    /// Whether all four corners lie in the picture.
    fn fits(&self, source: &Rgb, geometry: Geometry) -> bool {
        let (width, height) = (f64::from(geometry.width), f64::from(geometry.height));
        let inside = |x: f64, y: f64| {
            let at = self.to_source(x, y);
            at.x >= -OVERHANG
                && at.y >= -OVERHANG
                && at.x <= f64::from(source.width()) + OVERHANG
                && at.y <= f64::from(source.height()) + OVERHANG
        };
        inside(0.0, 0.0) && inside(width, 0.0) && inside(0.0, height) && inside(width, height)
    }
}

fn by_eyes(source: &Rgb, eyes: Eyes, geometry: Geometry) -> Result<Frame, PortraitError> {
    let within = |point: Point| point.x <= f64::from(source.width()) && point.y <= f64::from(source.height());
    if !within(eyes.left) || !within(eyes.right) {
        return Err(PortraitError::Eyes("a place outside the picture"));
    }
    let slope = if eyes.slope().abs() < SLOPE_MIN { 0.0 } else { eyes.slope() };
    let cosine = 1.0 / (1.0 + slope * slope).sqrt();
    let sine = slope * cosine;
    let middle = eyes.middle();
    for distance in DISTANCE_SHARES {
        let scale = eyes.distance() / (geometry.eye_distance() * distance * 4.0);
        for height in EYE_HEIGHTS {
            let (x, y) = (f64::from(geometry.width) / 2.0, f64::from(geometry.height) * height);
            let corner =
                Point { x: middle.x - scale * (x * cosine - y * sine), y: middle.y - scale * (x * sine + y * cosine) };
            let frame = Frame { corner, scale, cosine, sine };
            if frame.fits(source, geometry) {
                return Ok(frame);
            }
        }
    }
    Err(PortraitError::NoRoom)
}

fn whole(source: &Rgb, geometry: Geometry) -> Result<Frame, PortraitError> {
    let across = f64::from(source.width()) / f64::from(geometry.width);
    let down = f64::from(source.height()) / f64::from(geometry.height);
    if (across / down - 1.0).abs() > SHAPE_TOLERANCE {
        return Err(PortraitError::Shape {
            width: source.width(),
            height: source.height(),
            wanted_width: geometry.width,
            wanted_height: geometry.height,
        });
    }
    // The smaller scale keeps the frame inside; what is left over is cut off evenly.
    let scale = across.min(down);
    let rest = |side: u32, wanted: u32| (f64::from(side) - scale * f64::from(wanted)) / 2.0;
    let corner = Point { x: rest(source.width(), geometry.width), y: rest(source.height(), geometry.height) };
    Ok(Frame { corner, scale, cosine: 1.0, sine: 0.0 })
}

/// Cubic of Mitchell and Netravali with B = C = 1/3, widened by the scale: it neither rings nor blurs much, and needs
/// no sine, whose digits are not the same on all machines.
fn kernel(distance: f32) -> f32 {
    let x = distance.abs();
    if x < 1.0 {
        ((7.0 / 6.0) * x - 2.0) * x * x + 8.0 / 9.0
    } else if x < 2.0 {
        ((-7.0 / 18.0 * x + 2.0) * x - 10.0 / 3.0) * x + 16.0 / 9.0
    } else {
        0.0
    }
}

/// Source samples along one axis that touch a place, with their weights, which sum up to 1.
struct Taps {
    first: i64,
    weights: Vec<f32>,
}

impl Taps {
    fn set(&mut self, centre: f64, scale: f64) {
        let reach = 2.0 * scale.max(1.0);
        #[allow(clippy::cast_possible_truncation, reason = "places in a picture of at most 2^31 pixels a side")]
        let (first, last) = ((centre - reach - 0.5).ceil() as i64, (centre + reach - 0.5).floor() as i64);
        self.first = first;
        self.weights.clear();
        let mut total = 0.0;
        for index in first..=last {
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "places, and a share")]
            let distance = ((index as f64 + 0.5 - centre) / scale.max(1.0)) as f32;
            let weight = kernel(distance);
            total += weight;
            self.weights.push(weight);
        }
        for weight in &mut self.weights {
            *weight /= total;
        }
    }
}

fn resampled(source: &Rgb, frame: &Frame, geometry: Geometry) -> Result<Rgb, PortraitError> {
    let mut samples = Vec::with_capacity(geometry.width as usize * geometry.height as usize * 3);
    let upright = frame.sine == 0.0;
    let mut across: Vec<Taps> = (0..geometry.width).map(|_| Taps { first: 0, weights: Vec::new() }).collect();
    let mut down = Taps { first: 0, weights: Vec::new() };
    for y in 0..geometry.height {
        for (taps, x) in across.iter_mut().zip(0u32..) {
            let at = frame.to_source(f64::from(x) + 0.5, f64::from(y) + 0.5);
            // An upright frame has the same columns in every row, and one row at a time.
            if !upright || y == 0 {
                taps.set(at.x, frame.scale);
            }
            if !upright || x == 0 {
                down.set(at.y, frame.scale);
            }
            samples.extend(pixel(source, taps, &down));
        }
    }
    Rgb::new(geometry.width, geometry.height, samples).map_err(|error| PortraitError::Encoder(error.to_string()))
}

/// The weighted mean of the samples under the taps; beyond an edge its last sample counts.
fn pixel(source: &Rgb, across: &Taps, down: &Taps) -> [u8; 3] {
    let clamp = |index: i64, side: u32| u32::try_from(index.clamp(0, i64::from(side) - 1)).unwrap_or(0);
    let mut sums = [0.0f32; 3];
    for (weight_y, y) in down.weights.iter().zip(down.first..) {
        let row = source.row(clamp(y, source.height()));
        let mut line = [0.0f32; 3];
        for (weight_x, x) in across.weights.iter().zip(across.first..) {
            let at = clamp(x, source.width()) as usize * 3;
            if let Some([red, green, blue]) = row.get(at..at + 3) {
                let [a, b, c] = &mut line;
                *a += weight_x * f32::from(*red);
                *b += weight_x * f32::from(*green);
                *c += weight_x * f32::from(*blue);
            }
        }
        for (sum, line) in sums.iter_mut().zip(line) {
            *sum += weight_y * line;
        }
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held inside 0 to 255")]
    sums.map(|sum| (sum + 0.5).clamp(0.0, 255.0) as u8)
}
