//! Images that are found on a brand's page, where files are, and what stays of a brand that is gone.

use serde_json::{Value, json};

use super::engines::picture;
use super::studio::{bytes_of, form, image_of};
use super::uploads::png;
use crate::brands::Owner;
use crate::support::{App, on_both};

on_both!(
    the_images_of_a_page_come_into_the_library,
    whoever_wants_none_gets_none,
    a_brand_that_is_gone_takes_along_what_was_found_for_it,
    what_was_found_and_is_brought_too_stays,
    files_at_another_place_are_shown_there_alone,
);

const PAGE: &str = "<title>Harbour</title><style>body{background:#fff;color:#123}a{color:#0a7a4c}</style>\
    <header><a href='/'><img class='logo' alt='Harbour logo' src='/logo.svg'></a></header><h1>Harbour</h1>\
    <img src='/boats.png' alt='Boats at dawn'><img src='/boats.png' alt='The same'>\
    <img src='/copy-of-boats.png'><img src='/quiet_pier.png'><img src='/button.png' alt='Button'>\
    <img src='/drawing.svg' alt='Drawing'><img src='/missing.png'><img src='/lie.png' alt='Lie'>\
    <img src='data:image/png;base64,AAAA'>";

fn lay_out(ada: &Owner) {
    let site = |path: &str, kind: &str, body: &[u8]| {
        ada.sites.put(&format!("harbour.example/{path}"), kind, body);
    };
    let logo = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 20'><rect width='40' height='20' fill='#0a7a4c'/></svg>";
    site("", "text/html", PAGE.as_bytes());
    site("logo.svg", "image/svg+xml", logo.as_bytes());
    site("drawing.svg", "image/svg+xml", logo.as_bytes());
    site("boats.png", "image/png", &picture(640, 400));
    site("copy-of-boats.png", "image/png", &picture(640, 400));
    site("quiet_pier.png", "image/png", &picture(300, 220));
    site("button.png", "image/png", &png(7));
    site("lie.png", "image/png", b"<script>alert(1)</script>");
}

async fn library(ada: &Owner, query: &str) -> Vec<Value> {
    let answer = ada.call("GET", &format!("/api/v1/images?{query}"), None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"]["images"].as_array().expect("images").clone()
}

async fn the_images_of_a_page_come_into_the_library(app: App) {
    let ada = Owner::new(&app).await;
    lay_out(&ada);
    let brand = ada.brand("https://harbour.example").await;
    assert_eq!(brand["status"], "ready", "{brand}");
    let found = library(&ada, "source=scraped").await;
    let told: Vec<_> =
        found.iter().map(|image| image["description"].as_str().expect("words")).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.contains(&"Boats at dawn") && told.contains(&"quiet pier"), "{told:?}");
    for image in &found {
        assert_eq!(
            (&image["status"], &image["actionType"], &image["engine"]),
            (&json!("completed"), &Value::Null, &Value::Null)
        );
        assert_eq!(image["brandSessionId"], brand["id"]);
        let url = image["imageUrl"].as_str().expect("a URL").replace("http://localhost:4600", "");
        assert_eq!(app.get(&url, &[]).await.status, 200);
    }
    let search = json!({ "brandSessionId": brand["id"], "query": "boats" });
    let hits = ada.call("POST", "/api/v1/images/search", Some(&search)).await.json();
    assert_eq!(hits["data"]["candidates"][0]["description"], "Boats at dawn", "{hits}");
    let listed = ada.call("GET", "/api/v1/brands", None).await.json();
    assert_eq!(listed["data"]["brands"][0]["imageCount"], 2, "{listed}");
    // Another look at the page finds the same files.
    let id = brand["id"].as_str().expect("an id");
    let mut browser = app.browser();
    browser.sign_in("ada@example.com", crate::support::PASSWORD).await;
    browser.post(&format!("/brands/{id}/read"), &[]).await;
    ada.app.do_jobs().await;
    assert_eq!(library(&ada, "source=scraped").await.len(), 2);
    assert_eq!(ada.app.rows("jobs"), Vec::<String>::new());
}

async fn whoever_wants_none_gets_none(app: App) {
    let ada = Owner::new(&app).await;
    lay_out(&ada);
    let body = json!({ "url": "https://harbour.example", "collectImages": false });
    assert_eq!(ada.call("POST", "/api/v1/brands", Some(&body)).await.status, 202);
    ada.app.do_jobs().await;
    assert_eq!(library(&ada, "limit=10").await, Vec::<Value>::new());
    assert_eq!(ada.app.rows("jobs"), Vec::<String>::new());
}

