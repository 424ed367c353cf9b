//! CV certificates of TR-03110 before two foreign implementations, and theirs before our card.

use std::path::Path;

use crate::desk::{self, Desk};
use crate::namespace::{self, Check, READER, Session};
use crate::need::{Need, PCSC, first_line};
use crate::program::{Program, Row};
use crate::stage::Stage;

/// `cvc-print` of OpenPACE reads what our issuer makes.
pub const PRINT: Program = Program {
    name: "cvc-print",
    judges: "issuer: CV certificates of CVCA, DV and terminal, ECDSA and RSA-PSS",
    needs: &[Need::Command("cvc-print", "openpace")],
    checks: &[
        "ECDSA: names, roles, rights",
        "ECDSA: chain of three verifies",
        "RSA-PSS: names, roles, rights",
        "RSA-PSS: chain of three verifies",
        "a changed certificate is refused",
    ],
    version: openpace,
    run: print,
};

/// `cvc-create` of OpenPACE makes what our card believes.
pub const CREATE: Program = Program {
    name: "cvc-create",
    judges: "card and terminal: Terminal Authentication with a chain and keys that OpenPACE and OpenSSL made",
    needs: &[
        PCSC[0],
        PCSC[1],
        PCSC[2],
        PCSC[3],
        Need::Command("cvc-create", "openpace"),
        Need::Command("openssl", "openssl"),
    ],
    checks: &["our parser reads its certificates", "the card takes its CVCA", "Terminal Authentication opens DG3"],
    version: openpace,
    run: create,
};

/// `cvc-print` of pycvc, another implementation of the same name.
pub const PYCVC: Program = Program {
    name: "pycvc",
    judges: "issuer: the same certificates, by an implementation in Python",
    needs: &[Need::Python("cvc", "pycvc==1.5.2")],
    checks: &["ECDSA: chain of three verifies", "RSA-PSS: chain of three verifies", "a changed certificate is refused"],
    version: |_| Some("pycvc 1.5.2".into()),
    run: pycvc,
};

/// Its tools name no version of their own, the package does.
fn openpace(_: &Stage) -> Option<String> {
    first_line("dpkg-query", &["-W", "-f", "OpenPACE ${Version}", "openpace"])
}

/// Ours, each under the name of its holder, as both tools look certificates up.
fn chain(stage: &Stage, profile: &str) -> Result<Desk, String> {
    let folder = stage.folder(&format!("cvc-{profile}"))?;
    desk::run(&stage.bitaqa, &folder, &["pki", "init", "pki", "--profile", profile])?;
    let copies = [("cvca/cvca", "MACVCA00001"), ("dv/dv", "MADV00001"), ("terminal/is", "MAIS00001")];
    std::fs::create_dir_all(folder.join("chain")).map_err(|error| error.to_string())?;
    for (file, holder) in copies {
        let from = folder.join(format!("pki/{file}.cvcert"));
        std::fs::copy(&from, folder.join("chain").join(holder)).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(Desk { folder, profile: profile.to_owned() })
}

fn bash(folder: &Path, script: &str, python: &Path) -> Result<(), String> {
    let mut command = std::process::Command::new("timeout");
    command.args(["60", "bash", "-euc", &format!("set -o pipefail; {script}")]).current_dir(folder);
    let output = command.env("PY", python).output().map_err(|error| error.to_string())?;
    let text = [output.stdout, output.stderr].concat();
    output.status.success().then_some(()).ok_or_else(|| desk::last_words(&String::from_utf8_lossy(&text)))
}

/// One octet of the holder's name changes, the signature stays.
const CHANGE: &str = "sed 's/MAIS00001/MAIS00002/' chain/MAIS00001 >changed";

fn print(stage: &Stage) -> Result<Vec<Row>, String> {
    let names = "cvc-print --cvc=chain/MACVCA00001 --cvc-dir=chain >a; grep 'CVCA certificate' a; grep 'Read iris' a
        cvc-print --cvc=chain/MADV00001 --cvc-dir=chain >b; grep 'CAR: MACVCA00001' b; grep 'CHR: MADV00001' b
        grep 'DV certificate' b; grep 'Read fingerprint' b; if grep 'Read iris' b; then exit 1; fi
        cvc-print --cvc=chain/MAIS00001 --cvc-dir=chain >c; grep 'CHR: MAIS00001' c; grep 'Terminal certificate' c";
    let verified = "for n in MACVCA00001 MADV00001 MAIS00001; do
        cvc-print --cvc=chain/$n --cvc-dir=chain | grep '^certificate verified'; done";
    let changed = format!(
        "{CHANGE}; cvc-print --cvc=changed --cvc-dir=chain >d || true
        grep 'CHR: MAIS00002' d; if grep '^certificate verified' d; then exit 1; fi"
    );
    let (ec, rsa) = (chain(stage, "cnie-2.0")?, chain(stage, "lab-eac")?);
    let row = |check: &str, desk: &Desk, script: &str| Row::of(check, bash(&desk.folder, script, &stage.python()));
    Ok(vec![
        row("ECDSA: names, roles, rights", &ec, names),
        row("ECDSA: chain of three verifies", &ec, verified),
        row("RSA-PSS: names, roles, rights", &rsa, names),
        row("RSA-PSS: chain of three verifies", &rsa, verified),
        row("a changed certificate is refused", &ec, &changed),
    ])
}

fn pycvc(stage: &Stage) -> Result<Vec<Row>, String> {
    let verified = "for n in MACVCA00001 MADV00001 MAIS00001; do
        \"$PY\" -m cvc.tools.cvc_print -d chain chain/$n | grep '^Certificate VALID'; done";
    let changed = format!(
        "{CHANGE}; \"$PY\" -m cvc.tools.cvc_print -d chain changed >d
        grep 'CHR: MAIS00002' d; grep '^Certificate NOT VALID' d"
    );
    let (ec, rsa) = (chain(stage, "cnie-2.0")?, chain(stage, "lab-eac")?);
    let row = |check: &str, desk: &Desk, script: &str| Row::of(check, bash(&desk.folder, script, &stage.python()));
    Ok(vec![
        row("ECDSA: chain of three verifies", &ec, verified),
        row("RSA-PSS: chain of three verifies", &rsa, verified),
        row("a changed certificate is refused", &ec, &changed),
    ])
}

/// Keys by OpenSSL, certificates by OpenPACE, in the places of ours; the terminal's key is sealed with the folder's
/// passphrase as ours is.
const FOREIGN: &str = r#"
key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -outform DER -out $1.pkcs8; }
make() { cvc-create --type=is --scheme=ECDSA_SHA_256 --read-finger "$@"; }
key cvca; key dv; key is
make --role=cvca --chr=MACVCAOP00001 --expires=$(date -d '+3 years' +%y%m%d) --sign-with=cvca.pkcs8 --read-iris \
    --out-cert=cvca.cvcert
