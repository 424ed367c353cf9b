mod bad_certificates;

use super::*;
use crate::TerminalError;
use crate::testing::Seeded;
use bitaqa_apdu::{Command, Response};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_pki::cvc::{Chat, CvCertificate, CvRequest, Role, issue, issue_cvca};
use bitaqa_pki::{Signer, SoftwareSigner};
use core::convert::Infallible;
use proptest::collection::vec;
use proptest::prelude::*;
use time::Date;
use time::macros::date;

const ID_PICC: &[u8] = &[0x11; 32];
const PCD: &[u8] = &[0x22; 32];

fn key(curve: Curve, seed: u64) -> SoftwareSigner {
    SoftwareSigner::new(SecretScalar::generate(curve, &mut Seeded(seed)))
}

fn name(mnemonic: &str, number: u32) -> Reference {
    Reference::new("UT", mnemonic, &format!("{number:05}")).unwrap()
}

/// A CVCA that issues, and the chip that trusts it.
struct World {
    curve: Curve,
    cvca: CvCertificate,
    cvca_key: SoftwareSigner,
    trust: TrustState,
}

/// One link of a chain below the CVCA.
struct Holder {
    certificate: CvCertificate,
    key: SoftwareSigner,
}

impl World {
    fn new(curve: Curve) -> Self {
        let cvca_key = key(curve, 1);
        let (from, to) = (date!(2025 - 01 - 01), date!(2028 - 01 - 01));
        let cvca = issue_cvca(&name("CVCA", 1), InspectionRights::ALL, from, to, &cvca_key).unwrap();
        let trust = TrustState { trust_points: vec![cvca.clone()], current_date: date!(2025 - 02 - 01) };
        Self { curve, cvca, cvca_key, trust }
    }

    fn below(
        &self,
        issuer: (&CvCertificate, &SoftwareSigner),
        role: Role,
        rights: InspectionRights,
        from: Date,
        to: Date,
    ) -> Holder {
        let seed = 10 + u64::from(role.bits()) + u64::from(rights.bits());
        let key = key(self.curve, seed);
        let chat = Chat::inspection(role, rights);
        let holder = name(if role.is_dv() { "DV" } else { "IS" }, u32::from(role.bits()) + 1);
        let public_key = key.public_key();
        let request = CvRequest { holder: &holder, public_key: &public_key, chat: &chat, effective: from, expiry: to };
        Holder { certificate: issue(&request, issuer.0, issuer.1).unwrap(), key }
    }

    fn dv(&self, role: Role, rights: InspectionRights) -> Holder {
        self.below((&self.cvca, &self.cvca_key), role, rights, date!(2025 - 03 - 01), date!(2025 - 06 - 01))
    }

    fn terminal(&self, dv: &Holder, rights: InspectionRights) -> Holder {
        let (from, to) = (date!(2025 - 04 - 01), date!(2025 - 05 - 01));
        self.below((&dv.certificate, &dv.key), Role::Terminal, rights, from, to)
    }

    /// A successor of the CVCA, certified by it.
    fn link(&self, number: u32, effective: Date, expiry: Date) -> (CvCertificate, SoftwareSigner) {
        let key = key(self.curve, 100 + u64::from(number));
        let (holder, public_key) = (name("CVCA", number), key.public_key());
        let chat = Chat::inspection(Role::Cvca, InspectionRights::ALL);
        let request = CvRequest { holder: &holder, public_key: &public_key, chat: &chat, effective, expiry };
        (issue(&request, &self.cvca, &self.cvca_key).unwrap(), key)
    }
}

/// One session of the chip, its memory beside it.
struct Chip<'a> {
    ta: CardTa,
    trust: &'a mut TrustState,
    rng: Seeded,
    rights: Option<EffectiveRights>,
}

impl<'a> Chip<'a> {
    fn new(trust: &'a mut TrustState) -> Self {
        Self { ta: CardTa::new(), trust, rng: Seeded(77), rights: None }
    }

