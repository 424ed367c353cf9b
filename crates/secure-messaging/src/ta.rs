//! Terminal Authentication version 1 with ECDSA, 9303-11 §7.1 and TR-03110-1 §3.5, both roles: a terminal shows
//! certificates that lead to a trust point of the chip and signs a challenge that is bound to the session.
//!
//! ```text
//! 0C 22 81 B6  83 CAR                       -> 9000      for each certificate, link certificates first:
//! 0C 2A 00 BE  7F4E body, 5F37 signature    -> 9000      verified by the key that was just named
//! 0C 22 81 A4  83 CHR                       -> 9000      key of the terminal
//! 0C 84 00 00  08                           -> r_PICC
//! 0C 82 00 00  signature over ID_PICC ‖ r_PICC ‖ Comp(PK_PCD)   -> 9000 or 6300
//! ```
//! What the chip keeps beyond the session, trust points and its date, comes in as [`TrustState`] and goes out as
//! [`TrustUpdate`], for the caller to store in one piece. Not here: RSA, version 2, authorisation extensions.

mod terminal;

pub use terminal::authenticate;

use crate::templates::SetAt;
use bitaqa_apdu::tlv::{Tag, TlvError};
use bitaqa_apdu::{Command, Response, Sw, TerminalRight};
use bitaqa_pki::cvc::rules::{self, RuleError};
use bitaqa_pki::cvc::{Chat, CvCertificate, CvcError, InspectionRights, PublicKey, Reference, Role};
use bitaqa_pki::{SignError, Signature};
use rand_core::CryptoRng;
use time::Date;

/// P1-P2 of MSE:Set DST for verification.
const SET_DST: u16 = 0x81B6;
/// P1-P2 of PSO: Verify Certificate, self-descriptive.
const VERIFY: u16 = 0x00BE;
/// P1-P2 of MSE:Set AT for external authentication.
const SET_AT: u16 = 0x81A4;
/// Octets of r_PICC.
const CHALLENGE: usize = 8;
/// A chip holds at most so many trust points, TR-03110-3 §2.5.
const TRUST_POINTS_MAX: usize = 2;

/// What the chip keeps in its memory, TR-03110-3 §2.5 and §2.6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustState {
    /// Certificates of the CVCA, at most two.
    pub trust_points: Vec<CvCertificate>,
    /// The chip's notion of the current date: never later than the true one as long as its issuers tell the truth.
    pub current_date: Date,
}

/// What a verified certificate changes in [`TrustState`]. Date and trust points belong into one transaction of the
/// memory (TR-03110-3 §2.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustUpdate {
    /// The new list, if a link certificate came.
    pub trust_points: Option<Vec<CvCertificate>>,
    /// The new date, if it moves forward.
    pub current_date: Option<Date>,
}

impl TrustState {
    /// Takes over what a certificate changed.
    pub fn apply(&mut self, update: TrustUpdate) {
        if let Some(trust_points) = update.trust_points {
            self.trust_points = trust_points;
        }
        if let Some(current_date) = update.current_date {
            self.current_date = current_date;
        }
    }

    /// Names of the trust points, the most recent first: content of EF.CVCA and of DO 87 and 88 of PACE.
    pub fn references(&self) -> Vec<Vec<u8>> {
        let mut points: Vec<_> = self.trust_points.iter().collect();
        points.sort_by_key(|point| core::cmp::Reverse(point.effective()));
        points.iter().map(|point| point.holder().as_octets().to_vec()).collect()
    }

    fn find(&self, holder: &Reference) -> Option<&CvCertificate> {
        self.trust_points.iter().find(|point| point.holder() == holder)
    }

    /// Key of a trust point. A link certificate may leave its domain parameters to the trust point that issued it.
    fn key(&self, point: &CvCertificate) -> Result<PublicKey, CvcError> {
        match point.public_key(None) {
            Err(CvcError::NoParameters) => {
                let issuer = self.find(point.authority()).ok_or(CvcError::NoParameters)?;
                point.public_key(Some(&issuer.public_key(None)?))
            }
            other => other,
        }
    }

    /// With one trust point more and the oldest ones beyond two left out. The rest must stand on its own.
    fn with(&self, link: CvCertificate) -> Result<Vec<CvCertificate>, CvcError> {
        let mut trust_points = self.trust_points.clone();
        trust_points.push(link);
        trust_points.sort_by_key(|point| core::cmp::Reverse(point.effective()));
        trust_points.truncate(TRUST_POINTS_MAX);
        let next = Self { trust_points, current_date: self.current_date };
        next.trust_points.iter().try_for_each(|point| next.key(point).map(drop))?;
        Ok(next.trust_points)
    }
}

