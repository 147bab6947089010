//! Group commit on SQLite: durable one-row transactions a second with 1, 8 and 64 producers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use bloom_domain::digest::Digest;
use bloom_domain::time::Timestamp;
use bloom_store::{Database, Store, setup_links};

use crate::Outcome;
use crate::samples::median;

const RUNS: usize = 5;
const LENGTH: Duration = Duration::from_secs(1);

/// The yardstick is one producer: it waits for every sync alone.
pub(crate) fn run() -> Outcome {
    let folder = tempfile::tempdir()?;
    let database = Database::Sqlite { path: folder.path().join("bloom.db") };
    let store = Store::open(&database, Timestamp::from_unix_micros(0))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let next = Arc::new(AtomicI64::new(0));
    let mut rates: [Vec<f64>; 3] = Default::default();
    for _ in 0..RUNS {
        for (rates, producers) in rates.iter_mut().zip([1, 8, 64]) {
            rates.push(runtime.block_on(rate(&store, producers, &next))?);
        }
    }
    store.close();
    let [one, eight, many] = rates.each_ref().map(|rates| median(rates));
    println!("\ngroup commit on SQLite, durable one-row transactions a second (synchronous=FULL)");
    println!("   1 producer  (yardstick) {one:>9.0}   1.00x");
    println!("   8 producers             {eight:>9.0}   {:.2}x", eight / one);
    println!("  64 producers             {many:>9.0}   {:.2}x", many / one);
    Ok(())
}

pub(crate) async fn rate(
    store: &Store,
    producers: usize,
    next: &Arc<AtomicI64>,
) -> Result<f64, Box<dyn std::error::Error>> {
    let started = Instant::now();
    let tasks: Vec<_> = (0..producers)
        .map(|_| {
            let (store, next) = (store.clone(), next.clone());
            tokio::spawn(async move {
                let mut written = 0;
                while started.elapsed() < LENGTH {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let mut digest = [0; 32];
                    digest[..8].copy_from_slice(&number.to_be_bytes());
                    let digest = Digest::from_bytes(digest);
                    let at = Timestamp::from_unix_micros(number);
                    store.write(move |tx| setup_links::insert(tx, &digest, at, at)).await?;
                    written += 1;
                }
                Ok::<_, bloom_store::Error>(written)
            })
        })
        .collect();
    let mut written = 0;
    for task in tasks {
        written += task.await??;
    }
    Ok(f64::from(written) / started.elapsed().as_secs_f64())
}
