//! The volatile state of one logical channel: everything here is gone with reset, and most of it with deselection.

use bitaqa_apdu::{Bytes, Command, Sw};
use bitaqa_secure_messaging::scp11::Chain;
use bitaqa_secure_messaging::{SecureChannel, SecureMessaging};

use crate::applet::Applet;
use crate::gp::load::Loading;
use crate::gp::secure_channel::Begun;
use crate::nvm::Owner;
use crate::status::SecurityStatus;

/// Longest data field that chained commands may add up to (7816-4 §5.3.3).
const CHAIN_MAX: usize = 65_535;

/// Secure messaging of the session.
pub enum Session {
    /// ISO 7816-4 secure messaging after PACE or Chip Authentication.
    Iso(Box<dyn SecureMessaging>),
    /// SCP02, SCP03 or SCP11.
    Scp(Box<dyn SecureChannel>),
}

impl Session {
    /// A secure channel whose host has proved who it is: in SCP11b it has not, and may do no more than anybody.
    pub fn authenticated(session: Option<&Self>) -> Option<&dyn SecureChannel> {
        match session {
            Some(Self::Scp(session)) if session.authenticates_host() => Some(session.as_ref()),
            _ => None,
        }
    }
}

/// The application that INSTALL [for personalization] named, with its RAM while blocks of data go to it.
pub struct Personalising {
    /// Its registry number.
    pub owner: Owner,
    /// Its object, apart from any that is selected.
    pub applet: Box<dyn Applet>,
    /// Block number that the next STORE DATA must have.
    pub next_block: u8,
}

/// One logical channel.
#[derive(Default)]
pub struct Channel {
    /// Its number, 0 to 19.
    pub number: u8,
    /// Registry number of the selected application, 0 for the issuer security domain.
    pub selected: Owner,
    /// RAM of the selected application; none when a security domain is selected.
    pub applet: Option<Box<dyn Applet>>,
    /// What the terminal has proved.
    pub status: SecurityStatus,
    /// The session.
    pub session: Option<Session>,
    /// A secure channel between INITIALIZE UPDATE and EXTERNAL AUTHENTICATE.
    pub opening: Option<Begun>,
    /// Certificates of a host that opens SCP11.
    pub certificates: Option<Chain>,
    /// Where STORE DATA to the security domain goes.
    pub personalising: Option<Personalising>,
    /// A load file under way.
    pub loading: Option<Loading>,
    /// What GET STATUS has not yet told.
    pub listing: Option<Vec<Vec<u8>>>,
    /// Block number that the next STORE DATA to the security domain itself must have.
    pub next_block: u8,
    chain: Option<Command>,
    parts: Option<Command>,
    pending: Bytes,
}

impl Channel {
    /// A channel that was just opened.
    pub fn new(number: u8) -> Self {
        Self { number, ..Self::default() }
    }

    /// Ends everything that lives no longer than the secure channel or the selection, but the selection itself.
    pub fn end_session(&mut self) {
        self.session = None;
        self.opening = None;
        self.certificates = None;
        self.personalising = None;
        self.loading = None;
        self.listing = None;
        self.next_block = 0;
        self.chain = None;
        self.parts = None;
        self.status = SecurityStatus::default();
    }

    /// Adds a command to the chain; `None` while the chain goes on. GENERAL AUTHENTICATE uses the chaining bit without
    /// being one command (9303-11 §4.4.4), so it is never passed here.
    ///
    /// # Errors
    /// 6700 for too long a chain, 6883 when another command comes before the chain's last.
    pub fn chain(&mut self, command: Command) -> Result<Option<Command>, Sw> {
        let more = command.class.is_chained();
        let begun = self.chain.take();
        let whole = match begun {
            None if !more => return Ok(Some(command)),
            None => command,
            Some(mut begun) => {
                if (begun.ins, begun.p1p2()) != (command.ins, command.p1p2()) {
                    return Err(Sw::LAST_OF_CHAIN_EXPECTED);
                }
                if begun.data.len() + command.data.len() > CHAIN_MAX {
                    return Err(Sw::WRONG_LENGTH);
                }
                begun.data.as_mut_vec().extend_from_slice(&command.data);
                Command { class: command.class, ne: command.ne, ..begun }
            }
        };
        if more {
            self.chain = Some(whole);
            return Ok(None);
        }
        Ok(Some(whole))
    }

