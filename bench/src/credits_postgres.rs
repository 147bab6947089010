//! Holds that are settled on PostgreSQL, through the verbs, against pgbench that sends the same statements in
//! the same transactions to the same server.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use bloom_domain::workspaces::WorkspaceChoice;
use bloom_store::Database;

use crate::Outcome;
use crate::cluster::Cluster;
use crate::credits::{FIRST_WORKSPACE, PRODUCERS, WORKSPACES, World, pair, settings};
use crate::keys::spread;
use crate::replay::{Known, Script, sent};
use crate::samples::median;
use crate::world::open_on;

type Error = Box<dyn std::error::Error>;

const RUNS: usize = 5;
const LENGTH: Duration = Duration::from_secs(5);
/// The number of the pair that is recorded, after some that leave every statement prepared.
const RECORDED: i64 = 777_777;
const BEFORE: i64 = 20;
/// A number of the ledger's entries that is no other parameter.
const ENTRY: i64 = 1_000_000_000;

/// Alternating runs of Bloom and of pgbench with as many connections, and with one for each producer.
pub(crate) fn run(is_asked_for: bool) -> Outcome {
    let Some(cluster) = Cluster::start()? else {
        let what = "credits-postgres needs PostgreSQL; install the package postgresql";
        if is_asked_for {
            return Err(what.into());
        }
        println!("\nleft out: {what}");
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(&cluster))
}

async fn measure(cluster: &Cluster) -> Outcome {
    let database = Database::Postgres { url: cluster.url() };
    let (store, service) = open_on(&database, cluster.folder(), settings()).await?;
    let world = World::make(store, service).await?;
    let script = record(cluster, &world).await?;
    std::fs::write(cluster.folder().join("script"), &script.text)?;
    cluster.ask("VACUUM ANALYZE")?;
    world.rate(&world.workspaces, LENGTH).await?;
    let connections = connections(cluster)?;
    let mut rates: [Vec<f64>; 3] = Default::default();
    for run in 0..RUNS {
        rates[0].push(world.rate(&world.workspaces, LENGTH).await?);
        for (index, clients) in [connections, PRODUCERS].into_iter().enumerate() {
            rates[index + 1].push(replay(cluster, &script, clients, run * 2 + index)?);
        }
    }
    world.service.clone().close().await?;
    verify(cluster)?;
    let [own, same, many] = rates.each_ref().map(|rates| median(rates));
    println!(
        "\ncredits on PostgreSQL, hold and settle, pairs a second ({} statements each, fsync on, {WORKSPACES} \
         workspaces, {RUNS} runs of {} s)",
        script.statements,
        LENGTH.as_secs()
    );
    let spreads = rates.each_ref().map(|rates| spread(rates));
    println!(
        "  pgbench, {connections:>2} connections (yardstick)   {same:>7.0}   1.00x   {}",
        spreads[1]
    );
    println!(
        "  pgbench, {PRODUCERS:>2} connections               {many:>7.0}   {:.2}x   {}",
        many / same,
        spreads[2]
    );
    println!(
        "  Bloom, {PRODUCERS} producers, {connections} connections    {own:>7.0}   {:.2}x   {}   ({:.2}x of the second)",
        own / same,
        spreads[0],
        own / many
    );
    Ok(())
}

/// Lets the server log what one pair sends, and makes a script of it.
async fn record(cluster: &Cluster, world: &World) -> Result<Script, Error> {
    let database = Database::Postgres { url: cluster.logged_url() };
    let (store, service) = open_on(&database, cluster.folder(), settings()).await?;
    let (id, choice) = (world.workspaces[0], WorkspaceChoice::Team(world.workspaces[0]));
    let workspace = hex(id.as_bytes());
    for number in 0..BEFORE {
        pair(&service, &world.principal, choice, RECORDED + 1 + number).await?;
    }
    let place = format!("WHERE workspace_id = '{workspace}'");
    cluster.ask(&format!("UPDATE credit_ledgers SET entry = {ENTRY} {place}"))?;
    let before = cluster.log()?.len();
    let began = service.now().unix_micros();
    let hold = pair(&service, &world.principal, choice, RECORDED).await?;
    let log = cluster.log()?;
    let known = Known {
        workspace,
        hold: hex(hold.as_bytes()),
        reference: format!("job-{RECORDED}"),
        grant: cluster.ask(&format!("SELECT id FROM credit_grants {place}"))?,
        entries: [1, 2].map(|after| (ENTRY + after).to_string()),
        began,
    };
    let script = Script::of(&sent(log.get(before..).unwrap_or_default())?, &known)?;
    Arc::new(service).close().await?;
    store.close();
    Ok(script)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// How many connections do the work of this process.
fn connections(cluster: &Cluster) -> Result<usize, Error> {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bloom'";
    Ok(cluster.ask(sql)?.parse()?)
}

/// Pairs a second by pgbench.
fn replay(cluster: &Cluster, script: &Script, clients: usize, run: usize) -> Result<f64, Error> {
    let file = cluster.folder().join("script").display().to_string();
    let (clients, seconds) = (clients.to_string(), LENGTH.as_secs().to_string());
    // No two runs count through the same ids.
    let base = FIRST_WORKSPACE + (run as u64 + 1) * 1_000_000_000_000;
    let began = cluster.ask("SELECT CAST(extract(epoch FROM now()) * 1000000 AS BIGINT)")?;
    let mut values = vec![
        "n=0".to_owned(),
        format!("base={base}"),
        format!("first={FIRST_WORKSPACE}"),
        format!("count={WORKSPACES}"),
        format!("clients={clients}"),
        format!("began={began}"),
    ];
    let constants = script.constants.iter().enumerate();
    values.extend(constants.map(|(index, value)| format!("c{index}={value}")));
    let mut arguments = vec!["-n", "-M", "prepared", "-j", "2", "-c", &clients, "-T", &seconds];
    arguments.extend(["-f", &file]);
    arguments.extend(values.iter().flat_map(|value| ["-D", value]));
    let printed = cluster.run("pgbench", &arguments)?;
    let failed =
        printed.lines().find_map(|line| line.strip_prefix("number of failed transactions: "));
    if failed.is_some_and(|failed| !failed.starts_with("0 ")) {
        return Err(format!("pgbench: {printed}").into());
    }
    let rate = printed.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rest| rest.split_whitespace().next());
    Ok(rate.ok_or_else(|| format!("pgbench: {printed}"))?.parse()?)
}

/// What pgbench has done is what Bloom does: every hold is settled, and the ledgers add up.
fn verify(cluster: &Cluster) -> Outcome {
    let wrong = cluster.ask(
        "SELECT (SELECT count(*) FROM credit_holds WHERE open <> 0), \
         (SELECT count(*) FROM credit_grants WHERE held <> 0), \
         (SELECT count(*) FROM credit_hold_parts WHERE settled IS DISTINCT FROM amount), \
         (SELECT count(*) FROM credit_hold_parts) - (SELECT count(*) FROM credit_holds), \
         (SELECT count(*) FROM credit_holds) - (SELECT sum(spent) FROM credit_grants), \
         (SELECT count(*) FROM credit_holds) * 2 - \
         (SELECT count(*) FROM credit_movements WHERE hold_id IS NOT NULL)",
    )?;
    if wrong == "0|0|0|0|0|0" {
        return Ok(());
    }
    Err(format!("what was done does not add up: {wrong}").into())
}
