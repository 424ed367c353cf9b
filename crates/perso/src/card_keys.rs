//! The key pairs of a card as its issuer sees them: which the profile asks for, which the card has made, and which a
//! stranger finds in the files of a sealed one.

use std::collections::BTreeMap;

use bitaqa_apdu::install::{KeySpec, KeyUse};
use bitaqa_apdu::public_key::CardPublicKey;
use bitaqa_curves::{CurveError, Domain, PublicKey};
use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::dg15::Dg15;
use bitaqa_lds::security_infos::{ID_SECURITY_OBJECT, SecurityInfos};
use bitaqa_pki::rsa::{RsaError, RsaPublicKey};
use bitaqa_pki::{PublicKey as SigningKey, SignedContent, spki};
use bitaqa_profile::{AaKey, Profile};
use bitaqa_terminal::inspection::Inspection;

/// Public keys by their numbers.
pub type CardKeys = BTreeMap<u8, CardPublicKey>;

/// An application that a card of this issuer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Application {
    /// The travel document.
    Emrtd,
    /// The holder's electronic identity.
    Eid,
}

impl Application {
    /// What operators call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emrtd => "eMRTD",
            Self::Eid => "eID",
        }
    }
}

/// Public keys that a card made, by application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MadeKeys {
    /// Those of the eMRTD.
    pub emrtd: CardKeys,
    /// Those of the eID.
    pub eid: CardKeys,
}

impl MadeKeys {
    /// Those of one application.
    pub const fn of(&mut self, application: Application) -> &mut CardKeys {
        match application {
            Application::Emrtd => &mut self.emrtd,
            Application::Eid => &mut self.eid,
        }
    }
}

/// Number of the key of Active Authentication. Those of Chip Authentication are below 80, those of PACE with chip
/// authentication mapping are parameter ids.
pub const ACTIVE_AUTHENTICATION: u8 = 0xAA;

/// Bits in the unit in which the card hears the length of an RSA key.
const RSA_UNIT_BITS: u16 = 128;

/// Why a key of the card is none.
#[derive(Debug, thiserror::Error)]
pub enum CardKeyError {
    /// The card has not made it, or made one of another kind.
    #[error("the card's key {0} is not there, or of another kind than the profile asks for")]
    Missing(u8),
    /// No element of the group.
    #[error("the card's key {number}: {source}")]
    Group {
        /// Its number.
        number: u8,
        /// The cause.
        source: CurveError,
    },
    /// No RSA key.
    #[error("the card's key {number}: {source}")]
    Rsa {
        /// Its number.
        number: u8,
        /// The cause.
        source: RsaError,
    },
}

/// The key pairs that a card of this profile makes, in the order in which it makes them.
pub fn specs(profile: &Profile) -> Vec<KeySpec> {
    let chip = profile.ca.keys.iter().map(|key| (key.key_id, KeyUse::ChipAuthentication, key.parameter_id));
    let mapping = profile.cam_parameter_ids().into_iter().map(|id| (id, KeyUse::PaceChipAuthenticationMapping, id));
    let active = match profile.aa.key {
        AaKey::None => None,
        AaKey::Rsa { bits, .. } => Some((KeyUse::ActiveRsa, u8::try_from(bits / RSA_UNIT_BITS).unwrap_or(0))),
        AaKey::Ecdsa { parameter_id, .. } => Some((KeyUse::ActiveEcdsa, parameter_id)),
    };
    let active = active.map(|(usage, domain)| (ACTIVE_AUTHENTICATION, usage, domain));
    let all = chip.chain(mapping).chain(active);
    all.map(|(number, usage, domain)| KeySpec { number, usage, domain }).collect()
}

/// What a step is called that makes this key.
pub fn step_name(key: &KeySpec) -> String {
    let usage = match key.usage {
        KeyUse::ChipAuthentication => "Chip Authentication",
        KeyUse::ActiveEcdsa | KeyUse::ActiveRsa => return "generate Active Authentication key".to_owned(),
        KeyUse::PaceChipAuthenticationMapping => "PACE-CAM",
    };
    format!("generate {usage} key {}", key.number)
}

/// Keys of the right form and length that no card has: for trying a plan out before a card has made its own.
pub fn stand_ins(profile: &Profile) -> Option<CardKeys> {
    let stand_in = |key: KeySpec| {
        let public = match key.usage {
            KeyUse::ActiveRsa => {
                let octets = usize::from(key.domain) * usize::from(RSA_UNIT_BITS / 8);
                CardPublicKey::Rsa { modulus: vec![0xFF; octets], exponent: vec![1, 0, 1] }
            }
            _ => of_group(&Domain::from_parameter_id(key.domain)?.generator()),
        };
        Some((key.number, public))
    };
    specs(profile).into_iter().map(stand_in).collect()
}

/// A key of Chip Authentication or of PACE with chip authentication mapping, as an element of its group.
///
/// # Errors
/// [`CardKeyError::Missing`], [`CardKeyError::Group`].
pub fn agreement(keys: &CardKeys, number: u8, parameter_id: u8) -> Result<PublicKey, CardKeyError> {
    let domain = Domain::from_parameter_id(parameter_id).ok_or(CardKeyError::Missing(number))?;
    let told = match domain {
        Domain::Ec(_) => keys.get(&number).and_then(CardPublicKey::point),
        Domain::Dh(_) => keys.get(&number).and_then(CardPublicKey::value),
    };
    let octets = told.ok_or(CardKeyError::Missing(number))?;
    PublicKey::decode(domain, octets).map_err(|source| CardKeyError::Group { number, source })
}

