//! The chip's role of PACE, 9303-11 §4.4.4: an enum of stages that moves by value, since the terminal drives.

use super::agreement::Agreement;
use super::error::{PaceError, Step, objects, public_key};
use super::offer::Offer;
use super::password::{Password, PasswordKind};
use super::suite::{Mapping, Suite};
use super::{Established, SET_AT, chip_authentication, integrated};
use crate::templates::{SetAt, dynamic, dynamic_content, dynamic_object};
use bitaqa_apdu::tlv::Reader;
use bitaqa_apdu::{Command, Response};
use bitaqa_curves::{MappedGenerator, PrivateKey};
use bitaqa_pki::cvc::{Chat, TerminalType};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A run of PACE between two commands. Drop it when any other command comes in between.
pub struct CardPace {
    run: Run,
    stage: Stage,
}

/// What stays the same over the steps of a run.
struct Run {
    suite: Suite,
    parameter_id: Option<u8>,
    password: Password,
    /// Static key of chip authentication mapping.
    chip_key: Option<PrivateKey>,
    /// The terminal sent DO 7F4C.
    references_wanted: bool,
    references: Vec<Vec<u8>>,
}

/// What is waited for.
enum Stage {
    Nonce,
    Mapping { nonce: Zeroizing<Vec<u8>> },
    KeyAgreement(Mapped),
    MutualAuthentication(Box<Agreement>, Option<PrivateKey>),
}

/// The mapped generator; for chip authentication mapping also the key that it was made with.
struct Mapped {
    generator: MappedGenerator,
    mapping_key: Option<PrivateKey>,
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
    /// [`PaceError::PasswordReference`], [`PaceError::DomainParameters`], [`PaceError::TerminalType`].
    pub fn begin(
        mse_set_at: &Command,
        offered: &[Offer],
        password: &mut dyn FnMut(PasswordKind) -> Option<Password>,
    ) -> Result<CardPace, PaceError> {
        if mse_set_at.p1p2() != SET_AT {
            return Err(PaceError::P1P2(mse_set_at.p1p2()));
        }
        let set_at = SetAt::read(&mse_set_at.data).map_err(objects(Step::SetAt))?;
        let mechanism = set_at.mechanism.ok_or(PaceError::Missing(0x80))?;
        let reference = set_at.reference.ok_or(PaceError::Missing(0x83))?;
        let offer = choose(mechanism, set_at.private_reference, offered)?;
        if let Some(chat) = set_at.chat {
            let chat = Chat::decode(chat).ok().filter(|chat| chat.terminal() == TerminalType::InspectionSystem);
            chat.ok_or(PaceError::TerminalType)?;
        }
        let kind = PasswordKind::from_reference(reference).ok_or(PaceError::PasswordReference)?;
        let run = Run {
            suite: offer.suite,
            parameter_id: offer.info.parameter_id,
            password: password(kind).ok_or(PaceError::PasswordReference)?,
            chip_key: None,
            references_wanted: set_at.chat.is_some(),
            references: Vec::new(),
        };
        Ok(Self { run, stage: Stage::Nonce })
    }

    /// Names of the trust points, the most recent first, at most two. They go out with the last response if the
    /// terminal asked for them by DO 7F4C (9303-11 §4.4.5).
    #[must_use]
    pub fn certification_authority_references(mut self, references: Vec<Vec<u8>>) -> Self {
        self.run.references = references;
        self
    }

    /// The static key that chip authentication mapping proves, the one whose keyId is [`Self::parameter_id`] (9303-11
    /// §9.2.1). Without it such a run is refused with its first GENERAL AUTHENTICATE; other mappings do not use it.
    #[must_use]
    pub fn chip_key(mut self, key: PrivateKey) -> Self {
        self.run.chip_key = Some(key);
        self
    }

    /// What the terminal chose.
    pub const fn suite(&self) -> Suite {
        self.run.suite
    }

    /// Domain parameters as the chip's offer numbers them.
    pub const fn parameter_id(&self) -> Option<u8> {
        self.run.parameter_id
    }

    /// Which password the terminal chose.
    pub const fn password(&self) -> PasswordKind {
        self.run.password.kind()
    }

    /// Whether the command that is waited for tries the password: the applet counts such a try before it goes on.
    pub const fn awaits_token(&self) -> bool {
        matches!(self.stage, Stage::MutualAuthentication(..))
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
        let Self { run, stage } = self;
        let (step, is_last) = stage.step();
        if command.class.is_chained() == is_last {
            return Err(PaceError::Chaining { step, class: command.class.0 });
        }
        let (stage, template) = match stage {
            Stage::Nonce => run.send_nonce(&command.data, rng)?,
            Stage::Mapping { nonce } => run.map_nonce(&nonce, &command.data, rng)?,
            Stage::KeyAgreement(mapped) => run.agree(mapped, &command.data, rng)?,
            Stage::MutualAuthentication(agreement, mapping_key) => {
                return run.authenticate(&agreement, mapping_key.as_ref(), &command.data);
            }
        };
        Ok(CardStep::Continue(Self { run, stage }, Response::ok(template)))
    }
}

impl Stage {
    const fn step(&self) -> (Step, bool) {
        match self {
            Self::Nonce => (Step::Nonce, false),
            Self::Mapping { .. } => (Step::Mapping, false),
            Self::KeyAgreement(_) => (Step::KeyAgreement, false),
            Self::MutualAuthentication(..) => (Step::MutualAuthentication, true),
        }
    }
}

