//! `bitaqa card serve`: the framing over a port, and a whole issue and inspection through pcscd where one can be run.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::support::{Desk, command, pcscd, run};

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

/// What a program of another house, that knows nothing of this one, sees.
#[test]
fn a_card_is_issued_and_inspected_through_pcscd() {
    let desk = Desk::new();
    let script = format!(
        r#""$B" personalise --profile cnie-2.0 --applicant "$D/applicant/record.json" --pki "$D/pki" --reader "$R" \
    --journal "$D/card.journal" --yes --json >"$D/issued.json"
"$B" inspect --reader "$R" --trust "$D/pki" --terminal "$D/pki" --can {can} --json >"$D/inspected.json"
"#,
        can = desk.can()
    );
    let Some(output) = pcscd::with_card(&desk.path(""), &desk.image(), &script) else { return };
    let output = output.expect_code(0);
    let inspected = std::fs::read_to_string(desk.path("inspected.json")).unwrap();
    let inspected: serde_json::Value = serde_json::from_str(&inspected).unwrap();
    assert_eq!(inspected["result"], "positive");
    assert!(output.stderr.contains("saved;"), "{}", output.stderr);
    // The image is the same card when it is at home again.
    desk.inspect(&[]).expect_code(0);
}

/// Two foreign programs: OpenSC's, and the one of pcsc-tools, which prints each response with its own words.
#[test]
fn foreign_programs_speak_to_the_card() {
    if !pcscd::has("opensc-tool") || !pcscd::has("scriptor") {
        return;
    }
    let desk = Desk::issued();
    let script = r#"
opensc-tool -a -s 00:A4:04:00:07:A0:00:00:02:47:10:01
printf '00A4040C07A0000002471001\n00B09C0000\n' | scriptor -r "$R"
"#;
    let Some(output) = pcscd::with_card(&desk.path(""), &desk.image(), script) else { return };
    let output = output.expect_code(0);
    assert!(output.stdout.contains("3b:87:80:01:80:31:c0:73:d4:21:c0:31"), "{output:?}");
    assert!(output.stdout.contains("Received (SW1=0x90, SW2=0x00)"), "{output:?}");
    assert!(output.stdout.contains("< 90 00 : Normal processing."), "{output:?}");
    // A file that is closed before PACE.
    assert!(output.stdout.contains("< 69 82 : Command not allowed. Security status not satisfied."), "{output:?}");
}

/// Prints what an APDU takes on this way: the driver's two writes would make it hundreds of times more, as peers of
/// this framing know. Asserted is only that all were answered: time is the machine's.
#[test]
fn thousands_of_apdus_go_through_vpcd_and_their_time_is_told() {
    const BATCH: u16 = 2_000;
    let desk = Desk::issued();
    // SELECT of the application, then READ BINARY of a file that is closed: both go all the way into the applet.
    let pair = "00A4040C07A0000002471001\n00B0810004\n";
    std::fs::write(desk.path("script"), pair.repeat(usize::from(BATCH / 2))).unwrap();
    std::fs::write(desk.path("one"), pair).unwrap();
    let script = r#"
for i in 1 2 3; do
    for f in one script; do
        T=$(date +%s%N); "$B" card apdu --reader "$R" --file "$D/$f" >"$D/answers"
        echo "$f $(( $(date +%s%N) - T )) $(grep -c '^<' "$D/answers")"
    done
done
"#;
    let Some(output) = pcscd::with_card(&desk.path(""), &desk.image(), script) else { return };
    let output = output.expect_code(0);
    let runs: Vec<Vec<&str>> = output.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    for run in &runs {
        let expected = if run[0] == "one" { 2 } else { BATCH };
        assert_eq!(run[2], expected.to_string(), "answers: {run:?}");
    }
    let nanoseconds = |name: &str| {
        let all = runs.iter().filter(|run| run[0] == name).filter_map(|run| run[1].parse::<f64>().ok());
        all.fold(f64::INFINITY, f64::min)
    };
    let milliseconds = (nanoseconds("script") - nanoseconds("one")) / f64::from(BATCH - 2) / 1e6;
    writeln!(std::io::stderr(), "{milliseconds:.3} ms for an APDU through pcscd and vpcd, mean of {BATCH}").unwrap();
    assert_eq!(runs.len(), 6);
}
