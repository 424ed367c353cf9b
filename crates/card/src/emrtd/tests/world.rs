//! A sealed card with every protocol, and a terminal that holds what it needs to speak each of them.

use core::convert::Infallible;
use std::sync::LazyLock;

use bitaqa_apdu::fcp::{FileControl, Place, dgi_of};
use bitaqa_apdu::install::{Delay, KeySpec, KeyUse, Parameters};
use bitaqa_apdu::{AccessRule, Aid, Command, Response, Sw, Transport};
use bitaqa_curves::{Curve, DhGroup, Domain, PrivateKey, SecretScalar};
use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::security_infos::{self as infos, ChipAuthenticationInfo, SecurityInfo, SecurityInfos};
use bitaqa_pki::cvc::{self, Chat, CvCertificate, CvRequest, InspectionRights, Reference, Role};
use bitaqa_pki::{Signer, SoftwareSigner, spki};
use bitaqa_secure_messaging::pace::{ChipAuthenticationProof, Offer, PaceError, Password, Request};
use bitaqa_secure_messaging::scp03::KeySet;
use bitaqa_secure_messaging::{SecureMessaging, TerminalError, bac, ca, pace, ta};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use rand_core::CryptoRng;
use time::Date;
use time::macros::date;

use crate::chip::{Buffers, Configuration, NativeModule, Quirks};
use crate::emrtd::cell;
use crate::gp::life_cycle::AppLife;
use crate::gp::privileges::{Privilege, Privileges};
use crate::gp::registry::{CARD_MANAGER, Entry};
use crate::nvm::CellId;
use crate::nvm::medium::MemoryMedium;
use crate::{Card, ChipSpec, Platform};

pub const MRZ: &str = "L898902C<369080619406236";
/// Its SHA-1, 9303-11 Appendix D.2.
const MRZ_SECRET: &str = "239AB9CB282DAF66231DC5A4DF6BFBAEDF477565";
pub const CAN: &str = "123456";
pub const AID: &[u8] = &[0xA0, 0, 0, 2, 0x47, 0x10, 0x01];

/// FID, SFI, place, rule and a first octet that tells the files apart.
pub const FILES: &[(u16, u8, Place, &str)] = &[
    (0x011C, 0x1C, Place::Mf, "ALWAYS"),
    (0x011E, 0x1E, Place::Application, "PACE | BAC"),
    (0x0101, 0x01, Place::Application, "PACE | BAC"),
    (0x0102, 0x02, Place::Application, "PACE"),
    (0x0103, 0x03, Place::Application, "PACE & CA & TA[DG3] | BAC & CA & TA[DG3]"),
    (0x0104, 0x04, Place::Application, "PACE & CA & TA[DG4] | BAC & CA & TA[DG4]"),
    (0x0107, 0x07, Place::Application, "BAC"),
    (0x010B, 0x0B, Place::Application, "PACE & CA"),
    (0x010C, 0x0C, Place::Application, "TA"),
    (0x010D, 0x0D, Place::Application, "NEVER"),
    (0x010E, 0x0E, Place::Application, "PACE | BAC"),
    (0x011C, 0x1C, Place::Application, "PACE | BAC"),
];

struct Seeded(ChaCha20Rng);

impl Platform for Seeded {
    fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut self.0
    }

    fn wait(&mut self, _: u32) {}
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// What was made before any card: keys and certificates.
pub struct Issuer {
    pub cvca: CvCertificate,
    cvca_key: SoftwareSigner,
    pub chain: Vec<CvCertificate>,
    pub terminal_key: SoftwareSigner,
    /// One chain whose terminal may read DG4 alone.
    pub dg4_chain: Vec<CvCertificate>,
    pub chip_keys: [(u8, PrivateKey); 2],
    pub aa_key: SecretScalar,
}

pub static ISSUER: LazyLock<Issuer> = LazyLock::new(Issuer::new);

fn signer(seed: u64) -> SoftwareSigner {
    SoftwareSigner::new(SecretScalar::generate(Curve::P256, &mut rng(seed)))
}

pub fn reference(text: &str) -> Reference {
    Reference::from_octets(text.as_bytes()).unwrap()
}

fn below(
    issuer: (&CvCertificate, &SoftwareSigner),
    holder: &str,
    (key, role, rights): (&SoftwareSigner, Role, InspectionRights),
    (effective, expiry): (Date, Date),
) -> CvCertificate {
    let (holder, public_key, chat) = (reference(holder), key.public_key(), Chat::inspection(role, rights));
    let request = CvRequest { holder: &holder, public_key: &public_key, chat: &chat, effective, expiry };
    cvc::issue(&request, issuer.0, issuer.1).unwrap()
}

