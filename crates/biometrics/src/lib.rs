//! Biometric images: rasters in memory, WSQ, and synthetic portraits and prints for samples, demonstrations and tests.
//!
//! What is drawn in [`synthetic`] must be recognised as drawn: every image bears the word SPECIMEN, and none is meant to
//! pass for a photograph.

pub mod raster;
pub mod synthetic;
pub mod wsq;
