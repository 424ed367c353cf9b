//! The session of SCP03: C-MAC with chaining, C-DECRYPTION with its counter, R-MAC and R-ENCRYPTION, both roles. SCP11
//! goes on with the same session.
//!
//! ```text
//! command   84 INS P1 P2 Lc'  [data | E(S-ENC, ICV, pad(data))]  C-MAC(n)  [Le]
//!           C-MAC = first n of chain', chain' = CMAC(S-MAC, chain ‖ 84 INS P1 P2 Lc' ‖ data field without C-MAC)
//! response  [data | E(S-ENC, ICV', pad(data))]  R-MAC(n)  SW
//!           R-MAC = first n of CMAC(S-RMAC, chain ‖ data field without R-MAC ‖ SW)
//! ICV = E(S-ENC, counter), ICV' = E(S-ENC, 80.. | counter); the counter is 1 at the first command and counts every one
//! ```
//! n is 8, in S16 it is 16. Lc' counts the C-MAC and stands in the MAC as it is sent. Amd D speaks of short lengths
//! only; where the command needs extended ones, this room authenticates the three octets 00 Lc'(2).

use super::{SecurityLevel, SessionKeys, Size};
use crate::aes_key::{AesKey, BLOCK, cbc_decrypt_padded};
use crate::padding::{pad, padded_length};
use crate::{KeyLength, SmError};
use bitaqa_apdu::{Bytes, Class, Command, Response};
use subtle::ConstantTimeEq;

/// Name of the two MACs in [`SmError::Missing`]; they have no tag, the number is the usual one of a checksum.
const CHECKSUM: bitaqa_apdu::tlv::Tag = 0x8E;

/// Keys and counters of an open session.
pub(crate) struct Channel {
    s_enc: AesKey,
    s_mac: AesKey,
    s_rmac: AesKey,
    /// MAC chaining value: the last C-MAC in full.
    chain: [u8; BLOCK],
    counter: u128,
    level: SecurityLevel,
    size: Size,
    /// False for a card that leaves the R-MAC out of responses without data.
    mac_on_empty_response: bool,
}

impl Channel {
    /// Before EXTERNAL AUTHENTICATE: chaining value 0, and a counter that the first command after it makes 1.
    pub(crate) fn new(keys: &SessionKeys, level: SecurityLevel, size: Size) -> Result<Self, KeyLength> {
        Ok(Self {
            s_enc: AesKey::new(&keys.s_enc)?,
            s_mac: AesKey::new(&keys.s_mac)?,
            s_rmac: AesKey::new(&keys.s_rmac)?,
            chain: [0; BLOCK],
            counter: 0,
            level,
            size,
            mac_on_empty_response: true,
        })
    }

    pub(crate) const fn mac_on_empty_response(mut self, present: bool) -> Self {
        self.mac_on_empty_response = present;
        self
    }

    /// Begins with another chaining value than 0, as SCP11 does with its receipt.
    pub(crate) const fn chained_to(mut self, chain: [u8; BLOCK]) -> Self {
        self.chain = chain;
        self
    }

    /// The next chaining value for a command whose data field without MAC is `data`. The logical channel is no part of
    /// it, since it is chosen outside of the secure channel (Amd D §6.2.4).
    fn next_chain(&self, command: &Command, data: &[u8], extended: bool) -> [u8; BLOCK] {
        let class = Class(command.class.0 & !0x03).without_sm().with_gp_sm().0;
        let lc = data.len() + self.size.octets();
        let header = [class, command.ins, command.p1, command.p2];
        match u8::try_from(lc) {
            Ok(short) if !extended => self.s_mac.cmac(&[&self.chain, &header, &[short], data]),
            _ => {
                // Beyond 65,535 no length field exists, and encoding the command fails.
                let lc = u16::try_from(lc).unwrap_or(u16::MAX).to_be_bytes();
                self.s_mac.cmac(&[&self.chain, &header, &[0], &lc, data])
            }
        }
    }

    /// Whether the length fields must be extended ones once the MAC is there.
    fn is_extended(&self, command: &Command, octets: usize) -> bool {
        octets + self.size.octets() > Command::NC_SHORT_MAX || command.ne > Command::NE_SHORT_MAX
    }

    /// Host: appends the C-MAC without encryption, as EXTERNAL AUTHENTICATE has it at every level.
    pub(super) fn authenticate_command(&mut self, plain: Command) -> Command {
        let mut wire = Command { class: plain.class.with_gp_sm(), ..plain };
        self.chain = self.next_chain(&wire, &wire.data, self.is_extended(&wire, wire.data.len()));
        wire.data.as_mut_vec().extend_from_slice(self.size.cut(&self.chain));
        wire
    }

    /// Card: inverse of [`Self::authenticate_command`].
    pub(super) fn authenticated_command(&mut self, wire: Command) -> Result<Command, SmError> {
        let class = wire.class;
        if class.0 & 0x0C != 0x04 {
            return Err(SmError::PlainCommand);
        }
        let (data, mac) = self.split_mac(&wire.data)?;
        let fits = |extended: &bool| {
            let chain = self.next_chain(&wire, data, *extended);
            bool::from(self.size.cut(&chain).ct_eq(mac)).then_some(chain)
        };
        // Hosts may send extended lengths where short ones would do. Lc is never 00 here, so the two inputs differ.
        let must = self.is_extended(&wire, data.len());
        let chain = [must, true].iter().take(if must { 1 } else { 2 }).find_map(fits).ok_or(SmError::Checksum)?;
        self.chain = chain;
        let length = data.len();
        let mut plain = Command { class: class.without_sm(), ..wire };
        plain.data.as_mut_vec().truncate(length);
        Ok(plain)
    }

