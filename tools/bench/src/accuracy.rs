//! (h) How often two prints of one finger are told from prints of two.
//!
//! Mates are every two impressions of one finger; strangers the first impressions of every two fingers. For two fingers
//! a person has fingers 2k and 2k + 1. Intervals come from drawing fingers (persons) again and again with replacement:
//! two scores of one finger are no two samples. Where no mate was refused, no draw refuses one either, which says
//! little of those who were not there: such an interval ends at three in so many mates or above.

use bitaqa_biometrics::afis::{Candidate, Matcher, PRUNED_MINUTIAE, Probe, THRESHOLD, THRESHOLD_TWO, Template};
use bitaqa_biometrics::synthetic::finger::Conditions;
use bitaqa_lds::minutiae;
use rand::rngs::ChaCha20Rng;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use crate::fingers;
use crate::line::Outcome;
use crate::primitives::as_f64;

/// Draws of fingers behind each interval.
const DRAWS: usize = 400;
/// What was never seen in `n` samples happens to fewer than this many in `n`, at 95 %.
const UNSEEN: f64 = 3.0;

/// What was measured.
#[derive(Serialize)]
pub struct Accuracy {
    /// Fingers.
    pub fingers: usize,
    /// Impressions of each.
    pub impressions: usize,
    /// How they were pressed.
    pub conditions: String,
    /// Minutiae found in one, on average.
    pub minutiae: f64,
    /// One row for each form of templates, with one finger and with two.
    pub rows: Vec<Row>,
}

/// One form of templates.
#[derive(Serialize)]
pub struct Row {
    /// Which.
    pub form: String,
    /// Comparisons of mates.
    pub mates: usize,
    /// Comparisons of strangers.
    pub strangers: usize,
    /// Equal error rate in per cent.
    pub eer_percent: f64,
    /// Its 95 % interval.
    pub eer_interval: (f64, f64),
    /// Mates refused where 0.1 % of strangers pass, in per cent.
    pub fnmr_at_fmr_0_1_percent: f64,
    /// The threshold that stands in the library.
    pub threshold: f64,
    /// Mates refused there, in per cent.
    pub fnmr_percent: f64,
    /// Strangers passed there.
    pub false_matches: usize,
    /// Highest score of strangers.
    pub highest_stranger: f64,
}

/// What is kept of a template.
type Kept = fn(&Template) -> Template;

/// Makes fingers and compares them.
///
/// # Errors
/// A name of conditions that there is not.
pub fn measure(fingers: usize, impressions: usize, conditions: &str) -> Outcome<Accuracy> {
    let pressed = match conditions {
        "enrolment" => Conditions::ENROLMENT,
        "field" => Conditions::FIELD,
        "poor" => Conditions::POOR,
        other => return Err(format!("no conditions named {other}: enrolment, field or poor").into()),
    };
    let whole = fingers::templates(fingers, impressions, &pressed)?;
    let found: usize = whole.iter().flatten().map(|template| template.minutiae().len()).sum();
    let forms: [(&str, Kept); 3] = [
        ("whole", Template::clone),
        ("pruned to 40", |template| template.pruned(PRUNED_MINUTIAE)),
        ("as a card has it", Template::as_card_has_it),
    ];
    let mut rows = Vec::new();
    for (form, change) in forms {
        let templates: Vec<Vec<Template>> = whole.iter().map(|finger| finger.iter().map(change).collect()).collect();
        // the probe is whole, as it comes from the sensor; only the reference is pruned
        let scores = Scores::compare(&whole, &templates);
        rows.push(scores.row(format!("{form}, one finger"), THRESHOLD));
        rows.push(scores.fused().row(format!("{form}, two fingers"), THRESHOLD_TWO));
    }
    let compact = |template: &Template| minutiae::compact(&template.view(0), PRUNED_MINUTIAE, minutiae::Order::None);
    let compact: Vec<Vec<_>> = whole.iter().map(|finger| finger.iter().map(compact).collect()).collect();
    let on_card = Scores::over(fingers, impressions, &mut |(probe, one), (reference, other)| {
        let of = |finger: usize, number: usize| compact.get(finger).and_then(|all| all.get(number));
        let pair = of(reference, other).zip(of(probe, one));
        pair.map_or(0.0, |(reference, probe)| f64::from(bitaqa_comparison::compare(reference, probe).score))
    });
    rows.push(on_card.row("compared on the card, one finger".to_owned(), f64::from(bitaqa_comparison::THRESHOLD)));
    let minutiae = as_f64(found as u64) / as_f64((fingers * impressions) as u64);
    Ok(Accuracy { fingers, impressions, conditions: conditions.to_owned(), minutiae, rows })
}

