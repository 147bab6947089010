//! OAuth: requests by access token, refresh, the dance, registration, and what reads feel of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;
use tokio::runtime::Runtime;

use crate::Outcome;
use crate::keys::{cpu_per_request, start_bare, start_yardstick};
use crate::load::{self, Answer, CONNECTIONS, Connection};
use crate::oauth_world::{Connected, Person, REDIRECT, VERIFIER, authorize_query};
use crate::process::Server;
use crate::samples::{median, percentile};
use crate::world::World;

type Error = Box<dyn std::error::Error>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

const RUNS: usize = 5;
/// Rounds over every person of a run by token; each has a token seen before.
const ROUNDS: usize = 60;
/// Refreshes, dances and registrations of one connection in a run.
const EACH: usize = 120;
/// And of the only one.
const ALONE: usize = 200;
/// Reads are sent for so many seconds in each of so many runs: a short run that the host disturbed is one of many.
const SECONDS: f64 = 1.0;
const READ_RUNS: usize = 31;
/// How many refreshes a second commit meanwhile.
const REFRESHES_A_SECOND: f64 = 500.0;

/// What of it is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    All,
    /// Refresh, dance and registration.
    Writes,
    /// What reads feel of refreshes.
    Reads,
}

/// Measures a part, or all.
pub(crate) fn run(world: &World, part: Part) -> Outcome {
    let mut connected = Connected::make(world)?;
    let runtime = load::runtime()?;
    if part == Part::All {
        by_token(world, &connected, &runtime)?;
    }
    if part != Part::Reads {
        writes(world, &mut connected, &runtime)?;
    }
    if part != Part::Writes {
        reads_beside_refreshes(world, &mut connected, &runtime)?;
    }
    Ok(())
}

fn by_token(world: &World, connected: &Connected, runtime: &Runtime) -> Outcome {
    let all: Vec<_> =
        connected.people.iter().flat_map(|person| &person.access).map(|t| request(t)).collect();
    let each: Vec<_> = connected.people.iter().map(|person| request(&person.access[0])).collect();
    let (never_seen, once) = (Arc::new(all), Arc::new(each.clone()));
    let rounds = Arc::new(vec![each; ROUNDS].concat());
    let ask = |person: &Person| introspection(&connected.client_id, &person.access[0]);
    let asked: Vec<_> = connected.people.iter().map(ask).collect();
    let asked_once = asked[0].clone();
    let asked = Arc::new(vec![asked; ROUNDS].concat());
    let (mut bare, mut warm, mut cold) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bare_asked, mut live) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let server = world.serve_at(&connected.address)?;
        cold.push(cpu_per_request(runtime, &server, &never_seen)?);
        drop(server);
        let server = world.serve_at(&connected.address)?;
        load::closed_loop(runtime, server.address, &once)?;
        warm.push(cpu_per_request(runtime, &server, &rounds)?);
        live.push(cpu_per_request(runtime, &server, &asked)?);
        let like = example(runtime, &server, &once[0])?;
        let like_asked = example(runtime, &server, &asked_once)?;
        if !like_asked.body.contains("\"active\":true") {
            return Err(format!("a live token was introspected as {}", like_asked.body).into());
        }
        drop(server);
        let server = start_bare(&like)?;
        load::closed_loop(runtime, server.address, &once)?;
        bare.push(cpu_per_request(runtime, &server, &rounds)?);
        drop(server);
        let server = start_bare(&like_asked)?;
        load::closed_loop(runtime, server.address, &once)?;
        bare_asked.push(cpu_per_request(runtime, &server, &asked)?);
    }
    let figures = [&bare, &warm, &cold, &bare_asked, &live];
    let [bare, warm, cold, bare_asked, live] = figures.map(|runs| median(runs));
    println!("\nGET /api/v1/account by access token, CPU per request, 64 connections, {RUNS} runs");
    println!("  bare axum (yardstick)    {bare:>6.2} us   1.00x");
    println!("  token seen before        {warm:>6.2} us   {:.2}x", warm / bare);
    println!("  token never seen         {cold:>6.2} us   bare + {:.1} us", cold - bare);
    let (verification, signature) = ed25519();
    println!("  one Ed25519 verification {verification:>6.2} us");
    println!("  one Ed25519 signature    {signature:>6.2} us");
    println!("introspection of a token seen before, CPU per request, 64 connections, {RUNS} runs");
    println!("  bare axum (yardstick)    {bare_asked:>6.2} us   1.00x");
    println!("  introspection            {live:>6.2} us   {:.2}x", live / bare_asked);
    Ok(())
}

