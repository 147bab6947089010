//! Holds of credits and their parts, as rows.

use bloom_domain::credits::{CreditGrant, HoldState, ItemState, Part, SettledPart, Spender};
use bloom_domain::ids::{CreditGrantId, CreditHoldId, WorkspaceId};
use bloom_domain::time::Timestamp;

use crate::credit_budgets;
use crate::credits::{self, amount, grant_columns, guarded};
use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// A new hold, unless its workspace has one of that name.
    INSERT = "INSERT INTO credit_holds (id, workspace_id, reference, operation, open, account_id, \
              via_kind, via_id, created_at, until_at) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING";
    /// A part of a new hold.
    INSERT_PART = "INSERT INTO credit_hold_parts (hold_id, item, grant_id, amount) \
                   VALUES (?1, ?2, ?3, ?4)";
    /// The hold of that name.
    FIND_BY_REFERENCE = "SELECT id, reference, operation, until_at FROM credit_holds \
                         WHERE workspace_id = ?1 AND reference = ?2";
    /// A hold that still holds something, and whose it is.
    FIND_OPEN = "SELECT workspace_id, operation, until_at FROM credit_holds \
                 WHERE id = ?1 AND open > 0";
    /// Every part of a hold.
    PARTS_OF = "SELECT item, amount, settled FROM credit_hold_parts WHERE hold_id = ?1 \
                ORDER BY item";
    /// The parts of an item, with their grants.
    PARTS_OF_ITEM = concat!("SELECT p.item, p.grant_id, p.amount, p.settled, ", grant_columns!(), " \
                     FROM credit_hold_parts p JOIN credit_grants g ON g.id = p.grant_id \
                     WHERE p.hold_id = ?1 AND p.item = ?2");
    /// What a hold still holds, with the grants it is of.
    OPEN_PARTS = concat!("SELECT p.item, p.grant_id, p.amount, p.settled, ", grant_columns!(), " \
                  FROM credit_hold_parts p JOIN credit_grants g ON g.id = p.grant_id \
                  WHERE p.hold_id = ?1 AND p.settled IS NULL ORDER BY p.item");
    /// Ends a part that is held.
    END_PART = "UPDATE credit_hold_parts SET settled = ?4 \
                WHERE hold_id = ?1 AND item = ?2 AND grant_id = ?3 AND settled IS NULL";
    /// Counts ended items.
    CLOSE_ITEMS = "UPDATE credit_holds SET open = open - ?2 WHERE id = ?1 AND open >= ?2";
    /// Holds that nobody has ended in time.
    DEAD = "SELECT id, workspace_id, operation, until_at FROM credit_holds \
            WHERE open > 0 AND until_at <= ?1 ORDER BY until_at, id LIMIT ?2";
}

/// A hold to be written.
#[derive(Debug, Clone)]
pub struct NewHold {
    /// Its id.
    pub id: CreditHoldId,
    /// Whose credits it holds.
    pub workspace: WorkspaceId,
    /// The name by which its job knows it.
    pub reference: String,
    /// What it is for.
    pub operation: String,
    /// How many items it has.
    pub items: i64,
    /// Who asked for it.
    pub spender: Spender,
    /// When.
    pub at: Timestamp,
    /// When it is voided if nobody has ended it.
    pub until: Timestamp,
}

/// A hold that still holds something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenHold {
    /// Its id.
    pub id: CreditHoldId,
    /// Whose credits it holds.
    pub workspace: WorkspaceId,
    /// What it is for.
    pub operation: String,
    /// When it is voided if nobody has ended it.
    pub until: Timestamp,
}

/// Parts of a hold and the grants they are of.
#[derive(Debug, Clone, Default)]
pub struct FoundParts {
    /// The parts that are held.
    pub held: Vec<Part>,
    /// The parts that have ended.
    pub ended: Vec<SettledPart>,
    /// Their grants.
    pub grants: Vec<CreditGrant>,
}

/// Writes a hold, without its parts; `false` when its workspace has one of that name.
pub fn insert(tx: &mut Tx<'_>, hold: &NewHold) -> Result<bool, Error> {
    let [via_kind, via_id] = credit_budgets::key(hold.spender.via);
    let params = [
        hold.id.into(),
        hold.workspace.into(),
        hold.reference.as_str().into(),
        hold.operation.as_str().into(),
        hold.items.into(),
        hold.spender.account.into(),
        via_kind,
        via_id,
        hold.at.into(),
        hold.until.into(),
    ];
    Ok(tx.execute(&INSERT, &params)? == 1)
}

/// Writes the parts of a new hold.
pub fn insert_parts(tx: &mut Tx<'_>, id: CreditHoldId, parts: &[Part]) -> Result<(), Error> {
    for part in parts {
        let params = [id.into(), part.item.into(), part.grant.into(), part.amount.get().into()];
        tx.execute(&INSERT_PART, &params)?;
    }
    Ok(())
}