impl Issuer {
    fn new() -> Self {
        let (cvca_key, dv_key, terminal_key) = (signer(1), signer(2), signer(3));
        let all = InspectionRights::ALL;
        let (from, to) = (date!(2025 - 01 - 01), date!(2028 - 01 - 01));
        let cvca = cvc::issue_cvca(&reference("UTCVCA00001"), all, from, to, &cvca_key).unwrap();
        let days = (date!(2025 - 03 - 01), date!(2025 - 06 - 01));
        let dv = below((&cvca, &cvca_key), "UTDV00001", (&dv_key, Role::DvDomestic, all), days);
        let terminal = |name, rights| below((&dv, &dv_key), name, (&terminal_key, Role::Terminal, rights), days);
        let (any, dg4) = (terminal("UTIS00001", all), terminal("UTIS00004", InspectionRights::DG4));
        let key = |domain: Domain, seed| domain.generate(&mut rng(seed));
        Self {
            chain: vec![dv.clone(), any],
            dg4_chain: vec![dv, dg4],
            chip_keys: [(1, key(Curve::P256.into(), 4)), (2, key(DhGroup::Rfc5114_1024_160.into(), 5))],
            aa_key: SecretScalar::generate(Curve::P256, &mut rng(6)),
            cvca,
            cvca_key,
            terminal_key,
        }
    }

    /// A successor of the CVCA, certified by it.
    pub fn link(&self, number: u8, effective: Date) -> CvCertificate {
        let (name, key) = (format!("UTCVCA{number:05}"), signer(100 + u64::from(number)));
        let holder = (&key, Role::Cvca, InspectionRights::ALL);
        below((&self.cvca, &self.cvca_key), &name, holder, (effective, date!(2029 - 01 - 01)))
    }
}

pub fn pace_offer() -> Offer {
    let protocol = infos::ID_PACE_ECDH_GM_AES_CBC_CMAC_128;
    Offer::of(&infos::PaceInfo { protocol, version: 2, parameter_id: Some(12) }).unwrap()
}

pub fn ca_infos() -> Vec<ChipAuthenticationInfo> {
    let offers = [
        (infos::ID_CA_ECDH_AES_CBC_CMAC_256, 1),
        (infos::ID_CA_ECDH_3DES_CBC_CBC, 1),
        (infos::ID_CA_DH_AES_CBC_CMAC_128, 2),
        (infos::ID_CA_DH_3DES_CBC_CBC, 2),
    ];
    offers.map(|(protocol, key)| ChipAuthenticationInfo { protocol, version: 1, key_id: Some(key) }).to_vec()
}

pub fn ca_key(number: u32) -> infos::ChipAuthenticationPublicKeyInfo {
    let (_, key) = ISSUER.chip_keys.iter().find(|(known, _)| u32::from(*known) == number).unwrap();
    let protocol = if matches!(key, PrivateKey::Ec(_)) { infos::ID_PK_ECDH } else { infos::ID_PK_DH };
    let public_key = spki::encode_agreement_key(&key.public()).unwrap();
    infos::ChipAuthenticationPublicKeyInfo { protocol, public_key, key_id: Some(number) }
}

fn dg14() -> Vec<u8> {
    let mut all: Vec<_> = ca_infos().into_iter().map(SecurityInfo::ChipAuthentication).collect();
    all.extend([1, 2].map(|number| SecurityInfo::ChipAuthenticationPublicKey(ca_key(number))));
    all.push(SecurityInfo::TerminalAuthentication(infos::TerminalAuthenticationInfo::version_1()));
    Dg14 { infos: SecurityInfos::new(all).unwrap() }.encode().unwrap().to_vec()
}

fn dg1() -> Vec<u8> {
    let zone = "I<UTOL898902C<3<<<<<<<<<<<<<<<6908061F9406236UTO<<<<<<<<<<<2ERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    bitaqa_apdu::tlv::tlv(0x61, &bitaqa_apdu::tlv::tlv(0x5F1F, zone.as_bytes()))
}

