//! What the install parameters mean to this card, and what the rooms it shares with other applets must know.

use bitaqa_apdu::application::{ApplicationKey, Parameters, ReferenceData};
use bitaqa_apdu::fcp::{FileControl, Place, dgi_of};
use bitaqa_apdu::install::{PASSWORD_CAN, PASSWORD_PIN};
use bitaqa_apdu::{Sw, dgi};
use bitaqa_curves::PrivateKey;
use bitaqa_lds::minutiae::Order;
use bitaqa_lds::security_infos::{ChipAuthenticationInfo, SecurityInfos};
use bitaqa_secure_messaging::pace::PasswordKind;

use super::{Application, cell, fingers, keys};
use crate::access::{Blockable, Instance, Setup};
use crate::applet::Host;
use crate::key_pair::{KeyPair, cell_of};
use crate::personalisation;

/// Cell of EF.CardAccess, 9303-10 §3.11.3.
const CARD_ACCESS: u16 = dgi_of(0x011C, Place::Mf);
/// FID of EF.CVCA, TR-03110-3 §A.7.2.4.
const EF_CVCA: u16 = 0x011C;

/// The install parameters with what they mean just now.
pub struct Configuration {
    /// As the issuer or partner wrote them.
    pub parameters: Parameters,
    /// What the shared rooms know.
    pub setup: Setup,
}

impl Configuration {
    /// Reads the install parameters of an instance that has no state yet.
    ///
    /// # Errors
    /// 6A80 when they are not as [`bitaqa_apdu::application`] says, offer PACE without an EF.CardAccess, or want
    /// minutiae in an order that there is not.
    pub fn decode(parameters: &[u8]) -> Result<Self, Sw> {
        let parameters = Parameters::decode(parameters).map_err(|_| Sw::WRONG_DATA)?;
        if parameters.fingers.iter().any(|finger| Order::from_code(finger.order).is_none()) {
            return Err(Sw::WRONG_DATA);
        }
        if !parameters.passwords.is_empty() && parameters.files.iter().all(|file| file.dgi() != CARD_ACCESS) {
            return Err(Sw::WRONG_DATA);
        }
        Ok(Self::new(parameters, |_| true))
    }

    /// Out of the applet's cells.
    ///
    /// # Errors
    /// 6581 when they are not readable.
    pub fn of(host: &Host<'_>) -> Result<Self, Sw> {
        let octets = host.get(cell::CONFIGURATION).ok_or(Sw::MEMORY_FAILURE)?;
        let parameters = Parameters::decode(octets).map_err(|_| Sw::MEMORY_FAILURE)?;
        Ok(Self::new(parameters, |number| in_transport(number, host)))
    }

    fn new(parameters: Parameters, in_transport: impl Fn(u8) -> bool) -> Self {
        let blockable = |reference: &ReferenceData| {
            let password = match reference.pace_password? {
                PASSWORD_PIN => PasswordKind::Pin,
                _ => PasswordKind::Puk,
            };
            Some(Blockable {
                password,
                secret: cell::value(reference.number),
                tries: cell::tries(reference.number),
                initial: reference.tries,
                // The transport value opens a session and nothing in it.
                proves: (!in_transport(reference.number)).then_some(reference.number),
            })
        };
        let setup = Setup {
            df: Some(parameters.df),
            files: parameters.files.clone(),
            objects: parameters.objects.clone(),
            passwords: parameters.passwords.clone(),
            blockable: parameters.references.iter().filter_map(blockable).collect(),
            delay: parameters.delay,
            quirk_pace: None,
        };
        Self { parameters, setup }
    }
}

/// Whether reference data must be changed before first use. What cannot be read must.
pub fn in_transport(number: u8, host: &Host<'_>) -> bool {
    host.get(cell::state(number)) != Some(&[0])
}

