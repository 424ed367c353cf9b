//! Counts of set cells in a square around each cell.

use super::parameters::Vote;
use super::plane::Plane;

/// For every cell that votes: `decide(set, needed, whole)` of set neighbours, the majority and all neighbours, the
/// cell itself among them, and the cell; cells at the rim are left as they are.
pub fn votes(cells: &Plane<u8>, vote: &Vote, mut decide: impl FnMut(&mut u8, u16, u16, u16)) -> Plane<u8> {
    let (width, height, radius) = (cells.width(), cells.height(), vote.radius);
    let mut result = cells.clone();
    let side = 2 * radius + 1;
    // set cells of each column inside the rows around the current one, with empty columns on both sides
    let mut columns = vec![0u16; width + side];
    let inner = radius + 1..radius + 1 + width;
    let majorities: Vec<u16> = (0..=side * side).map(|whole| majority(vote.majority, whole)).collect();
    // cells of a row around each column, as far as there are some
    let widths: Vec<usize> = (0..width).map(|x| (x + radius).min(width - 1) + 1 - x.saturating_sub(radius)).collect();
    for y in 0..height + radius {
        let sums = columns.get_mut(inner.clone()).unwrap_or_default();
        // none beyond the last row
        sums.iter_mut().zip(cells.row(y)).for_each(|(sum, cell)| *sum += u16::from(*cell));
        if let Some(above) = y.checked_sub(side) {
            sums.iter_mut().zip(cells.row(above)).for_each(|(sum, cell)| *sum -= u16::from(*cell));
        }
        let Some(y) = y.checked_sub(radius).filter(|y| *y >= vote.border && y + vote.border < height) else { continue };
        let rows = (y + radius).min(height - 1) + 1 - y.saturating_sub(radius);
        let mut sum: u16 = columns.iter().take(side).sum();
        let moves = columns.iter().skip(side).zip(&columns).zip(&widths);
        for ((x, cell), ((entering, leaving), wide)) in result.row_mut(y).iter_mut().enumerate().zip(moves) {
            sum = sum + entering - leaving;
            if x >= vote.border && x + vote.border < width {
                let whole = rows * wide;
                let needed = majorities.get(whole).copied().unwrap_or(u16::MAX);
                decide(cell, sum, needed, u16::try_from(whole).unwrap_or(u16::MAX));
            }
        }
    }
    result
}

/// Sets cells that a majority of their neighbours wants set; none is cleared.
pub fn grown(cells: &Plane<u8>, vote: &Vote) -> Plane<u8> {
    votes(cells, vote, |cell, set, needed, _| *cell |= u8::from(set >= needed))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "at most 225 cells vote"
)]
fn majority(share: f64, whole: usize) -> u16 {
    (share * whole as f64).ceil() as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::afis::plane::Point;

    #[test]
    fn sums_are_those_of_the_square() {
        let mut cells: Plane<u8> = Plane::new(23, 17);
        let places: Vec<Point> = cells.places().collect();
        for at in &places {
            cells.set(*at, u8::from((at.x * 7 + at.y * 13 + at.x * at.y) % 3 == 0));
        }
        for (radius, border) in [(1, 0), (2, 3), (7, 1)] {
            let mut found = Vec::new();
            votes(&cells, &Vote { radius, majority: 0.5, border }, |_, set, _, whole| found.push((set, whole)));
            let (r, b) = (i32::try_from(radius).unwrap(), i32::try_from(border).unwrap());
            let inside = |at: &&Point| at.x >= b && at.y >= b && at.x < 23 - b && at.y < 17 - b;
            let square = |at: &Point| {
                let near = |other: &&Point| (other.x - at.x).abs() <= r && (other.y - at.y).abs() <= r;
                let around: Vec<&Point> = places.iter().filter(near).collect();
                let set = around.iter().filter(|other| cells.at(***other) == 1).count();
                (u16::try_from(set).unwrap(), u16::try_from(around.len()).unwrap())
            };
            assert_eq!(found, places.iter().filter(inside).map(square).collect::<Vec<_>>());
        }
    }
}
