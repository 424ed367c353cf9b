//! `bitaqa card keys list|put|delete`.

use bitaqa_secure_messaging::put_key::NewKey;
use bitaqa_terminal::gp;
use bitaqa_terminal::trace::Totals;
use serde::Serialize;

use super::manage::managed;
use crate::args::{CardArg, CardKeys, Managed};
use crate::card_channel::{aid, failure, select_domain, with_card};
use crate::exit::Failure;
use crate::key_text::{self, Keys};
use crate::output::{Output, table};
use crate::passphrase::Source;

#[derive(Serialize)]
struct Listed {
    card: String,
    domain: String,
    keys: Vec<Key>,
}

#[derive(Serialize)]
struct Key {
    version: String,
    id: String,
    #[serde(rename = "key_type")]
    kind: &'static str,
    bytes: u16,
}

#[derive(Serialize)]
struct Changed {
    card: String,
    chip: String,
    action: String,
    done: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    check_values: Vec<String>,
}

impl Changed {
    fn show(&self, output: Output) -> Result<(), Failure> {
        output.result(self, || {
            let end = if self.done { "done" } else { "nothing was changed; say --yes to do it" };
            format!("chip {}: {}: {end}\ncheck values {}", self.chip, self.action, self.check_values.join(" "))
        })
    }
}

/// Runs the command.
///
/// # Errors
/// Bad input and card.
pub fn run(request: &CardKeys, source: &Source, output: Output) -> Result<(), Failure> {
    match request {
        CardKeys::List { card, domain } => list(card, domain.as_deref(), output),
        CardKeys::Put { managed, new, new_kvn, replace, yes } => {
            let keys = key_text::read(new)?;
            put(managed, &keys, (*replace, *new_kvn), *yes, source, output)
        }
        CardKeys::Delete { managed: request, old_kvn, yes } => {
            let changed = managed(request, source, output, |session, opened| {
                let action = format!("delete all keys of version {old_kvn:02X}; there is no way back");
                let agreed = *yes || output.agree(&format!("Chip {}: {action}?", opened.chip))?;
                if agreed {
                    gp::delete_keys(session, Some(*old_kvn), None)
                        .map_err(|error| failure(&error.into(), "unchanged"))?;
                }
                let (card, chip) = (request.card.name(), opened.chip.clone());
                Ok(Changed { card, chip, action, done: agreed, check_values: Vec::new() })
            })?;
            changed.show(output)
        }
    }
}

fn list(card: &CardArg, domain: Option<&str>, output: Output) -> Result<(), Failure> {
    let domain = domain.map(|text| aid("--domain", text)).transpose()?;
    let listed = with_card(card, None, &mut Totals::default(), output, |session, _| {
        let domain = select_domain(session, domain.as_ref())?;
        let keys = gp::key_information(session).map_err(|error| failure(&error, "unchanged"))?;
        let keys = keys.iter().map(|key| Key {
            version: format!("{:02X}", key.kvn),
            id: format!("{:02X}", key.id),
            kind: key.type_name(),
            bytes: key.octets,
        });
        Ok(Listed { card: card.name(), domain, keys: keys.collect() })
    })?;
    output.result(&listed, || {
        let rows = listed.keys.iter();
        let rows = rows.map(|key| [key.version.clone(), key.id.clone(), key.kind.to_owned(), key.bytes.to_string()]);
        table(["version", "id", "type", "octets"], rows)
    })
}

fn put(
    request: &Managed,
    keys: &Keys,
    (replace, new_kvn): (u8, u8),
    yes: bool,
    source: &Source,
    output: Output,
) -> Result<(), Failure> {
    if !(0x01..=0x7F).contains(&new_kvn) {
        return Err(Failure::usage("--new-kvn: a key version is 01 to 7F"));
    }
    let changed = managed(request, source, output, |session, opened| {
        // Diversified keys are those of this chip, which only its answer tells; so they are made here.
        let new = match keys {
            Keys::Single(key) => vec![key.clone()],
            Keys::Set(source) => {
                let set = source.of_card(opened.offer.protocol, &opened.offer.kdd);
                let set = set.map_err(|what| Failure::usage(format!("--new: {what}. The card: unchanged")))?;
                if source.is_published() {
                    Output::warn(
                        "WARNING: the new keys are the published test key: after this, everybody opens this card.",
                    );
                }
                NewKey::of_set(&set).map_err(|error| failure(&error.into(), "unchanged"))?
            }
        };
        let check_values = new.iter().filter_map(NewKey::check_value).map(hex::encode_upper).collect();
        let action = match replace {
            0 => format!("add keys of version {new_kvn:02X}"),
            old => format!("put keys of version {new_kvn:02X} in place of version {old:02X}, which is gone then"),
        };
        let agreed = yes || output.agree(&format!("Chip {}: {action}?", opened.chip))?;
        if agreed {
            gp::put_new_keys(session, replace, new_kvn, &new)
                .map_err(|error| failure(&error, "unchanged: PUT KEY is done whole or not at all"))?;
        }
        Ok(Changed { card: request.card.name(), chip: opened.chip.clone(), action, done: agreed, check_values })
    })?;
    changed.show(output)
}