/// Content of a file; what no test looks into holds its own identifier.
pub fn content(fid: u16, place: Place) -> Vec<u8> {
    match (fid, place) {
        (0x011C, Place::Mf) => SecurityInfos { infos: vec![SecurityInfo::Pace(pace_offer().info)] }.to_der().unwrap(),
        (0x0101, _) => dg1(),
        (0x010E, _) => dg14(),
        (0x011C, _) => trust().ef_cvca().unwrap(),
        _ => bitaqa_apdu::tlv::tlv(0x60, &[&fid.to_be_bytes()[..], &[0x5A; 40]].concat()),
    }
}

pub fn trust() -> ta::TrustState {
    ta::TrustState { trust_points: vec![ISSUER.cvca.clone()], current_date: date!(2025 - 02 - 01) }
}

pub fn parameters() -> Parameters {
    let files = FILES.iter().map(|(fid, sfi, place, rule)| FileControl {
        fid: *fid,
        sfi: *sfi,
        size_max: 2000,
        read: AccessRule::parse(rule).unwrap(),
        update: AccessRule::never(),
        place: *place,
    });
    let key = |number, usage, domain| KeySpec { number, usage, domain };
    Parameters {
        files: files.collect(),
        keys: vec![
            key(1, KeyUse::ChipAuthentication, 12),
            key(2, KeyUse::ChipAuthentication, 0),
            key(3, KeyUse::ActiveEcdsa, 12),
        ],
        passwords: vec![1, 2],
        delay: Delay { first_ms: 100, factor: 2, max_ms: 1000 },
        bac: true,
        tries: None,
        quirk_pace: None,
        active_digest_bytes: Some(32),
        objects: vec![],
    }
}

/// A sealed card; everything that it draws follows from the seed.
pub fn sealed_card(seed: u64) -> Card {
    card_with(&parameters(), &[], MemoryMedium::default(), platform(seed))
}

/// Randomness that follows from the seed, and no time at all.
pub fn platform(seed: u64) -> Box<dyn Platform> {
    Box::new(Seeded(rng(seed)))
}

/// A sealed card on this medium, with these install parameters; `cells` replace or join what every card has.
pub fn card_with(
    parameters: &Parameters,
    cells: &[(u16, Vec<u8>)],
    medium: MemoryMedium,
    platform: Box<dyn Platform>,
) -> Card {
    let aid = Aid::new(AID).unwrap();
    let keys = KeySet::new(&[1; 16], &[2; 16], &[3; 16]).unwrap();
    let module = NativeModule { package: aid.clone(), module: aid.clone(), name: crate::emrtd::NAME.to_owned() };
    let configuration = Configuration {
        isd_aid: Aid::from_hex("A000000151000000").unwrap(),
        atr: vec![0x3B, 0x80, 0x80, 0x01, 0x01],
        cplc: [0; 42],
        kdd: [0; 10],
        scp_i: 0x70,
        level_min: 3,
        modules: vec![module],
        quirks: Quirks::default(),
        buffers: Buffers::default(),
    };
    let spec = ChipSpec { configuration, memory_bytes: 60_000, transport_kvn: 1, transport_keys: keys };
    let mut card = Card::blank(spec, Box::new(medium), platform).unwrap();
    let mut put = |key: u16, content: &[u8]| card.nvm.put(CellId { owner: 1, key }, content).unwrap();
    put(cell::CONFIGURATION, &parameters.encode());
    put(cell::CAN, CAN.as_bytes());
    put(cell::MRZ_SECRET, &hex::decode(MRZ_SECRET).unwrap());
    put(cell::TRUST_POINTS, &ISSUER.cvca.encode());
    put(cell::CURRENT_DATE, &cvc::date_to_bcd(trust().current_date));
    for (number, key) in &ISSUER.chip_keys {
        put(cell::KEYS | u16::from(*number), &key.to_bytes());
    }
    put(cell::KEYS | 3, &ISSUER.aa_key.to_bytes());
    for (fid, _, place, _) in FILES {
        put(dgi_of(*fid, *place), &content(*fid, *place));
    }
    for (cell, content) in cells {
        put(*cell, content);
    }
    let entry = Entry {
        owner: 1,
        aid: aid.clone(),
        life: AppLife::Personalized,
        privileges: Privileges::default().with(Privilege::CARD_RESET),
        package: aid.clone(),
        module: aid,
        domain: CARD_MANAGER,
        quota: None,
    };
    card.registry.store(entry, &mut card.nvm).unwrap();
    card.reset().unwrap();
    card
}

