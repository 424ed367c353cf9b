//! Active Authentication, 9303-11 §6.1.

use crate::case::{Case, command, response};
use crate::script::Script;
use bitaqa_apdu::{Command, tlv};
use bitaqa_curves::{Domain, SecretScalar};
use bitaqa_lds::security_infos::{ActiveAuthenticationInfo, SecurityInfo};
use bitaqa_pki::rsa::RsaPrivateKey;
use bitaqa_pki::{PublicKey, spki};
use bitaqa_secure_messaging::aa::{self, Mechanism};
use core::convert::Infallible;
use rand_core::{TryCryptoRng, TryRng};

/// Both roles of one exchange.
pub fn replay(case: &Case) {
    let mechanism = mechanism(case.text("mechanism"));
    as_card(case, mechanism);
    as_terminal(case, mechanism);
}

/// The example of appendix F, which prints no key: under one of the same length the number in the signature is the
/// printed one, and the terminal takes it.
pub fn replay_without_key(case: &Case) {
    let f = case.octets("F");
    let Mechanism::Rsa(hash) = mechanism(case.text("mechanism")) else { panic!() };
    let keys = crate::case::read("icao9303-11/aa_dialogues.toml").into_iter().filter(|other| other.has("M1"));
    let mut keys = keys.map(|other| RsaPrivateKey::from_pkcs8(&other.octets("private_key")).unwrap());
    let key = keys.find(|key| key.public().modulus().len() == f.len()).expect("a key of 1024 bits");
    let mut rng = Blinded(Script::new().octets(case.octets("M1")), 1);
    let answer = aa::respond_rsa(&command(&case.octets("command")), &key, hash, &mut rng).unwrap();
    assert_eq!(hex::encode_upper(key.public().raw(&answer.data).unwrap()), hex::encode_upper(&f));
    let mut rng = Script::new().octets(case.octets("RND_IFD"));
    let mut send = |sent: Command| {
        assert_eq!(hex::encode_upper(sent.encode().unwrap()), hex::encode_upper(case.octets("command")));
        Ok::<_, Infallible>(answer.clone())
    };
    let verdict = aa::authenticate(&mut send, &key.public().clone().into(), None, &mut rng);
    assert_eq!(verdict.unwrap(), Mechanism::Rsa(hash));
}

fn mechanism(name: &str) -> Mechanism {
    *aa::MECHANISMS.iter().find(|mechanism| mechanism.to_string() == name).unwrap_or_else(|| panic!("{name}"))
}

/// M1 first, then whatever the blinding of the private operation asks for.
struct Blinded(Script, u8);

impl TryRng for Blinded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets)?;
        Ok(u32::from_be_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets)?;
        Ok(u64::from_be_bytes(octets))
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        if !self.0.is_spent() {
            return self.0.try_fill_bytes(octets);
        }
        for octet in octets {
            self.1 = self.1.wrapping_mul(5).wrapping_add(1);
            *octet = self.1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Blinded {}

/// The chip signs as 9303-11 §6.1.2.2 recommends, so it cannot replay the smaller one of J and n - J.
fn as_card(case: &Case, mechanism: Mechanism) {
    let sent = command(&case.octets("command"));
    let answer = match mechanism {
        Mechanism::Rsa(_) if case.text("scheme") == "B.4" => return,
        Mechanism::Rsa(hash) => {
            let key = RsaPrivateKey::from_pkcs8(&case.octets("private_key")).unwrap();
            let mut rng = Blinded(Script::new().octets(case.octets("M1")), 1);
            aa::respond_rsa(&sent, &key, hash, &mut rng).unwrap()
        }
        Mechanism::Ecdsa(hash) => {
            let id = u8::try_from(case.number("parameter_id")).unwrap();
            let Some(Domain::Ec(curve)) = Domain::from_parameter_id(id) else { panic!("{id}") };
            let key = SecretScalar::from_bytes(curve, &case.octets("private_key")).unwrap();
            aa::respond_ecdsa(&sent, &key, hash).unwrap()
        }
    };
    assert_eq!(hex::encode_upper(answer.encode()), hex::encode_upper(case.octets("response")));
}

fn as_terminal(case: &Case, mechanism: Mechanism) {
    let file = case.octets("dg15");
    let key: PublicKey = spki::decode_key(tlv::only(&file, 0x6F).unwrap()).unwrap();
    let info: Option<ActiveAuthenticationInfo> = case.maybe("info").map(|der| match SecurityInfo::from_der(&der) {
        Ok(SecurityInfo::ActiveAuthentication(info)) => info,
        other => panic!("{other:?}"),
    });
    let mut rng = Script::new().octets(case.octets("RND_IFD"));
    let mut send = |sent: Command| {
        assert_eq!(hex::encode_upper(sent.encode().unwrap()), hex::encode_upper(case.octets("command")));
        Ok::<_, Infallible>(response(&case.octets("response")))
    };
    assert_eq!(aa::authenticate(&mut send, &key, info.as_ref(), &mut rng).unwrap(), mechanism);
    assert!(rng.is_spent());

    let challenge = case.octets("RND_IFD").try_into().unwrap();
    let mut signature = case.octets("response");
    signature.truncate(signature.len() - 2);
    assert_eq!(aa::verify(&key, info.as_ref(), challenge, &signature), Ok(mechanism));
    let last = signature.len() - 1;
    signature[last] ^= 1;
    assert!(aa::verify(&key, info.as_ref(), challenge, &signature).is_err());
    signature[last] ^= 1;
    assert!(aa::verify(&key, info.as_ref(), [0; 8], &signature).is_err());
}
