//! The invariants of the ledger, after every step of random stories, beside the model.
//!
//! Two workspaces; steps hold, settle, void, grant, take back, sweep, reap, grant a month's, move the clock,
//! and crash: the service is dropped, and another one works on over the same database. Most steps may be
//! sent twice. After each, everything the ledger says is compared with the model, and:
//!
//! 1. no bucket is below zero; 2. the movements add up to what there is; 3. the buckets of a grant add up to
//!    what was granted; 5. work can be taken up only while it holds something; 6. an item ends once, and
//!    is told the same ever after; 7. never at more than it holds; 8. what is voided is back where it was;
//! 9. a request sent twice, and 10. a scheduler that runs twice, changes nothing; 11. what has ended
//!    counts for nothing; 12. bought credits are only spent, or taken back with their money; 13. the order
//!    is total; 14. one never moves the other's; 15. what was written stays; 16. a crash loses nothing.
//!    And what counts against a budget is what was held and did not go back.
//!
//! The fourth, and one against the other, is in `races.rs`; `kill -9` is in the tests of the program.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bloom_domain::api_keys::KeyName;
use bloom_domain::credits::{GrantKind, ImageSize, ItemState, LedgerLine, MovementKind, PaidWork};
use bloom_domain::email::Email;
use bloom_domain::time::Timestamp;
use bloom_service::Error;
use bloom_service::api_keys::{self, WhichKey};
use bloom_service::credits::endings::ItemEnd;
use bloom_service::credits::{holds, monthly};
use bloom_service::housekeeping;
use bloom_service::work::Work;
use bloom_store::Database;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::model::{Model, Monthly, NEVER, Said, at};
use super::person::{Person, amount, metered};
use crate::support::{App, on_both};

on_both!(whatever_happens_the_ledger_is_as_the_model_says);

const HOUR: i64 = 3_600 * 1_000_000;
const KINDS: [GrantKind; 4] =
    [GrantKind::Signup, GrantKind::Promo, GrantKind::Operator, GrantKind::Topup];
const WORKS: [PaidWork; 5] = [
    PaidWork::Resize,
    PaidWork::Generate { size: ImageSize::TwoK, variants: 2 },
    PaidWork::Generate { size: ImageSize::FourK, variants: 1 },
    PaidWork::Generate { size: ImageSize::FourK, variants: 3 },
    PaidWork::Edit { size: ImageSize::TwoK },
];

#[derive(Debug, Clone)]
enum Step {
    Hold { owner: usize, name: u8, work: usize, hours: i64 },
    Settle { job: usize, item: usize, credits: i64 },
    Void { job: usize, item: usize },
    Grant { owner: usize, kind: usize, name: u8, credits: i64, hours: Option<i64> },
    TakeBack { name: u8, total: i64 },
    BeginMonths { owner: usize, credits: i64, hours_ago: i64 },
    EndMonths { owner: usize },
    Expire,
    Reap,
    GrantMonths,
    Advance { hours: i64 },
    Crash,
}

fn step() -> impl Strategy<Value = (Step, bool)> {
    let step = prop_oneof![
        6 => (0..2usize, 0..8u8, 0..WORKS.len(), prop_oneof![Just(1i64), Just(500)])
            .prop_map(|(owner, name, work, hours)| Step::Hold { owner, name, work, hours }),
        5 => (0..12usize, 0..3usize, 1..=3i64)
            .prop_map(|(job, item, credits)| Step::Settle { job, item, credits }),
        4 => (0..12usize, 0..3usize).prop_map(|(job, item)| Step::Void { job, item }),
        6 => (0..2usize, 0..KINDS.len(), 0..4u8, 1..9i64, prop::option::of(prop_oneof![Just(2i64), Just(40)]))
            .prop_map(|(owner, kind, name, credits, hours)| Step::Grant { owner, kind, name, credits, hours }),
        3 => (0..4u8, 1..9i64).prop_map(|(name, total)| Step::TakeBack { name, total }),
        2 => (0..2usize, 1..6i64, 0..800i64)
            .prop_map(|(owner, credits, hours_ago)| Step::BeginMonths { owner, credits, hours_ago }),
        1 => (0..2usize).prop_map(|owner| Step::EndMonths { owner }),
        2 => Just(Step::Expire),
        2 => Just(Step::Reap),
        2 => Just(Step::GrantMonths),
        4 => prop_oneof![Just(1i64), Just(2), Just(39), Just(170), Just(750)]
            .prop_map(|hours| Step::Advance { hours }),
        1 => Just(Step::Crash),
    ];
    (step, prop::bool::weighted(0.3))
}

