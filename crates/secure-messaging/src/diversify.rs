//! Keys of one card out of a master key: GlobalPlatform's KDF3 with AES, three schemes with 3DES, and a language of
//! templates for what vendors made of them. k = 1 ENC, 2 MAC, 3 DEK.
//!
//! ```text
//! KDF3        block n, from 1 on = CMAC(master, n ‖ 00 00 00 ‖ k ‖ 00 ‖ KDD)
//! with 3DES   ECB(master, S ‖ F0 ‖ k ‖ S ‖ 0F ‖ k), where S is of the KDD
//!             [4..10] in EMV CPS 1.1, [0..2] ‖ [4..8] in VISA2, [0..4] ‖ [8..10] in VISA
//! template    words apart by spaces: [3DES | AES | CMAC]  then $0 to $9 octets of the KDD, $k, $n, octets in hex
//! ```
//! KDF3 has no length field: the first block of a 32-octet key is the 16-octet key. A template is one block of 16
//! octets of 3DES in ECB mode, unless its first word says AES (ECB too) or CMAC (of any length); `$n` counts the blocks
//! that make a key as long as the master.

use crate::aes_key::{AesKey, BLOCK};
use crate::session_key::{BLOCK_MAX, SessionKey};
use crate::sm::Cipher;
use crate::{KeyLength, KeySet, aes_key};
use core::fmt;
use core::str::FromStr;
use zeroize::Zeroizing;

/// The three keys of the card with this key diversification data, each as long as the master key (16, 24 or 32 octets).
///
/// # Errors
/// [`KeyLength`] for a master key of no AES length.
pub fn kdf3(master: &[u8], kdd: &[u8; 10]) -> Result<KeySet, KeyLength> {
    let key = AesKey::new(master)?;
    let derive = |k| derive(&key, k, kdd, master.len());
    KeySet::new(&derive(1), &derive(2), &derive(3))
}

fn derive(master: &AesKey, k: u8, kdd: &[u8; 10], octets: usize) -> Zeroizing<Vec<u8>> {
    let mut derived = Zeroizing::new(Vec::with_capacity(2 * aes_key::BLOCK));
    for n in 1..=2 {
        let block = Zeroizing::new(master.cmac(&[&[n, 0, 0, 0, k, 0], kdd]));
        let missing = octets.saturating_sub(derived.len()).min(BLOCK);
        derived.extend_from_slice(block.get(..missing).unwrap_or_default());
    }
    derived
}

/// Which octets of the key diversification data a 3DES scheme takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DesScheme {
    /// EMV Card Personalization Specification 1.1: the last six.
    Emv,
    /// VISA2: the first two and four from the fifth on.
    Visa2,
    /// VISA: the first four and the last two.
    Visa,
}

/// The three keys of the card with this key diversification data, from a master key of 16 octets.
///
/// # Errors
/// [`KeyLength`] for a master key of another length.
pub fn des(scheme: DesScheme, master: &[u8], kdd: &[u8; 10]) -> Result<KeySet, KeyLength> {
    let master = SessionKey::new(Cipher::TripleDes, master)?;
    let [k0, k1, k2, k3, k4, k5, k6, k7, k8, k9] = *kdd;
    let source = match scheme {
        DesScheme::Emv => [k4, k5, k6, k7, k8, k9],
        DesScheme::Visa2 => [k0, k1, k4, k5, k6, k7],
        DesScheme::Visa => [k0, k1, k2, k3, k8, k9],
    };
    let derive = |k| {
        let mut key = Zeroizing::new([0; 16]);
        let octets = source.into_iter().chain([0xF0, k]).chain(source).chain([0x0F, k]);
        key.iter_mut().zip(octets).for_each(|(to, octet)| *to = octet);
        // ECB: each block as a CBC of its own.
        key.chunks_mut(8).for_each(|block| master.cbc_encrypt([0; BLOCK_MAX], block));
        key
    };
    KeySet::triple_des(&*derive(1), &*derive(2), &*derive(3))
}

