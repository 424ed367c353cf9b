//! `bitaqa card info`: what anyone may ask a card, without keys; and what an image tells its owner.

use bitaqa_apdu::{Aid, Transport};
use bitaqa_terminal::emrtd;
use bitaqa_terminal::gp::{self, CardData};
use bitaqa_terminal::session::Session;
use bitaqa_terminal::trace::Totals;
use serde::Serialize;

use crate::args::CardArg;
use crate::card_channel::{aid, select_domain};
use crate::card_source::{AnyCard, reader_failure};
use crate::exit::Failure;
use crate::output::Output;

#[derive(Serialize)]
struct Info {
    card: String,
    atr: String,
    extended_length: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    globalplatform: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    protocols: Vec<String>,
    key_versions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_counter: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cplc: Option<serde_json::Map<String, serde_json::Value>>,
    applications: Vec<Application>,
    #[serde(flatten)]
    inside: Option<Inside>,
}

#[derive(Serialize)]
struct Application {
    aid: String,
    state: &'static str,
}

/// What only the owner of an image can know.
#[derive(Serialize)]
struct Inside {
    chip: String,
    card_state: &'static str,
    memory_used_bytes: usize,
    memory_bytes: usize,
    damaged_cells: usize,
}

/// Runs the command.
///
/// # Errors
/// Bad input and card.
pub fn run(card: &CardArg, isd: Option<&str>, output: Output) -> Result<(), Failure> {
    let isd = isd.map(|text| aid("--isd", text)).transpose()?;
    let mut at_hand = AnyCard::open(card, output)?;
    let info = ask(&mut at_hand, card.name(), isd.as_ref())?;
    output.result(&info, || human(&info))
}

/// What the security domain tells.
#[derive(Default)]
struct Told {
    domain: Option<String>,
    data: CardData,
    versions: Vec<u8>,
    counter: Option<u32>,
    cplc: Option<serde_json::Map<String, serde_json::Value>>,
}

/// Asks over the command interface what anyone may ask; adds what an image tells its owner.
fn ask(card: &mut AnyCard, name: String, isd: Option<&Aid>) -> Result<Info, Failure> {
    let atr = card.reset().map_err(|error| reader_failure(&error))?;
    let mut totals = Totals::default();
    let mut session = Session::open(card, &mut totals).map_err(Failure::card)?;
    let told = domain(&mut session, isd);
    let emrtd = Aid::new(&emrtd::APPLICATION).ok();
    // An image tells more of its own; that the application answers is asked all the same, and by readers alone told.
    #[cfg_attr(not(feature = "pcsc"), expect(unused_variables))]
    let present = emrtd.filter(|aid| emrtd::select_application(&mut session, aid).is_ok());
    drop(session);
    let (applications, inside) = match card {
        AnyCard::Virtual(card) => {
            let info = card.info();
            let instances = info.instances.iter();
            let inside = Inside {
                chip: hex::encode_upper(info.kdd),
                card_state: info.life.name(),
                memory_used_bytes: info.used_bytes,
                memory_bytes: info.memory_bytes,
                damaged_cells: info.damaged_cells,
            };
            let rows = instances.map(|entry| Application { aid: entry.aid.to_string(), state: entry.life.name() });
            (rows.collect(), Some(inside))
        }
        #[cfg(feature = "pcsc")]
        AnyCard::Reader(_) => {
            let outside = present.map(|aid| Application { aid: aid.to_string(), state: "selectable" });
            (outside.into_iter().collect(), None)
        }
    };
    let Told { domain, data, versions, counter, cplc } = told;
    let protocols = data.protocols.iter().map(|(scp, i)| format!("SCP{scp:02X} i={i:02X}")).collect();
    let extended_length = atr.announces_extended_length() && card.carries_extended_length();
    Ok(Info {
        card: name,
        atr: hex::encode_upper(atr.0),
        extended_length,
        domain,
        globalplatform: (!data.version.is_empty()).then_some(data.version),
        protocols,
        key_versions: versions.iter().map(|kvn| format!("{kvn:02X}")).collect(),
        sequence_counter: counter,
        cplc,
        applications,
        inside,
    })
}

/// A card without GlobalPlatform tells nothing here, which is no error: it is what there is to know of it.
fn domain(session: &mut Session<'_>, isd: Option<&Aid>) -> Told {
    let Ok(domain) = select_domain(session, isd) else { return Told::default() };
    let mut versions: Vec<u8> = gp::key_information(session).unwrap_or_default().iter().map(|key| key.kvn).collect();
    versions.dedup();
    let cplc = gp::cplc(session).ok().flatten().map(|fields| {
        let text = |octets: Vec<u8>| serde_json::Value::String(hex::encode_upper(octets));
        fields.into_iter().map(|(name, octets)| (name.to_owned(), text(octets))).collect()
    });
    Told {
        domain: Some(domain),
        data: gp::card_data(session).ok().flatten().unwrap_or_default(),
        versions,
        counter: gp::sequence_counter(session).ok().flatten(),
        cplc,
    }
}

fn human(info: &Info) -> String {
    let mut lines = vec![info.card.clone(), format!("  ATR           {}", info.atr)];
    if let Some(inside) = &info.inside {
        lines.push(format!("  chip          {}", inside.chip));
        lines.push(format!("  card state    {}", inside.card_state));
        lines.push(format!("  memory        {} of {} octets", inside.memory_used_bytes, inside.memory_bytes));
        if inside.damaged_cells > 0 {
            lines.push(format!("  damaged       {} cells", inside.damaged_cells));
        }
    }
    let version = info.globalplatform.as_ref().map(|version| format!("GlobalPlatform {version}"));
    let manager: Vec<String> =
        info.domain.iter().cloned().chain(version).chain(info.protocols.iter().cloned()).collect();
    if !manager.is_empty() {
        lines.push(format!("  card manager  {}", manager.join(", ")));
    }
    lines.push(format!("  key versions  {}", info.key_versions.join(", ")));
    if let Some(counter) = info.sequence_counter {
        lines.push(format!("  sequence      {counter}"));
    }
    let of_chip = |name: &str| info.cplc.as_ref().and_then(|cplc| cplc.get(name)).and_then(|value| value.as_str());
    if let (Some(fabricator), Some(kind), Some(serial)) =
        (of_chip("ic_fabricator"), of_chip("ic_type"), of_chip("ic_serial"))
    {
        lines.push(format!("  CPLC          fabricator {fabricator}, type {kind}, serial {serial}"));
    }
    lines.extend(
        info.applications
            .iter()
            .map(|application| format!("  application   {} {}", application.aid, application.state)),
    );
    if info.applications.is_empty() {
        lines.push("  applications  none".into());
    }
    lines.join("\n")
}
