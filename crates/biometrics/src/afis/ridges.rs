//! Ridges as set pixels, and the masks that belong to them.

use super::blocks::Blocks;
use super::flow::{Flow, Smoother};
use super::parameters::{INNER_EROSIONS, PIXEL_VOTE};
use super::plane::Plane;
use super::relief::Relief;
use super::vote::votes;

/// Passes over the image that may break crosses; prints need three or four.
const CROSS_PASSES: usize = 50;

/// Pixels that are higher along the ridges than across them.
pub fn ridges(print: &Relief, flows: &Plane<Flow>, mask: &Plane<u8>, blocks: &Blocks) -> Plane<u8> {
    let along = Smoother::along();
    let mut smooth = Relief::new(blocks.pixel_width(), blocks.pixel_height());
    each_row(flows, mask, blocks, |flow, y, columns| {
        let means = along.means(print, flow, y, columns.start);
        let row = smooth.row_mut(y).get_mut(columns.clone()).unwrap_or_default();
        row.iter_mut().zip(means).for_each(|(height, mean)| *height = mean);
    });
    let across = Smoother::across();
    let mut ridges = Plane::new(blocks.pixel_width(), blocks.pixel_height());
    each_row(flows, mask, blocks, |flow, y, columns| {
        let base = across.means(&smooth, flow, y, columns.start);
        let heights = smooth.row(y).get(columns.clone()).unwrap_or_default().iter().zip(base);
        let cells = ridges.row_mut(y).get_mut(columns.clone()).unwrap_or_default().iter_mut();
        cells.zip(heights).for_each(|(cell, (height, base))| *cell = u8::from(height - base > 0.0));
    });
    ridges
}

/// Every row of every block of print.
fn each_row(
    flows: &Plane<Flow>,
    mask: &Plane<u8>,
    blocks: &Blocks,
    mut work: impl FnMut(Flow, usize, &core::ops::Range<usize>),
) {
    for (number, rows) in blocks.rows().enumerate() {
        for y in rows {
            for ((columns, flow), print) in blocks.columns().zip(flows.row(number)).zip(mask.row(number)) {
                if *print == 1 {
                    work(*flow, y, &columns);
                }
            }
        }
    }
}

/// Pixels of the blocks of print.
pub fn pixels(mask: &Plane<u8>, blocks: &Blocks) -> Plane<u8> {
    let mut pixels = Plane::new(blocks.pixel_width(), blocks.pixel_height());
    for (number, rows) in blocks.rows().enumerate() {
        for y in rows {
            for (columns, cell) in blocks.columns().zip(mask.row(number)) {
                pixels.row_mut(y).get_mut(columns).unwrap_or_default().fill(*cell);
            }
        }
    }
    pixels
}

/// Without specks, pinholes and places where ridges touch by their corners.
pub fn cleaned(ridges: &Plane<u8>, pixels: &Plane<u8>) -> Plane<u8> {
    let mut masked = pixels.cells().iter();
    let mut clean = votes(ridges, &PIXEL_VOTE, |cell, set, needed, whole| {
        // most are ridge, or not so many that it is a speck
        *cell = u8::from(set >= needed || *cell == 1 && whole - set < needed);
    });
    for ((cell, before), print) in clean.cells_mut().iter_mut().zip(ridges.cells()).zip(&mut masked) {
        if *print == 0 {
            *cell = *before;
        }
    }
    for _ in 0..CROSS_PASSES {
        if !break_crosses(&mut clean) {
            break;
        }
    }
    clean
}

/// Clears squares of which one diagonal is set and the other is not; whether there were any.
fn break_crosses(ridges: &mut Plane<u8>) -> bool {
    let (width, height) = (ridges.width(), ridges.height());
    let mut any = false;
    for y in 1..height {
        let cells = ridges.cells_mut().get_mut((y - 1) * width..(y + 1) * width).unwrap_or_default();
        let (upper, lower) = cells.split_at_mut(width);
        let (mut upper, mut lower) = (upper.iter_mut(), lower.iter_mut());
        let (Some(mut left), Some(mut below)) = (upper.next(), lower.next()) else { break };
        for (right, other) in upper.zip(lower) {
            if *left == *other && *right == *below && *left != *right {
                (*left, *right, *below, *other) = (0, 0, 0, 0);
                any = true;
            }
            (left, below) = (right, other);
        }
    }
    any
}

/// Pixels of print that are no ridge.
pub fn valleys(ridges: &Plane<u8>, pixels: &Plane<u8>) -> Plane<u8> {
    let mut valleys = pixels.clone();
    valleys.cells_mut().iter_mut().zip(ridges.cells()).for_each(|(cell, ridge)| *cell &= 1 - *ridge);
    valleys
}

/// Pixels well inside the print.
pub fn inner(pixels: &Plane<u8>) -> Plane<u8> {
    let mut inner = pixels.clone();
    let (width, last) = (inner.width(), inner.height().saturating_sub(1));
    inner.row_mut(0).fill(0);
    inner.row_mut(last).fill(0);
    for row in inner.cells_mut().chunks_mut(width.max(1)) {
        row.iter_mut().take(1).for_each(|cell| *cell = 0);
        row.iter_mut().rev().take(1).for_each(|cell| *cell = 0);
    }
    for by in INNER_EROSIONS {
        inner = eroded(&inner, by);
    }
    inner
}

/// Cells whose neighbours at this distance above, below, left and right are all set.
fn eroded(cells: &Plane<u8>, by: usize) -> Plane<u8> {
    let (width, height) = (cells.width(), cells.height());
    let mut result = Plane::new(width, height);
    if width <= 2 * by || height <= 2 * by {
        return result;
    }
    for y in by..height - by {
        let row = cells.row(y);
        let ends = row.iter().zip(row.iter().skip(2 * by));
        let columns = cells.row(y - by).iter().zip(cells.row(y + by)).skip(by);
        let to = result.row_mut(y).iter_mut().skip(by);
        to.zip(ends.zip(columns)).for_each(|(cell, ((left, right), (up, down)))| *cell = left & right & up & down);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::afis::plane::Point;

    #[test]
    fn inner_pixels_are_fourteen_from_the_rim_and_one_more() {
        let mut pixels = Plane::new(60, 50);
        pixels.cells_mut().fill(1);
        let inner = inner(&pixels);
        let expected = |at: &Point| (15..45).contains(&at.x) && (15..35).contains(&at.y);
        assert!(inner.places().all(|at| (inner.at(at) == 1) == expected(&at)));
    }

    #[test]
    fn crosses_are_broken_and_squares_stay() {
        let mut ridges: Plane<u8> = Plane::new(6, 4);
        for (x, y) in [(1, 1), (2, 2), (4, 0), (4, 1), (5, 0), (5, 1)] {
            ridges.set(Point::new(x, y), 1);
        }
        assert!(break_crosses(&mut ridges) && !break_crosses(&mut ridges));
        assert_eq!(ridges.cells().iter().sum::<u8>(), 4);
    }
}
