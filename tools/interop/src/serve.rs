//! The card with a fault: as `bitaqa card serve`, with a [`Defect`] between card and wire. The product has no such
//! place; a fault lives in this program alone.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bitaqa_apdu::Transport;
use bitaqa_card::nvm::medium::FileMedium;
use bitaqa_card::vpcd::{self, Ended, Served, VpcdError};
use bitaqa_card::{Card, Platform};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use rand_core::CryptoRng;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::defect::{Defect, Faulty};

/// Where vpcd waits for cards.
const VPCD: &str = "127.0.0.1:35963";

/// Between two looks for a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Real randomness and real time, as the product's own virtual card has.
pub struct World(ChaCha20Rng);

impl Default for World {
    fn default() -> Self {
        Self(ChaCha20Rng::from_rng(&mut rand::rng()))
    }
}

impl Platform for World {
    fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut self.0
    }

    fn wait(&mut self, milliseconds: u32) {
        std::thread::sleep(Duration::from_millis(milliseconds.into()));
    }
}

/// Opens the card of an image.
///
/// # Errors
/// An image that is none, or in use.
pub fn open(image: &Path) -> Result<Card, String> {
    let failed = |error: &dyn core::fmt::Display| format!("{}: {error}", image.display());
    let medium = FileMedium::open(image).map_err(|error| failed(&error))?;
    Card::load(Box::new(medium), Box::<World>::default()).map_err(|error| failed(&error))
}

/// Serves until SIGTERM or SIGINT, then puts the card away. With a port it listens there and says where, in the
/// product's words, each connection being one card in a reader; else it goes to vpcd.
///
/// # Errors
/// A port that is taken, an image that cannot be used, a card that fails.
pub fn run(image: &Path, defect: Option<&'static Defect>, port: Option<u16>) -> Result<(), String> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(|error| format!("signals: {error}"))?;
    }
    let listener = port.map(listen).transpose()?;
    let mut card = open(image)?;
    while !stop.load(Ordering::Relaxed) {
        let Some(stream) = connect(listener.as_ref()) else {
            std::thread::sleep(PAUSE);
            continue;
        };
        let mut faulty = Faulty::new(&mut card, defect);
        match serve(&stream, &mut faulty, &stop) {
            Ok(Ended::Stopped) => break,
            Err(VpcdError::Card(error)) => return Err(error.to_string()),
            // The other side is gone; the next one may come.
            Ok(Ended::Closed) | Err(_) => {}
        }
    }
    card.put_away().map_err(|error| error.to_string())
}

fn serve(stream: &TcpStream, card: &mut dyn Transport, stop: &AtomicBool) -> Result<Ended, VpcdError> {
    vpcd::serve(stream, card, stop, &mut Served::default())
}

fn listen(port: u16) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(("127.0.0.1", port))
        .map_err(|error| format!("--tcp {port}: {error}; give another port, or 0 for any that is free"))?;
    listener.set_nonblocking(true).map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    crate::say(&format!("listening at {address}. End with Ctrl-C"));
    Ok(listener)
}

fn connect(listener: Option<&TcpListener>) -> Option<TcpStream> {
    let Some(listener) = listener else { return TcpStream::connect(VPCD).ok() };
    let (stream, _) = listener.accept().ok()?;
    stream.set_nonblocking(false).ok()?;
    Some(stream)
}
