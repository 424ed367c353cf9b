//! Terminal Authentication, before secure messaging wraps it.

use crate::case::{Case, command, response};
use crate::script::Script;
use bitaqa_apdu::{Command, Response, Sw, ins};
use bitaqa_curves::SecretScalar;
use bitaqa_lds::security_infos;
use bitaqa_pki::cvc::rules::RuleError;
use bitaqa_pki::cvc::{CvCertificate, CvcError, InspectionRights, PublicKey};
use bitaqa_pki::rsa::{RsaPrivateKey, RsaSigner};
use bitaqa_pki::{SignError, Signature, SignatureAlgorithm, Signer, SoftwareSigner};
use bitaqa_secure_messaging::ta::{self, CardTa, EffectiveRights, TaError, TrustState};
use core::convert::Infallible;
use time::Date;
use time::macros::format_description;

/// Both roles of one dialogue.
pub fn replay(case: &Case) {
    let (trust, chain) = certificates(case);
    as_card(case, trust.clone());
    as_terminal(case, &trust, &chain);
}

/// The examples of BSI: their CVCA is one for inspection systems and certifies a DV for authentication terminals. The
/// terminal's side is replayed whole. A card refuses that DV (TR-03110-3 §2.7), and so certificates and signature are
/// verified by the keys that the chain leads to.
pub fn replay_of_two_types(case: &Case) {
    let (mut trust, chain) = certificates(case);
    as_terminal(case, &trust, &chain);
    let mut key = trust.trust_points[0].public_key(None).unwrap();
    for certificate in &chain {
        certificate.verify(&key).unwrap();
        key = certificate.public_key(Some(&key)).unwrap();
    }
    let message = [case.octets("id_picc"), case.octets("challenge"), case.octets("pcd_compressed")].concat();
    assert_eq!(key.verify(&message, &Signature(case.octets("signature"))), Ok(()));

    let (mut ta, mut rng, mut rights) = (CardTa::new(), Script::new(), None);
    let [(select, _), (verify, _), ..] = &case.dialogue()[..] else { panic!() };
    let mut answer = |octets: &[u8]| step(&mut ta, &command(octets), &mut trust, &mut rng, case, &mut rights);
    answer(select).unwrap();
    let refused = answer(verify).unwrap_err();
    assert!(matches!(refused, TaError::Certificate(CvcError::Rule(RuleError::TerminalType { .. }))), "{refused}");
}

fn certificates(case: &Case) -> (TrustState, Vec<CvCertificate>) {
    let trust_point = CvCertificate::parse(&case.octets("cvca")).unwrap();
    let links = case.maybe("link").map(|link| CvCertificate::parse(&link).unwrap());
    let below = ["dv", "is"].map(|name| CvCertificate::parse(&case.octets(name)).unwrap());
    let trust = TrustState { trust_points: vec![trust_point], current_date: date(case.text("current_date")) };
    (trust, links.into_iter().chain(below).collect())
}

fn date(text: &str) -> Date {
    Date::parse(text, format_description!("[year]-[month]-[day]")).unwrap()
}

fn as_card(case: &Case, mut trust: TrustState) {
    let (mut ta, mut rng) = (CardTa::new(), Script::new().octets(case.octets("challenge")));
    let mut rights = None;
    for (sent, answer) in case.dialogue() {
        let command = command(&sent);
        let response = step(&mut ta, &command, &mut trust, &mut rng, case, &mut rights).unwrap();
        assert_eq!(hex::encode_upper(response.encode()), hex::encode_upper(answer));
    }
    assert!(rng.is_spent());
    let rights = rights.unwrap();
    assert_eq!(rights.rights, InspectionRights::from_bits(case.octets("rights")[0]));
    assert_eq!(rights.holder, *CvCertificate::parse(&case.octets("is")).unwrap().holder());
    assert_eq!(trust.current_date, date(case.text("current_date_after")));
    let names: Vec<_> = trust.references().into_iter().map(|name| String::from_utf8(name).unwrap()).collect();
    assert_eq!(names, case.texts("trust_points_after"));
}

