//! Seeds that are made on the spot, where no vector and no card has them: small enough that a change hits something.

use bitaqa_apdu::public_key::{self, CardPublicKey};
use bitaqa_apdu::{AccessRule, dgi, fcp, tlv};
use bitaqa_biometrics::portrait::{Coding, encode};
use bitaqa_biometrics::raster::Rgb;
use bitaqa_card::nvm::image;
use bitaqa_curves::{Curve, Domain};
use bitaqa_lds::biometrics::Generation;
use bitaqa_lds::dg12::Dg12;
use bitaqa_lds::face::{Dg2, Face, Gender};
use bitaqa_lds::fingers::{Dg3, Finger, FingerPosition};
use bitaqa_lds::image::pgm;
use bitaqa_lds::iris::{Dg4, Eye, Iris};
use bitaqa_lds::minutiae::{Edition, MinutiaeRecord, Order};
use bitaqa_lds::on_card::{self, Information};
use bitaqa_lds::optional_data::OptionalData;
use bitaqa_pki::cvc::{CvCertificate, date_to_bcd};
use bitaqa_pki::spki::{self, Form};
use bitaqa_pki::x509::{CertificateRequest, IssuingState, Period, issue_master_list_signer};
use bitaqa_pki::{PublicKey, crl, key_file, master_list};
use bitaqa_secure_messaging::KeySet;
use bitaqa_secure_messaging::put_key::{self, NewKey};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use time::Duration;

use crate::issued::{Issued, NOW, cnie, eac, scp02};
use crate::trust::PASSPHRASE;

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(3)
}

/// The first octets of the files of a card.
pub fn heads() -> Vec<Vec<u8>> {
    eac().files.values().map(|file| file.get(..file.len().min(8)).unwrap_or_default().to_vec()).collect()
}

pub fn rules() -> Vec<Vec<u8>> {
    let rules = ["ALWAYS", "NEVER", "BAC | PACE", "PACE & CA & TA[DG3]", "TA | PIN[7]", "PACE & TA[DG4]"];
    let octets = rules.iter().filter_map(|rule| AccessRule::parse(rule).ok()).map(|rule| rule.to_bytes());
    texts(&rules).into_iter().chain(octets).collect()
}

/// Install parameters of the applications on issued cards: what their memory keeps under key 0001.
fn parameters() -> Vec<Vec<u8>> {
    let cards = [eac(), cnie(), scp02()];
    let cells = cards.iter().filter_map(|card| image::load(&card.sealed).ok()).flat_map(|loaded| loaded.cells);
    cells.filter(|(cell, _)| cell.owner != 0 && cell.key == 0x0001).map(|(_, content)| content).collect()
}

pub fn install_parameters() -> Vec<Vec<u8>> {
    parameters().into_iter().filter(|octets| bitaqa_apdu::install::Parameters::decode(octets).is_ok()).collect()
}

pub fn application_parameters() -> Vec<Vec<u8>> {
    parameters().into_iter().filter(|octets| bitaqa_apdu::application::Parameters::decode(octets).is_ok()).collect()
}

pub fn file_controls() -> Vec<Vec<u8>> {
    let all = parameters();
    let objects = all.iter().filter_map(|octets| tlv::all(octets).ok()).flatten();
    objects.filter(|object| object.tag == fcp::TAG).map(|object| tlv::tlv(object.tag, object.value)).collect()
}

pub fn public_keys() -> Vec<Vec<u8>> {
    let keys = [
        CardPublicKey::Point(vec![4; 65]),
        CardPublicKey::Value(vec![2; 32]),
        CardPublicKey::Rsa { modulus: vec![0xC3; 32], exponent: vec![1, 0, 1] },
    ];
    let alone = keys.iter().map(CardPublicKey::encode);
    let numbered: Vec<(u8, CardPublicKey)> = (1..).zip(keys.iter().cloned()).collect();
    alone.chain([public_key::encode_all(0xDF33, &numbered)]).collect()
}

