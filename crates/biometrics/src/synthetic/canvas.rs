//! A colour canvas on which shapes are laid with smooth edges.

use super::octet;

/// Red, green, blue, each 0 to 255.
pub(super) type Colour = [f32; 3];

/// Colours in rows from the top.
pub(super) struct Canvas {
    width: u16,
    pixels: Vec<Colour>,
}

impl Canvas {
    /// A canvas whose ground is a function of the height, 0 at the top to 1 at the bottom.
    pub(super) fn new(width: u16, height: u16, ground: impl Fn(f32) -> Colour) -> Self {
        let row = |y| std::iter::repeat_n(ground(f32::from(y) / f32::from(height)), usize::from(width));
        Self { width, pixels: (0..height).flat_map(row).collect() }
    }

    /// Lays a shape: `distance` in pixels to its edge, negative inside; the edge is `soft` pixels wide. Rows outside
    /// `top..bottom` are not looked at.
    pub(super) fn lay(
        &mut self,
        rows: core::ops::Range<u16>,
        soft: f32,
        distance: impl Fn(f32, f32) -> f32,
        colour: impl Fn(f32, f32) -> (Colour, f32),
    ) {
        let lines = self.pixels.chunks_exact_mut(usize::from(self.width)).zip(0u16..);
        for (line, y) in lines.filter(|(_, y)| rows.contains(y)) {
            for (pixel, x) in line.iter_mut().zip(0u16..) {
                let (x, y) = (f32::from(x), f32::from(y));
                let cover = (0.5 - distance(x, y) / soft).clamp(0.0, 1.0);
                if cover > 0.0 {
                    let (paint, strength) = colour(x, y);
                    *pixel = blend(*pixel, paint, cover * strength);
                }
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
    (dx.hypot(dy) - 1.0) * radii.0.min(radii.1)
}
