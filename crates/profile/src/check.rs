//! What the shape cannot say: that the parts of a profile fit together and that a card made from it can be issued.

mod applications;
mod channel;
mod files;
mod protocols;

use crate::{
    AppletState, CardState, FileContent, FingerFormat, NOT_PUBLISHED, Prints, Problem, Profile, WithoutPrints,
};
use std::collections::BTreeSet;

/// Octets of DG2 besides the image: TLV and record headers of ISO/IEC 19794-5, or the block of ISO/IEC 39794-5,
/// whichever is longer, with lengths in their longest form.
const DG2_OVERHEAD_BYTES: usize = 112;
/// Octets of DG3 besides the images: the template head, and for each print its BIT and FIR headers (a block of
/// ISO/IEC 39794-4 is shorter), lengths in their longest form.
const DG3_HEAD_BYTES: usize = 14;
const DG3_PRINT_OVERHEAD_BYTES: usize = 80;

/// Collects problems; one line for each rule.
#[derive(Default)]
struct Findings(Vec<Problem>);

impl Findings {
    fn unless(&mut self, holds: bool, place: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) {
        if !holds {
            self.0.push(Problem { place: place.into(), what: what.into(), remedy: remedy.into() });
        }
    }
}

impl Profile {
    /// Every rule that the profile breaks; empty for a sound one. [`Profile::parse`] calls it.
    pub fn check(&self) -> Vec<Problem> {
        let mut findings = Findings::default();
        self.check_names(&mut findings);
        self.check_chip(&mut findings);
        self.check_quirks(&mut findings);
        self.check_channel(&mut findings);
        self.check_protocols(&mut findings);
        self.check_life_cycle(&mut findings);
        self.check_biometrics(&mut findings);
        self.check_applications(&mut findings);
        self.check_file_set(&mut findings);
        for file in &self.files {
            self.check_file(file, &mut findings);
        }
        findings.0
    }

