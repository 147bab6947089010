//! Images: what there is, who sees it, and its end.
//!
//! An image is a row from the moment it is asked for ([`generate`](mod@generate)), and is made by a job
//! (`rendering.rs`). Its bytes lie beside the database ([`crate::blobs`]) and are given to whoever has its URL
//! ([`links`]).

use std::collections::HashMap;
use std::time::Duration;

use bloom_domain::ids::{AccountId, BrandId, ImageId};
use bloom_domain::images::{Image, MAX_NAMED};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Reach, Workspace, WorkspaceChoice};
use bloom_store::{self as store, Change, Tx};
use serde::{Deserialize, Serialize};
use store::images::{AFTER_ALL, Found, Of, Stretch};

pub use store::images::Narrowed;

use crate::operations::IMAGES_LIST;
use crate::{Error, Principal, Service, SignedIn, cursors, plans, waits, workspaces};

pub mod changes;
mod commissions;
mod elsewhere;
pub(crate) mod files;
pub mod generate;
pub(crate) mod libraries;
pub mod links;
pub mod people;
pub(crate) mod rendering;
pub mod search;
mod studio;
pub mod uploads;

/// An image as one of its people sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The image.
    pub image: Image,
    /// Where it belongs.
    pub workspace: Workspace,
    /// Where its bytes are, once they are.
    pub url: Option<String>,
}

/// Which images a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those of one workspace; of all within reach otherwise.
    pub workspace: Option<WorkspaceChoice>,
    /// Those of one brand.
    pub brand: Option<BrandId>,
    /// Those of some source, state or making.
    pub narrowed: Narrowed,
    /// At most so many.
    pub limit: usize,
    /// Where the list goes on.
    pub cursor: Option<String>,
}

/// A stretch of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The images, the newest first.
    pub images: Vec<Seen>,
    /// Where it goes on, if it does.
    pub next: Option<String>,
}

/// What a cursor says.
#[derive(Serialize, Deserialize)]
struct Position {
    last: [u8; 16],
}

/// Who looks: a person, as far as what they came with reaches.
#[derive(Clone)]
pub(crate) struct Viewer {
    pub(crate) account: AccountId,
    pub(crate) reach: Reach,
}

impl Viewer {
    pub(crate) fn of(principal: &Principal) -> Self {
        Self { account: principal.account_id(), reach: principal.reach().clone() }
    }

    pub(crate) fn of_person(person: &SignedIn) -> Self {
        Self { account: person.account().id, reach: Reach::All }
    }

    /// An image that they see, in a transaction or a read.
    pub(crate) fn find(&self, tx: &mut Tx<'_>, id: ImageId) -> Result<Option<Found>, store::Error> {
        let found = store::images::find(tx, self.account, id)?;
        Ok(found.filter(|found| self.reach.contains(found.workspace.id)))
    }

    /// A brand that they see.
    pub(crate) fn brand(
        &self,
        tx: &mut Tx<'_>,
        id: BrandId,
    ) -> Result<Option<store::brands::Found>, store::Error> {
        let found = store::brands::find(tx, self.account, id)?;
        Ok(found.filter(|found| self.reach.contains(found.workspace.id)))
    }
}

/// An image.
///
/// # Errors
/// [`Error::ImageNotFound`], [`Error::PlanUpgradeRequired`].
pub async fn get(service: &Service, principal: &Principal, id: ImageId) -> Result<Seen, Error> {
    let seen = look(service, &Viewer::of(principal), id).await?;
    plans::admit(service, principal).await?;
    Ok(seen)
}

/// An image, once nothing more becomes of it, or after so long as it is then.
///
/// # Errors
/// As [`get`], and when the credential ends or too many requests of it wait.
pub async fn wait(
    service: &Service,
    principal: &Principal,
    id: ImageId,
    patience: Duration,
) -> Result<Seen, Error> {
    let first = get(service, principal, id).await?;
    if first.image.status.is_final() {
        return Ok(first);
    }
    let (viewer, ids) = (Viewer::of(principal), awaited(&first));
    let read = || look(service, &viewer, id);
    waits::until(service, principal, &ids, patience, read, |seen| seen.image.status.is_final())
        .await
}

/// What whoever waits for an image is woken by: the image, and its workspace, which may be deleted.
fn awaited(seen: &Seen) -> [[u8; 16]; 2] {
    [*seen.image.id.as_bytes(), *seen.image.workspace.as_bytes()]
}

/// Images by their ids, in the order they are named; those that are not there are left out. With patience, once
/// nothing more becomes of any, or after so long as they are then.
///
/// # Errors
/// As [`wait`].
pub async fn named(
    service: &Service,
    principal: &Principal,
    ids: Vec<ImageId>,
    patience: Option<Duration>,
) -> Result<Vec<Seen>, Error> {
    let viewer = Viewer::of(principal);
    let read = || look_at_all(service, &viewer, &ids);
    let found = read().await?;
    plans::admit(service, principal).await?;
    let are_final = |seen: &Vec<Seen>| seen.iter().all(|seen| seen.image.status.is_final());
    match patience {
        Some(patience) if !are_final(&found) => {
            let ids: Vec<_> = found.iter().flat_map(awaited).collect();
            waits::until(service, principal, &ids, patience, read, are_final).await
        }
        _ => Ok(found),
    }
}

