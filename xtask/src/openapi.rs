//! `cargo xtask openapi`: writes down what the server says of itself. A test fails when the file
//! differs, so this is the one way to change it.

use crate::{Failure, cargo, tree};
use std::fs;
use std::process::ExitCode;

pub(crate) fn run() -> Result<ExitCode, Failure> {
    let root = tree::root()?;
    let text = cargo::output(&root, &["run", "--quiet", "-p", "bloom", "--", "openapi"])?;
    // A half-written or empty document must not replace a good one.
    serde_json::from_str::<serde_json::Value>(&text)
        .map_err(|e| format!("`bloom openapi` printed no JSON: {e}"))?;
    let path = root.join("openapi.json");
    fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("wrote openapi.json");
    Ok(ExitCode::SUCCESS)
}
