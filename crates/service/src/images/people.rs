//! The library as its people see it at a browser.

use bloom_domain::ids::{BrandId, ImageId};
use bloom_store as store;
use store::Tx;
use store::images::{AFTER_ALL, Narrowed};

use super::{Seen, Viewer, Wanted, delete_in, list_in, look, seen};
use crate::{Error, Service, SignedIn};

/// Some of a person's images, the newest first: those that came before one, or the newest of all; and whether there
/// are more.
///
/// # Errors
/// [`Error::BrandNotFound`].
pub async fn list(
    service: &Service,
    person: &SignedIn,
    brand: Option<BrandId>,
    before: Option<ImageId>,
    limit: usize,
) -> Result<(Vec<Seen>, bool), Error> {
    let viewer = Viewer::of_person(person);
    let wanted =
        Wanted { workspace: None, brand, narrowed: Narrowed::default(), limit, cursor: None };
    let before = before.unwrap_or(AFTER_ALL);
    let read = move |tx: &mut Tx<'_>| list_in(tx, &viewer, &wanted, before);
    let mut found = service.store.read(read).await??;
    let goes_on = found.len() > limit;
    found.truncate(limit);
    Ok((found.into_iter().map(|found| seen(service, found)).collect(), goes_on))
}

/// One of them.
///
/// # Errors
/// [`Error::ImageNotFound`].
pub async fn get(service: &Service, person: &SignedIn, id: ImageId) -> Result<Seen, Error> {
    look(service, &Viewer::of_person(person), id).await
}

/// Deletes one of them.
///
/// # Errors
/// [`Error::ImageNotFound`].
pub async fn delete(service: &Service, person: &SignedIn, id: ImageId) -> Result<(), Error> {
    let (viewer, now) = (Viewer::of_person(person), service.now());
    let delete = move |tx: &mut Tx<'_>| delete_in(tx, &viewer, id, now);
    match service.store.write(delete).await? {
        true => Ok(()),
        false => Err(Error::ImageNotFound),
    }
}
