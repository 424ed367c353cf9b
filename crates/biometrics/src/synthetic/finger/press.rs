//! One impression: the finger turned, shifted and stretched under a window, inked by pressure and moisture, scratched,
//! cut off where it leaves window or contact, and blurred and disturbed by the sensor.

use rand_core::CryptoRng;

use super::super::Dice;
use super::field::Wave;
use super::truth::turn;
use super::{Finger, HEIGHT, Minutia, WIDTH, coordinate, index, plane};
use crate::elementary::{bearing, sine_cosine};
use crate::raster::{Grey, RasterError};

/// How a finger is laid on a sensor. Each impression draws its own numbers within these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Columns of the window, 500 to the inch.
    pub width: u16,
    /// Rows of the window.
    pub height: u16,
    /// Turns to either side, at most.
    pub rotation_max: f32,
    /// Pixels that the finger is off the middle of the window, at most, across and down.
    pub shift_max: f32,
    /// Pixels that skin moves under stretch, about.
    pub stretch: f32,
    /// Share of the finger's width and height that touches the sensor, at least; at most all of it.
    pub contact_min: f32,
    /// How uneven pressure and moisture are: 0 even, 1 ridges merge and break in patches.
    pub unevenness: f32,
    /// Noise of the sensor in grey levels.
    pub noise: f32,
    /// Scratches and creases, at most.
    pub scratches_max: u8,
}

impl Conditions {
    /// A print taken for a document, under the eye of an officer.
    pub const ENROLMENT: Self = Self {
        width: 400,
        height: 500,
        rotation_max: 0.02,
        shift_max: 12.0,
        stretch: 1.5,
        contact_min: 0.88,
        unevenness: 0.25,
        noise: 4.0,
        scratches_max: 0,
    };

    /// A finger laid on a sensor in the field.
    pub const FIELD: Self = Self {
        rotation_max: 0.06,
        shift_max: 36.0,
        stretch: 4.0,
        contact_min: 0.7,
        unevenness: 0.6,
        noise: 9.0,
        scratches_max: 3,
        ..Self::ENROLMENT
    };

    /// A bad impression: dry or wet skin, half of the finger, turned.
    pub const POOR: Self = Self {
        rotation_max: 0.1,
        shift_max: 70.0,
        stretch: 6.0,
        contact_min: 0.5,
        unevenness: 1.0,
        noise: 15.0,
        scratches_max: 6,
        ..Self::ENROLMENT
    };
}

/// One impression.
#[derive(Clone, Debug, PartialEq)]
pub struct Impression {
    /// Dark ridges on light ground, 500 pixels an inch.
    pub image: Grey,
    /// The true minutiae inside the contact, in pixels of the image.
    pub minutiae: Vec<Minutia>,
}

/// Pixels of a row between places that are found on the finger.
const STEP: u16 = 8;

/// Where a point of the window lies on the finger.
struct Placement {
    /// Middle of the window, and what lies there of the finger.
    window: (f32, f32),
    finger: (f32, f32),
    sine: f32,
    cosine: f32,
    stretch: [[Wave; 2]; 2],
}

impl Placement {
    fn draw(dice: &mut Dice<'_>, conditions: &Conditions) -> Self {
        let mut off = || dice.between(-conditions.shift_max, conditions.shift_max);
        let finger = (f32::from(WIDTH) / 2.0 + off(), f32::from(HEIGHT) / 2.0 + off());
        let (sine, cosine) = sine_cosine(dice.between(-conditions.rotation_max, conditions.rotation_max));
        Self {
            window: (f32::from(conditions.width) / 2.0, f32::from(conditions.height) / 2.0),
            finger,
            sine,
            cosine,
            stretch: core::array::from_fn(|_| core::array::from_fn(|_| Wave::draw(dice, conditions.stretch, 240.0))),
        }
    }

