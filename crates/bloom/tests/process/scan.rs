//! `bloom keys scan`: over files, and over the history of real repositories.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use bloom_domain::api_keys::ApiKeySecret;
use serde_json::json;
use tempfile::TempDir;

use crate::support::program::{self, Finished};

fn secret(n: u8) -> ApiKeySecret {
    ApiKeySecret::new(&[n; 32])
}

fn key(n: u8) -> String {
    secret(n).expose().to_owned()
}

fn hint(n: u8) -> String {
    secret(n).hint().to_string()
}

/// Scans with these words; whatever is said, no whole key is in it.
fn scan(words: &str, paths: &[&Path]) -> Finished {
    scan_as(program::bloom("keys scan"), words, paths)
}

fn scan_as(mut command: std::process::Command, words: &str, paths: &[&Path]) -> Finished {
    command.args(words.split_whitespace()).args(paths);
    let finished = program::finish(command, "");
    for n in 0..=u8::MAX {
        let said = [&finished.stdout, &finished.stderr];
        assert!(said.iter().all(|text| !text.contains(&key(n)[9..])), "{finished:?}");
    }
    finished
}

/// The lines of what was found; nothing else was wrong.
fn found(finished: &Finished) -> Vec<&str> {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_eq!(finished.stderr.lines().count(), 1, "the summary: {finished:?}");
    finished.stdout.lines().collect()
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
}

#[test]
fn keys_are_found_in_files_of_every_kind() {
    let folder = Folder::new();
    folder.write("a/b/.env", format!("# mine\nBLOOM_API_KEY={}\n", key(1)));
    folder.write("binary", [&[0, 255, 10][..], key(2).as_bytes(), &[0]].concat());
    let mut large = vec![b'x'; 3 << 20];
    let across = (256 << 10) - 20;
    large[across..across + 47].copy_from_slice(key(3).as_bytes());
    folder.write("large", &large);
    let last = if key(4).ends_with('0') { '1' } else { '0' };
    folder.write("other", format!("bloom_sk_…\n{}{last}\n", &key(4)[..46]));
    let elsewhere = Folder::new();
    elsewhere.write("secret", key(5));
    symlink(elsewhere.path(), folder.at("link")).expect("a link");
    symlink(elsewhere.at("secret"), folder.at("link too")).expect("a link");

    let at = folder.path().display();
    let told = scan("", &[folder.path()]);
    let expected = [
        format!("{at}/a/b/.env:2:15: {}", hint(1)),
        format!("{at}/binary:2:1: {}", hint(2)),
        format!("{at}/large:1:{}: {}", across + 1, hint(3)),
    ];
    assert_eq!(found(&told), expected);
    let summary =
        "bloom: 3 places with API keys in 4 files; 1 text with its prefix and another checksum";
    assert_eq!(told.stderr.trim_end(), summary);

    let told = scan("--json", &[&folder.at("a"), &folder.at("other")]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(1), ""));
    let told: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    let path = folder.at("a/b/.env");
    assert_eq!(
        told["findings"],
        json!([{"kind": "file", "path": path, "line": 2, "column": 15, "key": hint(1)}])
    );
    assert_eq!((&told["others"], &told["files"]), (&1.into(), &2.into()));

    // A link that was named itself is followed.
    assert_eq!(found(&scan("", &[&folder.at("link")])).len(), 1);
    // What was named twice is told once.
    assert_eq!(found(&scan("", &[&folder.at("a"), &folder.at("a/b/.env")])).len(), 1);
}

