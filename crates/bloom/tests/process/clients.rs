//! The OAuth and MCP clients from npm and PyPI, each in one script (`tests/clients`), against the program
//! itself. The test command installs what they want.

use std::path::Path;

use crate::images::{brand, serve};
use crate::support::home::Home;
use crate::support::program;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// Runs a script; every client must have passed.
fn all_pass(program: &Path, script: &str, folder: &Path, clients: &[&str]) {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = serve(&home, "");
    let brand = brand(&server, &home.key(ADA, "ci"));
    // Without a proxy, and not for longer than anything here takes.
    let mut command = program::command(program);
    command
        .arg(script)
        .current_dir(folder)
        .env("TEST_ORIGIN", server.origin())
        .env("TEST_EMAIL", ADA)
        .env("TEST_PASSWORD", PASSWORD)
        .env("TEST_BRAND", brand);
    let finished = program::finish(command, "");
    let said: Vec<_> = finished.stdout.lines().collect();
    let expected: Vec<_> = clients.iter().map(|client| format!("PASS {client}")).collect();
    assert_eq!(said, expected, "{finished:?}");
}

#[test]
fn the_clients_from_npm_connect() {
    let Some(folder) = std::env::var_os("TEST_NODE_CLIENTS") else {
        eprintln!("skipped: TEST_NODE_CLIENTS is not set");
        return;
    };
    let clients = ["openid-client", "oauth4webapi", "AppAuth", "MCP SDK for TypeScript"];
    all_pass(Path::new("node"), "clients.mjs", Path::new(&folder), &clients);
}

#[test]
fn the_mcp_conformance_suite_passes() {
    let Some(folder) = std::env::var_os("TEST_NODE_CLIENTS") else {
        eprintln!("skipped: TEST_NODE_CLIENTS is not set");
        return;
    };
    let scenarios = ["authorization-server-metadata-endpoint", "authorization-code-grant"];
    all_pass(Path::new("node"), "conformance.mjs", Path::new(&folder), &scenarios);
}

#[test]
fn the_clients_from_pypi_connect() {
    let Some(folder) = std::env::var_os("TEST_PYTHON_CLIENTS") else {
        eprintln!("skipped: TEST_PYTHON_CLIENTS is not set");
        return;
    };
    let folder = Path::new(&folder);
    let clients = ["Authlib", "MCP SDK for Python"];
    all_pass(&folder.join("venv/bin/python"), "clients.py", folder, &clients);
}
