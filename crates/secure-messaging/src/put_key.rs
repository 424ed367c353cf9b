//! PUT KEY for keys of any kind, GPC 2.3.1 §11.8 and Amd D §7.2: built by the host, unwrapped by the card.
//!
//! ```text
//! new KVN, then for each key, identifiers counting up from P2:
//!   3DES     80  LL [16]                                            03 KCV
//!   AES      88  LL [key octets ‖ encrypted key, whole blocks]      03 KCV
//!   RSA      A1  LL modulus             A0  LL public exponent      00
//!   EC       B0  LL point 04 x y        F0  01 curve                00
//!   EC       B1  LL [octets ‖ encrypted private key]  F0  01 curve  00
//! response: new KVN ‖ KCV of each key, none for asymmetric keys
//! ```
//! Key types may come as `FF xx`, which is the extended format: usage qualifier and access follow the check value.
//! Not here: own curve parameters (B2 to B7), private keys of RSA, HMAC keys.

use crate::{DataEncryption, KeyLength, KeySet, KeyType, kcv};
use bitaqa_apdu::tlv::{self, Reader};
use bitaqa_apdu::{Command, Sw, ins};
use bitaqa_curves::{Curve, Point, SecretScalar};
use core::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// First octet of a key type in the extended format.
const EXTENDED: u8 = 0xFF;
/// Key type of the reference to curve parameters.
const CURVE: u8 = 0xF0;
/// Key type of an RSA public exponent, which stands beside its modulus.
const EXPONENT: u8 = 0xA0;

/// What a key is for the card, GPC 2.3.1 Table 11-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Two-key 3DES, 16 octets.
    TripleDes,
    /// AES, 16, 24 or 32 octets.
    Aes,
    /// RSA public key; its value are the objects `81 modulus 82 exponent`.
    RsaPublic,
    /// Public key on a curve: uncompressed point.
    EcPublic(Curve),
    /// Private key on a curve: as many octets as the field has.
    EcPrivate(Curve),
}

impl KeyKind {
    /// Key type of the first component.
    pub const fn code(self) -> u8 {
        match self {
            Self::TripleDes => 0x80,
            Self::Aes => 0x88,
            Self::RsaPublic => 0xA1,
            Self::EcPublic(_) => 0xB0,
            Self::EcPrivate(_) => 0xB1,
        }
    }

    /// Key parameter reference, 00 for kinds without one.
    pub fn parameter(self) -> u8 {
        match self {
            Self::EcPublic(curve) | Self::EcPrivate(curve) => curve_reference(curve).unwrap_or_default(),
            _ => 0,
        }
    }

    /// Inverse of [`Self::code`] and [`Self::parameter`], for keys that lie in a card's memory.
    pub fn from_code(code: u8, parameter: u8) -> Option<Self> {
        match code {
            // 81 to 83 once told the modes of DES apart; hosts of that time still send them.
            0x80..=0x83 => Some(Self::TripleDes),
            0x88 => Some(Self::Aes),
            0xA1 => Some(Self::RsaPublic),
            0xB0 => curve_of(parameter).map(Self::EcPublic),
            0xB1 => curve_of(parameter).map(Self::EcPrivate),
            _ => None,
        }
    }
}

/// Key parameter references, GPC 2.3.1 Table B-2; the twisted Brainpool curves are not spoken here.
const CURVES: &[(u8, Curve)] = &[
    (0x00, Curve::P256),
    (0x01, Curve::P384),
    (0x02, Curve::P521),
    (0x03, Curve::BrainpoolP256r1),
    (0x05, Curve::BrainpoolP384r1),
    (0x07, Curve::BrainpoolP512r1),
];

fn curve_of(reference: u8) -> Option<Curve> {
    CURVES.iter().find(|(number, _)| *number == reference).map(|(_, curve)| *curve)
}

fn curve_reference(curve: Curve) -> Option<u8> {
    CURVES.iter().find(|(_, known)| *known == curve).map(|(number, _)| *number)
}

/// One key on its way into a security domain. Wiped when dropped; `Debug` shows what it is and not its value.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Key identifier, 00 to 7F.
    pub id: u8,
    /// What it is.
    pub kind: KeyKind,
    /// Its value in plain, as [`KeyKind`] tells.
    pub value: Zeroizing<Vec<u8>>,
    /// Key usage qualifier of the extended format, GPC 2.3.1 §11.1.9; empty in the basic one.
    pub usage: Vec<u8>,
    /// Key access of the extended format, GPC 2.3.1 §11.1.10; empty in the basic one.
    pub access: Vec<u8>,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewKey({:02X}, {:?}, {} octets)", self.id, self.kind, self.value.len())
    }
}

