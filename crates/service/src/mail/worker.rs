//! What takes mails from the queue and hands them over. Each node runs one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bloom_domain::ids::MailId;
use bloom_domain::mail::{TRIED_FOR, wait_after};
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::mails::StoredMail;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{MailError, open};
use crate::{Error, Service, root_secret};

/// For how long a mail that is being handed over is nobody else's. Short enough for one whose node was
/// killed.
pub const LEASE: Duration = Duration::from_secs(120);
/// What takes longer than this to hand over counts as failed, while it is still ours.
const PATIENCE: Duration = Duration::from_secs(90);
/// How many are handed over at the same time: one slow server must not hold up the others.
const AT_ONCE: i64 = 8;
/// The longest without a look at what is due. Another node may have been killed with a mail in hand.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How soon to look again when the database could not be asked.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Runs until it is told to stop; mails in hand are finished first.
pub async fn run(service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    if let Err(error) = begin(&service).await {
        tracing::warn!(%error, "mails of the last run wait until their time has come");
    }
    while !*stop.borrow() {
        let pause = match round(&service, &stop).await {
            Ok(next) => next.map_or(LONGEST_SLEEP, |at| at.since(service.now()).min(LONGEST_SLEEP)),
            Err(error) => {
                tracing::warn!(%error, "the mails that are due could not be looked at");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            _ = stop.changed() => {}
            () = service.post.written.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Hands over all that is due.
///
/// # Errors
/// When the database cannot be used.
pub async fn once(service: &Arc<Service>) -> Result<(), Error> {
    let (_running, stop) = watch::channel(false);
    round(service, &stop).await.map(drop)
}

/// A process that works alone took over from one that is gone, with all it had in hand; and whoever starts
/// a server again may have repaired what kept mails back.
async fn begin(service: &Service) -> Result<(), Error> {
    let now = service.now();
    if service.store.is_alone() {
        service.store.write(move |tx| store::mails::hurry(tx, now)).await?;
    }
    Ok(())
}

/// Hands over all that is due, and says when there is more to do.
async fn round(
    service: &Arc<Service>,
    stop: &watch::Receiver<bool>,
) -> Result<Option<Timestamp>, Error> {
    while !*stop.borrow() {
        let claimed = claim(service).await?;
        if claimed.is_empty() {
            break;
        }
        let mut attempts = JoinSet::new();
        for mail in claimed {
            let service = service.clone();
            attempts.spawn(async move { attempt(&service, mail).await });
        }
        let mut outcomes = Vec::new();
        while let Some(ended) = attempts.join_next().await {
            // What panicked has been reported, and is tried again when its lease is over.
            outcomes.extend(ended);
        }
        outcomes.into_iter().collect::<Result<(), Error>>()?;
    }
    Ok(service.store.read(store::mails::next_due).await?)
}

/// A node that does not know the root secret in force leaves mails to those that do.
async fn claim(service: &Service) -> Result<Vec<StoredMail>, Error> {
    let (now, keyring) = (service.now(), service.keyring.load_full());
    let claim = move |tx: &mut store::Tx<'_>| match root_secret::check(tx, &keyring)? {
        Ok(()) => store::mails::claim(tx, now, now.plus(LEASE), AT_ONCE).map(Ok),
        Err(error) => Ok(Err(error)),
    };
    // Most often there is none, and looking costs no COMMIT.
    let next = service.store.read(store::mails::next_due).await?;
    if next.is_none_or(|next| next > now) {
        return Ok(Vec::new());
    }
    service.store.write(claim).await?
}

async fn attempt(service: &Service, stored: StoredMail) -> Result<(), Error> {
    let id = stored.id;
    let outcome = match open(service, &stored) {
        Some(letter) => {
            let delivery = service.post.mailer.deliver(&letter);
            let given_up = || Err(MailError::for_now("it took too long"));
            tokio::time::timeout(PATIENCE, delivery).await.unwrap_or_else(|_| given_up())
        }
        None => Err(MailError::for_now("it was sealed with a root secret that is not here")),
    };
    match outcome {
        Ok(place) => {
            forget(service, id).await?;
            service.post.delivered.fetch_add(1, Ordering::Relaxed);
            tracing::info!(mail = %id, %place, "a mail was delivered");
        }
        Err(error) => {
            service.post.failed.fetch_add(1, Ordering::Relaxed);
            failed(service, &stored, &error).await?;
        }
    }
    Ok(())
}

async fn failed(service: &Service, stored: &StoredMail, error: &MailError) -> Result<(), Error> {
    let StoredMail { id, attempts, .. } = *stored;
    let now = service.now();
    if error.is_final || now >= stored.written_at.plus(TRIED_FOR) {
        forget(service, id).await?;
        service.post.given_up.fetch_add(1, Ordering::Relaxed);
        tracing::error!(mail = %id, attempts, %error, "a mail was given up");
        return Ok(());
    }
    let wait = wait_after(attempts);
    let put_off =
        move |tx: &mut store::Tx<'_>| store::mails::put_off(tx, id, attempts, now.plus(wait));
    service.store.write(put_off).await?;
    tracing::warn!(mail = %id, attempts, again_in = ?wait, %error, "a mail was not taken");
    Ok(())
}

async fn forget(service: &Service, id: MailId) -> Result<(), Error> {
    service.store.write(move |tx| store::mails::delete(tx, id)).await?;
    Ok(())
}
