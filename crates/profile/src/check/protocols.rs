//! Rules of the protocols towards a reader: what a card offers can be spoken, opens the card, and hangs together.

use super::Findings;
use crate::protocols::{WITHOUT_INTEGRATED_MAPPING, field_bytes, is_curve};
use crate::{AaKey, CaKey, Mapping, Password, Profile, TaProtocol};
use std::collections::BTreeSet;

/// Lengths of an RSA modulus that a card makes: 9303-12 §4.4 wants 2048 bits for new keys, cards of the past had 1024.
const RSA_BITS: [u16; 5] = [1024, 1536, 2048, 3072, 4096];

impl Profile {
    /// A reader can open the card, a guesser cannot.
    pub(super) fn check_protocols(&self, findings: &mut Findings) {
        findings.unless(
            self.bac.offered || !self.pace.infos.is_empty(),
            "pace.infos",
            "nothing is offered: no reader could open the card",
            "offer PACE or BAC",
        );
        for index in 0..self.pace.infos.len() {
            self.check_offer(index, findings);
        }
        self.check_mappings(findings);
        self.check_passwords(findings);
        self.check_chip_authentication(findings);
        self.check_active_authentication(findings);
        let distinct: BTreeSet<TaProtocol> = self.ta.protocols.iter().copied().collect();
        findings.unless(
            distinct.len() == self.ta.protocols.len(),
            "ta.protocols",
            "a suite stands here twice",
            "remove one",
        );
        findings.unless(
            self.ta.protocols.is_empty() || self.offers_chip_authentication(),
            "ta.protocols",
            "Terminal Authentication signs over a key of Chip Authentication, and the card offers none",
            "give the card a key in [ca], or PACE with chip authentication mapping (TR-03110-1 §3.5)",
        );
    }

    /// By its own protocol, or as part of PACE.
    pub(super) fn offers_chip_authentication(&self) -> bool {
        !self.ca.keys.is_empty() || !self.cam_parameter_ids().is_empty()
    }

    fn check_offer(&self, index: usize, findings: &mut Findings) {
        let Some(offer) = self.pace.infos.get(index) else { return };
        let place = format!("pace.infos[{index}].parameter_id");
        check_domain(offer.parameter_id, offer.protocol.is_elliptic(), &place, findings);
        findings.unless(
            offer.protocol.mapping() != Mapping::Integrated || offer.parameter_id != WITHOUT_INTEGRATED_MAPPING,
            place,
            "the integrated mapping is not defined on P-224",
            "take another curve (9303-11 §9.5.1)",
        );
        findings.unless(
            !self.pace.infos.iter().take(index).any(|other| other == offer),
            format!("pace.infos[{index}]"),
            "the same offer stands here twice",
            "remove one",
        );
    }

    /// Readers need not know the chip authentication mapping, so that it never stands alone: 9303-11 §4.4.
    fn check_mappings(&self, findings: &mut Findings) {
        let offers = |wanted| self.pace.infos.iter().any(|offer| offer.protocol.mapping() == wanted);
        let other = offers(Mapping::Generic) || offers(Mapping::Integrated);
        findings.unless(
            !offers(Mapping::ChipAuthentication) || other && !self.ca.keys.is_empty(),
            "pace.infos",
            "chip authentication mapping is offered without another mapping and Chip Authentication",
            "offer GM or IM beside it, and a key in [ca] (9303-11 §4.4)",
        );
    }

