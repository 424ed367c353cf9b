//! Fields that several parts share: ISO/IEC 39794-1.

use super::codes;
use super::schema::Kind::{Choice, Code, Flag, List, Number, Octets, Sequence};
use super::schema::{ANY, Field, Kind, field, optional};

/// Version of the block.
pub(super) const VERSION: Kind =
    Sequence(&[field(0, "generation", Number(3, 65_535)), field(1, "year", Number(2019, 9999))]);

/// Organisation and number that IBIA registered.
pub(super) const REGISTRY_ID: Kind =
    Sequence(&[field(0, "organization", Number(1, 65_535)), field(1, "id", Number(1, 65_535))]);

/// Several of them.
pub(super) const CERTIFICATIONS: Kind = List(0x30, &REGISTRY_ID);

/// Date and time of capture, as far as they are known.
pub(super) const DATE_TIME: Kind = Sequence(&[
    field(0, "year", Number(0, 9999)),
    optional(1, "month", Number(1, 12)),
    optional(2, "day", Number(1, 31)),
    optional(3, "hour", Number(0, 23)),
    optional(4, "minute", Number(0, 59)),
    optional(5, "second", Number(0, 59)),
    optional(6, "millisecond", Number(0, 999)),
]);

/// A score, or why there is none.
pub(super) const SCORE_OR_ERROR: Kind =
    Choice(&[field(0, "score", Number(0, 100)), field(1, "error", Code(codes::SCORING_ERROR))]);

const SCORE: Kind = Sequence(&[field(0, "algorithm", REGISTRY_ID), field(1, "score_or_error", SCORE_OR_ERROR)]);

/// Quality, by the algorithms that assessed it; scores of attack detection look the same.
pub(super) const SCORES: Kind = List(0x30, &SCORE);

const EXTENDED: Kind = Sequence(&[field(0, "data_type", REGISTRY_ID), field(1, "data", Octets)]);

/// Data of vendors.
pub(super) const EXTENDED_DATA: Kind = List(0x30, &EXTENDED);

/// Two coordinates.
pub(super) const POINT: Kind = Sequence(&[field(0, "x", Number(0, 65_535)), field(1, "y", Number(0, 65_535))]);

/// Detection of presentation attacks.
pub(super) const PAD: Kind = Sequence(&[
    optional(0, "decision", Code(codes::PAD_DECISION)),
    optional(1, "scores", SCORES),
    optional(2, "extended_data", EXTENDED_DATA),
    optional(3, "capture_context", Code(codes::PAD_CONTEXT)),
    optional(4, "supervision_level", Code(codes::PAD_SUPERVISION)),
    optional(5, "risk_level", Number(0, 100)),
    optional(6, "criteria_category", Code(codes::PAD_CATEGORY)),
    optional(7, "parameter", Octets),
    optional(8, "challenges", List(0x04, &Octets)),
    optional(9, "capture_date_time", DATE_TIME),
]);

/// Number that names a representation within its block.
pub(super) const ID: Kind = Number(0, ANY);

/// A flag that may be left out.
pub(super) const fn flag(number: u8, name: &'static str) -> Field {
    optional(number, name, Flag)
}