    fn on_finger(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.window.0, y - self.window.1);
        let [across, down] = &self.stretch;
        let moved = |waves: &[Wave; 2]| waves.iter().map(|wave| wave.at(x, y)).sum::<f32>();
        (
            self.finger.0 + dx * self.cosine - dy * self.sine + moved(across),
            self.finger.1 + dx * self.sine + dy * self.cosine + moved(down),
        )
    }

    /// The point of the window under which a point of the finger lies. Stretch is small against its own length, so that
    /// each round comes several times nearer.
    fn on_window(&self, x: f32, y: f32) -> (f32, f32) {
        let (mut u, mut v) = self.window;
        for _ in 0..12 {
            let (at_x, at_y) = self.on_finger(u, v);
            let (dx, dy) = (x - at_x, y - at_y);
            u += dx * self.cosine + dy * self.sine;
            v += dy * self.cosine - dx * self.sine;
        }
        (u, v)
    }

    /// A minutia as it lies in the window: both its place and the point where it leads to are taken over.
    fn carried(&self, minutia: &Minutia) -> Minutia {
        let (sine, cosine) = sine_cosine(minutia.direction);
        let (x, y) = self.on_window(minutia.x, minutia.y);
        let (to_x, to_y) = self.on_window(minutia.x + 8.0 * cosine, minutia.y - 8.0 * sine);
        Minutia { x, y, direction: turn(bearing(y - to_y, to_x - x)), kind: minutia.kind }
    }
}

/// The part of the finger that touches: an oval with a squarer shape than an ellipse, in pixels of the finger.
struct Contact {
    middle: (f32, f32),
    half: (f32, f32),
}

impl Contact {
    fn draw(dice: &mut Dice<'_>, conditions: &Conditions) -> Self {
        let mut share = || dice.between(conditions.contact_min, 1.0) / 2.0;
        let half = (f32::from(WIDTH) * 0.94 * share(), f32::from(HEIGHT) * 0.95 * share());
        let room = (f32::from(WIDTH) / 2.0 - half.0, f32::from(HEIGHT) / 2.0 - half.1);
        let middle = (
            f32::from(WIDTH) / 2.0 + dice.between(-0.7, 0.7) * room.0,
            f32::from(HEIGHT) / 2.0 + dice.between(-0.7, 0.7) * room.1,
        );
        Self { middle, half }
    }

    /// 0 in the middle, 1 at the edge.
    fn depth(&self, x: f32, y: f32) -> f32 {
        let (u, v) = (((x - self.middle.0) / self.half.0).abs(), ((y - self.middle.1) / self.half.1).abs());
        u * u * u + v * v * v
    }
}

/// Noise that changes over some pixels: numbers at the corners of squares, and between them what lies between.
struct Cloud {
    side: f32,
    across: usize,
    corners: Vec<u8>,
}

impl Cloud {
    fn draw(rng: &mut dyn CryptoRng, conditions: &Conditions, side: f32) -> Self {
        let across = index(f32::from(conditions.width) / side) + 2;
        let down = index(f32::from(conditions.height) / side) + 2;
        let mut corners = vec![0; across * down];
        rng.fill_bytes(&mut corners);
        Self { side, across, corners }
    }

    /// -1 to 1.
    fn at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x / self.side, y / self.side);
        let (column, row) = (index(x), index(y));
        let ease = |t: f32| t * t * (3.0 - 2.0 * t);
        let (u, v) = (ease(x - coordinate(column)), ease(y - coordinate(row)));
        let start = row * self.across + column;
        let pair = |start: usize| match self.corners.get(start..start + 2) {
            Some([left, right]) => f32::from(*left) * (1.0 - u) + f32::from(*right) * u,
            _ => 127.5,
        };
        (pair(start) * (1.0 - v) + pair(start + self.across) * v) / 127.5 - 1.0
    }
}

/// A straight line without ink.
struct Scratch {
    through: (f32, f32),
    sine: f32,
    cosine: f32,
    half: f32,
}

impl Scratch {
    fn draw(dice: &mut Dice<'_>, conditions: &Conditions) -> Self {
        let (sine, cosine) = sine_cosine(dice.unit() / 2.0);
        let through = (dice.unit() * f32::from(conditions.width), dice.unit() * f32::from(conditions.height));
        Self { through, sine, cosine, half: dice.between(0.6, 1.8) }
    }

    /// Share of the ink that stays.
    fn kept(&self, x: f32, y: f32) -> f32 {
        let distance = ((x - self.through.0) * self.sine + (y - self.through.1) * self.cosine).abs();
        (distance - self.half + 0.5).clamp(0.15, 1.0)
    }
}

/// Everything that decides how dark a pixel is.
struct Ink {
    contact: Contact,
    /// Above 0 wet, below 0 dry.
    moisture: f32,
    unevenness: f32,
    patches: Cloud,
    grain: Cloud,
    scratches: Vec<Scratch>,
    darkness: f32,
}