/// Whether the instance may be sealed: with every value, key, trust point and date that its parameters ask for.
///
/// # Errors
/// 6985 for the first thing that is missing.
pub fn complete(host: &Host<'_>) -> Result<(), Sw> {
    let Configuration { parameters, setup } = Configuration::of(host)?;
    let mut needed: Vec<u16> = parameters.keys.iter().map(|key| cell_of(key.number)).collect();
    for reference in &parameters.references {
        needed.extend([cell::value(reference.number), cell::tries(reference.number), cell::state(reference.number)]);
    }
    for finger in &parameters.fingers {
        needed.extend([cell::value(finger.number), cell::tries(finger.number)]);
    }
    if parameters.passwords.contains(&PASSWORD_CAN) {
        needed.push(cell::CAN);
    }
    needed.extend(personalisation::needed_for(parameters.rules()));
    personalisation::complete(&setup, &needed, host)
}

impl Instance for Application {
    fn setup(host: &Host<'_>) -> Result<Setup, Sw> {
        Ok(Configuration::of(host)?.setup)
    }

    /// The offers of EF.CardAccess, where TR-03110-3 §A.1.2.1 has them without the public key.
    fn chip_authentication_offers(host: &Host<'_>) -> Result<Vec<ChipAuthenticationInfo>, Sw> {
        let octets = host.get(CARD_ACCESS).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let infos = SecurityInfos::from_der(octets).map_err(|_| Sw::MEMORY_FAILURE)?;
        Ok(infos.chip_authentication().cloned().collect())
    }

    fn chip_authentication_key(key_id: Option<u32>, host: &Host<'_>) -> Result<PrivateKey, Sw> {
        let fits = |key: &&ApplicationKey| {
            key.uses.chip_authentication && key_id.is_none_or(|number| u32::from(key.number) == number)
        };
        let parameters = Configuration::of(host)?.parameters;
        let key = parameters.keys.iter().find(fits).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        // The rule of the key is for what its holder does with it; Chip Authentication only needs a session.
        match KeyPair::load(keys::kind(key), key.number, host)? {
            KeyPair::Curve(key) => Ok(key),
            KeyPair::Rsa(_) => Err(Sw::REFERENCE_NOT_FOUND),
        }
    }

    fn mapping_key(_: u8, _: &Host<'_>) -> Result<Option<PrivateKey>, Sw> {
        Ok(None)
    }

    fn ef_cvca(host: &Host<'_>) -> Result<Option<FileControl>, Sw> {
        let files = Configuration::of(host)?.parameters.files;
        Ok(files.into_iter().find(|file| (file.fid, file.place) == (EF_CVCA, Place::Application)))
    }

    fn is_secret(number: u16) -> bool {
        (dgi::reference_data(1)..=dgi::reference_data(31)).contains(&number)
    }

    /// The first value of reference data, or the reference of a finger, with all its tries.
    fn store(number: u16, value: &[u8], host: &mut Host<'_>) -> Result<(), Sw> {
        let configuration = Configuration::of(host)?;
        let mut fingers = configuration.parameters.fingers.iter();
        if let Some(finger) = fingers.find(|finger| dgi::reference_data(finger.number) == number) {
            return fingers::store(finger, value, host);
        }
        let parameters = configuration.parameters;
        let mut references = parameters.references.iter();
        let reference = references.find(|reference| dgi::reference_data(reference.number) == number);
        let reference = reference.ok_or(Sw::REFERENCE_NOT_FOUND)?;
        // A transport value may be shorter than any that a holder may choose, so that none is taken for the other.
        let least = if reference.transport { 4 } else { reference.digits_min };
        let digits = personalisation::digits(value, least.into()..=reference.digits_max.into(), host)?;
        host.transaction(|host| {
            host.put(cell::value(reference.number), &digits)?;
            host.put(cell::state(reference.number), &[u8::from(reference.transport)])?;
            Ok(host.put(cell::tries(reference.number), &[reference.tries])?)
        })
    }
}
