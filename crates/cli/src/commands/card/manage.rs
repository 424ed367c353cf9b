//! `bitaqa card list|install|delete|lock`: what a card manager does for whoever has its keys. What has no way back is
//! shown first and done with `--yes` only, and names the chip.

use bitaqa_terminal::gp::{self, Fields, LoadFile, Part, Privileges, Status, Step};
use bitaqa_terminal::session::{Session, SessionError};
use bitaqa_terminal::trace::Totals;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::args::{Delete, Install, Lock, Managed};
use crate::card_channel::{Access, Opened, aid, failure, octets, with_card};
use crate::exit::Failure;
use crate::output::{Output, table};
use crate::passphrase::Source;

#[derive(Serialize)]
struct Listed {
    card: String,
    chip: String,
    domain: String,
    protocol: String,
    key_version: String,
    card_state: &'static str,
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    kind: &'static str,
    aid: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    privileges: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load_file: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    modules: Vec<String>,
}

impl Entry {
    fn of(part: Part, status: Status) -> Self {
        let hexed = |octets: Vec<u8>| hex::encode_upper(octets);
        let is_domain = status.privileges.is_some_and(Privileges::is_security_domain);
        let (kind, state) = match part {
            Part::Issuer => ("issuer_domain", gp::card_life(status.life)),
            Part::Applications if is_domain => ("security_domain", gp::application_life(status.life, true)),
            Part::Applications => ("application", gp::application_life(status.life, false)),
            Part::LoadFiles | Part::Modules => ("load_file", gp::application_life(status.life, false)),
        };
        Self {
            kind,
            aid: hexed(status.aid),
            state,
            privileges: status.privileges.map(Privileges::names).unwrap_or_default(),
            domain: status.domain.map(hexed),
            load_file: status.load_file.map(hexed),
            modules: status.modules.into_iter().map(hexed).collect(),
        }
    }
}

/// `card list`.
///
/// # Errors
/// Bad input and card.
pub fn list(request: &Managed, source: &Source, output: Output) -> Result<(), Failure> {
    let listed = managed(request, source, output, |session, opened| {
        let mut entries = Vec::new();
        for part in [Part::Issuer, Part::Applications, Part::Modules] {
            let found = match gp::registry(session, part, None) {
                // Only a domain that sees the whole registry tells of the issuer's.
                Err(gp::GpError::Session(SessionError::Status { .. })) if part == Part::Issuer => Vec::new(),
                other => other.map_err(|error| failure(&error, "unchanged"))?,
            };
            entries.extend(found.into_iter().map(|status| Entry::of(part, status)));
        }
        let card_state = entries.iter().find(|entry| entry.kind == "issuer_domain").map_or("", |entry| entry.state);
        Ok(Listed {
            card: request.card.name(),
            chip: opened.chip.clone(),
            domain: opened.domain.clone(),
            protocol: protocol(opened),
            key_version: format!("{:02X}", opened.offer.kvn),
            card_state,
            entries,
        })
    })?;
    output.result(&listed, || {
        let rows = listed.entries.iter().map(|entry| {
            let more = [entry.privileges.join(", "), entry.modules.join(" ")];
            let more = more.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
            let domain = entry.domain.clone().unwrap_or_default();
            [entry.kind.replace('_', " "), entry.aid.clone(), entry.state.to_owned(), domain, more]
        });
        let head = format!("chip {}, {}, key version {}", listed.chip, listed.protocol, listed.key_version);
        format!("{head}\n{}", table(["", "AID", "state", "domain", "privileges, modules"], rows))
    })
}

#[derive(Serialize)]
struct Done {
    card: String,
    chip: String,
    action: String,
    #[serde(rename = "done")]
    carried_out: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<String>,
}

impl Done {
    fn new(request: &Managed, opened: &Opened, action: String, carried_out: bool) -> Self {
        Self { card: request.card.name(), chip: opened.chip.clone(), action, carried_out, receipt: None }
    }

    fn with_receipt(self, receipt: &[u8]) -> Self {
        Self { receipt: (!receipt.is_empty()).then(|| hex::encode_upper(receipt)), ..self }
    }

    fn show(&self, output: Output) -> Result<(), Failure> {
        output.result(self, || {
            let end = if self.carried_out { "done" } else { "nothing was changed; say --yes to do it" };
            let receipt = self.receipt.as_ref().map(|octets| format!("\nreceipt {octets}")).unwrap_or_default();
            format!("chip {}: {}: {end}{receipt}", self.chip, self.action)
        })
    }
}

/// `card install`.
///
/// # Errors
/// Bad input and card.
pub fn install(request: &Install, source: &Source, output: Output) -> Result<(), Failure> {
    let (package, module) = (aid("--package", &request.package)?, aid("--module", &request.module)?);
    let instance = aid("--instance", &request.instance)?;
    let domain = request.extradite_to.as_deref().map(|text| aid("--extradite-to", text)).transpose()?;
    let privileges = octets("--privileges", &request.privileges)?;
    if Privileges::parse(&privileges).is_none() {
        return Err(Failure::usage("--privileges: one octet or three"));
    }
    let parameters = gp::install_parameters(&octets("--parameters", &request.parameters)?, request.quota);
    let token = octets("--token", &request.token)?;
    let block = request.load.as_deref().map(|file| {
        let remedy = "give a load file data block";
        std::fs::read(file).map_err(|error| Failure::input(file, error, remedy))
    });
    let block = block.transpose()?;
    let dap = request.dap.iter().map(|text| dap_block(text)).collect::<Result<Vec<_>, _>>()?;
    let hash = match (&request.hash, &block) {
        (Some(hash), _) => octets("--hash", hash)?,
        (None, Some(block)) if !dap.is_empty() => Sha256::digest(block).to_vec(),
        _ => Vec::new(),
    };
    let done = managed(&request.managed, source, output, |session, opened| {
        if let Some(block) = &block {
            let file =
                LoadFile { aid: &package, domain: None, hash: &hash, parameters: &[], token: &[], dap: &dap, block };
            let state = "holds no part of the load file: what was sent of it is gone";
            gp::load(session, &file).map_err(|error| failure(&error.into(), state))?;
        }
        let fields =
            Fields([package.as_bytes(), module.as_bytes(), instance.as_bytes(), &privileges, &parameters, &token]);
        let state = if block.is_some() { "holds the load file and no new instance" } else { "unchanged" };
        let receipt = gp::install_step(session, Step::INSTALL_AND_MAKE_SELECTABLE, &fields)
            .map_err(|error| failure(&error.into(), state))?;
        if let Some(domain) = &domain {
            gp::extradite(session, &instance, domain, &[])
                .map_err(|error| failure(&error.into(), "holds the new instance in the domain that installed it"))?;
        }
        let action = format!("install {instance} of module {module}");
        Ok(Done::new(&request.managed, opened, action, true).with_receipt(&receipt))
    })?;
    done.show(output)
}

