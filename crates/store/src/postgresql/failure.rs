//! What an error of PostgreSQL means to a caller.

use std::error::Error as _;

use crate::error::Error;
use crate::statement::Statement;

/// The meaning of an error, by its SQLSTATE class.
pub(crate) fn meaning(error: &postgres::Error) -> Error {
    let Some(code) = error.code().map(postgres::error::SqlState::code) else {
        // Without a code it did not come from the server. Either the connection broke, or what we
        // asked does not fit the statement's types.
        return if is_fault_of_ours(error) {
            Error::Internal(text(error))
        } else {
            Error::Unavailable(text(error))
        };
    };
    match (code, code.get(..2).unwrap_or_default()) {
        // Serialization failure, deadlock, lock not available in time.
        ("40001" | "40P01" | "55P03", _) => Error::Conflict,
        // A key that is gone, or taken: the state moved.
        ("23503" | "23505", _) => Error::Conflict,
        // Data or index corrupted.
        ("XX001" | "XX002", _) => Error::Corrupt(text(error)),
        // A read-only transaction: the server became a standby. Statement timeout.
        ("25006" | "57014", _) => Error::Unavailable(text(error)),
        // Connection, resources, operator intervention, system error.
        (_, "08" | "53" | "57" | "58") => Error::Unavailable(text(error)),
        _ => Error::Internal(text(error)),
    }
}

/// The meaning of an error of a statement; the text names the statement.
pub(crate) fn of_statement(statement: &Statement, error: &postgres::Error) -> Error {
    meaning(error).of(statement)
}

/// Severity and message only: the detail of a server error quotes the row.
pub(crate) fn text(error: &postgres::Error) -> String {
    if let Some(server) = error.as_db_error() {
        return format!("{}: {} ({})", server.severity(), server.message(), server.code().code());
    }
    let own = error.to_string();
    match error.source().map(ToString::to_string) {
        Some(cause) if !own.contains(&cause) => format!("{own}: {cause}"),
        _ => own,
    }
}

pub(crate) fn is_tls(error: &postgres::Error) -> bool {
    error.to_string().contains("TLS")
}

fn is_fault_of_ours(error: &postgres::Error) -> bool {
    let text = error.to_string();
    ["serializing parameter", "deserializing column", "invalid column"]
        .iter()
        .any(|fault| text.contains(fault))
}
