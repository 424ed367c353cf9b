//! Scenes as pixels: each outline becomes the exact share of every pixel that it covers, by adding up signed areas
//! along its edges. Sums, products and square roots only, so that every machine draws the same octets.

use bitaqa_biometrics::raster::Rgb;

use crate::PictureError;
use crate::scene::{Colour, HEIGHT_MM, Item, Place, Scene, Segment, WIDTH_MM};

const MM_PER_INCH: f32 = 25.4;
/// Straight pieces that stand for a curve: a letter's curve is a few pixels long.
const PIECES: u8 = 12;

/// A card in pixels, and the PNG of it.
pub(crate) fn png(scene: &Scene, dpi: u16) -> Result<Vec<u8>, PictureError> {
    let scale = f32::from(dpi) / MM_PER_INCH;
    let mut canvas = Canvas::new(whole(WIDTH_MM * scale), whole(HEIGHT_MM * scale), scale);
    for item in &scene.items {
        match item {
            Item::Shape { path, colour, opacity } => canvas.fill(path, *colour, *opacity),
            Item::Picture { corner, width, height, pixels } => canvas.picture(*corner, *width, *height, pixels),
        }
    }
    let (width, height) = (side(canvas.width), side(canvas.height));
    encode(width, height, Some(dpi), &canvas.samples)
}

/// A PNG of 24 bits; its density is told in dots a metre.
pub(crate) fn encode(width: u32, height: u32, dpi: Option<u16>, samples: &[u8]) -> Result<Vec<u8>, PictureError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    if let Some(dpi) = dpi {
        let per_metre = u32::from(dpi) * 10_000 / 254;
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(samples)?;
    writer.finish()?;
    Ok(file)
}

fn side(pixels: usize) -> u32 {
    u32::try_from(pixels).unwrap_or(u32::MAX)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a side of a card in pixels; `as` saturates"
)]
fn whole(value: f32) -> usize {
    value.round() as usize
}

#[allow(clippy::cast_possible_truncation, reason = "a place on a card in pixels; `as` saturates")]
fn floor(value: f32) -> i32 {
    value.floor() as i32
}

#[allow(clippy::cast_precision_loss, reason = "a place on a card in pixels, far below 2^24")]
const fn real(value: i32) -> f32 {
    value as f32
}

struct Canvas {
    width: usize,
    height: usize,
    /// Pixels for a millimetre.
    scale: f32,
    samples: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize, scale: f32) -> Self {
        Self { width, height, scale, samples: vec![255; width * height * 3] }
    }

    /// A pixel, where it lies on the canvas.
    fn pixel(&mut self, x: i32, y: i32) -> Option<&mut [u8]> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        let inside = x < self.width && y < self.height;
        let at = (y * self.width + x) * 3;
        if inside { self.samples.get_mut(at..at + 3) } else { None }
    }

    fn fill(&mut self, path: &[Segment], colour: Colour, opacity: f32) {
        let Some(mut cover) = Cover::around(&points(path), self.scale) else { return };
        for contour in contours(path, self.scale) {
            for edge in contour.windows(2) {
                if let [from, to] = edge {
                    cover.edge(*from, *to);
                }
            }
        }
        for (row, y) in cover.cells.chunks_exact(cover.width).zip(cover.top..) {
            let mut area = 0.0f32;
            for (cell, x) in row.iter().zip(cover.left..) {
                area += cell;
                let share = area.abs().min(1.0) * opacity;
                if share > 0.002
                    && let Some(pixel) = self.pixel(x, y)
                {
                    for (sample, paint) in pixel.iter_mut().zip(colour) {
                        *sample = mixed(*sample, paint, share);
                    }
                }
            }
        }
    }

    /// Each pixel is the mean of what it covers of the picture.
    fn picture(&mut self, corner: Place, width: f32, height: f32, pixels: &Rgb) {
        let (left, top) = (floor(corner.x * self.scale), floor(corner.y * self.scale));
        let (columns, rows) = (floor(width * self.scale).max(1), floor(height * self.scale).max(1));
        for y in 0..rows {
            for x in 0..columns {
                let range = |at: i32, of: i32, side: u32| {
                    let (at, of, side) = (i64::from(at), i64::from(of), i64::from(side));
                    let (from, to) = (at * side / of, ((at + 1) * side).div_euclid(of).max(at * side / of + 1));
                    u32::try_from(from).unwrap_or(0)..u32::try_from(to).unwrap_or(0)
                };
                let mean = mean(pixels, range(x, columns, pixels.width()), range(y, rows, pixels.height()));
                if let Some(pixel) = self.pixel(left + x, top + y) {
                    pixel.copy_from_slice(&mean);
                }
            }
        }
    }
}