    fn process(&mut self, command: &Command) -> Result<Response, TaError> {
        match (command.ins, command.p1) {
            (0x22, 0x81) if command.p2 == 0xB6 => self.ta.set_dst(command, self.trust),
            (0x22, _) => self.ta.set_at(command),
            (0x2A, _) => {
                if let Some(update) = self.ta.verify_certificate(command, self.trust)? {
                    self.trust.apply(update);
                }
                Ok(Sw::OK.into())
            }
            (0x84, _) => self.ta.get_challenge(command, &mut self.rng),
            _ => {
                self.rights = Some(self.ta.external_authenticate(command, ID_PICC, PCD)?);
                Ok(Sw::OK.into())
            }
        }
    }

    #[allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps)] // the shape of `send`
    fn answer(&mut self, command: Command) -> Result<Response, Infallible> {
        Ok(self.process(&command).unwrap_or_else(|error| Sw::from(error).into()))
    }

    /// Names the issuer and shows the certificate.
    fn show(&mut self, certificate: &CvCertificate) -> Result<(), TaError> {
        self.process(&mse(0xB6, certificate.authority().as_octets()))?;
        self.process(&Command::new(0x2A, 0, 0xBE).data(certificate.command_data())).map(drop)
    }

    /// The whole protocol.
    fn run(&mut self, chain: &[&Holder]) -> Result<(), TerminalError<Infallible, TaError>> {
        let certificates: Vec<_> = chain.iter().map(|holder| holder.certificate.clone()).collect();
        let signer = &chain.last().unwrap().key;
        authenticate(&mut |sent| self.answer(sent), &certificates, signer, ID_PICC, PCD)
    }
}

fn mse(p2: u8, reference: &[u8]) -> Command {
    Command::new(0x22, 0x81, p2).data(bitaqa_apdu::tlv::tlv(0x83, reference))
}

fn refusal(result: Result<(), TerminalError<Infallible, TaError>>) -> (String, Sw) {
    match result {
        Err(TerminalError::Protocol(TaError::Status { command, sw })) => (command, sw),
        other => panic!("{other:?}"),
    }
}

/// Rights of the last certificate are cut down by those above it; CVCA, DV and terminal each hold something back.
#[test]
fn effective_rights_are_what_all_three_certificates_allow() {
    let (all, dg3, dg4, none) =
        (InspectionRights::ALL, InspectionRights::DG3, InspectionRights::DG4, InspectionRights::NONE);
    for curve in Curve::ALL.iter().copied() {
        for (dv_rights, terminal_rights, effective) in
            [(all, all, all), (dg3, all, dg3), (all, dg4, dg4), (dg3, dg4, none)]
        {
            let mut world = World::new(curve);
            let dv = world.dv(Role::DvDomestic, dv_rights);
            let terminal = world.terminal(&dv, terminal_rights);
            let mut chip = Chip::new(&mut world.trust);
            chip.run(&[&dv, &terminal]).unwrap();
            let rights = chip.rights.unwrap();
            assert_eq!((rights.rights, &rights.holder), (effective, terminal.certificate.holder()));
            assert_eq!(rights.allow(TerminalRight::Dg3), effective.allow(TerminalRight::Dg3));
            assert!(rights.allow(TerminalRight::Any));
        }
    }
}

#[test]
fn the_date_moves_with_link_dv_and_domestic_terminals_only() {
    for (role, expected) in [(Role::DvDomestic, date!(2025 - 04 - 01)), (Role::DvForeign, date!(2025 - 03 - 01))] {
        let mut world = World::new(Curve::P256);
        let dv = world.dv(role, InspectionRights::ALL);
        let terminal = world.terminal(&dv, InspectionRights::ALL);
        Chip::new(&mut world.trust).run(&[&dv, &terminal]).unwrap();
        assert_eq!(world.trust.current_date, expected);
        // Shown again, the certificates change nothing: the date never goes back.
        world.trust.current_date = date!(2025 - 04 - 20);
        Chip::new(&mut world.trust).run(&[&dv, &terminal]).unwrap();
        assert_eq!(world.trust.current_date, date!(2025 - 04 - 20));
    }
}

