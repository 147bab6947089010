//! Upgrades are whole, ordered, and refuse what they do not know.

use super::*;
use bloom_domain::ids::{AccountId, BrandId, ImageId};

use crate::migrations::{ALL as MIGRATIONS, Fault, Migration, Target, apply};
use crate::{Database, OpenError};

fn refused(database: &TestDatabase) -> OpenError {
    Store::open(database.database(), Timestamp::from_unix_micros(2)).err().unwrap()
}

#[test]
fn eight_that_open_at_once_migrate_once() {
    for engine in Engine::ALL {
        let Some(database) = fresh(engine) else { continue };
        std::thread::scope(|scope| {
            let openers: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&database))).collect();
            let stores: Vec<_> = openers.into_iter().map(|opener| opener.join().unwrap()).collect();
            assert!(stores.iter().all(|store| count(store) == 0));
        });
    }
}

#[test]
fn opening_again_changes_nothing() {
    on_both(|store, database| {
        store.write_blocking(|tx| insert(tx, 1, "kept")).unwrap();
        assert_eq!(names(&open(database)), ["kept"]);
    });
}

#[test]
fn a_newer_schema_is_refused() {
    on_both(|_, database| {
        let checksum = match database.database() {
            Database::Sqlite { .. } => "x'00'",
            Database::Postgres { .. } => "'\\x00'",
        };
        database.run(&format!("INSERT INTO schema_history VALUES (999, 'later', {checksum}, 0)"));
        let line = refused(database).to_string();
        assert!(line.contains("newer bloom (schema 999"), "{line}");
    });
}

#[test]
fn an_edited_migration_is_refused() {
    on_both(|_, database| {
        let checksum = match database.database() {
            Database::Sqlite { .. } => "x'00'",
            Database::Postgres { .. } => "'\\x00'",
        };
        database.run(&format!("UPDATE schema_history SET checksum = {checksum} WHERE number = 1"));
        let line = refused(database).to_string();
        assert!(line.contains("another edition of migration 1"), "{line}");
    });
}

#[test]
fn a_migration_that_fails_leaves_nothing() {
    let known = MIGRATIONS.len();
    let number = |index| i64::try_from(known + index).unwrap();
    let sql = "CREATE TABLE good (a {i64})";
    let good = Migration { number: number(1), name: "good", sql };
    let sql = "CREATE TABLE bad (a {i64}); nonsense";
    let bad = Migration { number: number(2), name: "bad", sql };
    on_both(|_, database| {
        with_target(database, |target| {
            let pending = [MIGRATIONS, &[good, bad]].concat();
            assert!(apply(target, &pending, Timestamp::from_unix_micros(2)).is_err());
            // Had anything of it stayed, this one would now be in the way.
            apply(target, &pending[..=known], Timestamp::from_unix_micros(3)).unwrap();
            let newer = apply(target, &pending[..known], Timestamp::from_unix_micros(4));
            assert!(matches!(newer, Err(Fault::Newer(n)) if n == number(1)), "{newer:?}");
        });
    });
}

/// Blobs are written differently: `{1}` stands for sixteen bytes of it.
fn blobs(database: &TestDatabase, sql: &str) -> String {
    let is_sqlite = matches!(database.database(), Database::Sqlite { .. });
    (1..=9).fold(sql.to_owned(), |sql, digit| {
        let hex = format!("{digit:02}").repeat(16);
        let blob = if is_sqlite { format!("x'{hex}'") } else { format!("'\\x{hex}'::bytea") };
        sql.replace(&format!("{{{digit}}}"), &blob)
    })
}

#[test]
fn consent_over_several_sites_is_asked_for_anew() {
    for engine in Engine::ALL {
        let Some(database) = fresh(engine) else { continue };
        if let Database::Sqlite { path } = database.database() {
            crate::sqlite::connection::create(path).unwrap();
        }
        let now = Timestamp::from_unix_micros(2);
        with_target(&database, |target| apply(target, &MIGRATIONS[..2], now).unwrap());
        database.run(&blobs(
            &database,
            "INSERT INTO accounts (id, email, password_hash, created_at) VALUES ({1}, 'a@b.c', 'x', 0);
             INSERT INTO clients (id, metadata, created_at, used_at) VALUES ({2}, '{}', 0, 0);
             INSERT INTO connections (id, account_id, client_id, access, scopes, sites, created_at)
                 VALUES ({3}, {1}, {2}, 'read write', 'openid', 'a.example b.example', 0);
             INSERT INTO grants (id, connection_id, redirect_uri, challenge, scope, access,
                 signed_in_at, created_at, wrong_verifiers, ends_at)
                 VALUES ({4}, {3}, 'https://a.example/', {5}, 'openid', 'read', 0, 0, 0, 9);
             INSERT INTO refresh_rotations (grant_id, generation, salt, rotated_at)
                 VALUES ({4}, 0, {6}, 0);
             INSERT INTO revoked_access_tokens (id, ends_at) VALUES ({7}, 5), ({8}, 7);",
        ));
        drop(open(&database));
        let dump = database.dump();
        let count = |table: &str| dump.lines().filter(|line| line.starts_with(table)).count();
        assert_eq!(count("refresh_rotations"), 0, "{dump}");
        assert_eq!(count("revoked_access_tokens"), 2, "{dump}");
        let agreed = "INSERT INTO consents (connection_id, site, access, scopes)
                      VALUES ({3}, '', 'read write', 'openid')";
        let noted = "UPDATE grants SET tokens_revoked_until = 7";
        // What is there already cannot be added, and what is so already changes nothing.
        assert_eq!(count("consents"), 1, "{dump}");
        database.run(&blobs(&database, &format!("DELETE FROM consents; {agreed}; {noted}")));
        assert_eq!(database.dump(), dump);
    }
}