pub fn dgis() -> Vec<Vec<u8>> {
    let framed = |number, value: &[u8]| [&dgi::header(number, u16::try_from(value.len()).unwrap_or(0)), value].concat();
    vec![
        [framed(dgi::ORDER_TAG, &[7; 16]), framed(dgi::CAN, b"123456")].concat(),
        [framed(0x0101, &[1; 300]), framed(0x0102, &[])].concat(),
        vec![0x01, 0x01, 0xFF, 0x00, 0x02, 1, 2],
    ]
}

pub fn limits() -> Vec<Vec<u8>> {
    let sizes = tlv::tlv(0x7F66, &[tlv::tlv(0x02, &[0x08, 0x00]), tlv::tlv(0x02, &[0x01, 0x00, 0x00])].concat());
    vec![[tlv::tlv(0x47, &[0x80, 0x01, 0xE0]), sizes].concat(), tlv::tlv(0x47, &[0x00, 0x00, 0x40])]
}

pub fn mrz() -> Vec<Vec<u8>> {
    let issued = [eac(), cnie()].map(|card| card.mrz_lines.clone().into_bytes());
    // 9303-5 appendix B: the specimen of Utopia.
    let specimen = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    issued.into_iter().chain(texts(&[specimen])).collect()
}

/// A segment of a JPEG, a JPEG 2000 code stream or a WSQ.
fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX).to_be_bytes();
    [&[0xFF, marker], &length[..], content].concat()
}

fn jpeg() -> Vec<u8> {
    let frame = [8, 0, 48, 0, 32, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0];
    let parts: [&[u8]; 5] = [
        &[0xFF, 0xD8],
        &segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        &segment(0xC0, &frame),
        &segment(0xDA, &[1, 1, 0, 0, 0x3F, 0]),
        &[0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD0, 0x56, 0xFF, 0xD9],
    ];
    parts.concat()
}

fn j2k() -> Vec<u8> {
    let numbers = [32u32, 48, 0, 0, 32, 48, 0, 0].map(u32::to_be_bytes).concat();
    let size = [&[0, 0], &numbers[..], &[0, 3], &[7, 1, 1, 7, 1, 1, 7, 1, 1]].concat();
    let parts: [&[u8]; 5] = [
        &[0xFF, 0x4F],
        &segment(0x51, &size),
        &segment(0x64, b"\0\x01SPECIMEN"),
        &segment(0x90, &[0, 0, 0, 0, 0, 19, 0, 1]),
        &[0xFF, 0x93, 1, 2, 3, 4, 5, 0xFF, 0xD9],
    ];
    parts.concat()
}

fn jp2() -> Vec<u8> {
    let boxed = |kind: &[u8; 4], content: &[u8]| {
        [&u32::try_from(content.len() + 8).unwrap_or(0).to_be_bytes()[..], kind, content].concat()
    };
    let size = boxed(b"ihdr", &[0, 0, 0, 48, 0, 0, 0, 32, 0, 3, 7, 7, 0, 0]);
    let colour = boxed(b"colr", &[1, 0, 0, 0, 0, 0, 16]);
    [
        boxed(b"jP  ", &[0x0D, 0x0A, 0x87, 0x0A]),
        boxed(b"ftyp", b"jp2 \0\0\0\0jp2 "),
        boxed(b"jp2h", &[size, colour].concat()),
        boxed(b"jp2c", &j2k()),
    ]
    .concat()
}

fn png() -> Vec<u8> {
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        let covered = [kind, content].concat();
        let length = u32::try_from(content.len()).unwrap_or(0).to_be_bytes();
        [&length[..], &covered, &crc32fast::hash(&covered).to_be_bytes()].concat()
    };
    let size = [0, 0, 0, 32, 0, 0, 0, 48, 8, 0, 0, 0, 0];
    let parts = [chunk(b"IHDR", &size), chunk(b"IDAT", &[1, 2, 3]), chunk(b"IEND", &[])].concat();
    [b"\x89PNG\r\n\x1A\n".as_slice(), &parts].concat()
}

