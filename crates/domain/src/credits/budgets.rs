//! Budgets: how much one key or app may spend, whatever the workspace has.
//!
//! What counts is what was held with the credential and did not go back. It counts for the day on which
//! it was held, in UTC, also when it is spent or goes back later. Months are those of the calendar. What is held
//! with a key counts for each of its makers, too: whatever makes keys has no more to spend by that.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp as Moment, ToSpan};

use super::amounts::{Amount, AmountError};
use crate::time::Timestamp;

const DAY: i64 = 86_400_000_000;

/// The most that may be spent in a span: any number of credits, also none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cap(i64);

impl Cap {
    /// The cap, if a number is one.
    ///
    /// # Errors
    /// [`AmountError`] for what is below zero or above [`Amount::MAX`].
    pub fn new(credits: i64) -> Result<Self, AmountError> {
        if credits == 0 {
            Ok(Self(0))
        } else {
            Amount::new(credits).map(|amount| Self(amount.get()))
        }
    }

    /// The number of credits.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl FromStr for Cap {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let is_zero = !text.is_empty() && text.bytes().all(|byte| byte == b'0');
        if is_zero { Ok(Self(0)) } else { text.parse().map(|amount: Amount| Self(amount.get())) }
    }
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A span of time that has a cap of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetSpan {
    /// A day.
    Day,
    /// A month of the calendar.
    Month,
    /// All of time.
    Total,
}

impl BudgetSpan {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Month, Self::Total];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Total => "total",
        }
    }
}

/// How much a credential may spend in each span; no cap, no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    /// In a day.
    pub day: Option<Cap>,
    /// In a month.
    pub month: Option<Cap>,
    /// Ever.
    pub total: Option<Cap>,
}

/// How much was spent with a credential in each span that an instant lies in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spending {
    /// That day.
    pub day: i64,
    /// That month.
    pub month: i64,
    /// Ever.
    pub total: i64,
}

/// Whose budget something is spent out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetHolder {
    /// That of the key or app with which it is spent.
    Spender,
    /// That of a key or app by which the spender was made, itself or through others.
    Maker,
}

/// A budget leaves too little for what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverBudget {
    /// The span whose cap it is.
    pub span: BudgetSpan,
    /// So much may be spent in it.
    pub cap: Cap,
    /// So much is.
    pub spent: i64,
    /// So much is asked for.
    pub needed: i64,
}

impl Budget {
    /// The first longer span in which less may be spent than in this one, so that this one's cap never counts.
    #[must_use]
    pub fn overruled(&self, span: BudgetSpan) -> Option<BudgetSpan> {
        let cap = self.cap(span)?;
        let longer = BudgetSpan::ALL.into_iter().skip_while(|other| *other != span).skip(1);
        longer.into_iter().find(|longer| self.cap(*longer).is_some_and(|other| other < cap))
    }

    /// Whether it limits nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The cap of a span.
    #[must_use]
    pub fn cap(&self, span: BudgetSpan) -> Option<Cap> {
        match span {
            BudgetSpan::Day => self.day,
            BudgetSpan::Month => self.month,
            BudgetSpan::Total => self.total,
        }
    }

    /// What both allow.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let lower = |one: Option<Cap>, other: Option<Cap>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self {
            day: lower(self.day, other.day),
            month: lower(self.month, other.month),
            total: lower(self.total, other.total),
        }
    }

    /// What whoever comes after its holder begins with: the spans begin anew, and of all times what was spent is.
    #[must_use]
    pub fn carried(&self, spending: &Spending) -> Self {
        let left = |cap: Cap| Cap((cap.0 - spending.total).max(0));
        Self { total: self.total.map(left), ..*self }
    }

    /// How much it leaves; `None` when it limits nothing.
    #[must_use]
    pub fn left(&self, spending: &Spending) -> Option<i64> {
        let left = |span| Some((self.cap(span)?.get() - spending.of(span)).max(0));
        BudgetSpan::ALL.into_iter().filter_map(left).min()
    }

    /// Whether so many credits more are within it.
    ///
    /// # Errors
    /// [`OverBudget`] names the longest span that has too little left: waiting for the end of a shorter one
    /// would be in vain.
    pub fn allow(&self, spending: &Spending, needed: i64) -> Result<(), OverBudget> {
        for span in BudgetSpan::ALL.into_iter().rev() {
            let spent = spending.of(span);
            if let Some(cap) = self.cap(span).filter(|cap| spent.saturating_add(needed) > cap.get())
            {
                return Err(OverBudget { span, cap, spent, needed });
            }
        }
        Ok(())
    }
}

impl Spending {
    /// How much was spent in a span.
    #[must_use]
    pub fn of(&self, span: BudgetSpan) -> i64 {
        match span {
            BudgetSpan::Day => self.day,
            BudgetSpan::Month => self.month,
            BudgetSpan::Total => self.total,
        }
    }
}

/// A day, as usage is counted: days since the Unix epoch, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageDay(i64);

impl UsageDay {
    /// The day in which an instant lies.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(at.unix_micros().div_euclid(DAY))
    }

    /// The first day of the month in which an instant lies.
    #[must_use]
    pub fn month_of(at: Timestamp) -> Self {
        let first = date(at).map(Date::first_of_month);
        first.and_then(from_date).unwrap_or_else(|| Self::of(at))
    }

    /// The day with a number.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// So many days before it.
    #[must_use]
    pub const fn minus_days(self, days: i64) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// So many days after it.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// When it begins.
    #[must_use]
    pub const fn begins_at(self) -> Timestamp {
        Timestamp::from_unix_micros(self.0.saturating_mul(DAY))
    }
}

