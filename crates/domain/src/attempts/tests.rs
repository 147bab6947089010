use proptest::prelude::*;

use super::*;

const RULE: RateLimit = RateLimit { limit: 3, span: Duration::from_secs(60) };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_800_000_000_000_000 + seconds * 1_000_000)
}

fn block(text: &str) -> AddressBlock {
    AddressBlock::of(Some(text.parse().unwrap()))
}

#[test]
fn a_network_of_version_6_is_one() {
    assert_eq!(block("2001:db8:1:2::1"), block("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_ne!(block("2001:db8:1:2::1"), block("2001:db8:1:3::1"));
    assert_ne!(block("192.0.2.1"), block("192.0.2.2"));
    assert_eq!(block("::ffff:192.0.2.1"), block("192.0.2.1"));
    assert_eq!(AddressBlock::of(None), AddressBlock::Unknown);
}

#[test]
fn each_has_a_window_of_its_own() {
    let mut attempts = Attempts::new(RULE, 100);
    for second in 0..3 {
        assert!(attempts.take(1, at(second)).allowed);
    }
    let refused = attempts.take(1, at(10));
    assert_eq!((refused.allowed, refused.reset), (false, Duration::from_secs(50)));
    assert!(attempts.take(2, at(10)).allowed);
    assert_eq!((attempts.count(&1, at(10)), attempts.count(&2, at(10))), (3, 1));
    // Looking at somebody leaves nothing behind.
    assert_eq!((attempts.count(&3, at(10)), attempts.len()), (0, 2));
    assert_eq!(attempts.count(&1, at(61)), 1);
    assert!(attempts.take(1, at(60)).allowed, "a refused attempt lengthens no wait");
}

#[test]
fn what_was_no_attempt_is_given_back() {
    let mut attempts = Attempts::new(RULE, 100);
    attempts.give_back(&1);
    for _ in 0..100 {
        assert!(attempts.take(1, at(0)).allowed);
        attempts.give_back(&1);
    }
    for _ in 0..3 {
        assert!(attempts.take(1, at(1)).allowed);
    }
    assert!(!attempts.take(1, at(1)).allowed);
    attempts.give_back(&1);
    assert!(attempts.take(1, at(1)).allowed);
}

#[test]
fn a_flood_from_a_million_addresses_costs_no_more_than_one_from_the_most() {
    const MOST: usize = 20_000;
    let mut attempts = Attempts::new(RULE, MOST);
    for _ in 0..3 {
        attempts.take(AddressBlock::V6(7), at(0));
    }
    for address in 0..1_000_000_u32 {
        assert!(attempts.take(AddressBlock::V4(address), at(0)).allowed);
        assert!(attempts.len() <= MOST);
        // Who goes on is not forgotten, however many others come.
        if address % 5_000 == 0 {
            assert!(!attempts.take(AddressBlock::V6(7), at(0)).allowed, "{address}");
        }
    }
    // Those that came last are still known; those that came first are not.
    let count = |address| attempts.count(&AddressBlock::V4(address), at(0));
    assert!((990_001..1_000_000).all(|address| count(address) == 1));
    assert!((0..900_000).step_by(1_000).all(|address| count(address) == 0));
    attempts.sweep(at(60));
    assert!(attempts.is_empty() && attempts.recent.capacity() + attempts.earlier.capacity() == 0);
}

#[test]
fn a_delay_is_bounded_and_begins_late() {
    let longest = Duration::from_secs(2);
    assert_eq!(delay(0, longest), Duration::ZERO);
    assert_eq!(delay(10, longest), Duration::ZERO);
    assert_eq!(delay(11, longest), Duration::from_millis(250));
    assert_eq!(delay(18, longest), longest);
    assert_eq!(delay(u16::MAX, longest), longest);
    assert_eq!(delay(u16::MAX, Duration::ZERO), Duration::ZERO);
    assert!(delay(OF_AN_ACCOUNT.limit, Duration::MAX) > Duration::from_secs(13));
}

proptest! {
    /// A wide map against one window for each: while there is room for all, they agree.
    #[test]
    fn with_room_for_all_it_is_a_window_for_each(
        steps in proptest::collection::vec((0u8..8, 0i64..30, any::<bool>()), 1..300),
    ) {
        let mut attempts = Attempts::new(RULE, 32);
        let mut windows = HashMap::<u8, RateWindow>::new();
        let mut now = 0;
        for (who, step, gives_back) in steps {
            now += step;
            let window = windows.entry(who).or_default();
            prop_assert_eq!(attempts.count(&who, at(now)), window.count(RULE, at(now)));
            let taken = window.take(RULE, at(now));
            prop_assert_eq!(attempts.take(who, at(now)), taken);
            if gives_back && taken.allowed {
                window.give_back();
                attempts.give_back(&who);
            }
        }
    }
}
