//! Profiles that must be refused: each differs from the sound one in a single place.

use bitaqa_profile::{FileContent, Password, Profile, ProfileError};

const SOUND: &str = include_str!("../../../card-profiles/cnie-2.0.toml");
const MINOR: &str = include_str!("../../../card-profiles/cnie-2.0-minor.toml");

/// The sound profile with one text replaced, parsed.
fn changed(from: &str, to: &str) -> Result<Profile, ProfileError> {
    assert!(SOUND.contains(from), "`{from}` is not in the profile");
    Profile::parse(&SOUND.replacen(from, to, 1), "changed.toml")
}

#[test]
fn each_change_is_refused_at_its_place() {
    let cases = [
        // (from, to, place begins with, what or remedy contains)
        ("name = \"cnie-2.0\"", "name = \"a b\"", "product.name", "characters"),
        ("document_code = \"ID\"", "document_code = \"PM\"", "product.document_code", "TD1"),
        ("issuing_state = \"MAR\"", "issuing_state = \"mar\"", "product.issuing_state", "capitals"),
        ("age_years_below = 150", "age_years_below = 12", "holder.age_years_below", "no age"),
        ("validity_years_max = 10", "validity_years_max = 0", "holder.validity_years_max", "validity"),
        ("basis = \"9303-10 §3.11.3\"", "basis = \" \"", "file.EF.CardAccess.basis", "not DGSN-published"),
        ("extended_length = true", "extended_length = false", "chip.extended_length", "opposite"),
        (
            "memory_bytes = 163840",
            "memory_bytes = 100000",
            "chip.memory_bytes",
            "need 121412 octets, the card has 100000",
        ),
        ("size_max = 57600", "size_max = 200000", "file.DG3.size_max", "file larger than the card"),
        ("size_max = 24704", "size_max = 24600", "file.DG2.size_max", "room for 24600"),
        ("print_bytes_max = 28672", "print_bytes_max = 30000", "file.DG3.size_max", "largest images"),
        ("\"F042495441514101\"", "\"A0000002471001\"", "emrtd", "equal"),
        ("i = 0x70", "i = 0x72", "secure_channel.i", "parameter i"),
        ("i = 0x70", "i = 0x10", "secure_channel.level", "does not offer"),
        ("level = 0x33", "level = 0x23", "secure_channel.level", "no security level"),
        ("level = 0x33", "level = 0x11", "secure_channel.level", "in clear"),
        ("kvn = 0x01", "kvn = 0x80", "secure_channel.transport.kvn", "key version"),
        ("kvn = 0x30", "kvn = 0x40", "secure_channel.issuer.kvn", "30 to 3F"),
        ("key_bytes = 32", "key_bytes = 20", "secure_channel.issuer.key_bytes", "AES"),
        ("factor = 2", "factor = 1", "pace.failure_delay", "grow"),
        ("applet_end = \"PERSONALIZED\"", "applet_end = \"SELECTABLE\"", "life_cycle.applet_end", "SELECTABLE"),
        ("card_end = \"SECURED\"", "card_end = \"TERMINATED\"", "life_cycle.card_end", "TERMINATED"),
        (
            "portrait_formats = [\"jpeg\", \"jpeg2000\"]",
            "portrait_formats = []",
            "biometrics.portrait_formats",
            "portrait",
        ),
        ("fingerprints = \"two\"", "fingerprints = \"none\"", "biometrics.finger_image_formats", "none"),
        ("data_groups = [1, 2, 3, 11,", "data_groups = [1, 2, 11,", "lds.data_groups", "EF.COM would list"),
        ("version = \"0108\"", "version = \"18\"", "lds", "4 digits"),
        ("sfi = 0x03", "sfi = 0x02", "file.DG2.sfi", "same sfi"),
        ("sfi = 0x03", "sfi = 31", "file.DG3.sfi", "no short EF identifier"),
        ("fid = 0x0103", "fid = 0x0102", "file.DG2.fid", "same fid"),
        ("fid = 0x0103", "fid = 0x3F00", "file.DG3.fid", "reserved"),
        ("place = \"mf\"", "place = \"lds\"", "file.EF.ATR/INFO.place", "master file"),
        ("content = \"dg12\"", "content = \"dg11\"", "lds.data_groups", "ascending"),
        ("read = \"PACE & CA & TA[DG3]\"", "read = \"PACE\"", "file.DG3.read", "prints open to nobody else"),
        ("read = \"PACE & CA & TA[DG3]\"", "read = \"PACE & TA[DG3]\"", "file.DG3.read", "TA comes after CA"),
        ("read = \"PACE & CA & TA\"", "read = \"PACE & CA\"", "file.EF.Optional.read", "art. 6"),
        ("read = \"PACE & CA & TA\"", "read = \"PACE & CA & TA | PIN[1]\"", "file.EF.Optional.read", "does not offer"),
        ("read = \"PACE\"", "read = \"ALWAYS\"", "file.EF.CVCA.read", "without a password"),
        ("read = \"PACE\"", "read = \"NEVER\"", "file.EF.CVCA.read", "rule is NEVER"),
        ("read = \"ALWAYS\"", "read = \"PACE\"", "file.EF.ATR/INFO.read", "before any protocol"),
        ("max_command_bytes = 2048", "max_command_bytes = 261", "chip.max_command_bytes", "write 262 to 65544"),
        ("max_response_bytes = 2048", "max_response_bytes = 70000", "chip.max_response_bytes", "write 259 to 65538"),
        ("content = \"atr_info\"", "content = \"optional\"", "file.EF.ATR/INFO", "9303-11 §9.3.1.2"),
        ("protocols = [\"id-TA-ECDSA-SHA-256\"]", "protocols = []", "file.DG3.read", "does not offer"),
        ("protocols = [\"id-TA-ECDSA-SHA-256\"]", "protocols = []", "file.EF.CVCA", "remove"),
    ];
    for (from, to, place, words) in cases {
        refused_at(from, to, place, words);
    }
}

