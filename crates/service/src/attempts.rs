//! Limits on what fails and on what anybody may do, by where it comes from: in this process's memory.
//!
//! A limited address still passes with a good credential, and nobody can lock another out: wrong
//! passwords are limited for an account and an address together, and for the account alone they only
//! make the next sign-in wait a moment. An address from which many accounts are tried is limited, too, but
//! not for the accounts that have signed in from there before.

use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bloom_domain::attempts::{AddressBlock, Attempts, OF_AN_ACCOUNT, delay};
use bloom_domain::email::Email;
use bloom_domain::ids::AccountId;
use bloom_domain::rate_window::RateLimit;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use parking_lot::Mutex;
use store::Tx;
use store::audit::Of;

use crate::{Error, Service, audit};

/// How many windows of a kind are kept: a few megabytes at most.
const MOST: usize = 20_000;

/// The limits; `None` turns one off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimits {
    /// Failed authentications of an address.
    pub authentications: Option<RateLimit>,
    /// Wrong passwords for an account from an address.
    pub passwords: Option<RateLimit>,
    /// Wrong passwords from an address, for whichever accounts.
    pub address_passwords: Option<RateLimit>,
    /// The longest that a sign-in to an account with many wrong passwords waits; zero for no wait.
    pub delay: Duration,
    /// Accounts that an address makes or asks for.
    pub sign_ups: Option<RateLimit>,
    /// New clients that an address registers.
    pub registrations: Option<RateLimit>,
    /// Reports of leaked keys from an address that named no key of this server.
    pub reports: Option<RateLimit>,
    /// Mails with a link that are asked for, to one mailbox from one address. Four times as many of a kind go to a
    /// mailbox in all, and as many from an address, and 20 times as many invitations from an account.
    pub mails: Option<RateLimit>,
}

impl AttemptLimits {
    /// As they are when nothing is configured.
    pub const STANDARD: Self =
        Self::new(60, 10, 2, 10, 30, 10).with_mails(5).with_address_passwords(100);
    /// No limit at all.
    pub const OFF: Self = Self::new(0, 0, 0, 0, 0, 0);

    /// Limits by their numbers, in the order of the fields; 0 turns one off. The delay is in seconds.
    #[must_use]
    pub const fn new(
        authentications: u16,
        passwords: u16,
        delay: u16,
        sign_ups: u16,
        registrations: u16,
        reports: u16,
    ) -> Self {
        Self {
            authentications: within(authentications, 60),
            passwords: within(passwords, PASSWORDS_WITHIN),
            address_passwords: None,
            delay: Duration::from_secs(delay as u64),
            sign_ups: within(sign_ups, 30 * 60),
            registrations: within(registrations, 30 * 60),
            reports: within(reports, 60),
            mails: None,
        }
    }

    /// The same with a limit on wrong passwords from an address, for whichever accounts; 0 turns it off.
    #[must_use]
    pub const fn with_address_passwords(self, passwords: u16) -> Self {
        Self { address_passwords: within(passwords, PASSWORDS_WITHIN), ..self }
    }

    /// The same with a limit on mails that are asked for; 0 turns it off.
    #[must_use]
    pub const fn with_mails(self, mails: u16) -> Self {
        Self { mails: within(mails, MAILS_WITHIN), ..self }
    }
}

/// How many records of an account are looked at to know where its person has been.
const RECORDS_LOOKED_AT: i64 = 500;
/// In how long wrong passwords are counted.
const PASSWORDS_WITHIN: u64 = 15 * 60;
/// In how long mails that are asked for are counted: the longest that a window may be.
const MAILS_WITHIN: u64 = 30 * 60;
/// How many times as many mails go to a mailbox, or from an address, as to one from the other.
const IN_ALL: u16 = 4;
/// And how many times as many invitations go from an account.
const INVITATIONS: u16 = 20;

const fn within(limit: u16, seconds: u64) -> Option<RateLimit> {
    RateLimit::within(limit, Duration::from_secs(seconds))
}

/// What is counted.
pub(crate) struct FailedAttempts {
    authentications: Counter<AddressBlock>,
    passwords: Counter<(Guessed, AddressBlock)>,
    passwords_from: Counter<AddressBlock>,
    accounts: Counter<Guessed>,
    sign_ups: Counter<AddressBlock>,
    pub(crate) registrations: Counter<AddressBlock>,
    reports: Counter<AddressBlock>,
    mails: Counter<(Guessed, AddressBlock)>,
    mails_to: Counter<(Guessed, Letter)>,
    mails_from: Counter<AddressBlock>,
    invitations: Counter<AccountId>,
}

