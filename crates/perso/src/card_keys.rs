//! The key pairs of a card as its issuer sees them: which the profile asks for, which the card has made, and which a
//! stranger finds in the files of a sealed one.

use std::collections::BTreeMap;

use bitaqa_apdu::install::{KeySpec, KeyUse};
use bitaqa_apdu::public_key::CardPublicKey;
use bitaqa_curves::{Domain, PublicKey};
use bitaqa_lds::dg14::Dg14;
use bitaqa_pki::spki;
use bitaqa_profile::Profile;
use bitaqa_terminal::inspection::Inspection;

/// Public keys by their numbers.
pub type CardKeys = BTreeMap<u8, CardPublicKey>;

/// The key pairs that a card of this profile makes, in the order in which it makes them.
pub fn specs(profile: &Profile) -> Vec<KeySpec> {
    let ca = &profile.ca;
    vec![KeySpec { number: ca.key_id, usage: KeyUse::ChipAuthentication, domain: ca.parameter_id }]
}

/// What a step is called that makes this key.
pub fn step_name(key: &KeySpec) -> String {
    let usage = match key.usage {
        KeyUse::ChipAuthentication => "Chip Authentication",
        KeyUse::ActiveEcdsa | KeyUse::ActiveRsa => "Active Authentication",
        KeyUse::PaceChipAuthenticationMapping => "PACE-CAM",
    };
    format!("generate {usage} key {}", key.number)
}

/// Keys of the right form and length that no card has: for trying a plan out before a card has made its own.
pub fn stand_ins(profile: &Profile) -> Option<CardKeys> {
    let stand_in = |key: KeySpec| {
        let public = match key.usage {
            KeyUse::ActiveRsa => {
                CardPublicKey::Rsa { modulus: vec![0xFF; usize::from(key.domain) * 16], exponent: vec![1, 0, 1] }
            }
            _ => of_group(&Domain::from_parameter_id(key.domain)?.generator()),
        };
        Some((key.number, public))
    };
    specs(profile).into_iter().map(stand_in).collect()
}

/// The keys of a sealed card, out of the files that a stranger read; `None` when one is not there.
pub fn seen(profile: &Profile, inspection: &Inspection) -> Option<CardKeys> {
    let infos = Dg14::decode(inspection.file("DG14")?).ok()?.infos;
    let find = |key: KeySpec| {
        let mut keys = infos.chip_authentication_keys();
        let info = keys.find(|info| info.key_id.is_none_or(|id| id == u32::from(key.number)))?;
        Some((key.number, of_group(&PublicKey::Ec(spki::decode(&info.public_key).ok()?))))
    };
    specs(profile).into_iter().map(find).collect()
}

fn of_group(key: &PublicKey) -> CardPublicKey {
    match key {
        PublicKey::Ec(point) => CardPublicKey::Point(point.encode()),
        PublicKey::Dh(value) => CardPublicKey::Value(value.encode()),
    }
}