/// A score of two impressions and the fingers they are of.
#[derive(Clone, Copy)]
struct Score {
    value: f64,
    probe: usize,
    reference: usize,
}

impl Score {
    const fn mates(&self) -> bool {
        self.probe == self.reference
    }
}

/// All scores, mates in the order of their impressions.
struct Scores {
    fingers: usize,
    all: Vec<Score>,
}

impl Scores {
    fn compare(probes: &[Vec<Template>], references: &[Vec<Template>]) -> Self {
        let mut matcher = Matcher::new();
        let candidates: Vec<Vec<Candidate>> =
            references.iter().map(|finger| finger.iter().map(Candidate::new).collect()).collect();
        let probes: Vec<Vec<Probe>> = probes.iter().map(|finger| finger.iter().map(Probe::new).collect()).collect();
        let impressions = probes.first().map_or(0, Vec::len);
        Self::over(probes.len(), impressions, &mut |(probe, one), (reference, other)| {
            let probe = probes.get(probe).and_then(|finger| finger.get(one));
            let reference = candidates.get(reference).and_then(|finger| finger.get(other));
            probe.zip(reference).map_or(0.0, |(probe, reference)| matcher.score(probe, reference))
        })
    }

    /// Every two impressions of one finger, and the first ones of every two fingers.
    fn over(fingers: usize, impressions: usize, score: &mut dyn FnMut((usize, usize), (usize, usize)) -> f64) -> Self {
        let mut all = Vec::new();
        for probe in 0..fingers {
            for number in 0..impressions {
                for other in number + 1..impressions {
                    all.push(Score { value: score((probe, number), (probe, other)), probe, reference: probe });
                }
            }
            for reference in probe + 1..fingers {
                all.push(Score { value: score((probe, 0), (reference, 0)), probe, reference });
            }
        }
        Self { fingers, all }
    }

    /// Sums over persons of two fingers each; a last finger without a partner is left out.
    fn fused(&self) -> Self {
        let mut all = Vec::new();
        let mut sums = std::collections::BTreeMap::new();
        for score in &self.all {
            let (probe, reference) = (score.probe / 2, score.reference / 2);
            // right against right and left against left
            if score.probe % 2 == score.reference % 2 {
                let (right, left): &mut (Vec<f64>, Vec<f64>) = sums.entry((probe, reference)).or_default();
                let side = if score.probe.is_multiple_of(2) { right } else { left };
                side.push(score.value);
            }
        }
        for ((probe, reference), (right, left)) in sums {
            all.extend(right.iter().zip(&left).map(|(one, other)| Score { value: one + other, probe, reference }));
        }
        Self { fingers: self.fingers / 2, all }
    }

