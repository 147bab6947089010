//! What is done by itself, once a minute.

use std::sync::Arc;
use std::time::Duration;

use bloom_domain::sessions::{ABSOLUTE_LIFETIME, IDLE_LIFETIME};
use bloom_store as store;

use crate::{Error, Service, last_use};

const INTERVAL: Duration = Duration::from_secs(60);
/// Deletes go in batches, so that no transaction holds up the others.
const BATCH: i64 = 500;

/// Runs until it is dropped.
pub async fn run(service: Arc<Service>) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        if let Err(error) = once(&service).await {
            tracing::warn!(%error, "housekeeping was not finished; it is tried again in a minute");
        }
    }
}

/// One round: last uses are written, what has ended is deleted, idle windows are dropped.
///
/// # Errors
/// When the database cannot be written.
pub async fn once(service: &Service) -> Result<(), Error> {
    if let Some(rule) = service.settings.rate_limit {
        service.windows.sweep(rule, service.now());
    }
    last_use::flush(service).await?;
    let now = service.now();
    service.store.write(move |tx| store::setup_links::delete_expired(tx, now)).await?;
    delete_ended_sessions(service).await
}

/// What must be written before the process ends.
pub(crate) async fn last_words(service: &Service) -> Result<(), Error> {
    last_use::flush(service).await
}

async fn delete_ended_sessions(service: &Service) -> Result<(), Error> {
    let now = service.now();
    let (idle_since, created_before) = (now.minus(IDLE_LIFETIME), now.minus(ABSOLUTE_LIFETIME));
    loop {
        let deleted = service
            .store
            .write(move |tx| store::sessions::delete_ended(tx, idle_since, created_before, BATCH))
            .await?;
        if deleted < BATCH.unsigned_abs() {
            return Ok(());
        }
    }
}
