//! Closed lists of the words that a profile may use: a word outside them is refused with the list of those inside.

use serde::Deserialize;

/// An enum of words: the TOML spelling and the spelling in reviews are the same.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word in the profile.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use words;

words! {
    /// Fingerprints taken from the holder.
    Prints {
        /// Two, of two fingers.
        Two = "two",
        /// None.
        None = "none",
    }
}

words! {
    /// What stands in place of prints for a holder without.
    WithoutPrints {
        /// DG3 with zero instances and random octets, 9303-10 §4.7.3.2.
        ZeroInstance = "zero-instance",
        /// No DG3 on the card.
        NoDg3 = "no-dg3",
    }
}

words! {
    /// Secure channel protocol.
    Scp {
        /// GPC 2.3.1 App. E, with keys of 3DES.
        Scp02 = "SCP02",
        /// Amd D, with keys of AES.
        Scp03 = "SCP03",
    }
}

words! {
    /// Keys on a card as it comes from its maker. A profile never holds a secret: only published keys have a name here.
    TransportKeys {
        /// The published GlobalPlatform test key 40..4F, three times.
        GpTest = "gp-test-key-40-4F",
    }
}

impl TransportKeys {
    /// Octets of each of the three keys (ENC, MAC, DEK).
    pub const fn octets(self) -> [u8; 16] {
        match self {
            Self::GpTest => *b"@ABCDEFGHIJKLMNO", // 40 41 .. 4F
        }
    }

    /// Whether everybody knows them; a production line must refuse to leave them on a card.
    pub const fn are_test_keys(self) -> bool {
        matches!(self, Self::GpTest)
    }
}

/// How card keys come out of a master key and the card's key diversification data: `"kdf3"`, or
/// `{ template = "$4 $5 $6 $7 $8 $9 0xF0 $k .." }` for a vendor's own scheme.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum Diversification {
    /// The card key is the master key.
    None,
    /// KDF3: CMAC-AES in counter mode over key number and diversification data.
    Kdf3,
    /// EMV Card Personalization Specification 1.1: 3DES over the last six octets of the diversification data.
    Emv,
    /// VISA2: 3DES over the first two and four from the fifth on.
    Visa2,
    /// VISA, the older scheme: 3DES over the first four and the last two.
    Visa,
    /// 3DES or AES over octets that the template names one by one.
    Template(String),
}

impl Diversification {
    /// The word in the profile.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Kdf3 => "kdf3",
            Self::Emv => "emv",
            Self::Visa2 => "visa2",
            Self::Visa => "visa",
            Self::Template(_) => "template",
        }
    }
}

impl core::fmt::Display for Diversification {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Template(text) => write!(f, "template `{text}`"),
            named => f.write_str(named.name()),
        }
    }
}

words! {
    /// State of the eMRTD instance.
    AppletState {
        /// Installed and selectable, GPC 2.3.1 §5.3.1.2: files may still be written.
        Selectable = "SELECTABLE",
        /// The applet's own state: sealed.
        Personalized = "PERSONALIZED",
        /// Locked: answers nobody.
        Locked = "LOCKED",
    }
}

words! {
    /// State of the card, GPC 2.3.1 §5.1.1.
    CardState {
        /// Ready for the issuer.
        OpReady = "OP_READY",
        /// Initial data loaded.
        Initialized = "INITIALIZED",
        /// In the holder's hands.
        Secured = "SECURED",
        /// Only the issuer security domain answers.
        CardLocked = "CARD_LOCKED",
        /// Dead.
        Terminated = "TERMINATED",
    }
}

words! {
    /// Record format of the face: readers take both, and from 2030 on only the newer may be written (9303-10 §4.5.6).
    FaceFormat {
        /// ISO/IEC 19794-5:2005.
        Iso19794Part5 = "iso19794-5",
        /// ISO/IEC 39794-5.
        Iso39794Part5 = "iso39794-5",
    }
}

words! {
    /// Record format of fingers.
    FingerFormat {
        /// Images, ISO/IEC 19794-4:2005.
        Iso19794Part4 = "iso19794-4",
        /// Minutiae, ISO/IEC 19794-2:2005.
        Iso19794Part2 = "iso19794-2",
        /// Images, ISO/IEC 39794-4.
        Iso39794Part4 = "iso39794-4",
    }
}

words! {
    /// Image format of a print. JPEG is not among them: its blocks spoil the ridges.
    FingerImageFormat {
        /// FBI IAFIS-IC-0110.
        Wsq = "wsq",
        /// PNG, grey.
        Png = "png",
        /// JPEG 2000.
        Jpeg2000 = "jpeg2000",
        /// Not compressed (PGM file).
        Raw = "raw",
    }
}

words! {
    /// Image format of the portrait.
    PortraitFormat {
        /// JPEG.
        Jpeg = "jpeg",
        /// JPEG 2000.
        Jpeg2000 = "jpeg2000",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_key_is_40_to_4f() {
        let expected: Vec<u8> = (0x40..=0x4F).collect();
        assert_eq!(TransportKeys::GpTest.octets().as_slice(), expected);
    }
}
