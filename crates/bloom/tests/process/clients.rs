//! The OAuth and MCP clients from npm and PyPI, each in one script (`tests/clients`), against the program
//! itself. The test command installs what they want.

use std::path::Path;
use std::process::Command;

use crate::support::home::Home;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// Runs a script; every client must have passed.
fn all_pass(program: &Path, script: &str, folder: &Path, clients: &[&str]) {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    let output = Command::new(program)
        .arg(script)
        .current_dir(folder)
        .env("TEST_ORIGIN", server.origin())
        .env("TEST_EMAIL", ADA)
        .env("TEST_PASSWORD", PASSWORD)
        .output()
        .expect("the script runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let expected: Vec<_> = clients.iter().map(|client| format!("PASS {client}")).collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), expected, "{said}{errors}");
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
fn the_clients_from_pypi_connect() {
    let Some(folder) = std::env::var_os("TEST_PYTHON_CLIENTS") else {
        eprintln!("skipped: TEST_PYTHON_CLIENTS is not set");
        return;
    };
    let folder = Path::new(&folder);
    let clients = ["Authlib", "MCP SDK for Python"];
    all_pass(&folder.join("venv/bin/python"), "clients.py", folder, &clients);
}