#[test]
fn a_key_in_a_name_is_found_and_cut_to_its_hint() {
    let folder = Folder::new();
    folder.write(&format!("{}/empty\u{1b}[1m", key(1)), "");
    folder.write(&format!("{}.txt", key(2)), key(3));
    let at = folder.path().display();
    let mut expected = [
        format!("{at}/{}:(its name): {}", hint(1), hint(1)),
        format!("{at}/{}.txt:(its name): {}", hint(2), hint(2)),
        format!("{at}/{}.txt:1:1: {}", hint(2), hint(3)),
    ];
    expected.sort();
    let told = scan("", &[folder.path()]);
    let mut lines = found(&told);
    lines.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn where_nothing_is_the_exit_code_says_so() {
    let folder = Folder::new();
    folder.write("a", "nothing here");
    folder.write("empty", "");
    assert_eq!(scan("", &[folder.path()]).ok(), "no API key in 2 files\n");
    let told = scan("--json", &[folder.path()]).json();
    let expected = json!({"findings": [], "others": 0, "files": 2, "objects": 0, "bytes": 12,
        "problems": [], "notes": []});
    assert_eq!(told, expected);
    assert_eq!(scan("", &[&folder.at("a")]).ok(), "no API key in 1 file\n");
}

#[test]
fn what_cannot_be_scanned_is_refused_in_one_line() {
    let folder = Folder::new();
    folder.write("a", key(1));
    let missing = folder.at("missing");
    let line = scan("", &[&folder.at("a"), &missing]).refused(2);
    assert!(line.starts_with(&format!("cannot read {}: ", missing.display())), "{line}");
    let line = scan("", &[Path::new("/dev/null")]).refused(2);
    assert_eq!(line, "cannot read /dev/null: it is neither a file nor a folder");
    assert!(scan("", &[]).refused(2).contains("PATH"));
    let line = scan("--git-history", &[folder.path()]).refused(2);
    assert_eq!(line, "--git-history: there is no git repository");
    let line = scan("--git-history --no-git-history", &[folder.path()]).refused(2);
    assert!(line.contains("cannot be used with"), "{line}");
}

/// The memory of a process is a file whose first byte nobody can read, not even root.
#[test]
fn what_cannot_be_read_is_named_and_makes_the_run_fail() {
    let (folder, unreadable) = (Folder::new(), Path::new("/proc/self/mem"));
    folder.write("a", key(1));
    folder.write("b", "nothing");
    let told = scan("", &[&folder.at("b"), unreadable]);
    assert_eq!((told.code, told.stdout.as_str()), (Some(2), ""), "{told:?}");
    assert!(told.stderr.starts_with("bloom: cannot read /proc/self/mem: "), "{told:?}");
    // What was found is told all the same.
    let told = scan("", &[unreadable, folder.path()]);
    assert_eq!((told.code, told.stdout.lines().count()), (Some(2), 1), "{told:?}");
    assert!(told.stderr.contains("cannot read /proc/self/mem: "), "{told:?}");
    let told = scan("--json", &[unreadable, folder.path()]);
    assert_eq!(told.code, Some(2));
    let json: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!(json["problems"].as_array().map(Vec::len), Some(1), "{json}");
    assert_eq!(json["findings"].as_array().map(Vec::len), Some(1), "{json}");
}

/// A repository in a folder, driven by the real git.
struct Repository(Folder);

impl Repository {
    /// `None` when there is no git: then it has been said that the test is skipped.
    fn new() -> Option<Self> {
        let is_there = std::process::Command::new("git").arg("--version").output();
        if is_there.is_err() {
            eprintln!("skipped: the program git is missing");
            return None;
        }
        let repository = Self(Folder::new());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        Some(repository)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut git = program::command("git");
        git.arg("-C").arg(self.path()).args(arguments);
        git.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")]);
        for role in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{role}_NAME"), "Ada");
            git.env(format!("GIT_{role}_EMAIL"), "ada@example.com");
        }
        let output = git.output().expect("git runs");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// Commits all there is; gives the commit's id.
    fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }
}

/// What was found, without what is in files of the folder itself.
fn found_in_history(repository: &Repository) -> Vec<String> {
    let told = scan("", &[repository.path()]);
    assert_eq!(told.stderr.lines().count(), 1, "{told:?}");
    let is_file = |line: &&str| line.starts_with(&*repository.path().to_string_lossy());
    told.stdout.lines().filter(|line| !is_file(line)).map(str::to_owned).collect()
}

