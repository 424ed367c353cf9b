//! The binary `bitaqa`: everything is in the library of this crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    bitaqa_cli::main()
}
