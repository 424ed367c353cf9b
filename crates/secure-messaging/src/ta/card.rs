//! The chip's role: certificates down to a terminal, a challenge, and the signature over it.

use super::{CHALLENGE, EffectiveRights, SET_AT, SET_DST, TaError, TrustState, TrustUpdate, VERIFY};
use crate::templates::SetAt;
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_pki::Signature;
use bitaqa_pki::cvc::rules::{self, RuleError};
use bitaqa_pki::cvc::{Chat, CvCertificate, PublicKey, Reference, Role};
use rand_core::CryptoRng;
use time::Date;

/// Chip role for one session: drop it with the session, since its keys must not outlive it (TR-03110-3 §A.7.2.2).
///
/// Whatever goes wrong in a command of this protocol drops all that was shown before: the imported key, what was
/// selected, the challenge. A terminal then begins again at a trust point (decision 0009).
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

    /// Drops keys, selections and challenge, as for another selection of the application. That a terminal has
    /// authenticated itself in this session is remembered: it may do so once (9303-11 §7.1.3).
    pub fn forget(&mut self) {
        *self = Self { authenticated: self.authenticated, ..Self::default() };
    }

    /// MSE:Set DST, `0C 22 81 B6`: names the key for the next certificate, a trust point or the key imported last.
    ///
    /// # Errors
    /// [`TaError::P1P2`], [`TaError::Objects`], [`TaError::Missing`], [`TaError::UnknownKey`]; everything shown before
    /// is dropped then.
    pub fn set_dst(&mut self, command: &Command, trust: &TrustState) -> Result<Response, TaError> {
        let result = self.try_set_dst(command, trust);
        self.or_forget(result)
    }

    /// PSO: Verify Certificate, `0C 2A 00 BE`; the response is 9000 without data. The update goes into the memory
    /// before the response leaves.
    ///
    /// # Errors
    /// [`TaError::P1P2`], [`TaError::NoKey`], [`TaError::Certificate`], [`TaError::KnownHolder`]; neither date nor
    /// trust point has changed then, and everything shown before is dropped.
    pub fn verify_certificate(
        &mut self,
        command: &Command,
        trust: &TrustState,
    ) -> Result<Option<TrustUpdate>, TaError> {
        let result = self.try_verify_certificate(command, trust);
        self.or_forget(result)
    }

    /// MSE:Set AT, `0C 22 81 A4`: names the key of the terminal, which must be the one imported last.
    ///
    /// # Errors
    /// [`TaError::P1P2`], [`TaError::Objects`], [`TaError::Missing`], [`TaError::UnknownKey`] or
    /// [`TaError::NotTerminal`]; everything shown before is dropped then.
    pub fn set_at(&mut self, command: &Command) -> Result<Response, TaError> {
        let result = self.try_set_at(command);
        self.or_forget(result)
    }

    /// GET CHALLENGE, `0C 84 00 00 08`. A new challenge replaces the one before.
    ///
    /// # Errors
    /// [`TaError::P1P2`], [`TaError::Length`]; everything shown before is dropped then.
    pub fn get_challenge(&mut self, command: &Command, rng: &mut dyn CryptoRng) -> Result<Response, TaError> {
        let result = self.try_get_challenge(command, rng);
        self.or_forget(result)
    }

    /// EXTERNAL AUTHENTICATE, `0C 82 00 00`; the response is 9000 without data. `id_picc` is Comp() of the chip's
    /// ephemeral PACE key or [`super::id_picc_after_bac`], `pcd_compressed` Comp() of the terminal's key of Chip
    /// Authentication. Rights hold in this session only.
    ///
    /// # Errors
    /// [`TaError::P1P2`], [`TaError::Repeated`], [`TaError::NoKey`], [`TaError::NoChallenge`] or
    /// [`TaError::Signature`]. Challenge and keys are spent in every case.
    pub fn external_authenticate(
        &mut self,
        command: &Command,
        id_picc: &[u8],
        pcd_compressed: &[u8],
    ) -> Result<EffectiveRights, TaError> {
        let result = self.try_external_authenticate(command, id_picc, pcd_compressed);
        self.authenticated |= result.is_ok();
        self.forget();
        result
    }

    /// Whether a certificate has brought a key that is still there.
    #[cfg(test)]
    pub(super) const fn holds_key(&self) -> bool {
        self.imported.is_some()
    }

    /// The one place where an error drops what was shown.
    fn or_forget<T>(&mut self, result: Result<T, TaError>) -> Result<T, TaError> {
        result.inspect_err(|_| self.forget())
    }

    fn try_set_dst(&mut self, command: &Command, trust: &TrustState) -> Result<Response, TaError> {
        let reference = reference(command, SET_DST)?.ok_or(TaError::UnknownKey)?;
        let imported = self.imported.as_ref().is_some_and(|imported| imported.holder == reference);
        if !imported && trust.find(&reference).is_none() {
            return Err(TaError::UnknownKey);
        }
        self.verification_key = Some(reference);
        Ok(Sw::OK.into())
    }

    fn try_verify_certificate(
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

    fn try_set_at(&mut self, command: &Command) -> Result<Response, TaError> {
        let reference = reference(command, SET_AT)?;
        let imported = self.imported.as_ref().filter(|imported| Some(&imported.holder) == reference.as_ref());
        match imported.ok_or(TaError::UnknownKey)?.chain.last().map(Chat::role) {
            Some(Role::Terminal) => self.terminal_selected = true,
            _ => return Err(TaError::NotTerminal),
        }
        Ok(Sw::OK.into())
    }

    fn try_get_challenge(&mut self, command: &Command, rng: &mut dyn CryptoRng) -> Result<Response, TaError> {
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

    fn try_external_authenticate(
        &self,
        command: &Command,
        id_picc: &[u8],
        pcd_compressed: &[u8],
    ) -> Result<EffectiveRights, TaError> {
        if command.p1p2() != 0 {
            return Err(TaError::P1P2(command.p1p2()));
        }
        if self.authenticated {
            return Err(TaError::Repeated);
        }
        let terminal = self.imported.as_ref().filter(|_| self.terminal_selected).ok_or(TaError::NoKey)?;
        let challenge = self.challenge.ok_or(TaError::NoChallenge)?;
        let message = [id_picc, &challenge, pcd_compressed].concat();
        let signature = Signature(command.data.to_vec());
        terminal.key.verify(&message, &signature).map_err(|_| TaError::Signature)?;
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
