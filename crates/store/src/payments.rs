//! Payments for credits, as rows.

use bloom_domain::payments::Payment;

use crate::statement::statements;
use crate::{Error, Tx};

statements! {
    /// Takes the row of a payment until the end of the transaction.
    TAKE = "INSERT INTO payments (reference, paid, refunded) VALUES (?1, 0, 0) \
            ON CONFLICT (reference) DO UPDATE SET reference = excluded.reference \
            RETURNING reference, paid, refunded";
    /// How much was paid and given back.
    WRITE = "UPDATE payments SET paid = ?2, refunded = ?3 WHERE reference = ?1";
}

/// Takes a payment: what is read of it stays true until the transaction ends. One that is unknown is
/// made.
pub fn take(tx: &mut Tx<'_>, reference: &str) -> Result<Payment, Error> {
    let row = tx.query_opt(&TAKE, &[reference.into()])?;
    let row = row.ok_or_else(|| Error::Internal("a payment was not taken".to_owned()))?;
    Ok(Payment { reference: row.text(0)?.to_owned(), paid: row.int(1)?, refunded: row.int(2)? })
}

/// Writes a payment that this transaction has taken.
pub fn write(tx: &mut Tx<'_>, payment: &Payment) -> Result<(), Error> {
    let params = [payment.reference.as_str().into(), payment.paid.into(), payment.refunded.into()];
    tx.execute(&WRITE, &params).map(drop)
}
