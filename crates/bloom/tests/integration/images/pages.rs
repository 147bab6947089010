//! The pages of images.

use std::time::Duration;

use serde_json::json;

use super::studio::{Artist, brand_of, bytes_of};
use crate::credits::person::{Person, metered};
use crate::support::{App, Browser, NOTHING, on_both};

on_both!(
    a_person_makes_an_image_and_another_of_it,
    a_deleted_image_can_be_had_back_for_ten_minutes,
    what_has_no_file_is_deleted_for_good,
    images_are_their_peoples_alone,
    a_movement_leads_to_the_images_it_paid_for,
    what_more_of_it_costs_stands_on_each_button,
    what_the_plan_stops_leads_to_the_plan,
    the_library_tells_images_apart,
    brands_of_one_name_are_told_apart,
);

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
    assert!(refused.text().contains("This needs 1 credit and 0 can be spent"), "{refused:?}");
    assert!(refused.text().contains("Spring sale"), "what was typed stays: {refused:?}");
    ada.person.topup(2, "in_1").await;
    let made = browser.post("/images", &order).await;
    let place = made.header("location").strip_suffix("#library").expect("the library").to_owned();
    assert!(made.status == 303 && place.starts_with("/images?like="), "{made:?}");
    let waiting = browser.get(&place).await;
    // Whoever changes a word of it and asks again need not type it again.
    assert!(waiting.text().contains(">&#34;Spring sale&#34; 30% off</textarea>"), "{waiting:?}");
    let waiting = browser.get("/images").await;
    assert!(waiting.text().contains("\"></textarea>"), "another day begins anew: {waiting:?}");
    assert!(waiting.text().contains("One image is being made"), "{waiting:?}");
    // The form begins with what was chosen last, and what is not there yet is not called made.
    assert!(waiting.text().contains("<option selected>21:9</option>"), "{waiting:?}");
    let caption = waiting.between("<p class=\"caption\">", "</p>").expect("a caption");
    assert!(caption.starts_with("<bdi>&#34;Spring sale&#34; 30% off</bdi>"), "{caption}");
    assert!(caption.contains("Asked for"), "{caption}");
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
    // The link to it as a file leads to the same bytes, under the name that the page says.
    let (link, name) = page
        .between("<a class=\"button primary\" href=\"", "\">Download</a>")
        .and_then(|link| link.split_once("\" download=\""))
        .expect("a link");
    let shown = app.get(place, &[]).await;
    let file = app.get(link.strip_prefix("http://localhost:4600").expect("our origin"), &[]).await;
    assert_eq!((file.status, file.header("content-type")), (200, "image/png"), "{link}");
    assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"{name}\""));
    assert_eq!(name, format!("bloom-{one}.png"));
    assert_eq!(shown.header("content-disposition"), format!("inline; filename=\"{name}\""));
    assert!(file.body == shown.body && file.body.starts_with(b"\x89PNG\r\n\x1a\n"), "{link}");
    what_was_asked_of_it_stays(&app, &mut browser, &ada, &one).await;
    let same = browser.post(&format!("/images/{one}/resize"), &[("ratio", "21:9")]).await;
    assert_eq!(same.status, 422);
    assert!(same.text().contains("has that ratio already"), "{same:?}");
    let other = browser.post(&format!("/images/{one}/vectorize"), &[]).await;
    assert_eq!(other.status, 303, "{other:?}");
    ada.work().await;
    let paths = browser.get(other.header("location")).await;
    assert!(paths.text().contains("Turned into paths"), "{paths:?}");
    assert!(paths.text().contains(&format!("<a href=\"/images/{one}\">the image before</a>")));
    assert!(paths.text().contains(&format!("<a href=\"/brands/{}\"><bdi>", ada.brand)));
    // What it cost stands with the person's browser.
    let credits = browser.get("/settings/credits").await;
    assert!(credits.text().contains("this site"), "{credits:?}");
    let deleted = format!("/images?deleted={one}");
    browser.post(&format!("/images/{one}/delete"), &[]).await.assert_redirect(&deleted);
    let gone = browser.get(&format!("/images/{one}")).await;
    gone.assert_page(404, "This image is deleted");
    assert!(gone.text().contains(&format!("action=\"/images/{one}/restore\"")), "{gone:?}");
}