fn wsq() -> Vec<u8> {
    let frame = [&[0, 255, 0, 48, 0, 32][..], &[0; 9]].concat();
    let parts: [&[u8]; 5] = [
        &[0xFF, 0xA0],
        &segment(0xA8, b"NIST_COM 1"),
        &segment(0xA2, &frame),
        &segment(0xA3, &[0]),
        &[0xAB, 0xFF, 0x00, 0xCD, 0xFF, 0xA1],
    ];
    parts.concat()
}

/// Minutiae of one index finger, 19794-2.
fn minutiae() -> Vec<u8> {
    let view = [&[2, 0, 80, 2][..], &[0x40, 5, 0, 5, 10, 50], &[0x80, 6, 0, 9, 20, 60], &[0, 0]].concat();
    let length = u32::try_from(24 + view.len()).unwrap_or(0).to_be_bytes();
    let sizes = [0, 0, 0, 32, 0, 48, 0, 197, 0, 197, 1, 0];
    [b"FMR\0 20\0".as_slice(), &length, &sizes, &view].concat()
}

pub fn images() -> Vec<Vec<u8>> {
    let drawn = eac().images.values().cloned();
    let grey = pgm(8, 8, &[0x80; 64]).unwrap_or_default();
    [jpeg(), j2k(), jp2(), png(), wsq(), grey, minutiae()].into_iter().chain(drawn).collect()
}

/// One small picture in the three containers that a portrait may come in.
pub fn pictures() -> Vec<Vec<u8>> {
    let (width, height) = (48u8, 40u8);
    let pixel = |x: u8, y: u8| [x * 5, y * 6, x ^ y];
    let samples: Vec<u8> = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
    let Ok(pixels) = Rgb::new(width.into(), height.into(), samples) else { return Vec::new() };
    let coded = [Coding::Jpeg2000, Coding::Jpeg].into_iter().filter_map(|coding| encode(&pixels, coding, 4000).ok());
    coded.map(|file| file.octets.to_vec()).chain([png()]).collect()
}

pub fn small_dg2() -> Vec<Vec<u8>> {
    let images = [jpeg(), jp2(), j2k()];
    let faces = images.into_iter().filter_map(|image| Face::new(image, Gender::Female).ok());
    // each in both generations, the newer one first
    let both = faces.flat_map(|face| [face.clone().in_generation(Generation::Iso39794), face]);
    both.filter_map(|face| Dg2::new(face).encode().ok()).map(|file| file.to_vec()).collect()
}

/// A DG4 of each generation and one without an iris.
pub fn small_dg4() -> Vec<Vec<u8>> {
    let older = Iris::new(Eye::Right, b"IIR\x00010\0rest".as_slice(), Generation::Iso19794);
    let newer = Iris::new(Eye::Left, [0xA1, 2, 0x66, 0], Generation::Iso39794);
    let groups = [Dg4::Irises([older, newer].into_iter().flatten().collect()), Dg4::Empty { random: [7; 16].into() }];
    groups.iter().filter_map(|group| group.encode().ok()).map(|file| file.to_vec()).collect()
}

/// Minutiae records of both editions.
pub fn minutiae_records() -> Vec<Vec<u8>> {
    let Ok(older) = MinutiaeRecord::new(minutiae()) else { return Vec::new() };
    let newer = MinutiaeRecord::of(Edition::Of2011, 0, older.views());
    [Ok(older), newer].into_iter().flatten().map(|record| record.octets().to_vec()).collect()
}

/// BIT groups and probes.
pub fn on_card_templates() -> Vec<Vec<u8>> {
    let finger = |reference: u8| Information {
        reference: Some(reference),
        subtype: 0x09,
        owner: on_card::OWNER_SC37,
        format: on_card::FORMAT_COMPACT,
        minutiae: (12, 60),
        order: Order::from_code(0x11).unwrap_or(Order::None),
        features: None,
    };
    let groups = [vec![], vec![finger(1)], vec![finger(1), finger(2)]];
    let groups = groups.iter().filter_map(|group| on_card::encode_group(group).ok());
    groups.chain([on_card::probe(&[[1, 2, 0x43], [4, 5, 0x86]]).to_vec()]).collect()
}

