//! `bloom keys scan`: finds API keys in files and in git history, by shape and checksum.
//!
//! It needs no data folder, no server and no network, so that it runs in a pipeline or in a hook. What is
//! found is told by its hint: the output is kept in logs.

mod commits;
mod files;
mod git;
mod history;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;
use crate::output;
use git::Repository;
use report::Report;

/// Something was found.
const FOUND: u8 = 1;
/// Something could not be read, so that it is not known whether nothing is there.
const INCOMPLETE: u8 = 2;

/// What to scan.
#[derive(Args)]
pub(crate) struct Request {
    /// Files and folders, with everything below them; in a git repository also its history
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Also read the history of repositories below a PATH; refuse when there is none at all
    #[arg(long, conflicts_with = "no_git_history")]
    git_history: bool,
    /// Read files only
    #[arg(long)]
    no_git_history: bool,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// Scans and tells.
pub(crate) fn run(request: &Request) -> Result<ExitCode, Failure> {
    let roots = request.roots()?;
    let mut report = Report::default();
    let below = files::read(&roots, &mut report);
    if !request.no_git_history {
        let mut repositories: Vec<_> =
            roots.iter().filter_map(|root| Repository::around(root)).collect();
        if request.git_history {
            repositories.extend(below.iter().filter_map(|folder| Repository::around(folder)));
        }
        repositories.sort();
        repositories.dedup();
        if request.git_history && repositories.is_empty() {
            return Err(Failure::usage("--git-history: there is no git repository"));
        }
        for repository in &repositories {
            history::read(repository, &mut report);
        }
    }
    report.sort();
    tell(&report, request.json)?;
    Ok(ExitCode::from(match (report.problems.is_empty(), report.findings.is_empty()) {
        (false, _) => INCOMPLETE,
        (true, false) => FOUND,
        (true, true) => 0,
    }))
}

impl Request {
    /// What was named, links of the command line followed. All of it is there, or nothing is read.
    fn roots(&self) -> Result<Vec<PathBuf>, Failure> {
        let root = |path: &PathBuf| {
            let refused = |why: &dyn std::fmt::Display| {
                Failure::usage(format!("cannot read {}: {why}", report::shown(path)))
            };
            let kind = path.metadata().map_err(|error| refused(&error))?;
            if !kind.is_file() && !kind.is_dir() {
                return Err(refused(&"it is neither a file nor a folder"));
            }
            if path.is_symlink() {
                return path.canonicalize().map_err(|error| refused(&error));
            }
            Ok(path.clone())
        };
        self.paths.iter().map(root).collect()
    }
}

/// Findings go to standard output, what else there is to say to standard error: a pipeline that reads the
/// first gets nothing but places.
fn tell(report: &Report, is_json: bool) -> Result<(), Failure> {
    // A line that cannot be written must not look like nothing found.
    let incomplete = |_| Failure::usage("cannot write to standard output");
    if is_json {
        output::say(&report.json().to_string()).map_err(incomplete)?;
    } else if report.findings.is_empty() && report.problems.is_empty() {
        output::say(&report.summary()).map_err(incomplete)?;
    } else if !report.findings.is_empty() {
        output::say(&report.lines()).map_err(incomplete)?;
        output::complain(&Failure::usage(report.summary()));
    }
    for line in report.problems.iter().chain(&report.notes) {
        output::complain(&Failure::usage(line));
    }
    Ok(())
}