#[test]
fn each_change_of_the_quirks_is_refused_at_its_place() {
    let quirk = |key: &str| format!("chip.quirks.{key}");
    let cases = [
        ("authentication_failure = 0x6300", "authentication_failure = 0x6983", "authentication_failure", "6983"),
        ("unknown_key_version = 0x6A88", "unknown_key_version = 0x6A82", "unknown_key_version", "6A82"),
        ("status_page_bytes = 254", "status_page_bytes = 255", "status_page_bytes", "short response"),
        ("status_page_bytes = 254", "status_page_bytes = 63", "status_page_bytes", "one entry"),
        ("logical_channels = 20", "logical_channels = 0", "logical_channels", "basic logical channel"),
        ("logical_channels = 20", "logical_channels = 21", "logical_channels", "1 to 20"),
    ];
    for (from, to, key, words) in cases {
        refused_at(from, to, &quirk(key), words);
    }
}

#[test]
fn each_change_of_the_eid_is_refused_at_its_place() {
    let cases = [
        ("pace = [\"CAN\", \"PIN\", \"PUK\"]", "pace = [\"CAN\", \"PIN\"]", "eid.pace", "each PIN and PUK"),
        ("pace = [\"CAN\", \"PIN\", \"PUK\"]", "pace = []", "eid.pins[3].rule", "nobody"),
        ("pace = [\"CAN\", \"PIN\", \"PUK\"]", "pace = []", "eid.file", "CardAccess is there"),
        ("number = 2, label", "number = 3, label", "eid.pins", "one number"),
        ("digits_min = 6", "digits_min = 3", "eid.pins[3].digits_min", "4 to 16"),
        ("tries = 3, transport", "tries = 16, transport", "eid.pins[3].tries", "1 to 15"),
        ("unblocked_by = 4", "unblocked_by = 3", "eid.pins[3].unblocked_by", "of no PUK"),
        ("use = \"authenticate\"", "use = \"sign\"", "eid.keys", "for authentication"),
        ("pin = 3, every_use", "pin = 4, every_use", "eid.keys[1].pin", "of no PIN"),
        ("every_use = true", "every_use = false", "eid.keys[2].every_use", "any number"),
        ("validity_months = 60", "validity_months = 0", "eid.keys[1].validity_months", "ten years"),
        ("label = \"CNIE 2.0\"", "label = \"\"", "eid.label", "empty"),
        ("content = \"public_keys\"", "content = \"certificates\"", "eid.file", "PublicKeys is missing"),
        ("fid = 0x4402", "fid = 0x4401", "eid.file", "two files"),
        ("fid = 0x4402", "fid = 0x8402", "eid.file.EF.PrKD.fid", "reserved"),
        ("\"A000000063504B43532D3135\"", "\"A0000002471001\"", "emrtd", "equal"),
        ("age_years_below = 150", "age_years_below = 12", "eid", "minors"),
        ("content = \"dir\"", "content = \"cvca\"", "file.EF.DIR", "missing"),
    ];
    for (from, to, place, words) in cases {
        refused_at(from, to, place, words);
    }
}

