//! The other way round: our terminal reads a card that nothing of ours has made. JMRTD's passport applet is published
//! as source only, so whoever has it built names it; jCardSim, on which it runs, and what fills it come from Maven.

use serde_json::Value;

use crate::namespace::{self, Check, Session};
use crate::need::{Need, PCSC};
use crate::program::{Program, Row};
use crate::programs::java;
use crate::stage::Stage;

/// Where the applet is.
const APPLET: &str = "BITAQA_PASSPORT_APPLET";

/// The applet's class.
const CLASS: &str = "sos.passportapplet.PassportApplet";

/// An old card: BAC and Active Authentication, no short identifiers, refusals in plain.
pub const PASSPORT_APPLET: Program = Program {
    name: "passport-applet",
    judges: "terminal: BAC, files by names, passive authentication and AA of a foreign card with JMRTD's files",
    needs: &[
        java::NEEDS[0],
        java::NEEDS[1],
        PCSC[0],
        PCSC[1],
        PCSC[2],
        PCSC[3],
        Need::Variable(APPLET, "a jar with the classes of JMRTD's passport applet, which is published as source only"),
    ],
    checks: CHECKS,
    version: |_| Some("jCardSim 3.0.6.0, JMRTD 0.8.6".to_owned()),
    run,
};

/// Steps of an inspection.
const CHECKS: &[&str] = &[
    "BAC",
    "EF.SOD",
    "SOD signature",
    "DS certificate path",
    "EF.COM against EF.SOD",
    "DG1 hash",
    "DG2 hash",
    "DG15 hash",
    "Active Authentication",
];

/// Our card stays in the first reader; the foreign one comes into the second.
const SCRIPT: &str = r#"
java -Djava.awt.headless=true -jar "$READER_JAR" issue applicant/portrait.jpg foreign
java -jar "$CARD_JAR" "$APPLET" "$CLASS" foreign 35964 >foreign/card.log 2>&1 & card=$!
for i in $(seq 300); do "$B" readers 2>/dev/null | grep -q "00 01 *| yes" && break; sleep 0.1; done
foreign="--mrz-file foreign/mrz.txt --trust foreign/trust"
"$B" inspect --reader "Virtual PCD 00 01" $foreign --json >foreign/report.json || true
kill "$card"
test -s foreign/report.json || { cat foreign/card.log; exit 1; }
"#;

fn run(stage: &Stage) -> Result<Vec<Row>, String> {
    let reader = java::jar(stage, "jmrtd", "jmrtd-reader.jar")?;
    let card = java::jar(stage, "jcardsim", "jcardsim-card.jar")?;
    let desk = stage.desk("lab-gm")?;
    let variables = vec![
        ("READER_JAR", reader.display().to_string()),
        ("CARD_JAR", card.display().to_string()),
        ("APPLET", std::env::var(APPLET).map_err(|error| format!("{APPLET}: {error}"))?),
        ("CLASS", CLASS.to_owned()),
    ];
    let session = Session { folder: &desk.folder, image: desk.image(), variables };
    namespace::run(stage, &session, &[Check { name: "", script: SCRIPT.to_owned() }])?;
    let path = desk.path("foreign/report.json");
    let text = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let report: Value = serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(CHECKS.iter().map(|check| Row::of(check, verdict(&report, check))).collect())
}

/// What our terminal says of a step.
fn verdict(report: &Value, step: &str) -> Result<(), String> {
    let checks = report.get("checks").and_then(Value::as_array).ok_or("the report has no checks")?;
    let found = checks.iter().find(|check| check.get("step").and_then(Value::as_str) == Some(step));
    let found = found.ok_or("the report has no such step")?;
    let word = |name| found.get(name).and_then(Value::as_str).unwrap_or_default();
    if word("verdict") == "passed" { Ok(()) } else { Err(format!("{}: {}", word("verdict"), word("reason"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_step_that_passed_is_a_good_one() {
        let report = serde_json::json!({ "checks": [
            { "step": "BAC", "verdict": "passed" },
            { "step": "EF.SOD", "verdict": "failed", "reason": "6A82" },
        ] });
        assert_eq!(verdict(&report, "BAC"), Ok(()));
        assert_eq!(verdict(&report, "EF.SOD").unwrap_err(), "failed: 6A82");
        assert!(verdict(&report, "DG1 hash").is_err());
    }
}
