//! Heights of a print, dark as high, with a margin of zeros: smoothing reads beyond the rim without asking.

use super::plane::{Plane, Point, coordinate};

/// Zeros on each side. Lines of samples reach 7 pixels, and pixels are read 16 at a time.
const MARGIN: usize = 8;
/// Heights that are read at a time: more than a block is wide.
pub const SPAN: usize = 16;

/// `width * height` heights and their margin.
pub struct Relief {
    heights: Plane<f64>,
    width: usize,
    height: usize,
}

impl Relief {
    /// All zero.
    pub fn new(width: usize, height: usize) -> Self {
        Self { heights: Plane::new(width + 2 * MARGIN + SPAN, height + 2 * MARGIN), width, height }
    }

    /// Columns without the margin.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Rows without the margin.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// One row without the margin.
    pub fn row(&self, y: usize) -> &[f64] {
        self.heights.row(y + MARGIN).get(MARGIN..MARGIN + self.width).unwrap_or_default()
    }

    /// One row to be changed, without the margin.
    pub fn row_mut(&mut self, y: usize) -> &mut [f64] {
        let width = self.width;
        self.heights.row_mut(y + MARGIN).get_mut(MARGIN..MARGIN + width).unwrap_or_default()
    }

    /// Place of a pixel among all heights.
    pub fn origin(&self, x: usize, y: usize) -> usize {
        (y + MARGIN) * self.heights.width() + x + MARGIN
    }

    /// From a pixel to the one that a vector leads to, in places.
    pub fn way(&self, by: Point) -> i32 {
        by.y * coordinate(self.heights.width()) + by.x
    }

    /// Heights from a place on; zeros where there are none.
    pub fn span(&self, place: usize) -> &[f64; SPAN] {
        const OUTSIDE: &[f64; SPAN] = &[0.0; SPAN];
        self.heights.cells().get(place..).and_then(<[f64]>::first_chunk).unwrap_or(OUTSIDE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_zero_all_around() {
        let mut relief = Relief::new(5, 3);
        (0..3).for_each(|y| relief.row_mut(y).fill(1.0));
        for (x, y, by, sum) in [(0, 0, (0, 0), 5.0), (4, 2, (0, 0), 1.0), (0, 0, (-7, -1), 0.0), (2, 2, (-7, 0), 5.0)] {
            let place = relief.origin(x, y).checked_add_signed(relief.way(Point::new(by.0, by.1)) as isize).unwrap();
            assert!((relief.span(place).iter().sum::<f64>() - sum).abs() < 1e-12, "{x} {y}");
        }
        assert_eq!((relief.row(2).len(), relief.row(3).len()), (5, 5));
    }
}
