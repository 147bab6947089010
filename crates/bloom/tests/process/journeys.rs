//! The ways through the pages that people go less often, in a real browser, with scripts and without: links from mails,
//! the end of an account, a team from its first invitation to its end, one's own apps; and, in `work`, brands, images,
//! budgets, and forms that fail.

use std::time::Duration;

use serde_json::Value;

use crate::every_page::{ADA, PASSWORD, sign_in};
use crate::security::plug_in;
use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::person::Person;
use crate::support::secrets;
use crate::support::server::Server;

const GRACE: &str = "grace@example.com";
const NEW: &str = "ada.new@example.com";
const OTHER_PASSWORD: &str = "another good password";
/// How long a mail, a brand or an image may take on a busy machine.
const WHILE: Duration = Duration::from_secs(60);

mod work;

with_and_without_scripts!(
    links_from_mails_with_scripts,
    links_from_mails_without_scripts,
    links_from_mails
);
with_and_without_scripts!(
    an_account_is_copied_and_deleted_with_scripts,
    an_account_is_copied_and_deleted_without_scripts,
    an_end
);
with_and_without_scripts!(
    a_team_is_shared_and_ended_with_scripts,
    a_team_is_shared_and_ended_without_scripts,
    a_team
);
with_and_without_scripts!(
    an_own_app_is_made_and_ended_with_scripts,
    an_own_app_is_made_and_ended_without_scripts,
    an_own_app
);

pub(crate) async fn assert_fits(browser: &Browser, what: &str) {
    let width = browser.run("return document.documentElement.scrollWidth").await;
    assert!(width.as_u64() <= Some(360), "{what} is {width} wide");
}

async fn enter(browser: &Browser, email: &str, password: &str) {
    secrets::note(password);
    browser.see("Sign in").await;
    browser.fill("Email", email).await;
    browser.fill("Password", password).await;
    browser.press("Sign in").await;
}

async fn open(browser: &Browser, server: &Server, path: &str) {
    browser.goto(&format!("{}{path}", server.origin())).await;
}

/// Types into what an XPath finds, in place of what stands there.
async fn write(browser: &Browser, id: &str, text: &str) {
    let field = browser.find(id, &format!("//*[@id = '{id}']")).await;
    browser.write(&field, id, text).await;
}

