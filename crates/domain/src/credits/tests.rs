use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::ids::{CreditGrantId, WorkspaceId};

const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([9; 16]);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(seconds * 1_000_000)
}

fn amount(credits: i64) -> Amount {
    Amount::new(credits).unwrap()
}

pub(super) fn grant(id: u8, kind: GrantKind, credits: i64, expires: Timestamp) -> CreditGrant {
    CreditGrant {
        id: CreditGrantId::from_bytes([id; 16]),
        workspace: WORKSPACE,
        kind,
        source: format!("test:{id}"),
        effective: at(0),
        expires,
        amount: amount(credits),
        reclaimed: 0,
        buckets: Buckets { available: credits, ..Buckets::default() },
    }
}

fn from(parts: &[Part]) -> Vec<(u32, u8, i64)> {
    parts.iter().map(|part| (part.item, part.grant.as_bytes()[0], part.amount.get())).collect()
}

#[test]
fn an_amount_is_positive_and_bounded() {
    for (text, expected) in [
        ("1", Ok(amount(1))),
        ("007", Ok(amount(7))),
        ("1000000000000", Ok(Amount::MAX)),
        ("1000000000001", Err(AmountError::TooLarge)),
        ("99999999999999999999999", Err(AmountError::TooLarge)),
        ("0", Err(AmountError::NotPositive)),
        ("-1", Err(AmountError::NotPositive)),
        ("-99999999999999999999999", Err(AmountError::NotPositive)),
        ("", Err(AmountError::NotANumber)),
        ("-", Err(AmountError::NotANumber)),
        ("+1", Err(AmountError::NotANumber)),
        ("1.5", Err(AmountError::NotANumber)),
        ("1e3", Err(AmountError::NotANumber)),
        (" 1", Err(AmountError::NotANumber)),
        ("١", Err(AmountError::NotANumber)),
    ] {
        assert_eq!(text.parse::<Amount>(), expected, "{text:?}");
    }
}

#[test]
fn a_reference_is_short_and_visible() {
    for text in ["in_1Nx", "a", "job:7/2", &"x".repeat(200)] {
        assert_eq!(Reference::parse(text).unwrap().as_str(), text);
    }
    for text in ["", " ", "a b", "a\n", "a\0", "\u{fc}", "\u{202e}", &"x".repeat(201)] {
        assert_eq!(Reference::parse(text), Err(ReferenceError), "{text:?}");
    }
}

#[test]
fn the_prices() {
    let items = |work: PaidWork| {
        work.items().map(|items| items.iter().map(|item| item.get()).collect::<Vec<_>>())
    };
    let generate = |size, variants| PaidWork::Generate { size, variants };
    assert_eq!(items(generate(ImageSize::TwoK, 1)), Ok(vec![1]));
    assert_eq!(items(generate(ImageSize::TwoK, 5)), Ok(vec![1; 5]));
    assert_eq!(items(generate(ImageSize::FourK, 3)), Ok(vec![2; 3]));
    assert_eq!(items(PaidWork::Edit { size: ImageSize::FourK }), Ok(vec![2]));
    for work in [PaidWork::Resize, PaidWork::RemoveBackground, PaidWork::Vectorize] {
        assert_eq!(items(work), Ok(vec![1]));
    }
    assert_eq!(items(generate(ImageSize::TwoK, 0)), Err(PriceError));
    assert_eq!(items(generate(ImageSize::TwoK, 6)), Err(PriceError));
}

#[test]
fn the_earliest_end_goes_first_and_topups_last() {
    let mut grants = vec![
        grant(1, GrantKind::Topup, 5, NEVER),
        grant(2, GrantKind::Operator, 5, NEVER),
        grant(4, GrantKind::Monthly, 1, at(100)),
        grant(3, GrantKind::Monthly, 1, at(100)),
        grant(5, GrantKind::Promo, 1, at(100)),
        grant(6, GrantKind::Promo, 1, at(50)),
        grant(7, GrantKind::Promo, 1, NEVER),
    ];
    let held = hold(&mut grants, 0, &[amount(3), amount(2), amount(5)], at(10)).unwrap().unwrap();
    let expected = [(0, 6, 1), (0, 5, 1), (0, 3, 1), (1, 4, 1), (1, 7, 1), (2, 2, 5)];
    assert_eq!(from(&held.parts), expected);
    // One movement for each grant, whatever the number of items.
    assert_eq!(held.movements.len(), 6);
    let left = standing(&grants, 0, at(10)).unwrap();
    assert_eq!((left.balance(), left.topup), (5, 5));
}

