//! Marker segments before the entropy-coded blocks: filters, bin widths, frame header, comment.
//!
//! Numbers are written as an exponent and an integer: value = integer / 10^exponent. The reference divides step by step
//! in single precision, and a decoder that does not cannot agree with it in every sample.

use super::tree::SUBBANDS;
use super::{Fault, WsqError};

/// Synthesis lowpass and highpass taps of every encoder in use (number 2 of the registry).
pub(super) const LOW_TAPS: usize = 7;
/// Highpass taps of the synthesis; those of the analysis are the other way round.
pub(super) const HIGH_TAPS: usize = 9;

/// Filters of the synthesis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Filters {
    pub(super) low: [f32; LOW_TAPS],
    pub(super) high: [f32; HIGH_TAPS],
}

/// Bin widths of each subband; 0 where a subband is not coded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bins {
    /// Where in a bin its value lies.
    pub(super) centre: f32,
    pub(super) width: [f32; SUBBANDS],
    pub(super) zero: [f32; SUBBANDS],
}

/// The frame header.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) width: u16,
    pub(super) height: u16,
    /// Mean of the samples, subtracted before the transform.
    pub(super) shift: f32,
    /// What the samples were divided by.
    pub(super) scale: f32,
}

/// The content of one segment, read from the front.
pub(super) struct Segment<'a> {
    rest: &'a [u8],
    /// Where the segment begins in the file.
    at: usize,
}

impl<'a> Segment<'a> {
    pub(super) const fn new(rest: &'a [u8], at: usize) -> Self {
        Self { rest, at }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) const fn len(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn take(&mut self, octets: usize) -> Result<&'a [u8], WsqError> {
        let (taken, rest) = self.rest.split_at_checked(octets).ok_or(self.fault(Fault::ShortSegment))?;
        self.rest = rest;
        Ok(taken)
    }

    /// A fault of this segment.
    pub(super) const fn fault(&self, fault: Fault) -> WsqError {
        WsqError::Damaged { at: self.at, fault }
    }

    pub(super) fn octet(&mut self) -> Result<u8, WsqError> {
        let (first, rest) = self.rest.split_first().ok_or(self.fault(Fault::ShortSegment))?;
        self.rest = rest;
        Ok(*first)
    }

    fn number(&mut self) -> Result<u16, WsqError> {
        Ok(u16::from_be_bytes([self.octet()?, self.octet()?]))
    }

    /// Exponent and 16-bit integer.
    fn decimal(&mut self) -> Result<f32, WsqError> {
        let exponent = self.octet()?;
        Ok(scaled_down(f32::from(self.number()?), exponent))
    }

    /// Nothing may follow what was read.
    fn end(&self) -> Result<(), WsqError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.fault(Fault::LongSegment)) }
    }
}

/// Divides by ten step by step, each time rounded; after 60 steps every number is 0.
fn scaled_down(value: f32, exponent: u8) -> f32 {
    (0..exponent.min(60)).fold(value, |value, _| value / 10.0)
}

/// Frame header (SOF).
pub(super) fn frame(mut segment: Segment<'_>) -> Result<Frame, WsqError> {
    let _black_and_white = segment.number()?;
    let (height, width) = (segment.number()?, segment.number()?);
    let (shift, scale) = (segment.decimal()?, segment.decimal()?);
    let _encoder = segment.octet()?;
    let _software = segment.number()?;
    segment.end()?;
    Ok(Frame { width, height, shift, scale })
}

/// Bin widths (DQT): 64 pairs, of which the last four belong to subbands that are never coded.
pub(super) fn bins(mut segment: Segment<'_>) -> Result<Bins, WsqError> {
    let mut bins = Bins { centre: segment.decimal()?, width: [0.0; SUBBANDS], zero: [0.0; SUBBANDS] };
    for (width, zero) in bins.width.iter_mut().zip(&mut bins.zero) {
        (*width, *zero) = (segment.decimal()?, segment.decimal()?);
    }
    for _ in SUBBANDS..64 {
        let _never_coded = (segment.decimal()?, segment.decimal()?);
    }
    segment.end()?;
    Ok(bins)
}

/// Filters (DTT): taps of the analysis from the middle outwards. The analysis lowpass is the synthesis highpass with
/// alternating signs, and the other way round.
pub(super) fn filters(mut segment: Segment<'_>) -> Result<Filters, WsqError> {
    let sizes = (usize::from(segment.octet()?), usize::from(segment.octet()?));
    if sizes != (HIGH_TAPS, LOW_TAPS) {
        return Err(segment.fault(Fault::Filters));
    }
    let mut filters = Filters { low: [0.0; LOW_TAPS], high: [0.0; HIGH_TAPS] };
    half_filter(&mut segment, &mut filters.high)?;
    half_filter(&mut segment, &mut filters.low)?;
    segment.end()?;
    Ok(filters)
}

