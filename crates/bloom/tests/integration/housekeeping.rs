//! What is done by itself once a minute: what fails of it keeps nothing else from being done.

use std::time::Duration;

use bloom_service::housekeeping;

use crate::support::oauth::{REDIRECT, Tokens};
use crate::support::{App, on_both};

on_both!(what_fails_keeps_nothing_else_from_being_done,);

async fn what_fails_keeps_nothing_else_from_being_done(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    Tokens::of(&client.refresh(&tokens.refresh).await);
    assert_eq!(app.rows("refresh_rotations").len(), 1);
    app.browser().sign_in("ada@example.com", "not her password").await;
    let keys = async || {
        let keys = app.get("/api/auth/jwks", &[]).await.json();
        keys["keys"].as_array().expect("keys").len()
    };
    assert_eq!(keys().await, 1);
    app.advance(Duration::from_secs(40 * 86_400));
    // The first of all steps but those that wait for nothing, and one in the middle.
    app.database().run("ALTER TABLE setup_links RENAME TO hidden");
    app.database().run("ALTER TABLE upload_tokens RENAME TO hidden_too");
    assert!(housekeeping::once(app.service()).await.is_err(), "it says so");
    app.database().run("ALTER TABLE hidden RENAME TO setup_links");
    app.database().run("ALTER TABLE hidden_too RENAME TO upload_tokens");
    assert!(app.rows("refresh_rotations").is_empty(), "no salt outlives its window");
    assert_eq!(keys().await, 2, "the next key is there in time");
    let refused = app.rows("audit_records");
    assert!(refused.iter().any(|row| row.contains("session.refused")), "{refused:?}");
    assert!(app.rows("grants").is_empty(), "what has ended is gone");
    app.keep_house().await;
}
