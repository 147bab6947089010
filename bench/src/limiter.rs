//! The exact rate window: nanoseconds a request and bytes a key, beside the two counters that others use.

use std::hint::black_box;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bloom_domain::ids::ApiKeyId;
use bloom_domain::rate_window::RateLimit;
use bloom_domain::time::Timestamp;
use bloom_service::authenticate::Via;
use bloom_service::rate_limit::Windows;

use crate::Outcome;
use crate::process::written_kib;
use crate::samples::median;

const RUNS: usize = 5;
const KEYS: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const REQUESTS: usize = 4_000_000;
const RULE: RateLimit = RateLimit::STANDARD;
/// A key asks so often on average: as often as it may.
const MICROS_BETWEEN: usize = 500_000;
const START: i64 = 1_800_000_000_000_000;

/// Each run is a process of its own, since memory that was once in use is not given back.
pub(crate) fn run() -> Outcome {
    println!("\nthe exact window, every key at its limit, in random order, {RUNS} runs");
    let program = std::env::current_exe()?;
    for keys in KEYS {
        let mut figures: [Vec<f64>; 4] = Default::default();
        for _ in 0..RUNS {
            let output = Command::new(&program).args(["limiter", &keys.to_string()]).output()?;
            let output = String::from_utf8(output.stdout)?;
            for (figures, figure) in figures.iter_mut().zip(output.split_whitespace()) {
                figures.push(figure.parse()?);
            }
        }
        let [counters, held, by_id, bytes] = figures.each_ref().map(|runs| median(runs));
        println!(
            "  {keys:>9} keys: {held:>5.0} ns a request, {by_id:>5.0} ns with the search for the key's \
             window, {bytes:>5.0} bytes a key; two counters (yardstick) {counters:>5.0} ns"
        );
    }
    Ok(())
}

/// The figures for so many keys, on one line.
pub(crate) fn measure(keys: &str) -> Outcome {
    let keys = keys.parse()?;
    let ids: Vec<Via> = (0..keys).map(via).collect();
    let windows = Windows::new();
    let before = written_kib()?;
    let full = usize::from(RULE.limit);
    for round in 0..full {
        for (index, via) in ids.iter().enumerate() {
            let now = at((round * keys + index) * MICROS_BETWEEN / keys);
            black_box(windows.of(*via).lock().take(RULE, now));
        }
    }
    let bytes = (written_kib()? - before) * 1_024.0 / keys as f64;

    let held: Vec<_> = ids.iter().map(|via| windows.of(*via)).collect();
    let after = full * MICROS_BETWEEN;
    let by_holding = per_request(keys, after, |key, now| {
        black_box(held[key].lock().take(RULE, now));
    });
    let after = after + REQUESTS * MICROS_BETWEEN / keys;
    let by_id = per_request(keys, after, |key, now| {
        black_box(windows.of(ids[key]).lock().take(RULE, now));
    });
    let counters: Vec<Arc<Mutex<Counters>>> = (0..keys).map(|_| Arc::default()).collect();
    let two_counters = per_request(keys, 0, |key, now| {
        if let Ok(mut counters) = counters[key].lock() {
            black_box(counters.take(now.unix_micros()));
        }
    });
    println!("{two_counters} {by_holding} {by_id} {bytes}");
    Ok(())
}

/// This minute's requests, and the last minute's as if they had come evenly.
#[derive(Default)]
struct Counters {
    minute: i64,
    last: i64,
    this: i64,
}

impl Counters {
    fn take(&mut self, now: i64) -> bool {
        const MINUTE: i64 = 60_000_000;
        let current = now / MINUTE;
        if current != self.minute {
            self.last = if current == self.minute + 1 { self.this } else { 0 };
            (self.minute, self.this) = (current, 0);
        }
        let rest = MINUTE - now % MINUTE;
        let allowed = self.last * rest + self.this * MINUTE < i64::from(RULE.limit) * MINUTE;
        self.this += i64::from(allowed);
        allowed
    }
}

fn per_request(keys: usize, after: usize, mut take: impl FnMut(usize, Timestamp)) -> f64 {
    let begun = Instant::now();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for request in 0..REQUESTS {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        take(random as usize % keys, at(after + request * MICROS_BETWEEN / keys));
    }
    begun.elapsed().as_secs_f64() * 1e9 / REQUESTS as f64
}

fn at(micros: usize) -> Timestamp {
    Timestamp::from_unix_micros(START + micros as i64)
}

/// An id as evenly spread as real ones.
fn via(index: usize) -> Via {
    let spread = (index as u128 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Via::ApiKey(ApiKeyId::from_bytes(spread.to_be_bytes()))
}
