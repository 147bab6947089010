//! What takes jobs and does them. Each node runs one, with a lane for each kind.

use std::sync::Arc;
use std::time::Duration;

use bloom_domain::jobs::{HEARTBEAT, LEASE, MAX_ATTEMPTS, wait_after, wait_as_told};
use bloom_store as store;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::kinds;
use super::{Job, JobError, Kind};
use crate::{Error, Service, root_secret};

/// The longest without a look at what is due. Another node may have been killed with a job in hand.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How soon to look again when the database could not be asked.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Runs until it is told to stop; jobs in hand are finished first.
pub async fn run(service: Arc<Service>, stop: watch::Receiver<bool>) {
    if let Err(error) = begin(&service).await {
        tracing::warn!(%error, "jobs of the last run wait until their time has come");
    }
    let mut lanes = JoinSet::new();
    for lane in 0..kinds::ALL.len() {
        lanes.spawn(keep_lane(service.clone(), lane, stop.clone()));
    }
    while lanes.join_next().await.is_some() {}
}

/// Does all that is due, one after the other, and what comes of it.
///
/// # Errors
/// When the database cannot be used.
pub async fn once(service: &Arc<Service>) -> Result<(), Error> {
    loop {
        let mut found = 0;
        for kind in kinds::ALL {
            for job in claim(service, kind, 1).await? {
                found += 1;
                attempt(service.clone(), kind, job).await;
            }
        }
        if found == 0 {
            return Ok(());
        }
    }
}

/// A process that works alone took over from one that is gone, with all it had in hand.
async fn begin(service: &Service) -> Result<(), Error> {
    let now = service.now();
    if service.store.is_alone() {
        service.store.write(move |tx| store::jobs::hurry(tx, now)).await?;
    }
    Ok(())
}

async fn keep_lane(service: Arc<Service>, lane: usize, mut stop: watch::Receiver<bool>) {
    let (Some(kind), Some(bell)) = (kinds::ALL.get(lane).copied(), service.jobs.0.get(lane)) else {
        return;
    };
    let most = (kind.at_once)().max(1);
    let mut running = JoinSet::new();
    while !*stop.borrow() {
        while running.try_join_next().is_some() {}
        let free = most.saturating_sub(running.len());
        let pause = match claim(&service, kind, free).await {
            Ok(claimed) if claimed.is_empty() => pause(&service, kind).await,
            Ok(claimed) => {
                for job in claimed {
                    running.spawn(attempt(service.clone(), kind, job));
                }
                continue;
            }
            Err(error) => {
                tracing::warn!(%error, kind = kind.name, "the jobs that are due could not be looked at");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            _ = stop.changed() => {}
            () = bell.notified(), if free > 0 => {}
            Some(_) = running.join_next() => {}
            () = tokio::time::sleep(pause), if free > 0 => {}
        }
    }
    // What panicked has been reported, and is tried again when its lease is over.
    while running.join_next().await.is_some() {}
}

/// How long until there is more to do.
async fn pause(service: &Service, kind: &'static Kind) -> Duration {
    match service.store.read(|tx| store::jobs::next_due(tx, kind.name)).await {
        Ok(next) => next.map_or(LONGEST_SLEEP, |at| at.since(service.now()).min(LONGEST_SLEEP)),
        Err(_) => AFTER_FAILURE,
    }
}

/// A node that does not know the root secret in force leaves jobs to those that do.
async fn claim(service: &Service, kind: &'static Kind, most: usize) -> Result<Vec<Job>, Error> {
    let (now, keyring) = (service.now(), service.keyring.load_full());
    // Most often there is none, and looking costs no COMMIT.
    let next = service.store.read(|tx| store::jobs::next_due(tx, kind.name)).await?;
    if most == 0 || next.is_none_or(|next| next > now) {
        return Ok(Vec::new());
    }
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let claim = move |tx: &mut store::Tx<'_>| match root_secret::check(tx, &keyring)? {
        Ok(()) => store::jobs::claim(tx, kind.name, now, now.plus(LEASE), most).map(Ok),
        Err(error) => Ok(Err(error)),
    };
    let claimed = service.store.write(claim).await??;
    Ok(claimed.into_iter().map(Job).collect())
}

/// One attempt, whatever it comes to.
async fn attempt(service: Arc<Service>, kind: &'static Kind, job: Job) {
    let (id, attempts) = (job.id(), job.attempts());
    let outcome = match attempts > MAX_ATTEMPTS {
        true => Err(JobError::ForGood("it was begun too often and never ended".to_owned())),
        false => within_lease(&service, &job, (kind.run)(&service, &job)).await,
    };
    let error = match outcome {
        Ok(()) => return,
        Err(error) => error,
    };
    let is_final = attempts >= MAX_ATTEMPTS || matches!(error, JobError::ForGood(_));
    if is_final {
        tracing::error!(job = %id, kind = kind.name, attempts, %error, "a job is given up");
        match within_lease(&service, &job, (kind.give_up)(&service, &job)).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(job = %id, %error, "it could not be given up yet"),
        }
    }
    let wait = match &error {
        JobError::NotBefore(told, _) => {
            let [chance] = service.entropy.draw().unwrap_or_default();
            wait_as_told(*told, attempts, chance)
        }
        JobError::ForNow(_) | JobError::ForGood(_) => wait_after(attempts),
    };
    let due = service.now().plus(wait);
    match service.store.write(move |tx| store::jobs::move_on(tx, id, attempts, due)).await {
        Ok(_) if is_final => {}
        Ok(_) => {
            tracing::warn!(job = %id, kind = kind.name, attempts, again_in = ?wait, %error, "a job failed");
        }
        Err(error) => tracing::warn!(job = %id, %error, "a job waits until its lease is over"),
    }
}

/// Works on a job and keeps others from it; stops when somebody else has it.
async fn within_lease(
    service: &Service,
    job: &Job,
    mut work: super::Attempt<'_>,
) -> Result<(), JobError> {
    let (id, attempts) = (job.id(), job.attempts());
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            () = tokio::time::sleep(HEARTBEAT) => {
                let until = service.now().plus(LEASE);
                let renewed = service
                    .store
                    .write(move |tx| store::jobs::move_on(tx, id, attempts, until))
                    .await;
                match renewed {
                    Ok(true) => {}
                    Ok(false) => return Ok(()),
                    // The lease may still be good; its end will tell.
                    Err(error) => tracing::warn!(job = %id, %error, "a lease was not renewed"),
                }
            }
        }
    }
}
