//! What the install parameters of an eMRTD mean to this card, and what the rooms it shares with other applets must know
//! of it.

use bitaqa_apdu::fcp::{FileControl, Place};
use bitaqa_apdu::install::{KeySpec, KeyUse, PASSWORD_CAN, PASSWORD_MRZ, PASSWORD_PIN, Parameters};
use bitaqa_apdu::{Sw, dgi, tlv};
use bitaqa_curves::PrivateKey;
use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::security_infos::ChipAuthenticationInfo;
use bitaqa_pki::cvc::EfCvca;
use bitaqa_secure_messaging::ca;
use bitaqa_secure_messaging::pace::PasswordKind;

use super::{Emrtd, cell, keys};
use crate::access::{Blockable, Instance, Setup};
use crate::applet::Host;
use crate::key_pair::cell_of;
use crate::personalisation;

/// Longest PIN or PUK.
pub const PIN_DIGITS_MAX: usize = 16;
/// FID of EF.CVCA where DG14 does not tell another one, TR-03110-3 §A.7.2.4.
const EF_CVCA: u16 = 0x011C;
/// FID of EF.DG14, 9303-10 §4.7.14.
const DG14: u16 = 0x010E;

/// What the instance was made with: the install parameters, as this card can follow them.
pub struct Configuration {
    /// What the shared rooms know.
    pub setup: Setup,
    /// Key pairs.
    pub keys: Vec<KeySpec>,
    /// Whether BAC is offered.
    pub bac: bool,
    /// Tries of the PIN; 0 without one.
    pub pin_tries: u8,
    /// Tries of the PUK; 0 without one.
    pub puk_tries: u8,
    /// Octets of the digest of Active Authentication.
    pub active_digest_bytes: Option<u8>,
}

impl Configuration {
    /// Reads the install parameters.
    ///
    /// # Errors
    /// 6A80 when they are not as [`bitaqa_apdu::install`] says; 6A81 for a key that this card cannot make.
    pub fn decode(parameters: &[u8]) -> Result<Self, Sw> {
        let read = Parameters::decode(parameters).map_err(|_| Sw::WRONG_DATA)?;
        let Parameters { files, keys, passwords, delay, bac, tries, quirk_pace, active_digest_bytes, objects } = read;
        if !keys.iter().copied().all(keys::is_possible) {
            return Err(Sw::FUNCTION_NOT_SUPPORTED);
        }
        let (pin_tries, puk_tries) = tries.map_or((0, 0), |tries| (tries.pin, tries.puk));
        // The PUK only unblocks (TR-03110-2 §2.4.1): no rule knows it.
        let pin = Blockable {
            password: PasswordKind::Pin,
            secret: cell::PIN,
            tries: cell::PIN_TRIES,
            initial: pin_tries,
            proves: Some(PASSWORD_PIN),
        };
        let puk = Blockable {
            password: PasswordKind::Puk,
            secret: cell::PUK,
            tries: cell::PUK_TRIES,
            initial: puk_tries,
            proves: None,
        };
        let blockable = vec![pin, puk];
        let setup = Setup { df: None, files, objects, passwords, blockable, delay, quirk_pace };
        Ok(Self { setup, keys, bac, pin_tries, puk_tries, active_digest_bytes })
    }

    /// Out of the applet's cell.
    ///
    /// # Errors
    /// 6581 when the cell is not readable.
    pub fn of(host: &Host<'_>) -> Result<Self, Sw> {
        let parameters = host.get(cell::CONFIGURATION).ok_or(Sw::MEMORY_FAILURE)?;
        Self::decode(parameters).map_err(|_| Sw::MEMORY_FAILURE)
    }

    /// Cells that hold no file and without which the configuration is a promise that the card cannot keep.
    fn needed(&self) -> Vec<u16> {
        let mut needed: Vec<u16> = self.keys.iter().map(|key| cell_of(key.number)).collect();
        for reference in &self.setup.passwords {
            match *reference {
                PASSWORD_MRZ => needed.push(cell::MRZ_SECRET),
                PASSWORD_CAN => needed.push(cell::CAN),
                PASSWORD_PIN => needed.extend([cell::PIN, cell::PIN_TRIES]),
                _ => needed.extend([cell::PUK, cell::PUK_TRIES]),
            }
        }
        if self.bac {
            // 9303-11 §4.3.3.2: the keys of BAC come out of the same hash of the MRZ.
            needed.push(cell::MRZ_SECRET);
        }
        needed.extend(personalisation::needed_for(self.setup.files.iter().map(|file| &file.read)));
        needed
    }
}

/// Whether the applet may be sealed: with every password, key, trust point and date that its configuration asks for,
/// and every file there and as long as its own TLV says.
///
/// # Errors
/// 6985 for the first thing that is missing.
pub fn complete(host: &Host<'_>) -> Result<(), Sw> {
    let configuration = Configuration::of(host)?;
    personalisation::complete(&configuration.setup, &configuration.needed(), host)?;
    let whole = |file: &FileControl| {
        host.get(file.dgi()).is_some_and(|content| is_whole(content) || (file.fid == ATR_INFO && is_list(content)))
    };
    let files = configuration.setup.files.iter().all(whole);
    if files { Ok(()) } else { Err(Sw::CONDITIONS_NOT_SATISFIED) }
}

/// Identifier of EF.ATR/INFO, 7816-4 §12.2.2: data objects one after the other.
const ATR_INFO: u16 = 0x2F01;

fn is_list(content: &[u8]) -> bool {
    tlv::all(content).is_ok_and(|objects| !objects.is_empty())
}

/// A file that is one data object, EF.CardAccess and EF.CardSecurity among them, or an EF.CVCA, which is none.
fn is_whole(content: &[u8]) -> bool {
    let one_object = matches!(tlv::total_length(content), Ok(Some(total)) if total == content.len());
    one_object || EfCvca::decode(content).is_ok()
}