pub fn small_dg3() -> Vec<Vec<u8>> {
    let (right, left) = (FingerPosition::RightIndex, FingerPosition::LeftIndex);
    let grey = pgm(8, 8, &[0x80; 64]).unwrap_or_default();
    let images = [wsq(), grey, jpeg(), jp2(), png()].into_iter();
    let mut groups: Vec<Dg3> = images
        .filter_map(|image| {
            Some(vec![Finger::from_image(right, image.clone()).ok()?, Finger::from_image(left, image).ok()?])
        })
        .map(Dg3::Fingers)
        .collect();
    groups.extend(Finger::from_minutiae(right, minutiae()).ok().map(|finger| Dg3::Fingers(vec![finger])));
    let newer = groups.iter().filter_map(|group| {
        let fingers = group.fingers().iter().cloned().map(|finger| finger.in_generation(Generation::Iso39794).ok());
        fingers.collect::<Option<Vec<_>>>().map(Dg3::Fingers)
    });
    groups.extend(newer.collect::<Vec<_>>());
    groups.push(Dg3::Empty { random: vec![7; 16].into() });
    groups.iter().filter_map(|group| group.encode().ok()).map(|file| file.to_vec()).collect()
}

pub fn dg12() -> Vec<Vec<u8>> {
    let group = Dg12 {
        authority: Some("DGSN".into()),
        issued: Some(NOW.date()),
        other_persons: vec!["NOBODY<<ANNA".into(), "NOBODY<<OMAR".into()],
        front_image: Some(vec![1, 2, 3].into()),
        ..Dg12::default()
    };
    group.encode().map(|file| file.to_vec()).into_iter().collect()
}

pub fn optional_data() -> Vec<Vec<u8>> {
    let data = OptionalData {
        email: Some("a@example.org".into()),
        telephone: Some("+212600000001".into()),
        emergency_contact: None,
        idcs: Some("2345678901".into()),
    };
    data.encode().map(|file| file.to_vec()).into_iter().collect()
}

/// The ContentInfo in EF.SOD of an issued card.
pub fn signed() -> Vec<Vec<u8>> {
    let files = [eac(), cnie()].into_iter().filter_map(|card| card.files.get("EF.SOD"));
    files.filter_map(|file| tlv::only(file, 0x77).ok()).map(<[u8]>::to_vec).collect()
}

pub fn certificates() -> Vec<Vec<u8>> {
    let of = |card: &Issued| {
        [&card.issuer.keys.csca, &card.issuer.keys.document_signer].map(|one| one.certificate.der().to_vec())
    };
    let holders = cnie().files.iter().filter(|(name, _)| name.contains("Cert.")).map(|(_, content)| content.clone());
    of(eac()).into_iter().chain(of(cnie())).chain(holders).collect()
}

fn period() -> Period {
    Period { not_before: NOW, not_after: NOW + Duration::days(60) }
}

pub fn crls() -> Vec<Vec<u8>> {
    let csca = &eac().issuer.keys.csca;
    let serial = eac().issuer.keys.document_signer.certificate.serial().to_vec();
    let revoked = [crl::Revoked { serial, date: NOW, reason: None }];
    let lists = [&revoked[..], &[]].map(|revoked| {
        let request = crl::CrlRequest { number: 7, update: period(), revoked };
        crl::issue(&request, &csca.certificate, &csca.signer()).map(|list| list.der().to_vec()).ok()
    });
    lists.into_iter().flatten().collect()
}

pub fn master_lists() -> Vec<Vec<u8>> {
    let made = || {
        let (csca, signer) = (&eac().issuer.keys.csca, &eac().issuer.keys.document_signer);
        let state = IssuingState {
            country: "MA".into(),
            mrz_state: "MAR".into(),
            organisation: "SPECIMEN".into(),
            contact: "csca@example.org".into(),
            crl_urls: vec!["https://example.org/csca.crl".into()],
        };
        let request = CertificateRequest {
            state: &state,
            common_name: "MLS",
            public_key: &signer.certificate.public_key().ok()?,
            validity: period(),
            private_key_usage: period(),
            form: Form::Named,
        };
        let certificate = issue_master_list_signer(&request, &csca.certificate, &csca.signer(), &mut rng()).ok()?;
        let listed = [csca.certificate.clone(), cnie().issuer.keys.csca.certificate.clone()];
        master_list::issue(&listed, &certificate, &csca.certificate, NOW, &signer.signer()).ok()
    };
    made().into_iter().collect()
}

