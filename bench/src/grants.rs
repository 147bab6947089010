//! Many grants: what a refresh costs among them, and what is felt while those that have ended leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bloom_domain::access::Access;
use bloom_domain::digest::Digest;
use bloom_domain::grants::{Grant, GrantState, Refresh};
use bloom_domain::ids::{ClientId, ConnectionId, GrantId};
use bloom_domain::time::Timestamp;
use bloom_oauth::pkce::CodeChallenge;
use bloom_service::{Service, housekeeping};
use bloom_store::{Store, accounts, connections, grants, setup_links};
use tokio::runtime::Runtime;

use crate::Outcome;
use crate::load::{self, CONNECTIONS, Connection};
use crate::oauth::{dances, next_of_chain};
use crate::oauth_world::Connected;
use crate::process::Server;
use crate::samples::{median, percentile};
use crate::world::{World, email};

type Error = Box<dyn std::error::Error>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

const RUNS: usize = 5;
/// Grants of each connection that are refreshed, so 1,024 in all, and how many times in a run.
const EACH: usize = 16;
const ROUNDS: usize = 8;
/// Grants around them, and with `grants-large`.
const MANY: u64 = 1_000_000;
const VERY_MANY: u64 = 10_000_000;
/// Grants that are written in one transaction.
const AT_ONCE: u64 = 10_000;
/// People whose grants those are: none of those whose grants are refreshed.
const OTHERS: std::ops::Range<usize> = 500..1_000;
/// Grants that have ended, which leave while somebody writes.
const ENDED: u64 = 100_000;
/// How long somebody writes when nothing leaves, and how often.
const CALM: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(1);
/// In which those that have ended were made.
const AN_HOUR: Duration = Duration::from_secs(3_600);
/// Longer than a grant is kept after its end.
const LONG_AGO: Duration = Duration::from_secs(30 * 86_400);

/// Refreshes among few grants and among many, in alternation.
pub(crate) fn run(world: &World, is_large: bool) -> Outcome {
    let connected = Connected::make(world)?;
    let runtime = load::runtime()?;
    let began = now();
    let server = world.serve_at(&connected.address)?;
    let (_, granted) = dances(&runtime, &server, &connected, EACH)?;
    drop(server);
    let made = (began, now());
    let around = if is_large { VERY_MANY } else { MANY };
    println!("preparing {around} grants around {} ...", CONNECTIONS * EACH);
    let many = world.copy()?;
    let alive = made.1.plus(LONG_AGO);
    filled(&many, &connected, around, made, alive)?;
    refreshes(&[world, &many], &connected, &runtime, granted, around)
}

