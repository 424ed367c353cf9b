//! `bitaqa card ..`: a file for each group of commands; `serve` has one beside.

mod apdu;
mod info;
mod keys;
mod manage;
mod picture;
mod store_data;
mod trace;

use std::path::Path;

use bitaqa_card::nvm::medium::FileMedium;
use bitaqa_card::{Card, CardError, ChipSpec};

use crate::args;
use crate::card_source;
use crate::exit::{Class, Failure};
use crate::output::Output;
use crate::passphrase::Source;
use crate::profile_source;
use crate::world::{self, RealPlatform};

/// Runs the command.
///
/// # Errors
/// Bad input, card, and verdict for status words that are not as expected.
pub fn run(request: &args::Card, source: &Source, output: Output) -> Result<(), Failure> {
    match request {
        args::Card::New { profile, image } => {
            new(profile, image)?;
            let card = args::CardArg { image: Some(image.clone()), reader: None, wait: 0 };
            info::run(&card, None, output)
        }
        args::Card::Serve(request) => super::serve::run(request, output),
        args::Card::Info { card, isd } => info::run(card, isd.as_deref(), output),
        args::Card::List(request) => manage::list(request, source, output),
        args::Card::Install(request) => manage::install(request, source, output),
        args::Card::Delete(request) => manage::delete(request, source, output),
        args::Card::Lock(request) => manage::lock(request, source, output),
        args::Card::Keys(request) => keys::run(request, source, output),
        args::Card::StoreData(request) => store_data::run(request, source, output),
        args::Card::Apdu(request) => apdu::run(request, source, output),
        args::Card::Picture(request) => picture::run(request, source, output),
        args::Card::Trace(args::TraceCommand::Show { file, lab }) => trace::show(file, *lab, output),
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
