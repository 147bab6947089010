//! Images: a list among a million, and a search among 100,000, over HTTP on one connection.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bloom_domain::api_keys::KeyName;
use bloom_domain::brands::{Brand, BrandStatus};
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, BrandId, ImageId, WorkspaceId};
use bloom_domain::images::{AspectRatio, File, Image, Source, Status};
use bloom_domain::passwords::Password;
use bloom_domain::time::Timestamp;
use bloom_service::accounts::{self, NewAccount};
use bloom_service::{Operator, Settings, api_keys};
use bloom_store::{Store, Tx};
use tempfile::TempDir;

use crate::Outcome;
use crate::load::{self, Connection};
use crate::process::{Server, pin_load};
use crate::samples::{median, percentile};
use crate::world::{PASSWORD, open_with, write_secret};

type Error = Box<dyn std::error::Error>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

const RUNS: usize = 5;
/// Requests of each kind in a run.
const REQUESTS: usize = 200;
/// Images of a large library and of a small one to search, and of the lists.
const LIBRARY: u32 = 100_000;
const SMALL: u32 = 1_000;
const LISTED: u32 = 1_000_000;
/// Keys of the person: with each of them, some requests may wait at once.
const KEYS: usize = 32;
/// The number of an image that is no other's.
const UNDRAWN: u32 = 1_999_999;
/// Images that are written in one transaction.
const AT_ONCE: u32 = 5_000;
/// What captions are made of: every one has six of them, so that each word is in one of a few of all.
const WORDS: [&str; 64] = [
    "red",
    "blue",
    "golden",
    "quiet",
    "steaming",
    "wooden",
    "fresh",
    "snowy",
    "modern",
    "old",
    "coffee",
    "table",
    "puppy",
    "grass",
    "office",
    "mountain",
    "sunrise",
    "market",
    "woman",
    "beach",
    "laptop",
    "children",
    "pencils",
    "city",
    "night",
    "car",
    "highway",
    "bride",
    "cake",
    "doctor",
    "patient",
    "airplane",
    "clouds",
    "books",
    "library",
    "chef",
    "pasta",
    "kitchen",
    "guitarist",
    "stage",
    "leaves",
    "forest",
    "baby",
    "crib",
    "workers",
    "helmets",
    "panels",
    "roof",
    "bicycle",
    "bridge",
    "river",
    "flowers",
    "garden",
    "sofa",
    "lamp",
    "shoes",
    "jacket",
    "bread",
    "cheese",
    "wine",
    "horse",
    "field",
    "boat",
    "harbour",
];
/// What is looked for, in turn: some that captions spell, some that they only mean, and long ones.
const QUERIES: [&str; 8] = [
    "coffee",
    "red shoes",
    "hot drink in the morning",
    "automobile",
    "a fast red car on the highway at night with lights",
    "winter landscape",
    "people working in a modern office with laptops and books on wooden tables",
    "something to eat",
];

/// Searches among 100,000 images of a brand; the yardstick is the same among 1,000.
pub(crate) fn search(bloom: &Path) -> Outcome {
    println!("\npreparing libraries of {SMALL} and {LIBRARY} images ...");
    let world = World::make(&[SMALL, LIBRARY])?;
    pin_load()?;
    let server = world.serve(bloom)?;
    let runtime = load::runtime()?;
    let requests = world.brands.iter().map(|brand| {
        let queries = QUERIES.iter().map(|query| world.search(brand, query));
        queries.collect::<Vec<_>>()
    });
    let requests: Vec<_> = requests.collect();
    let idle = server.resident_mib()?;
    // The first search reads the library.
    let mut first = Vec::new();
    for requests in &requests {
        first.push(measure(&runtime, &server, &requests[..1], 1)?.0[0] / 1e3);
    }
    let (small, large) = alternating(&runtime, &server, &requests)?;
    let reached = server.resident_mib()?;
    println!("POST /images/search, one connection, {RUNS} runs of {REQUESTS}, milliseconds");
    print(&format!("among {SMALL} (yardstick)"), &small, &small);
    print(&format!("among {LIBRARY}"), &large, &small);
    println!("  the first search of each, which reads it: {:.1}, {:.1}", first[0], first[1]);
    println!("  memory before any, and after all: {idle:.1} MiB, {reached:.1} MiB");
    Ok(())
}

