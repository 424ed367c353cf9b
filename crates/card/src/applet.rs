//! What an applet is, and the handle through which it reaches the card: nothing is ambient.

use bitaqa_apdu::{Aid, Bytes, Command, Response, Sw};
use bitaqa_secure_messaging::{DataEncryption, SecureMessaging};
use rand_core::CryptoRng;

use crate::Platform;
use crate::gp::life_cycle::AppLife;
use crate::nvm::{CellId, Nvm, NvmError, Owner};
use crate::status::SecurityStatus;

/// How an applet came to be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// By reset, as default-selected application: no response is sent.
    OnReset,
    /// By SELECT with its AID.
    ByName,
}

/// A block of STORE DATA, GPC 2.3.1 §11.11.
pub struct StoreData<'a> {
    /// P1 bit 8: last block.
    pub last: bool,
    /// P1 bits 7-6 = 11: data under the DEK.
    pub encrypted: bool,
    /// P2: block number.
    pub block: u8,
    /// Data field.
    pub data: &'a [u8],
}

impl<'a> StoreData<'a> {
    /// Reads P1 and P2 of a STORE DATA command with DGI structure.
    ///
    /// # Errors
    /// 6A86 for a structure other than DGI or an encryption this card does not know.
    pub fn read(command: &'a Command) -> Result<Self, Sw> {
        let encrypted = match command.p1 & 0x60 {
            0x00 => false,
            0x60 => true,
            _ => return Err(Sw::WRONG_P1P2),
        };
        if command.p1 & 0x18 != 0x08 {
            return Err(Sw::WRONG_P1P2);
        }
        Ok(Self { last: command.p1 & 0x80 != 0, encrypted, block: command.p2, data: &command.data })
    }
}

/// An application on the card. Its persistent state lives in its cells; what it holds itself is its RAM.
pub trait Applet: Send {
    /// Becomes the selected application.
    ///
    /// # Errors
    /// The status word of a refused selection.
    fn select(&mut self, how: Selection, host: &mut Host<'_>) -> Result<Response, Sw>;
    /// One command, already out of secure messaging and chaining.
    ///
    /// # Errors
    /// The status word; no data goes with it.
    fn process(&mut self, command: Command, host: &mut Host<'_>) -> Result<Response, Sw>;
    /// Is no longer selected, or its session ended: must drop all volatile security state.
    fn deselect(&mut self, host: &mut Host<'_>);
    /// One block of personalisation data, out of a secure channel.
    ///
    /// # Errors
    /// The status word.
    fn personalise(&mut self, block: &StoreData<'_>, host: &mut Host<'_>) -> Result<Response, Sw>;
    /// Asked before its life cycle goes to PERSONALIZED: refuses when something is missing.
    ///
    /// # Errors
    /// The status word that SET STATUS then answers.
    fn seal(&mut self, host: &mut Host<'_>) -> Result<(), Sw>;
}

/// Member of a load file: makes applets. Native here; a loaded applet's module stands behind the same trait.
pub trait Module: Send {
    /// AID of the executable module.
    fn aid(&self) -> &Aid;
    /// Writes the first state of a new instance into its cells (INSTALL [for install]).
    ///
    /// # Errors
    /// The status word that INSTALL then answers.
    fn install(&self, parameters: &[u8], host: &mut Host<'_>) -> Result<(), Sw>;
    /// An applet over the cells of an installed instance, with fresh RAM.
    fn applet(&self) -> Box<dyn Applet>;
}

/// Session change that takes effect after the response has left under the old keys.
#[derive(Default)]
pub enum Next {
    /// The session stays as it is.
    #[default]
    Keep,
    /// New ISO secure-messaging keys.
    Iso(Box<dyn SecureMessaging>),
}

/// An open secure channel as an applet may see it.
pub struct SecureChannelView<'a> {
    /// Level of the session (Amd D §7.1.2.1).
    pub level: u8,
    /// Data encryption key that goes with the session.
    pub dek: &'a dyn DataEncryption,
}

/// An applet's reach: its own cells, the session's status, randomness and time.
pub struct Host<'a> {
    pub(crate) nvm: &'a mut Nvm,
    pub(crate) owner: Owner,
    pub(crate) life: AppLife,
    pub(crate) secure_channel: Option<SecureChannelView<'a>>,
    pub(crate) channel: u8,
    pub(crate) next: &'a mut Next,
    pub(crate) platform: &'a mut dyn Platform,
    /// What has been proved in this session.
    pub status: &'a mut SecurityStatus,
}

impl Host<'_> {
    /// Life cycle of this instance.
    pub fn life(&self) -> AppLife {
        self.life
    }

    /// Logical channel of the command, 0 to 19.
    pub fn channel(&self) -> u8 {
        self.channel
    }

    /// Content of one of the applet's cells.
    pub fn get(&self, key: u16) -> Option<&[u8]> {
        self.nvm.get(self.cell(key))
    }

    /// Keys of the applet's cells, ascending.
    pub fn keys(&self) -> Vec<u16> {
        self.nvm.keys(self.owner).collect()
    }

    /// Replaces a cell.
    ///
    /// # Errors
    /// [`NvmError`].
    pub fn put(&mut self, key: u16, content: &[u8]) -> Result<(), NvmError> {
        self.nvm.put(self.cell(key), content)
    }

    /// Replaces a cell past an open transaction: for tries of a PIN, which no abort may bring back.
    ///
    /// # Errors
    /// [`NvmError`].
    pub fn put_through(&mut self, key: u16, content: &[u8]) -> Result<(), NvmError> {
        self.nvm.put_through(self.cell(key), content)
    }

    /// Adds to a cell.
    ///
    /// # Errors
    /// [`NvmError`].
    pub fn append(&mut self, key: u16, octets: &[u8]) -> Result<(), NvmError> {
        self.nvm.append(self.cell(key), octets)
    }

    /// Does several writes as one: on `Err` or a power cut none of them happened.
    ///
    /// # Errors
    /// What `work` or the memory answers.
    pub fn transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Sw>) -> Result<T, Sw> {
        self.nvm.begin()?;
        match work(self) {
            Ok(value) => self.nvm.commit().map(|()| value).map_err(Sw::from),
            Err(sw) => {
                self.nvm.abort();
                Err(sw)
            }
        }
    }

    /// Random generator of the card.
    pub fn rng(&mut self) -> &mut dyn CryptoRng {
        self.platform.rng()
    }

    /// Lets time pass.
    pub fn wait(&mut self, milliseconds: u32) {
        self.platform.wait(milliseconds);
    }

    /// New session keys: used from the next command on, after this response left under the old ones.
    pub fn next_session(&mut self, keys: Box<dyn SecureMessaging>) {
        *self.next = Next::Iso(keys);
    }

    /// Level of the open secure channel, `None` without one.
    pub fn secure_channel_level(&self) -> Option<u8> {
        self.secure_channel.as_ref().map(|channel| channel.level)
    }

    /// Opens data that the issuer put under the DEK.
    ///
    /// # Errors
    /// 6985 without a secure channel; 6A80 when the padding does not hold.
    pub fn decrypt_sensitive(&self, data: &[u8]) -> Result<Bytes, Sw> {
        let channel = self.secure_channel.as_ref().ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
        channel.dek.decrypt_sensitive(data)
    }

    fn cell(&self, key: u16) -> CellId {
        CellId { owner: self.owner, key }
    }
}
