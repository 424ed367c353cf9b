//! Synthetic portraits and prints: images of nobody, for samples, demonstrations and tests.
//!
//! What is drawn here must be recognised as drawn: every image bears the word SPECIMEN, and none is meant to pass for a
//! photograph or to exercise a matcher. No capture, no quality score and no matching lives here.

pub mod synthetic;
