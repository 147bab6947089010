//! Values to the wire and back.

use postgres::types::{ToSql, Type};

use super::failure::of_statement;
use crate::error::Error;
use crate::row::Row;
use crate::statement::Statement;
use crate::value::Value;

/// The first row.
pub(crate) fn first(
    statement: &'static Statement,
    rows: &[postgres::Row],
) -> Result<Option<Row>, Error> {
    rows.first().map(|row| read(statement, row)).transpose()
}

/// Every row.
pub(crate) fn all(
    statement: &'static Statement,
    rows: &[postgres::Row],
) -> Result<Vec<Row>, Error> {
    rows.iter().map(|row| read(statement, row)).collect()
}

/// The parameters as the driver takes them. `types` is what the server inferred, which a NULL must
/// agree with; a value of another kind is refused by the driver.
pub(crate) fn params<'a>(types: &[Type], values: &'a [Value]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().zip(types).map(|(value, ty)| param(ty, value)).collect()
}

fn param<'a>(ty: &Type, value: &'a Value) -> &'a (dyn ToSql + Sync) {
    match value {
        Value::Int(number) => number,
        Value::Text(text) => text,
        Value::Blob(bytes) => bytes,
        Value::Null if *ty == Type::INT8 => &None::<i64>,
        Value::Null if *ty == Type::BYTEA => &None::<Vec<u8>>,
        Value::Null => &None::<String>,
    }
}

fn read(statement: &'static Statement, row: &postgres::Row) -> Result<Row, Error> {
    let columns = (0..row.len()).map(|index| column(statement, row, index));
    Ok(Row::new(statement, columns.collect::<Result<_, _>>()?))
}

fn column(statement: &Statement, row: &postgres::Row, index: usize) -> Result<Value, Error> {
    let Some(column) = row.columns().get(index) else { return Ok(Value::Null) };
    let value = match *column.type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(index).map(Value::from),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index).map(Value::from),
        Type::TEXT => row.try_get::<_, Option<String>>(index).map(Value::from),
        // The catalogue's test refuses every other type, so this is never met in a release.
        ref other => {
            let name = statement.name();
            return Err(Error::Internal(format!("{name}: column {index} is of type {other}")));
        }
    };
    value.map_err(|error| of_statement(statement, &error))
}
