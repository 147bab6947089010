//! Many at once, on several threads: what is promised holds whoever comes first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bloom_domain::email::Email;
use bloom_service::api_keys::{self, WhichKey};
use bloom_service::rate_limit::RateLimits;

use crate::access_tokens::Blow;
use crate::support::{App, PASSWORD, at_once, on_both};

on_both!(
    the_limit_of_keys_is_never_exceeded,
    many_sign_ups_with_one_address_make_one_account,
    rotating_while_revoking_leaves_a_dead_key,
    many_rotations_without_overlap_leave_one_good_secret,
    after_a_revocation_returns_nobody_gets_in,
    after_a_ban_returns_nobody_gets_in,
    after_any_blow_returns_no_access_token_gets_in,
    a_form_on_its_way_ends_with_the_session,
    after_a_new_password_returns_no_key_is_made,
    after_a_ban_returns_no_key_is_made,
    a_sign_in_during_a_new_password_leaves_no_session,
);

async fn the_limit_of_keys_is_never_exceeded(app: App) {
    let ada = app.person("ada").await;
    let statuses = at_once(150, |n| {
        let mut ada = ada.clone();
        async move { ada.post("/settings/api-keys", &[("name", &format!("k{n}"))]).await.status }
    });
    let statuses = statuses.await;
    let made = statuses.iter().filter(|&&status| status == 200).count();
    let refused = statuses.iter().filter(|&&status| status == 409).count();
    assert_eq!((made, refused), (100, 50), "{statuses:?}");
    assert_eq!(app.rows("api_keys").len(), 100);
}

async fn many_sign_ups_with_one_address_make_one_account(app: App) {
    let statuses = at_once(50, |n| {
        let mut browser = app.browser();
        // However it is written.
        let email = if n % 2 == 0 { "ada@example.com" } else { "ADA@example.com" };
        async move { browser.sign_up(email).await.status }
    });
    let statuses = statuses.await;
    assert_eq!(statuses.iter().filter(|&&status| status == 303).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|&&status| status == 409).count(), 49, "{statuses:?}");
    let tables = ["accounts", "workspaces", "members", "sessions"];
    assert_eq!(tables.map(|table| app.rows(table).len()), [1; 4]);
    app.browser().sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
}

async fn rotating_while_revoking_leaves_a_dead_key(app: App) {
    let mut ada = app.person("ada").await;
    for round in 0..10 {
        let key = ada.create_key(&format!("k{round}")).await;
        assert_eq!(app.account(&key.secret).await.status, 200);
        let secrets = at_once(8, |n| {
            let (mut ada, key) = (ada.clone(), key.clone());
            async move {
                if n == 4 {
                    // By its name: how it begins may be another thing by now.
                    let path = format!("/settings/api-keys/{}/revoke", key.id);
                    let page = ada.post(&path, &[("confirmed", &format!("k{round}"))]).await;
                    assert_eq!(page.status, 303, "{page:?}");
                    return None;
                }
                let path = format!("/settings/api-keys/{}/rotate", key.id);
                let page = ada.post(&path, &[("overlap", "24h")]).await;
                assert!(matches!(page.status, 200 | 409), "{page:?}");
                page.between("<code id=\"new-key\">", "</code>").map(str::to_owned)
            }
        });
        let secrets = secrets.await.into_iter().flatten().chain([key.secret.clone()]);
        // Whatever was shown, before or after: the key is revoked, and nothing brings it back.
        for secret in secrets {
            assert_eq!(app.account(&secret).await.error(), "401 UNAUTHORIZED");
        }
        let page = ada.get("/settings").await;
        assert_eq!(page.text().matches(">Active<").count(), 0);
    }
}

async fn many_rotations_without_overlap_leave_one_good_secret(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let secrets = at_once(50, |_| {
        let (mut ada, app, id) = (ada.clone(), app.clone(), key.id.clone());
        async move {
            let path = format!("/settings/api-keys/{id}/rotate");
            let page = ada.post(&path, &[("overlap", "0")]).await;
            let secret = page.between("<code id=\"new-key\">", "</code>").unwrap().to_owned();
            // Used at once, so that verdicts are filled while others replace.
            app.account(&secret).await;
            secret
        }
    });
    let mut good = 0;
    for secret in secrets.await {
        let status = app.account(&secret).await.status;
        // The window is shared: 50 uses above, 50 here at most.
        assert!(matches!(status, 200 | 401), "{status}");
        good += usize::from(status == 200);
    }
    assert_eq!(good, 1);
    assert_eq!(app.account(&key.secret).await.error(), "401 UNAUTHORIZED");
}

/// Fifty readers ask without a pause. Whoever begins after the revocation has returned is refused.
async fn after_a_revocation_returns_nobody_gets_in(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    let mut ada = app.person("ada").await;
    for round in 0..5 {
        let key = ada.create_key(&format!("k{round}")).await;
        let revoker = (ada.clone(), key.clone());
        storm(&app, &key.secret, 401, async move {
            let (mut ada, key) = revoker;
            ada.revoke_key(&key).await;
        })
        .await;
    }
}

async fn after_a_ban_returns_nobody_gets_in(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    for _ in 0..5 {
        let operator = app.clone();
        storm(&app, &key.secret, 403, async move { operator.ban("ada@example.com").await }).await;
        app.unban(ada.email()).await;
    }
}

