//! The project's commands, and the only list of them. CI runs nothing that is not here, so that what
//! passes on a desk passes there.
#![expect(clippy::print_stdout, reason = "a command line answers on stdout")]
#![expect(clippy::print_stderr, reason = "a command line complains on stderr")]
#![expect(
    clippy::disallowed_methods,
    reason = "the bans keep clock and environment out of the server; this tool is not part of it"
)]

mod bench;
mod cargo;
mod check;
mod contact_sheet;
mod finding;
mod fuzz;
mod openapi;
mod rust_text;
mod size;
mod test;
mod tree;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask check | test [--complete] [-- filter] | bench [args] | fuzz [target] | \
                     size | openapi | contact-sheet [FOLDER] | pictures | help";

/// Why a command could not finish, in one sentence for the person at the terminal.
type Failure = String;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let outcome = match command {
        "check" => check::run(),
        "test" => test::run(rest),
        "bench" => bench::run(rest),
        "fuzz" => fuzz::run(rest),
        "size" => size::run(),
        "openapi" => openapi::run(),
        "contact-sheet" => contact_sheet::run(rest),
        "pictures" => test::run(&["write_pictures", "--ignored"].map(str::to_owned)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    outcome.unwrap_or_else(|failure| {
        eprintln!("xtask: {failure}");
        ExitCode::FAILURE
    })
}
