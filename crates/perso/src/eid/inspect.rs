//! The eID of a sealed card as a stranger with the CAN finds it. No PIN is tried: what only a PIN shows is left to the
//! holder and said to be.

use bitaqa_apdu::public_key::CardPublicKey;
use bitaqa_apdu::{Bytes, Command, Sw, Transport, dgi, ins, tlv};
use bitaqa_lds::minutiae::Order;
use bitaqa_lds::on_card::Information;
use bitaqa_lds::security_infos::SecurityInfos;
use bitaqa_pki::x509::check_holder;
use bitaqa_pki::{Certificate, PublicKey};
use bitaqa_profile::{Eid, EidContent, EidFile, EidFinger, EidUse, FileContent, FileSpec, Pin, Profile};
use bitaqa_secure_messaging::pace::{Offer, Password};
use bitaqa_terminal::emrtd;
use bitaqa_terminal::gp;
use bitaqa_terminal::inspection::{Check, Inspection, ReadFile, Verdict, steps};
use bitaqa_terminal::on_card;
use bitaqa_terminal::session::{Limits, Session, SessionError};
use bitaqa_terminal::trace::Trace;
use rand_core::CryptoRng;
use time::UtcDateTime;

use super::name_of;
use crate::card_keys::CardKeys;
use crate::plan::phase;
use crate::verify::Subject;

/// Names of the steps, as reports show them.
pub mod step {
    /// Selecting the application.
    pub const SELECT: &str = "eID selection";
    /// PACE with the CAN.
    pub const PACE: &str = "eID PACE";
    /// What the card says of the fingers that it compares.
    pub const FINGERS: &str = "eID fingers";
    /// State and tries of PINs and PUKs.
    pub const PINS: &str = "eID PINs";
    /// A signature over a challenge.
    pub const SIGNATURE: &str = "eID signature";
}

/// What was found.
#[derive(Default)]
pub struct Found {
    /// Steps with their verdicts.
    pub checks: Vec<Check>,
    /// Files that were read.
    pub files: Vec<ReadFile>,
    /// Public keys out of the certificates.
    pub keys: CardKeys,
}

/// Reads EF.DIR, and EF.ATR/INFO where the inspection did not, below the master file after a reset, as a reader does
/// that does not know the card.
///
/// # Errors
/// [`SessionError::Transport`]; a card without the file is found wanting when contents are compared.
pub fn read_directory(
    card: &mut dyn Transport,
    trace: &mut dyn Trace,
    profile: &Profile,
    inspection: &mut Inspection,
) -> Result<(), SessionError> {
    // Where reader or answer to reset know no extended length, the inspection had no use for EF.ATR/INFO.
    let missing = |file: &&FileSpec| inspection.file(&file.name).is_none();
    let wanted: Vec<&FileSpec> = [FileContent::AtrInfo, FileContent::Dir]
        .into_iter()
        .filter_map(|content| profile.file(content))
        .filter(missing)
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut session = Session::open(card, trace)?;
    session.know_limits(told_lengths(inspection));
    for file in wanted {
        session.phase(&file.name);
        match read_whole(&mut session, file.sfi) {
            Ok(content) => inspection.files.push(ReadFile { name: file.name.clone(), content }),
            Err(error) if error.is_fatal() => return Err(error),
            Err(_) => {}
        }
    }
    Ok(())
}

/// Lengths that the card's EF.ATR/INFO has told in an inspection: short ones where it told none (9303-11 §9.3.1.2).
pub fn told_lengths(inspection: &Inspection) -> Limits {
    inspection.file(steps::ATR_INFO).and_then(Limits::of_file).unwrap_or(Limits::SHORT)
}

/// Selects the application, opens it with the CAN where it asks for one, reads what is open without a PIN, and judges
/// certificates and the state of the PINs.
///
/// # Errors
/// [`SessionError::Transport`]. Everything else is a verdict.
pub fn inspect(
    card: &mut dyn Transport,
    trace: &mut dyn Trace,
    subject: &Subject<'_>,
    limits: Limits,
    at: UtcDateTime,
    rng: &mut dyn CryptoRng,
) -> Result<Found, SessionError> {
    let mut found = Found::default();
    let Some(eid) = &subject.profile.eid else { return Ok(found) };
    let mut session = Session::open(card, trace)?;
    session.know_limits(limits);
    session.phase(phase::EID);
    if !found.note(step::SELECT, gp::select(&mut session, &eid.instance_aid).map(drop))? {
        return Ok(found);
    }
    found.files_below_mf(eid, &mut session)?;
    if !eid.pace.is_empty() {
        let outcome = pace(eid, subject.can, &found, &mut session, rng);
        if !found.judge(step::PACE, outcome)? {
            return Ok(found);
        }
    }
    found.pins(eid, &mut session)?;
    if !eid.fingers.is_empty() {
        found.fingers(eid, &mut session)?;
    }
    found.files_of_application(eid, &mut session)?;
    found.certificates(eid, subject.holder_ca, at);
    // Every key is behind a PIN, which is the holder's and in transport.
    let reason = "every key needs a PIN of the holder; no try was spent";
    found.checks.push(Check::new(step::SIGNATURE, Verdict::NotAttempted(reason.into())));
    Ok(found)
}

