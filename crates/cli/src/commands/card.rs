//! `bitaqa card new|info`; `serve` has a file of its own.

use std::path::Path;

use bitaqa_card::nvm::medium::FileMedium;
use bitaqa_card::{Card, CardError, ChipSpec};
use bitaqa_terminal::session::Session;
use bitaqa_terminal::trace::Totals;
use bitaqa_terminal::{emrtd, gp};
use serde::Serialize;

use crate::args;
use crate::card_source::{self, AnyCard};
use crate::exit::{Class, Failure};
use crate::output::Output;
use crate::profile_source;
use crate::world::{self, RealPlatform};

#[derive(Serialize)]
struct Info {
    card: String,
    atr: String,
    key_versions: Vec<String>,
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
/// Bad input or card.
pub fn run(request: &args::Card, output: Output) -> Result<(), Failure> {
    match request {
        args::Card::New { profile, image } => {
            new(profile, image)?;
            let card = args::CardArg { image: Some(image.clone()), reader: None, wait: 0 };
            info(&card, output)
        }
        args::Card::Serve(request) => super::serve::run(request, output),
        args::Card::Info { card } => info(card, output),
    }
}

/// Makes a blank card.
///
/// # Errors
/// Bad input when the image exists or cannot be made; nothing is left of it then.
pub fn new(profile: &str, image: &Path) -> Result<(), Failure> {
    let profile = profile_source::load(profile)?;
    let spec = ChipSpec::of_profile(&profile, &mut world::rng());
    let spec = spec.map_err(|error| Failure::new(Class::Internal, error.to_string()))?;
    let medium = FileMedium::create(image).map_err(|error| card_source::creation_failure(image, error))?;
    let made = Card::blank(spec, Box::new(medium), Box::<RealPlatform>::default());
    made.map(drop).map_err(|error| {
        let _ = std::fs::remove_file(image);
        match error {
            CardError::Medium(error) => card_source::creation_failure(image, error),
            other => Failure::new(Class::Internal, other.to_string()),
        }
    })
}

fn info(card: &args::CardArg, output: Output) -> Result<(), Failure> {
    let name =
        card.image.as_ref().map_or_else(|| card.reader.clone().unwrap_or_default(), |path| path.display().to_string());
    let mut at_hand = AnyCard::open(card, output)?;
    let info = ask(&mut at_hand, name)?;
    output.result(&info, || human(&info))
}

/// Asks over the command interface what anyone may ask; adds what an image tells its owner.
fn ask(card: &mut AnyCard, name: String) -> Result<Info, Failure> {
    use bitaqa_apdu::Transport;
    let atr = card.reset().map_err(Failure::card)?;
    let mut totals = Totals::default();
    let mut session = Session::open(card, &mut totals).map_err(Failure::card)?;
    // Where the profile is not known, the issuer security domain is asked for by the AID that most cards give it.
    let versions = bitaqa_apdu::Aid::from_hex(ISD_AID).ok().and_then(|aid| {
        gp::select(&mut session, &aid).ok()?;
        gp::key_information(&mut session).ok()
    });
    let emrtd = bitaqa_apdu::Aid::new(&emrtd::APPLICATION).ok();
    let present = emrtd.filter(|aid| emrtd::select_application(&mut session, aid).is_ok());
    drop(session);
    let mut versions: Vec<u8> = versions.unwrap_or_default().iter().map(|key| key.kvn).collect();
    versions.dedup();
    let outside = present.map(|aid| Application { aid: aid.to_string(), state: "selectable" });
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
        AnyCard::Reader(_) => (outside.into_iter().collect(), None),
    };
    let key_versions = versions.iter().map(|kvn| format!("{kvn:02X}")).collect();
    Ok(Info { card: name, atr: hex::encode_upper(atr.0), key_versions, applications, inside })
}

/// AID of the issuer security domain on most cards, GPC 2.3.1 App. H.
const ISD_AID: &str = "A000000151000000";

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
    lines.push(format!("  key versions  {}", info.key_versions.join(", ")));
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
