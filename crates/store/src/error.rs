//! What can go wrong below the rules, named by what the caller can do about it.

use std::fmt;

use crate::statement::Statement;

/// A store call failed. The texts are for the operator's log, never for the public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The database cannot do it now: full, gone, read-only, busy, or the queue is full. Nothing is
    /// wrong with the request; trying again later may succeed.
    Unavailable(String),
    /// Another transaction was in the way, or a key it refers to is gone or taken. Read and decide
    /// again.
    Conflict,
    /// What is stored is not what the code expects. Names the statement and the column.
    Corrupt(String),
    /// This database has no such thing; the text says what to use instead.
    Unsupported(&'static str),
    /// A fault of ours: a statement that is wrong, a closure that panicked.
    Internal(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(cause) => write!(f, "the database is unavailable: {cause}"),
            Self::Conflict => f.write_str("another transaction was in the way"),
            Self::Corrupt(cause) => write!(f, "the database holds unexpected data: {cause}"),
            Self::Unsupported(instead) => f.write_str(instead),
            Self::Internal(cause) => write!(f, "fault in the store: {cause}"),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// This error with the name of the statement it came from, where there is a text to put it in.
    pub(crate) fn of(self, statement: &Statement) -> Self {
        let name = statement.name();
        match self {
            Self::Unavailable(cause) => Self::Unavailable(format!("{name}: {cause}")),
            Self::Corrupt(cause) => Self::Corrupt(format!("{name}: {cause}")),
            Self::Internal(cause) => Self::Internal(format!("{name}: {cause}")),
            named @ (Self::Conflict | Self::Unsupported(_)) => named,
        }
    }

    /// The answer to everything that arrives after, or is cut off by, [`crate::Store::close`].
    pub(crate) fn closed() -> Self {
        Self::Unavailable("the store is closed".to_owned())
    }
}

/// The database could not be opened. One line that says what to do; it never holds a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenError {
    line: String,
}

impl OpenError {
    /// `line` must be one line, and tell the operator the next step.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self { line: line.into().replace('\n', " ") }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for OpenError {}
