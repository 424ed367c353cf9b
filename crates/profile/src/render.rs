//! The profile as tables for review. The rendered form is committed beside the profile, so a change of an access rule
//! shows in a review as the changed cell of a table.

mod applications;

use crate::{AaKey, FileContent, PaceAnswer, Place, Profile, Scp, domain_name};
use core::fmt::Display;
use core::fmt::Write as _;

impl Profile {
    /// The profile in Markdown.
    pub fn render(&self) -> String {
        let mut page = format!("# {}\n\n", self.product.title);
        page.push_str("Rendered from the profile of the same name; change the profile, not this page.\n");
        page.push_str("No interoperability with cards that DGSN issues is claimed.\n");
        if self.laboratory.only {
            page.push_str("\n**For laboratories only: no line makes cards of this product.**\n");
        }
        self.render_files(&mut page);
        self.render_product(&mut page);
        self.render_protocols(&mut page);
        self.render_channel(&mut page);
        self.render_quirks(&mut page);
        self.render_applications(&mut page);
        page
    }

    fn render_files(&self, page: &mut String) {
        page.push_str(
            "\n## Files and access\n\nUPDATE is meant after sealing; before it, only the issuer's channel writes.\n\n",
        );
        let mut rows =
            Table::new(&["EF", "FID", "SFI", "place", "octets at most", "READ", "UPDATE", "content", "basis"]);
        for file in &self.files {
            rows.row(&[
                &file.name,
                &format!("{:04X}", file.fid),
                &format!("{:02X}", file.sfi),
                &place(file.place),
                &file.size_max,
                // the bar would end the cell
                &file.read.to_string().replace('|', "or"),
                &"NEVER",
                &content(file.content),
                &file.basis,
            ]);
        }
        page.push_str(&rows.0);
        let (needed, memory) = (self.memory_needed_bytes(), self.chip.memory_bytes);
        let _ = writeln!(
            page,
            "\nAll files full, their overhead, quotas and the reserve take {needed} of {memory} octets."
        );
    }

    fn render_product(&self, page: &mut String) {
        let (product, holder, chip, biometrics) = (&self.product, &self.holder, &self.chip, &self.biometrics);
        let ages = format!("from {} to below {} years at issue", holder.age_years_min, holder.age_years_below);
        let mrz =
            format!("`{}` `{}`, nationality `{}`", product.document_code, product.issuing_state, product.nationality);
        let mut rows = Table::new(&["product", "value", "basis"]);
        rows.row(&[&"name", &format!("`{}`", product.name), &product.basis]);
        rows.row(&[&"MRZ begins", &mrz, &product.basis]);
        rows.row(&[&"holder", &ages, &holder.basis]);
        rows.row(&[&"validity", &format!("{} years at most", holder.validity_years_max), &holder.basis]);
        rows.row(&[&"fingerprints", &holder.fingerprints, &holder.basis]);
        rows.row(&[&"without prints", &biometrics.without_prints, &biometrics.basis]);
        let portrait =
            format!("{}, {} octets at most", list(&biometrics.portrait_formats), biometrics.portrait_bytes_max);
        let portrait = format!("{}: {portrait}", biometrics.face_format);
        rows.row(&[&"portrait", &portrait, &biometrics.basis]);
        if !biometrics.finger_image_formats.is_empty() {
            let formats = list(&biometrics.finger_image_formats);
            let prints =
                format!("{}: {formats}, {} octets at most", biometrics.finger_format, biometrics.print_bytes_max);
            rows.row(&[&"prints", &prints, &biometrics.basis]);
        }
        rows.row(&[
            &"memory",
            &format!("{} octets, {} reserved", chip.memory_bytes, chip.memory_reserved_bytes),
            &chip.basis,
        ]);
        rows.row(&[&"ATR", &format!("`{}`", hex(&chip.atr.0)), &chip.basis]);
        rows.row(&[&"extended length", &yes_no(chip.extended_length), &chip.basis]);
        let longest = format!("command {} octets, response {}", chip.max_command_bytes, chip.max_response_bytes);
        rows.row(&[&"buffers", &longest, &chip.basis]);
        let data_groups: Vec<String> = self.lds.data_groups.iter().map(|n| format!("DG{n}")).collect();
        rows.row(&[&"EF.COM", &format!("LDS {}, Unicode {}", self.lds.version, self.lds.unicode), &self.lds.basis]);
        rows.row(&[&"data groups", &data_groups.join(", "), &self.lds.basis]);
        page.push_str("\n## Product, chip, images\n\n");
        page.push_str(&rows.0);
    }

