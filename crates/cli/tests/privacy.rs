//! What must stay inside stays inside: a complete run with planted keys, numbers and names, good and bad endings, and a
//! search for every planted value in all that the program said and logged. Record, card image, print data and the files
//! of `--out` are products, not logs.

// The whole file is a test: its helpers may fail as loudly as its tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support::{Desk, command};
use bitaqa_perso::vault::{KeyVault, MasterVault};
use bitaqa_pki::key_file;
use serde_json::{Value, json};
use zeroize::Zeroizing;

const PASSPHRASE: &str = "planted passphrase 8c1f";
const CAN: &str = "935170";
/// The published test key that blank cards of the built-in profiles are under.
const TRANSPORT_KEY: [u8; 16] = *b"@ABCDEFGHIJKLMNO";
/// Texts of the record, each a word that nobody says by chance.
const TEXTS: [(&str, &str); 19] = [
    ("/document_number", "VSIQ0PLNT"),
    ("/cin", "QZ739157"),
    ("/names/latin/surname", "PLANTEDSURNAME"),
    ("/names/latin/given", "PLANTEDGIVEN"),
    ("/names/arabic/surname", "الزرافة"),
    ("/names/arabic/given", "بطريق"),
    ("/birth/place/latin", "PLANTEDBIRTHPLACE"),
    ("/birth/place/arabic", "مزروعة الولادة"),
    ("/parents/father/latin", "PLANTEDFATHER ben PLANTEDGRANDFATHER"),
    ("/parents/father/arabic", "غضنفر بن هزبر"),
    ("/parents/mother/latin", "PLANTEDMOTHER bent PLANTEDGRANDFATHER"),
    ("/parents/mother/arabic", "خنفساء بنت هزبر"),
    ("/address/latin", "4711 PLANTEDSTREET"),
    ("/address/arabic", "4711 زنقة السلحفاة"),
    ("/optional/email", "planted.address@example.org"),
    ("/optional/phone", "+212600047110815"),
    ("/optional/emergency_contact/name", "PLANTEDCONTACT"),
    ("/optional/emergency_contact/phone", "+212600081504711"),
    ("/optional/idcs", "2363148059"),
];

/// Something that no log may hold.
struct Planted {
    name: String,
    octets: Vec<u8>,
    /// Keys are searched as octets and in codes, not as text.
    text: Option<String>,
}

impl Planted {
    fn text(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), octets: text.as_bytes().to_vec(), text: Some(text.to_owned()) }
    }

    fn key(name: &str, octets: &[u8]) -> Self {
        Self { name: name.to_owned(), octets: octets.to_vec(), text: None }
    }

    /// Every form in which it could stand in a log.
    fn forms(&self) -> Vec<Vec<u8>> {
        let hex = hex::encode(&self.octets);
        let mut forms = vec![self.octets.clone(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
        forms.push(format!("{:?}", self.octets).replace(' ', "").into_bytes());
        // Base64 of octets with 0, 1 or 2 octets in front of them; the signs that neighbours share are left out.
        for before in 0..3 {
            let code = base64(&[&vec![0; before], self.octets.as_slice()].concat());
            let whole = (before + self.octets.len()) / 3 * 4;
            forms.push(code.as_bytes()[[0, 2, 3][before]..whole].to_vec());
        }
        if let Some(text) = self.text.as_ref().filter(|text| !text.is_ascii()) {
            let escaped: Vec<String> = text.chars().map(|sign| format!("\\u{:04x}", u32::from(sign))).collect();
            forms.push(escaped.concat().into_bytes());
            forms.push(text.escape_unicode().to_string().into_bytes());
        }
        forms
    }
}

/// RFC 4648 §4, without the padding.
fn base64(octets: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let octet = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
        let signs = [18, 12, 6, 0].map(|shift| char::from(SIGNS[(bits >> shift & 0x3F) as usize]));
        signs.into_iter().take(three.len() + 1).collect::<String>()
    };
    octets.chunks(3).map(group).collect()
}

