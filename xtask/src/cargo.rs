//! Calls to cargo, and what it knows of the workspace.

use crate::{Failure, tree};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A cargo command at the root that sees the environment its caller sees: `cargo run` adds variables
/// about xtask, and a build script that watches one would be rerun for nothing.
pub(crate) fn command(root: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs cargo with its output on the terminal; true when it succeeds.
pub(crate) fn succeeds(root: &Path, arguments: &[&str]) -> Result<bool, Failure> {
    let status = command(root).args(arguments).status();
    status.map(|status| status.success()).map_err(|e| format!("cannot run cargo: {e}"))
}

/// Runs cargo and takes what it prints on stdout; its stderr becomes the failure.
pub(crate) fn output(root: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let output = command(root).args(arguments).output();
    let output = output.map_err(|e| format!("cannot run cargo: {e}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let reason = String::from_utf8_lossy(&output.stderr);
        Err(format!("cargo {}: {}", arguments.join(" "), reason.trim()))
    }
}

/// The names in the tree of normal dependencies of `package`, itself among them. Cargo's own tree is
/// asked because `metadata` turns on the features of every dev-dependency as well.
pub(crate) fn normal_tree(root: &Path, package: &str) -> Result<Vec<String>, Failure> {
    let arguments = ["tree", "--locked", "-e", "normal", "--prefix", "none", "--format", "{p}"];
    let text = output(root, &[&arguments[..], &["-p", package]].concat())?;
    let mut names: Vec<String> =
        text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// One line of a manifest's dependency tables.
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// The name our sources use: the rename if there is one, with underscores.
    pub(crate) ident: String,
    /// Whether it stands in `[dev-dependencies]`.
    pub(crate) dev: bool,
}

/// A package of the resolved graph.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: Option<String>,
    /// Empty for a package of another's, which we do not judge.
    pub(crate) dependencies: Vec<Dependency>,
    /// The folder below the root, for a member of the workspace.
    pub(crate) folder: Option<String>,
}

/// What `cargo metadata` says.
pub(crate) struct Graph {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
    /// The platform that builds, and that is built for.
    pub(crate) platform: String,
}

impl Graph {
    /// Only the packages this platform builds are asked for: those of others would have to be fetched.
    pub(crate) fn read(root: &Path) -> Result<Self, Failure> {
        let platform = host_platform()?;
        let arguments = [
            "metadata",
            "--locked",
            "--all-features",
            "--format-version",
            "1",
            "--filter-platform",
        ];
        let text = output(root, &[&arguments[..], &[&platform]].concat())?;
        let graph: Value = serde_json::from_str(&text).map_err(|e| format!("metadata: {e}"))?;
        let packages = array(&graph, "packages").iter().map(|p| package(root, p)).collect();
        Ok(Self { packages, target_directory: string(&graph, "target_directory").into(), platform })
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&Package, &str)> {
        self.packages.iter().filter_map(|p| p.folder.as_deref().map(|folder| (p, folder)))
    }
}

fn host_platform() -> Result<String, Failure> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.map_err(|e| format!("cannot run rustc: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not name its host".to_owned())
}

fn package(root: &Path, value: &Value) -> Package {
    let ours = value["source"].is_null();
    let manifest = PathBuf::from(string(value, "manifest_path"));
    let folder = manifest.parent().filter(|_| ours).map(|folder| tree::relative(root, folder));
    let dependencies = array(value, "dependencies").iter().filter(|_| ours).map(dependency);
    Package {
        name: string(value, "name"),
        version: string(value, "version"),
        licence: value["license"].as_str().map(str::to_owned),
        dependencies: dependencies.collect(),
        folder,
    }
}

fn dependency(value: &Value) -> Dependency {
    let name = string(value, "name");
    let ident = value["rename"].as_str().unwrap_or(&name).replace('-', "_");
    Dependency { ident, dev: value["kind"] == "dev", name }
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn string(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
