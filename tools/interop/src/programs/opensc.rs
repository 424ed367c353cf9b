//! OpenSC's programs: an eID's files of ISO/IEC 7816-15, signatures under its PINs, its PINs themselves.

use crate::desk::Desk;
use crate::namespace::{self, Check, Session};
use crate::need::{Need, PCSC, first_words};
use crate::program::{Program, Row};
use crate::stage::Stage;

const NEEDS: &[Need] =
    &[PCSC[0], PCSC[1], PCSC[2], PCSC[3], Need::Command("opensc-tool", "opensc"), Need::Command("openssl", "openssl")];

/// OpenSC's driver for cards that do what ISO/IEC 7816-8 says, by the ATR of the profile.
const CONFIGURATION: &str = r#"app default {
    card_drivers = cardos, default;
    card_atr 3b:87:80:01:80:31:c0:73:d4:21:c0:31 { driver = "cardos"; type = 1010; name = "bitaqa eID"; }
}
"#;

/// SELECT of the eID after a reset, since a PIN that was shown needs no tries; then VERIFY without data, which tells
/// the tries left and spends none, 7816-4 §11.6.6.
const TRIES: &str = "opensc-tool --reset; opensc-tool -s 00A4040C0CA000000063504B43532D3135 -s 00200081";

/// `opensc-tool`: the card in a reader as OpenSC's lowest layer sees it.
pub const TOOL: Program = Program {
    name: "opensc-tool",
    judges: "card: ATR, selection, reading in plain, what a stranger may not",
    needs: NEEDS,
    checks: &[
        "the reader holds a card",
        "ATR",
        "the certificate is read octet for octet",
        "a file of the eMRTD is refused to a stranger",
        "the tries left are told",
    ],
    version,
    run: tool,
};

/// `pkcs15-tool`: files, and what a holder does with PINs.
pub const PKCS15_TOOL: Program = Program {
    name: "pkcs15-tool",
    judges: "card and issuer: files of ISO/IEC 7816-15, certificates, PIN change and unblocking",
    needs: NEEDS,
    checks: &[
        "--dump",
        "--read-certificate, under the issuer's CA",
        "--read-public-key is the certificate's",
        "--change-pin of the transport PIN",
        "--verify-pin",
        "a wrong PIN is refused and costs one try",
        "--unblock-pin by the PUK",
        "the PIN set by unblocking is the PIN",
    ],
    version,
    run: pkcs15_tool,
};

/// `pkcs15-crypt`: signatures by the files' own account of the keys.
pub const PKCS15_CRYPT: Program = Program {
    name: "pkcs15-crypt",
    judges: "card: signatures of both keys, verified by OpenSSL with the certificates on the card",
    needs: NEEDS,
    checks: &["RSA-2048 signature", "P-384 signature", "a wrong PIN signs nothing"],
    version,
    run: pkcs15_crypt,
};

/// `pkcs11-tool`: the way of browsers and mail programs.
pub const PKCS11_TOOL: Program = Program {
    name: "pkcs11-tool",
    judges: "card: login, objects, signature, PIN change through PKCS #11",
    needs: NEEDS,
    checks: &[
        "a token for each PIN",
        "objects without login",
        "--login shows the private key",
        "--sign, SHA256-RSA-PKCS",
        "--sign with the signature PIN, ECDSA-SHA384",
        "--change-pin",
        "the former PIN is refused",
    ],
    version,
    run: pkcs11_tool,
};

fn version(_: &Stage) -> Option<String> {
    first_words("opensc-tool", &["--info"], 2)
}

