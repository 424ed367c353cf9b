//! `bitaqa card picture`: both sides of a card, drawn out of its chip.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use bitaqa_picture::{CardData, Fonts, PictureError, back, front};
use serde::Serialize;

use crate::args::{CardArg, Inspect, Picture};
use crate::commands::inspect;
use crate::exit::{Class, Failure};
use crate::output::Output;
use crate::passphrase::Source;
use crate::{pki_folder, world};

/// Octets of the largest file of a chip that is looked at.
const FILE_OCTETS_MAX: u64 = 1 << 20;

#[derive(Serialize)]
struct Drawn {
    folder: String,
    pictures: Vec<&'static str>,
    /// Files of the chip that were drawn.
    files: Vec<&'static str>,
    dpi: u16,
}

/// Runs the command.
///
/// # Errors
/// Bad input for files that do not read, and what an inspection answers.
pub fn run(request: &Picture, source: &Source, output: Output) -> Result<(), Failure> {
    let data = match &request.from {
        Some(folder) => from_folder(folder)?,
        None => from_card(request, source, output)?,
    };
    let fonts = Fonts::new().map_err(|error| internal(&error))?;
    pki_folder::fresh_folder(&request.out)?;
    let sides = [("front.png", "front.svg", front(&data, &fonts)), ("back.png", "back.svg", back(&data, &fonts))];
    let mut pictures = Vec::new();
    for (png, svg, scene) in sides {
        let pixels = scene.png(request.dpi).map_err(|error| internal(&error))?;
        let shapes = scene.svg().map_err(|error| internal(&error))?;
        for (name, octets) in [(png, pixels.as_slice()), (svg, shapes.as_bytes())] {
            // a portrait: for the owner's eyes, like the files themselves
            pki_folder::write_new(&request.out.join(name), octets, true)?;
            pictures.push(name);
        }
    }
    let drawn =
        Drawn { folder: request.out.display().to_string(), pictures, files: data.files().to_vec(), dpi: request.dpi };
    output.result(&drawn, || format!("{}: {} from {}", drawn.folder, drawn.pictures.join(", "), drawn.files.join(", ")))
}

fn internal(error: &PictureError) -> Failure {
    Failure::new(Class::Internal, error.to_string())
}

/// The files in a folder, or in the folder `inspection` that a demonstration leaves in it.
fn from_folder(folder: &Path) -> Result<CardData, Failure> {
    let inside = folder.join("inspection");
    let folder: PathBuf = if inside.is_dir() { inside } else { folder.to_owned() };
    let read = |name: &str| {
        let mut octets = Vec::new();
        let file = File::open(folder.join(format!("{name}.bin"))).ok()?;
        file.take(FILE_OCTETS_MAX).read_to_end(&mut octets).ok()?;
        Some(octets)
    };
    CardData::read(&read, world::today()).map_err(|error| {
        Failure::input(
            &folder,
            error,
            "give the folder of `inspect --out`, with DG1.bin and the others as they were read",
        )
    })
}

fn from_card(request: &Picture, source: &Source, output: Output) -> Result<CardData, Failure> {
    let inspected = Inspect {
        card: CardArg { image: request.image.clone(), reader: request.reader.clone(), wait: 0 },
        can: request.can.clone(),
        mrz: None,
        mrz_file: request.mrz_file.clone(),
        pin: None,
        puk: None,
        last_try: false,
        profile: request.profile.clone(),
        allow_downgrade: false,
        trust: None,
        terminal: None,
        out: None,
        trace: None,
        trace_data: None,
    };
    let (inspection, ..) = inspect::read(&inspected, source, output)?;
    let file = |name: &str| {
        let found = inspection.files.iter().find(|file| file.name == name)?;
        Some(found.content.to_vec())
    };
    CardData::read(&file, world::today()).map_err(|error| {
        Failure::card(format!("{error}. The card is unharmed. Next: inspect it and see what it lets a reader read"))
    })
}
