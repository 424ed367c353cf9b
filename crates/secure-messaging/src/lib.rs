//! Key agreement and sessions, card and terminal role in the same file