fn mean(pixels: &Rgb, columns: core::ops::Range<u32>, rows: core::ops::Range<u32>) -> [u8; 3] {
    let (mut sums, mut count) = ([0u32; 3], 0u32);
    for y in rows {
        let row = pixels.row(y).chunks_exact(3).skip(columns.start as usize).take(columns.len());
        for pixel in row {
            count += 1;
            for (sum, sample) in sums.iter_mut().zip(pixel) {
                *sum += u32::from(*sample);
            }
        }
    }
    sums.map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX))
}

fn mixed(under: u8, over: u8, share: f32) -> u8 {
    let value = f32::from(under) + (f32::from(over) - f32::from(under)) * share;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two octets")]
    let octet = value.round() as u8;
    octet
}

/// All places of an outline, handles too: they bound it.
fn points(path: &[Segment]) -> Vec<Place> {
    let of = |segment: &Segment| match segment {
        Segment::Move(to) | Segment::Line(to) => vec![*to],
        Segment::Quadratic(by, to) => vec![*by, *to],
        Segment::Cubic(first, second, to) => vec![*first, *second, *to],
        Segment::Close => Vec::new(),
    };
    path.iter().flat_map(of).collect()
}

/// Closed chains of straight pieces, in pixels.
fn contours(path: &[Segment], scale: f32) -> Vec<Vec<Place>> {
    let mut all = Vec::new();
    let mut chain: Vec<Place> = Vec::new();
    let pixel = |place: &Place| Place { x: place.x * scale, y: place.y * scale };
    let mix = |a: Place, b: Place, t: f32| Place { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t };
    let parts = || (1..=PIECES).map(|piece| f32::from(piece) / f32::from(PIECES));
    let end = |chain: &mut Vec<Place>, all: &mut Vec<Vec<Place>>| {
        if let Some(first) = chain.first().copied() {
            chain.push(first);
            all.push(core::mem::take(chain));
        }
    };
    for segment in path {
        let from = chain.last().copied();
        match (segment, from) {
            (Segment::Move(to), _) => {
                end(&mut chain, &mut all);
                chain.push(pixel(to));
            }
            (Segment::Line(to), Some(_)) => chain.push(pixel(to)),
            (Segment::Quadratic(by, to), Some(from)) => {
                let (by, to) = (pixel(by), pixel(to));
                chain.extend(parts().map(|t| mix(mix(from, by, t), mix(by, to, t), t)));
            }
            (Segment::Cubic(first, second, to), Some(from)) => {
                let (a, b, to) = (pixel(first), pixel(second), pixel(to));
                let at = |t| {
                    let middle = mix(a, b, t);
                    mix(mix(mix(from, a, t), middle, t), mix(middle, mix(b, to, t), t), t)
                };
                chain.extend(parts().map(at));
            }
            (Segment::Close, _) => end(&mut chain, &mut all),
            // a piece without a beginning draws nothing
            (_, None) => {}
        }
    }
    end(&mut chain, &mut all);
    all
}

/// Signed areas of the pixels around one outline: the running sum along a row is the share that is covered.
struct Cover {
    left: i32,
    top: i32,
    width: usize,
    height: usize,
    cells: Vec<f32>,
}

impl Cover {
    /// Cells around all places, with one to spare on each side; none for an outline that is no area or no card holds.
    fn around(points: &[Place], scale: f32) -> Option<Self> {
        let fold = |pick: fn(f32, f32) -> f32, of: fn(&Place) -> f32| points.iter().map(of).reduce(pick);
        let (left, right) = (fold(f32::min, |p| p.x)?, fold(f32::max, |p| p.x)?);
        let (top, bottom) = (fold(f32::min, |p| p.y)?, fold(f32::max, |p| p.y)?);
        let (left, right) = (floor(left * scale) - 1, floor(right * scale) + 3);
        let (top, bottom) = (floor(top * scale) - 1, floor(bottom * scale) + 2);
        let (width, height) = (usize::try_from(right - left).ok()?, usize::try_from(bottom - top).ok()?);
        // four times a card at the highest density
        let cells = width.checked_mul(height).filter(|cells| *cells <= 64_000_000)?;
        Some(Self { left, top, width, height, cells: vec![0.0; cells] })
    }

    fn add(&mut self, x: i32, row: usize, area: f32) {
        let Ok(x) = usize::try_from(x) else { return };
        if x < self.width
            && let Some(cell) = self.cells.get_mut(row * self.width + x)
        {
            *cell += area;
        }
    }

