//! Speaks to any card that is a [`bitaqa_apdu::Transport`]: a session with chaining and secure messaging, the
//! GlobalPlatform client, reading of an eMRTD, and its inspection with one verdict a step.
//!
//! The room never sees a card from inside, and is the only one that knows PC/SC.

pub mod emrtd;
pub mod gp;
pub mod inspection;
pub mod on_card;
#[cfg(feature = "pcsc")]
pub mod pcsc;
pub mod session;
pub mod t0;
pub mod trace;
pub mod wire;

pub use session::{Session, SessionError};
pub use trace::{Exchange, Trace};