pub fn spkis() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for curve in [Curve::P256, Curve::BrainpoolP256r1, Curve::BrainpoolP512r1] {
        let point = bitaqa_curves::Point::generator(curve);
        found.extend([Form::Named, Form::Explicit].into_iter().filter_map(|form| spki::encode(&point, form).ok()));
        let key = Domain::Ec(curve).generator();
        found.extend(spki::encode_agreement_key(&key));
    }
    let dh = (0..3)
        .filter_map(Domain::from_parameter_id)
        .filter_map(|group| spki::encode_agreement_key(&group.generator()).ok());
    found.extend(dh);
    let rsa = bitaqa_pki::rsa::RsaPublicKey::new(&[0xC3; 128], &[1, 0, 1]).map(PublicKey::Rsa);
    found.extend(rsa.ok().and_then(|key| spki::encode_key(&key, Form::Named).ok()));
    found
}

/// Sealed by PBKDF2 of one round, for the sake of speed; opened by [`PASSPHRASE`].
const CHEAP: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAiI7laLLy+6ugIBATAM
BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQ2Xm/GcZt9R2VgTGX+OjPUASBkITN
RSfVJJaEtCEnXDk9Ff3lCJbaNqr5rgU4l/vj7gt0h3DPMtDvXZ2oQ26YwykrbDvb
osxF6V+i2hTIMwKqA3ydsh20xAeqL2yjK0hRhirYF5zNQHtiucVfs7DuHMOYiik/
ewVoPVHP4fPISjtg5ap3QPlwCDHAsC/y6IokEPFcqqIZGeMQCFe34DBxGtkprw==
-----END ENCRYPTED PRIVATE KEY-----
";

pub fn key_files() -> Vec<Vec<u8>> {
    let key = &eac().issuer.keys.document_signer.key;
    let ours = key_file::seal_signing(key, PASSPHRASE, &mut rng()).map(String::into_bytes);
    ours.into_iter().chain(texts(&[CHEAP])).collect()
}

pub fn group_elements() -> Vec<Vec<u8>> {
    let domains = (0..=u8::MAX).filter_map(|id| Some((id, Domain::from_parameter_id(id)?)));
    let keys = domains.map(|(id, domain)| [&[id], domain.generator().as_octets()].concat());
    let signature = |place: usize| [&[u8::try_from(place).unwrap_or(0), 0x30, 6, 2, 1, 5, 2, 1, 7][..]].concat();
    keys.chain((0..Curve::ALL.len()).map(signature)).collect()
}

fn cv() -> Vec<CvCertificate> {
    let keys = &eac().issuer.keys;
    [&keys.cvca, &keys.document_verifier, &keys.inspection_system].map(|one| one.certificate.clone()).to_vec()
}

pub fn cv_certificates() -> Vec<Vec<u8>> {
    let all = cv();
    let row: Vec<u8> = all.iter().flat_map(CvCertificate::encode).collect();
    all.iter().flat_map(|one| [one.encode(), one.command_data()]).chain([row]).collect()
}

pub fn cv_parts() -> Vec<Vec<u8>> {
    let parts =
        |one: &CvCertificate| [one.body().public_key.encode(), one.chat().encode(), one.holder().as_octets().to_vec()];
    cv().iter().flat_map(parts).chain([date_to_bcd(NOW.date()).to_vec()]).collect()
}

/// Images of cards at the beginning and the end of their lives: as they are, and to be made fit.
pub fn card_images() -> Vec<Vec<u8>> {
    let images = [&scp02().blank, &cnie().blank, &scp02().sealed];
    images.into_iter().flat_map(|image| [0, 1].map(|kind| [&[kind], image.as_slice()].concat())).collect()
}

pub fn records() -> Vec<Vec<u8>> {
    [eac(), cnie()].map(|card| card.record.clone().into_bytes()).to_vec()
}

