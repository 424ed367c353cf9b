//! Where a run takes place: the folder it makes its things in, the programs under judgement, the fault of the card.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::defect::Defect;
use crate::desk::{self, Desk};
use crate::namespace;

/// One run.
pub struct Stage {
    out: PathBuf,
    /// The product: the binary `bitaqa`, built beside this one.
    pub bitaqa: PathBuf,
    /// This program: it serves the card that has a fault.
    pub own: PathBuf,
    /// The fault of every card of this run.
    pub defect: Option<&'static Defect>,
    issued: RefCell<BTreeMap<String, Result<PathBuf, String>>>,
    namespaces: OnceCell<Result<Vec<&'static str>, String>>,
    folders: Cell<usize>,
}

impl Stage {
    /// A run in this folder; what an earlier run left of its cards goes.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn new(out: &Path, defect: Option<&'static Defect>) -> Result<Self, String> {
        let work = out.join("work");
        let _ = std::fs::remove_dir_all(&work); // there is none in a first run
        std::fs::create_dir_all(&work).map_err(|error| format!("{}: {error}; give another --out", work.display()))?;
        let out = out.canonicalize().map_err(|error| format!("{}: {error}", out.display()))?;
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let bitaqa = own.with_file_name("bitaqa");
        let (issued, namespaces, folders) = (RefCell::default(), OnceCell::new(), Cell::new(0));
        Ok(Self { out, bitaqa, own, defect, issued, namespaces, folders })
    }

    /// The interpreter of the run's own Python environment, whether or not it exists.
    pub fn python(&self) -> PathBuf {
        self.kept("venv").join("bin/python")
    }

    /// Folder for what is built for a foreign program and kept from run to run.
    pub fn kept(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }

    /// A new folder of this run; it stays, for whoever wants to see what went wrong.
    ///
    /// # Errors
    /// The operating system's refusal.
    pub fn folder(&self, name: &str) -> Result<PathBuf, String> {
        self.folders.set(self.folders.get() + 1);
        let folder = self.out.join(format!("work/{:02}-{name}", self.folders.get()));
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }

    /// A desk with an issued card of this profile, of the caller's own: sample person, issuer's keys, card, print data.
    /// The card of a profile is issued once in a run and copied.
    ///
    /// # Errors
    /// What `bitaqa` said when it could not issue the card.
    pub fn desk(&self, profile: &str) -> Result<Desk, String> {
        let known = self.issued.borrow().get(profile).cloned();
        let issued = known.unwrap_or_else(|| {
            let issued = self.folder(&format!("issued-{profile}")).and_then(|folder| {
                desk::issue(&self.bitaqa, &Desk { folder: folder.clone(), profile: profile.to_owned() })?;
                Ok(folder)
            });
            self.issued.borrow_mut().insert(profile.to_owned(), issued.clone());
            issued
        })?;
        let folder = self.folder(&format!("desk-{profile}"))?;
        desk::copy(&issued, &folder)?;
        let desk = Desk { folder, profile: profile.to_owned() };
        if let Some(defect) = self.defect {
            defect.damage(&desk)?;
        }
        Ok(desk)
    }

    /// A folder with a card of this profile as it comes from the factory.
    ///
    /// # Errors
    /// As [`Stage::desk`].
    pub fn blank(&self, profile: &str) -> Result<Desk, String> {
        let desk = Desk { folder: self.folder(&format!("blank-{profile}"))?, profile: profile.to_owned() };
        desk::blank(&self.bitaqa, &desk)?;
        Ok(desk)
    }

    /// Words before a script that is to run in namespaces of its own, or why there are none.
    pub fn namespaces(&self) -> &Result<Vec<&'static str>, String> {
        self.namespaces.get_or_init(namespace::find)
    }
}