/// What one verification and one signature cost here, in microseconds.
fn ed25519() -> (f64, f64) {
    use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
    const COUNT: u32 = 5_000;
    let Ok(pair) = Ed25519KeyPair::from_seed_unchecked(&[7; 32]) else {
        return (f64::NAN, f64::NAN);
    };
    let message = [7; 600];
    let signature = pair.sign(&message);
    let each = |work: &dyn Fn()| {
        let started = std::time::Instant::now();
        (0..COUNT).for_each(|_| work());
        started.elapsed().as_secs_f64() * 1e6 / f64::from(COUNT)
    };
    let verification = each(&|| {
        let key = UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref());
        let _ = std::hint::black_box(key.verify(&message, signature.as_ref()));
    });
    let signature = each(&|| {
        std::hint::black_box(pair.sign(&message));
    });
    (verification, signature)
}

fn writes(world: &World, connected: &mut Connected, runtime: &Runtime) -> Outcome {
    let mut figures: [Vec<f64>; 8] = Default::default();
    let [bare, bare_alone, refresh, alone, dance, revoke, fresh, known] = &mut figures;
    for run in 0..RUNS {
        let server = world.serve_at(&connected.address)?;
        refresh.push(refreshes(runtime, &server, connected, CONNECTIONS, EACH)?);
        alone.push(refreshes(runtime, &server, connected, 1, ALONE)?);
        let (each, granted) = dances(runtime, &server, connected, EACH)?;
        dance.push(each);
        revoke.push(revocations(runtime, &server, connected, granted)?);
        fresh.push(registrations(runtime, &server, |n| format!("App {run} {n}"))?);
        known.push(registrations(runtime, &server, |_| "App 0 0".to_owned())?);
        let body = refresh_body(&connected.client_id, &connected.people[0].refresh);
        let like = example(runtime, &server, &post("/api/auth/oauth2/token", FORM, &body))?;
        connected.people[0].refresh = refresh_token(&like)?;
        drop(server);
        let server = start_yardstick("bare-commit", &like)?;
        let request = post("/api/auth/oauth2/token", FORM, &body);
        let many = Arc::new(vec![request; CONNECTIONS * EACH]);
        bare.push(cpu_per_request(runtime, &server, &many)?);
        let before = server.cpu_micros()?;
        runtime
            .block_on(async {
                let mut connection = Connection::open(server.address).await?;
                for request in &many[..ALONE] {
                    connection.status(request).await?;
                }
                Ok::<_, Failure>(())
            })
            .map_err(|error| error.to_string())?;
        bare_alone.push((server.cpu_micros()? - before) / ALONE as f64);
    }
    let [bare, bare_alone, refresh, alone, dance, revoke, fresh, known] =
        figures.each_ref().map(|runs| median(runs));
    println!("\nwrites, CPU per request, durable, {RUNS} runs");
    println!("  bare: two signatures and a pair of rows, 64 connections (yardstick)");
    println!("                           {bare:>6.1} us   1.00x");
    println!("  refresh, 64 connections  {refresh:>6.1} us   {:.2}x", refresh / bare);
    println!("  dance, 64 connections    {dance:>6.1} us   {:.2}x", dance / bare);
    println!("  revoke a grant           {revoke:>6.1} us   {:.2}x", revoke / bare);
    println!("  register new metadata    {fresh:>6.1} us   {:.2}x", fresh / bare);
    println!("  register known metadata  {known:>6.1} us   {:.2}x", known / bare);
    println!("  the same bare, 1 connection");
    println!("                           {bare_alone:>6.1} us");
    println!("  refresh, 1 connection    {alone:>6.1} us   {:.2}x", alone / bare);
    Ok(())
}

