//! Codes of ISO/IEC 39794-1, -4 and -5 with the names that they are shown by.

use super::schema::Codes;

/// Why there is no score, -1.
pub(super) const SCORING_ERROR: Codes = Codes::Named(&[(0, "failure_to_assess")]);

/// Decision about an attack, -1.
pub(super) const PAD_DECISION: Codes = Codes::Named(&[(0, "no_attack"), (1, "attack"), (2, "failure_to_assess")]);

/// When the decision was taken, -1.
pub(super) const PAD_CONTEXT: Codes = Codes::Named(&[(0, "enrolment"), (1, "verification"), (2, "identification")]);

/// Who watched, -1.
pub(super) const PAD_SUPERVISION: Codes =
    Codes::Named(&[(0, "unknown"), (1, "controlled"), (2, "assisted"), (3, "observed"), (4, "unattended")]);

/// Whose thresholds, -1.
pub(super) const PAD_CATEGORY: Codes = Codes::Named(&[(0, "unknown"), (1, "individual"), (2, "common")]);

/// Coding of the image, -5 as ICAO restricts it.
pub(super) const FACE_FORMAT: Codes = Codes::Named(&[(2, "jpeg"), (3, "jpeg2000_lossy"), (4, "jpeg2000_lossless")]);

/// Kind of face image, -5 as ICAO restricts it.
pub(super) const FACE_KIND: Codes = Codes::Named(&[(0, "mrtd")]);

/// How often the image was compressed with loss, -5.
pub(super) const LOSSY_ATTEMPTS: Codes = Codes::Named(&[(0, "unknown"), (1, "zero"), (2, "one"), (3, "more_than_one")]);

/// Colour space, -5.
pub(super) const COLOUR_SPACE: Codes = Codes::Named(&[
    (0, "unknown"),
    (1, "other"),
    (2, "rgb_24"),
    (3, "rgb_48"),
    (4, "yuv_422"),
    (5, "grey_8"),
    (6, "grey_16"),
]);

/// How the face was captured, -5.
pub(super) const FACE_TECHNOLOGY: Codes = Codes::Named(&[
    (0, "unknown"),
    (1, "photograph_of_unknown_source"),
    (2, "digital_camera"),
    (3, "scanner"),
    (4, "video_of_unknown_source"),
    (5, "analogue_video"),
    (6, "digital_video"),
]);

/// Gender, -5 as ICAO restricts it: there is no "unknown".
pub(super) const GENDER: Codes = Codes::Named(&[(1, "other"), (2, "male"), (3, "female")]);

/// Eye colour, -5.
pub(super) const EYES: Codes = Codes::Named(&[
    (0, "unknown"),
    (1, "other"),
    (2, "black"),
    (3, "blue"),
    (4, "brown"),
    (5, "grey"),
    (6, "green"),
    (7, "hazel"),
    (8, "multi_coloured"),
    (9, "pink"),
]);

/// Hair colour, -5.
pub(super) const HAIR: Codes = Codes::Named(&[
    (0, "unknown"),
    (1, "other"),
    (2, "bald"),
    (3, "black"),
    (4, "blonde"),
    (5, "brown"),
    (6, "grey"),
    (7, "white"),
    (8, "red"),
    (9, "coloured"),
]);

/// Finger position, -4. Palms, soles and toes of the standard are no fingers of a DG3.
pub(super) const POSITION: Codes = Codes::Named(&[
    (0, "unknown"),
    (1, "right_thumb"),
    (2, "right_index"),
    (3, "right_middle"),
    (4, "right_ring"),
    (5, "right_little"),
    (6, "left_thumb"),
    (7, "left_index"),
    (8, "left_middle"),
    (9, "left_ring"),
    (10, "left_little"),
    (13, "right_four_fingers"),
    (14, "left_four_fingers"),
    (15, "both_thumbs"),
]);

/// Impression, -4.
pub(super) const IMPRESSION: Codes = Codes::Named(&[
    (0, "plain"),
    (1, "rolled"),
    (4, "latent"),
    (8, "swipe"),
    (24, "contactless_plain"),
    (25, "contactless_rolled"),
    (28, "other"),
    (29, "unknown"),
    (41, "moving_contactless_plain"),
    (42, "moving_contactless_rolled"),
]);

/// Coding of the image, -4.
pub(super) const FINGER_FORMAT: Codes =
    Codes::Named(&[(0, "pgm"), (1, "wsq"), (2, "jpeg2000_lossy"), (3, "jpeg2000_lossless"), (4, "png")]);

/// Technology of the sensor, -4.
pub(super) const FINGER_TECHNOLOGY: Codes = Codes::Named(&[
    (0, "unknown"),
    (1, "other"),
    (2, "scanned_ink"),
    (3, "optical_tir_bright_field"),
    (4, "optical_tir_dark_field"),
    (5, "optical_image"),
    (6, "optical_3d_low_frequency"),
    (7, "optical_3d_high_frequency"),
    (9, "capacitive"),
    (10, "capacitive_rf"),
    (11, "electro_luminescence"),
    (12, "ultrasonic_reflected"),
    (13, "ultrasonic_impediographic"),
    (14, "thermal"),
    (15, "direct_pressure"),
    (16, "indirect_pressure"),
    (17, "live_tape"),
    (18, "latent_impression"),
    (19, "latent_photo"),
    (20, "latent_molded"),
    (21, "latent_tracing"),
    (22, "latent_lift"),
]);

/// Unit of the sampling rate, -4.
pub(super) const UNIT: Codes = Codes::Named(&[(0, "inch"), (1, "centimetre")]);

/// Why a finger is missing or poor, -4.
pub(super) const ANNOTATION: Codes = Codes::Named(&[
    (0, "unknown"),
    (1, "other"),
    (2, "amputated"),
    (3, "unable_to_print"),
    (4, "bandaged"),
    (5, "physically_challenged"),
    (6, "diseased"),
]);
