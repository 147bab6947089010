//! Everything that differs between the two databases, in one place.

use crate::changes::Change;

/// Takes and holds the right to migrate until the transaction ends. SQLite has one writer anyway;
/// on PostgreSQL nodes that start together queue at an advisory lock, whose number is ours alone.
pub(crate) const BEGIN_MIGRATION_SQLITE: &str = "BEGIN IMMEDIATE";
/// See [`BEGIN_MIGRATION_SQLITE`].
pub(crate) const BEGIN_MIGRATION_POSTGRES: &str =
    "BEGIN; SELECT pg_advisory_xact_lock(4779256016921)";

/// Subscribes a connection of PostgreSQL to the changes of the other nodes.
pub(crate) const LISTEN: &str = "LISTEN bloom_changes";

/// Tells the other nodes of a change, if the transaction commits. `origin` and the wire form hold
/// letters, digits, `-` and `:` only, so nothing needs quoting.
pub(crate) fn notify(origin: &str, change: &Change) -> String {
    format!("NOTIFY bloom_changes, '{origin} {change}';")
}

/// What the tokens of a migration stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The token and what it stands for. Text sorts by bytes on both. On SQLite, STRICT refuses a
    /// value of the wrong kind, as PostgreSQL does by itself, and WITHOUT ROWID stores a row in its
    /// primary key, which saves the second lookup.
    fn tokens(self) -> [(&'static str, &'static str); 4] {
        match self {
            Self::Sqlite => [
                ("{i64}", "INTEGER"),
                ("{text}", "TEXT"),
                ("{blob}", "BLOB"),
                ("{table}", "STRICT, WITHOUT ROWID"),
            ],
            Self::Postgres => [
                ("{i64}", "BIGINT"),
                ("{text}", "TEXT COLLATE \"C\""),
                ("{blob}", "BYTEA"),
                ("{table}", ""),
            ],
        }
    }

    /// A migration in this dialect.
    pub(crate) fn ddl(self, sql: &str) -> String {
        let tokens = self.tokens();
        tokens.iter().fold(sql.to_owned(), |sql, (token, text)| sql.replace(token, text))
    }
}

/// A statement as PostgreSQL reads it: `?1` becomes `$1`, outside of literals and quoted names.
pub(crate) fn for_postgres(sql: &str) -> String {
    let mut translated = String::with_capacity(sql.len());
    let mut quote = None;
    for c in sql.chars() {
        match (c, quote) {
            ('?', None) => translated.push('$'),
            ('\'' | '"', None) => {
                quote = Some(c);
                translated.push(c);
            }
            _ => {
                // A doubled quote closes and opens again at once, which comes to the same.
                if quote == Some(c) {
                    quote = None;
                }
                translated.push(c);
            }
        }
    }
    translated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_translated_outside_of_quotes() {
        for (ours, theirs) in [
            ("a = ?1 AND b = ?12", "a = $1 AND b = $12"),
            ("a = '?1' AND b = ?1", "a = '?1' AND b = $1"),
            ("a = 'it''s ?1' OR \"q?\" = ?2", "a = 'it''s ?1' OR \"q?\" = $2"),
            ("a = '\"' AND b = ?1", "a = '\"' AND b = $1"),
        ] {
            assert_eq!(for_postgres(ours), theirs);
        }
    }

    #[test]
    fn no_token_is_left() {
        let sql = "CREATE TABLE t (a {i64}, b {text}, c {blob}) {table}";
        assert_eq!(
            Dialect::Sqlite.ddl(sql),
            "CREATE TABLE t (a INTEGER, b TEXT, c BLOB) STRICT, WITHOUT ROWID"
        );
        let postgres = "CREATE TABLE t (a BIGINT, b TEXT COLLATE \"C\", c BYTEA) ";
        assert_eq!(Dialect::Postgres.ddl(sql), postgres);
    }
}
