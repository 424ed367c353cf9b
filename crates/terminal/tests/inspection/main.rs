//! Inspections of cards that are scripts: what a card says is written down, and so cards can lie that no applet host
//! would make. What real protocols leave behind is tested against the virtual card, above this room.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

mod access;
mod bad_input;
mod chip;
mod document;
mod passive;
mod scripted;
mod terminal;
