//! The two forms that cards compare, ISO/IEC 19794-2: no header, no quality, sorted as the card asks.
//!
//! ```text
//! normal   5   type (2 bits) and x (14), y (16), angle: hundredths of a millimetre
//! compact  3   x, y: tenths of a millimetre, 25.5 at most; type (2 bits) and angle (6)
//! ```

use core::cmp::Ordering;

use super::{Minutia, MinutiaKind, View};

/// Octets of a minutia in the normal form.
pub const NORMAL_OCTETS: usize = 5;
/// Octets of a minutia in the compact form.
pub const COMPACT_OCTETS: usize = 3;

/// Middle of the compact field.
const MIDDLE: i32 = 128;

/// By what minutiae are sorted: bits 3 to 5 of the order octet in a BIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sorting {
    /// 04: by x, then by y.
    Xy = 0x04,
    /// 08: by y, then by x.
    Yx = 0x08,
    /// 0C: by angle.
    Angle = 0x0C,
    /// 10: by distance from the centre of all, then by direction.
    Polar = 0x10,
}

/// Order in which a card wants minutiae: tag 82 within B1 of a BIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Any.
    None,
    /// The least first.
    Ascending(Sorting),
    /// The greatest first.
    Descending(Sorting),
}

impl Order {
    /// From the octet of a BIT; `None` for one that names no order.
    pub const fn from_code(code: u8) -> Option<Self> {
        let sorting = match code & 0x1C {
            0x04 => Sorting::Xy,
            0x08 => Sorting::Yx,
            0x0C => Sorting::Angle,
            0x10 => Sorting::Polar,
            _ => return if code == 0 { Some(Self::None) } else { None },
        };
        match code & !0x1C {
            1 => Some(Self::Ascending(sorting)),
            2 => Some(Self::Descending(sorting)),
            _ => None,
        }
    }

    /// The octet of a BIT.
    pub const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Ascending(sorting) => sorting as u8 | 1,
            Self::Descending(sorting) => sorting as u8 | 2,
        }
    }
}

/// A minutia on its way: position in the unit of the form, angle in the steps of the form.
#[derive(Clone, Copy)]
struct Scaled {
    kind: MinutiaKind,
    x: i32,
    y: i32,
    angle: u8,
}

/// The compact form of a view: the best minutiae by quality, `most` at the most, moved to the middle of the field and
/// sorted. What does not fit into its 25.5 mm even so is left out; moving it to the border would invent minutiae.
pub fn compact(view: &View, most: usize, order: Order) -> Vec<[u8; COMPACT_OCTETS]> {
    // 5.625 degrees a step; the last half step belongs to 0 again
    let mut all = scaled(view, most, 100, |angle| (angle.wrapping_add(2)) >> 2);
    let middle = |side: fn(&Scaled) -> i32| {
        let (least, greatest) = (all.iter().map(side).min(), all.iter().map(side).max());
        least.zip(greatest).map_or(0, |(least, greatest)| MIDDLE - (least + greatest + 1) / 2)
    };
    let (move_x, move_y) = (middle(|one| one.x), middle(|one| one.y));
    for one in &mut all {
        (one.x, one.y) = (one.x + move_x, one.y + move_y);
    }
    let field = 0..=255;
    all.retain(|one| field.contains(&one.x) && field.contains(&one.y));
    sort(&mut all, order);
    let octet = |side: i32| u8::try_from(side).unwrap_or_default();
    all.iter().map(|one| [octet(one.x), octet(one.y), (one.kind as u8) << 6 | one.angle]).collect()
}

/// The normal form of a view: the best minutiae by quality, `most` at the most, sorted.
pub fn normal(view: &View, most: usize, order: Order) -> Vec<[u8; NORMAL_OCTETS]> {
    let mut all = scaled(view, most, 1000, |angle| angle);
    // 14 bits reach 163 mm, farther than any sensor
    all.retain(|one| one.x <= 0x3FFF && one.y <= 0x3FFF);
    sort(&mut all, order);
    let wide = |side: i32| u16::try_from(side).unwrap_or_default();
    let octets = all.iter().map(|one| {
        let ([x_high, x_low], [y_high, y_low]) =
            (((one.kind as u16) << 14 | wide(one.x)).to_be_bytes(), wide(one.y).to_be_bytes());
        [x_high, x_low, y_high, y_low, one.angle]
    });
    octets.collect()
}

/// Minutiae of a compact template, in tenths of a millimetre and 256 steps; `None` where octets are left over or a type
/// is reserved.
pub fn from_compact(template: &[u8]) -> Option<Vec<Minutia>> {
    let (chunks, rest) = template.as_chunks::<COMPACT_OCTETS>();
    let minutia = |[x, y, last]: &[u8; COMPACT_OCTETS]| {
        let kind = MinutiaKind::from_code(last >> 6)?;
        Some(Minutia { kind, x: u16::from(*x), y: u16::from(*y), angle: (last & 0x3F) << 2, quality: 0 })
    };
    if rest.is_empty() { chunks.iter().map(minutia).collect() } else { None }
}

/// The best by quality, the earlier of two equal ones, in units of which `per_centimetre` make one.
fn scaled(view: &View, most: usize, per_centimetre: i32, angle: fn(u8) -> u8) -> Vec<Scaled> {
    let mut best: Vec<&Minutia> = view.minutiae.iter().collect();
    best.sort_by_key(|minutia| core::cmp::Reverse(minutia.quality));
    best.truncate(most);
    let unit = |pixels: u16, resolution: u16| {
        let resolution = i32::from(resolution.max(1));
        (i32::from(pixels) * per_centimetre + resolution / 2) / resolution
    };
    let one = |minutia: &&Minutia| Scaled {
        kind: minutia.kind,
        x: unit(minutia.x, view.resolution.0),
        y: unit(minutia.y, view.resolution.1),
        angle: angle(minutia.angle),
    };
    best.iter().map(one).collect()
}

fn sort(all: &mut [Scaled], order: Order) {
    let (sorting, descending) = match order {
        Order::None => return,
        Order::Ascending(sorting) => (sorting, false),
        Order::Descending(sorting) => (sorting, true),
    };
    // The centre times the number of minutiae, so that it needs no fraction.
    let count = i64::try_from(all.len()).unwrap_or_default();
    let sum = |side: fn(&Scaled) -> i32| all.iter().map(|one| i64::from(side(one))).sum::<i64>();
    let centre = (sum(|one| one.x), sum(|one| one.y));
    all.sort_by(|a, b| {
        let ordering = match sorting {
            Sorting::Xy => (a.x, a.y).cmp(&(b.x, b.y)),
            Sorting::Yx => (a.y, a.x).cmp(&(b.y, b.x)),
            Sorting::Angle => a.angle.cmp(&b.angle),
            Sorting::Polar => {
                let from = |one: &Scaled| (i64::from(one.x) * count - centre.0, i64::from(one.y) * count - centre.1);
                polar(from(a), from(b))
            }
        };
        if descending { ordering.reverse() } else { ordering }
    });
}

/// Distance, then direction counter-clockwise from the right (y points down), without a root or an angle.
fn polar(a: (i64, i64), b: (i64, i64)) -> Ordering {
    let distance = |(x, y): (i64, i64)| x * x + y * y;
    let lower_half = |(x, y): (i64, i64)| y > 0 || y == 0 && x < 0;
    let cross = a.0 * b.1 - a.1 * b.0;
    distance(a).cmp(&distance(b)).then(lower_half(a).cmp(&lower_half(b))).then(cross.cmp(&0))
}