/// What is wrong with a key on its way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PutKeyError {
    /// Another layout than that of GPC 2.3.1 §11.8.2.3.
    #[error("PUT KEY: {0} (GPC 2.3.1 §11.8.2.3)")]
    Data(&'static str),
    /// A key type that is not loaded here.
    #[error("PUT KEY: key type {0:02X} is not supported (GPC 2.3.1 Table 11-16)")]
    KeyType(u8),
    /// A reference to curve parameters that are not here.
    #[error("PUT KEY: no curve of key parameter reference {0:02X} (GPC 2.3.1 Table B-2)")]
    Curve(u8),
    /// A value that is no key of its kind: a point off the curve, a number out of range, a wrong length.
    #[error("PUT KEY: the value of key {0:02X} is no key of its kind (GPC 2.3.1 §11.8.2.3)")]
    Value(u8),
    /// A key arrived other than it was sent.
    #[error("PUT KEY: the check value of key {0:02X} is wrong (GPC 2.3.1 §B.6)")]
    KeyCheckValue(u8),
    /// Not the three keys of a secure channel.
    #[error("not ENC, MAC and DEK of one kind and length with identifiers 01, 02, 03 (GPC 2.3.1 §E.4.1, Amd D §6.1)")]
    NoKeySet,
    /// Host: the card confirmed another version or other check values.
    #[error("PUT KEY was confirmed with another version or other check values (GPC 2.3.1 §11.8.3.1)")]
    Confirmation,
}

/// Status words of GPC 2.3.1 Table 11-78.
impl From<PutKeyError> for Sw {
    fn from(error: PutKeyError) -> Self {
        match error {
            PutKeyError::KeyCheckValue(_) => Sw::SECURITY_STATUS_NOT_SATISFIED,
            // 9484 for an algorithm that is not supported is deprecated in favour of 6A80.
            PutKeyError::Data(_)
            | PutKeyError::KeyType(_)
            | PutKeyError::Curve(_)
            | PutKeyError::Value(_)
            | PutKeyError::NoKeySet => Sw::WRONG_DATA,
            PutKeyError::Confirmation => Sw::EXECUTION_ERROR, // host only
        }
    }
}

impl NewKey {
    /// A key of the basic format.
    ///
    /// # Errors
    /// [`PutKeyError::Value`] for a value that is none of its kind, see [`KeyKind`].
    pub fn new(id: u8, kind: KeyKind, value: &[u8]) -> Result<Self, PutKeyError> {
        let wrong = PutKeyError::Value(id);
        let fits = match kind {
            KeyKind::TripleDes => value.len() == 16,
            KeyKind::Aes => matches!(value.len(), 16 | 24 | 32),
            KeyKind::RsaPublic => rsa_components(value).is_some_and(|(n, e)| !n.is_empty() && !e.is_empty()),
            KeyKind::EcPublic(curve) => Point::decode(curve, value).is_ok(),
            KeyKind::EcPrivate(curve) => {
                value.len() == curve.field_bytes() && SecretScalar::from_bytes(curve, value).is_ok()
            }
        };
        let value = Zeroizing::new(value.to_vec());
        if fits { Ok(Self { id, kind, value, usage: Vec::new(), access: Vec::new() }) } else { Err(wrong) }
    }

    /// An RSA public key.
    ///
    /// # Errors
    /// [`PutKeyError::Value`] for an empty number.
    pub fn rsa_public(id: u8, modulus: &[u8], exponent: &[u8]) -> Result<Self, PutKeyError> {
        let value = [tlv::tlv(0x81, modulus), tlv::tlv(0x82, exponent)].concat();
        Self::new(id, KeyKind::RsaPublic, &value)
    }

    /// ENC, MAC and DEK under their identifiers 01, 02, 03.
    ///
    /// # Errors
    /// None in practice: a [`KeySet`] has keys of right lengths.
    pub fn of_set(set: &KeySet) -> Result<Vec<Self>, PutKeyError> {
        let kind = match set.key_type() {
            KeyType::Aes => KeyKind::Aes,
            KeyType::TripleDes => KeyKind::TripleDes,
        };
        (1..=3).zip(set.keys()).map(|(id, key)| Self::new(id, kind, key)).collect()
    }

