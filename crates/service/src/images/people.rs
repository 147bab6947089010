//! The library as its people see it at a browser.

use bloom_domain::ids::{BrandId, ImageId};
use bloom_domain::images::UNDO;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::images::{AFTER_ALL, Narrowed};
use store::{Change, Tx};

use super::{Seen, Viewer, Wanted, delete_in, list_in, look, seen};
use crate::{Error, Service, SignedIn};

/// How many one transaction deletes for good.
const BATCH: i64 = 100;

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

/// How one of them was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It can be had back for a while.
    CanBeUndone,
    /// It had no file yet, or never will: there is nothing to be had back.
    ForGood,
}

/// Deletes one of them: nobody sees it from now on. One that is there can be had back for [`UNDO`].
///
/// # Errors
/// [`Error::ImageNotFound`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn delete(service: &Service, person: &SignedIn, id: ImageId) -> Result<Deletion, Error> {
    let (claim, viewer, now) = (person.claim(), Viewer::of_person(person), service.now());
    let delete = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        let Some(found) = viewer.find(tx, id)? else { return Ok(Err(Error::ImageNotFound)) };
        if store::images::hide(tx, id, now)? {
            store::brands::one_image_less(tx, found.image.brand)?;
            tx.changed(Change::Image(id));
            return Ok(Ok(Deletion::CanBeUndone));
        }
        let is_gone = delete_in(tx, &viewer, id, now)?;
        Ok(if is_gone { Ok(Deletion::ForGood) } else { Err(Error::ImageNotFound) })
    };
    service.store.write(delete).await?
}

/// Until when one of them that is deleted can be had back; `None` when it cannot.
///
/// # Errors
/// When the database cannot be read.
pub async fn restorable_until(
    service: &Service,
    person: &SignedIn,
    id: ImageId,
) -> Result<Option<Timestamp>, Error> {
    let (account, after) = (person.account().id, service.now().minus(UNDO));
    let find = move |tx: &mut Tx<'_>| store::images::find_hidden(tx, account, id, after);
    let found = service.store.read(find).await?;
    Ok(found.map(|(_, deleted_at)| deleted_at.plus(UNDO)))
}

/// Takes a deletion back. Doing it twice is no error.
///
/// # Errors
/// [`Error::ImageNotFound`], also when it was too long ago; [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn restore(service: &Service, person: &SignedIn, id: ImageId) -> Result<(), Error> {
    let (claim, viewer) = (person.claim(), Viewer::of_person(person));
    let after = service.now().minus(UNDO);
    let restore = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        if viewer.find(tx, id)?.is_some() {
            return Ok(Ok(()));
        }
        let Some((found, _)) = store::images::find_hidden(tx, viewer.account, id, after)? else {
            return Ok(Err(Error::ImageNotFound));
        };
        if store::images::unhide(tx, id, after)? {
            store::brands::one_image_back(tx, found.image.brand)?;
            tx.changed(Change::Image(id));
        }
        Ok(Ok(()))
    };
    service.store.write(restore).await?
}

/// Deletes for good what nobody can have back any more.
pub(crate) async fn sweep(service: &Service) -> Result<(), Error> {
    let now = service.now();
    let sweep = move |tx: &mut Tx<'_>| {
        let hidden = store::images::some_hidden(tx, now.minus(UNDO), BATCH)?;
        for (id, blob) in &hidden {
            store::images::delete(tx, *id)?;
            if let Some(blob) = blob {
                store::images::doom_blob(tx, blob, now)?;
            }
        }
        Ok(hidden.len())
    };
    while service.store.write(sweep).await? > 0 {}
    Ok(())
}
