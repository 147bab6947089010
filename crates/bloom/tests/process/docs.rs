//! The documentation as its readers have it: every link followed, every command run, a request tried.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::images::site;
use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::http::Ask;
use crate::support::page::between;
use crate::support::person::Person;
use crate::support::program::{self, Finished};
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
/// What the description of the API counts.
const OPERATIONS: usize = bloom_service::operations::ALL.len();
/// The index, six guides and the reference.
const GUIDES: usize = 8;

fn start(home: &Home) -> Server {
    let config = home.path("bloom.toml");
    let text = "[fetch]\nallow_private = true\n[limits]\nenabled = false\n";
    std::fs::write(&config, text).expect("a file");
    home.serve_with(&format!("--config {}", config.display()))
}

/// A text as HTML shows it.
fn shown(html: &str) -> String {
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    plain.iter().fold(html.to_owned(), |text, (escaped, sign)| text.replace(escaped, sign))
}

/// Everything between two texts, as often as there is something.
fn all_between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    let parts = text.split(before).skip(1);
    parts.map(|rest| rest.split(after).next().unwrap_or_default()).collect()
}

/// The commands of a page of Markdown.
fn commands(markdown: &str) -> Vec<&str> {
    all_between(markdown, "```sh\n", "\n```")
}

/// What Markdown can be linked to: its headings, as code hosts name them.
fn anchors(markdown: &str) -> BTreeSet<String> {
    let mut is_code = false;
    let mut anchors = BTreeSet::new();
    for line in markdown.lines() {
        is_code ^= line.starts_with("```");
        let heading = line.trim_start_matches('#').trim_start();
        if !is_code && heading.len() < line.len() && line.starts_with('#') {
            let name = heading.to_lowercase().replace(' ', "-");
            let name = name.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect();
            assert!(anchors.insert(name), "{line} twice");
        }
    }
    anchors
}

#[test]
fn every_link_of_the_documentation_leads_somewhere() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    // Some links lead to the settings of whoever is signed in.
    let mut ada = Person::sign_in(&server, ADA, PASSWORD);
    let origin = server.origin();
    let mut waiting = vec!["/docs".to_owned(), "/docs/llms.txt".to_owned()];
    let mut links: Vec<(String, String)> = Vec::new();
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    while let Some(path) = waiting.pop() {
        if pages.contains_key(&path) {
            continue;
        }
        let answer = ada.get(&path).expect(200);
        let is_text = path.ends_with(".md") || path.ends_with(".txt");
        let found: Vec<String> = match is_text {
            false if path.starts_with("/docs") => {
                all_between(&answer.body, " href=\"", "\"").into_iter().map(shown).collect()
            }
            true => {
                let links = all_between(&answer.body, "](", ")");
                links.into_iter().map(str::to_owned).collect()
            }
            false => Vec::new(),
        };
        assert!(!path.starts_with("/docs") || !found.is_empty(), "{path} leads nowhere");
        for link in found {
            // A page of Markdown may be read anywhere, so its links are whole.
            let inside = match is_text {
                true => link.strip_prefix(&origin).unwrap_or_else(|| panic!("{path}: {link}")),
                false => &link,
            };
            assert!(inside.starts_with(['/', '#']), "{path} leads away: {link}");
            let inside =
                if inside.starts_with('#') { format!("{path}{inside}") } else { inside.to_owned() };
            waiting.push(inside.split('#').next().unwrap_or_default().to_owned());
            links.push((path.clone(), inside));
        }
        pages.insert(path, answer.body);
    }
    for (from, to) in &links {
        let Some((path, anchor)) = to.split_once('#') else { continue };
        let body = &pages[path];
        let is_there = match path.ends_with(".md") {
            true => anchors(body).contains(anchor),
            false => body.contains(&format!(" id=\"{anchor}\"")),
        };
        assert!(is_there, "{from} leads to {to}, where nothing is called so");
    }
    assert!(links.iter().any(|(from, to)| from.ends_with(".md") && to.contains(".md#")));
    let both = |is_markdown: bool| {
        let of_docs = pages.keys().filter(|path| path.starts_with("/docs"));
        of_docs.filter(|path| path.ends_with(".md") == is_markdown).count()
    };
    // Both texts for agents are neither.
    assert_eq!((both(true), both(false)), (GUIDES + OPERATIONS, GUIDES + OPERATIONS + 2));
    for path in [
        "/docs//",
        "/docs/nothing/",
        "/docs/nothing",
        "/docs/nothing.md",
        "/docs/api/account.get.md.md",
    ] {
        let answer = ada.get(path).expect(404);
        assert!(answer.body.contains("Page not found"), "{path}");
    }
    for (path, to) in [("/docs/", "/docs"), ("/docs/mcp/?a=b", "/docs/mcp?a=b")] {
        assert_eq!(ada.get(path).expect(308).header("location"), Some(to));
    }
}