    pub(crate) fn protect_command(&mut self, plain: Command) -> Command {
        if !self.level.authenticates_commands() {
            return plain;
        }
        self.counter = self.counter.wrapping_add(1);
        if !self.level.encrypts_commands() || plain.data.is_empty() {
            return self.authenticate_command(plain);
        }
        let data = self.encrypt(self.counter, &plain.data);
        self.authenticate_command(Command { data, ..plain })
    }

    /// At level 00 a MAC that is there all the same is checked: more than the level asks is no error (Amd D §5.6).
    pub(crate) fn unprotect_command(&mut self, wire: Command) -> Result<Command, SmError> {
        if !self.level.authenticates_commands() && !wire.class.has_sm() {
            return Ok(wire);
        }
        self.counter = self.counter.wrapping_add(1);
        let plain = self.authenticated_command(wire)?;
        if !self.level.encrypts_commands() || plain.data.is_empty() {
            return Ok(plain);
        }
        let data = self.decrypt(self.counter, &plain.data)?;
        Ok(Command { data, ..plain })
    }

    /// Errors go out alone; 9000, 62xx and 63xx carry the MAC also without data (Amd D §6.2.5).
    pub(crate) fn protect_response(&mut self, plain: Response) -> Response {
        if !carries_data(&plain) {
            return Response::from(plain.sw);
        }
        let left_out = plain.data.is_empty() && !self.mac_on_empty_response;
        if !self.level.authenticates_responses() || left_out {
            return plain;
        }
        let encrypted = self.level.encrypts_responses() && !plain.data.is_empty();
        let mut data = if encrypted { self.encrypt(self.response_counter(), &plain.data) } else { plain.data };
        let mac = self.r_mac(&data, plain.sw.0);
        data.as_mut_vec().extend_from_slice(self.size.cut(&mac));
        Response { data, sw: plain.sw }
    }

    pub(crate) fn unprotect_response(&mut self, wire: Response) -> Result<Response, SmError> {
        if !self.level.authenticates_responses() {
            return Ok(wire);
        }
        if !carries_data(&wire) {
            // Data beside an error word have no MAC and hence no author.
            return if wire.data.is_empty() { Ok(wire) } else { Err(SmError::PlainResponse(wire.sw)) };
        }
        let (data, mac) = self.split_mac(&wire.data)?;
        if !bool::from(self.size.cut(&self.r_mac(data, wire.sw.0)).ct_eq(mac)) {
            return Err(SmError::Checksum);
        }
        let encrypted = self.level.encrypts_responses() && !data.is_empty();
        let data = if encrypted { self.decrypt(self.response_counter(), data)? } else { data.into() };
        Ok(Response { data, sw: wire.sw })
    }

    pub(crate) fn max_plain_data(&self, wire_data_max: usize) -> usize {
        let mac = if self.level.authenticates_commands() { self.size.octets() } else { 0 };
        let room = wire_data_max.saturating_sub(mac);
        if self.level.encrypts_commands() || self.level.encrypts_responses() {
            (room / BLOCK * BLOCK).saturating_sub(1)
        } else {
            room
        }
    }

    fn r_mac(&self, data: &[u8], sw: u16) -> [u8; BLOCK] {
        self.s_rmac.cmac(&[&self.chain, data, &sw.to_be_bytes()])
    }

    /// The counter with its highest bit set, so that commands and responses never share an ICV.
    const fn response_counter(&self) -> u128 {
        self.counter | 1 << 127
    }

    fn encrypt(&self, counter: u128, plain: &[u8]) -> Bytes {
        // Room for the MAC too: a buffer that grew would leave plain text behind.
        let mut data = Vec::with_capacity(padded_length(plain.len(), BLOCK) + BLOCK);
        data.extend_from_slice(plain);
        pad(&mut data, 0, BLOCK);
        self.s_enc.cbc_encrypt(self.s_enc.encrypt_block(counter.to_be_bytes()), &mut data);
        data.into()
    }

    fn decrypt(&self, counter: u128, cryptogram: &[u8]) -> Result<Bytes, SmError> {
        let icv = self.s_enc.encrypt_block(counter.to_be_bytes());
        cbc_decrypt_padded(&self.s_enc, icv, cryptogram).map(Bytes::from).ok_or(SmError::Padding)
    }

    fn split_mac<'a>(&self, data: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), SmError> {
        let length = data.len().checked_sub(self.size.octets());
        length.and_then(|length| data.split_at_checked(length)).ok_or(SmError::Missing(CHECKSUM))
    }
}

/// 9000, 62xx and 63xx; all other words are errors to Amd D §6.2.5.
fn carries_data(response: &Response) -> bool {
    response.sw == bitaqa_apdu::Sw::OK || response.sw.is_warning()
}