impl Ink {
    fn draw(rng: &mut dyn CryptoRng, conditions: &Conditions) -> Self {
        let patches = Cloud::draw(rng, conditions, 46.0);
        let grain = Cloud::draw(rng, conditions, 2.3);
        let dice = &mut Dice(rng);
        let scratches = dice.unit() * (f32::from(conditions.scratches_max) + 0.99);
        Self {
            contact: Contact::draw(dice, conditions),
            moisture: dice.between(-0.3, 0.3) * conditions.unevenness,
            unevenness: conditions.unevenness,
            patches,
            grain,
            scratches: (0..index(scratches)).map(|_| Scratch::draw(dice, conditions)).collect(),
            darkness: dice.between(0.72, 0.9),
        }
    }

    /// Ink on a pixel, 0 to 1; `on_finger` is where it lies on the finger.
    fn at(&self, finger: &Finger, (x, y): (f32, f32), on_finger: (f32, f32)) -> f32 {
        let patch = self.patches.at(x, y);
        let depth = self.contact.depth(on_finger.0, on_finger.1) + 0.08 * patch;
        if depth >= 1.0 {
            return 0.0;
        }
        let grain = self.grain.at(x, y);
        let pressure = self.moisture + self.unevenness * (0.35 * patch + 0.28 * grain) - 0.25 * depth;
        let ridge = (0.5 + 1.1 * (finger.height_at(on_finger.0, on_finger.1) + pressure)).clamp(0.0, 1.0);
        let kept: f32 = self.scratches.iter().map(|scratch| scratch.kept(x, y)).product();
        let rim = ((1.0 - depth) * 12.0).min(1.0);
        ridge * kept * rim * self.darkness * (1.0 - 0.2 * self.unevenness * grain.abs())
    }
}

pub(super) fn press(
    finger: &Finger,
    rng: &mut dyn CryptoRng,
    conditions: &Conditions,
) -> Result<Impression, RasterError> {
    let placement = Placement::draw(&mut Dice(rng), conditions);
    let ink = Ink::draw(rng, conditions);
    let (width, height) = (conditions.width, conditions.height);
    let mut inked = Vec::with_capacity(usize::from(width) * usize::from(height));
    for y in 0..height {
        let y = f32::from(y);
        // places on the finger are found for every eighth pixel; between them it is nearly flat
        let ends = (0..=width / STEP).map(|part| placement.on_finger(f32::from(part * STEP), y));
        let ends: Vec<(f32, f32)> =
            ends.chain([placement.on_finger(f32::from(width / STEP * STEP + STEP), y)]).collect();
        for x in 0..width {
            let (part, share) = (usize::from(x / STEP), f32::from(x % STEP) / f32::from(STEP));
            let Some([from, to]) = ends.get(part..part + 2) else { continue };
            let on_finger = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            inked.push(ink.at(finger, (f32::from(x), y), on_finger));
        }
    }
    let blurred = blurred(&inked, usize::from(width));
    let mut noise = vec![0; blurred.len() * 2];
    rng.fill_bytes(&mut noise);
    let shade = |(ink, noise): (&f32, &[u8])| {
        // the sum of two even noises is nearly as noise of a sensor is
        let noise: f32 = noise.iter().map(|octet| f32::from(*octet) / 127.5 - 1.0).sum();
        super::super::octet(250.0 * (1.0 - ink) + noise * conditions.noise)
    };
    let samples = blurred.iter().zip(noise.chunks_exact(2)).map(shade).collect();
    let seen = finger.minutiae.iter().filter(|minutia| ink.contact.depth(minutia.x, minutia.y) < 0.86);
    let carried = seen.map(|minutia| placement.carried(minutia));
    let inside = |minutia: &Minutia| {
        let (right, below) = (f32::from(width) - 1.0 - minutia.x, f32::from(height) - 1.0 - minutia.y);
        minutia.x.min(minutia.y).min(right).min(below) >= 10.0
    };
    Ok(Impression { image: plane(width, height, samples)?, minutiae: carried.filter(inside).collect() })
}

/// Each value with its neighbours, 1 2 1 across and down.
fn blurred(values: &[f32], width: usize) -> Vec<f32> {
    let width = width.max(1);
    let mut across = Vec::with_capacity(values.len());
    for row in values.chunks(width) {
        let before = row.iter().take(1).chain(row);
        let after = row.iter().skip(1).chain(row.last());
        across
            .extend(row.iter().zip(before).zip(after).map(|((own, before), after)| (before + 2.0 * own + after) / 4.0));
    }
    let at = |place: Option<usize>, own: f32| place.and_then(|place| across.get(place)).copied().unwrap_or(own);
    let place = |(place, own): (usize, &f32)| {
        (at(place.checked_sub(width), *own) + 2.0 * own + at(place.checked_add(width), *own)) / 4.0
    };
    across.iter().enumerate().map(place).collect()
}