    /// An edge adds, in each row that it crosses, its height there: in the cells that it crosses by the part to their
    /// right, in the cell after them the rest.
    fn edge(&mut self, from: Place, to: Place) {
        let shift = |place: Place| Place { x: place.x - real(self.left), y: place.y - real(self.top) };
        let (from, to) = (shift(from), shift(to));
        if (to.y - from.y).abs() < 1e-6 {
            return;
        }
        let (sign, from, to) = if from.y < to.y { (1.0, from, to) } else { (-1.0, to, from) };
        let slope = (to.x - from.x) / (to.y - from.y);
        for row in usize::try_from(floor(from.y)).unwrap_or(0)..self.height {
            let line = real(i32::try_from(row).unwrap_or(i32::MAX));
            let (top, bottom) = (from.y.max(line), to.y.min(line + 1.0));
            if bottom <= top {
                if line >= to.y {
                    break;
                }
                continue;
            }
            let height = (bottom - top) * sign;
            let (a, b) = (from.x + (top - from.y) * slope, from.x + (bottom - from.y) * slope);
            self.row(row, a.min(b), a.max(b), height);
        }
    }

    /// The part of an edge in one row, between two places across, with its signed height.
    fn row(&mut self, row: usize, left: f32, right: f32, height: f32) {
        let (first, last) = (floor(left), floor(right));
        if first == last {
            let inside = real(first + 1) - f32::midpoint(left, right);
            self.add(first, row, height * inside);
            self.add(first + 1, row, height * (1.0 - inside));
            return;
        }
        // What the cells up to here have: each gets the area to the right of the edge, less that of the one before.
        let steep = height / (right - left);
        let mut before = 0.0;
        for x in first..=last {
            let (from, to) = (left.max(real(x)), right.min(real(x + 1)));
            let (done, part) = ((from - left) * steep, (to - from) * steep);
            let covered = done + part * (1.0 - (f32::midpoint(from, to) - real(x)));
            self.add(x, row, covered - before);
            before = covered;
        }
        self.add(last + 1, row, height - before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas(path: &[(f32, f32)]) -> Vec<u8> {
        let mut canvas = Canvas::new(4, 3, 1.0);
        let mut outline: Vec<Segment> = path.iter().map(|(x, y)| Segment::Line(Place { x: *x, y: *y })).collect();
        let Segment::Line(first) = outline[0] else { unreachable!() };
        outline[0] = Segment::Move(first);
        canvas.fill(&outline, [0, 0, 0], 1.0);
        canvas.samples.chunks_exact(3).map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn a_pixel_is_as_dark_as_it_is_covered() {
        let square = canvas(&[(1.0, 1.0), (2.5, 1.0), (2.5, 2.0), (1.0, 2.0)]);
        assert_eq!(square, [255, 255, 255, 255, 255, 0, 128, 255, 255, 255, 255, 255]);
        // the same the other way round, and half a pixel lower
        let lower = canvas(&[(1.0, 1.5), (1.0, 2.5), (2.5, 2.5), (2.5, 1.5)]);
        assert_eq!(lower, [255, 255, 255, 255, 255, 128, 191, 255, 255, 128, 191, 255]);
    }

    #[test]
    fn a_slope_covers_by_its_area() {
        // from the lower left to the upper right corner of two pixels: a quarter of one and three quarters of the
        // other
        let slope = canvas(&[(0.0, 1.0), (2.0, 0.0), (2.0, 1.0)]);
        assert_eq!(slope[..4], [191, 64, 255, 255]);
        let steep = canvas(&[(0.0, 2.0), (1.0, 0.0), (1.0, 2.0)]);
        assert_eq!((steep[0], steep[4]), (191, 64));
    }

    #[test]
    fn holes_stay_open_and_overlaps_are_filled_once() {
        let mut canvas = Canvas::new(3, 3, 1.0);
        let square = |from: f32, to: f32, forth: bool| {
            let mut places = [(from, from), (to, from), (to, to), (from, to)];
            if !forth {
                places.reverse();
            }
            let mut path: Vec<Segment> = places.iter().map(|(x, y)| Segment::Line(Place { x: *x, y: *y })).collect();
            let Segment::Line(first) = path[0] else { unreachable!() };
            path[0] = Segment::Move(first);
            path.push(Segment::Close);
            path
        };
        canvas.fill(&[square(0.0, 3.0, true), square(1.0, 2.0, false)].concat(), [0, 0, 0], 1.0);
        assert_eq!((canvas.samples[0], canvas.samples[12]), (0, 255));
        let mut canvas = Canvas::new(3, 3, 1.0);
        canvas.fill(&[square(0.0, 2.0, true), square(1.0, 3.0, true)].concat(), [0, 0, 0], 1.0);
        assert_eq!(canvas.samples[12], 0);
    }

    #[test]
    fn what_lies_beside_the_card_is_cut_off() {
        assert_eq!(canvas(&[(-5.0, -5.0), (9.0, -5.0), (9.0, 9.0), (-5.0, 9.0)]), [0; 12]);
        assert_eq!(canvas(&[(5.0, 5.0), (9.0, 5.0), (9.0, 9.0)]), [255; 12]);
    }
}
