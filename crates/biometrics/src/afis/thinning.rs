//! Ridges thinned to lines of one pixel.

use super::parameters::THINNING_ROUNDS;
use super::plane::Plane;

/// What is done with a pixel of a ridge, by its eight neighbours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Removing it would tear the ridge.
    Keeps,
    /// It is the end of a line, if the line is one.
    Ends,
    /// Nothing hangs on it.
    Goes,
}

/// Fate for each set of neighbours; bits row by row from the upper left.
const FATES: [Fate; 256] = fates();

#[allow(clippy::indexing_slicing, reason = "worked out by the compiler")]
const fn fates() -> [Fate; 256] {
    let mut fates = [Fate::Keeps; 256];
    let mut set = 0;
    while set < 256 {
        fates[set] = fate(set);
        set += 1;
    }
    fates
}

const fn fate(set: usize) -> Fate {
    const fn any(set: usize, bits: usize) -> bool {
        set & bits != 0
    }
    let (top, left, right, bottom) = (2, 8, 16, 64);
    // a corner that hangs on this pixel alone
    let corner = !any(set, top | left) && any(set, 1)
        || !any(set, left | bottom) && any(set, 32)
        || !any(set, bottom | right) && any(set, 128)
        || !any(set, right | top) && any(set, 4);
    // two sides that hang together by this pixel alone
    let sides = !any(set, top | bottom) && any(set, 4 | right | 128) && any(set, 1 | left | 32)
        || !any(set, left | right) && any(set, 1 | top | 4) && any(set, 32 | bottom | 128);
    if set.is_power_of_two() {
        Fate::Ends
    } else if corner || sides {
        Fate::Keeps
    } else {
        Fate::Goes
    }
}

/// Lines in the middle of ridges. Each round goes over four interleaved grids, so that ridges lose from all sides
/// alike.
pub fn thinned(ridges: &Plane<u8>) -> Plane<u8> {
    let (width, height) = (ridges.width(), ridges.height());
    let mut lines = Plane::new(width, height);
    if width < 3 || height < 3 {
        return lines;
    }
    let mut left = Plane::new(width, height);
    for y in 1..height - 1 {
        let cells = left.row_mut(y).iter_mut().zip(ridges.row(y));
        cells.skip(1).take(width - 2).for_each(|(cell, ridge)| *cell = *ridge);
    }
    // pixels still to be decided, grid by grid
    let mut grids: [Vec<usize>; 4] = core::array::from_fn(|grid| {
        let mut pixels = Vec::with_capacity(width * height / 8);
        for y in (1 + grid / 2..height - 1).step_by(2) {
            let cells = left.row(y).iter().enumerate().skip(1 + grid % 2).step_by(2);
            pixels.extend(cells.filter(|(_, cell)| **cell == 1).map(|(x, _)| y * width + x));
        }
        pixels
    });
    for _ in 0..THINNING_ROUNDS {
        let mut removed = false;
        for grid in &mut grids {
            grid.retain(|pixel| match judged(left.cells(), width, *pixel) {
                None => true,
                Some(kept) => {
                    let cells = if kept { lines.cells_mut() } else { left.cells_mut() };
                    if let Some(cell) = cells.get_mut(*pixel) {
                        *cell = u8::from(kept);
                    }
                    removed |= !kept;
                    false
                }
            });
        }
        if !removed {
            break;
        }
    }
    lines
}

/// Whether a pixel is kept; none while it lies inside a ridge.
fn judged(cells: &[u8], width: usize, pixel: usize) -> Option<bool> {
    let three = |middle: usize| -> [u8; 3] {
        cells.get(middle - 1..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default()
    };
    let ([a, top, b], [left, _, right], [c, bottom, d]) = (three(pixel - width), three(pixel), three(pixel + width));
    if top & left & right & bottom == 1 {
        return None;
    }
    let set = a | top << 1 | b << 2 | left << 3 | right << 4 | c << 5 | bottom << 6 | d << 7;
    match FATES.get(usize::from(set)).copied().unwrap_or(Fate::Keeps) {
        Fate::Keeps => Some(true),
        Fate::Goes => Some(false),
        Fate::Ends => Some(!blunt(cells, width, pixel)),
    }
}

/// Whether the one neighbour of an end has more than two neighbours: then the end is a bump of a thick line.
fn blunt(cells: &[u8], width: usize, end: usize) -> bool {
    let around = |pixel: usize| {
        let rows = [pixel.checked_sub(width + 1), pixel.checked_sub(1), pixel.checked_add(width - 1)];
        rows.into_iter().flatten().flat_map(move |start| start..start + 3).filter(move |near| *near != pixel)
    };
    let set = |pixel: &usize| cells.get(*pixel) == Some(&1);
    around(end).find(set).is_some_and(|near| around(near).filter(set).count() > 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::afis::plane::Point;

    #[test]
    fn a_thick_bar_becomes_a_line_and_a_ring_stays_closed() {
        let mut ridges: Plane<u8> = Plane::new(60, 60);
        for at in ridges.places() {
            let bar = (5..55).contains(&at.x) && (4..9).contains(&at.y);
            let ring = (60..200).contains(&at.minus(Point::new(30, 35)).square());
            ridges.set(at, u8::from(bar || ring));
        }
        let lines = thinned(&ridges);
        let neighbours =
            |at: Point| crate::afis::plane::NEIGHBOURS.iter().filter(|by| lines.at(at.plus(**by)) == 1).count();
        let set: Vec<Point> = lines.places().filter(|at| lines.at(*at) == 1).collect();
        let (bar, ring): (Vec<Point>, Vec<Point>) = set.into_iter().partition(|at| at.y < 15);
        let ends: Vec<&Point> = bar.iter().filter(|at| neighbours(**at) == 1).collect();
        assert_eq!(ends.len(), 2, "{ends:?}");
        assert!(bar.iter().all(|at| (1..=2).contains(&neighbours(*at)) && (5..8).contains(&at.y)), "one pixel wide");
        // from all sides, and nowhere thick
        assert!((60..110).contains(&ring.len()), "{}", ring.len());
        assert!(ring.iter().filter(|at| neighbours(**at) == 2).count() + 4 > ring.len());
    }
}
