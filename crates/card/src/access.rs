//! The access protocols on the card, one file each, for every applet: which keys and passwords the protocols of
//! `secure-messaging` get from memory, and what their success changes in the status of the session.
//!
//! What differs between applets is behind [`Instance`]; where both keep the same thing, it is in the same cell.

mod chip_authentication;
mod pace;
mod retry_counter;
mod terminal_authentication;

use bitaqa_apdu::fcp::FileControl;
use bitaqa_apdu::install::{DataObject, Delay};
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_curves::PrivateKey;
use bitaqa_lds::security_infos::ChipAuthenticationInfo;
use bitaqa_secure_messaging::pace::PasswordKind;
use bitaqa_secure_messaging::{ca, pace as protocol, ta};

use crate::applet::Host;
use crate::command::SharedCommand;

/// Keys of the cells that every applet has. A file's content is in the cell that its DGI names, 0100 to 7FFF.
pub mod cell {
    /// Install parameters.
    pub const CONFIGURATION: u16 = 0x0001;
    /// Binding tag of the order.
    pub const ORDER_TAG: u16 = 0x0002;
    /// CAN.
    pub const CAN: u16 = 0x0003;
    /// SHA-1 of the MRZ key input.
    pub const MRZ_SECRET: u16 = 0x0004;
    /// Trust points of Terminal Authentication, CV certificates one after the other.
    pub const TRUST_POINTS: u16 = 0x0006;
    /// Current date, six unpacked BCD digits.
    pub const CURRENT_DATE: u16 = 0x0007;
    /// PACE failures in a row, one octet.
    pub const PACE_FAILURES: u16 = 0x0008;
    /// DGIs of files whose first octets are there and whose last ones are not yet, two octets each.
    pub const UNFINISHED: u16 = 0x000D;
    /// First of the 256 cells of private keys: the key's number is the low octet.
    pub const KEYS: u16 = 0x8000;
}

/// A password of PACE that can be blocked, and where the instance keeps it.
#[derive(Clone, Copy)]
pub struct Blockable {
    /// PIN or PUK.
    pub password: PasswordKind,
    /// Cell of the value.
    pub secret: u16,
    /// Cell of the tries that are left.
    pub tries: u16,
    /// Tries at first.
    pub initial: u8,
    /// Number under which access rules know it; `None` while showing it proves nothing to them.
    pub proves: Option<u8>,
}

/// What the shared rooms must know of an instance, out of its install parameters.
pub struct Setup {
    /// Identifier of the application's DF; `None` where only its name leads there.
    pub df: Option<u16>,
    /// Files.
    pub files: Vec<FileControl>,
    /// Data objects for GET DATA.
    pub objects: Vec<DataObject>,
    /// Password references accepted by PACE; empty: no PACE.
    pub passwords: Vec<u8>,
    /// PIN and PUK among them.
    pub blockable: Vec<Blockable>,
    /// After failures of PACE with a password that is never blocked.
    pub delay: Delay,
    /// What every MSE:Set AT of PACE answers, on a card that misbehaves for a laboratory.
    pub quirk_pace: Option<Sw>,
}

impl Setup {
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

    fn blockable(&self, password: PasswordKind) -> Option<Blockable> {
        self.blockable.iter().copied().find(|blockable| blockable.password == password)
    }
}

