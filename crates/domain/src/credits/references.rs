//! The names by which others know what they asked for, so that asking twice counts once.

use std::fmt;

const MAX_LEN: usize = 200;

/// A name that somebody outside the ledger gives to a grant or a hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(String);

/// The text cannot be a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceError;

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected from 1 to {MAX_LEN} visible ASCII characters")
    }
}

impl std::error::Error for ReferenceError {}

impl Reference {
    /// Reads a reference: ids of other systems, which have no need of more than visible ASCII.
    ///
    /// # Errors
    /// [`ReferenceError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let is_fine =
            (1..=MAX_LEN).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if is_fine { Ok(Self(text.to_owned())) } else { Err(ReferenceError) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
