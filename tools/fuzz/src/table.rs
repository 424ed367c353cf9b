//! The one table of targets. `tools/fuzz/libfuzzer/Cargo.toml` repeats their names, and a test holds both together.

use crate::seeds::Seeds::{self, Files, Made, Vectors};
use crate::{
    channels, dialogues, files, hosts, images, issuer_sessions, made, memory, prints, sessions, texts, tlv, trust,
    words,
};

/// A reader of foreign octets and how it is fuzzed.
#[derive(Clone, Copy)]
pub struct Target {
    /// Name, as commands and folders have it.
    pub name: &'static str,
    /// Judges one input: returns, or panics when something is true that must never be.
    pub run: fn(&[u8]),
    /// Where inputs begin.
    pub seeds: &'static [Seeds],
    /// Words that the input's language has: tags, magic numbers, keywords.
    pub dictionary: &'static [&'static [u8]],
    /// Octets of the longest input.
    pub octets_max: usize,
    /// Mutations in the smoke test: by how long one takes, so that all of them take a minute.
    pub smoke: u32,
}

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

impl Target {
    const fn new(name: &'static str, run: fn(&[u8]), seeds: &'static [Seeds]) -> Self {
        Self { name, run, seeds, dictionary: &[], octets_max: 4096, smoke: 100_000 }
    }

    const fn words(self, dictionary: &'static [&'static [u8]]) -> Self {
        Self { dictionary, ..self }
    }

    const fn up_to(self, octets_max: usize) -> Self {
        Self { octets_max, ..self }
    }

    const fn smoke(self, smoke: u32) -> Self {
        Self { smoke, ..self }
    }

    /// All seeds that fit.
    pub fn inputs(&self) -> Vec<Vec<u8>> {
        let mut inputs: Vec<Vec<u8>> = self.seeds.iter().flat_map(|seeds| seeds.inputs()).collect();
        inputs.retain(|input| input.len() <= self.octets_max);
        inputs.sort();
        inputs.dedup();
        inputs
    }
}

/// Octets of a file with a portrait in it.
const WITH_IMAGE: usize = 40_000;