async fn whatever_happens_the_ledger_is_as_the_model_says(app: App) {
    let is_sqlite = matches!(app.database().database(), Database::Sqlite { .. });
    let config = Config {
        cases: if is_sqlite { 96 } else { 12 },
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let ada = Person::new(&metered(app).await, "ada").await;
    let stories = AtomicU32::new(0);
    let run = |steps: Vec<(Step, bool)>| {
        let number = stories.fetch_add(1, Ordering::Relaxed);
        let story = Box::pin(Story::tell(ada.clone(), number, steps));
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(story));
        Ok(())
    };
    if let Err(error) = TestRunner::new(config).run(&prop::collection::vec(step(), 1..45), run) {
        panic!("{error}");
    }
}

struct Story {
    number: u32,
    people: [Person; 2],
    model: Model,
    /// The works of the jobs, in the order of the model's.
    works: Vec<Work>,
    /// What was written so far.
    lines: [Vec<LedgerLine>; 2],
}

impl Story {
    async fn tell(mut ada: Person, number: u32, steps: Vec<(Step, bool)>) {
        ada.key = another_key(&ada).await;
        let team = |n: u32| ada.in_team("ada@example.com", number * 2 + n);
        let people = [team(1), team(2)];
        let model = Model { now: now(&ada), ..Model::default() };
        let lines = [Vec::new(), Vec::new()];
        let mut story = Self { number, people, model, works: Vec::new(), lines };
        for (step, is_sent_twice) in steps {
            story.take(&step).await;
            story.compare().await;
            if is_sent_twice && !matches!(step, Step::Advance { .. } | Step::Crash) {
                let before = story.lines.clone();
                story.take(&step).await;
                story.compare().await;
                assert_eq!(before, story.lines, "sent twice, {step:?} changed something");
            }
        }
        // What the indexes of open grants know is what the buckets say.
        story.people[0].app.database().run(
            "CREATE TABLE proof (wrong INT CHECK (wrong = 0));
             INSERT INTO proof SELECT COUNT(*) FROM credit_grants
                 WHERE (is_open = 1) <> (available + held > 0);
             DROP TABLE proof",
        );
        for owner in 0..2 {
            story.take(&Step::EndMonths { owner }).await;
        }
    }

