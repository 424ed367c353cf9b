//! OpenSSL before what the issuer signs and what the card gives out: no code of ours between the file and the judge.

use crate::namespace::{self, Check, READER, Session};
use crate::need::{Need, PCSC, first_words};
use crate::program::{Program, Row};
use crate::stage::Stage;

/// `openssl cms`, `dgst`, `x509`, `verify`, `crl`, `pkey`.
pub const OPENSSL: Program = Program {
    name: "openssl",
    judges: "card and issuer: EF.SOD and the hashes of what the card gives out, certificates, keys",
    needs: &[PCSC[0], PCSC[1], PCSC[2], PCSC[3], Need::Command("openssl", "openssl"), Need::Command("xxd", "xxd")],
    checks: &[
        "the card is read",
        "cms -verify with the CSCA as only CA",
        "dgst of each group stands in the LDS security object",
        "cms -verify refuses a changed security object",
        "verify: document signer and holders' CA",
        "x509: names, extensions, public keys on named curves",
        "pkey opens sealed keys with their passphrase only",
    ],
    version: |_| first_words("openssl", &["version"], 2),
    run,
};

/// By tag 77's header of four octets, 9303-10 §4.6.2.
const CMS: &str = "tail -c +5 seen/EF.SOD.bin >sod.cms
    openssl x509 -inform DER -in pki/csca/csca.cer -out csca.pem
    openssl cms -verify -inform DER -in sod.cms -CAfile csca.pem -no-CApath -no-CAstore -purpose any -out lds.der";

/// Of each group that was read, by the hash that the object names; as many hashes as groups.
const HASHES: &str = "n=0
    for file in seen/DG*.bin; do
        hash=$(openssl dgst -sha256 -r $file | cut -d' ' -f1)
        openssl asn1parse -inform DER -in lds.der | grep -i \"HEX DUMP.*:$hash\"; n=$((n + 1))
    done
    [ $n = \"$(openssl asn1parse -inform DER -in lds.der | grep -c 'l=  32 prim: OCTET STRING')\" ]
    openssl asn1parse -inform DER -in lds.der | grep ':sha256'";

const CHANGED: &str = "xxd -p lds.der | tr -d '\\n' | tail -c 64 >tail
    xxd -p sod.cms | tr -d '\\n' | sed \"s/$(cat tail)/$(rev tail)/\" | xxd -r -p >changed.cms
    ! cmp -s sod.cms changed.cms
    if openssl cms -verify -inform DER -in changed.cms -CAfile csca.pem -no-CApath -no-CAstore -purpose any -out no
    then exit 1; fi";

const CERTIFICATES: &str =
    "for name in ds/ds eid/ca; do openssl x509 -inform DER -in pki/$name.cer -out ${name#*/}.pem; done
    openssl verify -no-CApath -no-CAstore -CAfile csca.pem ds.pem
    openssl verify -no-CApath -no-CAstore -CAfile ca.pem ca.pem
    if openssl verify -no-CApath -no-CAstore -CAfile ca.pem ds.pem; then exit 1; fi";

const TEXT: &str = "openssl x509 -in csca.pem -noout -text -nameopt RFC2253 >text
    for words in 'Version: 3' 'Certificate Sign, CRL Sign' 'CA:TRUE, pathlen:0' 'NIST CURVE: P-256' \
        'Private Key Usage Period'; do grep \"$words\" text; done
    openssl x509 -in ds.pem -noout -text -nameopt RFC2253 >text
    for words in 'Digital Signature' 'NIST CURVE: P-256' 'Authority Key Identifier'; do grep \"$words\" text; done
    if grep 'CA:TRUE' text; then exit 1; fi";

const KEYS: &str = "for key in csca/csca ds/ds eid/ca cvca/cvca dv/dv terminal/is; do
        openssl pkey -in pki/$key.key -passin file:pki/passphrase -noout -text_pub
        if openssl pkey -in pki/$key.key -passin pass:wrong -noout; then exit 1; fi
    done
    openssl pkey -in pki/csca/csca.key -passin file:pki/passphrase -pubout >own
    openssl x509 -in csca.pem -noout -pubkey | cmp - own";

fn run(stage: &Stage) -> Result<Vec<Row>, String> {
    let desk = stage.desk("cnie-2.0")?;
    // The verdict of our own terminal is not asked: only that it wrote down what it read.
    let read = format!(
        "$B inspect --reader '{READER}' --can {} --trust pki --terminal pki --out seen || [ $? = 5 ]
        ls seen/DG1.bin seen/DG2.bin seen/DG3.bin seen/DG14.bin seen/EF.SOD.bin",
        desk.can()?
    );
    let scripts = [
        ("the card is read", read.as_str()),
        ("cms -verify with the CSCA as only CA", CMS),
        ("dgst of each group stands in the LDS security object", HASHES),
        ("cms -verify refuses a changed security object", CHANGED),
        ("verify: document signer and holders' CA", CERTIFICATES),
        ("x509: names, extensions, public keys on named curves", TEXT),
        ("pkey opens sealed keys with their passphrase only", KEYS),
    ];
    let steps = scripts.map(|(name, script)| Check { name, script: script.to_owned() });
    let session = Session { folder: &desk.folder, image: desk.image(), variables: vec![] };
    namespace::run(stage, &session, &steps)
}
