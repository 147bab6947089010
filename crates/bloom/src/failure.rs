//! What the command line says when it cannot do what it was asked: one line and an exit code.

use std::fmt;
use std::process::ExitCode;

use bloom_domain::ids::ApiKeyId;

/// One line, and whose fault it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    line: String,
    is_usage: bool,
}

impl Failure {
    /// The command cannot be meant like that: exit code 2.
    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self { line: one_line(&line.into()), is_usage: true }
    }

    /// The machine cannot do it: exit code 1.
    pub(crate) fn machine(line: impl Into<String>) -> Self {
        Self { line: one_line(&line.into()), is_usage: false }
    }

    pub(crate) fn is_usage(&self) -> bool {
        self.is_usage
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(if self.is_usage { 2 } else { 1 })
    }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl From<bloom_service::mail::MailError> for Failure {
    fn from(error: bloom_service::mail::MailError) -> Self {
        let said = if error.said.is_empty() { String::new() } else { format!(" ({})", error.said) };
        Self::machine(format!("the mail was not sent: {error}{said}"))
    }
}

impl From<bloom_service::Error> for Failure {
    fn from(error: bloom_service::Error) -> Self {
        use bloom_service::Error;
        match error {
            Error::Busy { .. }
            | Error::Unavailable(_)
            | Error::Behind
            | Error::MailUnavailable(_)
            | Error::Internal(_) => Self::machine(error.to_string()),
            Error::ApiKeyNameAmbiguous(ids) => {
                let ids = listed(&ids);
                Self::usage(format!("several keys have that name; use --id with one of {ids}"))
            }
            Error::ApiKeyNameEnded(ids) => {
                let ids = listed(&ids);
                Self::usage(format!(
                    "no key with that name works any more; those that have ended go by --id: {ids}"
                ))
            }
            refused => Self::usage(refused.to_string()),
        }
    }
}

fn listed(ids: &[ApiKeyId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
