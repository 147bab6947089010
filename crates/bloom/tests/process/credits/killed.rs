//! `kill -9` while jobs hold, settle and void credits: what was acknowledged is there, what was not is whole
//! or not at all, and asking for it again comes to the same end.
//!
//! Nothing holds credits over the API yet, so the worker that is killed is this very program: it runs
//! [`the_worker`] in a process of its own and says on standard output what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bloom_domain::credits::{Amount, ImageSize, ItemState, LedgerLine, PaidWork, Reference};
use bloom_domain::email::Email;
use bloom_domain::plans::PlanTable;
use bloom_domain::workspaces::WorkspaceChoice;
use bloom_outside::mail::{Outbox, Sender};
use bloom_service::authenticate::{Presented, authenticate};
use bloom_service::clock::Clock;
use bloom_service::credits::{endings, holds};
use bloom_service::entropy::Entropy;
use bloom_service::plans::Billing;
use bloom_service::root_secret::RootSecrets;
use bloom_service::work::HeldCredits;
use bloom_service::{Operator, Service, Settings, credits};
use bloom_store::{Database, Store};
use rustix::process::Signal;

use crate::crash::Chance;
use crate::support::home::Home;
use crate::support::program::{self, Process};

const ADA: &str = "ada@example.com";
const GRANTED: i64 = 1_000_000;
const AT_ONCE: usize = 4;

#[test]
fn twenty_times_on_sqlite() {
    killed(&Home::on_sqlite(), 20);
}

#[test]
fn ten_times_on_postgresql() {
    if let Some(home) = Home::on_postgresql() {
        killed(&home, 10);
    }
}

