//! A copy of all that is kept of a person, for that person.

use bloom_domain::accounts::Account;
use bloom_domain::api_keys::ApiKey;
use bloom_domain::audit::{Action, Record, Subject};
use bloom_domain::brands::Brand;
use bloom_domain::clients::Client;
use bloom_domain::connections::Connection;
use bloom_domain::credits::LedgerLine;
use bloom_domain::ids::{AccountId, WorkspaceId};
use bloom_domain::images::Image;
use bloom_domain::openid::Identity;
use bloom_domain::passkeys::Passkey;
use bloom_domain::sessions::Session;
use bloom_domain::workspaces::{Role, Workspace, WorkspaceChoice};
use bloom_store as store;
use store::Tx;
use store::audit::Of;
use store::images::{Narrowed, Of as Pictures, Stretch};

use crate::audit::{self, Difference};
use crate::credits::budgets::{self, Budgets};
use crate::credits::history;
use crate::sessions::ending;
use crate::{
    Error, Service, SignedIn, api_keys, connections, openid, owned_clients, passkeys, workspaces,
};

/// How many rows are read at a stretch: other requests go between two.
const STRETCH: i64 = 500;

/// All that is kept of a person. No secret is in it, since none is kept.
pub struct Export {
    /// The account.
    pub account: Account,
    /// The personal workspace.
    pub personal: Option<Workspace>,
    /// The teams, each with what the person is there.
    pub teams: Vec<(Workspace, Role)>,
    /// The API keys.
    pub keys: Vec<ApiKey>,
    /// The apps that were let in.
    pub apps: Vec<Connection>,
    /// What the keys and apps may spend, and what was spent with each.
    pub budgets: Budgets,
    /// The apps that the person made.
    pub own_apps: Vec<Client>,
    /// The passkeys.
    pub passkeys: Vec<Passkey>,
    /// The identities at OpenID providers.
    pub identities: Vec<Identity>,
    /// The browsers that are signed in.
    pub sessions: Vec<Session>,
    /// What was done with the account, and by its person to others, the oldest first.
    pub activity: Vec<Record>,
    /// The ledger of the personal workspace.
    pub credits: Vec<LedgerLine>,
    /// The brands of the personal workspace, and those that the person made in teams.
    pub brands: Vec<Brand>,
    /// The images of the personal workspace, and those that the person made or brought in teams.
    pub images: Vec<Image>,
}

/// Where something can be of the person.
#[derive(Clone, Copy)]
struct Place {
    workspace: WorkspaceId,
    /// Whether all that is there is theirs; in a team it is what they made.
    is_personal: bool,
}

impl Place {
    fn holds_theirs(self, made_by: AccountId, account: AccountId) -> bool {
        self.is_personal || made_by == account
    }
}

/// Copies it. That it was copied is part of the copy.
///
/// # Errors
/// [`Error::ProofNeeded`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn make(service: &Service, person: &SignedIn) -> Result<Export, Error> {
    person.require_proof(service)?;
    let (claim, author) = (person.claim(), person.author(service)?);
    let note = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        let (subject, difference) = (Subject::Account(claim.account), Difference::default());
        author.record(tx, Action::DataExported, subject, claim.account, difference);
        Ok(Ok(()))
    };
    service.store.write(note).await??;
    let mine = workspaces::mine(service, person).await?;
    let teams = workspaces::teams(service, person).await?;
    let personal = mine.into_iter().next();
    let own = personal.as_ref().map(|own| Place { workspace: own.id, is_personal: true });
    let shared =
        teams.iter().map(|team| Place { workspace: team.workspace.id, is_personal: false });
    let places: Vec<_> = own.into_iter().chain(shared).collect();
    Ok(Export {
        account: person.account().clone(),
        personal,
        teams: teams.into_iter().map(|team| (team.workspace, team.role)).collect(),
        keys: api_keys::list(service, person).await?,
        apps: connections::list(service, person).await?,
        budgets: budgets::list(service, person).await?,
        own_apps: owned_clients::list(service, person).await?,
        passkeys: passkeys::list(service, person).await?,
        identities: openid::list(service, person).await?,
        sessions: ending::list(service, person).await?,
        activity: activity(service, person).await?,
        credits: ledger(service, person).await?,
        brands: brands(service, person, &places).await?,
        images: images(service, person, &places).await?,
    })
}

async fn activity(service: &Service, person: &SignedIn) -> Result<Vec<Record>, Error> {
    let account = person.account().id;
    let (of, mut before) = (Of::Person(account), i64::MAX);
    let mut all = Vec::new();
    loop {
        let list = move |tx: &mut Tx<'_>| store::audit::list_before(tx, of, before, STRETCH);
        let read = service.store.read(list).await?;
        let Some(last) = read.last() else { break };
        before = last.number;
        all.extend(read.into_iter().map(|record| audit::theirs(record, account)));
    }
    all.reverse();
    Ok(all)
}

async fn brands(
    service: &Service,
    person: &SignedIn,
    places: &[Place],
) -> Result<Vec<Brand>, Error> {
    let (account, mut all) = (person.account().id, Vec::new());
    for place in places.iter().copied() {
        let mut before = store::brands::AFTER_ALL;
        loop {
            let list = move |tx: &mut Tx<'_>| {
                let lines = store::brands::page(tx, place.workspace, before, STRETCH)?;
                let last = lines.last().map(|last| last.id);
                let found = lines.iter().map(|line| store::brands::find(tx, account, line.id));
                Ok((found.collect::<Result<Vec<_>, _>>()?, last))
            };
            let (found, last) = service.store.read(list).await?;
            let Some(last) = last else { break };
            before = last;
            let found = found.into_iter().flatten().map(|found| found.brand);
            all.extend(found.filter(|brand| place.holds_theirs(brand.made_by, account)));
        }
    }
    Ok(all)
}

async fn images(
    service: &Service,
    person: &SignedIn,
    places: &[Place],
) -> Result<Vec<Image>, Error> {
    let (account, mut all) = (person.account().id, Vec::new());
    for place in places.iter().copied() {
        let mut before = store::images::AFTER_ALL;
        loop {
            let of = Pictures::Workspace(place.workspace);
            let (narrowed, stretch) = (Narrowed::default(), Stretch { before, limit: STRETCH });
            let list =
                move |tx: &mut Tx<'_>| store::images::page(tx, account, of, narrowed, stretch);
            let read = service.store.read(list).await?;
            let Some(last) = read.last() else { break };
            before = last.id;
            let theirs = |image: &Image| place.holds_theirs(image.made_by, account);
            all.extend(read.into_iter().filter(theirs));
        }
    }
    Ok(all)
}

async fn ledger(service: &Service, person: &SignedIn) -> Result<Vec<LedgerLine>, Error> {
    let (choice, mut after) = (WorkspaceChoice::Personal, (0, 0));
    let mut all = Vec::new();
    loop {
        let read = history::export(service, person, choice, after, STRETCH).await?;
        let Some(last) = read.last() else { break };
        after = (last.entry, last.line);
        all.extend(read);
    }
    Ok(all)
}
