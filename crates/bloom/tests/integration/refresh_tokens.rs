//! Refresh tokens: rotated at each use; a used one is answered for a minute, and ends its grant later.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::oauth::{REDIRECT, Tokens, claims};
use crate::support::{App, at_once, on_both};

on_both!(
    a_used_token_is_answered_with_the_newest_for_a_minute,
    a_used_token_that_comes_back_late_ends_its_grant_and_only_its_grant,
    fifty_parallel_refreshes_are_one_rotation,
    a_made_up_or_foreign_token_ends_nothing,
    scope_shrinks_for_one_access_token_and_never_grows,
    a_suspended_account_keeps_its_grants,
    salts_are_erased_when_their_window_closes,
    a_rotation_of_the_root_secret_breaks_no_chain,
    a_grant_ends_when_it_is_not_used_or_as_the_operator_says,
    after_a_revocation_returns_nothing_is_refreshed,
);

async fn is_good(app: &App, token: &str) -> bool {
    app.get_as("/api/v1/account", token).await.status == 200
}

async fn a_used_token_is_answered_with_the_newest_for_a_minute(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let first = client.connect(&mut ada, &[]).await;
    let second = Tokens::of(&client.refresh(&first.refresh).await);
    let again = Tokens::of(&client.refresh(&first.refresh).await);
    assert_eq!(again.refresh, second.refresh, "the answer may have been lost");
    let third = Tokens::of(&client.refresh(&second.refresh).await);
    app.advance(Duration::from_secs(59));
    let again = Tokens::of(&client.refresh(&first.refresh).await);
    assert_eq!(again.refresh, third.refresh, "whether or not a successor was used");
    assert!(is_good(&app, &again.access).await && is_good(&app, &first.access).await);
}

async fn a_used_token_that_comes_back_late_ends_its_grant_and_only_its_grant(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let stolen = client.connect(&mut ada, &[]).await;
    // The second time the consent is remembered.
    let sent = ada.get(&client.authorize_url(&[])).await;
    let code = crate::support::oauth::parameter(sent.header("location"), "code").unwrap();
    let other = Tokens::of(&client.redeem(&code).await);
    let next = Tokens::of(&client.refresh(&stolen.refresh).await);
    app.advance(Duration::from_secs(60));
    let answer = client.refresh(&stolen.refresh).await;
    assert_eq!((answer.status, &answer.json()["error"]), (400, &"invalid_grant".into()));
    assert!(!is_good(&app, &next.access).await && !is_good(&app, &stolen.access).await);
    assert_eq!(client.refresh(&next.refresh).await.json()["error"], "invalid_grant");
    assert!(is_good(&app, &other.access).await);
    Tokens::of(&client.refresh(&other.refresh).await);
}

async fn fifty_parallel_refreshes_are_one_rotation(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let first = client.connect(&mut ada, &[]).await;
    let answers = at_once(50, |_| {
        let (client, token) = (client.clone(), first.refresh.clone());
        async move { Tokens::of(&client.refresh(&token).await) }
    })
    .await;
    let successors: BTreeSet<_> = answers.iter().map(|tokens| &tokens.refresh).collect();
    assert_eq!(successors.len(), 1);
    for tokens in &answers {
        assert!(is_good(&app, &tokens.access).await);
    }
    assert_eq!(app.rows("refresh_rotations").len(), 1);
    Tokens::of(&client.refresh(successors.first().unwrap()).await);
}

async fn a_made_up_or_foreign_token_ends_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let other = app.client("https://other.example/cb").await;
    let tokens = client.connect(&mut ada, &[]).await;
    let mut forged = tokens.refresh.clone();
    let middle = forged.len() / 2;
    forged.replace_range(middle..=middle, if &forged[middle..=middle] == "A" { "B" } else { "A" });
    for bad in [forged.as_str(), "bloom_rt_", "nonsense", tokens.access.as_str()] {
        let answer = client.refresh(bad).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &"invalid_grant".into()));
    }
    let answer = other.refresh(&tokens.refresh).await;
    assert_eq!((answer.status, &answer.json()["error"]), (400, &"invalid_grant".into()));
    let fields = [("grant_type", "refresh_token"), ("client_id", "nobody")];
    let fields = [&fields[..], &[("refresh_token", tokens.refresh.as_str())]].concat();
    let answer = app.post_form(crate::support::oauth::TOKEN, &fields).await;
    assert_eq!((answer.status, &answer.json()["error"]), (401, &"invalid_client".into()));
    assert!(answer.header("www-authenticate").contains("invalid_client"));
    assert!(is_good(&app, &tokens.access).await);
    Tokens::of(&client.refresh(&tokens.refresh).await);
}

