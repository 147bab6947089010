//! Every statement of every module, on both databases.

use std::collections::HashSet;

use postgres::types::Type;

use super::open;
use crate::statement::Statement;
use crate::testing::{Engine, fresh};
use crate::{Database, catalogue, dialect};

#[derive(Debug, PartialEq, Eq)]
struct Shape {
    params: usize,
    columns: usize,
}

fn statements() -> impl Iterator<Item = &'static Statement> {
    catalogue::MODULES.iter().chain([&super::ALL]).copied().flatten().copied()
}

fn on_sqlite() -> Vec<Shape> {
    let database = fresh(Engine::Sqlite).unwrap();
    drop(open(&database));
    let Database::Sqlite { path } = database.database() else { panic!("not SQLite") };
    let connection = crate::sqlite::connection::writer(path).unwrap();
    let shape = |statement: &Statement| {
        let name = statement.name();
        let prepared = connection.prepare(statement.sql());
        let prepared = prepared.unwrap_or_else(|error| panic!("{name} on SQLite: {error}"));
        // SQLite numbers `$1` by first appearance: only `?1` means the same on both.
        for index in 1..=prepared.parameter_count() {
            let parameter = prepared.parameter_name(index);
            assert_eq!(parameter, Some(format!("?{index}").as_str()), "{name}");
        }
        assert_eq!(statement.reads_only(), prepared.readonly(), "{name} reads or writes");
        Shape { params: prepared.parameter_count(), columns: prepared.column_count() }
    };
    statements().map(shape).collect()
}

/// What pages and charts of a ledger read must not grow with it.
#[test]
fn a_ledger_is_read_by_its_indexes() {
    let database = fresh(Engine::Sqlite).unwrap();
    drop(open(&database));
    let Database::Sqlite { path } = database.database() else { panic!("not SQLite") };
    let connection = crate::sqlite::connection::writer(path).unwrap();
    let of_a_page = statements().filter(|statement| {
        let name = statement.name();
        name.contains("credit_movements::PAGE")
            || name.contains("credit_spending::BY")
            || name.contains("credits::NEXT_TO_END")
            || name.contains("images::OF_HOLD")
            || name.contains("audit::LIST_OF")
    });
    let mut count = 0;
    for statement in of_a_page {
        let sql = format!("EXPLAIN QUERY PLAN {}", statement.sql());
        let mut prepared = connection.prepare(&sql).unwrap();
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let step: String = row.get(3).unwrap();
            assert!(!step.starts_with("SCAN"), "{}: {step}", statement.name());
        }
        count += 1;
    }
    assert_eq!(count, 10);
}

fn on_postgres() -> Option<Vec<Shape>> {
    let database = fresh(Engine::Postgres)?;
    drop(open(&database));
    let Database::Postgres { url } = database.database() else { panic!("not PostgreSQL") };
    let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
    let mut shape = |statement: &Statement| {
        let name = statement.name();
        let prepared = client.prepare(&dialect::for_postgres(statement.sql()));
        let prepared = prepared.unwrap_or_else(|error| panic!("{name} on PostgreSQL: {error:?}"));
        let columns = prepared.columns().iter().map(postgres::Column::type_);
        for ty in prepared.params().iter().chain(columns) {
            // Anything else has no twin on SQLite: write CAST(… AS BIGINT) or CAST(… AS TEXT).
            assert!(matches!(*ty, Type::INT8 | Type::TEXT | Type::BYTEA), "{name} has a {ty}");
        }
        Shape { params: prepared.params().len(), columns: prepared.columns().len() }
    };
    Some(statements().map(&mut shape).collect())
}

#[test]
fn every_statement_prepares_alike_on_both() {
    let sqlite = on_sqlite();
    let Some(postgres) = on_postgres() else { return };
    for ((statement, on_sqlite), on_postgres) in statements().zip(sqlite).zip(postgres) {
        assert_eq!(on_sqlite, on_postgres, "{}", statement.name());
    }
}

#[test]
fn every_statement_has_its_own_name() {
    let names: HashSet<_> = statements().map(Statement::name).collect();
    assert_eq!(names.len(), statements().count());
}

/// A module that has statements but is not in the catalogue would go untried.
#[test]
fn every_module_is_in_the_catalogue() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let listed = std::fs::read_to_string(source.join("catalogue.rs")).unwrap();
    for entry in std::fs::read_dir(&source).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if text.lines().any(|line| line == "statements! {") {
            assert!(listed.contains(&format!("crate::{module}::ALL")), "{module} is not listed");
        }
    }
}

/// Movements are only ever added.
#[test]
fn no_statement_changes_a_movement() {
    let touching = statements().filter(|statement| statement.sql().contains("credit_movements"));
    let verbs: HashSet<_> = touching.filter_map(|s| s.sql().split_whitespace().next()).collect();
    assert_eq!(verbs, HashSet::from(["INSERT", "SELECT"]));
    let upserts = |statement: &&Statement| statement.sql().contains("DO UPDATE");
    let tables: Vec<_> = statements()
        .filter(upserts)
        .filter_map(|statement| statement.sql().split_whitespace().nth(2))
        .collect();
    assert!(!tables.contains(&"credit_movements"), "{tables:?}");
}
