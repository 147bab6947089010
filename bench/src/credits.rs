//! Credits on SQLite, through the verbs: holds that are settled, and what a balance costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use bloom_domain::api_keys::KeyName;
use bloom_domain::credits::{Amount, GrantKind, Movement, MovementKind, PaidWork, Reference};
use bloom_domain::email::Email;
use bloom_domain::ids::{CreditHoldId, WorkspaceId};
use bloom_domain::passwords::Password;
use bloom_domain::plans::PlanTable;
use bloom_domain::workspaces::{Role, Workspace, WorkspaceChoice, WorkspaceKind};
use bloom_service::accounts::{self, NewAccount};
use bloom_service::authenticate::{Presented, authenticate};
use bloom_service::credits::{GrantOrder, endings, holds};
use bloom_service::plans::Billing;
use bloom_service::{Operator, Principal, Service, Settings, api_keys, credits};
use bloom_store::credit_movements::{self, Cause};
use bloom_store::{Database, Store};

use crate::samples::median;
use crate::world::open_on;
use crate::{Outcome, group_commit};

type Error = Box<dyn std::error::Error>;

const RUNS: usize = 5;
const LENGTH: Duration = Duration::from_secs(1);
pub(crate) const PRODUCERS: usize = 64;
/// Workspaces among which the holds are spread, and the first of them.
pub(crate) const WORKSPACES: u64 = 1_000;
pub(crate) const FIRST_WORKSPACE: u64 = 1_000_000_000_000_000;
/// Movements of a ledger that is large, and of one that is very large.
const MANY: i64 = 1_000_000;
const VERY_MANY: i64 = 10_000_000;
/// Movements that are written in one transaction.
const AT_ONCE: i64 = 10_000;
/// Balances that are read in a run.
const READS: u32 = 20_000;

/// Somebody with many workspaces.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) service: Arc<Service>,
    pub(crate) principal: Principal,
    pub(crate) workspaces: Vec<WorkspaceId>,
    next: Arc<AtomicI64>,
}

/// The yardstick of a pair is two durable one-row transactions by as many producers.
pub(crate) fn run(is_large: bool) -> Outcome {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let database = Database::Sqlite { path: folder.path().join("bloom.db") };
        let (store, service) = open_on(&database, folder.path(), settings()).await?;
        let world = World::make(store, service).await?;
        if !is_large {
            pairs(&world).await?;
        }
        balances(&world, if is_large { VERY_MANY } else { MANY }).await
    })
}

async fn pairs(world: &World) -> Outcome {
    let (mut bare, mut many, mut one) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        bare.push(group_commit::rate(&world.store, PRODUCERS, &world.next).await? / 2.0);
        many.push(world.rate(&world.workspaces, LENGTH).await?);
        one.push(world.rate(&world.workspaces[..1], LENGTH).await?);
    }
    let [bare, many, one] = [&bare, &many, &one].map(|rates| median(rates));
    println!(
        "\ncredits on SQLite, hold and settle, pairs a second (synchronous=FULL, 64 producers)"
    );
    println!("  two one-row transactions (yardstick) {bare:>9.0}   1.00x");
    println!("  over {WORKSPACES} workspaces                 {many:>9.0}   {:.2}x", many / bare);
    println!("  in one workspace                     {one:>9.0}   {:.2}x", one / bare);
    Ok(())
}

async fn balances(world: &World, movements: i64) -> Outcome {
    let [few, many] = [world.workspaces[1], world.workspaces[2]];
    world.fill(many, movements).await?;
    let (mut small, mut large) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        small.push(world.micros_of_balance(few).await?);
        large.push(world.micros_of_balance(many).await?);
    }
    let [small, large] = [&small, &large].map(|micros| median(micros));
    println!("\nwhat can be spent, one verb");
    println!("  a ledger of few movements (yardstick)     {small:>6.2} us   1.00x");
    println!(
        "  a ledger of {movements:>10} movements         {large:>6.2} us   {:.2}x",
        large / small
    );
    Ok(())
}

/// As with a payment provider: every gate is asked.
pub(crate) fn settings() -> Settings {
    Settings {
        billing: Some(Arc::new(Billing::with(PlanTable::plain()))),
        ..Settings::at("http://localhost:8080")
    }
}

/// The bytes of an id that pgbench can count, too: a number of 16 digits.
pub(crate) fn countable(number: u64) -> [u8; 16] {
    let mut bytes = [b'0'; 16];
    let digits = number.to_string();
    for (byte, digit) in bytes.iter_mut().rev().zip(digits.bytes().rev()) {
        *byte = digit;
    }
    bytes
}

