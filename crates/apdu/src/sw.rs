//! Status words, 7816-4 §5.6: an open newtype, so that unknown words survive, and one list of names.

use core::fmt;

/// SW1-SW2 of a response.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sw(pub u16);

/// Declares the named words once: the constant, its meaning and the name that `Debug` and `name` show.
macro_rules! status_words {
    ($($(#[doc = $doc:literal])+ $name:ident = $value:literal;)+) => {
        impl Sw {
            $($(#[doc = $doc])+ pub const $name: Sw = Sw($value);)+

            /// Name of a word in this list; `None` for all others.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $($value => Some(stringify!($name)),)+ _ => None }
            }

            /// Every named word, for coverage tests.
            pub const NAMED: &'static [Sw] = &[$(Sw($value)),+];
        }
    };
}

status_words! {
    /// Normal processing.
    OK = 0x9000;
    /// Warning: end of file reached before Ne octets were read.
    END_OF_FILE = 0x6282;
    /// Warning: selected file or application deactivated.
    DEACTIVATED = 0x6283;
    /// Warning: authentication failed, no further information (9303-11 §4.4.2).
    AUTHENTICATION_FAILED = 0x6300;
    /// More data available (GPC 2.3.1 §11.4.3.2).
    MORE_DATA = 0x6310;
    /// Execution error: state of memory unchanged.
    EXECUTION_ERROR = 0x6400;
    /// Execution error: memory failure.
    MEMORY_FAILURE = 0x6581;
    /// Wrong length.
    WRONG_LENGTH = 0x6700;
    /// Logical channel not supported.
    CHANNEL_NOT_SUPPORTED = 0x6881;
    /// Secure messaging not supported.
    SM_NOT_SUPPORTED = 0x6882;
    /// Last command of the chain expected.
    LAST_OF_CHAIN_EXPECTED = 0x6883;
    /// Command chaining not supported.
    CHAINING_NOT_SUPPORTED = 0x6884;
    /// Command incompatible with file structure.
    INCOMPATIBLE_WITH_FILE = 0x6981;
    /// Security status not satisfied.
    SECURITY_STATUS_NOT_SATISFIED = 0x6982;
    /// Authentication method blocked.
    AUTHENTICATION_BLOCKED = 0x6983;
    /// Reference data not usable.
    REFERENCE_DATA_NOT_USABLE = 0x6984;
    /// Conditions of use not satisfied.
    CONDITIONS_NOT_SATISFIED = 0x6985;
    /// Command not allowed: no current EF.
    NO_CURRENT_EF = 0x6986;
    /// Expected secure-messaging data objects missing.
    SM_OBJECTS_MISSING = 0x6987;
    /// Incorrect secure-messaging data objects.
    SM_OBJECTS_INCORRECT = 0x6988;
    /// Incorrect parameters in the command data field.
    WRONG_DATA = 0x6A80;
    /// Function not supported.
    FUNCTION_NOT_SUPPORTED = 0x6A81;
    /// File or application not found.
    FILE_NOT_FOUND = 0x6A82;
    /// Not enough memory space.
    NOT_ENOUGH_MEMORY = 0x6A84;
    /// Incorrect parameters P1-P2.
    WRONG_P1P2 = 0x6A86;
    /// Referenced data or reference data not found.
    REFERENCE_NOT_FOUND = 0x6A88;
    /// Wrong parameters P1-P2: offset outside the EF.
    WRONG_OFFSET = 0x6B00;
    /// Instruction code not supported.
    INS_NOT_SUPPORTED = 0x6D00;
    /// Class not supported.
    CLA_NOT_SUPPORTED = 0x6E00;
}

impl Sw {
    /// SW1.
    pub const fn sw1(self) -> u8 {
        self.0.to_be_bytes()[0]
    }

    /// SW2.
    pub const fn sw2(self) -> u8 {
        self.0.to_be_bytes()[1]
    }

    /// `61xx`: `xx` octets wait for GET RESPONSE, 00 meaning 256 or more. 7816-4 §5.6.
    pub const fn more_available(available: usize) -> Sw {
        #[allow(clippy::cast_possible_truncation)] // below 256 by the test before it
        let low = if available < 256 { available as u16 } else { 0 };
        Sw(0x6100 | low)
    }

    /// `63Cx`: `x` tries are left, at most 15 of them told. 7816-4 §5.6, TR-03110-3 §B.14.1.
    pub const fn tries_left(tries: u8) -> Sw {
        let [low, high] = [0xC0 | if tries < 15 { tries } else { 15 }, 0x63];
        Sw(u16::from_be_bytes([high, low]))
    }

    /// 9000, or `61xx`.
    pub const fn is_normal(self) -> bool {
        self.0 == 0x9000 || self.sw1() == 0x61
    }

    /// 62xx or 63xx: the command was processed, data may be present.
    pub const fn is_warning(self) -> bool {
        matches!(self.sw1(), 0x62 | 0x63)
    }

    /// Whether SCP03 and the applets may send data with this word: 9000, 61xx, 62xx, 63xx.
    pub const fn is_processed(self) -> bool {
        self.is_normal() || self.is_warning()
    }
}

impl fmt::Debug for Sw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{:04X} {name}", self.0),
            None => write!(f, "{:04X}", self.0),
        }
    }
}

impl fmt::Display for Sw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_survive_and_known_ones_are_named() {
        assert_eq!(format!("{:?}", Sw(0x6F42)), "6F42");
        assert_eq!(format!("{:?}", Sw::FILE_NOT_FOUND), "6A82 FILE_NOT_FOUND");
    }

    #[test]
    fn processed_words_are_the_normal_and_the_warning_ones() {
        for sw in Sw::NAMED {
            let by_class = matches!(sw.sw1(), 0x90 | 0x61 | 0x62 | 0x63);
            assert_eq!(sw.is_processed(), by_class, "{sw:?}");
        }
    }

    #[test]
    fn more_available_saturates_to_zero() {
        assert_eq!(Sw::more_available(5), Sw(0x6105));
        assert_eq!(Sw::more_available(256), Sw(0x6100));
    }
}
