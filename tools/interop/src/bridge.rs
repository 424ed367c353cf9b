//! The card behind a port of this machine, for programs that bring an APDU interface of their own and want no PC/SC:
//! frames of two octets of length and content, both ways, as vpcd has them (00 off, 01 on, 02 reset, 04 ATR).

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::stage::Stage;

/// A served card. It goes when this is dropped; what it answered is in its image.
pub struct Bridge {
    /// Port on 127.0.0.1; each connection is a card that was put into a reader.
    pub port: u16,
    card: Child,
}

impl Bridge {
    /// Serves the card of an image at a port that is free: the product itself, or this program for a card with a fault.
    ///
    /// # Errors
    /// The words of the program that did not serve.
    pub fn open(stage: &Stage, image: &Path) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("the card cannot be served: {error}");
        let mut command = match stage.defect {
            None => {
                let mut product = Command::new(&stage.bitaqa);
                product.args(["card", "serve"]);
                product
            }
            Some(defect) => {
                let mut own = Command::new(&stage.own);
                own.args(["serve", "--defect", defect.name]);
                own
            }
        };
        command.args(["--tcp", "0", "--image"]).arg(image).stdin(Stdio::null()).stdout(Stdio::null());
        let mut card = command.stderr(Stdio::piped()).spawn().map_err(failed)?;
        let mut line = String::new();
        if let Some(output) = card.stderr.take() {
            let mut output = BufReader::new(output);
            output.read_line(&mut line).map_err(failed)?;
            // Later words go nowhere, and must not stop the card when the pipe is full.
            std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        }
        let port =
            line.split_once("listening at 127.0.0.1:").and_then(|(_, rest)| rest.split('.').next()?.parse().ok());
        if let Some(port) = port {
            return Ok(Self { port, card });
        }
        let _ = card.kill(); // it may have ended by itself
        let _ = card.wait();
        Err(format!("the card is not served: {}", line.trim()))
    }

    /// A connection, for a foreign host that is a library and not a program.
    ///
    /// # Errors
    /// The operating system's refusal.
    pub fn connect(&self) -> Result<Connection, String> {
        let stream = TcpStream::connect(("127.0.0.1", self.port));
        stream.map(Connection).map_err(|error| format!("port {}: {error}", self.port))
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.card.kill();
        let _ = self.card.wait();
    }
}

/// A reader's end of the wire.
pub struct Connection(TcpStream);

impl Connection {
    /// One frame to which no answer is due.
    ///
    /// # Errors
    /// A connection that is gone.
    pub fn put(&mut self, octets: &[u8]) -> std::io::Result<()> {
        let length = u16::try_from(octets.len()).map_err(std::io::Error::other)?.to_be_bytes();
        self.0.write_all(&[&length, octets].concat())
    }

    /// One frame and its answer.
    ///
    /// # Errors
    /// A connection that is gone.
    pub fn ask(&mut self, octets: &[u8]) -> std::io::Result<Vec<u8>> {
        self.put(octets)?;
        let mut length = [0; 2];
        self.0.read_exact(&mut length)?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        self.0.read_exact(&mut answer)?;
        Ok(answer)
    }
}
