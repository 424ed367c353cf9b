//! RESET RETRY COUNTER of the PIN, TR-03110-3 §B.14.11.

use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_secure_messaging::pace::PasswordKind;

use super::configuration::{Configuration, PIN_DIGITS_MAX};
use super::{Emrtd, cell};
use crate::applet::Host;
use crate::personalisation::is_password_of_digits;

impl Emrtd {
    /// RESET RETRY COUNTER, TR-03110-3 §B.14.11: the PUK unblocks the PIN (P1 = 03), whoever has shown the PIN changes
    /// it (P1 = 02). The PUK does not change it: TR-03110-2 §2.4.1 leaves that to the card.
    pub(super) fn reset_retry_counter(change: bool, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        let configuration = Configuration::of(host)?;
        let needed = if change { PasswordKind::Pin } else { PasswordKind::Puk };
        if !host.status.passwords.contains(needed) {
            return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
        }
        if !configuration.setup.passwords.contains(&(PasswordKind::Pin as u8)) {
            return Err(Sw::REFERENCE_NOT_FOUND);
        }
        let fits =
            if change { is_password_of_digits(&command.data, 4..=PIN_DIGITS_MAX) } else { command.data.is_empty() };
        if !fits {
            return Err(Sw::WRONG_DATA);
        }
        host.transaction(|host| {
            if change {
                host.put(cell::PIN, &command.data)?;
            }
            Ok(host.put(cell::PIN_TRIES, &[configuration.pin_tries])?)
        })?;
        Ok(Sw::OK.into())
    }
}
