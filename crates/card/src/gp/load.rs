//! LOAD, GPC 2.3.1 §11.6: a load file comes in blocks, its signatures are verified, and its modules are registered.
//!
//! ```text
//! load file   { E2 { 4F AID of the domain   C3 signature } }*  C4 load file data block
//! data block  E4 { { 84 module AID   92 name of the native module }+ }
//! ```
//! The card has no machine for byte code: a data block names modules that are there already, in this program. Any other
//! one, a CAP file say, is refused with 6A80 when its last block has come.

use bitaqa_apdu::tlv::{self, Reader};
use bitaqa_apdu::{Aid, Command, Response, Sw};
use bitaqa_secure_messaging::management;

use super::delegation::{self, Right};
use super::privileges::Privilege;
use super::registry::{self, Entry, LoadFile};
use crate::card::Card;
use crate::native;
use crate::nvm::Owner;

/// Most octets of a load file.
const LOAD_FILE_MAX: usize = 65_536;

/// A load file under way, from INSTALL [for load] on.
pub struct Loading {
    /// AID that the file will have.
    pub aid: Aid,
    /// Domain that it will belong to.
    pub domain: Owner,
    /// Hash of the data block; empty when none was given.
    pub hash: Vec<u8>,
    /// By what right the domain loads.
    pub right: Right,
    /// Whether INSTALL [for load, install and make selectable] began it: nothing is kept before its last command.
    pub combined: bool,
    /// What the token of the combined form signs of its first command.
    pub signed: Vec<u8>,
    /// What has come.
    pub octets: Vec<u8>,
    /// Number that the next block must have; none when the last one has come.
    pub next_block: Option<u8>,
}

/// Takes one block.
///
/// # Errors
/// 6985 without INSTALL [for load], 6A86 for a block out of order, 6A84 for too much, 6A80 for a file that is none, has
/// another hash, or whose modules this card has not; 6982 for a signature that does not verify.
pub fn load(card: &mut Card, _domain: Owner, command: &Command) -> Result<Response, Sw> {
    let mut loading = card.channel.loading.take().ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
    let expected = loading.next_block.ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
    if command.p1 & 0x7F != 0 || command.p2 != expected {
        return Err(Sw::WRONG_P1P2);
    }
    if loading.octets.len() + command.data.len() > LOAD_FILE_MAX {
        return Err(Sw::NOT_ENOUGH_MEMORY);
    }
    loading.octets.extend_from_slice(&command.data);
    if command.p1 & 0x80 == 0 {
        loading.next_block = expected.checked_add(1);
        card.channel.loading = Some(loading);
        return Ok(Response::ok([0]));
    }
    loading.next_block = None;
    let file = verified(card, &loading)?;
    if loading.combined {
        card.channel.loading = Some(loading);
        return Ok(Response::ok([0]));
    }
    card.atomically(|card| {
        let parts = [file.aid.clone(), card.aid_of(file.domain).clone()];
        card.registry.store_file(file, &mut card.nvm)?;
        delegation::confirm(card, loading.right, &parts)
    })
}

/// The file that the blocks make up, its signatures verified.
///
/// # Errors
/// As of [`load`].
pub fn verified(card: &Card, loading: &Loading) -> Result<LoadFile, Sw> {
    let wrong = |_| Sw::WRONG_DATA;
    let file = management::LoadFile::parse(&loading.octets)?;
    due_signatures(card, loading, &file)?;
    // What was announced is compared even where nobody signs.
    if !loading.hash.is_empty() {
        file.verify(&loading.hash, &|domain| delegation::load_file_key(card, domain))?;
    } else if !file.daps.is_empty() {
        return Err(Sw::WRONG_DATA); // what is signed is the hash (GPC 2.3.1 §C.3)
    }
    let modules = Reader::new(tlv::only(file.data_block, 0xE4).map_err(wrong)?);
    let modules = registry::modules(&mut { modules }).filter(|modules| !modules.is_empty()).ok_or(Sw::WRONG_DATA)?;
    if modules.iter().any(|(aid, name)| !native::is_known(name, aid, card.platform.as_ref())) {
        return Err(Sw::WRONG_DATA);
    }
    Ok(LoadFile { number: card.registry.free_file()?, aid: loading.aid.clone(), domain: loading.domain, modules })
}

/// Every domain that must have signed has (GPC 2.3.1 §9.2.1): the one that the file will belong to when it verifies
/// signatures, and any to which that is mandated.
fn due_signatures(card: &Card, loading: &Loading, file: &management::LoadFile<'_>) -> Result<(), Sw> {
    let entries = card.registry.entries().iter();
    let mandated = entries.filter(|entry| entry.privileges.has(Privilege::MANDATED_DAP_VERIFICATION));
    let own = card.registry.get(loading.domain).filter(|entry| entry.privileges.has(Privilege::DAP_VERIFICATION));
    let signed = |due: &Entry| file.daps.iter().any(|dap| dap.domain == due.aid.as_bytes());
    if own.into_iter().chain(mandated).all(signed) { Ok(()) } else { Err(Sw::SECURITY_STATUS_NOT_SATISFIED) }
}
