//! The class byte, 7816-4 §5.4.1, and GlobalPlatform's use of bit 8 (GPC 2.3.1 §11.1.4).

/// CLA as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Class(pub u8);

impl Class {
    /// Interindustry, channel 0, no chaining, no secure messaging.
    pub const INTERINDUSTRY: Class = Class(0x00);
    /// GlobalPlatform, channel 0, no secure messaging.
    pub const GLOBALPLATFORM: Class = Class(0x80);

    /// Interindustry class in the first coding (channels 0 to 3): `000x xxxx`.
    pub const fn is_interindustry(self) -> bool {
        self.0 & 0xE0 == 0
    }

    /// Proprietary class in the coding that GlobalPlatform uses for channels 0 to 3: `100x xxxx`.
    pub const fn is_globalplatform(self) -> bool {
        self.0 & 0xE0 == 0x80
    }

    /// Bit 5: this is not the last command of a chain.
    pub const fn is_chained(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// ISO secure messaging with the header authenticated: bits 4-3 = 11. 9303-11 §9.8 knows only this form.
    pub const fn is_iso_sm(self) -> bool {
        self.is_interindustry() && self.0 & 0x0C == 0x0C
    }

    /// Bits 4-3 = 11 under whatever class: protected by ISO secure messaging, be the class itself supported or not.
    pub const fn authenticates_header(self) -> bool {
        self.0 & 0x0C == 0x0C
    }

    /// GlobalPlatform secure messaging: class 84, bits 4-3 = 01 (Amd D §6.2.4).
    pub const fn is_gp_sm(self) -> bool {
        self.is_globalplatform() && self.0 & 0x0C == 0x04
    }

    /// Any secure-messaging indication in bits 4-3.
    pub const fn has_sm(self) -> bool {
        self.0 & 0x0C != 0
    }

    /// Logical channel 0 to 3.
    pub const fn channel(self) -> u8 {
        self.0 & 0x03
    }

    /// With the chaining bit set or cleared.
    #[must_use]
    pub const fn chained(self, more: bool) -> Class {
        Class(if more { self.0 | 0x10 } else { self.0 & !0x10 })
    }

    /// With the bits of ISO secure messaging set (`0C`).
    #[must_use]
    pub const fn with_iso_sm(self) -> Class {
        Class(self.0 | 0x0C)
    }

    /// With the bit of GlobalPlatform secure messaging set (`04`).
    #[must_use]
    pub const fn with_gp_sm(self) -> Class {
        Class(self.0 | 0x04)
    }

    /// Without any secure-messaging indication.
    #[must_use]
    pub const fn without_sm(self) -> Class {
        Class(self.0 & !0x0C)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_secure_messaging_forms_do_not_overlap() {
        assert!(Class(0x0C).is_iso_sm() && !Class(0x0C).is_gp_sm());
        assert!(Class(0x84).is_gp_sm() && !Class(0x84).is_iso_sm());
        assert!(!Class(0x8C).is_iso_sm() && !Class(0x8C).is_gp_sm());
        assert!(Class(0x8C).has_sm() && Class(0x8C).authenticates_header() && !Class(0x84).authenticates_header());
    }

    #[test]
    fn chaining_bit_goes_on_and_off() {
        assert_eq!(Class(0x0C).chained(true), Class(0x1C));
        assert_eq!(Class(0x1C).chained(false), Class(0x0C));
    }
}
