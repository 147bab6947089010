//! What the ledger should be, in the plainest way: every credit is a thing of its own and knows where it
//! is. Nothing of the rules under test is used here.

use std::collections::BTreeMap;

use bloom_domain::credits::{Buckets, GrantKind};
use bloom_domain::ids::CreditGrantId;
use bloom_domain::time::Timestamp;

pub(super) const WEEK: i64 = 7 * 86_400 * 1_000_000;
/// The end of what never ends.
pub(super) const NEVER: i64 = 253_402_300_799_999_999;

/// Where a credit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Available,
    Held { job: usize, item: usize },
    Spent,
    Expired,
    TakenBack,
}

#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) owner: usize,
    pub(super) kind: GrantKind,
    pub(super) effective: i64,
    pub(super) expires: i64,
    pub(super) reclaimed: i64,
    /// Told by the ledger; decides only between grants that are otherwise alike.
    pub(super) id: Option<CreditGrantId>,
    credits: Vec<Place>,
}

#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) owner: usize,
    pub(super) operation: &'static str,
    pub(super) until: i64,
    /// What each item costs, and how many of it were spent once it has ended.
    pub(super) items: Vec<(i64, Option<i64>)>,
}

#[derive(Debug, Clone)]
pub(super) struct Monthly {
    pub(super) amount: i64,
    pub(super) anchor: i64,
    pub(super) ends: i64,
    pub(super) next: i64,
}

/// What a verb says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    New,
    Before,
    Ended { settled: i64, voided: i64, is_new: bool },
    Insufficient { balance: i64, needed: i64 },
    Owed { debt: i64 },
    Taken,
    NotFound,
    AboveHeld { held: i64 },
    AboveGranted { granted: i64 },
    Done,
}

/// Two workspaces and what happened in them.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) now: i64,
    pub(super) grants: BTreeMap<String, Grant>,
    pub(super) debts: [i64; 2],
    /// In the order in which they came.
    pub(super) jobs: Vec<(String, Job)>,
    pub(super) monthly: [Option<Monthly>; 2],
}

impl Grant {
    fn is_live(&self, now: i64) -> bool {
        self.effective <= now && now < self.expires
    }

    fn count(&self, is: impl Fn(Place) -> bool) -> i64 {
        i64::try_from(self.credits.iter().filter(|place| is(**place)).count()).unwrap()
    }

    pub(super) fn amount(&self) -> i64 {
        self.count(|_| true)
    }

    pub(super) fn buckets(&self) -> Buckets {
        Buckets {
            available: self.count(|place| place == Place::Available),
            held: self.count(|place| matches!(place, Place::Held { .. })),
            spent: self.count(|place| place == Place::Spent),
            expired: self.count(|place| place == Place::Expired),
            taken_back: self.count(|place| place == Place::TakenBack),
        }
    }
}

impl Model {
    /// Credits that can be spent, in the order in which they are: grant and index.
    fn spendable(&self, owner: usize) -> Vec<(String, usize)> {
        let mine = |g: &(&String, &Grant)| g.1.owner == owner && g.1.is_live(self.now);
        let mut grants: Vec<_> = self.grants.iter().filter(mine).collect();
        grants.sort_by_key(|(_, g)| (g.expires, g.kind, g.effective, g.id));
        let of = |(source, grant): (&String, &Grant)| {
            let there = grant.credits.iter().enumerate().filter(|c| *c.1 == Place::Available);
            there.map(|(index, _)| (source.clone(), index)).collect::<Vec<_>>()
        };
        grants.into_iter().flat_map(of).collect()
    }

    pub(super) fn available(&self, owner: usize) -> i64 {
        i64::try_from(self.spendable(owner).len()).unwrap()
    }

    pub(super) fn balance(&self, owner: usize) -> i64 {
        if self.debts[owner] > 0 { 0 } else { self.available(owner) }
    }

    fn put(&mut self, (source, index): &(String, usize), place: Place) {
        self.grants.get_mut(source).unwrap().credits[*index] = place;
    }

    pub(super) fn hold(
        &mut self,
        owner: usize,
        name: &str,
        operation: &'static str,
        costs: &[i64],
        until: i64,
    ) -> Said {
        let known = self.jobs.iter().find(|(known, job)| known == name && job.owner == owner);
        if let Some((_, job)) = known {
            let is_same = job.operation == operation
                && job.items.iter().map(|item| item.0).eq(costs.iter().copied());
            return if is_same { Said::Before } else { Said::Taken };
        }
        if self.debts[owner] > 0 {
            return Said::Owed { debt: self.debts[owner] };
        }
        let (spendable, needed) = (self.spendable(owner), costs.iter().sum::<i64>());
        if self.balance(owner) < needed {
            return Said::Insufficient { balance: self.balance(owner), needed };
        }
        let mut next = spendable.iter();
        let job = self.jobs.len();
        for (item, &cost) in costs.iter().enumerate() {
            for _ in 0..cost {
                self.put(next.next().unwrap(), Place::Held { job, item });
            }
        }
        let items = costs.iter().map(|&cost| (cost, None)).collect();
        self.jobs.push((name.to_owned(), Job { owner, operation, until, items }));
        Said::New
    }

