//! The chip's role of PACE, 9303-11 §4.4.4: an enum of stages that moves by value, since the terminal drives.

use super::{Agreement, Established, PaceError, Password, PasswordKind, SET_AT, Suite, map};
use crate::templates::{SetAt, dynamic, dynamic_content, dynamic_object};
use bitaqa_apdu::{Command, Response};
use bitaqa_curves::{Point, SecretScalar};
use bitaqa_lds::security_infos::PaceInfo;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Octets of the nonce s. One block: 9303-11 §4.4.3.3 leaves the number of blocks to the chip.
const NONCE: usize = 16;

/// A run of PACE between two commands. Drop it when any other command comes in between.
pub struct CardPace {
    suite: Suite,
    password: Password,
    stage: Stage,
    /// The terminal sent DO 7F4C.
    references_wanted: bool,
    references: Vec<Vec<u8>>,
}

/// What is waited for.
enum Stage {
    Nonce,
    Mapping { nonce: Zeroizing<[u8; NONCE]> },
    KeyAgreement { generator: Point },
    MutualAuthentication(Box<Agreement>),
}

/// Where one GENERAL AUTHENTICATE leads to.
pub enum CardStep {
    /// Send the response and wait for the next command of the chain.
    Continue(CardPace, Response),
    /// Send the response in plain (or in the session that was before), then install the new session.
    Done(Response, Established),
}

impl CardPace {
    /// MSE:Set AT, `00 22 C1 A4`; the response is 9000 without data.
    ///
    /// `offered` is what EF.CardAccess announces, `password` finds the stored secret of a kind. DO 84 may be absent
    /// when one set of parameters alone is offered for the protocol of DO 80; where several are, 9303-11 §4.4.4.1
    /// requires it, and nothing is chosen in the terminal's stead.
    ///
    /// # Errors
    /// [`PaceError::P1P2`], [`PaceError::Objects`], [`PaceError::Missing`], [`PaceError::Mechanism`],
    /// [`PaceError::PasswordReference`], [`PaceError::DomainParameters`].
    pub fn begin(
        mse_set_at: &Command,
        offered: &[PaceInfo],
        password: &mut dyn FnMut(PasswordKind) -> Option<Password>,
    ) -> Result<CardPace, PaceError> {
        if mse_set_at.p1p2() != SET_AT {
            return Err(PaceError::P1P2(mse_set_at.p1p2()));
        }
        let set_at = SetAt::read(&mse_set_at.data)?;
        let mechanism = set_at.mechanism.ok_or(PaceError::Missing(0x80))?;
        let reference = set_at.reference.ok_or(PaceError::Missing(0x83))?;
        let suite = choose(mechanism, set_at.private_reference, offered)?;
        let kind = PasswordKind::from_reference(reference).ok_or(PaceError::PasswordReference)?;
        let password = password(kind).ok_or(PaceError::PasswordReference)?;
        Ok(Self {
            suite,
            password,
            stage: Stage::Nonce,
            references_wanted: set_at.chat.is_some(),
            references: Vec::new(),
        })
    }

    /// Names of the trust points, the most recent first, at most two. They go out with the last response if the
    /// terminal asked for them by DO 7F4C (9303-11 §4.4.5).
    #[must_use]
    pub fn certification_authority_references(mut self, references: Vec<Vec<u8>>) -> Self {
        self.references = references;
        self
    }

    /// Which password the terminal chose.
    pub const fn password(&self) -> PasswordKind {
        self.password.kind()
    }

    /// Whether the command that is waited for tries the password: the applet counts such a try before it goes on.
    pub const fn awaits_token(&self) -> bool {
        matches!(self.stage, Stage::MutualAuthentication(_))
    }

    /// The next GENERAL AUTHENTICATE, `10 86 00 00` and at last `00 86 00 00`, outside of any buffer for chained data:
    /// each command of this chain has a response of its own.
    ///
    /// # Errors
    /// [`PaceError`]; the run is over. [`PaceError::Token`] is the wrong password.
    pub fn general_authenticate(self, command: &Command, rng: &mut dyn CryptoRng) -> Result<CardStep, PaceError> {
        if command.p1p2() != 0 {
            return Err(PaceError::P1P2(command.p1p2()));
        }
        if command.class.is_chained() == self.awaits_token() {
            return Err(PaceError::Chaining(command.class.0));
        }
        let Self { suite, password, stage, references_wanted, references } = self;
        let (stage, template) = match stage {
            Stage::Nonce => send_nonce(suite, &password, &command.data, rng)?,
            Stage::Mapping { nonce } => map_nonce(suite, &*nonce, &command.data, rng)?,
            Stage::KeyAgreement { generator } => agree(suite, &generator, &command.data, rng)?,
            Stage::MutualAuthentication(agreement) => {
                let references = if references_wanted { references } else { Vec::new() };
                return authenticate(&agreement, &password, references, &command.data);
            }
        };
        let next = Self { suite, password, stage, references_wanted, references };
        Ok(CardStep::Continue(next, Response::ok(template)))
    }
}

