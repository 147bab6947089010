//! `GET /account` by key: CPU per request, warm and cold, against bare axum.

use std::path::Path;
use std::sync::Arc;

use crate::Outcome;
use crate::load::{self, Connection, account_request};
use crate::process::Server;
use crate::samples::median;
use crate::world::World;

type Error = Box<dyn std::error::Error>;

const RUNS: usize = 7;
/// Requests of a run. Warm ones go round 1,000 keys, so that each stays below its limit of 120.
const WARM_KEYS: usize = 1_000;
const WARM_ROUNDS: usize = 40;
const COLD: usize = 40_000;

/// Alternating runs of bare, warm and cold.
pub(crate) fn run(world: &World) -> Outcome {
    let runtime = load::runtime()?;
    let all: Vec<_> = world.keys.iter().map(|key| account_request(key)).collect();
    let cold = Arc::new(all[..COLD].to_vec());
    let (mut bare, mut warm, mut first) = (Vec::new(), Vec::new(), Vec::new());
    let mut memory = Vec::new();
    for run in 0..RUNS {
        // Other keys every time: the windows of the last run are still open.
        let keys = &all[COLD + run * WARM_KEYS..][..WARM_KEYS];
        let once = Arc::new(keys.to_vec());
        let rounds = Arc::new(vec![keys; WARM_ROUNDS].concat());

        let server = world.serve()?;
        first.push(cpu_per_request(&runtime, &server, &cold)?);
        load::closed_loop(&runtime, server.address, &once)?;
        warm.push(cpu_per_request(&runtime, &server, &rounds)?);
        memory.push(server.resident_mib()?);
        let like = runtime.block_on(example(&server, &keys[0])).map_err(|e| e.to_string())?;
        drop(server);

        let server = start_bare(&like)?;
        load::closed_loop(&runtime, server.address, &once)?;
        bare.push(cpu_per_request(&runtime, &server, &rounds)?);
    }
    let [bare, warm, first] = [&bare, &warm, &first].map(|runs| median(runs));
    println!("\nGET /api/v1/account, CPU per request, 64 keep-alive connections, {RUNS} runs");
    println!("  bare axum (yardstick)    {bare:>6.2} us   1.00x");
    println!("  warm key                 {warm:>6.2} us   {:.2}x", warm / bare);
    println!("  cold key                 {first:>6.2} us   {:.2}x", first / bare);
    println!("  memory under this load   {:>6.1} MiB ({COLD} keys seen)", median(&memory));
    Ok(())
}

/// What the server spent on each of these requests, in microseconds.
pub(crate) fn cpu_per_request(
    runtime: &tokio::runtime::Runtime,
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
        .filter(|line| !line.starts_with("date:") && !line.starts_with("content-length:"))
        .collect();
    let program = std::env::current_exe()?;
    Server::start(Path::new(&program), &[kind, &like.body, &own.join("\n")])
}