/// Every target.
pub const TARGETS: &[Target] = &[
    Target::new("command", words::command, &[Vectors("icao9303-11"), Vectors("globalplatform")]).smoke(200_000),
    Target::new("tlv", tlv::objects, &[Files(&["DG14", "EF."]), Vectors("icao9303-10"), Vectors("tr03110")])
        .words(TLV)
        .smoke(20_000),
    Target::new("tlv-length", tlv::announced_length, &[Made(made::heads)]).words(TLV).up_to(16).smoke(200_000),
    Target::new("access-rule", words::access_rule, &[Made(made::rules)]).words(RULES).up_to(512),
    Target::new("file-control", words::file_control, &[Made(made::file_controls)]).words(TLV).up_to(512),
    Target::new("install-parameters", words::install_parameters, &[Made(made::install_parameters)]).words(TLV),
    Target::new("application-parameters", words::application_parameters, &[Made(made::application_parameters)])
        .words(TLV),
    Target::new("public-keys", words::public_keys, &[Made(made::public_keys)]).words(TLV),
    Target::new("dgi", words::dgi, &[Made(made::dgis)]).up_to(1024),
    Target::new("limits", words::limits, &[Made(made::limits)]).words(TLV).up_to(256),
    Target::new("mrz", files::mrz, &[Made(made::mrz)]).words(&[b"<<", b"IDMAR", b"\n", b"\r\n"]).up_to(200),
    Target::new("dg1", files::dg1, &[Files(&["DG1"]), Vectors("icao9303-10/dg1.toml")]).words(TLV).up_to(256),
    Target::new("dg2", files::dg2, &[Files(&["DG2"]), Made(made::small_dg2)])
        .words(BIOMETRICS)
        .up_to(WITH_IMAGE)
        .smoke(20_000),
    Target::new("dg3", files::dg3, &[Made(made::small_dg3)]).words(BIOMETRICS).up_to(WITH_IMAGE).smoke(50_000),
    Target::new("dg4", files::dg4, &[Made(made::small_dg4)]).words(BIOMETRICS).up_to(512),
    Target::new("minutiae", files::minutiae, &[Made(made::minutiae_records)])
        .words(&[b"FMR\0 20\0", b"FMR\x00030\0"])
        .up_to(1024)
        .smoke(50_000),
    Target::new("on-card", files::on_card, &[Made(made::on_card_templates)]).words(TLV).up_to(512),
    Target::new("dg11", files::dg11, &[Files(&["DG11"]), Vectors("icao9303-10/dg11.toml")]).words(TLV),
    Target::new("dg12", files::dg12, &[Files(&["DG12"]), Made(made::dg12)]).words(TLV),
    Target::new("dg13", files::dg13, &[Files(&["DG13"])]).words(TLV),
    Target::new("dg14", files::dg14, &[Files(&["DG14"]), Vectors("tr03110/card_security.toml")])
        .words(TLV)
        .smoke(50_000),
    Target::new("dg15", files::dg15, &[Files(&["DG15"]), Vectors("icao9303-11/active_authentication_rsa.toml")])
        .words(TLV),
    Target::new("com", files::com, &[Files(&["EF.COM"]), Vectors("icao9303-10/ef_com.toml")]).words(TLV).up_to(256),
    Target::new("card-access", files::card_access, &[Files(&["EF.CardAccess", "DG14"]), Vectors("bsi-eac")]).words(TLV),
    Target::new("optional-data", files::optional_data, &[Files(&["EF.Optional"]), Made(made::optional_data)])
        .words(TLV),
    Target::new("cia", files::cia, &[Files(&["EF."])]).words(TLV),
    Target::new("image", images::header, &[Made(made::images)]).words(IMAGES).up_to(WITH_IMAGE).smoke(30_000),
    Target::new("portrait", images::portrait, &[Made(made::images)]).words(IMAGES).up_to(WITH_IMAGE).smoke(20_000),
    Target::new("wsq", prints::wsq, &[Made(prints::seeds)]).words(IMAGES).up_to(WITH_IMAGE).smoke(1000),
    Target::new("print-file", prints::print_file, &[Made(prints::seeds), Vectors("biometrics/print_jpeg2000.toml")])
        .words(IMAGES)
        .up_to(WITH_IMAGE)
        .smoke(5000),
    Target::new("portrait-pixels", images::decoded_portrait, &[Made(made::pictures)])
        .words(IMAGES)
        .up_to(8192)
        .smoke(2000),
    Target::new("print", images::print, &[Made(made::images)]).words(IMAGES).up_to(WITH_IMAGE).smoke(20_000),
    Target::new("sod", trust::sod, &[Files(&["EF.SOD"]), Vectors("icao9303-12/sod.toml")]).words(DER).smoke(10_000),
    Target::new("signed-content", trust::signed_content, &[Made(made::signed), Vectors("tr03110/card_security.toml")])
        .words(DER)
        .smoke(10_000),
    Target::new("certificate", trust::certificate, &[Made(made::certificates)]).words(DER).smoke(5000),
    Target::new("revocation-list", trust::revocation_list, &[Vectors("icao9303-12/crl.toml"), Made(made::crls)])
        .words(DER)
        .smoke(30_000),
    Target::new("master-list", trust::master_list, &[Made(made::master_lists)]).words(DER).smoke(10_000),
    Target::new(
        "public-key",
        trust::public_key,
        &[Files(&["DG15"]), Vectors("wycheproof/ecdh_spki.toml"), Made(made::spkis)],
    )
    .words(DER)
    .smoke(30_000),
    Target::new("key-file", trust::key_files, &[Made(made::key_files)]).words(DER).smoke(300),
    Target::new("group-element", trust::group_element, &[Made(made::group_elements)]).up_to(600).smoke(5000),
    Target::new(
        "cv-certificate",
        trust::cv_certificate,
        &[
            Made(made::cv_certificates),
            Vectors("tr03110/cv_certificates.toml"),
            Vectors("tr03110/cv_certificates_rsa.toml"),
        ],
    )
    .words(TLV)
    .smoke(10_000),
    Target::new("cv-parts", trust::cv_parts, &[Files(&["EF.CVCA"]), Made(made::cv_parts)]).words(TLV),
    Target::new("card-image", memory::card_image, &[Made(made::card_images)]).up_to(100_000).smoke(2000),
    Target::new("record", texts::record, &[Made(made::records)]).words(JSON).up_to(8192).smoke(2000),
    Target::new("profile", texts::profile, &[Made(made::profiles)]).words(TOML).up_to(40_000).smoke(2000),
    Target::new("trace", texts::trace_file, &[Made(made::traces)]).words(TRACES).up_to(8192).smoke(30_000),
    Target::new("apdu-text", texts::apdu, &[Made(made::apdu_texts)])
        .words(&[b"=9000", b"|", b"63Cx", b" : "])
        .up_to(512),
    Target::new("key-text", texts::keys, &[Made(made::key_texts)]).words(KEY_TEXTS).up_to(2048),
    Target::new("template", texts::template, &[Made(made::templates)]).up_to(256),
    Target::new("put-key", channels::put_keys, &[Made(made::put_keys), Vectors("globalplatform/put_key.toml")])
        .words(KEYS)
        .smoke(50_000),
    Target::new("content-management", channels::content_management, &[Vectors("globalplatform/management.toml")])
        .words(TLV),
    Target::new("initialize-update", channels::initialize_update, &[Vectors("globalplatform")])
        .up_to(64)
        .smoke(200_000),
    Target::new(
        "host-certificate",
        channels::host_certificate,
        &[Vectors("globalplatform/scp11.toml"), Made(made::host_certificates)],
    )
    .words(TLV)
    .smoke(2000),
    Target::new("card-eac", sessions::eac_card, &[Made(dialogues::eac_card)]).words(COMMANDS).up_to(2048).smoke(500),
    Target::new("card-cnie", sessions::cnie_card, &[Made(dialogues::cnie_card)]).words(COMMANDS).up_to(2048).smoke(500),
    Target::new("card-issuer", issuer_sessions::any_card, &[Made(dialogues::issuer)])
        .words(COMMANDS)
        .up_to(2048)
        .smoke(2000),
    Target::new("host-session", hosts::session, &[Made(dialogues::answers)]).words(ANSWERS).up_to(2048).smoke(2000),
    Target::new("host-card-manager", hosts::card_manager, &[Made(dialogues::answers)])
        .words(ANSWERS)
        .up_to(2048)
        .smoke(10_000),
    Target::new("host-probe", hosts::probe_between, &[Made(dialogues::between)]).up_to(512).smoke(300),
    Target::new("host-inspection", hosts::inspection_between, &[Made(dialogues::between)]).up_to(512).smoke(60),
    Target::new("host-hostile", hosts::inspection_hostile, &[Made(dialogues::answers)])
        .words(ANSWERS)
        .up_to(2048)
        .smoke(3000),
    Target::new("host-files", hosts::inspection_of_files, &[Made(dialogues::files)])
        .words(TLV)
        .up_to(WITH_IMAGE)
        .smoke(1000),
];

