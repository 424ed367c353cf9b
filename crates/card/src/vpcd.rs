//! The card as a peer of vpcd, the reader driver of pcsc-lite for cards over TCP: any PC/SC program can then talk to
//! it.
//!
//! ```text
//! frame       length(2, big endian) ‖ octets, both ways
//! vpcd        00 power off | 01 power on | 02 reset | 04 ATR, please | a command APDU of two octets and more
//! card        nothing for 00, 01, 02; the ATR for 04; a response APDU for a command
//! ```
//! vpcd asks for the ATR several times a second to see whether a card is there, and takes a card that is slow to answer
//! for a broken reader. So the ATR goes out while a command is under way too: one thread reads, the caller's works.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bitaqa_apdu::{Bytes, Sw, Transport, TransportError};

/// Longest frame: what two octets of length can say.
const FRAME_MAX: usize = 0xFFFF;

/// How long a read waits before it looks whether it should stop.
const LOOK_UP: Duration = Duration::from_millis(100);

/// Why an attachment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to stop.
    Stopped,
    /// The other side closed the connection: pcscd has ended, or starts anew.
    Closed,
}

/// What was served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Command APDUs.
    pub commands: u64,
    /// Power-ups and resets.
    pub resets: u64,
}

/// Why the card cannot be served any more.
#[derive(Debug, thiserror::Error)]
pub enum VpcdError {
    /// The connection failed.
    #[error("connection to vpcd: {0}")]
    Connection(#[from] io::Error),
    /// A frame of length 0, or one that ends early.
    #[error("vpcd sent a frame that is {0}")]
    Frame(&'static str),
    /// The card does not answer any more.
    #[error(transparent)]
    Card(#[from] TransportError),
}

/// What the card has to do.
enum Request {
    Reset,
    Command(Vec<u8>),
}

/// Serves the card over one connection until the other side closes it or `stop` is set. A command under way is finished
/// first. The counts in `served` hold after an error too.
///
/// # Errors
/// [`VpcdError`]; the connection is then closed, which a PC/SC program sees as a card taken out.
pub fn serve(
    stream: &TcpStream,
    card: &mut dyn Transport,
    stop: &AtomicBool,
    served: &mut Served,
) -> Result<Ended, VpcdError> {
    let atr = card.reset()?.0;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LOOK_UP))?;
    let writer = Mutex::new(stream.try_clone()?);
    // vpcd waits for each answer; whoever does not is held back here and cannot fill the memory.
    let (sender, receiver) = sync_channel(1);
    std::thread::scope(|scope| {
        // The sender goes with the thread: when it ends, there is nothing left to work on.
        let (atr, writer) = (&atr, &writer);
        let reader = scope.spawn(move || read_requests(stream, atr, writer, &sender, stop));
        let worked = work(card, &receiver, writer, served);
        if worked.is_err() {
            let _ = stream.shutdown(Shutdown::Both); // wakes the reader; a connection that is gone is shut already
        }
        drop(receiver);
        let read = reader.join().unwrap_or(Err(VpcdError::Frame("not understood")));
        worked?;
        let _ = stream.shutdown(Shutdown::Both);
        read
    })
}

/// Takes frames off the connection and answers those that need no card.
fn read_requests(
    stream: &TcpStream,
    atr: &[u8],
    writer: &Mutex<TcpStream>,
    sender: &SyncSender<Request>,
    stop: &AtomicBool,
) -> Result<Ended, VpcdError> {
    loop {
        let mut length = [0; 2];
        match fill(stream, &mut length, stop)? {
            Filled::Whole => {}
            Filled::Stopped => return Ok(Ended::Stopped),
            Filled::Nothing => return Ok(Ended::Closed),
            Filled::Part => return Err(VpcdError::Frame("cut off")),
        }
        let mut octets = vec![0; usize::from(u16::from_be_bytes(length))];
        match fill(stream, &mut octets, stop)? {
            Filled::Whole => {}
            Filled::Stopped => return Ok(Ended::Stopped),
            Filled::Nothing | Filled::Part => return Err(VpcdError::Frame("cut off")),
        }
        let request = match *octets {
            [] => return Err(VpcdError::Frame("empty")),
            [0x04] => {
                send(writer, atr)?;
                continue;
            }
            // Power off ends all that is volatile, as power on and reset do.
            [0x00..=0x02] => Request::Reset,
            // One octet is no command and no control of this protocol; it is answered as a command too short.
            _ => Request::Command(octets),
        };
        if sender.send(request).is_err() {
            return Ok(Ended::Closed); // the card is gone; `work` tells why
        }
    }
}

/// Lets the card do what is asked.
fn work(
    card: &mut dyn Transport,
    requests: &Receiver<Request>,
    writer: &Mutex<TcpStream>,
    served: &mut Served,
) -> Result<(), VpcdError> {
    while let Ok(request) = requests.recv() {
        match request {
            Request::Reset => {
                served.resets += 1;
                card.reset()?;
            }
            Request::Command(octets) => {
                served.commands += 1;
                let response = card.transmit(&octets)?;
                send(writer, &fitting(response))?;
            }
        }
    }
    Ok(())
}

/// 65,536 octets of data and a status word do not fit a frame: the card says so instead of being taken out.
fn fitting(response: Bytes) -> Bytes {
    if response.len() <= FRAME_MAX { response } else { Bytes::from(Sw::WRONG_LENGTH.0.to_be_bytes().to_vec()) }
}

/// One frame, in one write: two would wait for each other's acknowledgement.
fn send(writer: &Mutex<TcpStream>, octets: &[u8]) -> Result<(), VpcdError> {
    let length = u16::try_from(octets.len()).map_err(|_| VpcdError::Frame("too long"))?;
    let mut frame = Vec::with_capacity(2 + octets.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(octets);
    let sent = writer.lock().unwrap_or_else(PoisonError::into_inner).write_all(&frame);
    zeroize::Zeroize::zeroize(&mut frame);
    Ok(sent?)
}

/// How far a read came.
enum Filled {
    Whole,
    Stopped,
    Nothing,
    Part,
}

/// Reads until `octets` are full: one read may bring less than a frame.
fn fill(stream: &TcpStream, octets: &mut [u8], stop: &AtomicBool) -> Result<Filled, VpcdError> {
    let mut filled = 0;
    while let Some(room) = octets.get_mut(filled..).filter(|room| !room.is_empty()) {
        acknowledge_at_once(stream);
        match (&*stream).read(room) {
            Ok(0) if filled == 0 => return Ok(Filled::Nothing),
            Ok(0) => return Ok(Filled::Part),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                if stop.load(Ordering::Relaxed) {
                    return Ok(Filled::Stopped);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(Filled::Nothing),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Filled::Whole)
}

/// Widely installed versions of vpcd write length and content apart, and the second write waits some 40 ms for the
/// acknowledgement of the first unless it is sent at once. The option does not stick, so it is set before each read;
/// where it cannot be set the card is slow and right.
fn acknowledge_at_once(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_quickack(true);
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_apdu::Atr;
    use std::net::TcpListener;

    /// Answers each command with itself and 9000, after a wait that its second octet names in tens of milliseconds.
    #[derive(Default)]
    struct Echo {
        resets: usize,
        dead: bool,
    }

    impl Transport for Echo {
        fn reset(&mut self) -> Result<Atr, TransportError> {
            self.resets += 1;
            Ok(Atr(vec![0x3B, 0x80, 0x80, 0x01, 0x01]))
        }

        fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
            if self.dead {
                return Err(TransportError::Removed);
            }
            std::thread::sleep(Duration::from_millis(10 * u64::from(command[1])));
            Ok([command, &[0x90, 0x00]].concat().into())
        }
    }

    fn frame(octets: &[u8]) -> Vec<u8> {
        [&u16::try_from(octets.len()).unwrap().to_be_bytes(), octets].concat()
    }

    fn answer(peer: &mut TcpStream) -> Vec<u8> {
        let mut length = [0; 2];
        peer.read_exact(&mut length).unwrap();
        let mut octets = vec![0; usize::from(u16::from_be_bytes(length))];
        peer.read_exact(&mut octets).unwrap();
        octets
    }

    /// Runs `peer` as vpcd against a card.
    fn against<T: Send>(
        mut card: Echo,
        stop: &AtomicBool,
        peer: impl FnOnce(TcpStream) -> T + Send,
    ) -> (Result<Ended, VpcdError>, Served, T) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        std::thread::scope(|scope| {
            let peer = scope.spawn(|| peer(accepted));
            let mut served = Served::default();
            let ended = serve(&stream, &mut card, stop, &mut served);
            drop(stream);
            (ended, served, peer.join().unwrap())
        })
    }

    #[test]
    fn controls_and_commands_are_told_apart_even_in_pieces() {
        let stop = AtomicBool::new(false);
        let (ended, served, ()) = against(Echo::default(), &stop, |mut peer| {
            peer.write_all(&frame(&[0x04])).unwrap();
            assert_eq!(answer(&mut peer), [0x3B, 0x80, 0x80, 0x01, 0x01]);
            peer.write_all(&[frame(&[0x01]), frame(&[0x02]), frame(&[0x00])].concat()).unwrap();
            for piece in frame(&[0x00, 0x00, 0x04, 0x00]).chunks(1) {
                peer.write_all(piece).unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(answer(&mut peer), [0x00, 0x00, 0x04, 0x00, 0x90, 0x00]);
            let long = vec![0; FRAME_MAX - 2];
            peer.write_all(&frame(&long)).unwrap();
            assert_eq!(answer(&mut peer).len(), FRAME_MAX);
            peer.write_all(&frame(&vec![0; FRAME_MAX])).unwrap();
            assert_eq!(answer(&mut peer), [0x67, 0x00]);
        });
        assert_eq!((ended.unwrap(), served), (Ended::Closed, Served { commands: 3, resets: 3 }));
    }

    #[test]
    fn the_atr_is_given_while_a_command_is_under_way() {
        let (ended, _, order) = against(Echo::default(), &AtomicBool::new(false), |mut peer| {
            peer.write_all(&frame(&[0x00, 30, 0, 0])).unwrap();
            peer.write_all(&frame(&[0x04])).unwrap();
            [answer(&mut peer).len(), answer(&mut peer).len()]
        });
        assert_eq!((ended.unwrap(), order), (Ended::Closed, [5, 6]));
    }

    #[test]
    fn it_stops_when_told_and_after_the_command_under_way() {
        let stop = AtomicBool::new(false);
        let (ended, served, ()) = against(Echo::default(), &stop, |mut peer| {
            peer.write_all(&frame(&[0x00, 20, 0, 0])).unwrap();
            stop.store(true, Ordering::Relaxed);
            assert_eq!(answer(&mut peer), [0x00, 20, 0, 0, 0x90, 0x00]);
            assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0);
        });
        assert_eq!((ended.unwrap(), served.commands), (Ended::Stopped, 1));
    }

    #[test]
    fn a_card_that_fails_and_frames_that_are_none_end_the_connection() {
        let stop = AtomicBool::new(false);
        let dead = Echo { dead: true, ..Echo::default() };
        let (ended, _, ()) = against(dead, &stop, |mut peer| {
            peer.write_all(&frame(&[0, 0, 0, 0])).unwrap();
            assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0);
        });
        assert!(matches!(ended, Err(VpcdError::Card(TransportError::Removed))), "{ended:?}");
        for wrong in [&[0, 0][..], &[0], &[0, 5, 1]] {
            let (ended, _, ()) = against(Echo::default(), &stop, |mut peer| peer.write_all(wrong).unwrap());
            assert!(matches!(ended, Err(VpcdError::Frame(_))), "{ended:?}");
        }
    }
}
