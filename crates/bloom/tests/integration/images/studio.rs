//! Somebody with a brand to draw for.

use std::sync::atomic::{AtomicU64, Ordering};

use bloom_domain::credits::CreditBalance;
use bloom_service::jobs::worker;
use bloom_store::Database;
use serde_json::{Value, json};

use crate::credits::person::Person;
use crate::support::{Answer, App};

/// What tells the ids of rows that are written by hand from each other.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// How many files an image of the studio has: itself, and its small version.
pub(crate) const FILES: usize = 2;

/// Somebody with a key and a brand that is ready.
#[derive(Clone)]
pub(crate) struct Artist {
    pub(crate) person: Person,
    pub(crate) brand: String,
}

impl Artist {
    pub(crate) async fn new(app: &App, name: &str) -> Self {
        let person = Person::new(app, name).await;
        let brand = brand_of(app, &format!("{name}@example.com"));
        Self { person, brand }
    }

    /// The least there is to be asked for: one picture in the ratio with the fewest pixels.
    pub(crate) fn order(&self) -> Value {
        json!({ "prompt": "\"Spring sale\" 30% off", "brandSessionId": self.brand, "aspectRatio": "21:9" })
    }

    pub(crate) async fn generate(&self, order: &Value) -> Answer {
        self.ask("POST", "/generations", Some(order)).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.ask_with(method, path, body, &[]).await
    }

    pub(crate) async fn ask_with(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let headers = [&[("x-api-key", self.person.key.as_str())], headers].concat();
        let path = format!("/api/v1/images{path}");
        self.person.app.call(method, &path, &headers, body).await
    }

    /// An image as the API shows it.
    pub(crate) async fn image(&self, id: &str) -> Value {
        let answer = self.ask("GET", &format!("/{id}"), None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["data"].clone()
    }

    /// The images that were asked for.
    pub(crate) fn ids(&self, asked: &Answer) -> Vec<String> {
        assert_eq!(asked.status, 202, "{asked:?}");
        let ids = asked.json()["data"]["ids"].as_array().expect("ids").clone();
        ids.iter().map(|id| id.as_str().expect("an id").to_owned()).collect()
    }

    /// Does every job there is.
    pub(crate) async fn work(&self) {
        worker::once(&self.person.app.shared_service()).await.expect("jobs are looked at");
    }

    /// Writes something of the brand.
    pub(crate) fn set_brand(&self, set: &str) {
        let id = bytes_of(&self.person.app, &self.brand);
        self.person.app.database().run(&format!("UPDATE brands SET {set} WHERE id = {id}"));
    }

    pub(crate) fn delete_brand(&self) {
        self.set_brand("deleted_at = 1");
    }

    /// All that a refusal leaves as it was: what can be spent and what is held, each movement, what is held for whom,
    /// images and jobs.
    pub(crate) async fn standing(&self) -> (CreditBalance, Vec<String>) {
        let tables = ["credit_ledgers", "credit_holds", "credit_movements", "images", "jobs"];
        let rows = tables.iter().flat_map(|table| self.person.app.rows(table)).collect();
        (self.person.balance().await, rows)
    }

    /// How many files lie beside the database.
    pub(crate) fn files(&self) -> usize {
        count(&self.person.app.files())
    }
}

fn count(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

/// An id as SQL writes it.
pub(crate) fn bytes_of(app: &App, id: &str) -> String {
    let digits = id.replace('-', "");
    match app.database().database() {
        Database::Sqlite { .. } => format!("x'{digits}'"),
        Database::Postgres { .. } => format!("'\\x{digits}'::bytea"),
    }
}

/// A brand that is ready, in somebody's personal workspace.
pub(crate) fn brand_of(app: &App, email: &str) -> String {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let id = format!("01941f29-7c00-7ccc-8ccc-{number:012x}");
    let bytes = bytes_of(app, &id);
    app.database().run(&format!(
        "INSERT INTO brands (id, workspace_id, account_id, url, name, status, run, collect_images, created_at, \
         updated_at) SELECT {bytes}, w.id, a.id, 'https://northwind.example/', 'Northwind', 'ready', 1, 0, 1, 1 \
         FROM accounts a JOIN members m ON m.account_id = a.id JOIN workspaces w ON w.id = m.workspace_id \
         WHERE a.email = '{email}' AND w.kind = 'personal'"
    ));
    id
}

/// A form with a file for a brand, and its type.
pub(crate) fn form(brand: &str, file: &[u8]) -> (Vec<u8>, String) {
    let head = format!(
        "--frontier\r\nContent-Disposition: form-data; name=\"brandSessionId\"\r\n\r\n{brand}\r\n--frontier\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
    );
    let body = [head.as_bytes(), file, b"\r\n--frontier--\r\n"].concat();
    (body, "multipart/form-data; boundary=frontier".to_owned())
}

/// An image of a brand that is there, as a row: it has no bytes.
pub(crate) fn image_of(app: &App, brand: &str) -> String {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let id = format!("01941f29-7c00-7eee-8eee-{number:012x}");
    let (bytes, brand) = (bytes_of(app, &id), bytes_of(app, brand));
    app.database().run(&format!(
        "INSERT INTO images (id, workspace_id, brand_id, account_id, source, status, ratio, width, height, blob, \
         media_type, bytes, nonce, created_at) SELECT {bytes}, workspace_id, id, account_id, 'uploaded', \
         'completed', '4:3', 400, 300, 'images/none', 'image/png', 1, {bytes}, 1 FROM brands WHERE id = {brand}"
    ));
    id
}

/// Makes a brand ready, whatever is known of it.
pub(crate) fn make_ready(app: &App, brand: &str) {
    let id = bytes_of(app, brand);
    app.database().run(&format!("UPDATE brands SET status = 'ready' WHERE id = {id}"));
}
