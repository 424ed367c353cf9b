//! Cells in rows, wiped when dropped since they hold a print or what was made of one.

use zeroize::{DefaultIsZeroes, Zeroize};

/// A place; ordered row by row as an image is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// Row.
    pub y: i32,
    /// Column.
    pub x: i32,
}

impl Point {
    /// A place in this column and row.
    pub const fn new(x: i32, y: i32) -> Self {
        Self { y, x }
    }

    /// Moved by a vector.
    pub const fn plus(self, by: Self) -> Self {
        Self { y: self.y + by.y, x: self.x + by.x }
    }

    /// The vector from another place to here.
    pub const fn minus(self, other: Self) -> Self {
        Self { y: self.y - other.y, x: self.x - other.x }
    }

    /// Square of the vector's length.
    pub const fn square(self) -> i32 {
        self.x * self.x + self.y * self.y
    }

    /// Direction of the vector, as in [`super::angle`].
    pub fn direction(self) -> f64 {
        super::angle::direction(f64::from(self.x), f64::from(self.y))
    }
}

/// The eight neighbours of a place, row by row.
pub const NEIGHBOURS: [Point; 8] = [
    Point::new(-1, -1),
    Point::new(0, -1),
    Point::new(1, -1),
    Point::new(-1, 0),
    Point::new(1, 0),
    Point::new(-1, 1),
    Point::new(0, 1),
    Point::new(1, 1),
];

/// `width * height` cells.
#[derive(Clone)]
pub struct Plane<T: DefaultIsZeroes> {
    width: usize,
    height: usize,
    cells: Vec<T>,
}

impl<T: DefaultIsZeroes> Plane<T> {
    /// Empty cells.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, cells: vec![T::default(); width * height] }
    }

    /// Columns.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// All cells, row by row.
    pub fn cells(&self) -> &[T] {
        &self.cells
    }

    /// All cells to be changed, row by row.
    pub fn cells_mut(&mut self) -> &mut [T] {
        &mut self.cells
    }

    /// One row; none outside.
    pub fn row(&self, y: usize) -> &[T] {
        self.cells.get(y * self.width..(y + 1) * self.width).unwrap_or_default()
    }

    /// One row to be changed; none outside.
    pub fn row_mut(&mut self, y: usize) -> &mut [T] {
        self.cells.get_mut(y * self.width..(y + 1) * self.width).unwrap_or_default()
    }

    fn index(&self, at: Point) -> Option<usize> {
        let (x, y) = (usize::try_from(at.x).ok()?, usize::try_from(at.y).ok()?);
        (x < self.width && y < self.height).then_some(y * self.width + x)
    }

    /// The cell; an empty one outside.
    pub fn at(&self, at: Point) -> T {
        self.index(at).and_then(|index| self.cells.get(index)).copied().unwrap_or_default()
    }

    /// Changes a cell; nothing outside.
    pub fn set(&mut self, at: Point, value: T) {
        if let Some(cell) = self.index(at).and_then(|index| self.cells.get_mut(index)) {
            *cell = value;
        }
    }

    /// Places of cells that satisfy, row by row.
    pub fn places_of(&self, satisfies: impl Fn(&T) -> bool) -> Vec<Point> {
        let mut places = Vec::new();
        for (y, row) in (0..).zip(self.cells.chunks(self.width.max(1))) {
            let here = (0..).zip(row).filter(|(_, cell)| satisfies(cell));
            places.extend(here.map(|(x, _)| Point::new(x, y)));
        }
        places
    }

    /// Every place, row by row.
    pub fn places(&self) -> impl Iterator<Item = Point> + use<T> {
        let (width, height) = (coordinate(self.width), coordinate(self.height));
        (0..height).flat_map(move |y| (0..width).map(move |x| Point::new(x, y)))
    }
}

impl<T: DefaultIsZeroes> Drop for Plane<T> {
    fn drop(&mut self) {
        // the slice: wiping the vector would go over its octets once more
        self.cells.as_mut_slice().zeroize();
    }
}

/// An index as a coordinate.
pub fn coordinate(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_is_empty_and_stays_so() {
        let mut plane: Plane<u8> = Plane::new(3, 2);
        for at in [Point::new(-1, 0), Point::new(3, 0), Point::new(0, 2), Point::new(0, -1)] {
            plane.set(at, 7);
            assert_eq!(plane.at(at), 0);
        }
        assert_eq!(plane.cells(), [0; 6]);
        plane.set(Point::new(2, 1), 7);
        assert_eq!((plane.row(1), plane.row(2)), (&[0, 0, 7][..], &[][..]));
        assert_eq!(plane.places().last(), Some(Point::new(2, 1)));
    }
}
