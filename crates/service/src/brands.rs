//! Brands: read from a site, corrected by people, deleted.
//!
//! Whoever belongs to a workspace works with its brands; what is read of a page is decided in `bloom-studio`, and
//! how in `onboarding.rs`. A brand can be waited for: whoever waits is woken when it changes.

mod askers;
pub(crate) mod collecting;
pub(crate) mod emptying;
pub mod logos;
pub(crate) mod onboarding;
mod profile;
mod site;
pub mod uploads;

use std::cmp::Reverse;
use std::time::Duration;

use bloom_domain::audit::{Action, Subject};
use bloom_domain::brands::{Brand, BrandLine, BrandStatus, Site, SiteUrl};
use bloom_domain::ids::BrandId;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Workspace, WorkspaceChoice};
use bloom_store as store;
use serde_json::{Value, json};
use store::{Change, Tx};

pub use askers::Asker;
pub use bloom_studio::brand::{ColourRole, Swatch};
pub use bloom_studio::colour::Rgb;
pub use bloom_studio::findings::{Findings, Found as Finding, Pair, Typeface};
pub use profile::{BY_HAND, Corrections, MAX_COLOURS, MAX_SUMMARY, MAX_WORDS, Profile};
pub use store::brands::Found;

use crate::audit::{Author, Difference};
use crate::idempotency::{Answer, Once};
use crate::{Error, Principal, Service, SignedIn, cursors, operations, plans, waits};

/// How many images of a brand that is gone go with one transaction.
const FORGOTTEN_AT_ONCE: i64 = 100;

/// What somebody wants to make a brand of.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// The page that it is read from.
    pub url: String,
    /// Where it belongs.
    pub workspace: WorkspaceChoice,
    /// Where its logo lies, if they know.
    pub logo_url: Option<String>,
    /// Whether the page's images come into the library.
    pub collects_images: bool,
}

/// A brand as its list shows it, with its workspace.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The brand.
    pub brand: BrandLine,
    /// Where it belongs.
    pub workspace: Workspace,
}

/// A page of a list of brands.
#[derive(Debug, Clone)]
pub struct Page {
    /// The brands, the newest first.
    pub brands: Vec<Listed>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// Makes a brand, to be read from its page.
///
/// # Errors
/// [`Error::InvalidUrl`], [`Error::WorkspaceNotFound`], [`Error::PlanUpgradeRequired`],
/// [`Error::CredentialRevoked`], [`Error::AccountBanned`].
pub async fn create(
    service: &Service,
    asker: Asker,
    wishes: &Wishes,
    once: Once<Brand>,
) -> Result<Answer, Error> {
    let write = creating(service, asker, wishes)?;
    once.write(service, write).await
}

/// The same for a person at a browser.
///
/// # Errors
/// [`Error::InvalidUrl`], [`Error::WorkspaceNotFound`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn create_at_browser(
    service: &Service,
    person: &SignedIn,
    wishes: &Wishes,
) -> Result<Brand, Error> {
    let write = creating(service, Asker::signed_in(service, person)?, wishes)?;
    service.store.write(write).await?
}

