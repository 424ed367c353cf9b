//! Huffman tables: codes by length as in DHT, a decoder with a first-level table, the best code for given counts.

use super::Fault;

/// Longest code in bits.
pub(super) const LENGTH_MAX: usize = 16;
/// Codes up to this length are found in one look.
const LOOK: usize = 11;

/// How many codes of each length, and their symbols in order of the codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Codes {
    pub(super) counts: [u8; LENGTH_MAX],
    pub(super) symbols: Vec<u8>,
}

impl Codes {
    /// Checks that the codes of these lengths exist.
    ///
    /// # Errors
    /// [`Fault::Codes`] when there are more codes than fit, or symbols are missing.
    pub(super) fn new(counts: [u8; LENGTH_MAX], symbols: Vec<u8>) -> Result<Self, Fault> {
        let mut free = 1_i64;
        for count in counts {
            free = free * 2 - i64::from(count);
            if free < 0 {
                return Err(Fault::Codes);
            }
        }
        let all: usize = counts.iter().map(|count| usize::from(*count)).sum();
        if all == symbols.len() { Ok(Self { counts, symbols }) } else { Err(Fault::Codes) }
    }

    /// Symbol, code and length in ascending order of codes.
    fn each(&self) -> impl Iterator<Item = (u8, u32, u32)> {
        let lengths = (1_u32..).zip(self.counts).flat_map(|(length, count)| (0..count).map(move |_| length));
        let mut code = 0_u32;
        let mut before = 1;
        self.symbols.iter().zip(lengths).map(move |(symbol, length)| {
            code <<= length - before;
            before = length;
            let this = code;
            code += 1;
            (*symbol, this, length)
        })
    }

    /// Code and length of each symbol; length 0 for symbols without one.
    pub(super) fn by_symbol(&self) -> [(u32, u32); 256] {
        let mut table = [(0, 0); 256];
        for (symbol, code, length) in self.each() {
            if let Some(entry) = table.get_mut(usize::from(symbol)) {
                *entry = (code, length);
            }
        }
        table
    }
}

/// What the next 16 bits begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) symbol: u8,
    /// Bits of the code; 0 when no code begins like this.
    pub(super) length: u8,
}

const NOTHING: Found = Found { symbol: 0, length: 0 };

/// Finds codes at the head of 16 bits.
pub(super) struct Finder {
    look: Vec<Found>,
    /// Longer codes, aligned to the left in 16 bits.
    long: Vec<(u32, Found)>,
}

impl Finder {
    pub(super) fn new(codes: &Codes) -> Self {
        let mut finder = Self { look: vec![NOTHING; 1 << LOOK], long: Vec::new() };
        for (symbol, code, length) in codes.each() {
            let found = Found { symbol, length: u8::try_from(length).unwrap_or(0) };
            let length = length as usize;
            if length <= LOOK {
                let start = (code as usize) << (LOOK - length);
                for place in finder.look.iter_mut().skip(start).take(1 << (LOOK - length)) {
                    *place = found;
                }
            } else {
                finder.long.push((code << (LENGTH_MAX - length), found));
            }
        }
        finder
    }

    /// The code that these 16 bits begin with.
    pub(super) fn find(&self, bits: u16) -> Found {
        let short = self.look.get(usize::from(bits >> (LENGTH_MAX - LOOK))).copied().unwrap_or(NOTHING);
        if short.length > 0 { short } else { self.find_long(u32::from(bits)) }
    }

    #[cold]
    fn find_long(&self, bits: u32) -> Found {
        let place = self.long.partition_point(|(code, _)| *code <= bits);
        let Some((code, found)) = place.checked_sub(1).and_then(|place| self.long.get(place)) else { return NOTHING };
        // bits above the code and below the next one may still belong to neither
        if (bits - code) >> (LENGTH_MAX - usize::from(found.length)) == 0 { *found } else { NOTHING }
    }
}

/// The best code for symbols that occur so often, no longer than 16 bits and without a code of ones alone
/// (10918-1 K.2: a symbol that never occurs holds that code's place).
pub(super) fn best(occurrences: &[u32; 256]) -> Codes {
    let lengths = lengths(occurrences);
    let mut counts = [0_i32; 64];
    for length in lengths.iter().filter(|length| **length > 0) {
        if let Some(count) = counts.get_mut(*length) {
            *count += 1;
        }
    }
    shorten(&mut counts);
    // the place of the symbol that never occurs is the last of the longest codes
    if let Some(longest) = counts.iter_mut().rev().find(|count| **count > 0) {
        *longest -= 1;
    }
    let mut order: Vec<(usize, u8)> = lengths.iter().copied().zip(0..=255).filter(|(length, _)| *length > 0).collect();
    order.sort_unstable();
    let mut by_length = [0; LENGTH_MAX];
    for (count, wanted) in by_length.iter_mut().zip(counts.iter().skip(1)) {
        *count = u8::try_from(*wanted).unwrap_or(u8::MAX);
    }
    Codes { counts: by_length, symbols: order.into_iter().map(|(_, symbol)| symbol).collect() }
}

