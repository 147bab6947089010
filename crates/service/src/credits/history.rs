//! What became of a workspace's credits, as its people read it: what there is, what was used and by whom, and
//! every movement.
//!
//! Each member sees every movement, since the credits are theirs together. Who else spent them, with what and
//! on which job is for those who look after the workspace ([`Act::SeeSpending`]).
//!
//! However long a ledger is, a page of it is read by index from a place on, and what was used is kept by day.

use std::collections::HashMap;

use bloom_domain::credits::{
    Amount, ChargedVia, CreditGrant, LedgerLine, Spender, Standing, UsageDay,
};
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, CreditHoldId, ImageId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Act, Role, Workspace, WorkspaceChoice};
use bloom_store as store;
use store::Tx;
use store::credit_spending::{self, Days};

use super::monthly;
use crate::{Error, Operator, Service, SignedIn};

/// How many grants are told of, those first that end first.
const MOST_GRANTS: i64 = 10;
/// How many members and credentials are told of, those first that spent most.
const MOST_SPENDERS: i64 = 20;

/// A place in a ledger: an entry and a line of it.
pub type Place = (i64, i64);

/// After every movement that there is or will be.
pub const END: Place = (i64::MAX, i64::MAX);

/// Some movements of a workspace, newest first.
#[derive(Debug)]
pub struct History {
    /// The workspace.
    pub workspace: Workspace,
    /// What the person is there.
    pub role: Role,
    /// The movements, each with who it was for.
    pub lines: Vec<(LedgerLine, Option<Who>)>,
    /// What is there of what they paid for, by their holds.
    pub images: HashMap<CreditHoldId, Vec<ImageId>>,
    /// Where older ones begin; `None` when these are the oldest.
    pub older: Option<Place>,
}

/// What a workspace has, and what was used lately.
#[derive(Debug)]
pub struct Overview {
    /// What it comes to now.
    pub standing: Standing,
    /// Whether operations run whatever that is.
    pub is_unlimited: bool,
    /// How many credits come next, and when.
    pub next: Option<(Amount, Timestamp)>,
    /// What can be spent, in the order in which it is; not all of it when it came in very many parts.
    pub grants: Vec<CreditGrant>,
    /// What was used.
    pub usage: Usage,
}

/// What was held in a workspace on some days and not given back.
#[derive(Debug)]
pub struct Usage {
    /// The first day.
    pub first: UsageDay,
    /// How much on each day, from the first on.
    pub days: Vec<i64>,
    /// How much by whom, the most first; empty for those who may not see it.
    pub by_member: Vec<(Person, i64)>,
    /// How much with what, the most first; only their own for those who may not see more.
    pub by_credential: Vec<(Who, i64)>,
}

/// Somebody who spent credits, as the reader may know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// The reader.
    Reader,
    /// Somebody else.
    Other(Email),
    /// Somebody whose account is gone.
    Gone,
    /// Somebody else, and the reader may not know who.
    Hidden,
}

/// Who spent credits, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Who.
    pub person: Person,
    /// With what; `None` when the reader may not know.
    pub credential: Option<Credential>,
}

/// What somebody spent credits with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Which one.
    pub via: ChargedVia,
    /// What it is called; `None` when it is gone.
    pub name: Option<String>,
}

/// The newest movements of a workspace before a place: at most so many.
///
/// # Errors
/// [`Error::WorkspaceNotFound`].
pub async fn list(
    service: &Service,
    person: &SignedIn,
    choice: WorkspaceChoice,
    before: Place,
    limit: usize,
) -> Result<History, Error> {
    let account = person.account().id;
    let read = move |tx: &mut Tx<'_>| {
        let Some((workspace, role)) = find(tx, account, choice)? else { return Ok(None) };
        let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let mut read = store::credit_movements::page_before(tx, workspace.id, before, one_more)?;
        let has_more = read.len() > limit;
        read.truncate(limit);
        let older = read.last().filter(|_| has_more).map(|line| (line.entry, line.line));
        let mut names = Names::new(Reader::Member { account, role });
        let mut lines = Vec::with_capacity(read.len());
        let mut images = HashMap::new();
        for mut line in read {
            let who = line.spender.map(|spender| names.who(tx, spender)).transpose()?;
            names.reader.hide(&mut line);
            if let Some((hold, _)) = &line.hold
                && !images.contains_key(hold)
            {
                images.insert(*hold, store::images::of_hold(tx, *hold)?);
            }
            lines.push((line, who));
        }
        Ok(Some(History { workspace, role, lines, images, older }))
    };
    service.store.read(read).await?.ok_or(Error::WorkspaceNotFound)
}

