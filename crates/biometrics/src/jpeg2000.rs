//! Samples out of JPEG 2000, of portraits and of prints.

use bitaqa_lds::image::ImageHeader;

/// JPEG 2000 has more work for each pixel than others, and neither portraits nor prints have fewer octets than these.
pub(crate) const PIXELS_PER_OCTET_MAX: u64 = 200;

/// Why there are no samples.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Jpeg2000Error {
    /// What neither a portrait nor a print has.
    #[error("JPEG 2000 with {0}")]
    Kind(&'static str),
    /// The decoder's words.
    #[error("JPEG 2000 does not decode: {0}")]
    Decode(String),
}

fn decode(error: &dyn core::fmt::Display) -> Jpeg2000Error {
    Jpeg2000Error::Decode(error.to_string())
}

/// Decodes strictly; that a damaged code stream decodes all the same is possible, and the digest of EF.SOD decides.
///
/// # Errors
/// [`Jpeg2000Error`].
pub(crate) fn samples(octets: &[u8], header: &ImageHeader) -> Result<Vec<u8>, Jpeg2000Error> {
    let settings = hayro_jpeg2000::DecodeSettings { strict: true, ..Default::default() };
    let image = hayro_jpeg2000::Image::new(octets, &settings).map_err(|error| decode(&error))?;
    if image.has_alpha() {
        return Err(Jpeg2000Error::Kind("transparency"));
    }
    let channels = u16::from(image.color_space().num_channels());
    if channels != header.components || !matches!(channels, 1 | 3) {
        return Err(Jpeg2000Error::Kind("a palette, or colours that are neither grey nor red, green and blue"));
    }
    if (image.width(), image.height()) != (header.width, header.height) {
        return Err(decode(&"the decoder finds another size than the header announces"));
    }
    let pixels = u64::from(header.width) * u64::from(header.height);
    let mut context = hayro_jpeg2000::DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|error| decode(&error))?;
    let wanted = usize::try_from(pixels * u64::from(channels)).unwrap_or(usize::MAX);
    if decoded.components().iter().any(|component| component.samples().len() as u64 != pixels) {
        return Err(decode(&"components of different size"));
    }
    let mut samples = vec![0; wanted];
    decoded.store_u8_into(&mut samples);
    Ok(samples)
}
