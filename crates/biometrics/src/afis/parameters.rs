//! Public parameters of SourceAFIS: lengths in pixels at 500 ppi, shares from 0 to 1, angles in radians.
//!
//! They were tuned together by the author of the method on captured prints. Changing one of them alone makes this
//! another matcher, whose scores no longer mean what [`super::THRESHOLD`] says.

/// Longest side of a block.
pub const BLOCK: usize = 15;

/// Share of a block's pixels that may lie beyond either end of its contrast.
pub const CONTRAST_CLIP: f64 = 0.08;
/// A block of less contrast is background.
pub const CONTRAST_FLOOR: f64 = 17.0 / 255.0;
/// Pixels whose contrast says how strong this print is.
pub const CONTRAST_SAMPLE_PIXELS: usize = 168_568;
/// The better share of them counts.
pub const CONTRAST_SAMPLE_SHARE: f64 = 0.49;
/// A block below this share of the print's own contrast is background.
pub const CONTRAST_SHARE: f64 = 0.34;

/// A vote among neighbours: how far, what share decides, how far from the rim votes begin.
pub struct Vote {
    /// Neighbours up to this far in both directions.
    pub radius: usize,
    /// Share that decides.
    pub majority: f64,
    /// Cells at the rim that do not vote.
    pub border: usize,
}

/// Single blocks that differ from their neighbours.
pub const BLOCK_VOTE: Vote = Vote { radius: 1, majority: 0.7, border: 4 };
/// Holes in the print.
pub const MASK_VOTE: Vote = Vote { radius: 7, majority: 0.51, border: 4 };
/// Specks and pinholes of ridges.
pub const PIXEL_VOTE: Vote = Vote { radius: 2, majority: 0.61, border: 17 };

/// Steepest and flattest slope that equalisation may give the shades.
pub const EQUALISE_SLOPES: (f64, f64) = (0.25, 3.99);

/// Distances at which pixels are compared for the direction of ridges.
pub const FLOW_RADII: (f64, f64) = (2.0, 6.0);
/// Rows of pixels before the pattern of comparisons repeats.
pub const FLOW_ROWS: usize = 50;
/// Comparisons of a pixel.
pub const FLOW_SAMPLES: usize = 20;

/// A line of samples: how many directions, how far it reaches, ratio of one distance to the next.
pub struct Line {
    /// Directions over half a turn.
    pub directions: usize,
    /// Outermost sample.
    pub radius: f64,
    /// Ratio.
    pub step: f64,
}

/// Samples along ridges.
pub const ALONG: Line = Line { directions: 32, radius: 7.0, step: 1.59 };
/// Samples across ridges.
pub const ACROSS: Line = Line { directions: 11, radius: 4.0, step: 1.11 };

/// Rounds of thinning.
pub const THINNING_ROUNDS: usize = 26;
/// Longest arm of a ridge around a pore.
pub const PORE_ARM: usize = 41;
/// Shortest ridge whose ending may be joined to another.
pub const GAP_RIDGE: usize = 7;
/// Widest gap that is joined whatever its direction.
pub const GAP_RUPTURE: i32 = 5;
/// Widest gap that is joined at all.
pub const GAP_WIDEST: i32 = 20;
/// Point of a ridge that tells in which direction it ends.
pub const GAP_REACH: usize = 22;
/// Points of a bridge at either end that may touch ridges.
pub const GAP_OVERLAP: usize = 2;
/// Furthest turn of a ridge into a gap: 45 degrees.
pub const GAP_TURN: f64 = core::f64::consts::FRAC_PI_4;
/// Shorter branches are spurs.
pub const TAIL: usize = 21;
/// Shorter ridges are dirt.
pub const FRAGMENT: usize = 22;
/// First point, and points up to the last, that tell the direction of a minutia.
pub const DIRECTION: (usize, usize) = (1, 20);

/// A minutia is believed when this far behind it there is print.
pub const INNER_REACH: f64 = 10.06;
/// Erosions that make the mask of inner pixels, 14 pixels in all.
pub const INNER_EROSIONS: [usize; 5] = [1, 1, 2, 4, 6];
/// A minutia with more neighbours than this ..
pub const CLOUD_NEIGHBOURS: usize = 4;
/// .. within this distance stands in a cloud of false ones.
pub const CLOUD_RADIUS: i32 = 20;
/// Minutiae of a template.
pub const MINUTIAE_MAX: usize = 100;
/// The neighbour whose distance says how alone a minutia is.
pub const LONELY_NEIGHBOUR: usize = 5;

/// Neighbours in a minutia's star of edges.
pub const STAR: usize = 9;
/// Largest difference of lengths between two edges that are one.
pub const LENGTH_ERROR: i32 = 13;
/// Largest difference of angles between two edges that are one: 10 degrees.
pub const ANGLE_ERROR: f32 = core::f32::consts::PI / 180.0 * 10.0;
/// Pairings tried for one comparison.
pub const ROOTS: usize = 70;
/// Shorter edges serve as roots after all longer ones.
pub const ROOT_EDGE: i32 = 58;
/// Edges of the candidate that are looked up for one comparison.
pub const ROOT_LOOKUPS: usize = 1633;

/// Errors of length below this are all alike.
pub const LENGTH_ERROR_FLAT: i32 = 9;
/// Errors of angle below this share of [`ANGLE_ERROR`] are all alike.
pub const ANGLE_ERROR_FLAT: f64 = 0.27;
/// Weight of each paired minutia.
pub const WEIGHT_MINUTIA: f64 = 0.032;
/// Weight of the share of minutiae that are paired.
pub const WEIGHT_SHARE: f64 = 8.98;
/// Weight of each pair of one kind.
pub const WEIGHT_KIND: f64 = 0.629;
/// Weight of each pair that a second edge confirms.
pub const WEIGHT_SUPPORTED: f64 = 0.193;
/// Weight of each edge.
pub const WEIGHT_EDGE: f64 = 0.265;
/// Weight of how exact lengths agree.
pub const WEIGHT_LENGTH: f64 = 9.9;
/// Weight of how exact angles agree.
pub const WEIGHT_ANGLE: f64 = 2.79;

/// Sums of weights and the scores that they stand for. Between two points the score is linear; each 10 points from 10
/// on are a tenth of the false matches.
pub const SCORE_SCALE: [(f64, f64); 7] =
    [(8.48, 0.0), (11.12, 3.0), (14.15, 10.0), (18.22, 20.0), (22.39, 30.0), (27.24, 40.0), (32.01, 50.0)];
/// Beyond the last point: 30 points of score for each distance from the fourth point to the last.
pub const SCORE_BEYOND: (f64, f64) = (30.0, 32.01 - 18.22);
