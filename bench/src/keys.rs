//! `GET /account` by key: CPU per request, warm and cold, against bare axum, among few keys and many.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::Outcome;
use crate::load::{self, Connection, account_request};
use crate::many_keys;
use crate::process::{self, Server};
use crate::samples::median;
use crate::world::World;

type Error = Box<dyn std::error::Error>;

const RUNS: usize = 7;
/// Requests of a run. Warm ones go round 1,000 keys, so that each stays below its limit of 120.
const WARM_KEYS: usize = 1_000;
const WARM_ROUNDS: usize = 40;
/// At most so many keys are shown for the first time.
const COLD: usize = 40_000;
/// How many keys there are with `keys` and with `keys-large`, beside those that came about by the verbs.
const MANY: u64 = 1_000_000;
const LARGE: [u64; 3] = [100_000, 1_000_000, 10_000_000];
/// Until what a server does at its start is done.
const SETTLED: Duration = Duration::from_millis(500);

/// A world, and how many keys are in it.
struct Among<'a> {
    keys: u64,
    world: &'a World,
}

/// What was measured in one world.
#[derive(Default)]
struct Figures {
    warm: Vec<f64>,
    cold: Vec<f64>,
    memory: Vec<f64>,
}

/// The requests of one run.
struct Requests {
    cold: Arc<Vec<Vec<u8>>>,
    once: Arc<Vec<Vec<u8>>>,
    rounds: Arc<Vec<Vec<u8>>>,
}

/// Among 100,000 keys, every one of which came about by the verbs, and among a million.
pub(crate) fn run(world: &World) -> Outcome {
    let many = filled(world, MANY)?;
    measure(&[Among { keys: world.keys.len() as u64, world }, Among { keys: MANY, world: &many }])
}

/// The same keys among nobody else's and among up to ten million.
pub(crate) fn large(bloom: &Path) -> Outcome {
    let own = World::with(bloom, 1)?;
    let more = LARGE.map(|keys| filled(&own, keys));
    let more = more.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut worlds = vec![Among { keys: own.keys.len() as u64, world: &own }];
    worlds.extend(LARGE.into_iter().zip(&more).map(|(keys, world)| Among { keys, world }));
    process::pin_load()?;
    measure(&worlds)
}

/// A copy of a world, filled up to so many keys.
fn filled(world: &World, keys: u64) -> Result<World, Error> {
    let copy = world.copy()?;
    many_keys::fill(&copy, keys.saturating_sub(world.keys.len() as u64))?;
    Ok(copy)
}

/// Alternating runs of bare and of each world, warm and cold.
fn measure(worlds: &[Among<'_>]) -> Outcome {
    let runtime = load::runtime()?;
    let Some(first) = worlds.first() else { return Ok(()) };
    let all: Vec<_> = first.world.keys.iter().map(|key| account_request(key)).collect();
    let mut bare = Figures::default();
    let mut figures: Vec<Figures> = worlds.iter().map(|_| Figures::default()).collect();
    for run in 0..RUNS {
        let requests = Requests::of(&all, run);
        let mut like = None;
        for (among, figures) in worlds.iter().zip(&mut figures) {
            let server = among.world.serve()?;
            figures.take(&runtime, &server, &requests)?;
            let example = runtime.block_on(example(&server, &requests.once[0]));
            like = Some(example.map_err(|error| error.to_string())?);
        }
        if let Some(like) = like {
            bare.take(&runtime, &start_bare(&like)?, &requests)?;
        }
    }
    let cold = all.len().min(COLD);
    report(&bare, &figures, worlds, cold);
    Ok(())
}

fn report(bare: &Figures, figures: &[Figures], worlds: &[Among<'_>], cold: usize) {
    let [warm_bare, cold_bare] = [&bare.warm, &bare.cold].map(|runs| median(runs));
    println!(
        "\nGET /api/v1/account by a key with scope, workspace, addresses, end and budget, CPU per request,"
    );
    println!("64 keep-alive connections, {RUNS} runs; cold: {cold} keys once each");
    println!("                                 warm            cold            memory");
    println!(
        "  bare axum (yardstick)     {warm_bare:>6.2} us 1.00x {cold_bare:>6.2} us 1.00x {:>8.1} MiB",
        median(&bare.memory)
    );
    for (Figures { warm, cold, memory }, Among { keys, .. }) in figures.iter().zip(worlds) {
        let [warm, cold, memory] = [warm, cold, memory].map(|runs| median(runs));
        println!(
            "  among {keys:>10} keys     {warm:>6.2} us {:.2}x {cold:>6.2} us {:.2}x {memory:>8.1} MiB",
            warm / warm_bare,
            cold / cold_bare,
        );
    }
    println!("  bare from {}, so that a jump of it shows", spread(&bare.warm));
}

/// The least and the most of some figures.
pub(crate) fn spread(figures: &[f64]) -> String {
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let most = figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{least:.1} to {most:.1}")
}

impl Requests {
    /// Where there are enough keys, those that are warm are others than those that are cold, and others in
    /// each run.
    fn of(all: &[Vec<u8>], run: usize) -> Self {
        let (cold, rest) = all.split_at(all.len().min(COLD));
        let keys = rest.get(run * WARM_KEYS..(run + 1) * WARM_KEYS).unwrap_or(&cold[..WARM_KEYS]);
        let [cold, once] = [cold, keys].map(|some| Arc::new(some.to_vec()));
        Self { cold, once, rounds: Arc::new(vec![keys; WARM_ROUNDS].concat()) }
    }
}

impl Figures {
    fn take(&mut self, runtime: &Runtime, server: &Server, requests: &Requests) -> Outcome {
        std::thread::sleep(SETTLED);
        self.cold.push(cpu_per_request(runtime, server, &requests.cold)?);
        load::closed_loop(runtime, server.address, &requests.once)?;
        self.warm.push(cpu_per_request(runtime, server, &requests.rounds)?);
        self.memory.push(server.resident_mib()?);
        Ok(())
    }
}

/// What the server spent on each of these requests, in microseconds.
pub(crate) fn cpu_per_request(
    runtime: &Runtime,
    server: &Server,
    requests: &Arc<Vec<Vec<u8>>>,
) -> Result<f64, Error> {
    let before = server.cpu_micros()?;
    load::closed_loop(runtime, server.address, requests)?;
    Ok((server.cpu_micros()? - before) / requests.len() as f64)
}

/// An answer for bare to imitate.
async fn example(
    server: &Server,
    request: &[u8],
) -> Result<load::Answer, Box<dyn std::error::Error + Send + Sync>> {
    Connection::open(server.address).await?.ask(request).await
}

/// Bare, with the headers of an answer of Bloom but those that hyper adds by itself.
pub(crate) fn start_bare(like: &load::Answer) -> Result<Server, Error> {
    start_yardstick("bare", like)
}

/// A yardstick that answers as Bloom did.
pub(crate) fn start_yardstick(kind: &str, like: &load::Answer) -> Result<Server, Error> {
    let own: Vec<_> = like
        .head
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty())
        // The yardstick's server writes these itself.
        .filter(|line| {
            !["date:", "content-length:", "transfer-encoding:"]
                .iter()
                .any(|name| line.starts_with(name))
        })
        .collect();
    let program = std::env::current_exe()?;
    Server::start(Path::new(&program), &[kind, &like.body, &own.join("\n")])
}
