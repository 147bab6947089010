//! What authentication found out about credentials, kept until it changes.
//!
//! A verdict is keyed by the hash of the whole credential and carries the *sequence number* that
//! stood before its query ran. Every change of something it hangs on (its *subjects*: key, account,
//! grant, connection, …), once committed, takes the next number and writes it into the slot of the
//! changed id. A verdict is good while the slots of its subjects hold no later number than its own.
//! So a fill that raced a revocation is worthless from the start, whichever came first, and a
//! revocation is true when its call returns.
//!
//! What the database says of a grant is kept as well, by the grant's id: an app gets a new access
//! token each hour, and nothing but its signature is news. A client is kept, too, since every
//! authorization and every introspection begins with one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bloom_domain::access::Access;
use bloom_domain::accounts::Account;
use bloom_domain::api_keys::Maker;
use bloom_domain::clients::Client;
use bloom_domain::ids::{AccessTokenId, AccountId, ClientId, GrantId};
use bloom_domain::networks::Addresses;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Reach;
use bloom_store::Change;
use parking_lot::Mutex;
use quick_cache::sync::Cache;

use crate::authenticate::Via;
use crate::keyring::SecretHash;
use crate::last_use::LastUseSlot;
use crate::plans::KnownPlans;
use crate::rate_limit::SharedWindow;

/// How many verdicts are kept: about 25 MB when all are in use.
const CAPACITY: usize = 50_000;
/// How many grants are known: about 10 MB when all are in use.
const GRANTS: usize = 20_000;
/// How many clients are known: half a megabyte when they say as little of themselves as most do, and 27 when
/// they all say as much as may be.
const CLIENTS: usize = 500;
/// Slots for sequence numbers; two ids in one slot cost a needless query, never a wrong answer.
const SLOTS: usize = 4_096;
/// While other nodes cannot be heard, a verdict this old is not used.
const UNHEARD_LIFETIME: Duration = Duration::from_secs(1);

/// What authentication found out about one credential.
pub(crate) struct Verdict {
    pub(crate) facts: Facts,
    pub(crate) window: SharedWindow,
    pub(crate) last_use: LastUseSlot,
    pub(crate) standing: Standing,
}

/// What the database says of a credential.
pub(crate) struct Facts {
    pub(crate) via: Via,
    /// Of a key, with which credential it was made, and that one, and so on.
    pub(crate) makers: Box<[Maker]>,
    /// Of an access token, what it hangs on besides its connection.
    pub(crate) token: Option<TokenFacts>,
    /// Whether what it hangs on, but for the account, is in force.
    pub(crate) state: State,
    pub(crate) account: Arc<Account>,
    pub(crate) access: Access,
    /// The scopes of an access token.
    pub(crate) scopes: Option<Arc<str>>,
    /// The workspaces that it reaches, of those that the person belongs to.
    pub(crate) reach: Arc<Reach>,
    /// From where it may be used.
    pub(crate) addresses: Addresses,
    /// When the credential ends by itself, if it does.
    pub(crate) expires_at: Option<Timestamp>,
    /// Until when it is good, if it is a secret that its key had before.
    pub(crate) old_until: Option<Timestamp>,
}

/// What an access token hangs on, besides its connection.
#[derive(Clone, Copy)]
pub(crate) struct TokenFacts {
    pub(crate) id: AccessTokenId,
    pub(crate) grant: GrantId,
    pub(crate) client: ClientId,
    /// Whether it is about the client itself, and not about a person.
    pub(crate) acts_alone: bool,
    pub(crate) issued_at: Timestamp,
}

/// Whether a credential is in force.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    InForce,
    Revoked,
    /// The operator refuses the client.
    ClientRefused,
}

/// What the database says of a grant, and so of each access token of it, which says less and ends.
pub(crate) struct KnownGrant {
    pub(crate) client: ClientId,
    /// Whether its client acts by itself, so that no person is involved.
    pub(crate) acts_alone: bool,
    pub(crate) verdict: Verdict,
}

/// A client as it was found.
pub(crate) struct KnownClient {
    pub(crate) client: Arc<Client>,
    pub(crate) standing: Standing,
}

/// How long something that was found out stands: while nothing happened to its subjects since.
#[derive(Clone)]
pub(crate) struct Standing {
    pub(crate) subjects: Vec<Subject>,
    /// The point in the order of changes that stood before it was found out.
    pub(crate) as_of: Sequence,
    pub(crate) filled_at: Timestamp,
}

