//! Images that are on their way: what reads feel of a full queue, what those cost who wait, and what a tool call
//! costs beside the request that does the same.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::Outcome;
use crate::images::{World, measure};
use crate::load::{self, Connection, account_request};
use crate::samples::{median, percentile};

type Error = Box<dyn std::error::Error>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

const RUNS: usize = 5;
/// Images of the library.
const LIBRARY: u32 = 1_000;
/// Orders of five images each that fill the queue.
const ORDERS: usize = 40;
/// How long reads are sent in a run, and how many a second: few enough for a core that draws as well.
const SECONDS: f64 = 3.0;
const READS: f64 = 2_000.0;
/// Requests that wait, and how long each would.
const WAITING: usize = 1_000;
const PATIENCE: u32 = 240;
/// Requests of each kind in a run.
const CALLS: usize = 2_000;

/// The 99th percentile of reads by key while pictures are drawn; the yardstick is the same before.
pub(crate) fn queue(bloom: &Path) -> Outcome {
    println!("\npreparing a library of {LIBRARY} images ...");
    let world = World::make(&[LIBRARY])?;
    crate::process::pin_load()?;
    let runtime = load::runtime()?;
    let count = (READS * SECONDS) as usize;
    let reads: Vec<_> =
        (0..count).map(|i| account_request(&world.keys[i % world.keys.len()])).collect();
    let reads = Arc::new(reads);
    let body = serde_json::json!({
        "brandSessionId": world.brands[0].to_string(),
        "prompt": "\"Wild coffee\" button \"Shop now\"",
        "variantCount": 5,
    });
    let order = world.request("POST", "/api/v1/images/generations", &body.to_string());
    let (mut calm, mut full, mut drawn) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let server = world.serve(bloom)?;
        runtime
            .block_on(async {
                load::open_loop(server.address, reads.clone(), READS).await?;
                let latencies = load::open_loop(server.address, reads.clone(), READS).await?;
                calm.push(percentile(&latencies, 0.99));
                let mut connection = Connection::open(server.address).await?;
                for _ in 0..ORDERS {
                    let answer = connection.ask(&order).await?;
                    if !answer.head.starts_with("HTTP/1.1 202") {
                        return Err(Failure::from(format!("answered {}", answer.head)));
                    }
                }
                let before = server.cpu_micros().map_err(|error| error.to_string())?;
                let latencies = load::open_loop(server.address, reads.clone(), READS).await?;
                let after = server.cpu_micros().map_err(|error| error.to_string())?;
                full.push(percentile(&latencies, 0.99));
                drawn.push((after - before) / (SECONDS * 1e6));
                Ok(())
            })
            .map_err(|error| error.to_string())?;
    }
    let [calm, full, busy] = [&calm, &full, &drawn].map(|runs| median(runs));
    println!(
        "\nreads by key at {READS:.0} a second, 99th percentile, {RUNS} runs; the server has one core"
    );
    println!("  nothing is drawn (yardstick)     {calm:>7.0} us   1.00x");
    println!(
        "  {:>4} images are to be drawn       {full:>7.0} us   {:.2}x",
        ORDERS * 5,
        full / calm
    );
    println!("  meanwhile the server used {:.0} % of its core", busy * 100.0);
    Ok(())
}

/// Memory of a server while requests wait for an image.
pub(crate) fn polls(bloom: &Path) -> Outcome {
    println!("\npreparing a library of {LIBRARY} images ...");
    let world = World::make(&[LIBRARY])?;
    let id = world.leave_undrawn()?;
    crate::process::pin_load()?;
    let runtime = load::runtime()?;
    let path = format!("/api/v1/images/{id}?wait=true&timeout={PATIENCE}");
    let (mut grown, mut used) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let server = world.serve(bloom)?;
        let warm: Vec<_> = world.keys.iter().map(String::as_str).map(account_request).collect();
        measure(&runtime, &server, &warm, CALLS)?;
        let before = server.resident_mib()?;
        let waiting = runtime.block_on(async {
            let mut tasks = Vec::new();
            for number in 0..WAITING {
                let key = &world.keys[number % world.keys.len()];
                let request = world.request_with(key, "GET", &path, "");
                let mut connection = Connection::open(server.address).await?;
                tasks.push(tokio::spawn(async move { connection.status(&request).await }));
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
            let answered = tasks.iter().filter(|task| task.is_finished()).count();
            if answered > 0 {
                return Err(Failure::from(format!("{answered} did not wait")));
            }
            Ok(tasks)
        });
        let waiting = waiting.map_err(|error| error.to_string())?;
        grown.push(server.resident_mib()? - before);
        let cpu = server.cpu_micros()?;
        std::thread::sleep(Duration::from_secs(2));
        used.push((server.cpu_micros()? - cpu) / 2e4);
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    }
    let [grown, used] = [&grown, &used].map(|runs| median(runs));
    println!("\n{WAITING} requests that wait for an image, {RUNS} runs");
    println!("  {grown:.1} MiB more than before; {used:.2} % of a core while nothing happens");
    Ok(())
}

/// A tool call beside the request that answers the same.
pub(crate) fn tools(bloom: &Path) -> Outcome {
    println!("\npreparing a library of {LIBRARY} images ...");
    let world = World::make(&[LIBRARY])?;
    crate::process::pin_load()?;
    let runtime = load::runtime()?;
    let text = |request: Vec<u8>| String::from_utf8_lossy(&request).into_owned();
    let call = |name: &str, arguments: serde_json::Value| {
        let body = serde_json::json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": name, "arguments": arguments },
        });
        text(world.request("POST", "/api/mcp", &body.to_string()))
    };
    let brand = world.brands[0].to_string();
    let pairs = [
        (
            "credits",
            text(world.request("GET", "/api/v1/credits", "")),
            call("bloom_check_credits", serde_json::json!({})),
        ),
        (
            "a brand",
            text(world.request("GET", &format!("/api/v1/brands/{brand}"), "")),
            call("bloom_get_brand", serde_json::json!({ "brandId": brand, "wait": false })),
        ),
    ];
    println!(
        "\none connection, CPU of the server per request, microseconds, {RUNS} runs of {CALLS}"
    );
    for (what, request, call) in &pairs {
        let (mut rest, mut tool) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let server = world.serve(bloom)?;
            let cost = |request: &str| -> Result<f64, Error> {
                // The MCP server answers to its own host only, port included.
                let host = format!("host: localhost:{}", server.address.port());
                let requests = [request.replacen("host: localhost", &host, 1).into_bytes()];
                let ask = async { Connection::open(server.address).await?.ask(&requests[0]).await };
                let answer = runtime.block_on(ask).map_err(|error| error.to_string())?;
                // A tool that fails answers 200, too.
                if answer.body.contains("\"isError\":true") {
                    return Err(format!("the tool answered {}", answer.body).into());
                }
                measure(&runtime, &server, &requests, CALLS / 10)?;
                Ok(measure(&runtime, &server, &requests, CALLS)?.1)
            };
            rest.push(cost(request)?);
            tool.push(cost(call)?);
        }
        let [rest, tool] = [&rest, &tool].map(|runs| median(runs));
        println!(
            "  {what:<10} API (yardstick) {rest:>6.1}   MCP {tool:>6.1}   {:+.1}",
            tool - rest
        );
    }
    Ok(())
}
