//! `cargo xtask contact-sheet [FOLDER [sheet …]]`: pictures of the studio, to be looked at. Without a folder, those that the
//! documents show.

use crate::{Failure, cargo, tree};
use std::process::ExitCode;

/// The folder of the documents' pictures, and which sheet they show.
const IN_DOCUMENTS: [&str; 2] = ["docs/images", "variants"];

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    let root = tree::root()?;
    let mut command =
        vec!["run", "--release", "-p", "bloom-studio", "--example", "contact_sheet", "--"];
    match arguments.is_empty() {
        true => command.extend(IN_DOCUMENTS),
        false => command.extend(arguments.iter().map(String::as_str)),
    }
    Ok(if cargo::succeeds(&root, &command)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
