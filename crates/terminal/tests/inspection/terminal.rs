//! Terminals: what certificates make one, and the way of links to a card's trust point.

use crate::chip::{chip_key, dg14};
use crate::document::{card, ec, expect, groups, inspect, own};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_lds::security_infos::{SecurityInfo, TerminalAuthenticationInfo};
use bitaqa_pki::cvc::{Chat, CvCertificate, CvRequest, EfCvca, InspectionRights, Reference, Role, issue, issue_cvca};
use bitaqa_pki::{Signer, SoftwareSigner};
use bitaqa_terminal::inspection::{Terminal, TerminalChainError, steps};
use time::macros::date;

fn reference(sequence: u32) -> Reference {
    Reference::new("UT", "CVCA", &format!("{sequence:05}")).unwrap()
}

fn key(seed: u32) -> SoftwareSigner {
    ec(Curve::BrainpoolP256r1, u8::try_from(seed).unwrap())
}

fn chain() -> Vec<CvCertificate> {
    vec![own().document_verifier.certificate.clone(), own().inspection_system.certificate.clone()]
}

fn own_signer() -> Box<dyn Signer> {
    Box::new(own().inspection_system.signer())
}

fn refusal(chain: Vec<CvCertificate>, links: Vec<CvCertificate>, signer: Box<dyn Signer>) -> TerminalChainError {
    match Terminal::new(chain, links, signer) {
        Ok(_) => panic!("taken"),
        Err(error) => error,
    }
}

#[test]
fn certificates_that_make_no_terminal_are_named() {
    let good = Terminal::new(chain(), Vec::new(), own_signer()).unwrap();
    assert_eq!(good.rights(), InspectionRights::DG3);
    assert_eq!(refusal(Vec::new(), Vec::new(), own_signer()), TerminalChainError::Empty);
    let [dv, is] = [0, 1].map(|place| chain()[place].clone());
    let cvca = own().cvca.certificate.clone();
    for (chain, holder, part) in [
        (vec![is.clone()], &is, "not of a document verifier"),
        (vec![cvca.clone(), dv.clone(), is.clone()], &cvca, "not of a document verifier"),
        (vec![dv.clone()], &dv, "not of a terminal"),
        (vec![dv.clone(), dv.clone()], &dv, "issued by"),
        (vec![is.clone(), dv.clone()], &is, "not of a document verifier"),
    ] {
        let TerminalChainError::Certificate { holder: named, what } = refusal(chain, Vec::new(), own_signer()) else {
            panic!("{part}")
        };
        assert!(named == *holder.holder() && what.contains(part), "{named}: {what}");
    }
    let error = refusal(chain(), Vec::new(), Box::new(key(9)));
    assert_eq!(error, TerminalChainError::Key(is.holder().clone()));
    let error = refusal(chain(), vec![dv], own_signer());
    assert!(error.to_string().contains("no link certificate"), "{error}");
}

/// The CVCA of this number, signed by itself.
fn cvca(number: u32) -> CvCertificate {
    issue_cvca(&reference(number), InspectionRights::ALL, FROM, UNTIL, &key(number)).unwrap()
}

/// Its link from the one before.
fn link(number: u32) -> CvCertificate {
    let (holder, chat) = (reference(number), Chat::inspection(Role::Cvca, InspectionRights::ALL));
    let public_key = key(number).public_key();
    let request = CvRequest { holder: &holder, public_key: &public_key, chat: &chat, effective: FROM, expiry: UNTIL };
    issue(&request, &cvca(number - 1), &key(number - 1)).unwrap()
}

/// A terminal under the CVCA of this number, with these links.
fn under(number: u32, links: Vec<CvCertificate>) -> Terminal {
    let below = |holder: &Reference, role, seed, issuer: &CvCertificate, signer: &SoftwareSigner| {
        let public_key = key(seed).public_key();
        let chat = Chat::inspection(role, InspectionRights::DG3);
        let request = CvRequest { holder, public_key: &public_key, chat: &chat, effective: FROM, expiry: UNTIL };
        issue(&request, issuer, signer).unwrap()
    };
    let (dv_name, is_name) =
        (Reference::new("UT", "DV", "00001").unwrap(), Reference::new("UT", "IS", "00001").unwrap());
    let dv = below(&dv_name, Role::DvDomestic, 40, &cvca(number), &key(number));
    let is = below(&is_name, Role::Terminal, 41, &dv, &key(40));
    Terminal::new(vec![dv, is], links, Box::new(key(41))).unwrap()
}

const FROM: time::Date = date!(2026 - 01 - 01);
const UNTIL: time::Date = date!(2028 - 01 - 01);

#[test]
fn links_lead_from_an_older_trust_point_to_the_chain_and_no_further() {
    let terminal = under(4, vec![link(4), link(2), link(3)]);
    let holders = |points: &[u32]| {
        let points: Vec<_> = points.iter().map(|number| reference(*number)).collect();
        let chain = terminal.chain_for(&points)?;
        Some(chain.iter().map(|certificate| certificate.holder().to_string()).collect::<Vec<_>>())
    };
    let names = |links: &[u32]| {
        let links = links.iter().map(|number| reference(*number).to_string());
        Some(links.chain(["UTDV00001".to_owned(), "UTIS00001".to_owned()]).collect::<Vec<_>>())
    };
    assert_eq!(holders(&[4]), names(&[]));
    assert_eq!(holders(&[4, 3]), names(&[]));
    assert_eq!(holders(&[3]), names(&[4]));
    assert_eq!(holders(&[3, 2]), names(&[4]), "the shortest way");
    assert_eq!(holders(&[1]), names(&[2, 3, 4]));
    assert_eq!(holders(&[5]), None, "a card that is ahead of the terminal");
    assert_eq!(holders(&[]), None);
    assert_eq!(under(4, Vec::new()).chain_for(&[reference(3)]).map(|chain| chain.len()), None);
}

/// A card that offers Terminal Authentication, with this EF.CVCA.
fn with_cvca(content: Option<Vec<u8>>) -> crate::scripted::ScriptedCard {
    let mut infos = chip_key(&SecretScalar::from_bytes(Curve::BrainpoolP256r1, &[1; 31]).unwrap());
    infos.push(SecurityInfo::TerminalAuthentication(TerminalAuthenticationInfo::version_1()));
    let mut card = card(&[groups(), vec![dg14(infos)]].concat());
    card.application.extend(content.map(|content| (0x1C, content)));
    card
}

#[test]
fn ef_cvca_is_judged_field_by_field() {
    let good = EfCvca::new(vec![reference(1)]).unwrap().encode();
    expect(&inspect(&mut with_cvca(Some(good.clone()))), steps::CVCA, "passed", "");
    expect(&inspect(&mut with_cvca(None)), steps::CVCA, "not_offered", "no EF.CVCA");
    let mut padded = good.clone();
    *padded.last_mut().unwrap() = 1;
    let mut tag = good.clone();
    tag[0] = 0x43;
    let mut long = good.clone();
    long[1] = 0x7F;
    for (content, part) in [
        (good[..35].to_vec(), "35 octets instead of 36"),
        (vec![0; 36], "0 trust points"),
        (padded, "filled with zeros"),
        (tag, "not well-formed"),
        (long, "not well-formed"),
    ] {
        let found = inspect(&mut with_cvca(Some(content)));
        expect(&found, steps::CVCA, "failed", part);
        expect(&found, steps::TERMINAL_AUTHENTICATION, "not_attempted", "EF.CVCA");
    }
}
