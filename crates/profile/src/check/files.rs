//! Rules of the files: which there are follows from what is offered, and each opens to whom it should and to nobody
//! else.

use super::Findings;
use crate::{AaKey, FileContent, FileSpec, Place, Profile};
use bitaqa_apdu::{Need, TerminalRight};

/// The read rules of the two roads to personal data.
const PACE_OR_BAC: &str = "PACE or BAC, as offered: personal data open to nobody without a password";

impl Profile {
    /// The files are those that the offers need, and EF.COM lists exactly the data groups that exist.
    pub(super) fn check_file_set(&self, findings: &mut Findings) {
        use FileContent::{AtrInfo, CardAccess, CardSecurity, Com, Cvca, Dg1, Dg2, Dg14, Dg15, Dir, Sod};
        let (pace, ta) = (!self.pace.infos.is_empty(), !self.ta.protocols.is_empty());
        let chip = self.offers_chip_authentication();
        let signs_on_curve = matches!(self.aa.key, AaKey::Ecdsa { .. });
        let always = "no eMRTD is without (9303-10 §4.6, §4.7)";
        for (content, name, wanted, why) in [
            (Com, "EF.COM", true, always),
            (Sod, "EF.SOD", true, always),
            (Dg1, "DG1", true, always),
            (Dg2, "DG2", true, always),
            (CardAccess, "EF.CardAccess", pace, "it goes with PACE (9303-11 §9.2.11)"),
            (
                CardSecurity,
                "EF.CardSecurity",
                !self.cam_parameter_ids().is_empty(),
                "it goes with PACE with chip authentication mapping (9303-11 §9.2.11)",
            ),
            (
                Dg14,
                "DG14",
                pace || chip || ta || signs_on_curve,
                "it goes with PACE, CA and TA, and with Active Authentication by ECDSA (9303-11 §9.2.11)",
            ),
            (Dg15, "DG15", self.aa.key != AaKey::None, "it goes with Active Authentication (9303-10 §4.7.15)"),
            (
                AtrInfo,
                "EF.ATR/INFO",
                self.chip.extended_length,
                "without it no reader may use extended length for files (9303-11 §9.3.1.2)",
            ),
            (Dir, "EF.DIR", self.eid.is_some(), "it leads readers to the eID (7816-4 §12.2.1)"),
            (Cvca, "EF.CVCA", ta, "it goes with Terminal Authentication (TR-03110-3 §A.7.2.4)"),
        ] {
            findings.unless(
                self.file(content).is_some() == wanted,
                format!("file.{name}"),
                if wanted { "the file is missing" } else { "nothing that the card offers fills the file" },
                format!("{} it: {why}", if wanted { "add" } else { "remove" }),
            );
        }
        let listed = &self.lds.data_groups;
        let mut present: Vec<u8> = self.files.iter().filter_map(|file| file.content.data_group()).collect();
        present.sort_unstable();
        findings.unless(
            *listed == present,
            "lds.data_groups",
            format!("EF.COM would list {listed:?}, the files are {present:?}"),
            "list every data group that has a [[file]], ascending, and no other",
        );
        let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        findings.unless(
            digits(&self.lds.version, 4) && digits(&self.lds.unicode, 6),
            "lds",
            "version has not 4 digits or unicode not 6 (9303-10 §4.6.1)",
            "write \"0108\" and \"040000\"",
        );
    }

    pub(super) fn check_file(&self, file: &FileSpec, findings: &mut Findings) {
        let place = |key: &str| format!("file.{}.{key}", file.name);
        let twins = |same: &dyn Fn(&FileSpec) -> bool| self.files.iter().filter(|other| same(other)).count() > 1;
        let unique = |same: &dyn Fn(&FileSpec) -> bool, key: &str, findings: &mut Findings| {
            let what = format!("two files have the same {key}");
            findings.unless(!twins(same), place(key), what, "give each file its own");
        };
        unique(&|other| other.name == file.name, "name", findings);
        unique(&|other| other.content == file.content, "content", findings);
        unique(&|other| other.place == file.place && other.fid == file.fid, "fid", findings);
        unique(&|other| other.place == file.place && other.sfi == file.sfi, "sfi", findings);
        findings.unless(
            (1..=30).contains(&file.sfi),
            place("sfi"),
            format!("{} is no short EF identifier", file.sfi),
            "write 1 to 30 (7816-4 §7.3.2)",
        );
        findings.unless(
            !matches!(file.fid, 0x0000 | 0x3F00 | 0x3FFF | 0xFFFF),
            place("fid"),
            format!("{:04X} is reserved (7816-4 §7.3.1)", file.fid),
            "take another identifier",
        );
        let in_mf = file.content.below_mf();
        findings.unless(
            (file.place == Place::Mf) == in_mf,
            place("place"),
            "EF.ATR/INFO, EF.CardAccess, EF.CardSecurity, EF.DIR lie under the master file, no other file does",
            "write mf for those, lds for the others (9303-10 §3.11)",
        );
        findings.unless(
            file.size_max > 0,
            place("size_max"),
            "the file has no room at all",
            "write the octets that it may take",
        );
        self.check_rule(file, findings);
    }

