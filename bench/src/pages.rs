//! Pages: how long until one is there, against bare that sends the same as constants.

use std::time::Instant;

use tokio::runtime::Runtime;

use crate::Outcome;
use crate::keys::start_bare;
use crate::load::{self, Answer, Connection};
use crate::oauth_world::Connected;
use crate::process::Server;
use crate::samples::median;
use crate::world::World;

type Error = Box<dyn std::error::Error>;

const RUNS: usize = 5;
/// Times that a page is got in a run, one after the other.
const TIMES: usize = 200;
/// What somebody sees who is signed in; the person has 100 keys.
const PAGES: [&str; 7] = [
    "/",
    "/settings",
    "/settings/security",
    "/settings/credits",
    "/settings/activity",
    "/brands",
    "/docs",
];

/// Every page beside its yardstick.
pub(crate) fn run(world: &World) -> Outcome {
    let connected = Connected::make(world)?;
    let runtime = load::runtime()?;
    println!("\npages, one connection, median time to the first byte and to the last, {RUNS} runs");
    println!("                          KiB       bare              Bloom");
    for page in PAGES {
        let request = format!(
            "GET {page} HTTP/1.1\r\nhost: {}\r\ncookie: bloom={}\r\naccept: text/html\r\n\r\n",
            connected.address.replace("127.0.0.1", "localhost"),
            connected.people[0].cookie
        );
        let (mut bare, mut own, mut size): ([Vec<f64>; 2], [Vec<f64>; 2], _) = Default::default();
        let note = |runs: &mut [Vec<f64>; 2], [first, last]: [f64; 2]| {
            runs[0].push(first);
            runs[1].push(last);
        };
        for _ in 0..RUNS {
            let server = world.serve_at(&connected.address)?;
            let (took, like) = got(&runtime, &server, &request)?;
            note(&mut own, took);
            size = like.body.len();
            drop(server);
            let server = start_bare(&like)?;
            note(&mut bare, got(&runtime, &server, &request)?.0);
        }
        let [[bare, bare_last], [own, last]] =
            [&bare, &own].map(|runs| runs.each_ref().map(|run| median(run)));
        println!(
            "  {page:<22} {:>6.1} {bare:>5.0} {bare_last:>5.0} us   {own:>5.0} {last:>5.0} us   {:.2}x {:.2}x",
            size as f64 / 1024.0,
            own / bare,
            last / bare_last
        );
    }
    Ok(())
}

/// The median time until a page began and until it was there, in microseconds, and the page.
fn got(runtime: &Runtime, server: &Server, request: &str) -> Result<([f64; 2], Answer), Error> {
    let got = runtime.block_on(async {
        let mut connection = Connection::open(server.address).await?;
        let page = connection.ask(request.as_bytes()).await?;
        if !page.head.starts_with("HTTP/1.1 200") {
            return Err(format!("a page answered {}", page.head).into());
        }
        let (mut firsts, mut lasts) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            let started = Instant::now();
            let first = connection.until_first_byte(request.as_bytes()).await?;
            firsts.push(first.as_secs_f64() * 1e6);
            lasts.push(started.elapsed().as_secs_f64() * 1e6);
        }
        let medians = [&firsts, &lasts].map(|times| median(times));
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((medians, page))
    });
    got.map_err(|error| error.to_string().into())
}
