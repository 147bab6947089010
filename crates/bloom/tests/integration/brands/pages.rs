//! The pages of brands.

use serde_json::json;

use super::Owner;
use super::logos::upload;
use crate::support::sites::GREEN_LOGO;
use crate::support::{App, Browser, NOTHING, PASSWORD, on_both};

on_both!(
    a_person_adds_a_brand_and_sees_what_was_found,
    every_finding_can_be_corrected_and_survives_another_reading,
    a_brand_whose_page_cannot_be_read_is_set_by_hand,
    what_cannot_be_taken_is_told_beside_the_field,
    a_brand_is_deleted_by_its_name,
    brands_are_their_peoples_alone,
    a_form_with_a_file_has_each_field_once,
    a_logo_is_called_taken_once_it_is,
    a_page_of_before_takes_no_correction_back,
);

async fn browser(ada: &Owner) -> Browser {
    let mut browser = ada.app.browser();
    browser.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    browser
}

async fn a_person_adds_a_brand_and_sees_what_was_found(app: App) {
    let ada = Owner::new(&app).await;
    let mut browser = browser(&ada).await;
    let list = browser.get("/brands").await;
    list.assert_page(200, "Brands");
    assert!(list.text().contains("No brand yet"));
    // What every address begins with may be left out.
    let answer = browser.post("/brands", &[("url", "www.northwind.example")]).await;
    let page = answer.header("location").to_owned();
    assert!(answer.status == 303 && page.starts_with("/brands/"), "{answer:?}");
    let shown = browser.get(&page).await;
    assert!(shown.text().contains("is being read"), "{shown:?}");
    ada.app.do_jobs().await;
    let shown = browser.get(&page).await;
    shown.assert_page(200, "<bdi>Northwind</bdi>");
    for text in
        ["#1f4d3a", "Fraunces", "Found: og:site_name, 90 % sure.", "Single origin", "src=\"/logos/"]
    {
        assert!(shown.text().contains(text), "{text}: {shown:?}");
    }
    assert!(browser.get("/brands").await.text().contains("Northwind"));
}

/// The form as the page shows it, with some fields changed.
async fn corrected(
    browser: &mut Browser,
    page: &str,
    changes: &[(&str, &str)],
) -> crate::support::Answer {
    let shown = browser.get(page).await;
    let mut fields: Vec<(String, String)> = Vec::new();
    for name in ["name", "heading-font", "body-font", "aesthetic"] {
        let value = shown
            .between(&format!("name=\"{name}\" autocomplete=\"off\" dir=\"auto\" value=\""), "\"");
        fields.push((name.to_owned(), value.expect(name).to_owned()));
    }
    let summary = shown.between("name=\"summary\"", "</textarea>").expect("a summary");
    fields.push(("summary".to_owned(), summary.split_once('>').expect("a text").1.to_owned()));
    for index in 0.. {
        let (colour, role) = (format!("colour-{index}"), format!("role-{index}"));
        let Some(rest) = shown.between(&format!("name=\"{colour}\""), "</select>") else { break };
        let value = rest.split_once("value=\"").expect("a value").1.split('"').next().unwrap();
        let chosen = rest
            .split_once(" selected>")
            .map_or("neutral", |(_, text)| text.split('<').next().unwrap());
        fields.push((colour, value.to_owned()));
        fields.push((role, chosen.to_owned()));
    }
    for (name, value) in changes {
        let field = fields.iter_mut().find(|(field, _)| field == name).expect("a field");
        (*value).clone_into(&mut field.1);
    }
    let fields: Vec<_> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(page, &fields).await
}