/// The same for what an access token hangs on: token, grant, connection, client and account.
async fn after_any_blow_returns_no_access_token_gets_in(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    for (index, blow) in Blow::ALL.into_iter().enumerate() {
        let mut ada = app.person(&format!("ada{index}")).await;
        for round in 0..2 {
            let client = app.client(&format!("https://app{index}-{round}.example/cb")).await;
            let tokens = client.connect(&mut ada, &[]).await;
            let (mut person, struck) = (ada.clone(), tokens.clone());
            let strike = async move { blow.strike(&client, &mut person, &struck).await };
            storm(&app, &tokens.access, blow.status(), strike).await;
            app.unban(ada.email()).await;
        }
    }
}

/// A form whose last byte is held back until the session has ended does nothing.
async fn a_form_on_its_way_ends_with_the_session(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let one = format!("/settings/api-keys/{}", key.id);
    let paths = ["/settings/api-keys", &format!("{one}/rotate"), &format!("{one}/revoke")];
    let before = app.rows("api_keys");
    for path in paths {
        let fields = [("name", "more"), ("overlap", "24h")];
        let page = ada.post_slowly(path, &fields, app.set_password("ada@example.com", PASSWORD));
        page.await.assert_page(401, "You are signed out");
        ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
        let mut elsewhere = ada.clone();
        let page = ada.post_slowly(path, &fields, async {
            elsewhere.post("/sign-out", &[]).await.assert_redirect("/sign-in");
        });
        page.await.assert_page(401, "You are signed out");
        ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
        let page = ada.post_slowly(path, &fields, app.ban("ada@example.com")).await;
        page.assert_page(403, "Your account is suspended");
        app.unban("ada@example.com").await;
        assert_eq!(app.rows("api_keys"), before, "{path}");
    }
}

async fn after_a_new_password_returns_no_key_is_made(app: App) {
    let operator = app.clone();
    no_key_is_made_after(&app, 401, async || {
        operator.set_password("ada@example.com", PASSWORD).await;
    })
    .await;
}

async fn after_a_ban_returns_no_key_is_made(app: App) {
    let operator = app.clone();
    no_key_is_made_after(&app, 403, async || operator.ban("ada@example.com").await).await;
}

/// Keys are made without a pause until the session ends; none is there that was not there then.
async fn no_key_is_made_after(app: &App, refused: u16, end: impl AsyncFn()) {
    app.person("ada").await;
    for _ in 0..5 {
        let mut ada = app.browser();
        ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
        let token = ada.form_token().await;
        let makers: Vec<_> = (0..8)
            .map(|_| {
                let (mut ada, token) = (ada.clone(), token.clone());
                tokio::spawn(async move {
                    let fields = [("form_token", token.as_str()), ("name", "k")];
                    loop {
                        let page = ada.post_as_is("/settings/api-keys", &fields, &[]).await;
                        match page.status {
                            200 => {}
                            // As many as one may have. It goes on asking, and leaves a gap for the new
                            // password, which is hashed when nobody else wants the core.
                            409 => tokio::time::sleep(std::time::Duration::from_millis(1)).await,
                            status => return status,
                        }
                    }
                })
            })
            .collect();
        end().await;
        let then = app.rows("api_keys").len();
        for maker in makers {
            assert_eq!(maker.await.unwrap(), refused);
        }
        assert_eq!(app.rows("api_keys").len(), then, "a key was made afterwards");
        app.unban("ada@example.com").await;
        let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
        for key in api_keys::list_for(app.service(), &operator, &email).await.unwrap() {
            let which = WhichKey::Id(key.id);
            api_keys::revoke_for(app.service(), &operator, &email, which).await.unwrap();
        }
    }
}

/// Somebody who knows the old password signs in again and again while a new one is set.
async fn a_sign_in_during_a_new_password_leaves_no_session(app: App) {
    app.person("ada").await;
    let mut old = PASSWORD.to_owned();
    for round in 0..5 {
        let new = format!("another password {round}");
        let statuses = at_once(16, |n| {
            let (app, old, new) = (app.clone(), old.clone(), new.clone());
            async move {
                if n == 5 {
                    app.set_password("ada@example.com", &new).await;
                    return 401;
                }
                app.browser().sign_in("ada@example.com", &old).await.status
            }
        });
        let statuses = statuses.await;
        assert!(statuses.iter().all(|status| matches!(status, 303 | 401)), "{statuses:?}");
        assert!(app.rows("sessions").is_empty(), "round {round}: {statuses:?}");
        old = new;
    }
}

async fn storm(
    app: &App,
    key: &str,
    refused: u16,
    change: impl Future<Output = ()> + Send + 'static,
) {
    let is_changed = Arc::new(AtomicBool::new(false));
    let readers = at_once(50, |_| {
        let (app, key, is_changed) = (app.clone(), key.to_owned(), is_changed.clone());
        async move {
            let mut admitted = 0;
            for _ in 0..5_000 {
                let is_late = is_changed.load(Ordering::SeqCst);
                let status = app.get_as("/api/v1/account", &key).await.status;
                assert!(status == 200 || status == refused, "{status}");
                assert!(!is_late || status == refused, "somebody got in afterwards");
                admitted += usize::from(status == 200);
                if is_late {
                    break;
                }
                tokio::task::yield_now().await;
            }
            admitted
        }
    });
    let flag = is_changed.clone();
    let changer = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        change.await;
        flag.store(true, Ordering::SeqCst);
    });
    let admitted: usize = readers.await.into_iter().sum();
    changer.await.expect("the change is made");
    assert!(admitted > 0, "the readers were there before");
}
