//! Every object that a repository's refs, HEAD and index lead to, read once.
//!
//! 1. `git rev-list --objects` lists them with a path each.
//! 2. `git cat-file --batch-check` tells what each is, so that folders need not be unpacked.
//! 3. Several `git cat-file --batch` unpack them; we read what they write as it comes.
//! 4. Only when something was found: which commit brought it (`commits.rs`).

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use bloom_domain::api_keys::finder::{Finder, Found};

use super::commits::{self, Commits};
use super::files::at_once;
use super::git::{Git, Repository};
use super::report::{Finding, Object, Place, Report, shown_bytes};

/// What both `cat-file` write before an object.
const FORMAT: &str = "%(objectname) %(objecttype) %(objectsize) %(rest)";
/// Objects that are asked for together: neighbours are often deltas of one another.
const BLOCK: usize = 256;
/// How many blocks may wait.
const WAITING: usize = 16;
/// How much of an object is read at once.
const PIECE: usize = 256 * 1024;

/// Reads the history of a repository; what fails is told in the report.
pub(super) fn read(repository: &Repository, report: &mut Report) {
    report.repositories += 1;
    if let Err(problem) = read_objects(repository, report) {
        report.problems.push(problem);
    }
}

fn read_objects(repository: &Repository, report: &mut Report) -> Result<(), String> {
    let is_shallow = repository.ask(&["rev-parse", "--is-shallow-repository"])? == "true";
    if is_shallow {
        let name = repository.name();
        report.notes.push(format!("the history of {name} is cut short (a shallow clone)"));
    }
    let (queue, waiting) = sync_channel(WAITING);
    let waiting = Mutex::new(waiting);
    let mut hits = Vec::new();
    let listed = thread::scope(|scope| {
        let readers: Vec<_> =
            (0..at_once()).map(|_| scope.spawn(|| unpack(repository, &waiting))).collect();
        let listed = list(repository, &queue, report);
        drop(queue);
        for reader in readers {
            match reader.join() {
                Ok((read, found)) => {
                    report.add(read);
                    hits.extend(found);
                }
                Err(_) => report.problems.push(repository.failed("a defect")),
            }
        }
        listed
    });
    let blobs = hits.iter().filter(|hit| hit.kind == Kind::Blob);
    let blobs: Vec<_> = blobs.map(|hit| hit.id.as_str()).collect();
    let commits = commits::that_brought(repository, &blobs).unwrap_or_else(|problem| {
        report.problems.push(problem);
        Commits::new()
    });
    for hit in &hits {
        let place = || hit.place(repository, &commits);
        let found = hit.found.iter().map(|found| Finding::new(place(), found));
        report.findings.extend(found);
    }
    listed
}

/// What an object is, as far as we read them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blob,
    Commit,
    Tag,
}

/// An object with keys in it.
struct Hit {
    id: String,
    kind: Kind,
    /// A path that led to it, or a tag's name.
    name: Vec<u8>,
    found: Vec<Found>,
}

impl Hit {
    fn place(&self, repository: &Repository, commits: &Commits) -> Place {
        let (id, name) = (self.id.clone(), &self.name);
        let object = match self.kind {
            Kind::Commit => Object::Commit { id },
            Kind::Tag => Object::Tag { id, name: shown_bytes(name) },
            Kind::Blob => {
                let brought = commits.get(&id);
                let path = shown_bytes(brought.map_or(name, |(_, path)| path));
                Object::Blob { id, commit: brought.map(|(commit, _)| commit.clone()), path }
            }
        };
        Place::History { repository: repository.name(), object }
    }
}

type Blocks = SyncSender<Vec<u8>>;

/// Hands over every object but folders.
fn list(repository: &Repository, queue: &Blocks, report: &mut Report) -> Result<(), String> {
    let all = ["rev-list", "--objects", "--missing=print", "--all", "--indexed-objects"];
    let mut lister = repository.start(&all, Stdio::null())?;
    let listed = lister.child.stdout.take().map_or_else(Stdio::null, Stdio::from);
    let check = format!("--batch-check={FORMAT}");
    let mut checker = repository.start(&["cat-file", "--buffer", &check], listed)?;
    let missing = match checker.child.stdout.take() {
        Some(output) => hand_over(output, queue).map_err(|e| repository.failed(&e.to_string()))?,
        None => 0,
    };
    lister.end().and_then(|()| checker.end()).map_err(|why| repository.failed(&why))?;
    if missing > 0 {
        let what = format!("{missing} of its objects are not here (a partial clone?)");
        report.problems.push(repository.failed(&what));
    }
    Ok(())
}

