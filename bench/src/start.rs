//! From start to the first answer with 100,000 keys, and the memory of an idle server.

use std::time::Duration;

use crate::Outcome;
use crate::load::{self, Connection, account_request};
use crate::samples::median;
use crate::world::World;

const RUNS: usize = 9;

/// The yardstick of time is the limit itself: 60 ms; that of memory is 40 MiB.
pub(crate) fn run(world: &World) -> Outcome {
    let runtime = load::runtime()?;
    let request = account_request(&world.keys[0]);
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let server = world.serve()?;
        let status = runtime
            .block_on(async { Connection::open(server.address).await?.status(&request).await })
            .map_err(|error| error.to_string())?;
        times.push(server.started.elapsed().as_secs_f64() * 1e3);
        if status != 200 {
            return Err(format!("answered {status}").into());
        }
        std::thread::sleep(Duration::from_millis(500));
        memory.push(server.resident_mib()?);
    }
    println!("\nstart with {} keys, {RUNS} runs", world.keys.len());
    println!("  to the first answer      {:>6.1} ms", median(&times));
    println!("  memory when idle         {:>6.1} MiB", median(&memory));
    Ok(())
}
