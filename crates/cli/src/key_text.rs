//! Key files: keys of a security domain as text, `name = value` a line.
//!
//! ```text
//! type = AES                   or 3DES; default AES
//! enc = 4041..4F               the three keys, or `key = ..` for all three
//! mac = 4041..4F
//! dek = 4041..4F
//! diversification = kdf3       none, kdf3, emv, visa2: the keys are masters, a card's own keys are made of them
//!
//! type = EC public             a single key, for DAP blocks, tokens, receipts
//! id = 73
//! curve = P-256                or P-384, P-521
//! point = 04..                 uncompressed
//!
//! type = RSA public
//! id = 73
//! modulus = ..
//! exponent = 010001
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use bitaqa_curves::Curve;
use bitaqa_secure_messaging::diversify::{self, DesScheme};
use bitaqa_secure_messaging::put_key::{KeyKind, NewKey};
use bitaqa_secure_messaging::{KeyLength, KeySet, KeyType};
use zeroize::Zeroizing;

use crate::exit::{Failure, Problem};

/// The published test key of GlobalPlatform, which is no secret.
pub const DEFAULT: [u8; 16] =
    [0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F];

/// How a card's keys come out of those in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Diversification {
    None,
    Kdf3,
    Des(DesScheme),
}

/// Keys out of a file.
pub enum Keys {
    /// Those of a secure channel.
    Set(KeySource),
    /// A single public key.
    Single(NewKey),
}

/// The three keys of a secure channel, or masters of them.
pub struct KeySource {
    /// `None`: whichever kind the card's protocol takes; only the published key is given so.
    key_type: Option<KeyType>,
    keys: [Zeroizing<Vec<u8>>; 3],
    diversification: Diversification,
}

impl KeySource {
    /// The published test key, of the kind that the card's protocol takes.
    pub fn published() -> Self {
        let keys = [DEFAULT; 3].map(|key| Zeroizing::new(key.to_vec()));
        Self { key_type: None, keys, diversification: Diversification::None }
    }

    /// Whether any of the keys is the published one.
    pub fn is_published(&self) -> bool {
        self.keys.iter().any(|key| key.as_slice() == DEFAULT)
    }

    /// The keys of a card, for a protocol (02 or 03).
    ///
    /// # Errors
    /// In words, when they are of another kind or length.
    pub fn of_card(&self, protocol: u8, kdd: &[u8; 10]) -> Result<KeySet, String> {
        let wanted = if protocol == 0x02 { KeyType::TripleDes } else { KeyType::Aes };
        let key_type = self.key_type.unwrap_or(wanted);
        if key_type != wanted {
            return Err(format!(
                "the card speaks SCP{protocol:02X}, which takes {wanted:?} keys; these are {key_type:?}"
            ));
        }
        let [enc, mac, dek] = &self.keys;
        let made = match (self.diversification, key_type) {
            (Diversification::None, KeyType::Aes) => KeySet::new(enc, mac, dek),
            (Diversification::None, KeyType::TripleDes) => KeySet::triple_des(enc, mac, dek),
            (Diversification::Kdf3, _) => diversify::kdf3(enc, kdd),
            (Diversification::Des(scheme), _) => diversify::des(scheme, enc, kdd),
        };
        made.map_err(|KeyLength(octets)| format!("a key of {octets} octets is none of {key_type:?}"))
    }
}

/// Reads a key file.
///
/// # Errors
/// Bad input with the line, for whatever is no key; never with a value.
pub fn read(path: &Path) -> Result<Keys, Failure> {
    let remedy = "write it as docs/operator.md shows, under Key files";
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| Failure::input(path, error, remedy))?;
    parse(&text).map_err(|(field, what)| {
        Failure::problems(vec![Problem { file: path.display().to_string(), field, what, remedy: remedy.into() }])
    })
}

type Fields = BTreeMap<String, Zeroizing<String>>;

/// Reads the text of a key file.
///
/// # Errors
/// Line or name, and what is wrong there; never with a value.
pub fn parse(text: &str) -> Result<Keys, (String, String)> {
    let mut fields = Fields::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let place = || format!("line {}", index + 1);
        let (name, value) = line.split_once('=').ok_or_else(|| (place(), "is not `name = value`".to_owned()))?;
        if name.trim().is_empty() {
            return Err((place(), "has no name before `=`".to_owned()));
        }
        let (name, value) = (name.trim().to_lowercase(), Zeroizing::new(value.trim().to_owned()));
        if fields.insert(name.clone(), value).is_some() {
            return Err((place(), format!("`{name}` is there twice")));
        }
    }
    let kind = fields.remove("type").map_or_else(|| "AES".to_owned(), |kind| kind.to_uppercase());
    let keys = match kind.as_str() {
        "AES" => Keys::Set(set(&mut fields, KeyType::Aes)?),
        "3DES" => Keys::Set(set(&mut fields, KeyType::TripleDes)?),
        "EC PUBLIC" => Keys::Single(ec_public(&mut fields)?),
        "RSA PUBLIC" => Keys::Single(rsa_public(&mut fields)?),
        other => return Err(("type".into(), format!("`{other}` is none of AES, 3DES, EC public, RSA public"))),
    };
    match fields.keys().next() {
        Some(unknown) => Err((unknown.clone(), format!("is no field of a key of type {kind}"))),
        None => Ok(keys),
    }
}

