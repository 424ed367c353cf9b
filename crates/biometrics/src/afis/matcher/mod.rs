//! How alike two templates are.
//!
//! An edge joins two minutiae; its length and the two angles at its ends stay the same however the finger is turned and
//! shifted. Edges of the candidate are looked up among those of the probe; each hit is a root. From a root a pairing
//! grows over the edges to the nearest neighbours, and the best pairing's score counts.

mod edges;
mod index;
mod pairing;
mod roots;
mod score;

use edges::Stars;
use index::Index;
use pairing::Pairing;
use roots::{LEADS, Lead, Roots};

use super::parameters::ROOTS;
use super::template::{Minutia, Template};

/// A template ready to be looked up in: the print that was just captured.
pub struct Probe {
    side: Side,
    index: Index,
}

impl Probe {
    /// Prepares a template.
    pub fn new(template: &Template) -> Self {
        let side = Side::new(template);
        let index = Index::new(&side.minutiae);
        Self { side, index }
    }
}

/// A template ready to be compared with a probe: the reference.
pub struct Candidate {
    side: Side,
    leads: Vec<Lead>,
}

impl Candidate {
    /// Prepares a template.
    pub fn new(template: &Template) -> Self {
        let side = Side::new(template);
        let leads = roots::leads(&side.minutiae).take(LEADS).collect();
        Self { side, leads }
    }
}

/// What either template of a comparison is asked for.
struct Side {
    minutiae: Vec<Minutia>,
    stars: Stars,
}

impl Side {
    fn new(template: &Template) -> Self {
        let mut minutiae = template.minutiae().to_vec();
        // scattered, so that the first roots tried come from all over the print
        minutiae.sort_by(|one, other| {
            let ends = scatter(one).cmp(&scatter(other)).then(one.x.cmp(&other.x)).then(one.y.cmp(&other.y));
            ends.then(one.direction.total_cmp(&other.direction)).then(one.kind.cmp(&other.kind))
        });
        minutiae.truncate(super::RECORD_MINUTIAE_MAX);
        let stars = Stars::new(&minutiae);
        Self { minutiae, stars }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.minutiae);
    }
}

fn scatter(minutia: &Minutia) -> i32 {
    const PRIME: i32 = 1_610_612_741;
    i32::from(minutia.x).wrapping_mul(PRIME).wrapping_add(i32::from(minutia.y)).wrapping_mul(PRIME)
}

/// Memory for comparisons, used again by each: none of them allocates once the largest was seen.
#[derive(Default)]
pub struct Matcher {
    roots: Roots,
    pairing: Pairing,
}

impl Matcher {
    /// Nothing is allocated before the first comparison.
    pub fn new() -> Self {
        Self::default()
    }

    /// The score of the best pairing, 0 for strangers and above 1000 for one print with itself.
    ///
    /// The scale is logarithmic: a score of 20, 30, 40 is reached by 1 %, 0.1 %, 0.01 % of strangers. Which of two
    /// templates is the probe changes the score a little.
    pub fn score(&mut self, probe: &Probe, candidate: &Candidate) -> f64 {
        self.roots.find(probe, candidate);
        let (one, other) = (&probe.side, &candidate.side);
        self.pairing.reserve(one.minutiae.len(), other.minutiae.len());
        let mut best = 0.0;
        for root in self.roots.pairs().iter().take(ROOTS) {
            self.pairing.grow(&one.stars, &other.stars, *root);
            let score = score::score(one, other, self.pairing.pairs());
            best = if score > best { score } else { best };
            self.pairing.clear();
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::afis::angle;
    use crate::afis::{Kind, Template};

    /// Numbers out of a seed.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: u64) -> u16 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u16::try_from((self.0 >> 33) % end).unwrap()
        }
    }

    pub fn random(seed: u64, count: usize) -> Template {
        let mut numbers = Numbers(seed);
        let minutiae = (0..count).map(|_| Minutia {
            x: 20 + numbers.below(300),
            y: 20 + numbers.below(300),
            direction: f32::from(numbers.below(6283)) / 1000.0,
            kind: if numbers.below(2) == 0 { Kind::Ending } else { Kind::Bifurcation },
            quality: 50,
        });
        Template::new(400, 400, minutiae.collect()).unwrap()
    }

    /// Turned by an eighth around 200, 200, every fifth minutia lost, the rest shifted by one or two pixels.
    fn mate(template: &Template) -> Template {
        let (sine, cosine) = angle::sine_cosine(core::f64::consts::FRAC_PI_4);
        let turned = |(number, minutia): (usize, &Minutia)| {
            let (x, y) = (f64::from(minutia.x) - 200.0, f64::from(minutia.y) - 200.0);
            let jitter = f64::from(u16::try_from(number % 3).unwrap());
            let place = |value: f64| u16::try_from(angle::nearest(value + 250.0 + jitter)).unwrap();
            let direction = angle::single(angle::further(f64::from(minutia.direction), core::f64::consts::FRAC_PI_4));
            Minutia { x: place(x * cosine - y * sine), y: place(x * sine + y * cosine), direction, ..*minutia }
        };
        let all = template.minutiae().iter().enumerate().filter(|(number, _)| number % 5 != 0).map(turned);
        Template::new(600, 600, all.collect()).unwrap()
    }

    #[test]
    fn mates_score_high_however_turned_and_strangers_low() {
        let mut matcher = Matcher::new();
        let templates: Vec<Template> = (0..8).map(|seed| random(seed, 40)).collect();
        for (number, template) in templates.iter().enumerate() {
            let probe = Probe::new(&mate(template));
            for (other, reference) in templates.iter().enumerate() {
                let score = matcher.score(&probe, &Candidate::new(reference));
                assert!(if number == other { score > 100.0 } else { score < 30.0 }, "{number} {other}: {score}");
            }
        }
        let itself = matcher.score(&Probe::new(&templates[0]), &Candidate::new(&templates[0]));
        assert!(itself > 400.0, "{itself}");
    }

    #[test]
    fn few_minutiae_and_none_score_nothing() {
        let mut matcher = Matcher::new();
        for (one, other) in [(0, 0), (0, 30), (30, 0), (1, 1), (1, 30)] {
            let score = matcher.score(&Probe::new(&random(1, one)), &Candidate::new(&random(1, other)));
            assert!(score == 0.0, "{one} {other}: {score}");
        }
    }

    #[test]
    fn all_minutiae_in_one_place_take_no_more_time_than_others() {
        let heap = Template::new(9, 9, vec![Minutia { x: 5, y: 5, ..Minutia::default() }; 255]).unwrap();
        let score = Matcher::new().score(&Probe::new(&heap), &Candidate::new(&heap));
        assert!(score.is_finite());
    }
}
