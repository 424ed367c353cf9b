//! Names of the steps in reports, in the order in which they are done. `DGn` steps carry the number: `DG1 hash`.

/// Reading EF.ATR/INFO: a phase without a verdict.
pub const ATR_INFO: &str = "EF.ATR/INFO";
/// Reading EF.CardAccess.
pub const CARD_ACCESS: &str = "EF.CardAccess";
/// PACE, 9303-11 §4.4.
pub const PACE: &str = "PACE";
/// Reading EF.CardSecurity.
pub const CARD_SECURITY: &str = "EF.CardSecurity";
/// Signature of EF.CardSecurity.
pub const CARD_SECURITY_SIGNATURE: &str = "EF.CardSecurity signature";
/// Path of the signer of EF.CardSecurity to a trusted CSCA, revocation included.
pub const CARD_SECURITY_PATH: &str = "EF.CardSecurity certificate path";
/// EF.CardAccess against the signed EF.CardSecurity.
pub const CARD_ACCESS_BY_CARD_SECURITY: &str = "EF.CardAccess against EF.CardSecurity";
/// Chip authentication mapping of PACE: the data that came with PACE, against the key of EF.CardSecurity.
pub const CHIP_MAPPING: &str = "Chip Authentication Mapping";
/// Selection of the application.
pub const APPLICATION: &str = "eMRTD application";
/// Basic Access Control, 9303-11 §4.3.
pub const BAC: &str = "BAC";
/// Reading EF.SOD.
pub const SOD: &str = "EF.SOD";
/// Signature of EF.SOD.
pub const SOD_SIGNATURE: &str = "SOD signature";
/// Path of the document signer to a trusted CSCA.
pub const PATH: &str = "DS certificate path";
/// Revocation lists of that CSCA.
pub const REVOCATION: &str = "DS certificate revocation";
/// Reading EF.COM.
pub const COM: &str = "EF.COM";
/// EF.COM against the signed list.
pub const COM_LIST: &str = "EF.COM against EF.SOD";
/// DG1, without which there is no holder.
pub const DG1: &str = "DG1 hash";
/// MRZ of DG1.
pub const MRZ: &str = "MRZ check digits";
/// EF.CardAccess against the signed DG14.
pub const CARD_ACCESS_CONFIRMED: &str = "EF.CardAccess against DG14";
/// Chip Authentication, 9303-11 §6.2.
pub const CHIP_AUTHENTICATION: &str = "Chip Authentication";
/// Active Authentication, 9303-11 §6.1.
pub const ACTIVE_AUTHENTICATION: &str = "Active Authentication";
/// Reading EF.CVCA.
pub const CVCA: &str = "EF.CVCA";
/// Terminal Authentication, 9303-11 §7.1.
pub const TERMINAL_AUTHENTICATION: &str = "Terminal Authentication";

/// What is in the master file behind PACE, and so is not done where PACE failed.
pub const BEHIND_PACE: [&str; 5] =
    [CARD_SECURITY, CARD_SECURITY_SIGNATURE, CARD_SECURITY_PATH, CARD_ACCESS_BY_CARD_SECURITY, CHIP_MAPPING];

/// Steps without which no document is called genuine. Beside them it must have been opened as it asks for:
/// [`super::Inspection::is_positive`].
pub const REQUIRED: [&str; 5] = [APPLICATION, SOD, SOD_SIGNATURE, PATH, DG1];