fn set(fields: &mut Fields, key_type: KeyType) -> Result<KeySource, (String, String)> {
    let diversification = match fields.remove("diversification").as_deref().map(|name| name.to_lowercase()).as_deref() {
        None | Some("none") => Diversification::None,
        Some("kdf3") if key_type == KeyType::Aes => Diversification::Kdf3,
        Some("emv") if key_type == KeyType::TripleDes => Diversification::Des(DesScheme::Emv),
        Some("visa2") if key_type == KeyType::TripleDes => Diversification::Des(DesScheme::Visa2),
        Some(other) => {
            let what = format!("`{other}` is no scheme of {key_type:?}: none, kdf3 (AES), emv, visa2 (3DES)");
            return Err(("diversification".into(), what));
        }
    };
    let keys = match fields.remove("key") {
        Some(one) => {
            let key = octets("key", &one)?;
            [key.clone(), key.clone(), key]
        }
        None => [take(fields, "enc")?, take(fields, "mac")?, take(fields, "dek")?],
    };
    let source = KeySource { key_type: Some(key_type), keys, diversification };
    let protocol = if key_type == KeyType::Aes { 0x03 } else { 0x02 };
    // Lengths are told here, before a card is touched.
    source.of_card(protocol, &[0; 10]).map_err(|what| ("enc".to_owned(), what))?;
    let [enc, mac, dek] = &source.keys;
    if diversification != Diversification::None && (enc != mac || enc != dek) {
        return Err(("diversification".into(), "one master key makes all three: give it as `key`".into()));
    }
    Ok(source)
}

fn ec_public(fields: &mut Fields) -> Result<NewKey, (String, String)> {
    let curve = match fields.remove("curve").as_deref().map(String::as_str) {
        Some("P-256") => Curve::P256,
        Some("P-384") => Curve::P384,
        Some("P-521") => Curve::P521,
        _ => return Err(("curve".into(), "one of P-256, P-384, P-521 is due".into())),
    };
    let (id, point) = (identifier(fields)?, take(fields, "point")?);
    NewKey::new(id, KeyKind::EcPublic(curve), &point).map_err(|error| ("point".into(), error.to_string()))
}

fn rsa_public(fields: &mut Fields) -> Result<NewKey, (String, String)> {
    let (id, modulus, exponent) = (identifier(fields)?, take(fields, "modulus")?, take(fields, "exponent")?);
    NewKey::rsa_public(id, &modulus, &exponent).map_err(|error| ("modulus".into(), error.to_string()))
}

fn identifier(fields: &mut Fields) -> Result<u8, (String, String)> {
    match take(fields, "id")?.as_slice() {
        [id @ 1..=0x7F] => Ok(*id),
        _ => Err(("id".into(), "a key identifier is one octet, 01 to 7F".into())),
    }
}

fn take(fields: &mut Fields, name: &str) -> Result<Zeroizing<Vec<u8>>, (String, String)> {
    let value = fields.remove(name).ok_or_else(|| (name.to_owned(), "is missing".to_owned()))?;
    octets(name, &value)
}

fn octets(name: &str, value: &str) -> Result<Zeroizing<Vec<u8>>, (String, String)> {
    hex::decode(value).map(Zeroizing::new).map_err(|_| (name.to_owned(), "is not hexadecimal".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_of(text: &str) -> KeySource {
        match parse(text) {
            Ok(Keys::Set(source)) => source,
            Ok(Keys::Single(_)) => panic!("a single key"),
            Err(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn keys_are_read_and_diversified() {
        let kdd = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        let plain = set_of("key = 404142434445464748494A4B4C4D4E4F # published\n");
        assert!(plain.is_published());
        assert_eq!(plain.of_card(3, &kdd).unwrap().keys(), [DEFAULT; 3]);
        // Check values of test-vectors/globalplatform/key_diversification.toml.
        let master = set_of("type = AES\nkey = 404142434445464748494A4B4C4D4E4F\ndiversification = KDF3\n");
        assert_eq!(master.of_card(3, &kdd).unwrap().kcvs().unwrap()[0], [0xE7, 0x9C, 0x05]);
        let des = set_of("type=3DES\nkey=404142434445464748494A4B4C4D4E4F\ndiversification=emv");
        assert_eq!(des.of_card(2, &kdd).unwrap().kcvs().unwrap()[0], [0xC3, 0x30, 0x13]);
        assert!(des.of_card(3, &kdd).unwrap_err().contains("SCP03"));
        let either = KeySource::published();
        assert!(either.of_card(2, &kdd).is_ok() && either.of_card(3, &kdd).is_ok());
    }

    #[test]
    fn what_is_wrong_is_told_without_values() {
        for (text, field) in [
            ("enc = 40", "mac"),
            ("key = 4041", "enc"),
            ("key = SECRETX", "key"),
            ("nothing", "line 1"),
            ("key = 40\nkey = 41", "line 2"),
            ("type = DSA\nkey = 40", "type"),
            ("key = 404142434445464748494A4B4C4D4E4F\ncolour = red", "colour"),
            ("key = 404142434445464748494A4B4C4D4E4F\ndiversification = emv", "diversification"),
            ("type = EC public\nid = 73\ncurve = P-256\npoint = 04", "point"),
            ("type = RSA public\nid = FF\nmodulus = 80\nexponent = 03", "id"),
        ] {
            let (at, what) = parse(text).err().unwrap();
            assert_eq!(at, field, "{text}");
            assert!(!what.contains("SECRETX") && !what.contains("4041"), "{what}");
        }
    }
}