#[test]
fn a_key_that_was_deleted_later_is_found_with_its_first_commit() {
    let Some(repository) = Repository::new() else { return };
    repository.0.write("src/main.rs", "fn main() {}\n");
    repository.commit("begin");
    repository.0.write("src/config.rs", format!("a\nb\nconst KEY: &str = \"{}\";\n", key(1)));
    let first = repository.commit("configure");
    repository.0.write("notes", "text");
    repository.commit("more");
    fs::remove_file(repository.0.at("src/config.rs")).expect("it is there");
    repository.commit("remove the key");

    let expected = [format!("{first}:src/config.rs:3: {}", hint(1))];
    assert_eq!(found_in_history(&repository), expected);
    repository.git(&["gc", "--quiet", "--aggressive", "--prune=now"]);
    assert_eq!(found_in_history(&repository), expected, "packed");
    // A file of the repository leads to its history, too; files alone hold nothing any more.
    assert_eq!(found(&scan("", &[&repository.0.at("src")])), expected);
    assert_eq!(found(&scan("", &[&repository.0.at("notes")])), expected);
    scan("--no-git-history", &[repository.path()]).ok();

    let told = scan("--json", &[&repository.0.at("notes")]);
    let told: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    let blob = repository.git(&["rev-parse", &format!("{first}:src/config.rs")]);
    let folder = repository.path().canonicalize().expect("it is there");
    assert_eq!(
        told["findings"],
        json!([{"kind": "blob", "repository": folder, "object": blob, "commit": first,
            "path": "src/config.rs", "line": 3, "column": 20, "key": hint(1)}])
    );
    // Four commits, and the files: main.rs, config.rs, notes.
    assert_eq!(told["objects"], 7);
}

#[test]
fn renames_merges_branches_and_deltas_hide_nothing() {
    let Some(repository) = Repository::new() else { return };
    let lines: String = (0..2_000).map(|n| format!("line {n}\n")).collect();
    repository.0.write("long", &lines);
    repository.commit("begin");
    repository.0.write("long", lines.replace("line 1000\n", &format!("{}\n", key(1))));
    let changed = repository.commit("change");
    repository.git(&["mv", "long", "renamed"]);
    repository.commit("rename");
    repository.0.write("renamed", &lines);
    repository.commit("clean");
    repository.git(&["switch", "--quiet", "--create", "side"]);
    repository.0.write("side", "side");
    repository.commit("side");
    repository.git(&["switch", "--quiet", "main"]);
    repository.git(&["merge", "--quiet", "--no-ff", "--no-commit", "side"]);
    repository.0.write("by the merge", key(2));
    let merge = repository.commit("merge");
    repository.git(&["rm", "--quiet", "by the merge"]);
    repository.commit("clean");
    repository.git(&["switch", "--quiet", "--orphan", "alone"]);
    repository.0.write("alone", format!("{} {}", key(3), key(4)));
    let alone = repository.commit("alone");
    repository.git(&["switch", "--quiet", "main"]);
    repository.git(&["gc", "--quiet", "--aggressive", "--prune=now"]);

    let mut expected = vec![
        format!("{changed}:long:1001: {}", hint(1)),
        format!("{merge}:by the merge:1: {}", hint(2)),
        format!("{alone}:alone:1: {}", hint(3)),
        format!("{alone}:alone:1: {}", hint(4)),
    ];
    expected.sort();
    let mut lines = found_in_history(&repository);
    lines.sort();
    assert_eq!(lines, expected);
}

#[test]
fn messages_of_commits_and_tags_are_read_and_what_is_only_staged() {
    let Some(repository) = Repository::new() else { return };
    let commit = repository.commit(&format!("use it\n\nwith {}", key(1)));
    repository.commit("next");
    repository.git(&["tag", "--annotate", "v1", "--message", &format!("try {}", key(2))]);
    let tag = repository.git(&["rev-parse", "v1"]);
    repository.0.write("staged", key(3));
    repository.git(&["add", "staged"]);
    fs::remove_file(repository.0.at("staged")).expect("it is there");
    let blob = repository.git(&["rev-parse", ":staged"]);
    repository.git(&["pack-refs", "--all"]);

    let mut expected = vec![
        // The line as `git cat-file -p` shows it, after the head of the object.
        format!("{commit}:(commit message):7: {}", hint(1)),
        format!("{tag}:(tag v1):6: {}", hint(2)),
        format!("{blob}:staged:1: {}", hint(3)),
    ];
    expected.sort();
    let mut lines = found_in_history(&repository);
    lines.sort();
    assert_eq!(lines, expected);
}

