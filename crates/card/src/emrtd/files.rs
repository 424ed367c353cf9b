//! The applet's files: what the install parameters say exists, where the terminal stands, and reading.

use bitaqa_apdu::fcp::{FileControl, Place};
use bitaqa_apdu::install::{DataObject, Delay, KeySpec, Parameters};
use bitaqa_apdu::{Command, Response, Sw, tlv};

use super::command::ReadForm;
use super::{cell, keys};
use crate::applet::Host;
use crate::fs::{Ef, window};

/// What the instance was made with: the install parameters, as this card can follow them.
pub struct Configuration {
    /// Files.
    pub files: Vec<FileControl>,
    /// Key pairs.
    pub keys: Vec<KeySpec>,
    /// Password references accepted by PACE; empty: no PACE.
    pub passwords: Vec<u8>,
    /// Whether BAC is offered.
    pub bac: bool,
    /// Tries of the PIN; 0 without one.
    pub pin_tries: u8,
    /// Tries of the PUK; 0 without one.
    pub puk_tries: u8,
    /// What every MSE:Set AT of PACE answers, on a card that misbehaves for a laboratory.
    pub quirk_pace: Option<Sw>,
    /// Octets of the digest of Active Authentication.
    pub active_digest_bytes: Option<u8>,
    /// Data objects for GET DATA.
    pub objects: Vec<DataObject>,
    delay: Delay,
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
        Ok(Self { files, keys, passwords, bac, pin_tries, puk_tries, quirk_pace, active_digest_bytes, objects, delay })
    }

    /// Out of the applet's cell.
    ///
    /// # Errors
    /// 6581 when the cell is not readable.
    pub fn of(host: &Host<'_>) -> Result<Self, Sw> {
        let parameters = host.get(cell::CONFIGURATION).ok_or(Sw::MEMORY_FAILURE)?;
        Self::decode(parameters).map_err(|_| Sw::MEMORY_FAILURE)
    }

    /// The file that this DGI writes; the cell of its content has the same number.
    pub fn by_dgi(&self, number: u16) -> Option<&FileControl> {
        self.files.iter().find(|file| file.dgi() == number)
    }

    /// Milliseconds that pass before another PACE attempt after so many failures in a row: first x factor^(n-1), up to
    /// the maximum.
    pub fn delay_ms(&self, failures: u8) -> u32 {
        let Some(steps) = failures.checked_sub(1) else { return 0 };
        let Delay { first_ms, factor, max_ms } = self.delay;
        u32::from(factor).saturating_pow(steps.into()).saturating_mul(first_ms.into()).min(max_ms.into())
    }
}

/// Where the terminal stands in the file tree.
#[derive(Default)]
pub struct Position {
    in_application: bool,
    /// Cell of the current file.
    current: Option<u16>,
}

impl Position {
    /// At the master file.
    pub const fn in_mf() -> Self {
        Self { in_application: false, current: None }
    }

    /// At the application's DF.
    pub const fn in_application() -> Self {
        Self { in_application: true, current: None }
    }

    /// In the same DF without a current file.
    pub fn without_file(self) -> Self {
        Self { current: None, ..self }
    }

    /// SELECT MF.
    pub fn select_mf(&mut self) -> Response {
        *self = Self::in_mf();
        Sw::OK.into()
    }

    /// SELECT EF. Existence is no secret (9303-11 §4.2 allows 9000 here); reading asks the rule.
    pub fn select_ef(&mut self, fid: u16, host: &Host<'_>) -> Result<Response, Sw> {
        let configuration = Configuration::of(host)?;
        let mut here = configuration.files.iter().filter(|file| self.holds(file));
        let file = here.find(|file| file.fid == fid).ok_or(Sw::FILE_NOT_FOUND)?;
        host.get(file.dgi()).ok_or(Sw::FILE_NOT_FOUND)?;
        self.current = Some(file.dgi());
        Ok(Sw::OK.into())
    }

    /// READ BINARY: by short identifier, which makes the file current, or of the current file.
    pub fn read_binary(
        &mut self,
        sfi: Option<u8>,
        offset: usize,
        form: ReadForm,
        ne: u32,
        host: &Host<'_>,
    ) -> Result<Response, Sw> {
        let configuration = Configuration::of(host)?;
        let file = match sfi {
            Some(sfi) => configuration.files.iter().find(|file| self.holds(file) && file.sfi == sfi),
            None => Some(self.current.ok_or(Sw::NO_CURRENT_EF)?).and_then(|cell| configuration.by_dgi(cell)),
        };
        let file = file.ok_or(Sw::FILE_NOT_FOUND)?;
        let octets = host.get(file.dgi()).ok_or(Sw::FILE_NOT_FOUND)?;
        let content = Ef::new(file, octets).content(host.status)?;
        self.current = Some(file.dgi());
        if ne == 0 {
            return Err(Sw::WRONG_LENGTH);
        }
        let ne_is_maximum = ne == Command::NE_SHORT_MAX || ne == Command::NE_EXTENDED_MAX;
        let ne = usize::try_from(ne).unwrap_or(usize::MAX);
        let room = match form {
            ReadForm::Even => ne,
            // Ne counts DO 53 with tag and length; an Ne for less than one octet of content is none.
            ReadForm::Odd => {
                ne.checked_sub(tlv::header_length(0x53, ne)).filter(|room| *room > 0).ok_or(Sw::WRONG_LENGTH)?
            }
        };
        let (part, ended) = window(content, offset, room, ne_is_maximum)?;
        let data = match form {
            ReadForm::Even => part.to_vec(),
            ReadForm::Odd => tlv::tlv(0x53, part),
        };
        Ok(Response { data: data.into(), sw: if ended { Sw::END_OF_FILE } else { Sw::OK } })
    }

    fn holds(&self, file: &FileControl) -> bool {
        (file.place == Place::Application) == self.in_application
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_apdu::install::KeyUse;

    fn parameters(keys: Vec<KeySpec>) -> Vec<u8> {
        let delay = Delay { first_ms: 100, factor: 2, max_ms: 1000 };
        let (files, passwords, objects) = (Vec::new(), vec![1, 2], Vec::new());
        let signs = keys.iter().any(|key| matches!(key.usage, KeyUse::ActiveEcdsa | KeyUse::ActiveRsa));
        let active_digest_bytes = signs.then_some(32);
        let (bac, tries, quirk_pace) = (false, None, None);
        Parameters { files, keys, passwords, delay, bac, tries, quirk_pace, active_digest_bytes, objects }.encode()
    }

    #[test]
    fn the_delay_grows_and_stays_below_its_maximum() {
        let configuration = Configuration::decode(&parameters(Vec::new())).unwrap();
        let delays: Vec<u32> = (0..=6).map(|failures| configuration.delay_ms(failures)).collect();
        assert_eq!(delays, [0, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(configuration.delay_ms(255), 1000);
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
