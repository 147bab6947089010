//! Finding images of a brand by words.
//!
//! An image is found by the words of its prompt and of what it shows. What is found has a distance: 0 when it has
//! every word of the query, 1 when it has none, and between them by how much the words that it has say of an
//! image: a rare one more than a common one.

use std::collections::HashMap;

use bloom_domain::ids::{BrandId, ImageId};
use bloom_domain::images::{Image, Status};
use bloom_domain::search;
use bloom_store as store;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{Seen, Viewer, seen};
use crate::operations::IMAGES_SEARCH;
use crate::{Error, Principal, Service, cursors, plans};

/// How many images are looked at for one word.
const MOST: i64 = 50_000;

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

/// What was shown last: a distance in millionths, and an image.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Rank {
    distance: u32,
    /// Newer ones come first, so all bits are turned.
    turned: [u8; 16],
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
    let after = match &query.cursor {
        None => None,
        Some(cursor) => {
            Some(cursors::open::<Rank>(service, principal, operation, &filter, cursor)?)
        }
    };
    let viewer = Viewer::of(principal);
    let limit = query.limit;
    let read = move |tx: &mut Tx<'_>| search_in(tx, &viewer, &query, after);
    let mut found = service.store.read(read).await?.ok_or(Error::BrandNotFound)?;
    plans::admit(service, principal).await?;
    let goes_on = found.len() > limit;
    found.truncate(limit);
    let next = match found.last().filter(|_| goes_on) {
        None => None,
        Some((_, rank)) => Some(cursors::seal(service, principal, operation, &filter, rank)?),
    };
    let shown = found
        .into_iter()
        .map(|(found, rank)| (seen(service, found), f64::from(rank.distance) / f64::from(MILLION)));
    Ok(Results { found: shown.collect(), next })
}

/// One.
const MILLION: u32 = 1_000_000;

fn filter(query: &Query) -> Vec<u8> {
    let distance = query.max_distance.to_be_bytes();
    [query.brand.as_bytes().as_slice(), &distance, query.text.as_bytes()].concat()
}

/// One image more than are wanted, if there is one; `None` without such a brand.
fn search_in(
    tx: &mut Tx<'_>,
    viewer: &Viewer,
    query: &Query,
    after: Option<Rank>,
) -> Result<Option<Vec<(store::images::Found, Rank)>>, store::Error> {
    let Some(brand) = viewer.brand(tx, query.brand)? else { return Ok(None) };
    let all = usize::try_from(brand.brand.image_count).unwrap_or_default();
    let (mut total, mut scores) = (0.0, HashMap::<ImageId, f64>::new());
    for word in search::asked(&query.text) {
        let having = store::image_words::find(tx, query.brand, &word, MOST)?;
        let weight = search::weight(having.len(), all);
        total += weight;
        for image in having {
            *scores.entry(image).or_default() += weight;
        }
    }
    let mut ranked: Vec<_> = scores
        .into_iter()
        .map(|(image, score)| (rank(image, 1.0 - score / total), image))
        .filter(|(rank, _)| f64::from(rank.distance) <= query.max_distance * f64::from(MILLION))
        .filter(|(rank, _)| after.is_none_or(|after| after < *rank))
        .collect();
    ranked.sort_unstable_by_key(|(rank, _)| *rank);
    let mut found = Vec::new();
    for (rank, image) in ranked {
        if found.len() > query.limit {
            break;
        }
        let there = viewer.find(tx, image)?;
        let is_there = |image: &Image| image.status == Status::Completed && image.file.is_some();
        found.extend(there.filter(|found| is_there(&found.image)).map(|found| (found, rank)));
    }
    Ok(Some(found))
}

fn rank(image: ImageId, distance: f64) -> Rank {
    // From 0 to 1 by what it is made of; a cast cuts off what rounding may have added.
    let distance = (distance.clamp(0.0, 1.0) * f64::from(MILLION)).round() as u32;
    Rank { distance, turned: image.as_bytes().map(|byte| !byte) }
}

/// The words by which an image is found.
pub(super) fn words(
    prompt: Option<&str>,
    shows: Option<&str>,
) -> std::collections::BTreeSet<String> {
    search::words(prompt.into_iter().chain(shows))
}