#[test]
fn a_bare_repository_is_read_and_a_shallow_one_says_so() {
    let Some(repository) = Repository::new() else { return };
    repository.0.write("config", key(1));
    let first = repository.commit("begin");
    fs::remove_file(repository.0.at("config")).expect("it is there");
    repository.commit("remove");
    let clones = Folder::new();
    let (bare, shallow) = (clones.at("bare.git"), clones.at("shallow"));
    let from = format!("file://{}", repository.path().display());
    repository.git(&["clone", "--quiet", "--bare", &from, &bare.to_string_lossy()]);
    repository.git(&["clone", "--quiet", "--depth=1", &from, &shallow.to_string_lossy()]);

    assert_eq!(found(&scan("", &[&bare])), [format!("{first}:config:1: {}", hint(1))]);
    let told = scan("", &[&shallow]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.stderr.contains("is cut short (a shallow clone)"), "{told:?}");
}

#[test]
fn repositories_below_are_read_when_asked_for() {
    let Some(one) = Repository::new() else { return };
    one.0.write("config", key(1));
    let commit = one.commit("begin");
    fs::remove_file(one.0.at("config")).expect("it is there");
    one.commit("remove");
    let folder = Folder::new();
    for name in ["one", "sub/two"] {
        let from = one.path().to_string_lossy().into_owned();
        one.git(&["clone", "--quiet", &from, &folder.at(name).to_string_lossy()]);
    }
    scan("", &[folder.path()]).ok();
    let folder_name = folder.path().canonicalize().expect("it is there");
    let line =
        |name: &str| format!("{} {commit}:config:1: {}", folder_name.join(name).display(), hint(1));
    let told = scan("--git-history", &[folder.path()]);
    assert_eq!(found(&told), [line("one"), line("sub/two")]);
}

#[test]
fn a_broken_repository_and_a_missing_git_make_the_run_fail() {
    let Some(repository) = Repository::new() else { return };
    repository.0.write("config", key(1));
    repository.commit("begin");
    // A variable for another repository leads nowhere.
    let mut command = program::bloom("keys scan");
    command.env("GIT_DIR", "/nowhere").env("GIT_INDEX_FILE", "/nowhere");
    assert_eq!(found(&scan_as(command, "", &[repository.path()])).len(), 2);

    let nothing = Folder::new();
    let mut command = program::bloom("keys scan");
    command.env("PATH", nothing.path());
    let told = scan_as(command, "", &[repository.path()]);
    assert_eq!((told.code, told.stdout.lines().count()), (Some(2), 1), "files are read: {told:?}");
    assert!(told.stderr.contains("the program git is missing"), "{told:?}");
    let mut command = program::bloom("keys scan");
    command.env("PATH", nothing.path());
    scan_as(command, "", &[nothing.path()]).ok();

    // An object that is not there, as in a partial clone.
    let blob = repository.git(&["rev-parse", "HEAD:config"]);
    let object = repository.0.at(&format!(".git/objects/{}/{}", &blob[..2], &blob[2..]));
    fs::remove_file(object).expect("it is there");
    let told = scan("", &[repository.path()]);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(told.stderr.contains("1 of its objects are not here"), "{told:?}");

    // What only looks like a repository does not lead to the one around it.
    fs::create_dir_all(repository.0.at("inner/.git")).expect("a folder");
    repository.0.write("inner/a", "nothing");
    let told = scan("", &[&repository.0.at("inner")]);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(told.stderr.contains("git says: fatal: not a git repository"), "{told:?}");
}
