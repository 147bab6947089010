//! Values to the wire and back.

use bytes::BytesMut;
use postgres::types::{IsNull, ToSql, Type};

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

/// The parameters as the driver takes them.
pub(crate) fn params(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// A value goes where one of its kind is expected, and NULL anywhere.
impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if <i64 as ToSql>::accepts(ty) => number.to_sql(ty, out),
            Self::Text(text) if <String as ToSql>::accepts(ty) => text.to_sql(ty, out),
            Self::Id(bytes) if <&[u8] as ToSql>::accepts(ty) => bytes.as_slice().to_sql(ty, out),
            Self::Blob(bytes) if <&[u8] as ToSql>::accepts(ty) => bytes.to_sql(ty, out),
            _ => Err(format!("a value of another kind than {ty}").into()),
        }
    }

    fn accepts(ty: &Type) -> bool {
        <i64 as ToSql>::accepts(ty)
            || <String as ToSql>::accepts(ty)
            || <&[u8] as ToSql>::accepts(ty)
    }

    postgres::types::to_sql_checked!();
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