/// The key of Active Authentication, as one that verifies.
///
/// # Errors
/// [`CardKeyError`].
pub fn active(keys: &CardKeys, key: AaKey) -> Result<SigningKey, CardKeyError> {
    let number = ACTIVE_AUTHENTICATION;
    match (key, keys.get(&number)) {
        (AaKey::Ecdsa { parameter_id, .. }, Some(CardPublicKey::Point(_))) => {
            match agreement(keys, number, parameter_id)? {
                PublicKey::Ec(point) => Ok(point.into()),
                PublicKey::Dh(_) => Err(CardKeyError::Missing(number)),
            }
        }
        (AaKey::Rsa { .. }, Some(CardPublicKey::Rsa { modulus, exponent })) => {
            let key = RsaPublicKey::new(modulus, exponent).map_err(|source| CardKeyError::Rsa { number, source })?;
            Ok(key.into())
        }
        _ => Err(CardKeyError::Missing(number)),
    }
}

/// The keys of a sealed card, out of the files that a stranger read; `None` when one is not there.
pub fn seen(profile: &Profile, inspection: &Inspection) -> Option<CardKeys> {
    let dg14 = || Some(Dg14::decode(inspection.file("DG14")?).ok()?.infos);
    let find = |key: KeySpec| {
        let public = match key.usage {
            KeyUse::ChipAuthentication => chip_key(&dg14()?, (key.number != 0).then_some(key.number.into()))?,
            KeyUse::PaceChipAuthenticationMapping => {
                chip_key(&card_security(inspection.file("EF.CardSecurity")?)?, Some(key.number.into()))?
            }
            KeyUse::ActiveRsa | KeyUse::ActiveEcdsa => {
                let file = Dg15::decode(inspection.file("DG15")?).ok()?;
                match spki::decode_key(file.public_key()).ok()? {
                    SigningKey::Ec(point) => CardPublicKey::Point(point.encode()),
                    SigningKey::Rsa(key) => {
                        let (modulus, exponent) = (key.modulus().to_vec(), key.exponent().to_vec());
                        CardPublicKey::Rsa { modulus, exponent }
                    }
                }
            }
        };
        Some((key.number, public))
    };
    specs(profile).into_iter().map(find).collect()
}

fn chip_key(infos: &SecurityInfos, key_id: Option<u32>) -> Option<CardPublicKey> {
    let info = infos.chip_authentication_keys().find(|info| info.key_id == key_id)?;
    Some(of_group(&spki::decode_agreement_key(&info.public_key).ok()?))
}

fn card_security(octets: &[u8]) -> Option<SecurityInfos> {
    let signed = SignedContent::parse(octets, ID_SECURITY_OBJECT).ok()?;
    SecurityInfos::from_der(signed.content()).ok()
}

fn of_group(key: &PublicKey) -> CardPublicKey {
    match key {
        PublicKey::Ec(point) => CardPublicKey::Point(point.encode()),
        PublicKey::Dh(value) => CardPublicKey::Value(value.encode()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The profile knows the parameter sets by name and may not see the room that computes on them.
    #[test]
    fn the_profile_names_the_groups_that_the_curves_have() {
        for id in 0..=u8::MAX {
            assert_eq!(bitaqa_profile::domain_name(id), Domain::from_parameter_id(id).map(Domain::name), "{id}");
        }
    }

    #[test]
    fn every_built_in_product_has_stand_ins_that_are_keys() {
        for (name, _) in bitaqa_profile::BUILTIN {
            let profile = Profile::builtin(name).unwrap();
            let keys = stand_ins(&profile).unwrap();
            assert_eq!(keys.len(), specs(&profile).len(), "{name}: two keys of one number");
            for key in specs(&profile) {
                match key.usage {
                    KeyUse::ActiveRsa | KeyUse::ActiveEcdsa => assert!(active(&keys, profile.aa.key).is_ok(), "{name}"),
                    _ => assert!(agreement(&keys, key.number, key.domain).is_ok(), "{name}"),
                }
            }
        }
    }

    #[test]
    fn a_key_of_another_kind_is_none() {
        let point = CardPublicKey::Point(vec![4; 65]);
        let keys = CardKeys::from([(1, point.clone()), (ACTIVE_AUTHENTICATION, point)]);
        assert!(matches!(agreement(&keys, 2, 12), Err(CardKeyError::Missing(2))));
        assert!(matches!(agreement(&keys, 1, 0), Err(CardKeyError::Missing(1))));
        assert!(matches!(agreement(&keys, 1, 12), Err(CardKeyError::Group { number: 1, .. })), "not on the curve");
        let rsa = AaKey::Rsa { bits: 2048, hash: bitaqa_profile::HashName::Sha256 };
        assert!(matches!(active(&keys, rsa), Err(CardKeyError::Missing(ACTIVE_AUTHENTICATION))));
        assert!(matches!(active(&keys, AaKey::None), Err(CardKeyError::Missing(_))));
    }
}