/// Refreshes over so many connections, each with the chain of a person of its own.
fn refreshes(
    runtime: &Runtime,
    server: &Server,
    connected: &mut Connected,
    connections: usize,
    each: usize,
) -> Result<f64, Error> {
    let before = server.cpu_micros()?;
    runtime
        .block_on(async {
            let tasks: Vec<_> = connected.people[..connections]
                .iter()
                .map(|person| {
                    let (client, token) = (connected.client_id.clone(), person.refresh.clone());
                    tokio::spawn(chain(server.address, client, token, each))
                })
                .collect();
            for (task, person) in tasks.into_iter().zip(&mut connected.people) {
                person.refresh = task.await??;
            }
            Ok::<_, Failure>(())
        })
        .map_err(|error| error.to_string())?;
    Ok((server.cpu_micros()? - before) / (connections * each) as f64)
}

async fn chain(
    address: SocketAddr,
    client: String,
    mut token: String,
    count: usize,
) -> Result<String, Failure> {
    let mut connection = Connection::open(address).await?;
    for _ in 0..count {
        token = next_of_chain(&mut connection, &client, &token).await?;
    }
    Ok(token)
}

/// Refreshes once; gives the next refresh token.
pub(crate) async fn next_of_chain(
    connection: &mut Connection,
    client: &str,
    token: &str,
) -> Result<String, Failure> {
    let body = refresh_body(client, token);
    let answer = connection.ask(&post("/api/auth/oauth2/token", FORM, &body)).await?;
    refresh_token(&answer).map_err(|error| error.to_string().into())
}

/// GET authorize with a session and remembered consent, then POST token, so many times over each of 64
/// connections. Gives what one cost, and the refresh tokens of each connection.
pub(crate) fn dances(
    runtime: &Runtime,
    server: &Server,
    connected: &Connected,
    each: usize,
) -> Result<(f64, Vec<Vec<String>>), Error> {
    let before = server.cpu_micros()?;
    let granted = runtime
        .block_on(async {
            let tasks: Vec<_> = connected.people[..CONNECTIONS]
                .iter()
                .map(|person| {
                    let client = connected.client_id.clone();
                    tokio::spawn(dance(server.address, client, person.cookie.clone(), each))
                })
                .collect();
            let mut granted = Vec::new();
            for task in tasks {
                granted.push(task.await??);
            }
            Ok::<_, Failure>(granted)
        })
        .map_err(|error| error.to_string())?;
    Ok(((server.cpu_micros()? - before) / (CONNECTIONS * each) as f64, granted))
}

/// Revokes refresh tokens, and so their grants, those of each connection over one of its own.
fn revocations(
    runtime: &Runtime,
    server: &Server,
    connected: &Connected,
    granted: Vec<Vec<String>>,
) -> Result<f64, Error> {
    let count: usize = granted.iter().map(Vec::len).sum();
    let (client, address) = (&connected.client_id, server.address);
    let before = server.cpu_micros()?;
    runtime
        .block_on(async {
            let revoke = |tokens: Vec<String>| {
                let client = client.clone();
                tokio::spawn(async move {
                    let mut connection = Connection::open(address).await?;
                    for token in tokens {
                        let body = format!("client_id={client}&token={token}");
                        let request = post("/api/auth/oauth2/revoke", FORM, &body);
                        let status = connection.status(&request).await?;
                        if status != 200 {
                            return Err(Failure::from(format!("revoked with {status}")));
                        }
                    }
                    Ok(())
                })
            };
            for task in granted.into_iter().map(revoke).collect::<Vec<_>>() {
                task.await??;
            }
            Ok::<_, Failure>(())
        })
        .map_err(|error| error.to_string())?;
    Ok((server.cpu_micros()? - before) / count as f64)
}

