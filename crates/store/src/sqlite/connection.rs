//! Opening the database file, for writing, for reading and for migrating.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::thread;
use std::time::Duration;

use bloom_domain::time::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::catalogue::MODULES;
use crate::error::OpenError;
use crate::{migrations, stopwatch};

/// How long to wait for another process to let go of the file, such as a `sqlite3` shell.
const BUSY: Duration = Duration::from_secs(5);

/// How long to wait before asking again for what SQLite refuses without waiting.
const AGAIN: Duration = Duration::from_millis(10);

/// What is prepared beside the statements of the catalogue, to begin and end transactions; more than there are.
const CONTROL: usize = 16;

/// Every statement that there is, so that none is ever prepared twice.
fn statements() -> usize {
    let listed: usize = MODULES.iter().map(|module| module.len()).sum();
    listed + CONTROL
}

/// Makes the file when it is not there, readable by its owner only whatever the umask says. SQLite
/// gives the `-wal` and `-shm` files beside it the same mode.
pub(crate) fn create(path: &Path) -> Result<(), OpenError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made.and_then(|file| file.set_permissions(Permissions::from_mode(0o600))) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => writable(path),
        Err(error) => Err(cannot_write(path, &error)),
    }
}

/// SQLite would open a file it may only read, and then fail at the first write.
fn writable(path: &Path) -> Result<(), OpenError> {
    let opened = File::options().read(true).write(true).open(path);
    opened.map(drop).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &io::Error) -> OpenError {
    let path = path.display();
    OpenError::new(match error.kind() {
        io::ErrorKind::NotFound => format!(
            "cannot create the database {path}: its folder does not exist; create the folder or configure another one"
        ),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => format!(
            "cannot write the database {path}: {error}; make the file and its folder writable for the user that runs bloom"
        ),
        io::ErrorKind::IsADirectory => {
            format!("cannot open the database {path}: it is a folder; configure the path of a file")
        }
        _ => format!("cannot open the database {path}: {error}; check the disk"),
    })
}

/// Brings the schema up to date and closes the file again.
///
/// Migrations run without foreign keys, which SQLite needs for rebuilding a table and can only turn
/// off outside a transaction; the migrations check the references before they commit.
pub(crate) fn migrate(path: &Path, now: Timestamp) -> Result<(), OpenError> {
    let opened = open(path, "-2000").and_then(|connection| {
        connection.execute_batch("PRAGMA foreign_keys = OFF")?;
        Ok(connection)
    });
    let connection = opened.map_err(|error| refused(path, &error))?;
    migrations::on_sqlite(&connection, now)
        .map_err(|fault| fault.open_error(&format!("the database {}", path.display())))
}

/// The connection of the writer thread.
pub(crate) fn writer(path: &Path) -> rusqlite::Result<Connection> {
    open(path, "-2000")
}

/// A connection for reading: SQLite itself refuses to write through it.
pub(crate) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path, "-4000")?;
    connection.execute_batch("PRAGMA query_only = ON")?;
    Ok(connection)
}

/// One process works in a data folder, so locks and the index of the log are kept in its memory:
/// two system calls fewer for each read. Other processes cannot open the file meanwhile.
const VFS: &std::ffi::CStr = c"unix-excl";

/// Opens the file, and waits as long as [`BUSY`] for others that have it.
///
/// SQLite itself waits for locks, but not where two that wait for each other would wait forever:
/// of several that turn a new file to its log at once, all but one are refused in an instant.
fn open(path: &Path, pages: &str) -> rusqlite::Result<Connection> {
    let began = stopwatch::now();
    loop {
        match open_now(path, pages) {
            Err(error) if is_busy(&error) && began.elapsed() < BUSY => thread::sleep(AGAIN),
            outcome => return outcome,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// `pages` is the size of the page cache, in negative KiB as SQLite writes it. It is kept small:
/// the kernel caches the file too, and the whole server is meant to idle in 40 MiB.
fn open_now(path: &Path, pages: &str) -> rusqlite::Result<Connection> {
    // Never CREATE: when the file is gone, an empty new one would be worse than an error.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(path, flags, VFS)?;
    connection.busy_timeout(BUSY)?;
    // Without it, SQLite built with STAT4 plans a statement anew whenever a parameter that meets an
    // index is bound to another value: a point read took 46 us instead of 15.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(statements());
    // FULL: the log is synced at each COMMIT, so what was acknowledged survives a power cut.
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = {pages};
         PRAGMA journal_size_limit = 67108864;"
    ))?;
    Ok(connection)
}

/// What to do about a file that SQLite refused.
pub(crate) fn refused(path: &Path, error: &rusqlite::Error) -> OpenError {
    let path = path.display();
    OpenError::new(match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => format!(
            "{path} is not a database; move the file away, or configure the path of the right one"
        ),
        Some(ErrorCode::DatabaseCorrupt) => {
            format!("the database {path} is damaged ({error}); restore a backup")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => format!(
            "cannot write the database {path}: {error}; make the file and its folder writable for the user that runs bloom"
        ),
        _ if is_busy(error) => format!(
            "the database {path} is in use by another process; stop it, or wait for it to finish"
        ),
        Some(ErrorCode::DiskFull) => {
            format!("cannot write the database {path}: the disk is full; make room")
        }
        _ => format!("cannot open the database {path}: {error}"),
    })
}
