//! A pairing of minutiae that grows from a root, the shortest edge first.

use super::edges::Stars;
use super::roots::Root;

/// A minutia of the probe paired with one of the candidate, by an edge from a pair that was there before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// Minutia of the probe.
    pub probe: u8,
    /// Minutia of the candidate.
    pub candidate: u8,
    /// Errors of the edge; none for the root.
    pub rays: Option<(Fit, Fit)>,
    /// Edges that confirm the pair.
    pub support: u16,
}

/// One ray of a star.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// Minutia in the middle of the star.
    pub centre: u8,
    /// Number of the ray.
    pub ray: u8,
}

/// An edge of both templates that waits.
#[derive(Clone, Copy, Default)]
struct Waiting {
    length: i32,
    pair: Pair,
}

/// The pairing, and the memory that the next one uses again.
#[derive(Default)]
pub struct Pairing {
    pairs: Vec<Pair>,
    /// For each minutia of the probe the number of its pair, counted from 1; 0 for none.
    by_probe: Vec<u16>,
    by_candidate: Vec<u16>,
    heap: Heap,
}

impl Pairing {
    /// Makes room for the minutiae of two templates.
    pub fn reserve(&mut self, probe: usize, candidate: usize) {
        self.by_probe.resize(probe.max(self.by_probe.len()), 0);
        self.by_candidate.resize(candidate.max(self.by_candidate.len()), 0);
    }

    /// The root first, then in the order in which they were added.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Grows from a root until no edge leads on.
    pub fn grow(&mut self, probe: &Stars, candidate: &Stars, root: Root) {
        self.add(Pair { probe: root.probe, candidate: root.candidate, ..Pair::default() });
        self.spread(probe, candidate, root);
        while let Some(waiting) = self.heap.pop() {
            let pair = waiting.pair;
            if self.free(&pair) {
                self.add(pair);
                self.spread(probe, candidate, Root { probe: pair.probe, candidate: pair.candidate });
            } else {
                self.support(&pair);
            }
        }
    }

    /// Forgets the pairing.
    pub fn clear(&mut self) {
        for pair in self.pairs.drain(..) {
            if let Some(number) = self.by_probe.get_mut(usize::from(pair.probe)) {
                *number = 0;
            }
            if let Some(number) = self.by_candidate.get_mut(usize::from(pair.candidate)) {
                *number = 0;
            }
        }
    }

    fn add(&mut self, pair: Pair) {
        self.pairs.push(pair);
        let number = u16::try_from(self.pairs.len()).unwrap_or(0);
        if let Some(place) = self.by_probe.get_mut(usize::from(pair.probe)) {
            *place = number;
        }
        if let Some(place) = self.by_candidate.get_mut(usize::from(pair.candidate)) {
            *place = number;
        }
    }

    /// Neither minutia has a pair.
    fn free(&self, pair: &Pair) -> bool {
        let free = |numbers: &[u16], minutia: u8| numbers.get(usize::from(minutia)) == Some(&0);
        free(&self.by_probe, pair.probe) && free(&self.by_candidate, pair.candidate)
    }

    /// An edge between pairs that are there confirms both its ends.
    fn support(&mut self, edge: &Pair) {
        let number = |probe: u8| self.by_probe.get(usize::from(probe)).and_then(|number| number.checked_sub(1));
        let centre = edge.rays.and_then(|(ray, _)| number(ray.centre));
        let Some((end, centre)) = number(edge.probe).zip(centre) else { return };
        let Some(pair) = self.pairs.get_mut(usize::from(end)).filter(|pair| pair.candidate == edge.candidate) else {
            return;
        };
        pair.support += 1;
        if let Some(pair) = self.pairs.get_mut(usize::from(centre)) {
            pair.support += 1;
        }
    }

    /// Puts the edges that both stars of a pair have into the heap.
    fn spread(&mut self, probe: &Stars, candidate: &Stars, pair: Root) {
        let Some((star, other)) = probe.of(pair.probe).zip(candidate.of(pair.candidate)) else { return };
        for (candidate_ray, (other, coarse)) in (0..).zip(other.rays()) {
            star.alike(&other.edge, *coarse, |probe_ray, ray| {
                let one = Fit { centre: pair.probe, ray: probe_ray };
                let fits = (one, Fit { centre: pair.candidate, ray: candidate_ray });
                let pair = Pair { probe: ray.neighbour, candidate: other.neighbour, rays: Some(fits), support: 0 };
                if self.free(&pair) {
                    self.heap.push(Waiting { length: other.edge.length, pair });
                } else {
                    self.support(&pair);
                }
            });
        }
    }
}

/// A binary heap with the shortest edge on top. Of equally long ones it gives the one that the textbook's heap gives:
/// the library's promises no order among equals, and scores would depend on it.
#[derive(Default)]
struct Heap(Vec<Waiting>);

impl Heap {
    fn length(&self, place: usize) -> Option<i32> {
        self.0.get(place).map(|waiting| waiting.length)
    }

    fn push(&mut self, waiting: Waiting) {
        let mut place = self.0.len();
        self.0.push(waiting);
        while let Some(above) = place.checked_sub(1).map(|before| before / 2) {
            if self.length(above) <= Some(waiting.length) {
                break;
            }
            self.0.swap(place, above);
            place = above;
        }
    }

    fn pop(&mut self) -> Option<Waiting> {
        let last = self.0.pop()?;
        let Some(top) = self.0.first_mut() else { return Some(last) };
        let top = core::mem::replace(top, last);
        let mut place = 0;
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            let Some(mut least) = self.length(left) else { break };
            let mut below = left;
            if let Some(length) = self.length(right).filter(|length| *length < least) {
                (least, below) = (length, right);
            }
            if last.length <= least {
                break;
            }
            self.0.swap(place, below);
            place = below;
        }
        Some(top)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heap_gives_the_shortest_first() {
        let mut heap = Heap::default();
        let lengths = [5, 3, 9, 3, 1, 8, 1, 7, 2, 2, 6];
        for (number, length) in (0..).zip(lengths) {
            heap.push(Waiting { length, pair: Pair { probe: number, ..Pair::default() } });
        }
        let out: Vec<(i32, u8)> =
            core::iter::from_fn(|| heap.pop()).map(|waiting| (waiting.length, waiting.pair.probe)).collect();
        let mut sorted = lengths;
        sorted.sort_unstable();
        assert_eq!(out.iter().map(|(length, _)| *length).collect::<Vec<_>>(), sorted);
        let mut numbers: Vec<u8> = out.iter().map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..11).collect::<Vec<_>>());
    }
}