    /// Modulus and exponent of an RSA public key.
    pub fn rsa(&self) -> Option<(&[u8], &[u8])> {
        if self.kind == KeyKind::RsaPublic { rsa_components(&self.value) } else { None }
    }

    /// Check value, `None` for asymmetric keys (GPC 2.3.1 §11.8.2.3.5).
    pub fn check_value(&self) -> Option<[u8; 3]> {
        let key_type = match self.kind {
            KeyKind::Aes => KeyType::Aes,
            KeyKind::TripleDes => KeyType::TripleDes,
            _ => return None,
        };
        kcv(key_type, &self.value).ok()
    }

    /// Key type and octets of each component, as the key information template tells them (GPC 2.3.1 §11.3.3.1).
    pub fn components(&self) -> Vec<(u8, usize)> {
        match self.kind {
            KeyKind::RsaPublic => {
                let (modulus, exponent) = self.rsa().unwrap_or_default();
                vec![(self.kind.code(), modulus.len()), (EXPONENT, exponent.len())]
            }
            KeyKind::EcPublic(_) | KeyKind::EcPrivate(_) => vec![(self.kind.code(), self.value.len()), (CURVE, 1)],
            KeyKind::TripleDes | KeyKind::Aes => vec![(self.kind.code(), self.value.len())],
        }
    }
}

fn rsa_components(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Reader::new(value);
    let components = (reader.expect(0x81).ok()?, reader.expect(0x82).ok()?);
    reader.finish().ok().map(|()| components)
}

/// The set of a secure channel out of what PUT KEY brought.
///
/// # Errors
/// [`PutKeyError::NoKeySet`] for anything else than ENC, MAC and DEK of one kind and length.
pub fn key_set(keys: &[NewKey]) -> Result<KeySet, PutKeyError> {
    let [enc, mac, dek] = keys else { return Err(PutKeyError::NoKeySet) };
    if [enc.id, mac.id, dek.id] != [1, 2, 3] || enc.kind != mac.kind || enc.kind != dek.kind {
        return Err(PutKeyError::NoKeySet);
    }
    let make = match enc.kind {
        KeyKind::Aes => KeySet::new,
        KeyKind::TripleDes => KeySet::triple_des,
        _ => return Err(PutKeyError::NoKeySet),
    };
    make(&enc.value, &mac.value, &dek.value).map_err(|_: KeyLength| PutKeyError::NoKeySet)
}

/// Host: the whole command. `replaced_kvn` is the version to replace, 00 to add new keys; `channel` is the session, or
/// its data encryption key. Identifiers of several keys must follow one another.
///
/// # Errors
/// [`PutKeyError::Data`] for no keys or identifiers with gaps, [`PutKeyError::Value`] for a key that does not fit.
pub fn build(kvn: u8, replaced_kvn: u8, keys: &[NewKey], channel: &dyn DataEncryption) -> Result<Command, PutKeyError> {
    let first = keys.first().ok_or(PutKeyError::Data("no key"))?.id;
    if !keys.iter().zip(first..).all(|(key, id)| key.id == id) || keys.iter().any(|key| key.id > 0x7F) {
        return Err(PutKeyError::Data("identifiers that do not follow one another"));
    }
    let several = if keys.len() > 1 { 0x80 } else { 0 };
    let data = data_field(kvn, keys, channel)?;
    Ok(Command::globalplatform(ins::PUT_KEY, replaced_kvn, several | first).data(data).ne(256))
}