#[test]
fn the_documentation_is_for_whoever_asks() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    let page = server.get("/docs/errors").expect(200);
    assert_eq!(page.header("set-cookie"), None, "nothing on it hangs on the browser");
    let link = "</docs/errors.md>; rel=\"alternate\"; type=\"text/markdown\"";
    assert_eq!(page.header("link"), Some(link));
    let markdown = server.get("/docs/errors.md").expect(200);
    assert_eq!(markdown.header("content-type"), Some("text/markdown; charset=utf-8"));
    assert_eq!(markdown.header("cache-control"), Some("max-age=300"));
    let full = server.get("/docs/llms-full.txt").expect(200);
    assert_eq!(full.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(full.body.contains(&markdown.body));
    // What is told of the configuration is told of this server's.
    let limits = server.get("/docs/limits.md").expect(200).body;
    assert!(limits.contains("| requests with one API key | 120 in any 60 seconds |"), "{limits}");
    server.stop();
    let unlimited = start(&home);
    let limits = unlimited.get("/docs/limits.md").expect(200).body;
    assert!(limits.contains("| requests with one API key | no limit |"), "{limits}");
    // Only the pages with something to try may ask the server for anything.
    let policy = |path: &str| {
        let page = unlimited.get(path).expect(200);
        page.header("content-security-policy").expect("a policy").to_owned()
    };
    assert!(policy("/docs/api/account.get").contains("connect-src 'self'"));
    assert!(!policy("/docs/errors").contains("connect-src"));
}

/// Something at a path once nothing more becomes of it. Pixels take their time on a busy machine.
pub(crate) fn done(read: impl Fn(&str) -> Value, path: &str) -> Value {
    for _ in 0..20 {
        let found = read(&format!("{path}?wait=true&timeout=10"));
        if !["analyzing", "pending", "generating"].iter().any(|state| found["status"] == *state) {
            return found;
        }
    }
    panic!("nothing comes of {path}");
}

/// Somebody with everything that the commands name.
struct Reader<'a> {
    server: &'a Server,
    folder: TempDir,
    key: String,
    site: String,
    known: BTreeMap<&'static str, String>,
}

