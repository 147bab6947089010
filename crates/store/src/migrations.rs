//! Bringing the schema up to date.
//!
//! All pending migrations and their history rows are one transaction, under a lock that nodes
//! starting together queue at: an upgrade is whole, or it did not happen and the previous binary
//! still runs. A migration is never edited once landed; its checksum stands in the history.

use aws_lc_rs::digest::{SHA256, digest};
use bloom_domain::time::Timestamp;

use crate::dialect::{self, Dialect};
use crate::error::OpenError;

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// Every migration, in order. The file's name is its number and name.
pub(crate) const ALL: &[Migration] = &[
    Migration {
        number: 1,
        name: "accounts_and_keys",
        sql: include_str!("../migrations/0001_accounts_and_keys.sql"),
    },
    Migration { number: 2, name: "oauth", sql: include_str!("../migrations/0002_oauth.sql") },
    Migration {
        number: 3,
        name: "consent_for_each_site",
        sql: include_str!("../migrations/0003_consent_for_each_site.sql"),
    },
    Migration { number: 4, name: "audit", sql: include_str!("../migrations/0004_audit.sql") },
    Migration { number: 5, name: "mails", sql: include_str!("../migrations/0005_mails.sql") },
    Migration { number: 6, name: "teams", sql: include_str!("../migrations/0006_teams.sql") },
    Migration { number: 7, name: "credits", sql: include_str!("../migrations/0007_credits.sql") },
    Migration { number: 8, name: "budgets", sql: include_str!("../migrations/0008_budgets.sql") },
    Migration { number: 9, name: "plans", sql: include_str!("../migrations/0009_plans.sql") },
    Migration {
        number: 10,
        name: "narrowed_keys",
        sql: include_str!("../migrations/0010_narrowed_keys.sql"),
    },
    Migration {
        number: 11,
        name: "credit_spending",
        sql: include_str!("../migrations/0011_credit_spending.sql"),
    },
    Migration {
        number: 12,
        name: "idempotency",
        sql: include_str!("../migrations/0012_idempotency.sql"),
    },
    Migration { number: 13, name: "makers", sql: include_str!("../migrations/0013_makers.sql") },
    Migration {
        number: 14,
        name: "owned_clients",
        sql: include_str!("../migrations/0014_owned_clients.sql"),
    },
    Migration {
        number: 15,
        name: "client_documents",
        sql: include_str!("../migrations/0015_client_documents.sql"),
    },
    Migration {
        number: 16,
        name: "sessions",
        sql: include_str!("../migrations/0016_sessions.sql"),
    },
    Migration { number: 17, name: "brands", sql: include_str!("../migrations/0017_brands.sql") },
    Migration { number: 18, name: "jobs", sql: include_str!("../migrations/0018_jobs.sql") },
    Migration {
        number: 19,
        name: "imported_keys",
        sql: include_str!("../migrations/0019_imported_keys.sql"),
    },
    Migration {
        number: 20,
        name: "shared_budgets",
        sql: include_str!("../migrations/0020_shared_budgets.sql"),
    },
    Migration {
        number: 21,
        name: "account_links",
        sql: include_str!("../migrations/0021_account_links.sql"),
    },
    Migration {
        number: 22,
        name: "deleted_accounts",
        sql: include_str!("../migrations/0022_deleted_accounts.sql"),
    },
    Migration {
        number: 23,
        name: "passkeys",
        sql: include_str!("../migrations/0023_passkeys.sql"),
    },
    Migration { number: 24, name: "images", sql: include_str!("../migrations/0024_images.sql") },
    Migration { number: 25, name: "leaving", sql: include_str!("../migrations/0025_leaving.sql") },
    Migration {
        number: 26,
        name: "identities",
        sql: include_str!("../migrations/0026_identities.sql"),
    },
    Migration { number: 27, name: "until", sql: include_str!("../migrations/0027_until.sql") },
    Migration {
        number: 28,
        name: "open_grants",
        sql: include_str!("../migrations/0028_open_grants.sql"),
    },
    Migration {
        number: 29,
        name: "captions",
        sql: include_str!("../migrations/0029_captions.sql"),
    },
    Migration {
        number: 30,
        name: "submissions",
        sql: include_str!("../migrations/0030_submissions.sql"),
    },
    Migration {
        number: 31,
        name: "mailed_invitations",
        sql: include_str!("../migrations/0031_mailed_invitations.sql"),
    },
    Migration {
        number: 32,
        name: "deleted_images",
        sql: include_str!("../migrations/0032_deleted_images.sql"),
    },
    Migration {
        number: 33,
        name: "returning_apps",
        sql: include_str!("../migrations/0033_returning_apps.sql"),
    },
    Migration {
        number: 34,
        name: "images_by_hold",
        sql: include_str!("../migrations/0034_images_by_hold.sql"),
    },
    Migration {
        number: 35,
        name: "covers_end",
        sql: include_str!("../migrations/0035_covers_end.sql"),
    },
    Migration {
        number: 36,
        name: "working_and_made_keys",
        sql: include_str!("../migrations/0036_working_and_made_keys.sql"),
    },
    Migration {
        number: 37,
        name: "upload_tokens_end",
        sql: include_str!("../migrations/0037_upload_tokens_end.sql"),
    },
    Migration {
        number: 38,
        name: "done_to_others",
        sql: include_str!("../migrations/0038_done_to_others.sql"),
    },
    Migration {
        number: 39,
        name: "logos_of_pages_that_failed",
        sql: include_str!("../migrations/0039_logos_of_pages_that_failed.sql"),
    },
];

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS schema_history (
    number {i64} NOT NULL PRIMARY KEY,
    name {text} NOT NULL,
    checksum {blob} NOT NULL,
    applied_at {i64} NOT NULL
) {table}";

