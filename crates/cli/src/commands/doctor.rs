//! `bitaqa doctor`: what this machine has for real cards, and the remedy for each thing that is missing. The facts are
//! gathered first and judged then, so that each judgement can be tested without a broken machine.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::readers::{Seen, look};
use crate::exit::Failure;
use crate::output::{Output, table};

/// Readers that pcsc-lite is built for; each slot counts.
const READERS_MAX: usize = 16;
/// Where pcscd listens, unless the environment says otherwise.
const SOCKET: &str = "/run/pcscd/pcscd.comm";
/// Kernel modules that take contactless readers away from pcscd.
const RIVALS: [&str; 3] = ["pn533_usb", "pn533", "nfc"];
/// Interface class of readers on USB (CCID).
const USB_CLASS: &str = "0b";

#[derive(Debug, Serialize)]
struct Finding {
    subject: &'static str,
    ok: bool,
    what: String,
    remedy: &'static str,
}

impl Finding {
    fn good(subject: &'static str, what: impl Into<String>) -> Self {
        Self { subject, ok: true, what: what.into(), remedy: "" }
    }

    fn bad(subject: &'static str, what: impl Into<String>, remedy: &'static str) -> Self {
        Self { subject, ok: false, what: what.into(), remedy }
    }
}

#[derive(Serialize)]
struct Findings {
    findings: Vec<Finding>,
}

/// How pcscd's socket takes a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Socket {
    Open,
    Missing,
    Stale,
    NotPermitted,
}

/// What was seen of the machine.
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Clone, Debug)]
struct Facts {
    with_pcsc: bool,
    pcscd_installed: bool,
    socket: Socket,
    ccid_installed: bool,
    vpcd_installed: bool,
    /// Readers on USB, whoever drives them.
    usb_readers: usize,
    rivals: Vec<&'static str>,
    readers: Result<Vec<Seen>, String>,
}

/// Runs the command.
///
/// # Errors
/// None but a broken output: what is missing is its result.
pub fn run(output: Output) -> Result<(), Failure> {
    let found = Findings { findings: judge(&gather(Path::new("/"))) };
    output.result(&found, || {
        let state = |ok| if ok { "ok" } else { "missing" }.to_owned();
        let rows =
            found.findings.iter().map(|f| [f.subject.to_owned(), state(f.ok), f.what.clone(), f.remedy.to_owned()]);
        table(["", "state", "found", "what to do"], rows)
    })
}

fn gather(root: &Path) -> Facts {
    let exists = |paths: &[&str]| paths.iter().any(|path| root.join(path).exists());
    let socket = std::env::var_os("PCSCLITE_CSOCK_NAME").map_or_else(|| PathBuf::from(SOCKET), PathBuf::from);
    let modules = std::fs::read_to_string(root.join("proc/modules")).unwrap_or_default();
    let loaded = |name: &&str| modules.lines().any(|line| line.split(' ').next() == Some(*name));
    Facts {
        with_pcsc: cfg!(feature = "pcsc"),
        pcscd_installed: exists(&["usr/sbin/pcscd", "usr/bin/pcscd", "usr/local/sbin/pcscd"]),
        socket: try_socket(&socket),
        ccid_installed: exists(&[
            "usr/lib/pcsc/drivers/ifd-ccid.bundle",
            "usr/lib64/pcsc/drivers/ifd-ccid.bundle",
            "usr/lib/readers/usb/ifd-ccid.bundle",
        ]),
        vpcd_installed: exists(&["usr/lib/pcsc/drivers/serial/libifdvpcd.so", "etc/reader.conf.d/vpcd"]),
        usb_readers: usb_readers(&root.join("sys/bus/usb/devices")),
        rivals: RIVALS.into_iter().filter(loaded).collect(),
        readers: look(),
    }
}

fn try_socket(path: &Path) -> Socket {
    match UnixStream::connect(path).map_err(|error| error.kind()) {
        Ok(_) => Socket::Open,
        Err(io::ErrorKind::PermissionDenied) => Socket::NotPermitted,
        Err(io::ErrorKind::NotFound) => Socket::Missing,
        Err(_) => Socket::Stale,
    }
}

