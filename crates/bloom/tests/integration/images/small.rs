//! The small version of an image, which lists show.

use serde_json::{Value, json};

use super::studio::{Artist, FILES};
use super::uploads::{png, upload};
use crate::support::{Answer, App, on_both};

on_both!(
    a_list_shows_a_small_version,
    what_shows_through_stays_so_when_it_is_small,
    what_is_small_has_no_smaller_version,
);

/// Where an image is, without the origin.
fn place(image: &Value) -> String {
    image["imageUrl"].as_str().expect("a URL").replace("http://localhost:4600", "")
}

async fn made(ada: &Artist, asked: Answer) -> Value {
    assert_eq!(asked.status, 202, "{asked:?}");
    let data = &asked.json()["data"];
    let id = data["id"].as_str().or(data["ids"][0].as_str()).expect("an id").to_owned();
    ada.work().await;
    let image = ada.image(&id).await;
    assert_eq!(image["status"], "completed", "{image}");
    image
}

/// The size of a PNG or a JPEG.
fn size(file: &Answer) -> (u32, u32) {
    let bytes = &file.body;
    let number = |at: usize, length: usize| {
        bytes[at..at + length].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
    };
    if bytes.starts_with(b"\x89PNG") {
        return (number(16, 4), number(20, 4));
    }
    let mut at = 2;
    while bytes[at + 1] != 0xc0 && bytes[at + 1] != 0xc2 {
        at += 2 + number(at + 2, 2) as usize;
    }
    (number(at + 7, 2), number(at + 5, 2))
}

async fn a_list_shows_a_small_version(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let image = made(&ada, ada.generate(&ada.order()).await).await;
    let place = place(&image);
    let whole = app.get(&place, &[]).await;
    let small = app.get(&format!("{place}?small"), &[]).await;
    assert_eq!((small.status, small.header("content-type")), (200, "image/jpeg"));
    assert_eq!((size(&small), size(&whole)), ((512, 220), (2048, 880)));
    assert!(small.body.len() * 3 < whole.body.len(), "{} {}", small.body.len(), whole.body.len());
    // It is guarded like the whole.
    for header in ["x-content-type-options", "content-security-policy", "cache-control"] {
        assert_eq!(small.header(header), whole.header(header));
        assert!(!small.header(header).is_empty(), "{header}");
    }
    let name = format!("inline; filename=\"bloom-{}-small.jpg\"", image["id"].as_str().unwrap());
    assert_eq!(small.header("content-disposition"), name);
    for wrong in [format!("{}A?small", &place[..place.len() - 1]), "/img/x/y?small".to_owned()] {
        if wrong != format!("{place}?small") {
            assert_eq!(app.get(&wrong, &[]).await.status, 404, "{wrong}");
        }
    }
    // Another word is no version.
    assert_eq!(app.get(&format!("{place}?tiny"), &[]).await.body, whole.body);
    assert_eq!(ada.files(), FILES);
    let id = image["id"].as_str().expect("an id");
    assert_eq!(ada.ask("DELETE", &format!("/{id}"), None).await.status, 200);
    assert_eq!(app.get(&format!("{place}?small"), &[]).await.status, 404, "at once");
    app.keep_house().await;
    assert_eq!(ada.files(), 0);
}

async fn what_shows_through_stays_so_when_it_is_small(app: App) {
    let ada = Artist::new(&app, "ada").await;
    // A dark square on plain white, large enough.
    let mut rows = Vec::new();
    for y in 0..700 {
        rows.push(0);
        (0..900).for_each(|x| {
            let is_inside = (200..500).contains(&y) && (300..600).contains(&x);
            rows.extend(if is_inside { [20, 30, 90] } else { [255; 3] });
        });
    }
    let brought = upload(&ada, &super::uploads::png_of((900, 700), (8, 2), &rows)).await.json();
    let id = brought["data"]["id"].as_str().expect("an id").to_owned();
    let body = json!({ "brandSessionId": ada.brand });
    let asked = ada.ask("POST", &format!("/{id}/remove-background"), Some(&body)).await;
    let image = made(&ada, asked).await;
    let small = app.get(&format!("{}?small", place(&image)), &[]).await;
    assert_eq!((small.status, small.header("content-type")), (200, "image/png"));
    assert_eq!(size(&small), (512, 398));
    assert_eq!(small.body[25], 6, "a PNG with alpha");
}

async fn what_is_small_has_no_smaller_version(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let brought = upload(&ada, &png(9)).await.json()["data"].clone();
    let whole = app.get(&place(&brought), &[]).await;
    let small = app.get(&format!("{}?small", place(&brought)), &[]).await;
    assert_eq!((small.status, small.header("content-type")), (200, whole.header("content-type")));
    assert_eq!(size(&small), (40, 30));
    // Paths are shown as pixels where they take more bytes.
    let drawn = made(&ada, ada.generate(&ada.order()).await).await;
    let id = drawn["id"].as_str().expect("an id");
    let body = json!({ "brandSessionId": ada.brand });
    let paths = made(&ada, ada.ask("POST", &format!("/{id}/vectorize"), Some(&body)).await).await;
    let whole = app.get(&place(&paths), &[]).await;
    assert_eq!(whole.header("content-type"), "image/svg+xml");
    let small = app.get(&format!("{}?small", place(&paths)), &[]).await;
    assert!(small.status == 200 && small.body.len() <= whole.body.len());
    assert_eq!(small.header("content-security-policy"), "sandbox; default-src 'none'");
}