#[test]
fn expired_certificates_are_refused_except_links() {
    let mut world = World::new(Curve::P256);
    let dv = world.dv(Role::DvDomestic, InspectionRights::ALL);
    let terminal = world.terminal(&dv, InspectionRights::ALL);
    let (link, _) = world.link(2, date!(2025 - 02 - 01), date!(2025 - 03 - 01));
    world.trust.current_date = date!(2025 - 05 - 01); // the last day of the terminal still counts
    Chip::new(&mut world.trust).run(&[&dv, &terminal]).unwrap();
    world.trust.current_date = date!(2025 - 05 - 02);
    let (command, sw) = refusal(Chip::new(&mut world.trust).run(&[&dv, &terminal]));
    assert_eq!((command.as_str(), sw), ("the certificate of UTIS00001", Sw::CONDITIONS_NOT_SATISFIED));
    world.trust.current_date = date!(2025 - 06 - 02);
    assert_eq!(refusal(Chip::new(&mut world.trust).run(&[&dv, &terminal])).0, "the certificate of UTDV00129");
    Chip::new(&mut world.trust).show(&link).unwrap();
    assert_eq!(world.trust.trust_points.len(), 2);
    assert_eq!(world.trust.current_date, date!(2025 - 06 - 02));
}

/// An expired trust point verifies links and nothing else (TR-03110-3 §2.5.1).
#[test]
fn an_expired_trust_point_verifies_links_only() {
    let mut world = World::new(Curve::P256);
    let (from, to) = (date!(2027 - 12 - 01), date!(2029 - 01 - 01));
    let dv = world.below((&world.cvca, &world.cvca_key), Role::DvDomestic, InspectionRights::ALL, from, to);
    let (link, _) = world.link(2, date!(2027 - 11 - 01), date!(2031 - 01 - 01));
    world.trust.current_date = date!(2028 - 01 - 02);
    let expired = RuleError::Expired(date!(2028 - 01 - 01));
    assert_eq!(Chip::new(&mut world.trust).show(&dv.certificate), Err(expired.into()));
    assert_eq!(Chip::new(&mut world.trust).show(&link), Ok(()));
}

#[test]
fn links_bring_trust_points_of_which_two_stay() {
    let mut world = World::new(Curve::BrainpoolP256r1);
    let (second, second_key) = world.link(2, date!(2025 - 03 - 01), date!(2028 - 03 - 01));
    let mut chip = Chip::new(&mut world.trust);
    chip.show(&second).unwrap();
    assert_eq!(chip.show(&second), Err(TaError::KnownHolder), "a second time");
    assert_eq!(world.trust.current_date, date!(2025 - 03 - 01));
    assert_eq!(world.trust.references(), [b"UTCVCA00002".to_vec(), b"UTCVCA00001".to_vec()]);

    (world.cvca, world.cvca_key) = (second, second_key);
    let (third, third_key) = world.link(3, date!(2025 - 03 - 02), date!(2028 - 03 - 02));
    Chip::new(&mut world.trust).show(&third).unwrap();
    assert_eq!(world.trust.references(), [b"UTCVCA00003".to_vec(), b"UTCVCA00002".to_vec()]);

    // In one session: the next link, a DV under it, its terminal.
    (world.cvca, world.cvca_key) = (third, third_key);
    let (fourth, fourth_key) = world.link(4, date!(2025 - 03 - 03), date!(2028 - 03 - 03));
    let (cvca, cvca_key) = (fourth.clone(), key(world.curve, 104));
    (world.cvca, world.cvca_key) = (cvca, cvca_key);
    let dv = world.dv(Role::DvForeign, InspectionRights::DG3);
    let terminal = world.terminal(&dv, InspectionRights::ALL);
    let link = Holder { certificate: fourth, key: fourth_key };
    let mut chip = Chip::new(&mut world.trust);
    chip.run(&[&link, &dv, &terminal]).unwrap();
    assert_eq!(chip.rights.unwrap().rights, InspectionRights::DG3);
}