/// How the keys of one card come out of a master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// GlobalPlatform's KDF3.
    Kdf3,
    /// With 3DES, known by name.
    Des(DesScheme),
    /// A vendor's own.
    Template(Template),
}

impl Scheme {
    /// The three keys of the card with this key diversification data.
    ///
    /// # Errors
    /// [`KeyLength`] for a master key of a length that the scheme does not take.
    pub fn keys(&self, master: &[u8], kdd: &[u8; 10]) -> Result<KeySet, KeyLength> {
        match self {
            Self::Kdf3 => kdf3(master, kdd),
            Self::Des(scheme) => des(*scheme, master, kdd),
            Self::Template(template) => template.keys(master, kdd),
        }
    }
}

/// KDF3, EMV, VISA2, VISA, or a template.
impl FromStr for Scheme {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        match text.trim() {
            "KDF3" => Ok(Self::Kdf3),
            "EMV" => Ok(Self::Des(DesScheme::Emv)),
            "VISA2" => Ok(Self::Des(DesScheme::Visa2)),
            "VISA" => Ok(Self::Des(DesScheme::Visa)),
            template => template.parse().map(Self::Template),
        }
    }
}

/// What a template does with its octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    TripleDes,
    Aes,
    Cmac,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Octet(u8),
    Kdd(u8),
    KeyNumber,
    BlockNumber,
}

/// A scheme in the words of its vendor: `$4 $5 $6 $7 $8 $9 F0 $k $4 $5 $6 $7 $8 $9 0F $k` is EMV CPS 1.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    method: Method,
    words: Vec<Word>,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A word that means nothing.
    #[error("template, word {place}: '{word}' is not $0 to $9, $k, $n or an octet in hex such as F0")]
    Word {
        /// Which word, from 1 on.
        place: usize,
        /// The word.
        word: String,
    },
    /// A number of octets that is no block.
    #[error("template: {octets} octets, where {method} makes a key from 16")]
    Octets {
        /// Octets that the words make.
        octets: usize,
        /// The method.
        method: &'static str,
    },
    /// All three keys would be the same.
    #[error("template: $k does not occur, so ENC, MAC and DEK would be one key")]
    NoKeyNumber,
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let mut parts = text.split_whitespace().enumerate().peekable();
        let method = match parts.peek().map(|(_, word)| *word) {
            Some("AES") => Some(Method::Aes),
            Some("CMAC") => Some(Method::Cmac),
            Some("3DES") => Some(Method::TripleDes),
            _ => None,
        };
        if method.is_some() {
            parts.next();
        }
        let words = parts.map(|(index, word)| {
            word_of(word).ok_or_else(|| TemplateError::Word { place: index + 1, word: word.to_owned() })
        });
        let words = words.collect::<Result<Vec<Word>, TemplateError>>()?;
        let method = method.unwrap_or(Method::TripleDes);
        let name = if method == Method::Aes { "AES" } else { "3DES" };
        if method != Method::Cmac && words.len() != BLOCK {
            return Err(TemplateError::Octets { octets: words.len(), method: name });
        }
        if !words.contains(&Word::KeyNumber) {
            return Err(TemplateError::NoKeyNumber);
        }
        Ok(Self { method, words })
    }
}

fn word_of(word: &str) -> Option<Word> {
    match word {
        "$k" => return Some(Word::KeyNumber),
        "$n" => return Some(Word::BlockNumber),
        _ => {}
    }
    match *word.as_bytes() {
        [b'$', digit @ b'0'..=b'9'] => Some(Word::Kdd(digit - b'0')),
        [b'0', b'x', _, _] | [_, _] if !word.starts_with(['$', '+']) => {
            u8::from_str_radix(word.trim_start_matches("0x"), 16).ok().map(Word::Octet)
        }
        _ => None,
    }
}

