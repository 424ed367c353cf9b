//! Fingerprints as minutiae: extractor and matcher on the published method of SourceAFIS.
//!
//! The method and its parameters are those of SourceAFIS by Robert Važan and contributors (Apache License 2.0; version
//! 3.18.1 is the one described here). This is our own structure and code around it: no copy, no binding. Scores are
//! meant to be those of the original, and where they were compared they are: see
//! docs/decisions/0023-minutiae-on-a-published-method.md.
//!
//! ```text
//! print 500 ppi -> shades     contrast of blocks, mask, even shades
//!               -> flow       direction of ridges in each block
//!               -> ridges     smoothing along and across, set pixels, specks out
//!               -> thinning   lines of one pixel: of the ridges, and of the valleys between them
//!               -> skeleton   lines as a graph: pores, gaps, spurs and dirt out
//!               -> minutiae   endings of both that can be believed, at most 100, each with a quality
//! template      -> matcher    edges between minutiae: look-up, growth of a pairing, score
//! ```
//!
//! Everything is whole numbers and basic arithmetic of IEEE 754, and so templates and scores are the same on every
//! machine. Time and memory are bounded by the size of the image and by the 255 minutiae of a record.

mod angle;
mod blocks;
mod drawing;
mod flow;
mod fusion;
mod matcher;
mod minutiae;
mod parameters;
mod plane;
mod record;
mod relief;
mod ridges;
mod shades;
mod skeleton;
mod template;
mod thinning;
mod vote;

pub use drawing::{DrawError, drawn, drawn_png};
pub use fusion::{THRESHOLD, THRESHOLD_TWO, Verdict, one_finger, two_fingers};
pub use matcher::{Candidate, Matcher, Probe};
pub use template::{Kind, Minutia, RECORD_MINUTIAE_MAX, Template, TemplateError};

use crate::raster::Grey;

/// Minutiae of the pruned form that a card compares.
pub const PRUNED_MINUTIAE: usize = 40;
/// Resolution that templates count in, in pixels an inch.
pub const RESOLUTION_PPI: u32 = 500;
/// Longest side of a print, in pixels.
const SIDE_MAX: u32 = 4_000;
/// Largest print: four fingers of a slap at 500 ppi fit three times.
const PIXELS_MAX: u32 = 4_000_000;
/// Shorter sides hold no ridges that could be followed.
const SIDE_MIN: u32 = 64;

/// A print that cannot be worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// Smaller than any finger.
    #[error("print of {width} x {height} pixels: at 500 ppi a finger has at least 64 on each side; capture it again")]
    TooSmall {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// Larger than any capture.
    #[error("print of {width} x {height} pixels: at most 4000 on a side and 4,000,000 in all; cut the finger out")]
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
}

/// Finds the minutiae of a print: dark ridges on a light ground, 500 ppi, one finger.
///
/// An image without a print makes an empty template; how many minutiae are enough is for the caller to say.
///
/// # Errors
/// [`ExtractError`] when the image is smaller or larger than prints are.
pub fn extract(print: &Grey) -> Result<Template, ExtractError> {
    let (width, height) = (print.width(), print.height());
    if width.min(height) < SIDE_MIN {
        return Err(ExtractError::TooSmall { width, height });
    }
    let too_large = ExtractError::TooLarge { width, height };
    if width.max(height) > SIDE_MAX || width * height > PIXELS_MAX {
        return Err(too_large);
    }
    let size = (width as usize, height as usize);
    let blocks = blocks::Blocks::new(size.0, size.1);
    let histograms = shades::Histograms::count(print, &blocks);
    let mask = shades::mask(&histograms, &blocks);
    let even = shades::equalised(print, &histograms, &mask, &blocks);
    let flows = flow::flows(&even, &mask, &blocks);
    let pixels = ridges::pixels(&mask, &blocks);
    let ridges = ridges::cleaned(&ridges::ridges(&even, &flows, &mask, &blocks), &pixels);
    let valleys = ridges::valleys(&ridges, &pixels);
    let found = minutiae::collected(&lines(&ridges), &lines(&valleys));
    let believed = minutiae::believed(found, &ridges::inner(&pixels));
    let minutiae = minutiae::judged(&believed, &flows, size);
    let (Ok(width), Ok(height)) = (u16::try_from(width), u16::try_from(height)) else { return Err(too_large) };
    Template::new(width, height, minutiae).map_err(|_| too_large)
}

fn lines(ridges: &plane::Plane<u8>) -> skeleton::Skeleton {
    let mut skeleton = skeleton::trace(&thinning::thinned(ridges));
    skeleton::repair(&mut skeleton);
    skeleton
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::finger::{Conditions, Finger, Hand, Impression};
    use rand::SeedableRng;
    use rand::rngs::ChaCha20Rng;

    fn pressed(seed: u64, count: usize) -> Vec<Impression> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let finger = Finger::grow(&mut rng, Hand::Right);
        (0..count).map(|_| finger.press(&mut rng, &Conditions::ENROLMENT).unwrap()).collect()
    }

    #[test]
    fn most_true_minutiae_are_found_where_and_as_they_are() {
        for seed in 0..3 {
            let impression = &pressed(seed, 1)[0];
            let template = extract(&impression.image).unwrap();
            let near = |truth: &&crate::synthetic::finger::Minutia| {
                template.minutiae().iter().any(|found| {
                    let (x, y) = (f32::from(found.x) - truth.x, f32::from(found.y) - truth.y);
                    let turn = f32::from(found.record_angle()) / 256.0 - truth.direction;
                    let turned = (turn - turn.round()).abs();
                    x * x + y * y < 144.0 && turned < 0.08
                })
            };
            let found = impression.minutiae.iter().filter(near).count();
            let (all, extracted) = (impression.minutiae.len(), template.minutiae().len());
            // some lie at the rim of the contact, where nothing can be believed
            assert!(found * 2 > all, "{seed}: {found} of {all}, {extracted} extracted");
            assert!(template.minutiae().iter().all(|minutia| (1..=100).contains(&minutia.quality)));
        }
    }

    #[test]
    fn mates_match_and_strangers_do_not_whole_and_as_a_card_has_them() {
        let templates: Vec<Vec<Template>> = (10..13)
            .map(|seed| pressed(seed, 2).iter().map(|print| extract(&print.image).unwrap()).collect())
            .collect();
        let mut matcher = Matcher::new();
        for (finger, own) in templates.iter().enumerate() {
            let probe = Probe::new(&own[0]);
            for (other, reference) in templates.iter().enumerate() {
                for reference in [reference[1].clone(), reference[1].as_card_has_it()] {
                    let verdict = one_finger(matcher.score(&probe, &Candidate::new(&reference)));
                    assert_eq!(verdict.matches(), finger == other, "{finger} {other}: {}", verdict.score);
                }
            }
        }
    }

    #[test]
    fn images_that_are_no_prints_are_refused_or_empty() {
        let grey =
            |width: u32, height: u32, value| Grey::new(width, height, vec![value; (width * height) as usize]).unwrap();
        assert_eq!(extract(&grey(8, 8, 0)), Err(ExtractError::TooSmall { width: 8, height: 8 }));
        assert_eq!(extract(&grey(63, 500, 0)), Err(ExtractError::TooSmall { width: 63, height: 500 }));
        assert_eq!(extract(&grey(4_001, 64, 0)), Err(ExtractError::TooLarge { width: 4_001, height: 64 }));
        for value in [0, 128, 255] {
            assert!(extract(&grey(300, 64, value)).unwrap().minutiae().is_empty());
        }
    }
}