async fn every_finding_can_be_corrected_and_survives_another_reading(app: App) {
    let ada = Owner::new(&app).await;
    let found = ada.brand("https://www.northwind.example/").await;
    let id = found["id"].as_str().unwrap().to_owned();
    let (page, mut browser) = (format!("/brands/{id}"), browser(&ada).await);
    // Saved as it is, nothing is set: what is found anew counts.
    corrected(&mut browser, &page, &[]).await.assert_redirect(&format!("{page}?done=saved"));
    assert_eq!(ada.get(&id).await, found);
    let changes = [
        ("name", "North Wind & Co"),
        ("heading-font", "Playfair Display"),
        ("body-font", "Lora"),
        ("aesthetic", "calm, slow"),
        ("summary", "Coffee, slowly."),
        ("colour-0", "0b5cff"),
        ("role-0", "accent"),
    ];
    corrected(&mut browser, &page, &changes).await.assert_redirect(&format!("{page}?done=saved"));
    let set = ada.get(&id).await;
    assert_eq!(
        (&set["name"], &set["summary"]),
        (&json!("North Wind & Co"), &json!("Coffee, slowly."))
    );
    assert_eq!(set["fonts"], json!(["Playfair Display", "Lora"]));
    assert_eq!(set["aesthetic"], "calm, slow");
    assert_eq!(set["findings"]["colors"][0]["value"], "#0b5cff");
    assert_eq!(set["findings"]["colors"][0]["role"], "accent");
    for finding in
        [&set["findings"]["name"], &set["findings"]["colors"][0], &set["findings"]["headingFont"]]
    {
        assert_eq!(
            (&finding["source"], &finding["confidence"]),
            (&json!("set by hand"), &json!(1.0))
        );
    }
    // The page changes, and is read again: what was set stays.
    ada.sites.put(
        "www.northwind.example/",
        "text/html",
        "<title>Another</title><header><img class=logo src=/img/northwind-mark.svg></header>",
    );
    browser.post(&format!("{page}/read"), &[]).await;
    ada.app.do_jobs().await;
    let again = ada.get(&id).await;
    for key in ["name", "summary", "fonts", "aesthetic", "colors", "status"] {
        assert_eq!(again[key], set[key], "{key}");
    }
    // The roles of its colours as well, and who set them.
    let colors = &set["findings"]["colors"];
    assert!(
        colors.as_array().is_some_and(|colors| colors.len() > 1 && colors[0]["role"] == "accent")
    );
    assert_eq!(&again["findings"]["colors"], colors);
    // Emptied, it is as it is found now.
    corrected(&mut browser, &page, &[("name", ""), ("heading-font", "")]).await;
    let emptied = ada.get(&id).await;
    assert_eq!(emptied["name"], "Another", "{emptied}");
    assert_eq!(emptied["fonts"], json!(["Lora"]));
}

/// Behind a firewall, say. Logo and colour come in either order.
async fn a_brand_whose_page_cannot_be_read_is_set_by_hand(app: App) {
    let ada = Owner::new(&app).await;
    let mut browser = browser(&ada).await;
    for is_logo_first in [true, false] {
        let id = ada.brand("https://nowhere.example/").await["id"].as_str().unwrap().to_owned();
        let page = format!("/brands/{id}");
        assert!(browser.get(&page).await.text().contains("with a logo and a colour of your own"));
        let order = json!({ "prompt": "\"Air\"", "brandSessionId": id, "aspectRatio": "21:9" });
        let generate = async || ada.call("POST", "/api/v1/images/generations", Some(&order)).await;
        assert_eq!(generate().await.error(), "409 BRAND_NOT_READY");
        for is_logo in [is_logo_first, !is_logo_first] {
            assert_eq!(ada.get(&id).await["status"], "failed", "one of both is not enough");
            if is_logo {
                let path = format!("/api/v1{page}/logo/file");
                upload(&ada.app, &path, Some(&ada.key), GREEN_LOGO.as_bytes()).await;
                ada.app.do_jobs().await;
            } else {
                let set = [("colour-0", "0b5cff"), ("role-0", "primary")];
                let saved = corrected(&mut browser, &page, &set).await;
                saved.assert_redirect(&format!("{page}?done=saved"));
            }
        }
        let ready = ada.get(&id).await;
        assert_eq!(ready["status"], "ready", "{ready}");
        assert_eq!(ready["findings"]["colors"][0]["value"], "#0b5cff");
        assert_eq!(generate().await.status, 202);
        ada.app.do_jobs().await;
        let images = ada.call("GET", "/api/v1/images", None).await.json();
        assert_eq!(images["data"]["images"][0]["status"], "completed", "{images}");
    }
}

