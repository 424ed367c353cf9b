//! Minutiae of one print, as the matcher takes them and as records and cards hold them.

use zeroize::Zeroize;

use super::angle;

/// What a ridge does at a minutia.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It ends.
    #[default]
    Ending,
    /// It parts.
    Bifurcation,
}

impl zeroize::DefaultIsZeroes for Kind {}

/// One minutia.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Minutia {
    /// Pixels from the left at 500 ppi.
    pub x: u16,
    /// Pixels from the top at 500 ppi.
    pub y: u16,
    /// Radians from the x axis towards the bottom of the image, 0 to below a turn: where the ridge (of a bifurcation
    /// the valley) goes from here.
    pub direction: f32,
    /// Ending or bifurcation.
    pub kind: Kind,
    /// 1 to 100; 0 where nobody judged it.
    pub quality: u8,
}

impl zeroize::DefaultIsZeroes for Minutia {}

impl Minutia {
    /// Direction as records hold it: steps of 360/256 degrees counter-clockwise.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 256 steps, of which 256 is 0")]
    pub fn record_angle(&self) -> u8 {
        let steps = f64::from(angle::mirrored(self.direction)) / core::f64::consts::TAU * 256.0;
        ((steps + 0.5) as u32 & 0xFF) as u8
    }

    /// Direction of a record's angle.
    pub fn direction_of(record_angle: u8) -> f32 {
        angle::mirrored(f32::from(record_angle) / 256.0 * angle::TURN)
    }
}

/// Minutiae of one print; wiped when dropped.
#[derive(Clone, Default, PartialEq)]
pub struct Template {
    width: u16,
    height: u16,
    minutiae: Vec<Minutia>,
}

/// No record counts more minutiae in a view.
pub const RECORD_MINUTIAE_MAX: usize = 255;
/// No coordinate of a record is larger.
const COORDINATE_MAX: u16 = 0x3FFF;

/// Minutiae that make no template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// More than a record can count.
    #[error("{0} minutiae are more than the 255 of a record: prune them by quality first")]
    TooMany(usize),
    /// A coordinate beyond 14 bits.
    #[error("minutia at {x}, {y}: coordinates end at 16383, as in a record of ISO/IEC 19794-2")]
    TooFar {
        /// Pixels from the left.
        x: u16,
        /// Pixels from the top.
        y: u16,
    },
    /// A direction that is none.
    #[error("minutia {0} has a direction that is not between 0 and a turn")]
    Direction(usize),
}

impl Template {
    /// Takes minutiae of an image of this size in pixels at 500 ppi.
    ///
    /// # Errors
    /// [`TemplateError`] for more than 255 minutiae, coordinates above 16383 or directions outside a turn.
    pub fn new(width: u16, height: u16, minutiae: Vec<Minutia>) -> Result<Self, TemplateError> {
        let template = Self { width, height, minutiae };
        if template.minutiae.len() > RECORD_MINUTIAE_MAX {
            return Err(TemplateError::TooMany(template.minutiae.len()));
        }
        for (number, minutia) in template.minutiae.iter().enumerate() {
            if minutia.x > COORDINATE_MAX || minutia.y > COORDINATE_MAX {
                return Err(TemplateError::TooFar { x: minutia.x, y: minutia.y });
            }
            if !(0.0..angle::TURN).contains(&minutia.direction) {
                return Err(TemplateError::Direction(number));
            }
        }
        Ok(template)
    }

    /// Width of the image in pixels at 500 ppi.
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Height of the image in pixels at 500 ppi.
    pub const fn height(&self) -> u16 {
        self.height
    }

    /// The minutiae.
    pub fn minutiae(&self) -> &[Minutia] {
        &self.minutiae
    }

    /// The best so many minutiae, in the order they had. Pruning goes by quality, never by place: minutiae at the rim
    /// are as good as others. Where nobody judged them, and among equals, the first ones stay.
    #[must_use]
    pub fn pruned(&self, most: usize) -> Self {
        let mut order: Vec<(u8, usize)> =
            self.minutiae.iter().enumerate().map(|(number, minutia)| (minutia.quality, number)).collect();
        order.sort_by_key(|(quality, number)| (core::cmp::Reverse(*quality), *number));
        order.truncate(most);
        order.sort_by_key(|(_, number)| *number);
        let minutiae = order.iter().filter_map(|(_, number)| self.minutiae.get(*number).copied()).collect();
        Self { width: self.width, height: self.height, minutiae }
    }

    /// Mean quality of the minutiae, 0 to 100; no measure of the image, and none of ISO/IEC 29794.
    pub fn mean_quality(&self) -> u8 {
        let sum: usize = self.minutiae.iter().map(|minutia| usize::from(minutia.quality)).sum();
        u8::try_from(sum / self.minutiae.len().max(1)).unwrap_or(100)
    }
}

impl Drop for Template {
    fn drop(&mut self) {
        self.minutiae.zeroize();
    }
}

impl core::fmt::Debug for Template {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Template({} x {}, {} minutiae)", self.width, self.height, self.minutiae.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutia(x: u16, quality: u8) -> Minutia {
        Minutia { x, y: 1, direction: 1.0, kind: Kind::Ending, quality }
    }

    #[test]
    fn the_best_stay_in_their_order() {
        let template = Template::new(9, 9, vec![minutia(1, 5), minutia(2, 90), minutia(3, 5), minutia(4, 50)]).unwrap();
        let left: Vec<u16> = template.pruned(3).minutiae().iter().map(|minutia| minutia.x).collect();
        assert_eq!(left, [1, 2, 4]);
        assert_eq!((template.pruned(9), template.mean_quality()), (template.clone(), 37));
    }

    #[test]
    fn every_record_angle_comes_back() {
        for angle in 0..=255 {
            let minutia = Minutia { direction: Minutia::direction_of(angle), ..minutia(1, 1) };
            assert_eq!(minutia.record_angle(), angle);
            assert!((0.0..angle::TURN).contains(&minutia.direction));
        }
        // down in the image is 270 degrees in a record
        assert_eq!(Minutia { direction: angle::TURN / 4.0, ..minutia(1, 1) }.record_angle(), 192);
    }

    #[test]
    fn what_no_record_holds_is_refused() {
        assert_eq!(Template::new(1, 1, vec![minutia(1, 1); 256]), Err(TemplateError::TooMany(256)));
        let far = Minutia { y: 0x4000, ..minutia(1, 1) };
        assert_eq!(Template::new(1, 1, vec![far]), Err(TemplateError::TooFar { x: 1, y: 0x4000 }));
        for direction in [-0.1, angle::TURN, f32::NAN] {
            let wrong = Minutia { direction, ..minutia(1, 1) };
            assert_eq!(Template::new(1, 1, vec![wrong]), Err(TemplateError::Direction(0)));
        }
        assert_eq!(format!("{:?}", Template::new(3, 4, vec![minutia(1, 1)]).unwrap()), "Template(3 x 4, 1 minutiae)");
    }
}
