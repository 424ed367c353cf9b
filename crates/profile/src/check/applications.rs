//! Rules of the eID and of partners' applications: what they refer to is there, and nobody is left without a way in.

use super::Findings;
use crate::{Eid, EidContent, EidFile, EidUse, PacePin, Partner, Password, Pin, Prints, Profile, Scp};
use bitaqa_apdu::{AccessRule, Need};
use bitaqa_lds::minutiae::Order;
use std::collections::BTreeSet;

/// Digits of a PIN that the card keeps.
const PIN_DIGITS: core::ops::RangeInclusive<u8> = 4..=16;
/// Minutiae of which a comparison on the card can say something, up to what its commands hold (decision 0025).
const FINGER_MINUTIAE: core::ops::RangeInclusive<u8> = 12..=64;
/// From this age on the holder gets an eID: younger ones get a card without keys.
const EID_AGE_YEARS: u8 = 12;

impl Profile {
    pub(super) fn check_applications(&self, findings: &mut Findings) {
        if let Some(eid) = &self.eid {
            findings.unless(
                self.holder.age_years_below > EID_AGE_YEARS,
                "eid",
                "a product for minors has an eID",
                "remove [eid]: under the age of 12 the card has no keys for authentication and signature",
            );
            eid.check_keys(findings);
            eid.check_fingers(self.holder.fingerprints, findings);
            eid.check_files(findings);
        }
        let names: BTreeSet<_> = self.partners.iter().map(|partner| &partner.name).collect();
        findings.unless(
            names.len() == self.partners.len(),
            "partner",
            "two partners have one name",
            "give each its own: commands and keys are called by it",
        );
        for partner in &self.partners {
            partner.check(self.secure_channel.protocol, findings);
        }
    }
}

/// Whether no number stands twice.
fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> bool {
    let values: Vec<T> = values.collect();
    let count = values.len();
    values.into_iter().collect::<BTreeSet<_>>().len() == count
}

/// PINs and PUKs can be given, unblocked and told apart. `pace`: whether the application speaks PACE.
fn check_pins(pins: &[Pin], place: &str, pace: bool, findings: &mut Findings) {
    findings.unless(
        distinct(pins.iter().map(|pin| pin.number)) && pins.iter().all(|pin| (1..=31).contains(&pin.number)),
        format!("{place}.pins"),
        "two PINs have one number, or a number is none of 1 to 31",
        "number them 1, 2, 3",
    );
    for pin in pins {
        let place = format!("{place}.pins[{}]", pin.number);
        findings.unless(
            PIN_DIGITS.contains(&pin.digits_min)
                && PIN_DIGITS.contains(&pin.digits_max)
                && pin.digits_min <= pin.digits_max,
            format!("{place}.digits_min"),
            "the digits lie outside 4 to 16, or the least are more than the most",
            "write 6 and 12",
        );
        findings.unless(
            (1..=15).contains(&pin.tries),
            format!("{place}.tries"),
            "the tries lie outside 1 to 15: 63Cx has one hexadecimal digit for them (7816-4 §11.5.6)",
            "write 3",
        );
        let unblocks = |by: &Pin| by.number == pin.unblocked_by && by.number != pin.number && by.unblocked_by == 0;
        findings.unless(
            pin.unblocked_by == 0 || pins.iter().any(unblocks),
            format!("{place}.unblocked_by"),
            "the number is of no PUK: of no PIN, of itself, or of one that is unblocked in its turn",
            "name the number of the PUK, or 0",
        );
        let fits = |need: &Need| *need == Need::Pace && pace;
        findings.unless(
            pin.rule.alternatives().iter().flatten().all(fits) && pin.rule != AccessRule::never(),
            format!("{place}.rule"),
            format!("{}: nobody can satisfy the rule", pin.rule),
            "write ALWAYS, or PACE where the application offers it",
        );
    }
}