/// Names of the planted values that stand in a log. Blanks and colons between hexadecimal octets hide nothing.
fn leaks<'a>(planted: &'a [Planted], log: &[u8]) -> Vec<&'a str> {
    let dense: Vec<u8> = log.iter().copied().filter(|octet| !b" :\n".contains(octet)).collect();
    let holds = |log: &[u8], form: &[u8]| {
        let at = |place: usize| {
            // A digest may hold six given digits by chance, a word may not.
            let around = [place.checked_sub(1).map(|before| log[before]), log.get(place + form.len()).copied()];
            form.len() > 7 || !around.iter().flatten().any(u8::is_ascii_hexdigit)
        };
        let places = log.iter().enumerate().filter(|(_, octet)| **octet == form[0]);
        places.map(|(place, _)| place).any(|place| log[place..].starts_with(form) && at(place))
    };
    let leaked = |value: &&Planted| value.forms().iter().any(|form| holds(log, form) || holds(&dense, form));
    planted.iter().filter(leaked).map(|value| value.name.as_str()).collect()
}

/// The desk of the run, and everything that was said there: (command, what it said).
struct Scene {
    desk: Desk,
    said: Vec<(String, Vec<u8>)>,
}

impl Scene {
    /// A desk whose record and keys hold the planted values.
    fn new() -> Self {
        let desk = Desk::new();
        std::fs::remove_dir_all(desk.path("pki")).unwrap();
        let mut record = desk.record_json();
        record["can"] = json!(CAN);
        for (pointer, text) in TEXTS {
            *record.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer} in the sample")) = json!(text);
        }
        desk.write_record(&record);
        let mut scene = Self { desk, said: Vec::new() };
        let pki = scene.desk.arg("pki");
        scene.run(0, &["pki", "init", &pki]);
        scene
    }

    /// Runs a command and keeps what it said.
    fn run<S: AsRef<str>>(&mut self, code: i32, arguments: &[S]) -> Vec<u8> {
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        let output = command(&arguments).env("BITAQA_PASSPHRASE", PASSPHRASE).output().unwrap();
        let said = [output.stdout.as_slice(), &output.stderr].concat();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&said));
        self.said.push((arguments[..2].join(" "), said));
        output.stdout
    }

    fn personalise(&mut self, code: i32, extra: &[&str]) -> Vec<u8> {
        let arguments = self.desk.personalise_arguments(extra);
        self.run(code, &arguments)
    }

    fn inspect(&mut self, code: i32, extra: &[&str]) {
        let arguments = self.desk.inspect_arguments(extra);
        self.run(code, &arguments);
    }

    /// Takes the files that a run logged into.
    fn take_logs(&mut self, names: &[&str], lines_min: usize) {
        for name in names {
            let log = std::fs::read(self.desk.path(name)).unwrap();
            let lines = log.split(|octet| *octet == b'\n').count() - 1;
            assert!(lines > lines_min, "{name} has {lines} lines: a search in it means nothing");
            self.said.push(((*name).to_owned(), log));
        }
    }

    /// Keys of the issuer and of the card, out of their sealed files.
    fn keys(&self, kdd: &[u8]) -> Vec<Planted> {
        let pem = |name: &str| std::fs::read_to_string(self.desk.path("pki").join(name)).unwrap();
        let master = key_file::open_secret(&pem("vault/master.key"), PASSPHRASE.as_bytes()).unwrap();
        let vault = MasterVault::new(Zeroizing::new(master.to_vec()), TRANSPORT_KEY, 32);
        let of_card = vault.issuer_keys(kdd.try_into().unwrap()).unwrap();
        let mut keys: Vec<Planted> = of_card.keys().iter().map(|key| Planted::key("card key", key)).collect();
        keys.push(Planted::key("master key", &master));
        keys.push(Planted::key("transport key", &TRANSPORT_KEY));
        for name in ["csca/csca.key", "ds/ds.key", "cvca/cvca.key", "dv/dv.key", "terminal/is.key", "eid/ca.key"] {
            let key = key_file::open(&pem(name), PASSPHRASE.as_bytes()).unwrap();
            keys.push(Planted::key(name, &key.to_bytes()));
        }
        keys
    }
}

