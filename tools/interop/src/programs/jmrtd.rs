//! JMRTD, the library that most readers of passports are built on, as a reader of our cards: every profile by every
//! road, and each proof behind it. The program is `tools/interop/jmrtd`; what it prints is read here.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::bridge::Bridge;
use crate::desk::{Desk, last_words};
use crate::namespace::{self, Check, Session};
use crate::need::{Need, PCSC};
use crate::program::{Outcome, Program, Row};
use crate::programs::java;
use crate::stage::Stage;

/// The reader over TCP, by a `CardService` of our own.
pub const JMRTD: Program = Program {
    name: "jmrtd",
    judges: "card and issuer: BAC, PACE in every mapping, CA, TA, AA, data groups against the record, SOD to CSCA",
    needs: &java::NEEDS,
    checks: CHECKS,
    version,
    run,
};

/// The same through PC/SC, by the `CardService` that JMRTD's users take.
pub const JMRTD_PCSC: Program = Program {
    name: "jmrtd-pcsc",
    judges: "card behind a reader: javax.smartcardio through pcscd and vpcd",
    needs: &[java::NEEDS[0], java::NEEDS[1], PCSC[0], PCSC[1], PCSC[2], PCSC[3], LIBRARY],
    checks: &["cnie-2.0 by CAN and MRZ", "lab-bac by BAC"],
    version,
    run: run_pcsc,
};

/// Java's PC/SC wants to be told where the library lies: its own guess knows no multiarch folders.
const LIBRARY: Need = Need::File(LIBRARIES, "libpcsclite1");

const LIBRARIES: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu/libpcsclite.so.1",
    "/usr/lib/aarch64-linux-gnu/libpcsclite.so.1",
    "/usr/lib64/libpcsclite.so.1",
    "/usr/lib/libpcsclite.so.1",
];

/// Profile, then a road, of which everything seen on it must hold, or a part of the name of a proof, which must have
/// been seen and must hold on every road that the profile has. CAM is deciphered by our own Java: JMRTD 0.8.6 takes
/// another initial vector than 9303-11. For Integrated Mapping `BouncyCastle` must stand first among Java's providers.
const CHECKS: &[&str] = &[
    "cnie-2.0: PACE ECDH-GM AES-128 set 12, CAN",
    "cnie-2.0: PACE ECDH-GM AES-128 set 12, MRZ",
    "cnie-2.0: SOD signature",
    "cnie-2.0: DS path to CSCA",
    "cnie-2.0: CA ECDH AES-128 key 1",
    "cnie-2.0: DG3 closed before Terminal Authentication",
    "cnie-2.0: Terminal Authentication after",
    "cnie-2.0: DG1 against the record",
    "cnie-2.0: DG2 against the record",
    "cnie-2.0: DG3 against the record",
    "cnie-2.0: DG11 against the record",
    "cnie-2.0: DG12 against the record",
    "lab-bac: BAC",
    "lab-bac: CA ECDH 3DES",
    "lab-bac: Active Authentication",
    "lab-bac: SOD signature",
    "lab-gm: PACE ECDH-GM AES-128 set 13, CAN",
    "lab-gm: PACE ECDH-GM AES-128 set 13, MRZ",
    "lab-gm: PACE ECDH-GM 3DES set 12, CAN",
    "lab-gm: PACE ECDH-GM 3DES set 12, MRZ",
    "lab-gm: PACE ECDH-GM AES-256 set 16, CAN",
    "lab-gm: PACE ECDH-GM AES-256 set 16, MRZ",
    "lab-gm: CA ECDH AES-128",
    "lab-gm: CA ECDH 3DES",
    "lab-im: PACE ECDH-IM AES-128 set 13, CAN",
    "lab-im: PACE ECDH-IM AES-128 set 13, MRZ",
    "lab-im: PACE ECDH-IM AES-256 set 18, CAN",
    "lab-im: PACE ECDH-IM AES-256 set 18, MRZ",
    "lab-im: CA ECDH AES-256 key 1",
    "lab-dh: PACE DH-GM AES-128 set 2, CAN",
    "lab-dh: PACE DH-GM AES-128 set 2, MRZ",
    "lab-dh: PACE DH-IM AES-128 set 1, CAN",
    "lab-dh: PACE DH-IM AES-128 set 1, MRZ",
    "lab-dh: PACE DH-GM 3DES set 0, CAN",
    "lab-dh: PACE DH-GM 3DES set 0, MRZ",
    "lab-dh: CA DH AES-128 key 1",
    "lab-dh: CA DH 3DES key 1",
    "lab-cam: PACE ECDH-CAM AES-256 set 13, CAN",
    "lab-cam: PACE ECDH-CAM AES-256 set 13, MRZ",
    "lab-cam: PACE ECDH-GM AES-256 set 13, CAN",
    "lab-cam: PACE ECDH-GM AES-256 set 13, MRZ",
    "lab-cam: EF.CardSecurity",
    "lab-cam: Chip Authentication Mapping",
    "lab-cam: CA ECDH AES-256 key 1",
    "lab-eac: PACE ECDH-GM AES-256 set 13, CAN",
    "lab-eac: PACE ECDH-GM AES-256 set 13, MRZ",
    "lab-eac: PACE ECDH-GM AES-256 set 13, PIN",
    "lab-eac: PACE ECDH-GM AES-256 set 13, PUK",
    "lab-eac: PACE ECDH-IM AES-128 set 12, CAN",
    "lab-eac: PACE ECDH-IM AES-128 set 12, MRZ",
    "lab-eac: PACE ECDH-IM AES-128 set 12, PIN",
    "lab-eac: PACE ECDH-IM AES-128 set 12, PUK",
    "lab-eac: BAC",
    "lab-eac: CA ECDH AES-128 key 1",
    "lab-eac: CA ECDH 3DES key 1",
    "lab-eac: CA ECDH AES-256 key 2",
    "lab-eac: Terminal Authentication after",
    "lab-eac: DG3 hash after",
    "lab-eac: Active Authentication",
    "lab-eac: the files stay closed",
];

