//! Active Authentication on the card, 9303-11 §6.1: inside a session only, since a chip that signs for everybody proves
//! to everybody that its holder was there.

use bitaqa_apdu::install::KeyUse;
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_secure_messaging::aa;

use crate::applet::Host;
use crate::emrtd::{Emrtd, keys};

impl Emrtd {
    /// INTERNAL AUTHENTICATE, 9303-11 §6.1.3, with the card's first key for it and the hash of the install parameters.
    pub(super) fn active_authentication(command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        if !host.status.has_session() {
            return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
        }
        let hash = keys::active_hash(host)?;
        if let Ok(number) = keys::first(host, KeyUse::ActiveRsa) {
            let key = keys::rsa(host, number)?;
            return Ok(aa::respond_rsa(command, &key, hash, host.rng())?);
        }
        let key = keys::ecdsa(host, keys::first(host, KeyUse::ActiveEcdsa)?)?;
        Ok(aa::respond_ecdsa(command, &key, hash)?)
    }
}
