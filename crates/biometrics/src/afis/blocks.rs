//! The print cut into blocks of nearly one size, at most 15 pixels wide and high.

use core::ops::Range;

use super::parameters::BLOCK;

/// Rims of the blocks.
pub struct Blocks {
    columns: Vec<usize>,
    rows: Vec<usize>,
}

impl Blocks {
    /// Cuts an image of this size.
    pub fn new(width: usize, height: usize) -> Self {
        Self { columns: rims(width), rows: rims(height) }
    }

    /// Blocks in a row.
    pub fn width(&self) -> usize {
        self.columns.len() - 1
    }

    /// Blocks in a column.
    pub fn height(&self) -> usize {
        self.rows.len() - 1
    }

    /// Pixels in a row.
    pub fn pixel_width(&self) -> usize {
        self.columns.last().copied().unwrap_or(0)
    }

    /// Pixels in a column.
    pub fn pixel_height(&self) -> usize {
        self.rows.last().copied().unwrap_or(0)
    }

    /// Pixel columns of each block of a row.
    pub fn columns(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.columns.array_windows().map(|[left, right]| *left..*right)
    }

    /// Pixel rows of each block of a column.
    pub fn rows(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.rows.array_windows().map(|[top, bottom]| *top..*bottom)
    }
}

fn rims(pixels: usize) -> Vec<usize> {
    let blocks = pixels.div_ceil(BLOCK).max(1);
    (0..=blocks).map(|block| block * pixels / blocks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_the_image_and_differ_by_one_pixel_at_most() {
        for size in 1..400 {
            let blocks = Blocks::new(size, 31);
            assert_eq!((blocks.pixel_width(), blocks.pixel_height(), blocks.height()), (size, 31, 3));
            let widths: Vec<usize> = blocks.columns().map(|column| column.len()).collect();
            assert_eq!(widths.iter().sum::<usize>(), size);
            let (least, most) = (widths.iter().min().unwrap(), widths.iter().max().unwrap());
            assert!(*most <= BLOCK && most - least <= 1 && *least > 0, "{size}: {widths:?}");
        }
    }
}
