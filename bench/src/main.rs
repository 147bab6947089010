//! Benchmarks, each beside the yardstick of the same run: these machines are noisy, ratios are not.
//!
//! `cargo xtask bench [scenario …]` builds everything in release and runs this. The server is pinned to
//! one core and the load to the other; CPU per request is what the kernel charged the server's threads
//! for, divided by the requests answered. Every figure is the median of alternating runs.

#![expect(clippy::print_stdout, reason = "a command line answers on stdout")]
#![expect(clippy::print_stderr, reason = "a command line complains on stderr")]
#![expect(
    clippy::disallowed_methods,
    reason = "the bans keep clock and environment out of the server; this tool measures time"
)]

mod bare;
mod bare_commit;
mod cluster;
mod credits;
mod credits_postgres;
mod grants;
mod group_commit;
mod images;
mod keys;
mod limiter;
mod load;
mod many_keys;
mod oauth;
mod oauth_world;
mod pages;
mod process;
mod queue;
mod replay;
mod samples;
mod scan;
mod sign_in;
mod start;
mod studio;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What went wrong, for the person who reads the figures.
type Outcome = Result<(), Box<dyn std::error::Error>>;

const SCENARIOS: [&str; 23] = [
    "credits",
    "credits-large",
    "credits-postgres",
    "group-commit",
    "scan",
    "limiter",
    "keys",
    "keys-large",
    "oauth",
    "oauth-writes",
    "oauth-reads",
    "grants",
    "grants-large",
    "sweep",
    "pages",
    "sign-in",
    "start",
    "studio",
    "search",
    "list",
    "queue",
    "polls",
    "tools",
];
const USAGE: &str = "usage: bloom-bench --bloom PATH [credits] [credits-large] [credits-postgres] \
                     [group-commit] [scan] [limiter] [keys] [keys-large] [oauth] [oauth-writes] [oauth-reads] [grants] \
                     [grants-large] [sweep] [pages] [sign-in] [start] [studio] [search] [list] \
                     [queue] [polls] [tools]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bare", body, headers] => bare::serve(body, headers),
        ["bare-commit", body, headers] => bare_commit::serve(body, headers),
        ["limiter", keys] => limiter::measure(keys),
        ["studio", size, what, seed] => studio::measure(size, what, seed),
        ["--bloom", path, ref chosen @ ..] if chosen.iter().all(|c| SCENARIOS.contains(c)) => {
            run(&PathBuf::from(path), chosen)
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(bloom: &Path, chosen: &[&str]) -> Outcome {
    let wants = |scenario| chosen.is_empty() || chosen.contains(&scenario);
    if wants("credits") {
        credits::run(false)?;
    }
    // Ten million movements take their time: only when they are asked for.
    if chosen.contains(&"credits-large") {
        credits::run(true)?;
    }
    if wants("credits-postgres") {
        credits_postgres::run(!chosen.is_empty())?;
    }
    if wants("group-commit") {
        group_commit::run()?;
    }
    if wants("scan") {
        scan::run(bloom)?;
    }
    if wants("limiter") {
        limiter::run()?;
    }
    if wants("studio") {
        studio::run()?;
    }
    in_a_world(bloom, chosen)?;
    // As with ten million movements.
    if chosen.contains(&"keys-large") {
        keys::large(bloom)?;
    }
    if wants("search") {
        images::search(bloom)?;
    }
    if wants("list") {
        images::list(bloom)?;
    }
    if wants("queue") {
        queue::queue(bloom)?;
    }
    if wants("polls") {
        queue::polls(bloom)?;
    }
    if wants("tools") {
        queue::tools(bloom)?;
    }
    Ok(())
}

/// What is measured with 1,000 accounts that have 100 keys each.
fn in_a_world(bloom: &Path, chosen: &[&str]) -> Outcome {
    let wants = |scenario| chosen.is_empty() || chosen.contains(&scenario);
    let parts = [
        ("oauth", oauth::Part::All),
        ("oauth-writes", oauth::Part::Writes),
        ("oauth-reads", oauth::Part::Reads),
    ];
    let oauth = parts.into_iter().find(|(name, _)| wants(name));
    if oauth.is_none()
        && !["keys", "grants", "grants-large", "sweep", "pages", "sign-in", "start"]
            .into_iter()
            .any(wants)
    {
        return Ok(());
    }
    let world = world::World::make(bloom)?;
    // Its writer is in this process, and not to share the one core that the load has.
    if wants("sweep") {
        grants::sweep(&world)?;
    }
    process::pin_load()?;
    if wants("start") {
        start::run(&world)?;
    }
    if wants("keys") {
        keys::run(&world)?;
    }
    if let Some((_, part)) = oauth {
        oauth::run(&world, part)?;
    }
    if wants("grants") {
        grants::run(&world, false)?;
    }
    // As with ten million movements.
    if chosen.contains(&"grants-large") {
        grants::run(&world, true)?;
    }
    if wants("pages") {
        pages::run(&world)?;
    }
    if wants("sign-in") {
        sign_in::run(&world)?;
    }
    Ok(())
}