/// What differs between the applets that share these rooms.
pub trait Instance {
    /// The facts of the selected instance.
    ///
    /// # Errors
    /// 6581 when its install parameters are not readable.
    fn setup(host: &Host<'_>) -> Result<Setup, Sw>;

    /// What the instance offers for Chip Authentication.
    ///
    /// # Errors
    /// 6A88 when it offers none, 6581 when the offer is not readable.
    fn chip_authentication_offers(host: &Host<'_>) -> Result<Vec<ChipAuthenticationInfo>, Sw>;

    /// The key of Chip Authentication with this keyId, or the only one.
    ///
    /// # Errors
    /// 6A88 without.
    fn chip_authentication_key(key_id: Option<u32>, host: &Host<'_>) -> Result<PrivateKey, Sw>;

    /// The static key of chip authentication mapping on these domain parameters, if there is one.
    ///
    /// # Errors
    /// 6581 when it is not readable.
    fn mapping_key(domain: u8, host: &Host<'_>) -> Result<Option<PrivateKey>, Sw>;

    /// The file that repeats the names of the trust points, if there is one.
    ///
    /// # Errors
    /// 6581 when the install parameters are not readable.
    fn ef_cvca(host: &Host<'_>) -> Result<Option<FileControl>, Sw>;

    /// Whether a DGI of this instance comes under the DEK.
    fn is_secret(number: u16) -> bool;

    /// Stores a DGI that is no file and none that every applet has.
    ///
    /// # Errors
    /// 6A88 for a number that it does not know, 6A80 for a value that does not fit.
    fn store(number: u16, value: &[u8], host: &mut Host<'_>) -> Result<(), Sw>;
}

/// Protocols under way, and what Terminal Authentication has reached.
#[derive(Default)]
pub struct Protocols {
    pace: Option<protocol::CardPace>,
    ca: Option<ca::CardCa>,
    pub(crate) ta: ta::CardTa,
}

/// PACE or Chip Authentication between two of its steps, taken out for the command that comes now.
pub struct UnderWay(Option<protocol::CardPace>, Option<ca::CardCa>);

impl Protocols {
    /// Takes what is under way. Whatever comes between the steps of a protocol ends it, an unknown command too: what
    /// is not handed back by [`Protocols::process`] is dropped.
    pub fn take(&mut self) -> UnderWay {
        UnderWay(self.pace.take(), self.ca.take())
    }

    /// A command of the access protocols.
    ///
    /// # Errors
    /// The status word that its protocol answers; 6D00 for a command of another room.
    pub fn process<I: Instance>(
        &mut self,
        parsed: &SharedCommand,
        command: &Command,
        under_way: UnderWay,
        host: &mut Host<'_>,
    ) -> Result<Response, Sw> {
        match parsed {
            SharedCommand::SetPace => self.set_pace::<I>(command, host),
            SharedCommand::SetChipAuthentication => self.set_chip_authentication::<I>(command, host),
            SharedCommand::SetKeyAgreementTemplate => chip_authentication::key_agreement_template::<I>(command, host),
            SharedCommand::GeneralAuthenticate => match under_way {
                UnderWay(Some(pace), _) => self.pace_step::<I>(pace, command, host),
                UnderWay(None, Some(ca)) => chip_authentication::step::<I>(ca, command, host),
                UnderWay(None, None) => Err(Sw::CONDITIONS_NOT_SATISFIED),
            },
            SharedCommand::SetVerification => self.set_verification(command, host),
            SharedCommand::VerifyCertificate => self.verify_certificate::<I>(command, host),
            SharedCommand::SetTerminalAuthentication => self.set_terminal_authentication(command, host),
            SharedCommand::GetChallenge => self.get_challenge(command, host),
            SharedCommand::ExternalAuthenticate => self.external_authenticate(command, host),
            SharedCommand::Select { .. } | SharedCommand::ReadBinary { .. } | SharedCommand::GetData(_) => {
                Err(Sw::INS_NOT_SUPPORTED)
            }
        }
    }

    /// Rights of a terminal end with a new selection (TR-03105-3.2 case K_18); PACE and CA belong to the session.
    pub fn reselected(&mut self, host: &mut Host<'_>) {
        self.take();
        host.status.ta = None;
        self.ta.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_and_stays_below_its_maximum() {
        let setup = Setup {
            df: None,
            files: Vec::new(),
            objects: Vec::new(),
            passwords: Vec::new(),
            blockable: Vec::new(),
            delay: Delay { first_ms: 100, factor: 2, max_ms: 1000 },
            quirk_pace: None,
        };
        let delays: Vec<u32> = (0..=6).map(|failures| setup.delay_ms(failures)).collect();
        assert_eq!(delays, [0, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(setup.delay_ms(255), 1000);
    }
}
