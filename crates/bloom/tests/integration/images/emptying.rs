//! What belonged to an account or a team goes with it, files included.

use std::time::Duration;

use bloom_domain::email::Email;
use bloom_service::accounts::deletion;

use super::studio::{Artist, bytes_of};
use super::uploads::{png, upload};
use crate::support::{App, PASSWORD, on_both};
use crate::teams::team;

on_both!(
    brands_and_images_of_a_deleted_account_are_gone,
    a_team_that_nobody_restored_leaves_no_image,
);

/// What a month of grace is.
const GRACE: Duration = Duration::from_secs(30 * 86_400);

async fn brands_and_images_of_a_deleted_account_are_gone(app: App) {
    let (ada, bob) = (Artist::new(&app, "ada").await, Artist::new(&app, "bob").await);
    for shade in [10, 20] {
        assert_eq!(upload(&ada, &png(shade)).await.status, 200);
    }
    assert_eq!(upload(&bob, &png(10)).await.status, 200);
    assert_eq!((app.rows("images").len(), ada.files()), (3, 3));
    let email = Email::parse("ada@example.com").unwrap();
    deletion::delete_for(app.service(), &app.operator(), &email).await.unwrap();
    app.keep_house().await;
    assert_eq!((app.rows("images").len(), ada.files()), (1, 1), "bob's stays");
    let left = |id: &str| {
        let digits = id.replace('-', "");
        let rows = app.rows("brands");
        let has_id = |row: &String| row.to_ascii_lowercase().contains(&digits);
        rows.into_iter().find(has_id).expect("the row stays")
    };
    assert!(left(&bob.brand).contains("https://"));
    assert!(!left(&ada.brand).contains("https://"), "{}", left(&ada.brand));
    assert_eq!(app.rows("members").len(), 1, "and nobody belongs to the workspace");
}

async fn a_team_that_nobody_restored_leaves_no_image(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let mut browser = app.browser();
    browser.sign_in("ada@example.com", PASSWORD).await;
    let id = team(&mut browser, "Studio").await;
    ada.set_brand(&format!("workspace_id = {}", bytes_of(&app, &id)));
    assert_eq!(upload(&ada, &png(10)).await.status, 200);
    browser.post(&format!("/settings/workspaces/{id}/delete"), &[("name", "Studio")]).await;
    app.keep_house().await;
    assert_eq!((app.rows("images").len(), ada.files()), (1, 1), "it can be restored");
    app.advance(GRACE);
    app.keep_house().await;
    assert_eq!((app.rows("images").len(), ada.files()), (0, 0));
    assert_eq!(app.rows("members").len(), 1, "the personal one stays");
}