async fn dance(
    address: SocketAddr,
    client: String,
    cookie: String,
    each: usize,
) -> Result<Vec<String>, Failure> {
    let mut connection = Connection::open(address).await?;
    let authorize = format!(
        "GET /api/auth/oauth2/authorize?{} HTTP/1.1\r\nhost: localhost:{}\r\n\
         cookie: bloom={cookie}\r\n\r\n",
        authorize_query(&client),
        address.port()
    );
    let mut granted = Vec::new();
    for _ in 0..each {
        let answer = connection.ask(authorize.as_bytes()).await?;
        let code = answer.head.split_once("code=").ok_or("no code")?.1;
        let code = code.split('&').next().unwrap_or_default();
        let body = format!(
            "grant_type=authorization_code&client_id={client}&redirect_uri={REDIRECT}\
             &code={code}&code_verifier={VERIFIER}"
        );
        let answer = connection.ask(&post("/api/auth/oauth2/token", FORM, &body)).await?;
        granted.push(refresh_token(&answer).map_err(|error| error.to_string())?);
    }
    Ok(granted)
}

fn registrations(
    runtime: &Runtime,
    server: &Server,
    name: impl Fn(usize) -> String,
) -> Result<f64, Error> {
    let requests: Vec<_> = (0..CONNECTIONS * EACH)
        .map(|n| {
            let body = format!(
                r#"{{"redirect_uris":["https://app.example/cb"],"client_name":"{}"}}"#,
                name(n)
            );
            post("/api/auth/oauth2/register", JSON, &body)
        })
        .collect();
    let next = Arc::new(AtomicUsize::new(0));
    let requests = Arc::new(requests);
    let before = server.cpu_micros()?;
    runtime
        .block_on(async {
            let tasks: Vec<_> = (0..CONNECTIONS)
                .map(|_| {
                    let (next, requests) = (next.clone(), requests.clone());
                    let address = server.address;
                    tokio::spawn(async move {
                        let mut connection = Connection::open(address).await?;
                        while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed))
                        {
                            let status = connection.status(request).await?;
                            if status != 201 {
                                return Err(Failure::from(format!("registered with {status}")));
                            }
                        }
                        Ok(())
                    })
                })
                .collect();
            for task in tasks {
                task.await??;
            }
            Ok::<_, Failure>(())
        })
        .map_err(|error| error.to_string())?;
    Ok((server.cpu_micros()? - before) / requests.len() as f64)
}

/// Reads by token, alone and while refreshes commit, beside bare's, at shares of what bare can answer.
fn reads_beside_refreshes(world: &World, connected: &mut Connected, runtime: &Runtime) -> Outcome {
    let tokens: Vec<_> =
        connected.people.iter().flat_map(|person| &person.access).map(|t| request(t)).collect();
    let server = world.serve_at(&connected.address)?;
    let like = example(runtime, &server, &tokens[0])?;
    drop(server);
    let server = start_bare(&like)?;
    let many = Arc::new(vec![tokens[0].clone(); 100_000]);
    let elapsed = load::closed_loop(runtime, server.address, &many)?;
    drop(server);
    let capacity = many.len() as f64 / elapsed.as_secs_f64();
    for (share, name) in [(2.0, "half"), (8.0, "an eighth")] {
        let rate = capacity / share;
        let [bare, calm, beside] = reads_at(world, connected, runtime, (&tokens, &like, rate))?;
        println!(
            "\nreads by token at {rate:.0} a second ({name} of what bare can answer), 99th percentile, {READ_RUNS} runs"
        );
        println!("  bare (yardstick)         {bare:>8.0} us   1.00x");
        println!("  nothing else             {calm:>8.0} us   {:.2}x", calm / bare);
        println!(
            "  {REFRESHES_A_SECOND:.0} refreshes a second   {beside:>8.0} us   {:.2}x",
            beside / bare
        );
    }
    Ok(())
}

