//! The holder's electronic identity: what its files hold, and what readers find of it before they know the card.

use bitaqa_apdu::install::DataObject;
use bitaqa_apdu::{Bytes, Transport};
use bitaqa_lds::LdsError;
use bitaqa_lds::cia::ApplicationTemplate;
use bitaqa_profile::{FileContent, Profile};
use bitaqa_terminal::emrtd;
use bitaqa_terminal::inspection::{Inspection, ReadFile};
use bitaqa_terminal::session::{Session, SessionError};
use bitaqa_terminal::trace::Trace;

/// Number of the data object by which a driver of OpenSC asks for the longest data field, see
/// [`application`](bitaqa_apdu::application).
const LONGEST_DATA: u16 = 0x018D;

/// EF.DIR, 7816-4 §12.2.1: the eID with its label. Empty of applications for a product without.
///
/// # Errors
/// [`LdsError`] for a label that is none.
pub fn directory(profile: &Profile) -> Result<Bytes, LdsError> {
    let entry =
        |eid: &bitaqa_profile::Eid| ApplicationTemplate { aid: eid.instance_aid.clone(), label: eid.label.clone() };
    ApplicationTemplate::encode_all(&profile.eid.iter().map(entry).collect::<Vec<_>>())
}

/// Data objects of the application that reset leaves selected, where the card has an eID: 262 octets at most in a data
/// field, so that readers without extended length keep to short ones.
pub fn objects_of_reset() -> Vec<DataObject> {
    vec![DataObject { number: LONGEST_DATA, value: vec![0x01, 0x06] }]
}

/// Reads EF.DIR below the master file after a reset, as a reader does that does not know the card.
///
/// # Errors
/// [`SessionError::Transport`]; a card without the file is found wanting when contents are compared.
pub fn read_directory(
    card: &mut dyn Transport,
    trace: &mut dyn Trace,
    profile: &Profile,
    inspection: &mut Inspection,
) -> Result<(), SessionError> {
    let Some(file) = profile.file(FileContent::Dir) else { return Ok(()) };
    let mut session = Session::open(card, trace)?;
    match emrtd::read_file(&mut session, file.sfi) {
        Ok(content) => inspection.files.push(ReadFile { name: file.name.clone(), content }),
        Err(error) if error.is_fatal() => return Err(error),
        Err(_) => {}
    }
    Ok(())
}
