//! PACE, 9303-11 §4.4: a password of low entropy, tried once per run, becomes a session of full strength. Both roles,
//! every mapping, over curves and finite fields, with 3DES and AES.
//!
//! ```text
//! 00 22 C1 A4  80 OID, 83 password reference [, 84 parameter id] [, 7F4C CHAT]     -> 9000
//! 10 86 00 00  7C{}                -> 7C{80 z}            z = E(K_pi, s)
//! 10 86 00 00  7C{81 PK_Map,IFD}   -> 7C{82 PK_Map,IC}    G~ = s·G + SK_Map·PK_Map of the other
//!   integrated 7C{81 t}            -> 7C{82 -}            G~ = f(R(s, t))
//! 10 86 00 00  7C{83 PK_DH~,IFD}   -> 7C{84 PK_DH~,IC}    K  = SK_DH~·PK_DH~ of the other, x of it for curves
//! 00 86 00 00  7C{85 T_IFD}        -> 7C{86 T_IC [, 87 CAR [, 88 CAR]] [, 8A A_IC]}
//!                                                         T = MAC(KS_MAC, 7F49{06 OID, 84 | 86 PK_DH~ of the other})
//! ```
//! Public keys of DH go out as 9303-11 §9.4.1 has unsigned integers, in the fewest octets, and may come with the zeros
//! on the left that this takes away. The card role is a value that each command consumes: after an error, or a foreign
//! command, nothing is left of it.
//! Not here: the retry counters of PIN and PUK and what they allow (the applet counts), explicit domain parameters of
//! an unknown group.

mod agreement;
mod card;
mod chip_authentication;
mod error;
mod integrated;
mod offer;
mod password;
mod suite;
mod terminal;

pub use card::{CardPace, CardStep};
pub use chip_authentication::ChipAuthenticationProof;
pub use error::{PaceError, Step};
pub use offer::{Offer, Offers, Skipped, offers};
pub use password::{Password, PasswordError, PasswordKind};
pub use suite::{MECHANISMS, Mapping, Suite};
pub use terminal::{Request, establish, establish_with, establish_without_reference};

use crate::SecureMessaging;

/// P1-P2 of MSE:Set AT for mutual authentication.
const SET_AT: u16 = 0xC1A4;

/// What a successful run leaves behind, on either side.
pub struct Established {
    /// The session; on the card it takes effect after the response has left.
    pub sm: Box<dyn SecureMessaging>,
    /// Protocol, mapping, cipher and group of the run.
    pub suite: Suite,
    /// Comp(PK_DH~,IC): ID_PICC of Terminal Authentication (TR-03110-1 §3.5, dynamic binding).
    pub id_picc: Vec<u8>,
    /// Comp(PK_DH~,IFD), what Terminal Authentication signs when no Chip Authentication follows.
    pub pcd_compressed: Vec<u8>,
    /// The password that opened it.
    pub password: PasswordKind,
    /// Names of the trust points of the card, the most recent first; empty when the terminal did not ask.
    pub certification_authority_references: Vec<Vec<u8>>,
    /// Terminal, after chip authentication mapping: what the chip said of its static key. `None` on the card.
    pub chip_authentication: Option<ChipAuthenticationProof>,
}

#[cfg(test)]
mod tests;
