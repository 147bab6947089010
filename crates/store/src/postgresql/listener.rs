//! Hearing what other nodes committed.
//!
//! One connection of its own LISTENs. Every quarter of a second it asks the server for an answer;
//! PostgreSQL signals the listeners before it acknowledges a COMMIT, so an answer to a question
//! asked at some moment proves that every change committed before that moment has arrived. The
//! moment of the last such question is kept, and `hears` compares it with now: a thread that hangs,
//! a network that swallows packets and a process that was stopped for a while all look the same,
//! which is deaf.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use postgres::Client;
use postgres::fallible_iterator::FallibleIterator;

use super::connect::Connector;
use super::hang_up::{hang_up, join};
use crate::changes::Change;
use crate::dialect;
use crate::error::OpenError;
use crate::shared::Shared;
use crate::stopwatch;

/// How often the server is asked.
const BEAT: Duration = Duration::from_millis(250);

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_millis(700);

/// After this long without an answer the node is deaf.
const DEAF: Duration = Duration::from_secs(1);

/// How long the end of the store waits for the thread.
const LEAVE: Duration = Duration::from_secs(3);

/// The pause after a connection failed; it doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Listener {
    heard: Arc<Heard>,
    stop: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// When the others were last surely heard: microseconds after `start`, zero for deaf.
struct Heard {
    start: Instant,
    micros: AtomicU64,
}

impl Heard {
    fn at(&self, moment: Instant) {
        let span = moment.saturating_duration_since(self.start).as_micros();
        let span = u64::try_from(span).unwrap_or(u64::MAX).max(1);
        self.micros.store(span, Ordering::Release);
    }

    fn lost(&self) {
        self.micros.store(0, Ordering::Release);
    }

    fn recently(&self) -> bool {
        match self.micros.load(Ordering::Acquire) {
            0 => false,
            micros => self.start.elapsed() < Duration::from_micros(micros) + DEAF,
        }
    }
}

struct Ear {
    connector: Arc<Connector>,
    origin: Arc<str>,
    shared: Arc<Shared>,
    heard: Arc<Heard>,
    stop: Arc<AtomicBool>,
}

impl Listener {
    /// Returns when the first connection listens, so that a store that is open hears.
    pub(super) fn start(
        connector: &Arc<Connector>,
        origin: &Arc<str>,
        shared: &Arc<Shared>,
    ) -> Result<Self, OpenError> {
        let heard = Arc::new(Heard { start: stopwatch::now(), micros: AtomicU64::new(0) });
        let stop = Arc::new(AtomicBool::new(false));
        let ear = Ear {
            connector: Arc::clone(connector),
            origin: Arc::clone(origin),
            shared: Arc::clone(shared),
            heard: Arc::clone(&heard),
            stop: Arc::clone(&stop),
        };
        let (listening, first) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("store-listener".to_owned())
            .spawn(move || {
                let opened = ear.listen();
                let client = opened.map_err(|error| ear.connector.refused(&error));
                let answer = client.as_ref().map(drop).map_err(Clone::clone);
                if let (Ok(client), Ok(())) = (client, listening.send(answer)) {
                    ear.run(client);
                }
            })
            .map_err(|error| OpenError::new(format!("cannot start a thread: {error}")))?;
        first.recv().map_err(|_| OpenError::new("the listening thread panicked"))??;
        Ok(Self { heard, stop, thread: Mutex::new(Some(thread)) })
    }

    pub(super) fn hears(&self) -> bool {
        self.heard.recently()
    }

    pub(super) fn close(&self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.lock().take() {
            join(thread, LEAVE);
        }
    }
}

impl Ear {
    /// Listens until told to stop, on one connection after another.
    fn run(&self, mut client: Client) {
        loop {
            let cause = self.attend(&mut client);
            self.heard.lost();
            hang_up(client);
            if self.stopped() {
                return;
            }
            tracing::warn!(cause, "changes of other nodes are not heard; connecting again");
            let Some(next) = self.reconnect() else { return };
            client = next;
            // Whatever was said in between is gone for good.
            self.shared.deliver(&[Change::Everything]);
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    fn reconnect(&self) -> Option<Client> {
        let mut pause = FIRST_PAUSE;
        loop {
            if self.stopped() {
                return None;
            }
            match self.listen() {
                Ok(client) => return Some(client),
                Err(error) => {
                    let cause = super::failure::text(&error);
                    tracing::warn!(cause, "cannot listen for changes of other nodes");
                }
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    fn listen(&self) -> Result<Client, postgres::Error> {
        let mut client = self.connector.connect_to_listen()?;
        client.batch_execute(dialect::LISTEN)?;
        Ok(client)
    }

    /// Delivers what is heard until the connection breaks; says how it broke.
    fn attend(&self, client: &mut Client) -> String {
        while !self.stopped() {
            if let Err(error) = self.beat(client) {
                return super::failure::text(&error);
            }
            if client.is_closed() {
                return "the server closed the connection".to_owned();
            }
        }
        "told to stop".to_owned()
    }

    fn beat(&self, client: &mut Client) -> Result<(), postgres::Error> {
        let asked = stopwatch::now();
        client.is_valid(PATIENCE)?;
        while let Some(notice) = client.notifications().iter().next()? {
            self.hear(notice.payload());
        }
        self.heard.at(asked);
        // What arrives before the next beat is delivered at once. A stream of notices must not
        // keep the beat from coming.
        loop {
            let left = BEAT.saturating_sub(stopwatch::now().saturating_duration_since(asked));
            if left.is_zero() || self.stopped() {
                return Ok(());
            }
            let heard = client.notifications().timeout_iter(left).next()?;
            match heard {
                Some(notice) => self.hear(notice.payload()),
                None => return Ok(()),
            }
        }
    }

    fn hear(&self, payload: &str) {
        let (origin, change) = payload.split_once(' ').unwrap_or(("", payload));
        // What this node committed itself was delivered by the thread that committed it.
        if origin != &*self.origin {
            self.shared.deliver(&[Change::from_wire(change)]);
        }
    }
}