/// Every transition that the roles do not allow, certificates well signed as they are.
#[test]
fn only_the_right_roles_follow_each_other() {
    let world = World::new(Curve::P256);
    let forge = |issuer: &CvCertificate, signer: &SoftwareSigner, role: Role| {
        // issue() keeps the rules, so the issuer's template is dressed up for it.
        let dressed = if role == Role::Terminal { Role::DvDomestic } else { Role::Cvca };
        let mut body = issuer.body().clone();
        body.chat = Chat::inspection(dressed, InspectionRights::ALL);
        let encoded = body.encode();
        let octets = [encoded, bitaqa_apdu::tlv::tlv(0x5F37, &issuer.signature().0)].concat();
        match CvCertificate::parse_command_data(&octets) {
            Ok(dressed) => {
                let holder = world.below(
                    (&dressed, signer),
                    role,
                    InspectionRights::ALL,
                    date!(2025 - 03 - 01),
                    date!(2025 - 06 - 01),
                );
                Some(holder.certificate)
            }
            Err(_) => None, // domain parameters stand in the way of the costume
        }
    };
    let dv = world.dv(Role::DvDomestic, InspectionRights::ALL);
    let foreign = world.dv(Role::DvForeign, InspectionRights::ALL);
    let terminal = world.terminal(&dv, InspectionRights::ALL);
    let roles = [Role::Cvca, Role::DvDomestic, Role::DvForeign, Role::Terminal];
    let mut refused = 0;
    for above in [&dv, &foreign, &terminal] {
        for role in roles {
            if above.certificate.chat().role().is_dv() && role == Role::Terminal {
                continue;
            }
            let Some(forged) = forge(&above.certificate, &above.key, role) else { continue };
            let mut trust = world.trust.clone();
            let mut chip = Chip::new(&mut trust);
            if above.certificate.chat().role() == Role::Terminal {
                chip.show(&dv.certificate).unwrap();
            }
            chip.show(&above.certificate).unwrap();
            let before = chip.trust.clone();
            assert!(chip.ta.holds_key());
            let result = chip.show(&forged);
            assert!(matches!(result, Err(TaError::Certificate(CvcError::Rule(RuleError::Role { .. })))), "{result:?}");
            assert_eq!(before, *chip.trust);
            assert!(!chip.ta.holds_key());
            refused += 1;
        }
    }
    assert_eq!(refused, 10);
}

#[test]
fn a_certificate_that_fails_changes_nothing_and_the_chain_begins_anew() {
    let mut world = World::new(Curve::P256);
    let dv = world.dv(Role::DvDomestic, InspectionRights::ALL);
    let right = dv.certificate.command_data();
    let before = world.trust.clone();
    let mut chip = Chip::new(&mut world.trust);
    let unselected = Command::new(0x2A, 0, 0xBE).data(right.clone());
    assert_eq!(chip.process(&unselected), Err(TaError::NoKey));
    for at in 0..right.len() {
        for bit in [0x01, 0x80] {
            let mut octets = right.clone();
            octets[at] ^= bit;
            chip.process(&mse(0xB6, b"UTCVCA00001")).unwrap();
            let result = chip.process(&Command::new(0x2A, 0, 0xBE).data(octets));
            assert!(matches!(result, Err(TaError::Certificate(_))), "octet {at}: {result:?}");
        }
    }
    assert!(!chip.ta.holds_key());
    assert_eq!(*chip.trust, before);
    assert_eq!(chip.process(&unselected), Err(TaError::NoKey), "the selection is gone too");
    chip.show(&dv.certificate).unwrap();
    assert_eq!(chip.process(&Command::new(0x2A, 0, 0xAE)), Err(TaError::P1P2(0x00AE)));
    // Another issuer than the one named
    let stranger = World { cvca_key: key(Curve::P256, 2), ..World::new(Curve::P256) };
    let (from, to) = (date!(2025 - 01 - 01), date!(2028 - 01 - 01));
    let cvca = issue_cvca(&name("CVCA", 1), InspectionRights::ALL, from, to, &stranger.cvca_key).unwrap();
    let stranger = World { cvca, ..stranger };
    let forged = stranger.dv(Role::DvDomestic, InspectionRights::ALL);
    let result = chip.show(&forged.certificate);
    assert!(matches!(result, Err(TaError::Certificate(CvcError::Signature(_)))));
    assert_eq!(Sw::from(result.unwrap_err()), Sw(0x6300));
}