/// What makes a brand, in its transaction.
fn creating(
    service: &Service,
    asker: Asker,
    wishes: &Wishes,
) -> Result<
    impl FnOnce(&mut Tx<'_>) -> Result<Result<Brand, Error>, store::Error> + Send + use<>,
    Error,
> {
    let bad = |why| Error::InvalidUrl(why);
    let url = SiteUrl::parse(&wishes.url).ok_or(bad(
        "url: this is no absolute URL of a page. Send one that begins with https://, has a host, and has at most 2,000 \
         characters.",
    ))?;
    if url.site() == Site::OtherInstagram {
        return Err(bad(
            "url: of Instagram only profile pages are read, such as https://www.instagram.com/name.",
        ));
    }
    let logo_url = wishes.logo_url.as_deref().map(|text| {
        SiteUrl::parse(text).ok_or(bad(
            "logoUrl: this is no absolute URL of an image. Send one that begins with https:// and has at most 2,000 \
             characters, or leave it out.",
        ))
    });
    let logo_url = logo_url.transpose()?.map(|url| url.as_str().to_owned());
    let (now, choice, collects_images) = (service.now(), wishes.workspace, wishes.collects_images);
    let id = BrandId::new(now, &service.entropy.draw()?);
    let reading = onboarding::draft(service, id)?;
    Ok(move |tx: &mut Tx<'_>| {
        if let Err(refused) = asker.check(tx)? {
            return Ok(Err(refused));
        }
        let Some(workspace) = asker.workspace(tx, choice)? else {
            return Ok(Err(Error::not_there(choice)));
        };
        if let Err(refused) = asker.admits(tx, workspace.id)? {
            return Ok(Err(refused));
        }
        let host = url.host();
        let brand = Brand {
            id,
            workspace: workspace.id,
            made_by: asker.account,
            url: url.as_str().to_owned(),
            name: host.strip_prefix("www.").unwrap_or(host).to_owned(),
            status: BrandStatus::Analyzing,
            run: 1,
            findings: None,
            corrections: None,
            collects_images,
            wanted_logo: logo_url,
            logo: None,
            logo_error: None,
            image_count: 0,
            created_at: now,
            updated_at: now,
        };
        store::brands::insert(tx, &brand)?;
        reading.run(tx)?;
        let after = json!({ "brand": brand.name, "url": brand.url });
        record(tx, &asker.author, Action::BrandCreated, (&brand, &workspace), after);
        tx.changed(Change::Brand(id));
        Ok(Ok(brand))
    })
}

/// A brand. With `wait`, once it has been read, or when that time is over.
///
/// # Errors
/// [`Error::BrandNotFound`], [`Error::PlanUpgradeRequired`], [`Error::TooManyWaiting`],
/// [`Error::CredentialRevoked`].
pub async fn get(
    service: &Service,
    principal: &Principal,
    id: BrandId,
    wait: Option<Duration>,
) -> Result<Found, Error> {
    let read = || find(service, principal, id);
    let Some(patience) = wait else { return read().await };
    let is_read = |found: &Found| found.brand.status != BrandStatus::Analyzing;
    let first = read().await?;
    if is_read(&first) {
        return Ok(first);
    }
    // Its workspace may be deleted meanwhile.
    let ids = [*id.as_bytes(), *first.workspace.id.as_bytes()];
    waits::until(service, principal, &ids, patience, read, is_read).await
}

async fn find(service: &Service, principal: &Principal, id: BrandId) -> Result<Found, Error> {
    let account = principal.account_id();
    let found = service.store.read(move |tx| store::brands::find(tx, account, id)).await?;
    let found = found.filter(|found| principal.reach().contains(found.workspace.id));
    let found = found.ok_or(Error::BrandNotFound)?;
    plans::admit(service, principal).await?;
    Ok(found)
}

/// One of the person's brands.
///
/// # Errors
/// [`Error::BrandNotFound`].
pub async fn show(service: &Service, person: &SignedIn, id: BrandId) -> Result<Found, Error> {
    let account = person.account().id;
    let found = service.store.read(move |tx| store::brands::find(tx, account, id)).await?;
    found.ok_or(Error::BrandNotFound)
}

