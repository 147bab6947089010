//! Running a statement on SQLite.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql};

use super::failure::of_statement;
use crate::error::Error;
use crate::row::Row;
use crate::statement::Statement;
use crate::value::Value;

/// The first row. Whatever the statement writes is written by then.
pub(crate) fn first(
    connection: &Connection,
    statement: &'static Statement,
    params: &[Value],
) -> Result<Option<Row>, Error> {
    let fault = |error| of_statement(statement, &error);
    let mut prepared = prepare(connection, statement)?;
    let mut rows = prepared.query(rusqlite::params_from_iter(params)).map_err(fault)?;
    let row = rows.next().map_err(fault)?;
    row.map(|row| read(statement, row)).transpose()
}

/// Every row.
pub(crate) fn all(
    connection: &Connection,
    statement: &'static Statement,
    params: &[Value],
) -> Result<Vec<Row>, Error> {
    let fault = |error| of_statement(statement, &error);
    let mut prepared = prepare(connection, statement)?;
    let mut rows = prepared.query(rusqlite::params_from_iter(params)).map_err(fault)?;
    let mut answer = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        answer.push(read(statement, row)?);
    }
    Ok(answer)
}

/// The number of rows written.
pub(crate) fn execute(
    connection: &Connection,
    statement: &'static Statement,
    params: &[Value],
) -> Result<u64, Error> {
    let mut prepared = prepare(connection, statement)?;
    let rows = prepared.execute(rusqlite::params_from_iter(params));
    rows.map(|rows| rows as u64).map_err(|error| of_statement(statement, &error))
}

fn prepare<'a>(
    connection: &'a Connection,
    statement: &Statement,
) -> Result<CachedStatement<'a>, Error> {
    connection.prepare_cached(statement.sql()).map_err(|error| of_statement(statement, &error))
}

fn read(statement: &'static Statement, row: &rusqlite::Row<'_>) -> Result<Row, Error> {
    let count = row.as_ref().column_count();
    let mut columns = Vec::with_capacity(count);
    for index in 0..count {
        let column = row.get_ref(index).map_err(|error| of_statement(statement, &error))?;
        columns.push(value(column).ok_or_else(|| {
            Error::Corrupt(format!("{}: column {index} cannot be read", statement.name()))
        })?);
    }
    Ok(Row::new(statement, columns))
}

/// `None` for a floating point number, which nothing of ours stores, and for text that is no UTF-8.
fn value(column: ValueRef<'_>) -> Option<Value> {
    Some(match column {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(_) => return None,
        ValueRef::Text(text) => Value::Text(std::str::from_utf8(text).ok()?.to_owned()),
        ValueRef::Blob(bytes) => bytes.into(),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Id(bytes) => ValueRef::Blob(bytes),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