/// The application with a session by the CAN, for what the holder does there: no try of anything is spent.
///
/// # Errors
/// [`Failed`].
pub fn open_by_can<'a>(
    card: &'a mut dyn Transport,
    trace: &'a mut dyn Trace,
    eid: &Eid,
    can: &str,
    rng: &mut dyn CryptoRng,
) -> Result<Session<'a>, Failed> {
    let mut found = Found::default();
    let mut session = Session::open(card, trace)?;
    session.know_limits(Limits::SHORT);
    gp::select(&mut session, &eid.instance_aid)?;
    found.files_below_mf(eid, &mut session)?;
    pace(eid, Some(can), &found, &mut session, rng)?;
    Ok(session)
}

/// A step that went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The card said no, or nothing.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// What it said cannot be used.
    #[error("{0}")]
    Other(String),
}

impl Found {
    fn note(&mut self, name: &str, outcome: Result<(), SessionError>) -> Result<bool, SessionError> {
        self.judge(name, outcome.map_err(Failed::Session))
    }

    fn judge(&mut self, name: &str, outcome: Result<(), Failed>) -> Result<bool, SessionError> {
        let verdict = match outcome {
            Ok(()) => Verdict::Passed,
            Err(Failed::Session(error)) if error.is_fatal() => return Err(error),
            Err(Failed::Session(error)) => Verdict::Failed(error.to_string()),
            Err(Failed::Other(reason)) => Verdict::Failed(reason),
        };
        let passed = verdict == Verdict::Passed;
        self.checks.push(Check::new(name, verdict));
        Ok(passed)
    }

    fn content(&self, file: &EidFile) -> Option<&[u8]> {
        let name = name_of(file);
        self.files.iter().find(|read| read.name == name).map(|read| &*read.content)
    }

    /// EF.CardAccess and EF.DIR, which are open; the application's DF is the current one afterwards.
    fn files_below_mf(&mut self, eid: &Eid, session: &mut Session<'_>) -> Result<(), SessionError> {
        select_file(session, MASTER_FILE)?;
        self.read_all(eid.files.iter().filter(|file| file.content.below_mf()), session)
    }

    fn files_of_application(&mut self, eid: &Eid, session: &mut Session<'_>) -> Result<(), SessionError> {
        select_file(session, eid.df)?;
        let open = |file: &&EidFile| {
            let needs_pin = |all: &Vec<_>| all.iter().any(|need| matches!(need, bitaqa_apdu::Need::Pin(_)));
            !file.content.below_mf() && !file.read.alternatives().iter().all(needs_pin)
        };
        self.read_all(eid.files.iter().filter(open), session)
    }

    fn read_all<'e>(
        &mut self,
        files: impl Iterator<Item = &'e EidFile>,
        session: &mut Session<'_>,
    ) -> Result<(), SessionError> {
        for file in files {
            match read_whole(session, file.sfi) {
                Ok(content) => self.files.push(ReadFile { name: name_of(file), content }),
                Err(error) if error.is_fatal() => return Err(error),
                Err(_) => {} // comparing contents says that it was not read
            }
        }
        Ok(())
    }

    /// The tries of all PINs and PUKs, which the card tells without spending one: all are left, in their first state.
    fn pins(&mut self, eid: &Eid, session: &mut Session<'_>) -> Result<(), SessionError> {
        let [p1, p2] = dgi::GET_DATA_TRIES.to_be_bytes();
        let told = session.expect(Command::new(ins::GET_DATA, p1, p2).ne(session.max_ne()));
        let outcome = told.map_err(Failed::Session).and_then(|told| {
            let row = |pin: &Pin| [pin.number, pin.tries, pin.tries, u8::from(pin.transport)];
            let rows =
                tlv::only(&told, dgi::GET_DATA_TRIES.into()).map_err(|error| Failed::Other(error.to_string()))?;
            let rows = rows.as_chunks::<4>().0;
            let odd = eid.pins.iter().find(|pin| !rows.contains(&row(pin)));
            let odd = odd.map(|pin| format!("{} (number {})", pin.label, pin.number));
            let finger = |finger: &&EidFinger| !rows.contains(&[finger.number, finger.tries, finger.tries, 0]);
            let odd = odd.or(eid.fingers.iter().find(finger).map(|finger| format!("finger {}", finger.number)));
            odd.map_or(Ok(()), |one| Err(Failed::Other(format!("{one} is not in its first state"))))
        });
        self.judge(step::PINS, outcome).map(|_| ())
    }

    /// The BIT group: each finger of the profile with its format, limits and order, and no other. What a
    /// reference holds, nobody reads; the card has said that it stored it.
    fn fingers(&mut self, eid: &Eid, session: &mut Session<'_>) -> Result<(), SessionError> {
        let outcome = on_card::references(session).map_err(Failed::Session).and_then(|told| {
            let as_wanted = |finger: &EidFinger, told: &Information| {
                told.reference == Some(0x80 | finger.number)
                    && told.minutiae == (finger.minutiae_min, finger.minutiae_max)
                    && Some(told.order) == Order::from_code(finger.order)
                    && told.finger().is_some()
            };
            let missing = eid.fingers.iter().find(|finger| !told.iter().any(|told| as_wanted(finger, told)));
            match missing {
                Some(finger) => {
                    Err(Failed::Other(format!("finger {} is not told as the profile has it", finger.number)))
                }
                None if told.len() != eid.fingers.len() => {
                    Err(Failed::Other("the card tells of further fingers".into()))
                }
                None => Ok(()),
            }
        });
        self.judge(step::FINGERS, outcome).map(|_| ())
    }

    /// Each certificate: under its CA, in its time, over the key that its file has.
    fn certificates(&mut self, eid: &Eid, ca: Option<&Certificate>, at: UtcDateTime) {
        for key in &eid.keys {
            let (name, content) = match key.usage {
                EidUse::Authenticate => ("eID certificate for authentication", EidContent::AuthenticationCertificate),
                EidUse::Sign => ("eID certificate for signatures", EidContent::SignatureCertificate),
            };
            let octets = eid.file(content).and_then(|file| self.content(file));
            let verdict = match octets.map(Certificate::from_der) {
                None => Verdict::Failed("the certificate was not read".into()),
                Some(Err(error)) => Verdict::Failed(error.to_string()),
                Some(Ok(certificate)) => {
                    if let Ok(public) = certificate.public_key() {
                        self.keys.insert(key.number, told_as(&public));
                    }
                    match ca.map(|ca| check_holder(&certificate, ca, at)) {
                        None => Verdict::Failed("no CA for certificates of holders is known".into()),
                        Some(Err(error)) => Verdict::Failed(error.to_string()),
                        Some(Ok(())) => Verdict::Passed,
                    }
                }
            };
            self.checks.push(Check::new(name, verdict));
        }
    }
}