fn usb_readers(devices: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(devices) else { return 0 };
    let class =
        |entry: io::Result<std::fs::DirEntry>| std::fs::read_to_string(entry.ok()?.path().join("bInterfaceClass")).ok();
    entries.filter_map(class).filter(|class| class.trim() == USB_CLASS).count()
}

fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![Finding::good("virtual card", "needs nothing; `bitaqa demo` shows it")];
    if !facts.with_pcsc {
        let remedy = "build it with the feature `pcsc` and libpcsclite";
        findings.push(Finding::bad("PC/SC", "this program was built without it", remedy));
        return findings;
    }
    let service = service(facts);
    let runs = service.ok;
    findings.push(service);
    findings.push(if facts.ccid_installed {
        Finding::good("USB driver", "libccid is installed")
    } else {
        let remedy = "install libccid (Debian: apt-get install libccid; Fedora: pcsc-lite-ccid)";
        Finding::bad("USB driver", "no driver for readers on USB", remedy)
    });
    if runs {
        findings.extend(readers(facts));
    }
    findings.push(if facts.vpcd_installed {
        Finding::good("virtual reader", "vpcd is installed; `bitaqa card serve` can attach to pcscd")
    } else {
        let remedy = "for `card serve` only: install vsmartcard-vpcd; `card serve --tcp` needs none";
        Finding::bad("virtual reader", "vpcd, the driver of virtual readers, is not installed", remedy)
    });
    findings
}

fn service(facts: &Facts) -> Finding {
    const SUBJECT: &str = "PC/SC service";
    const START: &str = "start it: systemctl enable --now pcscd.socket, or pcscd as root";
    match (facts.socket, &facts.readers) {
        (_, Ok(_)) => Finding::good(SUBJECT, "pcscd answers"),
        (Socket::Missing, _) if !facts.pcscd_installed => {
            let remedy = "install pcscd (Debian: apt-get install pcscd; Fedora: dnf install pcsc-lite), then start it";
            Finding::bad(SUBJECT, "pcscd is not installed", remedy)
        }
        (Socket::Missing, _) => Finding::bad(SUBJECT, "pcscd is installed and does not run", START),
        (Socket::Stale, _) => Finding::bad(SUBJECT, "pcscd ended and left its socket behind", START),
        (Socket::NotPermitted, _) => {
            let remedy = "let your user into the group that owns /run/pcscd/pcscd.comm, then log in again";
            Finding::bad(SUBJECT, "pcscd runs; the rights of its socket keep this user out", remedy)
        }
        (Socket::Open, Err(error)) => {
            let remedy = "allow org.debian.pcsc-lite.access_pcsc and .access_card to your user in a rule of polkit \
                (/etc/polkit-1/rules.d), or log in at the machine itself";
            Finding::bad(SUBJECT, format!("pcscd runs and turns this user away, as polkit has it: {error}"), remedy)
        }
    }
}

