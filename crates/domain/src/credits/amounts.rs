//! How many credits: more than none, and never so many that sums could overflow.

use std::fmt;
use std::str::FromStr;

/// A number of credits that moves: at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

/// Why a number is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountError {
    /// The text is not a whole number.
    NotANumber,
    /// Zero or less.
    NotPositive,
    /// More than [`Amount::MAX`].
    TooLarge,
}

impl fmt::Display for AmountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber => f.write_str("expected a whole number of credits"),
            Self::NotPositive => f.write_str("expected at least 1 credit"),
            Self::TooLarge => write!(f, "expected at most {} credits", Amount::MAX.get()),
        }
    }
}

impl std::error::Error for AmountError {}

impl Amount {
    /// The most that moves at once. Nine million of these fit into what a sum may be.
    pub const MAX: Self = Self(1_000_000_000_000);

    /// The amount, if it is one.
    ///
    /// # Errors
    /// [`AmountError`] says why it is none.
    pub fn new(credits: i64) -> Result<Self, AmountError> {
        match credits {
            ..=0 => Err(AmountError::NotPositive),
            credits if credits > Self::MAX.0 => Err(AmountError::TooLarge),
            credits => Ok(Self(credits)),
        }
    }

    /// The number of credits.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(AmountError::NotANumber);
        }
        // Digits alone fail to parse only when there are too many of them.
        match text.parse() {
            Ok(credits) => Self::new(credits),
            Err(_) if text.starts_with('-') => Err(AmountError::NotPositive),
            Err(_) => Err(AmountError::TooLarge),
        }
    }
}

/// What is stored cannot be: a bucket below zero, a sum beyond what a number holds, a part without its
/// grant. Nothing is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerError(pub &'static str);

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the ledger does not add up: {}", self.0)
    }
}

impl std::error::Error for LedgerError {}

/// A sum that must be a number of credits: neither below zero nor beyond a number.
pub(super) fn add(credits: i64, change: i64) -> Result<i64, LedgerError> {
    match credits.checked_add(change) {
        Some(sum @ 0..) => Ok(sum),
        Some(_) => Err(LedgerError("more is taken than is there")),
        None => Err(LedgerError("a sum overflows")),
    }
}