/// The offer that DO 80 and DO 84 name.
fn choose(mechanism: &[u8], reference: Option<&[u8]>, offered: &[PaceInfo]) -> Result<Suite, PaceError> {
    let of_protocol = || {
        offered
            .iter()
            .filter(|info| info.protocol.as_bytes() == mechanism)
            .filter_map(|info| Some((info, Suite::of(info)?)))
    };
    if of_protocol().next().is_none() {
        return Err(PaceError::Mechanism);
    }
    let named = |info: &PaceInfo| match reference {
        Some([id]) => info.parameter_id == Some(*id),
        Some(_) => false,
        None => true,
    };
    let mut suites = of_protocol().filter(|(info, _)| named(info)).map(|(_, suite)| suite);
    let suite = suites.next().ok_or(PaceError::DomainParameters)?;
    // The same offer may stand there twice; two different ones are ambiguous.
    if suites.any(|other| other != suite) { Err(PaceError::DomainParameters) } else { Ok(suite) }
}

/// Step 1: `7C{}` -> `7C{80 z}`.
fn send_nonce(
    suite: Suite,
    password: &Password,
    data: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<(Stage, Vec<u8>), PaceError> {
    bitaqa_apdu::tlv::Reader::new(dynamic_content(data)?).finish()?;
    let mut nonce = Zeroizing::new([0; NONCE]);
    rng.fill_bytes(&mut *nonce);
    let z = suite.encrypt_nonce(password, &*nonce)?;
    Ok((Stage::Mapping { nonce }, dynamic(&[(0x80, &z)])))
}

/// Step 2: `7C{81 PK_Map,IFD}` -> `7C{82 PK_Map,IC}`.
fn map_nonce(suite: Suite, nonce: &[u8], data: &[u8], rng: &mut dyn CryptoRng) -> Result<(Stage, Vec<u8>), PaceError> {
    let octets = dynamic_object(data, 0x81)?;
    let key = SecretScalar::generate(suite.curve, rng);
    let own = key.public();
    let peer = suite.peer(octets, &own)?;
    let generator = map(&key, &peer, nonce)?;
    Ok((Stage::KeyAgreement { generator }, dynamic(&[(0x82, &own.encode())])))
}

/// Step 3: `7C{83 PK_DH~,IFD}` -> `7C{84 PK_DH~,IC}`.
fn agree(suite: Suite, generator: &Point, data: &[u8], rng: &mut dyn CryptoRng) -> Result<(Stage, Vec<u8>), PaceError> {
    let octets = dynamic_object(data, 0x83)?;
    let key = SecretScalar::generate(suite.curve, rng);
    let own = key.public_on(generator)?;
    let peer = suite.peer(octets, &own)?;
    let template = dynamic(&[(0x84, &own.encode())]);
    let agreement = Agreement::new(suite, &key, own, peer)?;
    Ok((Stage::MutualAuthentication(Box::new(agreement)), template))
}

/// Step 4: `7C{85 T_IFD}` -> `7C{86 T_IC [, 87 CAR [, 88 CAR]]}`.
fn authenticate(
    agreement: &Agreement,
    password: &Password,
    references: Vec<Vec<u8>>,
    data: &[u8],
) -> Result<CardStep, PaceError> {
    let token = dynamic_object(data, 0x85)?;
    if !bool::from(agreement.peer_token()?.ct_eq(token)) {
        return Err(PaceError::Token);
    }
    let own_token = agreement.own_token()?;
    let mut objects = vec![(0x86, &own_token[..])];
    objects.extend([0x87, 0x88].into_iter().zip(references.iter().map(Vec::as_slice)));
    let response = Response::ok(dynamic(&objects));
    let established = Established {
        sm: agreement.session()?,
        id_picc: agreement.own.x(),
        pcd_compressed: agreement.peer.x(),
        password: password.kind(),
        certification_authority_references: references,
    };
    Ok(CardStep::Done(response, established))
}