#[test]
fn a_partner_is_refused_that_could_not_be_served() {
    let sound = include_str!("../../../card-profiles/lab-health.toml");
    let cases = [
        ("name = \"health\"", "name = \"Health\"", "partner.name", "small letters"),
        ("quota_bytes = 8192", "quota_bytes = 1664", "partner.health.quota_bytes", "1664 octets"),
        ("quota_bytes = 8192", "quota_bytes = 200000", "chip.memory_bytes", "quotas"),
        ("kvn = 0x31", "kvn = 0x20", "partner.health.kvn", "SCP03"),
        ("read = \"PIN[1]\"", "read = \"PIN[3]\"", "partner.health.file.EF.Cover.read", "does not offer"),
        ("update = \"PIN[1]\"", "update = \"PACE\"", "partner.health.file.EF.Visits.update", "does not offer"),
        ("sfi = 0x02\nsize_max = 512", "sfi = 0x01\nsize_max = 512", "partner.health.file", "two have"),
        ("\"F04249544151415001\"", "\"A000000151000000\"", "emrtd", "equal"),
        ("rule = \"ALWAYS\"", "rule = \"PACE\"", "partner.health.pins[1].rule", "nobody"),
        ("number = 1, label = \"Health key\"", "number = 0, label = \"Health key\"", "partner.health.keys", "1 to 15"),
        ("algorithm = \"P-256\", pin = 1", "algorithm = \"P-256\", pin = 2", "partner.health.keys[1].pin", "unblock"),
        ("protocol = \"SCP03\"", "protocol = \"SCP02\"", "partner.health.kvn", "of AES"),
    ];
    for (from, to, place, words) in cases {
        assert!(sound.contains(from), "{from}");
        let error = Profile::parse(&sound.replacen(from, to, 1), "changed.toml").expect_err(to);
        let hit = |p: &bitaqa_profile::Problem| p.place == place && format!("{} {}", p.what, p.remedy).contains(words);
        assert!(error.problems.iter().any(hit), "{from} -> {to}: {error}");
    }
}

#[test]
fn a_channel_is_refused_that_its_protocol_does_not_have() {
    let scp02 = include_str!("../../../card-profiles/lab-scp02.toml");
    let scp03 = include_str!("../../../card-profiles/lab-infineon.toml");
    let channel = |key: &str| format!("secure_channel.{key}");
    let cases = [
        (scp02, "i = 0x55", "i = 0x70", "i", "SCP02"),
        (scp02, "level = 0x03", "level = 0x33", "level", "without R-MAC"),
        (scp02, "level = 0x03", "level = 0x01", "level", "in clear"),
        (scp02, "kvn = 0x20", "kvn = 0x30", "issuer.kvn", "20 to 2F"),
        (scp02, "key_bytes = 16", "key_bytes = 32", "issuer.key_bytes", "3DES"),
        (scp02, "diversification = \"emv\"", "diversification = \"kdf3\"", "transport.diversification", "SCP02"),
        (scp02, "\"emv\"", "{ template = \" \" }", "transport.diversification", "empty"),
        (scp03, "\"kdf3\"", "\"visa2\"", "issuer.diversification", "no keys of SCP03"),
    ];
    for (text, from, to, key, words) in cases {
        assert!(text.contains(from), "{from}");
        let error = Profile::parse(&text.replacen(from, to, 1), "changed.toml").expect_err(to);
        let place = channel(key);
        let hit = |p: &bitaqa_profile::Problem| p.place == place && format!("{} {}", p.what, p.remedy).contains(words);
        assert!(error.problems.iter().any(hit), "{error}");
    }
    for (from, to) in [("i = 0x55", "i = 0x15"), ("\"emv\"", "{ template = \"$4 $5 0xF0 $k\" }")] {
        Profile::parse(&scp02.replacen(from, to, 1), "changed.toml").unwrap();
    }
    Profile::parse(&scp03.replacen("i = 0x70", "i = 0x71", 1), "s16.toml").unwrap();
}

