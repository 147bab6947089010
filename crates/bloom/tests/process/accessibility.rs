//! Every page in a real browser before axe-core, which knows what keeps people with assistive technology from
//! using it. It comes from npm with the other test packages.

use std::path::Path;

use serde_json::json;

use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
/// axe-core, if it could be installed.
fn axe() -> Option<String> {
    let Ok(folder) = std::env::var("TEST_NODE_CLIENTS") else {
        eprintln!("skipped: TEST_NODE_CLIENTS is not set");
        return None;
    };
    let path = Path::new(&folder).join("node_modules/axe-core/axe.min.js");
    Some(std::fs::read_to_string(path).expect("axe-core"))
}

/// What axe-core finds on the page that is open, in the colours it has and in the others: `rule: element`.
async fn violations(browser: &Browser, axe: &str) -> Vec<String> {
    let mut found = Vec::new();
    for scheme in ["light", "dark"] {
        let script = format!(
            "document.documentElement.dataset.theme = '{scheme}'; {axe}; axe.run({{ resultTypes: ['violations'] }})\
             .then((run) => run.violations.flatMap((rule) => rule.nodes.map((node) => \
             `${{rule.id}}: ${{node.html}} ${{node.failureSummary}}`)))"
        );
        let run = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let answer = browser.tell("Runtime.evaluate", run).await;
        let lines = answer["result"]["value"].as_array();
        let lines = lines.unwrap_or_else(|| panic!("axe-core does not run: {answer}"));
        found.extend(lines.iter().map(|line| format!("{scheme}: {}", line.as_str().unwrap_or(""))));
    }
    found
}

/// Looks at pages, and panics with all that is wrong with any.
async fn look_at(browser: &Browser, axe: &str, server: &Server, paths: &[String]) {
    let mut wrong = Vec::new();
    for path in paths {
        browser.goto(&format!("{}{path}", server.origin())).await;
        let here = browser.run("return location.pathname").await;
        let meant = path.split(['?', '#']).next().unwrap_or_default();
        assert_eq!(here, meant, "{path} leads on");
        for line in violations(browser, axe).await {
            wrong.push(format!("{path}: {line}"));
        }
    }
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
}

fn texts(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_a_stranger_keeps_anybody_out() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    let mut paths =
        texts(&["/", "/sign-in", "/sign-up", "/reset-password", "/report-key", "/nothing"]);
    let index = server.get("/docs/llms.txt").expect(200).body;
    let docs = index.split("](").skip(1).filter_map(|rest| rest.split(".md)").next());
    paths.extend(docs.filter_map(|url| url.strip_prefix(&server.origin()).map(str::to_owned)));
    paths.retain(|path| !path.contains("spec.json"));
    assert!(paths.len() > 40, "{paths:?}");
    look_at(&browser, &axe, &server, &paths).await;
    // A form that was not taken.
    browser.goto(&format!("{}/sign-in", server.origin())).await;
    browser.press("Sign in").await;
    browser.find("a summary", "//*[@role = 'alert']").await;
    assert_eq!(violations(&browser, &axe).await, Vec::<String>::new());
    browser.close().await;
}