const TLV: &[&[u8]] = &[
    &[0x30],
    &[0x31],
    &[0x62],
    &[0x77],
    &[0x7F, 0x21],
    &[0x7F, 0x49],
    &[0x7F, 0x4E],
    &[0x5F, 0x20],
    &[0x5F, 0x1F],
    &[0x5F, 0x37],
    &[0x81, 0x80],
    &[0x82, 0x01, 0x00],
    &[0x83, 0x01, 0x00, 0x00],
    &[0x84, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0x06, 0x0A, 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02],
    &[0x02, 0x01, 0x00],
    &[0x81, 0x7F],
    &[0x80],
    &[0x1F, 0x81],
];

const DER: &[&[u8]] = &[
    &[0x30, 0x82],
    &[0x31, 0x82],
    &[0x30, 0x80],
    &[0x00, 0x00],
    &[0x24, 0x80],
    &[0xA0, 0x80],
    &[0x05, 0x00],
    &[0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02],
    &[0x06, 0x06, 0x67, 0x81, 0x08, 0x01, 0x01, 0x01],
    &[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02],
    &[0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01],
    &[0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A],
    b"19700101000000Z",
    b"991231235959Z",
    &[0x17, 0x0D],
    &[0x18, 0x0F],
    &[0x03, 0x02, 0x07, 0x80],
    &[0x01, 0x01, 0xFF],
    &[0x02, 0x01, 0x00],
];

