//! The second key agreement of PACE, on the mapped generator, and what both sides make of it: 9303-11 §4.4.1 3) c) to
//! f).

use super::error::{PaceError, Step, public_key};
use super::suite::Suite;
use crate::session_key::SessionKey;
use crate::sm::IsoSm;
use crate::{KeyLength, SecureMessaging, kdf};
use bitaqa_curves::{PrivateKey, PublicKey};
use zeroize::Zeroizing;

/// Both session keys and both ephemeral public keys, before the tokens are exchanged.
pub(super) struct Agreement {
    pub suite: Suite,
    pub ks_enc: Zeroizing<Vec<u8>>,
    pub ks_mac: Zeroizing<Vec<u8>>,
    pub own: PublicKey,
    pub peer: PublicKey,
}

impl Agreement {
    /// KS_Enc and KS_MAC from the shared secret, 9303-11 §9.7.1.
    pub fn new(suite: Suite, key: &PrivateKey, own: PublicKey, peer: PublicKey) -> Result<Self, PaceError> {
        let shared = key.agree(&peer).map_err(public_key(Step::KeyAgreement))?;
        Ok(Self {
            suite,
            ks_enc: kdf::derive(&shared, kdf::Purpose::Encryption, suite.cipher),
            ks_mac: kdf::derive(&shared, kdf::Purpose::Authentication, suite.cipher),
            own,
            peer,
        })
    }

    /// The token that we send: over the key that we received.
    pub fn own_token(&self) -> Result<[u8; 8], KeyLength> {
        Ok(self.suite.token(&SessionKey::new(self.suite.cipher, &self.ks_mac)?, &self.peer))
    }

    /// The token that we expect: over the key that we sent.
    pub fn peer_token(&self) -> Result<[u8; 8], KeyLength> {
        Ok(self.suite.token(&SessionKey::new(self.suite.cipher, &self.ks_mac)?, &self.own))
    }

    pub fn session(&self) -> Result<Box<dyn SecureMessaging>, KeyLength> {
        Ok(Box::new(IsoSm::new(self.suite.cipher, &self.ks_enc, &self.ks_mac)?))
    }
}
