//! An input read as a script: octets choose what is done, parts with a length before them say with what.

/// What is left of a script.
pub struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    /// From its first octet on.
    pub const fn new(input: &'a [u8]) -> Self {
        Self(input)
    }

    /// The next octet, `None` at the end.
    pub fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// The next octet, 0 at the end.
    pub fn choice(&mut self) -> u8 {
        self.octet().unwrap_or_default()
    }

    /// The next part: its length in one octet, FF for one in the two octets that follow. A part that is cut off is what
    /// is left.
    pub fn part(&mut self) -> &'a [u8] {
        let length = match self.octet() {
            Some(0xFF) => usize::from(u16::from_be_bytes([self.choice(), self.choice()])),
            Some(length) => usize::from(length),
            None => 0,
        };
        let (part, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        part
    }
}

/// Writes what [`Script::part`] reads: for seeds.
pub fn part(octets: &[u8]) -> Vec<u8> {
    match u8::try_from(octets.len()) {
        Ok(short) if short < 0xFF => [&[short], octets].concat(),
        _ => {
            let [.., high, low] = octets.len().to_be_bytes();
            [&[0xFF, high, low], octets].concat()
        }
    }
}