    fn check_names(&self, findings: &mut Findings) {
        let product = &self.product;
        let letters =
            |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase());
        findings.unless(
            !product.name.is_empty() && product.name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
            "product.name",
            "the name is empty or holds other characters than letters, digits, `-`, `.`, `_`",
            "take the name of the file without .toml",
        );
        findings.unless(
            letters(&product.document_code, 2) && product.document_code.starts_with(['A', 'C', 'I']),
            "product.document_code",
            "a TD1 document code is A, C or I with at most one letter more (9303-5 §4.2.2)",
            "write ID",
        );
        for (key, code) in [("issuing_state", &product.issuing_state), ("nationality", &product.nationality)] {
            let place = format!("product.{key}");
            findings.unless(letters(code, 3), place, "a State is named by 1 to 3 capitals (9303-3 §5)", "write MAR");
        }
        let holder = &self.holder;
        findings.unless(
            holder.age_years_min < holder.age_years_below,
            "holder.age_years_below",
            "no age lies from age_years_min up to, not including, age_years_below",
            "raise age_years_below",
        );
        findings.unless(
            (1..=50).contains(&holder.validity_years_max),
            "holder.validity_years_max",
            "the validity lies outside 1 to 50 years",
            "write the years of the law: 10, or 7 under the age of 12",
        );
        for (section, basis) in self.bases() {
            let place = format!("{section}.basis");
            findings.unless(
                !basis.trim().is_empty(),
                place,
                "no source is named",
                format!("name the clause or article, or write `{NOT_PUBLISHED}`"),
            );
        }
    }

    /// Source of each section and file, with its key path.
    pub(crate) fn bases(&self) -> Vec<(String, &str)> {
        let sections = [
            ("product", &self.product.basis),
            ("holder", &self.holder.basis),
            ("chip", &self.chip.basis),
            ("chip.load_files", &self.chip.load_files.basis),
            ("chip.quirks", &self.chip.quirks.basis),
            ("secure_channel", &self.secure_channel.basis),
            ("emrtd", &self.emrtd.basis),
            ("lds", &self.lds.basis),
            ("bac", &self.bac.basis),
            ("pace", &self.pace.basis),
            ("ca", &self.ca.basis),
            ("ta", &self.ta.basis),
            ("aa", &self.aa.basis),
            ("passive", &self.passive.basis),
            ("laboratory", &self.laboratory.basis),
            ("life_cycle", &self.life_cycle.basis),
            ("biometrics", &self.biometrics.basis),
        ];
        let sections = sections.map(|(name, basis)| (name.to_owned(), basis.as_str()));
        let eid = self.eid.iter().map(|eid| ("eid".to_owned(), eid.basis.as_str()));
        let partners =
            self.partners.iter().map(|partner| (format!("partner.{}", partner.name), partner.basis.as_str()));
        let applications = eid.chain(partners);
        let files = self.files.iter().map(|file| (format!("file.{}", file.name), file.basis.as_str()));
        sections.into_iter().chain(files).chain(applications).collect()
    }

    /// A card of extended length has room for more than short fields reach, another one for exactly that: header, Lc,
    /// 255
    /// octets and Le one way, 256 octets and a status word the other (7816-4 §5.2).
    fn check_buffers(&self, findings: &mut Findings) {
        let chip = &self.chip;
        let (command, response) =
            if chip.extended_length { (262..=65_544, 259..=65_538) } else { (261..=261, 258..=258) };
        for (key, bytes, range) in [
            ("chip.max_command_bytes", chip.max_command_bytes, command),
            ("chip.max_response_bytes", chip.max_response_bytes, response),
        ] {
            findings.unless(
                range.contains(&bytes),
                key,
                format!("{bytes} octets do not go with chip.extended_length = {}", chip.extended_length),
                format!("write {} to {}", range.start(), range.end()),
            );
        }
    }

    /// The files fit the memory, and the answer to reset says the truth.
    fn check_chip(&self, findings: &mut Findings) {
        findings.unless(
            self.chip.atr.announces_extended_length() == self.chip.extended_length,
            "chip.extended_length",
            "the historical octets of chip.atr say the opposite (7816-4 §12.1.1.9, capabilities, third octet, bit 40)",
            "change one of the two",
        );
        self.check_buffers(findings);
        let (needed, memory) = (self.memory_needed_bytes(), self.chip.memory_bytes);
        let too_large: Vec<_> = self.files.iter().filter(|file| file.size_max > memory).collect();
        for file in &too_large {
            findings.unless(
                false,
                format!("file.{}.size_max", file.name),
                format!(
                    "file larger than the card: the file has room for {} octets, the card for {memory}",
                    file.size_max
                ),
                "make the file smaller or name a chip with more memory",
            );
        }
        // with one file too large the sum says nothing new
        findings.unless(
            !too_large.is_empty() || needed <= memory,
            "chip.memory_bytes",
            format!("files, their overhead, quotas and the reserve need {needed} octets, the card has {memory}"),
            "make files smaller or name a chip with more memory",
        );
        let (emrtd, others) = (&self.emrtd, &self.chip.load_files);
        let loaded = [&others.application, &others.security_domain];
        let mut aids = vec![&self.chip.isd_aid, &emrtd.package_aid, &emrtd.module_aid, &emrtd.instance_aid];
        aids.extend(loaded.iter().flat_map(|file| [&file.package_aid, &file.module_aid]));
        aids.extend(self.eid.iter().map(|eid| &eid.instance_aid));
        aids.extend(self.partners.iter().flat_map(|partner| [&partner.domain_aid, &partner.instance_aid]));
        findings.unless(
            aids.iter().collect::<BTreeSet<_>>().len() == aids.len(),
            "emrtd",
            "two of the AIDs of security domains, packages, modules and instances are equal",
            "give each its own: the registry of the card is keyed by AID (GPC 2.3.1 §6.6)",
        );
    }

    /// The end of issuance is a state that can be reached and used.
    fn check_life_cycle(&self, findings: &mut Findings) {
        findings.unless(
            self.life_cycle.applet_end == AppletState::Personalized,
            "life_cycle.applet_end",
            format!("an issued card cannot end with the applet {}: unsealed or mute", self.life_cycle.applet_end),
            "write PERSONALIZED",
        );
        findings.unless(
            self.life_cycle.card_end == CardState::Secured,
            "life_cycle.card_end",
            format!("an issued card cannot end {}: the issuer's state or no usable one", self.life_cycle.card_end),
            "write SECURED (GPC 2.3.1 §5.1.1: OP_READY, INITIALIZED, SECURED)",
        );
        findings.unless(
            self.laboratory.only || self.laboratory.pace_answers.status_word().is_none(),
            "laboratory.pace_answers",
            "a card that misbehaves is for laboratories only",
            "write as-specified, or only = true",
        );
    }

    /// DG3 and the limits of the images follow from whether the product holds prints.
    fn check_biometrics(&self, findings: &mut Findings) {
        let (biometrics, prints) = (&self.biometrics, self.holder.fingerprints);
        findings.unless(
            !biometrics.portrait_formats.is_empty() && biometrics.portrait_bytes_max > 0,
            "biometrics.portrait_formats",
            "no portrait could ever be accepted",
            "name a format and a limit: DG2 is mandatory (9303-10 §4.7)",
        );
        let formats =
            !biometrics.finger_image_formats.is_empty() || biometrics.finger_format == FingerFormat::Iso19794Part2;
        findings.unless(
            prints == Prints::None || formats && biometrics.print_bytes_max > 0,
            "biometrics.finger_image_formats",
            "prints are required, and none could ever be accepted",
            "name a format and a limit in biometrics.print_bytes_max",
        );
        findings.unless(
            prints == Prints::Two || biometrics.finger_image_formats.is_empty() && biometrics.print_bytes_max == 0,
            "biometrics.finger_image_formats",
            "formats or a limit of prints are given, and holder.fingerprints is none",
            "write finger_image_formats = [] and print_bytes_max = 0",
        );
        let wanted = prints == Prints::Two || biometrics.without_prints == WithoutPrints::ZeroInstance;
        findings.unless(
            self.file(FileContent::Dg3).is_some() == wanted,
            "file.DG3",
            if wanted { "DG3 is missing" } else { "DG3 is there although the product never holds prints" },
            if wanted {
                "add DG3: prints are required, or their absence is written as zero instances (9303-10 §4.7.3.2)"
            } else {
                "remove DG3 or write biometrics.without_prints = \"zero-instance\""
            },
        );
        let need = |place: &str, have: Option<usize>, need: usize, findings: &mut Findings| {
            findings.unless(
                have.is_none_or(|have| have >= need),
                place,
                format!("the largest images need {need} octets, the file has room for {}", have.unwrap_or(0)),
                "enlarge the file or lower the limit in [biometrics]",
            );
        };
        let room = |content| self.file(content).map(|file| file.size_max);
        let dg2 = biometrics.portrait_bytes_max.saturating_add(DG2_OVERHEAD_BYTES);
        need("file.DG2.size_max", room(FileContent::Dg2), dg2, findings);
        let print = biometrics.print_bytes_max.saturating_add(DG3_PRINT_OVERHEAD_BYTES);
        let dg3 = if prints == Prints::Two { print.saturating_mul(2).saturating_add(DG3_HEAD_BYTES) } else { 24 };
        need("file.DG3.size_max", room(FileContent::Dg3), dg3, findings);
    }
}