    /// Ends an item: spends so many of its credits, or none. `refund` is the source of a refund.
    pub(super) fn end(&mut self, job: usize, item: usize, spent: i64, refund: &str) -> Said {
        let Some(&(cost, ended)) = self.jobs[job].1.items.get(item) else {
            return Said::NotFound;
        };
        if let Some(settled) = ended {
            return Said::Ended { settled, voided: cost - settled, is_new: false };
        }
        if spent > cost {
            return Said::AboveHeld { held: cost };
        }
        let owner = self.jobs[job].1.owner;
        let mut lapsed = 0;
        for (number, credit) in (0..).zip(self.held_by(job, item)) {
            let grant = &self.grants[&credit.0];
            let is_owed = grant.reclaimed > grant.buckets().taken_back && self.debts[owner] > 0;
            let has_ended = self.now >= grant.expires;
            let place = match () {
                () if number < spent => Place::Spent,
                () if is_owed => {
                    self.debts[owner] -= 1;
                    Place::TakenBack
                }
                () if has_ended => {
                    lapsed += 1;
                    Place::Expired
                }
                () => Place::Available,
            };
            self.put(&credit, place);
        }
        self.jobs[job].1.items[item].1 = Some(spent);
        if lapsed > 0 {
            // A hold that is given up as a whole gives one refund.
            match self.grants.get_mut(refund) {
                Some(grant) => {
                    let more = usize::try_from(lapsed).unwrap();
                    grant.credits.extend(std::iter::repeat_n(Place::Available, more));
                }
                None => {
                    let span = (self.now, self.now + WEEK);
                    self.open(owner, GrantKind::Refund, refund, lapsed, span);
                }
            }
        }
        Said::Ended { settled: spent, voided: cost - spent, is_new: true }
    }

    fn held_by(&self, job: usize, item: usize) -> Vec<(String, usize)> {
        let mut grants: Vec<_> = self.grants.iter().collect();
        grants.sort_by_key(|(_, g)| (g.expires, g.kind, g.effective, g.id));
        let of = |(source, grant): (&String, &Grant)| {
            let held =
                grant.credits.iter().enumerate().filter(|c| *c.1 == Place::Held { job, item });
            held.map(|(index, _)| (source.clone(), index)).collect::<Vec<_>>()
        };
        grants.into_iter().flat_map(of).collect()
    }

    fn open(
        &mut self,
        owner: usize,
        kind: GrantKind,
        source: &str,
        amount: i64,
        (effective, expires): (i64, i64),
    ) {
        let credits = vec![Place::Available; usize::try_from(amount).unwrap()];
        let grant = Grant { owner, kind, effective, expires, reclaimed: 0, id: None, credits };
        assert!(self.grants.insert(source.to_owned(), grant).is_none(), "{source}");
    }

    pub(super) fn grant(
        &mut self,
        owner: usize,
        kind: GrantKind,
        source: &str,
        amount: i64,
        expires: i64,
    ) -> Said {
        if let Some(known) = self.grants.get(source) {
            let is_same = known.owner == owner && known.amount() == amount;
            return if is_same { Said::Before } else { Said::Taken };
        }
        self.open(owner, kind, source, amount, (self.now, expires));
        if matches!(kind, GrantKind::Operator | GrantKind::Topup) {
            let paid = self.debts[owner].min(amount);
            self.debts[owner] -= paid;
            for index in 0..usize::try_from(paid).unwrap() {
                self.put(&(source.to_owned(), index), Place::Spent);
            }
        }
        Said::New
    }

    pub(super) fn take_back(&mut self, source: &str, total: i64) -> Said {
        let Some(grant) = self.grants.get_mut(source) else { return Said::NotFound };
        if total > grant.amount() {
            return Said::AboveGranted { granted: grant.amount() };
        }
        while grant.reclaimed < total {
            grant.reclaimed += 1;
            match grant.credits.iter_mut().find(|place| **place == Place::Available) {
                Some(place) => *place = Place::TakenBack,
                None => self.debts[grant.owner] += 1,
            }
        }
        Said::Done
    }

    pub(super) fn expire(&mut self) {
        for grant in self.grants.values_mut().filter(|grant| grant.expires <= self.now) {
            let left = grant.credits.iter_mut().filter(|place| **place == Place::Available);
            left.for_each(|place| *place = Place::Expired);
        }
    }

    /// Gives up the jobs whose time is over; `refund` names the source for a job.
    pub(super) fn reap(&mut self, order: &[usize], refund: impl Fn(usize) -> String) {
        for &job in order {
            if self.jobs[job].1.until > self.now {
                continue;
            }
            for item in 0..self.jobs[job].1.items.len() {
                if self.jobs[job].1.items[item].1.is_none() {
                    self.end(job, item, 0, &refund(job));
                }
            }
        }
    }

    pub(super) fn grant_monthly(&mut self, source: impl Fn(usize, &str) -> String) {
        for owner in 0..2 {
            let Some(monthly) = self.monthly[owner].clone() else { continue };
            if monthly.next > self.now || monthly.next >= monthly.ends {
                continue;
            }
            let (start, end, day) = month(monthly.anchor, self.now);
            let source = source(owner, &day);
            if start < monthly.ends && !self.grants.contains_key(&source) {
                self.open(owner, GrantKind::Monthly, &source, monthly.amount, (start, end));
            }
            let next = if end < monthly.ends { end } else { NEVER };
            self.monthly[owner] = Some(Monthly { next, ..monthly });
        }
    }
}

/// The month since an anchor in which an instant lies, counted one by one, and its first day.
fn month(anchor: i64, now: i64) -> (i64, i64, String) {
    let utc = jiff::tz::Offset::UTC;
    let first = utc.to_datetime(jiff::Timestamp::from_microsecond(anchor).unwrap());
    let nth = |n: i64| {
        let then = first.checked_add(jiff::Span::new().months(n)).unwrap();
        utc.to_timestamp(then).unwrap().as_microsecond()
    };
    let mut months = 0;
    while nth(months + 1) <= now {
        months += 1;
    }
    let start = nth(months);
    let day = utc.to_datetime(jiff::Timestamp::from_microsecond(start).unwrap()).date();
    (start, nth(months + 1), day.to_string())
}

/// An instant as the ledger has it.
pub(super) fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(micros)
}