/// When a span in which an instant lies is over; `None` for what never is.
#[must_use]
pub fn span_end(span: BudgetSpan, at: Timestamp) -> Option<Timestamp> {
    let next = match span {
        BudgetSpan::Day => UsageDay(UsageDay::of(at).0 + 1),
        BudgetSpan::Month => {
            let next = date(at)?.first_of_month().checked_add(1.month()).ok()?;
            from_date(next)?
        }
        BudgetSpan::Total => return None,
    };
    next.0.checked_mul(DAY).map(Timestamp::from_unix_micros)
}

fn date(at: Timestamp) -> Option<Date> {
    let moment = Moment::from_microsecond(at.unix_micros()).ok()?;
    Some(Offset::UTC.to_datetime(moment).date())
}

fn from_date(date: Date) -> Option<UsageDay> {
    let midnight = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(UsageDay::of(Timestamp::from_unix_micros(midnight.as_microsecond())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_unix_micros(text.parse::<Moment>().unwrap().as_microsecond())
    }

    fn cap() -> impl Strategy<Value = Option<Cap>> {
        proptest::option::of((0i64..20).prop_map(Cap))
    }

    fn budget() -> impl Strategy<Value = Budget> {
        (cap(), cap(), cap()).prop_map(|(day, month, total)| Budget { day, month, total })
    }

    fn spending() -> impl Strategy<Value = Spending> {
        (0i64..20, 0i64..20, 0i64..20).prop_map(|(day, month, total)| Spending {
            day,
            month: day + month,
            total: day + month + total,
        })
    }

    #[test]
    fn the_cap_of_a_longer_span_overrules() {
        let of = |day, month, total| {
            let cap = |credits: Option<i64>| credits.map(Cap);
            let budget = Budget { day: cap(day), month: cap(month), total: cap(total) };
            BudgetSpan::ALL.map(|span| budget.overruled(span))
        };
        use BudgetSpan::{Month, Total};
        assert_eq!(of(Some(5), Some(5), Some(5)), [None; 3]);
        assert_eq!(of(Some(50), Some(20), None), [Some(Month), None, None]);
        assert_eq!(of(Some(50), None, Some(20)), [Some(Total), None, None]);
        assert_eq!(of(Some(50), Some(40), Some(30)), [Some(Month), Some(Total), None]);
        assert_eq!(of(None, Some(2), Some(1)), [None, Some(Total), None]);
    }

    #[test]
    fn a_cap_may_be_nothing_but_not_less() {
        assert_eq!("0".parse(), Ok(Cap(0)));
        assert_eq!("000".parse(), Ok(Cap(0)));
        assert_eq!("12".parse(), Ok(Cap(12)));
        for bad in ["", "-1", "1.5", "a", " 1", "1000000000001", "99999999999999999999"] {
            assert!(bad.parse::<Cap>().is_err(), "{bad}");
        }
        assert!(Cap::new(-1).is_err());
        assert_eq!(Cap::new(0), Ok(Cap(0)));
    }

    #[test]
    fn days_and_months_end_at_midnight_in_utc() {
        let now = at("2028-02-29T23:59:59.999999Z");
        assert_eq!(span_end(BudgetSpan::Day, now), Some(at("2028-03-01T00:00:00Z")));
        assert_eq!(span_end(BudgetSpan::Month, now), Some(at("2028-03-01T00:00:00Z")));
        assert_eq!(span_end(BudgetSpan::Total, now), None);
        let then = at("2028-03-01T00:00:00Z");
        assert_eq!(span_end(BudgetSpan::Day, then), Some(at("2028-03-02T00:00:00Z")));
        assert_eq!(span_end(BudgetSpan::Month, then), Some(at("2028-04-01T00:00:00Z")));
        assert_eq!(UsageDay::month_of(then), UsageDay::of(then));
        assert_eq!(UsageDay::month_of(now), UsageDay::of(at("2028-02-01T00:00:00Z")));
        assert_eq!(UsageDay::of(now).get() + 1, UsageDay::of(then).get());
    }

    #[test]
    fn the_longest_span_with_too_little_is_named() {
        let budget = Budget { day: Some(Cap(1)), month: Some(Cap(2)), total: Some(Cap(9)) };
        let spending = Spending { day: 1, month: 2, total: 2 };
        let over = budget.allow(&spending, 1).unwrap_err();
        assert_eq!(over, OverBudget { span: BudgetSpan::Month, cap: Cap(2), spent: 2, needed: 1 });
    }

    proptest! {
        #[test]
        fn exactly_what_is_left_is_allowed(budget in budget(), spending in spending(), n in 0i64..50) {
            let left = budget.left(&spending);
            let is_over = BudgetSpan::ALL.iter().any(|span| {
                budget.cap(*span).is_some_and(|cap| spending.of(*span) + n > cap.get())
            });
            prop_assert_eq!(budget.allow(&spending, n).is_ok(), !is_over);
            if n > 0 {
                prop_assert_eq!(budget.allow(&spending, n).is_ok(), left.is_none_or(|left| n <= left));
            }
        }

        #[test]
        fn agreeing_again_never_raises_a_budget(
            one in budget(), other in budget(), spending in spending(), n in 0i64..50,
        ) {
            let both = one.and(&other).allow(&spending, n).is_ok();
            prop_assert_eq!(
                both,
                one.allow(&spending, n).is_ok() && other.allow(&spending, n).is_ok()
            );
        }
    }
}