/// What an authenticated terminal may do: what every certificate of its chain allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveRights {
    /// Name of the terminal.
    pub holder: Reference,
    /// Rights on the data groups.
    pub rights: InspectionRights,
}

impl EffectiveRights {
    /// Whether an access rule that asks for this right is satisfied.
    pub const fn allow(&self, right: TerminalRight) -> bool {
        self.rights.allow(right)
    }
}

/// What can go wrong on either side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaError {
    /// P1-P2 of no command of this protocol.
    #[error("P1-P2 {0:04X} belongs to no command of Terminal Authentication")]
    P1P2(u16),
    /// GET CHALLENGE is not for eight octets, or has data.
    #[error("GET CHALLENGE is for 8 octets without data")]
    Length,
    /// The data field of MSE is no sequence of data objects.
    #[error("data field: {0}")]
    Objects(#[from] TlvError),
    /// DO 83 is not there.
    #[error("data object {0:X} is missing")]
    Missing(Tag),
    /// DO 83 names neither a trust point nor the key imported last.
    #[error("no key of that name")]
    UnknownKey,
    /// MSE:Set AT names a key of a CVCA or DV.
    #[error("the key is not the one of a terminal")]
    NotTerminal,
    /// A certificate or signature came before a key was named for it.
    #[error("no key was selected")]
    NoKey,
    /// The certificate is malformed, wrongly signed or not allowed where it stands.
    #[error("certificate: {0}")]
    Certificate(#[from] CvcError),
    /// The name of the holder is the one of a trust point, TR-03110-3 §A.7.2.
    #[error("a trust point has that name already")]
    KnownHolder,
    /// EXTERNAL AUTHENTICATE without a fresh challenge.
    #[error("no challenge was asked for")]
    NoChallenge,
    /// Once in a session, TR-03110-1 §3.5.2.
    #[error("the terminal has authenticated itself in this session before")]
    Repeated,
    /// The signature over the challenge does not verify.
    #[error("the signature of the terminal does not verify")]
    Signature,
    /// Terminal: there is no certificate to show.
    #[error("the chain of certificates is empty")]
    EmptyChain,
    /// Terminal: r_PICC of another length.
    #[error("a challenge of {0} octets")]
    Challenge(usize),
    /// Terminal: its own key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Terminal: the card refused.
    #[error("the card answered {sw} to {command}")]
    Status {
        /// Command, for certificates with the name of the holder.
        command: String,
        /// Answer.
        sw: Sw,
    },
}

impl From<RuleError> for TaError {
    fn from(error: RuleError) -> Self {
        Self::Certificate(error.into())
    }
}

/// Status words of 9303-11 §7.1.5; terminal errors never reach a card.
impl From<TaError> for Sw {
    #[allow(clippy::match_same_arms)] // a clause per arm
    fn from(error: TaError) -> Self {
        match error {
            TaError::P1P2(_) => Sw::WRONG_P1P2,
            TaError::Length => Sw::WRONG_LENGTH,
            TaError::Objects(_) | TaError::Missing(_) | TaError::NotTerminal => Sw::WRONG_DATA, // 9303-11 §7.1.5.3
            TaError::UnknownKey => Sw::REFERENCE_NOT_FOUND,                                     // 9303-11 §7.1.5.1
            TaError::NoKey | TaError::NoChallenge => Sw::CONDITIONS_NOT_SATISFIED,
            TaError::Certificate(CvcError::Signature(_)) => Sw::AUTHENTICATION_FAILED,
            TaError::Certificate(CvcError::Rule(_)) | TaError::KnownHolder => Sw::CONDITIONS_NOT_SATISFIED,
            TaError::Certificate(_) => Sw::WRONG_DATA,
            TaError::Repeated => Sw::SECURITY_STATUS_NOT_SATISFIED, // 9303-11 §7.1.5.5
            TaError::Signature => Sw::AUTHENTICATION_FAILED,        // 9303-11 §7.1.5.5
            TaError::EmptyChain | TaError::Challenge(_) | TaError::Sign(_) | TaError::Status { .. } => {
                Sw::EXECUTION_ERROR
            }
        }
    }
}

/// Chip role for one session: drop it with the session, since its keys must not outlive it (TR-03110-3 §A.7.2.2).
///
/// An imported key stays usable until the operation it is for has succeeded, as the same clause asks; so a certificate
/// or signature that fails leaves it in place, and gains nothing by that.
#[derive(Default)]
pub struct CardTa {
    /// Key named by MSE:Set DST.
    verification_key: Option<Reference>,
    /// The key imported last, from a DV or terminal certificate.
    imported: Option<Imported>,
    /// MSE:Set AT has named the imported key.
    terminal_selected: bool,
    challenge: Option<[u8; CHALLENGE]>,
    authenticated: bool,
}

/// A temporarily imported key with what its chain says of its holder.
#[derive(Clone)]
struct Imported {
    holder: Reference,
    key: PublicKey,
    /// Templates from the trust point down to the holder, three at most.
    chain: Vec<Chat>,
}

/// The key that must have signed the next certificate.
struct Issuer {
    key: PublicKey,
    holder: Reference,
    chain: Vec<Chat>,
    /// Last day of a trust point: after it, it verifies link certificates only.
    expiry: Option<Date>,
}

impl CardTa {
    /// At the start of a session.
    pub fn new() -> Self {
        Self::default()
    }

    /// MSE:Set DST, `0C 22 81 B6`: names the key for the next certificate, a trust point or the key imported last.
    ///
    /// # Errors
    /// [`TaError::P1P2`], [`TaError::Objects`], [`TaError::Missing`], [`TaError::UnknownKey`]; no key is selected then.
    pub fn set_dst(&mut self, command: &Command, trust: &TrustState) -> Result<Response, TaError> {
        self.verification_key = None;
        let reference = reference(command, SET_DST)?.ok_or(TaError::UnknownKey)?;
        let imported = self.imported.as_ref().is_some_and(|imported| imported.holder == reference);
        if !imported && trust.find(&reference).is_none() {
            return Err(TaError::UnknownKey);
        }
        self.verification_key = Some(reference);
        Ok(Sw::OK.into())
    }

    /// PSO: Verify Certificate, `0C 2A 00 BE`; the response is 9000 without data. The update goes into the memory
    /// before the response leaves.
    ///
    /// # Errors
    /// [`TaError::P1P2`], [`TaError::NoKey`], [`TaError::Certificate`], [`TaError::KnownHolder`]; neither key nor date
    /// nor trust point has changed then.
    pub fn verify_certificate(
        &mut self,
        command: &Command,
        trust: &TrustState,
    ) -> Result<Option<TrustUpdate>, TaError> {
        if command.p1p2() != VERIFY {
            return Err(TaError::P1P2(command.p1p2()));
        }
        let issuer = self.issuer(trust)?;
        let certificate = CvCertificate::parse_command_data(&command.data)?;
        let key = issuer.check(&certificate, trust)?;

        let role = issuer.chain.last().map_or(Role::Terminal, Chat::role);
        let date = rules::date_after(trust.current_date, role, &certificate);
        let current_date = (date != trust.current_date).then_some(date);
        if certificate.chat().role() == Role::Cvca {
            let trust_points = Some(trust.with(certificate)?);
            return Ok(Some(TrustUpdate { trust_points, current_date }));
        }
        let mut chain = issuer.chain;
        chain.push(certificate.chat().clone());
        self.imported = Some(Imported { holder: certificate.holder().clone(), key, chain });
        self.terminal_selected = false;
        Ok(current_date.map(|date| TrustUpdate { trust_points: None, current_date: Some(date) }))
    }

    /// MSE:Set AT, `0C 22 81 A4`: names the key of the terminal, which must be the one imported last.
    ///
    /// # Errors
    /// [`TaError::P1P2`], [`TaError::Objects`], [`TaError::Missing`], [`TaError::UnknownKey`] or
    /// [`TaError::NotTerminal`]; no key is selected then.
    pub fn set_at(&mut self, command: &Command) -> Result<Response, TaError> {
        self.terminal_selected = false;
        let reference = reference(command, SET_AT)?;
        let imported = self.imported.as_ref().filter(|imported| Some(&imported.holder) == reference.as_ref());
        match imported.ok_or(TaError::UnknownKey)?.chain.last().map(Chat::role) {
            Some(Role::Terminal) => self.terminal_selected = true,
            _ => return Err(TaError::NotTerminal),
        }
        Ok(Sw::OK.into())
    }

    /// GET CHALLENGE, `0C 84 00 00 08`. A new challenge replaces the one before.
    ///
    /// # Errors
    /// [`TaError::P1P2`], [`TaError::Length`]; a challenge from before is gone then as well.
    pub fn get_challenge(&mut self, command: &Command, rng: &mut dyn CryptoRng) -> Result<Response, TaError> {
        self.challenge = None;
        if command.p1p2() != 0 {
            return Err(TaError::P1P2(command.p1p2()));
        }
        if !command.data.is_empty() || command.ne != 8 {
            return Err(TaError::Length);
        }
        let mut challenge = [0; CHALLENGE];
        rng.fill_bytes(&mut challenge);
        self.challenge = Some(challenge);
        Ok(Response::ok(challenge))
    }

    /// EXTERNAL AUTHENTICATE, `0C 82 00 00`; the response is 9000 without data. `id_picc` is Comp() of the chip's
    /// ephemeral PACE key, `pcd_compressed` Comp() of the terminal's key of Chip Authentication. Rights hold in this
    /// session only.
    ///
    /// # Errors
    /// [`TaError::P1P2`], [`TaError::Repeated`], [`TaError::NoKey`], [`TaError::NoChallenge`] or
    /// [`TaError::Signature`]; the challenge is spent in every case.
    pub fn external_authenticate(
        &mut self,
        command: &Command,
        id_picc: &[u8],
        pcd_compressed: &[u8],
    ) -> Result<EffectiveRights, TaError> {
        let challenge = self.challenge.take();
        if command.p1p2() != 0 {
            return Err(TaError::P1P2(command.p1p2()));
        }
        if self.authenticated {
            return Err(TaError::Repeated);
        }
        let terminal = self.imported.as_ref().filter(|_| self.terminal_selected).ok_or(TaError::NoKey)?;
        let challenge = challenge.ok_or(TaError::NoChallenge)?;
        let message = [id_picc, &challenge, pcd_compressed].concat();
        let signature = Signature(command.data.to_vec());
        let key = &terminal.key;
        key.verify(&message, &signature).map_err(|_| TaError::Signature)?;
        self.authenticated = true;
        Ok(EffectiveRights { holder: terminal.holder.clone(), rights: rules::effective_rights(&terminal.chain) })
    }

    /// The key that MSE:Set DST named, trust points first.
    fn issuer(&self, trust: &TrustState) -> Result<Issuer, TaError> {
        let holder = self.verification_key.clone().ok_or(TaError::NoKey)?;
        if let Some(point) = trust.find(&holder) {
            let (key, chain) = (trust.key(point)?, vec![point.chat().clone()]);
            return Ok(Issuer { key, holder, chain, expiry: Some(point.expiry()) });
        }
        let imported = self.imported.clone().filter(|imported| imported.holder == holder).ok_or(TaError::NoKey)?;
        Ok(Issuer { key: imported.key, holder, chain: imported.chain, expiry: None })
    }
}

impl Issuer {
    /// All that TR-03110-3 §2.5.1 step 1 and the role transitions ask of a certificate; gives its key.
    fn check(&self, certificate: &CvCertificate, trust: &TrustState) -> Result<PublicKey, TaError> {
        certificate.check_authority(&self.holder)?;
        certificate.verify(&self.key)?;
        let issuer = self.chain.last().ok_or(TaError::NoKey)?;
        rules::check_issue(issuer, certificate.chat())?;
        rules::check_expiry(certificate, trust.current_date)?;
        let is_link = certificate.chat().role() == Role::Cvca;
        match self.expiry {
            Some(expiry) if !is_link && expiry < trust.current_date => return Err(RuleError::Expired(expiry).into()),
            _ => {}
        }
        if trust.find(certificate.holder()).is_some() {
            return Err(TaError::KnownHolder);
        }
        Ok(certificate.public_key(Some(&self.key))?)
    }
}

/// DO 83 of MSE; `None` for octets that can be no name of a key.
fn reference(command: &Command, p1p2: u16) -> Result<Option<Reference>, TaError> {
    if command.p1p2() != p1p2 {
        return Err(TaError::P1P2(command.p1p2()));
    }
    let octets = SetAt::read(&command.data)?.reference.ok_or(TaError::Missing(0x83))?;
    Ok(Reference::from_octets(octets).ok())
}

#[cfg(test)]
#[path = "ta/tests.rs"]
mod tests;