    fn check_passwords(&self, findings: &mut Findings) {
        let pace = &self.pace;
        let has = |password| pace.passwords.contains(&password);
        let passwords: BTreeSet<_> = pace.passwords.iter().collect();
        findings.unless(
            passwords.len() == pace.passwords.len(),
            "pace.passwords",
            "a password stands here twice",
            "remove one",
        );
        findings.unless(
            pace.infos.is_empty() == pace.passwords.is_empty() && (pace.infos.is_empty() || has(Password::Mrz)),
            "pace.passwords",
            if pace.infos.is_empty() { "passwords of a PACE that is not offered" } else { "PACE without the MRZ" },
            "name MRZ and what else opens the card where PACE is offered, nothing where it is not (9303-11 §4.4)",
        );
        findings.unless(
            has(Password::Pin) == has(Password::Puk) && (!has(Password::Pin) || has(Password::Can)),
            "pace.passwords",
            "a PIN needs a PUK to unblock it and a CAN for its last try, and a PUK needs a PIN",
            "name CAN, PIN and PUK together",
        );
        for (key, password, tries) in [("pin", Password::Pin, pace.tries.pin), ("puk", Password::Puk, pace.tries.puk)] {
            findings.unless(
                has(password) == (tries > 0) && (password != Password::Pin || tries != 1),
                format!("pace.tries.{key}"),
                format!(
                    "{tries} tries of a {password} that the card {}",
                    if has(password) { "has" } else { "has not" }
                ),
                "write 0 without the password; 2 or more for a PIN, whose last try is kept back",
            );
        }
        findings.unless(
            pace.can_digits == 6,
            "pace.can_digits",
            "a CAN has 6 digits (9303-4 to -6, TR-03110-2 §2.3)",
            "write 6",
        );
        let delay = pace.failure_delay;
        findings.unless(
            delay.factor >= 2 && delay.first_ms >= 1 && delay.max_ms >= delay.first_ms && delay.max_ms <= 60_000,
            "pace.failure_delay",
            "the delay does not grow, or grows over a minute",
            "write first_ms of 1 or more, factor of 2 or more, and max_ms from first_ms to 60000",
        );
    }

    fn check_chip_authentication(&self, findings: &mut Findings) {
        let mut numbers: Vec<u8> = self.cam_parameter_ids();
        for (index, key) in self.ca.keys.iter().enumerate() {
            let place = format!("ca.keys[{index}]");
            let elliptic = key.protocols.first().is_some_and(|protocol| protocol.is_elliptic());
            check_domain(key.parameter_id, elliptic, &format!("{place}.parameter_id"), findings);
            let CaKey { key_id, protocols, .. } = key;
            let distinct: BTreeSet<_> = protocols.iter().collect();
            findings.unless(
                !protocols.is_empty()
                    && distinct.len() == protocols.len()
                    && protocols.iter().all(|protocol| protocol.is_elliptic() == elliptic),
                format!("{place}.protocols"),
                "no protocol, one twice, or protocols over curves and over finite fields with one key",
                "list each protocol of this key once",
            );
            findings.unless(
                *key_id < 0x80 && (*key_id != 0 || self.ca.keys.len() == 1) && !numbers.contains(key_id),
                format!("{place}.key_id"),
                format!("{key_id} is the number of two keys, or a number that a card cannot keep apart"),
                "write 1 to 127, each once, no parameter id of PACE-CAM; 0 for a single key without keyId",
            );
            numbers.push(*key_id);
        }
    }

    fn check_active_authentication(&self, findings: &mut Findings) {
        match self.aa.key {
            AaKey::None => {}
            AaKey::Rsa { bits, .. } => findings.unless(
                RSA_BITS.contains(&bits),
                "aa.key.rsa.bits",
                format!("{bits} bits are no length of an RSA key of a card"),
                "write 2048, 3072 or 4096; 1024 or 1536 for cards of the past",
            ),
            AaKey::Ecdsa { parameter_id, hash } => {
                check_domain(parameter_id, true, "aa.key.ecdsa.parameter_id", findings);
                findings.unless(
                    field_bytes(parameter_id).is_none_or(|octets| usize::from(hash.digest_bytes()) <= octets),
                    "aa.key.ecdsa.hash",
                    format!("{hash} is longer than the key"),
                    "take a hash that is not longer than the numbers of the curve (9303-11 §6.1.2.3)",
                );
            }
        }
    }
}

/// The id is one of 9303-11 §9.5.1 and of the family that the protocol speaks.
fn check_domain(parameter_id: u8, elliptic: bool, place: &str, findings: &mut Findings) {
    findings.unless(
        field_bytes(parameter_id).is_some() && is_curve(parameter_id) == elliptic,
        place,
        format!("{parameter_id} names no {} of 9303-11 §9.5.1", if elliptic { "curve" } else { "finite field" }),
        if elliptic { "write 8 to 18: 12 is P-256, 13 brainpoolP256r1" } else { "write 0, 1 or 2" },
    );
}