impl Reader<'_> {
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let text = body.map(ToString::to_string).unwrap_or_default();
        let ask = Ask::any(method, path, text).header("x-api-key", &self.key);
        let ask = ask.header("content-type", "application/json");
        let answer = self.server.send(&ask.header("accept", "application/json, text/event-stream"));
        assert!(answer.status < 300, "{answer:?}");
        answer.json()
    }

    fn brand(&self) -> String {
        let made = self.ask("POST", "/api/v1/brands", Some(&json!({ "url": self.site })));
        made["data"]["id"].as_str().expect("an id").to_owned()
    }

    fn image(&self) -> String {
        let order = json!({ "prompt": "\"Air\"", "brandSessionId": self.known["BRAND_ID"] });
        let made = self.ask("POST", "/api/v1/images/generations", Some(&order));
        made["data"]["ids"][0].as_str().expect("an id").to_owned()
    }

    fn key(&self) -> Value {
        let made = self.ask("POST", "/api/v1/api-keys", Some(&json!({ "name": "Another" })));
        made["data"].clone()
    }

    /// The token at the end of an address for a file.
    fn upload_token(&self, tool: &str, arguments: &Value) -> String {
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": tool, "arguments": arguments },
        });
        let made = self.ask("POST", "/api/mcp", Some(&call));
        let made = &made["result"]["structuredContent"];
        let url = made["uploadUrl"].as_str().or_else(|| made["uploadUrls"][0].as_str());
        let url = url.unwrap_or_else(|| panic!("no address: {made}"));
        url.rsplit('/').next().expect("a token").to_owned()
    }

    /// What a command finds in its environment. What it does away with is there for it alone.
    fn environment(&self, command: &str) -> BTreeMap<&'static str, String> {
        let mut known = self.known.clone();
        let names = |variable: &str| command.contains(variable);
        if command.contains("-X DELETE") && names("$BRAND_ID") {
            known.insert("BRAND_ID", self.brand());
        }
        if command.contains("-X DELETE") && names("$IMAGE_ID") {
            known.insert("IMAGE_ID", self.image());
        }
        if names("$KEY_ID") {
            let id = self.key()["apiKey"]["id"].as_str().expect("an id").to_owned();
            known.insert("KEY_ID", id);
        }
        if names("/self/revoke") {
            let secret = self.key()["secret"].as_str().expect("a secret").to_owned();
            known.insert("BLOOM_API_KEY", secret);
        }
        if names("$UPLOAD_TOKEN") {
            let brand = &self.known["BRAND_ID"];
            let token = match names("/logo/") {
                true => {
                    self.upload_token("bloom_create_logo_upload_url", &json!({ "brandId": brand }))
                }
                false => {
                    let arguments = json!({ "brandSessionId": brand, "count": 1 });
                    self.upload_token("bloom_create_image_upload_url", &arguments)
                }
            };
            known.insert("UPLOAD_TOKEN", token);
        }
        known
    }

    /// Runs a command as it stands, in a shell. Only that the status is told, too, is added to curl.
    fn run(&self, command: &str) -> (u16, String) {
        let script = format!(
            "curl() {{ command curl --silent --show-error --output answer --write-out '%{{http_code}}' \"$@\"; }}\n\
             {command}"
        );
        let mut shell = program::command("sh");
        shell.args(["-euc", &script]).current_dir(self.folder.path());
        shell.envs(self.environment(command));
        let Finished { code, stdout, stderr } = program::finish(shell, "");
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{command}\n{stdout}");
        let answer = std::fs::read_to_string(self.folder.path().join("answer"));
        (stdout.parse().expect("a status"), answer.unwrap_or_default())
    }
}

on_both_engines!(every_command_of_the_documentation_works, |home| {
    home.account(ADA, PASSWORD);
    let scopes = ["read", "generate", "write", "keys:admin"].map(|one| format!("--scope {one}"));
    let words = format!("keys create --account {ADA} --name docs {} --json", scopes.join(" "));
    let key = home.bloom(&words).json()["key"].as_str().expect("a key").to_owned();
    let client = format!("clients create --account {ADA} --name Robot --acts-alone --json");
    let client = home.bloom(&client).json();
    let server = start(home);
    let mut ada = Person::sign_in(&server, ADA, PASSWORD);
    ada.post("/settings/workspaces", &[("name", "Engines")]).expect(303);
    let site = format!("http://{}/", site());
    let folder = tempfile::tempdir().expect("a folder");
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images/home-light.png");
    for name in ["logo.png", "photo.png"] {
        std::fs::copy(&picture, folder.path().join(name)).expect("a picture");
    }
    let mut reader = Reader { server: &server, folder, key, site, known: BTreeMap::new() };
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
    let known = [
        ("BLOOM_API_KEY", reader.key.clone()),
        ("IMAGE_URL", format!("{}logo.svg", reader.site)),
        ("CLIENT_ID", text(&client["client_id"])),
        ("CLIENT_SECRET", text(&client["client_secret"])),
        ("BRAND_ID", reader.brand()),
    ];
    reader.known.extend(known);
    let brand = reader.known["BRAND_ID"].clone();
    let read = |path: &str| reader.ask("GET", path, None)["data"].clone();
    assert_eq!(done(read, &format!("/api/v1/brands/{brand}"))["status"], "ready");
    let image = reader.image();
    reader.known.insert("IMAGE_ID", image.clone());
    let read = |path: &str| reader.ask("GET", path, None)["data"].clone();
    assert_eq!(done(read, &format!("/api/v1/images/{image}"))["status"], "completed");
    let workspaces = reader.ask("GET", "/api/v1/workspaces", None);
    reader.known.insert("WORKSPACE_ID", text(&workspaces["data"]["workspaces"][1]["id"]));
    let token = "curl -X POST \"$ORIGIN/api/auth/oauth2/token\" -u \"$CLIENT_ID:$CLIENT_SECRET\" \
                 -d grant_type=client_credentials";
    let (status, token) = reader.run(&token.replace("$ORIGIN", &server.origin()));
    assert_eq!(status, 200, "{token}");
    let token: Value = serde_json::from_str(&token).expect("JSON");
    reader.known.insert("ACCESS_TOKEN", text(&token["access_token"]));

    let index = server.get("/docs/llms.txt").expect(200).body;
    let pages = all_between(&index, "](", ")");
    let mut ran = 0;
    for page in pages.iter().filter_map(|link| link.strip_suffix(".md")) {
        let page = page.strip_prefix(&server.origin()).expect("a page of this server");
        let markdown = server.get(&format!("{page}.md")).expect(200).body;
        let html = server.get(page).expect(200).body;
        let commands = commands(&markdown);
        // What the page shows, and copies, is what the Markdown says.
        let ids = (1..=commands.len()).map(|number| format!("<code id=\"command-{number}\">"));
        let copied = ids.map(|id| shown(between(&html, &id, "</code>").unwrap_or_default()));
        assert_eq!(copied.collect::<Vec<_>>(), commands, "{page}");
        assert!(!commands.is_empty(), "{page} shows no command");
        for command in commands {
            assert!(command.starts_with("curl ") && command.contains(&server.origin()), "{page}");
            let (status, answer) = reader.run(command);
            // One shows an error.
            let is_refused = command == format!("curl -i {}/api/v1/account", server.origin());
            let is_as_told = if is_refused { status == 401 } else { (200..300).contains(&status) };
            assert!(is_as_told, "{page}: {command}\n{status} {answer}");
            ran += 1;
        }
    }
    assert!(ran >= OPERATIONS + 15, "only {ran} commands");
});