#[test]
fn each_change_of_the_protocols_is_refused_at_its_place() {
    let cases = [
        ("parameter_id = 12", "parameter_id = 7", "pace.infos[0].parameter_id", "no curve"),
        ("parameter_id = 12", "parameter_id = 2", "pace.infos[0].parameter_id", "no curve"),
        ("key_id = 1, parameter_id = 12", "key_id = 1, parameter_id = 3", "ca.keys[0].parameter_id", "no curve"),
        ("key_id = 1, parameter_id", "key_id = 200, parameter_id", "ca.keys[0].key_id", "keep apart"),
        ("passwords = [\"CAN\", \"MRZ\"]", "passwords = []", "pace.passwords", "without the MRZ"),
        ("passwords = [\"CAN\", \"MRZ\"]", "passwords = [\"CAN\"]", "pace.passwords", "without the MRZ"),
        ("passwords = [\"CAN\", \"MRZ\"]", "passwords = [\"MRZ\", \"PIN\"]", "pace.passwords", "PUK"),
        ("tries = { pin = 0", "tries = { pin = 3", "pace.tries.pin", "has not"),
        ("offered = false", "offered = true", "file.EF.COM.read", "offers BAC"),
        ("key = \"none\"", "key = { rsa = { bits = 2048, hash = \"SHA-256\" } }", "file.DG15", "missing"),
        ("key = \"none\"", "key = { rsa = { bits = 1000, hash = \"SHA-256\" } }", "aa.key.rsa.bits", "1000 bits"),
        (
            "key = \"none\"",
            "key = { ecdsa = { parameter_id = 12, hash = \"SHA-384\" } }",
            "aa.key.ecdsa.hash",
            "longer than the key",
        ),
        (
            "key = \"none\"",
            "key = { ecdsa = { parameter_id = 1, hash = \"SHA-256\" } }",
            "aa.key.ecdsa.parameter_id",
            "no curve",
        ),
        ("as-specified", "6FFF", "laboratory.pace_answers", "laboratories only"),
        ("ECDH-GM-AES", "ECDH-CAM-AES", "pace.infos", "without another mapping"),
        ("ECDH-GM-AES", "ECDH-CAM-AES", "file.EF.CardSecurity", "missing"),
        ("content = \"cvca\"", "content = \"dg15\"", "file.EF.CVCA", "TR-03110-3"),
        ("passwords = [\"CAN\", \"MRZ\"]", "passwords = [\"CAN\", \"CAN\"]", "pace.passwords", "twice"),
        ("can_digits = 6", "can_digits = 4", "pace.can_digits", "6 digits"),
    ];
    for (from, to, place, words) in cases {
        refused_at(from, to, place, words);
    }
}

/// A change of the product is refused at this place.
#[track_caller]
fn refused_at(from: &str, to: &str, place: &str, words: &str) {
    refused_in("cnie-2.0", (from, to), place, words);
}

/// A change of the built-in profile of this name is refused at this place.
#[track_caller]
#[allow(clippy::expect_used)] // a helper of tests may fail like a test
fn refused_in(name: &str, (from, to): (&str, &str), place: &str, words: &str) {
    let sound = bitaqa_profile::BUILTIN.iter().find(|(builtin, _)| *builtin == name).expect(name).1;
    assert!(sound.contains(from), "`{from}` is not in {name}");
    let error = Profile::parse(&sound.replacen(from, to, 1), "changed.toml").expect_err(to);
    let found = error.problems.iter().any(|problem| {
        let said = problem.what.contains(words) || problem.remedy.contains(words);
        problem.place.starts_with(place) && said && !problem.remedy.is_empty()
    });
    assert!(found, "{name}, {to}: {error}");
    assert_eq!(error.file, "changed.toml");
}

#[test]
fn each_change_of_a_finger_on_the_card_is_refused_at_its_place() {
    let cases = [
        ("number = 5\nprint", "number = 3\nprint", "eid.finger", "number of a PIN"),
        ("number = 5\nprint", "number = 32\nprint", "eid.finger", "1 to 31"),
        ("print = 1\n", "print = 2\n", "eid.finger", "two fingers name one"),
        ("print = 2\n", "print = 3\n", "eid.finger", "no such print"),
        ("minutiae_min = 12", "minutiae_min = 11", "eid.finger[5].minutiae_min", "12 to 64"),
        ("minutiae_max = 40", "minutiae_max = 65", "eid.finger[5].minutiae_min", "12 to 64"),
        ("order = 0x05", "order = 0x03", "eid.finger[5].order", "no order"),
        ("tries = 5", "tries = 16", "eid.finger[5].tries", "1 to 15"),
        ("unblocked_by = 4\nrule", "unblocked_by = 3\nrule", "eid.finger[5].unblocked_by", "no PUK"),
        ("rule = \"PACE\"\n\n[[eid.finger]]", "rule = \"PIN[3]\"\n\n[[eid.finger]]", "eid.finger[5].rule", "nobody"),
    ];
    for (from, to, place, words) in cases {
        refused_in("lab-finger", (from, to), place, words);
    }
}

