//! Finding images of a brand by words.
//!
//! An image is found by the words of its prompt and of what it shows, and by what they mean. What is found has a distance,
//! by the rule of `bloom_domain::search`. The whole library is looked at, in memory (`libraries.rs`), and what
//! comes of it in the database, where it may be gone by now.

use std::mem;

use bloom_domain::ids::{BrandId, ImageId};
use bloom_domain::search::Hit;
use bloom_store as store;
use serde::{Deserialize, Serialize};
use store::images::Found;
use store::{Store, Tx};
use tokio::task::spawn_blocking;

use super::{Seen, Viewer, seen};
use crate::operations::IMAGES_SEARCH;
use crate::{Error, Principal, Service, cursors, plans};

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// Among the images of which brand.
    pub brand: BrandId,
    /// By which words.
    pub text: String,
    /// At most so many.
    pub limit: usize,
    /// How far what is found may be.
    pub max_distance: f64,
    /// Where the list goes on.
    pub cursor: Option<String>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Results {
    /// The images with their distances, the nearest first.
    pub found: Vec<(Seen, f64)>,
    /// Where it goes on, if it does.
    pub next: Option<String>,
}

/// How far an image is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Rank {
    /// In millionths.
    distance: u32,
    /// Newer ones come first, so all bits are turned.
    turned: [u8; 16],
}

/// Where a list goes on.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Position {
    /// After what was shown last.
    after: Rank,
    /// Among what was there when it began: what comes meanwhile moves nothing.
    until: i64,
}

/// Finds images.
///
/// # Errors
/// [`Error::BrandNotFound`], [`Error::InvalidCursor`], [`Error::PlanUpgradeRequired`].
pub async fn search(
    service: &Service,
    principal: &Principal,
    query: Query,
) -> Result<Results, Error> {
    let filter = filter(&query);
    let operation = &IMAGES_SEARCH;
    let position = match &query.cursor {
        None => None,
        Some(cursor) => {
            Some(cursors::open::<Position>(service, principal, operation, &filter, cursor)?)
        }
    };
    let (viewer, brand, limit) = (Viewer::of(principal), query.brand, query.limit);
    let looking = viewer.clone();
    let there = service.store.read(move |tx| looking.brand(tx, brand)).await?;
    let there = there.ok_or(Error::BrandNotFound)?.brand.image_count;
    plans::admit(service, principal).await?;
    let (store, libraries, now) = (service.store.clone(), service.libraries.clone(), service.now());
    let look = move || {
        let there = usize::try_from(there).unwrap_or_default();
        let library = libraries.current(&store, brand, there, now)?;
        let (ranked, until) = {
            let library = library.read();
            let until = position.map_or_else(|| library.last(), |position| position.until);
            (ranked(library.find(&query.text, until), &query, position), until)
        };
        let Nearest { found, gone } = nearest(&store, &viewer, ranked, query.limit)?;
        if !gone.is_empty() {
            library.write().forget(&gone);
        }
        Ok::<_, store::Error>((found, until))
    };
    // Away from the threads that answer: it may take some milliseconds.
    let looked = spawn_blocking(look).await.map_err(|error| Error::Internal(error.to_string()))?;
    let (mut found, until) = looked?;
    let goes_on = found.len() > limit;
    found.truncate(limit);
    let next = match found.last().filter(|_| goes_on) {
        None => None,
        Some((_, after)) => {
            let position = Position { after: *after, until };
            Some(cursors::seal(service, principal, operation, &filter, &position)?)
        }
    };
    let shown = found
        .into_iter()
        .map(|(found, rank)| (seen(service, found), f64::from(rank.distance) / MILLION));
    Ok(Results { found: shown.collect(), next })
}

/// One, in millionths.
const MILLION: f64 = 1e6;

fn filter(query: &Query) -> Vec<u8> {
    let distance = query.max_distance.to_be_bytes();
    [query.brand.as_bytes().as_slice(), &distance, query.text.as_bytes()].concat()
}

/// Those that are near enough and were not shown before.
fn ranked(hits: Vec<Hit>, query: &Query, position: Option<Position>) -> Vec<(Rank, ImageId)> {
    let most = query.max_distance * MILLION;
    hits.into_iter()
        .map(|hit| (rank(&hit), hit.image))
        .filter(|(rank, _)| f64::from(rank.distance) <= most)
        .filter(|(rank, _)| position.is_none_or(|position| position.after < *rank))
        .collect()
}

fn rank(hit: &Hit) -> Rank {
    // From 0 to 1, so a cast cuts off nothing.
    let distance = (f64::from(hit.distance) * MILLION).round() as u32;
    Rank { distance, turned: hit.image.as_bytes().map(|byte| !byte) }
}

/// What the database says of what the library has.
#[derive(Default)]
struct Nearest {
    /// What is there, the nearest first.
    found: Vec<(Found, Rank)>,
    /// What is gone.
    gone: Vec<ImageId>,
}

/// The nearest, at least one more than are wanted if there are as many.
fn nearest(
    store: &Store,
    viewer: &Viewer,
    mut ranked: Vec<(Rank, ImageId)>,
    wanted: usize,
) -> Result<Nearest, store::Error> {
    let Nearest { mut found, mut gone } = Nearest::default();
    while found.len() <= wanted && !ranked.is_empty() {
        // However many are gone, few rounds find that out.
        let some = first(&mut ranked, (wanted + 1 - found.len()).max(gone.len()));
        let viewer = viewer.clone();
        let look = move |tx: &mut Tx<'_>| {
            let (mut found, mut gone) = (Vec::new(), Vec::new());
            for (rank, image) in some {
                match viewer.find(tx, image)? {
                    Some(one) => found.push((one, rank)),
                    None if store::image_captions::exists(tx, image)? => {}
                    None => gone.push(image),
                }
            }
            Ok((found, gone))
        };
        let (some, others) = store.read_blocking(look)?;
        found.extend(some);
        gone.extend(others);
    }
    Ok(Nearest { found, gone })
}

/// Takes out so many of the first, in order.
fn first(ranked: &mut Vec<(Rank, ImageId)>, many: usize) -> Vec<(Rank, ImageId)> {
    if many < ranked.len() {
        ranked.select_nth_unstable(many);
    }
    let rest = ranked.split_off(many.min(ranked.len()));
    let mut first = mem::replace(ranked, rest);
    first.sort_unstable();
    first
}

/// The words by which an image is found.
pub(super) fn words(prompt: Option<&str>, shows: Option<&str>) -> String {
    let all: Vec<_> = prompt.into_iter().chain(shows).collect();
    all.join("\n")
}