#[test]
fn sessions_of_before_have_names_and_prove_nothing() {
    for engine in Engine::ALL {
        let Some(database) = fresh(engine) else { continue };
        if let Database::Sqlite { path } = database.database() {
            crate::sqlite::connection::create(path).unwrap();
        }
        let now = Timestamp::from_unix_micros(2);
        with_target(&database, |target| apply(target, &MIGRATIONS[..15], now).unwrap());
        let (one, other) = ("{2}", "{3}");
        database.run(&blobs(
            &database,
            &format!(
                "INSERT INTO accounts (id, email, password_hash, created_at) VALUES ({{1}}, 'a@b.c', 'x', 0);
                 INSERT INTO sessions (digest, account_id, created_at, seen_at)
                     VALUES ({one}, {{1}}, 5, 6), ({other}, {{1}}, 5, 7);"
            ),
        ));
        let store = open(&database);
        let account = AccountId::from_bytes([1; 16]);
        let zero = Timestamp::from_unix_micros(0);
        let read = move |tx: &mut Tx<'_>| crate::sessions::list_of(tx, account, zero, zero);
        let sessions = store.write_blocking(read).unwrap();
        assert_eq!(sessions.iter().map(|s| s.id.as_bytes()[0]).collect::<Vec<_>>(), [3, 2]);
        assert!(sessions.iter().all(|session| session.times.proven_at == zero));
    }
}

#[test]
fn images_of_before_are_found_and_others_come_after_them() {
    for engine in Engine::ALL {
        let Some(database) = fresh(engine) else { continue };
        if let Database::Sqlite { path } = database.database() {
            crate::sqlite::connection::create(path).unwrap();
        }
        let now = Timestamp::from_unix_micros(2);
        with_target(&database, |target| apply(target, &MIGRATIONS[..28], now).unwrap());
        let image = |id: &str, brand: &str, status: &str, said: &str| {
            format!(
                "INSERT INTO images (id, workspace_id, brand_id, account_id, source, status, prompt, description, \
                 blob, nonce, created_at) VALUES ({id}, {{2}}, {brand}, {{1}}, 'generated', '{status}', {said}, \
                 'x', {{1}}, 0);"
            )
        };
        let brand = |id: &str| {
            format!(
                "INSERT INTO brands (id, workspace_id, account_id, url, name, status, run, collect_images, \
                 created_at, updated_at) VALUES ({id}, {{2}}, {{1}}, '', '', 'ready', 1, 0, 0, 0);"
            )
        };
        let rows = [
            "INSERT INTO accounts (id, email, password_hash, created_at) VALUES ({1}, 'a@b.c', 'x', 0);
             INSERT INTO workspaces (id, kind, name, created_at) VALUES ({2}, 'team', '', 0);"
                .to_owned(),
            brand("{3}"),
            brand("{4}"),
            image("{5}", "{3}", "completed", "'red shoes', 'on a box'"),
            image("{6}", "{3}", "failed", "'a moon', NULL"),
            image("{7}", "{3}", "completed", "NULL, 'a boat'"),
            image("{8}", "{4}", "completed", "'a car', NULL"),
        ];
        database.run(&blobs(&database, &rows.concat()));
        let store = open(&database);
        let [one, other] = [3, 4].map(|brand| BrandId::from_bytes([brand; 16]));
        let written = store.write_blocking(move |tx| {
            let nine = ImageId::from_bytes([9; 16]);
            // Its row is not there, and no number is used up for what is not written.
            assert!(
                crate::image_captions::insert(tx, BrandId::from_bytes([9; 16]), nine, "").is_ok()
            );
            crate::images::delete(tx, ImageId::from_bytes([7; 16]))?;
            crate::brands::one_image_less(tx, one)
        });
        written.unwrap();
        let captions = |brand, after| {
            let read = move |tx: &mut Tx<'_>| crate::image_captions::after(tx, brand, after, 9);
            let captions = store.read_blocking(read).unwrap().into_iter();
            captions.map(|one| (one.number, one.image.as_bytes()[0], one.words)).collect::<Vec<_>>()
        };
        assert_eq!(captions(one, 0), [(1, 5, "red shoes on a box".to_owned())]);
        assert_eq!(captions(other, 0), [(1, 8, "a car ".to_owned())]);
        // What comes now comes after what is gone, too.
        database.run(&blobs(&database, &image("{9}", "{3}", "completed", "NULL, 'a sun'")));
        let sun = move |tx: &mut Tx<'_>| {
            crate::image_captions::insert(tx, one, ImageId::from_bytes([9; 16]), "a sun")
        };
        store.write_blocking(sun).unwrap();
        assert_eq!(captions(one, 1), [(3, 9, "a sun".to_owned())]);
    }
}

