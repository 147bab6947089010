//! Looking up which key somebody has in hand.

use crate::support::{App, on_both};

on_both!(
    a_key_in_hand_is_found_by_its_owner_and_nobody_else,
    a_key_that_is_looked_up_is_never_sent_back,
    a_key_is_a_file_for_its_owner_and_nobody_else,
);

const PATH: &str = "/settings/which-key";

async fn a_key_in_hand_is_found_by_its_owner_and_nobody_else(app: App) {
    app.browser().get(PATH).await.assert_sign_in_first(PATH);
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let first = ada.create_key("CI").await;
    ada.get("/settings").await.assert_page(200, "Settings");
    ada.get(PATH).await.assert_page(200, "Which key is this?");
    let told = async |who: &mut crate::support::Browser, key: &str| {
        let page = who.post(PATH, &[("key", key)]).await;
        assert!([200, 422].contains(&page.status), "{page:?}");
        let said = page.between("data-focus>", "</div>").map(str::to_owned);
        (said.unwrap_or_default(), page.text().contains("Manage this key"))
    };
    // Pasted with what stands around it in a file.
    let (said, is_led_on) = told(&mut ada, &format!(" {}\n", first.secret)).await;
    assert!(said.contains("<bdi>CI</bdi>”. It works") && said.contains("never used"), "{said}");
    assert!(is_led_on);
    // Looking is no use of the key.
    assert!(ada.get("/settings").await.text().contains("Never"), "it was not used");
    let second = ada.replace_key(&first).await;
    assert!(told(&mut ada, &second.secret).await.0.contains("It works"));
    let (said, _) = told(&mut ada, &first.secret).await;
    assert!(said.contains("none of your keys") || said.contains("it has ended"), "{said}");
    // A use of this moment is told, although it is not written so far.
    assert_eq!(app.account(&second.secret).await.status, 200);
    let (said, _) = told(&mut ada, &second.secret).await;
    assert!(!said.contains("never used"), "{said}");
    // Both secrets go on for a while, and are told apart.
    let kept = ada.create_key("Kept").await;
    let rotate = format!("/settings/api-keys/{}/rotate", kept.id);
    ada.post(&rotate, &[("overlap", "24h")]).await.assert_page(200, "Settings");
    let (said, _) = told(&mut ada, &kept.secret).await;
    assert!(said.contains("it still works for a while. The key goes on"), "{said}");
    assert!(said.contains("The old secret ends <time"), "{said}");
    ada.revoke_key(&second).await;
    let (said, _) = told(&mut ada, &second.secret).await;
    assert!(said.contains("<bdi>CI</bdi>”. It is revoked"), "{said}");
    // Whose it is, nobody else is told; nor whether it is one at all.
    let third = ada.create_key("Laptop").await;
    let unknown = bloom_domain::api_keys::ApiKeySecret::new(&[7; 32]);
    let foreign = told(&mut bob, &third.secret).await;
    assert_eq!(foreign, told(&mut bob, unknown.expose()).await);
    assert!(foreign.0.contains("none of your keys") && !foreign.1, "{foreign:?}");
    for (text, why) in [("hunter2", "It begins with bloom_sk_"), (&third.secret[..40], "cut off")] {
        let (said, _) = told(&mut ada, text).await;
        assert!(said.contains(why), "{said}");
    }
}

async fn a_key_that_is_looked_up_is_never_sent_back(app: App) {
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let key = ada.create_key("CI").await.secret;
    for who in [&mut ada, &mut bob] {
        for text in [key.as_str(), &key[..46]] {
            let page = who.post(PATH, &[("key", text)]).await;
            assert!(!page.text().contains(&key[12..40]), "{page:?}");
            assert_eq!(page.header("cache-control"), "no-store");
        }
    }
}

async fn a_key_is_a_file_for_its_owner_and_nobody_else(app: App) {
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let key = ada.create_key("CI").await.secret;
    let file = ada.post("/settings/api-keys/env", &[("key", &key)]).await;
    assert_eq!((file.status, file.text()), (200, format!("BLOOM_API_KEY={key}\n").as_str()));
    assert_eq!(file.header("content-type"), "text/plain");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"bloom.env\"");
    assert_eq!(file.header("cache-control"), "no-store");
    for (who, text) in [(&mut bob, key.as_str()), (&mut ada, "x\nPATH=/tmp")] {
        let answer = who.post("/settings/api-keys/env", &[("key", text)]).await;
        answer.assert_redirect(PATH);
    }
}
