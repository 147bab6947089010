//! The port to where large things lie: the bytes of images, which no database should hold.
//!
//! A blob is written before the row that names it and deleted after that row is gone, so a row never names
//! what is not there. What is left without a row, by a crash or a lost lease, was announced, and goes after a while
//! (`images/files.rs`).

use std::fmt;
use std::pin::Pin;

use crate::Error;

/// The port: keeps bytes under a name.
pub trait Blobs: Send + Sync {
    /// Writes a blob, whole or not at all; one of that name is replaced. It lasts once this has answered.
    fn put<'a>(&'a self, key: &'a BlobKey, bytes: Vec<u8>) -> Answer<'a, ()>;

    /// The bytes of a blob; `None` when there is none.
    fn get<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Option<Vec<u8>>>;

    /// Deletes a blob; there need not be one.
    fn delete<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, ()>;
}

/// What [`Blobs`] come to in their time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, BlobError>> + Send + 'a>>;

/// The name of a blob: small letters, digits, `-`, and `/` between segments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlobKey(String);

impl BlobKey {
    /// The blob of a thing with an id, among its like. Ids end in random bytes, which spread blobs over folders.
    #[must_use]
    pub fn new(among: &'static str, id: impl fmt::Display) -> Self {
        let id = id.to_string();
        let folder = id.get(id.len().saturating_sub(2)..).unwrap_or_default();
        Self(format!("{among}/{folder}/{id}"))
    }

    /// The blob that an attempt at a thing makes: the next attempt makes another.
    pub(crate) fn of_attempt(among: &'static str, id: impl fmt::Display, attempt: i64) -> Self {
        let Self(name) = Self::new(among, id);
        Self(format!("{name}-{attempt}"))
    }

    /// The blob of its small version, which comes and goes with it; there need not be one.
    pub(crate) fn small(&self) -> Self {
        Self(format!("{}-small", self.0))
    }

    /// A name as it was stored.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a blob could not be reached; says why, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobError(pub String);

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BlobError {}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        Self::FilesUnavailable(error.0)
    }
}

/// Keeps nothing: what a service has until it is given another.
pub(crate) struct Nowhere;

impl Nowhere {
    fn refuse<'a, T: Send + 'a>() -> Answer<'a, T> {
        Box::pin(std::future::ready(Err(BlobError("nothing is kept here".to_owned()))))
    }
}

impl Blobs for Nowhere {
    fn put<'a>(&'a self, _: &'a BlobKey, _: Vec<u8>) -> Answer<'a, ()> {
        Self::refuse()
    }

    fn get<'a>(&'a self, _: &'a BlobKey) -> Answer<'a, Option<Vec<u8>>> {
        Self::refuse()
    }

    fn delete<'a>(&'a self, _: &'a BlobKey) -> Answer<'a, ()> {
        Self::refuse()
    }
}