/// The brands of a workspace, or of all within reach, the newest first.
///
/// # Errors
/// [`Error::InvalidCursor`], [`Error::WorkspaceNotFound`], [`Error::PlanUpgradeRequired`].
pub async fn list(
    service: &Service,
    principal: &Principal,
    workspace: Option<WorkspaceChoice>,
    (cursor, limit): (Option<&str>, usize),
) -> Result<Page, Error> {
    let operation = &operations::BRANDS_LIST;
    let filter = match workspace {
        Some(WorkspaceChoice::Team(id)) => id.as_bytes().to_vec(),
        Some(WorkspaceChoice::Personal) => b"personal".to_vec(),
        None => Vec::new(),
    };
    let before = match cursor {
        None => store::brands::AFTER_ALL,
        Some(cursor) => {
            let last: [u8; 16] = cursors::open(service, principal, operation, &filter, cursor)?;
            BrandId::from_bytes(last)
        }
    };
    let (account, reach) = (principal.account_id(), principal.reach().clone());
    let read = move |tx: &mut Tx<'_>| {
        let mut among = match workspace {
            None => store::workspaces::list_of(tx, account)?,
            Some(choice) => match crate::workspaces::find_in(tx, account, &reach, choice)? {
                Some(one) => vec![one],
                None => return Ok(Err(Error::not_there(choice))),
            },
        };
        among.retain(|workspace| reach.contains(workspace.id));
        page(tx, &among, before, limit).map(Ok)
    };
    let (brands, has_more) = service.store.read(read).await??;
    plans::admit(service, principal).await?;
    let last = brands.last().filter(|_| has_more).map(|last| *last.brand.id.as_bytes());
    let seal = |last| cursors::seal(service, principal, operation, &filter, &last);
    let next = last.map(seal).transpose()?;
    Ok(Page { brands, next })
}

/// The person's brands that came before one, the newest first, and whether there are more.
///
/// # Errors
/// When the database cannot be read.
pub async fn mine(
    service: &Service,
    person: &SignedIn,
    before: Option<BrandId>,
    limit: usize,
) -> Result<(Vec<Listed>, bool), Error> {
    let account = person.account().id;
    let before = before.unwrap_or(store::brands::AFTER_ALL);
    let read = move |tx: &mut Tx<'_>| {
        let among = store::workspaces::list_of(tx, account)?;
        page(tx, &among, before, limit)
    };
    Ok(service.store.read(read).await?)
}

/// The brands of some workspaces that came before one, the newest first, and whether there are more. Each
/// workspace is read by its index; of all together as many are kept as were asked for.
fn page(
    tx: &mut Tx<'_>,
    among: &[Workspace],
    before: BrandId,
    limit: usize,
) -> Result<(Vec<Listed>, bool), store::Error> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut all = Vec::new();
    for workspace in among {
        let lines = store::brands::page(tx, workspace.id, before, most)?;
        all.extend(lines.into_iter().map(|brand| Listed { brand, workspace: workspace.clone() }));
    }
    all.sort_by_key(|listed| Reverse(listed.brand.id));
    let has_more = all.len() > limit;
    all.truncate(limit);
    Ok((all, has_more))
}

/// Deletes a brand. Work on it ends by itself.
///
/// # Errors
/// [`Error::BrandNotFound`], [`Error::PlanUpgradeRequired`], [`Error::CredentialRevoked`],
/// [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn delete(service: &Service, asker: Asker, id: BrandId) -> Result<Found, Error> {
    let now = service.now();
    let write = move |tx: &mut Tx<'_>| {
        let found = match take_within_reach(tx, &asker, id)? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Err(refused) = asker.admits(tx, found.workspace.id)? {
            return Ok(Err(refused));
        }
        store::brands::delete(tx, id, now)?;
        forget_collected(tx, id, now)?;
        let Found { brand, workspace } = &found;
        let before = json!({ "brand": brand.name, "url": brand.url });
        record(tx, &asker.author, Action::BrandDeleted, (brand, workspace), before);
        tx.changed(Change::Brand(id));
        Ok(Ok(found))
    };
    let found = service.store.write(write).await??;
    if let Some(logo) = &found.brand.logo {
        logos::forget(service, logo).await;
    }
    while service.store.write(move |tx| forget_collected(tx, id, now)).await? > 0 {}
    Ok(found)
}

/// What was found on the page of a brand that is gone goes with it, some at a time. What was made for it and what
/// somebody brought stays: people paid for it, or it is theirs.
fn forget_collected(tx: &mut Tx<'_>, id: BrandId, now: Timestamp) -> Result<usize, store::Error> {
    let images = store::images::some_scraped(tx, id, FORGOTTEN_AT_ONCE)?;
    for (image, blob) in &images {
        store::images::delete(tx, *image)?;
        if let Some(blob) = blob {
            store::images::doom_blob(tx, blob, now)?;
        }
        tx.changed(Change::Image(*image));
    }
    Ok(images.len())
}