async fn a_brand_that_is_gone_takes_along_what_was_found_for_it(app: App) {
    let ada = Owner::new(&app).await;
    lay_out(&ada);
    let brand = ada.brand("https://harbour.example").await;
    let id = brand["id"].as_str().expect("an id").to_owned();
    let brought = image_of(&app, &id);
    let another = ada.brand("https://www.northwind.example").await;
    assert_eq!(library(&ada, "limit=10").await.len(), 3);
    // The second copy of a file is gone before.
    ada.app.keep_house().await;
    let gone = ada.call("DELETE", &format!("/api/v1/brands/{id}"), None).await;
    assert_eq!(gone.status, 200, "{gone:?}");
    let left = library(&ada, "limit=10").await;
    assert_eq!((left.len(), &left[0]["id"]), (1, &json!(brought)), "{left:?}");
    assert_eq!(ada.app.rows("blobs_to_delete").len(), 2);
    ada.app.keep_house().await;
    assert_eq!(ada.app.rows("blobs_to_delete"), Vec::<String>::new());
    // There is no such brand to list, and the image can be had, made into another for another brand, and deleted.
    let listed = ada.call("GET", &format!("/api/v1/images?brandSessionId={id}"), None).await;
    assert_eq!(listed.error(), "422 BRAND_NOT_FOUND");
    let resize = |brand: &Value| json!({ "targetAspectRatio": "1:1", "brandSessionId": brand });
    let path = format!("/api/v1/images/{brought}/resize");
    let refused = ada.call("POST", &path, Some(&resize(&json!(id)))).await;
    assert_eq!(refused.error(), "404 SESSION_NOT_FOUND");
    let taken = ada.call("POST", &path, Some(&resize(&another["id"]))).await;
    assert_eq!(taken.status, 202, "{taken:?}");
    assert_eq!(ada.call("GET", &format!("/api/v1/images/{brought}"), None).await.status, 200);
    assert_eq!(ada.call("DELETE", &format!("/api/v1/images/{brought}"), None).await.status, 200);
    // A brand that goes while its images are collected gets none.
    let late = ada.ask("https://harbour.example").await;
    let bytes = bytes_of(&app, &late);
    ada.app.database().run(&format!("UPDATE brands SET status = 'ready' WHERE id = {bytes}"));
    assert_eq!(ada.call("DELETE", &format!("/api/v1/brands/{late}"), None).await.status, 200);
    ada.app.do_jobs().await;
    assert_eq!(library(&ada, "source=scraped").await.len(), 0);
    assert_eq!(ada.app.rows("jobs"), Vec::<String>::new());
}

async fn what_was_found_and_is_brought_too_stays(app: App) {
    let ada = Owner::new(&app).await;
    lay_out(&ada);
    let brand = ada.brand("https://harbour.example").await;
    let id = brand["id"].as_str().expect("an id");
    assert_eq!(library(&ada, "source=scraped").await.len(), 2);
    // The very file that the page shows.
    let (body, kind) = form(id, &picture(640, 400));
    let headers = [("content-type", kind.as_str()), ("x-api-key", ada.key.as_str())];
    let brought = ada.app.send_bytes("POST", "/api/v1/images/uploads/file", body, &headers).await;
    assert_eq!(brought.status, 200, "{brought:?}");
    let brought = brought.json()["data"].clone();
    assert_eq!(brought["existing"], true, "{brought}");
    let own = library(&ada, "source=uploaded").await;
    assert_eq!((own.len(), &own[0]["id"]), (1, &brought["id"]), "{own:?}");
    // Another look at the page takes it from nobody.
    let mut browser = app.browser();
    browser.sign_in("ada@example.com", crate::support::PASSWORD).await;
    browser.post(&format!("/brands/{id}/read"), &[]).await;
    ada.app.do_jobs().await;
    assert_eq!(library(&ada, "source=uploaded").await.len(), 1);
    let gone = ada.call("DELETE", &format!("/api/v1/brands/{id}"), None).await;
    assert_eq!(gone.status, 200, "{gone:?}");
    ada.app.keep_house().await;
    let left = library(&ada, "limit=10").await;
    assert_eq!((left.len(), &left[0]["id"]), (1, &brought["id"]), "{left:?}");
    let url = left[0]["imageUrl"].as_str().expect("a URL").replace("http://localhost:4600", "");
    assert_eq!(app.get(&url, &[]).await.status, 200, "its bytes are there");
}

async fn files_at_another_place_are_shown_there_alone(app: App) {
    let app = app.again(|options| options.files_origin = Some("http://files.example:4601")).await;
    let ada = Owner::new(&app).await;
    lay_out(&ada);
    let brand = ada.brand("https://harbour.example").await;
    let image = library(&ada, "source=scraped").await.remove(0);
    for url in [&image["imageUrl"], &brand["logoUrl"]] {
        let url = url.as_str().expect("a URL");
        let place = url.strip_prefix("http://files.example:4601").expect("the other place");
        let there = app.get(place, &[("host", "files.example:4601")]).await;
        assert_eq!((there.status, there.header("x-content-type-options")), (200, "nosniff"));
        // A place that was given away before leads there, and gives nothing itself.
        for host in ["localhost:4600", "evil.example"] {
            let here = app.get(place, &[("host", host)]).await;
            assert_eq!((here.status, here.header("location")), (307, url), "{host}");
            assert!(here.body.is_empty());
        }
    }
    let place = image["imageUrl"].as_str().expect("a URL").replace("http://files.example:4601", "");
    let kept = app.get(&format!("{place}?download"), &[("host", "files.example:4601")]).await;
    assert!(kept.header("content-disposition").starts_with("attachment; filename=\"bloom-"));
    let mut browser = app.browser();
    browser.sign_in("ada@example.com", crate::support::PASSWORD).await;
    let page = browser.get("/images").await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("img-src 'self' http://files.example:4601 data:;"), "{policy}");
    assert!(page.text().contains("src=\"http://files.example:4601/img/"), "{page:?}");
    // No page is at that place.
    let page = app.get("/images", &[("host", "files.example:4601")]).await;
    assert_eq!((page.status, page.header("location")), (303, "http://localhost:4600/images"));
}
