//! Synthetic portraits and prints, and their image files
