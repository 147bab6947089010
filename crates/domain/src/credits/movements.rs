//! Movements: the only way in which a bucket changes.

use super::amounts::{Amount, LedgerError, add};
use super::grants::CreditGrant;
use crate::ids::CreditGrantId;

/// What happened to some credits of one grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MovementKind {
    /// They came to be.
    Granted,
    /// A job holds them.
    Held,
    /// What they were held for was delivered.
    Settled,
    /// It was not; they are available again.
    Voided,
    /// It was not, and their grant has ended meanwhile. A refund of as many follows.
    Lapsed,
    /// They ended unspent.
    Expired,
    /// The money for them was given back.
    TakenBack,
    /// The money for them was given back, but they are spent or held: a debt.
    Owed,
    /// They paid a debt as soon as they came.
    Repaid,
    /// They were held, are not needed, and are owed: the debt is smaller by as many.
    Returned,
}

/// How a movement of some credits changes the buckets of its grant and the debt of its workspace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deltas {
    /// Change of what is available.
    pub available: i64,
    /// Change of what is held.
    pub held: i64,
    /// Change of what is spent.
    pub spent: i64,
    /// Change of what has ended.
    pub expired: i64,
    /// Change of what was taken back.
    pub taken_back: i64,
    /// Change of the workspace's debt.
    pub debt: i64,
}

/// Some credits of one grant, and what happened to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Movement {
    /// The grant.
    pub grant: CreditGrantId,
    /// What happened.
    pub kind: MovementKind,
    /// To how many.
    pub amount: Amount,
}

impl MovementKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Granted,
        Self::Held,
        Self::Settled,
        Self::Voided,
        Self::Lapsed,
        Self::Expired,
        Self::TakenBack,
        Self::Owed,
        Self::Repaid,
        Self::Returned,
    ];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Held => "held",
            Self::Settled => "settled",
            Self::Voided => "voided",
            Self::Lapsed => "lapsed",
            Self::Expired => "expired",
            Self::TakenBack => "taken_back",
            Self::Owed => "owed",
            Self::Repaid => "repaid",
            Self::Returned => "returned",
        }
    }

    /// The kind that a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl Movement {
    /// What it changes.
    #[must_use]
    pub fn deltas(self) -> Deltas {
        let n = self.amount.get();
        let none = Deltas::default();
        match self.kind {
            MovementKind::Granted => Deltas { available: n, ..none },
            MovementKind::Held => Deltas { available: -n, held: n, ..none },
            MovementKind::Settled => Deltas { held: -n, spent: n, ..none },
            MovementKind::Voided => Deltas { held: -n, available: n, ..none },
            MovementKind::Lapsed => Deltas { held: -n, expired: n, ..none },
            MovementKind::Expired => Deltas { available: -n, expired: n, ..none },
            MovementKind::TakenBack => Deltas { available: -n, taken_back: n, ..none },
            MovementKind::Owed => Deltas { debt: n, ..none },
            MovementKind::Repaid => Deltas { available: -n, spent: n, debt: -n, ..none },
            MovementKind::Returned => Deltas { held: -n, taken_back: n, debt: -n, ..none },
        }
    }
}

/// Movements in the making, and the grants and debt as they stand after them.
pub(super) struct Draft<'a> {
    grants: &'a mut [CreditGrant],
    debt: i64,
    movements: Vec<Movement>,
}

impl<'a> Draft<'a> {
    pub(super) fn on(grants: &'a mut [CreditGrant], debt: i64) -> Self {
        Self { grants, debt, movements: Vec::new() }
    }

    pub(super) fn debt(&self) -> i64 {
        self.debt
    }

    pub(super) fn grant(&self, id: CreditGrantId) -> Result<&CreditGrant, LedgerError> {
        let found = self.grants.iter().find(|grant| grant.id == id);
        found.ok_or(LedgerError("a part is of a grant that is not there"))
    }

    /// Moves some credits, if they are any. One movement for all that happens alike to one grant.
    pub(super) fn push(
        &mut self,
        id: CreditGrantId,
        kind: MovementKind,
        credits: i64,
    ) -> Result<(), LedgerError> {
        if credits == 0 {
            return Ok(());
        }
        let amount = Amount::new(credits).map_err(|_| LedgerError("a movement is of no amount"))?;
        let movement = Movement { grant: id, kind, amount };
        let grant = self.grants.iter_mut().find(|grant| grant.id == id);
        let grant = grant.ok_or(LedgerError("a movement is of a grant that is not there"))?;
        self.debt = apply(grant, self.debt, movement)?;
        let alike = |known: &&mut Movement| known.grant == id && known.kind == kind;
        match self.movements.iter_mut().find(alike) {
            Some(known) => {
                let sum = add(known.amount.get(), credits)?;
                known.amount =
                    Amount::new(sum).map_err(|_| LedgerError("a movement is of no amount"))?;
            }
            None => self.movements.push(movement),
        }
        Ok(())
    }

    pub(super) fn into_movements(self) -> Vec<Movement> {
        self.movements
    }
}

/// Changes the buckets of a grant; gives the debt after it.
fn apply(grant: &mut CreditGrant, debt: i64, movement: Movement) -> Result<i64, LedgerError> {
    let (deltas, buckets) = (movement.deltas(), &mut grant.buckets);
    buckets.available = add(buckets.available, deltas.available)?;
    buckets.held = add(buckets.held, deltas.held)?;
    buckets.spent = add(buckets.spent, deltas.spent)?;
    buckets.expired = add(buckets.expired, deltas.expired)?;
    buckets.taken_back = add(buckets.taken_back, deltas.taken_back)?;
    add(debt, deltas.debt)
}
