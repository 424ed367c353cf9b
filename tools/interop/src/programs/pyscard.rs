//! A reader as its user would write it: pyscard, the ciphers of `cryptography`, and the standard beside the keyboard.

use crate::namespace::{self, Check, Session};
use crate::need::PCSC;
use crate::program::{Program, Row};
use crate::programs::python;
use crate::stage::Stage;

/// Scripts over pyscard.
pub const PYSCARD: Program = Program {
    name: "pyscard",
    judges: "card and issuer: BAC, PACE by hand, both kinds of secure messaging, EF.SOD, Active Authentication",
    needs: &[PCSC[0], PCSC[1], PCSC[2], PCSC[3], python::PYSCARD, python::CRYPTOGRAPHY, python::ASN1CRYPTO],
    checks: &[
        "a stranger reads nothing",
        "BAC with a wrong MRZ is refused",
        "BAC by hand, all files under 3DES",
        "DG1 is the printed MRZ",
        "EF.SOD: hashes of the groups",
        "EF.SOD: signature, and the signer's certificate under the CSCA",
        "Active Authentication, RSA of ISO/IEC 9796-2",
        "EF.CardAccess is open to everybody",
        "PACE with a wrong CAN is refused",
        "PACE by hand, DG1 under AES",
        "fingers stay closed without a terminal's certificates",
    ],
    version: |stage| python::version(stage, "pyscard"),
    run,
};

fn run(stage: &Stage) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (profile, script) in [("lab-bac", "reader_bac.py"), ("cnie-2.0", "reader_pace.py")] {
        let desk = stage.desk(profile)?;
        let steps = [Check { name: "", script: python::script(script) }];
        let session = Session { folder: &desk.folder, image: desk.image(), variables: vec![("CAN", desk.can()?)] };
        rows.extend(namespace::run(stage, &session, &steps)?);
    }
    Ok(rows)
}
