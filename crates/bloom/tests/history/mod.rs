//! What clients asked and were answered, written down by themselves in the order of one clock, and what
//! must hold of it whatever raced with whatever.
//!
//! A client draws a number before it asks and one after the whole answer has come. So of two requests it
//! is known whether one had ended before the other began; if not, they raced, and either order is allowed.
//! A request whose answer never came may or may not have been done.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The record that all clients share.
#[derive(Debug, Default)]
pub(crate) struct History {
    clock: AtomicU64,
    events: Mutex<Vec<Event>>,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Tokens for the code of the grant.
    Redeem,
    /// Tokens for this refresh token of the grant.
    Refresh(String),
    /// Something of the API, with an access token of the grant.
    Use,
    /// The end of the grant.
    Revoke,
    /// The suspension of its person.
    Ban,
    /// The end of the suspension.
    Unban,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Tokens, with this refresh token.
    Tokens(String),
    /// It was done.
    Done,
    /// It was refused.
    Refused,
    /// No whole answer came.
    Unknown,
}

#[derive(Debug, Clone)]
struct Event {
    grant: String,
    ask: Ask,
    outcome: Outcome,
    begin: u64,
    end: u64,
}

impl History {
    /// To be drawn before a request is sent.
    pub(crate) fn begin(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// To be called once the answer has come, or will not come.
    pub(crate) fn record(&self, grant: &str, ask: Ask, begin: u64, outcome: Outcome) {
        let end = self.clock.fetch_add(1, Ordering::SeqCst);
        let event = Event { grant: grant.to_owned(), ask, outcome, begin, end };
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    /// How many requests there were.
    pub(crate) fn len(&self) -> usize {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Panics at what cannot be.
    pub(crate) fn judge(&self) {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let mut grants: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
        for event in events.iter() {
            grants.entry(&event.grant).or_default().push(event);
        }
        for (grant, events) in grants {
            if let Err(broken) = judge(&events) {
                panic!("{grant}: {broken}:\n{}", listed(&events));
            }
        }
    }
}

fn listed(events: &[&Event]) -> String {
    let mut events = events.to_vec();
    events.sort_by_key(|event| event.begin);
    events.iter().map(|event| format!("{event:?}\n")).collect()
}

fn judge(events: &[&Event]) -> Result<(), String> {
    one_redemption_wins(events)?;
    each_generation_is_one_token(events)?;
    nothing_is_refused_without_a_reason(events)?;
    nobody_gets_in_afterwards(events)
}

fn one_redemption_wins(events: &[&Event]) -> Result<(), String> {
    let redeemed = events.iter().filter(|event| event.ask == Ask::Redeem && event.has_tokens());
    if redeemed.count() > 1 { Err("a code was redeemed twice".to_owned()) } else { Ok(()) }
}

/// All that ever name a generation of the chain name the same token, and each refresh was answered with
/// the newest, at some moment while it was under way.
fn each_generation_is_one_token(events: &[&Event]) -> Result<(), String> {
    let mut chain: BTreeMap<u32, &str> = BTreeMap::new();
    for event in events {
        let Outcome::Tokens(token) = &event.outcome else { continue };
        let known = chain.entry(generation(token)).or_insert(token);
        if known != token {
            return Err(format!("a generation has two tokens, {known} and {token}"));
        }
    }
    for event in events {
        let (Ask::Refresh(from), Outcome::Tokens(token)) = (&event.ask, &event.outcome) else {
            continue;
        };
        let before = events.iter().filter(|other| other.end < event.begin);
        let newest = before.filter_map(|other| other.generation()).max().unwrap_or(0);
        if generation(token) <= generation(from) || generation(token) < newest {
            return Err(format!("an older token than was known was the answer to {event:?}"));
        }
    }
    Ok(())
}

/// Whatever begins after a revocation was answered, or within a suspension, is refused.
fn nobody_gets_in_afterwards(events: &[&Event]) -> Result<(), String> {
    let of = |ask: Ask| events.iter().filter(move |event| event.ask == ask && event.is_done());
    for event in events.iter().filter(|event| event.got_in()) {
        let is_revoked = of(Ask::Revoke).any(|revoked| revoked.end < event.begin);
        let is_banned = of(Ask::Ban).any(|ban| {
            let is_lifted = |lift: &&Event| lift.ask == Ask::Unban && lift.end > ban.begin;
            let lift = events.iter().copied().filter(is_lifted).map(|lift| lift.begin).min();
            ban.end < event.begin && lift.is_none_or(|lift| event.end < lift)
        });
        // It may have been revoked without an answer: then the first refusal tells.
        let was_refused = events.iter().any(|other| {
            other.outcome == Outcome::Refused && other.ask != Ask::Redeem && other.end < event.begin
        });
        let is_ended = was_refused && events.iter().all(|other| other.ask != Ask::Ban);
        if is_revoked || is_banned || is_ended {
            return Err(format!("this got in afterwards: {event:?}"));
        }
    }
    Ok(())
}

/// What was answered is kept: a token that was handed out is good until something ends it.
fn nothing_is_refused_without_a_reason(events: &[&Event]) -> Result<(), String> {
    let could_end = |event: &Event| {
        events.iter().any(|other| match other.ask {
            Ask::Revoke => other.outcome != Outcome::Refused && other.begin < event.end,
            Ask::Ban => {
                let lifts = events.iter().filter(|lift| lift.ask == Ask::Unban);
                let is_over =
                    lifts.filter(|lift| lift.begin > other.end).map(|lift| lift.end).min();
                other.begin < event.end && is_over.is_none_or(|over| event.begin < over)
            }
            _ => false,
        })
    };
    for event in events.iter().filter(|event| event.outcome == Outcome::Refused) {
        let is_spent = || {
            let mut others = events.iter().filter(|other| other.ask == Ask::Redeem);
            others.any(|other| other.outcome != Outcome::Refused && other.begin < event.end)
        };
        if !(could_end(event) || event.ask == Ask::Redeem && is_spent()) {
            return Err(format!("this was refused without a reason: {event:?}"));
        }
    }
    Ok(())
}

impl Event {
    fn has_tokens(&self) -> bool {
        matches!(self.outcome, Outcome::Tokens(_))
    }

    fn is_done(&self) -> bool {
        self.outcome == Outcome::Done
    }

    fn got_in(&self) -> bool {
        self.has_tokens() || self.ask == Ask::Use && self.is_done()
    }

    fn generation(&self) -> Option<u32> {
        match &self.outcome {
            Outcome::Tokens(token) => Some(generation(token)),
            _ => None,
        }
    }
}

/// The number that a refresh token carries behind the id of its grant.
fn generation(token: &str) -> u32 {
    let text = token.strip_prefix("bloom_rt_").unwrap_or_else(|| panic!("no token: {token}"));
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    let number = bytes.get(16..20).and_then(|number| number.try_into().ok());
    number.map_or_else(|| panic!("no token: {token}"), u32::from_be_bytes)
}

/// A history that cannot be, and whether it is found out.
#[test]
fn what_cannot_be_is_found_out() {
    let token = |generation: u8, secret: u8| {
        let bytes = [&[1; 16][..], &[0, 0, 0, generation], &[secret; 16], &[0; 16]].concat();
        format!("bloom_rt_{}", URL_SAFE_NO_PAD.encode(bytes))
    };
    let [t0, t1, t2, other] = [token(0, 1), token(1, 2), token(2, 3), token(1, 9)];
    let tokens = |token: &String| Outcome::Tokens(token.clone());
    let event =
        |(begin, end, ask, outcome)| Event { grant: String::new(), ask, outcome, begin, end };
    let verdict = |events: Vec<(u64, u64, Ask, Outcome)>| {
        let events: Vec<_> = events.into_iter().map(event).collect();
        judge(&events.iter().collect::<Vec<_>>())
    };
    let refresh = |token: &String| Ask::Refresh(token.clone());
    let good = vec![
        (0, 3, Ask::Redeem, tokens(&t0)),
        (1, 2, Ask::Redeem, Outcome::Refused),
        (4, 7, refresh(&t0), tokens(&t1)),
        (5, 9, refresh(&t0), tokens(&t1)),
        (6, 8, refresh(&t0), Outcome::Unknown),
        (10, 11, refresh(&t1), tokens(&t2)),
        (12, 13, refresh(&t0), tokens(&t2)),
        (14, 17, Ask::Revoke, Outcome::Done),
        (15, 16, Ask::Use, Outcome::Done),
        (18, 19, Ask::Use, Outcome::Refused),
    ];
    assert_eq!(verdict(good.clone()), Ok(()));
    for (impossible, expected) in [
        ((20, 21, Ask::Redeem, tokens(&t0)), "redeemed twice"),
        ((5, 8, refresh(&t0), tokens(&other)), "two tokens"),
        ((12, 14, refresh(&t0), tokens(&t1)), "older token"),
        ((18, 20, refresh(&t2), tokens(&t2)), "older token"),
        ((18, 20, Ask::Use, Outcome::Done), "got in afterwards"),
        ((20, 21, Ask::Use, Outcome::Done), "got in afterwards"),
        ((4, 5, Ask::Use, Outcome::Refused), "without a reason"),
        ((4, 5, refresh(&t0), Outcome::Refused), "without a reason"),
    ] {
        let found = verdict([good.clone(), vec![impossible]].concat()).unwrap_err();
        assert!(found.contains(expected), "{found}");
    }
    let banned = vec![
        (0, 1, Ask::Redeem, tokens(&t0)),
        (2, 4, Ask::Ban, Outcome::Done),
        (5, 6, refresh(&t0), Outcome::Refused),
        (8, 9, Ask::Unban, Outcome::Done),
        (7, 10, refresh(&t0), tokens(&t1)),
        (11, 12, Ask::Use, Outcome::Done),
    ];
    assert_eq!(verdict(banned.clone()), Ok(()));
    let inside = [banned.clone(), vec![(5, 7, Ask::Use, Outcome::Done)]].concat();
    assert!(verdict(inside).unwrap_err().contains("got in afterwards"));
    let after = [banned, vec![(13, 14, Ask::Use, Outcome::Refused)]].concat();
    assert!(verdict(after).unwrap_err().contains("without a reason"));
}
