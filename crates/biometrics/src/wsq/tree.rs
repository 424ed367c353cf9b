//! How the image is divided: the order in which regions are split (20 splits) and the 60 subbands that are coded.
//!
//! IAFIS-IC-0110 v3.1 figure 5. An odd side gives its low half the odd sample, and where a region was itself a high
//! half its spectrum is mirrored: then the high half comes first and the odd sample goes to the second half.

/// Subbands that may be coded; four more in the highest corner never are.
pub(super) const SUBBANDS: usize = 60;
/// The first subbands of the second and of the third block.
pub(super) const BLOCK_STARTS: [usize; 2] = [19, 52];

/// A rectangle in samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Area {
    pub(super) const fn samples(self) -> usize {
        self.width * self.height
    }
}

/// One split into four: where, and whether the high half comes first across and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) area: Area,
    pub(super) mirrored_across: bool,
    pub(super) mirrored_down: bool,
}

/// Halves of a side; the odd sample goes to the second half where `mirrored`.
const fn halves(length: usize, mirrored: bool) -> [usize; 2] {
    let (small, large) = (length / 2, length.div_ceil(2));
    if mirrored { [small, large] } else { [large, small] }
}

/// Four parts in the order upper left, upper right, lower left, lower right.
fn quarters(area: Area, across: [usize; 2], down: [usize; 2]) -> [Area; 4] {
    let ([left, right], [upper, lower]) = (across, down);
    let part = |dx, dy, width, height| Area { x: area.x + dx, y: area.y + dy, width, height };
    [part(0, 0, left, upper), part(left, 0, right, upper), part(0, upper, left, lower), part(left, upper, right, lower)]
}

fn plain_quarters(area: Area) -> [Area; 4] {
    quarters(area, halves(area.width, false), halves(area.height, false))
}

/// The three levels that both lists are made from.
struct Levels {
    whole: Area,
    /// Quarters of the whole.
    first: [Area; 4],
    /// Quarters of the first quarter.
    second: [Area; 4],
}

impl Levels {
    fn of(width: usize, height: usize) -> Self {
        let whole = Area { x: 0, y: 0, width, height };
        let first = plain_quarters(whole);
        let [low, ..] = first;
        Self { whole, first, second: plain_quarters(low) }
    }

    /// The lowest region that is split last.
    fn lowest(&self) -> Area {
        let [low, ..] = self.second;
        let [low, ..] = plain_quarters(low);
        let [low, ..] = plain_quarters(low);
        low
    }
}

/// Every split in the order of the analysis; the synthesis goes backwards.
pub(super) fn splits(width: usize, height: usize) -> [Split; 20] {
    let levels = Levels::of(width, height);
    let ([low, right, below, _], [lower, right2, below2, _]) = (levels.first, levels.second);
    let plain = |area| Split { area, mirrored_across: false, mirrored_down: false };
    let across = |area| Split { mirrored_across: true, ..plain(area) };
    let down = |area| Split { mirrored_down: true, ..plain(area) };
    let both = |area| Split { mirrored_across: true, mirrored_down: true, area };
    let of_right = quarters(right2, halves(right2.width, true), halves(right2.height, false));
    let of_below = quarters(below2, halves(below2.width, false), halves(below2.height, true));
    let group = |[a, b, c, d]: [Area; 4]| [plain(a), across(b), down(c), both(d)];
    let ([r0, r1, r2, r3], [b0, b1, b2, b3]) = (group(of_right), group(of_below));
    let [l0, l1, l2, l3] = group(plain_quarters(lower));
    [
        plain(levels.whole),
        plain(low),
        across(right),
        down(below),
        across(right2),
        down(below2),
        r0,
        r1,
        r2,
        r3,
        b0,
        b1,
        b2,
        b3,
        plain(lower),
        l0,
        l1,
        l2,
        l3,
        plain(levels.lowest()),
    ]
}

/// Sixteen subbands of a region: split twice, the second time in mirrored halves where the first split was high.
fn sixteen(area: Area, mirrored_across: bool, mirrored_down: bool) -> [Area; 16] {
    let mut parts = [Area::default(); 16];
    let coarse = quarters(area, halves(area.width, mirrored_across), halves(area.height, mirrored_down));
    for ((place, coarse), four) in coarse.into_iter().enumerate().zip(parts.chunks_exact_mut(4)) {
        let (high_across, high_down) = (place % 2 == 1, place >= 2);
        let fine = quarters(coarse, halves(coarse.width, high_across), halves(coarse.height, high_down));
        four.copy_from_slice(&fine);
    }
    parts
}

/// The subbands in the order in which they are coded.
pub(super) fn subbands(width: usize, height: usize) -> [Area; SUBBANDS] {
    let levels = Levels::of(width, height);
    let [lower, right2, below2, _] = levels.second;
    // groups overlap by design: a later one replaces what an earlier one said of the same number
    let groups = [
        (3, lower, false, false),
        (19, right2, false, true),
        (48, levels.whole, false, false),
        (35, below2, true, false),
    ];
    let mut all = [Area::default(); SUBBANDS];
    for (start, area, mirrored_down, mirrored_across) in groups {
        let fine = sixteen(area, mirrored_across, mirrored_down);
        for (place, area) in all.iter_mut().skip(start).zip(fine) {
            *place = area;
        }
    }
    for (place, area) in all.iter_mut().zip(plain_quarters(levels.lowest())) {
        *place = area;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sample belongs to exactly one subband, but those of the highest corner, which belong to none.
    #[test]
    fn subbands_tile_the_image() {
        for (width, height) in [(640, 480), (545, 622), (392, 1000), (413, 531), (97, 101), (65, 64)] {
            let mut seen = vec![0u32; width * height];
            for area in subbands(width, height) {
                for y in area.y..area.y + area.height {
                    for x in area.x..area.x + area.width {
                        seen[y * width + x] += 1;
                    }
                }
            }
            assert!(seen.iter().all(|count| *count <= 1), "{width} x {height}");
            let uncoded = (width / 2) * (height / 2);
            assert_eq!(seen.iter().filter(|count| **count == 0).count(), uncoded, "{width} x {height}");
        }
    }

    #[test]
    fn splits_stay_in_the_image() {
        for split in splits(545, 622) {
            assert!(split.area.x + split.area.width <= 545 && split.area.y + split.area.height <= 622);
            assert!(split.area.width >= 17 && split.area.height >= 19);
        }
    }
}
