//! Yubico's host library: the one installable SCP11 host of other people.

use crate::namespace::{self, Check, Session};
use crate::need::{Need, PCSC};
use crate::program::{Program, Row};
use crate::programs::python;
use crate::stage::Stage;

/// Versions that this was written against: what its author changes later is not what a run here judges.
const YUBIKIT: Need = Need::Python("yubikit", "yubikey-manager==5.9.2");

/// `yubikit.securitydomain` with SCP03 and SCP11.
pub const YUBIKIT_SCP: Program = Program {
    name: "yubikit",
    judges: "card manager: SCP03, SCP11a, b and c, key loading, certificates, allow lists",
    needs: &[PCSC[0], PCSC[1], PCSC[2], PCSC[3], python::PYSCARD, YUBIKIT],
    checks: &[
        "SCP03 opens with the published test key",
        "SCP03: a host with another key is told before it spends a try",
        "PUT KEY of SCP11 keys and of the CA",
        "STORE DATA of certificates, read back",
        "PUT KEY of AES keys, a channel with them, DELETE",
        "SCP11b opens and obeys no stranger",
        "SCP11a opens and is obeyed",
        "SCP11c opens and is obeyed",
        "the allow list lets in who is on it and nobody else",
        "an impostor without the certificate's key stays out",
        "a card that is not the one of the key is told",
    ],
    version: |stage| python::version(stage, "yubikey-manager"),
    run,
};

fn run(stage: &Stage) -> Result<Vec<Row>, String> {
    let desk = stage.blank("cnie-2.0")?;
    let steps = [Check { name: "", script: python::script("yubikit_scp.py") }];
    let session = Session { folder: &desk.folder, image: desk.image(), variables: vec![] };
    namespace::run(stage, &session, &steps)
}