/// Every planted text, the lines of the MRZ and what its password is made from.
fn texts(mrz: &[String]) -> Vec<Planted> {
    let mut planted: Vec<Planted> = TEXTS.iter().map(|(name, text)| Planted::text(name, text)).collect();
    planted.push(Planted::text("CAN", CAN));
    planted.push(Planted::text("passphrase", PASSPHRASE));
    planted.extend(mrz.iter().map(|line| Planted::text("MRZ line", line)));
    // Line 1 from the document number, line 2 with both dates.
    planted.push(Planted::text("MRZ document number", &mrz[0][5..15]));
    planted.push(Planted::text("MRZ dates", &mrz[1][..15]));
    planted
}

/// Endings that are good: issued and read by both passwords, for people and as JSON.
fn good_endings(scene: &mut Scene, mrz: &[String]) -> Vec<u8> {
    let trace = |scene: &Scene, name: &str| scene.desk.arg(name);
    let traced = [trace(scene, "1.trace"), trace(scene, "2.trace"), trace(scene, "3.trace"), trace(scene, "4.trace")];
    let issued: Value = serde_json::from_slice(&scene.personalise(0, &["--json", "--trace", &traced[0]])).unwrap();
    scene.inspect(0, &["--trace", &traced[1], "--out", &trace(scene, "out")]);
    scene.inspect(0, &["--json", "--mrz", &mrz.join("\n"), "--trace", &traced[2]]);
    std::fs::write(scene.desk.path("mrz.txt"), mrz.join("\n")).unwrap();
    scene.inspect(0, &["--mrz-file", &trace(scene, "mrz.txt")]);
    let image = trace(scene, "second.image");
    scene.run(0, &["card", "new", "--profile", "cnie-2.0", "--image", &image]);
    let mut second = scene.desk.personalise_arguments(&["--trace", &traced[3]]);
    let place = second.iter().position(|argument| argument.ends_with("card.image")).unwrap();
    second[place].clone_from(&image);
    scene.run(0, &second);
    scene.run(0, &["card", "info", "--image", &image]);
    scene.run(0, &["pki", "show", &trace(scene, "pki")]);
    scene.take_logs(&["1.trace", "4.trace"], 150);
    scene.take_logs(&["2.trace", "3.trace"], 50);
    scene.take_logs(&["card.image.journal", "second.image.journal"], 20);
    hex::decode(issued["chip"].as_str().unwrap()).unwrap()
}

/// Endings that are bad: each message could be tempted to repeat what it was given.
fn bad_endings(scene: &mut Scene, mrz: &[String]) {
    let trace = scene.desk.arg("bad.trace");
    scene.personalise(4, &["--trace", &trace]);
    scene.inspect(5, &["--can", "000000", "--trace", &trace]);
    scene.inspect(5, &["--json", "--can", "000000"]);
    // A mistyped password is nearly the password.
    scene.inspect(2, &["--can", &CAN[..5]]);
    scene.inspect(2, &["--can", CAN, "--mrz", &mrz.concat()]);
    let mistyped = mrz.concat().replace("PLANTEDSURNAME", "PLANTEDSURNAM3").replacen('Q', "O", 1);
    scene.inspect(3, &["--mrz", &mistyped]);
    scene.inspect(3, &["--json", "--mrz", &mrz[0]]);
    let sound = scene.desk.record_json();
    let record = scene.desk.arg("applicant/record.json");
    // Each planted text where a text of the other script or another shape belongs, or in a field that is not known.
    for (pointer, text) in TEXTS {
        for wrong in [json!([text]), json!(format!("{text}\u{202E}<ж{text}"))] {
            let mut broken = sound.clone();
            *broken.pointer_mut(pointer).unwrap() = wrong;
            scene.desk.write_record(&broken);
            scene.run(3, &["applicant", "check", &record]);
            scene.personalise(3, &["--json"]);
        }
    }
    for text in [format!("{{\"can\": {CAN} PLANTEDSURNAME"), format!("\"{CAN} PLANTEDSURNAME الزرافة\"")] {
        std::fs::write(scene.desk.record(), text).unwrap();
        scene.run(3, &["applicant", "check", &record]);
    }
    scene.desk.write_record(&sound);
    std::fs::write(scene.desk.path("pki/ds/ds.key"), "PLANTED").unwrap();
    scene.personalise(3, &[]);
}