pub fn profiles() -> Vec<Vec<u8>> {
    bitaqa_profile::BUILTIN.iter().map(|(_, text)| text.as_bytes().to_vec()).collect()
}

/// The beginning of traces: lines are alike, and a short input is mutated to more effect.
pub fn traces() -> Vec<Vec<u8>> {
    let begin = |card: &Issued| {
        let lines = card.trace.lines().filter(|line| line.len() < 200).take(24);
        lines.map(|line| line.to_owned() + "\n").collect::<String>().into_bytes()
    };
    vec![
        begin(eac()),
        begin(scp02()),
        b"# comment\n> 0CB08100 [23] READ BINARY SFI 01\n< [115] 6282 END_OF_FILE\n".to_vec(),
    ]
}

pub fn apdu_texts() -> Vec<Vec<u8>> {
    texts(&["00A4040007A0000002471001=9000", "00 20 00 81=63Cx", "80 CA 9F 7F 00=9000|6A88", "00:B0:00:00:00"])
}

pub fn key_texts() -> Vec<Vec<u8>> {
    let point = hex::encode(bitaqa_curves::Point::generator(Curve::P256).encode());
    let ec = format!("type = EC public\nid = 73\ncurve = P-256\npoint = {point}\n");
    let rsa = format!("type = RSA public\nid = 73\nmodulus = {}\nexponent = 010001\n", "C3".repeat(128));
    let made = texts(&[
        "key = 404142434445464748494A4B4C4D4E4F # published\ndiversification = kdf3\n",
        "type=3DES\nkey=404142434445464748494A4B4C4D4E4F\ndiversification=visa2",
        "enc = 404142434445464748494A4B4C4D4E4F\nmac = 505152535455565758595A5B5C5D5E5F\n\
         dek = 606162636465666768696A6B6C6D6E6F",
    ]);
    made.into_iter().chain(texts(&[&ec, &rsa])).collect()
}

pub fn templates() -> Vec<Vec<u8>> {
    texts(&["$4 $5 $6 $7 $8 $9 F0 $k $4 $5 $6 $7 $8 $9 0F $k", "CMAC $n 00 00 00 $k 00 $0 $1", "AES $k"])
}

pub fn put_keys() -> Vec<Vec<u8>> {
    let set = KeySet::new(&[1; 16], &[2; 16], &[3; 16]).map(|set| NewKey::of_set(&set).unwrap_or_default());
    let keys = set.unwrap_or_default();
    let point = bitaqa_curves::Point::generator(Curve::P256).encode();
    let single = NewKey::new(0x73, put_key::KeyKind::EcPublic(Curve::P256), &point).ok();
    let rsa = NewKey::rsa_public(0x70, &[0xC3; 128], &[1, 0, 1]).ok();
    let channel = crate::channels::Clear::AES;
    let field = |p2: u8, keys: &[NewKey]| {
        put_key::data_field(0x30, keys, &channel).ok().map(|data| [&[p2], data.as_slice()].concat())
    };
    let all = [field(0x81, &keys), field(0x73, single.as_slice()), field(0x70, rsa.as_slice())];
    all.into_iter().flatten().collect()
}

/// What stands before the signature of a host's certificate.
pub fn host_certificates() -> Vec<Vec<u8>> {
    let point = bitaqa_curves::Point::generator(Curve::P256).encode();
    let key = tlv::tlv(0x7F49, &[tlv::tlv(0xB0, &point), tlv::tlv(0xF0, &[0])].concat());
    let content = |usage: &[u8]| {
        [
            tlv::tlv(0x93, &[1]),
            tlv::tlv(0x42, b"CA"),
            tlv::tlv(0x5F20, b"HOST"),
            tlv::tlv(0x95, usage),
            tlv::tlv(0x5F24, &[0x20, 0x30, 0x01, 0x01]),
            key.clone(),
        ]
        .concat()
    };
    vec![
        [&[1, 0x00], content(&[0x00, 0x80]).as_slice()].concat(),
        [&[3, 0x80], content(&[0x82]).as_slice()].concat(),
        [&[0, 0x00], eac().issuer.keys.csca.certificate.der()].concat(),
    ]
}