/// The hold of that name in a workspace.
pub fn find_by_reference(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    reference: &str,
) -> Result<Option<HoldState>, Error> {
    let params = [workspace.into(), reference.into()];
    let Some(row) = tx.query_opt(&FIND_BY_REFERENCE, &params)? else {
        return Ok(None);
    };
    let id = CreditHoldId::from_bytes(row.id16(0)?);
    Ok(Some(HoldState {
        id,
        reference: row.text(1)?.to_owned(),
        operation: row.text(2)?.to_owned(),
        until: row.timestamp(3)?,
        items: items_of(tx, id)?,
    }))
}

/// A hold, if it still holds something.
pub fn find_open(tx: &mut Tx<'_>, id: CreditHoldId) -> Result<Option<OpenHold>, Error> {
    let Some(row) = tx.query_opt(&FIND_OPEN, &[id.into()])? else {
        return Ok(None);
    };
    Ok(Some(OpenHold {
        id,
        workspace: WorkspaceId::from_bytes(row.id16(0)?),
        operation: row.text(1)?.to_owned(),
        until: row.timestamp(2)?,
    }))
}

/// What became of each item of a hold.
pub fn items_of(tx: &mut Tx<'_>, id: CreditHoldId) -> Result<Vec<ItemState>, Error> {
    let mut items: Vec<ItemState> = Vec::new();
    let mut current = None;
    for row in tx.query(&PARTS_OF, &[id.into()])? {
        let (item, amount, part_settled) = (row.int(0)?, row.int(1)?, row.opt_int(2)?);
        let part = match part_settled {
            None => ItemState::Held { credits: amount },
            Some(settled) => ItemState::Ended { settled, voided: amount - settled },
        };
        match items.last_mut() {
            Some(last) if current == Some(item) => *last = joined(*last, part, &row)?,
            _ => items.push(part),
        }
        current = Some(item);
    }
    Ok(items)
}

/// The parts of an item with their grants; empty when there is no such item.
pub fn parts_of_item(tx: &mut Tx<'_>, id: CreditHoldId, item: u32) -> Result<FoundParts, Error> {
    found(&tx.query(&PARTS_OF_ITEM, &[id.into(), item.into()])?)
}

/// What a hold still holds, with the grants it is of.
pub fn open_parts(tx: &mut Tx<'_>, id: CreditHoldId) -> Result<FoundParts, Error> {
    found(&tx.query(&OPEN_PARTS, &[id.into()])?)
}

/// Ends parts that are held: all those of so many items.
pub fn end(
    tx: &mut Tx<'_>,
    id: CreditHoldId,
    items: i64,
    parts: &[SettledPart],
) -> Result<(), Error> {
    for SettledPart { part, settled } in parts {
        let params = [id.into(), part.item.into(), part.grant.into(), (*settled).into()];
        guarded(tx.execute(&END_PART, &params)?)?;
    }
    guarded(tx.execute(&CLOSE_ITEMS, &[id.into(), items.into()])?)
}

/// Holds that nobody has ended in time.
pub fn dead(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<OpenHold>, Error> {
    let read = |row: &Row| {
        Ok(OpenHold {
            id: CreditHoldId::from_bytes(row.id16(0)?),
            workspace: WorkspaceId::from_bytes(row.id16(1)?),
            operation: row.text(2)?.to_owned(),
            until: row.timestamp(3)?,
        })
    };
    tx.query(&DEAD, &[now.into(), limit.into()])?.iter().map(read).collect()
}

fn found(rows: &[Row]) -> Result<FoundParts, Error> {
    let mut found = FoundParts::default();
    for row in rows {
        let item = u32::try_from(row.int(0)?).map_err(|_| row.unexpected(0, "an item"))?;
        let grant = CreditGrantId::from_bytes(row.id16(1)?);
        let part = Part { item, grant, amount: amount(row, 2)? };
        match row.opt_int(3)? {
            None => found.held.push(part),
            Some(settled) => found.ended.push(SettledPart { part, settled }),
        }
        if found.grants.iter().all(|known| known.id != grant) {
            found.grants.push(credits::read(row, 4)?);
        }
    }
    Ok(found)
}

/// Two parts of one item, which end together.
fn joined(one: ItemState, other: ItemState, row: &Row) -> Result<ItemState, Error> {
    match (one, other) {
        (ItemState::Held { credits: a }, ItemState::Held { credits: b }) => {
            Ok(ItemState::Held { credits: a + b })
        }
        (
            ItemState::Ended { settled: a, voided: c },
            ItemState::Ended { settled: b, voided: d },
        ) => Ok(ItemState::Ended { settled: a + b, voided: c + d }),
        _ => Err(row.unexpected(2, "as ended as the other parts of its item")),
    }
}
