//! PUT KEY for a set of three AES keys, GPC 2.3.1 §11.8 and Amd D §7.2: built by the host, unwrapped by the card.
//!
//! ```text
//! new KVN, three times: 88  LL [key length ‖ AES-CBC(DEK, IV 0, key filled up to whole blocks)]  03 KCV
//! response: new KVN ‖ KCV ENC ‖ KCV MAC ‖ KCV DEK
//! ```

use super::{Dek, KeySet, Scp03Error};
use crate::aes_key::BLOCK;
use crate::{KeyLength, KeyType, kcv};
use bitaqa_apdu::{Bytes, Command, ins};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Key type AES, GPC 2.3.1 Table 11-16.
const KEY_TYPE_AES: u8 = 0x88;
/// P2: several keys, the first with identifier 01.
const MULTIPLE_FROM_01: u8 = 0x81;

/// Host: the whole command. `replaced_kvn` is the version to replace, 00 to add a new set.
///
/// # Errors
/// [`KeyLength`], see [`put_key_data`].
pub fn put_key(new: &KeySet, new_kvn: u8, replaced_kvn: u8, dek: &Dek) -> Result<Command, KeyLength> {
    let data = put_key_data(new, new_kvn, dek)?;
    Ok(Command::globalplatform(ins::PUT_KEY, replaced_kvn, MULTIPLE_FROM_01).data(data).ne(256))
}

/// Host: data field of PUT KEY. `dek` is the key of the set that opened the session.
///
/// # Errors
/// None in practice: a [`KeySet`] has keys of right lengths.
pub fn put_key_data(new: &KeySet, new_kvn: u8, dek: &Dek) -> Result<Bytes, KeyLength> {
    let mut data = vec![new_kvn];
    for key in new.keys() {
        let length = u8::try_from(key.len()).map_err(|_| KeyLength(key.len()))?;
        // Amd D §7.2.1 allows any filling of the last block of an AES-192 key; zeros tell nothing.
        let mut blocks = Zeroizing::new(vec![0; key.len().next_multiple_of(BLOCK)]);
        for (to, from) in blocks.iter_mut().zip(key) {
            *to = *from;
        }
        dek.encrypt_blocks(&mut blocks);
        let component = u8::try_from(1 + blocks.len()).map_err(|_| KeyLength(key.len()))?;
        data.extend_from_slice(&[KEY_TYPE_AES, component, length]);
        data.extend_from_slice(&blocks);
        data.push(3);
        data.extend_from_slice(&kcv(KeyType::Aes, key)?);
    }
    Ok(data.into())
}

/// Card: new version and keys out of the data field of PUT KEY; every check value must fit.
///
/// A component without length octet is understood too, as GPC 2.3.1 Table 11-71 has it for keys of whole blocks.
///
/// # Errors
/// [`Scp03Error::KeyData`] for another layout, key type or number of keys, [`Scp03Error::KeyCheckValue`] for a key that
/// came with a wrong check value (wrong DEK), [`Scp03Error::Key`] for keys of different lengths.
pub fn parse_put_key(data: &[u8], dek: &Dek) -> Result<(u8, KeySet), Scp03Error> {
    let (kvn, mut rest) = data.split_first().ok_or(Scp03Error::KeyData("no data"))?;
    if !(0x01..=0x7F).contains(kvn) {
        return Err(Scp03Error::KeyData("key version outside 01 to 7F"));
    }
    let mut next = |id| {
        let (key, left) = read_key(id, rest, dek)?;
        rest = left;
        Ok::<_, Scp03Error>(key)
    };
    let (enc, mac, dek) = (next(1)?, next(2)?, next(3)?);
    if !rest.is_empty() {
        return Err(Scp03Error::KeyData("octets left over behind three keys"));
    }
    Ok((*kvn, KeySet::new(&enc, &mac, &dek)?))
}

/// Card: data field of the response to PUT KEY, GPC 2.3.1 §11.8.3.1.
///
/// # Errors
/// None in practice, as [`put_key_data`].
pub fn put_key_confirmation(kvn: u8, keys: &KeySet) -> Result<Vec<u8>, KeyLength> {
    let mut data = vec![kvn];
    data.extend_from_slice(keys.kcvs()?.as_flattened());
    Ok(data)
}

/// Host: compares the response to PUT KEY with the keys that were sent.
///
/// # Errors
/// [`Scp03Error::Confirmation`] for another version or check value.
pub fn check_put_key_confirmation(data: &[u8], kvn: u8, keys: &KeySet) -> Result<(), Scp03Error> {
    if data == put_key_confirmation(kvn, keys)? { Ok(()) } else { Err(Scp03Error::Confirmation) }
}

/// One key data field; what follows it comes back.
fn read_key<'a>(id: u8, data: &'a [u8], dek: &Dek) -> Result<(Zeroizing<Vec<u8>>, &'a [u8]), Scp03Error> {
    let short = || Scp03Error::KeyData("a key data field ends early");
    let (&[key_type, length], rest) = data.split_first_chunk::<2>().ok_or_else(short)?;
    if key_type != KEY_TYPE_AES {
        return Err(Scp03Error::KeyData("key type is not AES (88)"));
    }
    let (component, rest) = rest.split_at_checked(usize::from(length)).ok_or_else(short)?;
    let (key_length, cryptogram) = match (component.len() % BLOCK, component.split_first()) {
        (0, _) => (component.len(), component),
        (1, Some((key_length, cryptogram))) => (usize::from(*key_length), cryptogram),
        _ => return Err(Scp03Error::KeyData("a key component is not of whole blocks")),
    };
    if key_length.next_multiple_of(BLOCK) != cryptogram.len() {
        return Err(Scp03Error::KeyData("length of the key and of its cryptogram do not agree"));
    }
    let mut key = Zeroizing::new(cryptogram.to_vec());
    dek.decrypt_blocks(&mut key);
    key.truncate(key_length);
    let (&[kcv_length], rest) = rest.split_first_chunk::<1>().ok_or_else(short)?;
    if kcv_length != 3 {
        return Err(Scp03Error::KeyData("a key check value has three octets"));
    }
    let (check_value, rest) = rest.split_first_chunk::<3>().ok_or_else(short)?;
    if !bool::from(kcv(KeyType::Aes, &key)?.ct_eq(check_value)) {
        return Err(Scp03Error::KeyCheckValue(id));
    }
    Ok((key, rest))
}