/// Host: the data field of [`build`].
///
/// # Errors
/// [`PutKeyError::Value`] for a key that does not fit its field.
pub fn data_field(kvn: u8, keys: &[NewKey], channel: &dyn DataEncryption) -> Result<Vec<u8>, PutKeyError> {
    let mut data = vec![kvn];
    for key in keys {
        let mut component = |code: u8, block: &[u8]| {
            if !key.usage.is_empty() || !key.access.is_empty() {
                data.push(EXTENDED);
            }
            data.push(code);
            put_length(&mut data, block.len());
            data.extend_from_slice(block);
        };
        match key.kind {
            KeyKind::TripleDes | KeyKind::Aes | KeyKind::EcPrivate(_) => {
                component(key.kind.code(), &secret_block(key, channel)?);
            }
            KeyKind::EcPublic(_) => component(key.kind.code(), &key.value),
            KeyKind::RsaPublic => {
                let (modulus, exponent) = key.rsa().ok_or(PutKeyError::Value(key.id))?;
                component(key.kind.code(), modulus);
                component(EXPONENT, exponent);
            }
        }
        if let KeyKind::EcPublic(curve) | KeyKind::EcPrivate(curve) = key.kind {
            component(CURVE, &[curve_reference(curve).ok_or(PutKeyError::Value(key.id))?]);
        }
        let check_value = key.check_value();
        let mut fields = vec![check_value.as_ref().map_or(&[][..], |kcv| &kcv[..])];
        if !key.usage.is_empty() || !key.access.is_empty() {
            fields.extend([&key.usage[..], &key.access[..]]);
        }
        for field in fields {
            data.push(u8::try_from(field.len()).ok().filter(|n| *n < 0x80).ok_or(PutKeyError::Value(key.id))?);
            data.extend_from_slice(field);
        }
    }
    Ok(data)
}

/// Key component block of a secret value. With AES the length stands in front (Amd D Table 7-10); with 3DES it is left
/// out where the value has whole blocks, which is the form that cards of that time know (GPC 2.3.1 Table 11-71).
fn secret_block(key: &NewKey, channel: &dyn DataEncryption) -> Result<Vec<u8>, PutKeyError> {
    let block = channel.key_block();
    // Amd D §7.2.1 allows any filling of the last block; zeros tell nothing.
    let mut blocks = Zeroizing::new(vec![0; key.value.len().next_multiple_of(block)]);
    blocks.iter_mut().zip(key.value.iter()).for_each(|(to, from)| *to = *from);
    let encrypted = channel.encrypt_key(&blocks).map_err(|_| PutKeyError::Value(key.id))?;
    let mut component = Vec::with_capacity(1 + encrypted.len());
    if block > 8 || encrypted.len() != key.value.len() {
        put_length(&mut component, key.value.len());
    }
    component.extend(encrypted);
    Ok(component)
}

/// Card: new version and keys out of the data field of PUT KEY; every check value must fit. `p2` says whether there may
/// be several keys, and the identifier of the first.
///
/// # Errors
/// [`PutKeyError`], which becomes 6982 for a wrong check value (the key arrived under another DEK) and 6A80 else.
pub fn parse(p2: u8, data: &[u8], channel: &dyn DataEncryption) -> Result<(u8, Vec<NewKey>), PutKeyError> {
    let (kvn, mut rest) = data.split_first().ok_or(PutKeyError::Data("no data"))?;
    if !(0x01..=0x7F).contains(kvn) {
        return Err(PutKeyError::Data("key version outside 01 to 7F"));
    }
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let id = u8::try_from(keys.len()).ok().and_then(|n| n.checked_add(p2 & 0x7F)).filter(|id| *id < 0x80);
        let (key, left) = read_key(id.ok_or(PutKeyError::Data("key identifier beyond 7F"))?, rest, channel)?;
        keys.push(key);
        rest = left;
        if p2 & 0x80 == 0 && !rest.is_empty() {
            return Err(PutKeyError::Data("several keys where P2 announces one"));
        }
    }
    if keys.is_empty() { Err(PutKeyError::Data("no key")) } else { Ok((*kvn, keys)) }
}

/// Card: data field of the response to PUT KEY, GPC 2.3.1 §11.8.3.1.
pub fn confirmation(kvn: u8, keys: &[NewKey]) -> Vec<u8> {
    core::iter::once(kvn).chain(keys.iter().filter_map(NewKey::check_value).flatten()).collect()
}

/// Host: compares the response to PUT KEY with the keys that were sent.
///
/// # Errors
/// [`PutKeyError::Confirmation`] for another version or check value.
pub fn check_confirmation(data: &[u8], kvn: u8, keys: &[NewKey]) -> Result<(), PutKeyError> {
    if data == confirmation(kvn, keys) { Ok(()) } else { Err(PutKeyError::Confirmation) }
}