#[test]
fn a_link_without_domain_parameters_inherits_them_from_its_issuer() {
    let mut world = World::new(Curve::BrainpoolP384r1);
    let successor = key(world.curve, 200);
    let body = |number: u32, authority: &Reference, public: &bitaqa_pki::PublicKey, effective| {
        bitaqa_pki::cvc::CertificateBody {
            authority: authority.clone(),
            public_key: bitaqa_pki::cvc::CvPublicKey::new(successor.algorithm(), public, false).unwrap(),
            holder: name("CVCA", number),
            chat: Chat::inspection(Role::Cvca, InspectionRights::ALL),
            effective,
            expiry: date!(2030 - 01 - 01),
            extensions: None,
        }
    };
    let signed = |body: bitaqa_pki::cvc::CertificateBody, signer: &SoftwareSigner| {
        let signature = signer.sign(&body.encode()).unwrap();
        let octets = [body.encode(), bitaqa_apdu::tlv::tlv(0x5F37, &signature.0)].concat();
        CvCertificate::parse_command_data(&octets).unwrap()
    };
    let second = signed(body(2, &name("CVCA", 1), &successor.public_key(), date!(2025 - 03 - 01)), &world.cvca_key);
    Chip::new(&mut world.trust).show(&second).unwrap();
    let (cvca, cvca_key) = (second, key(world.curve, 200));
    (world.cvca, world.cvca_key) = (cvca, cvca_key);
    let dv = world.dv(Role::DvDomestic, InspectionRights::ALL);
    let terminal = world.terminal(&dv, InspectionRights::DG3);
    Chip::new(&mut world.trust).run(&[&dv, &terminal]).unwrap();
    // A third one in that manner would leave two trust points without any parameters: it is not taken in.
    let third =
        signed(body(3, &name("CVCA", 2), &key(world.curve, 201).public_key(), date!(2025 - 03 - 02)), &world.cvca_key);
    assert_eq!(Chip::new(&mut world.trust).show(&third), Err(TaError::Certificate(CvcError::NoParameters)));
    assert_eq!(world.trust.references()[0], b"UTCVCA00002");
}

/// A chip of its own for each case, whose terminal has come as far as it can without a challenge.
fn selected(trust: &mut TrustState) -> (Chip<'_>, Holder, Holder) {
    let world = World::new(Curve::P256);
    let dv = world.dv(Role::DvDomestic, InspectionRights::ALL);
    let terminal = world.terminal(&dv, InspectionRights::ALL);
    let mut chip = Chip::new(trust);
    chip.show(&dv.certificate).unwrap();
    chip.show(&terminal.certificate).unwrap();
    chip.process(&mse(0xA4, terminal.certificate.holder().as_octets())).unwrap();
    (chip, dv, terminal)
}

fn sign(terminal: &Holder, challenge: &[u8], id: &[u8]) -> Command {
    Command::new(0x82, 0, 0).data(terminal.key.sign(&[id, challenge, PCD].concat()).unwrap().0)
}

fn get_challenge() -> Command {
    Command::new(0x84, 0, 0).ne(8)
}

/// Order of the commands and what EXTERNAL AUTHENTICATE insists on.
#[test]
fn external_authenticate_wants_key_challenge_and_binding() {
    let mut trust = World::new(Curve::P256).trust;
    let (mut chip, dv, terminal) = selected(&mut trust);
    assert_eq!(chip.process(&sign(&terminal, &[0; 8], ID_PICC)), Err(TaError::NoChallenge));
    assert_eq!(chip.process(&get_challenge()).map(|answer| answer.data.len()), Ok(8));
    assert_eq!(chip.process(&sign(&terminal, &[0; 8], ID_PICC)), Err(TaError::NoKey), "dropped with the first failure");

    let (mut chip, ..) = selected(&mut trust);
    chip.show(&dv.certificate).unwrap();
    chip.show(&terminal.certificate).unwrap();
    let challenge = chip.process(&get_challenge()).unwrap().data;
    assert_eq!(chip.process(&sign(&terminal, &challenge, ID_PICC)), Err(TaError::NoKey), "no MSE:Set AT since");

    let (mut chip, ..) = selected(&mut trust);
    let first = chip.process(&get_challenge()).unwrap().data;
    let second = chip.process(&get_challenge()).unwrap().data;
    assert!(first != second && second.len() == 8);
    assert_eq!(chip.process(&sign(&terminal, &first, ID_PICC)), Err(TaError::Signature));

    let (mut chip, ..) = selected(&mut trust);
    let challenge = chip.process(&get_challenge()).unwrap().data;
    let other_session = sign(&terminal, &challenge, &[0x12; 32]);
    assert_eq!(chip.process(&other_session), Err(TaError::Signature));
    assert!(chip.rights.is_none());

    let (mut chip, ..) = selected(&mut trust);
    let challenge = chip.process(&get_challenge()).unwrap().data;
    chip.process(&sign(&terminal, &challenge, ID_PICC)).unwrap();
    assert!(chip.rights.is_some());
    assert_eq!(Sw::from(TaError::Signature), Sw(0x6300));
}