const BIOMETRICS: &[&[u8]] = &[
    &[0x7F, 0x61],
    &[0x7F, 0x60],
    &[0x7F, 0x2E],
    &[0x5F, 0x2E],
    &[0xA1, 0x0E],
    &[0x53, 0x10],
    &[0x02, 0x01, 0x01],
    b"FAC\x00010\x00",
    b"FIR\x00010\x00",
    b"FMR\x00 20\x00",
    &[0x87, 0x02, 0x01, 0x01],
    &[0x88, 0x02, 0x00, 0x08],
];

const IMAGES: &[&[u8]] = &[
    &[0xFF, 0xD8],
    &[0xFF, 0xC0],
    &[0xFF, 0xC2],
    &[0xFF, 0xDA],
    &[0xFF, 0xD9],
    &[0xFF, 0x4F],
    &[0xFF, 0x51],
    &[0xFF, 0x90],
    &[0xFF, 0x93],
    &[0xFF, 0xA0],
    &[0xFF, 0xA2],
    &[0xFF, 0xA1],
    b"\x89PNG\r\n\x1A\n",
    b"IHDR",
    b"IDAT",
    b"IEND",
    b"PLTE",
    b"jP  \r\n\x87\n",
    b"ftypjp2 ",
    b"jp2h",
    b"ihdr",
    b"colr",
    b"jp2c",
    b"P5\n",
    b"#",
    b"255\n",
    b"65535\n",
    &[0, 0, 0, 1],
    &[0, 0, 0, 0],
    &[0xFF, 0xFF, 0xFF, 0xFF],
];

const RULES: &[&[u8]] =
    &[b"ALWAYS", b"NEVER", b"BAC", b"PACE", b"CA", b"TA", b"TA[DG3]", b"PIN[1]", b" | ", b" & ", &[4, 3], &[5, 1]];

const JSON: &[&[u8]] = &[
    b"null",
    b"true",
    b"\"\"",
    b"[]",
    b"{}",
    b"-1",
    b"1e999",
    b"\\u0000",
    b"\\ud800",
    b"\"F\"",
    b"\"X\"",
    b"\"fingerprints\"",
    b"2024-02-29",
    b"0000-00-00",
    b"9999-12-31",
    "\u{202E}".as_bytes(),
    "\u{0645}".as_bytes(),
    "\u{0300}".as_bytes(),
];

const TOML: &[&[u8]] = &[
    b"[chip]",
    b"[[file]]",
    b"[[partner]]",
    b"[eid]",
    b"[pace]",
    b" = 0",
    b" = -1",
    b" = \"\"",
    b" = []",
    b" = {}",
    b"0xFFFF",
    b"true",
    b"false",
    b"\"none\"",
    b"4294967296",
    b"id-PACE-ECDH-IM-AES-CBC-CMAC-256",
    b"parameter_id = 18",
];

const TRACES: &[&[u8]] =
    &[b"> ", b"< ", b"p> ", b"p< ", b" [0] ", b" : ", b" : -", b"9000", b"[18446744073709551616]", b"# "];

