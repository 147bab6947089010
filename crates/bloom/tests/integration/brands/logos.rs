//! Logos that somebody brings: by URL, as a file, and without a credential.

use std::time::Duration;

use serde_json::{Value, json};

use super::{BRANDS, Owner};
use crate::mcp;
use crate::support::sites::GREEN_LOGO;
use crate::support::{Answer, App, NOTHING, on_both};

on_both!(
    a_brand_without_a_logo_waits_for_one,
    a_logo_by_its_url_is_fetched_and_what_is_wrong_is_told,
    a_file_that_is_no_logo_is_refused,
    an_upload_address_is_good_once_for_one_brand_and_a_quarter_of_an_hour,
    a_chosen_logo_survives_another_reading,
    a_logo_is_fetched_though_the_page_cannot_be_read,
);

/// A form with a file, as browsers and curl send it.
pub(crate) fn form(file: &[u8]) -> (Vec<u8>, String) {
    let head =
        b"--frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"logo\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n";
    let body = [head.as_slice(), file, b"\r\n--frontier--\r\n"].concat();
    (body, "multipart/form-data; boundary=frontier".to_owned())
}

pub(super) async fn upload(app: &App, path: &str, key: Option<&str>, file: &[u8]) -> Answer {
    let (body, kind) = form(file);
    let mut headers = vec![("content-type", kind.as_str())];
    headers.extend(key.map(|key| ("x-api-key", key)));
    app.send_bytes("PUT", path, body, &headers).await
}

/// A brand that has everything but a logo.
async fn without_logo(ada: &Owner) -> String {
    ada.sites.put(
        "bare.example/",
        "text/html",
        "<title>Bare</title><style>body{background:#fff;color:#22201a}a{color:#d62878}</style>",
    );
    let brand = ada.brand("https://bare.example/").await;
    assert_eq!(
        (&brand["status"], &brand["logoUrl"]),
        (&json!("logo_required"), &Value::Null),
        "{brand}"
    );
    brand["id"].as_str().unwrap().to_owned()
}

