//! Refresh tokens: rotated at each use; a used one is answered for a minute, and ends its grant later.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::oauth::{REDIRECT, Tokens, claims};
use crate::support::{App, PASSWORD, at_once, on_both};

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
    a_long_chain_is_followed_across_rotations_of_the_root_secret,
    a_chain_without_end_is_not_followed_and_ends_nothing,
    without_a_window_a_used_token_ends_its_grant,
    whatever_is_changed_in_a_token_it_ends_nothing,
    a_late_replay_ends_nothing_unless_its_client_brings_it,
    another_resource_costs_no_rotation,
);

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
    assert!(app.is_good(&again.access).await && app.is_good(&first.access).await);
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
    assert!(!app.is_good(&next.access).await && !app.is_good(&stolen.access).await);
    assert_eq!(client.refresh(&next.refresh).await.json()["error"], "invalid_grant");
    assert!(app.is_good(&other.access).await);
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
        assert!(app.is_good(&tokens.access).await);
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
    assert!(app.is_good(&tokens.access).await);
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
    assert!(
        challenge.contains("error=\"insufficient_scope\", scope=\"generate read\""),
        "{challenge}"
    );
    let whole = Tokens::of(&client.refresh(&narrow.refresh).await);
    assert_eq!(claims(&whole.access)["access"], "read generate");
    assert!(app.is_good(&whole.access).await);
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
    assert!(app.is_good(&tokens.access).await);
    Tokens::of(&client.refresh(&tokens.refresh).await);
}

async fn salts_are_erased_when_their_window_closes(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    let next = Tokens::of(&client.refresh(&tokens.refresh).await);
    // A refresh that looked at the clock within its window may still be waiting for the writer.
    app.advance(Duration::from_secs(64));
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
    assert!(app.is_good(&first.access).await, "signed with a key that was sealed before");
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

    let app = app.again(|options| options.max_grant_lifetime = Some(2 * day)).await;
    let client = app.client("https://capped.example/cb").await;
    let mut ada = app.browser();
    ada.sign_in("ada@example.com", PASSWORD).await;
    let mut tokens = client.connect(&mut ada, &[]).await;
    for _ in 0..2 {
        app.advance(day - Duration::from_secs(1));
        tokens = Tokens::of(&client.refresh(&tokens.refresh).await);
    }
    assert_eq!(tokens.body["expires_in"], 2, "no longer than its grant");
    app.advance(Duration::from_secs(2));
    let answer = client.refresh(&tokens.refresh).await;
    assert_eq!(answer.json()["error"], "invalid_grant", "however busy it was");
    assert!(!app.is_good(&tokens.access).await);
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
            assert!(!app.is_good(&winner.access).await);
            assert_eq!(client.refresh(&winner.refresh).await.status, 400);
        }
        let sent = ada.get(&client.authorize_url(&[])).await;
        let code = crate::support::oauth::parameter(sent.header("location"), "code").unwrap();
        tokens = Tokens::of(&client.redeem(&code).await);
    }
}

/// Following a chain must not cost more with each root secret and each step of it.
async fn a_long_chain_is_followed_across_rotations_of_the_root_secret(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let mut chain = vec![client.connect(&mut ada, &[]).await.refresh];
    let mut secrets = app.options().secrets.clone();
    for next in [Some(77), Some(78), None] {
        for _ in 0..40 {
            let tokens = client.refresh(chain.last().unwrap()).await;
            chain.push(Tokens::of(&tokens).refresh);
        }
        if let Some(next) = next {
            secrets = secrets.rotated(bloom_service::root_secret::RootSecret::new([next; 32]));
            let operator = app.operator();
            let rotated = bloom_service::root_secret::rotate(app.service(), &operator, &secrets);
            assert!(rotated.await.is_ok());
        }
    }
    let newest = chain.last().unwrap();
    // From the beginning, from the eve of each rotation, from after it.
    for used in [0, 39, 40, 41, 79, 80, 81, 118, 119] {
        let again = Tokens::of(&client.refresh(&chain[used]).await).refresh;
        assert_eq!(again, *newest, "from step {used}");
    }
}