const KEY_TEXTS: &[&[u8]] = &[
    b"type = ",
    b"AES",
    b"3DES",
    b"EC public",
    b"RSA public",
    b"key = ",
    b"enc = ",
    b"diversification = ",
    b"none",
    b"kdf3",
    b"emv",
    b"visa2",
    b"id = 73",
    b"curve = P-521",
    b"modulus = ",
    b"exponent = ",
    b"#",
    b"\n",
];

const KEYS: &[&[u8]] = &[
    &[0x80],
    &[0x88, 0x11, 0x10],
    &[0xB0, 0x41, 0x04],
    &[0xB1],
    &[0xF0, 0x01, 0x00],
    &[0xA1, 0x81, 0x80],
    &[0xA0, 0x03],
    &[0xFF, 0x88],
    &[0xFF, 0x80],
    &[0x03],
    &[0x00],
];

const COMMANDS: &[&[u8]] = &[
    &[0x00, 0x05, 0x00, 0x84, 0x00, 0x00, 0x08],
    &[0x01, 0x05, 0x00, 0xB0, 0x81, 0x00, 0x00],
    &[0x01, 0x05, 0x00, 0xB0, 0x83, 0x00, 0x00],
    &[0x01, 0x07, 0x00, 0xA4, 0x02, 0x0C, 0x02, 0x01, 0x01],
    &[0x00, 0xA4, 0x04, 0x0C],
    &[0x00, 0xB1, 0x00, 0x00],
    &[0x00, 0x22, 0xC1, 0xA4],
    &[0x00, 0x22, 0x81, 0xB6],
    &[0x00, 0x22, 0x41, 0xA4],
    &[0x00, 0x86, 0x00, 0x00],
    &[0x00, 0x2A, 0x00, 0xBE],
    &[0x00, 0x82, 0x00, 0x00],
    &[0x00, 0x88, 0x00, 0x00, 0x08],
    &[0x00, 0x20, 0x00, 0x81],
    &[0x00, 0x24, 0x00, 0x81],
    &[0x00, 0x2C, 0x00, 0x81],
    &[0x00, 0xD6, 0x00, 0x00],
    &[0x00, 0x70, 0x00, 0x00, 0x01],
    &[0x00, 0xC0, 0x00, 0x00, 0x00],
    &[0x00, 0xCB, 0x3F, 0xFF],
    &[0x80, 0xCA, 0x9F, 0x7F, 0x00],
    &[0x80, 0xF2, 0x40, 0x02],
    &[0x80, 0xE6, 0x0C, 0x00],
    &[0x80, 0xE6, 0x02, 0x00],
    &[0x80, 0xE8, 0x80, 0x00],
    &[0x80, 0xE4, 0x00, 0x80],
    &[0x80, 0xD8, 0x00, 0x81],
    &[0x80, 0xF0, 0x80, 0x0F],
    &[0x80, 0x50, 0x00, 0x00, 0x08],
    &[0x80, 0xE2, 0x88, 0x00],
    &[0x80, 0x47, 0x80, 0x01],
    &[0x2A, 0x9E, 0x9A],
];

const ANSWERS: &[&[u8]] = &[
    &[0x90, 0x00],
    &[0x61, 0x00],
    &[0x6C, 0x10],
    &[0x63, 0x10],
    &[0x62, 0x82],
    &[0x6A, 0x88],
    &[0x00, 0x00],
    &[0xE3, 0x10, 0x4F, 0x05],
    &[0x9F, 0x70, 0x01, 0x0F],
    &[0xC5, 0x03],
    &[0xE0, 0x06, 0xC0, 0x04, 0x01, 0x30, 0x88, 0x10],
    &[0x66, 0x26, 0x73, 0x24],
    &[0x7F, 0x66, 0x08, 0x02, 0x02],
    &[0x53, 0x82],
    &[0x99, 0x02, 0x90, 0x00],
    &[0x8E, 0x08],
    &[0x7C, 0x80],
    &[0x6F, 0x10, 0x84, 0x08],
    &[0x7F, 0x49],
    &[0xDF, 0x33],
    &[0x61, 0x5B, 0x5F, 0x1F, 0x58],
    &[0x30, 0x70, 0x03],
];
