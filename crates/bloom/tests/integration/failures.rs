//! The database fails under a request: the caller learns that it did and under which id, and nothing
//! of what the database said.

use crate::support::{Answer, App, on_both};

on_both!(the_api_tells_no_cause, a_page_tells_its_reference, the_health_check_tells_no_cause);

fn assert_tells_no_cause(answer: &Answer) {
    let text = answer.text().to_lowercase();
    for word in ["sql", "table", "api_keys", "select", "bloom_store", "relation", "panic", ".rs"] {
        assert!(!text.contains(word), "{word}: {answer:?}");
    }
}

async fn the_api_tells_no_cause(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    app.database().run("ALTER TABLE api_keys RENAME TO hidden");
    let answer = app.account(&key).await;
    insta::assert_snapshot!(answer.summary(), @r#"500 {"error":{"code":"INTERNAL_SERVER_ERROR","status":500,"message":"Something went wrong in the server. Its operator finds the cause in the log under the x-request-id of this answer."}}"#);
    assert_eq!(answer.error_code(), "INTERNAL_SERVER_ERROR");
    assert_eq!(answer.header("x-request-id").len(), 24);
    assert_tells_no_cause(&answer);
    // A failure is no verdict: the same key is good once the database is.
    app.database().run("ALTER TABLE hidden RENAME TO api_keys");
    assert_eq!(app.account(&key).await.status, 200);
}

async fn a_page_tells_its_reference(app: App) {
    let mut ada = app.person("ada").await;
    let token = ada.form_token().await;
    app.database().run("ALTER TABLE api_keys RENAME TO hidden");
    let fields = [("form_token", token.as_str()), ("name", "ci")];
    // The settings have begun by then: their frame is there, and what went wrong in place of their lists.
    let begun = ada.get("/settings").await;
    assert_eq!(begun.status, 200, "{begun:?}");
    assert!(begun.text().contains("<h1>Something went wrong</h1>"), "{begun:?}");
    let made = ada.post_as_is("/settings/api-keys", &fields, &[]).await;
    made.assert_page(500, "Something went wrong");
    for answer in [begun, made] {
        let id = answer.header("x-request-id");
        assert!(
            answer.text().contains(&format!("<code class=\"whole\">{id}</code>")),
            "{answer:?}"
        );
        assert_tells_no_cause(&answer);
        assert_eq!(answer.header("x-frame-options"), "DENY");
    }
    app.database().run("ALTER TABLE hidden RENAME TO api_keys");
    assert!(app.rows("api_keys").is_empty(), "nothing is half done");
}

async fn the_health_check_tells_no_cause(app: App) {
    app.database().run_outside(
        "ALTER DATABASE {name} ALLOW_CONNECTIONS false;
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    );
    let answer = app.get("/healthz", &[]).await;
    app.database().run_outside("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
    if app.database().folder().is_none() {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.text(), "the database cannot be used\n");
    }
}