fn readers(facts: &Facts) -> Vec<Finding> {
    const SUBJECT: &str = "readers";
    let Ok(readers) = &facts.readers else { return Vec::new() };
    let mut findings = Vec::new();
    if !facts.rivals.is_empty() {
        let what = format!("the kernel's {} may hold a contactless reader", facts.rivals.join(", "));
        let remedy = "modprobe -r pn533_usb pn533 nfc; name them in /etc/modprobe.d with `blacklist`; plug it in again";
        findings.push(Finding { ok: !readers.is_empty(), ..Finding::bad("wrong driver", what, remedy) });
    }
    findings.push(match readers.len() {
        0 if facts.usb_readers > 0 => {
            let what = format!("{} on USB, none at pcscd", facts.usb_readers);
            let remedy = "install the reader's driver (libccid, or its maker's), then restart pcscd";
            Finding::bad(SUBJECT, what, remedy)
        }
        0 => Finding::bad(SUBJECT, "pcscd runs and knows no reader", "connect a reader"),
        count if count >= READERS_MAX => {
            let what = format!("{count} readers: pcsc-lite knows no more than {READERS_MAX}, further ones stay unseen");
            let remedy = "unplug some, take out virtual ones, or build pcsc-lite with a larger \
                PCSCLITE_MAX_READERS_CONTEXTS";
            Finding::bad(SUBJECT, what, remedy)
        }
        count => Finding::good(SUBJECT, format!("{count} of {READERS_MAX} that pcsc-lite can have")),
    });
    for reader in readers.iter().filter(|reader| reader.in_use) {
        let what = format!("`{}`: another program holds the card", reader.name);
        findings.push(Finding::bad(
            "card",
            what,
            "end it: a key agent (gpgconf --kill scdaemon), a browser, a desktop",
        ));
    }
    for reader in readers.iter().filter(|reader| reader.mute) {
        let what = format!("`{}`: the card does not answer", reader.name);
        findings.push(Finding::bad("card", what, "turn it round, clean its contacts, try another one"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str) -> Seen {
        Seen { name: name.into(), card_present: true, in_use: false, mute: false, atr: String::new() }
    }

    fn sound() -> Facts {
        Facts {
            with_pcsc: true,
            pcscd_installed: true,
            socket: Socket::Open,
            ccid_installed: true,
            vpcd_installed: true,
            usb_readers: 1,
            rivals: Vec::new(),
            readers: Ok(vec![seen("Gem")]),
        }
    }

    /// Subject and remedy of everything that is not good.
    fn bad(facts: &Facts) -> Vec<(&'static str, String, &'static str)> {
        let findings = judge(facts).into_iter().filter(|finding| !finding.ok);
        findings.map(|finding| (finding.subject, finding.what, finding.remedy)).collect()
    }

    #[test]
    fn a_sound_machine_has_nothing_to_mend() {
        assert!(bad(&sound()).is_empty(), "{:?}", bad(&sound()));
    }

    #[test]
    fn each_fault_has_its_own_remedy() {
        let no_service = |socket| Facts { socket, readers: Err("no access".into()), ..sound() };
        let cases = [
            (Facts { with_pcsc: false, ..sound() }, "feature `pcsc`"),
            (Facts { pcscd_installed: false, ..no_service(Socket::Missing) }, "install pcscd"),
            (no_service(Socket::Missing), "start it"),
            (no_service(Socket::Stale), "start it"),
            (no_service(Socket::NotPermitted), "group"),
            (no_service(Socket::Open), "polkit"),
            (Facts { ccid_installed: false, ..sound() }, "libccid"),
            (Facts { vpcd_installed: false, ..sound() }, "vsmartcard-vpcd"),
            (Facts { readers: Ok(vec![]), usb_readers: 0, ..sound() }, "connect a reader"),
            (Facts { readers: Ok(vec![]), ..sound() }, "restart pcscd"),
            (Facts { readers: Ok(vec![seen("R"); 16]), ..sound() }, "unplug some"),
            (Facts { readers: Ok(vec![Seen { in_use: true, ..seen("R") }]), ..sound() }, "scdaemon"),
            (Facts { readers: Ok(vec![Seen { mute: true, ..seen("R") }]), ..sound() }, "turn it round"),
        ];
        for (facts, remedy) in cases {
            let bad = bad(&facts);
            assert!(matches!(bad.as_slice(), [(_, _, found)] if found.contains(remedy)), "{remedy}: {bad:?}");
        }
        let rival = bad(&Facts { readers: Ok(vec![]), rivals: vec!["pn533_usb"], ..sound() });
        assert!(rival[0].1.contains("pn533_usb") && rival[0].2.contains("modprobe -r"), "{rival:?}");
    }

    #[test]
    fn facts_come_from_the_files_of_the_machine() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("proc/modules", "nfc 1 2 - Live\npn533_usb 3 0 - Live\nnfcother 1 1\n");
        write("sys/bus/usb/devices/1-1:1.0/bInterfaceClass", "0b\n");
        write("sys/bus/usb/devices/1-2:1.0/bInterfaceClass", "03\n");
        write("usr/sbin/pcscd", "");
        let facts = gather(root.path());
        assert_eq!((facts.rivals, facts.usb_readers), (vec!["pn533_usb", "nfc"], 1));
        assert!(facts.pcscd_installed && !facts.ccid_installed && !facts.vpcd_installed);
        assert_eq!(try_socket(&root.path().join("none")), Socket::Missing);
        write("stale", "");
        assert_eq!(try_socket(&root.path().join("stale")), Socket::Stale);
    }
}