#[test]
fn credits_count_from_the_first_instant_to_the_last() {
    let mut grant = grant(1, GrantKind::Monthly, 3, at(100));
    grant.effective = at(10);
    let balance = |at| standing(std::slice::from_ref(&grant), 0, at).unwrap().balance();
    let before = |at: Timestamp| at.minus(Duration::from_micros(1));
    assert_eq!(balance(before(at(10))), 0);
    assert_eq!(balance(at(10)), 3);
    assert_eq!(balance(before(at(100))), 3);
    assert_eq!(balance(at(100)), 0);
    let held = hold(&mut [grant.clone()], 0, &[amount(1)], at(100)).unwrap();
    assert_eq!(held, Err(Refusal::Insufficient { balance: 0, needed: 1 }));
    assert_eq!(expire(&mut grant, before(at(100))).unwrap(), []);
    assert_eq!(expire(&mut grant, at(100)).unwrap().len(), 1);
    assert_eq!(expire(&mut grant, at(100)).unwrap(), [], "once");
}

#[test]
fn a_void_onto_an_ended_grant_is_a_refund() {
    let mut grants =
        [grant(1, GrantKind::Monthly, 2, at(100)), grant(2, GrantKind::Topup, 2, NEVER)];
    let held = hold(&mut grants, 0, &[amount(3)], at(10)).unwrap().unwrap();
    let resolved = void(&mut grants, 0, &held.parts, at(100)).unwrap();
    assert_eq!(resolved.refund, Some(amount(2)));
    let kinds: Vec<_> = resolved.movements.iter().map(|m| (m.kind, m.amount.get())).collect();
    assert_eq!(kinds, [(MovementKind::Lapsed, 2), (MovementKind::Voided, 1)]);
    assert_eq!(grants[0].buckets, Buckets { expired: 2, ..Buckets::default() });
    assert_eq!(grants[1].buckets, Buckets { available: 2, ..Buckets::default() });
}

#[test]
fn what_is_settled_at_less_goes_back_in_part() {
    let mut grants =
        [grant(1, GrantKind::Monthly, 2, at(100)), grant(2, GrantKind::Topup, 2, NEVER)];
    let held = hold(&mut grants, 0, &[amount(4)], at(10)).unwrap().unwrap();
    let above = settle(&mut grants, 0, &held.parts, amount(5), at(10));
    assert_eq!(above, Err(SettleError::AboveHeld { held: 4 }));
    settle(&mut grants, 0, &held.parts, amount(3), at(10)).unwrap();
    assert_eq!(grants[0].buckets, Buckets { spent: 2, ..Buckets::default() });
    assert_eq!(grants[1].buckets, Buckets { spent: 1, available: 1, ..Buckets::default() });
}