async fn what_cannot_be_taken_is_told_beside_the_field(app: App) {
    let ada = Owner::new(&app).await;
    let mut browser = browser(&ada).await;
    for (url, error) in [
        ("", "Enter the address of a site, such as example.com."),
        (" ", "Enter the address of a site, such as example.com."),
        ("nowhere at all", "This is no address of a site."),
        ("ftp://a.example", "This is no address of a site."),
        ("instagram.com/p/1", "Of Instagram only profiles are read"),
    ] {
        let answer = browser.post("/brands", &[("url", url)]).await;
        answer.assert_page(422, "Brands");
        let told = answer.between("id=\"brand-url-error\">", "</p>").unwrap_or_default();
        assert!(told.contains(error), "{url}: {answer:?}");
        // http:// and a bare name are taken, too.
        assert!(!told.contains("begins with https"), "{told}");
    }
    let brand = ada.brand("https://kobalt.example/").await;
    let page = format!("/brands/{}", brand["id"].as_str().unwrap());
    let long = "a".repeat(81);
    for (field, value, error) in [
        ("colour-0", "red", "is no colour"),
        ("name", long.as_str(), "longer than 80"),
        ("name", "North\u{202E}dniw", "characters that cannot be seen"),
        ("aesthetic", "a,b,c,d,e,f,g,h,i,j,k,l,m", "At most 12 words"),
    ] {
        let answer = corrected(&mut browser, &page, &[(field, value)]).await;
        assert_eq!(answer.status, 422, "{field}");
        assert!(
            answer.text().contains(error) && answer.text().contains(value),
            "{field}: {answer:?}"
        );
    }
    assert_eq!(ada.get(brand["id"].as_str().unwrap()).await, brand, "nothing was taken");
}

/// Of two tabs the second is told what the first has set; what is so already is no conflict.
async fn a_page_of_before_takes_no_correction_back(app: App) {
    let ada = Owner::new(&app).await;
    let brand = ada.brand("https://kobalt.example/").await;
    let id = brand["id"].as_str().unwrap();
    let (page, mut browser) = (format!("/brands/{id}"), browser(&ada).await);
    let (token, old) = (browser.form_token().await, browser.seen(&page).await.expect("a mark"));
    let saved = format!("{page}?done=saved");
    let mut send = async |seen: &str, fields: &[(&str, &str)]| {
        let fields = [&[("form_token", token.as_str()), ("seen", seen)], fields].concat();
        browser.post_as_is(&page, &fields, &[]).await
    };
    send(&old, &[("summary", "Makes blue.")]).await.assert_redirect(&saved);
    let set = ada.get(id).await;
    let before = app.database().dump();
    let late = send(&old, &[("name", "Kobalt Works")]).await;
    assert_eq!(late.status, 409, "{late:?}");
    let text = late.text();
    assert!(text.contains("It was changed since you opened this page"), "{text}");
    assert!(text.contains("value=\"Kobalt Works\""), "what was typed is kept: {text}");
    assert_eq!(send("", &[("name", "Kobalt Works")]).await.status, 409);
    assert_eq!(app.database().dump(), before);
    send(&old, &[("summary", "Makes blue.")]).await.assert_redirect(&saved);
    assert_eq!((app.database().dump(), ada.get(id).await), (before, set));
    // Who has seen it, and saves once more, is taken at their word.
    let new = text.split_once("name=\"seen\" value=\"").expect("a mark").1;
    let new = new.split('"').next().expect("an end");
    send(new, &[("name", "Kobalt Works")]).await.assert_redirect(&saved);
    assert_eq!(ada.get(id).await["name"], "Kobalt Works");
}

async fn a_brand_is_deleted_by_its_name(app: App) {
    let ada = Owner::new(&app).await;
    let brand = ada.brand("https://kobalt.example/").await;
    let page = format!("/brands/{}", brand["id"].as_str().unwrap());
    let mut browser = browser(&ada).await;
    let answer = browser.post(&format!("{page}/delete"), &[("confirmed", "Other")]).await;
    assert_eq!(answer.status, 422);
    let answer = browser.post(&format!("{page}/delete"), &[("confirmed", "Kobalt")]).await;
    answer.assert_redirect("/brands?deleted=1");
    browser.get(&page).await.assert_page(404, "Page not found");
}

async fn brands_are_their_peoples_alone(app: App) {
    let ada = Owner::new(&app).await;
    let brand = ada.brand("https://kobalt.example/").await;
    let page = format!("/brands/{}", brand["id"].as_str().unwrap());
    let stranger = ada.app.browser().get(&page).await;
    stranger.assert_redirect(&format!("/sign-in?next={page}"));
    let mut bob = ada.app.person("bob").await;
    assert!(!bob.get("/brands").await.text().contains("Kobalt"));
    for path in [&page, &format!("/brands/{NOTHING}"), "/brands/x"] {
        bob.get(path).await.assert_page(404, "Page not found");
    }
    for form in ["", "/read", "/delete"] {
        let answer = bob.post(&format!("{page}{form}"), &[("confirmed", "Kobalt")]).await;
        answer.assert_page(404, "It is not there any more");
    }
    assert_eq!(ada.get(brand["id"].as_str().unwrap()).await, brand);
}

