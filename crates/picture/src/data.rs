//! What a chip says, as far as a card shows it.

use bitaqa_biometrics::portrait::Source;
use bitaqa_biometrics::raster::Rgb;
use bitaqa_lds::bilingual::Bilingual;
use bitaqa_lds::dg1::Dg1;
use bitaqa_lds::dg11::Dg11;
use bitaqa_lds::dg12::Dg12;
use bitaqa_lds::dg13::{Dg13, SpouseKind};
use bitaqa_lds::face::Dg2;
use bitaqa_lds::mrz::{Mrz, Sex};
use bitaqa_lds::text::Text;
use time::Date;

use crate::PictureError;

/// A text in both scripts; either may be missing.
#[derive(Clone, Default)]
pub(crate) struct Pair {
    pub(crate) arabic: String,
    pub(crate) latin: String,
}

/// Everything that is drawn, by the files it was read from: no field is made out of another one.
pub struct CardData {
    pub(crate) mrz: [String; 3],
    pub(crate) surname: Pair,
    pub(crate) given: Pair,
    pub(crate) birth_date: String,
    pub(crate) birth_place: Pair,
    pub(crate) expiry_date: String,
    pub(crate) issue_date: String,
    pub(crate) cin: String,
    pub(crate) document_number: String,
    pub(crate) sex: &'static str,
    pub(crate) father: Pair,
    pub(crate) mother: Pair,
    pub(crate) spouse: Option<(Pair, Pair)>,
    pub(crate) address: Pair,
    pub(crate) registry: String,
    pub(crate) authority: Pair,
    pub(crate) portrait: Option<Rgb>,
    /// Files that were there and used.
    files: Vec<&'static str>,
}

impl core::fmt::Debug for CardData {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("CardData(..)")
    }
}

impl CardData {
    /// Reads the files of a chip; `file` gives the octets of `DG1`, `DG2`, `DG11`, `DG12` and `DG13`, where they were
    /// read. Only DG1 must be there. `today` decides which century a year of the MRZ is in.
    ///
    /// # Errors
    /// [`PictureError`]: no DG1, or a file that does not read.
    pub fn read(file: &dyn Fn(&str) -> Option<Vec<u8>>, today: Date) -> Result<Self, PictureError> {
        let dg1 = read("DG1", file, Dg1::decode)?.ok_or(PictureError::Missing("DG1"))?;
        let dg2 = read("DG2", file, |octets| Dg2::decode_tolerant(octets).map(|(dg2, _)| dg2))?;
        let (dg11, dg12) = (read("DG11", file, Dg11::decode)?, read("DG12", file, Dg12::decode)?);
        let dg13 = read("DG13", file, Dg13::decode)?;
        let there = [
            (true, "DG1"),
            (dg2.is_some(), "DG2"),
            (dg11.is_some(), "DG11"),
            (dg12.is_some(), "DG12"),
            (dg13.is_some(), "DG13"),
        ];
        let portrait = match dg2.as_ref().and_then(|dg2| dg2.faces.first()) {
            Some(face) => Some(Source::read(&face.image)?.pixels),
            None => None,
        };
        let mut data = Self::of_mrz(&dg1.mrz, today);
        data.files = there.into_iter().filter(|(there, _)| *there).map(|(_, name)| name).collect();
        data.portrait = portrait;
        if let Some(dg13) = dg13 {
            data.add_dg13(&dg13);
        } else if let Some(name) = dg11.as_ref().and_then(|dg11| dg11.full_name.as_ref()) {
            // Fillers of 5F0E: two between the names, one between their parts.
            let (surname, given) = name.split_once("<<").unwrap_or((name, ""));
            (data.surname.arabic, data.given.arabic) = (surname.replace('<', " "), given.replace('<', " "));
        }
        if let Some(dg11) = dg11 {
            data.cin = dg11.personal_number.as_ref().map_or(data.cin, |cin| (**cin).to_owned());
        }
        if let Some(dg12) = dg12 {
            data.issue_date = dg12.issued.map(printed).unwrap_or_default();
            data.authority.arabic = text(dg12.authority.as_ref());
        }
        Ok(data)
    }

    /// Names of the files that were used.
    pub fn files(&self) -> &[&'static str] {
        &self.files
    }

    fn of_mrz(mrz: &Mrz, today: Date) -> Self {
        let latin = |latin: String| Pair { arabic: String::new(), latin };
        Self {
            mrz: mrz.lines().map(str::to_owned),
            surname: latin(mrz.surname()),
            given: latin(mrz.given_names()),
            birth_date: mrz.birth_date(today).map_or_else(|| mrz.birth().to_owned(), printed),
            birth_place: Pair::default(),
            expiry_date: mrz.expiry_date(today).map_or_else(|| mrz.expiry().to_owned(), printed),
            issue_date: String::new(),
            cin: mrz.optional_1().to_owned(),
            document_number: mrz.document_number().to_owned(),
            sex: match mrz.sex() {
                Sex::Male => "M",
                Sex::Female => "F",
                Sex::Unspecified => "X",
            },
            father: Pair::default(),
            mother: Pair::default(),
            spouse: None,
            address: Pair::default(),
            registry: String::new(),
            authority: Pair::default(),
            portrait: None,
            files: Vec::new(),
        }
    }

    fn add_dg13(&mut self, dg13: &Dg13) {
        let fields = [
            (&mut self.surname, &dg13.family_name),
            (&mut self.given, &dg13.given_names),
            (&mut self.birth_place, &dg13.place_of_birth),
            (&mut self.father, &dg13.father),
            (&mut self.mother, &dg13.mother),
            (&mut self.address, &dg13.address),
        ];
        for (field, value) in fields {
            if let Some(value) = value {
                *field = pair(value);
            }
        }
        self.registry = text(dg13.civil_registry_number.as_ref());
        self.spouse = dg13.spouse.as_ref().map(|spouse| {
            let (latin, arabic) = match spouse.kind {
                SpouseKind::Wife => ("épouse", "زوجة"),
                SpouseKind::Widow => ("veuve", "أرملة"),
                SpouseKind::Widower => ("veuf", "أرمل"),
            };
            (Pair { arabic: arabic.to_owned(), latin: latin.to_owned() }, pair(&spouse.name))
        });
    }
}

/// One file, where it was read.
fn read<T>(
    name: &'static str,
    file: &dyn Fn(&str) -> Option<Vec<u8>>,
    decode: impl Fn(&[u8]) -> Result<T, bitaqa_lds::LdsError>,
) -> Result<Option<T>, PictureError> {
    let decoded = file(name).map(|octets| decode(&octets)).transpose();
    decoded.map_err(|source| PictureError::File { file: name, source })
}

fn text(value: Option<&Text>) -> String {
    value.map(|text| (**text).to_owned()).unwrap_or_default()
}

fn pair(value: &Bilingual) -> Pair {
    Pair { arabic: (*value.arabic).to_owned(), latin: (*value.latin).to_owned() }
}

/// As a CNIE prints dates.
fn printed(date: Date) -> String {
    format!("{:02}.{:02}.{:04}", date.day(), u8::from(date.month()), date.year())
}
