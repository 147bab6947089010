//! Images made of others.

use serde_json::{Value, json};

use super::engines::picture;
use super::studio::{Artist, bytes_of, image_of};
use super::uploads::{png, png_of, upload};
use crate::credits::person::metered;
use crate::plans::{billed, give, order as plan};
use crate::support::sites::GREEN_LOGO;
use crate::support::{App, NOTHING, on_both};

on_both!(
    a_composition_is_changed_resized_and_traced,
    a_composition_is_drawn_without_its_ground,
    what_no_typeface_has_is_said_and_costs_nothing,
    what_somebody_brought_is_changed_resized_cut_and_traced,
    a_plan_without_4k_makes_none_of_a_large_picture,
    what_cannot_be_done_is_said_and_costs_nothing,
    what_is_asked_of_a_change_in_this_order,
    what_an_image_is_not_fit_for_is_said_and_costs_nothing,
);

/// Asks for something to be made of an image, waits for it, and gives it.
async fn made(artist: &Artist, id: &str, what: &str, more: &Value) -> Value {
    let mut body = json!({ "brandSessionId": artist.brand });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let asked = artist.ask("POST", &format!("/{id}/{what}"), Some(&body)).await;
    assert_eq!(asked.status, 202, "{what}: {asked:?}");
    assert_eq!(asked.json()["data"]["status"], "pending");
    let new = asked.json()["data"]["id"].as_str().expect("an id").to_owned();
    artist.work().await;
    artist.image(&new).await
}

/// The bytes of an image.
async fn bytes(artist: &Artist, image: &Value) -> Vec<u8> {
    let url = image["imageUrl"].as_str().unwrap_or_else(|| panic!("{image}"));
    let place = url.strip_prefix("http://localhost:4600").expect("our origin");
    let answer = artist.person.app.get(place, &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body.to_vec()
}

async fn a_composition_is_changed_resized_and_traced(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(10, "in_1").await;
    let ids = ada.ids(&ada.generate(&ada.order()).await);
    ada.work().await;
    let first = ada.image(&ids[0]).await;
    let before = bytes(&ada, &first).await;
    let edited = made(&ada, &ids[0], "edit", &json!({ "prompt": "Make it navy" })).await;
    assert_eq!((&edited["status"], &edited["actionType"]), (&json!("completed"), &json!("edit")));
    assert_ne!(bytes(&ada, &edited).await, before);
    assert_eq!(bytes(&ada, &ada.image(&ids[0]).await).await, before, "the other one stays");
    let wide = made(&ada, &ids[0], "resize", &json!({ "targetAspectRatio": "16:9" })).await;
    assert_eq!((&wide["width"], &wide["height"]), (&json!(2048), &json!(1152)));
    assert_eq!(wide["aspectRatio"], "16:9");
    let paths = made(&ada, &ids[0], "vectorize", &json!({})).await;
    assert_eq!(paths["actionType"], "vectorize");
    let svg = String::from_utf8(bytes(&ada, &paths).await).expect("text");
    assert!(svg.starts_with("<svg") && svg.contains("<path"), "{svg:.200}");
    assert_eq!(ada.person.balance().await.balance, 10 - 4);
    // What consists of paths has no background, and no pixels to cut.
    let id = paths["id"].as_str().expect("an id");
    let body = json!({ "brandSessionId": ada.brand });
    let refused = ada.ask("POST", &format!("/{id}/vectorize"), Some(&body)).await;
    assert_eq!(refused.error(), "400 IMAGE_NOT_VECTORIZABLE");
    let refused = ada.ask("POST", &format!("/{id}/remove-background"), Some(&body)).await;
    assert_eq!(refused.error(), "400 IMAGE_NOT_REMOVABLE_BACKGROUND");
}

async fn a_composition_is_drawn_without_its_ground(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(10, "in_1").await;
    let ids = ada.ids(&ada.generate(&ada.order()).await);
    ada.work().await;
    // In its pixels no ground could be told from the rest: there are waves all over it.
    let cover = made(&ada, &ids[0], "edit", &json!({ "prompt": "A cover with waves" })).await;
    let id = cover["id"].as_str().expect("an id");
    let cut = made(&ada, id, "remove-background", &json!({})).await;
    assert_eq!((&cut["status"], &cut["width"]), (&json!("completed"), &cover["width"]), "{cut}");
    assert_eq!(&cut["aspectRatio"], &cover["aspectRatio"]);
    assert_eq!((bytes(&ada, &cover).await[25], bytes(&ada, &cut).await[25]), (2, 6));
    assert_eq!(ada.person.balance().await.balance, 10 - 3);
}

async fn what_no_typeface_has_is_said_and_costs_nothing(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(10, "in_1").await;
    for (prompt, why) in [
        ("\"जीवन भर चलने वाला\"", "no typeface here has these letters"),
        ("\u{1f389}\u{1f31e}", "there are no words to set"),
    ] {
        let mut order = ada.order();
        order["prompt"] = json!(prompt);
        let ids = ada.ids(&ada.generate(&order).await);
        ada.work().await;
        let image = ada.image(&ids[0]).await;
        assert_eq!(image["status"], "failed", "{image}");
        let detail = image["failureDetail"].as_str().expect("a reason");
        assert!(detail.contains(why), "{detail}");
    }
    assert_eq!(ada.person.balance().await.balance, 10);
    // Emoji beside words are left out.
    let mut order = ada.order();
    order["prompt"] = json!("\"Summer party \u{1f389}\"");
    let ids = ada.ids(&ada.generate(&order).await);
    ada.work().await;
    let image = ada.image(&ids[0]).await;
    assert_eq!(image["status"], "completed", "{image}");
}

/// A block upon a plain backdrop, 300 by 200 pixels.
pub(super) fn poster() -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..200 {
        rows.push(0);
        for x in 0..300 {
            let is_block = (100..200).contains(&x) && (50..150).contains(&y);
            rows.extend(if is_block { [196, 30, 58] } else { [255, 255, 255] });
        }
    }
    png_of((300, 200), (8, 2), &rows)
}

