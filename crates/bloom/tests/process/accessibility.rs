//! Every page in a real browser before axe-core, which knows what keeps people with assistive technology from
//! using it. It comes from npm with the other test packages.

use std::path::Path;

use serde_json::json;

use crate::every_page::{ADA, PASSWORD, Place, faults, furnish, open, sign_in, start, strangers};
use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::secrets;
use crate::support::server::Server;

/// axe-core, if it could be installed.
pub(crate) fn axe() -> Option<String> {
    let Ok(folder) = std::env::var("TEST_NODE_CLIENTS") else {
        eprintln!("skipped: TEST_NODE_CLIENTS is not set");
        return None;
    };
    let path = Path::new(&folder).join("node_modules/axe-core/axe.min.js");
    Some(std::fs::read_to_string(path).expect("axe-core"))
}

/// What axe-core may leave undecided, and why that is well: how such a line begins.
const UNDECIDED: [(&str, &str); 2] = [
    (
        "undecided color-contrast elmPartiallyObscured in a table that scrolls:",
        "on a narrow screen its cells are cut at the edge; on the wide one the same cells are decided",
    ),
    (
        "undecided color-contrast shortTextContent",
        "one character could be a picture; it has the colours of the words beside it",
    ),
];

/// What axe-core finds on the page that is open, in the colours it has and in the others: `rule: element`; and what it
/// cannot decide, but for [`UNDECIDED`].
pub(crate) async fn violations(browser: &Browser, axe: &str) -> Vec<String> {
    let mut found = Vec::new();
    for scheme in ["light", "dark"] {
        let script = format!(
            "document.documentElement.dataset.theme = '{scheme}'; {axe}; \
             axe.run({{ resultTypes: ['violations', 'incomplete'] }}).then((run) => {{ \
             const of = (rules, line) => rules.flatMap((rule) => rule.nodes.map((node) => line(rule.id, node))); \
             const why = (node) => [...node.any, ...node.all, ...node.none].map((one) => one.data?.messageKey); \
             const at = (node) => document.querySelector(node.target[0])?.closest('.scroll') \
             ? ' in a table that scrolls' : ''; \
             return [...of(run.violations, (id, node) => `${{id}}: ${{node.html}} ${{node.failureSummary}}`), \
             ...of(run.incomplete, (id, node) => `undecided ${{id}} ${{why(node)}}${{at(node)}}: ${{node.html}}`)] }})"
        );
        let run = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let answer = browser.tell("Runtime.evaluate", run).await;
        let lines = answer["result"]["value"].as_array();
        let lines = lines.unwrap_or_else(|| panic!("axe-core does not run: {answer}"));
        let lines = lines.iter().map(|line| line.as_str().unwrap_or(""));
        let lines =
            lines.filter(|line| !UNDECIDED.iter().any(|(known, _)| line.starts_with(known)));
        found.extend(lines.map(|line| format!("{scheme}: {line}")));
    }
    found
}

/// Looks at pages on a wide screen and then on a narrow one, and panics with all that is wrong with any.
async fn look_at(browser: &Browser, axe: &str, server: &Server, paths: &[String]) {
    let mut wrong = Vec::new();
    for (width, is_known) in [(1200, false), (360, true)] {
        browser.resize(width, 740).await;
        for path in paths {
            open(browser, server, path).await;
            let mut of_this = faults(browser, is_known).await;
            of_this.extend(violations(browser, axe).await);
            wrong.extend(of_this.into_iter().map(|line| format!("{path} at {width}: {line}")));
        }
    }
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
}

