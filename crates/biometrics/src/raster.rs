//! Images in memory: 8-bit samples row by row from the top, without padding, wiped when dropped.
//!
//! A raster is biometric data of a person as soon as it holds an enrolled image, and so neither type prints its
//! samples. What it holds always fits its declared size: every reader and filter behind it may rely on that.

use core::fmt;

use zeroize::Zeroizing;

/// Why samples make no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RasterError {
    /// A side without a pixel.
    #[error("an image of {width} x {height} has no pixel: both sides are at least 1")]
    Empty {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// More or fewer octets than the sides ask for.
    #[error("{width} x {height} pixels of {channels} octets each are not {octets} octets: sides and samples disagree")]
    Size {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Octets of a pixel.
        channels: u32,
        /// Octets given.
        octets: usize,
    },
}

/// One plane of 8-bit samples, 0 black to 255 white.
pub type Grey = Raster<1>;

/// Three 8-bit samples a pixel in the order red, green, blue.
pub type Rgb = Raster<3>;

/// An image of so many 8-bit samples a pixel.
#[derive(Clone, PartialEq, Eq)]
pub struct Raster<const CHANNELS: u32> {
    width: u32,
    height: u32,
    samples: Zeroizing<Vec<u8>>,
}

impl<const CHANNELS: u32> Raster<CHANNELS> {
    /// Takes `CHANNELS * width * height` samples, pixel by pixel, row by row from the top.
    ///
    /// # Errors
    /// [`RasterError::Empty`] without a pixel, [`RasterError::Size`] when the number of samples is another one.
    pub fn new(width: u32, height: u32, samples: Vec<u8>) -> Result<Self, RasterError> {
        let samples = Zeroizing::new(samples);
        fits(width, height, CHANNELS, samples.len())?;
        Ok(Self { width, height, samples })
    }

    /// Columns, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// All samples, `CHANNELS * width * height` octets.
    pub fn samples(&self) -> &[u8] {
        &self.samples
    }

    /// The samples of one row counted from the top, `CHANNELS` a pixel; empty below the last one.
    pub fn row(&self, y: u32) -> &[u8] {
        row(&self.samples, self.width as usize * CHANNELS as usize, y)
    }
}

impl<const CHANNELS: u32> fmt::Debug for Raster<CHANNELS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if CHANNELS == 1 { "Grey" } else { "Rgb" };
        write!(f, "{name}({} x {})", self.width, self.height)
    }
}

/// Checks sides against samples without trusting their product.
fn fits(width: u32, height: u32, channels: u32, octets: usize) -> Result<(), RasterError> {
    if width == 0 || height == 0 {
        return Err(RasterError::Empty { width, height });
    }
    let wanted = (width as usize).checked_mul(height as usize).and_then(|pixels| pixels.checked_mul(channels as usize));
    if wanted != Some(octets) {
        return Err(RasterError::Size { width, height, channels, octets });
    }
    Ok(())
}

/// One row of `stride` octets.
fn row(samples: &[u8], stride: usize, y: u32) -> &[u8] {
    let start = stride.saturating_mul(y as usize);
    samples.get(start..start.saturating_add(stride)).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_out_of_the_samples() {
        let grey = Grey::new(3, 2, vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!((grey.row(0), grey.row(1), grey.row(2)), (&[1, 2, 3][..], &[4, 5, 6][..], &[][..]));
        let rgb = Rgb::new(1, 2, vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!((rgb.row(1), rgb.row(u32::MAX)), (&[4, 5, 6][..], &[][..]));
    }

    #[test]
    fn sides_that_do_not_fit_the_samples_are_refused() {
        assert_eq!(Grey::new(0, 5, Vec::new()), Err(RasterError::Empty { width: 0, height: 5 }));
        let short = Grey::new(2, 2, vec![0; 3]);
        assert_eq!(short, Err(RasterError::Size { width: 2, height: 2, channels: 1, octets: 3 }));
        // sides whose product does not fit any memory
        assert!(Rgb::new(u32::MAX, u32::MAX, vec![0; 3]).is_err());
        assert!(Rgb::new(2, 2, vec![0; 4]).is_err());
    }

    #[test]
    fn samples_are_not_printed() {
        assert_eq!(format!("{:?}", Grey::new(2, 1, vec![77, 78]).unwrap()), "Grey(2 x 1)");
    }
}