/// Brings a file, and gives its id.
pub(super) async fn brought(artist: &Artist, file: &[u8]) -> String {
    let answer = upload(artist, file).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"]["id"].as_str().expect("an id").to_owned()
}

async fn what_somebody_brought_is_changed_resized_cut_and_traced(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(10, "in_1").await;
    let id = brought(&ada, &poster()).await;
    let whole = bytes(&ada, &ada.image(&id).await).await;
    let edited = made(&ada, &id, "edit", &json!({ "prompt": "Add \"Open today\"" })).await;
    assert_eq!((&edited["status"], &edited["engine"]), (&json!("completed"), &json!("compose")));
    assert_eq!((&edited["width"], &edited["aspectRatio"]), (&json!(2048), &json!("3:2")));
    let square = made(&ada, &id, "resize", &json!({ "targetAspectRatio": "1:1" })).await;
    assert_eq!((&square["width"], &square["height"]), (&json!(2048), &json!(2048)), "{square}");
    let cut = made(&ada, &id, "remove-background", &json!({})).await;
    assert_eq!((&cut["width"], &cut["height"]), (&json!(300), &json!(200)), "{cut}");
    let cut = bytes(&ada, &cut).await;
    // The colour type of a PNG: with what shows through, and as it came without.
    assert_eq!((cut[25], whole[25]), (6, 2));
    let paths = made(&ada, &id, "vectorize", &json!({})).await;
    let svg = String::from_utf8(bytes(&ada, &paths).await).expect("text");
    assert!(svg.starts_with("<svg") && svg.contains("<path"), "{svg:.200}");
    for made in [&edited, &square, &paths] {
        assert_eq!(made["source"], "generated", "{made}");
    }
    assert_eq!(ada.person.balance().await.balance, 10 - 4);
    assert_eq!(bytes(&ada, &ada.image(&id).await).await, whole, "it stays as it is");
    // Where nothing can be cut out, that is said, and costs nothing.
    let busy = brought(&ada, &picture(640, 400)).await;
    let none = made(&ada, &busy, "remove-background", &json!({})).await;
    assert_eq!(none["status"], "failed", "{none}");
    assert_eq!(ada.person.balance().await.balance, 10 - 4);
}