impl Standing {
    /// Of something that hangs on one thing more.
    pub(crate) fn and(&self, subject: Subject) -> Self {
        let mut subjects = Vec::with_capacity(self.subjects.len() + 1);
        subjects.extend_from_slice(&self.subjects);
        subjects.push(subject);
        Self { subjects, ..*self }
    }
}

/// Something that a verdict hangs on: the slot of its id.
#[derive(Clone, Copy)]
pub(crate) struct Subject(usize);

impl Subject {
    /// The thing with an id of 16 bytes. Ids end in random bytes.
    pub(crate) fn of(id: &[u8; 16]) -> Self {
        Self(slot(id))
    }
}

/// A point in the order of changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sequence(u64);

/// The verdicts of this process.
pub(crate) struct Verdicts {
    verdicts: Cache<SecretHash, Arc<Verdict>>,
    grants: Cache<GrantId, Arc<KnownGrant>>,
    plans: Cache<AccountId, Arc<KnownPlans>>,
    clients: Cache<ClientId, Arc<KnownClient>>,
    changes: Arc<Changes>,
}

impl Verdicts {
    pub(crate) fn new() -> Self {
        Self {
            verdicts: Cache::new(CAPACITY),
            grants: Cache::new(GRANTS),
            plans: Cache::new(GRANTS),
            clients: Cache::new(CLIENTS),
            changes: Arc::new(Changes::new()),
        }
    }

    /// The order of changes, for the store's commit path to write into.
    pub(crate) fn changes(&self) -> Arc<Changes> {
        self.changes.clone()
    }

    /// The point to be read before the query of a verdict that is to be kept.
    pub(crate) fn sequence(&self) -> Sequence {
        self.changes.sequence()
    }

    /// The verdict on a credential, if it still stands. `hears_others` tells whether changes made
    /// by other nodes are being heard.
    pub(crate) fn find(
        &self,
        hash: &SecretHash,
        now: Timestamp,
        hears_others: bool,
    ) -> Option<Arc<Verdict>> {
        let verdict = self.verdicts.get(hash)?;
        self.stands(&verdict.standing, now, hears_others).then_some(verdict)
    }

    pub(crate) fn keep(&self, hash: SecretHash, verdict: Arc<Verdict>) {
        self.verdicts.insert(hash, verdict);
    }

    /// What is known of a grant, if it still stands and nothing happened since to an access token of
    /// it.
    pub(crate) fn find_grant(
        &self,
        id: GrantId,
        token: AccessTokenId,
        now: Timestamp,
        hears_others: bool,
    ) -> Option<Arc<KnownGrant>> {
        let grant = self.grants.get(&id)?;
        let standing = &grant.verdict.standing;
        let stands = self.stands(standing, now, hears_others)
            && self.changes.unchanged(Subject::of(token.as_bytes()), standing.as_of);
        stands.then_some(grant)
    }

    pub(crate) fn keep_grant(&self, id: GrantId, grant: Arc<KnownGrant>) {
        self.grants.insert(id, grant);
    }

    /// What is known of the plans of a person's workspaces, if it still stands.
    pub(crate) fn find_plans(
        &self,
        id: AccountId,
        now: Timestamp,
        hears_others: bool,
    ) -> Option<Arc<KnownPlans>> {
        let plans = self.plans.get(&id)?;
        self.stands(&plans.standing, now, hears_others).then_some(plans)
    }

    pub(crate) fn keep_plans(&self, id: AccountId, plans: Arc<KnownPlans>) {
        self.plans.insert(id, plans);
    }

    /// A client as it was found, if that still stands.
    pub(crate) fn find_client(
        &self,
        id: ClientId,
        now: Timestamp,
        hears_others: bool,
    ) -> Option<Arc<KnownClient>> {
        let known = self.clients.get(&id)?;
        self.stands(&known.standing, now, hears_others).then_some(known)
    }

    pub(crate) fn keep_client(&self, known: KnownClient) {
        self.clients.insert(known.client.id, Arc::new(known));
    }

    /// Whether what was found out still stands.
    pub(crate) fn stands(&self, standing: &Standing, now: Timestamp, hears_others: bool) -> bool {
        let Standing { subjects, as_of, filled_at } = standing;
        (hears_others || is_fresh(*filled_at, now))
            && subjects.iter().all(|&subject| self.changes.unchanged(subject, *as_of))
    }
}

