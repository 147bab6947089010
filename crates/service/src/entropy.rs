//! The one place that draws random bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest;

use crate::Error;

/// Where random bytes come from.
#[derive(Debug, Clone)]
pub enum Entropy {
    /// The operating system, through aws-lc.
    System,
    /// A reproducible stream for tests; never use it for a server that people reach.
    Seeded(Arc<AtomicU64>),
}

impl Entropy {
    /// A reproducible stream for tests.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(AtomicU64::new(seed << 32)))
    }

    /// `N` random bytes, at most 32.
    ///
    /// # Errors
    /// [`Error::Internal`] when the operating system has none to give.
    pub fn draw<const N: usize>(&self) -> Result<[u8; N], Error> {
        const { assert!(N <= 32, "one block of the seeded stream") };
        let mut bytes = [0; N];
        match self {
            Self::System => fill(&mut bytes)?,
            Self::Seeded(counter) => {
                let count = counter.fetch_add(1, Ordering::Relaxed);
                let block = digest::digest(&digest::SHA256, &count.to_be_bytes());
                bytes.copy_from_slice(&block.as_ref()[..N]);
            }
        }
        Ok(bytes)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one draw of random bytes")]
fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    aws_lc_rs::rand::fill(bytes)
        .map_err(|_| Error::Internal("the operating system gave no random bytes".to_owned()))
}