fn version(_: &Stage) -> Option<String> {
    java::version().map(|java| format!("JMRTD 0.8.6, {java}"))
}

/// One line of the program: what it looked at on which road, and how it ended.
struct Seen {
    name: String,
    outcome: Outcome,
}

fn run(stage: &Stage) -> Result<Vec<Row>, String> {
    let jar = java::jar(stage, "jmrtd", "jmrtd-reader.jar")?;
    let mut rows = Vec::new();
    let mut profiles: Vec<&str> = CHECKS.iter().filter_map(|check| Some(check.split_once(": ")?.0)).collect();
    profiles.dedup();
    for profile in profiles {
        let seen = read(stage, &jar, profile);
        let checks = CHECKS.iter().filter_map(|check| Some((check, check.strip_prefix(profile)?.strip_prefix(": ")?)));
        rows.extend(checks.map(|(check, what)| {
            Row::of(check, seen.as_ref().map_err(Clone::clone).and_then(|seen| judge(seen, what)))
        }));
    }
    Ok(rows)
}

/// Reads a card of this profile by all its roads.
fn read(stage: &Stage, jar: &Path, profile: &str) -> Result<Vec<Seen>, String> {
    let desk = stage.desk(profile)?;
    let bridge = Bridge::open(stage, &desk.image())?;
    let mut command = Command::new("java");
    command.arg("-jar").arg(jar).args(["--connect", &format!("127.0.0.1:{}", bridge.port)]);
    command.args(arguments(&desk)).stdin(Stdio::null()).env_remove("BITAQA_PASSPHRASE");
    let output = command.output().map_err(|error| format!("java: {error}"))?;
    // 0 and 1 are verdicts, which stand in the lines.
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Err(last_words(&String::from_utf8_lossy(&output.stderr)));
    }
    Ok(lines(&String::from_utf8_lossy(&output.stdout)))
}

/// What the reader is told of the card on a desk.
fn arguments(desk: &Desk) -> Vec<String> {
    let path = |name: &str| desk.path(name).display().to_string();
    let print = path("card.image.journal.print.json");
    let (record, pki) = (path("applicant/record.json"), path("pki"));
    let words = ["--print-data", &print, "--record", &record, "--trust", &pki, "--terminal", &pki];
    words.map(str::to_owned).to_vec()
}