/// Whatever can be asked for an image, with the status that each answers; and how many its brand has.
async fn seen(browser: &mut Browser, ada: &Artist, id: &str, place: &str) -> Vec<String> {
    let app = &ada.person.app;
    let mut seen = vec![
        browser.get(&format!("/images/{id}")).await.status.to_string(),
        app.get(place, &[]).await.status.to_string(),
        ada.ask("GET", &format!("/{id}"), None).await.status.to_string(),
    ];
    let search = json!({ "brandSessionId": ada.brand, "query": "spring sale", "maxDistance": 1 });
    let of_brand = format!("?brandSessionId={}", ada.brand);
    for listed in [
        ada.ask("GET", "", None).await,
        ada.ask("GET", &of_brand, None).await,
        ada.ask("POST", "/search", Some(&search)).await,
    ] {
        assert_eq!(listed.status, 200, "{listed:?}");
        seen.push(listed.text().contains(id).to_string());
    }
    seen.push(browser.get("/images").await.text().contains(&format!("/images/{id}\"")).to_string());
    seen
}

/// A refusal leaves what was typed and chosen where it stands.
async fn what_was_asked_of_it_stays(app: &App, browser: &mut Browser, ada: &Artist, id: &str) {
    let rows = app.rows("images").len();
    let work = ada.person.images("other-work", 1).await.expect("a credit is left");
    let instruction = [("prompt", "In \"deep\" red")];
    let refused = browser.post(&format!("/images/{id}/edit"), &instruction).await;
    assert!(
        refused.status == 422 && refused.text().contains("This needs 1 credit and"),
        "{refused:?}"
    );
    assert!(refused.text().contains(">In &#34;deep&#34; red</textarea>"), "{refused:?}");
    let refused = browser.post(&format!("/images/{id}/resize"), &[("ratio", "9:16")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("<option selected>9:16</option>"), "{refused:?}");
    ada.person.void(&work, 0).await.expect("it is held");
    assert_eq!(app.rows("images").len(), rows, "nothing was made");
}

async fn a_deleted_image_can_be_had_back_for_ten_minutes(app: App) {
    let (mut browser, ada) = artist(&app, "ada").await;
    let (mut eve, _) = artist(&app, "eve").await;
    let id = ada.ids(&ada.generate(&ada.order()).await)[0].clone();
    ada.work().await;
    let page = browser.get(&format!("/images/{id}")).await;
    assert!(page.text().contains("For ten minutes you can have it back."), "{page:?}");
    let src = page.between("<img class=\"picture\" src=\"", "\"").expect("a picture").to_owned();
    let place = src.strip_prefix("http://localhost:4600").expect("our origin").to_owned();
    let (all, none) = (
        ["200", "200", "200", "true", "true", "true", "true"],
        ["404", "404", "404", "false", "false", "false", "false"],
    );
    assert_eq!(seen(&mut browser, &ada, &id, &place).await, all);
    let brands = app.rows("brands");
    let (delete, restore) = (format!("/images/{id}/delete"), format!("/images/{id}/restore"));
    let deleted = format!("/images?deleted={id}");
    for _ in 0..2 {
        browser.post(&delete, &[]).await.assert_redirect(&deleted);
        assert_eq!(seen(&mut browser, &ada, &id, &place).await, none);
        assert_ne!(app.rows("brands"), brands, "the brand counts it no more");
        // Done before is done, and the way to have it back stays.
        browser.post(&delete, &[]).await.assert_redirect(&deleted);
        let bar = browser.get(&deleted).await;
        assert!(bar.text().contains(&format!("action=\"{restore}\"")), "{bar:?}");
        let own = browser.get(&format!("/images/{id}")).await;
        own.assert_page(404, "This image is deleted");
        assert!(own.text().contains(&format!("action=\"{restore}\"")), "{own:?}");
        assert!(own.text().contains("<time datetime="), "it says until when: {own:?}");
        eve.get(&format!("/images/{id}")).await.assert_page(404, "Page not found");
        // Nobody else is offered it, or has it.
        assert!(!eve.get(&deleted).await.text().contains("/restore"));
        assert_eq!(eve.post(&restore, &[]).await.status, 410);
        app.advance(Duration::from_secs(599));
        app.keep_house().await;
        for _ in 0..2 {
            browser.post(&restore, &[]).await.assert_redirect(&format!("/images/{id}"));
        }
        assert_eq!(seen(&mut browser, &ada, &id, &place).await, all);
        assert_eq!(app.rows("brands"), brands);
    }
    // What the API deletes is gone.
    browser.post(&delete, &[]).await.assert_redirect(&deleted);
    assert_eq!(ada.ask("DELETE", &format!("/{id}"), None).await.status, 404);
    app.advance(Duration::from_secs(600));
    let late = browser.post(&restore, &[]).await;
    assert!(late.status == 410 && late.text().contains("gone for good"), "{late:?}");
    assert!(!browser.get(&deleted).await.text().contains("/restore"));
    browser.get(&format!("/images/{id}")).await.assert_page(404, "Page not found");
    assert_eq!((app.rows("images").len(), app.rows("image_scenes").len()), (1, 1));
    app.keep_house().await;
    for table in ["images", "image_scenes", "blobs_to_delete"] {
        assert!(app.rows(table).is_empty(), "{table}");
    }
    assert_eq!(ada.files(), 0, "its file is gone too");
}

async fn what_has_no_file_is_deleted_for_good(app: App) {
    let (mut browser, ada) = artist(&app, "ada").await;
    let id = ada.ids(&ada.generate(&ada.order()).await)[0].clone();
    browser.post(&format!("/images/{id}/delete"), &[]).await.assert_redirect("/images?deleted=1");
    assert!(app.rows("images").is_empty());
    assert_eq!(browser.post(&format!("/images/{id}/restore"), &[]).await.status, 410);
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

async fn a_movement_leads_to_the_images_it_paid_for(app: App) {
    let app = metered(app).await;
    let (mut browser, ada) = artist(&app, "ada").await;
    ada.person.topup(9, "in_1").await;
    let one = ada.ids(&ada.generate(&ada.order()).await)[0].clone();
    let mut several = ada.order();
    several["variantCount"] = json!(3);
    let several = ada.ids(&ada.generate(&several).await);
    ada.work().await;
    let held: Vec<_> =
        ada.person.movements().await.into_iter().filter_map(|line| line.hold).collect();
    assert!(held.iter().any(|(_, reference)| *reference == format!("images:{one}")), "{held:?}");
    let page = browser.get("/settings/credits").await;
    let link = |id: &str, label: &str| format!("<a href=\"/images/{id}\">{label}</a>");
    // It was held for, and spent.
    assert_eq!(page.text().matches(&link(&one, "The image")).count(), 2, "{page:?}");
    for (number, id) in (1..).zip(&several) {
        let link = link(id, &format!("Image {number}"));
        assert_eq!(
            page.text().matches(&link).count(),
            4,
            "one hold, and each image's end: {page:?}"
        );
        assert_eq!(browser.get(&format!("/images/{id}")).await.status, 200);
    }
    // What is not there is named, and leads nowhere.
    browser.post(&format!("/images/{one}/delete"), &[]).await;
    let page = browser.get("/settings/credits").await;
    assert!(!page.text().contains(&format!("/images/{one}")), "{page:?}");
    assert!(page.text().contains(&format!("<code>images:{one}</code>")), "{page:?}");
}

async fn what_more_of_it_costs_stands_on_each_button(app: App) {
    let (mut browser, ada) = artist(&app, "ada").await;
    let id = ada.ids(&ada.generate(&ada.order()).await)[0].clone();
    ada.work().await;
    let page = browser.get(&format!("/images/{id}")).await;
    for what in ["Change", "Resize", "Remove the background", "Turn into paths (SVG)"] {
        let button = format!("<button class=\"button\">{what}, 1 credit</button>");
        assert!(page.text().contains(&button), "{what}: {page:?}");
    }
    let title = page.between("<title>", "</title>").expect("a title");
    assert_eq!(title, "&#34;Spring sale&#34; 30% off · Image · Bloom");
    let empty = browser.post(&format!("/images/{id}/edit"), &[("prompt", " ")]).await;
    assert_eq!(empty.status, 422);
    assert!(empty.text().contains("Say what to change."), "{empty:?}");
    assert!(!empty.text().contains("Say what to draw."), "{empty:?}");
}

async fn what_the_plan_stops_leads_to_the_plan(app: App) {
    let app = metered(app).await;
    let (mut browser, ada) = artist(&app, "ada").await;
    let order = |count| [("prompt", "A cup"), ("brand", ada.brand.as_str()), ("count", count)];
    for (count, words) in [("1", "This needs 1 credit and"), ("2", "This needs 2 credits and")] {
        let refused = browser.post("/images", &order(count)).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains(words), "{refused:?}");
        let link = "<a href=\"/settings#plan\">Get more credits</a>";
        assert!(refused.text().contains(link), "{refused:?}");
        assert!(!refused.text().contains("http://localhost:4600/settings"), "{refused:?}");
    }
}

async fn the_library_tells_images_apart(app: App) {
    let (mut browser, ada) = artist(&app, "ada").await;
    let long = format!("A <b>cup</b> {}", "of very slow coffee ".repeat(9));
    let mut order = ada.order();
    (order["prompt"], order["variantCount"]) = (json!(long), json!(2));
    ada.ids(&ada.generate(&order).await);
    for _ in 0..2 {
        let page = browser.get("/images").await;
        for number in ["1 of 2", "2 of 2"] {
            let links: Vec<_> = page.text().split("<li><a href=\"/images/").skip(1).collect();
            let name = |link: &&str| link.split("</a>").next().unwrap().contains(number);
            assert_eq!(links.iter().filter(|link| name(link)).count(), 1, "{number}: {page:?}");
        }
        let caption = page.between("<p class=\"caption\"><bdi>", "</bdi>").expect("a caption");
        assert!(caption.starts_with("A &#60;b&#62;cup&#60;/b&#62; of very"), "{caption}");
        assert!(caption.ends_with('…') && caption.replace("&#60;", "<").len() < 110, "{caption}");
        ada.work().await;
    }
}

async fn brands_of_one_name_are_told_apart(app: App) {
    let (mut browser, ada) = artist(&app, "ada").await;
    let other = brand_of(&app, browser.email());
    let option = |id: &str, label: &str| format!("value=\"{id}\">{label}</option>");
    let set = |id: &str, set: &str| {
        let id = bytes_of(&app, id);
        app.database().run(&format!("UPDATE brands SET {set} WHERE id = {id}"));
    };
    set(&other, "url = 'https://www.other.example/shop'");
    let page = browser.get("/images").await;
    for (id, label) in
        [(&ada.brand, "Northwind (northwind.example)"), (&other, "Northwind (www.other.example)")]
    {
        assert!(page.text().contains(&option(id, label)), "{label}: {page:?}");
    }
    // Where that is the same, too, the time tells.
    set(&other, "url = 'https://northwind.example/', created_at = 61000001");
    let page = browser.get("/images").await;
    for (id, time) in [(&ada.brand, "00:00"), (&other, "00:01")] {
        let label = format!("Northwind (1970-01-01 {time})");
        assert!(page.text().contains(&option(id, &label)), "{label}: {page:?}");
    }
    set(&other, "name = 'Kobalt'");
    let page = browser.get("/images").await;
    assert!(page.text().contains(&option(&other, "Kobalt")), "{page:?}");
    assert!(page.text().contains(&option(&ada.brand, "Northwind")), "{page:?}");
}
