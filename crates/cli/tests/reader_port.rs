//! `bitaqa card serve`: the framing over a port, and a whole issue and inspection through pcscd where one can be run.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use support::{Desk, command, run};

/// A card behind a port of this machine.
struct Port {
    process: Child,
    stream: TcpStream,
}

impl Port {
    fn serve(desk: &Desk) -> Self {
        let mut process = command(&["card", "serve", "--image", &desk.arg("card.image"), "--tcp", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.split_whitespace().nth(2).unwrap_or_else(|| panic!("{line}")).trim_end_matches('.');
        Self { stream: TcpStream::connect(address).unwrap(), process }
    }

    fn send(&mut self, octets: &[u8]) {
        let length = u16::try_from(octets.len()).unwrap().to_be_bytes();
        self.stream.write_all(&[&length, octets].concat()).unwrap();
    }

    fn ask(&mut self, octets: &[u8]) -> Vec<u8> {
        self.send(octets);
        let mut length = [0; 2];
        self.stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        self.stream.read_exact(&mut answer).unwrap();
        answer
    }

    /// SIGTERM; the exit code and standard output.
    fn end(mut self) -> (Option<i32>, String) {
        let pid = self.process.id();
        // The shell's own word: not every machine has a program of this name.
        assert!(Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]).status().unwrap().success());
        let mut text = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        (self.process.wait().unwrap().code(), text)
    }
}

#[test]
fn a_served_card_answers_and_is_saved_when_it_is_told_to_end() {
    let desk = Desk::new();
    let mut port = Port::serve(&desk);
    let in_use = run(&["card", "info", "--image", &desk.arg("card.image")]).expect_code(4);
    assert!(in_use.stderr.contains("in use"), "{}", in_use.stderr);
    assert_eq!(port.ask(&[0x04])[0], 0x3B);
    port.send(&[0x01]);
    // SELECT of the issuer security domain, then INITIALIZE UPDATE: its counter goes to memory.
    assert!(port.ask(&hex::decode("00A4040008A00000015100000000").unwrap()).ends_with(&[0x90, 0x00]));
    let first = port.ask(&hex::decode("8050000008001122334455667700").unwrap());
    assert!(first.ends_with(&[0x90, 0x00]), "{first:02X?}");
    let (code, text) = port.end();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("saved; 2 commands, 1 resets, 1 attachments"), "{text}");

    let mut port = Port::serve(&desk);
    port.ask(&hex::decode("00A4040008A00000015100000000").unwrap());
    let second = port.ask(&hex::decode("8050000008001122334455667700").unwrap());
    let counter = |answer: &[u8]| answer[answer.len() - 5..answer.len() - 2].to_vec();
    assert_eq!((counter(&first), counter(&second)), (vec![0, 0, 1], vec![0, 0, 2]));
    port.end();
}

#[test]
fn addresses_and_images_that_are_none_are_told_at_once() {
    let desk = Desk::new();
    let image = desk.arg("card.image");
    let refused = run(&["card", "serve", "--image", &image, "--vpcd", "nowhere"]).expect_code(2);
    assert!(refused.stderr.contains("HOST:PORT"), "{}", refused.stderr);
    run(&["card", "serve", "--image", &desk.arg("applicant/record.json"), "--tcp", "0"]).expect_code(3);
}

/// pcscd with vpcd in namespaces of its own: needs root, unshare and both packages.
#[test]
fn a_card_is_issued_and_inspected_through_pcscd() {
    if !cfg!(feature = "pcsc") || !can_run_pcscd() {
        eprintln!(
            "SKIPPED: a card through pcscd needs root, unshare, ip, pcscd, its driver vpcd, and the feature pcsc"
        );
        return;
    }
    let desk = Desk::new();
    let script = format!(
        r#"set -e
ip link set lo up
mount -t tmpfs tmpfs /run && mkdir -p /run/pcscd
pcscd -f >"$D/pcscd.log" 2>&1 & P=$!
for i in $(seq 50); do [ -S /run/pcscd/pcscd.comm ] && break; sleep 0.1; done
"$B" card serve --image "$D/card.image" >"$D/serve.out" 2>"$D/serve.err" & S=$!
for i in $(seq 100); do "$B" readers 2>/dev/null | grep -q '00 00 *| yes' && break; sleep 0.1; done
R="Virtual PCD 00 00"
"$B" personalise --profile cnie-2.0 --applicant "$D/applicant/record.json" --pki "$D/pki" --reader "$R" \
    --journal "$D/card.journal" --yes --json >"$D/issued.json"
"$B" inspect --reader "$R" --trust "$D/pki" --terminal "$D/pki" --can {can} --json >"$D/inspected.json"
kill -TERM $S; wait $S; kill $P
"#,
        can = desk.can()
    );
    let output = Command::new("unshare")
        .args(["-n", "-m", "timeout", "60", "bash", "-c", &script])
        .env("B", env!("CARGO_BIN_EXE_bitaqa"))
        .env("D", desk.path(""))
        .output()
        .unwrap();
    let log = std::fs::read_to_string(desk.path("pcscd.log")).unwrap_or_default();
    assert!(output.status.success(), "{}\n{log}", String::from_utf8_lossy(&output.stderr));
    let inspected = std::fs::read_to_string(desk.path("inspected.json")).unwrap();
    let inspected: serde_json::Value = serde_json::from_str(&inspected).unwrap();
    assert_eq!(inspected["result"], "positive");
    let served = std::fs::read_to_string(desk.path("serve.out")).unwrap();
    assert!(served.contains("saved;"), "{served}");
    // The image is the same card when it is at home again.
    desk.inspect(&[]).expect_code(0);
}

fn can_run_pcscd() -> bool {
    let runs = |program: &str, arguments: &[&str]| {
        let made = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
        made.is_ok_and(|status| status.success())
    };
    let driver = ["/usr/lib/pcsc/drivers/serial/libifdvpcd.so", "/etc/reader.conf.d/vpcd"];
    runs("pcscd", &["--version"])
        && runs("unshare", &["-n", "-m", "ip", "link", "set", "lo", "up"])
        && driver.iter().any(|path| Path::new(path).exists())
}
