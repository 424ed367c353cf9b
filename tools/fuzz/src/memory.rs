//! Memory images of cards, which come from files that anybody may have written.

use bitaqa_apdu::{Command, Transport, ins};
use bitaqa_card::nvm::image;

use crate::issued::card_of;

/// Octets of the header before its checksum.
const HEADER: usize = 14;
/// Octets of the lengths of a frame.
const LENGTHS: usize = 8;
/// Octets of a checksum.
const CHECKSUM: usize = 4;

/// An image. With an odd first octet the lengths and checksums are made to fit first: what guards against accidents
/// must not be all that guards against a forger.
pub fn card_image(input: &[u8]) {
    let Some((kind, octets)) = input.split_first() else { return };
    let octets = if kind & 1 == 0 { octets.to_vec() } else { fitted(octets) };
    if let Ok(loaded) = image::load(&octets) {
        let content: usize = loaded.cells.values().map(Vec::len).sum();
        assert!(content <= octets.len(), "{content} octets in cells out of {}", octets.len());
        assert!(loaded.torn_at.is_none_or(|at| at <= octets.len()));
        let again = image::load(&image::whole(loaded.capacity, &loaded.cells, &loaded.wear));
        assert!(again.is_ok_and(|again| again.cells == loaded.cells && again.wear == loaded.wear && again.is_whole));
    }
    let Ok(mut card) = card_of(&octets) else { return };
    talk(&mut card);
    let snapshot = card.snapshot();
    assert!(card_of(&snapshot).is_ok(), "a card that runs and cannot be put away");
    assert!(card.restore(&snapshot).is_ok());
    talk(&mut card);
}

/// A few words with a card of any content; it may answer what it likes.
fn talk(card: &mut dyn Transport) {
    let select = |aid: &[u8]| Command::new(ins::SELECT, 0x04, 0x00).data(aid).ne(256);
    let commands = [
        select(&[0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01]),
        Command::new(ins::GET_CHALLENGE, 0, 0).ne(8),
        Command::new(ins::READ_BINARY, 0x9C, 0).ne(256),
        select(&[]),
        Command::globalplatform(ins::GET_DATA, 0x00, 0x66).ne(256),
        Command::globalplatform(ins::GET_DATA, 0x00, 0xE0).ne(256),
        Command::globalplatform(ins::INITIALIZE_UPDATE, 0, 0).data([7; 8]).ne(256),
    ];
    for command in commands {
        let answer = command.encode().ok().and_then(|octets| card.transmit(&octets).ok());
        assert!(answer.is_some_and(|answer| answer.len() >= 2), "{:02X?} was not answered", command.header());
    }
}

/// The same octets with a header, lengths and checksums that hold.
fn fitted(octets: &[u8]) -> Vec<u8> {
    let mut out = octets.to_vec();
    let header = [b"BTQ-CARD".as_slice(), &image::VERSION.to_be_bytes()].concat();
    put(&mut out, 0, &header);
    put_checksum(&mut out, 0, HEADER);
    let mut at = HEADER + CHECKSUM;
    while let Some(length) = out.get(at..at + 4).and_then(|field| <[u8; 4]>::try_from(field).ok()) {
        // A length beyond the end is taken for what is left, so that the frame is whole.
        let left = out.len().saturating_sub(at + LENGTHS + CHECKSUM);
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX).min(left);
        let field = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        put(&mut out, at, &[field, field.map(|octet| !octet)].concat());
        put_checksum(&mut out, at, at + LENGTHS + length);
        at += LENGTHS + length + CHECKSUM;
    }
    out
}

fn put(out: &mut [u8], at: usize, octets: &[u8]) {
    out.iter_mut().skip(at).zip(octets).for_each(|(to, from)| *to = *from);
}

fn put_checksum(out: &mut [u8], from: usize, to: usize) {
    let checksum = crc32fast::hash(out.get(from..to).unwrap_or_default());
    put(out, to, &checksum.to_be_bytes());
}
