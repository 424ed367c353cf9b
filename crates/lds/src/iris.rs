//! DG4, irises: 9303-10 §4.7.4. The shell, the eye and the zero-instance form; a record is carried as it is, of
//! ISO/IEC 19794-6:2005 or 39794-6. No card of ours has this group, a reader meets it on others.

use bitaqa_apdu::Bytes;

use crate::biometrics::{self, Generation, Header, Instance, Modality, RecordFormat};
use crate::error::{LdsError, value};

const SUBTYPE: u32 = 0x82;
const GROUP: u32 = 0x7F61;
/// Fewest random octets of the zero-instance form, as for DG3.
const RANDOM_OCTETS_MIN: usize = 16;

/// Which eye, the biometric sub-type of 9303-10 Table 52.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Eye {
    /// 01
    Right = 1,
    /// 02
    Left = 2,
}

/// One iris.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iris {
    /// Which eye.
    pub eye: Eye,
    /// Record: begins `IIR` in 19794-6, is DER under application tag 6 in 39794-6.
    pub record: Bytes,
    /// Header template of this instance.
    header: Header,
}

impl Iris {
    /// An iris by its record.
    ///
    /// # Errors
    /// [`LdsError::Record`] for octets that begin as no such record.
    pub fn new(eye: Eye, record: impl Into<Bytes>, generation: Generation) -> Result<Self, LdsError> {
        let record = record.into();
        let format = match generation {
            Generation::Iso19794 => RecordFormat::IrisImage,
            Generation::Iso39794 => RecordFormat::IrisImage39794,
        };
        check(&record, generation)?;
        Ok(Self { eye, record, header: Header::new(eye as u8, format) })
    }

    fn decode(instance: Instance<'_>) -> Result<Self, LdsError> {
        let eye = match instance.header.subtype.ok_or(LdsError::Missing(SUBTYPE))? {
            1 => Eye::Right,
            2 => Eye::Left,
            _ => return Err(value(SUBTYPE, "names neither the right nor the left eye")),
        };
        check(instance.record, instance.header.format.generation())?;
        Ok(Self { eye, record: instance.record.into(), header: instance.header })
    }

    fn header(&self) -> Header {
        let mut header = self.header.clone();
        header.subtype = Some(self.eye as u8);
        header
    }
}

fn check(record: &[u8], generation: Generation) -> Result<(), LdsError> {
    match generation {
        Generation::Iso19794 if record.starts_with(b"IIR\x00010\0") => Ok(()),
        Generation::Iso39794 if bitaqa_apdu::tlv::only(record, 0xA1).is_ok_and(|body| body.starts_with(&[0x66])) => {
            Ok(())
        }
        _ => Err(LdsError::Record { record: "IIR", field: "format identifier", why: "is not that of an iris" }),
    }
}

/// Content of DG4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dg4 {
    /// One or two irises, in the order of the file.
    Irises(Vec<Iris>),
    /// No iris is on the card.
    Empty {
        /// Random octets, 16 or more in our own files.
        random: Bytes,
    },
}

impl Dg4 {
    /// The file.
    ///
    /// # Errors
    /// [`LdsError::Value`] for one eye twice or too few random octets, [`LdsError::Record`] as for [`Iris::new`].
    pub fn encode(&self) -> Result<Bytes, LdsError> {
        match self {
            Self::Irises(irises) => {
                check_eyes(irises)?;
                let instances = irises.iter().map(|iris| {
                    check(&iris.record, iris.header.format.generation())?;
                    Ok((iris.header(), iris.record.clone()))
                });
                biometrics::encode(Modality::Iris, &instances.collect::<Result<Vec<_>, LdsError>>()?, &[])
            }
            Self::Empty { random } => {
                check_random(random)?;
                biometrics::encode(Modality::Iris, &[], random)
            }
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// As [`Dg4::encode`], and the errors of the shell.
    pub fn decode(octets: &[u8]) -> Result<Self, LdsError> {
        let (instances, random) = biometrics::decode(octets, Modality::Iris)?;
        if instances.is_empty() {
            let random: Bytes = random.ok_or(LdsError::Missing(biometrics::RANDOM))?.into();
            check_random(&random)?;
            return Ok(Self::Empty { random });
        }
        if random.is_some() {
            return Err(LdsError::OutOfPlace(biometrics::RANDOM));
        }
        let irises = instances.into_iter().map(Iris::decode).collect::<Result<Vec<_>, _>>()?;
        check_eyes(&irises)?;
        Ok(Self::Irises(irises))
    }
}

fn check_random(random: &[u8]) -> Result<(), LdsError> {
    if random.len() < RANDOM_OCTETS_MIN {
        return Err(value(biometrics::RANDOM, "has fewer than 16 random octets"));
    }
    Ok(())
}

fn check_eyes(irises: &[Iris]) -> Result<(), LdsError> {
    match irises {
        [] => Err(value(GROUP, "holds no iris: use the zero-instance form")),
        [first, second] if first.eye == second.eye => Err(value(GROUP, "holds one eye twice")),
        [_] | [_, _] => Ok(()),
        _ => Err(value(GROUP, "holds more than two irises")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iris(eye: Eye) -> Iris {
        Iris::new(eye, b"IIR\x00010\0rest".as_slice(), Generation::Iso19794).unwrap()
    }

    #[test]
    fn the_shape_of_dg3_under_another_tag() {
        let newer = Iris::new(Eye::Left, [0xA1, 2, 0x66, 0], Generation::Iso39794).unwrap();
        let file = Dg4::Irises(vec![iris(Eye::Right), newer]);
        let octets = file.encode().unwrap();
        let text = hex::encode_upper(&*octets);
        let start = "764A7F61470201027F6023A112800201018101108201018702010188020009\
                     5F2E0C49495200303130007265737400";
        assert!(text.starts_with(&start[..start.len() - 2]), "{text}");
        assert!(text.contains("8201028702010188020 02C7F2E04A1026600".replace(' ', "").as_str()), "{text}");
        assert_eq!(Dg4::decode(&octets).unwrap(), file);
        let none = Dg4::Empty { random: vec![0xAB; 16].into() };
        assert_eq!(hex::encode_upper(&*none.encode().unwrap()), format!("76187F61030201005310{}", "AB".repeat(16)));
        assert_eq!(Dg4::decode(&none.encode().unwrap()).unwrap(), none);
    }

    #[test]
    fn what_is_no_dg4_is_refused() {
        assert!(Iris::new(Eye::Left, b"FIR\x00010\0".as_slice(), Generation::Iso19794).is_err());
        assert!(Iris::new(Eye::Left, b"IIR\x00010\0".as_slice(), Generation::Iso39794).is_err());
        assert!(Dg4::Irises(vec![iris(Eye::Left), iris(Eye::Left)]).encode().is_err());
        assert!(Dg4::Irises(vec![]).encode().is_err());
        assert!(Dg4::Empty { random: vec![0; 15].into() }.encode().is_err());
        let good = Dg4::Irises(vec![iris(Eye::Left)]).encode().unwrap().into_vec();
        let at = good.windows(3).position(|octets| octets == [0x82, 1, 2]).unwrap();
        let mut third = good;
        third[at + 2] = 3;
        assert!(matches!(Dg4::decode(&third), Err(LdsError::Value { tag: 0x82, .. })));
    }
}