/// A public key in the words of the card.
fn told_as(key: &PublicKey) -> CardPublicKey {
    match key {
        PublicKey::Ec(point) => CardPublicKey::Point(point.encode()),
        PublicKey::Rsa(key) => {
            CardPublicKey::Rsa { modulus: key.modulus().to_vec(), exponent: key.exponent().to_vec() }
        }
    }
}

/// Identifier of the master file, 7816-4 §7.3.1.
const MASTER_FILE: u16 = 0x3F00;

/// SELECT by file identifier, no answer wanted: 7816-4 §11.2.2.
fn select_file(session: &mut Session<'_>, fid: u16) -> Result<(), SessionError> {
    session.expect(Command::new(ins::SELECT, 0x00, 0x0C).data(fid.to_be_bytes())).map(|_| ())
}

/// Reads a file to its end, which is not told by its first object: directories are objects one after the other.
fn read_whole(session: &mut Session<'_>, sfi: u8) -> Result<Bytes, SessionError> {
    let at = format!("READ BINARY SFI {sfi:02X}");
    let mut content = Bytes::default();
    let mut command = Command::new(ins::READ_BINARY, 0x80 | sfi, 0x00);
    loop {
        let ne = session.max_ne();
        let response = session.send(command.ne(ne))?;
        // Le 00 asks for all there is (7816-4 §5.1), and less than that is the end.
        let all = ne == Command::NE_SHORT_MAX && u32::try_from(response.data.len()).is_ok_and(|octets| octets < ne);
        match response.sw {
            Sw::OK | Sw::END_OF_FILE => content.as_mut_vec().extend_from_slice(&response.data),
            Sw::WRONG_OFFSET if !content.is_empty() => return Ok(content),
            sw => return Err(SessionError::Status { at, sw }),
        }
        let offset = u16::try_from(content.len()).unwrap_or(u16::MAX);
        if all || response.sw == Sw::END_OF_FILE || response.data.is_empty() || offset > 0x7FFF {
            return Ok(content);
        }
        let [high, low] = offset.to_be_bytes();
        command = Command::new(ins::READ_BINARY, high, low);
    }
}

fn pace(
    eid: &Eid,
    can: Option<&str>,
    found: &Found,
    session: &mut Session<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<(), Failed> {
    let other = |error: &dyn core::fmt::Display| Failed::Other(error.to_string());
    let card_access = eid.file(EidContent::CardAccess).and_then(|file| found.content(file));
    let card_access = card_access.ok_or_else(|| other(&"EF.CardAccess was not read"))?;
    let infos = SecurityInfos::from_der(card_access).map_err(|error| other(&error))?;
    let offer = infos.pace().find_map(|info| Offer::of(info).ok());
    let offer = offer.ok_or_else(|| other(&"EF.CardAccess offers nothing that is spoken here"))?;
    let password = Password::can(can.unwrap_or_default()).map_err(|error| other(&error))?;
    let established = emrtd::pace(session, &offer, &password, &mut |_| Ok(()), rng).map_err(|error| other(&error))?;
    session.protect_with(established.sm);
    Ok(())
}
