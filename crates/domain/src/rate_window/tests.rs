use proptest::prelude::*;

use super::*;

const RULE: RateLimit = RateLimit { limit: 5, span: Duration::from_secs(60) };

fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_800_000_000_000_000 + micros)
}

/// The definition, kept as a plain list: allowed while fewer than `limit` allowed requests lie
/// within `span` before now.
#[derive(Default)]
struct Model(Vec<i64>);

impl Model {
    fn take(&mut self, rule: RateLimit, now: i64) -> bool {
        let from = now - i64::try_from(rule.span.as_micros()).unwrap();
        let allowed = self.0.iter().filter(|&&t| t > from).count() < usize::from(rule.limit);
        if allowed {
            self.0.push(now);
        }
        allowed
    }
}

#[test]
fn the_limit_holds_across_any_boundary() {
    let mut window = RateWindow::default();
    let rule = RateLimit::STANDARD;
    let second = 1_000_000;
    let burst = |window: &mut RateWindow, start: i64| {
        (0..240).filter(|i| window.take(rule, at(start + i)).allowed).count()
    };
    assert_eq!(burst(&mut window, 59 * second), 120);
    assert_eq!(burst(&mut window, 61 * second), 0);
    assert_eq!(burst(&mut window, 120 * second), 120);
}

#[test]
fn one_retry_after_the_reset_is_allowed() {
    let mut window = RateWindow::default();
    for i in 0..5 {
        assert!(window.take(RULE, at(i * 7_000_001)).allowed);
    }
    let refused = window.take(RULE, at(40_000_000));
    assert!(!refused.allowed);
    assert_eq!(refused.remaining, 0);
    let retry = at(40_000_000).plus(refused.reset);
    assert!(window.clone().take(RULE, retry).allowed);
    assert!(!window.take(RULE, retry.minus(Duration::from_micros(1))).allowed);
}

#[test]
fn a_clock_that_steps_back_opens_nothing() {
    let mut window = RateWindow::default();
    for _ in 0..5 {
        assert!(window.take(RULE, at(0)).allowed);
    }
    assert!(!window.take(RULE, at(-120_000_000)).allowed);
}

#[test]
fn a_clock_that_was_ahead_locks_nobody_out() {
    let mut window = RateWindow::default();
    let day = 86_400_000_000;
    for _ in 0..5 {
        assert!(window.take(RULE, at(day)).allowed);
    }
    assert!(!window.take(RULE, at(0)).allowed, "what was counted still counts");
    let refused = window.take(RULE, at(1_000_000));
    assert!(!refused.allowed);
    assert!(window.take(RULE, at(1_000_000).plus(refused.reset)).allowed);
    assert!(window.take(RULE, at(70_000_000)).allowed);
}

#[test]
fn what_is_given_back_is_the_last() {
    let mut window = RateWindow::default();
    window.give_back();
    for second in 0..5 {
        assert!(window.take(RULE, at(second * 1_000_000)).allowed);
    }
    window.give_back();
    assert_eq!(window.count(RULE, at(5_000_000)), 4);
    assert!(window.take(RULE, at(5_000_000)).allowed);
    assert!(!window.take(RULE, at(5_000_000)).allowed);
    // The first of all leaves first, as if nothing had been given back.
    assert_eq!(window.count(RULE, at(60_000_000)), 4);
    assert_eq!(window.count(RULE, at(64_999_999)), 1);
    assert_eq!(window.count(RULE, at(65_000_000)), 0);
}

#[test]
fn an_old_window_is_empty_however_the_times_wrap() {
    let mut window = RateWindow::default();
    for _ in 0..5 {
        window.take(RULE, at(0));
    }
    let wrap = 1i64 << 32;
    assert!(window.is_idle(RULE.span, at(wrap + 1_000)));
    assert!(window.take(RULE, at(wrap + 1_000)).allowed);
}

proptest! {
    #[test]
    fn agrees_with_the_definition(
        steps in proptest::collection::vec(prop_oneof![0i64..30_000_000, 59_999_990i64..60_000_010], 1..400),
    ) {
        let mut window = RateWindow::default();
        let mut model = Model::default();
        let mut now = 0;
        for step in steps {
            now += step;
            prop_assert_eq!(window.take(RULE, at(now)).allowed, model.take(RULE, now), "at {}", now);
        }
    }

    /// All that is told, by limits of any size, with bursts in one instant.
    #[test]
    fn tells_what_a_list_of_times_tells(
        limit in 1u16..150,
        span in 1u64..1_800_000,
        steps in proptest::collection::vec((0u64..4, 0u64..1_000), 1..600),
    ) {
        let rule = RateLimit { limit, span: Duration::from_millis(span) };
        let (mut window, mut passed) = (RateWindow::default(), Vec::<u64>::new());
        let (mut now, span) = (0, span * 1_000);
        for (kind, part) in steps {
            // None, some or all of the window, or a little less or more than all of it.
            now += [0, span * part / 60_000, span * part / 1_000, span + part - 500.min(span)][kind as usize];
            passed.retain(|then| now - then < span);
            let allowed = passed.len() < usize::from(limit);
            if allowed {
                passed.push(now);
            }
            let reset = Duration::from_micros(span - (now - passed[0]));
            let remaining = limit - passed.len() as u16;
            let taken = window.take(rule, at(now as i64));
            prop_assert_eq!(taken, Taken { allowed, remaining, reset }, "at {}", now);
        }
    }

    #[test]
    fn waiting_for_the_reset_always_works(steps in proptest::collection::vec(0i64..30_000_000, 1..200)) {
        let mut window = RateWindow::default();
        let mut now = 0;
        for step in steps {
            now += step;
            let taken = window.take(RULE, at(now));
            if !taken.allowed {
                prop_assert!(window.clone().take(RULE, at(now).plus(taken.reset)).allowed);
            }
            prop_assert!(taken.remaining < RULE.limit);
        }
    }
}