/// The newest 50 among a million images of a workspace; the yardstick is the same among 1,000.
pub(crate) fn list(bloom: &Path) -> Outcome {
    let runtime = load::runtime()?;
    let mut worlds = Vec::new();
    for count in [SMALL, LISTED] {
        println!("\npreparing a workspace of {count} images ...");
        worlds.push(World::make(&[count])?);
    }
    pin_load()?;
    for (what, path) in [
        ("the newest 50 of all", "/api/v1/images?limit=50"),
        ("the newest 50 that were brought", "/api/v1/images?limit=50&source=uploaded"),
    ] {
        let (mut small, mut large) = (Runs::default(), Runs::default());
        for _ in 0..RUNS {
            for (world, runs) in worlds.iter().zip([&mut small, &mut large]) {
                let server = world.serve(bloom)?;
                let request = [world.request("GET", path, "")];
                measure(&runtime, &server, &request, REQUESTS / 10)?;
                runs.add(measure(&runtime, &server, &request, REQUESTS)?);
            }
        }
        println!("GET {path}: {what}, one connection, {RUNS} runs of {REQUESTS}, milliseconds");
        print(&format!("among {SMALL} (yardstick)"), &small, &small);
        print(&format!("among {LISTED}"), &large, &small);
    }
    Ok(())
}

/// What came of some runs, in milliseconds: until each answer, and of the server's CPU for each.
#[derive(Default)]
struct Runs {
    took: Vec<f64>,
    p99: Vec<f64>,
    cpu: Vec<f64>,
}

impl Runs {
    fn add(&mut self, (took, cpu): (Vec<f64>, f64)) {
        self.took.push(median(&took) / 1e3);
        self.p99.push(percentile(&took, 0.99) / 1e3);
        self.cpu.push(cpu / 1e3);
    }
}

fn print(what: &str, runs: &Runs, yardstick: &Runs) {
    let [took, p99, cpu] = [&runs.took, &runs.p99, &runs.cpu].map(|figures| median(figures));
    let ratio = cpu / median(&yardstick.cpu);
    println!(
        "  {what:<28} until answered {took:>7.3}, p99 {p99:>7.3}; CPU of the server {cpu:>7.3} {ratio:>6.2}x"
    );
}

fn alternating(
    runtime: &tokio::runtime::Runtime,
    server: &Server,
    requests: &[Vec<Vec<u8>>],
) -> Result<(Runs, Runs), Error> {
    let (mut small, mut large) = (Runs::default(), Runs::default());
    for _ in 0..RUNS {
        small.add(measure(runtime, server, &requests[0], REQUESTS)?);
        large.add(measure(runtime, server, &requests[1], REQUESTS)?);
    }
    Ok((small, large))
}

/// Sends requests in turn, each as soon as the one before is answered: the microseconds that each took, and those of
/// the server's CPU for one.
pub(crate) fn measure(
    runtime: &tokio::runtime::Runtime,
    server: &Server,
    requests: &[Vec<u8>],
    count: usize,
) -> Result<(Vec<f64>, f64), Error> {
    let before = server.cpu_micros()?;
    let took = runtime
        .block_on(async {
            let mut connection = Connection::open(server.address).await?;
            let mut took = Vec::new();
            for request in requests.iter().cycle().take(count) {
                let started = Instant::now();
                let status = connection.status(request).await?;
                took.push(started.elapsed().as_secs_f64() * 1e6);
                if status != 200 {
                    return Err(Failure::from(format!("answered {status}")));
                }
            }
            Ok(took)
        })
        .map_err(|error| error.to_string())?;
    Ok((took, (server.cpu_micros()? - before) / count as f64))
}

/// Somebody's brands, each with so many images, and their keys.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) keys: Vec<String>,
    pub(crate) brands: Vec<BrandId>,
}

/// Whose the images are.
#[derive(Clone, Copy)]
struct Whose {
    workspace: WorkspaceId,
    brand: BrandId,
    account: AccountId,
    now: Timestamp,
}

impl World {
    pub(crate) fn make(counts: &[u32]) -> Result<Self, Error> {
        let folder = tempfile::tempdir()?;
        write_secret(folder.path())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (keys, brands) = runtime.block_on(async {
            let settings = Settings::at("http://localhost:8080");
            let (store, service) = open_with(folder.path(), settings).await?;
            let service = Arc::new(service);
            let operator = Operator::at_the_command_line();
            let email = Email::parse("ada@example.com").map_err(|error| error.to_string())?;
            let password =
                Password::parse(PASSWORD.to_owned()).map_err(|error| error.to_string())?;
            let new = NewAccount { email: email.clone(), name: None, password };
            let account = accounts::create(&service, &operator, new).await?.id;
            let name = KeyName::parse("bench").map_err(|error| error.to_string())?;
            let mut keys = Vec::new();
            for _ in 0..KEYS {
                let terms = name.clone().into();
                let new = api_keys::create_for(&service, &operator, &email, terms).await?;
                keys.push(new.secret.expose().to_owned());
            }
            let mut brands = Vec::new();
            for (number, count) in (1..).zip(counts) {
                let brand = BrandId::from_bytes([number; 16]);
                fill(&store, account, brand, *count, service.now()).await?;
                brands.push(brand);
            }
            service.close().await?;
            store.close();
            Ok::<_, Error>((keys, brands))
        })?;
        Ok(Self { folder, keys, brands })
    }

