//! A real browser, used as a person uses it: things are found by their labels and words, and taken with the mouse. One
//! without scripts is used with the keyboard alone, is as narrow as a telephone, and shows the dark colours, so that
//! each way through the pages that is tried both with scripts and without them is one for all these people.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use thirtyfour::{ChromiumLikeCapabilities, LoggingPrefsLogLevel, TypingData, WindowHandle};

use super::secrets;

/// How long a page may take to show something.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often somebody presses Tab before they give up.
const MOST_TABS: usize = 250;

/// The width of a small telephone, in CSS pixels.
const NARROW: u32 = 360;

const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--force-prefers-reduced-motion",
    // A name of this machine that browsers do not take for it: what they allow only at home, they do not there.
    "--host-resolver-rules=MAP bloom.lan 127.0.0.1",
];

/// Whether the browser runs scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scripts {
    On,
    Off,
}

/// A browser with a profile of its own.
pub(crate) struct Browser {
    driver: WebDriver,
    /// Everything is reached by Tab.
    by_keyboard: bool,
    folder: TempDir,
}

/// Looks again until a file is there.
async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} is not saved");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Browser {
    /// `None` when there is no driver: then the test has said that it is skipped.
    pub(crate) async fn open(scripts: Scripts) -> Option<Self> {
        Self::open_with(scripts, &[]).await
    }

    /// The same with more flags.
    pub(crate) async fn open_with(scripts: Scripts, flags: &[&str]) -> Option<Self> {
        let Ok(url) = std::env::var("TEST_CHROMEDRIVER_URL") else {
            eprintln!("skipped: TEST_CHROMEDRIVER_URL is not set");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let downloads = folder.path().join("downloads");
        std::fs::create_dir(&downloads).expect("a folder");
        let mut wanted = DesiredCapabilities::chrome();
        let mut prefs = json!({
            "download.default_directory": downloads,
            "download.prompt_for_download": false,
        });
        if scripts == Scripts::Off {
            prefs["profile.managed_default_content_settings.javascript"] = 2.into();
        }
        let profile = format!("--user-data-dir={}", folder.path().join("profile").display());
        for flag in FLAGS.iter().chain(flags).copied().chain([profile.as_str()]) {
            wanted.add_arg(flag).expect("a flag");
        }
        wanted.add_experimental_option("prefs", prefs).expect("preferences");
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All).expect("a level");
        wanted.set_logging_prefs("performance", LoggingPrefsLogLevel::All).expect("a level");
        if let Ok(chromium) = std::env::var("TEST_CHROMIUM") {
            wanted.set_binary(&chromium).expect("a path");
        }
        let driver = WebDriver::new(url, wanted).await.expect("the browser starts");
        let browser = Self { driver, by_keyboard: scripts == Scripts::Off, folder };
        if browser.by_keyboard {
            browser.be_narrow_and_dark().await;
        }
        Some(browser)
    }

    /// By night, on a telephone: in the tab that is open.
    pub(crate) async fn be_narrow_and_dark(&self) {
        let feature = json!({ "name": "prefers-color-scheme", "value": "dark" });
        self.tell("Emulation.setEmulatedMedia", json!({ "features": [feature] })).await;
        self.resize(NARROW, 740).await;
    }

    pub(crate) async fn close(self) {
        self.driver.quit().await.expect("the browser ends");
    }

    pub(crate) async fn goto(&self, address: &str) {
        self.driver.goto(address).await.expect(address);
    }

    /// Where the browser is, or tries to be, once that begins so.
    pub(crate) async fn arrive(&self, at: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let address = self.driver.current_url().await.expect("an address").to_string();
            if address.starts_with(at) {
                return address;
            }
            assert!(Instant::now() < deadline, "not at {at} but at {address}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The address beginning so for which the browser leaves, once it does: its policy lets it, whether
    /// or not something is there that takes it.
    pub(crate) async fn leaves_for(&self, begin: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            for entry in self.driver.get_log("performance").await.expect("the log") {
                let entry: Value = serde_json::from_str(&entry.message).expect("JSON");
                let event = &entry["message"];
                let address = event["params"]["documentURL"].as_str().unwrap_or_default();
                if event["method"] == "Network.requestWillBeSent" && address.starts_with(begin) {
                    return address.to_owned();
                }
            }
            assert!(Instant::now() < deadline, "it does not leave for {begin}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The first thing on the page that can be seen and that an XPath finds.
    pub(crate) async fn find(&self, what: &str, xpath: &str) -> WebElement {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.look(xpath).await {
                return found;
            }
            if Instant::now() > deadline {
                panic!("there is no {what} on the page:\n{}", self.text().await);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn look(&self, xpath: &str) -> Option<WebElement> {
        for found in self.driver.find_all(By::XPath(xpath)).await.ok()? {
            if found.is_displayed().await.unwrap_or(false) {
                return Some(found);
            }
        }
        None
    }

    /// Whether something that an XPath finds is to be seen now.
    pub(crate) async fn shows(&self, xpath: &str) -> bool {
        self.look(xpath).await.is_some()
    }

    /// Goes back to the page before.
    pub(crate) async fn back(&self) {
        self.driver.back().await.expect("there is one");
    }

    /// Opens another tab, which shares all that this one has, and goes there; gives the one that was left.
    pub(crate) async fn other_tab(&self) -> WindowHandle {
        let left = self.driver.window().await.expect("a tab");
        let other = self.driver.new_tab().await.expect("another tab");
        self.driver.switch_to_window(other).await.expect("it is there");
        if self.by_keyboard {
            self.be_narrow_and_dark().await;
        }
        left
    }

    /// Goes to a tab.
    pub(crate) async fn to_tab(&self, tab: WindowHandle) {
        self.driver.switch_to_window(tab).await.expect("it is there");
    }

    /// Whether there is a button with this name to be seen.
    pub(crate) async fn has_button(&self, name: &str) -> bool {
        self.look(&named("button", name)).await.is_some()
    }

    /// The page's heading, once it is this.
    pub(crate) async fn see(&self, heading: &str) {
        self.find(heading, &named("h1", heading)).await;
        if self.by_keyboard {
            let width = self.run("return document.documentElement.scrollWidth").await;
            assert!(width.as_u64() <= Some(NARROW.into()), "“{heading}” is {width} wide");
        }
    }

    /// Text that is somewhere on the page, once it is.
    pub(crate) async fn read(&self, text: &str) {
        let xpath = format!("//main//*[contains(normalize-space(), {})]", quoted(text));
        self.find(text, &xpath).await;
    }

    /// All that can be read.
    pub(crate) async fn text(&self) -> String {
        match self.driver.find(By::Tag("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        }
    }

    pub(crate) async fn press(&self, button: &str) {
        let found = self.find(button, &named("button", button)).await;
        self.take(&found, button).await;
    }

    /// Opens what a summary hides.
    pub(crate) async fn unfold(&self, summary: &str) {
        let found = self.find(summary, &named("summary", summary)).await;
        self.take(&found, summary).await;
    }

    /// The same for one with a label of its own.
    pub(crate) async fn unfold_named(&self, label: &str) {
        let xpath = format!("//summary[@aria-label = {}]", quoted(label));
        let found = self.find(label, &xpath).await;
        self.take(&found, label).await;
    }

    pub(crate) async fn follow(&self, link: &str) {
        let found = self.find(link, &named("a", link)).await;
        self.take(&found, link).await;
    }

    /// The input with a label.
    pub(crate) async fn field(&self, label: &str) -> WebElement {
        let xpath = format!(
            "//input[@id = //label[normalize-space() = {0} or starts-with(normalize-space(), \
             concat({0}, ' ('))]/@for]",
            quoted(label)
        );
        self.find(label, &xpath).await
    }

    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        self.write(&field, label, text).await;
    }

    /// Types into a field, in place of what stands there.
    pub(crate) async fn write(&self, field: &WebElement, what: &str, text: &str) {
        if !self.by_keyboard {
            field.clear().await.expect(what);
            field.send_keys(text).await.expect(what);
            return;
        }
        self.reach(field, what).await;
        let all = self.driver.action_chain().key_down(Key::Control).send_keys("a");
        all.key_up(Key::Control).perform().await.expect(what);
        self.keys(Key::Delete + "").await;
        self.keys(text).await;
    }

    /// Presses a button, follows a link, opens a summary, ticks a box or picks one of several.
    pub(crate) async fn take(&self, found: &WebElement, what: &str) {
        if !self.by_keyboard {
            found.click().await.expect(what);
            return;
        }
        self.reach(found, what).await;
        let kind = "const [one] = arguments; return one.tagName === 'OPTION' ? 'option' : one.type";
        match self.ask(kind, found).await.as_str() {
            Some("checkbox") => self.keys(" ").await,
            Some("radio" | "option") => self.step_to(found, what).await,
            _ => self.keys(Key::Enter + "").await,
        }
    }

    /// Presses Tab until the focus is there; of several of which one is picked, on any of them.
    async fn reach(&self, found: &WebElement, what: &str) {
        let is_there = "const [one] = arguments, here = document.activeElement; \
                        return here === one || here === one.closest('select') || (one.type === 'radio' \
                        && here.type === 'radio' && here.name === one.name && here.form === one.form)";
        for _ in 0..MOST_TABS {
            if self.ask(is_there, found).await == true {
                return;
            }
            self.keys(Key::Tab + "").await;
        }
        panic!("the keyboard does not reach {what}:\n{}", self.text().await);
    }

    async fn step_to(&self, found: &WebElement, what: &str) {
        for _ in 0..MOST_TABS {
            if found.is_selected().await.expect(what) {
                return;
            }
            self.keys(Key::Down + "").await;
        }
        panic!("the keyboard does not step to {what}");
    }

    /// Asks the page something about a thing on it.
    async fn ask(&self, script: &str, about: &WebElement) -> Value {
        let about = about.to_json().expect("a name for it");
        self.driver.execute(script, vec![about]).await.expect(script).json().clone()
    }

    /// Presses keys wherever the focus is.
    pub(crate) async fn keys(&self, keys: impl Into<TypingData>) {
        self.driver.action_chain().send_keys(keys).perform().await.expect("keys are pressed");
    }

    /// Where the focus is.
    pub(crate) async fn focused(&self) -> WebElement {
        self.driver.active_element().await.expect("something has the focus")
    }

    /// The secret of the key that was just made.
    pub(crate) async fn new_key(&self, name: &str) -> String {
        let heading = format!("Your key “{name}”");
        let xpath = format!("//section[h3[normalize-space() = {}]]/pre/code", quoted(&heading));
        let key = self.find(&heading, &xpath).await.text().await.expect("text");
        secrets::note(&key);
        key
    }

    /// Runs a script for the test, beside those of the page.
    pub(crate) async fn run(&self, script: &str) -> Value {
        let done = self.driver.execute(script, Vec::new()).await.expect(script);
        done.json().clone()
    }

    /// Asks the browser by its own protocol.
    pub(crate) async fn tell(&self, method: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(method, parameters).await.expect(method)
    }

    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tell("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// What the browser complained of since the last time.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.driver.browser_log().await.expect("the log");
        // What it only remarks is not a complaint: that a fragment wins over `autofocus`, say.
        let log = log.into_iter().filter(|entry| entry.level != "INFO" && entry.level != "DEBUG");
        log.map(|entry| format!("{}: {}", entry.level, entry.message)).collect()
    }

    /// A file that was saved, once it is whole.
    pub(crate) async fn download(&self, name: &str) -> String {
        let path = self.folder.path().join("downloads").join(name);
        // The browser makes the file before it writes into it.
        let saved = || std::fs::read_to_string(&path).ok().filter(|saved| !saved.is_empty());
        until(name, saved).await
    }

    /// Waits for the beginning of a file: the browser has it, and asks its person about it.
    pub(crate) async fn begins_to_save(&self, name: &str) {
        let path = self.folder.path().join("downloads").join(format!("{name}.crdownload"));
        until(name, || path.exists().then_some(())).await;
    }

    /// The bytes of the one file that was saved with an extension, once it is whole.
    pub(crate) async fn saved(&self, extension: &str) -> Vec<u8> {
        let folder = self.folder.path().join("downloads");
        let saved = || {
            let saved = std::fs::read_dir(&folder).expect("a folder").filter_map(Result::ok);
            let mut paths = saved.map(|file| file.path());
            // While it is written it has another.
            let found = paths.find(|path| path.extension().is_some_and(|is| is == extension));
            found.and_then(|path| std::fs::read(path).ok()).filter(|bytes| !bytes.is_empty())
        };
        until(extension, saved).await
    }

    /// A picture of the whole page.
    pub(crate) async fn picture(&self, path: &Path) {
        self.shoot(json!({ "format": "png", "captureBeyondViewport": true }), path).await;
    }

    /// The same in fewer bytes.
    pub(crate) async fn small_picture(&self, path: &Path) {
        let how = json!({ "format": "jpeg", "quality": 70, "captureBeyondViewport": true });
        self.shoot(how, path).await;
    }

    async fn shoot(&self, how: Value, path: &Path) {
        use base64::Engine;
        let answer = self.tell("Page.captureScreenshot", how).await;
        let data = answer["data"].as_str().expect("a picture");
        let bytes = base64::engine::general_purpose::STANDARD.decode(data).expect("base64");
        std::fs::write(path, bytes).expect("a file");
    }
}

/// An element with this name: what a label says of it, or its words, those for screen readers included.
fn named(tag: &str, name: &str) -> String {
    format!("//{tag}[@aria-label = {0} or normalize-space() = {0}]", quoted(name))
}

fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "XPath has no escapes");
    format!("\"{text}\"")
}
