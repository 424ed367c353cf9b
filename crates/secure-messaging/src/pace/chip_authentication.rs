//! Encrypted Chip Authentication Data of chip authentication mapping, 9303-11 §4.4.3.5: DO 8A.
//!
//! ```text
//! CA = SK_Map,IC / SK_IC mod n, as long as n      A = E(KS_Enc, CA ‖ 80 00..) with IV = E(KS_Enc, FF..FF)
//! ```

use super::agreement::Agreement;
use super::error::PaceError;
use super::suite::Suite;
use crate::padding;
use crate::session_key::{BLOCK_MAX, SessionKey};
use bitaqa_curves::{CurveError, Point, PrivateKey, PublicKey, mapping};
use bitaqa_lds::security_infos::ChipAuthenticationPublicKeyInfo;
use bitaqa_pki::spki;
use core::fmt;
use zeroize::Zeroizing;

/// The block that the IV is made of, -1 in 9303-11 §4.4.3.5.4.
const MINUS_ONE: [u8; BLOCK_MAX] = [0xFF; BLOCK_MAX];

/// Chip: DO 8A.
pub(super) fn encrypt(
    agreement: &Agreement,
    chip_key: &PrivateKey,
    mapping_key: &PrivateKey,
) -> Result<Vec<u8>, PaceError> {
    // No key of another group gets here: the run has asked for one of its own before.
    let (PrivateKey::Ec(chip_key), PrivateKey::Ec(mapping_key)) = (chip_key, mapping_key) else {
        return Err(PaceError::ChipKey);
    };
    let data = mapping::chip_authentication_data(chip_key, mapping_key).map_err(PaceError::ChipAuthentication)?;
    let data = data.to_bytes();
    let key = SessionKey::new(agreement.suite.cipher, &agreement.ks_enc)?;
    let mut octets = Zeroizing::new(Vec::with_capacity(padding::padded_length(data.len(), BLOCK_MAX)));
    octets.extend_from_slice(&data);
    padding::pad(&mut octets, 0, BLOCK_MAX);
    key.cbc_encrypt(key.iv(MINUS_ONE), &mut octets);
    Ok(core::mem::take(&mut *octets))
}

/// Terminal: what a chip said of itself in PACE with chip authentication mapping. It proves something only together
/// with the chip's static key, which is read afterwards, inside of the session, and authenticated by its signature.
///
/// Wiped when dropped; `Debug` prints the group only.
#[must_use = "the chip is authentic only when its static key says so"]
pub struct ChipAuthenticationProof {
    suite: Suite,
    parameter_id: u8,
    /// CA_IC, as long as the order.
    data: Zeroizing<Vec<u8>>,
    /// PK_Map,IC.
    mapping_public: Point,
}

impl ChipAuthenticationProof {
    /// Out of DO 8A, by the keys of a run whose token was right.
    pub(super) fn decrypt(
        agreement: &Agreement,
        parameter_id: Option<u8>,
        mapping_public: &PublicKey,
        cryptogram: &[u8],
    ) -> Result<Self, PaceError> {
        let (PublicKey::Ec(mapping_public), Some(parameter_id)) = (mapping_public, parameter_id) else {
            return Err(PaceError::ChipAuthenticationData);
        };
        let key = SessionKey::new(agreement.suite.cipher, &agreement.ks_enc)?;
        let data = key.cbc_decrypt_padded(key.iv(MINUS_ONE), cryptogram).map(Zeroizing::new);
        let data = data.filter(|data| data.len() == agreement.suite.domain.shared_bytes());
        Ok(Self {
            suite: agreement.suite,
            parameter_id,
            data: data.ok_or(PaceError::ChipAuthenticationData)?,
            mapping_public: mapping_public.clone(),
        })
    }

    /// Whether the chip holds the private key to the one of `keys` whose keyId is the offer's parameterId (9303-11
    /// §9.2.1). `keys` are those of EF.CardSecurity, whose signature the caller has verified: with keys of anybody's
    /// making this proves nothing.
    ///
    /// # Errors
    /// [`PaceError::NoStaticKey`] and [`PaceError::StaticKey`] for keys that do not serve,
    /// [`PaceError::ChipAuthentication`] for a chip that does not hold the private key: a copy.
    pub fn verify(&self, keys: &[ChipAuthenticationPublicKeyInfo]) -> Result<(), PaceError> {
        let key_id = self.parameter_id;
        let info = keys.iter().find(|info| info.key_id == Some(key_id.into()));
        let info = info.ok_or(PaceError::NoStaticKey(key_id))?;
        let unusable = |reason: String| PaceError::StaticKey { key_id, reason };
        let key = spki::decode_agreement_key(&info.public_key).map_err(|error| unusable(error.to_string()))?;
        let PublicKey::Ec(key) = key else { return Err(unusable(format!("{} is no curve", key.domain()))) };
        match mapping::verify_chip_authentication_data(&self.data, &key, &self.mapping_public) {
            Err(error @ CurveError::Mixed(..)) => Err(unusable(error.to_string())),
            other => other.map_err(PaceError::ChipAuthentication),
        }
    }
}

impl fmt::Debug for ChipAuthenticationProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChipAuthenticationProof({})", self.suite.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_curves::{Curve, Domain};
    use bitaqa_lds::security_infos::{ID_PACE_ECDH_CAM_AES_CBC_CMAC_128, PaceInfo};

    /// FE2OS() of 9303-11 §4.4.5.6 fixes the length: a number in fewer or more octets is refused, though it is the
    /// same.
    #[test]
    fn the_data_are_as_long_as_the_order() {
        let domain = Domain::Ec(Curve::P521);
        let info = PaceInfo { protocol: ID_PACE_ECDH_CAM_AES_CBC_CMAC_128, version: 2, parameter_id: Some(18) };
        let (own, peer) =
            (PrivateKey::from_bytes(domain, &[5]).unwrap(), PrivateKey::from_bytes(domain, &[6]).unwrap());
        let agreement = Agreement::new(Suite::of(&info).unwrap(), &own, own.public(), peer.public()).unwrap();
        let key = SessionKey::new(agreement.suite.cipher, &agreement.ks_enc).unwrap();
        for (octets, good) in [(0, false), (1, false), (65, false), (66, true), (67, false), (80, false)] {
            let mut data = vec![0; octets];
            data.last_mut().into_iter().for_each(|last| *last = 7);
            padding::pad(&mut data, 0, BLOCK_MAX);
            key.cbc_encrypt(key.iv(MINUS_ONE), &mut data);
            let proof = ChipAuthenticationProof::decrypt(&agreement, Some(18), &peer.public(), &data);
            let refused = (!good).then_some(PaceError::ChipAuthenticationData);
            assert_eq!(proof.err(), refused, "{octets}");
        }
    }
}
