//! Format of the memory image, and how it is read back.
//!
//! ```text
//! header   "BTQ-CARD" ‖ version(2) ‖ capacity(4) ‖ CRC-32(4) of what stands before
//! frame    length of the writes(4) ‖ the same inverted(4) ‖ writes ‖ CRC-32(4) of all before
//! write    kind(1: 0 put, 1 append, 2 remove, 3 wear) ‖ owner(1) ‖ key(2) ‖ octets(4) ‖ content
//! ```
//! Wear, since version 2: how often the cell was written before the image was compacted, four octets.
//! A frame is one transaction. All numbers are big endian. The last frame may be incomplete or have a wrong checksum:
//! that is a write cut off by power loss, and is dropped. A length that is not confirmed by its inverse is damage too,
//! and the image is then refused and left as it is: behind a wrong length everything would look torn.
//! A wrong checksum anywhere else is damage: the content is
//! kept, since a chip with a flipped bit also serves what it holds, and the cells are reported.

use std::collections::BTreeMap;

use super::medium::MediumError;
use super::{CellId, Write};

/// Version written. Version 1, without wear, is still read; it becomes version 2 when the card is put away.
pub const VERSION: u16 = 2;

/// Oldest version that is read.
const OLDEST: u16 = 1;

/// Octets of a frame without writes.
const FRAME_LENGTH: usize = 8 + 4;

/// Octets of a write before its content.
const RECORD_HEADER: usize = 8;

/// Octets of the header.
const HEADER_LENGTH: usize = 18;

const MAGIC: &[u8; 8] = b"BTQ-CARD";

/// Why octets are no card image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Another kind of file.
    #[error("not a card image (no BTQ-CARD header)")]
    Magic,
    /// Written by a later program.
    #[error("card image of version {0}; this program reads versions {OLDEST} to {VERSION}")]
    Version(u16),
    /// The octets end before what the image was last put away with.
    #[error("card image cut off: cells of the card are missing; it was not copied whole, or not made to its end")]
    CutOff,
    /// The structure does not hold.
    #[error("card image damaged at octet {0}: its structure cannot be read")]
    Structure(usize),
    /// What stands in the memory makes no card.
    #[error("card image: {0}")]
    Content(&'static str),
    /// The medium failed.
    #[error(transparent)]
    Medium(#[from] MediumError),
}

/// What an image holds.
pub struct Loaded {
    /// The cells.
    pub cells: BTreeMap<CellId, Vec<u8>>,
    /// How often each cell was written.
    pub wear: BTreeMap<CellId, u32>,
    /// Size of the memory in octets.
    pub capacity: usize,
    /// Cells with a wrong checksum.
    pub damaged: Vec<CellId>,
    /// Octets of the image before a torn last frame, when there is one.
    pub torn_at: Option<usize>,
    /// Whether the closing frame is there: what a card was put away with is whole.
    pub is_whole: bool,
}

/// Octets of a frame with these writes, so that its buffer never grows and leaves no secrets behind.
pub fn frame_length(writes: &[Write]) -> usize {
    FRAME_LENGTH + writes.iter().map(|write| RECORD_HEADER + write.octets().len()).sum::<usize>()
}

/// One transaction; no writes make the closing frame.
pub fn put_frame(out: &mut Vec<u8>, writes: &[Write]) {
    framed(out, |out| {
        for write in writes {
            let kind = match write {
                Write::Put(..) => 0,
                Write::Append(..) => 1,
                Write::Remove(_) => 2,
            };
            put_record(out, kind, write.cell(), write.octets());
        }
    });
}

/// A compacted image, from the header to the closing frame: one frame a cell, one with the wear of all.
pub fn whole(capacity: usize, cells: &BTreeMap<CellId, Vec<u8>>, wear: &BTreeMap<CellId, u32>) -> Vec<u8> {
    let content: usize = cells.values().map(|content| FRAME_LENGTH + RECORD_HEADER + content.len()).sum();
    let wear_octets = wear.len() * (RECORD_HEADER + 4);
    let mut octets = Vec::with_capacity(HEADER_LENGTH + content + wear_octets + 2 * FRAME_LENGTH);
    octets.extend_from_slice(&header(capacity));
    for (cell, content) in cells {
        framed(&mut octets, |out| put_record(out, 0, *cell, content));
    }
    framed(&mut octets, |out| wear.iter().for_each(|(cell, writes)| put_record(out, 3, *cell, &writes.to_be_bytes())));
    // The empty frame closes the image: a damaged cell is never mistaken for a torn last write.
    framed(&mut octets, |_| ());
    octets
}

/// Length ‖ its inverse ‖ records ‖ checksum.
fn framed(out: &mut Vec<u8>, records: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 8]);
    records(out);
    let length = number(out.len() - start - 8);
    let lengths = length.into_iter().chain(length.map(|octet| !octet));
    out.iter_mut().skip(start).zip(lengths).for_each(|(to, octet)| *to = octet);
    let checksum = crc32fast::hash(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&checksum.to_be_bytes());
}

