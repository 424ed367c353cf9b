//! The finger image data block, ISO/IEC 39794-4.

use super::codes;
use super::parts::{
    CERTIFICATIONS, DATE_TIME, EXTENDED_DATA, PAD, POINT, REGISTRY_ID, SCORE_OR_ERROR, SCORES, VERSION,
};
use super::parts::{ID, flag};
use super::schema::Kind::{BareCode, Code, List, Number, Octets, Sequence, Text};
use super::schema::{Kind, field, optional};

/// The whole block.
pub(super) const BLOCK: Kind =
    Sequence(&[field(0, "version", VERSION), field(1, "representations", List(0x30, &REPRESENTATION))]);

const REPRESENTATION: Kind = Sequence(&[
    field(0, "position", Code(codes::POSITION)),
    field(1, "impression", Code(codes::IMPRESSION)),
    field(2, "image_data_format", Code(codes::FINGER_FORMAT)),
    field(3, "image", Octets),
    optional(4, "capture_date_time", DATE_TIME),
    optional(5, "capture_device", DEVICE),
    optional(6, "quality", SCORES),
    optional(7, "sampling_rate", Sequence(&[field(0, "samples", ID), field(1, "unit", BareCode(codes::UNIT))])),
    flag(8, "position_computed_by_capture_system"),
    optional(9, "original_rotation", Number(-180, 360)),
    flag(10, "rotated_to_vertical"),
    flag(11, "already_lossily_compressed"),
    optional(12, "segmentation", List(0x30, &SEGMENTATION)),
    optional(13, "annotations", List(0x30, &ANNOTATION)),
    optional(14, "presentation_attack_detection", PAD),
    optional(15, "comments", List(0x1A, &Text)),
    optional(16, "vendor_data", EXTENDED_DATA),
]);

const DEVICE: Kind = Sequence(&[
    optional(0, "model", REGISTRY_ID),
    optional(1, "technology", Code(codes::FINGER_TECHNOLOGY)),
    optional(2, "certifications", CERTIFICATIONS),
]);

const SEGMENTATION: Kind = Sequence(&[field(0, "algorithm", REGISTRY_ID), field(1, "segments", List(0x30, &SEGMENT))]);

const SEGMENT: Kind = Sequence(&[
    field(0, "position", Code(codes::POSITION)),
    field(1, "corners", List(0x30, &POINT)),
    optional(2, "orientation", Number(-180, 360)),
    optional(3, "quality", SCORES),
    optional(4, "confidence", SCORE_OR_ERROR),
]);

const ANNOTATION: Kind =
    Sequence(&[field(0, "position", Code(codes::POSITION)), field(1, "reason", Code(codes::ANNOTATION))]);
