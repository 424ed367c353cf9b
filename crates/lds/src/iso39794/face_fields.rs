//! The face image data block, ISO/IEC 39794-5, as the application profile of ICAO restricts it: one representation, in
//! two dimensions.

use super::codes;
use super::parts::{CERTIFICATIONS, DATE_TIME, ID, PAD, POINT, REGISTRY_ID, SCORES, VERSION, flag};
use super::schema::Kind::{Choice, Code, List, Number, Octets, Sequence};
use super::schema::{ANY, Codes, Kind, field, optional};

/// The whole block.
pub(super) const BLOCK: Kind =
    Sequence(&[field(0, "version", VERSION), field(1, "representations", List(0x30, &REPRESENTATION))]);

const REPRESENTATION: Kind = Sequence(&[
    field(0, "representation_id", ID),
    field(1, "image_representation", Choice(&[field(0, "base", Choice(&[field(0, "image_2d", IMAGE)]))])),
    optional(2, "capture_date_time", DATE_TIME),
    optional(3, "quality", SCORES),
    optional(4, "presentation_attack_detection", PAD),
    optional(5, "session_id", ID),
    optional(6, "derived_from", ID),
    optional(7, "capture_device", DEVICE),
    optional(8, "identity_metadata", METADATA),
    optional(9, "landmarks", List(0x30, &LANDMARK)),
]);

const IMAGE: Kind = Sequence(&[
    field(0, "image", Octets),
    field(1, "information", INFORMATION),
    optional(2, "capture_device_2d", DEVICE_2D),
]);

const INFORMATION: Kind = Sequence(&[
    field(0, "image_data_format", Code(codes::FACE_FORMAT)),
    optional(1, "face_image_kind", Code(codes::FACE_KIND)),
    optional(2, "post_acquisition_processing", PROCESSING),
    optional(3, "lossy_transformation_attempts", Code(codes::LOSSY_ATTEMPTS)),
    optional(4, "camera_to_subject_distance", Number(0, 50_000)),
    optional(5, "sensor_diagonal", Number(0, 2000)),
    optional(6, "lens_focal_length", Number(0, 2000)),
    optional(7, "image_size", SIZE),
    optional(8, "face_measurements", MEASUREMENTS),
    optional(9, "image_colour_space", Code(codes::COLOUR_SPACE)),
    optional(10, "reference_colour_mapping", COLOUR_MAPPING),
]);

const PROCESSING: Kind = Sequence(&[
    flag(0, "rotated"),
    flag(1, "cropped"),
    flag(2, "down_sampled"),
    flag(3, "white_balance_adjusted"),
    flag(4, "multiply_compressed"),
    flag(5, "interpolated"),
    flag(6, "contrast_stretched"),
    flag(7, "pose_corrected"),
    flag(8, "multi_view_image"),
    flag(9, "age_progressed"),
    flag(10, "super_resolution_processed"),
    flag(11, "normalised"),
]);

const SIZE: Kind = Sequence(&[field(0, "width", Number(0, 65_535)), field(1, "height", Number(0, 65_535))]);

const MEASUREMENTS: Kind = Sequence(&[
    optional(0, "head_width", Number(0, ANY)),
    optional(1, "inter_eye_distance", Number(0, ANY)),
    optional(2, "eye_to_mouth_distance", Number(0, ANY)),
    optional(3, "head_length", Number(0, ANY)),
]);

const COLOUR_MAPPING: Kind = Sequence(&[
    optional(0, "reference_colour_schema", Octets),
    optional(1, "reference_colours", List(0x30, &REFERENCE_COLOUR)),
]);

const REFERENCE_COLOUR: Kind = Sequence(&[optional(0, "definition", Octets), optional(1, "value", Octets)]);

const DEVICE_2D: Kind = Sequence(&[
    optional(0, "spectrum", Sequence(&[flag(0, "white_light"), flag(1, "near_infrared"), flag(2, "thermal")])),
    optional(1, "technology", Code(codes::FACE_TECHNOLOGY)),
]);

const DEVICE: Kind = Sequence(&[optional(0, "model", REGISTRY_ID), optional(1, "certifications", CERTIFICATIONS)]);

const METADATA: Kind = Sequence(&[
    optional(0, "gender", Code(codes::GENDER)),
    optional(1, "eye_colour", Code(codes::EYES)),
    optional(2, "hair_colour", Code(codes::HAIR)),
    optional(3, "subject_height", Number(1, 65_535)),
    optional(4, "properties", PROPERTIES),
    optional(5, "expression", EXPRESSION),
    optional(6, "pose", POSE),
]);

const PROPERTIES: Kind = Sequence(&[
    flag(0, "glasses"),
    flag(1, "moustache"),
    flag(2, "beard"),
    flag(3, "teeth_visible"),
    flag(4, "pupil_or_iris_not_visible"),
    flag(5, "mouth_open"),
    flag(6, "left_eye_patch"),
    flag(7, "right_eye_patch"),
    flag(8, "dark_glasses"),
    flag(9, "biometric_absent"),
    flag(10, "head_coverings_present"),
]);

const EXPRESSION: Kind = Sequence(&[
    flag(0, "neutral"),
    flag(1, "smile"),
    flag(2, "raised_eyebrows"),
    flag(3, "eyes_looking_away"),
    flag(4, "squinting"),
    flag(5, "frowning"),
]);

const ANGLE: Kind = Sequence(&[field(0, "degrees", Number(-180, 180)), optional(1, "uncertainty", Number(0, 180))]);

const POSE: Kind = Sequence(&[optional(0, "yaw", ANGLE), optional(1, "pitch", ANGLE), optional(2, "roll", ANGLE)]);

const LANDMARK: Kind = Sequence(&[
    field(0, "kind", Choice(&[field(0, "base", LANDMARK_KIND)])),
    optional(1, "coordinates", Choice(&[field(0, "base", COORDINATES)])),
]);

const LANDMARK_KIND: Kind = Choice(&[
    field(0, "mpeg4_feature_point", Code(Codes::UpTo(87))),
    field(1, "anthropometric", Choice(&[field(0, "base", ANTHROPOMETRIC)])),
]);

const ANTHROPOMETRIC: Kind = Choice(&[
    field(0, "landmark", Code(Codes::UpTo(60))),
    field(1, "point_name", Code(Codes::UpTo(36))),
    field(2, "point_id", Code(Codes::UpTo(62))),
]);

const COORDINATES: Kind = Choice(&[
    field(0, "image_2d", POINT),
    field(1, "texture_image", Sequence(&[field(0, "u", Number(0, ANY)), field(1, "v", Number(0, ANY))])),
    field(
        2,
        "space_3d",
        Sequence(&[
            field(0, "x", Number(0, 65_535)),
            field(1, "y", Number(0, 65_535)),
            field(2, "z", Number(0, 65_535)),
        ]),
    ),
]);
