//! `bitaqa partner install`, and what `bitaqa pki partner` hands to a partner: its keys and the issuer's token.

use std::collections::BTreeMap;
use std::path::Path;

use bitaqa_perso::partner::{self, Delivery};
use bitaqa_perso::probe;
use bitaqa_pki::key_file;
use bitaqa_profile::{Partner, PartnerFile, Pin, Profile};
use bitaqa_terminal::session::Session;
use bitaqa_terminal::trace::Totals;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::args::PartnerCommand;
use crate::card_source::AnyCard;
use crate::exit::{Class, Failure};
use crate::output::Output;
use crate::passphrase::{self, Source};
use crate::pki_folder::{self, IssuerFolder};
use crate::{profile_source, world};

/// Sealed master key of the partner, in its folder.
const KEYS: &str = "partner.key";
/// The issuer's token, hexadecimal.
const TOKEN: &str = "token.hex";

/// What a partner writes: first values of PINs by number, contents of files by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    pins: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
}

impl Drop for Data {
    fn drop(&mut self) {
        self.pins.values_mut().chain(self.files.values_mut()).for_each(Zeroize::zeroize);
    }
}

#[derive(Serialize)]
struct Handed {
    partner: String,
    folder: String,
    domain: String,
    token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase_file: Option<String>,
}

#[derive(Serialize)]
struct Installed {
    result: &'static str,
    partner: String,
    instance: String,
    receipt: String,
    /// SubjectPublicKeyInfo of each key pair that the card made, hexadecimal, by number.
    keys: BTreeMap<u8, String>,
    commands: u64,
}

fn find<'p>(profile: &'p Profile, name: &str) -> Result<&'p Partner, Failure> {
    profile.partners.iter().find(|partner| partner.name == name).ok_or_else(|| {
        let names: Vec<&str> = profile.partners.iter().map(|partner| partner.name.as_str()).collect();
        let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Failure::usage(format!("{} has no partner `{name}`; it has {has}", profile.product.name))
    })
}

/// Writes a folder for a partner: its keys, sealed, and the token for the INSTALL that the profile describes.
///
/// # Errors
/// Bad input, with the file.
pub fn hand_over(
    folder: &Path,
    name: &str,
    profile: &str,
    out: &Path,
    source: &Source,
    output: Output,
) -> Result<(), Failure> {
    let internal = |error: &dyn std::fmt::Display| Failure::new(Class::Internal, error.to_string());
    let profile = profile_source::load(profile)?;
    let partner = find(&profile, name)?;
    let issuer = IssuerFolder::open(folder, &source.existing(folder)?, &profile, world::now())?;
    let vault = issuer.vault(&profile);
    let token = partner::token(&profile, partner, &vault).map_err(|error| internal(&error))?;
    pki_folder::fresh_folder(out)?;
    let mut rng = world::rng();
    // The issuer's passphrase is not the partner's: one is drawn for the handing over.
    let (sealing, keep) = Source::new(None).fresh(&mut rng, output)?;
    let master = partner::master_key(&vault, partner);
    let sealed = key_file::seal_secret(&master, sealing.as_bytes(), &mut rng).map_err(|error| internal(&error))?;
    pki_folder::write_new(&out.join(KEYS), sealed.as_bytes(), true)?;
    pki_folder::write_new(&out.join(TOKEN), format!("{}\n", hex::encode_upper(&token)).as_bytes(), false)?;
    if keep {
        pki_folder::write_new(&out.join(passphrase::FILE), format!("{}\n", &*sealing).as_bytes(), true)?;
    }
    let handed = Handed {
        partner: partner.name.clone(),
        folder: out.display().to_string(),
        domain: partner.domain_aid.to_string(),
        token: hex::encode_upper(&token),
        passphrase_file: keep.then(|| out.join(passphrase::FILE).display().to_string()),
    };
    output.result(&handed, || {
        format!("{}\n  keys    {KEYS}\n  token   {TOKEN}\n  domain  {}", handed.folder, handed.domain)
    })
}

/// Runs the command: installs, writes and seals the application of a partner by its own keys and the issuer's token.
///
/// # Errors
/// Bad input, or what the card answers.
pub fn run(request: &PartnerCommand, source: &Source, output: Output) -> Result<(), Failure> {
    let PartnerCommand::Install { name, profile, keys, data, card } = request;
    let profile = profile_source::load(profile)?;
    let partner = find(&profile, name)?;
    let read = |file: &Path| {
        std::fs::read_to_string(file).map_err(|error| Failure::input(file, error, "give a file that can be read"))
    };
    let key_file_name = keys.join(KEYS);
    let master = key_file::open_secret(&read(&key_file_name)?, source.existing(keys)?.as_bytes());
    let master = master.map_err(|error| Failure::input(&key_file_name, error, "give the passphrase of this folder"))?;
    let token_file = keys.join(TOKEN);
    let token = hex::decode(read(&token_file)?.trim())
        .map_err(|error| Failure::input(&token_file, error, "give the token as the issuer wrote it"))?;
    let text = Zeroizing::new(read(data)?);
    let written: Data = serde_json::from_str(&text).map_err(|error| {
        Failure::input(data, error, "write {\"pins\": {\"1\": \"..\"}, \"files\": {\"EF..\": \"..\"}}")
    })?;
    let delivery = Delivery {
        master: &master,
        token: &token,
        pin: &|pin: &Pin| written.pins.get(&pin.number.to_string()).cloned().map(Zeroizing::new),
        content: &|file: &PartnerFile| written.files.get(&file.name).map(|text| text.as_bytes().to_vec()),
    };
    let mut card = AnyCard::open(card, output)?;
    let mut totals = Totals::default();
    let ended = Session::open(&mut card, &mut totals).map_err(Failure::card).and_then(|mut session| {
        let next =
            "the application is not sealed; delete it by the issuer's keys or the issuer's token, or spoil the card";
        session.know_limits(probe::limits(&profile));
        partner::install(&mut session, &profile, partner, &delivery, &mut world::rng())
            .map_err(|error| Failure::card(format!("{error}. Next: {next}")))
    });
    let put_away = card.put_away();
    let done = ended?;
    put_away?;
    let installed = Installed {
        result: "installed",
        partner: partner.name.clone(),
        instance: partner.instance_aid.to_string(),
        receipt: hex::encode_upper(&done.receipt),
        keys: done.keys.iter().map(|(number, key)| (*number, hex::encode_upper(key))).collect(),
        commands: totals.commands,
    };
    output.result(&installed, || {
        let Installed { partner, instance, receipt, .. } = &installed;
        let first = [format!("installed and sealed: {partner} as {instance}"), format!("receipt  {receipt}")];
        let keys = installed.keys.iter().map(|(number, key)| format!("key {number:<4} {key}"));
        first.into_iter().chain(keys).collect::<Vec<_>>().join("\n")
    })
}