/// What has ended leaves, beside durable writes.
pub(crate) fn sweep(world: &World) -> Outcome {
    let connected = Connected::make(world)?;
    let made = (now().minus(AN_HOUR), now());
    let ended = world.copy()?;
    filled(&ended, &connected, ENDED, made, made.0.minus(LONG_AGO))?;
    swept(&ended, &connected, made)
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

fn refreshes(
    worlds: &[&World; 2],
    connected: &Connected,
    runtime: &Runtime,
    granted: Vec<Vec<String>>,
    around: u64,
) -> Outcome {
    let mut chains = [granted.clone(), granted];
    let mut costs: [Vec<f64>; 2] = Default::default();
    let mut memory: [Vec<f64>; 2] = Default::default();
    for _ in 0..RUNS {
        for (index, world) in worlds.iter().enumerate() {
            let server = world.serve_at(&connected.address)?;
            costs[index].push(rounds(runtime, &server, connected, &mut chains[index])?);
            memory[index].push(server.resident_mib()?);
        }
    }
    let [few, many] = costs.each_ref().map(|runs| median(runs));
    let [few_mib, many_mib] = memory.each_ref().map(|runs| median(runs));
    let count = CONNECTIONS * EACH;
    println!("\nrefresh, CPU per request, 64 connections, {count} grants in turn, {RUNS} runs");
    println!("  of {count} (yardstick)         {few:>6.1} us   1.00x   {few_mib:>6.1} MiB");
    println!(
        "  among {around} more      {many:>6.1} us   {:.2}x   {many_mib:>6.1} MiB",
        many / few
    );
    Ok(())
}

/// Refreshes every token in turn, some rounds; leaves the newest tokens.
fn rounds(
    runtime: &Runtime,
    server: &Server,
    connected: &Connected,
    chains: &mut [Vec<String>],
) -> Result<f64, Error> {
    let address = server.address;
    let before = server.cpu_micros()?;
    runtime
        .block_on(async {
            let refresh = |mut tokens: Vec<String>| {
                let client = connected.client_id.clone();
                tokio::spawn(async move {
                    let mut connection = Connection::open(address).await?;
                    for _ in 0..ROUNDS {
                        for token in &mut tokens {
                            *token = next_of_chain(&mut connection, &client, token).await?;
                        }
                    }
                    Ok::<_, Failure>(tokens)
                })
            };
            let tasks: Vec<_> = chains.iter_mut().map(|own| refresh(std::mem::take(own))).collect();
            for (task, own) in tasks.into_iter().zip(chains) {
                *own = task.await??;
            }
            Ok::<_, Failure>(())
        })
        .map_err(|error| error.to_string())?;
    Ok((server.cpu_micros()? - before) / (CONNECTIONS * EACH * ROUNDS) as f64)
}

/// Writes grants whose ids lie among those that were made in a span of time, all with the same end.
fn filled(
    world: &World,
    connected: &Connected,
    count: u64,
    made: (Timestamp, Timestamp),
    ends_at: Timestamp,
) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let client: ClientId = connected.client_id.parse().map_err(|_| "a client's id")?;
    runtime
        .block_on(async {
            let (store, service) =
                world.open("http://localhost").await.map_err(|e| e.to_string())?;
            fill(&store, client, count, made, ends_at).await?;
            finish(Arc::new(service), store).await
        })
        .map_err(|error| error.to_string().into())
}

async fn fill(
    store: &Store,
    client: ClientId,
    count: u64,
    (first, last): (Timestamp, Timestamp),
    ends_at: Timestamp,
) -> Result<(), Failure> {
    let others = store.write(move |tx| {
        let mut others = Vec::new();
        for index in OTHERS {
            let address = bloom_domain::email::Email::parse(&email(index)).ok();
            let account =
                address.map(|address| accounts::find_by_email(tx, &address)).transpose()?;
            let Some(account) = account.flatten() else { continue };
            let id = ConnectionId::new(first, &scattered(index as u64));
            connections::insert(tx, id, account.id, client, first)?;
            others.push(id);
        }
        Ok(others)
    });
    let others: Arc<Vec<_>> = Arc::new(others.await?);
    for begin in (0..count).step_by(usize::try_from(AT_ONCE)?) {
        let others = others.clone();
        let write = move |tx: &mut bloom_store::Tx<'_>| {
            for number in begin..(begin + AT_ONCE).min(count) {
                let (at, noise) = (moment((first, last), number, count), scattered(number));
                let mut digest = [0; 32];
                digest[..noise.len()].copy_from_slice(&noise);
                let digest = Digest::from_bytes(digest);
                let connection = others[usize::from(noise[0]) * others.len() / 256];
                let grant = Grant {
                    id: GrantId::new(at, &noise),
                    connection,
                    redirect_uri: "https://app.example/callback".to_owned(),
                    challenge: CodeChallenge::from_bytes(*digest.as_bytes()),
                    scope: "openid profile email offline_access".to_owned(),
                    access: Access::All,
                    nonce: None,
                    signed_in_at: at,
                    created_at: at,
                    state: GrantState::Approved { wrong_verifiers: 0 },
                    ends_at,
                };
                grants::insert(tx, &grant, None)?;
                let refresh = Refresh { generation: 3, digest };
                grants::redeem(tx, grant.id, at, Some(refresh), ends_at)?;
            }
            Ok(())
        };
        store.write(write).await?;
    }
    Ok(())
}

