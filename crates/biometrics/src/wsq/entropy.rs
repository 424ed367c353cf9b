//! Runs of zeros and coefficients as Huffman symbols with extra bits, FF followed by a stuffed 00, padding with ones.
//!
//! Symbols 1 to 100 are runs of zeros, 101 and 102 coefficients of 8 bits (plus, minus), 103 and 104 of 16, 105 and 106
//! runs of 8 and 16 bits, 107 to 254 the coefficients -73 to 74.

use super::huffman::{Codes, Finder, LENGTH_MAX};
use super::{Fault, WsqError};

/// Largest coefficient with a symbol of its own; the smallest is one nearer to zero.
const DIRECT_MAX: i32 = 74;
/// Symbol of the coefficient 0, had it one.
const ZERO: i32 = 180;
/// Longest run with a symbol of its own.
const RUN_MAX: u32 = 100;
/// The longest code fits the head of 16 bits that is looked at.
const _: () = assert!(LENGTH_MAX == 16);

/// Reads the bits of one block.
struct Bits<'a> {
    octets: core::slice::Iter<'a, u8>,
    /// Bits not yet used, from the highest.
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    fn new(block: &'a [u8]) -> Self {
        Self { octets: block.iter(), held: 0, count: 0 }
    }

    /// Holds more than 48 bits, or all that are left.
    fn fill(&mut self) {
        while self.count <= 48 {
            let Some(octet) = self.octets.next() else { return };
            if *octet == 0xFF {
                self.octets.next();
            }
            self.held |= u64::from(*octet) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next 16 bits; behind the end come ones.
    fn head(&self) -> u16 {
        let head = u16::try_from(self.held >> 48).unwrap_or(0);
        if self.count >= 16 { head } else { head | (u16::MAX >> self.count) }
    }

    fn skip(&mut self, bits: u32) {
        self.held <<= bits;
        self.count -= bits;
    }

    /// A number behind a symbol, or nothing when the block ends inside it.
    fn number(&mut self, bits: u32) -> Option<u16> {
        let number = self.head() >> (16 - bits);
        if self.count < bits {
            return None;
        }
        self.skip(bits);
        Some(number)
    }
}

/// Length of a block that starts here: up to the next marker, an FF that no 00 follows.
pub(super) fn block_length(octets: &[u8]) -> Option<usize> {
    octets.windows(2).position(|pair| matches!(pair, [0xFF, next] if *next != 0))
}

/// Reads a block behind its header and appends its coefficients; the image holds `wanted` of them in all. `at` is where
/// the block begins in the file.
///
/// # Errors
/// [`WsqError::Damaged`] for bits without a code, or more coefficients than the image holds.
pub(super) fn read_block(
    block: &[u8],
    at: usize,
    finder: &Finder,
    coefficients: &mut Vec<i16>,
    wanted: usize,
) -> Result<(), WsqError> {
    let fault = |fault| WsqError::Damaged { at, fault };
    let mut bits = Bits::new(block);
    loop {
        bits.fill();
        let found = finder.find(bits.head());
        if u32::from(found.length) > bits.count || (found.length == 0 && bits.count < 16) {
            return Ok(());
        }
        if found.length == 0 {
            return Err(fault(Fault::UnknownCode));
        }
        bits.skip(u32::from(found.length));
        let symbol = i16::from(found.symbol);
        let extra = match symbol {
            101 | 102 | 105 => 8,
            103 | 104 | 106 => 16,
            _ => 0,
        };
        let number = if extra == 0 { Some(0) } else { bits.number(extra) };
        let number = number.ok_or(fault(Fault::CutOff))?;
        let left = wanted - coefficients.len();
        let run = match symbol {
            1..=100 => usize::from(found.symbol),
            105 | 106 => usize::from(number),
            0 | 255 => return Err(fault(Fault::UnknownSymbol)),
            _ => 0,
        };
        if run > left || (run == 0 && left == 0) {
            return Err(fault(Fault::TooMany));
        }
        match symbol {
            1..=100 | 105 | 106 => coefficients.resize(coefficients.len() + run, 0),
            101 | 103 => coefficients.push(number.cast_signed()),
            102 | 104 => coefficients.push(number.cast_signed().wrapping_neg()),
            _ => coefficients.push(symbol - 180),
        }
    }
}

/// A symbol and the bits behind it.
#[derive(Clone, Copy)]
struct Token {
    symbol: u8,
    extra: u32,
    extra_bits: u32,
}

/// Tells every token of a block.
fn tokens(coefficients: &[i16], mut tell: impl FnMut(Token)) {
    let mut run = 0_u32;
    for coefficient in coefficients {
        if *coefficient == 0 && run < 0xFFFF {
            run += 1;
            continue;
        }
        if run > 0 {
            tell(run_token(run));
        }
        run = u32::from(*coefficient == 0);
        if run == 0 {
            tell(coefficient_token(i32::from(*coefficient)));
        }
    }
    if run > 0 {
        tell(run_token(run));
    }
}

fn run_token(run: u32) -> Token {
    let direct = u8::try_from(run).ok().filter(|_| run <= RUN_MAX);
    match direct {
        Some(symbol) => Token { symbol, extra: 0, extra_bits: 0 },
        None if run <= 0xFF => Token { symbol: 105, extra: run, extra_bits: 8 },
        None => Token { symbol: 106, extra: run, extra_bits: 16 },
    }
}

fn coefficient_token(value: i32) -> Token {
    if (1 - DIRECT_MAX..=DIRECT_MAX).contains(&value) {
        return Token { symbol: u8::try_from(value + ZERO).unwrap_or(0), extra: 0, extra_bits: 0 };
    }
    let (size, negative) = (value.unsigned_abs(), u8::from(value < 0));
    let (symbol, extra_bits) = if size > 0xFF { (103, 16) } else { (101, 8) };
    Token { symbol: symbol + negative, extra: size, extra_bits }
}

/// Counts the symbols of a block.
pub(super) fn count_symbols(coefficients: &[i16], occurrences: &mut [u32; 256]) {
    tokens(coefficients, |token| {
        if let Some(count) = occurrences.get_mut(usize::from(token.symbol)) {
            *count += 1;
        }
    });
}

/// Writes a block with codes that have every symbol of it.
pub(super) fn write_block(coefficients: &[i16], codes: &Codes, out: &mut Vec<u8>) {
    let table = codes.by_symbol();
    let (mut held, mut count) = (0_u64, 0_u32);
    let mut put = |bits: u32, length: u32| {
        held = held << length | u64::from(bits);
        count += length;
        while count >= 8 {
            count -= 8;
            let octet = u8::try_from(held >> count & 0xFF).unwrap_or(0);
            out.push(octet);
            if octet == 0xFF {
                out.push(0);
            }
        }
        count
    };
    tokens(coefficients, |token| {
        let (code, length) = table.get(usize::from(token.symbol)).copied().unwrap_or((0, 0));
        put(code, length);
        put(token.extra, token.extra_bits);
    });
    let open = put(0, 0);
    if open > 0 {
        put(0xFF >> open, 8 - open);
    }
}

#[cfg(test)]
mod tests {
    use super::super::huffman::best;
    use super::*;

    fn there_and_back(coefficients: &[i16]) -> Vec<i16> {
        let mut occurrences = [0; 256];
        count_symbols(coefficients, &mut occurrences);
        let codes = best(&occurrences);
        let mut octets = Vec::new();
        write_block(coefficients, &codes, &mut octets);
        assert_eq!(block_length(&octets), None);
        let mut back = Vec::new();
        read_block(&octets, 0, &Finder::new(&codes), &mut back, coefficients.len()).unwrap();
        back
    }

    #[test]
    fn coefficients_of_every_size_come_back() {
        let edges = [0, 1, -1, 74, 75, -73, -74, 255, 256, -255, -256, i16::MAX, -i16::MAX, 0, 0];
        let mut all = edges.to_vec();
        for (run, value) in [(1, 3), (100, -3), (101, 5), (255, 1), (256, 2), (65_535, 9), (65_536, 9), (70_000, -9)] {
            all.extend(core::iter::repeat_n(0, run));
            all.push(value);
        }
        all.extend([0; 40]);
        assert_eq!(there_and_back(&all), all);
        assert_eq!(there_and_back(&[]), []);
        assert_eq!(there_and_back(&[0; 7]), [0; 7]);
    }

    #[test]
    fn more_coefficients_than_the_image_holds_are_refused() {
        let all = [0, 0, 0, 5, 0, 0];
        let mut occurrences = [0; 256];
        count_symbols(&all, &mut occurrences);
        let codes = best(&occurrences);
        let mut octets = Vec::new();
        write_block(&all, &codes, &mut octets);
        let read = |wanted| read_block(&octets, 9, &Finder::new(&codes), &mut Vec::new(), wanted);
        assert_eq!(read(6), Ok(()));
        assert_eq!(read(5), Err(WsqError::Damaged { at: 9, fault: Fault::TooMany }));
        assert_eq!(read(3), Err(WsqError::Damaged { at: 9, fault: Fault::TooMany }));
    }
}