fn put_record(out: &mut Vec<u8>, kind: u8, cell: CellId, content: &[u8]) {
    out.extend_from_slice(&[kind, cell.owner]);
    out.extend_from_slice(&cell.key.to_be_bytes());
    out.extend_from_slice(&number(content.len()));
    out.extend_from_slice(content);
}

/// The header of an image for a memory of `capacity` octets.
pub fn header(capacity: usize) -> Vec<u8> {
    let mut octets = MAGIC.to_vec();
    octets.extend_from_slice(&VERSION.to_be_bytes());
    octets.extend_from_slice(&number(capacity));
    let checksum = crc32fast::hash(&octets);
    octets.extend_from_slice(&checksum.to_be_bytes());
    octets
}

/// Changes the map of cells as a write says.
pub fn apply(cells: &mut BTreeMap<CellId, Vec<u8>>, write: Write) {
    match write {
        Write::Put(cell, content) => {
            cells.insert(cell, content);
        }
        Write::Append(cell, octets) => cells.entry(cell).or_default().extend_from_slice(&octets),
        Write::Remove(cell) => {
            cells.remove(&cell);
        }
    }
}

/// Counts one write of a cell.
pub fn wear(wear: &mut BTreeMap<CellId, u32>, cell: CellId) {
    let writes = wear.entry(cell).or_default();
    *writes = writes.saturating_add(1);
}

/// Reads an image.
///
/// # Errors
/// [`ImageError`] when the octets are no image or their structure is broken before the last frame.
pub fn load(octets: &[u8]) -> Result<Loaded, ImageError> {
    let capacity = read_header(octets)?;
    let mut loaded = Loaded {
        cells: BTreeMap::new(),
        wear: BTreeMap::new(),
        capacity,
        damaged: Vec::new(),
        torn_at: None,
        is_whole: false,
    };
    let mut at = HEADER_LENGTH;
    while at < octets.len() {
        let Some((payload, intact, next)) = read_frame(octets, at)? else {
            loaded.torn_at = Some(at);
            break;
        };
        if !intact && next >= octets.len() {
            loaded.torn_at = Some(at);
            break;
        }
        let records = read_records(payload).ok_or(ImageError::Structure(at))?;
        loaded.is_whole |= intact && records.is_empty();
        for record in records {
            match record {
                Record::Write(write) => {
                    let cell = write.cell();
                    if !intact {
                        loaded.damaged.push(cell);
                    }
                    wear(&mut loaded.wear, cell);
                    apply(&mut loaded.cells, write);
                }
                Record::Wear(cell, writes) => {
                    loaded.wear.insert(cell, writes);
                }
            }
        }
        at = next;
    }
    Ok(loaded)
}