const READ: &str = "SELECT number, checksum FROM schema_history ORDER BY number";
const RECORD: &str = "INSERT INTO schema_history (number, name, checksum, applied_at) \
     VALUES (?1, ?2, ?3, ?4)";

/// Why the schema is not up to date. In every case it is as it was before.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The database was written by a newer binary.
    Newer(i64),
    /// The migration with this number is not the one that was applied.
    Edited(i64),
    /// Rows refer to rows that are not there.
    Dangling,
    Sqlite(rusqlite::Error),
    Postgres(postgres::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<postgres::Error> for Fault {
    fn from(error: postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl Fault {
    /// One line for the operator about the database at `place`.
    pub(crate) fn open_error(&self, place: &str) -> OpenError {
        OpenError::new(match self {
            Self::Newer(number) => format!(
                "{place} was upgraded by a newer bloom (schema {number}, this binary knows {}); run that version or a later one, or restore the backup made before the upgrade",
                ALL.len()
            ),
            Self::Edited(number) => format!(
                "{place} was made by another edition of migration {number} than the one in this binary; run the bloom that made it"
            ),
            Self::Dangling => format!(
                "{place} holds rows that refer to missing rows, so it was not upgraded; restore a backup"
            ),
            Self::Sqlite(error) => format!(
                "cannot upgrade {place}: {error}; nothing was changed, check the disk and start again"
            ),
            Self::Postgres(error) => format!(
                "cannot upgrade {place}: {}; nothing was changed, see the server's log",
                crate::postgresql::failure::text(error)
            ),
        })
    }
}

/// Migrates an SQLite database, whose connection must not enforce foreign keys.
pub(crate) fn on_sqlite(connection: &rusqlite::Connection, now: Timestamp) -> Result<(), Fault> {
    apply(&mut Target::Sqlite(connection), ALL, now)
}

/// Migrates a PostgreSQL database.
pub(crate) fn on_postgres(client: &mut postgres::Client, now: Timestamp) -> Result<(), Fault> {
    apply(&mut Target::Postgres(client), ALL, now)
}

/// What is migrated.
pub(crate) enum Target<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a mut postgres::Client),
}

/// Applies what is pending of `migrations`, or nothing.
pub(crate) fn apply(
    target: &mut Target<'_>,
    migrations: &[Migration],
    now: Timestamp,
) -> Result<(), Fault> {
    target.begin()?;
    let outcome = apply_pending(target, migrations, now).and_then(|()| target.batch("COMMIT"));
    if outcome.is_err() {
        // The connection is closed next, which rolls back when this cannot.
        drop(target.batch("ROLLBACK"));
    }
    outcome
}

fn apply_pending(
    target: &mut Target<'_>,
    migrations: &[Migration],
    now: Timestamp,
) -> Result<(), Fault> {
    target.batch(&target.dialect().ddl(HISTORY))?;
    let applied = target.history()?;
    for (number, checksum) in &applied {
        let known = migrations.iter().find(|known| known.number == *number);
        let known = known.ok_or(Fault::Newer(*number))?;
        if *checksum != sum(known) {
            return Err(Fault::Edited(*number));
        }
    }
    let pending = migrations.iter().filter(|known| !applied.iter().any(|a| a.0 == known.number));
    let mut any = false;
    for migration in pending {
        target.batch(&target.dialect().ddl(migration.sql))?;
        target.record(migration, now)?;
        any = true;
    }
    if any { target.check_references() } else { Ok(()) }
}

fn sum(migration: &Migration) -> Vec<u8> {
    digest(&SHA256, migration.sql.as_bytes()).as_ref().to_vec()
}

impl Target<'_> {
    fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    fn begin(&mut self) -> Result<(), Fault> {
        match self {
            Self::Sqlite(_) => self.batch(dialect::BEGIN_MIGRATION_SQLITE),
            Self::Postgres(_) => self.batch(dialect::BEGIN_MIGRATION_POSTGRES),
        }
    }

    fn batch(&mut self, sql: &str) -> Result<(), Fault> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Self::Postgres(client) => Ok(client.batch_execute(sql)?),
        }
    }

    fn history(&mut self) -> Result<Vec<(i64, Vec<u8>)>, Fault> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare(READ)?;
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(rows.collect::<Result<_, _>>()?)
            }
            Self::Postgres(client) => {
                let rows = client.query(READ, &[])?;
                let rows = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
                Ok(rows.collect::<Result<_, postgres::Error>>()?)
            }
        }
    }

    fn record(&mut self, migration: &Migration, now: Timestamp) -> Result<(), Fault> {
        let Migration { number, name, .. } = migration;
        let (sum, now) = (sum(migration), now.unix_micros());
        match self {
            Self::Sqlite(connection) => {
                connection.execute(RECORD, rusqlite::params![number, name, sum, now])?;
            }
            Self::Postgres(client) => {
                let sql = dialect::for_postgres(RECORD);
                client.execute(&sql, &[number, name, &sum, &now])?;
            }
        }
        Ok(())
    }

    /// SQLite migrates without foreign keys, so what they would have said is asked at the end.
    fn check_references(&self) -> Result<(), Fault> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
                if statement.exists([])? { Err(Fault::Dangling) } else { Ok(()) }
            }
            Self::Postgres(_) => Ok(()),
        }
    }
}
