//! The binary `bitaqa`.
fn main() {}