fn lines(text: &str) -> Vec<Seen> {
    text.lines().filter_map(|line| seen(&serde_json::from_str(line).ok()?)).collect()
}

fn seen(line: &Value) -> Option<Seen> {
    let word = |name| line.get(name).and_then(Value::as_str).map(str::to_owned);
    let why = word("why")?;
    let outcome = match word("result")?.as_str() {
        "passed" => Outcome::Passed,
        "skipped" => Outcome::Skipped(why),
        _ => Outcome::Failed(why),
    };
    Some(Seen { name: word("check")?, outcome })
}

/// What was seen on a road, or of a proof on all roads. Of a road, what the card has no reason to show may be missing;
/// a proof must have been seen.
fn judge(seen: &[Seen], what: &str) -> Result<(), String> {
    let road = what.starts_with("PACE") || what == "BAC";
    let meant = |one: &&Seen| {
        if road {
            one.name.strip_prefix(what).is_some_and(|rest| rest.starts_with(": "))
        } else {
            one.name.contains(what)
        }
    };
    let mut passed = 0;
    for one in seen.iter().filter(meant) {
        match &one.outcome {
            Outcome::Passed => passed += 1,
            Outcome::Skipped(_) if road => {}
            Outcome::Skipped(why) | Outcome::Failed(why) => return Err(format!("{}: {why}", one.name)),
        }
    }
    if passed == 0 { Err("it was never seen to hold".into()) } else { Ok(()) }
}

fn run_pcsc(stage: &Stage) -> Result<Vec<Row>, String> {
    let jar = java::jar(stage, "jmrtd", "jmrtd-reader.jar")?;
    let library = LIBRARIES.iter().find(|path| Path::new(path).exists()).ok_or("libpcsclite.so.1 is missing")?;
    let mut rows = Vec::new();
    for (profile, name) in [("cnie-2.0", "cnie-2.0 by CAN and MRZ"), ("lab-bac", "lab-bac by BAC")] {
        let desk = stage.desk(profile)?;
        let words: Vec<String> = arguments(&desk).iter().map(|word| format!("'{word}'")).collect();
        let script = format!(
            "java -Dsun.security.smartcardio.library={library} -jar '{}' --reader \"$R\" {} | grep -v '\"passed\",\"'\n\
             exit ${{PIPESTATUS[0]}}",
            jar.display(),
            words.join(" ")
        );
        let session = Session { folder: &desk.folder, image: desk.image(), variables: vec![] };
        rows.extend(namespace::run(stage, &session, &[Check { name, script: format!("set +eo pipefail\n{script}") }])?);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = r#"{"check":"EF.CardAccess","result":"passed","why":"1 offers of PACE","ms":1.0}
{"check":"PACE A, CAN: opens the session","result":"passed","why":"","ms":1.0}
{"check":"PACE A, CAN: Active Authentication","result":"skipped","why":"no DG15 in EF.SOD","ms":0.1}
{"check":"PACE A, MRZ: CA ECDH key 1","result":"failed","why":"the card is gone","ms":0.1}
{"passed":1,"failed":1,"skipped":1}"#;

    #[test]
    fn a_road_is_as_good_as_all_that_was_seen_on_it() {
        let seen = lines(LINES);
        assert_eq!(seen.len(), 4);
        assert_eq!(judge(&seen, "PACE A, CAN"), Ok(()));
        assert_eq!(judge(&seen, "PACE A, MRZ").unwrap_err(), "PACE A, MRZ: CA ECDH key 1: the card is gone");
        assert_eq!(judge(&seen, "PACE A, PIN").unwrap_err(), "it was never seen to hold");
        assert_eq!(judge(&seen, "PACE A").unwrap_err(), "it was never seen to hold");
    }

    #[test]
    fn a_proof_that_was_skipped_or_never_tried_is_none() {
        let seen = lines(LINES);
        assert!(judge(&seen, "Active Authentication").unwrap_err().contains("no DG15"));
        assert!(judge(&seen, "Terminal Authentication after").is_err());
        assert!(judge(&seen, "CA ECDH key 1").is_err());
        assert_eq!(judge(&seen, "opens the session"), Ok(()));
    }
}