/// When one of so many grants was made.
fn moment((first, last): (Timestamp, Timestamp), number: u64, count: u64) -> Timestamp {
    let span = (last.unix_micros() - first.unix_micros()).unsigned_abs();
    first.plus(Duration::from_micros(span * number / count))
}

/// Ten bytes that look random.
pub(crate) fn scattered(number: u64) -> [u8; 10] {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&mixed.to_be_bytes());
    bytes[8..].copy_from_slice(&mixed.to_le_bytes()[2..4]);
    bytes
}

/// How long a small durable write takes, when nothing leaves and while everything that has ended does.
fn swept(world: &World, connected: &Connected, made: (Timestamp, Timestamp)) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let origin = format!("http://{}", connected.address);
    let (calm, beside, took, rounds) = runtime
        .block_on(async {
            let (store, service) = world.open(&origin).await.map_err(|e| e.to_string())?;
            let service = Arc::new(service);
            let stop = Arc::new(AtomicBool::new(false));
            let writing = tokio::spawn(keep_writing(store.clone(), stop.clone(), 0));
            tokio::time::sleep(CALM).await;
            stop.store(true, Ordering::Relaxed);
            let calm = writing.await??;
            stop.store(false, Ordering::Relaxed);
            let writing = tokio::spawn(keep_writing(store.clone(), stop.clone(), 1 << 40));
            let started = Instant::now();
            // A round ends where it meets little that has ended; the next one goes on from there.
            let mut rounds = 0;
            while is_one_left(&store, made).await? {
                housekeeping::once(&service).await?;
                rounds += 1;
            }
            let took = started.elapsed();
            stop.store(true, Ordering::Relaxed);
            let beside = writing.await??;
            finish(service, store).await?;
            Ok::<_, Failure>((calm, beside, took, rounds))
        })
        .map_err(|error| error.to_string())?;
    println!("\na durable write of one row every {} ms, SQLite, microseconds", PAUSE.as_millis());
    println!("                                  median      p99    p99.9      max");
    for (name, latencies) in
        [("nothing leaves (yardstick)", &calm), ("while grants leave", &beside)]
    {
        let [half, p99, p999, max] =
            [0.5, 0.99, 0.999, 1.0].map(|share| percentile(latencies, share));
        println!("  {name:<28} {half:>9.0} {p99:>8.0} {p999:>8.0} {max:>8.0}");
    }
    let seconds = took.as_secs_f64();
    println!("  {ENDED} grants that had ended left in {seconds:.1} s, in {rounds} rounds");
    Ok(())
}

/// Whether a grant of every hundred that had ended is still there.
async fn is_one_left(store: &Store, made: (Timestamp, Timestamp)) -> Result<bool, Failure> {
    let look = move |tx: &mut bloom_store::Tx<'_>| {
        for number in (0..ENDED).step_by(100) {
            let id = GrantId::new(moment(made, number, ENDED), &scattered(number));
            if grants::find(tx, id)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    };
    Ok(store.read(look).await?)
}

async fn finish(service: Arc<Service>, store: Store) -> Result<(), Failure> {
    service.close().await?;
    store.close();
    Ok(())
}

async fn keep_writing(
    store: Store,
    stop: Arc<AtomicBool>,
    first: i64,
) -> Result<Vec<f64>, Failure> {
    let mut latencies = Vec::new();
    let mut number = first;
    let far = now().plus(LONG_AGO);
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(PAUSE).await;
        number += 1;
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        let digest = Digest::from_bytes(digest);
        let started = Instant::now();
        store.write(move |tx| setup_links::insert(tx, &digest, far, far)).await?;
        latencies.push(started.elapsed().as_secs_f64() * 1e6);
    }
    Ok(latencies)
}
