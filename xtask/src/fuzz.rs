//! `cargo xtask fuzz [target …]`: two million executions of each target in `fuzz/`, or of those that are
//! named. `FUZZ_RUNS` asks for another number.
//!
//! libFuzzer finds its way by what an input reaches, so the targets are compiled with the counters it
//! reads: the flags are those of cargo-fuzz, which itself is not needed, and work on the stable compiler. What it learns stays below
//! the target folder; only seeds and what broke a property belong into `fuzz/corpus`.

use crate::cargo::{self, Graph};
use crate::{Failure, tree};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

const RUNS: &str = "2000000";

const COUNTERS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                        -Cllvm-args=-sanitizer-coverage-pc-table \
                        -Cllvm-args=-sanitizer-coverage-trace-compares";

/// What a target is given at most: longer inputs are slower and reach nothing new.
const LONGEST: &str = "4096";

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    let root = tree::root()?;
    let corpus = root.join("fuzz/corpus");
    let targets = if arguments.is_empty() { folders(&corpus)? } else { arguments.to_vec() };
    let graph = Graph::read(&root)?;
    let scratch = graph.target_directory.join("fuzz");
    let program = build(&root, &scratch, &graph)?;
    let mut broken = Vec::new();
    for target in &targets {
        let said = fuzz(&program, target, &corpus.join(target), &scratch)?;
        match said.lines().rev().find(|line| line.starts_with("Done ")) {
            Some(done) => println!("{target}: {done}"),
            None => {
                println!("{said}");
                broken.push(target.as_str());
            }
        }
    }
    if broken.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("broken: {}; the input lies in {}", broken.join(", "), scratch.display());
    Ok(ExitCode::FAILURE)
}

/// The targets are the folders of the corpus; a test holds both together.
fn folders(corpus: &Path) -> Result<Vec<String>, Failure> {
    let entries = fs::read_dir(corpus).map_err(|e| format!("{}: {e}", corpus.display()))?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// With a named platform, which keeps the flags away from build scripts.
fn build(root: &Path, scratch: &Path, graph: &Graph) -> Result<PathBuf, Failure> {
    let mut command = cargo::command(root);
    command
        .args(["build", "--locked", "--package", "bloom-fuzz", "--features", "fuzzer"])
        .args(["--profile", "fuzz", "--target", &graph.platform])
        .arg("--target-dir")
        .arg(scratch)
        .env("RUSTFLAGS", COUNTERS);
    let status = command.status().map_err(|e| format!("cannot run cargo: {e}"))?;
    if !status.success() {
        return Err("the fuzzer cannot be built; it needs a C++ compiler".to_owned());
    }
    Ok(scratch.join(&graph.platform).join("fuzz/bloom-fuzz"))
}

/// Runs one target and gives what libFuzzer said.
fn fuzz(program: &Path, target: &str, seeds: &Path, scratch: &Path) -> Result<String, Failure> {
    let learnt = scratch.join("learnt").join(target);
    fs::create_dir_all(&learnt).map_err(|e| format!("{}: {e}", learnt.display()))?;
    let runs = std::env::var("FUZZ_RUNS").unwrap_or_else(|_| RUNS.to_owned());
    let output = Command::new(program)
        .env("FUZZ_TARGET", target)
        .arg(format!("-runs={runs}"))
        .arg(format!("-max_len={LONGEST}"))
        .args(["-timeout=10", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/{target}-", scratch.display()))
        .arg(learnt)
        .arg(seeds)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("cannot run {}: {e}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // A process that was killed has not finished, whatever it said before.
    Ok(if output.status.success() { said } else { said.replace("Done ", "done ") })
}