#[test]
fn no_log_holds_a_planted_value() {
    let mut scene = Scene::new();
    let record = scene.desk.arg("applicant/record.json");
    // The MRZ is what `applicant check` is for; nothing that is not in the MRZ may come with it.
    let checked: Value = serde_json::from_slice(&scene.run(0, &["applicant", "check", &record, "--json"])).unwrap();
    let mrz: Vec<String> = serde_json::from_value(checked["mrz"].clone()).unwrap();
    let (_, shown) = scene.said.pop().unwrap();
    let in_mrz = |name: &str| {
        let fields = ["/document_number", "/cin", "/names/latin/surname", "/names/latin/given"];
        name.starts_with("MRZ") || fields.contains(&name)
    };
    let planted = texts(&mrz);
    assert!(leaks(&planted, &shown).into_iter().all(in_mrz), "{:?}", leaks(&planted, &shown));

    let chip = good_endings(&mut scene, &mrz);
    let planted: Vec<Planted> = planted.into_iter().chain(scene.keys(&chip)).collect();
    bad_endings(&mut scene, &mrz);
    assert!(scene.said.len() > 80 && planted.len() > 30);
    for (name, log) in &scene.said {
        let leaks = leaks(&planted, log);
        assert!(leaks.is_empty(), "{name} holds {leaks:?}:\n{}", String::from_utf8_lossy(log));
    }
    // Whatever else a run left beside its products: no file under a name that nobody gave.
    let products = ["applicant/", "pki/", "out/", "card.image", "second.image", "mrz.txt"];
    for (name, octets) in scene.desk.content() {
        if !products.iter().any(|product| name.starts_with(product)) {
            assert!(name.contains("trace") && leaks(&planted, &octets).is_empty(), "{name}");
        }
    }
}

/// The search finds what is there, in every form: otherwise its silence would mean nothing.
#[test]
fn the_search_finds_what_is_planted() {
    let desk = Desk::issued();
    let mrz = desk.mrz_lines();
    let print_data = std::fs::read(desk.print_data()).unwrap();
    let lines: Vec<Planted> = mrz.iter().map(|line| Planted::text(line, line)).collect();
    assert_eq!(leaks(&lines, &print_data).len(), 3);
    assert_eq!(leaks(&[Planted::text("CAN", &desk.can())], &print_data), ["CAN"]);
    let key = [Planted::key("key", &TRANSPORT_KEY)];
    for log in [
        "key 404142434445464748494A4B4C4D4E4F.",
        "40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f",
        "40:41:42:43:44:45:46:47:48:49:4A:4B:4C:4D:4E:4F",
        "@ABCDEFGHIJKLMNO",
        "[64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79]",
    ] {
        assert_eq!(leaks(&key, log.as_bytes()), ["key"], "{log}");
    }
    for before in ["", "a", "ab", "abc"] {
        let log = base64(&[before.as_bytes(), &TRANSPORT_KEY, b"rest"].concat());
        assert_eq!(leaks(&key, log.as_bytes()), ["key"], "{log}");
    }
    assert!(leaks(&key, base64(b"something else that is long").as_bytes()).is_empty());
    let can = [Planted::text("CAN", CAN)];
    assert!(leaks(&can, b"digest 12935170AB").is_empty() && !leaks(&can, b"CAN=935170,").is_empty());
    assert!(!leaks(&can, b"393335313730").is_empty());
    let arabic = [Planted::text("name", "بطريق")];
    assert!(!leaks(&arabic, b"\\u0628\\u0637\\u0631\\u064a\\u0642").is_empty());
}