async fn scope_shrinks_for_one_access_token_and_never_grows(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let scope = [("scope", "openid read generate")];
    let tokens = client.connect(&mut ada, &scope).await;
    assert_eq!(tokens.body["scope"], "generate openid read");
    for wider in ["write", "read write", "email", "keys:admin"] {
        let answer = client.refresh_with(&tokens.refresh, &[("scope", wider)]).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &"invalid_scope".into()));
    }
    assert_eq!(app.rows("refresh_rotations").len(), 0, "a mistake costs nothing");
    let narrow = client.refresh_with(&tokens.refresh, &[("scope", "generate")]).await;
    let narrow = Tokens::of(&narrow);
    assert_eq!(claims(&narrow.access)["access"], "generate");
    let answer = app.get_as("/api/v1/account", &narrow.access).await;
    assert_eq!(answer.error(), "403 FORBIDDEN");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains("error=\"insufficient_scope\", scope=\"read\""), "{challenge}");
    let whole = Tokens::of(&client.refresh(&narrow.refresh).await);
    assert_eq!(claims(&whole.access)["access"], "read generate");
    assert!(is_good(&app, &whole.access).await);
}

async fn a_suspended_account_keeps_its_grants(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    app.ban("ada@example.com").await;
    assert_eq!(client.refresh(&tokens.refresh).await.json()["error"], "invalid_grant");
    let banned = app.get_as("/api/v1/account", &tokens.access).await;
    assert_eq!(banned.error(), "403 ACCOUNT_BANNED");
    app.unban("ada@example.com").await;
    assert!(is_good(&app, &tokens.access).await);
    Tokens::of(&client.refresh(&tokens.refresh).await);
}

async fn salts_are_erased_when_their_window_closes(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    let next = Tokens::of(&client.refresh(&tokens.refresh).await);
    app.advance(Duration::from_secs(59));
    bloom_service::housekeeping::once(app.service()).await.unwrap();
    assert_eq!(app.rows("refresh_rotations").len(), 1);
    app.advance(Duration::from_secs(1));
    bloom_service::housekeeping::once(app.service()).await.unwrap();
    assert_eq!(app.rows("refresh_rotations").len(), 0);
    Tokens::of(&client.refresh(&next.refresh).await);
}

async fn a_rotation_of_the_root_secret_breaks_no_chain(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let first = client.connect(&mut ada, &[]).await;
    let second = Tokens::of(&client.refresh(&first.refresh).await);
    let next = bloom_service::root_secret::RootSecret::new([77; 32]);
    let secrets = app.options().secrets.rotated(next);
    let operator = app.operator();
    assert!(bloom_service::root_secret::rotate(app.service(), &operator, &secrets).await.is_ok());
    let again = Tokens::of(&client.refresh(&first.refresh).await);
    assert_eq!(claims(&again.access)["sid"], claims(&first.access)["sid"]);
    // Each answer names the newest token, which carries the proof of the new secret by now.
    let third = Tokens::of(&client.refresh(&second.refresh).await);
    let newest = Tokens::of(&client.refresh(&first.refresh).await);
    assert_eq!(newest.refresh, third.refresh);
    assert!(is_good(&app, &first.access).await, "signed with a key that was sealed before");
}

async fn a_grant_ends_when_it_is_not_used_or_as_the_operator_says(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let day = Duration::from_secs(86_400);
    let tokens = client.connect(&mut ada, &[]).await;
    app.advance(30 * day - Duration::from_secs(1));
    let next = Tokens::of(&client.refresh(&tokens.refresh).await);
    app.advance(30 * day);
    assert_eq!(client.refresh(&next.refresh).await.json()["error"], "invalid_grant");
}

async fn after_a_revocation_returns_nothing_is_refreshed(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let code = client.code(&mut ada, &[]).await;
    let mut tokens = Tokens::of(&client.redeem(&code).await);
    for _ in 0..5 {
        let racing = tokens.clone();
        let raced = at_once(8, |number| {
            let (client, token) = (client.clone(), racing.refresh.clone());
            async move {
                if number == 3 {
                    assert_eq!(client.revoke(&token).await.status, 200);
                    return None;
                }
                let answer = client.refresh(&token).await;
                (answer.status == 200).then(|| Tokens::of(&answer))
            }
        })
        .await;
        for winner in raced.into_iter().flatten().chain([tokens]) {
            assert!(!is_good(&app, &winner.access).await);
            assert_eq!(client.refresh(&winner.refresh).await.status, 400);
        }
        let sent = ada.get(&client.authorize_url(&[])).await;
        let code = crate::support::oauth::parameter(sent.header("location"), "code").unwrap();
        tokens = Tokens::of(&client.redeem(&code).await);
    }
}
