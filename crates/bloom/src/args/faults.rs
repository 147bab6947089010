//! A command line that cannot be meant, on one line.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory, Error};

use super::{Asked, Cli};
use crate::failure::Failure;

/// What clap says instead of what was asked: something to read, or a fault.
pub(super) fn asked(error: &Error) -> Result<Asked, Failure> {
    let cli = Cli::command();
    let (path, command) = meant(&cli, std::env::args_os().skip(1));
    let help = format!("(see {} --help)", path.join(" "));
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(Asked::Text(error.to_string())),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if path.len() == 1 => {
            Ok(Asked::Text(error.to_string()))
        }
        // A script that forgot the verb has not done what it was written for.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let verbs: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
            let (name, verbs) = (command.get_name(), verbs.join(", "));
            Err(Failure::usage(format!("{name} needs a verb: {verbs} {help}")))
        }
        _ => Err(Failure::usage(format!("{} {help}", fault(&error.to_string())))),
    }
}

/// The fault, and a tip if there is one.
fn fault(text: &str) -> String {
    let fault = text.lines().take_while(|line| !line.is_empty());
    let tip = text.lines().filter(|line| line.trim_start().starts_with("tip:"));
    let part = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
    let fault = part(&fault.collect::<Vec<_>>().join(" "));
    let line = std::iter::once(fault).chain(tip.map(part)).collect::<Vec<_>>().join("; ");
    either(line.trim_start_matches("error: "))
}

/// What can be said in several ways, `<--name <NAME>|--id <ID>>` with clap, in words.
fn either(line: &str) -> String {
    let ways = line.split_once("<--").and_then(|(before, rest)| {
        let (ways, after) = rest.split_once(">>")?;
        Some(format!("{before}--{}>{after}", ways.replace("|--", " or --")))
    });
    ways.unwrap_or_else(|| line.to_owned())
}

/// The command that the line is about: as many of its first words as name one. What clap says of a value does not name it.
fn meant(cli: &Command, words: impl Iterator<Item = OsString>) -> (Vec<&str>, &Command) {
    let (mut path, mut command) = (vec![cli.get_name()], cli);
    for word in words {
        let Some(found) = command.find_subcommand(&word) else { break };
        path.push(found.get_name());
        command = found;
    }
    (path, command)
}
