//! eID and partners as tables.

use super::{Table, hex, list};
use crate::{Eid, EidContent, EidFinger, Partner, Pin, Profile};
use bitaqa_apdu::AccessRule;
use core::fmt::Write as _;

impl Profile {
    pub(super) fn render_applications(&self, page: &mut String) {
        let files = &self.chip.load_files;
        let mut rows = Table::new(&["load file", "package", "module", "basis"]);
        for (name, file) in [("application", &files.application), ("security domain", &files.security_domain)] {
            let (package, module) = (format!("`{}`", file.package_aid), format!("`{}`", file.module_aid));
            rows.row(&[&name, &package, &module, &files.basis]);
        }
        page.push_str("\n## Further applications\n\n");
        page.push_str(&rows.0);
        match &self.eid {
            Some(eid) => eid.render(page),
            None => page.push_str("\nNo eID: the card neither authenticates its holder nor signs.\n"),
        }
        for partner in &self.partners {
            partner.render(page);
        }
    }
}

/// The bar would end the cell.
fn rule(rule: &AccessRule) -> String {
    rule.to_string().replace('|', "or")
}

fn pins(pins: &[Pin]) -> String {
    let mut rows = Table::new(&["number", "PIN", "PACE", "digits", "tries", "first value", "unblocked by", "VERIFY"]);
    for pin in pins {
        let first = if pin.transport { "to be changed" } else { "usable" };
        let by = if pin.unblocked_by == 0 { "-".to_owned() } else { pin.unblocked_by.to_string() };
        let digits = format!("{} to {}", pin.digits_min, pin.digits_max);
        rows.row(&[&pin.number, &pin.label, &pin.pace, &digits, &pin.tries, &first, &by, &rule(&pin.rule)]);
    }
    rows.0
}

fn fingers(fingers: &[EidFinger]) -> String {
    let mut rows = Table::new(&["number", "finger", "minutiae", "order", "tries", "unblocked by", "VERIFY"]);
    for finger in fingers {
        let by = if finger.unblocked_by == 0 { "-".to_owned() } else { finger.unblocked_by.to_string() };
        let minutiae = format!("{} to {}", finger.minutiae_min, finger.minutiae_max);
        let print = format!("of print {}", finger.print);
        let rule = format!("{}, in a session", rule(&finger.rule));
        rows.row(&[&finger.number, &print, &minutiae, &hex(&[finger.order]), &finger.tries, &by, &rule]);
    }
    rows.0
}

impl Eid {
    fn render(&self, page: &mut String) {
        let _ = writeln!(
            page,
            "\n## eID\n\nInstance `{}`, DF {:04X}, label \"{}\", PACE: {}. Basis: {}.\n",
            self.instance_aid,
            self.df,
            self.label,
            list(&self.pace),
            self.basis
        );
        page.push_str(&pins(&self.pins));
        page.push('\n');
        if !self.fingers.is_empty() {
            page.push_str(&fingers(&self.fingers));
            page.push('\n');
        }
        let mut rows = Table::new(&["number", "key", "use", "algorithm", "opened by", "certificate, months at most"]);
        for key in &self.keys {
            let opened = format!("PIN[{}]{}", key.pin, if key.every_use { ", at every use" } else { "" });
            rows.row(&[&key.number, &key.label, &key.usage, &key.algorithm, &opened, &key.validity_months]);
        }
        page.push_str(&rows.0);
        page.push('\n');
        let mut rows = Table::new(&["EF", "FID", "SFI", "place", "octets at most", "READ", "UPDATE", "content"]);
        for file in &self.files {
            let place = if file.content.below_mf() { "MF" } else { "eID" };
            let (fid, sfi) = (hex(&file.fid.to_be_bytes()).replace(' ', ""), format!("{:02X}", file.sfi));
            let what = content(file.content);
            rows.row(&[&file.name, &fid, &sfi, &place, &file.size_max, &rule(&file.read), &"NEVER", &what]);
        }
        page.push_str(&rows.0);
    }
}

const fn content(content: EidContent) -> &'static str {
    match content {
        EidContent::CardAccess => "PACE parameters",
        EidContent::Dir => "this application, for readers that do not know it",
        EidContent::ObjectDirectory => "where the directories are",
        EidContent::CardInfo => "label, serial number, algorithms",
        EidContent::AuthenticationObjects => "PINs",
        EidContent::PrivateKeys => "private keys",
        EidContent::PublicKeys => "public keys",
        EidContent::Certificates => "certificates",
        EidContent::AuthenticationCertificate => "certificate for authentication",
        EidContent::SignatureCertificate => "certificate for signatures",
        EidContent::AuthenticationPublicKey => "public key for authentication",
        EidContent::SignaturePublicKey => "public key for signatures",
    }
}

impl Partner {
    fn render(&self, page: &mut String) {
        let _ = writeln!(
            page,
            "\n## Partner `{}`: {}\n\nSecurity domain `{}`, {} octets, keys KVN {:02X}; instance `{}`, DF {:04X}.\n\
             Basis: {}.\n",
            self.name, self.title, self.domain_aid, self.quota_bytes, self.kvn, self.instance_aid, self.df, self.basis
        );
        if !self.pins.is_empty() {
            page.push_str(&pins(&self.pins));
            page.push('\n');
        }
        if !self.keys.is_empty() {
            let mut rows = Table::new(&["number", "key", "use", "algorithm", "opened by"]);
            for key in &self.keys {
                let opened = format!("PIN[{}]{}", key.pin, if key.every_use { ", at every use" } else { "" });
                rows.row(&[&key.number, &key.label, &key.usage, &key.algorithm, &opened]);
            }
            page.push_str(&rows.0);
            page.push('\n');
        }
        let mut rows = Table::new(&["EF", "FID", "SFI", "octets at most", "READ", "UPDATE"]);
        for file in &self.files {
            let (fid, sfi) = (hex(&file.fid.to_be_bytes()).replace(' ', ""), format!("{:02X}", file.sfi));
            rows.row(&[&file.name, &fid, &sfi, &file.size_max, &rule(&file.read), &rule(&file.update)]);
        }
        page.push_str(&rows.0);
    }
}
