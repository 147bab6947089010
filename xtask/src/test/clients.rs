//! OAuth clients from npm and PyPI and a mail server from there, installed once beside what cargo builds.
//!
//! They stay there from run to run: a stamp says which versions are installed. The scripts are copied
//! each time, since Node looks for packages beside the script that wants them.

use super::programs;
use crate::{Failure, cargo};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the scripts and the lists of packages are.
const SOURCE: &str = "crates/bloom/tests/clients";
/// What the folder keeps to tell what is installed in it.
const STAMP: &str = "installed";
/// Seconds after which a registry that does not answer is given up.
const PATIENCE: &str = "240";
/// How `timeout` says that it gave up.
const TIMED_OUT: i32 = 124;

/// A folder with the scripts for Node and the packages they want.
pub(super) fn node(root: &Path) -> Result<PathBuf, Failure> {
    let npm = programs::find(&["npm"], &[]).ok_or("no npm; install Node")?;
    programs::find(&["node"], &[]).ok_or("no node; install Node")?;
    let scripts = ["clients.mjs", "conformance.mjs", "node20.mjs", "person.mjs"];
    let folder =
        folder(root, "node", &[&["package.json", "package-lock.json"][..], &scripts].concat())?;
    install(&folder, "package-lock.json", || {
        let arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
        run(Command::new(&npm).args(arguments).current_dir(&folder))
    })?;
    Ok(folder)
}

/// A folder with the scripts `clients.py` and `smtp.py` and, below `venv`, a Python that has the packages it wants.
pub(super) fn python(root: &Path) -> Result<PathBuf, Failure> {
    let python = programs::find(&["python3"], &[]).ok_or("no python3; install Python")?;
    let folder = folder(root, "python", &["requirements.txt", "clients.py", "smtp.py"])?;
    install(&folder, "requirements.txt", || {
        run(Command::new(&python).args(["-m", "venv", "--clear", "venv"]).current_dir(&folder))?;
        let arguments = ["install", "--quiet", "--requirement", "requirements.txt"];
        run(Command::new(folder.join("venv/bin/pip")).args(arguments).current_dir(&folder))
    })?;
    Ok(folder)
}

/// The folder for one language, with fresh copies of these files.
fn folder(root: &Path, language: &str, files: &[&str]) -> Result<PathBuf, Failure> {
    let target = cargo::Graph::read(root)?.target_directory;
    let folder = target.join("clients").join(language);
    let copy = |file: &&str| fs::copy(root.join(SOURCE).join(file), folder.join(file)).map(drop);
    fs::create_dir_all(&folder)
        .and_then(|()| files.iter().try_for_each(copy))
        .map_err(|e| format!("cannot write {}: {e}", folder.display()))?;
    Ok(folder)
}

/// Installs, unless what the list names is installed already.
fn install(
    folder: &Path,
    list: &str,
    work: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let stamp = folder.join(STAMP);
    let wanted = fs::read(folder.join(list)).map_err(|e| format!("cannot read {list}: {e}"))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    // A run that is cut short must not count as installed.
    _ = fs::remove_file(&stamp);
    work()?;
    fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))
}

fn run(command: &Command) -> Result<(), Failure> {
    let program = programs::text(Path::new(command.get_program()));
    println!("{program}, for {SOURCE}");
    let output = Command::new("timeout")
        .arg(PATIENCE)
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().unwrap_or(Path::new(".")))
        .stdin(Stdio::null())
        .output();
    let output = output.map_err(|e| format!("cannot run {program}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stderr, output.stdout].concat();
    let why = match output.status.code() {
        Some(TIMED_OUT) => format!("not done after {PATIENCE} seconds"),
        _ => reason(&String::from_utf8_lossy(&said)).to_owned(),
    };
    Err(format!("{program} failed: {why}"))
}

/// The line that tells most: npm ends with where its log is, and begins with warnings.
fn reason(said: &str) -> &str {
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.clone().next().unwrap_or("it said nothing");
    lines.find(|line| line.to_lowercase().contains("error")).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn the_reason_is_the_first_error() {
        let npm = "npm warn old\nnpm error code ECONNREFUSED\nnpm error A log is in: x\n";
        assert_eq!(reason(npm), "npm error code ECONNREFUSED");
        assert_eq!(
            reason("\nensurepip is not available\nInstall it\n"),
            "ensurepip is not available"
        );
        assert_eq!(reason(""), "it said nothing");
    }
}