async fn a_form_with_a_file_has_each_field_once(app: App) {
    let ada = Owner::new(&app).await;
    let id = ada.ask("https://northwind.example/").await;
    ada.app.do_jobs().await;
    let mut browser = browser(&ada).await;
    let token = browser.form_token().await;
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let (ours, file) = (part("form_token", &token), part("file", GREEN_LOGO));
    let before = ada.get(&id).await["logoUrl"].clone();
    let path = format!("/brands/{id}/logo");
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    // Which of two is meant, nobody can say: not even where the last of them is ours.
    for (parts, why) in [
        (format!("{ours}{file}{file}"), "two fields of one name"),
        (format!("{}{ours}{file}", part("form_token", "x")), "two fields of one name"),
        (format!("{ours}{}{}{file}", part("a", "1"), part("a", "1")), "two fields of one name"),
        (format!("{ours}{}{file}", part("a", "1\0")), "not UTF-8, or a NUL"),
        (format!("{ours}--b\r\n\r\n1\r\n{file}"), "has no name"),
    ] {
        let answer = browser.post_raw(&path, format!("{parts}--b--").into_bytes(), &kind).await;
        answer.assert_page(400, "This form cannot be read");
        assert!(answer.text().contains(why), "{why}: {answer:?}");
        assert!(answer.text().contains("Nothing was changed."), "{answer:?}");
    }
    assert_eq!(ada.get(&id).await["logoUrl"], before);
    let whole = format!("{ours}{file}--b--").into_bytes();
    assert_eq!(browser.post_raw(&path, whole, &kind).await.status, 303);
    assert_ne!(ada.get(&id).await["logoUrl"], before);
}

async fn a_logo_is_called_taken_once_it_is(app: App) {
    let ada = Owner::new(&app).await;
    let id = ada.ask("https://www.northwind.example/").await;
    ada.app.do_jobs().await;
    let mut browser = browser(&ada).await;
    ada.sites.put("www.northwind.example/a-page", "text/html", "<p>");
    ada.sites.put("www.northwind.example/l.svg", "image/svg+xml", GREEN_LOGO);
    let (path, token) = (format!("/brands/{id}/logo"), browser.form_token().await);
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    for (url, why) in [
        ("https://www.northwind.example/none.png?a=b&c", Some("status 404")),
        ("https://www.northwind.example/a-page", Some("no image")),
        ("https://www.northwind.example/l.svg", None),
    ] {
        let form = format!("{}{}--b--", part("form_token", &token), part("logo-url", url));
        let sent = browser.post_raw(&path, form.into_bytes(), &kind).await;
        assert_eq!(sent.status, 303, "{sent:?}");
        let next = sent.header("location").to_owned();
        let field = format!("value=\"{}\"", url.replace('&', "&#38;"));
        let shown = browser.get(&next).await;
        assert!(shown.text().contains("The logo is being fetched"), "{url}: {shown:?}");
        assert!(shown.text().contains("data-again=\""), "it looks by itself: {shown:?}");
        assert!(shown.text().contains(&field), "{url}: {shown:?}");
        assert!(!shown.text().contains("is taken"), "{url}: {shown:?}");
        ada.app.do_jobs().await;
        let shown = browser.get(&next).await;
        assert!(!shown.text().contains("is being fetched"), "{url}: {shown:?}");
        match why {
            Some(why) => {
                let error = shown.between("id=\"logo-url-error\">", "</p>").unwrap_or_default();
                assert!(error.contains("was not taken") && error.contains(why), "{shown:?}");
                assert!(shown.text().contains(&field), "{url}: {shown:?}");
                assert!(!shown.text().contains("is taken"), "{url}: {shown:?}");
                // Whoever looks later sees why, but no address that they never typed.
                let later = browser.get(&format!("/brands/{id}")).await;
                assert!(later.text().contains(why) && !later.text().contains(&field), "{later:?}");
            }
            None => assert!(shown.text().contains("The logo is taken."), "{shown:?}"),
        }
    }
}
