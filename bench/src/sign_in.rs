//! Sign-in under a flood: what reads by key feel of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::Outcome;
use crate::keys::start_bare;
use crate::load::{self, Connection, account_request};
use crate::process::{Server, stolen_micros};
use crate::samples::{median, percentile};
use crate::world::{PASSWORD, World, email};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const RUNS: usize = 5;
/// More people at once than may wait.
const PEOPLE: usize = 128;
/// Keys of a run, so many that none meets its limit.
const KEYS: usize = 5_000;
/// How long reads are sent.
const SECONDS: f64 = 3.0;

/// A flood of wrong passwords, as an attack is one, and one of right ones, each of which ends in a
/// durable commit.
pub(crate) fn run(world: &World) -> Outcome {
    flood(world, "wrong passwords", "wrong password")?;
    flood(world, "right passwords", PASSWORD)
}

/// Alternating runs without and with the flood.
fn flood(world: &World, what: &str, password: &'static str) -> Outcome {
    let runtime = load::runtime()?;
    let (mut calm, mut flooded) = (Tails::default(), Tails::default());
    let (done, turned_away) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut seconds = 0.0;
    // An eighth of what bare can answer: at more, the load tool itself runs out of its core.
    let rate = bare_capacity(&runtime, world)? / 8.0;
    let count = (rate * SECONDS) as usize;
    for run in 0..RUNS {
        let keys: Vec<_> =
            world.keys[run * KEYS..][..KEYS].iter().map(|key| account_request(key)).collect();
        let reads = Arc::new((0..count).map(|i| keys[i % KEYS].clone()).collect::<Vec<_>>());
        let warmth = Arc::new(keys);
        let server = world.serve()?;
        runtime
            .block_on(async {
                // Once for warmth: a server's first answers are slower whoever signs in.
                load::open_loop(server.address, warmth.clone(), rate).await?;
                let before = stolen_micros()?;
                let latencies = load::open_loop(server.address, reads.clone(), rate).await?;
                calm.add(&latencies, stolen_micros()? - before);
                let stop = Arc::new(AtomicBool::new(false));
                let people: Vec<_> = (0..PEOPLE)
                    .map(|i| {
                        let counts = (done.clone(), turned_away.clone());
                        tokio::spawn(keep_signing_in(
                            server.address,
                            (i, password),
                            stop.clone(),
                            counts,
                        ))
                    })
                    .collect();
                tokio::time::sleep(Duration::from_millis(500)).await;
                let before = stolen_micros()?;
                let latencies = load::open_loop(server.address, reads, rate).await?;
                flooded.add(&latencies, stolen_micros()? - before);
                stop.store(true, Ordering::Relaxed);
                for person in people {
                    person.await??;
                }
                Ok::<_, Failure>(())
            })
            .map_err(|error| error.to_string())?;
        seconds += 0.5 + SECONDS;
        drop::<Server>(server);
    }
    println!(
        "\nreads by key at {rate:.0} a second (an eighth of what bare can answer), {RUNS} runs"
    );
    calm.print("nobody signs in (yardstick)", &calm);
    flooded.print(&format!("{PEOPLE} people, {what}"), &calm);
    println!(
        "  meanwhile {:.0} sign-ins a second were answered, {:.0} a second turned away with 503",
        done.load(Ordering::Relaxed) as f64 / seconds,
        turned_away.load(Ordering::Relaxed) as f64 / seconds
    );
    Ok(())
}

/// The slowest reads of several runs.
#[derive(Default)]
struct Tails {
    p99: Vec<f64>,
    p98: Vec<f64>,
    /// For how much of the time the host kept the server's core from this machine: on a core that is
    /// shared or rationed, reads wait for that too.
    stolen: Vec<f64>,
}

impl Tails {
    fn add(&mut self, latencies: &[f64], stolen_micros: f64) {
        self.p99.push(percentile(latencies, 0.99));
        self.p98.push(percentile(latencies, 0.98));
        self.stolen.push(stolen_micros / (SECONDS * 1e6));
    }

    fn print(&self, what: &str, calm: &Self) {
        let (p99, p98) = (median(&self.p99), median(&self.p98));
        let stolen = self.stolen.iter().sum::<f64>() / self.stolen.len() as f64;
        println!(
            "  {what:<28} p99 {p99:>6.0} us {:>6.2}x   p98 {p98:>6.0} us {:>6.2}x   stolen by the host {:.2} %",
            p99 / median(&calm.p99),
            p98 / median(&calm.p98),
            stolen * 100.0
        );
    }
}

/// Requests a second that bare answers in a closed loop.
fn bare_capacity(
    runtime: &tokio::runtime::Runtime,
    world: &World,
) -> Result<f64, Box<dyn std::error::Error>> {
    let request = account_request(&world.keys[0]);
    let server = world.serve()?;
    let like = runtime
        .block_on(async { Connection::open(server.address).await?.ask(&request).await })
        .map_err(|error| error.to_string())?;
    drop(server);
    let server = start_bare(&like)?;
    let requests = Arc::new(vec![request; 100_000]);
    let elapsed = load::closed_loop(runtime, server.address, &requests)?;
    Ok(requests.len() as f64 / elapsed.as_secs_f64())
}

async fn keep_signing_in(
    address: std::net::SocketAddr,
    (person, password): (usize, &'static str),
    stop: Arc<AtomicBool>,
    (done, turned_away): (Arc<AtomicUsize>, Arc<AtomicUsize>),
) -> Result<(), Failure> {
    let mut connection = Connection::open(address).await?;
    let host = format!("localhost:{}", address.port());
    let page = format!("GET /sign-in HTTP/1.1\r\nhost: {host}\r\n\r\n");
    let form = connection.ask(page.as_bytes()).await?;
    let cookie = between(&form.head, "bloom=", ";").ok_or("no cookie")?;
    let token = between(&form.body, "name=\"form_token\" value=\"", "\"").ok_or("no token")?;
    let body = format!(
        "form_token={token}&email={}&password={}",
        email(person).replace('@', "%40"),
        password.replace(' ', "+")
    );
    let request = format!(
        "POST /sign-in HTTP/1.1\r\nhost: {host}\r\ncookie: bloom={cookie}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    while !stop.load(Ordering::Relaxed) {
        match connection.status(request.as_bytes()).await? {
            303 | 401 => done.fetch_add(1, Ordering::Relaxed),
            503 => {
                // As told by Retry-After, and not all in the same instant.
                let apart = Duration::from_millis(person as u64 * 7 % 1_000);
                tokio::time::sleep(Duration::from_secs(1) + apart).await;
                turned_away.fetch_add(1, Ordering::Relaxed)
            }
            other => return Err(format!("sign-in answered {other}").into()),
        };
    }
    Ok(())
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}
