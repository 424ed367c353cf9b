//! The applet on a whole card, spoken to as a terminal does.

mod access_model;
mod failure_rules;
mod pace;
mod password_model;
mod personalise;
mod protocols;
pub(crate) mod world;