#[test]
fn a_refunded_topup_leaves_a_debt_that_blocks_and_can_be_paid() {
    let mut topup = [grant(1, GrantKind::Topup, 10, NEVER)];
    let held = hold(&mut topup, 0, &[amount(2), amount(3)], at(1)).unwrap().unwrap();
    settle(&mut topup, 0, &held.parts[..1], amount(2), at(1)).unwrap();
    // 5 available, 3 held, 2 spent; the money for 9 goes back.
    let moved = take_back(&mut topup[0], 0, amount(9)).unwrap();
    let kinds: Vec<_> = moved.iter().map(|m| (m.kind, m.amount.get())).collect();
    assert_eq!(kinds, [(MovementKind::TakenBack, 5), (MovementKind::Owed, 4)]);
    assert_eq!(take_back(&mut topup[0], 4, amount(9)).unwrap(), [], "heard of twice");
    assert_eq!(take_back(&mut topup[0], 4, amount(5)).unwrap(), [], "heard of too late");
    let others = [topup[0].clone(), grant(2, GrantKind::Monthly, 50, at(100))];
    let refused = hold(&mut others.clone(), 4, &[amount(1)], at(1)).unwrap();
    assert_eq!(refused, Err(Refusal::InDebt { debt: 4 }));
    assert_eq!(standing(&others, 4, at(1)).unwrap().balance(), 0);
    // What is voided pays first.
    let resolved = void(&mut topup, 4, &held.parts[1..], at(1)).unwrap();
    let kinds: Vec<_> = resolved.movements.iter().map(|m| (m.kind, m.amount.get())).collect();
    assert_eq!(kinds, [(MovementKind::Returned, 3)]);
    assert_eq!(topup[0].buckets, Buckets { spent: 2, taken_back: 8, ..Buckets::default() });
    // And so does what is bought next.
    let mut next = grant(3, GrantKind::Topup, 10, NEVER);
    next.buckets.available = 0;
    let moved = open(&mut next, 1).unwrap();
    let kinds: Vec<_> = moved.iter().map(|m| (m.kind, m.amount.get())).collect();
    assert_eq!(kinds, [(MovementKind::Granted, 10), (MovementKind::Repaid, 1)]);
    assert_eq!(next.buckets, Buckets { available: 9, spent: 1, ..Buckets::default() });
}

#[test]
fn only_what_was_bought_is_taken_back_and_no_more_than_that() {
    let mut monthly = grant(1, GrantKind::Monthly, 10, at(100));
    assert_eq!(take_back(&mut monthly, 0, amount(1)), Err(TakeBackError::NotATopup));
    let mut topup = grant(1, GrantKind::Topup, 10, NEVER);
    let above = take_back(&mut topup, 0, amount(11));
    assert_eq!(above, Err(TakeBackError::AboveGranted { granted: 10 }));
}

#[test]
fn sums_that_cannot_be_are_errors() {
    let mut grants = [grant(1, GrantKind::Topup, 1, NEVER), grant(2, GrantKind::Topup, 1, NEVER)];
    grants[0].buckets.available = i64::MAX;
    grants[1].buckets.available = i64::MAX;
    assert!(standing(&grants, 0, at(1)).is_err());
    assert!(hold(&mut grants, 0, &[amount(1)], at(1)).is_err());
    let below = Buckets { held: -1, available: 2, ..Buckets::default() };
    assert!(below.sum().is_err());
    // Held by nobody: a void of what is not there.
    let mut grants = [grant(1, GrantKind::Topup, 1, NEVER)];
    let part = Part { item: 0, grant: grants[0].id, amount: amount(1) };
    assert!(void(&mut grants, 0, &[part], at(1)).is_err());
    assert!(void(&mut [], 0, &[part], at(1)).is_err());
}

#[test]
fn words_lead_back() {
    for kind in GrantKind::ALL {
        assert_eq!(GrantKind::from_word(kind.as_str()), Some(kind));
    }
    for kind in MovementKind::ALL {
        assert_eq!(MovementKind::from_word(kind.as_str()), Some(kind));
    }
    assert!(GrantKind::ALL.is_sorted());
}

fn moment(text: &str) -> Timestamp {
    let moment: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_unix_micros(moment.as_microsecond())
}

#[test]
fn months_begin_on_the_day_of_the_anchor_or_the_last() {
    let anchor = moment("2027-01-31T10:00:00Z");
    for (now, start, end) in [
        ("2027-01-31T10:00:00Z", "2027-01-31T10:00:00Z", "2027-02-28T10:00:00Z"),
        ("2027-02-28T09:59:59Z", "2027-01-31T10:00:00Z", "2027-02-28T10:00:00Z"),
        ("2027-02-28T10:00:00Z", "2027-02-28T10:00:00Z", "2027-03-31T10:00:00Z"),
        ("2027-03-31T10:00:00Z", "2027-03-31T10:00:00Z", "2027-04-30T10:00:00Z"),
        ("2028-02-29T12:00:00Z", "2028-02-29T10:00:00Z", "2028-03-31T10:00:00Z"),
        ("2031-12-31T09:00:00Z", "2031-11-30T10:00:00Z", "2031-12-31T10:00:00Z"),
    ] {
        let expected = Period { start: moment(start), end: moment(end) };
        assert_eq!(period(anchor, moment(now)), Some(expected), "{now}");
    }
    assert_eq!(period(anchor, moment("2027-01-31T09:59:59Z")), None);
    assert_eq!(period(anchor, Timestamp::from_unix_micros(i64::MAX)), None);
    let reference = period(anchor, moment("2027-03-01T00:00:00Z")).unwrap().reference(WORKSPACE);
    assert_eq!(reference, format!("monthly:{WORKSPACE}:2027-02-28"));
}

