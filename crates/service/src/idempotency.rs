//! Requests that are done once, however often they are sent.
//!
//! 1. Before a verb is asked, [`reserve`] looks whether something stands under the key: then that is the
//!    answer, and nothing is done. Beside a request that is being worked on here, another waits outside.
//! 2. The verb writes through [`Once`]. The key is taken in its transaction before anything else, and
//!    the answer is kept in the same transaction, so there is no thing without its answer. Where two nodes
//!    race, the second waits in the database and gets the first one's answer.
//! 3. What is refused leaves nothing behind: the next request with the key is judged anew.
//!
//! An answer may hold a secret that is shown once, so it is sealed. It is bound to what it stands under, and
//! is given to no other credential than the one that asked.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bloom_domain::idempotency::{IdempotencyKey, KEPT};
use bloom_domain::time::Timestamp;
use bloom_store as store;
use parking_lot::Mutex;
use store::Tx;
use store::idempotency::{KeptAnswer, StoredKey};

use crate::entropy::Entropy;
use crate::keyring::{Keyring, sha256};
use crate::operations::Operation;
use crate::{Error, Principal, Service, sealed};

/// When it makes sense to ask again while the first request is being worked on.
const SOON: Duration = Duration::from_secs(1);

/// What is being worked on by this process.
#[derive(Default)]
pub(crate) struct InProgress(Arc<Mutex<HashSet<StoredKey>>>);

/// A key that nothing stands under, kept from others of this process until it is dropped.
pub struct Reservation {
    key: StoredKey,
    request_digest: [u8; 32],
    in_progress: Arc<Mutex<HashSet<StoredKey>>>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.in_progress.lock().remove(&self.key);
    }
}

/// An answer as its face wrote it.
pub struct Answer {
    /// The answer.
    pub bytes: Vec<u8>,
    /// Whether it was given before, and nothing was done now.
    pub is_repeated: bool,
}

/// Whether a request is new.
pub enum Reserved {
    /// It is: it can be worked on.
    New(Reservation),
    /// It was done before, and this is what was answered.
    Done(Answer),
}

/// Looks whether a request was done before under a key, and keeps others from doing it meanwhile. `request`
/// is all that says what is asked for, in a form that does not change when it is asked again.
///
/// # Errors
/// [`Error::IdempotencyInProgress`], [`Error::IdempotencyKeyReused`].
pub async fn reserve(
    service: &Service,
    principal: &Principal,
    operation: &'static Operation,
    key: &IdempotencyKey,
    request: &[u8],
) -> Result<Reserved, Error> {
    let digest = sha256(key.as_str().as_bytes());
    let key = StoredKey { account: principal.account_id(), operation: operation.id, digest };
    // Whoever has another credential may do less, and must not be shown what this one was.
    let request_digest = sha256(&[principal.via().id().as_slice(), request].concat());
    let in_progress = service.in_progress.0.clone();
    if !in_progress.lock().insert(key.clone()) {
        return Err(Error::IdempotencyInProgress { retry_after: SOON });
    }
    let reservation = Reservation { key: key.clone(), request_digest, in_progress };
    let expired = service.now().minus(KEPT);
    let found = service.store.read(move |tx| store::idempotency::find(tx, &key, expired)).await?;
    match found {
        None => Ok(Reserved::New(reservation)),
        Some(kept) => reservation.open(&service.keyring.load(), &kept).map(Reserved::Done),
    }
}

/// What stands for something long in what says what is asked for.
#[must_use]
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    sha256(bytes)
}

impl Reservation {
    /// What an answer is bound to.
    fn purpose(&self) -> Vec<u8> {
        let parts: [&[u8]; 5] = [
            b"answer ",
            self.key.account.as_bytes(),
            &self.key.digest,
            &self.request_digest,
            self.key.operation.as_bytes(),
        ];
        parts.concat()
    }

    fn open(&self, keyring: &Keyring, kept: &KeptAnswer) -> Result<Answer, Error> {
        if kept.request_digest != self.request_digest {
            return Err(Error::IdempotencyKeyReused);
        }
        let opened = sealed::open_bytes(keyring.answer_seals(), &self.purpose(), &kept.sealed);
        let failed = || Error::Internal("a kept answer does not open".to_owned());
        opened.map(|bytes| Answer { bytes, is_repeated: true }).ok_or_else(failed)
    }
}

/// How what was made is answered.
type Writer<T> = Box<dyn FnOnce(&T) -> Vec<u8> + Send>;

/// A write that is done once, and how what it made is answered.
pub struct Once<T> {
    reservation: Option<Reservation>,
    answer: Writer<T>,
}

impl<T: 'static> Once<T> {
    /// A write under a reserved key, or under none: then it is done as often as it is asked for.
    pub fn new(
        reservation: Option<Reservation>,
        answer: impl FnOnce(&T) -> Vec<u8> + Send + 'static,
    ) -> Self {
        Self { reservation, answer: Box::new(answer) }
    }

    /// Runs the write, unless it was run before, and gives the answer.
    pub(crate) async fn write(
        self,
        service: &Service,
        work: impl FnOnce(&mut Tx<'_>) -> Result<Result<T, Error>, store::Error> + Send + 'static,
    ) -> Result<Answer, Error> {
        let Self { reservation, answer } = self;
        let Some(reservation) = reservation else {
            let write = service.store.write(move |tx| {
                Ok(work(tx)?.map(|made| Answer { bytes: answer(&made), is_repeated: false }))
            });
            return write.await?;
        };
        let desk = Desk {
            now: service.now(),
            keyring: service.keyring.load_full(),
            entropy: service.entropy.clone(),
            reservation,
        };
        let write = service.store.write(move |tx| {
            if let Some(kept) = desk.take(tx)? {
                return Ok(desk.reservation.open(&desk.keyring, &kept));
            }
            let made = match work(tx)? {
                Ok(made) => made,
                Err(refused) => {
                    store::idempotency::release(tx, &desk.reservation.key)?;
                    return Ok(Err(refused));
                }
            };
            desk.keep(tx, answer(&made))
        });
        write.await?
    }
}

/// What a transaction needs to look after one key.
struct Desk {
    now: Timestamp,
    keyring: Arc<Keyring>,
    entropy: Entropy,
    reservation: Reservation,
}

impl Desk {
    /// Takes the key for the rest of the transaction; gives what stands under it if another node was first.
    fn take(&self, tx: &mut Tx<'_>) -> Result<Option<KeptAnswer>, store::Error> {
        let Reservation { key, request_digest, .. } = &self.reservation;
        let expired = self.now.minus(KEPT);
        if store::idempotency::take(tx, key, request_digest, self.now, expired)? {
            return Ok(None);
        }
        // What it met was committed and is younger than a day, so it is there.
        let found = store::idempotency::find(tx, key, expired)?;
        found.ok_or(store::Error::Conflict).map(Some)
    }

    fn keep(&self, tx: &mut Tx<'_>, bytes: Vec<u8>) -> Result<Result<Answer, Error>, store::Error> {
        let purpose = self.reservation.purpose();
        let key = self.keyring.answer_seals().next();
        match sealed::seal_bytes(key, &self.entropy, &purpose, &bytes) {
            Ok(sealed) => {
                store::idempotency::keep(tx, &self.reservation.key, &sealed)?;
                Ok(Ok(Answer { bytes, is_repeated: false }))
            }
            Err(error) => {
                tx.abandon();
                Ok(Err(error))
            }
        }
    }
}