/// Lengths by Huffman's method over 256 symbols and one more that occurs once; of equal counts the last symbol goes
/// first, as the reference does, so that both write the same tables.
fn lengths(occurrences: &[u32; 256]) -> [usize; 257] {
    let mut weights = [0_u64; 257];
    for (weight, occurrences) in weights.iter_mut().zip(occurrences) {
        *weight = u64::from(*occurrences);
    }
    if let Some(last) = weights.last_mut() {
        *last = 1;
    }
    let mut lengths = [0_usize; 257];
    let mut group: [u16; 257] = core::array::from_fn(|place| u16::try_from(place).unwrap_or(0));
    loop {
        let least = |but: Option<usize>| {
            let some = weights.iter().enumerate().filter(|(place, weight)| **weight > 0 && Some(*place) != but);
            some.min_by_key(|(place, weight)| (**weight, core::cmp::Reverse(*place)))
        };
        let Some((first, weight)) = least(None) else { return lengths };
        let Some((second, other)) = least(Some(first)) else { return lengths };
        let sum = weight + other;
        let names = (u16::try_from(first).unwrap_or(0), u16::try_from(second).unwrap_or(0));
        for (length, group) in lengths.iter_mut().zip(&mut group) {
            if *group == names.0 || *group == names.1 {
                *length += 1;
                *group = names.0;
            }
        }
        for (place, weight) in [(first, sum), (second, 0)] {
            if let Some(entry) = weights.get_mut(place) {
                *entry = weight;
            }
        }
    }
}

/// Moves codes beyond 16 bits upwards, two at a time (10918-1 figure K.3).
fn shorten(counts: &mut [i32; 64]) {
    for long in (LENGTH_MAX + 1..64).rev() {
        while counts.get(long).is_some_and(|count| *count > 0) {
            let Some(short) = (1..long - 1).rev().find(|length| counts.get(*length).is_some_and(|count| *count > 0))
            else {
                return;
            };
            for (place, change) in [(long, -2), (long - 1, 1), (short + 1, 2), (short, -1)] {
                if let Some(count) = counts.get_mut(place) {
                    *count += change;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_at_the_head_of_bits() {
        let mut counts = [0; LENGTH_MAX];
        (counts[0], counts[2], counts[15]) = (1, 2, 2);
        let codes = Codes::new(counts, vec![7, 8, 9, 10, 11]).unwrap();
        let finder = Finder::new(&codes);
        let find = |bits| (finder.find(bits).symbol, finder.find(bits).length);
        assert_eq!(find(0b0111_1111_1111_1111), (7, 1));
        assert_eq!(find(0b1000_0000_0000_0000), (8, 3));
        assert_eq!(find(0b1010_0000_0000_0001), (9, 3));
        assert_eq!(find(0b1100_0000_0000_0000), (10, 16));
        assert_eq!(find(0b1100_0000_0000_0001), (11, 16));
        assert_eq!(find(0b1100_0000_0000_0010), (0, 0));
        assert_eq!(find(0xFFFF), (0, 0));
    }

    #[test]
    fn more_codes_than_fit_are_refused() {
        let mut counts = [0; LENGTH_MAX];
        counts[0] = 3;
        assert_eq!(Codes::new(counts, vec![1, 2, 3]), Err(Fault::Codes));
        counts[0] = 2;
        assert_eq!(Codes::new(counts, vec![1]), Err(Fault::Codes));
        assert!(Codes::new(counts, vec![1, 2]).is_ok());
    }

    #[test]
    fn the_best_code_is_complete_but_for_the_ones() {
        // counts that grow like Fibonacci numbers ask for codes beyond 16 bits
        let mut occurrences = [0_u32; 256];
        let (mut a, mut b) = (1_u32, 1_u32);
        for entry in occurrences.iter_mut().skip(1).take(30) {
            *entry = a;
            (a, b) = (b, a + b);
        }
        let codes = best(&occurrences);
        assert_eq!(codes.symbols.len(), 30);
        assert!(Codes::new(codes.counts, codes.symbols.clone()).is_ok());
        let (mut symbols, mut longest) = (0, 0);
        for (_, code, length) in codes.each() {
            assert_ne!(code, (1 << length) - 1, "a code of ones");
            symbols += 1;
            longest = longest.max(length);
        }
        assert_eq!((symbols, longest), (30, 16));
    }

    #[test]
    fn one_symbol_has_a_code_of_one_bit() {
        let mut occurrences = [0; 256];
        occurrences[100] = 5;
        assert_eq!(best(&occurrences).by_symbol()[100], (0, 1));
        assert_eq!(best(&[0; 256]).symbols, []);
    }
}
