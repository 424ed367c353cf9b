//! The word SPECIMEN in a bitmap font of our own, 5 x 7 cells a letter.

/// Letters of the word.
const LETTERS: u8 = 8;
/// Cells from one letter to the next.
const PITCH: u8 = 6;
/// Cells of the whole word across.
pub(super) const WORD_CELLS: u8 = LETTERS * PITCH - 1;
/// Cells of a letter from top to bottom.
pub(super) const LETTER_CELLS: u8 = 7;

const S: [u8; 7] = [0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110];
const P: [u8; 7] = [0b11110, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000, 0b10000];
const E: [u8; 7] = [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111];
const C: [u8; 7] = [0b01111, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b01111];
const I: [u8; 7] = [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110];
const M: [u8; 7] = [0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001];
const N: [u8; 7] = [0b10001, 0b11001, 0b10101, 0b10101, 0b10011, 0b10001, 0b10001];
const WORD: [[u8; 7]; 8] = [S, P, E, C, I, M, E, N];

/// Whether the cell at (`column`, `row`), counted from the upper left corner of the word, is inked.
pub(super) fn inked(column: f32, row: f32) -> bool {
    let cell = |value: f32, cells: u8| (0..cells).find(|cell| value >= f32::from(*cell) && value < f32::from(cell + 1));
    let (Some(column), Some(row)) = (cell(column, WORD_CELLS), cell(row, LETTER_CELLS)) else { return false };
    let letter = WORD.get(usize::from(column / PITCH)).and_then(|letter| letter.get(usize::from(row)));
    letter.is_some_and(|line| column % PITCH < 5 && line >> (4 - column % PITCH) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_reads_specimen() {
        let line = |row: f32| -> String {
            (0..WORD_CELLS).map(|column| if inked(f32::from(column), row) { '#' } else { '.' }).collect()
        };
        assert_eq!(line(0.5), ".####.####..#####..####..###..#...#.#####.#...#");
        assert_eq!(line(6.9), "####..#.....#####..####..###..#...#.#####.#...#");
        assert!(!inked(-0.1, 0.0) && !inked(0.0, 7.0) && !inked(47.0, 0.0));
    }
}
