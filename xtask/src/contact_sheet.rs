//! `cargo xtask contact-sheet FOLDER [sheet …]`: pictures of the studio, to be looked at.

use crate::{Failure, cargo, tree};
use std::process::ExitCode;

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    let root = tree::root()?;
    let mut command =
        vec!["run", "--release", "-p", "bloom-studio", "--example", "contact_sheet", "--"];
    command.extend(arguments.iter().map(String::as_str));
    Ok(if cargo::succeeds(&root, &command)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
