//! Sign-in under a flood: what reads by key feel of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::Outcome;
use crate::load::{self, Connection, account_request};
use crate::process::Server;
use crate::samples::{median, percentile};
use crate::world::{PASSWORD, World, email};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const RUNS: usize = 5;
/// More people at once than may wait.
const PEOPLE: usize = 128;
/// Reads a second: about half of what bare could answer on the server's core would drown in the
/// load's own timers, so the rate is one that both sides of the comparison keep easily.
const READS_A_SECOND: f64 = 4_000.0;
const READS: usize = 12_000;

/// Alternating runs without and with the flood.
pub(crate) fn run(world: &World) -> Outcome {
    let runtime = load::runtime()?;
    let (mut calm, mut flooded) = (Vec::new(), Vec::new());
    let (done, turned_away) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut seconds = 0.0;
    for run in 0..RUNS {
        let keys = &world.keys[run * 1_000..][..1_000];
        let reads: Vec<_> = (0..READS).map(|i| account_request(&keys[i % keys.len()])).collect();
        let reads = Arc::new(reads);
        let server = world.serve()?;
        runtime
            .block_on(async {
                let latencies =
                    load::open_loop(server.address, reads.clone(), READS_A_SECOND).await?;
                calm.push(percentile(&latencies, 0.99));
                let stop = Arc::new(AtomicBool::new(false));
                let people: Vec<_> = (0..PEOPLE)
                    .map(|i| {
                        let counts = (done.clone(), turned_away.clone());
                        tokio::spawn(keep_signing_in(server.address, i, stop.clone(), counts))
                    })
                    .collect();
                tokio::time::sleep(Duration::from_millis(500)).await;
                let latencies = load::open_loop(server.address, reads, READS_A_SECOND).await?;
                flooded.push(percentile(&latencies, 0.99));
                stop.store(true, Ordering::Relaxed);
                for person in people {
                    person.await??;
                }
                Ok::<_, Failure>(())
            })
            .map_err(|error| error.to_string())?;
        seconds += 0.5 + READS as f64 / READS_A_SECOND;
        drop::<Server>(server);
    }
    let (calm, flooded) = (median(&calm), median(&flooded));
    println!("\nreads by key at {READS_A_SECOND} a second, 99th percentile, {RUNS} runs");
    println!("  nobody signs in (yardstick) {calm:>8.0} us   1.00x");
    println!("  {PEOPLE} people at once          {flooded:>8.0} us   {:.2}x", flooded / calm);
    println!(
        "  meanwhile {:.0} sign-ins a second were answered, {:.0} a second turned away with 503",
        done.load(Ordering::Relaxed) as f64 / seconds,
        turned_away.load(Ordering::Relaxed) as f64 / seconds
    );
    Ok(())
}

async fn keep_signing_in(
    address: std::net::SocketAddr,
    person: usize,
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
        PASSWORD.replace(' ', "+")
    );
    let request = format!(
        "POST /sign-in HTTP/1.1\r\nhost: {host}\r\ncookie: bloom={cookie}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    while !stop.load(Ordering::Relaxed) {
        match connection.status(request.as_bytes()).await? {
            303 => done.fetch_add(1, Ordering::Relaxed),
            503 => {
                tokio::time::sleep(Duration::from_secs(1)).await;
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