/// Whether something may be believed that no change could be heard of since. By a clock that was set
/// back nothing is fresh.
fn is_fresh(filled_at: Timestamp, now: Timestamp) -> bool {
    now >= filled_at && now.since(filled_at) < UNHEARD_LIFETIME
}

/// The order of committed changes, by slot of the changed id.
pub(crate) struct Changes {
    sequence: AtomicU64,
    /// Everything up to here is forgotten: set when changes may have been missed.
    floor: AtomicU64,
    slots: Box<[AtomicU64]>,
    /// Gives numbers and writes them as one step, so that a lower number is never seen after a
    /// higher one.
    order: Mutex<()>,
}

impl Changes {
    fn new() -> Self {
        Self {
            sequence: AtomicU64::new(1),
            floor: AtomicU64::new(0),
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            order: Mutex::new(()),
        }
    }

    /// Records a committed change. Runs on the committing thread, before the caller is answered.
    pub(crate) fn record(&self, change: &Change) {
        let place = match change {
            Change::Account(id) => self.slot(id.as_bytes()),
            Change::ApiKey(id) => self.slot(id.as_bytes()),
            Change::AccessToken(id) => self.slot(id.as_bytes()),
            Change::Client(id) => self.slot(id.as_bytes()),
            Change::Connection(id) => self.slot(id.as_bytes()),
            Change::Grant(id) => self.slot(id.as_bytes()),
            Change::Workspace(id) => self.slot(id.as_bytes()),
            // Sessions are read on every request, and no verdict is on the others; nothing is kept of them.
            Change::Session(_)
            | Change::Brand(_)
            | Change::Image(_)
            | Change::Job
            | Change::KeyShape
            | Change::Mail => return,
            Change::RootSecret | Change::Everything => &self.floor,
        };
        let _one_at_a_time = self.order.lock();
        let number = self.sequence.fetch_add(1, Ordering::SeqCst) + 1;
        place.store(number, Ordering::SeqCst);
    }

    fn sequence(&self) -> Sequence {
        Sequence(self.sequence.load(Ordering::SeqCst))
    }

    fn unchanged(&self, subject: Subject, since: Sequence) -> bool {
        let latest = self.slots[subject.0].load(Ordering::Acquire);
        latest <= since.0 && self.floor.load(Ordering::Acquire) <= since.0
    }

    fn slot(&self, id: &[u8; 16]) -> &AtomicU64 {
        &self.slots[slot(id)]
    }
}

/// The last two bytes of every kind of id are random.
fn slot(id: &[u8; 16]) -> usize {
    usize::from(u16::from_be_bytes([id[14], id[15]])) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use bloom_domain::ids::{AccountId, ApiKeyId};

    fn key(n: u8) -> ApiKeyId {
        ApiKeyId::from_bytes([n; 16])
    }

    #[test]
    fn a_fill_that_raced_a_change_is_worthless() {
        let changes = Changes::new();
        let before_the_query = changes.sequence();
        changes.record(&Change::ApiKey(key(1)));
        assert!(!changes.unchanged(Subject::of(key(1).as_bytes()), before_the_query));
        let after = changes.sequence();
        assert!(changes.unchanged(Subject::of(key(1).as_bytes()), after));
    }

    #[test]
    fn a_change_of_one_leaves_the_others() {
        let changes = Changes::new();
        let then = changes.sequence();
        changes.record(&Change::Account(AccountId::from_bytes([2; 16])));
        assert!(changes.unchanged(Subject::of(key(1).as_bytes()), then));
        assert!(!changes.unchanged(Subject::of(&[2; 16]), then));
    }

    #[test]
    fn what_cannot_be_heard_of_is_believed_for_a_second() {
        let filled_at = Timestamp::from_unix_micros(5_000_000);
        let after = |micros: i64| Timestamp::from_unix_micros(5_000_000 + micros);
        assert!(is_fresh(filled_at, filled_at) && is_fresh(filled_at, after(999_999)));
        assert!(!is_fresh(filled_at, after(1_000_000)));
        assert!(!is_fresh(filled_at, after(-1)), "the clock was set back");
    }

    #[test]
    fn missed_changes_forget_everything() {
        let changes = Changes::new();
        let then = changes.sequence();
        changes.record(&Change::Everything);
        assert!(!changes.unchanged(Subject::of(key(1).as_bytes()), then));
        assert!(changes.unchanged(Subject::of(key(1).as_bytes()), changes.sequence()));
    }
}
