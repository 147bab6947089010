//! What is done by itself, once a minute.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bloom_domain::grants::rotations_are_over;
use bloom_domain::ids::{ClientId, GrantId};
use bloom_domain::sessions::{ABSOLUTE_LIFETIME, IDLE_LIFETIME};
use bloom_domain::time::Timestamp;
use bloom_domain::{clients, idempotency, submissions, workspaces};
use bloom_store as store;
use store::{Change, Tx};

use crate::accounts::deletion;
use crate::authenticate::CLOCKS_DIFFER;
use crate::refusals::LONGEST_PAUSE;
use crate::workspaces::empty_deleted;
use crate::{Error, Service, credits, images, last_use, refusals, request_usage, signing_keys};

const INTERVAL: Duration = Duration::from_secs(60);
/// Deletes go in batches, so that no transaction holds up the others: what waits for one may wait for two of
/// them, and that is to stay below 5 ms.
const BATCH: i64 = 50;
/// Between two batches the database belongs to others: the disk is as busy with what is deleted as they find it.
const REST: Duration = Duration::from_millis(20);
/// To empty a workspace takes a few statements.
const EMPTIED: i64 = 50;
/// How many salts or clients a stretch looks at; few of them go.
const STRETCH: i64 = 200;
/// How many grants a stretch looks at: 200 that went at once held up the writes of others for 8 ms.
const GRANTS: i64 = 40;
/// How many stretches of grants a round looks at whatever it finds. Nothing is urgent about one that has
/// ended, and an index by its end would have to be written at every refresh.
const STRETCHES: usize = 5;
/// How many grants of a stretch must be over for the round to go on after that.
const WORTH_GOING_ON: u64 = 4;
/// Before the first grant.
pub(crate) const BEGINNING: GrantId = GrantId::from_bytes([0; 16]);
/// A grant is kept for a while after its end, so that a token that comes back can be told from one
/// that never was; a revoked connection for as long as its person may want to see it.
const KEPT: Duration = Duration::from_secs(7 * 86_400);
const CONNECTION_KEPT: Duration = Duration::from_secs(90 * 86_400);

/// Runs until it is dropped. What has ended takes the time that it takes, and the clock is followed meanwhile.
pub async fn run(service: Arc<Service>) {
    tokio::join!(
        every_minute(&service, follow_the_clock),
        every_minute(&service, delete_what_has_ended),
    );
}

async fn every_minute<'a, F: Future<Output = Result<(), Error>>>(
    service: &'a Service,
    round: impl Fn(&'a Service) -> F,
) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        if let Err(error) = round(service).await {
            tracing::warn!(%error, "housekeeping was not finished; it is tried again in a minute");
        }
    }
}

/// One round of both. What fails keeps nothing else from being done.
///
/// # Errors
/// The first failure, when the database cannot be written.
pub async fn once(service: &Service) -> Result<(), Error> {
    let followed = follow_the_clock(service).await;
    let deleted = delete_what_has_ended(service).await;
    followed.and(deleted)
}

/// What must not outlive its time goes and the signing keys follow the clock, last uses and what was refused are
/// written, idle windows are dropped, and the ledgers follow the clock.
async fn follow_the_clock(service: &Service) -> Result<(), Error> {
    service.windows.sweep(service.now());
    service.failed_attempts.sweep(service.now());
    service.client_documents.sweep(service.now());
    service.openid.sweep(service.now());
    service.libraries.sweep(service.now());
    let mut round = Round::default();
    // Before all that takes its time: salts must not outlive their window, nor a key its day.
    round.step("salts", erase_salts(service)).await;
    round.step("signing keys", signing_keys::refresh(service)).await;
    round.step("last uses", last_use::flush(service)).await;
    round.step("what was refused", refusals::flush(service, service.now())).await;
    round.step("ended credits", expire_credits(service)).await;
    round.step("holds", reap_credit_holds(service)).await;
    round.step("monthly credits", grant_monthly_credits(service)).await;
    round.end()
}