async fn a_brand_without_a_logo_waits_for_one(app: App) {
    let ada = Owner::new(&app).await;
    let id = without_logo(&ada).await;
    let path = format!("{BRANDS}/{id}/logo/file");
    let answer = upload(&ada.app, &path, Some(&ada.key), GREEN_LOGO.as_bytes()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    // Its palette is read anew, with the logo's colours.
    assert_eq!(answer.json()["data"], json!({ "id": id, "status": "analyzing" }));
    ada.app.do_jobs().await;
    let brand = ada.get(&id).await;
    assert_eq!(brand["status"], "ready", "{brand}");
    assert!(brand["colors"].as_array().unwrap().contains(&json!("#1f4d3a")), "{brand}");
    // A ready one is so at once.
    let other = GREEN_LOGO.replace("#1f4d3a", "#0b5cff");
    let was = brand["logoUrl"].as_str().unwrap().replace("http://localhost:4600", "");
    let answer = upload(&ada.app, &path, Some(&ada.key), other.as_bytes()).await;
    assert_eq!(answer.json()["data"]["status"], "ready");
    let now = ada.get(&id).await["logoUrl"].as_str().unwrap().replace("http://localhost:4600", "");
    assert!(ada.app.get(&now, &[]).await.text().contains("#0b5cff"));
    assert_eq!(ada.app.get(&was, &[]).await.error(), "404 NOT_FOUND", "it has another address");
    let forged = format!("{}A", &now[..now.len() - 1]);
    let guessed = if forged == now { format!("{}B", &now[..now.len() - 1]) } else { forged };
    assert_eq!(ada.app.get(&guessed, &[]).await.error(), "404 NOT_FOUND");
}

async fn a_logo_by_its_url_is_fetched_and_what_is_wrong_is_told(app: App) {
    let ada = Owner::new(&app).await;
    let id = without_logo(&ada).await;
    let path = format!("{BRANDS}/{id}/logo");
    for url in ["", "logo.png", "ftp://a.example/l.png"] {
        let answer = ada.call("PUT", &path, Some(&json!({ "logoUrl": url }))).await;
        assert_eq!(answer.error(), "400 INVALID_LOGO", "{url}");
    }
    ada.sites.put("bare.example/page", "text/html", "<p>");
    for (url, why) in
        [("https://bare.example/none.png", "status 404"), ("https://bare.example/page", "no image")]
    {
        let answer = ada.call("PUT", &path, Some(&json!({ "logoUrl": url }))).await;
        assert_eq!((answer.status, &answer.json()["data"]["status"]), (202, &json!("analyzing")));
        ada.app.do_jobs().await;
        let brand = ada.get(&id).await;
        assert_eq!(brand["status"], "logo_required", "{brand}");
        assert!(brand["logoError"].as_str().unwrap().contains(why), "{brand}");
    }
    ada.sites.put("bare.example/l.svg", "image/svg+xml", GREEN_LOGO);
    let chosen = json!({ "logoUrl": "https://bare.example/l.svg" });
    ada.call("PUT", &path, Some(&chosen)).await;
    ada.app.do_jobs().await;
    let brand = ada.get(&id).await;
    assert_eq!((&brand["status"], brand.get("logoError")), (&json!("ready"), None), "{brand}");
    // A ready brand stays so while another one is fetched, also when that comes to nothing.
    let other = json!({ "logoUrl": "https://bare.example/none.png" });
    let answer = ada.call("PUT", &path, Some(&other)).await;
    assert_eq!(answer.json()["data"]["status"], "ready");
    ada.app.do_jobs().await;
    let after = ada.get(&id).await;
    assert_eq!((&after["status"], &after["logoUrl"]), (&json!("ready"), &brand["logoUrl"]));
    assert!(after["logoError"].is_string(), "{after}");
}

/// It is at an address of its own, named at once or later; with a colour set by hand the brand is ready.
async fn a_logo_is_fetched_though_the_page_cannot_be_read(app: App) {
    let ada = Owner::new(&app).await;
    ada.sites.put("cdn.example/l.svg", "image/svg+xml", GREEN_LOGO);
    let logo = "https://cdn.example/l.svg";
    for is_named_later in [false, true] {
        let mut wanted = json!({ "url": "https://nowhere.example/" });
        if !is_named_later {
            wanted["logoUrl"] = json!(logo);
        }
        let answer = ada.call("POST", BRANDS, Some(&wanted)).await;
        let id = answer.json()["data"]["id"].as_str().expect("an id").to_owned();
        ada.app.do_jobs().await;
        if is_named_later {
            assert_eq!(ada.get(&id).await["logoUrl"], Value::Null);
            let named = json!({ "logoUrl": logo });
            ada.call("PUT", &format!("{BRANDS}/{id}/logo"), Some(&named)).await;
            ada.app.do_jobs().await;
        }
        let brand = ada.get(&id).await;
        assert!(brand["logoUrl"].is_string(), "{brand}");
        assert_eq!((&brand["status"], brand.get("logoError")), (&json!("failed"), None), "{brand}");
        let none = json!({ "logoUrl": "https://cdn.example/none.svg" });
        ada.call("PUT", &format!("{BRANDS}/{id}/logo"), Some(&none)).await;
        ada.app.do_jobs().await;
        let after = ada.get(&id).await;
        assert!(after["logoError"].is_string(), "{after}");
        assert_eq!((&after["status"], &after["logoUrl"]), (&json!("failed"), &brand["logoUrl"]));
    }
}

async fn a_file_that_is_no_logo_is_refused(app: App) {
    let ada = Owner::new(&app).await;
    let id = without_logo(&ada).await;
    let path = format!("{BRANDS}/{id}/logo/file");
    let empty = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"/>";
    let bomb =
        "<!DOCTYPE svg [<!ENTITY a \"aaaa\">]><svg xmlns=\"http://www.w3.org/2000/svg\">&a;</svg>";
    let polyglot = [b"GIF89a\x01\0\x01\0\0\0\0;".as_slice(), b"<script>alert(1)</script>"].concat();
    let large = vec![b'a'; 5 * 1024 * 1024 + 1];
    for file in [
        &b""[..],
        b"MZ\x90",
        empty.as_bytes(),
        bomb.as_bytes(),
        &polyglot,
        b"\x89PNG\r\n\x1a\n",
        &large,
    ] {
        let answer = upload(&ada.app, &path, Some(&ada.key), file).await;
        assert_eq!(answer.error(), "400 INVALID_LOGO", "{:?}", &file[..file.len().min(20)]);
    }
    let answer = ada
        .app
        .send_bytes(
            "PUT",
            &path,
            b"{}".to_vec(),
            &[("x-api-key", &ada.key), ("content-type", "application/json")],
        )
        .await;
    assert_eq!(answer.error(), "415 UNSUPPORTED_MEDIA_TYPE");
    let kind = ("content-type", "multipart/form-data; boundary=b");
    let answer =
        ada.app.send_bytes("PUT", &path, b"--b--".to_vec(), &[("x-api-key", &ada.key), kind]).await;
    assert_eq!(answer.error(), "400 BAD_REQUEST");
    let nowhere = format!("{BRANDS}/{NOTHING}/logo/file");
    let answer = upload(&ada.app, &nowhere, Some(&ada.key), GREEN_LOGO.as_bytes()).await;
    assert_eq!(answer.error(), "404 BRAND_NOT_FOUND");
    assert_eq!(ada.get(&id).await["status"], "logo_required", "nothing was taken");
    // What runs or fetches is gone from what is kept.
    let script = GREEN_LOGO.replace(
        "</svg>",
        "<script>alert(1)</script><image href=\"http://evil.example/x.png\"/></svg>",
    );
    assert_eq!(upload(&ada.app, &path, Some(&ada.key), script.as_bytes()).await.status, 202);
    ada.app.do_jobs().await;
    let logo = ada.get(&id).await["logoUrl"].as_str().unwrap().replace("http://localhost:4600", "");
    let kept = ada.app.get(&logo, &[]).await;
    assert!(!kept.text().contains("script") && !kept.text().contains("evil"), "{kept:?}");
}

async fn an_upload_address_is_good_once_for_one_brand_and_a_quarter_of_an_hour(app: App) {
    let ada = Owner::new(&app).await;
    let id = without_logo(&ada).await;
    let other = ada.ask("https://kobalt.example/").await;
    let make = async || {
        let made =
            mcp::tool(&ada.app, &ada.key, "bloom_create_logo_upload_url", json!({ "brandId": id }))
                .await;
        let url =
            made["structuredContent"]["uploadUrl"].as_str().unwrap_or_else(|| panic!("{made}"));
        url.strip_prefix("http://localhost:4600").expect("our own").to_owned()
    };
    let path = make().await;
    let token = path.rsplit('/').next().unwrap().to_owned();
    assert_eq!(token.as_bytes()[14], b'4', "a random UUID: {token}");
    let dump = ada.app.database().dump();
    assert!(
        !dump.contains(&token) && !dump.contains(&token.replace('-', "")),
        "only its digest is stored"
    );
    // Another brand's address, a made up token, and no UUID.
    let elsewhere = path.replace(&id, &other);
    let made_up = path.replace(&token, "3f2504e0-4f89-41d3-9a0c-0305e82c3301");
    for wrong in [&elsewhere, &made_up, &path.replace(&token, "x")] {
        let answer = upload(&ada.app, wrong, None, GREEN_LOGO.as_bytes()).await;
        assert_eq!(answer.error(), "401 INVALID_UPLOAD_TOKEN", "{wrong}");
    }
    // A file that is not taken does not use it up; nor is a credential asked for, good or bad.
    assert_eq!(upload(&ada.app, &path, None, b"junk").await.error(), "400 INVALID_LOGO");
    let answer = upload(&ada.app, &path, Some("junk"), GREEN_LOGO.as_bytes()).await;
    assert_eq!((answer.status, &answer.json()["data"]["id"]), (202, &json!(id)), "{answer:?}");
    let answer = upload(&ada.app, &path, None, GREEN_LOGO.as_bytes()).await;
    assert_eq!(answer.error(), "401 INVALID_UPLOAD_TOKEN", "it is used");
    ada.app.do_jobs().await;
    assert_eq!(ada.get(&id).await["status"], "ready");
    // Of many at once one is taken.
    let path = make().await;
    let outcomes = crate::support::at_once(8, |_| {
        let (app, path) = (ada.app.clone(), path.clone());
        async move { upload(&app, &path, None, GREEN_LOGO.as_bytes()).await.status }
    });
    let taken = outcomes.await.into_iter().filter(|status| *status == 202).count();
    assert_eq!(taken, 1);
    let path = make().await;
    ada.app.advance(Duration::from_secs(15 * 60));
    assert_eq!(
        upload(&ada.app, &path, None, GREEN_LOGO.as_bytes()).await.error(),
        "401 INVALID_UPLOAD_TOKEN"
    );
    assert_eq!(ada.app.rows("upload_tokens").len(), 1);
    ada.app.keep_house().await;
    assert!(ada.app.rows("upload_tokens").is_empty(), "it is swept away");
    // Whoever gave it is suspended, or the brand is gone.
    let path = make().await;
    ada.app.ban("ada@example.com").await;
    assert_eq!(
        upload(&ada.app, &path, None, GREEN_LOGO.as_bytes()).await.error(),
        "401 INVALID_UPLOAD_TOKEN"
    );
    ada.app.unban("ada@example.com").await;
    ada.call("DELETE", &format!("{BRANDS}/{id}"), None).await;
    assert_eq!(
        upload(&ada.app, &path, None, GREEN_LOGO.as_bytes()).await.error(),
        "404 BRAND_NOT_FOUND"
    );
}

async fn a_chosen_logo_survives_another_reading(app: App) {
    let ada = Owner::new(&app).await;
    let brand = ada.brand("https://www.northwind.example/").await;
    let id = brand["id"].as_str().unwrap();
    let other = GREEN_LOGO.replace("#1f4d3a", "#0b5cff");
    let path = format!("{BRANDS}/{id}/logo/file");
    upload(&ada.app, &path, Some(&ada.key), other.as_bytes()).await;
    let chosen = ada.get(id).await["logoUrl"].clone();
    let mut browser = ada.app.browser();
    browser.sign_in("ada@example.com", crate::support::PASSWORD).await;
    let answer = browser.post(&format!("/brands/{id}/read"), &[]).await;
    answer.assert_redirect(&format!("/brands/{id}?done=reading"));
    assert_eq!(ada.get(id).await["status"], "analyzing");
    ada.app.do_jobs().await;
    let after = ada.get(id).await;
    assert_eq!((&after["status"], &after["logoUrl"]), (&json!("ready"), &chosen));
    assert!(after["colors"].as_array().unwrap().contains(&json!("#0b5cff")), "{after}");
}