/// A desk with the holder's card, and with what the steps need beside it.
fn desk(stage: &Stage) -> Result<Desk, String> {
    let desk = stage.desk("lab-eid")?;
    let files = [("opensc.conf", CONFIGURATION), ("contract", "what is signed\n")];
    for (name, text) in files {
        std::fs::write(desk.path(name), text).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(desk)
}

fn session(stage: &Stage, desk: &Desk, steps: &[Check]) -> Result<Vec<Row>, String> {
    let configuration = desk.path("opensc.conf").display().to_string();
    let variables = vec![
        ("OPENSC_CONF", configuration),
        ("PIN1", desk.printed_pin(1)?),
        ("PIN2", desk.printed_pin(2)?),
        ("PUK", desk.printed_pin(3)?),
    ];
    namespace::run(stage, &Session { folder: &desk.folder, image: desk.image(), variables }, steps)
}

fn check(name: &'static str, script: impl Into<String>) -> Check {
    Check { name, script: script.into() }
}

/// Both transport PINs become the holder's own. A card that counts fewer than three tries is left alone.
fn take_over() -> Check {
    check(
        "",
        format!(
            "{TRIES} | grep 'SW1=0x63, SW2=0xC3'
            pkcs15-tool --change-pin --auth-id 01 --pin $PIN1 --new-pin 246810
            pkcs15-tool --change-pin --auth-id 02 --pin $PIN2 --new-pin 13579135"
        ),
    )
}

fn tool(stage: &Stage) -> Result<Vec<Row>, String> {
    let steps = [
        check("the reader holds a card", "opensc-tool -l | grep 'Yes.*Virtual PCD 00 00'"),
        check("ATR", "opensc-tool -a | grep -i '^3b:87:80:01:80:31:c0:73:d4:21:c0:31'"),
        // The header of a DER certificate says how long the file is; OpenSC prints octets with their characters.
        check(
            "the certificate is read octet for octet",
            "opensc-tool -s 00A4040C0CA000000063504B43532D3135 -s 00A4020C024411 -s 00B00000000000 |
                sed -n 's/^\\(\\([0-9A-F][0-9A-F] \\)*\\) *.*/\\1/p' | tr -d ' \\n' | xxd -r -p >read.cer
            openssl x509 -inform DER -in read.cer -out read.pem
            openssl x509 -inform DER -in pki/eid/ca.cer -out ca.pem
            openssl verify -partial_chain -no_check_time -CAfile ca.pem read.pem",
        ),
        check(
            "a file of the eMRTD is refused to a stranger",
            "opensc-tool -s 00A4040C07A0000002471001 -s 00B0810000 | grep 'SW1=0x69, SW2=0x82'",
        ),
        check("the tries left are told", format!("{TRIES} | grep 'SW1=0x63, SW2=0xC3'")),
    ];
    session(stage, &desk(stage)?, &steps)
}

fn pkcs15_tool(stage: &Stage) -> Result<Vec<Row>, String> {
    let steps = [
        check(
            "--dump",
            "pkcs15-tool --dump >dump
            for word in 'LAB eID' 'PIN \\[Signature PIN\\]' 'PIN \\[PUK\\]' 'ModLength *: 2048' 'FieldLength *: 384' \
                'Private RSA Key \\[Authentication\\]' 'X.509 Certificate \\[Signature\\]'
            do grep \"$word\" dump; done",
        ),
        check(
            "--read-certificate, under the issuer's CA",
            "openssl x509 -inform DER -in pki/eid/ca.cer -out ca.pem
            for n in 01 02; do
                pkcs15-tool --read-certificate $n >certificate$n.pem
                openssl verify -partial_chain -no_check_time -CAfile ca.pem certificate$n.pem
            done",
        ),
        check(
            "--read-public-key is the certificate's",
            "for n in 01 02; do
                pkcs15-tool --read-public-key $n >key$n.pem
                openssl pkey -pubin -in key$n.pem -outform DER >key$n.der
                openssl x509 -in certificate$n.pem -noout -pubkey | openssl pkey -pubin -outform DER | cmp - key$n.der
            done",
        ),
        check(
            "--change-pin of the transport PIN",
            format!(
                "{TRIES} | grep 'SW1=0x63, SW2=0xC3'
                pkcs15-tool --change-pin --auth-id 01 --pin $PIN1 --new-pin 246810"
            ),
        ),
        check("--verify-pin", "pkcs15-tool --verify-pin --auth-id 01 --pin 246810"),
        check(
            "a wrong PIN is refused and costs one try",
            format!(
                "{TRIES} | grep 'SW1=0x63, SW2=0xC3'
                if pkcs15-tool --verify-pin --auth-id 01 --pin 999999; then echo 'taken for right'; exit 1; fi
                {TRIES} | grep 'SW1=0x63, SW2=0xC2'"
            ),
        ),
        check(
            "--unblock-pin by the PUK",
            format!(
                "pkcs15-tool --unblock-pin --auth-id 01 --puk $PUK --new-pin 135790
                {TRIES} | grep 'SW1=0x63, SW2=0xC3'"
            ),
        ),
        check("the PIN set by unblocking is the PIN", "pkcs15-tool --verify-pin --auth-id 01 --pin 135790"),
    ];
    session(stage, &desk(stage)?, &steps)
}

fn pkcs15_crypt(stage: &Stage) -> Result<Vec<Row>, String> {
    let sign = |n: &str, pin: &str, hash: &str, form: &str| {
        format!(
            "pkcs15-tool --read-certificate {n} | openssl x509 -noout -pubkey >key{n}.pem
            openssl dgst -{hash} -binary contract >hash
            pkcs15-crypt --sign --key {n} --pin {pin} {form} -i hash -o signature{n}
            openssl dgst -{hash} -verify key{n}.pem -signature signature{n} contract"
        )
    };
    let steps = [
        take_over(),
        check("RSA-2048 signature", sign("01", "246810", "sha256", "--sha-256 --pkcs1")),
        check("P-384 signature", sign("02", "13579135", "sha384", "--sha-384 -f openssl")),
        check(
            "a wrong PIN signs nothing",
            format!(
                "{TRIES} | grep 'SW1=0x63, SW2=0xC3'
                openssl dgst -sha256 -binary contract >hash
                if pkcs15-crypt --sign --key 01 --pin 999999 --sha-256 --pkcs1 -i hash -o no; then exit 1; fi
                [ ! -s no ]"
            ),
        ),
    ];
    session(stage, &desk(stage)?, &steps)
}

fn pkcs11_tool(stage: &Stage) -> Result<Vec<Row>, String> {
    let sign = |words: &str, n: &str, hash: &str| {
        format!(
            "pkcs15-tool --read-certificate {n} | openssl x509 -noout -pubkey >key{n}.pem
            pkcs11-tool --login --sign {words} --id {n} -o signature{n}
            openssl dgst -{hash} -verify key{n}.pem -signature signature{n} contract"
        )
    };
    let steps = [
        take_over(),
        check(
            "a token for each PIN",
            "pkcs11-tool -L >slots; grep 'token label *: LAB eID$' slots; grep 'LAB eID (Signature PIN)' slots",
        ),
        check(
            "objects without login",
            "pkcs11-tool -O >objects; grep 'type = X.509 cert' objects; ! grep 'Private Key' objects",
        ),
        check("--login shows the private key", "pkcs11-tool --login --pin 246810 -O | grep 'Private Key Object; RSA'"),
        check("--sign, SHA256-RSA-PKCS", sign("--pin 246810 --mechanism SHA256-RSA-PKCS -i contract", "01", "sha256")),
        check(
            "--sign with the signature PIN, ECDSA-SHA384",
            sign(
                "--slot 1 --pin 13579135 --mechanism ECDSA-SHA384 --signature-format openssl -i contract",
                "02",
                "sha384",
            ),
        ),
        check("--change-pin", "pkcs11-tool --login --pin 246810 --change-pin --new-pin 112233"),
        check(
            "the former PIN is refused",
            format!(
                "{TRIES} | grep 'SW1=0x63, SW2=0xC3'
                if pkcs11-tool --login --pin 246810 -O; then exit 1; fi
                {TRIES} | grep 'SW1=0x63, SW2=0xC2'"
            ),
        ),
    ];
    session(stage, &desk(stage)?, &steps)
}