async fn a_chain_without_end_is_not_followed_and_ends_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let first = client.connect(&mut ada, &[]).await.refresh;
    let second = Tokens::of(&client.refresh(&first).await).refresh;
    let mut newest = second.clone();
    for _ in 0..1_000 {
        newest = Tokens::of(&client.refresh(&newest).await).refresh;
    }
    assert_eq!(client.refresh(&first).await.json()["error"], "invalid_grant");
    assert_eq!(Tokens::of(&client.refresh(&second).await).refresh, newest);
    Tokens::of(&client.refresh(&newest).await);
}

async fn without_a_window_a_used_token_ends_its_grant(app: App) {
    let app = app.again(|options| options.refresh_replay_window = Duration::ZERO).await;
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let first = client.connect(&mut ada, &[]).await;
    let second = Tokens::of(&client.refresh(&first.refresh).await);
    let third = Tokens::of(&client.refresh(&second.refresh).await);
    assert_eq!(client.refresh(&first.refresh).await.json()["error"], "invalid_grant");
    assert_eq!(client.refresh(&third.refresh).await.json()["error"], "invalid_grant");
    assert!(!app.is_good(&third.access).await);
}

/// Its grant, its generation, its secret, its proof: each character in turn.
async fn whatever_is_changed_in_a_token_it_ends_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let used = client.connect(&mut ada, &[]).await;
    let tokens = Tokens::of(&client.refresh(&used.refresh).await);
    // Past the window, the used one itself would end the grant.
    app.advance(Duration::from_secs(60));
    let before = app.database().dump();
    for token in [&used.refresh, &tokens.refresh] {
        for at in 0..token.len() {
            let mut forged = token.clone();
            forged.replace_range(at..=at, if &forged[at..=at] == "A" { "B" } else { "A" });
            let answer = client.refresh(&forged).await;
            assert_eq!((answer.status, &answer.json()["error"]), (400, &"invalid_grant".into()));
        }
    }
    assert_eq!(app.database().dump(), before);
    Tokens::of(&client.refresh(&tokens.refresh).await);
}

async fn a_late_replay_ends_nothing_unless_its_client_brings_it(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let other = app.client("https://other.example/cb").await;
    let used = client.connect(&mut ada, &[]).await;
    let tokens = Tokens::of(&client.refresh(&used.refresh).await);
    app.advance(Duration::from_secs(60));
    let before = app.rows("grants");
    assert_eq!(other.refresh(&used.refresh).await.json()["error"], "invalid_grant");
    // A suspended account keeps its grants, and so does an app that is refused for a while.
    app.ban("ada@example.com").await;
    assert_eq!(client.refresh(&used.refresh).await.json()["error"], "invalid_grant");
    app.unban("ada@example.com").await;
    app.disable(&client).await;
    for token in [used.refresh.as_str(), "nonsense"] {
        let answer = client.refresh(token).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &"unauthorized_client".into()));
    }
    app.enable(&client).await;
    assert_eq!(app.rows("grants"), before);
    assert!(app.is_good(&tokens.access).await);
    assert_eq!(client.refresh(&used.refresh).await.json()["error"], "invalid_grant");
    assert!(!app.is_good(&tokens.access).await);
}

async fn another_resource_costs_no_rotation(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let mut tokens = client.connect(&mut ada, &[]).await;
    let before = app.database().dump();
    for resource in ["https://elsewhere.example", "http://localhost:4600/api", "/api/v1"] {
        let answer = client.refresh_with(&tokens.refresh, &[("resource", resource)]).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &"invalid_target".into()));
    }
    assert_eq!(app.database().dump(), before);
    for resource in ["", "/", "/api/v1", "/api/mcp"] {
        let resource = format!("http://localhost:4600{resource}");
        let answer = client.refresh_with(&tokens.refresh, &[("resource", &resource)]).await;
        tokens = Tokens::of(&answer);
        let aud = ["http://localhost:4600/api/v1", "http://localhost:4600/api/mcp"];
        assert_eq!(claims(&tokens.access)["aud"], serde_json::json!(aud), "{resource}");
    }
}
