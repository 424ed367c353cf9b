//! The terminal's role of PACE: a straight function, its local variables are the state.

use super::agreement::Agreement;
use super::chip_authentication::ChipAuthenticationProof;
use super::error::{PaceError, Step, objects, public_key};
use super::offer::Offer;
use super::password::Password;
use super::suite::{Mapping, Suite};
use super::{Established, SET_AT, integrated};
use crate::TerminalError;
use crate::templates::{SetAt, dynamic, dynamic_content, dynamic_object, general_authenticate};
use bitaqa_apdu::tlv::{Reader, Tag, TlvError};
use bitaqa_apdu::{Command, Response, Sw, ins};
use bitaqa_curves::{MappedGenerator, PublicKey};
use bitaqa_lds::security_infos::PaceInfo;
use bitaqa_pki::cvc::{Chat, InspectionRights, Role};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What the terminal asks for in MSE:Set AT beside protocol and password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// DO 84 goes along. Chips with several sets of domain parameters ask for it, and chips with one accept it; some
    /// answer 6A87 without it even then.
    pub parameter_id: bool,
    /// DO 7F4C goes along: the template of an inspection system with every right, which asks for the names of the trust
    /// points (9303-11 §4.4.4.1).
    pub trust_points: bool,
}

impl Default for Request {
    fn default() -> Self {
        Self { parameter_id: true, trust_points: false }
    }
}

/// Runs PACE by one offer of the chip, with DO 84.
///
/// # Errors
/// [`PaceError::PasswordRefused`] for a wrong password, [`PaceError::PasswordBlocked`] and
/// [`PaceError::PasswordSuspended`] for one that the chip does not try; [`PaceError::Token`] for a chip that does not
/// know it either; other variants for a chip that breaks the protocol; what `send` gives.
pub fn establish<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    info: &PaceInfo,
    password: &Password,
    rng: &mut dyn CryptoRng,
) -> Result<Established, TerminalError<E, PaceError>> {
    establish_with(send, &Offer::of(info)?, Request::default(), password, rng)
}

/// As [`establish`], without DO 84: for chips that refuse it where nothing is ambiguous.
///
/// # Errors
/// As [`establish`].
pub fn establish_without_reference<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    info: &PaceInfo,
    password: &Password,
    rng: &mut dyn CryptoRng,
) -> Result<Established, TerminalError<E, PaceError>> {
    establish_with(send, &Offer::of(info)?, Request { parameter_id: false, trust_points: false }, password, rng)
}

/// As [`establish`], for an offer of [`offers`](super::offers) and with a say over MSE:Set AT.
///
/// # Errors
/// As [`establish`].
pub fn establish_with<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    offer: &Offer,
    request: Request,
    password: &Password,
    rng: &mut dyn CryptoRng,
) -> Result<Established, TerminalError<E, PaceError>> {
    let suite = offer.suite;
    let mut link = Link { send, warning: None };
    link.exchange(Step::SetAt, set_at(offer, request, password))?;

    let response = link.exchange(Step::Nonce, general_authenticate(dynamic(&[]), true))?;
    let nonce = read_nonce(suite, password, &response.data)?;

    let (generator, mapping_public) = map(&mut link, suite, &nonce, rng)?;

    let key = suite.domain.generate(rng);
    let own = key.public_on(&generator).map_err(public_key(Step::KeyAgreement))?;
    let octets = link.object(Step::KeyAgreement, (0x83, own.data_object()), 0x84)?;
    let peer = suite.peer(Step::KeyAgreement, &octets, &own)?;
    let agreement = Agreement::new(suite, &key, own, peer)?;

    let token = agreement.own_token().map_err(PaceError::from)?;
    let command = general_authenticate(dynamic(&[(0x85, &token)]), false);
    let response = link.exchange(Step::MutualAuthentication, command)?;
    let parameter_id = offer.info.parameter_id;
    Ok(finish(&agreement, parameter_id, mapping_public.as_ref(), password, &response.data)?)
}

/// The way to the card, and what its answer to MSE:Set AT said of the password.
struct Link<'a, E> {
    send: &'a mut dyn FnMut(Command) -> Result<Response, E>,
    warning: Option<Sw>,
}

impl<E> Link<'_, E> {
    fn exchange(&mut self, step: Step, command: Command) -> Result<Response, TerminalError<E, PaceError>> {
        let response = (self.send)(command).map_err(TerminalError::Exchange)?;
        let sw = response.sw;
        // TR-03110-3 §B.14.1: 63Cx says that tries are missing. The run goes on; what it means shows at the next step.
        let tries_left = sw.0 & 0xFFF0 == 0x63C0;
        match step {
            _ if sw == Sw::OK => Ok(response),
            Step::SetAt if tries_left => {
                self.warning = Some(sw);
                Ok(response)
            }
            Step::SetAt => Err(PaceError::Status { step, sw }.into()),
            Step::MutualAuthentication if sw == Sw::AUTHENTICATION_FAILED || tries_left => {
                Err(PaceError::PasswordRefused(sw).into())
            }
            _ => Err(self.refusal(step, sw).into()),
        }
    }

    /// TR-03110-3 §B.14.2: 6983 and 6985 tell the state of the password, and 6982 may stand for either.
    fn refusal(&self, step: Step, sw: Sw) -> PaceError {
        match (sw, self.warning) {
            (Sw::AUTHENTICATION_BLOCKED, _) | (Sw::SECURITY_STATUS_NOT_SATISFIED, Some(Sw(0x63C0))) => {
                PaceError::PasswordBlocked(sw)
            }
            (Sw::CONDITIONS_NOT_SATISFIED | Sw::SECURITY_STATUS_NOT_SATISFIED, Some(Sw(0x63C1))) => {
                PaceError::PasswordSuspended(sw)
            }
            _ => PaceError::Status { step, sw },
        }
    }

    /// Sends one object in the template and takes the one out that answers it.
    fn object(
        &mut self,
        step: Step,
        sent: (Tag, &[u8]),
        answer: Tag,
    ) -> Result<Zeroizing<Vec<u8>>, TerminalError<E, PaceError>> {
        let response = self.exchange(step, general_authenticate(dynamic(&[sent]), true))?;
        let octets = dynamic_object(&response.data, answer).map_err(objects(step))?;
        Ok(Zeroizing::new(octets.to_vec()))
    }
}

