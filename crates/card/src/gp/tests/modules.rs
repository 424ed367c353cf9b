//! Modules that the platform brings: loaded, installed and kept like those of this crate, and missed by name.

use bitaqa_apdu::{Aid, Command, Response, Sw};
use rand_core::CryptoRng;

use super::commands::{for_load, load, load_file, native};
use super::world::{APP, APP_MODULE, APP_PACKAGE, ISD, Line, Seeded, install, install_app, keys, platform, rng, spec};
use crate::applet::{Applet, Host, Module, Selection, StoreData};
use crate::chip::Quirks;
use crate::nvm::medium::MemoryMedium;
use crate::{Card, CardError, Platform, emrtd};

const FILE: &[u8] = &[0xF0, 1, 2, 3, 4];
const MODULE: &[u8] = &[0xF0, 1, 2, 3, 4, 5];
const CELL: u16 = 1;

/// Answers how often it was asked.
struct Counter;

impl Applet for Counter {
    fn select(&mut self, _: Selection, _: &mut Host<'_>) -> Result<Response, Sw> {
        Ok(Response::ok(Vec::new()))
    }

    fn process(&mut self, _: Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        let count = host.get(CELL).and_then(|cell| cell.first()).copied().unwrap_or(0) + 1;
        host.put(CELL, &[count])?;
        Ok(Response::ok(vec![count]))
    }

    fn deselect(&mut self, _: &mut Host<'_>) {}

    fn personalise(&mut self, _: &StoreData<'_>, _: &mut Host<'_>) -> Result<Response, Sw> {
        Err(Sw::INS_NOT_SUPPORTED)
    }

    fn seal(&mut self, _: &mut Host<'_>) -> Result<(), Sw> {
        Ok(())
    }
}

struct CounterModule(Aid);

impl Module for CounterModule {
    fn aid(&self) -> &Aid {
        &self.0
    }

    fn install(&self, _: &[u8], host: &mut Host<'_>) -> Result<(), Sw> {
        Ok(host.put(CELL, &[0])?)
    }

    fn applet(&self) -> Box<dyn Applet> {
        Box::new(Counter)
    }
}

/// Has a module under a name of its own, and claims one of this crate's.
struct WithCounter(Seeded);

impl Platform for WithCounter {
    fn rng(&mut self) -> &mut dyn CryptoRng {
        self.0.rng()
    }

    fn wait(&mut self, _: u32) {}

    fn module(&self, name: &str, aid: &Aid) -> Option<Box<dyn Module>> {
        ["counter", emrtd::NAME].contains(&name).then(|| Box::new(CounterModule(aid.clone())) as Box<dyn Module>)
    }
}

fn with_counter() -> Box<dyn Platform> {
    Box::new(WithCounter(Seeded(rng(4))))
}

#[test]
fn a_module_of_the_platform_is_loaded_installed_and_kept() {
    let mut line = Line::new();
    let medium = MemoryMedium::default();
    line.card =
        Card::blank(spec(keys(0x40), 0x03, 0x70, Quirks::default()), Box::new(medium.clone()), with_counter()).unwrap();
    line.open(ISD, 1, &keys(0x40));
    let (octets, hash) = load_file(&native(MODULE, b"counter"));
    line.ok(for_load(0x02, 0, FILE, &hash));
    assert_eq!(load(&mut line, &octets, 200), Sw::OK);
    line.ok(install(0x0C, [FILE, MODULE, APP, &[0], &[0xC9, 0], &[]]));
    let ask = || Command::new(0x10, 0, 0).ne(1);
    assert_eq!(line.select(APP), Sw::OK);
    assert_eq!((line.ok(ask()), line.ok(ask())), (vec![1], vec![2]));
    // Its cell is the card's: it lives on with the platform that has the module.
    line.card = Card::load(Box::new(medium.clone()), with_counter()).unwrap();
    assert_eq!(line.select(APP), Sw::OK);
    assert_eq!(line.ok(ask()), [3]);
    // Without it the image is refused by the name of what is missing.
    let refused = Card::load(Box::new(medium), platform(5)).err();
    assert!(matches!(refused, Some(CardError::Module(name)) if name == "counter"));
}

#[test]
fn a_platform_replaces_no_module_of_this_crate() {
    let mut line = Line::new();
    let spec = spec(keys(0x40), 0x03, 0x70, Quirks::default());
    line.card = Card::blank(spec, Box::<MemoryMedium>::default(), with_counter()).unwrap();
    line.open(ISD, 1, &keys(0x40));
    // A counter would take any parameters; an eMRTD takes none that are empty.
    assert_ne!(line.sw(install(0x0C, [APP_PACKAGE, APP_MODULE, APP, &[0], &[0xC9, 0], &[]])), Sw::OK);
    line.ok(install_app(APP));
}
