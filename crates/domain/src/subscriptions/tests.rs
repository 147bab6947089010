use proptest::prelude::*;

use super::*;
use SubscriptionState::{Active, Canceled, PastDue, Paused};

fn second(n: i64) -> Timestamp {
    Timestamp::from_unix_micros(n * 1_000_000)
}

fn snapshot(at: i64, state: SubscriptionState) -> Snapshot {
    let period = (second(0), second(100));
    Snapshot {
        plan: "plus".to_owned(),
        price: "price_1".to_owned(),
        state,
        anchor: second(0),
        period,
        created: second(0),
        at: second(at),
        version: Version::new(second(at), 1, period.0, "evt"),
    }
}

fn told(news: impl IntoIterator<Item = News>) -> Subscription {
    let mut subscription = Subscription::unknown("sub_1");
    news.into_iter().for_each(|news| subscription.hear(news));
    subscription
}

#[test]
fn an_older_snapshot_never_overwrites_a_newer() {
    let news = [News::State(snapshot(2, Paused)), News::State(snapshot(1, Active))];
    assert_eq!(told(news).state(), Some(Paused));
}

#[test]
fn within_a_second_an_end_is_newest() {
    let version = |rank, event| Version::new(second(7), rank, second(0), event);
    assert!(version(0, "evt_9") < version(1, "evt_5") && version(1, "evt_5") < version(2, "evt_1"));
    assert!(version(2, "evt_1") < Version::new(second(10), 0, second(0), "evt_0"));
    let later_period = Version::new(second(7), 1, second(5), "evt_0");
    assert!(version(1, "evt_9") < later_period);
}

#[test]
fn a_payment_counts_when_it_is_newer_than_the_snapshot() {
    let state = |of, news: Vec<News>| {
        told(std::iter::once(News::State(snapshot(5, of))).chain(news)).state().unwrap()
    };
    let (paid, failed) = (
        |at| News::Paid { at: second(at), until: second(99) },
        |at| News::Failed { at: second(at) },
    );
    assert_eq!(state(Active, vec![failed(6)]), PastDue);
    assert_eq!(state(Active, vec![failed(4)]), Active);
    assert_eq!(state(Active, vec![failed(6), paid(7)]), Active);
    assert_eq!(state(PastDue, vec![paid(6)]), Active);
    assert_eq!(state(PastDue, vec![paid(4)]), PastDue);
    assert_eq!(state(PastDue, vec![failed(7), paid(6)]), PastDue);
    for end in [Paused, Canceled] {
        assert_eq!(state(end, vec![paid(6), failed(7)]), end, "money does not begin it anew");
    }
}

#[test]
fn the_operators_word_stands_before_all_others() {
    let at = |reference: &str, created, state| {
        let mut one = Subscription::unknown(reference);
        one.hear(News::State(Snapshot { created: second(created), ..snapshot(1, state) }));
        one
    };
    let name = |all: &[Subscription]| in_force(all).map(|one| one.reference.clone());
    assert_eq!(name(&[]), None);
    assert_eq!(name(&[Subscription::unknown("sub_1")]), None);
    let (old, new) = (at("sub_1", 1, Active), at("sub_2", 2, Active));
    assert_eq!(name(&[old.clone(), new.clone()]).as_deref(), Some("sub_2"));
    let over = at("sub_2", 2, Canceled);
    assert_eq!(name(&[over.clone(), old.clone()]).as_deref(), Some("sub_1"));
    assert_eq!(name(&[over]).as_deref(), Some("sub_2"));
    let operators = at("operator:x", 0, Paused);
    assert_eq!(name(&[new, operators, old]).as_deref(), Some("operator:x"));
}

fn news() -> impl Strategy<Value = News> {
    let time = (0i64..6).prop_map(second);
    let state = prop::sample::select(SubscriptionState::ALL.to_vec());
    prop_oneof![
        (0i64..6, state, 0u8..3, "[a-c]").prop_map(|(at, state, rank, event)| {
            let version = Version::new(second(at), rank, second(0), &event);
            // One event has one content.
            let plan = format!("{} {state:?}", version.as_str());
            News::State(Snapshot { plan, version, ..snapshot(at, state) })
        }),
        (time.clone(), time.clone()).prop_map(|(at, until)| News::Paid { at, until }),
        time.prop_map(|at| News::Failed { at }),
    ]
}

proptest! {
    /// Shuffled, doubled, in any order.
    #[test]
    fn whatever_the_order_the_same_is_known(
        mut news in prop::collection::vec(news(), 0..8),
        seed in any::<u64>(),
    ) {
        news.dedup_by_key(|news| match news {
            News::State(snapshot) => Some(snapshot.version.clone()),
            _ => None,
        });
        let mut versions = std::collections::HashSet::new();
        news.retain(|news| match news {
            News::State(snapshot) => versions.insert(snapshot.version.clone()),
            _ => true,
        });
        let mut other = news.clone();
        let count = other.len().max(1);
        for index in 0..other.len() {
            let with = (seed.rotate_left(index as u32 * 7) as usize) % count;
            other.swap(index, with);
        }
        other.extend(news.clone().into_iter().rev());
        prop_assert_eq!(told(other), told(news));
    }
}