impl Eid {
    fn check_keys(&self, findings: &mut Findings) {
        check_pins(&self.pins, "eid", self.pace.contains(&Password::Can), findings);
        let has = |password| self.pace.contains(&password);
        let of_pace = |pace| self.pins.iter().filter(|pin| pin.pace == pace).count();
        findings.unless(
            self.pace.is_empty()
                || has(Password::Can)
                    && !has(Password::Mrz)
                    && distinct(self.pace.iter().copied())
                    && usize::from(has(Password::Pin)) == of_pace(PacePin::Pin)
                    && usize::from(has(Password::Puk)) == of_pace(PacePin::Puk),
            "eid.pace",
            "PACE needs the CAN, knows no MRZ here, and each PIN and PUK of it is one of eid.pins",
            "write CAN, and PIN and PUK where one of eid.pins says so",
        );
        findings.unless(
            (1..=2).contains(&self.keys.len())
                && distinct(self.keys.iter().map(|key| key.usage))
                && distinct(self.keys.iter().map(|key| key.number))
                && self.keys.iter().all(|key| (1..=15).contains(&key.number))
                && self.key(EidUse::Authenticate).is_some(),
            "eid.keys",
            "there is no key for authentication, two for one use, or a number outside 1 to 15 or twice",
            "give a key for authentication, and where wanted one for signatures",
        );
        for key in &self.keys {
            let place = format!("eid.keys[{}]", key.number);
            findings.unless(
                self.pin(key.pin).is_some_and(|pin| pin.pace != PacePin::Puk && pin.unblocked_by != 0),
                format!("{place}.pin"),
                "the number is of no PIN that a PUK can unblock",
                "name the number of a PIN",
            );
            findings.unless(
                key.usage == EidUse::Authenticate || key.every_use,
                format!("{place}.every_use"),
                "one PIN would sign any number of documents",
                "write true for the signature key",
            );
            findings.unless(
                (1..=120).contains(&key.validity_months),
                format!("{place}.validity_months"),
                "a certificate is valid from a month to ten years",
                "write 60",
            );
        }
        findings.unless(
            !self.label.is_empty() && self.label.len() <= 32,
            "eid.label",
            "the label is empty or longer than 32 octets",
            "write the name of the product",
        );
    }

    /// Fingers can be shown, unblocked and told apart from PINs.
    fn check_fingers(&self, prints: Prints, findings: &mut Findings) {
        if self.fingers.is_empty() {
            return;
        }
        let numbers = self.pins.iter().map(|pin| pin.number).chain(self.fingers.iter().map(|finger| finger.number));
        findings.unless(
            distinct(numbers) && self.fingers.iter().all(|finger| (1..=31).contains(&finger.number)),
            "eid.finger",
            "a finger has the number of a PIN or of another finger, or one outside 1 to 31",
            "number PINs and fingers 1, 2, 3",
        );
        findings.unless(
            prints == Prints::Two
                && distinct(self.fingers.iter().map(|finger| finger.print))
                && self.fingers.iter().all(|finger| (1..=2).contains(&finger.print)),
            "eid.finger",
            "the record has no such print, or two fingers name one",
            "ask for two prints in [holder], and name print 1 and 2",
        );
        findings.unless(
            !self.pace.is_empty(),
            "eid.finger",
            "the card takes minutiae within a session alone, and the application offers no PACE",
            "give eid.pace, or remove the finger",
        );
        for finger in &self.fingers {
            let place = |key: &str| format!("eid.finger[{}].{key}", finger.number);
            findings.unless(
                FINGER_MINUTIAE.contains(&finger.minutiae_min)
                    && FINGER_MINUTIAE.contains(&finger.minutiae_max)
                    && finger.minutiae_min <= finger.minutiae_max,
                place("minutiae_min"),
                "the minutiae lie outside 12 to 64, or the fewest are more than the most",
                "write 12 and 40",
            );
            findings.unless(
                Order::from_code(finger.order).is_some(),
                place("order"),
                format!("{:02X} is no order of a BIT", finger.order),
                "write 0 for none, 5 for ascending by x and y",
            );
            findings.unless(
                (1..=15).contains(&finger.tries),
                place("tries"),
                "the tries lie outside 1 to 15: 63Cx has one hexadecimal digit for them (7816-4 §11.5.6)",
                "write 5",
            );
            findings.unless(
                finger.unblocked_by == 0 || self.pin(finger.unblocked_by).is_some_and(|by| by.unblocked_by == 0),
                place("unblocked_by"),
                "the number is of no PUK",
                "name the number of the PUK, or 0",
            );
            findings.unless(
                finger.rule == AccessRule::always() || finger.rule == AccessRule::any_of(vec![vec![Need::Pace]]),
                place("rule"),
                format!("{}: nobody can satisfy the rule", finger.rule),
                "write PACE, or ALWAYS",
            );
        }
    }

    fn check_files(&self, findings: &mut Findings) {
        use EidContent as C;
        let common =
            [C::Dir, C::ObjectDirectory, C::CardInfo, C::AuthenticationObjects, C::PrivateKeys, C::Certificates];
        let of_use = |usage| match usage {
            EidUse::Authenticate => [C::AuthenticationCertificate, C::AuthenticationPublicKey],
            EidUse::Sign => [C::SignatureCertificate, C::SignaturePublicKey],
        };
        let mut wanted: BTreeSet<C> = common.into_iter().chain([C::PublicKeys]).collect();
        wanted.extend(self.keys.iter().flat_map(|key| of_use(key.usage)));
        wanted.extend((!self.pace.is_empty()).then_some(C::CardAccess));
        let present: BTreeSet<C> = self.files.iter().map(|file| file.content).collect();
        for content in wanted.symmetric_difference(&present) {
            let missing = wanted.contains(content);
            findings.unless(
                false,
                "eid.file",
                format!("{content:?} {}", if missing { "is missing" } else { "is there, and nothing fills it" }),
                if missing { "add it" } else { "remove it" },
            );
        }
        findings.unless(
            distinct(self.files.iter().map(|file| file.content))
                && distinct(self.files.iter().map(|file| (file.content.below_mf(), file.fid)))
                && distinct(self.files.iter().map(|file| (file.content.below_mf(), file.sfi))),
            "eid.file",
            "two files have one content, identifier or short identifier",
            "give each its own",
        );
        for file in &self.files {
            self.check_eid_file(file, findings);
        }
    }