    pub(crate) fn serve(&self, bloom: &Path) -> Result<Server, Error> {
        let data = self.folder.path().display().to_string();
        let arguments = ["serve", "--data", &data, "--listen", "127.0.0.1:0"];
        // Few keys ask for all of it.
        Server::start_with(bloom, &arguments, &[("BLOOM_LIMITS_ENABLED", "false")])
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        self.request_with(&self.keys[0], method, path, body)
    }

    /// A request with one of the keys.
    pub(crate) fn request_with(&self, key: &str, method: &str, path: &str, body: &str) -> Vec<u8> {
        let length = body.len();
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bloom-bench\r\nx-api-key: {key}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\
             accept: application/json, text/event-stream\r\n\r\n{body}"
        )
        .into_bytes()
    }

    fn search(&self, brand: &BrandId, query: &str) -> Vec<u8> {
        let body = serde_json::json!({ "brandSessionId": brand.to_string(), "query": query });
        self.request("POST", "/api/v1/images/search", &body.to_string())
    }
}

impl World {
    /// An image of the first brand that nobody draws, so that whoever waits for it goes on waiting.
    pub(crate) fn leave_undrawn(&self) -> Result<ImageId, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let brand = self.brands[0];
        runtime.block_on(async {
            let settings = Settings::at("http://localhost:8080");
            let (store, service) = open_with(self.folder.path(), settings).await?;
            let service = Arc::new(service);
            let now = service.now();
            let write = move |tx: &mut Tx<'_>| {
                let found = bloom_store::brands::find_any(tx, brand)?;
                let Some(found) = found.map(|found| found.brand) else { return Ok(None) };
                let (workspace, account) = (found.workspace, found.made_by);
                let whose = Whose { workspace, brand, account, now };
                let undrawn = Image {
                    status: Status::Pending,
                    file: None,
                    source: Source::Generated,
                    ..image(UNDRAWN, whose)
                };
                bloom_store::images::insert(tx, &undrawn)?;
                Ok(Some(undrawn.id))
            };
            let id = store.write(write).await?.ok_or("a brand")?;
            service.close().await?;
            store.close();
            Ok(id)
        })
    }
}

async fn fill(
    store: &Store,
    account: AccountId,
    brand: BrandId,
    count: u32,
    now: Timestamp,
) -> Outcome {
    let write = move |tx: &mut Tx<'_>| {
        let Some(workspace) = bloom_store::workspaces::find_personal(tx, account)? else {
            return Ok(None);
        };
        let row = Brand {
            id: brand,
            workspace: workspace.id,
            made_by: account,
            url: "https://northwind.example/".to_owned(),
            name: "Northwind".to_owned(),
            status: BrandStatus::Ready,
            run: 1,
            findings: None,
            corrections: None,
            collects_images: false,
            wanted_logo: None,
            logo: None,
            logo_error: None,
            image_count: 0,
            created_at: now,
            updated_at: now,
        };
        bloom_store::brands::insert(tx, &row)?;
        // A new one is about to be read: this one was.
        bloom_store::brands::update(tx, &row, row.run)?;
        Ok(Some(workspace.id))
    };
    let workspace = store.write(write).await?.ok_or("a workspace")?;
    let whose = Whose { workspace, brand, account, now };
    for begin in (0..count).step_by(AT_ONCE as usize) {
        let write = move |tx: &mut Tx<'_>| {
            for number in begin..(begin + AT_ONCE).min(count) {
                let image = image(number, whose);
                bloom_store::images::insert(tx, &image)?;
                let caption = image.description.as_deref().unwrap_or_default();
                bloom_store::image_captions::insert(tx, brand, image.id, caption)?;
            }
            Ok(())
        };
        store.write(write).await?;
    }
    Ok(())
}

/// An image that came some time ago; one of ten was brought.
fn image(number: u32, whose: Whose) -> Image {
    let mixed = u64::from(number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut entropy = [0; 10];
    entropy[..8].copy_from_slice(&mixed.to_be_bytes());
    let caption: Vec<_> =
        (0..6_u32).map(|word| WORDS[(mixed >> (28 + 6 * word)) as usize % WORDS.len()]).collect();
    let created_at = whose.now.minus(Duration::from_millis(u64::from(2_000_000 - number)));
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&mixed.to_be_bytes());
    Image {
        id: ImageId::new(created_at, &entropy),
        workspace: whose.workspace,
        brand: whose.brand,
        made_by: whose.account,
        source: if number.is_multiple_of(10) { Source::Uploaded } else { Source::Scraped },
        action: None,
        status: Status::Completed,
        failure: None,
        prompt: None,
        description: Some(caption.join(" ")),
        ratio: AspectRatio::from_word("4:3"),
        size: Some((400, 300)),
        variant_group: None,
        parent: None,
        engine: None,
        file: Some(File {
            blob: format!("images/{number}"),
            media_type: "image/png".to_owned(),
            bytes: 1,
            digest: None,
        }),
        nonce,
        paid_by: None,
        created_at,
    }
}
