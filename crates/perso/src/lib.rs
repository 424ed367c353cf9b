//! From an applicant's record to a sealed and verified card: [`applicant`] checks the record, [`plan`] turns it into
//! steps, [`execute`] carries them out with a [`journal`], [`verify`] judges the card as a stranger, [`order`] is the
//! whole way with its answer to every interruption.
//!
//! Personal data exists in two types only, [`applicant::Applicant`] and [`plan::Plan`]; journal and messages hold names
//! of steps, tags and digests. The room never sees a card from inside: it speaks to any [`bitaqa_apdu::Transport`].

pub mod applicant;
pub mod card_keys;
pub mod content;
pub mod eid;
pub mod execute;
pub mod issuer;
pub mod journal;
pub mod least;
pub mod order;
pub mod partner;
pub mod plan;
pub mod probe;
pub mod vault;
pub mod verify;
