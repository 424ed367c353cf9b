//! The portrait with what the checks have seen drawn into it.

use super::{Face, Geometry, Point, Report, Source, Verdict};

/// Colours of verdicts: not assessed, ok, warning, failed.
const COLOURS: [[u8; 3]; 4] = [[130, 130, 130], [30, 160, 60], [235, 150, 0], [220, 30, 30]];
/// Blue of what was found.
const FOUND: [u8; 3] = [30, 90, 220];

/// Draws box of the face, eyes and their line, the place where the card wants the eyes, and below the picture a
/// square for each check in the order of the report, in the colour of its verdict. PNG, 24 bits.
///
/// # Errors
/// The PNG encoder's.
pub fn annotate(source: &Source, report: &Report, geometry: Geometry) -> Result<Vec<u8>, png::EncodingError> {
    let (width, height) = (source.pixels.width(), source.pixels.height());
    let square = (width / u32::try_from(report.checks.len()).unwrap_or(u32::MAX).max(1)).clamp(4, 48);
    let mut sheet = Sheet { width, height: height + square, samples: source.pixels.samples().to_vec() };
    sheet.samples.resize(width as usize * (height + square) as usize * 3, 255);
    let pen = i64::from((width.max(height) / 400).max(1));
    if let Some(face) = &report.face {
        sheet.frame(face, pen);
    }
    if let Some(eyes) = &report.eyes {
        sheet.line(eyes.right, eyes.left, pen, FOUND);
        let arm = eyes.distance() / 8.0;
        for eye in [eyes.right, eyes.left] {
            sheet.line(Point { x: eye.x - arm, ..eye }, Point { x: eye.x + arm, ..eye }, pen, COLOURS[1]);
            sheet.line(Point { y: eye.y - arm, ..eye }, Point { y: eye.y + arm, ..eye }, pen, COLOURS[1]);
        }
    }
    sheet.limits(height, pen, geometry);
    for (check, index) in report.checks.iter().zip(0i64..) {
        let colour = match check.verdict {
            Verdict::NotAssessed => COLOURS[0],
            Verdict::Ok => COLOURS[1],
            Verdict::Warn => COLOURS[2],
            Verdict::Fail => COLOURS[3],
        };
        let side = i64::from(square);
        sheet.fill(
            index * side + 1,
            i64::from(height) + 1,
            (index + 1) * side - 1,
            i64::from(height) + side - 1,
            colour,
        );
    }
    sheet.png()
}

struct Sheet {
    width: u32,
    height: u32,
    samples: Vec<u8>,
}

impl Sheet {
    /// Fills a rectangle, as far as it lies on the sheet.
    fn fill(&mut self, left: i64, top: i64, right: i64, bottom: i64, colour: [u8; 3]) {
        let columns = self.width as usize;
        let clip = |value: i64, side: u32| usize::try_from(value.clamp(0, i64::from(side))).unwrap_or(0);
        let (from, to) = (clip(left, self.width), clip(right, self.width));
        for row in clip(top, self.height)..clip(bottom, self.height) {
            let start = row * columns;
            let Some(run) = self.samples.get_mut((start + from) * 3..(start + to.max(from)) * 3) else { continue };
            for pixel in run.chunks_exact_mut(3) {
                pixel.copy_from_slice(&colour);
            }
        }
    }

    /// A line as dots of a pen, one for each half pixel of its length.
    fn line(&mut self, from: Point, to: Point, pen: i64, colour: [u8; 3]) {
        let length = (to.x - from.x).abs().max((to.y - from.y).abs());
        let place = |value: f64| {
            #[allow(clippy::cast_possible_truncation, reason = "a place on the sheet; `as` saturates")]
            let rounded = value.floor() as i64;
            rounded
        };
        let steps = u32::try_from(place(length * 2.0)).unwrap_or(0).min(200_000);
        for step in 0..=steps {
            let part = f64::from(step) / f64::from(steps.max(1));
            let (x, y) = (place(from.x + (to.x - from.x) * part), place(from.y + (to.y - from.y) * part));
            self.fill(x - pen / 2, y - pen / 2, x + pen - pen / 2, y + pen - pen / 2, colour);
        }
    }

    fn frame(&mut self, face: &Face, pen: i64) {
        let Point { x, y } = face.corner;
        let corners = [(x, y), (x + face.side, y), (x + face.side, y + face.side), (x, y + face.side), (x, y)];
        for pair in corners.windows(2) {
            if let [from, to] = pair {
                self.line(Point { x: from.0, y: from.1 }, Point { x: to.0, y: to.1 }, pen, FOUND);
            }
        }
    }

    /// The window in which BSI TR-03121-3.2 wants the middle between the eyes, for a picture of the card's shape.
    fn limits(&mut self, height: u32, pen: i64, geometry: Geometry) {
        let (width, height) = (f64::from(self.width), f64::from(height));
        let card = f64::from(geometry.width) / f64::from(geometry.height);
        if (width / height / card - 1.0).abs() > 0.02 {
            return;
        }
        let at = |x: f64, y: f64| Point { x: width * x, y: height * y };
        let corners = [at(0.45, 0.3), at(0.55, 0.3), at(0.55, 0.5), at(0.45, 0.5), at(0.45, 0.3)];
        for pair in corners.windows(2) {
            if let [from, to] = pair {
                self.line(*from, *to, pen, COLOURS[2]);
            }
        }
    }

    fn png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.samples)?;
        writer.finish()?;
        Ok(file)
    }
}
