//! `bloom keys scan`: bytes a minute over a tree of files and over a history, beside whoever only reads
//! the same bytes.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use bloom_domain::api_keys::ApiKeySecret;

use crate::Outcome;
use crate::samples::median;

type Error = Box<dyn std::error::Error>;

const RUNS: usize = 5;
/// Files such as sources are, and files such as builds leave behind: 1 GB in all.
const SMALL: (usize, usize) = (25_000, 12_000);
const LARGE: (usize, usize) = (7, 100_000_000);
/// Commits of the history, and files that each of them changes.
const COMMITS: usize = 400;
const CHANGED: usize = 25;
/// How much is read at once, as the scanner does.
const PIECE: usize = 256 * 1024;

/// The yardstick of files is as many threads that only read; that of a history is git unpacking it.
pub(crate) fn run(bloom: &Path) -> Outcome {
    let folder = tempfile::tempdir()?;
    let tree = folder.path().join("tree");
    println!("\npreparing 1 GB of files ...");
    let (files, bytes) = make_tree(&tree)?;
    let (mut scanned, mut read) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        read.push(bytes / seconds(|| read_all(&files))?);
        scanned.push(bytes / seconds(|| scan(bloom, "--no-git-history", &tree))?);
    }
    let cores = thread::available_parallelism()?;
    println!("bloom keys scan, {} files, {cores} cores, {RUNS} runs, cached", files.len());
    tell("only read (yardstick)", &read, &read);
    tell("scanned", &scanned, &read);
    drop(folder);

    let folder = tempfile::tempdir()?;
    println!("\npreparing a history of {COMMITS} commits ...");
    if Command::new("git").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("  not measured: the program git is missing");
        return Ok(());
    }
    make_history(folder.path())?;
    let bytes = unpacked(folder.path())?;
    let (mut scanned, mut unpacking) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        unpacking.push(bytes / seconds(|| unpack(folder.path()))?);
        scanned.push(bytes / seconds(|| scan(bloom, "", &folder.path().join("0")))?);
    }
    println!("bloom keys scan, a packed history of {:.0} MB unpacked, {RUNS} runs", bytes / 1e6);
    tell("git cat-file --batch-all-objects (yardstick)", &unpacking, &unpacking);
    tell("scanned", &scanned, &unpacking);
    Ok(())
}

fn tell(what: &str, rates: &[f64], yardstick: &[f64]) {
    let rate = median(rates);
    let ratio = rate / median(yardstick);
    println!("  {what:<46} {:>7.1} GB a minute {ratio:>5.2}x", rate * 60.0 / 1e9);
}

fn seconds(work: impl FnOnce() -> Outcome) -> Result<f64, Error> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed().as_secs_f64())
}

fn scan(bloom: &Path, flag: &str, path: &Path) -> Outcome {
    let mut command = Command::new(bloom);
    command.args(["keys", "scan"]).args(flag.split_whitespace()).arg(path);
    let output = command.output()?;
    // The one key that was put in.
    match (output.status.code(), output.stdout.split(|&byte| byte == b'\n').count()) {
        (Some(1), 2) => Ok(()),
        _ => Err(format!("the scan said {output:?}").into()),
    }
}

/// Reads every file in as many threads as there are cores.
fn read_all(files: &[PathBuf]) -> Outcome {
    let cores = thread::available_parallelism()?.get();
    let share = files.len().div_ceil(cores);
    thread::scope(|scope| {
        let readers: Vec<_> = files
            .chunks(share)
            .map(|files| {
                scope.spawn(move || {
                    let mut buffer = vec![0; PIECE];
                    for file in files {
                        let mut file = File::open(file)?;
                        while file.read(&mut buffer)? > 0 {}
                    }
                    Ok::<_, std::io::Error>(())
                })
            })
            .collect();
        readers.into_iter().try_for_each(|reader| match reader.join() {
            Ok(read) => Ok(read?),
            Err(_) => Err("a reader failed".into()),
        })
    })
}

/// Text that is new in each file, with much that begins as a key does.
fn text(seed: usize, length: usize) -> Vec<u8> {
    const WORDS: [&str; 8] =
        ["let value = ", "bloom", "_sk_", "return;\n", "\n    ", "bloom_sk_", "// why ", "(a, b) "];
    let mut state = seed as u64 ^ 0x9E37_79B9_7F4A_7C15;
    let mut text = Vec::with_capacity(length + 32);
    while text.len() < length {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = state >> 33;
        text.extend_from_slice(WORDS[random as usize % WORDS.len()].as_bytes());
        text.extend_from_slice(format!("{random:x}").as_bytes());
    }
    text.truncate(length);
    text
}

fn make_tree(tree: &Path) -> Result<(Vec<PathBuf>, f64), Error> {
    let mut files = Vec::new();
    for index in 0..SMALL.0 {
        let folder = tree.join(format!("{}/{}", index / 1_000, index / 50));
        fs::create_dir_all(&folder)?;
        files.push(folder.join(format!("{index}.rs")));
        fs::write(&files[index], text(index, SMALL.1))?;
    }
    for index in 0..LARGE.0 {
        files.insert(index, tree.join(format!("{index}.bin")));
        let part = text(index, LARGE.1 / 100);
        let mut file = File::create(&files[index])?;
        for _ in 0..100 {
            file.write_all(&part)?;
        }
    }
    let key = ApiKeySecret::new(&[1; 32]);
    let mut last = File::options().append(true).open(&files[0])?;
    last.write_all(key.expose().as_bytes())?;
    let bytes = SMALL.0 * SMALL.1 + LARGE.0 * LARGE.1 + key.expose().len();
    Ok((files, bytes as f64))
}

fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").arg("-C").arg(folder);
    git.args(["-c", "user.name=bench", "-c", "user.email=bench@example.com"]);
    git.stdout(Stdio::null());
    git
}

fn succeeds(command: &mut Command) -> Outcome {
    if command.status()?.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}

/// Files that change a little at a time, and a key that was there in one commit only.
fn make_history(folder: &Path) -> Outcome {
    succeeds(git(folder).args(["init", "--quiet"]))?;
    for commit in 0..COMMITS {
        for change in 0..CHANGED {
            let index = (commit * 7 + change) % 200;
            let content = [text(index, 40_000), text(commit, 200), text(index + 1, 40_000)];
            fs::write(folder.join(index.to_string()), content.concat())?;
        }
        let key = ApiKeySecret::new(&[2; 32]);
        let key = if commit == COMMITS / 2 { key.expose() } else { "none" };
        fs::write(folder.join("config"), key)?;
        succeeds(git(folder).args(["add", "--all"]))?;
        succeeds(git(folder).args(["commit", "--quiet", "--message", "change"]))?;
    }
    succeeds(git(folder).args(["gc", "--quiet", "--prune=now"]))
}

fn unpack(folder: &Path) -> Outcome {
    succeeds(git(folder).args(["cat-file", "--batch-all-objects", "--buffer", "--batch"]))
}

/// The bytes of all objects but folders, which the scanner leaves out.
fn unpacked(folder: &Path) -> Result<f64, Error> {
    let format = "--batch-check=%(objecttype) %(objectsize)";
    let mut list = git(folder);
    let list = list.args(["cat-file", "--batch-all-objects", format]).stdout(Stdio::piped());
    let listed = String::from_utf8(list.output()?.stdout)?;
    let sizes = listed.lines().filter_map(|line| line.split_once(' '));
    Ok(sizes
        .filter(|(kind, _)| *kind != "tree")
        .filter_map(|(_, size)| size.parse::<f64>().ok())
        .sum())
}