fn set_at(offer: &Offer, request: Request, password: &Password) -> Command {
    let [p1, p2] = SET_AT.to_be_bytes();
    let kind = [password.kind() as u8];
    let parameter_id = offer.info.parameter_id.filter(|_| request.parameter_id).map(|id| [id]);
    let chat = Chat::inspection(Role::Terminal, InspectionRights::ALL).encode();
    let objects = SetAt {
        mechanism: Some(offer.info.protocol.as_bytes()),
        reference: Some(&kind),
        private_reference: parameter_id.as_ref().map(|id| &id[..]),
        chat: request.trust_points.then_some(&chat),
    };
    Command::new(ins::MANAGE_SECURITY_ENVIRONMENT, p1, p2).data(objects.write())
}

/// `7C{80 z}`, decrypted.
fn read_nonce(suite: Suite, password: &Password, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, PaceError> {
    let z = dynamic_object(data, 0x80).map_err(objects(Step::Nonce))?;
    if !suite.is_nonce_length(z.len()) {
        return Err(PaceError::Nonce { step: Step::Nonce, octets: z.len() });
    }
    Ok(suite.decrypt_nonce(password, z)?)
}

/// Step 2. The chip's key of the mapping comes back too: chip authentication mapping proves it later.
fn map<E>(
    link: &mut Link<'_, E>,
    suite: Suite,
    nonce: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<(MappedGenerator, Option<PublicKey>), TerminalError<E, PaceError>> {
    let step = Step::Mapping;
    if suite.mapping == Mapping::Integrated {
        let mut t = vec![0; suite.cipher.key_octets()];
        rng.fill_bytes(&mut t);
        let answer = link.object(step, (0x81, &t), 0x82)?;
        // The object must be there and empty, 9303-11 §4.4.5.2.2.
        Reader::new(&answer).finish().map_err(objects(step))?;
        return Ok((integrated::map(&suite, nonce, &t)?, None));
    }
    let key = suite.domain.generate(rng);
    let own = key.public();
    let octets = link.object(step, (0x81, own.data_object()), 0x82)?;
    let peer = suite.peer(step, &octets, &own)?;
    let shared = key.shared_element(&peer).map_err(public_key(step))?;
    let generator = MappedGenerator::generic(nonce, &shared).map_err(public_key(step))?;
    Ok((generator, Some(peer)))
}

/// Checks T_IC and reads what comes with it.
fn finish(
    agreement: &Agreement,
    parameter_id: Option<u8>,
    mapping_public: Option<&PublicKey>,
    password: &Password,
    data: &[u8],
) -> Result<Established, PaceError> {
    let last = LastResponse::read(data).map_err(objects(Step::MutualAuthentication))?;
    if !bool::from(agreement.peer_token()?.ct_eq(last.token)) {
        return Err(PaceError::Token);
    }
    // 9303-11 §4.4.5: there in this mapping, and in no other one.
    let chip_authentication = match (agreement.suite.mapping, mapping_public, last.chip_authentication) {
        (Mapping::ChipAuthentication, Some(mapping_public), Some(cryptogram)) => {
            Some(ChipAuthenticationProof::decrypt(agreement, parameter_id, mapping_public, cryptogram)?)
        }
        (Mapping::ChipAuthentication, ..) => return Err(PaceError::ChipAuthenticationMissing),
        (_, _, Some(_)) => return Err(PaceError::ChipAuthenticationUnexpected),
        (_, _, None) => None,
    };
    Ok(Established {
        sm: agreement.session()?,
        suite: agreement.suite,
        id_picc: agreement.peer.compressed(),
        pcd_compressed: agreement.own.compressed(),
        password: password.kind(),
        certification_authority_references: last.references,
        chip_authentication,
    })
}

/// `86 T_IC [, 87 CAR [, 88 CAR]] [, 8A A_IC]`.
struct LastResponse<'a> {
    token: &'a [u8],
    references: Vec<Vec<u8>>,
    chip_authentication: Option<&'a [u8]>,
}

impl<'a> LastResponse<'a> {
    fn read(data: &'a [u8]) -> Result<Self, TlvError> {
        let mut reader = Reader::new(dynamic_content(data)?);
        let token = reader.expect(0x86)?;
        let references = [reader.optional(0x87)?, reader.optional(0x88)?];
        let chip_authentication = reader.optional(0x8A)?;
        reader.finish()?;
        let references = references.into_iter().flatten().map(<[u8]>::to_vec).collect();
        Ok(Self { token, references, chip_authentication })
    }
}
