//! A chip to speak with: one password, all offers that it is given, driven command by command.

use super::super::*;
use crate::testing::Seeded;
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_curves::{Curve, Domain, PrivateKey};
use bitaqa_lds::security_infos::PaceInfo;
use const_oid::ObjectIdentifier;
use core::convert::Infallible;

/// After an error it waits for MSE:Set AT anew.
pub struct Chip {
    pub offered: Vec<Offer>,
    pub password: Password,
    pub static_key: Option<PrivateKey>,
    pub references: Vec<Vec<u8>>,
    pub stage: Option<CardPace>,
    pub established: Option<Established>,
    rng: Seeded,
}

impl Chip {
    pub fn new(offered: &[Offer], password: &Password, seed: u64) -> Self {
        let (offered, password, references) = (offered.to_vec(), password.clone(), Vec::new());
        let static_key = offered.first().map(|offer| chip_key(offer.suite.domain));
        Self { offered, password, static_key, references, stage: None, established: None, rng: Seeded(seed) }
    }

    pub fn process(&mut self, command: &Command) -> Result<Response, PaceError> {
        if command.ins == 0x22 {
            let stored = self.password.clone();
            let mut find = |kind| (kind == stored.kind()).then(|| stored.clone());
            let begun = CardPace::begin(command, &self.offered, &mut find)?;
            let begun = begun.certification_authority_references(self.references.clone());
            self.stage = Some(match self.static_key.clone() {
                Some(key) => begun.chip_key(key),
                None => begun,
            });
            return Ok(Sw::OK.into());
        }
        let stage = self.stage.take().ok_or(PaceError::Mechanism)?;
        match stage.general_authenticate(command, &mut self.rng)? {
            CardStep::Continue(next, response) => {
                self.stage = Some(next);
                Ok(response)
            }
            CardStep::Done(response, established) => {
                self.established = Some(established);
                Ok(response)
            }
        }
    }

    #[allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps)] // the shape of `send`
    pub fn answer(&mut self, command: Command) -> Result<Response, Infallible> {
        Ok(self.process(&command).unwrap_or_else(|error| Sw::from(error).into()))
    }
}

/// The static key of chip authentication mapping.
pub fn chip_key(domain: Domain) -> PrivateKey {
    PrivateKey::from_bytes(domain, &[0x3C; 19]).unwrap()
}

pub fn info(protocol: ObjectIdentifier, domain: Domain) -> PaceInfo {
    PaceInfo { protocol, version: 2, parameter_id: Some(domain.parameter_id()) }
}

pub fn offer(protocol: ObjectIdentifier, domain: Domain) -> Offer {
    Offer::of(&info(protocol, domain)).unwrap()
}

pub fn p256(protocol: ObjectIdentifier) -> Offer {
    offer(protocol, Domain::Ec(Curve::P256))
}

pub fn can() -> Password {
    Password::can("123456").unwrap()
}

/// Both sessions speak with each other.
pub fn assert_in_session(terminal: &mut Established, card: &mut Established) {
    let plain = Command::new(0xB0, 0x9E, 0).ne(5);
    let wire = terminal.sm.protect_command(plain.clone());
    assert_eq!(card.sm.unprotect_command(wire), Ok(plain));
    let wire = card.sm.protect_response(Response::ok([1, 2, 3]));
    assert_eq!(terminal.sm.unprotect_response(wire), Ok(Response::ok([1, 2, 3])));
}

/// Whether both sessions have the same keys.
pub fn is_same_session(terminal: &mut Established, card: &mut Established) -> bool {
    let plain = Command::new(0xB0, 0x9E, 0).ne(5);
    let wire = terminal.sm.protect_command(plain.clone());
    card.sm.unprotect_command(wire) == Ok(plain)
}