#[test]
fn a_terminal_authenticates_itself_once_in_a_session() {
    let mut trust = World::new(Curve::P256).trust;
    let (mut chip, dv, terminal) = selected(&mut trust);
    let challenge = chip.process(&get_challenge()).unwrap().data;
    chip.process(&sign(&terminal, &challenge, ID_PICC)).unwrap();
    chip.ta.forget(); // as another selection of the application does
    assert_eq!(refusal(chip.run(&[&dv, &terminal])), ("EXTERNAL AUTHENTICATE".into(), Sw(0x6982)));
    assert_eq!(Sw::from(TaError::Repeated), Sw(0x6982));
}

/// Decision 0009: whatever goes wrong drops keys, selections and challenge.
#[test]
fn every_error_drops_what_was_shown() {
    let mut trust = World::new(Curve::P256).trust;
    let before = trust.clone();
    let (_, dv, terminal) = selected(&mut trust.clone());
    let spoiled = {
        let mut data = terminal.certificate.command_data();
        *data.last_mut().unwrap() ^= 1;
        Command::new(0x2A, 0, 0xBE).data(data)
    };
    let errors = [
        (mse(0xB6, b"UTCVCA00009"), TaError::UnknownKey),
        (mse(0xB6, b""), TaError::UnknownKey),
        (Command::new(0x22, 0x81, 0xB6), TaError::Missing(0x83)),
        (Command::new(0x2A, 0, 0xAE).data([0]), TaError::P1P2(0x00AE)),
        (mse(0xA4, b"UTIS00009"), TaError::UnknownKey),
        (mse(0xA4, dv.certificate.holder().as_octets()), TaError::UnknownKey),
        (Command::new(0x22, 0x81, 0xA4), TaError::Missing(0x83)),
        (Command::new(0x84, 0, 1).ne(8), TaError::P1P2(1)),
        (get_challenge().ne(0), TaError::Length),
        (get_challenge().ne(4), TaError::Length),
        (get_challenge().ne(9), TaError::Length),
        (get_challenge().data([0]), TaError::Length),
        (Command::new(0x82, 0, 1), TaError::P1P2(1)),
        (Command::new(0x82, 0, 0).data([0; 64]), TaError::Signature), // r = 0, s = 0
        (Command::new(0x82, 0, 0), TaError::Signature),
    ];
    for (command, error) in errors {
        let (mut chip, ..) = selected(&mut trust);
        let challenge = chip.process(&get_challenge()).unwrap().data;
        assert_eq!(chip.process(&command), Err(error.clone()));
        assert!(!chip.ta.holds_key(), "{error}");
        assert!(chip.process(&sign(&terminal, &challenge, ID_PICC)).is_err() && chip.rights.is_none(), "{error}");
        assert_eq!(chip.process(&mse(0xB6, dv.certificate.holder().as_octets())), Err(TaError::UnknownKey));
    }
    let mut chip = Chip::new(&mut trust);
    chip.show(&dv.certificate).unwrap();
    chip.process(&mse(0xB6, dv.certificate.holder().as_octets())).unwrap();
    assert!(matches!(chip.process(&spoiled), Err(TaError::Certificate(_))));
    assert!(!chip.ta.holds_key());
    // Nothing of this has moved date or trust points beyond what the good certificates did.
    assert_eq!((trust.trust_points, trust.current_date), (before.trust_points, date!(2025 - 04 - 01)));
}

