//! pcsc-tools: what PC/SC itself thinks of the card, and plain commands from a script.

use crate::namespace::{self, Check, Session};
use crate::need::{Need, PCSC, first_line};
use crate::program::{Program, Row};
use crate::stage::Stage;

const NEEDS: &[Need] = &[PCSC[0], PCSC[1], PCSC[2], PCSC[3], Need::Command("scriptor", "pcsc-tools")];

/// `pcsc_scan`: who is in which reader.
pub const SCAN: Program = Program {
    name: "pcsc_scan",
    judges: "card: it is in the reader, its ATR holds",
    needs: NEEDS,
    checks: &["the card is inserted", "ATR"],
    version,
    run: scan,
};

/// `scriptor`: commands in, answers out.
pub const SCRIPTOR: Program = Program {
    name: "scriptor",
    judges: "card: plain commands through PC/SC, EF.CardAccess and EF.DIR octet for octet, errors, reset",
    needs: NEEDS,
    checks: &[
        "SELECT of the eMRTD",
        "EF.CardAccess by short identifier",
        "EF.DIR by file identifier",
        "CPLC of an issued card is closed",
        "an unknown instruction is refused",
        "reset",
    ],
    version,
    run: scriptor,
};

/// They name no version of their own, the package does.
fn version(_: &Stage) -> Option<String> {
    first_line("dpkg-query", &["-W", "-f", "pcsc-tools ${Version}", "pcsc-tools"])
}

fn scan(stage: &Stage) -> Result<Vec<Row>, String> {
    let desk = stage.desk("lab-gm")?;
    let look = "pcsc_scan -n -t 3 >seen || true";
    let steps = [
        Check { name: "the card is inserted", script: format!("{look}; grep 'Card state: Card inserted' seen") },
        Check { name: "ATR", script: "grep 'ATR: 3B 87 80 01 80 31 C0 73 D4 21 C0 31' seen".into() },
    ];
    let session = Session { folder: &desk.folder, image: desk.image(), variables: vec![] };
    namespace::run(stage, &session, &steps)
}

fn scriptor(stage: &Stage) -> Result<Vec<Row>, String> {
    let desk = stage.desk("cnie-2.0")?;
    // From reset on, since the last one's selection stays. scriptor's lines are one here: `> COMMAND < ANSWER : words`.
    let say = |commands: &str, wanted: &str| {
        format!("printf 'reset\\n{commands}' | scriptor -r \"$R\" >said 2>&1; tr '\\n' ' ' <said | grep -E '{wanted}'")
    };
    // PACE with parameter 12, by generic mapping and AES-128: one SecurityInfo of 9303-11 §9.2.1.
    let card_access = "< 31 14 30 12 06 0A 04 00 7F 00 07 02 02 04 02 02 +02 01 02 02 01 0C 90 00";
    let steps = [
        Check { name: "SELECT of the eMRTD", script: say("00A4040C07A0000002471001\\n", "< 90 00") },
        Check { name: "EF.CardAccess by short identifier", script: say("00B09C0000\\n", card_access) },
        // An application template begins with tag 61, 7816-4 §12.2.1.1.
        Check { name: "EF.DIR by file identifier", script: say("00A4020C022F00\\n00B0000000\\n", "< 61 .* 90 00") },
        Check {
            name: "CPLC of an issued card is closed",
            script: say("00A4040C08A000000151000000\\n80CA9F7F00\\n", "< 69 82"),
        },
        Check { name: "an unknown instruction is refused", script: say("00FE000000\\n", "< 6D 00") },
        Check { name: "reset", script: say("00A4040C07A0000002471001\\nreset\\n00B09C0000\\n", card_access) },
    ];
    let session = Session { folder: &desk.folder, image: desk.image(), variables: vec![] };
    namespace::run(stage, &session, &steps)
}
