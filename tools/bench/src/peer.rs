//! (d) The same full inspection of the same card by our terminal and by JMRTD's, in one run and over one kind of
//! connection: TCP on this machine, with the frames of vpcd. The time of the card is in both.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bitaqa_apdu::{Atr, Bytes, Transport, TransportError};
use bitaqa_card::vpcd::{self, Served};
use bitaqa_terminal::wire::Meter;
use serde::Serialize;
use serde_json::Value;

use crate::line::{Line, Outcome};
use crate::primitives::{as_f64, median};

/// One terminal's inspection.
#[derive(Serialize)]
pub struct Reader {
    /// Who it is.
    pub name: String,
    /// Median of the whole.
    pub milliseconds: f64,
    /// Commands of one inspection.
    pub commands: f64,
    /// Octets on the wire, both ways.
    pub wire_octets: f64,
}

/// The measurement.
#[derive(Serialize)]
pub struct Peer {
    /// Our terminal.
    pub ours: Reader,
    /// JMRTD's, after its compiler has warmed up.
    pub jmrtd: Reader,
    /// JMRTD's time divided by ours.
    pub ratio: f64,
    /// JMRTD's medians by phase, in milliseconds.
    pub jmrtd_phases: BTreeMap<String, f64>,
}

/// Inspects one card so often with each terminal. `jar` is JMRTD's program of tools/interop.
///
/// # Errors
/// A JVM that is not there, or a terminal that does not find the card good.
pub fn measure(line: &Line, jar: &Path, runs: u32) -> Outcome<Peer> {
    let mut card = line.blank(1)?;
    line.issue(&mut card, 1, &mut Meter::default())?;
    let folder = tempfile::tempdir()?;
    line.write_for_strangers(folder.path())?;
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (stop, card) = (&stop, &mut card);
        let served = scope.spawn(move || -> Result<(), String> {
            // One connection after the other, as a reader has one card and a card one reader.
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let stream = stream.map_err(|error| error.to_string())?;
                let ended = vpcd::serve(&stream, card, stop, &mut Served::default());
                ended.map_err(|error| error.to_string())?;
            }
            Ok(())
        });
        let measured = both(line, jar, folder.path(), port, runs);
        stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", port)); // wakes the listener, which sees `stop`
        let served = served.join().map_err(|_| "the card's thread has ended")?;
        match (measured, served) {
            (Ok(peer), Ok(())) => Ok(peer),
            (Ok(_), Err(card)) => Err(card.into()),
            (Err(error), card) => Err(format!("{error}; the card: {}", card.err().unwrap_or_default()).into()),
        }
    })
}

fn both(line: &Line, jar: &Path, folder: &Path, port: u16, runs: u32) -> Outcome<Peer> {
    let ours = ours(line, port, runs)?;
    let told = jmrtd(jar, folder, port, runs)?;
    let number = |field: &str| told.get(field).and_then(Value::as_f64).unwrap_or_default();
    let medians = told.get("median_ms").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut phases: BTreeMap<String, f64> =
        medians.into_iter().filter_map(|(name, value)| Some((name, value.as_f64()?))).collect();
    let milliseconds = phases.remove("whole").ok_or("JMRTD told no whole")?;
    let jmrtd = Reader {
        name: format!("JMRTD, {}", told.get("java").and_then(Value::as_str).unwrap_or("Java")),
        milliseconds,
        commands: number("commands_per_run"),
        wire_octets: number("wire_octets_per_run"),
    };
    let ratio = jmrtd.milliseconds / ours.milliseconds;
    Ok(Peer { ours, jmrtd, ratio, jmrtd_phases: phases })
}

fn ours(line: &Line, port: u16, runs: u32) -> Outcome<Reader> {
    let mut wire = Remote::connect(port)?;
    let (mut times, mut meter) = (Vec::new(), Meter::default());
    for run in 0..runs {
        meter = Meter::default();
        let start = Instant::now();
        line.inspect(&mut wire, u64::from(run), &mut meter)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let total = meter.total();
    let as_number = |count: usize| u64::try_from(count).map(as_f64).unwrap_or_default();
    Ok(Reader {
        name: "bitaqa".into(),
        milliseconds: median(times),
        commands: as_number(total.apdus.len()),
        wire_octets: as_number(total.wire_bytes()),
    })
}

fn jmrtd(jar: &Path, folder: &Path, port: u16, runs: u32) -> Outcome<Value> {
    let place = format!("127.0.0.1:{port}");
    let runs = runs.to_string();
    let output = Command::new("java")
        .arg("-jar")
        .arg(jar)
        .args(["--timing", "--warm-up", "100", "--road", "CAN", "--repeat", &runs, "--connect", &place])
        .arg("--print-data")
        .arg(folder.join("print.json"))
        .arg("--trust")
        .arg(folder.join("trust"))
        .arg("--terminal")
        .arg(folder.join("terminal"))
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = text.lines().rev().find_map(|line| serde_json::from_str(line).ok());
    told.filter(|_| output.status.success())
        .ok_or_else(|| format!("JMRTD: {}{}", text.trim(), String::from_utf8_lossy(&output.stderr).trim()).into())
}

/// A card at the other end of a connection that speaks as vpcd does.
struct Remote(TcpStream);

/// Control octets of vpcd: reset, and the question for the ATR.
const RESET: u8 = 2;
const ATR: u8 = 4;

impl Remote {
    fn connect(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    fn send(&mut self, octets: &[u8]) -> std::io::Result<()> {
        let length = u16::try_from(octets.len()).map_err(|_| std::io::ErrorKind::InvalidInput)?;
        self.0.write_all(&[&length.to_be_bytes(), octets].concat())
    }

    fn receive(&mut self) -> std::io::Result<Vec<u8>> {
        let mut length = [0; 2];
        self.0.read_exact(&mut length)?;
        let mut octets = vec![0; usize::from(u16::from_be_bytes(length))];
        self.0.read_exact(&mut octets)?;
        Ok(octets)
    }
}

fn lost(error: &std::io::Error) -> TransportError {
    TransportError::Vanished(error.to_string())
}

impl Transport for Remote {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        self.send(&[RESET]).and_then(|()| self.send(&[ATR])).map_err(|error| lost(&error))?;
        self.receive().map(Atr).map_err(|error| lost(&error))
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
        self.send(command).map_err(|error| lost(&error))?;
        self.receive().map(Bytes::from).map_err(|error| lost(&error))
    }
}
