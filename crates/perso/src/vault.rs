//! Keys of the line: what a card is opened with, and what is derived for one card or one order. The issuer's master
//! key never leaves a vault; a vault in hardware stands behind the same trait.

use bitaqa_profile::{Diversification, Profile, Scp};
use bitaqa_secure_messaging::diversify::{self, DesScheme, Template};
use bitaqa_secure_messaging::scp03::KeySet;
use bitaqa_tally::Operation;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Key diversification data of a chip.
pub type Kdd = [u8; 10];

/// Why a vault gave no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// A key of a length that AES does not have.
    #[error("the vault's keys have a length that AES does not know")]
    KeyLength,
    /// A template of the profile that is none.
    #[error("the profile's template for key diversification cannot be read")]
    Template,
}

/// Holds master keys, hands out keys of one card.
pub trait KeyVault {
    /// Keys under which the chip left its factory.
    ///
    /// # Errors
    /// [`VaultError`].
    fn transport_keys(&self, kdd: &Kdd) -> Result<KeySet, VaultError>;

    /// The issuer's keys of this chip.
    ///
    /// # Errors
    /// [`VaultError`].
    fn issuer_keys(&self, kdd: &Kdd) -> Result<KeySet, VaultError>;

    /// 16 octets that only this vault can make out of purpose and context: the order's tag, a CAN nobody chose, the
    /// random part of an empty DG3. The same again for the same order, so that an interrupted order can be resumed.
    fn derive(&self, purpose: &str, context: &[&[u8]]) -> Zeroizing<[u8; 16]>;
}

/// A vault in software over one master key.
pub struct MasterVault {
    master: Zeroizing<Vec<u8>>,
    transport: Zeroizing<[u8; 16]>,
    key_bytes: usize,
    protocol: Scp,
    of_transport: Diversification,
    of_issuer: Diversification,
}

impl MasterVault {
    /// Over the issuer's master key (16, 24 or 32 octets as `key_bytes` of the profile) and a transport key that is the
    /// same on every chip.
    pub fn new(master: Zeroizing<Vec<u8>>, transport: [u8; 16], key_bytes: usize) -> Self {
        let (of_transport, of_issuer) = (Diversification::None, Diversification::Kdf3);
        let transport = Zeroizing::new(transport);
        Self { master, transport, key_bytes, protocol: Scp::Scp03, of_transport, of_issuer }
    }

    /// Over the issuer's master key, for cards of a profile: its protocol, its transport keys, its schemes.
    pub fn for_profile(master: Zeroizing<Vec<u8>>, profile: &Profile) -> Self {
        let channel = &profile.secure_channel;
        Self {
            protocol: channel.protocol,
            of_transport: channel.transport.diversification.clone(),
            of_issuer: channel.issuer.diversification.clone(),
            ..Self::new(master, channel.transport.keys.octets(), channel.issuer.key_bytes)
        }
    }

    fn keys(&self, scheme: &Diversification, master: &[u8], kdd: &Kdd) -> Result<KeySet, VaultError> {
        let keys = match scheme {
            Diversification::None if self.protocol == Scp::Scp02 => KeySet::triple_des(master, master, master),
            Diversification::None => KeySet::new(master, master, master),
            Diversification::Kdf3 => diversify::kdf3(master, kdd),
            Diversification::Emv => diversify::des(DesScheme::Emv, master, kdd),
            Diversification::Visa2 => diversify::des(DesScheme::Visa2, master, kdd),
            Diversification::Visa => diversify::des(DesScheme::Visa, master, kdd),
            Diversification::Template(text) => {
                let template: Template = text.parse().map_err(|_| VaultError::Template)?;
                template.keys(master, kdd)
            }
        };
        keys.map_err(|_| VaultError::KeyLength)
    }
}

impl KeyVault for MasterVault {
    fn transport_keys(&self, kdd: &Kdd) -> Result<KeySet, VaultError> {
        self.keys(&self.of_transport, self.transport.as_slice(), kdd)
    }

    fn issuer_keys(&self, kdd: &Kdd) -> Result<KeySet, VaultError> {
        let master = self.master.get(..self.key_bytes).ok_or(VaultError::KeyLength)?;
        self.keys(&self.of_issuer, master, kdd)
    }

    fn derive(&self, purpose: &str, context: &[&[u8]]) -> Zeroizing<[u8; 16]> {
        let mut out = Zeroizing::new([0; 16]);
        // HMAC takes a key of any length, so this arm is never left empty-handed.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.master) else { return out };
        mac.update(purpose.as_bytes());
        for part in context {
            mac.update(&[0]);
            mac.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            mac.update(part);
        }
        // The inner hash takes a block of the key and the context, the outer one a block of the key and a digest.
        let octets = 2 * 64 + 32 + purpose.len() + context.iter().map(|part| 5 + part.len()).sum::<usize>();
        bitaqa_tally::note(Operation::Hash, "SHA-256", octets);
        let digest = mac.finalize().into_bytes();
        out.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> MasterVault {
        MasterVault::new(Zeroizing::new(vec![0x42; 32]), [0x40; 16], 32)
    }

    #[test]
    fn each_chip_has_its_own_keys_and_each_purpose_its_own_octets() {
        let (one, other) = (vault().issuer_keys(&[1; 10]).unwrap(), vault().issuer_keys(&[2; 10]).unwrap());
        assert_ne!(one.keys()[0], other.keys()[0]);
        assert_ne!(one.keys()[0], one.keys()[1]);
        assert_eq!(one.key_octets(), 32);
        assert_eq!(vault().derive("order", &[b"a", b"b"]), vault().derive("order", &[b"a", b"b"]));
        assert_ne!(vault().derive("order", &[b"a", b"b"]), vault().derive("order", &[b"ab"]));
        assert_ne!(vault().derive("order", &[b"a"]), vault().derive("can", &[b"a"]));
    }
}