    fn render_protocols(&self, page: &mut String) {
        let mut rows = Table::new(&["protocol", "parameter", "value", "basis"]);
        rows.row(&[&"BAC", &"offered", &yes_no(self.bac.offered), &self.bac.basis]);
        self.render_pace(&mut rows);
        for key in &self.ca.keys {
            let id = if key.key_id == 0 { "no key id".to_owned() } else { format!("key id {}", key.key_id) };
            let value = format!("{}, for {}", domain(key.parameter_id), list(&key.protocols));
            rows.row(&[&"CA", &id, &value, &self.ca.basis]);
        }
        if self.ca.keys.is_empty() {
            rows.row(&[&"CA", &"keys", &"none", &self.ca.basis]);
        }
        rows.row(&[&"TA", &"protocols", &list(&self.ta.protocols), &self.ta.basis]);
        let active = match self.aa.key {
            AaKey::None => "none".to_owned(),
            AaKey::Rsa { bits, hash } => format!("RSA of {bits} bits with {hash}"),
            AaKey::Ecdsa { parameter_id, hash } => format!("ECDSA on {} with {hash}", domain(parameter_id)),
        };
        rows.row(&[&"AA", &"key", &active, &self.aa.basis]);
        let passive = format!("{} with {}", self.passive.signature, self.passive.hash);
        rows.row(&[&"PA", &"EF.SOD", &passive, &self.passive.basis]);
        if self.laboratory.pace_answers != PaceAnswer::AsSpecified {
            let answers = format!("answers every MSE:Set AT with {}", self.laboratory.pace_answers);
            rows.row(&[&"PACE", &"misbehaviour", &answers, &self.laboratory.basis]);
        }
        page.push_str("\n## Protocols towards a reader\n\n");
        page.push_str(&rows.0);
    }

    fn render_pace(&self, rows: &mut Table) {
        let (pace, delay) = (&self.pace, self.pace.failure_delay);
        if pace.infos.is_empty() {
            return rows.row(&[&"PACE", &"offered", &"no", &pace.basis]);
        }
        for offer in &pace.infos {
            rows.row(&[&"PACE", &domain(offer.parameter_id), &offer.protocol, &pace.basis]);
        }
        rows.row(&[&"PACE", &"passwords", &list(&pace.passwords), &pace.basis]);
        rows.row(&[&"PACE", &"CAN", &format!("{} digits", pace.can_digits), &pace.basis]);
        if pace.tries.pin > 0 {
            let tries = format!("{} of the PIN, {} of the PUK", pace.tries.pin, pace.tries.puk);
            rows.row(&[&"PACE", &"tries", &tries, &pace.basis]);
        }
        let delay = format!(
            "{} ms, times {} at each further failure, {} ms at most",
            delay.first_ms, delay.factor, delay.max_ms
        );
        rows.row(&[&"PACE", &"wrong password", &delay, &pace.basis]);
    }

    fn render_channel(&self, page: &mut String) {
        let (channel, emrtd, ends) = (&self.secure_channel, &self.emrtd, &self.life_cycle);
        let mut rows = Table::new(&["issuer's side", "value", "basis"]);
        rows.row(&[&"security domain", &format!("`{}`", self.chip.isd_aid), &self.chip.basis]);
        let protocol = format!("{}, i = {:02X}, level {:02X}", channel.protocol, channel.i, channel.level);
        rows.row(&[&"secure channel", &protocol, &channel.basis]);
        let transport = &channel.transport;
        let test = if transport.keys.are_test_keys() { " (published test key)" } else { "" };
        let keys = format!(
            "KVN {:02X}, {}{test}, diversification {}",
            transport.kvn, transport.keys, transport.diversification
        );
        rows.row(&[&"transport keys", &keys, &channel.basis]);
        let issuer = &channel.issuer;
        let cipher = match channel.protocol {
            Scp::Scp02 => "3DES".to_owned(),
            Scp::Scp03 => format!("AES-{}", issuer.key_bytes * 8),
        };
        let keys = format!("KVN {:02X}, {cipher}, diversification {}", issuer.kvn, issuer.diversification);
        rows.row(&[&"issuer keys", &keys, &channel.basis]);
        rows.row(&[&"package", &format!("`{}`", emrtd.package_aid), &emrtd.basis]);
        rows.row(&[&"module", &format!("`{}`", emrtd.module_aid), &emrtd.basis]);
        rows.row(&[&"instance", &format!("`{}`", emrtd.instance_aid), &emrtd.basis]);
        rows.row(&[&"selected after reset", &yes_no(emrtd.default_selected), &emrtd.basis]);
        rows.row(&[&"applet ends", &ends.applet_end, &ends.basis]);
        rows.row(&[&"card ends", &ends.card_end, &ends.basis]);
        page.push_str("\n## Secure channel, applet, life cycle\n\n");
        page.push_str(&rows.0);
    }
}