async fn a_plan_without_4k_makes_none_of_a_large_picture(app: App) {
    let ada = Artist::new(&billed(&app, "trial").await, "ada").await;
    ada.person.topup(20, "in_1").await;
    let id = brought(&ada, &picture(4096, 1024)).await;
    let wanted = json!({ "targetAspectRatio": "16:9" });
    let small = made(&ada, &id, "resize", &wanted).await;
    assert_eq!((&small["width"], &small["height"]), (&json!(2048), &json!(1152)), "{small}");
    let mut order = ada.order();
    order["imageSize"] = json!("4K");
    assert_eq!(ada.generate(&order).await.error(), "403 FEATURE_NOT_ENTITLED");
    give(&ada.person, plan(ada.person.workspace, "pro")).await.expect("a plan");
    let large = made(&ada, &id, "resize", &wanted).await;
    assert_eq!((&large["width"], &large["height"]), (&json!(4096), &json!(2304)), "{large}");
    let ids = ada.ids(&ada.generate(&order).await);
    ada.work().await;
    let drawn = ada.image(&ids[0]).await;
    assert_eq!((&drawn["width"], &drawn["height"]), (&json!(4096), &json!(1752)), "{drawn}");
    let file = bytes(&ada, &drawn).await;
    assert_eq!(file[16..24], [4096_u32.to_be_bytes(), 1752_u32.to_be_bytes()].concat());
}

async fn what_cannot_be_done_is_said_and_costs_nothing(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(10, "in_1").await;
    let ids = ada.ids(&ada.generate(&ada.order()).await);
    ada.work().await;
    let vague = made(&ada, &ids[0], "edit", &json!({ "prompt": "hmmm" })).await;
    assert_eq!(vague["status"], "failed", "{vague}");
    assert!(vague["failureDetail"].as_str().expect("why").contains("understood"), "{vague}");
    let half = json!({ "prompt": "Make it navy and add a cat" });
    let half = made(&ada, &ids[0], "edit", &half).await;
    assert_eq!(half["status"], "failed", "{half}");
    assert!(half["failureDetail"].as_str().expect("why").contains("add a cat"), "{half}");
    // A row without bytes: they were lost.
    let lost = image_of(&ada.person.app, &ada.brand);
    let none = made(&ada, &lost, "resize", &json!({ "targetAspectRatio": "1:1" })).await;
    assert_eq!(none["status"], "failed", "{none}");
    assert_eq!(ada.person.balance().await.balance, 9, "one was made");
}

