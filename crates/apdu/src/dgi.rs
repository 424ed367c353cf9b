//! Data grouping identifiers: framing (EMV CPS 1.1 §3.2, GPC 2.3.1 §11.11.3.3) and the numbers that our eMRTD applet
//! takes. A file is written by the DGI that [`dgi_of`](crate::fcp::dgi_of) gives.
//!
//! ```text
//! DGI(2) ‖ length (00..FE, or FF + 2 octets) ‖ value
//! ```

/// Binding tag: first DGI of an order, 16 octets. The applet refuses a second, different one.
pub const ORDER_TAG: u16 = 0x8F01;
/// CAN, ASCII digits, under the DEK.
pub const CAN: u16 = 0x8F02;
/// SHA-1 of the MRZ key input (9303-11 §9.7.1.2), 20 octets, under the DEK.
pub const MRZ_SECRET: u16 = 0x8F03;
/// CVCA certificate `7F21 ..`: trust point of Terminal Authentication.
pub const CVCA_CERTIFICATE: u16 = 0x8F05;
/// Current date of the card, six unpacked BCD digits YYMMDD (TR-03110-3 §D.2.1.3).
pub const CURRENT_DATE: u16 = 0x8F06;
/// PIN, ASCII digits, under the DEK (TR-03110-2 §2.3).
pub const PIN: u16 = 0x8F07;
/// PUK, ASCII digits, under the DEK (TR-03110-2 §2.3).
pub const PUK: u16 = 0x8F08;

/// GET DATA tag: DGI(2) ‖ octets(2) ‖ SHA-256(32) of each written file, for the check before sealing.
pub const GET_DATA_DIGESTS: u16 = 0xDF31;
/// GET DATA tag: SHA-256 over the rows of [`GET_DATA_DIGESTS`], in ascending order of their DGIs: one comparison in
/// place of many octets.
pub const GET_DATA_DIGEST: u16 = 0xDF35;
/// GET DATA tag: the binding tag.
pub const GET_DATA_ORDER_TAG: u16 = 0xDF32;
/// GET DATA tag: every public key that the card has made, with its number, see [`public_key`](crate::public_key).
pub const GET_DATA_PUBLIC_KEYS: u16 = 0xDF33;

/// GET DATA tag of a sealed application: number(1) ‖ tries left(1) ‖ tries at first(1) ‖ state(1: 00 usable,
/// 01 transport) of each reference data.
pub const GET_DATA_TRIES: u16 = 0xDF34;

/// Octets of a row of [`GET_DATA_DIGESTS`].
pub const DIGEST_ROW: usize = 36;

/// A row of [`GET_DATA_DIGESTS`]. A file that is longer than two octets can say is one of FFFF octets here; its digest
/// tells it from others.
pub fn digest_row(number: u16, octets: usize, sha256: [u8; 32]) -> [u8; DIGEST_ROW] {
    let octets = u16::try_from(octets).unwrap_or(u16::MAX).to_be_bytes();
    let mut row = [0; DIGEST_ROW];
    row.iter_mut().zip(number.to_be_bytes().into_iter().chain(octets).chain(sha256)).for_each(|(to, from)| *to = from);
    row
}

/// The DGI of the first value of reference data `number` (1 to 31) of our application, ASCII digits, under the DEK.
pub const fn reference_data(number: u8) -> u16 {
    0x8F80 | number as u16 & 0x1F
}

/// Octets of the header for a value of `length` octets.
pub const fn header_length(length: u16) -> usize {
    if length < 0xFF { 3 } else { 5 }
}

/// The header of a DGI.
pub fn header(number: u16, length: u16) -> Vec<u8> {
    let mut octets = number.to_be_bytes().to_vec();
    match u8::try_from(length) {
        Ok(short) if short < 0xFF => octets.push(short),
        _ => {
            octets.push(0xFF);
            octets.extend_from_slice(&length.to_be_bytes());
        }
    }
    octets
}

/// Number, length of the value, and octets of the header; `None` while the header is not complete.
pub fn read_header(octets: &[u8]) -> Option<(u16, usize, usize)> {
    match *octets {
        [a, b, 0xFF, high, low, ..] => {
            Some((u16::from_be_bytes([a, b]), usize::from(u16::from_be_bytes([high, low])), 5))
        }
        [_, _, 0xFF, ..] => None,
        [a, b, length, ..] => Some((u16::from_be_bytes([a, b]), usize::from(length), 3)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_go_both_ways_at_the_edges() {
        for length in [0u16, 1, 0xFE, 0xFF, 0x100, 0xFFFF] {
            let octets = header(0x0102, length);
            assert_eq!(octets.len(), header_length(length));
            assert_eq!(read_header(&octets), Some((0x0102, usize::from(length), octets.len())));
            assert_eq!(read_header(&octets[..octets.len() - 1]), None);
        }
    }
}