    /// A rule may only ask for what the card offers, in an order that can be gone, and no less than the content needs.
    fn check_rule(&self, file: &FileSpec, findings: &mut Findings) {
        let place = format!("file.{}.read", file.name);
        for need in file.read.alternatives().iter().flatten() {
            findings.unless(
                self.offers(*need),
                place.clone(),
                format!("the rule asks for {need}, which the card does not offer"),
                "use BAC, PACE, CA, TA or TA[DG3], as far as the sections of these names offer them",
            );
        }
        // TR-03110-1 §3.5: the terminal signs over the key that Chip Authentication agreed on, inside PACE or BAC
        findings.unless(
            file.read.alternatives().iter().all(|all| {
                let holds = |wanted: fn(&Need) -> bool| all.iter().any(wanted);
                let ta_after_ca = !holds(|need| matches!(need, Need::Ta(_))) || holds(|need| *need == Need::Ca);
                ta_after_ca && (!holds(|need| *need == Need::Ca) || holds(|need| opens(*need)))
            }),
            place.clone(),
            "TA comes after CA and CA after PACE or BAC: an alternative leaves out a step before",
            "write PACE & CA & TA",
        );
        let everywhere = |wanted: fn(&Need) -> bool| {
            !file.read.alternatives().is_empty() && file.read.alternatives().iter().all(|all| all.iter().any(wanted))
        };
        let (met, wanted) = match file.content {
            FileContent::CardAccess => (file.read.allows(|_| false), "ALWAYS: it is read before any protocol"),
            FileContent::AtrInfo => (file.read.allows(|_| false), "ALWAYS: it is read before any protocol"),
            FileContent::Dir => (file.read.allows(|_| false), "ALWAYS: it is read by those who do not know the card"),
            FileContent::CardSecurity => (everywhere(|need| *need == Need::Pace), "PACE (9303-10 §3.11)"),
            FileContent::Dg3 => (
                everywhere(|need| *need == Need::Ta(TerminalRight::Dg3)),
                "PACE & CA & TA[DG3]: prints open to nobody else",
            ),
            FileContent::Optional => {
                (everywhere(|need| matches!(need, Need::Ta(_))), "PACE & CA & TA: law 04-20 art. 6")
            }
            _ => (everywhere(|need| opens(*need)), PACE_OR_BAC),
        };
        findings.unless(met, place.clone(), format!("the rule is {}", file.read), format!("write {wanted}"));
        self.check_roads(file, &place, findings);
    }

    /// What a reader may read it may read over each road that the card opens: BAC, and PACE. EF.CardAccess needs none,
    /// and only PACE leads to EF.CardSecurity, whose keys are those of PACE-CAM.
    fn check_roads(&self, file: &FileSpec, place: &str, findings: &mut Findings) {
        if file.content.below_mf() {
            return;
        }
        for (need, offered) in [(Need::Bac, self.bac.offered), (Need::Pace, !self.pace.infos.is_empty())] {
            findings.unless(
                !offered || file.read.mentions(need),
                place,
                format!("the card offers {need}, and the rule has no alternative with it"),
                "write one alternative for each road: PACE | BAC",
            );
        }
    }

    fn offers(&self, need: Need) -> bool {
        match need {
            Need::Bac => self.bac.offered,
            Need::Pace => !self.pace.infos.is_empty(),
            Need::Ca => self.offers_chip_authentication(),
            Need::Ta(TerminalRight::Any | TerminalRight::Dg3) => !self.ta.protocols.is_empty(),
            Need::Pin(_) | Need::Ta(TerminalRight::Dg4) => false,
        }
    }
}

/// The protocols that begin a session.
const fn opens(need: Need) -> bool {
    matches!(need, Need::Pace | Need::Bac)
}