async fn what_is_asked_of_a_change_in_this_order(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(1, "in_1").await;
    let pending = ada.ids(&ada.generate(&ada.order()).await).remove(0);
    let there = image_of(&ada.person.app, &ada.brand);
    let many: Vec<_> = (0..10).map(|_| NOTHING).collect();
    let brand = json!(ada.brand);
    for (path, body, error) in [
        ("x/edit", json!({ "prompt": "a", "brandSessionId": brand }), "400 BAD_REQUEST"),
        ("{there}/edit", json!({ "prompt": "", "brandSessionId": brand }), "400 BAD_REQUEST"),
        (
            "{there}/edit",
            json!({ "prompt": "a", "brandSessionId": brand, "referenceImageIds": many }),
            "400 REFERENCE_LIMIT_EXCEEDED",
        ),
        (
            "{none}/edit",
            json!({ "prompt": "a", "brandSessionId": NOTHING }),
            "404 EDIT_SUBJECT_NOT_FOUND",
        ),
        (
            "{pending}/edit",
            json!({ "prompt": "a", "brandSessionId": NOTHING }),
            "400 EDIT_SUBJECT_NOT_COMPLETED",
        ),
        (
            "{there}/edit",
            json!({ "prompt": "a", "brandSessionId": NOTHING }),
            "422 BRAND_NOT_FOUND",
        ),
        (
            "{there}/edit",
            json!({ "prompt": "a", "brandSessionId": brand, "referenceImageIds": [NOTHING] }),
            "404 REFERENCE_IMAGE_NOT_FOUND",
        ),
        (
            "{there}/edit",
            json!({ "prompt": "a", "brandSessionId": brand }),
            "402 INSUFFICIENT_CREDITS",
        ),
        (
            "{there}/resize",
            json!({ "targetAspectRatio": "4:4", "brandSessionId": brand }),
            "400 BAD_REQUEST",
        ),
        (
            "{there}/resize",
            json!({ "targetAspectRatio": "4:3", "brandSessionId": brand }),
            "400 SAME_ASPECT_RATIO",
        ),
        (
            "{pending}/resize",
            json!({ "targetAspectRatio": "1:1", "brandSessionId": brand }),
            "400 IMAGE_NOT_COMPLETED",
        ),
        (
            "{there}/resize",
            json!({ "targetAspectRatio": "1:1", "brandSessionId": brand }),
            "402 INSUFFICIENT_CREDITS",
        ),
        ("{none}/remove-background", json!({ "brandSessionId": brand }), "404 IMAGE_NOT_FOUND"),
        (
            "{there}/remove-background",
            json!({ "brandSessionId": NOTHING }),
            "404 SESSION_NOT_FOUND",
        ),
        ("{there}/vectorize", json!({ "brandSessionId": NOTHING }), "404 SESSION_NOT_FOUND"),
        ("{there}/vectorize", json!({ "brandSessionId": brand }), "402 INSUFFICIENT_CREDITS"),
    ] {
        let path = path
            .replace("{there}", &there)
            .replace("{none}", NOTHING)
            .replace("{pending}", &pending);
        let answer = ada.ask("POST", &format!("/{path}"), Some(&body)).await;
        assert_eq!(answer.error(), error, "{path}: {answer:?}");
    }
    assert_eq!(ada.person.app.rows("images").len(), 2, "nothing was written");
}

async fn what_an_image_is_not_fit_for_is_said_and_costs_nothing(app: App) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    ada.person.topup(5, "in_1").await;
    // The shorter side of the small one has 30 pixels; what is lost has a row that names no file.
    let small = brought(&ada, &png(1)).await;
    let paths = brought(&ada, GREEN_LOGO.as_bytes()).await;
    let lost = image_of(&ada.person.app, &ada.brand);
    let id = bytes_of(&ada.person.app, &lost);
    ada.person.app.database().run(&format!("UPDATE images SET blob = NULL WHERE id = {id}"));
    let before = ada.standing().await;
    for (id, what, more, error) in [
        (&small, "vectorize", json!({}), "400 IMAGE_TOO_SMALL"),
        (&paths, "resize", json!({ "targetAspectRatio": "1:1" }), "400 IMAGE_NOT_RESIZABLE"),
        (&paths, "vectorize", json!({}), "400 IMAGE_NOT_VECTORIZABLE"),
        (&lost, "edit", json!({ "prompt": "Make it navy" }), "400 EDIT_SUBJECT_NO_STORAGE_PATH"),
        (&lost, "resize", json!({ "targetAspectRatio": "1:1" }), "400 IMAGE_NOT_RESIZABLE"),
    ] {
        let mut body = json!({ "brandSessionId": ada.brand });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let answer = ada.ask("POST", &format!("/{id}/{what}"), Some(&body)).await;
        assert_eq!(answer.error(), error, "{what}: {answer:?}");
        assert_eq!(ada.standing().await, before, "{what}");
    }
    // One pixel more is enough.
    let rows = [vec![0], vec![0xf0; 5]].concat().repeat(32);
    let enough = brought(&ada, &png_of((40, 32), (1, 0), &rows)).await;
    assert_eq!(made(&ada, &enough, "vectorize", &json!({})).await["status"], "completed");
}