/// What only a product of laboratories has, changed in a single place.
#[test]
fn each_change_of_a_laboratory_profile_is_refused_at_its_place() {
    let cases = [
        // (profile, from, to, place begins with, what or remedy contains)
        ("lab-im", "parameter_id = 18 },", "parameter_id = 10 },", "pace.infos[1].parameter_id", "P-224"),
        ("lab-im", "parameter_id = 18 },", "parameter_id = 2 },", "pace.infos[1].parameter_id", "no curve"),
        ("lab-dh", "parameter_id = 0 },", "parameter_id = 12 },", "pace.infos[2].parameter_id", "no finite field"),
        (
            "lab-gm",
            "AES-CBC-CMAC-256\", parameter_id = 16",
            "AES-CBC-CMAC-128\", parameter_id = 13",
            "pace.infos[2]",
            "twice",
        ),
        ("lab-cam", "key_id = 1,", "key_id = 13,", "ca.keys[0].key_id", "two keys"),
        ("lab-cam", "keys = [{", "keys = [] # [{", "pace.infos", "without another mapping"),
        (
            "lab-cam",
            "place = \"mf\"\ncontent = \"card_security\"",
            "place = \"lds\"\ncontent = \"card_security\"",
            "file.EF.CardSecurity.place",
            "master file",
        ),
        (
            "lab-cam",
            "size_max = 4096\nread = \"PACE\"",
            "size_max = 4096\nread = \"ALWAYS\"",
            "file.EF.CardSecurity.read",
            "rule is ALWAYS",
        ),
        ("lab-eac", "key_id = 2,", "key_id = 0,", "ca.keys[1].key_id", "without keyId"),
        ("lab-eac", "key_id = 2,", "key_id = 1,", "ca.keys[1].key_id", "two keys"),
        ("lab-eac", "CMAC-128\", \"id-CA-ECDH-3DES", "CMAC-128\", \"id-CA-DH-3DES", "ca.keys[0].protocols", "one key"),
        ("lab-eac", "\"PIN\", \"PUK\"", "\"PIN\"", "pace.passwords", "needs a PUK"),
        ("lab-eac", "pin = 3", "pin = 1", "pace.tries.pin", "1 tries"),
        ("lab-eac", "puk = 10", "puk = 0", "pace.tries.puk", "0 tries"),
        ("lab-eac", "    \"id-TA-ECDSA-SHA-256\",\n", "    \"id-TA-ECDSA-SHA-384\",\n", "ta.protocols", "twice"),
        ("lab-eac", "read = \"PACE | BAC\"", "read = \"PACE\"", "file.EF.CVCA.read", "offers BAC"),
        ("lab-eac", "PACE & CA & TA[DG3] | BAC & CA & TA[DG3]", "CA & TA[DG3]", "file.DG3.read", "PACE or BAC"),
        ("lab-bac", "passwords = []", "passwords = [\"MRZ\"]", "pace.passwords", "not offered"),
        ("lab-bac", "offered = true", "offered = false", "pace.infos", "nothing is offered"),
        ("lab-bac", "read = \"BAC\"", "read = \"PACE\"", "file.EF.COM.read", "does not offer"),
        ("lab-bac", "key = {", "key = \"none\" # {", "file.DG15", "remove"),
        ("lab-6fff", "only = true", "only = false", "laboratory.pace_answers", "laboratories only"),
    ];
    for (name, from, to, place, words) in cases {
        refused_in(name, (from, to), place, words);
    }
}

/// A product for laboratories says so, and one for holders never does.
#[test]
fn laboratory_products_are_marked() {
    for (name, _) in bitaqa_profile::BUILTIN {
        let profile = Profile::builtin(name).unwrap();
        assert_eq!(profile.laboratory.only, name.starts_with("lab-"), "{name}");
        assert_eq!(profile.render().contains("no line makes cards"), profile.laboratory.only, "{name}");
        assert_eq!(profile.product.name, *name);
    }
}