/// One key data field; what follows it comes back.
fn read_key<'a>(id: u8, data: &'a [u8], channel: &dyn DataEncryption) -> Result<(NewKey, &'a [u8]), PutKeyError> {
    let short = || PutKeyError::Data("a key data field ends early");
    let extended = data.first() == Some(&EXTENDED);
    let mut rest = data;
    let mut components = Vec::new();
    // Key types are above 7F and a length of a check value is not, so the end of the components shows itself.
    while rest.first().is_some_and(|octet| *octet > 0x7F) {
        if extended {
            rest = rest.strip_prefix(&[EXTENDED]).ok_or(PutKeyError::Data("basic and extended format mixed"))?;
        }
        let (code, tail) = rest.split_first().ok_or_else(short)?;
        let (block, tail) = length_value(tail).ok_or_else(short)?;
        components.push((*code, block));
        rest = tail;
    }
    let mut field = || {
        let (length, tail) = rest.split_first().filter(|(length, _)| **length < 0x80).ok_or_else(short)?;
        let (field, tail) = tail.split_at_checked(usize::from(*length)).ok_or_else(short)?;
        rest = tail;
        Ok::<_, PutKeyError>(field)
    };
    let check_value = field()?;
    let (usage, access) = if extended { (field()?.to_vec(), field()?.to_vec()) } else { Default::default() };
    let key = NewKey { usage, access, ..key_of(id, &components, channel)? };
    // GPC 2.3.1 §11.8.2.3.3: there for every key that has one.
    match key.check_value() {
        Some(expected) if check_value.len() != expected.len() => {
            Err(PutKeyError::Data("a key check value has three octets"))
        }
        Some(expected) if !bool::from(expected.ct_eq(check_value)) => Err(PutKeyError::KeyCheckValue(id)),
        None if !check_value.is_empty() => Err(PutKeyError::Data("a check value of an asymmetric key")),
        _ => Ok((key, rest)),
    }
}

fn key_of(id: u8, components: &[(u8, &[u8])], channel: &dyn DataEncryption) -> Result<NewKey, PutKeyError> {
    match *components {
        [(code @ (0x80..=0x83 | 0x88), block)] => {
            let kind = KeyKind::from_code(code, 0).ok_or(PutKeyError::KeyType(code))?;
            NewKey::new(id, kind, &secret_value(block, channel)?)
        }
        [(0xA1, modulus), (EXPONENT, exponent)] => NewKey::rsa_public(id, modulus, exponent),
        [(code @ (0xB0 | 0xB1), block), (CURVE, reference)] => {
            let &[reference] = reference else {
                return Err(PutKeyError::Data("a curve reference of one octet is due"));
            };
            let kind = KeyKind::from_code(code, reference).ok_or(PutKeyError::Curve(reference))?;
            match kind {
                KeyKind::EcPrivate(_) => NewKey::new(id, kind, &secret_value(block, channel)?),
                _ => NewKey::new(id, kind, block),
            }
        }
        [] => Err(PutKeyError::Data("a key data field without a component")),
        [(code, _), ..] => Err(PutKeyError::KeyType(code)),
    }
}

/// Secret out of its key component block: whole blocks are the value alone, anything else begins with its length
/// (GPC 2.3.1 §11.8.2.3.3).
fn secret_value(block: &[u8], channel: &dyn DataEncryption) -> Result<Zeroizing<Vec<u8>>, PutKeyError> {
    let size = channel.key_block();
    let (length, encrypted) = if block.len().is_multiple_of(size) {
        (block.len(), block)
    } else {
        read_length(block).ok_or(PutKeyError::Data("a key component block without its length"))?
    };
    if length.next_multiple_of(size) != encrypted.len() {
        return Err(PutKeyError::Data("length of the key and of its cryptogram do not agree"));
    }
    let mut value = channel.decrypt_key(encrypted).map_err(|_| PutKeyError::Data("no whole blocks"))?;
    value.truncate(length);
    Ok(value)
}

/// BER length, with 128 in one octet too (GPC 2.3.1 §11.8.2.3.1).
fn read_length(octets: &[u8]) -> Option<(usize, &[u8])> {
    match *octets {
        [length @ 0..=0x80, ref rest @ ..] | [0x81, length, ref rest @ ..] => Some((usize::from(length), rest)),
        [0x82, high, low, ref rest @ ..] => Some((usize::from(u16::from_be_bytes([high, low])), rest)),
        _ => None,
    }
}

fn length_value(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = read_length(octets)?;
    rest.split_at_checked(length)
}

fn put_length(data: &mut Vec<u8>, length: usize) {
    let mut header = Vec::with_capacity(4);
    tlv::put_header(&mut header, 0x80, length);
    data.extend(header.iter().skip(1));
}

#[cfg(test)]
#[path = "put_key_tests.rs"]
mod tests;