impl Instance for Emrtd {
    fn setup(host: &Host<'_>) -> Result<Setup, Sw> {
        Ok(Configuration::of(host)?.setup)
    }

    /// The offers of DG14.
    fn chip_authentication_offers(host: &Host<'_>) -> Result<Vec<ChipAuthenticationInfo>, Sw> {
        let dg14 = Dg14::decode(host.get(DG14).ok_or(Sw::REFERENCE_NOT_FOUND)?).map_err(|_| Sw::MEMORY_FAILURE)?;
        Ok(ca::offers(&dg14.infos).into_iter().map(|offer| offer.info).collect())
    }

    /// The key whose number is the identifier in DG14, or the only one.
    fn chip_authentication_key(key_id: Option<u32>, host: &Host<'_>) -> Result<PrivateKey, Sw> {
        let number = match key_id {
            Some(number) => u8::try_from(number).map_err(|_| Sw::REFERENCE_NOT_FOUND)?,
            None => keys::first(host, KeyUse::ChipAuthentication)?,
        };
        keys::agreement(host, number)
    }

    fn mapping_key(domain: u8, host: &Host<'_>) -> Result<Option<PrivateKey>, Sw> {
        let fits = |key: &KeySpec| key.usage == KeyUse::PaceChipAuthenticationMapping && key.domain == domain;
        keys::specs(host)?.into_iter().find(fits).map(|key| keys::agreement(host, key.number)).transpose()
    }

    /// Where DG14 says, else where TR-03110-3 §A.7.2.4 has it.
    fn ef_cvca(host: &Host<'_>) -> Result<Option<FileControl>, Sw> {
        let dg14 = host.get(DG14).and_then(|octets| Dg14::decode(octets).ok());
        let info = dg14.as_ref().and_then(|dg14| dg14.infos.terminal_authentication());
        let stated = info.and_then(|info| info.ef_cvca.as_ref()).and_then(|file| file.fid.as_bytes().try_into().ok());
        let fid = stated.map_or(EF_CVCA, u16::from_be_bytes);
        let files = Configuration::of(host)?.setup.files;
        Ok(files.into_iter().find(|file| (file.fid, file.place) == (fid, Place::Application)))
    }

    fn is_secret(number: u16) -> bool {
        matches!(number, dgi::MRZ_SECRET | dgi::PIN | dgi::PUK)
    }

    fn store(number: u16, value: &[u8], host: &mut Host<'_>) -> Result<(), Sw> {
        match number {
            dgi::PIN | dgi::PUK => store_blockable(number, value, host),
            dgi::MRZ_SECRET => {
                let secret = host.decrypt_sensitive(value)?;
                if secret.len() == 20 { Ok(host.put(cell::MRZ_SECRET, &secret)?) } else { Err(Sw::WRONG_DATA) }
            }
            _ => Err(Sw::REFERENCE_NOT_FOUND),
        }
    }
}

/// PIN or PUK, with all its tries.
fn store_blockable(number: u16, wrapped: &[u8], host: &mut Host<'_>) -> Result<(), Sw> {
    let configuration = Configuration::of(host)?;
    let (secret, left, tries) = match number {
        dgi::PIN => (cell::PIN, cell::PIN_TRIES, configuration.pin_tries),
        _ => (cell::PUK, cell::PUK_TRIES, configuration.puk_tries),
    };
    if tries == 0 {
        return Err(Sw::REFERENCE_NOT_FOUND);
    }
    let password = personalisation::digits(wrapped, 4..=PIN_DIGITS_MAX, host)?;
    host.transaction(|host| {
        host.put(secret, &password)?;
        Ok(host.put(left, &[tries])?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_apdu::install::Delay;

    fn parameters(keys: Vec<KeySpec>) -> Vec<u8> {
        let delay = Delay { first_ms: 100, factor: 2, max_ms: 1000 };
        let (files, passwords, objects) = (Vec::new(), vec![1, 2], Vec::new());
        let signs = keys.iter().any(|key| matches!(key.usage, KeyUse::ActiveEcdsa | KeyUse::ActiveRsa));
        let active_digest_bytes = signs.then_some(32);
        let (bac, tries, quirk_pace) = (false, None, None);
        Parameters { files, keys, passwords, delay, bac, tries, quirk_pace, active_digest_bytes, objects }.encode()
    }

    #[test]
    fn a_key_that_the_card_cannot_make_is_refused_at_installation() {
        let install = |usage, domain| {
            Configuration::decode(&parameters(vec![KeySpec { number: 1, usage, domain }])).map(|_| ()).err()
        };
        for (usage, domains) in [
            (KeyUse::ChipAuthentication, &[0, 2, 8, 18][..]),
            (KeyUse::ActiveEcdsa, &[8, 18]),
            (KeyUse::ActiveRsa, &[8, 32]),
            (KeyUse::PaceChipAuthenticationMapping, &[8, 12]),
        ] {
            assert!(domains.iter().all(|domain| install(usage, *domain).is_none()), "{usage:?}");
        }
        for (usage, domain) in [
            (KeyUse::ChipAuthentication, 3),
            (KeyUse::ActiveEcdsa, 0),
            (KeyUse::ActiveRsa, 7),
            (KeyUse::ActiveRsa, 33),
            (KeyUse::PaceChipAuthenticationMapping, 1),
        ] {
            assert_eq!(install(usage, domain), Some(Sw::FUNCTION_NOT_SUPPORTED), "{usage:?} {domain}");
        }
        assert_eq!(Configuration::decode(&[0x91, 1, 9]).err(), Some(Sw::WRONG_DATA));
    }
}