/// A stretch of the images within reach, the newest first.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::BrandNotFound`], [`Error::InvalidCursor`],
/// [`Error::PlanUpgradeRequired`].
pub async fn list(service: &Service, principal: &Principal, wanted: Wanted) -> Result<Page, Error> {
    let operation = &IMAGES_LIST;
    let before = match &wanted.cursor {
        None => AFTER_ALL,
        Some(cursor) => {
            let position: Position = cursors::open(service, principal, operation, b"", cursor)?;
            ImageId::from_bytes(position.last)
        }
    };
    let viewer = Viewer::of(principal);
    let (limit, asked) = (wanted.limit, wanted.clone());
    let read = move |tx: &mut Tx<'_>| list_in(tx, &viewer, &asked, before);
    let mut found = service.store.read(read).await??;
    plans::admit(service, principal).await?;
    let goes_on = found.len() > limit;
    found.truncate(limit);
    let next = match found.last().filter(|_| goes_on) {
        None => None,
        Some(last) => {
            let position = Position { last: *last.image.id.as_bytes() };
            Some(cursors::seal(service, principal, operation, b"", &position)?)
        }
    };
    let images = found.into_iter().map(|found| seen(service, found)).collect();
    Ok(Page { images, next })
}

/// One image more than are wanted, if there is one.
fn list_in(
    tx: &mut Tx<'_>,
    viewer: &Viewer,
    wanted: &Wanted,
    before: ImageId,
) -> Result<Result<Vec<Found>, Error>, store::Error> {
    let workspaces = match wanted.workspace {
        None => {
            let mut all = store::workspaces::list_of(tx, viewer.account)?;
            all.retain(|workspace| viewer.reach.contains(workspace.id));
            all
        }
        Some(choice) => match workspaces::find_in(tx, viewer.account, &viewer.reach, choice)? {
            None => return Ok(Err(Error::not_there(choice))),
            Some(workspace) => vec![workspace],
        },
    };
    let limit = i64::try_from(wanted.limit).unwrap_or(i64::MAX).saturating_add(1);
    let stretch = Stretch { before, limit };
    let mut images = Vec::new();
    match wanted.brand {
        // A list for each workspace costs what is shown, however many images others have.
        None => {
            for workspace in &workspaces {
                let of = Of::Workspace(workspace.id);
                images.extend(store::images::page(
                    tx,
                    viewer.account,
                    of,
                    wanted.narrowed,
                    stretch,
                )?);
            }
        }
        Some(brand) => {
            if viewer.brand(tx, brand)?.is_none() {
                return Ok(Err(Error::BrandNotFound));
            }
            let of = Of::Brand(brand);
            images.extend(store::images::page(tx, viewer.account, of, wanted.narrowed, stretch)?);
        }
    }
    images.sort_unstable_by_key(|image| std::cmp::Reverse(image.id));
    let by_id: HashMap<_, _> = workspaces.into_iter().map(|one| (one.id, one)).collect();
    let with_workspace = |image: Image| {
        let workspace = by_id.get(&image.workspace)?.clone();
        Some(Found { image, workspace })
    };
    let most = wanted.limit.saturating_add(1);
    Ok(Ok(images.into_iter().filter_map(with_workspace).take(most).collect()))
}

/// Deletes an image: at once, with its file and its URL. One that is being made costs nothing then.
///
/// # Errors
/// [`Error::ImageNotFound`], [`Error::PlanUpgradeRequired`].
pub async fn delete(service: &Service, principal: &Principal, id: ImageId) -> Result<Seen, Error> {
    let seen = get(service, principal, id).await?;
    let (viewer, now) = (Viewer::of(principal), service.now());
    let delete = move |tx: &mut Tx<'_>| delete_in(tx, &viewer, id, now);
    match service.store.write(delete).await? {
        true => Ok(seen),
        false => Err(Error::ImageNotFound),
    }
}

/// Deletes images, and says how many there were of those that are named.
///
/// # Errors
/// [`Error::PlanUpgradeRequired`].
pub async fn delete_many(
    service: &Service,
    principal: &Principal,
    ids: Vec<ImageId>,
) -> Result<usize, Error> {
    plans::admit(service, principal).await?;
    let (viewer, now) = (Viewer::of(principal), service.now());
    let delete = move |tx: &mut Tx<'_>| {
        let mut deleted = 0;
        for id in ids.into_iter().take(MAX_NAMED) {
            deleted += usize::from(delete_in(tx, &viewer, id, now)?);
        }
        Ok(deleted)
    };
    Ok(service.store.write(delete).await?)
}

fn delete_in(
    tx: &mut Tx<'_>,
    viewer: &Viewer,
    id: ImageId,
    now: Timestamp,
) -> Result<bool, store::Error> {
    let Some(found) = viewer.find(tx, id)? else { return Ok(false) };
    if !store::images::delete(tx, id)? {
        return Ok(false);
    }
    if let Some(file) = &found.image.file {
        store::images::doom_blob(tx, &file.blob, now)?;
        store::brands::one_image_less(tx, found.image.brand)?;
    }
    tx.changed(Change::Image(id));
    Ok(true)
}

async fn look(service: &Service, viewer: &Viewer, id: ImageId) -> Result<Seen, Error> {
    let viewer = viewer.clone();
    let found = service.store.read(move |tx| viewer.find(tx, id)).await?;
    found.map(|found| seen(service, found)).ok_or(Error::ImageNotFound)
}

async fn look_at_all(
    service: &Service,
    viewer: &Viewer,
    ids: &[ImageId],
) -> Result<Vec<Seen>, Error> {
    let (viewer, ids) = (viewer.clone(), ids.to_vec());
    let read = move |tx: &mut Tx<'_>| {
        let mut found = Vec::new();
        for id in ids {
            found.extend(viewer.find(tx, id)?);
        }
        Ok(found)
    };
    let found = service.store.read(read).await?;
    Ok(found.into_iter().map(|found| seen(service, found)).collect())
}

fn seen(service: &Service, found: Found) -> Seen {
    let Found { image, workspace } = found;
    let url = image.file.is_some().then(|| links::url(service, &image));
    Seen { image, workspace, url }
}