#[test]
fn migrations_are_numbered_without_gaps() {
    for (index, migration) in MIGRATIONS.iter().enumerate() {
        assert_eq!(migration.number, i64::try_from(index).unwrap() + 1);
        let file = format!("migrations/{:04}_{}.sql", migration.number, migration.name);
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
        assert!(path.exists(), "{file} is not there");
    }
}

fn with_target(database: &TestDatabase, test: impl FnOnce(&mut Target<'_>)) {
    match database.database() {
        Database::Sqlite { path } => {
            test(&mut Target::Sqlite(&crate::sqlite::connection::writer(path).unwrap()));
        }
        Database::Postgres { url } => {
            let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
            test(&mut Target::Postgres(&mut client));
        }
    }
}

#[test]
fn covers_end_and_holds_keep_their_parts() {
    for engine in Engine::ALL {
        let Some(database) = fresh(engine) else { continue };
        if let Database::Sqlite { path } = database.database() {
            crate::sqlite::connection::create(path).unwrap();
        }
        let now = Timestamp::from_unix_micros(2);
        with_target(&database, |target| apply(target, &MIGRATIONS[..33], now).unwrap());
        database.run(&blobs(
            &database,
            "INSERT INTO credit_grants (id, workspace_id, kind, source, effective_at, expires_at, amount,
                 reclaimed, available, held, spent, expired, taken_back, is_open)
                 VALUES ({1}, {9}, 'operator', 'unlimited:a', 5, 99, 3, 0, 2, 1, 0, 0, 0, 1),
                 ({2}, {9}, 'operator', 'unlimited:b', 5, 99, 1, 0, 0, 0, 1, 0, 0, 0),
                 ({3}, {9}, 'operator', 'operator:unlimited:c', 5, 99, 1, 0, 1, 0, 0, 0, 0, 1);
             INSERT INTO credit_holds (id, workspace_id, reference, operation, open, account_id, via_kind,
                 via_id, created_at, until_at)
                 VALUES ({4}, {9}, 'job', 'images.resize', 1, {8}, 'api_key', {7}, 5, 50);
             INSERT INTO credit_hold_parts (hold_id, item, grant_id, amount, settled)
                 VALUES ({4}, 0, {1}, 1, NULL), ({4}, 1, {2}, 1, 1);",
        ));
        let rows = |table: &str| {
            let dump = database.dump();
            dump.lines().filter(|row| row.starts_with(table)).map(str::to_owned).collect::<Vec<_>>()
        };
        let (holds, parts) = (rows("credit_holds: "), rows("credit_hold_parts: "));
        assert_eq!((holds.len(), parts.len()), (1, 2));
        drop(open(&database));
        assert_eq!((rows("credit_holds: "), rows("credit_hold_parts: ")), (holds, parts));
        let ended = |row: &&String| row.contains(",5,6,");
        let ends: Vec<_> = rows("credit_grants: ").iter().filter(ended).cloned().collect();
        assert!(ends.len() == 1 && ends[0].contains("unlimited:a"), "{ends:?}");
        // A part is of a hold that is there, and a name is of one hold.
        database.run(&blobs(
            &database,
            "INSERT INTO credit_holds (id, workspace_id, reference, operation, open, account_id, via_kind,
                 via_id, created_at, until_at)
                 VALUES ({5}, {9}, 'job', 'x', 1, {8}, 'api_key', {7}, 5, 50) ON CONFLICT DO NOTHING;
             INSERT INTO credit_holds (id, workspace_id, reference, operation, open, account_id, via_kind,
                 via_id, created_at, until_at)
                 VALUES ({6}, {8}, 'job', 'x', 1, {8}, 'api_key', {7}, 5, 50) ON CONFLICT DO NOTHING;",
        ));
        assert_eq!(rows("credit_holds: ").len(), 2);
    }
}
