//! `bitaqa card serve`: a virtual card behind a PC/SC reader, or behind a port of this machine, until it is told to
//! end.

use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bitaqa_card::Card;
use bitaqa_card::vpcd::{self, Ended, Served, VpcdError};
use serde::Serialize;

use crate::args::Serve;
use crate::card_source::open_image;
use crate::exit::{Class, Failure};
use crate::output::Output;
use crate::world;

/// Between two tries to reach vpcd, and between two looks for a connection.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Default, Serialize)]
struct Report {
    card: String,
    attachments: u64,
    commands: u64,
    resets: u64,
}

/// Runs the command: ends on SIGTERM or SIGINT, after the command under way, with the image saved.
///
/// # Errors
/// Bad input for an image or an address that cannot be used, card when the card's memory fails.
pub fn run(request: &Serve, output: Output) -> Result<(), Failure> {
    let stop = world::stop_flag().map_err(|error| Failure::new(Class::Internal, format!("signals: {error}")))?;
    let place = match request.tcp {
        Some(port) => Place::listen(port)?,
        None => Place::Vpcd(request.vpcd.clone()),
    };
    let waiting = place.check()?;
    let mut card = open_image(&request.image)?;
    output.note(&waiting);
    let mut report = Report { card: request.image.display().to_string(), ..Report::default() };
    let ended = attach_again_and_again(&place, &mut card, &stop, &mut report, output);
    let saved = card.put_away();
    ended.map_err(|error| failure(&error, &request.image))?;
    saved.map_err(|error| {
        Failure::card(format!("{error}. The image holds the card all the same, in its longer form"))
    })?;
    output.result(&report, || {
        let Report { attachments, commands, resets, .. } = &report;
        format!("{}: saved; {commands} commands, {resets} resets, {attachments} attachments", report.card)
    })
}

/// Where connections come from.
enum Place {
    /// We go to vpcd.
    Vpcd(String),
    /// The other side comes to us.
    Port(TcpListener),
}

impl Place {
    fn listen(port: u16) -> Result<Self, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", port)).and_then(|listener| {
            listener.set_nonblocking(true)?; // so that waiting ends when it is told to
            Ok(listener)
        });
        listener.map(Self::Port).map_err(|error| Failure::usage(format!("--tcp {port}: {error}; give another port")))
    }

    /// Where it waits, in words; refuses an address that is none, which no waiting would mend.
    fn check(&self) -> Result<String, Failure> {
        match self {
            Self::Vpcd(address) => {
                address.to_socket_addrs().map_err(|error| {
                    Failure::usage(format!("--vpcd {address}: {error}; write HOST:PORT, as 127.0.0.1:35963"))
                })?;
                Ok(format!("waiting for vpcd at {address}; it comes with pcscd. End with Ctrl-C"))
            }
            Self::Port(listener) => {
                let at = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
                Ok(format!("listening at {at}. End with Ctrl-C"))
            }
        }
    }

    /// A connection, or `None` when there is none now.
    fn connect(&self) -> Option<TcpStream> {
        match self {
            Self::Vpcd(address) => TcpStream::connect(address).ok(),
            Self::Port(listener) => {
                let (stream, _) = listener.accept().ok()?;
                stream.set_nonblocking(false).ok()?;
                Some(stream)
            }
        }
    }
}

/// pcscd may start later than we, and may end and start anew: each time the card is put back.
fn attach_again_and_again(
    place: &Place,
    card: &mut Card,
    stop: &AtomicBool,
    report: &mut Report,
    output: Output,
) -> Result<(), VpcdError> {
    while !stop.load(Ordering::Relaxed) {
        let Some(stream) = place.connect() else {
            std::thread::sleep(PAUSE);
            continue;
        };
        report.attachments += 1;
        output.note("attached");
        let mut served = Served::default();
        let ended = vpcd::serve(&stream, card, stop, &mut served);
        report.commands += served.commands;
        report.resets += served.resets;
        match ended {
            Ok(Ended::Stopped) => break,
            Ok(Ended::Closed) => output.note("detached"),
            Err(VpcdError::Card(error)) => return Err(VpcdError::Card(error)),
            // The connection's own trouble: the next one may do better.
            Err(error) => output.note(&format!("detached: {error}")),
        }
    }
    Ok(())
}

fn failure(error: &VpcdError, image: &Path) -> Failure {
    Failure::card(format!(
        "{error}. The image {} holds what was written before. Next: see that its disk has room, then serve it again",
        image.display()
    ))
}
