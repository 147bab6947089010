//! What an error of SQLite means to a caller.

use rusqlite::ErrorCode;

use crate::error::Error;
use crate::statement::Statement;

/// The meaning of an error outside any statement: opening, BEGIN, COMMIT.
pub(crate) fn meaning(error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Error::Corrupt(error.to_string())
        }
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OperationInterrupted,
        ) => Error::Unavailable(error.to_string()),
        Some(ErrorCode::ConstraintViolation) => constraint(error),
        _ => Error::Internal(error.to_string()),
    }
}

/// The meaning of an error of a statement; the text names the statement.
pub(crate) fn of_statement(statement: &Statement, error: &rusqlite::Error) -> Error {
    meaning(error).of(statement)
}

/// A key that is taken or gone means that the state moved; the other constraints guard against
/// faults of ours.
fn constraint(error: &rusqlite::Error) -> Error {
    use rusqlite::ffi::{
        SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE,
    };
    match error.sqlite_error().map(|cause| cause.extended_code) {
        Some(
            SQLITE_CONSTRAINT_FOREIGNKEY | SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE,
        ) => Error::Conflict,
        _ => Error::Internal(error.to_string()),
    }
}