/// What a workspace has, and what was used in it in the last days, today among them.
///
/// # Errors
/// [`Error::WorkspaceNotFound`].
pub async fn overview(
    service: &Service,
    person: &SignedIn,
    choice: WorkspaceChoice,
    days: u16,
) -> Result<Overview, Error> {
    let (account, now) = (person.account().id, service.now());
    let is_unlimited = service.settings.billing.is_none();
    let read = move |tx: &mut Tx<'_>| {
        let Some((workspace, role)) = find(tx, account, choice)? else { return Ok(None) };
        let standing = store::credits::standing(tx, workspace.id, now)?;
        let months = store::monthly_credits::find(tx, workspace.id)?;
        let next = months.and_then(|months| Some((months.amount, monthly::next(&months, now)?)));
        let mut grants = store::credits::next_to_end(tx, workspace.id, now, MOST_GRANTS)?;
        grants.sort_by_key(CreditGrant::place);
        let usage = usage_in(tx, workspace.id, Reader::Member { account, role }, (days, now))?;
        Ok(Some(Overview { standing, is_unlimited, next, grants, usage }))
    };
    service.store.read(read).await?.ok_or(Error::WorkspaceNotFound)
}

/// The movements of a workspace after a place, oldest first: at most so many. What the reader may not know of
/// others is left out.
///
/// # Errors
/// [`Error::WorkspaceNotFound`].
pub async fn export(
    service: &Service,
    person: &SignedIn,
    choice: WorkspaceChoice,
    after: Place,
    limit: i64,
) -> Result<Vec<LedgerLine>, Error> {
    let account = person.account().id;
    let read = move |tx: &mut Tx<'_>| {
        let Some((workspace, role)) = find(tx, account, choice)? else { return Ok(None) };
        let mut lines = store::credit_movements::page_of(tx, workspace.id, after, limit)?;
        let reader = Reader::Member { account, role };
        lines.iter_mut().for_each(|line| reader.hide(line));
        Ok(Some(lines))
    };
    service.store.read(read).await?.ok_or(Error::WorkspaceNotFound)
}

/// What was used in a workspace in the last days, today among them, by everybody.
///
/// # Errors
/// When the database cannot be read.
pub async fn usage(
    service: &Service,
    _operator: &Operator,
    workspace: WorkspaceId,
    days: u16,
) -> Result<Usage, Error> {
    let now = service.now();
    let read = move |tx: &mut Tx<'_>| usage_in(tx, workspace, Reader::Operator, (days, now));
    Ok(service.store.read(read).await?)
}

fn usage_in(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    reader: Reader,
    (count, now): (u16, Timestamp),
) -> Result<Usage, store::Error> {
    let last = UsageDay::of(now);
    let first = last.minus_days(i64::from(count.max(1)) - 1);
    let asked = Days { workspace, first, last };
    let mut days = vec![0; usize::from(count.max(1))];
    for (day, credits) in credit_spending::by_day(tx, asked)? {
        let place = usize::try_from(day - first.get()).ok().and_then(|place| days.get_mut(place));
        if let Some(day) = place {
            *day = credits;
        }
    }
    let mut names = Names::new(reader);
    let only = match reader {
        Reader::Member { account, .. } if !reader.sees_all() => Some(account),
        _ => None,
    };
    let mut by_member = Vec::new();
    if reader.sees_all() {
        for (account, credits) in credit_spending::by_member(tx, asked, MOST_SPENDERS)? {
            by_member.push((names.person(tx, account)?, credits));
        }
    }
    let mut by_credential = Vec::new();
    for (spender, credits) in credit_spending::by_credential(tx, asked, only, MOST_SPENDERS)? {
        by_credential.push((names.who(tx, spender)?, credits));
    }
    Ok(Usage { first, days, by_member, by_credential })
}

