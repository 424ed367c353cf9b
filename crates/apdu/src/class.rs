//! The class byte, 7816-4 §5.4.1, and GlobalPlatform's use of bit 8 (GPC 2.3.1 §11.1.4).
//!
//! ```text
//! first coding, channels 0 to 3        000c ss nn   GlobalPlatform 100c ss nn    ss: secure messaging, c: chaining
//! further coding, channels 4 to 19     01sc nnnn    GlobalPlatform 11s0 nnnn    nnnn: channel - 4
//! ```

/// CLA as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Class(pub u8);

/// Highest logical channel number that a class byte can name.
pub const CHANNEL_MAX: u8 = 19;

/// First channel of the further coding.
const FURTHER: u8 = 4;

impl Class {
    /// Interindustry, channel 0, no chaining, no secure messaging.
    pub const INTERINDUSTRY: Class = Class(0x00);
    /// GlobalPlatform, channel 0, no secure messaging.
    pub const GLOBALPLATFORM: Class = Class(0x80);

    /// Interindustry class, in the first coding `000x xxxx` or the further one `01xx xxxx`.
    pub const fn is_interindustry(self) -> bool {
        matches!(self.0, 0x00..=0x1F | 0x40..=0x7F)
    }

    /// Proprietary class in the codings that GlobalPlatform uses: `100x xxxx` and `11x0 xxxx`.
    pub const fn is_globalplatform(self) -> bool {
        matches!(self.0, 0x80..=0x9F | 0xC0..=0xCF | 0xE0..=0xEF)
    }

    /// The coding that names channels 4 to 19, with one bit for secure messaging.
    const fn is_further(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// Bit 5: this is not the last command of a chain.
    pub const fn is_chained(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// ISO secure messaging with the header authenticated: bits 4-3 = 11. 9303-11 §9.8 knows only this form.
    pub const fn is_iso_sm(self) -> bool {
        self.is_interindustry() && self.authenticates_header()
    }

    /// Under ISO secure messaging with the header in the MAC, be the class itself supported or not. The further coding
    /// has one bit only, which then means just this.
    pub const fn authenticates_header(self) -> bool {
        if self.is_further() { self.0 & 0x20 != 0 } else { self.0 & 0x0C == 0x0C }
    }

    /// GlobalPlatform secure messaging: class 84 to 87 or E0 to EF, and 04 to 07 for an interindustry command inside a
    /// secure channel (GPC 2.3.1 §11.1.4, Amd D §6.2.4).
    pub const fn is_gp_sm(self) -> bool {
        if self.is_further() {
            self.is_globalplatform() && self.0 & 0x20 != 0
        } else {
            (self.is_globalplatform() || self.is_interindustry()) && self.0 & 0x0C == 0x04
        }
    }

    /// Any secure-messaging indication.
    pub const fn has_sm(self) -> bool {
        if self.is_further() { self.0 & 0x20 != 0 } else { self.0 & 0x0C != 0 }
    }

    /// Logical channel, 0 to 19.
    pub const fn channel(self) -> u8 {
        if self.is_further() { FURTHER + (self.0 & 0x0F) } else { self.0 & 0x03 }
    }

    /// The same command on another channel, in the coding that this channel has. A number above [`CHANNEL_MAX`] is
    /// taken for it.
    #[must_use]
    pub const fn on_channel(self, number: u8) -> Class {
        let kept = self.0 & 0x90; // GlobalPlatform's bit and chaining
        if number < FURTHER {
            let sm = match (self.is_further(), self.has_sm(), self.is_globalplatform()) {
                (false, ..) => self.0 & 0x0C,
                (true, false, _) => 0,
                (true, true, true) => 0x04,
                (true, true, false) => 0x0C,
            };
            return Class(kept | sm | number);
        }
        let number = if number > CHANNEL_MAX { CHANNEL_MAX } else { number };
        let sm = if self.has_sm() { 0x20 } else { 0 };
        // GlobalPlatform has no chaining in this coding: with it the last channel would be FF, which is no class.
        let kept = if kept & 0x80 != 0 { kept & !0x10 } else { kept };
        Class(kept | 0x40 | sm | (number - FURTHER))
    }

    /// With the chaining bit set or cleared.
    #[must_use]
    pub const fn chained(self, more: bool) -> Class {
        Class(if more { self.0 | 0x10 } else { self.0 & !0x10 })
    }

    /// With the bits of ISO secure messaging set (`0C`).
    #[must_use]
    pub const fn with_iso_sm(self) -> Class {
        Class(self.0 | if self.is_further() { 0x20 } else { 0x0C })
    }

    /// With the bit of GlobalPlatform secure messaging set (`04`).
    #[must_use]
    pub const fn with_gp_sm(self) -> Class {
        Class(self.0 | if self.is_further() { 0x20 } else { 0x04 })
    }

    /// Without any secure-messaging indication.
    #[must_use]
    pub const fn without_sm(self) -> Class {
        Class(self.0 & if self.is_further() { !0x20 } else { !0x0C })
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
        assert!(
            Class(0x60).is_iso_sm() && !Class(0x60).is_gp_sm() && Class(0xE3).is_gp_sm() && !Class(0xE3).is_iso_sm()
        );
    }

    #[test]
    fn chaining_bit_goes_on_and_off() {
        assert_eq!(Class(0x0C).chained(true), Class(0x1C));
        assert_eq!(Class(0x1C).chained(false), Class(0x0C));
    }

    #[test]
    fn every_class_goes_to_every_channel_and_back() {
        let plain_and_protected = [0x00, 0x0C, 0x10, 0x1C, 0x80, 0x84].map(Class);
        for class in plain_and_protected {
            for number in 0..=CHANNEL_MAX {
                let moved = class.on_channel(number);
                assert_eq!(moved.channel(), number);
                assert_eq!(moved.on_channel(0), class, "{class:?} by channel {number}");
                let facts = |class: Class| {
                    (class.is_iso_sm(), class.is_gp_sm(), class.is_chained(), class.is_interindustry(), class.has_sm())
                };
                assert_eq!(facts(moved), facts(class), "{class:?} on channel {number}");
                assert_eq!(moved.without_sm(), class.without_sm().on_channel(number));
                let gp = class.is_globalplatform();
                let protect = |class: Class| if gp { class.with_gp_sm() } else { class.with_iso_sm() };
                assert_eq!(protect(moved), protect(class).on_channel(number));
            }
        }
        assert_eq!(Class(0x94).on_channel(3), Class(0x97));
        assert_eq!(Class(0x94).on_channel(CHANNEL_MAX), Class(0xEF));
        assert_eq!((Class(0x42).channel(), Class(0xC0).channel(), Class(0x83).channel()), (6, 4, 3));
        assert!(
            !Class(0xFF).is_globalplatform() && !Class(0x20).is_interindustry() && !Class(0xA0).is_globalplatform()
        );
    }
}