fn step(
    ta: &mut CardTa,
    command: &Command,
    trust: &mut TrustState,
    rng: &mut Script,
    case: &Case,
    rights: &mut Option<EffectiveRights>,
) -> Result<Response, TaError> {
    match (command.ins, command.p1p2()) {
        (ins::MANAGE_SECURITY_ENVIRONMENT, 0x81B6) => ta.set_dst(command, trust),
        (ins::MANAGE_SECURITY_ENVIRONMENT, _) => ta.set_at(command),
        (ins::GET_CHALLENGE, _) => ta.get_challenge(command, rng),
        (ins::PERFORM_SECURITY_OPERATION, _) => {
            if let Some(update) = ta.verify_certificate(command, trust)? {
                trust.apply(update);
            }
            Ok(Sw::OK.into())
        }
        _ => {
            let (id_picc, pcd) = (case.octets("id_picc"), case.octets("pcd_compressed"));
            *rights = Some(ta.external_authenticate(command, &id_picc, &pcd)?);
            Ok(Sw::OK.into())
        }
    }
}

/// Gives the signature of the case for the message of the case: printed ones are not deterministic, and no signer here
/// writes SHA-1.
struct Printed {
    key: PublicKey,
    message: Vec<u8>,
    signature: Signature,
}

impl Signer for Printed {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm
    }

    fn public_key(&self) -> bitaqa_pki::PublicKey {
        self.key.key.clone()
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        assert_eq!(message, self.message);
        Ok(self.signature.clone())
    }
}

fn as_terminal(case: &Case, trust: &TrustState, chain: &[CvCertificate]) {
    let (id_picc, pcd) = (case.octets("id_picc"), case.octets("pcd_compressed"));
    let message = [id_picc.as_slice(), &case.octets("challenge"), &pcd].concat();
    // Heirs inherit their parameters along the chain.
    let mut key = trust.trust_points[0].public_key(None).unwrap();
    for certificate in chain {
        key = certificate.public_key(Some(&key)).unwrap();
    }
    let name = key.algorithm.terminal_authentication_oid().unwrap();
    assert_eq!(security_infos::name(&name), Some(case.text("mechanism")));
    let signature = Signature(case.octets("signature"));
    own_signer(case, &key, &message, &signature);
    let mut exchanges = case.dialogue().into_iter();
    let mut send = |sent: Command| {
        let (expected, answer) = exchanges.next().expect("an exchange more than the dialogue has");
        assert_eq!(hex::encode_upper(sent.encode().unwrap()), hex::encode_upper(expected));
        Ok::<_, Infallible>(response(&answer))
    };
    ta::authenticate(&mut send, chain, &Printed { key, message, signature }, &id_picc, &pcd).unwrap();
    assert!(exchanges.next().is_none());
}

/// Our own signers under the key of the case: the same signature where it is deterministic, a good one everywhere.
fn own_signer(case: &Case, key: &PublicKey, message: &[u8], expected: &Signature) {
    let Some(private) = case.maybe("terminal_key") else { return };
    let hash = key.algorithm.hash();
    if !hash.is_permitted() || key.key.rsa().is_some_and(|key| key.bits() < 2048) {
        return;
    }
    let rsa = || RsaPrivateKey::from_pkcs8(&private).unwrap();
    let signer: Box<dyn Signer> = match key.algorithm {
        SignatureAlgorithm::RsaPkcs1(_) => Box::new(RsaSigner::pkcs1(rsa(), hash, &mut Seed).unwrap()),
        SignatureAlgorithm::RsaPss(_) => Box::new(RsaSigner::pss(rsa(), hash, &mut Seed).unwrap()),
        _ => {
            let scalar = SecretScalar::from_bytes(key.key.curve().unwrap(), &private).unwrap();
            Box::new(SoftwareSigner::with_hash(scalar, hash).unwrap())
        }
    };
    let signature = signer.sign(message).unwrap();
    assert_eq!(key.verify(message, &signature), Ok(()));
    let is_deterministic = !matches!(key.algorithm, SignatureAlgorithm::RsaPss(_));
    assert_eq!(signature == *expected, is_deterministic);
}

/// All zeros: what the seed of a signer is does not matter here.
struct Seed;

impl rand_core::TryRng for Seed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        octets.fill(0);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Seed {}