/// What a mail with a link is for. Those of one purpose take none of the room of another's: whoever asks for a
/// sign-up in somebody's name must not keep them from the link to a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Letter {
    /// To make an account.
    SignUp,
    /// To choose a new password.
    Reset,
    /// To prove that an address is one's own.
    Address,
}

/// An account that somebody wants to sign in to, there or not: half a digest of its email address, since
/// an address that a stranger typed can be long.
type Guessed = [u8; 16];

impl FailedAttempts {
    pub(crate) fn new(limits: &AttemptLimits) -> Self {
        let times = |more: u16| {
            limits.mails.and_then(|rule| within(rule.limit.saturating_mul(more), MAILS_WITHIN))
        };
        let in_all = times(IN_ALL);
        let of_an_account = (!limits.delay.is_zero()).then_some(OF_AN_ACCOUNT);
        Self {
            authentications: Counter::new(limits.authentications),
            passwords: Counter::new(limits.passwords),
            passwords_from: Counter::new(limits.address_passwords),
            accounts: Counter::new(of_an_account),
            sign_ups: Counter::new(limits.sign_ups),
            registrations: Counter::new(limits.registrations),
            reports: Counter::new(limits.reports),
            mails: Counter::new(limits.mails),
            mails_to: Counter::new(in_all),
            mails_from: Counter::new(in_all),
            invitations: Counter::new(times(INVITATIONS)),
        }
    }

    /// Gives back the memory of what counts no more.
    pub(crate) fn sweep(&self, now: Timestamp) {
        self.authentications.sweep(now);
        self.passwords.sweep(now);
        self.passwords_from.sweep(now);
        self.accounts.sweep(now);
        self.sign_ups.sweep(now);
        self.registrations.sweep(now);
        self.reports.sweep(now);
        self.mails.sweep(now);
        self.mails_to.sweep(now);
        self.mails_from.sweep(now);
        self.invitations.sweep(now);
    }
}

/// Attempts of one kind, if they are limited.
pub(crate) struct Counter<K>(Option<Mutex<Attempts<K>>>);

impl<K: Eq + Hash> Counter<K> {
    pub(crate) fn new(rule: Option<RateLimit>) -> Self {
        Self(rule.map(|rule| Mutex::new(Attempts::new(rule, MOST))))
    }

    /// Takes room for an attempt, or says how long to wait for it.
    pub(crate) fn take(&self, who: K, now: Timestamp) -> Result<(), Duration> {
        let Some(attempts) = &self.0 else { return Ok(()) };
        let taken = attempts.lock().take(who, now);
        if taken.allowed { Ok(()) } else { Err(taken.reset) }
    }

    pub(crate) fn give_back(&self, who: &K) {
        if let Some(attempts) = &self.0 {
            attempts.lock().give_back(who);
        }
    }

    fn count(&self, who: &K, now: Timestamp) -> u16 {
        self.0.as_ref().map_or(0, |attempts| attempts.lock().count(who, now))
    }

    pub(crate) fn sweep(&self, now: Timestamp) {
        if let Some(attempts) = &self.0 {
            attempts.lock().sweep(now);
        }
    }
}

/// Counts an authentication that failed; says how long to wait when its address has had too many.
#[must_use]
pub fn anonymous_authentication_failed(
    service: &Service,
    address: Option<IpAddr>,
) -> Option<Duration> {
    let counter = &service.failed_attempts.authentications;
    counter.take(AddressBlock::of(address), service.now()).err()
}

/// Lets a sign-in go on as far as the limits allow. Room is taken before the password is looked at, so
/// that attempts at the same time are counted exactly, and given back unless the password was wrong.
pub(crate) async fn limit_sign_in<T>(
    service: &Service,
    email: &Email,
    address: Option<IpAddr>,
    attempt: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let is_known = has_been_at(service, email, AddressBlock::of(address));
    limit(service, (email, address), is_known, attempt).await
}

/// The same for somebody who is signed in and gives their password again: who tries many accounts is somebody else.
pub(crate) async fn limit_proof<T>(
    service: &Service,
    email: &Email,
    address: Option<IpAddr>,
    attempt: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    limit(service, (email, address), std::future::ready(Ok(true)), attempt).await
}