/// A request is sent from the page of its operation, with a key that is nowhere but in its field.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_tried_on_its_page() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "docs");
    let server = home.serve();
    browser.goto(&format!("{}/docs", server.origin())).await;
    browser.see("Documentation").await;
    browser.follow("API reference").await;
    browser.see("API reference").await;
    browser.follow("credits.get").await;
    browser.see("credits.get").await;
    browser.press("Send GET").await;
    browser.read("401 Unauthorized").await;
    browser.fill("API key", &key).await;
    browser.press("Send GET").await;
    browser.read("200 OK").await;
    let shown = browser.run("return document.querySelector('[data-content]').textContent").await;
    let shown: Value = serde_json::from_str(shown.as_str().expect("text")).expect("JSON");
    assert_eq!(shown["data"]["unlimited"], true, "{shown}");
    let focused = browser.focused().await;
    assert_eq!(focused.text().await.expect("text"), "200 OK", "the answer has the focus");
    let kept = "return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])";
    let kept = browser.run(kept).await.to_string();
    assert!(!kept.contains(&key), "{kept}");
    // Nothing is left of it for whoever comes back to the page, which a browser may keep as it is.
    browser.run("dispatchEvent(new Event('pagehide'))").await;
    let field = browser.field("API key").await;
    assert_eq!(field.value().await.expect("a value").as_deref(), Some(""));

    browser.goto(&format!("{}/docs/api/brands.get", server.origin())).await;
    browser.fill("API key", &key).await;
    browser.press("Send GET").await;
    let missing = browser.focused().await;
    assert_eq!(missing.id().await.expect("an id").as_deref(), Some("try-id"));
    browser.keys("01941f29-7c00-7bbb-8bbb-bbbbbbbbbbbb").await;
    browser.keys(thirtyfour::Key::Enter + "").await;
    browser.read("404 Not Found").await;

    // What is sent along: a document, a file, and nothing.
    let tried = async |operation: &str, method: &str| {
        browser.goto(&format!("{}/docs/api/{operation}", server.origin())).await;
        browser.fill("API key", &key).await;
        browser.press(&format!("Send {method}")).await;
    };
    tried("brands.create", "POST").await;
    browser.read("202 Accepted").await;
    let made = browser.run("return document.querySelector('[data-content]').textContent").await;
    let made: Value = serde_json::from_str(made.as_str().expect("text")).expect("JSON");
    let brand = made["data"]["id"].as_str().expect("an id");
    browser.goto(&format!("{}/docs/api/images.uploadFile", server.origin())).await;
    browser.fill("API key", &key).await;
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images/home-light.png");
    let picture = picture.canonicalize().expect("a picture");
    let field = browser.find("a file", "//*[@id = 'try-file']").await;
    field.send_keys(picture.to_str().expect("text")).await.expect("a file");
    let of = browser.find("a field", "//*[@id = 'try-brandSessionId']").await;
    browser.write(&of, "brandSessionId", brand).await;
    browser.press("Send POST").await;
    browser.read("200 OK").await;
    browser.goto(&format!("{}/docs/api/brands.delete", server.origin())).await;
    browser.fill("API key", &key).await;
    let which = browser.find("a field", "//*[@id = 'try-id']").await;
    browser.write(&which, "id", brand).await;
    browser.press("Send DELETE").await;
    browser.read("200 OK").await;
    let brands = server.send(&Ask::get("/api/v1/brands").header("x-api-key", &key)).expect(200);
    assert_eq!(brands.json()["data"]["brands"], json!([]));
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|line| line.contains("status of 40")), "{complaints:?}");
    browser.close().await;
}

