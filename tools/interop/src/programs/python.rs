//! What the Python programs share: their folder, their interpreter's modules, their versions.

use std::path::Path;

use crate::need::Need;
use crate::stage::Stage;

/// PC/SC for Python; it is built from source where there is no binary of it.
pub const PYSCARD: Need = Need::Python("smartcard", "pyscard==2.3.1");

/// A second implementation of ASN.1, X.509 and CMS.
pub const ASN1CRYPTO: Need = Need::Python("asn1crypto", "asn1crypto==1.5.1");

/// Ciphers, curves and X.509 of OpenSSL for Python.
pub const CRYPTOGRAPHY: Need = Need::Python("cryptography", "cryptography");

/// The line of Bash that runs a script of `tools/interop/python`.
pub fn script(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(name);
    format!("\"$PY\" -B '{}'", path.display())
}

/// Name and version of an installed distribution.
pub fn version(stage: &Stage, distribution: &str) -> Option<String> {
    let ask = format!("import importlib.metadata as m; print('{distribution}', m.version('{distribution}'))");
    let output = std::process::Command::new(stage.python()).args(["-c", &ask]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