async fn limit<T>(
    service: &Service,
    (email, address): (&Email, Option<IpAddr>),
    is_known: impl Future<Output = Result<bool, Error>>,
    attempt: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let attempts = &service.failed_attempts;
    let (account, block) = (guessed(email), AddressBlock::of(address));
    let who = (account, block);
    let now = service.now();
    attempts.passwords.take(who, now).map_err(|retry_after| Error::TooMany { retry_after })?;
    let from = attempts.passwords_from.take(block, now);
    if let Err(retry_after) = from {
        // Whoever tries many accounts from an address keeps nobody out who has been there before.
        let is_known = is_known.await;
        if !matches!(is_known, Ok(true)) {
            attempts.passwords.give_back(&who);
            is_known?;
            return Err(Error::TooMany { retry_after });
        }
    }
    let wait = delay(attempts.accounts.count(&account, now), service.settings.attempts.delay);
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let result = attempt.await;
    if matches!(result, Err(Error::WrongEmailOrPassword)) {
        // More than are counted change nothing: the delay has an end.
        let _ = attempts.accounts.take(account, service.now());
    } else {
        attempts.passwords.give_back(&who);
        if from.is_ok() {
            attempts.passwords_from.give_back(&block);
        }
    }
    result
}

/// Whether the person of an account has lately done something at an address, signed in: a sign-in, at least.
async fn has_been_at(service: &Service, email: &Email, block: AddressBlock) -> Result<bool, Error> {
    let email = email.clone();
    let find = move |tx: &mut Tx<'_>| {
        let Some(account) = store::accounts::find_by_email(tx, &email)? else { return Ok(false) };
        let of = Of::Account(account.id);
        let records = store::audit::list_before(tx, of, i64::MAX, RECORDS_LOOKED_AT)?;
        Ok(records.iter().any(|record| audit::is_done_from(record, account.id, block)))
    };
    Ok(service.store.read(find).await?)
}

/// Whether one more mail with a link goes to a mailbox. A refusal says nothing of the mailbox: an address asks
/// for so many to one, there or not, and for so many in all. What others have asked for makes no refusal, only
/// a mail that is not sent: a mailbox must not be flooded, and nobody may be kept from asking.
pub(crate) fn take_mail(
    service: &Service,
    (letter, email): (Letter, &Email),
    address: Option<IpAddr>,
) -> Result<bool, Error> {
    let (attempts, now) = (&service.failed_attempts, service.now());
    let (mailbox, block) = (guessed(email), AddressBlock::of(address));
    attempts.mails.take((mailbox, block), now).map_err(too_many)?;
    attempts.mails_from.take(block, now).map_err(too_many)?;
    Ok(attempts.mails_to.take((mailbox, letter), now).is_ok())
}

/// Lets one more invitation go to a mailbox. Only what the sender's own account and address have sent is counted: what
/// others send to a mailbox must not keep a team from inviting its owner. A team invites many people from one place, so
/// that the account is what is counted in all.
pub(crate) fn take_invitation(
    service: &Service,
    email: &Email,
    account: AccountId,
    address: Option<IpAddr>,
) -> Result<(), Error> {
    let (attempts, now) = (&service.failed_attempts, service.now());
    let (mailbox, block) = (guessed(email), AddressBlock::of(address));
    attempts.invitations.take(account, now).map_err(too_many)?;
    attempts.mails.take((mailbox, block), now).map_err(too_many)
}

fn too_many(retry_after: Duration) -> Error {
    Error::TooMany { retry_after }
}

fn guessed(email: &Email) -> Guessed {
    let mut guessed = Guessed::default();
    guessed.copy_from_slice(&digest(&SHA256, email.as_str().as_bytes()).as_ref()[..16]);
    guessed
}

/// Lets a stranger's sign-up go on as far as the limits allow. It counts when an account was made, and when
/// it told that an address is taken.
pub(crate) async fn limit_sign_up<T>(
    service: &Service,
    address: Option<IpAddr>,
    sign_up: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let (sign_ups, who) = (&service.failed_attempts.sign_ups, AddressBlock::of(address));
    sign_ups.take(who, service.now()).map_err(|retry_after| Error::TooMany { retry_after })?;
    let result = sign_up.await;
    if !matches!(result, Ok(_) | Err(Error::EmailTaken)) {
        sign_ups.give_back(&who);
    }
    result
}

/// Lets a report of a leaked key go on as far as the limits allow. One that was true is given its room back:
/// whoever cleans up after a leak has many.
pub(crate) async fn limit_report<T>(
    service: &Service,
    address: Option<IpAddr>,
    was_true: impl FnOnce(&T) -> bool,
    report: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let (reports, who) = (&service.failed_attempts.reports, AddressBlock::of(address));
    reports.take(who, service.now()).map_err(|retry_after| Error::TooMany { retry_after })?;
    let result = report.await;
    if result.as_ref().map_or(true, was_true) {
        reports.give_back(&who);
    }
    result
}
