//! Holding credits for a job, and ending what was held, item by item.

use super::amounts::{Amount, LedgerError};
use super::grants::{CreditGrant, standing, total};
use super::movements::{Draft, Movement, MovementKind};
use crate::ids::CreditGrantId;
use crate::time::Timestamp;

/// What an item of a job, such as an image, holds of one grant. An item may need several grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Part {
    /// Which of the job's items; they count from 0.
    pub item: u32,
    /// Where its credits come from, and go back to.
    pub grant: CreditGrantId,
    /// How many.
    pub amount: Amount,
}

/// Credits that are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// From where, for each item.
    pub parts: Vec<Part>,
    /// What moved.
    pub movements: Vec<Movement>,
}

/// Why nothing is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Too few credits can be spent.
    Insufficient {
        /// So many can be.
        balance: i64,
        /// So many would be needed.
        needed: i64,
    },
    /// The money for credits that were spent was given back.
    InDebt {
        /// For so many.
        debt: i64,
    },
}

/// How a part ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettledPart {
    /// The part.
    pub part: Part,
    /// How many of its credits are spent. The others went back.
    pub settled: i64,
}

/// An end of what was held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// How each part ended.
    pub parts: Vec<SettledPart>,
    /// What moved.
    pub movements: Vec<Movement>,
    /// Credits that could not go back, since their grant has ended. A grant of kind refund gives as
    /// many.
    pub refund: Option<Amount>,
}

/// Why an item cannot be settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettleError {
    /// It holds fewer credits than it is to be settled at.
    AboveHeld {
        /// So many it holds.
        held: i64,
    },
    /// What is stored cannot be.
    Ledger(LedgerError),
}

impl From<LedgerError> for SettleError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// Holds what the items of a job cost, from the grants that end first.
///
/// # Errors
/// [`LedgerError`] when what is stored cannot be.
pub fn hold(
    grants: &mut [CreditGrant],
    debt: i64,
    items: &[Amount],
    now: Timestamp,
) -> Result<Result<Held, Refusal>, LedgerError> {
    let (balance, needed) = (standing(grants, debt, now)?.balance(), total(items)?);
    if debt > 0 {
        return Ok(Err(Refusal::InDebt { debt }));
    }
    if balance < needed {
        return Ok(Err(Refusal::Insufficient { balance, needed }));
    }
    grants.sort_unstable_by_key(CreditGrant::place);
    let mut left: Vec<_> =
        grants.iter().map(|grant| (grant.id, grant.spendable(now))).filter(|l| l.1 > 0).collect();
    let mut left = left.iter_mut();
    let mut source = left.next();
    let mut draft = Draft::on(grants, debt);
    let mut parts = Vec::with_capacity(items.len());
    for (item, amount) in (0..).zip(items) {
        let mut missing = amount.get();
        while missing > 0 {
            let Some((grant, spendable)) = &mut source else {
                return Err(LedgerError("the grants hold less than their balance"));
            };
            let taken = missing.min(*spendable);
            let amount = Amount::new(taken).map_err(|_| LedgerError("an empty grant is spent"))?;
            draft.push(*grant, MovementKind::Held, taken)?;
            parts.push(Part { item, grant: *grant, amount });
            missing -= taken;
            *spendable -= taken;
            if *spendable == 0 {
                source = left.next();
            }
        }
    }
    Ok(Ok(Held { parts, movements: draft.into_movements() }))
}

/// Spends what an item holds, or less of it: what it was delivered for. The others go back.
///
/// # Errors
/// [`SettleError::AboveHeld`] when it holds less.
pub fn settle(
    grants: &mut [CreditGrant],
    debt: i64,
    parts: &[Part],
    amount: Amount,
    now: Timestamp,
) -> Result<Resolved, SettleError> {
    let amounts: Vec<_> = parts.iter().map(|part| part.amount).collect();
    let held = total(&amounts)?;
    if amount.get() > held {
        return Err(SettleError::AboveHeld { held });
    }
    Ok(end(grants, debt, parts, amount.get(), now)?)
}

/// Lets go of what parts hold.
///
/// # Errors
/// [`LedgerError`] when what is stored cannot be.
pub fn void(
    grants: &mut [CreditGrant],
    debt: i64,
    parts: &[Part],
    now: Timestamp,
) -> Result<Resolved, LedgerError> {
    end(grants, debt, parts, 0, now)
}

fn end(
    grants: &mut [CreditGrant],
    debt: i64,
    parts: &[Part],
    charged: i64,
    now: Timestamp,
) -> Result<Resolved, LedgerError> {
    let mut draft = Draft::on(grants, debt);
    let (mut charge, mut lapsed) = (charged, 0);
    let mut ended = Vec::with_capacity(parts.len());
    for part in in_spend_order(&draft, parts)? {
        let settled = charge.min(part.amount.get());
        charge -= settled;
        draft.push(part.grant, MovementKind::Settled, settled)?;
        lapsed += give_back(&mut draft, part.grant, part.amount.get() - settled, now)?;
        ended.push(SettledPart { part, settled });
    }
    let refund = match lapsed {
        0 => None,
        lapsed => Some(Amount::new(lapsed).map_err(|_| LedgerError("a refund is too large"))?),
    };
    Ok(Resolved { parts: ended, movements: draft.into_movements(), refund })
}

/// Whatever the order in which they were read, an item is charged to the grants that were spent first.
fn in_spend_order(draft: &Draft<'_>, parts: &[Part]) -> Result<Vec<Part>, LedgerError> {
    let placed = |part: &Part| Ok((part.item, draft.grant(part.grant)?.place(), *part));
    let mut placed = parts.iter().map(placed).collect::<Result<Vec<_>, LedgerError>>()?;
    placed.sort_unstable_by_key(|(item, place, _)| (*item, *place));
    Ok(placed.into_iter().map(|(_, _, part)| part).collect())
}

/// Gives held credits back: first to a debt for credits of this grant, then to the grant. Says how many
/// it could not take, because it has ended. What was granted for the hold alone ends with it.
fn give_back(
    draft: &mut Draft<'_>,
    id: CreditGrantId,
    credits: i64,
    now: Timestamp,
) -> Result<i64, LedgerError> {
    let grant = draft.grant(id)?;
    let (owed, has_ended) = (grant.reclaimed - grant.buckets.taken_back, now >= grant.expires);
    let is_cover = grant.is_cover();
    let returned = credits.min(owed).min(draft.debt()).max(0);
    let rest = credits - returned;
    draft.push(id, MovementKind::Returned, returned)?;
    if has_ended {
        draft.push(id, MovementKind::Lapsed, rest)?;
        return Ok(rest);
    }
    draft.push(id, MovementKind::Voided, rest)?;
    if is_cover {
        draft.push(id, MovementKind::Expired, rest)?;
    }
    Ok(0)
}