    fn row(&self, form: String, threshold: f64) -> Row {
        let mut sorted = self.all.clone();
        sorted.sort_by(|one, other| other.value.total_cmp(&one.value));
        let (mates, strangers): (Vec<&Score>, Vec<&Score>) = sorted.iter().partition(|score| score.mates());
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut draws: Vec<f64> =
            (0..DRAWS).map(|_| Crossing::of(&sorted, &draw(self.fingers, &mut rng)).percent()).collect();
        draws.sort_by(f64::total_cmp);
        let at = |share: usize| draws.get(DRAWS * share / 1000).copied().unwrap_or_default();
        let crossing = Crossing::of(&sorted, &vec![1; self.fingers]);
        let bar = strangers.get(strangers.len() / 1000).map_or(0.0, |score| score.value);
        let refused = |least: f64| percent(mates.iter().filter(|score| score.value < least).count(), mates.len());
        Row {
            form,
            mates: mates.len(),
            strangers: strangers.len(),
            eer_percent: crossing.percent(),
            eer_interval: (at(25), at(975).max(crossing.unseen(mates.len()))),
            fnmr_at_fmr_0_1_percent: refused(bar.next_up()),
            threshold,
            fnmr_percent: refused(threshold),
            false_matches: strangers.iter().filter(|score| score.value >= threshold).count(),
            highest_stranger: strangers.first().map_or(0.0, |score| score.value),
        }
    }
}

/// How often each finger is drawn.
fn draw(fingers: usize, rng: &mut ChaCha20Rng) -> Vec<u64> {
    let mut weights = vec![0; fingers];
    for _ in 0..fingers {
        let finger = usize::try_from(rng.next_u64() % (fingers.max(1) as u64)).unwrap_or(0);
        if let Some(weight) = weights.get_mut(finger) {
            *weight += 1;
        }
    }
    weights
}

/// Where as many mates are refused as strangers pass: shares of both, which scores of few fingers keep apart.
struct Crossing {
    refused: f64,
    passed: f64,
}

impl Crossing {
    /// Scores come from high to low; each counts as often as its fingers were drawn.
    fn of(sorted: &[Score], weights: &[u64]) -> Self {
        let weight = |score: &Score| {
            let of = |finger: usize| weights.get(finger).copied().unwrap_or(0);
            if score.mates() { of(score.probe) } else { of(score.probe) * of(score.reference) }
        };
        let total = |mates: bool| -> f64 {
            as_f64(sorted.iter().filter(|score| score.mates() == mates).map(weight).sum::<u64>().max(1))
        };
        let (mates, strangers) = (total(true), total(false));
        let (mut accepted, mut passed, mut best) = (0, 0, Self { refused: 1.0, passed: 0.0 });
        for level in sorted.chunk_by(|one, other| one.value.total_cmp(&other.value).is_eq()) {
            for score in level {
                *(if score.mates() { &mut accepted } else { &mut passed }) += weight(score);
            }
            let here = Self { refused: 1.0 - as_f64(accepted) / mates, passed: as_f64(passed) / strangers };
            best = if here.apart() < best.apart() { here } else { best };
        }
        best
    }

    fn apart(&self) -> f64 {
        (self.refused - self.passed).abs()
    }

    /// The equal error rate.
    fn percent(&self) -> f64 {
        f64::midpoint(self.refused, self.passed) * 100.0
    }

    /// What may still be there, in per cent, where none of so many mates was refused.
    fn unseen(&self, mates: usize) -> f64 {
        if self.refused > 0.0 { 0.0 } else { 100.0 * UNSEEN / as_f64(mates.max(1) as u64) }
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * as_f64(part as u64) / as_f64(whole.max(1) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_equal_error_is_where_both_kinds_of_errors_meet() {
        let score = |value, probe, reference| Score { value, probe, reference };
        // one of four mates below one of four strangers
        let sorted = [
            score(9.0, 0, 0),
            score(8.0, 1, 1),
            score(7.0, 2, 2),
            score(6.0, 0, 1),
            score(5.0, 3, 3),
            score(4.0, 0, 2),
            score(3.0, 0, 3),
            score(2.0, 1, 2),
        ];
        let all = Crossing::of(&sorted, &[1; 4]);
        assert!((all.percent() - 25.0).abs() < 1e-9 && all.unseen(4) < 1e-9);
        // without the fourth finger nothing is wrong, of which three mates are a poor witness
        let three = Crossing::of(&sorted, &[1, 1, 1, 0]);
        assert!(three.percent() < 1e-9 && (three.unseen(3) - 100.0).abs() < 1e-9);
    }
}
