//! The window beside the three usual ways to save memory, on four schedules. Each of them is the trade's
//! own algorithm, written plainly; each lets too much through or refuses what the contract allows.

use std::fmt::Write;

use super::*;

const RULE: RateLimit = RateLimit::STANDARD;
const SECOND: i64 = 1_000_000;
const SPAN: i64 = 60 * SECOND;
const LIMIT: usize = 120;

/// Asked at a time in microseconds, says whether the request may go on.
type Limiter = Box<dyn FnMut(i64) -> bool>;

fn exact() -> Limiter {
    let mut window = RateWindow::default();
    Box::new(move |now| window.take(RULE, Timestamp::from_unix_micros(now)).allowed)
}

/// Two counters: this minute's, and the last minute's as if it had been spread evenly.
fn two_counters() -> Limiter {
    let (mut minute, mut last, mut this) = (0, 0, 0);
    Box::new(move |now| {
        let current = now / SPAN;
        if current != minute {
            last = if current == minute + 1 { this } else { 0 };
            (minute, this) = (current, 0);
        }
        // All in whole numbers: last * (rest of the minute) + this * minute < limit * minute.
        let allowed = last * (SPAN - now % SPAN) + this * SPAN < LIMIT as i64 * SPAN;
        this += i64::from(allowed);
        allowed
    })
}

/// The generic cell rate algorithm: a bucket that leaks one request each half second.
fn gcra() -> Limiter {
    let emission = SPAN / LIMIT as i64;
    let mut theoretical_arrival = 0;
    Box::new(move |now| {
        let arrival = now.max(theoretical_arrival);
        let allowed = arrival - now <= SPAN - emission;
        if allowed {
            theoretical_arrival = arrival + emission;
        }
        allowed
    })
}

/// A counter that ends when nobody has asked for a minute: "increment, and expire in 60 s".
fn idle_window() -> Limiter {
    let (mut count, mut last) = (0, i64::MIN / 2);
    Box::new(move |now| {
        count = if now - last >= SPAN { 1 } else { count + 1 };
        last = now;
        count <= LIMIT
    })
}

/// From 59 s on, for a minute, 20 requests each tenth of a second.
fn burst_across_a_boundary() -> Vec<i64> {
    (0..600).flat_map(|tenth| (0..20).map(move |n| 59 * SECOND + tenth * SECOND / 10 + n)).collect()
}

/// 120 at the beginning of a minute, and 120 when it has been over for a second.
fn two_bursts_61_s_apart() -> Vec<i64> {
    [0, 61 * SECOND].iter().flat_map(|start| (0..120).map(move |n| start + n)).collect()
}

fn one_a_second_for_20_minutes() -> Vec<i64> {
    (0..1_200).map(|second| second * SECOND).collect()
}

fn two_a_second_for_5_minutes() -> Vec<i64> {
    (0..600).map(|half| half * SECOND / 2).collect()
}

/// What a limiter made of a schedule.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    allowed: usize,
    /// The greatest number of requests it let into any 60 seconds.
    most: usize,
    /// How many it refused although it had let fewer than 120 through in the 60 seconds before.
    wronged: usize,
}

fn judge(mut limiter: Limiter, schedule: &[i64]) -> Verdict {
    let mut passed: Vec<i64> = Vec::new();
    let (mut oldest, mut most, mut wronged) = (0, 0, 0);
    for &now in schedule {
        while passed.get(oldest).is_some_and(|&then| now - then >= SPAN) {
            oldest += 1;
        }
        if limiter(now) {
            passed.push(now);
            most = most.max(passed.len() - oldest);
        } else if passed.len() - oldest < LIMIT {
            wronged += 1;
        }
    }
    Verdict { allowed: passed.len(), most, wronged }
}

type Named<T> = (&'static str, fn() -> T);

const LIMITERS: [Named<Limiter>; 4] = [
    ("exact window", exact),
    ("two counters", two_counters),
    ("GCRA", gcra),
    ("idle window", idle_window),
];
const SCHEDULES: [Named<Vec<i64>>; 4] = [
    ("burst across a minute boundary", burst_across_a_boundary),
    ("two bursts of 120, 61 s apart", two_bursts_61_s_apart),
    ("1 a second for 20 minutes", one_a_second_for_20_minutes),
    ("2 a second for 5 minutes", two_a_second_for_5_minutes),
];

/// The table in `docs/PERFORMANCE.md`.
fn table() -> String {
    let mut table = String::new();
    for (schedule, times) in SCHEDULES {
        let times = times();
        write!(table, "| {schedule} | {} |", times.len()).unwrap();
        for (_, limiter) in LIMITERS {
            let Verdict { allowed, most, wronged } = judge(limiter(), &times);
            write!(table, " {allowed}").unwrap();
            if most > LIMIT {
                write!(table, ", **{most} in 60 s**").unwrap();
            }
            if wronged > 0 {
                write!(table, ", **{wronged} wronged**").unwrap();
            }
            write!(table, " |").unwrap();
        }
        table.push('\n');
    }
    table
}

#[test]
fn the_exact_window_keeps_the_contract_both_ways_on_every_schedule() {
    for (name, schedule) in SCHEDULES {
        let verdict = judge(exact(), &schedule());
        assert!(verdict.most <= LIMIT, "{name}: {verdict:?}");
        assert_eq!(verdict.wronged, 0, "{name}: {verdict:?}");
    }
}

#[test]
fn each_other_limiter_fails_on_a_schedule() {
    let of = |limiter: fn() -> Limiter, schedule: fn() -> Vec<i64>| judge(limiter(), &schedule());
    let verdict = |allowed, most, wronged| Verdict { allowed, most, wronged };
    assert_eq!(of(two_counters, burst_across_a_boundary), verdict(238, 238, 0));
    assert_eq!(of(two_counters, two_bursts_61_s_apart), verdict(123, 120, 117));
    assert_eq!(of(two_counters, two_a_second_for_5_minutes), verdict(598, 120, 2));
    assert_eq!(of(gcra, burst_across_a_boundary), verdict(239, 239, 0));
    assert_eq!(of(idle_window, one_a_second_for_20_minutes), verdict(120, 60, 1_080));
    assert_eq!(of(idle_window, two_a_second_for_5_minutes), verdict(120, 120, 480));
}

#[test]
fn the_documented_figures_are_these() {
    let documented = include_str!("../../../../docs/PERFORMANCE.md");
    assert!(documented.contains(&table()), "docs/PERFORMANCE.md wants this table:\n{}", table());
}