make --role=dv_domestic --chr=MADVOP00001 --expires=$(date -d '+1 year' +%y%m%d) --sign-with=cvca.pkcs8 \
    --sign-as=cvca.cvcert --key=dv.pkcs8 --out-cert=dv.cvcert
make --role=terminal --chr=MAISOP00001 --expires=$(date -d '+90 days' +%y%m%d) --sign-with=dv.pkcs8 \
    --sign-as=dv.cvcert --key=is.pkcs8 --out-cert=is.cvcert
cp cvca.cvcert pki/cvca/cvca.cvcert; cp dv.cvcert pki/dv/dv.cvcert; cp dv.cvcert is.cvcert pki/terminal/
openssl pkcs8 -topk8 -inform DER -in is.pkcs8 -v2 aes-256-cbc -passout file:pki/passphrase -out pki/terminal/is.key
"#;

fn create(stage: &Stage) -> Result<Vec<Row>, String> {
    let desk = Desk { folder: stage.folder("foreign-cvca")?, profile: "cnie-2.0".into() };
    desk::applicant_and_keys(&stage.bitaqa, &desk)?;
    bash(&desk.folder, FOREIGN, &stage.python())?;
    let show = desk::run(&stage.bitaqa, &desk.folder, &["pki", "show", "pki"]);
    let parsed = show.and_then(|text| {
        let both = text.contains("MACVCAOP00001") && text.contains("MAISOP00001");
        both.then_some(()).ok_or_else(|| desk::last_words(&text))
    });
    let taken = desk::card(&stage.bitaqa, &desk);
    let mut rows =
        vec![Row::of("our parser reads its certificates", parsed), Row::of("the card takes its CVCA", taken.clone())];
    if taken.is_ok() {
        let inspect = format!(
            "$B inspect --reader '{READER}' --can {} --trust pki --terminal pki --out seen >report
            grep 'Terminal Authentication *| passed' report; grep 'DG3 hash *| passed' report; [ -s seen/DG3.bin ]",
            desk.can()?
        );
        let steps = [Check { name: "Terminal Authentication opens DG3", script: inspect }];
        let session = Session { folder: &desk.folder, image: desk.image(), variables: vec![] };
        rows.extend(namespace::run(stage, &session, &steps)?);
    }
    Ok(rows)
}
