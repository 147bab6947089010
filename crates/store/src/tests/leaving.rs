//! What has ended leaves in pieces.
//!
//! `cargo test --release -p bloom-store leaving -- --nocapture` prints how long the longest piece took.

use std::time::Duration;

use bloom_domain::ids::{ClientId, GrantId};

use super::*;
use crate::{
    Database, clients, connections, grants, invitations, refresh_rotations, revoked_access_tokens,
    sessions, stopwatch,
};

/// Of each kind; every second one has ended.
const ROWS: i64 = 20_000;
/// As in housekeeping.
const BATCH: i64 = 100;
const STRETCH: i64 = 200;
const ENDED: Timestamp = Timestamp::from_unix_micros(1_000);
const LONG_AGO: Timestamp = Timestamp::from_unix_micros(0);

/// Rows that ended at 1 and rows that have not, by turns.
fn fill(database: &TestDatabase) {
    let id = |what: &str| match database.database() {
        Database::Sqlite { .. } => format!("CAST(printf('%016d', {what}) AS BLOB)"),
        Database::Postgres { .. } => format!("convert_to(lpad(({what})::text, 16, '0'), 'UTF8')"),
    };
    let (i, one, digest) = (id("i"), id("1"), format!("{} || {}", id("i"), id("i")));
    // SQLite joins blobs to a text.
    let digest = format!(
        "CAST({digest} AS {})",
        match database.database() {
            Database::Sqlite { .. } => "BLOB",
            Database::Postgres { .. } => "BYTEA",
        }
    );
    let at = "CASE WHEN i % 2 = 0 THEN 1 ELSE 5000 END";
    let of = |table: &str, columns: &str, values: &str| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) \
             INSERT INTO {table} ({columns}) SELECT {values} FROM n;"
        )
    };
    let sql = [
        format!(
            "INSERT INTO accounts (id, email, password_hash, created_at) VALUES ({one}, 'a@b.example', 'x', 0);"
        ),
        format!(
            "INSERT INTO workspaces (id, kind, name, created_at) VALUES ({one}, 'team', 'w', 0);"
        ),
        of(
            "sessions",
            "digest, account_id, created_at, seen_at",
            &format!("{digest}, {one}, i, {at}"),
        ),
        // Every second one was not used for long, and half of those are connected all the same.
        of("clients", "id, metadata, created_at, used_at", &format!("{i}, '{{}}', {at}, {at}")),
        of(
            "connections",
            "id, account_id, client_id, created_at, revoked_at",
            &format!("{i}, {one}, {}, 0, {at}", id("i / 4 + 1")),
        ),
        of(
            "grants",
            "id, connection_id, redirect_uri, challenge, scope, access, signed_in_at, created_at, \
             wrong_verifiers, redeemed_at, ends_at",
            &format!("{i}, {}, 'x', {digest}, '', 'all', 0, 0, 0, 1, {at}", id("i / 4 * 2 + 1")),
        ),
        of(
            "refresh_rotations",
            "grant_id, generation, salt, successor_digest, rotated_at",
            &format!("{i}, 0, {i}, {digest}, {at}"),
        ),
        of("revoked_access_tokens", "id, ends_at", &format!("{i}, {at}")),
    ];
    database.run(&sql.join("\n"));
}

/// Repeats a piece until it says that it was the last, and gives how long the median and longest took.
fn timed<P: Copy + Send + 'static>(
    store: &Store,
    mut place: P,
    piece: fn(&mut Tx<'_>, P) -> Result<Option<P>, Error>,
) -> (Duration, Duration) {
    let mut times = Vec::new();
    loop {
        let (took, next) = store
            .write_blocking(move |tx| {
                let begun = stopwatch::now();
                let next = piece(tx, place)?;
                Ok((stopwatch::now().duration_since(begun), next))
            })
            .unwrap();
        times.push(took);
        match next {
            Some(next) => place = next,
            None => break,
        }
    }
    times.sort();
    (times[times.len() / 2], times[times.len() - 1])
}

fn batch(deleted: u64) -> Option<()> {
    (deleted >= BATCH.unsigned_abs()).then_some(())
}

#[test]
fn what_has_ended_leaves_in_pieces_and_nothing_else_does() {
    on_both(|store, database| {
        fill(database);
        let nobody = GrantId::from_bytes([0; 16]);
        let pieces = [
            (
                "sessions",
                timed(store, (), |tx, ()| Ok(batch(sessions::delete_idle(tx, ENDED, BATCH)?))),
            ),
            (
                "sessions",
                timed(store, (), |tx, ()| Ok(batch(sessions::delete_old(tx, ENDED, BATCH)?))),
            ),
            (
                "invitations",
                timed(store, (), |tx, ()| {
                    Ok(batch(invitations::delete_expired(tx, ENDED, BATCH)?))
                }),
            ),
            (
                "rotations",
                timed(store, (nobody, -1), |tx, place| {
                    refresh_rotations::sweep(tx, place, ENDED, STRETCH)
                }),
            ),
            (
                "revoked tokens",
                timed(store, (), |tx, ()| {
                    Ok(batch(revoked_access_tokens::delete_ended(tx, ENDED, BATCH)?))
                }),
            ),
            (
                "grants",
                timed(store, nobody, |tx, place| {
                    Ok(grants::sweep(tx, place, ENDED, ENDED, STRETCH)?.map(|swept| swept.last))
                }),
            ),
            (
                "connections",
                timed(store, (), |tx, ()| {
                    Ok(batch(connections::delete_revoked(tx, ENDED, BATCH)?))
                }),
            ),
            (
                "clients",
                timed(store, (LONG_AGO, ClientId::from_bytes([0; 16])), |tx, place| {
                    Ok(clients::sweep(tx, place, ENDED, ENDED, STRETCH)?.map(|(last, _)| last))
                }),
            ),
        ];
        let engine = match database.database() {
            Database::Sqlite { .. } => "SQLite",
            Database::Postgres { .. } => "PostgreSQL",
        };
        for (what, (median, longest)) in pieces {
            println!("{engine}, {what}: a piece takes {median:?}, the longest {longest:?}");
        }
        let dump = database.dump();
        let left = |table: &str| {
            let begin = format!("{table}: ");
            dump.lines().filter(|row| row.starts_with(&begin)).count()
        };
        let half = usize::try_from(ROWS / 2).unwrap();
        assert_eq!(["refresh_rotations", "revoked_access_tokens", "grants"].map(left), [half; 3]);
        assert!(
            left("clients") > half && left("sessions") < half,
            "{} {}",
            left("clients"),
            left("sessions")
        );
    });
}