/// Asks again until something holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = std::time::Instant::now() + WHILE;
    while !holds().await {
        assert!(std::time::Instant::now() < deadline, "{what} does not come");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The link of the newest mail to somebody that leads to a path.
pub(crate) async fn mailed(home: &Home, to: &str, path: &str) -> String {
    let outbox = home.data().join("outbox");
    let mut found = None;
    until("the mail", async || {
        let mails = std::fs::read_dir(&outbox).into_iter().flatten().filter_map(Result::ok);
        let texts = mails.filter_map(|mail| std::fs::read_to_string(mail.path()).ok());
        let theirs = texts.filter(|text| text.contains(&format!("To: {to}")));
        let links = theirs.filter_map(|text| {
            let line = text.lines().find(|line| line.contains(path))?;
            Some(line.trim().to_owned())
        });
        found = links.last();
        found.is_some()
    })
    .await;
    found.expect("a link")
}

async fn assert_no_complaint(browser: &Browser) {
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

async fn links_from_mails(scripts: Scripts) {
    let Some(browser) = Browser::open(scripts).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    sign_in(&browser, &server).await;
    open(&browser, &server, "/settings/security").await;
    browser.read("Not confirmed").await;
    browser.press("Send me the link to confirm it").await;
    browser.read("The mail with the link is made.").await;
    let link = mailed(&home, ADA, "/verify-email/").await;
    browser.goto(&link).await;
    browser.see("Confirm your email address").await;
    browser.press("Confirm the address").await;
    browser.read("Your email address is confirmed.").await;

    browser.follow("Change the address").await;
    browser.see("Change your email address").await;
    browser.fill("Email", NEW).await;
    browser.press("Send the link").await;
    browser.read("Open the link in it within a day").await;
    browser.goto(&mailed(&home, NEW, "/change-email/").await).await;
    browser.see("Use this email address").await;
    browser.press("Use this address").await;
    browser.read("Your email address is changed.").await;
    browser.read(NEW).await;

    browser.press("Sign out").await;
    browser.follow("Get a new one").await;
    browser.fill("Email", NEW).await;
    browser.press("Send the link").await;
    browser.read("a mail with a link is on its way there").await;
    let reset = mailed(&home, NEW, "/reset-password/").await;
    browser.goto(&reset).await;
    browser.see("Choose a new password").await;
    browser.fill("New password", OTHER_PASSWORD).await;
    browser.press("Set the password").await;
    browser.read("Sign in with the new one.").await;
    enter(&browser, NEW, OTHER_PASSWORD).await;
    browser.see("Settings").await;
    assert_no_complaint(&browser).await;
    // A link is for once, and says what to do now.
    browser.goto(&reset).await;
    browser.see("This link does not work").await;
    browser.read("sign in with that one").await;
    browser.close().await;
}

async fn an_end(scripts: Scripts) {
    let Some(browser) = Browser::open(scripts).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    let key = home.key(ADA, "ci");
    if scripts == Scripts::On {
        plug_in(&browser).await;
    }
    sign_in(&browser, &server).await;
    open(&browser, &server, "/settings/security").await;
    if scripts == Scripts::On {
        browser.follow("Add a passkey").await;
        browser.press("Add the passkey").await;
        browser.read("The passkey is added.").await;
        let summary = "//summary[starts-with(@aria-label, 'Remove the passkey')]";
        let found = browser.find("Remove", summary).await;
        browser.take(&found, "a summary").await;
        let button = "//button[normalize-space() = 'Remove passkey']";
        let found = browser.find("Remove passkey", button).await;
        browser.take(&found, "a button").await;
        browser.read("The passkey is removed.").await;
        browser.read("No passkeys yet").await;
    }
    browser.follow("Export my data").await;
    let copy: Value =
        serde_json::from_str(&browser.download("bloom-account.json").await).expect("JSON");
    assert_eq!(copy["account"]["email"], ADA);
    assert_eq!(copy["api_keys"][0]["name"], "ci");
    browser.follow("Delete my account").await;
    browser.see("Delete your account").await;
    browser.be_narrow_and_dark().await;
    assert_fits(&browser, "the end of an account").await;
    browser.fill("Your email address", "ada").await;
    browser.press("Delete my account").await;
    browser.read("This is not the address of your account.").await;
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|complaint| complaint.contains("422")), "{complaints:?}");
    browser.fill("Your email address", ADA).await;
    browser.press("Delete my account").await;
    browser.read("Your account is deleted.").await;
    server.account(&key).expect(401);
    assert_no_complaint(&browser).await;
    browser.close().await;
}

