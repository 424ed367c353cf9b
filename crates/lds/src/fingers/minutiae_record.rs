//! Minutiae record, ISO/IEC 19794-2:2005, record format: checked from the first octet to the last and carried as it is.
//!
//! ```text
//! header  24   FMR\0 ' 20\0', u32 length, u16 device, u16 width, height, u16 px/cm x, y, views, 0
//! view     4   position, view number << 4 | impression, quality, count
//! minutia  6   type (2 bits) and x (14), 0 (2) and y (14), angle, quality
//! then         u16 length of extensions, extensions
//! ```

use bitaqa_apdu::Bytes;

use super::FingerPosition;
use crate::biometrics::Fields;
use crate::error::LdsError;

const RECORD: &str = "FMR";
const MINUTIA_OCTETS: usize = 6;
/// Most views that a record of 2005 can count.
const VIEWS_MAX: u8 = 176;

/// One view as its header tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Finger position, 0 unknown.
    pub position: u8,
    /// Counts the views of one finger from 0.
    pub number: u8,
    /// Kind of impression.
    pub impression: u8,
    /// 0 to 100.
    pub quality: u8,
    /// Minutiae in this view.
    pub minutiae: u8,
}

/// A record that was walked to its end.
#[derive(Clone, PartialEq, Eq)]
pub struct MinutiaeRecord {
    octets: Bytes,
    width: u16,
    height: u16,
    views: Vec<View>,
}

impl core::fmt::Debug for MinutiaeRecord {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "MinutiaeRecord({} octets, {} views)", self.octets.len(), self.views.len())
    }
}

impl MinutiaeRecord {
    /// Walks a record.
    ///
    /// # Errors
    /// [`LdsError::Record`] with the field that is wrong.
    pub fn new(octets: impl Into<Bytes>) -> Result<Self, LdsError> {
        let octets = octets.into();
        let mut fields = Fields::new(&octets, RECORD);
        fields.fixed(b"FMR\0", "format identifier", "is not FMR")?;
        fields.fixed(b" 20\0", "version", "is not that of 2005")?;
        if usize::try_from(fields.u32("length")?) != Ok(octets.len()) {
            return Err(field("length", "is not that of the record"));
        }
        fields.u16("capture device")?;
        let (width, height) = (fields.u16("width")?, fields.u16("height")?);
        let resolution = (fields.u16("resolution")?, fields.u16("resolution")?);
        if width == 0 || height == 0 || resolution.0 == 0 || resolution.1 == 0 {
            return Err(field("width, height or resolution", "is 0"));
        }
        let count = fields.u8("number of views")?;
        fields.fixed(&[0], "reserved", "is not zero")?;
        if count > VIEWS_MAX {
            return Err(field("number of views", "is above 176"));
        }
        let views = (0..count).map(|_| view(&mut fields, width, height)).collect::<Result<Vec<_>, _>>()?;
        if fields.left() != 0 {
            return Err(field("length", "leaves octets behind the last view"));
        }
        Ok(Self { octets, width, height, views })
    }

    /// The whole record.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Width and height of the image in pixels.
    pub const fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    /// In the order of the record.
    pub fn views(&self) -> &[View] {
        &self.views
    }

    /// In a data group a record holds one view, of the finger that the header template names.
    pub(super) fn check_finger(&self, position: FingerPosition) -> Result<(), LdsError> {
        match self.views.as_slice() {
            [view] if view.position == position.code() => Ok(()),
            [_] => Err(field("finger position", "is not that of the header template")),
            _ => Err(field("number of views", "is not 1: each finger has its own instance")),
        }
    }
}

/// One view: header, minutiae inside the image, extensions of the length told.
fn view(fields: &mut Fields<'_>, width: u16, height: u16) -> Result<View, LdsError> {
    let [position, number_and_impression, quality, minutiae] = fields.array::<4>("view header")?;
    if position > 10 {
        return Err(field("finger position", "is above 10"));
    }
    if quality > 100 {
        return Err(field("finger quality", "is above 100"));
    }
    for minutia in fields.take(usize::from(minutiae) * MINUTIA_OCTETS, "minutiae")?.as_chunks::<MINUTIA_OCTETS>().0 {
        let [x_high, x_low, y_high, y_low, _angle, quality] = *minutia;
        let (x, y) = (u16::from_be_bytes([x_high, x_low]), u16::from_be_bytes([y_high, y_low]));
        if x >> 14 == 3 {
            return Err(field("minutia type", "is a reserved value"));
        }
        if x & 0x3FFF >= width || y >= height {
            return Err(field("minutia", "lies outside the image"));
        }
        if quality > 100 {
            return Err(field("minutia quality", "is above 100"));
        }
    }
    let extensions = fields.u16("extension length")?;
    fields.take(usize::from(extensions), "extensions")?;
    let (number, impression) = (number_and_impression >> 4, number_and_impression & 0x0F);
    Ok(View { position, number, impression, quality, minutiae })
}

const fn field(field: &'static str, why: &'static str) -> LdsError {
    LdsError::Record { record: RECORD, field, why }
}