    /// Adds a command to a chain in GlobalPlatform's own form, bit 8 of P1 (GPC 2.3.1 §11.1.5.1); `None` while it goes
    /// on. The command that comes out has P1 and P2 of the last one and all data fields.
    ///
    /// # Errors
    /// 6700 for too long a chain; a command of another kind begins a new one.
    pub fn chain_by_p1(&mut self, mut command: Command) -> Result<Option<Command>, Sw> {
        let more = command.p1 & 0x80 != 0;
        command.p1 &= 0x7F;
        if let Some(mut begun) = self.parts.take().filter(|begun| begun.ins == command.ins) {
            if begun.data.len() + command.data.len() > CHAIN_MAX {
                return Err(Sw::WRONG_LENGTH);
            }
            begun.data.as_mut_vec().extend_from_slice(&command.data);
            command.data = begun.data;
        }
        if more {
            self.parts = Some(command);
            return Ok(None);
        }
        Ok(Some(command))
    }

    /// Hands out at most `ne` octets of a response, keeping the rest for GET RESPONSE (7816-4 §5.3.4).
    pub fn first_part(&mut self, data: Bytes, sw: Sw, ne: u32) -> (Bytes, Sw) {
        let ne = usize::try_from(ne).unwrap_or(usize::MAX);
        if data.len() <= ne {
            return (data, sw);
        }
        let mut head = data.into_vec();
        self.pending = head.split_off(ne).into();
        (head.into(), Sw::more_available(self.pending.len()))
    }

    /// The next part for GET RESPONSE.
    ///
    /// # Errors
    /// 6985 when nothing waits.
    pub fn next_part(&mut self, ne: u32) -> Result<(Bytes, Sw), Sw> {
        if self.pending.is_empty() {
            return Err(Sw::CONDITIONS_NOT_SATISFIED);
        }
        let pending = core::mem::take(&mut self.pending);
        Ok(self.first_part(pending, Sw::OK, ne))
    }

    /// Drops what waits for GET RESPONSE: any other command ends it.
    pub fn forget_pending(&mut self) {
        self.pending = Bytes::new();
    }

    /// See [`Session::authenticated`].
    pub fn secure_channel(&self) -> Option<&dyn SecureChannel> {
        Session::authenticated(self.session.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_apdu::Class;

    fn part(class: u8, ins: u8, data: &[u8]) -> Command {
        Command::new(ins, 0, 0).class(Class(class)).data(data)
    }

    #[test]
    fn a_chain_becomes_one_command() {
        let mut channel = Channel::default();
        assert_eq!(channel.chain(part(0x10, 0xE2, b"one ")).unwrap(), None);
        assert_eq!(channel.chain(part(0x10, 0xE2, b"two ")).unwrap(), None);
        let whole = channel.chain(part(0x00, 0xE2, b"three").ne(256)).unwrap().unwrap();
        assert_eq!((&*whole.data, whole.class, whole.ne), (&b"one two three"[..], Class(0), 256));
    }

    #[test]
    fn another_command_breaks_the_chain() {
        let mut channel = Channel::default();
        channel.chain(part(0x10, 0xE2, b"one")).unwrap();
        assert_eq!(channel.chain(part(0x00, 0xA4, b"x")), Err(Sw::LAST_OF_CHAIN_EXPECTED));
        assert!(channel.chain(part(0x00, 0xA4, b"x")).unwrap().is_some());
        channel.chain(part(0x10, 0xE2, &vec![0; 65_000])).unwrap();
        assert_eq!(channel.chain(part(0x00, 0xE2, &vec![0; 600])), Err(Sw::WRONG_LENGTH));
    }

    #[test]
    fn long_responses_come_in_parts() {
        let mut channel = Channel::default();
        let (head, sw) = channel.first_part(vec![7; 600].into(), Sw::OK, 256);
        assert_eq!((head.len(), sw), (256, Sw(0x6100)));
        let (head, sw) = channel.next_part(256).unwrap();
        assert_eq!((head.len(), sw), (256, Sw(0x6158)));
        let (head, sw) = channel.next_part(256).unwrap();
        assert_eq!((head.len(), sw), (88, Sw::OK));
        assert_eq!(channel.next_part(256), Err(Sw::CONDITIONS_NOT_SATISFIED));
    }
}
