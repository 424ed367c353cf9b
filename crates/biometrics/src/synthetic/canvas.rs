//! A colour canvas on which shapes are laid with smooth edges.

use super::octet;

/// Red, green, blue, each 0 to 255.
pub(super) type Colour = [f32; 3];

/// Colours in rows from the top.
pub(super) struct Canvas {
    width: u16,
    /// Pixels for one unit of a drawing: shapes are told in units, so that one drawing has any size.
    scale: f32,
    pixels: Vec<Colour>,
}

impl Canvas {
    /// A canvas of so many pixels whose ground is a function of the height, 0 at the top to 1 at the bottom.
    pub(super) fn new(width: u16, height: u16, scale: f32, ground: impl Fn(f32) -> Colour) -> Self {
        let row = |y| std::iter::repeat_n(ground(f32::from(y) / f32::from(height)), usize::from(width));
        Self { width, scale, pixels: (0..height).flat_map(row).collect() }
    }

    /// Lays a shape: `distance` in units to its edge, negative inside; the edge is `soft` units wide. Rows outside
    /// `rows`, in units, are not looked at.
    pub(super) fn lay(
        &mut self,
        rows: core::ops::Range<u16>,
        soft: f32,
        distance: impl Fn(f32, f32) -> f32,
        colour: impl Fn(f32, f32) -> (Colour, f32),
    ) {
        let scale = self.scale;
        let rows = f32::from(rows.start) * scale..f32::from(rows.end) * scale;
        let lines = self.pixels.chunks_exact_mut(usize::from(self.width)).zip(0u16..);
        for (line, y) in lines.filter(|(_, y)| rows.contains(&f32::from(*y))) {
            for (pixel, x) in line.iter_mut().zip(0u16..) {
                let (x, y) = (f32::from(x) / scale, f32::from(y) / scale);
                let cover = (0.5 - distance(x, y) / soft).clamp(0.0, 1.0);
                if cover > 0.0 {
                    let (paint, strength) = colour(x, y);
                    *pixel = blend(*pixel, paint, cover * strength);
                }
            }
        }
    }

    /// Adds to each pixel what `grain` gives, the same to its three samples.
    pub(super) fn grain(&mut self, mut grain: impl FnMut() -> f32) {
        for pixel in &mut self.pixels {
            let grain = grain();
            for value in pixel {
                *value += grain;
            }
        }
    }

    /// Octets in the order red, green, blue.
    pub(super) fn rgb(&self) -> Vec<u8> {
        self.pixels.iter().flatten().map(|value| octet(*value)).collect()
    }
}

/// `share` of `over` on `under`.
pub(super) fn blend(under: Colour, over: Colour, share: f32) -> Colour {
    let mut mixed = under;
    for (mixed, over) in mixed.iter_mut().zip(over) {
        *mixed += (over - *mixed) * share;
    }
    mixed
}

/// Distance to the edge of an ellipse, near enough for smooth edges.
pub(super) fn ellipse(x: f32, y: f32, centre: (f32, f32), radii: (f32, f32)) -> f32 {
    let (dx, dy) = ((x - centre.0) / radii.0, (y - centre.1) / radii.1);
    (length(dx, dy) - 1.0) * radii.0.min(radii.1)
}

/// Length of a vector. A square root is exact on every machine, the library's hypotenuse is not.
pub(super) fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// A wave of period 2 pi between -1 and 1, out of parabolas: the digits of a sine differ between machines.
pub(super) fn wave(x: f32) -> f32 {
    let turns = x / core::f32::consts::TAU;
    let part = 2.0 * (turns - turns.floor());
    if part < 1.0 { 4.0 * part * (1.0 - part) } else { -4.0 * (part - 1.0) * (2.0 - part) }
}

/// A bell: 1 in the middle, near 0 from 2 on.
pub(super) fn bell(x: f32) -> f32 {
    let fall = 1.0 + x * x;
    1.0 / (fall * fall)
}