/// Deletes what has ended, a little at a time.
async fn delete_what_has_ended(service: &Service) -> Result<(), Error> {
    let mut round = Round::default();
    delete_ended(service, &mut round).await;
    delete_ended_authorizations(service, &mut round).await;
    round.step("the count of apps", crate::clients::count(service)).await;
    round.step("deleted images", images::people::sweep(service)).await;
    round.step("files", images::files::sweep(service)).await;
    round.end()
}

/// How a round goes.
#[derive(Default)]
struct Round {
    first_failure: Option<Error>,
}

impl Round {
    /// Does one thing; when that fails, the log says so and the round goes on.
    async fn step(&mut self, what: &'static str, step: impl Future<Output = Result<(), Error>>) {
        if let Err(error) = step.await {
            tracing::warn!(what, %error, "a step of housekeeping failed");
            self.first_failure.get_or_insert(error);
        }
    }

    fn end(self) -> Result<(), Error> {
        self.first_failure.map_or(Ok(()), Err)
    }
}

/// What has ended, but for what OAuth leaves behind.
async fn delete_ended(service: &Service, round: &mut Round) {
    let now = service.now();
    round.step("setup links", delete_setup_links(service)).await;
    let idle_since = now.minus(IDLE_LIFETIME);
    let idle = in_batches(service, move |tx| store::sessions::delete_idle(tx, idle_since, BATCH));
    round.step("idle sessions", idle).await;
    let before = now.minus(ABSOLUTE_LIFETIME);
    let old = in_batches(service, move |tx| store::sessions::delete_old(tx, before, BATCH));
    round.step("old sessions", old).await;
    let ended = in_batches(service, move |tx| store::invitations::delete_expired(tx, now, BATCH));
    round.step("invitations", ended).await;
    let ended = in_batches(service, move |tx| store::upload_tokens::delete_expired(tx, now, BATCH));
    round.step("uploads", ended).await;
    let ended = in_batches(service, move |tx| store::account_links::delete_expired(tx, now, BATCH));
    round.step("links by mail", ended).await;
    let ended = in_batches(service, move |tx| store::openid::delete_old_answers(tx, now, BATCH));
    round.step("answers of the provider", ended).await;
    let kept = now.minus(idempotency::KEPT);
    let old = in_batches(service, move |tx| store::idempotency::delete_old(tx, kept, BATCH));
    round.step("kept answers", old).await;
    let shown = now.minus(submissions::SHOWN_AGAIN);
    let old = in_batches(service, move |tx| store::submissions::forget_pages(tx, shown, BATCH));
    round.step("pages of forms", old).await;
    let kept = now.minus(submissions::KEPT);
    let old = in_batches(service, move |tx| store::submissions::delete_old(tx, kept, BATCH));
    round.step("forms", old).await;
    let gone = empty_deleted(service, now.minus(workspaces::GRACE), EMPTIED);
    round.step("deleted workspaces", gone).await;
    let kept = request_usage::kept_since(service);
    let old = in_batches(service, move |tx| store::request_usage::delete_before(tx, kept, BATCH));
    round.step("counts of requests", old).await;
    round.step("what accounts left", deletion::erase_left_overs(service)).await;
}

async fn delete_setup_links(service: &Service) -> Result<(), Error> {
    let now = service.now();
    Ok(service
        .store
        .write(move |tx| store::setup_links::delete_expired(tx, now))
        .await
        .map(drop)?)
}

/// Writes off what is left of credits that have ended.
///
/// # Errors
/// When the database cannot be written.
pub async fn expire_credits(service: &Service) -> Result<(), Error> {
    credits::sweep::expire(service).await
}

/// Voids the holds of jobs that nobody has ended in time.
///
/// # Errors
/// When the database cannot be written.
pub async fn reap_credit_holds(service: &Service) -> Result<(), Error> {
    credits::sweep::reap(service).await
}

/// Grants the credits of the months that have begun.
///
/// # Errors
/// When the database cannot be written.
pub async fn grant_monthly_credits(service: &Service) -> Result<(), Error> {
    credits::monthly::grant_due(service).await
}