fn read_header(octets: &[u8]) -> Result<usize, ImageError> {
    let header = octets.get(..HEADER_LENGTH).ok_or(ImageError::Magic)?;
    let (magic, rest) = header.split_first_chunk::<8>().ok_or(ImageError::Magic)?;
    if magic != MAGIC {
        return Err(ImageError::Magic);
    }
    let (version, rest) = rest.split_first_chunk::<2>().ok_or(ImageError::Structure(8))?;
    match u16::from_be_bytes(*version) {
        OLDEST..=VERSION => {}
        other => return Err(ImageError::Version(other)),
    }
    let (capacity, checksum) = rest.split_first_chunk::<4>().ok_or(ImageError::Structure(10))?;
    if checksum != crc32fast::hash(header.get(..14).unwrap_or_default()).to_be_bytes() {
        return Err(ImageError::Structure(14));
    }
    usize::try_from(u32::from_be_bytes(*capacity)).map_err(|_| ImageError::Structure(10))
}

/// Writes of a frame, whether its checksum holds, and where the next frame begins.
type FrameAt<'a> = (&'a [u8], bool, usize);

/// The frame at an offset; `None` when the octets end before it does.
fn read_frame(octets: &[u8], at: usize) -> Result<Option<FrameAt<'_>>, ImageError> {
    let rest = octets.get(at..).unwrap_or_default();
    let Some((&[a, b, c, d, na, nb, nc, nd], body)) = rest.split_first_chunk::<8>() else { return Ok(None) };
    if [na, nb, nc, nd] != [!a, !b, !c, !d] {
        return Err(ImageError::Structure(at));
    }
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).map_err(|_| ImageError::Structure(at))?;
    let end = length.checked_add(4).ok_or(ImageError::Structure(at))?;
    let (Some(payload), Some(checksum)) = (body.get(..length), body.get(length..end)) else { return Ok(None) };
    let covered = rest.get(..8 + length).unwrap_or_default();
    Ok(Some((payload, crc32fast::hash(covered).to_be_bytes() == checksum, at + 8 + end)))
}

/// What a frame says.
enum Record {
    Write(Write),
    Wear(CellId, u32),
}

fn read_records(mut payload: &[u8]) -> Option<Vec<Record>> {
    let mut records = Vec::new();
    while let Some((&[kind, owner, key_high, key_low], rest)) = payload.split_first_chunk::<4>() {
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let cell = CellId { owner, key: u16::from_be_bytes([key_high, key_low]) };
        let content = rest.get(..length)?;
        records.push(match kind {
            0 => Record::Write(Write::Put(cell, content.to_vec())),
            1 => Record::Write(Write::Append(cell, content.to_vec())),
            2 if length == 0 => Record::Write(Write::Remove(cell)),
            3 => Record::Wear(cell, u32::from_be_bytes(content.try_into().ok()?)),
            _ => return None,
        });
        payload = rest.get(length..)?;
    }
    payload.is_empty().then_some(records)
}

/// Four octets of a length. Cells come out of commands of at most 64 KiB, so the number always fits.
fn number(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_files_are_refused_by_name() {
        assert!(matches!(load(b"PNG and so on, long enough"), Err(ImageError::Magic)));
        assert!(matches!(load(b"BTQ"), Err(ImageError::Magic)));
        let mut later = header(10);
        later[9] = 9;
        assert!(matches!(load(&later), Err(ImageError::Version(9))));
        let mut bent = header(10);
        bent[12] ^= 1;
        assert!(matches!(load(&bent), Err(ImageError::Structure(14))));
    }

    #[test]
    fn a_bent_length_is_damage_and_not_a_torn_tail() {
        let cell = CellId { owner: 1, key: 2 };
        let mut octets = header(100);
        put_frame(&mut octets, &[Write::Put(cell, vec![1; 20])]);
        put_frame(&mut octets, &[]);
        for bit in 0..32 {
            let mut bent = octets.clone();
            bent[HEADER_LENGTH + bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(load(&bent), Err(ImageError::Structure(HEADER_LENGTH))), "bit {bit}");
        }
        for cut in HEADER_LENGTH + 1..HEADER_LENGTH + 20 {
            assert_eq!(load(&octets[..cut]).unwrap().torn_at, Some(HEADER_LENGTH));
        }
    }

    proptest! {
        #[test]
        fn no_octets_make_load_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = load(&[header(100), octets].concat());
        }
    }
}
