//! Letting go of connections and threads without waiting for a server that has gone silent.
//!
//! The driver says goodbye when a connection is dropped and waits until the server has closed it.
//! A server that is frozen never does, and a thread that drops its connection in order to make a
//! better one would wait for the very thing it runs from.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use postgres::Client;

use crate::stopwatch;

/// How many goodbyes may be waited for at a time. Beyond it, the thread waits itself: a node that
/// meets a frozen server again and again must not pile up threads.
const FAREWELLS: usize = 32;

static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Drops a connection that may be broken, on a thread of its own.
pub(super) fn hang_up(client: Client) {
    if client.is_closed() || WAITING.load(Ordering::Relaxed) >= FAREWELLS {
        return drop(client);
    }
    WAITING.fetch_add(1, Ordering::Relaxed);
    // When no thread can be had, the closure is dropped here, and the connection with it.
    let started = std::thread::Builder::new().name("store-hang-up".to_owned()).spawn(move || {
        drop(client);
        WAITING.fetch_sub(1, Ordering::Relaxed);
    });
    if started.is_err() {
        WAITING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Waits for a thread to end, but not for ever: one that waits for a silent server ends with the
/// process, and its transaction with the connection.
pub(super) fn join(thread: JoinHandle<()>, patience: Duration) {
    // The last clone of a store may be dropped by a closure, on the very thread.
    if thread.thread().id() == std::thread::current().id() {
        return;
    }
    let begun = stopwatch::now();
    while !thread.is_finished() {
        if stopwatch::now().saturating_duration_since(begun) >= patience {
            tracing::warn!(thread = thread.thread().name(), "left behind, waiting for the server");
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    if thread.join().is_err() {
        tracing::error!("a thread of the store had panicked");
    }
}
