//! Adds up what the test programs print.
//!
//! A test that lacks its database or browser prints `skipped: why` and returns, which its harness counts
//! as passed. The harness is therefore asked to show the output of passed tests too; that output is read
//! here and kept off the terminal. What it holds must hold no key and no token: it is all that unit tests and
//! the scripts of clients print, beside the logs that the tests search themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

#[expect(dead_code, reason = "the tests recognise more, in what they know to be an answer")]
#[path = "../../../crates/bloom/tests/secrets/mod.rs"]
mod secrets;

pub(super) struct Tally {
    passed: usize,
    failed: usize,
    ignored: usize,
    /// How many tests gave each reason.
    skipped: BTreeMap<String, usize>,
    /// The tests that passed and printed what looks like a secret.
    told: BTreeSet<String>,
    /// The test whose output we are in.
    test: String,
    /// Whether the harness shows output in sections of its own, which the person did not ask for.
    sections: bool,
    inside_successes: bool,
    /// Whether the test whose output we are in has given a reason already.
    counted: bool,
}

impl Tally {
    /// `filters` are the person's own arguments to the harness: with them the output may be asked for,
    /// and then all of it is shown.
    pub(super) fn new(filters: &[String]) -> Self {
        let asked = |flag: &String| flag == "--nocapture" || flag == "--show-output";
        Self {
            passed: 0,
            failed: 0,
            ignored: 0,
            skipped: BTreeMap::new(),
            told: BTreeSet::new(),
            test: String::new(),
            sections: !filters.iter().any(asked),
            inside_successes: false,
            counted: false,
        }
    }

    /// What to add to the harness's arguments.
    pub(super) fn flags(&self) -> &'static [&'static str] {
        if self.sections { &["--show-output"] } else { &[] }
    }

    pub(super) fn failed(&self) -> usize {
        self.failed
    }

    /// How many tests could not run for want of something.
    pub(super) fn skipped(&self) -> usize {
        self.skipped.values().sum()
    }

    /// The tests that printed a key or a token. A failed one shows what it got, and fails in any case.
    pub(super) fn told(&self) -> impl Iterator<Item = &str> {
        self.told.iter().map(String::as_str)
    }

    /// Counts a line; true when it is for the person as well.
    pub(super) fn shows(&mut self, line: &str) -> bool {
        if line == "successes:" {
            self.inside_successes = true;
        } else if line == "failures:" || line.starts_with("test result: ") {
            self.inside_successes = false;
        }
        if let Some(test) = line.strip_prefix("---- ") {
            self.counted = false;
            test.trim_end_matches(" stdout ----").clone_into(&mut self.test);
        }
        if self.inside_successes && secrets::looks_like_one(line) {
            self.told.insert(self.test.clone());
        }
        if let Some(result) = line.strip_prefix("test result: ") {
            self.add(result);
        }
        if let Some(reason) = line.strip_prefix("skipped: ") {
            self.skip(reason);
        }
        !(self.sections && self.inside_successes)
    }

    /// Reads `ok. 3 passed; 0 failed; 1 ignored; …`.
    fn add(&mut self, result: &str) {
        for part in result.split([';', '.']) {
            match part.trim().split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                Some((number, "ignored")) => self.ignored += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    fn skip(&mut self, reason: &str) {
        if !(self.sections && self.counted) {
            *self.skipped.entry(reason.trim().to_owned()).or_default() += 1;
            self.counted = true;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let returned_early = self.skipped();
        let skipped = self.ignored + returned_early;
        let passed = self.passed.saturating_sub(returned_early);
        write!(out, "{passed} passed, {} failed", self.failed)?;
        if skipped > 0 {
            write!(out, ", {skipped} skipped")?;
        }
        for (reason, tests) in &self.skipped {
            write!(out, "\nskipped {tests}: {reason}")?;
        }
        if self.ignored > 0 {
            write!(out, "\nskipped {}: marked #[ignore]", self.ignored)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn read(filters: &[&str], output: &str) -> (String, Vec<String>) {
        let filters: Vec<String> = filters.iter().map(|text| (*text).to_owned()).collect();
        let mut tally = Tally::new(&filters);
        let shown = output.lines().filter(|line| tally.shows(line)).map(str::to_owned).collect();
        (tally.to_string(), shown)
    }

    #[test]
    fn adds_up_the_programs() {
        let output = "test a ... ok\n\
            test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.03s\n\
            test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s\n";
        let (summary, shown) = read(&[], output);
        assert_eq!(summary, "13 passed, 3 failed");
        assert_eq!(shown.len(), 3);
    }

    #[test]
    fn a_test_that_skips_itself_has_not_passed() {
        let output = "successes:\n\n---- a stdout ----\nskipped: no PostgreSQL\nskipped: no PostgreSQL\n\n\
            ---- b stdout ----\nskipped: no browser\nnoise\n\nsuccesses:\n    a\n    b\n    c\n\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\n";
        let (summary, shown) = read(&[], output);
        assert_eq!(
            summary,
            "1 passed, 0 failed, 3 skipped\nskipped 1: no PostgreSQL\nskipped 1: no browser\n\
             skipped 1: marked #[ignore]"
        );
        assert_eq!(shown.len(), 1);
    }

    #[test]
    fn a_test_that_prints_a_secret_is_named() {
        let told = |output: &str| {
            let mut tally = Tally::new(&[]);
            for line in output.lines() {
                tally.shows(line);
            }
            tally.told().map(str::to_owned).collect::<Vec<_>>()
        };
        let key = format!("bloom_sk_{}", "Az09".repeat(10));
        let passed =
            format!("successes:\n\n---- a::b stdout ----\nit has {key}\n\nsuccesses:\n    a::b\n");
        assert_eq!(told(&passed), ["a::b"]);
        assert!(told(&passed.replace(&key, "bloom_sk_Az09…")).is_empty(), "a hint is no secret");
        assert!(told(&passed.replace("successes", "failures")).is_empty());
    }

    #[test]
    fn output_that_was_asked_for_is_shown() {
        let output = "successes:\nnoise\ntest result: ok. 1 passed; 0 failed; 0 ignored\n";
        assert_eq!(read(&["--show-output"], output).1.len(), 3);
        assert_eq!(read(&["name"], output).1.len(), 1);
    }

    #[test]
    fn failures_are_shown_after_hidden_successes() {
        let output = "successes:\nnoise\nfailures:\n---- c stdout ----\nwhy\ntest result: FAILED. 1 passed; 1 failed; 0 ignored";
        let (summary, shown) = read(&[], output);
        assert_eq!(summary, "1 passed, 1 failed");
        assert_eq!(shown.first().map(String::as_str), Some("failures:"));
    }
}