fn paths(places: Vec<Place>) -> Vec<String> {
    places.into_iter().map(|place| place.path).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_a_stranger_keeps_anybody_out() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let server = home.serve();
    let mut paths = paths(strangers());
    let index = server.get("/docs/llms.txt").expect(200).body;
    let docs = index.split("](").skip(1).filter_map(|rest| rest.split(".md)").next());
    paths.extend(docs.filter_map(|url| url.strip_prefix(&server.origin()).map(str::to_owned)));
    paths.retain(|path| !path.contains("spec.json"));
    paths.sort_unstable();
    paths.dedup();
    assert!(paths.len() > 40, "{paths:?}");
    look_at(&browser, &axe, &server, &paths).await;
    // A form that was not taken.
    browser.goto(&format!("{}/sign-in", server.origin())).await;
    browser.press("Sign in").await;
    browser.find("a summary", "//*[@role = 'alert']").await;
    assert_eq!(violations(&browser, &axe).await, Vec::<String>::new());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_a_person_keeps_anybody_out() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    let paths = paths(furnish(&home, &server));
    sign_in(&browser, &server).await;
    look_at(&browser, &axe, &server, &paths).await;
    // A new key with all there is to copy, and a form that was not taken.
    for name in ["Laptop", ""] {
        browser.goto(&format!("{}/settings", server.origin())).await;
        browser.fill("Name of the key", name).await;
        browser.press("Create key").await;
        let xpath = if name.is_empty() { "//*[@role = 'alert']" } else { "//*[@id = 'new-key']" };
        browser.find("what came of it", xpath).await;
        browser.run("document.querySelectorAll('.snippets details').forEach((one) => { one.name = ''; one.open = true })").await;
        let mut wrong = faults(&browser, true).await;
        wrong.extend(violations(&browser, &axe).await);
        assert_eq!(wrong, Vec::<String>::new());
    }
    // A key that was looked up.
    open(&browser, &server, "/settings/which-key").await;
    browser.press("Find the key").await;
    browser.find("what came of it", "//*[@role = 'alert']").await;
    assert_eq!(violations(&browser, &axe).await, Vec::<String>::new());
    browser.close().await;
}

/// What a page is wrong in, however it came about.
pub(crate) async fn assert_open_to_all(browser: &Browser, axe: &str, what: &str) {
    let mut wrong = Vec::new();
    for width in [1200, 360] {
        browser.resize(width, 740).await;
        let mut faults = faults(browser, false).await;
        // What a form leads to is one round trip further.
        faults.retain(|fault| !fault.contains("round trips"));
        wrong.extend(faults);
        wrong.extend(violations(browser, axe).await);
    }
    assert_eq!(wrong, Vec::<String>::new(), "{what}");
}

/// The pages before there is anything: the server's first account, every list without a line, the plans; and those that
/// are there for a moment, a secret that is shown once and a form that failed.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_somebody_new_keeps_anybody_out() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let config = home.path("bloom.toml");
    std::fs::write(&config, "[billing]\nenabled = true\n").expect("a file");
    let server = home.serve_with(&format!("--config {}", config.display()));
    browser.goto(&server.origin()).await;
    browser.see("Your brands and images, by API").await;
    assert_open_to_all(&browser, &axe, "an empty server").await;
    let printed = server.printed("or with: bloom account create");
    secrets::note_those_in(&printed);
    let link = printed.lines().find(|line| line.contains("/setup/")).expect("a link").trim();
    browser.goto(link).await;
    assert_open_to_all(&browser, &axe, "the first account").await;
    browser.fill("Email", ADA).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Create account").await;
    browser.see("Settings").await;
    for path in [
        "/settings",
        "/settings/credits",
        "/settings/activity",
        "/settings/developer",
        "/settings/security",
        "/brands",
        "/images",
    ] {
        open(&browser, &server, path).await;
        assert_open_to_all(&browser, &axe, path).await;
    }
    open(&browser, &server, "/settings/developer").await;
    browser.fill("Name", "Pressroom").await;
    let field = browser.find("a field", "//*[@id = 'redirect-uris']").await;
    field.send_keys("https://press.example/cb").await.expect("a field");
    browser.press("Create app").await;
    browser.see("Pressroom").await;
    for id in ["client-secret", "management-token"] {
        let shown = browser.find(id, &format!("//code[@id = '{id}']")).await;
        secrets::note(&shown.text().await.expect("text"));
    }
    assert_open_to_all(&browser, &axe, "a secret that is shown once").await;
    open(&browser, &server, "/settings").await;
    browser.fill("Name of the key", "Laptop").await;
    home.bloom(&format!("account sign-out --email {ADA}")).ok();
    browser.press("Create key").await;
    browser.see("You are signed out").await;
    browser.read("What you sent is kept here").await;
    assert_open_to_all(&browser, &axe, "a form that failed").await;
    browser.close().await;
}
