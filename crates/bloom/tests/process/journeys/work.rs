//! Brands, images, budgets and keys, and forms that fail.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::{assert_fits, assert_no_complaint, enter, open, until, write};
use crate::every_page::{ADA, PASSWORD, sign_in, start};
use crate::images::site;
use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::secrets;

with_and_without_scripts!(
    a_brand_and_its_image_with_scripts,
    a_brand_and_its_image_without_scripts,
    a_brand
);
with_and_without_scripts!(
    a_budget_and_a_report_with_scripts,
    a_budget_and_a_report_without_scripts,
    a_limit
);
with_and_without_scripts!(
    what_was_typed_is_kept_with_scripts,
    what_was_typed_is_kept_without_scripts,
    a_failure
);

async fn a_brand(scripts: Scripts) {
    let Some(browser) = Browser::open(scripts).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    sign_in(&browser, &server).await;
    browser.follow("Brands").await;
    browser.see("Brands").await;
    write(&browser, "brand-url", &format!("http://{}/", site())).await;
    browser.press("Add brand").await;
    let ready = "//h1[normalize-space() = 'Northwind']";
    let reads = "//*[contains(text(), 'Read the page again')]";
    until("the brand", async || {
        if scripts == Scripts::Off {
            browser.tell("Page.reload", json!({})).await;
        }
        browser.shows(ready).await && browser.shows(reads).await
    })
    .await;
    let logo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images/home-light.png");
    let field = browser.find("a file", "//*[@id = 'logo-file']").await;
    let logo = logo.canonicalize().expect("a picture");
    field.send_keys(logo.to_str().expect("text")).await.expect("a file");
    browser.press("Use this logo").await;
    browser.read("The logo is taken.").await;
    write(&browser, "name", "North Wind").await;
    browser.press("Save").await;
    browser.see("North Wind").await;

    browser.follow("Images").await;
    browser.see("Images").await;
    write(&browser, "prompt", "\"Air\"").await;
    browser.press("Make images").await;
    let picture = "//ul[@class = 'gallery']//a[img]";
    until("the image", async || {
        if scripts == Scripts::Off {
            browser.tell("Page.reload", json!({})).await;
        }
        browser.shows(picture).await
    })
    .await;
    let found = browser.find("an image", picture).await;
    browser.take(&found, "a link").await;
    browser.see("Image").await;
    let first = browser.run("return location.pathname").await.as_str().expect("a path").to_owned();
    write(&browser, "instruction", "Make it navy").await;
    browser.press("Change, 1 credit").await;
    until("the other image", async || {
        browser.run("return location.pathname").await.as_str() != Some(first.as_str())
    })
    .await;
    open(&browser, &server, &first).await;
    browser.press("Delete this image").await;
    browser.read("For ten minutes you can have it back.").await;
    browser.press("Undo").await;
    browser.see("Image").await;
    assert_eq!(browser.run("return location.pathname").await.as_str(), Some(first.as_str()));
    browser.press("Delete this image").await;
    browser.read("For ten minutes you can have it back.").await;

    browser.follow("Brands").await;
    browser.follow("North Wind").await;
    browser.fill("Type the brand’s name to delete it", "North Wind").await;
    browser.press("Delete brand").await;
    browser.read("The brand is deleted.").await;
    assert_no_complaint(&browser).await;
    browser.close().await;
}

async fn a_limit(scripts: Scripts) {
    let Some(browser) = Browser::open(scripts).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "ci");
    let server = home.serve();
    browser.be_narrow_and_dark().await;
    sign_in(&browser, &server).await;
    browser.follow("Manage the key ci").await;
    browser.see("API key ci").await;
    let budget = browser.find("Budget", "//a[contains(@href, '/budget')]").await;
    browser.take(&budget, "a budget").await;
    browser.see("Budget of ci").await;
    browser.fill("Credits a day", "many").await;
    browser.press("Save budget").await;
    browser.read("Something needs a change").await;
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|complaint| complaint.contains("422")), "{complaints:?}");
    assert_fits(&browser, "a budget").await;
    browser.fill("Credits a day", "5").await;
    browser.press("Save budget").await;
    browser.read("The budget is saved.").await;
    browser.read("0 of 5 credits today").await;

    browser.follow("Report a leaked key").await;
    browser.see("Report a leaked key").await;
    browser.fill("API key", &key).await;
    browser.press("Revoke this key").await;
    browser.read("The key is revoked.").await;
    server.account(&key).expect(401);
    assert_no_complaint(&browser).await;
    browser.close().await;
}

/// The session ends while somebody types; what they typed is sent once they have signed in again.
async fn a_failure(scripts: Scripts) {
    let Some(browser) = Browser::open(scripts).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    browser.be_narrow_and_dark().await;
    sign_in(&browser, &server).await;
    browser.fill("Name of the key", "Long & \"careful\" name").await;
    home.bloom(&format!("account sign-out --email {ADA}")).ok();
    browser.press("Create key").await;
    browser.see("You are signed out").await;
    browser.read("What you sent is kept here").await;
    browser.read("Long & ").await;
    assert_fits(&browser, "what was kept").await;
    let here = browser.other_tab().await;
    open(&browser, &server, "/sign-in").await;
    enter(&browser, ADA, PASSWORD).await;
    browser.see("Settings").await;
    browser.to_tab(here).await;
    browser.press("Send it again").await;
    browser.see("This form has expired").await;
    browser.read(&format!("send it again, as {ADA}")).await;
    browser.press("Send it again").await;
    let secret = browser.find("a key", "//code[@id = 'new-key']").await;
    let secret = secret.text().await.expect("text");
    secrets::note(&secret);
    server.account(&secret).expect(200);
    browser.read("Long & ").await;
    let complaints = browser.complaints().await;
    let expected = |line: &String| line.contains("401") || line.contains("403");
    assert!(complaints.iter().all(expected), "{complaints:?}");
    browser.close().await;
}

/// What somebody has typed is theirs: a brand that is being read is not loaded anew under it.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_loads_itself_waits_for_whoever_types() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    sign_in(&browser, &server).await;
    // A page that answers never is read for long.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = silent.local_addr().expect("an address");
    open(&browser, &server, "/brands").await;
    write(&browser, "brand-url", &format!("http://{at}/")).await;
    browser.press("Add brand").await;
    browser.read("The page is being read.").await;
    write(&browser, "logo-url", "https://northwind.example/logo.svg").await;
    browser.run("document.activeElement.blur(); window.stays = true").await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(browser.run("return window.stays === true").await, true, "the page was loaded anew");
    let typed = browser.run("return document.getElementById('logo-url').value").await;
    assert_eq!(typed, "https://northwind.example/logo.svg");
    // With nothing typed it follows by itself.
    write(&browser, "logo-url", " ").await;
    browser
        .run("document.getElementById('logo-url').value = ''; document.activeElement.blur()")
        .await;
    until("the page anew", async || browser.run("return window.stays === true").await == false)
        .await;
    browser.close().await;
}