#[test]
#[ignore = "the process that is killed; it does nothing by itself"]
fn the_worker() {
    let variable = |name: &str| std::env::var(name).ok();
    let (Some(data), Some(key), Some(round)) =
        (variable("WORKER_DATA"), variable("WORKER_KEY"), variable("WORKER_ROUND"))
    else {
        return;
    };
    let url = variable("WORKER_DATABASE_URL");
    runtime().block_on(async {
        let service = Arc::new(open(Path::new(&data), url.as_deref()).await);
        let tasks: Vec<_> = (0..AT_ONCE)
            .map(|task| {
                let (service, key, round) = (service.clone(), key.clone(), round.clone());
                tokio::spawn(async move {
                    for number in 0.. {
                        work(&service, &key, &format!("{round}-{task}-{number}")).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("a task ends only with the process");
        }
    });
}

/// One job of two images: one is settled, one is voided.
async fn work(service: &Service, key: &str, name: &str) {
    say(&format!("tried {name}"));
    let held = hold(service, key, name).await;
    say(&format!("held {name}"));
    let one = Amount::new(1).expect("an amount");
    endings::settle(service, &held.work, 0, one).await.expect("settled");
    say(&format!("settled {name}"));
    endings::void(service, &held.work, 1).await.expect("voided");
    say(&format!("voided {name}"));
}

async fn hold(service: &Service, key: &str, name: &str) -> HeldCredits {
    let principal = authenticate(service, Presented::ApiKey(key), None).await.expect("a good key");
    let order = holds::HoldOrder {
        work: PaidWork::Generate { size: ImageSize::TwoK, variants: 2 },
        reference: Reference::parse(name).expect("a reference"),
        lifetime: Duration::from_secs(3_600),
    };
    holds::hold(service, &principal, WorkspaceChoice::Personal, order).await.expect("held")
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn say(line: &str) {
    println!("{line}");
}

fn killed(home: &Home, rounds: usize) {
    home.account(ADA, "correct horse battery");
    let key = home.key(ADA, "ci");
    home.bloom(&format!(
        "credits grant --account {ADA} --amount {GRANTED} --reference a --kind topup"
    ))
    .ok();
    let mut chance = Chance::new();
    let mut said: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for round in 0..rounds {
        for line in run_and_kill(home, &key, round, &mut chance).lines() {
            if let Some((what, name)) = line.split_once(' ')
                && ["tried", "held", "settled", "voided"].contains(&what)
            {
                said.entry(name.to_owned()).or_default().insert(what.to_owned());
            }
        }
        runtime().block_on(judge(home, &said));
    }
    let held = said.values().filter(|said| said.contains("held")).count();
    eprintln!("{held} jobs in {rounds} rounds");
    assert!(held > rounds, "there was no load: {held} jobs in {rounds} rounds");
    runtime().block_on(finish(home, &key, &said));
}

/// What one worker had said when it was killed, but for a line it was in the middle of.
fn run_and_kill(home: &Home, key: &str, round: usize, chance: &mut Chance) -> String {
    let mut command: Command =
        program::command(std::env::current_exe().expect("this program has a path"));
    command
        .args(["credits::killed::the_worker", "--exact", "--ignored", "--nocapture"])
        .env("WORKER_DATA", home.data())
        .env("WORKER_KEY", key)
        .env("WORKER_ROUND", round.to_string());
    if let Some(url) = home.database_url() {
        command.env("WORKER_DATABASE_URL", url);
    }
    let mut process = Process::spawn(command);
    crate::support::eventually("the worker works", || {
        process.stdout().contains("held ").then_some(())
    });
    std::thread::sleep(chance.millis(120));
    process.signal(Signal::KILL);
    process.wait();
    let (stdout, _) = process.output();
    let whole = stdout.rfind('\n').map_or(0, |end| end + 1);
    stdout[..whole].to_owned()
}

/// All that was acknowledged is there, and what is there adds up.
async fn judge(home: &Home, said: &BTreeMap<String, BTreeSet<String>>) {
    let service = open(&home.data(), home.database_url().as_deref()).await;
    let lines = movements(&service).await;
    let mut seen: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in &lines {
        if let Some((_, name)) = &line.hold {
            seen.entry(name).or_default().push(line.movement.kind.as_str());
        }
    }
    for (name, seen) in &seen {
        let wholes = [vec!["held"], vec!["held", "settled"], vec!["held", "settled", "voided"]];
        assert!(wholes.contains(seen), "{name}: {seen:?}");
        assert!(said.contains_key(*name), "{name} came from nowhere");
    }
    for (name, said) in said {
        let seen = seen.get(name.as_str()).cloned().unwrap_or_default();
        for what in said.iter().filter(|what| *what != "tried") {
            assert!(seen.contains(&what.as_str()), "{name} was {what}, and it is lost: {seen:?}");
        }
    }
    adds_up(&service, &lines).await;
}

async fn adds_up(service: &Service, lines: &[LedgerLine]) {
    let ledger = ledger(service).await;
    let sum = |of: fn(&LedgerLine) -> i64| lines.iter().map(of).sum::<i64>();
    assert_eq!(sum(|line| line.movement.deltas().available), ledger.standing.available);
    assert_eq!(sum(|line| line.movement.deltas().held), ledger.standing.held);
    for grant in &ledger.grants {
        assert_eq!(grant.buckets.sum(), Ok(grant.amount.get()), "{grant:?}");
    }
}

/// Everything that was tried is asked for again, and ends as if nobody had been killed.
async fn finish(home: &Home, key: &str, said: &BTreeMap<String, BTreeSet<String>>) {
    let service = open(&home.data(), home.database_url().as_deref()).await;
    let one = Amount::new(1).expect("an amount");
    for name in said.keys() {
        let held = hold(&service, key, name).await;
        endings::settle(&service, &held.work, 0, one).await.expect("settled");
        endings::void(&service, &held.work, 1).await.expect("voided");
        let ended = hold(&service, key, name).await.state.items;
        let expected = [(1, 0), (0, 1)];
        let expected = expected.map(|(settled, voided)| ItemState::Ended { settled, voided });
        assert_eq!(ended, expected, "{name}");
    }
    let standing = ledger(&service).await.standing;
    let spent = i64::try_from(said.len()).expect("not that many");
    assert_eq!((standing.available, standing.held), (GRANTED - spent, 0));
    adds_up(&service, &movements(&service).await).await;
}

async fn ledger(service: &Service) -> credits::Ledger {
    let operator = Operator::at_the_command_line();
    let workspace = workspace(service, &operator).await;
    credits::list(service, &operator, workspace).await.expect("a ledger")
}

async fn movements(service: &Service) -> Vec<LedgerLine> {
    let operator = Operator::at_the_command_line();
    let workspace = workspace(service, &operator).await;
    credits::export(service, &operator, workspace, (0, 0), i64::MAX).await.expect("movements")
}

async fn workspace(service: &Service, operator: &Operator) -> bloom_domain::ids::WorkspaceId {
    let ada = Email::parse(ADA).expect("an address");
    credits::workspace_of(service, operator, &ada, None).await.expect("a workspace")
}

async fn open(data: &Path, url: Option<&str>) -> Service {
    let database = match url {
        Some(url) => Database::Postgres { url: url.to_owned() },
        None => Database::Sqlite { path: data.join("bloom.db") },
    };
    let store = Store::open(&database, Clock::System.now()).expect("the database opens");
    let secret = std::fs::read_to_string(data.join("secret")).expect("the root secret");
    let secrets = RootSecrets::parse(&secret).expect("a root secret");
    let settings = Settings {
        billing: Some(Arc::new(Billing::with(PlanTable::plain()))),
        ..Settings::at("http://localhost:4600")
    };
    let from = Sender::parse("bloom@example.com").expect("an address");
    let mailer = Arc::new(Outbox::new(data.join("outbox"), from));
    let (clock, entropy) = (Clock::System, Entropy::System);
    let service = Service::open(store, &secrets, settings, clock, entropy, mailer).await;
    service.unwrap_or_else(|error| panic!("{error:?}"))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime starts")
}