/// The workspace that is meant, and what the person is there. What they do not belong to, and what is deleted,
/// is not there.
fn find(
    tx: &mut Tx<'_>,
    account: AccountId,
    choice: WorkspaceChoice,
) -> Result<Option<(Workspace, Role)>, store::Error> {
    Ok(match choice {
        WorkspaceChoice::Personal => {
            store::workspaces::find_personal(tx, account)?.map(|own| (own, Role::Owner))
        }
        WorkspaceChoice::Team(id) => store::workspaces::find_team(tx, account, id)?
            .filter(|team| team.deleted_at.is_none())
            .map(|team| (team.workspace, team.role)),
    })
}

/// What stands for a person's own browser among their keys and apps.
const BROWSER: &str = "this site";

/// Whoever reads a ledger.
#[derive(Debug, Clone, Copy)]
enum Reader {
    Operator,
    Member { account: AccountId, role: Role },
}

impl Reader {
    fn sees_all(self) -> bool {
        match self {
            Self::Operator => true,
            Self::Member { role, .. } => role.may(Act::SeeSpending),
        }
    }

    fn is(self, account: AccountId) -> bool {
        matches!(self, Self::Member { account: own, .. } if own == account)
    }

    /// Takes out of a movement what the reader may not know of others.
    fn hide(self, line: &mut LedgerLine) {
        if !self.sees_all() && line.spender.is_some_and(|spender| !self.is(spender.account)) {
            line.spender = None;
            line.hold = None;
        }
    }
}

/// The names of who is told of, each asked for once.
struct Names {
    reader: Reader,
    people: HashMap<AccountId, Person>,
    credentials: HashMap<ChargedVia, Option<String>>,
}

impl Names {
    fn new(reader: Reader) -> Self {
        Self { reader, people: HashMap::new(), credentials: HashMap::new() }
    }

    fn who(&mut self, tx: &mut Tx<'_>, spender: Spender) -> Result<Who, store::Error> {
        let person = self.person(tx, spender.account)?;
        let credential = match person {
            Person::Hidden => None,
            _ => Some(Credential { via: spender.via, name: self.credential(tx, spender)? }),
        };
        Ok(Who { person, credential })
    }

    fn person(&mut self, tx: &mut Tx<'_>, account: AccountId) -> Result<Person, store::Error> {
        if self.reader.is(account) {
            return Ok(Person::Reader);
        }
        if !self.reader.sees_all() {
            return Ok(Person::Hidden);
        }
        if let Some(known) = self.people.get(&account) {
            return Ok(known.clone());
        }
        let found = store::accounts::find(tx, account)?;
        let person = found.map_or(Person::Gone, |found| Person::Other(found.email));
        self.people.insert(account, person.clone());
        Ok(person)
    }

    fn credential(
        &mut self,
        tx: &mut Tx<'_>,
        Spender { account, via }: Spender,
    ) -> Result<Option<String>, store::Error> {
        if let Some(known) = self.credentials.get(&via) {
            return Ok(known.clone());
        }
        let name = match via {
            _ if via.is_browser_of(account) => Some(BROWSER.to_owned()),
            ChargedVia::ApiKey(id) => store::api_keys::find(tx, account, id)?.map(|key| key.name),
            ChargedVia::Connection(id) => {
                let client = store::connections::client_of(tx, account, id)?;
                client.map(|client| client.display_name())
            }
        };
        self.credentials.insert(via, name.clone());
        Ok(name)
    }
}
