//! How fast it is. Run by hand:
//! `cargo test --release -p bloom-store throughput -- --ignored --nocapture --test-threads=1`

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::*;
use crate::stopwatch;

const SPAN: Duration = Duration::from_secs(2);

fn writes(engine: Engine, producers: usize) {
    let Some(database) = fresh(engine) else { return };
    let store = open(&database);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let number = Arc::new(AtomicU32::new(0));
    let begun = stopwatch::now();
    let tasks: Vec<_> = (0..producers)
        .map(|_| {
            let (store, number) = (store.clone(), Arc::clone(&number));
            runtime.spawn(async move {
                while stopwatch::now() < begun + SPAN {
                    let n = number.fetch_add(1, Ordering::Relaxed);
                    store.write(move |tx| insert(tx, n, "a workspace")).await.unwrap();
                }
            })
        })
        .collect();
    tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    let took = stopwatch::now().saturating_duration_since(begun).as_secs_f64();
    let (written, commits) = (number.load(Ordering::Relaxed), store.commits());
    let rate = f64::from(written) / took;
    println!("{engine:?}, {producers} producers: {rate:.0} tx/s in {commits} commits");
}

fn point_reads(engine: Engine) {
    let Some(database) = fresh(engine) else { return };
    let store = open(&database);
    store.write_blocking(|tx| insert(tx, 1, "a workspace")).unwrap();
    let runtime = runtime();
    let (begun, mut reads) = (stopwatch::now(), 0_u32);
    while stopwatch::now() < begun + SPAN {
        let read = store.read(|tx| tx.query_opt(&NAME, &[id(1).into()]));
        assert!(runtime.block_on(read).unwrap().is_some());
        reads += 1;
    }
    let took = stopwatch::now().saturating_duration_since(begun);
    println!("{engine:?}: a point read takes {:?}", took / reads);
}

#[test]
#[ignore = "a measurement"]
fn throughput_of_writes() {
    for engine in Engine::ALL {
        for producers in [1, 8, 64] {
            writes(engine, producers);
        }
    }
}

#[test]
#[ignore = "a measurement"]
fn throughput_of_point_reads() {
    Engine::ALL.into_iter().for_each(point_reads);
}