fn half_filter(segment: &mut Segment<'_>, taps: &mut [f32]) -> Result<(), WsqError> {
    let middle = taps.len() / 2;
    for distance in 0..=middle {
        let negative = segment.octet()? != 0;
        let exponent = segment.octet()?;
        let integer = u32::from_be_bytes([segment.octet()?, segment.octet()?, segment.octet()?, segment.octet()?]);
        let value = scaled_down(nearest(integer), exponent);
        let value = if negative == (distance % 2 == 0) { -value } else { value };
        for place in [middle + distance, middle - distance] {
            if let Some(tap) = taps.get_mut(place) {
                *tap = value;
            }
        }
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "the reference rounds the same way")]
const fn nearest(integer: u32) -> f32 {
    integer as f32
}

/// Resolution out of a comment in the form of NIST (`NIST_COM` and one name and value a line), pixels an inch.
pub(super) fn resolution(comment: &[u8]) -> Option<u32> {
    if !comment.starts_with(b"NIST_COM") {
        return None;
    }
    let mut lines = comment.split(|octet| *octet == b'\n').take(64);
    let value = lines.find_map(|line| line.strip_prefix(b"PPI "))?;
    core::str::from_utf8(value).ok()?.trim().parse().ok().filter(|ppi| *ppi > 0)
}

/// Writes segments.
#[derive(Default)]
pub(super) struct SegmentWriter(pub(super) Vec<u8>);

impl SegmentWriter {
    pub(super) fn marker(&mut self, marker: u8) {
        self.0.extend([0xFF, marker]);
    }

    /// Marker, length, content. No content of ours is longer than a segment may be.
    pub(super) fn segment(&mut self, marker: u8, content: &[u8]) {
        self.marker(marker);
        let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
        self.0.extend(length.to_be_bytes());
        self.0.extend(content);
    }
}

/// Exponent and integer of a value that is not negative, with as many digits as stay below `limit`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0.5 to limit + 0.5, a 32-bit number")]
fn decimal(value: f32, limit: f64) -> (u8, u32) {
    if value <= 0.0 || !value.is_finite() {
        return (0, 0);
    }
    let (mut value, mut exponent) = (value, 0u8);
    while f64::from(value) < limit && exponent < 60 {
        exponent += 1;
        value *= 10.0;
    }
    (exponent.saturating_sub(1), (f64::from(value) / 10.0 + 0.5) as u32)
}

/// Appends exponent and 16-bit integer.
fn push_decimal(out: &mut Vec<u8>, value: f32) {
    let (exponent, integer) = decimal(value, 65_535.0);
    out.push(exponent);
    out.extend(u16::try_from(integer).unwrap_or(u16::MAX).to_be_bytes());
}

/// Content of DTT for filters of the analysis.
pub(super) fn filters_content(low: &[f32; HIGH_TAPS], high: &[f32; LOW_TAPS]) -> Vec<u8> {
    let mut out = vec![9, 7];
    for value in low.iter().skip(HIGH_TAPS / 2).chain(high.iter().skip(LOW_TAPS / 2)) {
        let (exponent, integer) = decimal(value.abs(), 4_294_967_295.0);
        out.extend([u8::from(*value < 0.0), exponent]);
        out.extend(integer.to_be_bytes());
    }
    out
}

/// Content of DQT.
pub(super) fn bins_content(bins: &Bins) -> Vec<u8> {
    // centre 0.44 in the form the reference writes it
    let mut out = vec![2, 0, 44];
    for (width, zero) in bins.width.iter().zip(&bins.zero) {
        push_decimal(&mut out, *width);
        push_decimal(&mut out, *zero);
    }
    out.extend([0; 4 * 6]);
    out
}

/// Content of SOF: black 0, white 255, encoder 2, software 0, since no certificate was given to ours.
pub(super) fn frame_content(frame: &Frame) -> Vec<u8> {
    let mut out = vec![0, 255];
    out.extend(frame.height.to_be_bytes());
    out.extend(frame.width.to_be_bytes());
    push_decimal(&mut out, frame.shift);
    push_decimal(&mut out, frame.scale);
    out.extend([2, 0, 0]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_come_back_as_single_precision() {
        for value in [0.44_f32, 1.0, 179.348, 0.000_123_4, 65_000.0] {
            let mut out = Vec::new();
            push_decimal(&mut out, value);
            let back = Segment::new(&out, 0).decimal().unwrap();
            assert!((back / value - 1.0).abs() < 1.0e-4, "{value} {back}");
        }
        let mut out = Vec::new();
        push_decimal(&mut out, 0.0);
        assert_eq!(out, [0, 0, 0]);
    }

    #[test]
    fn a_comment_tells_the_resolution() {
        assert_eq!(resolution(b"NIST_COM 3\nPIX_DEPTH 8\nPPI 500\nLOSSY 1\n"), Some(500));
        assert_eq!(resolution(b"NIST_COM 3\nPPI -1\n"), None);
        assert_eq!(resolution(b"a thumb, PPI 500\n"), None);
    }
}