proptest! {
    #[test]
    fn months_follow_each_other_without_a_gap(anchor in 0i64..4_000_000_000, after in 0i64..400_000_000) {
        let (anchor, now) = (at(anchor), at(anchor + after));
        let this = period(anchor, now).unwrap();
        prop_assert!(this.start <= now && now < this.end);
        prop_assert!(this.end.since(this.start) <= Duration::from_secs(31 * 86_400));
        let next = period(anchor, this.end).unwrap();
        prop_assert_eq!(next.start, this.end);
        prop_assert_ne!(next.reference(WORKSPACE), this.reference(WORKSPACE));
    }

    /// No two grants have one place in the order, in whatever order they are read.
    #[test]
    fn the_spend_order_is_total(seed in prop::collection::vec((0usize..6, 0i64..3, 0i64..3), 1..12)) {
        let mut grants: Vec<_> = seed.iter().zip(1u8..).map(|(&(kind, expires, effective), id)| {
            let mut grant = grant(id, GrantKind::ALL[kind], 2, at(100 + expires));
            grant.effective = at(effective);
            grant
        }).collect();
        let items = vec![amount(1); grants.len()];
        let mut backwards: Vec<_> = grants.iter().rev().cloned().collect();
        let one = hold(&mut grants, 0, &items, at(10)).unwrap().unwrap();
        let other = hold(&mut backwards, 0, &items, at(10)).unwrap().unwrap();
        prop_assert_eq!(&one, &other);
        let places: Vec<_> = grants.iter().map(CreditGrant::place).collect();
        prop_assert!(places.windows(2).all(|two| two[0] < two[1]));
        for grant in &grants {
            prop_assert_eq!(grant.buckets.sum().unwrap(), grant.amount.get());
        }
    }
}

#[test]
fn what_was_granted_for_a_hold_alone_ends_with_it() {
    let hold = crate::ids::CreditHoldId::from_bytes([7; 16]);
    let cover = CreditGrant {
        source: CreditGrant::covering(hold),
        ..grant(1, GrantKind::Operator, 3, NEVER)
    };
    let mut grants = vec![cover, grant(2, GrantKind::Topup, 1, NEVER)];
    let held = super::hold(&mut grants, 0, &[amount(2), amount(2)], at(1)).unwrap().unwrap();
    assert_eq!(from(&held.parts), [(0, 1, 2), (1, 1, 1), (1, 2, 1)]);
    let settled = settle(&mut grants, 0, &held.parts[..1], amount(1), at(2)).unwrap();
    let told = |resolved: &Resolved| {
        let words = resolved.movements.iter().map(|m| (m.kind.as_str(), m.amount.get()));
        words.collect::<Vec<_>>()
    };
    assert_eq!(told(&settled), [("settled", 1), ("voided", 1), ("expired", 1)]);
    let voided = void(&mut grants, 0, &held.parts[1..], at(3)).unwrap();
    assert_eq!(told(&voided), [("voided", 1), ("expired", 1), ("voided", 1)]);
    assert_eq!((settled.refund, voided.refund), (None, None));
    assert_eq!(standing(&grants, 0, at(3)).unwrap().available, 1, "what was bought went back");
    assert!(grants.iter().all(|grant| grant.buckets.sum() == Ok(grant.amount.get())));
    // No order of the operator's is mistaken for it.
    assert!(!grant(3, GrantKind::Operator, 1, NEVER).is_cover());
}