#[test]
fn a_wrong_shape_names_line_and_column() {
    let cases = [
        ("i = 0x70", "i = 0x70\ncolour = \"red\"", "unknown field `colour`", "correct the spelling"),
        ("i = 0x70\n", "", "missing field `i`", "add the key"),
        ("i = 0x70", "i = 0x170", "", "correct the value"),
        ("protocol = \"SCP03\"", "protocol = \"SCP01\"", "SCP01", "correct the value"),
        ("\"A0000002471001\"", "\"A000\"", "5 to 16 octets", "correct the value"),
        ("read = \"ALWAYS\"", "read = \"TA[DG7]\"", "TA[DG7]", "correct the value"),
        ("D4 21 C0 31", "D4 21 C0 32", "TCK", "correct the value"),
        ("D4 21 C0 31", "D4 21 C0 3", "hexadecimal", "correct the value"),
        ("[chip.cplc]", "[chip.cplc", "", "correct the value"),
        ("key = \"none\"", "key = { rsa = { bits = 2048, hash = \"SHA-1\" } }", "SHA-1", "correct the value"),
        ("key = \"none\"", "key = { rsa = { bits = 2048, hash = \"SHA-256\", e = 3 } }", "unexpected keys", "spelling"),
        ("key = \"none\"", "key = { dsa = { bits = 2048 } }", "dsa", "correct the value"),
        ("id-TA-ECDSA-SHA-256", "id-TA-ECDSA-SHA-1", "id-TA-ECDSA-SHA-1", "correct the value"),
    ];
    for (from, to, what, remedy) in cases {
        let error = changed(from, to).expect_err(to);
        let [problem] = error.problems.as_slice() else { panic!("{error}") };
        assert!(problem.place.starts_with("line ") && problem.place.contains(", column "), "{error}");
        assert!(problem.what.contains(what) && problem.remedy.contains(remedy), "{error}");
    }
    let line = SOUND.lines().position(|line| line.starts_with("i = ")).unwrap() + 1;
    let error = changed("i = 0x70", "i = 0x170").expect_err("too large");
    assert!(error.to_string().starts_with(&format!("changed.toml: line {line}, column 5: ")), "{error}");
}

#[test]
fn all_problems_come_at_once() {
    let text = SOUND.replacen("sfi = 0x03", "sfi = 31", 1).replace("can_digits = 6", "can_digits = 9");
    assert_eq!(Profile::parse(&text, "two.toml").expect_err("two faults").problems.len(), 2);
}

#[test]
fn the_builtin_profiles_say_what_the_law_says() {
    let (adult, minor) = (Profile::builtin("cnie-2.0").unwrap(), Profile::builtin("cnie-2.0-minor").unwrap());
    assert!(adult.serves_age(12) && !adult.serves_age(11) && minor.serves_age(11) && !minor.serves_age(12));
    assert_eq!((adult.holder.validity_years_max, minor.holder.validity_years_max), (10, 7));
    assert!(minor.file(FileContent::Dg3).unwrap().size_max < 100);
    assert_eq!(adult.pace.passwords, [Password::Can, Password::Mrz]);
    let waits: Vec<u32> = (0..8).map(|failures| adult.pace.failure_delay.after(failures)).collect();
    assert_eq!(waits, [0, 250, 500, 1000, 2000, 4000, 8000, 8000]);
    assert_eq!(adult.pace.failure_delay.after(u32::MAX), 8000);
    let unknown = Profile::builtin("cnie-3.0").expect_err("no such profile");
    assert!(unknown.to_string().contains("cnie-2.0-minor"));
}

/// The minor profile may differ from the adult one in what the law makes different, and in nothing else.
#[test]
fn the_two_profiles_share_their_card() {
    let (adult, minor) = (Profile::parse(SOUND, "a").unwrap(), Profile::parse(MINOR, "m").unwrap());
    assert_eq!((adult.chip, adult.secure_channel, adult.emrtd), (minor.chip, minor.secure_channel, minor.emrtd));
    assert_eq!((adult.pace, adult.ca, adult.ta, adult.passive), (minor.pace, minor.ca, minor.ta, minor.passive));
    let access = |files: &[bitaqa_profile::FileSpec]| {
        let shared = files.iter().filter(|file| file.content != FileContent::Dir); // it leads to the eID
        shared.map(|file| (file.name.clone(), file.fid, file.sfi, file.read.clone())).collect::<Vec<_>>()
    };
    assert_eq!(access(&adult.files), access(&minor.files));
}
