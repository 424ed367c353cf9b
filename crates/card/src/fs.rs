//! Files behind one gate: the only roads to the octets of an EF are those of [`Ef`], and they ask its access rules.

use bitaqa_apdu::Sw;
use bitaqa_apdu::fcp::FileControl;

use crate::status::SecurityStatus;

/// A file with its content, borrowed from memory.
pub struct Ef<'a> {
    control: &'a FileControl,
    content: &'a [u8],
}

impl<'a> Ef<'a> {
    /// Joins a file's control parameters and the cell that holds it.
    pub const fn new(control: &'a FileControl, content: &'a [u8]) -> Self {
        Self { control, content }
    }

    /// The octets, for a session whose status satisfies the rule for writing.
    ///
    /// # Errors
    /// 6982 otherwise (7816-4 §11.3.5).
    pub fn content_to_update(&self, status: &SecurityStatus) -> Result<&'a [u8], Sw> {
        if self.control.update.allows(|need| status.holds(need)) {
            Ok(self.content)
        } else {
            Err(Sw::SECURITY_STATUS_NOT_SATISFIED)
        }
    }

    /// The octets, for a session whose status satisfies the rule.
    ///
    /// # Errors
    /// 6982 otherwise (7816-4 §11.3.3, 9303-11 §4.2).
    pub fn content(&self, status: &SecurityStatus) -> Result<&'a [u8], Sw> {
        if self.control.read.allows(|need| status.holds(need)) {
            Ok(self.content)
        } else {
            Err(Sw::SECURITY_STATUS_NOT_SATISFIED)
        }
    }
}

/// The part of a file that a READ BINARY gets: from `offset`, at most `ne` octets; the flag tells that the file ended
/// before an Ne that was asked for exactly.
///
/// # Errors
/// 6B00 when the offset lies outside the file (7816-4 §11.3.3).
pub fn window(content: &[u8], offset: usize, ne: usize, ne_is_maximum: bool) -> Result<(&[u8], bool), Sw> {
    if offset >= content.len() {
        return Err(Sw::WRONG_OFFSET);
    }
    let rest = content.get(offset..).ok_or(Sw::WRONG_OFFSET)?;
    let part = rest.get(..ne).unwrap_or(rest);
    Ok((part, part.len() < ne && !ne_is_maximum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Passwords;
    use bitaqa_apdu::{AccessRule, fcp::Place};
    use bitaqa_secure_messaging::pace::PasswordKind;

    #[test]
    fn without_the_rule_there_are_no_octets() {
        let read = AccessRule::parse("PACE").unwrap();
        let update = AccessRule::never();
        let control = FileControl { fid: 0x0101, sfi: 1, size_max: 10, read, update, place: Place::Application };
        let ef = Ef::new(&control, b"content");
        assert_eq!(ef.content(&SecurityStatus::default()), Err(Sw::SECURITY_STATUS_NOT_SATISFIED));
        let passwords = Passwords::default().with(PasswordKind::Can);
        let status = SecurityStatus { pace: Some(vec![]), passwords, ..SecurityStatus::default() };
        assert_eq!(ef.content(&status), Ok(&b"content"[..]));
        assert_eq!(ef.content_to_update(&status), Err(Sw::SECURITY_STATUS_NOT_SATISFIED));
    }

    #[test]
    fn windows_end_with_the_file() {
        assert_eq!(window(b"abcdef", 2, 3, false), Ok((&b"cde"[..], false)));
        assert_eq!(window(b"abcdef", 2, 9, false), Ok((&b"cdef"[..], true)));
        assert_eq!(window(b"abcdef", 2, 256, true), Ok((&b"cdef"[..], false)));
        assert_eq!(window(b"abcdef", 6, 1, false), Err(Sw::WRONG_OFFSET));
        assert_eq!(window(b"", 0, 1, false), Err(Sw::WRONG_OFFSET));
    }
}
