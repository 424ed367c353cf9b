//! Reads and checks one card profile into an immutable Profile, and renders it for review
