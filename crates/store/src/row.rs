//! A row as a statement answered it, read by position.

use bloom_domain::time::Timestamp;

use crate::error::Error;
use crate::statement::Statement;
use crate::value::Value;

/// The columns of one row, in the order of the SELECT.
///
/// A column that is not of the asked kind is [`Error::Corrupt`], and the error names the statement
/// and the column, because that is all an operator has to go by.
#[derive(Debug, Clone)]
pub struct Row {
    statement: &'static Statement,
    columns: Vec<Value>,
}

impl Row {
    pub(crate) fn new(statement: &'static Statement, columns: Vec<Value>) -> Self {
        Self { statement, columns }
    }

    /// The number in column `index`.
    pub fn int(&self, index: usize) -> Result<i64, Error> {
        self.opt_int(index)?.ok_or_else(|| self.unexpected(index, "a number"))
    }

    /// The text in column `index`.
    pub fn text(&self, index: usize) -> Result<&str, Error> {
        self.opt_text(index)?.ok_or_else(|| self.unexpected(index, "text"))
    }

    /// The bytes in column `index`.
    pub fn blob(&self, index: usize) -> Result<&[u8], Error> {
        self.opt_blob(index)?.ok_or_else(|| self.unexpected(index, "bytes"))
    }

    /// The number in column `index`, if there is one.
    pub fn opt_int(&self, index: usize) -> Result<Option<i64>, Error> {
        match self.column(index)? {
            Value::Null => Ok(None),
            Value::Int(number) => Ok(Some(*number)),
            _ => Err(self.unexpected(index, "a number")),
        }
    }

    /// The text in column `index`, if there is any.
    pub fn opt_text(&self, index: usize) -> Result<Option<&str>, Error> {
        match self.column(index)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(self.unexpected(index, "text")),
        }
    }

    /// The bytes in column `index`, if there are any.
    pub fn opt_blob(&self, index: usize) -> Result<Option<&[u8]>, Error> {
        match self.column(index)? {
            Value::Null => Ok(None),
            value => value.bytes().map(Some).ok_or_else(|| self.unexpected(index, "bytes")),
        }
    }

    /// Exactly `N` bytes in column `index`: an id or a digest.
    pub fn bytes<const N: usize>(&self, index: usize) -> Result<[u8; N], Error> {
        let bytes = self.blob(index)?;
        bytes.try_into().map_err(|_| self.unexpected(index, &format!("{N} bytes")))
    }

    /// The 16 bytes of an id in column `index`.
    pub fn id16(&self, index: usize) -> Result<[u8; 16], Error> {
        self.bytes(index)
    }

    /// The time in column `index`.
    pub fn timestamp(&self, index: usize) -> Result<Timestamp, Error> {
        self.int(index).map(Timestamp::from_unix_micros)
    }

    /// The time in column `index`, if there is one.
    pub fn opt_timestamp(&self, index: usize) -> Result<Option<Timestamp>, Error> {
        Ok(self.opt_int(index)?.map(Timestamp::from_unix_micros))
    }

    /// The error for a column whose content breaks a rule of its type, such as an unknown role.
    #[must_use]
    pub fn unexpected(&self, index: usize, expected: &str) -> Error {
        // The content itself stays out of the text: it may be personal, and this ends up in a log.
        let name = self.statement.name();
        Error::Corrupt(format!("{name}: column {index} is not {expected}"))
    }

    fn column(&self, index: usize) -> Result<&Value, Error> {
        self.columns.get(index).ok_or_else(|| {
            Error::Internal(format!("{}: there is no column {index}", self.statement.name()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::statement::statements! {
        /// Never run: the rows here are made by hand.
        SOME = "SELECT 1";
    }

    fn row() -> Row {
        let columns = vec![7_i64.into(), "seven".into(), [7_u8; 16].into(), Value::Null];
        Row::new(&SOME, columns)
    }

    #[test]
    fn columns_are_read_by_kind() {
        assert_eq!(row().int(0), Ok(7));
        assert_eq!(row().text(1), Ok("seven"));
        assert_eq!(row().id16(2), Ok([7; 16]));
        assert_eq!(row().opt_text(3), Ok(None));
        assert_eq!(row().timestamp(0), Ok(Timestamp::from_unix_micros(7)));
        assert_eq!(row().opt_timestamp(3), Ok(None));
        assert_eq!(ALL.len(), 1);
    }

    #[test]
    fn a_wrong_column_names_statement_and_place_but_not_content() {
        let wrong = row().int(1).unwrap_err();
        let text = "bloom_store::row::tests::SOME: column 1 is not a number";
        assert_eq!(wrong, Error::Corrupt(text.to_owned()));
        assert!(matches!(row().int(3), Err(Error::Corrupt(_))));
        assert!(matches!(row().bytes::<32>(2), Err(Error::Corrupt(_))));
        assert!(matches!(row().int(9), Err(Error::Internal(_))));
    }
}