/// Sets what is known of a brand; what is left out of the corrections is as it was found. `seen` is the brand as the
/// person saw it.
///
/// # Errors
/// [`Error::ChangedMeanwhile`] when other things are known of it by now, unless they are those;
/// [`Error::BrandNotFound`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn correct(
    service: &Service,
    person: &SignedIn,
    seen: &Brand,
    corrections: Corrections,
) -> Result<(), Error> {
    let (id, seen) = (seen.id, (seen.findings.clone(), seen.corrections.clone()));
    let (asker, now) = (Asker::signed_in(service, person)?, service.now());
    let corrections = corrections.with_a_name_that_shows();
    let stored = corrections.to_stored()?;
    let write = move |tx: &mut Tx<'_>| {
        let Found { mut brand, workspace } = match take_within_reach(tx, &asker, id)? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        if brand.corrections == stored {
            return Ok(Ok(()));
        }
        if (&brand.findings, &brand.corrections) != (&seen.0, &seen.1) {
            return Ok(Err(Error::ChangedMeanwhile));
        }
        brand.corrections = stored;
        let known = match Profile::of(&brand) {
            Ok(profile) => profile.known,
            Err(error) => return Ok(Err(error)),
        };
        // Before anything was found its name is the host's, whatever was set and taken back.
        if brand.findings.is_some() || corrections.name.is_some() {
            brand.name = profile::name(&known, &corrections);
        }
        let has_failed = matches!(brand.status, BrandStatus::Failed(_));
        if has_failed && profile::is_set_by_hand(&brand, &corrections) {
            brand.status = BrandStatus::Ready;
        }
        brand.updated_at = now;
        let run = brand.run;
        store::brands::update(tx, &brand, run)?;
        let after = json!({ "brand": brand.name, "corrected": corrections.words() });
        record(tx, &asker.author, Action::BrandChanged, (&brand, &workspace), after);
        tx.changed(Change::Brand(id));
        Ok(Ok(()))
    };
    service.store.write(write).await?
}

/// Reads a brand's page again. What was corrected stays; while it is being read nothing more is begun.
///
/// # Errors
/// [`Error::BrandNotFound`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn read_again(service: &Service, person: &SignedIn, id: BrandId) -> Result<(), Error> {
    let (asker, now) = (Asker::signed_in(service, person)?, service.now());
    let reading = onboarding::draft(service, id)?;
    let write = move |tx: &mut Tx<'_>| {
        let Found { mut brand, workspace } = match take_within_reach(tx, &asker, id)? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        if brand.status == BrandStatus::Analyzing {
            return Ok(Ok(()));
        }
        let run = brand.run;
        onboarding::begin(&mut brand, now);
        store::brands::update(tx, &brand, run)?;
        reading.run(tx)?;
        let after = json!({ "brand": brand.name, "read": "again" });
        record(tx, &asker.author, Action::BrandChanged, (&brand, &workspace), after);
        tx.changed(Change::Brand(id));
        Ok(Ok(()))
    };
    service.store.write(write).await?
}

/// A brand within reach, taken for the rest of the transaction.
fn take_within_reach(
    tx: &mut Tx<'_>,
    asker: &Asker,
    id: BrandId,
) -> Result<Result<Found, Error>, store::Error> {
    if let Err(refused) = asker.check(tx)? {
        return Ok(Err(refused));
    }
    if !store::brands::take(tx, id)? {
        return Ok(Err(Error::BrandNotFound));
    }
    let found = store::brands::find(tx, asker.account, id)?;
    let found = found.filter(|found| asker.reaches(found.workspace.id));
    Ok(found.ok_or(Error::BrandNotFound))
}

fn record(
    tx: &mut Tx<'_>,
    author: &Author,
    action: Action,
    (brand, workspace): (&Brand, &Workspace),
    what: Value,
) {
    let difference = match action {
        Action::BrandDeleted => Difference { before: what, ..Difference::default() },
        _ => Difference { after: what, ..Difference::default() },
    };
    author.record(tx, action, Subject::Brand(brand.id), (brand.made_by, workspace.id), difference);
}