impl Template {
    /// The three keys of the card with this key diversification data.
    ///
    /// # Errors
    /// [`KeyLength`] for a master key of a length that the method does not take, or longer than 16 octets where the
    /// template does not count blocks.
    pub fn keys(&self, master: &[u8], kdd: &[u8; 10]) -> Result<KeySet, KeyLength> {
        if self.method == Method::TripleDes {
            let key = SessionKey::new(Cipher::TripleDes, master)?;
            let derive = |k| {
                let mut block = self.octets(k, 1, kdd);
                block.chunks_mut(8).for_each(|half| key.cbc_encrypt([0; BLOCK_MAX], half));
                block
            };
            return KeySet::triple_des(&derive(1), &derive(2), &derive(3));
        }
        let counts = self.words.contains(&Word::BlockNumber);
        if master.len() > BLOCK && !counts {
            return Err(KeyLength(master.len()));
        }
        let key = AesKey::new(master)?;
        let derive = |k| {
            let mut derived = Zeroizing::new(Vec::with_capacity(2 * BLOCK));
            for n in 1..=2 {
                let mut octets = self.octets(k, n, kdd);
                match self.method {
                    Method::Cmac => derived.extend_from_slice(&*Zeroizing::new(key.cmac(&[&octets]))),
                    Method::Aes | Method::TripleDes => {
                        key.cbc_encrypt([0; BLOCK], &mut octets);
                        derived.extend_from_slice(&octets);
                    }
                }
            }
            derived.truncate(master.len());
            derived
        };
        KeySet::new(&derive(1), &derive(2), &derive(3))
    }

    fn octets(&self, k: u8, n: u8, kdd: &[u8; 10]) -> Zeroizing<Vec<u8>> {
        let octets = self.words.iter().map(|word| match word {
            Word::Octet(octet) => *octet,
            Word::Kdd(index) => kdd.get(usize::from(*index)).copied().unwrap_or_default(),
            Word::KeyNumber => k,
            Word::BlockNumber => n,
        });
        Zeroizing::new(octets.collect())
    }
}

