//! Bloom: a self-hosted server that lets scripts, apps and agents act for a person.

mod args;
mod backup;
mod command;
mod config;
mod control;
mod data_folder;
mod failure;
mod first_run;
mod listen;
mod logging;
mod node;
mod output;
mod scan;
mod secret_file;
mod serve;
mod settings;

use std::process::ExitCode;

use args::Asked;
use failure::Failure;

fn main() -> ExitCode {
    match args::read().and_then(run) {
        Ok(code) => code,
        Err(failure) => {
            output::complain(&failure);
            failure.exit_code()
        }
    }
}

fn run(asked: Asked) -> Result<ExitCode, Failure> {
    match asked {
        Asked::Text(text) => output::say(&text),
        Asked::OpenApi => output::say(&format!("{:#}", bloom_http::openapi())),
        Asked::Start(config) => serve::start(&config),
        Asked::Serve(config) => serve::serve(&config),
        // The one command whose answer is its exit code as well.
        Asked::Scan(request) => return scan::run(&request),
        Asked::Command { config, command, is_json } => {
            let answer = command::run(&config, command)?;
            output::show(&answer, is_json)
        }
        Asked::ExportCredits { config, purse, format } => {
            command::credits::export(&config, &purse, format)
        }
    }
    .map(|()| ExitCode::SUCCESS)
}