#[test]
fn ef_cvca_follows_the_trust_points() {
    let mut world = World::new(Curve::P256);
    let one = world.trust.ef_cvca().unwrap();
    assert_eq!((one.len(), &one[..14]), (36, &b"\x42\x0BUTCVCA00001\0"[..]));
    let (second, _) = world.link(2, date!(2025 - 03 - 01), date!(2028 - 03 - 01));
    Chip::new(&mut world.trust).show(&second).unwrap();
    let two = world.trust.ef_cvca().unwrap();
    assert_eq!((&two[..13], &two[13..26]), (&b"\x42\x0BUTCVCA00002"[..], &b"\x42\x0BUTCVCA00001"[..]));
    assert!(TrustState { trust_points: vec![], current_date: date!(2025 - 01 - 01) }.ef_cvca().is_err());
}

#[test]
fn after_bac_the_number_of_the_document_is_its_name() {
    assert_eq!(id_picc_after_bac("L898902C<369080619406236").as_deref(), Some(&b"L898902C<3"[..]));
    assert_eq!(id_picc_after_bac("D23145890734934071279507122").as_deref(), Some(&b"D231458907349"[..]));
    for none in ["", "34071279507122", "934071279507122"] {
        assert_eq!(id_picc_after_bac(none), None);
    }
}

#[test]
fn mse_names_keys_that_are_there() {
    let mut world = World::new(Curve::P256);
    let mut chip = Chip::new(&mut world.trust);
    assert_eq!(chip.process(&mse(0xB6, b"UTCVCA00002")), Err(TaError::UnknownKey));
    assert_eq!(chip.process(&mse(0xB6, b"")), Err(TaError::UnknownKey));
    assert_eq!(chip.process(&mse(0xA4, b"UTCVCA00001")), Err(TaError::UnknownKey)); // a trust point is no terminal
    assert_eq!(chip.process(&Command::new(0x22, 0x81, 0xB6)), Err(TaError::Missing(0x83)));
    assert!(matches!(chip.process(&Command::new(0x22, 0x81, 0xB6).data([0x83])), Err(TaError::Objects(_))));
    assert_eq!(chip.ta.set_at(&Command::new(0x22, 0x41, 0xA4)), Err(TaError::P1P2(0x41A4)));
    assert_eq!(Sw::from(TaError::UnknownKey), Sw(0x6A88));
}

#[test]
fn the_terminal_names_what_was_refused() {
    let mut world = World::new(Curve::P256);
    let dv = world.dv(Role::DvDomestic, InspectionRights::ALL);
    let terminal = world.terminal(&dv, InspectionRights::ALL);
    let (command, sw) = refusal(Chip::new(&mut world.trust).run(&[&terminal]));
    assert_eq!((command.as_str(), sw), ("MSE:Set DST UTDV00129", Sw(0x6A88)));
    let other = Holder { certificate: terminal.certificate.clone(), key: key(Curve::P256, 999) };
    assert_eq!(refusal(Chip::new(&mut world.trust).run(&[&dv, &other])), ("EXTERNAL AUTHENTICATE".into(), Sw(0x6300)));
    let mut send = |_| Ok::<_, Infallible>(Response::ok([1, 2, 3]));
    let result = authenticate(&mut send, &[terminal.certificate], &other.key, ID_PICC, PCD);
    assert!(matches!(result, Err(TerminalError::Protocol(TaError::Challenge(3)))));
    let result = authenticate(&mut send, &[], &other.key, ID_PICC, PCD);
    assert!(matches!(result, Err(TerminalError::Protocol(TaError::EmptyChain))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_octets_make_the_chip_panic(commands in vec((any::<u8>(), vec(any::<u8>(), 0..60)), 0..8)) {
        let mut world = World::new(Curve::P256);
        let mut chip = Chip::new(&mut world.trust);
        chip.process(&mse(0xB6, b"UTCVCA00001")).unwrap();
        for (which, data) in commands {
            let command = match which % 5 {
                0 => Command::new(0x22, 0x81, 0xB6).data(data),
                1 => Command::new(0x22, 0x81, 0xA4).data(data),
                2 => Command::new(0x2A, 0x00, 0xBE).data(data),
                3 => Command::new(0x84, 0, 0).ne(8),
                _ => Command::new(0x82, 0, 0).data(data),
            };
            let _ = chip.process(&command);
        }
        prop_assert!(chip.rights.is_none());
    }
}
