//! Payments for credits, and the money of them that is given back.
//!
//! One may hear that money was given back before one hears what was bought with it. Both go into one row
//! of that payment, and whoever comes second does what is left to do.

use crate::credits::Amount;

/// A payment as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The id that the provider gave it.
    pub reference: String,
    /// How much was paid, in the currency's smallest unit.
    pub paid: i64,
    /// How much of that was given back.
    pub refunded: i64,
}

impl Payment {
    /// Takes in how much was given back in all; an older, smaller sum changes nothing.
    pub fn hear_refund(&mut self, paid: i64, refunded: i64) {
        if refunded > self.refunded {
            self.paid = paid;
            self.refunded = refunded;
        }
    }

    /// For how many of the credits that were bought with it the money was given back: in proportion,
    /// rounded down, and all of them when all of it was.
    #[must_use]
    pub fn refunded_of(&self, bought: Amount) -> Option<Amount> {
        if self.refunded <= 0 || self.paid <= 0 {
            return None;
        }
        let share = self.refunded.min(self.paid);
        let credits = i128::from(bought.get()) * i128::from(share) / i128::from(self.paid);
        // No more than was bought, which is an amount.
        i64::try_from(credits).ok().and_then(|credits| Amount::new(credits).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refunded(bought: i64, paid: i64, refunded: i64) -> Option<i64> {
        let payment = Payment { reference: String::new(), paid, refunded };
        payment.refunded_of(Amount::new(bought).unwrap()).map(Amount::get)
    }

    #[test]
    fn credits_go_back_in_proportion_to_the_money() {
        assert_eq!(refunded(100, 1_900, 1_900), Some(100));
        assert_eq!(refunded(100, 1_900, 475), Some(25));
        assert_eq!(refunded(100, 1_900, 1_899), Some(99));
        assert_eq!(refunded(100, 1_900, 5_000), Some(100));
        assert_eq!(refunded(1, 1_900, 1_000), None);
        assert_eq!(refunded(100, 1_900, 0), None);
        assert_eq!(refunded(100, 0, 5), None);
        assert_eq!(refunded(100, 1_900, -5), None);
        let most = Amount::MAX.get();
        assert_eq!(refunded(most, i64::MAX, i64::MAX), Some(most));
    }

    #[test]
    fn an_older_sum_changes_nothing() {
        let mut payment = Payment { reference: String::new(), paid: 0, refunded: 0 };
        payment.hear_refund(10, 7);
        payment.hear_refund(10, 3);
        assert_eq!((payment.paid, payment.refunded), (10, 7));
    }
}