async fn a_team(scripts: Scripts) {
    let Some(browser) = Browser::open(scripts).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    home.account(GRACE, PASSWORD);
    let server = home.serve();
    browser.be_narrow_and_dark().await;
    sign_in(&browser, &server).await;
    browser.fill("Name of a new workspace", "Engines").await;
    browser.press("Create workspace").await;
    browser.see("Engines").await;
    for role in ["Member", "Admin"] {
        let choice = format!("//input[@id = 'role-{}']", role.to_lowercase());
        let found = browser.find(role, &choice).await;
        browser.take(&found, "a choice").await;
        browser.fill("Email", GRACE).await;
        browser.press("Invite").await;
    }
    let link = browser.find("a link", "//code[@id = 'new-link']").await;
    let link = link.text().await.expect("text");
    assert_fits(&browser, "a team").await;
    // The second one took the first one's place; that one can be taken back, and a third is sent.
    browser.press(&format!("Take back the invitation of {GRACE}")).await;
    browser.read("The invitation is taken back").await;
    browser.goto(&link).await;
    browser.see("This invitation does not work").await;
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|complaint| complaint.contains("410")), "{complaints:?}");
    browser.back().await;
    browser.fill("Email", GRACE).await;
    browser.press("Invite").await;
    let link = browser.find("a link", "//code[@id = 'new-link']").await;
    let link = link.text().await.expect("text");
    browser.press("Sign out").await;
    browser.see("Sign in").await;

    browser.goto(&link).await;
    browser.see("Join Engines").await;
    assert_fits(&browser, "an invitation").await;
    browser.follow("Sign in to join").await;
    enter(&browser, GRACE, PASSWORD).await;
    browser.see("Join Engines").await;
    browser.press("Join workspace").await;
    browser.read("You belong to this workspace now.").await;
    let team = browser.run("return location.pathname").await;
    let team = team.as_str().expect("a path").to_owned();
    browser.unfold("Leave workspace").await;
    browser.press("Leave Engines").await;
    browser.read("You left the workspace.").await;
    browser.press("Sign out").await;

    enter(&browser, ADA, PASSWORD).await;
    browser.see("Settings").await;
    open(&browser, &server, &team).await;
    browser.fill("Email", GRACE).await;
    browser.press("Invite").await;
    let link = browser.find("a link", "//code[@id = 'new-link']").await;
    let link = link.text().await.expect("text");
    let mut grace = Person::sign_in(&server, GRACE, PASSWORD);
    let path = link.strip_prefix(&server.origin()).expect("a path");
    grace.get(path).expect(200);
    grace.post(path, &[("decision", "accept")]).expect(303);
    open(&browser, &server, &team).await;
    browser.press(&format!("Make admin: {GRACE}")).await;
    browser.read("They have their new role.").await;
    browser.unfold_named(&format!("Remove {GRACE}")).await;
    browser.press(&format!("Remove from workspace: {GRACE}")).await;
    browser.read("They are removed.").await;
    browser.fill("Name of the workspace", "Looms").await;
    browser.press("Rename").await;
    browser.read("The workspace has its new name.").await;
    browser.fill("Type the name of the workspace to delete it", "Looms").await;
    browser.press("Delete workspace").await;
    browser.read("The workspace is deleted.").await;
    browser.press("Restore workspace").await;
    browser.read("The workspace is back, with everybody in it.").await;
    assert_no_complaint(&browser).await;
    browser.close().await;
}

async fn an_own_app(scripts: Scripts) {
    let Some(browser) = Browser::open(scripts).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    browser.be_narrow_and_dark().await;
    sign_in(&browser, &server).await;
    browser.follow("Manage your apps").await;
    browser.see("Your own apps").await;
    browser.read("No app yet").await;
    browser.fill("Name", "Pressroom").await;
    write(&browser, "redirect-uris", "https://press.example/cb").await;
    browser.press("Create app").await;
    browser.see("Pressroom").await;
    let secret = browser.find("a secret", "//code[@id = 'client-secret']").await;
    let first = secret.text().await.expect("text");
    secrets::note(&first);
    let token = browser.find("a token", "//code[@id = 'management-token']").await;
    secrets::note(&token.text().await.expect("text"));
    assert_fits(&browser, "a new app").await;
    browser.unfold("Replace secret").await;
    browser.press("Replace the secret").await;
    let secret = browser.find("a secret", "//code[@id = 'client-secret']").await;
    let second = secret.text().await.expect("text");
    secrets::note(&second);
    assert_ne!(first, second);
    browser.press("Switch off").await;
    browser.read("Saved. It holds from now on.").await;
    assert!(!browser.text().await.contains(&second), "the secret comes back");
    browser.press("Switch on").await;
    browser.read("Saved. It holds from now on.").await;
    browser.unfold("Delete").await;
    browser.fill("Type the name of the app to delete it", "Pressroom").await;
    browser.press("Delete the app").await;
    browser.read("The app is deleted.").await;
    browser.read("No app yet").await;
    assert_no_complaint(&browser).await;
    browser.close().await;
}
