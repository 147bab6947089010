//! Every order in which a few actors can step, over the rules themselves.
//!
//! 1. Two workspaces: one with monthly credits that end and a top-up, one with a top-up alone. Three
//!    jobs, two in the first. Each job holds; then its worker settles or voids it while the reaper may
//!    void it too. Beside them the clock goes on, a sweep writes what has ended, and the money for the
//!    first top-up is given back.
//! 2. An actor takes two steps: it reads and decides, then it writes what it decided on. Taking the
//!    workspace's ledger in between keeps the others of that workspace out.
//! 3. After every step of every order, the ledger must add up.
//!
//! Without taking the ledger the same search finds an order in which it does not, so the search can fail.

use std::collections::HashSet;

use super::tests::grant;
use super::*;
use crate::ids::CreditGrantId;

const END: i64 = 2;
const LAST: i64 = 2;

#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    now: i64,
    workspaces: [Purse; 2],
    jobs: [Job; 3],
    sweeper: Actor,
    payer: Actor,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Purse {
    grants: Vec<CreditGrant>,
    debt: i64,
    is_taken: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Job {
    workspace: usize,
    items: Vec<Amount>,
    parts: Vec<Part>,
    /// How often its end was written.
    ends: u8,
    opener: Actor,
    worker: Actor,
    reaper: Actor,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Actor {
    Waiting,
    Decided(Decision),
    Done,
}

#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Decision {
    movements: Vec<Movement>,
    holds: Vec<Part>,
    ends: bool,
    refund: Option<Amount>,
    reclaimed: i64,
}

#[derive(Clone, Copy)]
enum Who {
    Opener(usize),
    Worker(usize, bool),
    Reaper(usize),
    Sweeper,
    Payer,
}

fn at(time: i64) -> Timestamp {
    Timestamp::from_unix_micros(time)
}

fn begin() -> World {
    let job = |workspace, items: &[i64]| Job {
        workspace,
        items: items.iter().map(|&credits| Amount::new(credits).unwrap()).collect(),
        parts: Vec::new(),
        ends: 0,
        opener: Actor::Waiting,
        worker: Actor::Waiting,
        reaper: Actor::Waiting,
    };
    let purse = |grants| Purse { grants, debt: 0, is_taken: false };
    World {
        now: 1,
        workspaces: [
            purse(vec![
                grant(1, GrantKind::Monthly, 2, at(END)),
                grant(2, GrantKind::Topup, 2, NEVER),
            ]),
            purse(vec![grant(3, GrantKind::Topup, 1, NEVER)]),
        ],
        jobs: [job(0, &[1, 2]), job(0, &[1]), job(1, &[1])],
        sweeper: Actor::Waiting,
        payer: Actor::Waiting,
    }
}

impl World {
    fn actor(&mut self, who: Who) -> &mut Actor {
        match who {
            Who::Opener(job) => &mut self.jobs[job].opener,
            Who::Worker(job, _) => &mut self.jobs[job].worker,
            Who::Reaper(job) => &mut self.jobs[job].reaper,
            Who::Sweeper => &mut self.sweeper,
            Who::Payer => &mut self.payer,
        }
    }

    fn workspace(&self, who: Who) -> usize {
        match who {
            Who::Opener(job) | Who::Worker(job, _) | Who::Reaper(job) => self.jobs[job].workspace,
            Who::Sweeper | Who::Payer => 0,
        }
    }

    /// The world after an actor's next step; `None` when it has none.
    fn step(&self, who: Who, takes: bool) -> Option<Self> {
        let mut next = self.clone();
        let place = self.workspace(who);
        match next.actor(who).clone() {
            Actor::Done => None,
            Actor::Waiting if takes && self.workspaces[place].is_taken => None,
            Actor::Waiting => {
                let decision = next.decide(who)?;
                next.workspaces[place].is_taken = takes;
                *next.actor(who) = Actor::Decided(decision);
                Some(next)
            }
            Actor::Decided(decision) => {
                next.write(who, decision);
                next.workspaces[place].is_taken = false;
                *next.actor(who) = Actor::Done;
                Some(next)
            }
        }
    }

    fn decide(&self, who: Who) -> Option<Decision> {
        let purse = &self.workspaces[self.workspace(who)];
        let (mut grants, debt, now) = (purse.grants.clone(), purse.debt, at(self.now));
        match who {
            Who::Opener(job) => {
                let held = hold(&mut grants, debt, &self.jobs[job].items, now).unwrap();
                Some(held.map_or_else(
                    |_| Decision::default(),
                    |held| Decision {
                        movements: held.movements,
                        holds: held.parts,
                        ..Decision::default()
                    },
                ))
            }
            Who::Worker(job, _) | Who::Reaper(job) => {
                let job = &self.jobs[job];
                if job.opener != Actor::Done || job.parts.is_empty() {
                    return None;
                }
                if job.ends > 0 {
                    return Some(Decision::default());
                }
                let all: Vec<_> = job.parts.iter().map(|part| part.amount).collect();
                let all = Amount::new(total(&all).unwrap()).unwrap();
                let resolved = match who {
                    Who::Worker(_, true) => {
                        settle(&mut grants, debt, &job.parts, all, now).unwrap()
                    }
                    _ => void(&mut grants, debt, &job.parts, now).unwrap(),
                };
                let Resolved { movements, refund, .. } = resolved;
                Some(Decision { movements, refund, ends: true, ..Decision::default() })
            }
            Who::Sweeper => {
                let movements = grants.iter_mut().flat_map(|grant| expire(grant, now).unwrap());
                let movements: Vec<_> = movements.collect();
                (!movements.is_empty()).then(|| Decision { movements, ..Decision::default() })
            }
            Who::Payer => {
                let topup = grants.iter_mut().find(|grant| grant.kind == GrantKind::Topup)?;
                let amount = topup.amount;
                let movements = take_back(topup, debt, amount).unwrap();
                Some(Decision { movements, reclaimed: amount.get(), ..Decision::default() })
            }
        }
    }

    fn write(&mut self, who: Who, decision: Decision) {
        let purse = &mut self.workspaces[self.workspace(who)];
        for movement in decision.movements {
            let deltas = movement.deltas();
            let grant = purse.grants.iter_mut().find(|grant| grant.id == movement.grant).unwrap();
            grant.buckets.available += deltas.available;
            grant.buckets.held += deltas.held;
            grant.buckets.spent += deltas.spent;
            grant.buckets.expired += deltas.expired;
            grant.buckets.taken_back += deltas.taken_back;
            grant.reclaimed = grant.reclaimed.max(decision.reclaimed);
            purse.debt += deltas.debt;
        }
        let (Who::Opener(job) | Who::Worker(job, _) | Who::Reaper(job)) = who else { return };
        if let Some(refund) = decision.refund {
            let expires = at(self.now).plus(REFUND_LIFETIME);
            let id = 10 + u8::try_from(job).unwrap();
            purse.grants.push(grant(id, GrantKind::Refund, refund.get(), expires));
        }
        self.jobs[job].parts.extend(decision.holds);
        self.jobs[job].ends += u8::from(decision.ends);
    }

    /// What must hold after every step; says what does not.
    fn fault(&self) -> Option<String> {
        for (place, purse) in self.workspaces.iter().enumerate() {
            let jobs = || self.jobs.iter().filter(|job| job.workspace == place);
            let open = |id: CreditGrantId| -> i64 {
                let jobs = jobs().filter(|job| job.ends == 0);
                let parts = jobs.flat_map(|job| &job.parts).filter(|part| part.grant == id);
                parts.map(|part| part.amount.get()).sum()
            };
            for grant in &purse.grants {
                if grant.buckets.sum() != Ok(grant.amount.get()) {
                    return Some(format!("{grant:?} does not add up"));
                }
                if grant.buckets.held != open(grant.id) {
                    return Some(format!("{grant:?} is held for {}", open(grant.id)));
                }
            }
            let ids: HashSet<_> = purse.grants.iter().map(|grant| grant.id).collect();
            if ids.len() != purse.grants.len() {
                return Some("a refund came twice".to_owned());
            }
            let owed = purse.grants.iter().map(|g| (g.reclaimed - g.buckets.taken_back).max(0));
            if purse.debt != owed.sum::<i64>() {
                return Some(format!("the debt of {place} is {}", purse.debt));
            }
            let foreign = jobs().flat_map(|job| &job.parts).find(|part| !ids.contains(&part.grant));
            if let Some(part) = foreign {
                return Some(format!("{part:?} is of another workspace"));
            }
        }
        self.jobs.iter().any(|job| job.ends > 1).then(|| "a job ended twice".to_owned())
    }
}

/// Steps in every order. Gives how many worlds there are, or the first fault.
fn explore(takes: bool) -> Result<usize, String> {
    let mut seen = HashSet::new();
    let mut open = vec![begin()];
    while let Some(world) = open.pop() {
        if let Some(fault) = world.fault() {
            return Err(fault);
        }
        if !seen.insert(world.clone()) {
            continue;
        }
        let jobs = (0..world.jobs.len()).flat_map(|job| {
            [Who::Opener(job), Who::Worker(job, true), Who::Worker(job, false), Who::Reaper(job)]
        });
        let before = open.len();
        for who in jobs.chain([Who::Sweeper, Who::Payer]) {
            open.extend(world.step(who, takes));
        }
        if open.len() == before {
            // Nobody can step: every job that held has ended.
            let is_held = |purse: &Purse| purse.grants.iter().any(|grant| grant.buckets.held > 0);
            if world.workspaces.iter().any(is_held) {
                return Err("credits stay held".to_owned());
            }
        }
        if world.now < LAST {
            open.push(World { now: world.now + 1, ..world });
        }
    }
    Ok(seen.len())
}

#[test]
fn in_every_order_the_ledger_adds_up() {
    let worlds = explore(true).unwrap_or_else(|fault| panic!("{fault}"));
    assert!(worlds > 10_000, "{worlds} worlds are too few to have met all of them");
}

#[test]
fn without_taking_the_ledger_it_does_not() {
    assert!(explore(false).is_err());
}