    fn check_eid_file(&self, file: &EidFile, findings: &mut Findings) {
        let place = |key: &str| format!("eid.file.{}.{key}", file.name);
        check_identifiers(file.fid, file.sfi, file.size_max, &place, findings);
        let open = file.content.below_mf();
        findings.unless(
            !open || file.read == AccessRule::always(),
            place("read"),
            "a reader needs the file before it knows the application",
            "write ALWAYS",
        );
        let known = |need: &Need| match need {
            Need::Pace => !self.pace.is_empty(),
            Need::Pin(number) => self.pin(*number).is_some() || self.finger(*number).is_some(),
            Need::Bac | Need::Ca | Need::Ta(_) => false,
        };
        findings.unless(
            file.read != AccessRule::never() && file.read.alternatives().iter().flatten().all(known),
            place("read"),
            format!("{}: the application does not offer that", file.read),
            "write ALWAYS, PACE or PIN[n], as far as the section offers them",
        );
    }
}

fn check_identifiers(fid: u16, sfi: u8, size: usize, place: &dyn Fn(&str) -> String, findings: &mut Findings) {
    findings.unless(
        (0x0100..0x8000).contains(&fid) && !matches!(fid, 0x3F00 | 0x3FFF),
        place("fid"),
        format!("{fid:04X} is reserved, or no identifier that the application can keep (7816-4 §7.3.1)"),
        "write 0100 to 7FFF",
    );
    findings.unless(
        (1..=30).contains(&sfi),
        place("sfi"),
        format!("{sfi} is no short EF identifier"),
        "write 1 to 30 (7816-4 §7.3.2)",
    );
    findings.unless(
        (1..=0xFFFF).contains(&size),
        place("size_max"),
        "the file has no room, or more than a file can have",
        "write the octets that it may take",
    );
}

impl Partner {
    fn check(&self, protocol: Scp, findings: &mut Findings) {
        let place = |key: &str| format!("partner.{}.{key}", self.name);
        findings.unless(
            !self.name.is_empty()
                && self.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "partner.name",
            "the name is empty or holds other characters than small letters, digits and `-`",
            "write a short name: health",
        );
        let files: usize = self.files.iter().map(|file| file.size_max).sum();
        findings.unless(
            self.quota_bytes > files,
            place("quota_bytes"),
            format!("the files alone take {files} octets of a quota of {}", self.quota_bytes),
            "raise the quota or make files smaller",
        );
        findings.unless(
            protocol == Scp::Scp03,
            place("kvn"),
            "the first keys of a partner's domain are of AES, which SCP02 does not speak",
            "leave partners to chips with SCP03",
        );
        findings.unless(
            (0x30..=0x3F).contains(&self.kvn),
            place("kvn"),
            "the domain's keys need a version number of SCP03",
            "write 0x30",
        );
        check_pins(&self.pins, &format!("partner.{}", self.name), false, findings);
        findings.unless(
            distinct(self.keys.iter().map(|key| key.number))
                && self.keys.iter().all(|key| (1..=15).contains(&key.number)),
            place("keys"),
            "a number stands twice or outside 1 to 15",
            "number them 1, 2, 3",
        );
        for key in &self.keys {
            findings.unless(
                self.pins.iter().any(|pin| pin.number == key.pin && pin.unblocked_by != 0),
                place(&format!("keys[{}].pin", key.number)),
                "the number is of no PIN that a PUK can unblock",
                "name the number of a PIN of partner.pins",
            );
        }
        findings.unless(
            !self.files.is_empty()
                && distinct(self.files.iter().map(|file| &file.name))
                && distinct(self.files.iter().map(|file| file.fid))
                && distinct(self.files.iter().map(|file| file.sfi)),
            place("file"),
            "there is no file, or two have one name, identifier or short identifier",
            "give each its own",
        );
        for file in &self.files {
            let place = |key: &str| format!("partner.{}.file.{}.{key}", self.name, file.name);
            check_identifiers(file.fid, file.sfi, file.size_max, &place, findings);
            let known = |need: &Need| matches!(need, Need::Pin(n) if self.pins.iter().any(|pin| pin.number == *n));
            for (key, rule) in [("read", &file.read), ("update", &file.update)] {
                findings.unless(
                    rule.alternatives().iter().flatten().all(known),
                    place(key),
                    format!("{rule}: the application does not offer that"),
                    "write ALWAYS, NEVER or PIN[n] with a number of partner.pins",
                );
            }
        }
    }
}