fn dap_block(text: &str) -> Result<(bitaqa_apdu::Aid, Vec<u8>), Failure> {
    let (domain, signature) =
        text.split_once(':').ok_or_else(|| Failure::usage("--dap: write AID:SIGNATURE, both in hexadecimal"))?;
    Ok((aid("--dap", domain)?, octets("--dap", signature)?))
}

/// `card delete`.
///
/// # Errors
/// Bad input and card.
pub fn delete(request: &Delete, source: &Source, output: Output) -> Result<(), Failure> {
    let name = aid("AID", &request.aid)?;
    let token = octets("--token", &request.token)?;
    let done = managed(&request.managed, source, output, |session, opened| {
        let with = if request.related { " and all that was made of it" } else { "" };
        let action = format!("delete {name}{with}; there is no way back");
        if request.yes || output.agree(&format!("Chip {}: {action}?", opened.chip))? {
            let receipt = gp::delete(session, &name, request.related, &token)
                .map_err(|error| failure(&error.into(), "unchanged"))?;
            return Ok(Done::new(&request.managed, opened, action, true).with_receipt(&receipt));
        }
        Ok(Done::new(&request.managed, opened, action, false))
    })?;
    done.show(output)
}

/// Life cycle octets of SET STATUS, GPC 2.3.1 §11.10.
mod life {
    pub const CARD_SECURED: u8 = 0x0F;
    pub const CARD_LOCKED: u8 = 0x7F;
    pub const TERMINATED: u8 = 0xFF;
    pub const LOCK: u8 = 0x80;
    pub const UNLOCK: u8 = 0x00;
}

/// `card lock`.
///
/// # Errors
/// Usage for a chip that is not named where it must be, bad input and card.
pub fn lock(request: &Lock, source: &Source, output: Output) -> Result<(), Failure> {
    let name = request.aid.as_deref().map(|text| aid("AID", text)).transpose()?;
    let done = managed(&request.managed, source, output, |session, opened| {
        let (verb, back) = match (request.terminate, request.unlock) {
            (true, _) => ("end the life of", "NOTHING brings it back"),
            (_, true) => ("unlock", "it can be locked again"),
            (_, false) => ("lock", "only the keys of its domain unlock it"),
        };
        let what = name.as_ref().map_or_else(|| "the card".to_owned(), ToString::to_string);
        let action = format!("{verb} {what}; {back}");
        chip_is_meant(request, opened)?;
        let agreed = request.yes || output.agree(&format!("Chip {}: {action}?", opened.chip))?;
        if agreed {
            let set = match (&name, request.terminate, request.unlock) {
                (_, true, _) => gp::set_card_status(session, life::TERMINATED),
                (None, _, true) => gp::set_card_status(session, life::CARD_SECURED),
                (None, _, false) => gp::set_card_status(session, life::CARD_LOCKED),
                (Some(name), _, true) => gp::set_application_status(session, name, life::UNLOCK),
                (Some(name), _, false) => gp::set_application_status(session, name, life::LOCK),
            };
            set.map_err(|error| failure(&error.into(), "unchanged"))?;
        }
        Ok(Done::new(&request.managed, opened, action, agreed))
    })?;
    done.show(output)
}

/// A chip that is named must be the one on the reader; to end a life it must be named.
fn chip_is_meant(request: &Lock, opened: &Opened) -> Result<(), Failure> {
    match &request.chip {
        Some(chip) if chip.eq_ignore_ascii_case(&opened.chip) => Ok(()),
        Some(chip) => Err(Failure::card(format!(
            "--chip {chip}, and the card is chip {}. The card: unchanged. Next: put the right card on the reader",
            opened.chip
        ))),
        None if request.terminate && request.yes => Err(Failure::usage(format!(
            "a card's life is ended with its chip named only: --chip {}. The card: unchanged",
            opened.chip
        ))),
        None => Ok(()),
    }
}

/// Runs work inside the security domain of a card.
pub(super) fn managed<T>(
    request: &Managed,
    source: &Source,
    output: Output,
    work: impl FnOnce(&mut Session<'_>, &Opened) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let access = Access::of(&request.channel, source)?;
    with_card(&request.card, access.as_ref(), &mut Totals::default(), output, |session, opened| {
        work(session, opened.ok_or_else(|| Failure::usage("give --keys or --pki"))?)
    })
}

fn protocol(opened: &Opened) -> String {
    match opened.offer.i {
        Some(i) => format!("SCP{:02X} i={i:02X}", opened.offer.protocol),
        None => format!("SCP{:02X}", opened.offer.protocol),
    }
}
