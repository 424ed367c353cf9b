//! A print with its minutiae drawn on it, for people to look at.

use png::{BitDepth, ColorType, Encoder, EncodingError};

use super::angle;
use super::plane::Point;
use super::template::{Kind, Template};
use crate::raster::{Grey, RasterError, Rgb};

const ENDING: [u8; 3] = [214, 40, 40];
const BIFURCATION: [u8; 3] = [29, 78, 216];
/// Radius of a minutia's square and length of its direction, in pixels.
const RADIUS: i32 = 3;
const LENGTH: i32 = 12;

/// Endings in red, bifurcations in blue, each a small square with a line where the ridge goes; the print behind them is
/// lighter than it was. Minutiae outside the image are left out.
///
/// # Errors
/// None in practice: the image has the size of the print.
pub fn drawn(print: &Grey, template: &Template) -> Result<Rgb, RasterError> {
    let mut samples: Vec<u8> = print.samples().iter().flat_map(|grey| [128 + grey / 2; 3]).collect();
    let (width, height) = (print.width() as usize, print.height() as usize);
    let mut paint = |at: Point, colour: [u8; 3]| {
        let (Ok(x), Ok(y)) = (usize::try_from(at.x), usize::try_from(at.y)) else { return };
        if x < width && y < height {
            let pixel = samples.get_mut((y * width + x) * 3..).and_then(<[u8]>::first_chunk_mut);
            if let Some(pixel) = pixel {
                *pixel = colour;
            }
        }
    };
    for minutia in template.minutiae() {
        let colour = if minutia.kind == Kind::Ending { ENDING } else { BIFURCATION };
        let at = Point::new(i32::from(minutia.x), i32::from(minutia.y));
        // a square around the place, which itself stays to be seen
        for step in -RADIUS..=RADIUS {
            for (x, y) in [(step, -RADIUS), (step, RADIUS), (-RADIUS, step), (RADIUS, step)] {
                paint(at.plus(Point::new(x, y)), colour);
            }
        }
        let (sine, cosine) = angle::sine_cosine(f64::from(minutia.direction));
        for step in RADIUS..=LENGTH {
            let by = |part: f64| angle::nearest(part * f64::from(step));
            paint(at.plus(Point::new(by(cosine), by(sine))), colour);
        }
    }
    Rgb::new(print.width(), print.height(), samples)
}

/// The image of [`drawn`] as a PNG file.
///
/// # Errors
/// Those of the encoder; none in practice.
pub fn drawn_png(print: &Grey, template: &Template) -> Result<Vec<u8>, DrawError> {
    let image = drawn(print, template)?;
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, image.width(), image.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(image.samples())?;
    writer.finish()?;
    Ok(file)
}

/// A drawing that was not made.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// Not an image.
    #[error(transparent)]
    Raster(#[from] RasterError),
    /// The PNG encoder refused.
    #[error("PNG encoder: {0}")]
    Png(#[from] EncodingError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::afis::Minutia;

    #[test]
    fn marks_stay_inside_and_point_where_the_ridge_goes() {
        let minutia = |x, y, kind| Minutia { x, y, direction: 0.0, kind, quality: 1 };
        let all =
            vec![minutia(20, 20, Kind::Ending), minutia(79, 0, Kind::Bifurcation), minutia(900, 900, Kind::Ending)];
        let template = Template::new(80, 70, all).unwrap();
        let print = Grey::new(80, 70, vec![255; 80 * 70]).unwrap();
        let image = drawn(&print, &template).unwrap();
        let pixel = |x: usize, y: u32| image.row(y).as_chunks::<3>().0[x];
        assert_eq!((pixel(32, 20), pixel(20, 17), pixel(33, 20)), (ENDING, ENDING, [255; 3]));
        assert_eq!((pixel(76, 1), pixel(8, 20)), (BIFURCATION, [255; 3]));
        assert!(drawn_png(&print, &template).unwrap().starts_with(b"\x89PNG"));
    }
}