    fn name(&self, name: u8) -> String {
        format!("{}-{name}", self.number)
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Hold { owner, name, work, hours } => {
                self.hold(owner, &self.name(name), WORKS[work], hours).await;
            }
            Step::Settle { job, item, credits } => self.end(job, item, Some(credits)).await,
            Step::Void { job, item } => self.end(job, item, None).await,
            Step::Grant { owner, kind, name, credits, hours } => {
                let (kind, name) = (KINDS[kind], self.name(name));
                let hours = hours.filter(|_| kind != GrantKind::Topup);
                let expires = hours.map(|hours| self.model.now + hours * HOUR);
                let source = format!("{}:{name}", kind.as_str());
                let expected =
                    self.model.grant(owner, kind, &source, credits, expires.unwrap_or(NEVER));
                let said = self.people[owner].grant(kind, credits, &name, expires.map(at)).await;
                let said = said.map(|granted| said_new(granted.is_new));
                assert_eq!(said.unwrap_or_else(refusal), expected, "{step:?}");
            }
            Step::TakeBack { name, total } => {
                let name = self.name(name);
                let expected = self.model.take_back(&format!("topup:{name}"), total);
                let said = self.people[0].take_back(&name, total).await;
                assert_eq!(said.map_or_else(refusal, |()| Said::Done), expected, "{step:?}");
            }
            Step::BeginMonths { owner, credits, hours_ago } => {
                self.begin_months(owner, credits, hours_ago).await;
            }
            Step::EndMonths { owner } => self.end_months(owner).await,
            Step::Expire | Step::Reap | Step::GrantMonths => self.chore(step).await,
            Step::Advance { hours } => {
                self.people[0].app.advance(Duration::from_micros((hours * HOUR).unsigned_abs()));
                self.model.now = now(&self.people[0]);
            }
            Step::Crash => {
                let app = self.people[0].app.again(|_| {}).await;
                self.people = [self.people[0].before(&app), self.people[1].before(&app)];
            }
        }
    }

    async fn hold(&mut self, owner: usize, name: &str, work: PaidWork, hours: i64) {
        let costs: Vec<_> = work.items().unwrap().iter().map(|item| item.get()).collect();
        let until = self.model.now + hours * HOUR;
        let expected = self.model.hold(owner, name, work.operation(), &costs, until);
        let lifetime = Duration::from_micros((hours * HOUR).unsigned_abs());
        let said = match self.people[owner].hold(name, work, lifetime).await {
            Ok(held) => {
                let of = |(known, job): &(String, super::model::Job)| {
                    known == name && job.owner == owner
                };
                let job = self.model.jobs.iter().position(of).expect("the model holds it too");
                let items: Vec<_> = self.model.jobs[job].1.items.iter().map(item_state).collect();
                assert_eq!(held.state.items, items);
                if held.is_new {
                    self.works.push(held.work);
                } else {
                    assert_eq!(held.work.hold(), self.works[job].hold());
                }
                said_new(held.is_new)
            }
            Err(error) => refusal(error),
        };
        assert_eq!(said, expected, "{name} {work:?}");
    }

    async fn end(&mut self, job: usize, item: usize, credits: Option<i64>) {
        let Some(work) = self.works.get(job).cloned() else { return };
        let refund = format!("refund:{}:{item}", work.hold());
        let expected = self.model.end(job, item, credits.unwrap_or(0), &refund);
        let person = &self.people[self.model.jobs[job].1.owner];
        let item = u32::try_from(item).unwrap();
        let said = match credits {
            Some(credits) => person.settle(&work, item, credits).await,
            None => person.void(&work, item).await,
        };
        let said =
            said.map(|ItemEnd { settled, voided, is_new }| Said::Ended { settled, voided, is_new });
        assert_eq!(said.unwrap_or_else(refusal), expected, "{job} {item} {credits:?}");
    }

    async fn begin_months(&mut self, owner: usize, credits: i64, hours_ago: i64) {
        let anchor = self.model.now - hours_ago * HOUR;
        self.model.monthly[owner] =
            Some(Monthly { amount: credits, anchor, ends: NEVER, next: anchor });
        let person = &self.people[owner];
        let (service, operator) = (person.app.service(), person.app.operator());
        let credits = amount(credits);
        monthly::begin(service, &operator, person.workspace, credits, at(anchor)).await.unwrap();
    }

    async fn end_months(&mut self, owner: usize) {
        let now = self.model.now;
        if let Some(monthly) = &mut self.model.monthly[owner]
            && monthly.ends > now
        {
            monthly.ends = now;
            monthly.next = if monthly.next >= now { NEVER } else { monthly.next };
        }
        let person = &self.people[owner];
        let (service, operator) = (person.app.service(), person.app.operator());
        monthly::end(service, &operator, person.workspace).await.unwrap();
    }

    async fn chore(&mut self, step: &Step) {
        let app = self.people[0].app.clone();
        match step {
            Step::Expire => {
                self.model.expire();
                housekeeping::expire_credits(app.service()).await.unwrap();
            }
            Step::Reap => {
                let mut order: Vec<_> = (0..self.works.len()).collect();
                order.sort_by_key(|&job| (self.model.jobs[job].1.until, self.works[job].hold()));
                let works = &self.works;
                self.model.reap(&order, |job| format!("refund:{}", works[job].hold()));
                housekeeping::reap_credit_holds(app.service()).await.unwrap();
            }
            _ => {
                let workspaces = self.people.each_ref().map(|person| person.workspace);
                self.model
                    .grant_monthly(|owner, day| format!("monthly:{}:{day}", workspaces[owner]));
                housekeeping::grant_monthly_credits(app.service()).await.unwrap();
            }
        }
    }

    /// Everything the ledger says is as the model says, and adds up.
    async fn compare(&mut self) {
        for owner in 0..2 {
            let person = self.people[owner].clone();
            let ledger = person.ledger().await;
            for grant in &ledger.grants {
                assert_eq!(grant.buckets.sum(), Ok(grant.amount.get()), "{grant:?}");
                let of = self.model.grants.get_mut(&grant.source);
                let of = of.unwrap_or_else(|| panic!("{grant:?} came from nowhere"));
                of.id = Some(grant.id);
                let of = &*of;
                let expected = (of.owner, of.kind, of.amount(), of.reclaimed, of.buckets());
                let amount = grant.amount.get();
                let found = (owner, grant.kind, amount, grant.reclaimed, grant.buckets);
                assert_eq!(found, expected, "{}", grant.source);
                assert_eq!((grant.effective, grant.expires), (at(of.effective), at(of.expires)));
                if grant.kind == GrantKind::Topup {
                    assert_eq!(grant.buckets.expired, 0, "what was bought never ends");
                }
            }
            let mine = self.model.grants.values().filter(|grant| grant.owner == owner).count();
            assert_eq!(ledger.grants.len(), mine);
            let standing = ledger.standing;
            assert_eq!(standing.debt, self.model.debts[owner]);
            assert_eq!(standing.available, self.model.available(owner));
            assert_eq!(person.balance().await.balance, self.model.balance(owner));
            self.add_up(owner, &ledger).await;
        }
        let spent = self.lines.iter().flatten().map(|line| match line.movement.kind {
            MovementKind::Held => line.movement.amount.get(),
            MovementKind::Voided | MovementKind::Lapsed | MovementKind::Returned => {
                -line.movement.amount.get()
            }
            _ => 0,
        });
        let counted = self.people[0].budget().await.spending.total;
        assert_eq!(counted, spent.sum::<i64>());
        for (job, work) in self.works.iter().enumerate() {
            let known = &self.model.jobs[job].1;
            let is_open = known.items.iter().any(|item| item.1.is_none());
            let is_live = is_open && self.model.now < known.until;
            let app = &self.people[0].app;
            let taken = holds::take_up(app.service(), &app.operator(), work.hold()).await.unwrap();
            assert_eq!(taken.map(|work| work.hold()), is_live.then_some(work.hold()));
        }
    }

    /// The movements are those of before and more, and their sums are what there is.
    async fn add_up(&mut self, owner: usize, ledger: &bloom_service::credits::Ledger) {
        let lines = self.people[owner].movements().await;
        assert!(lines.starts_with(&self.lines[owner]), "what was written has changed");
        let mut sums: BTreeMap<_, (i64, i64)> = BTreeMap::new();
        let mut debt = 0;
        for line in &lines {
            let deltas = line.movement.deltas();
            let sum = sums.entry(line.movement.grant).or_default();
            (sum.0, sum.1) = (sum.0 + deltas.available, sum.1 + deltas.held);
            debt += deltas.debt;
        }
        for grant in &ledger.grants {
            let sum = sums.remove(&grant.id).unwrap_or_default();
            assert_eq!(sum, (grant.buckets.available, grant.buckets.held), "{grant:?}");
        }
        assert!(sums.is_empty(), "movements of another's grants: {sums:?}");
        assert_eq!(debt, ledger.standing.debt);
        self.lines[owner] = lines;
    }
}

