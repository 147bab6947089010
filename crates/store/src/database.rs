//! Which database to open.

use std::fmt;
use std::path::PathBuf;

/// Where the data lives.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// An embedded SQLite file, written by this process only.
    Sqlite {
        /// The file; its folder must exist. It is made when it is not there.
        path: PathBuf,
    },
    /// A PostgreSQL server, which several nodes may share.
    Postgres {
        /// `postgres://user:password@host:port/database?sslmode=…`. Holds a password.
        url: String,
    },
}

/// Names the place without its password, for logs and for the first line of an error.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => write!(f, "SQLite at {}", path.display()),
            Self::Postgres { url } => f.write_str(&crate::postgresql::place(url)),
        }
    }
}

/// The same as [`fmt::Display`], so that a `{:?}` of some outer struct cannot print the password.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_prints_the_password() {
        for url in [
            "postgres://bloom:hunter2@db.example:5433/bloom?sslmode=verify-full",
            "host=db.example user=bloom password=hunter2 dbname=bloom",
            "postgres://bloom:hunter2@:not a url",
            "postgres://bloom:x?hunter2=y@db.example",
        ] {
            let database = Database::Postgres { url: url.to_owned() };
            assert!(!format!("{database} {database:?}").contains("hunter2"), "{database}");
        }
    }

    #[test]
    fn the_place_is_named() {
        let url = "postgres://bloom:hunter2@db.example:5433/bloom".to_owned();
        let database = Database::Postgres { url };
        assert_eq!(database.to_string(), "PostgreSQL at db.example:5433/bloom");
    }
}