/// The offer that DO 80 and DO 84 name.
fn choose<'a>(mechanism: &[u8], reference: Option<&[u8]>, offered: &'a [Offer]) -> Result<&'a Offer, PaceError> {
    let of_protocol = || offered.iter().filter(|offer| offer.info.protocol.as_bytes() == mechanism);
    if of_protocol().next().is_none() {
        return Err(PaceError::Mechanism);
    }
    let named = |offer: &&Offer| match reference {
        Some([id]) => offer.info.parameter_id == Some(*id),
        Some(_) => false,
        None => true,
    };
    let mut named = of_protocol().filter(named);
    let offer = named.next().ok_or(PaceError::DomainParameters)?;
    // The same offer may stand there twice; two different ones are ambiguous.
    if named.any(|other| other.suite != offer.suite) { Err(PaceError::DomainParameters) } else { Ok(offer) }
}

/// Where a step leads to, and the template 7C that answers it.
type Next = (Stage, Vec<u8>);

impl Run {
    /// Step 1: `7C{}` -> `7C{80 z}`.
    fn send_nonce(&self, data: &[u8], rng: &mut dyn CryptoRng) -> Result<Next, PaceError> {
        let empty = dynamic_content(data).and_then(|content| Reader::new(content).finish());
        empty.map_err(objects(Step::Nonce))?;
        let key_of = self.chip_key.as_ref().map(PrivateKey::domain);
        if self.suite.mapping == Mapping::ChipAuthentication && key_of != Some(self.suite.domain) {
            return Err(PaceError::ChipKey);
        }
        let mut nonce = Zeroizing::new(vec![0; self.suite.nonce_octets()]);
        rng.fill_bytes(&mut nonce);
        let z = self.suite.encrypt_nonce(&self.password, &nonce)?;
        Ok((Stage::Mapping { nonce }, dynamic(&[(0x80, &z)])))
    }

    /// Step 2: `7C{81 PK_Map,IFD}` -> `7C{82 PK_Map,IC}`, or `7C{81 t}` -> `7C{82 -}`.
    fn map_nonce(&self, nonce: &[u8], data: &[u8], rng: &mut dyn CryptoRng) -> Result<Next, PaceError> {
        let step = Step::Mapping;
        let octets = dynamic_object(data, 0x81).map_err(objects(step))?;
        if self.suite.mapping == Mapping::Integrated {
            let generator = integrated::map(&self.suite, nonce, octets)?;
            return Ok((Stage::KeyAgreement(Mapped { generator, mapping_key: None }), dynamic(&[(0x82, &[])])));
        }
        let key = self.suite.domain.generate(rng);
        let own = key.public();
        let peer = self.suite.peer(step, octets, &own)?;
        let shared = key.shared_element(&peer).map_err(public_key(step))?;
        let generator = MappedGenerator::generic(nonce, &shared).map_err(public_key(step))?;
        let mapping_key = (self.suite.mapping == Mapping::ChipAuthentication).then_some(key);
        Ok((Stage::KeyAgreement(Mapped { generator, mapping_key }), dynamic(&[(0x82, own.data_object())])))
    }

    /// Step 3: `7C{83 PK_DH~,IFD}` -> `7C{84 PK_DH~,IC}`.
    fn agree(&self, mapped: Mapped, data: &[u8], rng: &mut dyn CryptoRng) -> Result<Next, PaceError> {
        let step = Step::KeyAgreement;
        let octets = dynamic_object(data, 0x83).map_err(objects(step))?;
        let key = self.suite.domain.generate(rng);
        let own = key.public_on(&mapped.generator).map_err(public_key(step))?;
        let peer = self.suite.peer(step, octets, &own)?;
        let template = dynamic(&[(0x84, own.data_object())]);
        let agreement = Agreement::new(self.suite, &key, own, peer)?;
        Ok((Stage::MutualAuthentication(Box::new(agreement), mapped.mapping_key), template))
    }

    /// Step 4: `7C{85 T_IFD}` -> `7C{86 T_IC [, 87 CAR [, 88 CAR]] [, 8A A_IC]}`.
    fn authenticate(
        self,
        agreement: &Agreement,
        mapping_key: Option<&PrivateKey>,
        data: &[u8],
    ) -> Result<CardStep, PaceError> {
        let token = dynamic_object(data, 0x85).map_err(objects(Step::MutualAuthentication))?;
        if !bool::from(agreement.peer_token()?.ct_eq(token)) {
            return Err(PaceError::Token);
        }
        let own_token = agreement.own_token()?;
        let references = if self.references_wanted { self.references } else { Vec::new() };
        let proof = match (&self.chip_key, mapping_key) {
            (Some(chip_key), Some(mapping_key)) => {
                Some(chip_authentication::encrypt(agreement, chip_key, mapping_key)?)
            }
            _ => None,
        };
        let mut objects = vec![(0x86, &own_token[..])];
        objects.extend([0x87, 0x88].into_iter().zip(references.iter().map(Vec::as_slice)));
        objects.extend(proof.as_deref().map(|proof| (0x8A, proof)));
        let response = Response::ok(dynamic(&objects));
        let established = Established {
            sm: agreement.session()?,
            suite: self.suite,
            id_picc: agreement.own.compressed(),
            pcd_compressed: agreement.peer.compressed(),
            password: self.password.kind(),
            certification_authority_references: references,
            chip_authentication: None,
        };
        Ok(CardStep::Done(response, established))
    }
}
