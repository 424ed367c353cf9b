//! (g) Prints: how fast they are worked on, and how often two of one finger are told from two of two.
//!
//! All prints are synthetic. What is measured on them says how this matcher compares with itself, pruned and whole,
//! with one finger and with two; captured prints are worse, see docs/decisions/0023-minutiae-on-a-published-method.md.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bitaqa_biometrics::afis::{Candidate, Matcher, PRUNED_MINUTIAE, Probe, Template, extract};
use bitaqa_biometrics::raster::Grey;
use bitaqa_biometrics::synthetic::finger::{Conditions, Finger, Hand};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use serde::Serialize;

use crate::line::Outcome;
use crate::primitives::as_f64;

/// Impressions of a finger that is drawn from this number alone.
///
/// # Errors
/// None in practice: impressions have pixels.
pub fn impressions(number: u64, count: usize, conditions: &Conditions) -> Outcome<Vec<Grey>> {
    let mut rng = ChaCha20Rng::seed_from_u64(number);
    let hand = if number.is_multiple_of(2) { Hand::Right } else { Hand::Left };
    let finger = Finger::grow(&mut rng, hand);
    (0..count).map(|_| Ok(finger.press(&mut rng, conditions)?.image)).collect()
}

/// Templates of fingers 0 to `fingers`, `count` impressions of each, made on every core.
///
/// # Errors
/// The first print that makes no template.
pub fn templates(fingers: usize, count: usize, conditions: &Conditions) -> Outcome<Vec<Vec<Template>>> {
    let next = AtomicUsize::new(0);
    let made: Mutex<Vec<(usize, Vec<Template>)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let finger = next.fetch_add(1, Ordering::Relaxed);
                    if finger >= fingers {
                        return;
                    }
                    let prints = impressions(finger as u64, count, conditions).unwrap_or_default();
                    let templates = prints.iter().filter_map(|print| extract(print).ok()).collect();
                    made.lock().unwrap_or_else(PoisonError::into_inner).push((finger, templates));
                }
            });
        }
    });
    let mut made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    made.sort_by_key(|(finger, _)| *finger);
    match made.iter().find(|(_, templates)| templates.len() != count) {
        Some((finger, _)) => Err(format!("finger {finger}: not every impression makes a template").into()),
        None => Ok(made.into_iter().map(|(_, templates)| templates).collect()),
    }
}

/// Speed on one core.
#[derive(Serialize)]
pub struct Speed {
    /// Prints worked on.
    pub prints: usize,
    /// Their size in pixels.
    pub pixels: (u32, u32),
    /// Minutiae found in one, on average.
    pub minutiae: f64,
    /// Milliseconds to extract one template: the median print.
    pub extract_ms: f64,
    /// The slowest print.
    pub extract_ms_max: f64,
    /// Comparisons a second of pruned templates, each probe against every reference.
    pub pruned_per_second: f64,
    /// Of whole templates.
    pub whole_per_second: f64,
    /// Of pruned templates when both are prepared for each comparison anew.
    pub pruned_unprepared_per_second: f64,
}

/// Extracts and compares prints of so many fingers.
///
/// # Errors
/// None in practice.
pub fn speed(fingers: usize) -> Outcome<Speed> {
    let mut prints = Vec::new();
    for finger in 0..fingers as u64 {
        prints.extend(impressions(finger, 1, &Conditions::FIELD)?);
    }
    let mut times = Vec::new();
    let mut whole = Vec::new();
    for print in &prints {
        let best = (0..3).map(|_| timed(|| extract(black_box(print)))).min_by_key(|(time, _)| *time);
        let Some((time, template)) = best else { continue };
        times.push(time.as_secs_f64() * 1000.0);
        whole.push(template?);
    }
    times.sort_by(f64::total_cmp);
    let pruned: Vec<Template> = whole.iter().map(|template| template.pruned(PRUNED_MINUTIAE)).collect();
    let found: usize = whole.iter().map(|template| template.minutiae().len()).sum();
    Ok(Speed {
        prints: prints.len(),
        pixels: prints.first().map_or((0, 0), |print| (print.width(), print.height())),
        minutiae: as_f64(found as u64) / as_f64(whole.len() as u64),
        extract_ms: times.get(times.len() / 2).copied().unwrap_or_default(),
        extract_ms_max: times.last().copied().unwrap_or_default(),
        pruned_per_second: rate(&pruned, true),
        whole_per_second: rate(&whole, true),
        pruned_unprepared_per_second: rate(&pruned, false),
    })
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

/// Comparisons a second, each template with every one: the best of three rounds.
fn rate(templates: &[Template], prepared: bool) -> f64 {
    let mut matcher = Matcher::new();
    let candidates: Vec<Candidate> = templates.iter().map(Candidate::new).collect();
    let probes: Vec<Probe> = templates.iter().map(Probe::new).collect();
    let mut round = || {
        for (template, probe) in templates.iter().zip(&probes) {
            for (other, candidate) in templates.iter().zip(&candidates) {
                if prepared {
                    black_box(matcher.score(probe, candidate));
                } else {
                    black_box(matcher.score(&Probe::new(template), &Candidate::new(other)));
                }
            }
        }
    };
    let best = (0..3).map(|_| timed(&mut round).0).min().unwrap_or_default();
    as_f64((templates.len() * templates.len()) as u64) / best.as_secs_f64()
}