impl Profile {
    fn render_quirks(&self, page: &mut String) {
        let quirks = &self.chip.quirks;
        let tries = match quirks.authentication_tries {
            0 => "not counted".to_owned(),
            tries => format!("{tries} failures in a row lock a key set"),
        };
        let spans = if quirks.dgi_chaining { "may span commands" } else { "whole, in one command" };
        let mut rows = Table::new(&["quirk", "value"]);
        rows.row(&[&"wrong host cryptogram", &format!("{:04X}", quirks.authentication_failure)]);
        rows.row(&[&"tries of EXTERNAL AUTHENTICATE", &tries]);
        rows.row(&[&"unknown key version", &format!("{:04X}", quirks.unknown_key_version)]);
        rows.row(&[&"INSTALL for personalization", &yes_no(quirks.personalization)]);
        rows.row(&[&"DGI announced in P1 of STORE DATA", &quirks.dgi_flag]);
        rows.row(&[&"a DGI", &spans]);
        rows.row(&[&"R-MAC on 9000 without data", &yes_no(quirks.mac_on_empty_response)]);
        rows.row(&[&"GET STATUS", &format!("{} octets a page", quirks.status_page_bytes)]);
        rows.row(&[&"logical channels", &quirks.logical_channels]);
        page.push_str("\n## Behaviour of the card manager\n\n");
        page.push_str(&rows.0);
        let _ = writeln!(page, "\nBasis: {}.", quirks.basis);
    }
}

/// A Markdown table that grows row by row.
struct Table(String);

impl Table {
    fn new(heads: &[&str]) -> Self {
        let mut table = Self(String::new());
        table.row(&heads.iter().map(|head| head as &dyn Display).collect::<Vec<_>>());
        table.row(&heads.iter().map(|_| &"---" as &dyn Display).collect::<Vec<_>>());
        table
    }

    fn row(&mut self, cells: &[&dyn Display]) {
        for cell in cells {
            // writing into a String does not fail
            let _ = write!(self.0, "| {cell} ");
        }
        self.0.push_str("|\n");
    }
}

fn list<T: Display>(words: &[T]) -> String {
    if words.is_empty() {
        return "none".to_owned();
    }
    words.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(" ")
}

fn domain(parameter_id: u8) -> String {
    format!("{parameter_id} ({})", domain_name(parameter_id).unwrap_or("unknown"))
}

const fn yes_no(holds: bool) -> &'static str {
    if holds { "yes" } else { "no" }
}

const fn place(place: Place) -> &'static str {
    match place {
        Place::Mf => "MF",
        Place::Lds => "eMRTD",
    }
}

const fn content(content: FileContent) -> &'static str {
    match content {
        FileContent::CardAccess => "PACE parameters",
        FileContent::AtrInfo => "capabilities, lengths of commands and responses",
        FileContent::Dir => "applications of the card",
        FileContent::Com => "versions, list of data groups",
        FileContent::Sod => "signed hashes of the data groups",
        FileContent::Dg1 => "MRZ",
        FileContent::Dg2 => "face",
        FileContent::Dg3 => "fingers",
        FileContent::Dg11 => "personal details",
        FileContent::Dg12 => "document details",
        FileContent::Dg13 => "civil data, bilingual",
        FileContent::Dg14 => "parameters of all protocols, CA public keys",
        FileContent::Dg15 => "AA public key",
        FileContent::CardSecurity => "signed parameters of all protocols, public keys",
        FileContent::Cvca => "names of the trust points of TA",
        FileContent::Optional => "optional data of the holder",
    }
}