/// The commands that stand elsewhere than in the documentation, each as somebody without anything sees it, and what
/// programs are told by.
#[test]
fn every_command_of_the_pages_works() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = start(&home);
    let mut ada = Person::sign_in(&server, ADA, PASSWORD);
    let plain = |html: &str| {
        let signs =
            [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
        signs.iter().fold(html.to_owned(), |text, (escaped, sign)| text.replace(escaped, sign))
    };
    let command = |html: &str, id: &str| {
        let text = between(html, &format!("<code id=\"{id}\">"), "</code>");
        plain(text.unwrap_or_else(|| panic!("there is no {id}: {html}")))
    };
    let mut commands = vec![command(&server.get("/").expect(200).body, "curl")];
    for (path, id) in [
        ("/", "curl"),
        ("/settings", "curl"),
        ("/settings/credits", "curl"),
        ("/brands", "brand-curl"),
    ] {
        commands.push(command(&ada.get(path).expect(200).body, id));
    }
    let made = ada.post("/settings/api-keys", &[("name", "ci")]).expect(200).body;
    let key = crate::support::page::new_key(&made).expect("a key").to_owned();
    let with_its_key = command(&made, "new-key-curl");
    assert!(with_its_key.contains(&key), "{with_its_key}");
    commands.push(with_its_key);
    let folder = tempfile::tempdir().expect("a folder");
    let known = BTreeMap::from([("BLOOM_API_KEY", key.clone())]);
    let reader = Reader { server: &server, folder, key: key.clone(), site: String::new(), known };
    for command in commands {
        assert!(command.starts_with("curl ") && command.contains(&server.origin()), "{command}");
        let (status, answer) = reader.run(&command);
        assert!((200..300).contains(&status), "{command}\n{status} {answer}");
    }

    // Codex reads TOML, and a shell makes words of the line for Claude Code.
    let codex: toml::Table = command(&made, "snippet-codex").parse().expect("TOML");
    let codex = &codex["mcp_servers"]["bloom"];
    assert_eq!(codex["bearer_token_env_var"].as_str(), Some("BLOOM_API_KEY"));
    let claude =
        format!("claude() {{ printf '%s\\n' \"$@\"; }}\n{}", command(&made, "snippet-claude"));
    let mut shell = program::command("sh");
    shell.args(["-euc", &claude]).env("BLOOM_API_KEY", &key);
    let words = program::finish(shell, "").ok();
    let words: Vec<_> = words.lines().collect();
    let mcp = format!("{}/api/mcp", server.origin());
    let header = format!("x-api-key: {key}");
    let expected = ["mcp", "add", "--transport", "http", "bloom", &mcp, "--header", &header];
    assert_eq!(words, expected);
    // What they are told of is there, and takes what they send.
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string();
    for (name, value) in [("x-api-key", key.clone()), ("authorization", format!("Bearer {key}"))] {
        let url = codex["url"].as_str().expect("a URL");
        assert_eq!(url, mcp);
        let path = url.strip_prefix(&server.origin()).expect("a path");
        let ask = Ask::any("POST", path, hello.clone()).header(name, &value);
        let ask = ask.header("content-type", "application/json");
        let answer = server.send(&ask.header("accept", "application/json, text/event-stream"));
        assert!(answer.expect(200).body.contains("bloom_whoami"), "{name}");
    }
}