impl World {
    pub(crate) async fn make(store: Store, service: Service) -> Result<Self, Error> {
        println!("preparing {WORKSPACES} workspaces ...");
        let service = Arc::new(service);
        let operator = Operator::at_the_command_line();
        let email = Email::parse("ada@example.com").map_err(|error| error.to_string())?;
        let password = Password::parse("correct horse battery staple".to_owned())
            .map_err(|error| error.to_string())?;
        let new = NewAccount { email: email.clone(), name: None, password };
        let account = accounts::create(&service, &operator, new).await?.id;
        let name = KeyName::parse("bench").map_err(|error| error.to_string())?;
        let key = api_keys::create_for(&service, &operator, &email, name.into()).await?.secret;
        let principal = authenticate(&service, Presented::ApiKey(key.expose()), None).await;
        let principal = principal.map_err(|error| format!("{error:?}"))?;
        let mut workspaces = Vec::new();
        for number in 0..WORKSPACES {
            let id = WorkspaceId::from_bytes(countable(FIRST_WORKSPACE + number));
            let at = service.now();
            let kind = WorkspaceKind::Team;
            let made = store.write(move |tx| {
                let workspace = Workspace { id, kind, name: "bench".to_owned() };
                bloom_store::workspaces::insert(tx, &workspace, at)?;
                bloom_store::members::insert(tx, id, account, Role::Member, at)
            });
            made.await?;
            let order = GrantOrder {
                workspace: id,
                kind: GrantKind::Topup,
                amount: Amount::MAX,
                expires: None,
                reference: Reference::parse(&format!("bench-{number}"))?,
            };
            credits::grant(&service, &operator, order).await?;
            workspaces.push(id);
        }
        Ok(Self { store, service, principal, workspaces, next: Arc::new(AtomicI64::new(0)) })
    }

    /// Pairs of hold and settle a second.
    pub(crate) async fn rate(
        &self,
        workspaces: &[WorkspaceId],
        length: Duration,
    ) -> Result<f64, Error> {
        let started = Instant::now();
        let workspaces: Arc<[WorkspaceId]> = workspaces.into();
        let tasks: Vec<_> = (0..PRODUCERS)
            .map(|_| {
                let (service, principal) = (self.service.clone(), self.principal.clone());
                let (workspaces, next) = (workspaces.clone(), self.next.clone());
                tokio::spawn(async move {
                    let mut pairs = 0;
                    while started.elapsed() < length {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let index = usize::try_from(number).unwrap_or(0) % workspaces.len();
                        let choice = WorkspaceChoice::Team(workspaces[index]);
                        pair(&service, &principal, choice, number).await?;
                        pairs += 1;
                    }
                    Ok::<_, bloom_service::Error>(pairs)
                })
            })
            .collect();
        let mut pairs = 0;
        for task in tasks {
            pairs += task.await??;
        }
        Ok(f64::from(pairs) / started.elapsed().as_secs_f64())
    }

    /// Gives a ledger a long history: credits that are held and voided again and again.
    async fn fill(&self, workspace: WorkspaceId, movements: i64) -> Outcome {
        println!("writing {movements} movements ...");
        let at = self.service.now();
        for _ in 0..movements / AT_ONCE {
            let written = self.store.write(move |tx| {
                let grants = bloom_store::credits::spendable(tx, workspace, at)?;
                let ledger = bloom_store::credits::take(tx, workspace)?;
                let amount = grants.first().and_then(|_| Amount::new(1).ok());
                let Some((grant, amount)) = grants.first().zip(amount) else { return Ok(()) };
                let there_and_back = [MovementKind::Held, MovementKind::Voided];
                let moved: Vec<_> = there_and_back
                    .into_iter()
                    .cycle()
                    .take(usize::try_from(AT_ONCE).unwrap_or(0))
                    .map(|kind| Movement { grant: grant.id, kind, amount })
                    .collect();
                let cause = Cause { operation: "bench", hold: None, at };
                credit_movements::record(tx, &ledger, cause, &moved)
            });
            written.await?;
        }
        Ok(())
    }

    async fn micros_of_balance(&self, workspace: WorkspaceId) -> Result<f64, Error> {
        let started = Instant::now();
        for _ in 0..READS {
            let choice = WorkspaceChoice::Team(workspace);
            credits::get(&self.service, &self.principal, choice).await?;
        }
        Ok(started.elapsed().as_secs_f64() * 1e6 / f64::from(READS))
    }
}

/// Holds what one job costs, and settles it.
pub(crate) async fn pair(
    service: &Service,
    principal: &Principal,
    choice: WorkspaceChoice,
    number: i64,
) -> Result<CreditHoldId, bloom_service::Error> {
    let internal = |what: &str| bloom_service::Error::Internal(what.to_owned());
    let order = holds::HoldOrder {
        work: PaidWork::Resize,
        reference: Reference::parse(&format!("job-{number}")).map_err(|_| internal("name"))?,
        lifetime: Duration::from_secs(3_600),
    };
    let held = holds::hold(service, principal, choice, order).await?;
    let one = Amount::new(1).map_err(|_| internal("amount"))?;
    endings::settle(service, &held.work, 0, one).await?;
    Ok(held.state.id)
}