/// The 99th percentiles of bare, of reads alone and of reads beside refreshes, at a rate.
fn reads_at(
    world: &World,
    connected: &mut Connected,
    runtime: &Runtime,
    (tokens, like, rate): (&[Vec<u8>], &Answer, f64),
) -> Result<[f64; 3], Error> {
    let count = (rate * SECONDS) as usize;
    let reads: Arc<Vec<_>> = Arc::new(tokens.iter().cycle().take(count).cloned().collect());
    let warmth = Arc::new(tokens.to_vec());
    let quiet = |server: &Server| -> Result<f64, Error> {
        let latencies = runtime.block_on(async {
            load::open_loop(server.address, warmth.clone(), rate).await?;
            load::open_loop(server.address, reads.clone(), rate).await
        });
        Ok(percentile(&latencies.map_err(|error| error.to_string())?, 0.99))
    };
    let (mut bare, mut calm, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..READ_RUNS {
        let server = start_bare(like)?;
        bare.push(quiet(&server)?);
        drop(server);
        let server = world.serve_at(&connected.address)?;
        calm.push(quiet(&server)?);
        let stop = Arc::new(AtomicBool::new(false));
        let latencies = runtime
            .block_on(async {
                let people = connected.people[..CONNECTIONS].iter().enumerate();
                let tasks: Vec<_> = people
                    .map(|(index, person)| {
                        let (client, token) = (connected.client_id.clone(), person.refresh.clone());
                        let (address, stop) = (server.address, stop.clone());
                        tokio::spawn(keep_refreshing(address, index, client, token, stop))
                    })
                    .collect();
                let latencies = load::open_loop(server.address, reads.clone(), rate).await?;
                stop.store(true, Ordering::Relaxed);
                for (task, person) in tasks.into_iter().zip(&mut connected.people) {
                    person.refresh = task.await??;
                }
                Ok::<_, Failure>(latencies)
            })
            .map_err(|error| error.to_string())?;
        beside.push(percentile(&latencies, 0.99));
    }
    Ok([&bare, &calm, &beside].map(|runs| median(runs)))
}

/// Refreshes at an even pace, each connection at a moment of its own.
async fn keep_refreshing(
    address: SocketAddr,
    index: usize,
    client: String,
    mut token: String,
    stop: Arc<AtomicBool>,
) -> Result<String, Failure> {
    let mut connection = Connection::open(address).await?;
    let pause = std::time::Duration::from_secs_f64(CONNECTIONS as f64 / REFRESHES_A_SECOND);
    let begin = tokio::time::Instant::now() + pause.mul_f64(index as f64 / CONNECTIONS as f64);
    let mut ticks = tokio::time::interval_at(begin, pause);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        token = next_of_chain(&mut connection, &client, &token).await?;
    }
    Ok(token)
}

fn example(runtime: &Runtime, server: &Server, request: &[u8]) -> Result<Answer, Error> {
    let ask = async { Connection::open(server.address).await?.ask(request).await };
    runtime.block_on(ask).map_err(|error| error.to_string().into())
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A request for the account with an access token.
fn request(token: &str) -> Vec<u8> {
    format!(
        "GET /api/v1/account HTTP/1.1\r\nhost: localhost\r\nuser-agent: bloom-bench\r\n\
         authorization: Bearer {token}\r\naccept: */*\r\n\r\n"
    )
    .into_bytes()
}

fn post(path: &str, kind: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A client asks whether a token of its own is good.
fn introspection(client: &str, token: &str) -> Vec<u8> {
    let body = format!("client_id={client}&token={token}");
    post("/api/auth/oauth2/introspect", FORM, &body)
}

fn refresh_body(client: &str, token: &str) -> String {
    format!("grant_type=refresh_token&client_id={client}&refresh_token={token}")
}

fn refresh_token(answer: &Answer) -> Result<String, Error> {
    let body: Value = serde_json::from_str(&answer.body)?;
    let token = body["refresh_token"].as_str();
    Ok(token.ok_or_else(|| format!("no refresh token: {}", answer.body))?.to_owned())
}