/// A key of this story alone; the one of the story before is revoked, since one may have so many only.
async fn another_key(ada: &Person) -> String {
    let (service, operator) = (ada.app.service(), ada.app.operator());
    let owner = Email::parse("ada@example.com").unwrap();
    let before = WhichKey::Name("story".to_owned());
    match api_keys::revoke_for(service, &operator, &owner, before).await {
        Ok(_) | Err(Error::ApiKeyNotFound) => {}
        Err(error) => panic!("{error}"),
    }
    let name = KeyName::parse("story").unwrap();
    let key = api_keys::create_for(service, &operator, &owner, name.into()).await.unwrap();
    key.secret.expose().to_owned()
}

fn now(person: &Person) -> i64 {
    let now: Timestamp = person.app.service().now();
    now.unix_micros()
}

fn item_state(&(cost, ended): &(i64, Option<i64>)) -> ItemState {
    match ended {
        None => ItemState::Held { credits: cost },
        Some(settled) => ItemState::Ended { settled, voided: cost - settled },
    }
}

fn said_new(is_new: bool) -> Said {
    if is_new { Said::New } else { Said::Before }
}

fn refusal(error: Error) -> Said {
    match error {
        Error::InsufficientCredits { balance, needed } => Said::Insufficient { balance, needed },
        Error::CreditsOwed { debt } => Said::Owed { debt },
        Error::CreditReferenceTaken => Said::Taken,
        Error::CreditItemNotFound | Error::CreditGrantNotFound => Said::NotFound,
        Error::AboveHeld { held } => Said::AboveHeld { held },
        Error::AboveGranted { granted } => Said::AboveGranted { granted },
        other => panic!("{other:?}"),
    }
}
