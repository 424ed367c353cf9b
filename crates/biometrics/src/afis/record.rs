//! Templates as records of ISO/IEC 19794-2 and as a card's compact form.

use bitaqa_lds::minutiae::{self, MinutiaKind, View};

use super::PRUNED_MINUTIAE;
use super::template::{Kind, Minutia, Template, TemplateError};

/// Pixels a centimetre that a record states for 500 an inch: 196.85, rounded.
const PER_CENTIMETRE: u16 = 197;
/// Pixels in 254 tenths of a millimetre.
const PER_INCH: u32 = super::RESOLUTION_PPI;

impl Template {
    /// A view for a record of either edition, of a plain live impression of this finger (0 unknown, 1 to 5 right thumb
    /// to little finger, 6 to 10 left). Its quality is the mean of the minutiae.
    pub fn view(&self, position: u8) -> View {
        let minutia = |minutia: &Minutia| minutiae::Minutia {
            kind: match minutia.kind {
                Kind::Ending => MinutiaKind::Ending,
                Kind::Bifurcation => MinutiaKind::Bifurcation,
            },
            x: minutia.x,
            y: minutia.y,
            angle: minutia.record_angle(),
            quality: minutia.quality,
        };
        let minutiae = self.minutiae().iter().map(minutia).collect();
        let size = (self.width(), self.height());
        let mut view = View::new(position, size, (PER_CENTIMETRE, PER_CENTIMETRE), minutiae);
        view.quality = self.mean_quality();
        view
    }

    /// Minutiae of a view, in pixels at 500 ppi. Those that are neither ending nor bifurcation count as endings.
    ///
    /// # Errors
    /// [`TemplateError::TooFar`] when a view of a low resolution is larger than templates are,
    /// [`TemplateError::TooMany`] for more than 255 minutiae.
    pub fn of_view(view: &View) -> Result<Self, TemplateError> {
        let (across, down) = view.resolution;
        let minutia =
            |minutia: &minutiae::Minutia| of_record(*minutia, (scaled(minutia.x, across), scaled(minutia.y, down)));
        let minutiae = view.minutiae.iter().map(minutia).collect();
        Self::new(scaled(view.size.0, across), scaled(view.size.1, down), minutiae)
    }

    /// Minutiae of a compact template, as [`minutiae::from_compact`] gives them. Their places count from the middle of
    /// the card's field, which changes no score.
    ///
    /// # Errors
    /// [`TemplateError::TooMany`] for more than 255.
    pub fn of_compact(compact: &[minutiae::Minutia]) -> Result<Self, TemplateError> {
        let pixels = |tenths: u16| u16::try_from((u32::from(tenths) * PER_INCH + 127) / 254).unwrap_or(u16::MAX);
        let minutia = |minutia: &minutiae::Minutia| of_record(*minutia, (pixels(minutia.x), pixels(minutia.y)));
        Self::new(pixels(255), pixels(255), compact.iter().map(minutia).collect())
    }

    /// What is left of a template on a card: the best minutiae, as many as [`PRUNED_MINUTIAE`], in three octets each.
    #[must_use]
    pub fn as_card_has_it(&self) -> Self {
        let octets = minutiae::compact(&self.view(0), PRUNED_MINUTIAE, minutiae::Order::None).concat();
        let minutiae = minutiae::from_compact(&octets).unwrap_or_default();
        Self::of_compact(&minutiae).unwrap_or_default()
    }
}

fn of_record(minutia: minutiae::Minutia, (x, y): (u16, u16)) -> Minutia {
    let kind = if minutia.kind == MinutiaKind::Bifurcation { Kind::Bifurcation } else { Kind::Ending };
    Minutia { x, y, direction: Minutia::direction_of(minutia.angle), kind, quality: minutia.quality }
}

/// Pixels at 500 ppi; 197 to the centimetre are taken for just that.
fn scaled(pixels: u16, resolution: u16) -> u16 {
    if resolution == PER_CENTIMETRE {
        return pixels;
    }
    let (pixels, resolution) = (u64::from(pixels), u64::from(resolution.max(1)));
    // 500 / 2.54 as a fraction, to the nearest
    u16::try_from((pixels * 25_000 / 127 + resolution / 2) / resolution).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_lds::minutiae::{Edition, MinutiaeRecord};

    fn template() -> Template {
        let minutia = |number: u16| Minutia {
            x: 30 + number * 37 % 300,
            y: 20 + number * 91 % 330,
            direction: Minutia::direction_of(u8::try_from(number * 29 % 256).unwrap()),
            kind: if number.is_multiple_of(3) { Kind::Bifurcation } else { Kind::Ending },
            quality: u8::try_from(number + 1).unwrap(),
        };
        Template::new(388, 374, (0..50).map(minutia).collect()).unwrap()
    }

    #[test]
    fn templates_come_back_from_records() {
        for edition in [Edition::Of2005, Edition::Of2011] {
            let mut view = template().view(2);
            if edition == Edition::Of2011 {
                let capture = bitaqa_lds::minutiae::Capture {
                    date: [0xFF; 9],
                    technology: 0,
                    device: [0, 0],
                    qualities: vec![(view.quality, [0, 0])],
                    certifications: None,
                    ending_type: 0,
                    with_quality: true,
                };
                view.capture = Some(capture);
            }
            let written = MinutiaeRecord::of(edition, 0, &[view]).unwrap();
            let read = MinutiaeRecord::new(written.octets().to_vec()).unwrap();
            let view = &read.views()[0];
            assert_eq!((view.position, view.quality), (2, 25));
            assert_eq!(Template::of_view(view).unwrap(), template());
        }
    }

    #[test]
    fn other_resolutions_are_scaled_to_500() {
        let mut view = template().view(0);
        view.resolution = (394, 98);
        let scaled = Template::of_view(&view).unwrap();
        assert_eq!((scaled.width(), scaled.height()), (194, 751));
        let (first, full) = (scaled.minutiae()[0], template().minutiae()[0]);
        assert_eq!((first.x, first.y), (full.x / 2, 40));
    }

    #[test]
    fn a_card_has_the_best_forty_in_tenths_of_a_millimetre() {
        let card = template().as_card_has_it();
        assert_eq!(card.minutiae().len(), PRUNED_MINUTIAE);
        let full = template().pruned(PRUNED_MINUTIAE);
        let shift = |one: &Minutia, other: &Minutia| (i32::from(one.x) - i32::from(other.x), one.kind);
        let (first, _) = shift(&card.minutiae()[0], &full.minutiae()[39]);
        for (one, other) in card.minutiae().iter().zip(full.minutiae().iter().rev()) {
            let (moved, kind) = shift(one, other);
            assert!((moved - first).abs() <= 2 && kind == other.kind);
        }
    }
}