/// What must be written before the process ends.
pub(crate) async fn last_words(service: &Service) -> Result<(), Error> {
    let mut round = Round::default();
    round.step("last uses", last_use::flush(service)).await;
    let by = service.now().plus(LONGEST_PAUSE);
    round.step("what was refused", refusals::flush(service, by)).await;
    round.end()
}

async fn erase_salts(service: &Service) -> Result<(), Error> {
    let window = rotations_are_over(service.settings.refresh_replay_window, service.now());
    in_stretches(service, (BEGINNING, -1), move |tx, place| {
        store::refresh_rotations::sweep(tx, place, window, STRETCH)
    })
    .await
}

/// What OAuth leaves behind.
async fn delete_ended_authorizations(service: &Service, round: &mut Round) {
    let now = service.now();
    let ended = now.minus(CLOCKS_DIFFER);
    let tokens =
        in_batches(service, move |tx| store::revoked_access_tokens::delete_ended(tx, ended, BATCH));
    round.step("revoked access tokens", tokens).await;
    round.step("grants", sweep_grants(service)).await;
    let ended = in_batches(service, move |tx| store::connections::close_ended(tx, now, BATCH));
    round.step("ended connections", ended).await;
    let before = now.minus(CONNECTION_KEPT);
    let old = in_batches(service, move |tx| store::connections::delete_revoked(tx, before, BATCH));
    round.step("revoked connections", old).await;
    round.step("apps", sweep_clients(service)).await;
}

async fn sweep_clients(service: &Service) -> Result<(), Error> {
    let now = service.now();
    let used_before = now.minus(clients::IDLE_LIFETIME);
    let registered = service.client_count.load(Ordering::Relaxed);
    let new_before = now.minus(clients::unused_lifetime(registered, service.settings.max_clients));
    let first = (Timestamp::from_unix_micros(i64::MIN), ClientId::from_bytes([0; 16]));
    in_stretches(service, first, move |tx, place| {
        let swept = store::clients::sweep(tx, place, used_before, new_before, STRETCH)?;
        Ok(swept.map(|(last, gone)| {
            gone.into_iter().for_each(|id| tx.changed(Change::Client(id)));
            last
        }))
    })
    .await
}

/// Goes one stretch further over the grants, and on while much of what it meets is over; at their end it
/// begins anew.
async fn sweep_grants(service: &Service) -> Result<(), Error> {
    for stretch in 1.. {
        let (after, now) = (*service.swept_grants.lock(), service.now());
        let ended_before = now.minus(KEPT);
        let sweep =
            move |tx: &mut Tx<'_>| store::grants::sweep(tx, after, ended_before, now, GRANTS);
        let swept = service.store.write(sweep).await?;
        *service.swept_grants.lock() = swept.map_or(BEGINNING, |swept| swept.last);
        let goes_on = match swept {
            Some(swept) => stretch < STRETCHES || swept.deleted >= WORTH_GOING_ON,
            // A round that begins behind the last grant would look at none.
            None => after != BEGINNING,
        };
        if !goes_on {
            break;
        }
        if swept.is_some_and(|swept| swept.deleted > 0) {
            tokio::time::sleep(REST).await;
        }
    }
    Ok(())
}

/// Goes over a whole table, a stretch at a time.
async fn in_stretches<P: Copy + Send + 'static>(
    service: &Service,
    beginning: P,
    sweep: impl Fn(&mut Tx<'_>, P) -> Result<Option<P>, store::Error> + Copy + Send + 'static,
) -> Result<(), Error> {
    let mut place = Some(beginning);
    while let Some(after) = place {
        place = service.store.write(move |tx| sweep(tx, after)).await?;
    }
    Ok(())
}

async fn in_batches(
    service: &Service,
    delete: impl Fn(&mut Tx<'_>) -> Result<u64, store::Error> + Copy + Send + 'static,
) -> Result<(), Error> {
    while service.store.write(delete).await? >= BATCH.unsigned_abs() {
        tokio::time::sleep(REST).await;
    }
    Ok(())
}
