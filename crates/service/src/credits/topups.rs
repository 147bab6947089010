//! Credits that were bought, as the payment provider tells of them.
//!
//! Whoever hears of a payment takes its row first. So it does not matter whether one hears first that
//! credits were bought, or that the money for them was given back.

use bloom_domain::audit::Action;
use bloom_domain::credits::{Amount, GrantKind, NEVER, Reference};
use bloom_domain::ids::{CreditGrantId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::GRACE;
use bloom_store as store;
use store::Tx;

use super::grants::{fresh, record, source, take_back_in, told, write};
use crate::Error;
use crate::audit::{Author, Difference};

/// Somebody who tells of payments.
pub(crate) struct Topups<'a> {
    pub(crate) author: &'a Author,
    /// The id of the grant that there may be to make.
    pub(crate) id: CreditGrantId,
    pub(crate) now: Timestamp,
}

impl Topups<'_> {
    /// Credits were bought with a payment.
    pub(crate) fn buy(
        &self,
        tx: &mut Tx<'_>,
        payment: &Reference,
        (workspace, amount): (WorkspaceId, Amount),
    ) -> Result<Result<(), Error>, store::Error> {
        let known = store::payments::take(tx, payment.as_str())?;
        let gone = self.now.minus(GRACE);
        // Nobody is to pay for credits that nobody could ever reach.
        if !store::workspaces::take(tx, workspace)?
            || !store::workspaces::is_reached(tx, workspace, gone)?
        {
            return Ok(Err(Error::WorkspaceNotFound));
        }
        let (kind, source) = (GrantKind::Topup, source(GrantKind::Topup, payment));
        let grant = fresh(self.id, workspace, kind, source.clone(), amount, (self.now, NEVER));
        let granted = match write(tx, &grant, "credits.topup", self.now)? {
            Ok(granted) => granted,
            Err(refused) => return Ok(Err(refused)),
        };
        if granted.is_new {
            let after = told(&grant, amount.get());
            let difference = Difference { after, ..Difference::default() };
            record(tx, self.author, Action::CreditsGranted, workspace, difference)?;
        }
        match known.refunded_of(amount) {
            None => Ok(Ok(())),
            Some(total) => Ok(take_back_in(tx, self.author, &source, total, self.now)?.map(drop)),
        }
    }

    /// Money of a payment was given back: so much of so much in all.
    pub(crate) fn refund(
        &self,
        tx: &mut Tx<'_>,
        payment: &Reference,
        (paid, refunded): (i64, i64),
    ) -> Result<Result<(), Error>, store::Error> {
        let mut known = store::payments::take(tx, payment.as_str())?;
        known.hear_refund(paid, refunded);
        store::payments::write(tx, &known)?;
        let source = source(GrantKind::Topup, payment);
        let Some(bought) = store::credits::find_by_source(tx, &source)? else {
            return Ok(Ok(()));
        };
        match known.refunded_of(bought.amount) {
            None => Ok(Ok(())),
            Some(total) => Ok(take_back_in(tx, self.author, &source, total, self.now)?.map(drop)),
        }
    }
}