/// Gives how many objects are not there.
fn hand_over(output: ChildStdout, queue: &Blocks) -> io::Result<u64> {
    let (mut block, mut in_block, mut missing) = (Vec::new(), 0, 0);
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let Some(header) = Header::parse(&line) else {
            missing += u64::from(line.ends_with(b" missing"));
            continue;
        };
        block.extend_from_slice(&[header.id.as_bytes(), b" ", header.name, b"\n"].concat());
        in_block += 1;
        if in_block == BLOCK {
            // It fails only when no reader is left, which each of them tells.
            let _ = queue.send(std::mem::take(&mut block));
            in_block = 0;
        }
    }
    let _ = queue.send(block);
    Ok(missing)
}

/// The line before an object; `None` for a folder and for what is not there.
struct Header<'a> {
    id: &'a str,
    kind: Kind,
    size: u64,
    name: &'a [u8],
}

impl<'a> Header<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        let mut parts = line.splitn(4, |&byte| byte == b' ');
        let id = std::str::from_utf8(parts.next()?).ok()?;
        let kind = match parts.next()? {
            b"blob" => Kind::Blob,
            b"commit" => Kind::Commit,
            b"tag" => Kind::Tag,
            _ => return None,
        };
        let size = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
        Some(Self { id, kind, size, name: parts.next().unwrap_or_default() })
    }
}

/// One git that unpacks, and what is in what it wrote.
fn unpack(repository: &Repository, waiting: &Mutex<Receiver<Vec<u8>>>) -> (Report, Vec<Hit>) {
    let (mut report, mut hits) = (Report::default(), Vec::new());
    let batch = format!("--batch={FORMAT}");
    let done =
        repository.start(&["cat-file", "--buffer", &batch], Stdio::piped()).and_then(|git| {
            let read = read_all(git, waiting, &mut report, &mut hits);
            read.map_err(|why| repository.failed(&why))
        });
    if let Err(problem) = done {
        report.problems.push(problem);
        // Whoever lists must not wait for ever for somebody to take it.
        while next(waiting).is_some() {}
    }
    (report, hits)
}

fn next(waiting: &Mutex<Receiver<Vec<u8>>>) -> Option<Vec<u8>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn read_all(
    mut git: Git,
    waiting: &Mutex<Receiver<Vec<u8>>>,
    report: &mut Report,
    hits: &mut Vec<Hit>,
) -> Result<(), String> {
    let (input, output) = (git.child.stdin.take(), git.child.stdout.take());
    let (Some(input), Some(output)) = (input, output) else {
        return Err("it has no pipes".to_owned());
    };
    let read = thread::scope(|scope| {
        scope.spawn(|| ask(input, waiting));
        read_answers(BufReader::with_capacity(PIECE, output), report, hits)
    });
    let ended = git.end();
    read.map_err(|error| error.to_string()).and(ended)
}

/// Asks for block after block. If git ends early, its reader tells.
fn ask(mut input: ChildStdin, waiting: &Mutex<Receiver<Vec<u8>>>) {
    while let Some(block) = next(waiting) {
        if input.write_all(&block).is_err() {
            while next(waiting).is_some() {}
        }
    }
}

fn read_answers(
    mut output: BufReader<ChildStdout>,
    report: &mut Report,
    hits: &mut Vec<Hit>,
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if output.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let Some(header) = Header::parse(line) else {
            return Err(io::Error::other("an object has gone meanwhile"));
        };
        let mut finder = Finder::new();
        let found = read_object(&mut output, header.size, &mut finder)?;
        // The line end after it.
        output.read_exact(&mut [0])?;
        report.objects += 1;
        report.bytes += header.size;
        report.others += finder.others();
        if !found.is_empty() {
            let (id, name) = (header.id.to_owned(), header.name.to_owned());
            hits.push(Hit { id, kind: header.kind, name, found });
        }
    }
}

fn read_object(
    output: &mut BufReader<ChildStdout>,
    size: u64,
    finder: &mut Finder,
) -> io::Result<Vec<Found>> {
    let (mut left, mut found) = (size, Vec::new());
    while left > 0 {
        let ready = output.fill_buf()?;
        if ready.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let length = ready.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        found.extend(finder.read(&ready[..length]));
        output.consume(length);
        left -= length as u64;
    }
    Ok(found)
}