/// What a run of PACE leaves beside the session.
pub type Beside = (Vec<Vec<u8>>, Option<ChipAuthenticationProof>);

/// A terminal with a card: whatever session it has, it speaks in it.
pub struct Line {
    pub card: Card,
    pub sm: Option<Box<dyn SecureMessaging>>,
    pub id_picc: Vec<u8>,
    pub pcd: Vec<u8>,
    /// Seed of what the terminal draws next.
    pub seed: u64,
}

pub fn command(ins: u8, p1: u8, p2: u8) -> Command {
    Command::new(ins, p1, p2)
}

pub fn read(sfi: u8) -> Command {
    command(0xB0, 0x80 | sfi, 0).ne(4)
}

impl Line {
    pub fn new(seed: u64) -> Self {
        Self::with(sealed_card(seed), seed)
    }

    pub fn with(card: Card, seed: u64) -> Self {
        Self { card, sm: None, id_picc: Vec::new(), pcd: Vec::new(), seed: !seed }
    }

    fn draws(&mut self) -> ChaCha20Rng {
        self.seed = self.seed.wrapping_sub(1);
        rng(self.seed)
    }

    /// Without secure messaging, whatever the terminal has.
    pub fn plain(&mut self, command: &Command) -> Response {
        let octets = command.encode().unwrap();
        Response::parse(&self.card.transmit(&octets).unwrap()).unwrap()
    }

    /// In the session, if there is one. An answer that does not verify is one without data.
    pub fn send(&mut self, command: Command) -> Response {
        let Some(sm) = &mut self.sm else { return self.plain(&command) };
        let wire = sm.protect_command(command);
        let octets = wire.encode().unwrap();
        let answer = Response::parse(&self.card.transmit(&octets).unwrap()).unwrap();
        let plain = answer.sw;
        let sm = self.sm.as_mut().unwrap();
        sm.unprotect_response(answer).unwrap_or_else(|_| plain.into())
    }

    pub fn select(&mut self) -> Sw {
        self.send(command(0xA4, 0x04, 0x0C).data(AID)).sw
    }

    pub fn bac(&mut self) -> Result<(), TerminalError<Infallible, bac::BacError>> {
        let mut draws = self.draws();
        let keys = bac::BacKeys::from_mrz(MRZ).unwrap();
        let sm = bac::establish(&mut |command| Ok(self.send(command)), &keys, &mut draws)?;
        self.sm = Some(sm);
        self.id_picc = ta::id_picc_after_bac(MRZ).unwrap();
        Ok(())
    }

    pub fn pace(&mut self, password: &Password) -> bool {
        self.pace_by(&pace_offer(), password).is_ok()
    }

    /// PACE by any offer of the card; enters the new session. What came beside it: names of the trust points and what
    /// the chip said of its static key.
    pub fn pace_by(&mut self, offer: &Offer, password: &Password) -> Result<Beside, PaceError> {
        let mut draws = self.draws();
        let mut send = |command| Ok::<_, Infallible>(self.send(command));
        let request = Request { trust_points: true, ..Request::default() };
        let established = pace::establish_with(&mut send, offer, request, password, &mut draws);
        let established = established.map_err(|error| match error {
            TerminalError::Protocol(error) => error,
            TerminalError::Exchange(never) => match never {},
        })?;
        self.sm = Some(established.sm);
        (self.id_picc, self.pcd) = (established.id_picc, established.pcd_compressed);
        Ok((established.certification_authority_references, established.chip_authentication))
    }

    /// Chip Authentication by one of [`ca_infos`].
    pub fn chip_authentication(&mut self, offer: usize) -> bool {
        let mut draws = self.draws();
        let info = ca_infos().remove(offer);
        let key = ca_key(info.key_id.unwrap());
        let agreed = ca::agree(&mut |command| Ok::<_, ()>(self.send(command)), &info, &key, &mut draws);
        let Ok(agreed) = agreed else { return false };
        (self.pcd, self.sm) = (agreed.pcd_compressed, Some(agreed.sm));
        true
    }

    pub fn terminal_authentication(&mut self, chain: &[CvCertificate]) -> bool {
        let (id_picc, pcd) = (self.id_picc.clone(), self.pcd.clone());
        let mut send = |command| Ok::<_, ()>(self.send(command));
        ta::authenticate(&mut send, chain, &ISSUER.terminal_key, &id_picc, &pcd).is_ok()
    }
}

pub fn can() -> Password {
    Password::can(CAN).unwrap()
}
