//! The program itself: started, asked, commanded, killed, and looked at with a browser.
//!
//! Each test has a data folder of its own and a server on a free port. The variants on PostgreSQL need
//! `TEST_POSTGRES_URL`, those with a browser `TEST_CHROMEDRIVER_URL` and `TEST_CHROMIUM`, those
//! with a mail server `TEST_PYTHON_CLIENTS`; without them they say that they were skipped.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test ends at the first thing that is not as it should be, and says what"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the program under test runs on the real clock, and a test is told by its runner where \
              database and browser are"
)]

/// A test on each of the databases; its body gets a fresh home.
macro_rules! on_both_engines {
    ($name:ident, $body:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn on_sqlite() {
                let body: fn(&Home) = $body;
                body(&Home::on_sqlite());
            }

            #[test]
            fn on_postgresql() {
                let body: fn(&Home) = $body;
                if let Some(home) = Home::on_postgresql() {
                    body(&home);
                }
            }
        }
    };
}

/// A journey in a browser with scripts and in one without them, each with a name of its own.
macro_rules! with_and_without_scripts {
    ($with:ident, $without:ident, $journey:expr) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn $with() {
            $journey($crate::support::browser::Scripts::On).await;
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn $without() {
            $journey($crate::support::browser::Scripts::Off).await;
        }
    };
}

mod accessibility;
mod asking;
mod audit;
mod bad_input;
mod browser;
mod clients;
mod commands;
mod consent;
mod crash;
mod credits;
mod docs;
mod every_page;
mod first_start;
mod full_disk;
#[path = "../history/mod.rs"]
mod history;
mod idempotency;
mod images;
mod journeys;
mod keyboard;
mod keys;
mod killed_grants;
mod logs;
mod mail;
mod mcp;
mod moments;
mod nodes;
mod oauth_clients;
mod openid;
mod origins;
mod passing_pages;
mod plan;
#[path = "../routes/mod.rs"]
mod routes;
mod scan;
#[path = "../secrets/mod.rs"]
mod secrets;
mod security;
mod serving;
mod support;
mod telling;
#[path = "../tls/mod.rs"]
mod tls;
