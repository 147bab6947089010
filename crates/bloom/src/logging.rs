//! The log: to standard error, as text for a person and as JSON for a machine.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::Config;
use crate::failure::Failure;

/// What a library says of every call, unless the operator asks for it: its failures are logged by us.
const QUIET: &str = "rmcp=error";

/// Starts it. Call once.
pub(crate) fn start(config: &Config) -> Result<(), Failure> {
    let (is_json, filter) = config.log()?;
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}"))
        .map_err(|error| Failure::usage(format!("log.filter {filter:?}: {error}")))?;
    let is_terminal = std::io::stderr().is_terminal();
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(is_terminal);
    let started = if is_json.unwrap_or(!is_terminal) {
        log.json().flatten_event(true).try_init()
    } else {
        log.with_target(false).try_init()
    };
    started.map_err(|error| Failure::machine(format!("cannot start the log: {error}")))
}