/// The words, one space apart, octets in upper case: what [`FromStr`] reads.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.method {
            Method::TripleDes => "3DES",
            Method::Aes => "AES",
            Method::Cmac => "CMAC",
        })?;
        self.words.iter().try_for_each(|word| match word {
            Word::Octet(octet) => write!(f, " {octet:02X}"),
            Word::Kdd(index) => write!(f, " ${index}"),
            Word::KeyNumber => f.write_str(" $k"),
            Word::BlockNumber => f.write_str(" $n"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::vectors;

    #[test]
    fn keys_and_check_values_of_every_master_length() {
        for case in vectors(include_str!("../../../test-vectors/globalplatform/key_diversification.toml")) {
            let kdd = case.octets("kdd").try_into().unwrap();
            let keys = kdf3(&case.octets("master"), &kdd).unwrap();
            for ((name, key), kcv) in ["enc", "mac", "dek"].iter().zip(keys.keys()).zip(keys.kcvs().unwrap()) {
                if let Some(expected) = case.maybe(name) {
                    assert_eq!(key, expected, "{} {name}", case.name());
                }
                if let Some(expected) = case.maybe(&format!("kcv_{name}")) {
                    assert_eq!(kcv.to_vec(), expected, "{} {name}", case.name());
                }
            }
        }
    }

    #[test]
    fn a_master_key_of_another_length_is_refused() {
        assert_eq!(kdf3(&[0; 20], &[0; 10]).err(), Some(KeyLength(20)));
    }

    #[test]
    fn keys_and_check_values_of_the_schemes_with_3des() {
        for case in vectors(include_str!("../../../test-vectors/globalplatform/key_diversification_des.toml")) {
            let scheme = match case.text("scheme") {
                "EMV" => DesScheme::Emv,
                "VISA2" => DesScheme::Visa2,
                "VISA" => DesScheme::Visa,
                other => panic!("{other}"),
            };
            let keys = des(scheme, &case.octets("master"), &case.octets("kdd").try_into().unwrap()).unwrap();
            for ((name, key), kcv) in ["enc", "mac", "dek"].iter().zip(keys.keys()).zip(keys.kcvs().unwrap()) {
                assert_eq!(key, case.octets(name), "{} {name}", case.name());
                assert_eq!(kcv.to_vec(), case.octets(&format!("kcv_{name}")), "{} {name}", case.name());
            }
        }
        assert_eq!(des(DesScheme::Emv, &[0; 24], &[0; 10]).err(), Some(KeyLength(24)));
    }

    #[test]
    fn the_known_schemes_written_as_templates_give_the_same_keys() {
        let source = |kdd: &str| format!("{kdd} F0 $k {kdd} 0x0F $k");
        let kdf3_text = "CMAC $n 00 00 00 $k 00 $0 $1 $2 $3 $4 $5 $6 $7 $8 $9";
        let kdd = [0xD9, 0xB1, 0xDE, 0x5D, 0x03, 0x62, 0xDE, 0xDC, 0xE4, 0xFB];
        for (name, text, lengths) in [
            ("EMV", source("$4 $5 $6 $7 $8 $9"), &[16usize][..]),
            ("VISA2", source("$0 $1 $4 $5 $6 $7"), &[16]),
            ("VISA", source("$0 $1 $2 $3 $8 $9"), &[16]),
            ("KDF3", kdf3_text.to_owned(), &[16, 24, 32]),
        ] {
            let (scheme, template) = (name.parse::<Scheme>().unwrap(), text.parse::<Template>().unwrap());
            assert_eq!(template.to_string().parse::<Template>().unwrap(), template);
            for length in lengths {
                let master: Vec<u8> = (0x40..).take(*length).collect();
                let (expected, keys) = (scheme.keys(&master, &kdd).unwrap(), template.keys(&master, &kdd).unwrap());
                assert_eq!((keys.key_type(), keys.keys()), (expected.key_type(), expected.keys()), "{name} {length}");
                let scheme = Scheme::Template(template.clone());
                assert_eq!(scheme.keys(&master, &kdd).unwrap().keys(), expected.keys());
            }
            assert_eq!(template.keys(&[0; 20], &kdd).err(), Some(KeyLength(20)));
        }
    }

    /// Variants that no name is given to, by a second implementation.
    #[test]
    fn templates_of_vendors() {
        for case in vectors(include_str!("../../../test-vectors/globalplatform/key_diversification_templates.toml")) {
            let scheme: Scheme = case.text("template").parse().unwrap();
            let keys = scheme.keys(&case.octets("master"), &case.octets("kdd").try_into().unwrap()).unwrap();
            for (name, key) in ["enc", "mac", "dek"].iter().zip(keys.keys()) {
                assert_eq!(key, case.octets(name), "{} {name}", case.name());
            }
        }
    }

    #[test]
    fn a_text_that_is_no_template_is_told_where() {
        let refused = |text: &str| text.parse::<Scheme>().err().unwrap();
        for (word, place) in [("$10", 2), ("$a", 2), ("F", 2), ("F00", 2), ("0xF", 2), ("+F", 2), ("GG", 2)] {
            let expected = TemplateError::Word { place, word: word.to_owned() };
            assert_eq!(refused(&format!("$k {word} 00")), expected);
        }
        assert_eq!(refused("AES F0 VISA3"), TemplateError::Word { place: 3, word: "VISA3".to_owned() });
        assert_eq!(refused("$k 00 00"), TemplateError::Octets { octets: 3, method: "3DES" });
        assert_eq!(refused(""), TemplateError::Octets { octets: 0, method: "3DES" });
        assert_eq!(refused(&"00 ".repeat(16)), TemplateError::NoKeyNumber);
        let told = refused("$k what").to_string();
        assert!(told.contains("word 2") && told.contains("'what'"), "{told}");
        // Long keys out of one block would repeat it.
        let template: Template = "CMAC $k $0".parse().unwrap();
        assert_eq!(template.keys(&[1; 32], &[0; 10]).err(), Some(KeyLength(32)));
    }
}
