//! The pages of images.

use super::studio::{Artist, brand_of};
use crate::credits::person::{Person, metered};
use crate::support::{App, Browser, NOTHING, on_both};

on_both!(a_person_makes_an_image_and_another_of_it, images_are_their_peoples_alone);

async fn artist(app: &App, name: &str) -> (Browser, Artist) {
    let mut browser = app.person(name).await;
    let key = browser.create_key("ci").await.secret;
    let person = Person::of(app, browser.email(), &key).await;
    let brand = brand_of(app, browser.email());
    (browser, Artist { person, brand })
}

async fn a_person_makes_an_image_and_another_of_it(app: App) {
    let app = metered(app).await;
    let (mut browser, ada) = artist(&app, "ada").await;
    let page = browser.get("/images").await;
    page.assert_page(200, "Images");
    assert!(page.text().contains("It is no image model."), "{page:?}");
    let order = [
        ("prompt", "\"Spring sale\" 30% off"),
        ("brand", ada.brand.as_str()),
        ("ratio", "21:9"),
        ("size", "2K"),
        ("count", "1"),
    ];
    let refused = browser.post("/images", &order).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("This needs 1 credits and 0 can be spent"), "{refused:?}");
    assert!(refused.text().contains("Spring sale"), "what was typed stays: {refused:?}");
    ada.person.topup(2, "in_1").await;
    browser.post("/images", &order).await.assert_redirect("/images#library");
    let waiting = browser.get("/images").await;
    assert!(waiting.text().contains("One image is being made"), "{waiting:?}");
    assert!(waiting.header("content-security-policy").contains("connect-src 'self'"));
    ada.work().await;
    let there = browser.get("/images").await;
    assert!(there.text().contains("alt=\"Northwind. Spring sale"), "{there:?}");
    // A list shows the small version, in the room that it takes.
    let tile = there.between("<img src=\"", ">").expect("a picture").to_owned();
    for part in ["?small\" alt=\"Northwind", "loading=\"lazy\"", "width=\"2048\" height=\"880\""] {
        assert!(tile.contains(part), "{part}: {tile}");
    }
    let one = there.between("href=\"/images/", "\"").expect("a link").to_owned();
    let page = browser.get(&format!("/images/{one}")).await;
    page.assert_page(200, "Image");
    assert!(page.text().contains("<code>compose</code>"), "{page:?}");
    let src = page.between("<img class=\"picture\" src=\"", "\"").expect("a picture").to_owned();
    let place = src.strip_prefix("http://localhost:4600").expect("our origin");
    assert_eq!(app.get(place, &[]).await.header("content-type"), "image/png");
    let same = browser.post(&format!("/images/{one}/resize"), &[("ratio", "21:9")]).await;
    assert_eq!(same.status, 422);
    assert!(same.text().contains("has that ratio already"), "{same:?}");
    let other = browser.post(&format!("/images/{one}/vectorize"), &[]).await;
    assert_eq!(other.status, 303, "{other:?}");
    ada.work().await;
    let paths = browser.get(other.header("location")).await;
    assert!(paths.text().contains("Turned into paths"), "{paths:?}");
    // What it cost stands with the person's browser.
    let credits = browser.get("/settings/credits").await;
    assert!(credits.text().contains("this site"), "{credits:?}");
    browser.post(&format!("/images/{one}/delete"), &[]).await.assert_redirect("/images?deleted=1");
    assert_eq!(browser.get(&format!("/images/{one}")).await.status, 404);
}

async fn images_are_their_peoples_alone(app: App) {
    let (_, ada) = artist(&app, "ada").await;
    let (mut bob, _) = artist(&app, "bob").await;
    let ids = ada.ids(&ada.generate(&ada.order()).await);
    assert_eq!(bob.get(&format!("/images/{}", ids[0])).await.status, 404);
    assert_eq!(bob.post(&format!("/images/{}/delete", ids[0]), &[]).await.status, 404);
    assert_eq!(bob.get(&format!("/images/{NOTHING}")).await.status, 404);
    let order = [("prompt", "x"), ("brand", ada.brand.as_str())];
    let refused = bob.post("/images", &order).await;
    assert!(refused.status == 422 && refused.text().contains("not there any more"), "{refused:?}");
    assert_eq!(app.rows("images").len(), 1);
    app.browser().get("/images").await.assert_redirect("/sign-in?next=/images");
}
