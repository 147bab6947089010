//! Making an image of another: changed as a prompt says, in another ratio, without its background, or as paths.
//!
//! The other image stays as it is. What is asked, in this order: the other image is there, is done, and is fit
//! for it; the brand is there; then what a hold asks.

use bloom_domain::credits::{ImageSize, PaidWork};
use bloom_domain::ids::{BrandId, ImageId};
use bloom_domain::images::{ActionType, AspectRatio, Image, Model, Prompt, Status};
use bloom_domain::plans::Feature;
use bloom_store as store;
use store::Tx;

use super::Viewer;
use super::commissions::{Asker, Commission, Wish};
use super::generate::may_begin;
use super::rendering::Task;
use crate::idempotency::{Answer, Once};
use crate::{Error, Principal, Service, SignedIn, plans};

/// The least that can be traced, in pixels of the shorter side.
const LEAST_TO_TRACE: i64 = 32;

/// What becomes of an image.
#[derive(Debug, Clone)]
pub enum Change {
    /// It is changed as it is told.
    Edit {
        /// How.
        prompt: Prompt,
        /// How large the new one is.
        size: ImageSize,
        /// How much effort it is worth.
        model: Option<Model>,
        /// With which images at hand.
        references: Vec<ImageId>,
    },
    /// It gets another ratio.
    Resize {
        /// Which.
        ratio: AspectRatio,
    },
    /// It loses its background.
    RemoveBackground,
    /// It becomes paths.
    Vectorize,
}

/// Why nothing can be made of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// There is none within the caller's reach.
    NotFound,
    /// It is not there yet, or failed.
    NotCompleted,
    /// It has no bytes.
    NoFile,
    /// It is of a kind of which that cannot be made.
    OfThatKind,
    /// It has that ratio already.
    SameRatio,
    /// It is too small for it.
    TooSmall,
    /// The brand is not there.
    NoBrand,
}

/// An image that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedOne {
    /// The image.
    pub id: ImageId,
    /// What draws it, as images say it.
    pub engine: String,
}

/// Asks for an image made of another, for a brand.
///
/// # Errors
/// [`Error::Unfit`]; for an edit [`Error::BrandNotFound`], [`Error::BrandNotReady`],
/// [`Error::BrandLacksLogo`] and [`Error::ReferenceNotFound`]; and those of a hold.
pub async fn change(
    service: &Service,
    principal: &Principal,
    subject: ImageId,
    brand: BrandId,
    change: Change,
    once: Once<AskedOne>,
) -> Result<Answer, Error> {
    let asker = Asker::Credential(principal);
    let (commission, viewer) = draft(service, asker, (subject, brand), &change).await?;
    let write = move |tx: &mut Tx<'_>| ask(tx, &commission, &viewer, (subject, brand), &change);
    once.write(service, write).await
}

/// The same for a person at a browser.
///
/// # Errors
/// As [`change`].
pub async fn change_at_browser(
    service: &Service,
    person: &SignedIn,
    subject: ImageId,
    brand: BrandId,
    change: Change,
) -> Result<AskedOne, Error> {
    let asker = Asker::Person(person);
    let (commission, viewer) = draft(service, asker, (subject, brand), &change).await?;
    let write = move |tx: &mut Tx<'_>| ask(tx, &commission, &viewer, (subject, brand), &change);
    service.store.write(write).await?
}

async fn draft(
    service: &Service,
    asker: Asker<'_>,
    (subject, brand): (ImageId, BrandId),
    change: &Change,
) -> Result<(Commission, Viewer), Error> {
    let viewer = asker.viewer();
    let (looking, wanted) = (viewer.clone(), change.clone());
    let billing = service.settings.billing.clone();
    let look = move |tx: &mut Tx<'_>| {
        let found = fit(tx, &looking, subject, &wanted)?;
        Ok(match found {
            Err(unfit) => Err(unfit),
            Ok(image) => {
                // What was composed here is changed by its choices, unless somebody asks for another engine.
                let is_composed = store::images::find_scene(tx, image.id)?.is_some();
                let brand = looking.brand(tx, brand)?;
                // Who pays is asked: what was brought may be larger than what the plan makes.
                let has_4k = match &brand {
                    Some(found) => {
                        let (billing, payer) = (billing.as_deref(), found.workspace.id);
                        plans::includes(tx, billing, payer, Feature::FourK)?
                    }
                    None => false,
                };
                Ok((image, is_composed, brand, has_4k))
            }
        })
    };
    let (image, is_composed, found, has_4k) =
        service.store.read(look).await?.map_err(Error::Unfit)?;
    let missing = match change {
        Change::Edit { .. } => Error::BrandNotFound,
        _ => Error::Unfit(Unfit::NoBrand),
    };
    let workspace = found.ok_or(missing)?.workspace;
    let mut wish = wish(service, &image, (brand, has_4k), change)?;
    if let Change::Edit { model, references, .. } = change
        && (model.is_some() || !is_composed)
    {
        wish.engine = service.engines.for_change(*model, image.engine.as_deref(), references.len());
    }
    Ok((Commission::new(service, asker, &workspace, change.work(), vec![wish])?, viewer))
}

fn ask(
    tx: &mut Tx<'_>,
    commission: &Commission,
    viewer: &Viewer,
    (subject, brand): (ImageId, BrandId),
    change: &Change,
) -> Result<Result<AskedOne, Error>, store::Error> {
    if let Err(refusal) = commission.check(tx)? {
        return Ok(Err(refusal));
    }
    if let Err(unfit) = fit(tx, viewer, subject, change)? {
        return Ok(Err(Error::Unfit(unfit)));
    }
    let may = match change {
        Change::Edit { references, .. } => may_begin(tx, viewer, brand, references)?,
        _ if viewer.brand(tx, brand)?.is_none() => Err(Error::Unfit(Unfit::NoBrand)),
        _ => Ok(()),
    };
    if let Err(refusal) = may {
        return Ok(Err(refusal));
    }
    if let Err(refusal) = commission.run(tx)? {
        return Ok(Err(refusal));
    }
    let (id, engine) = (commission.ids().first().copied(), commission.engine().to_owned());
    Ok(id.map(|id| AskedOne { id, engine }).ok_or_else(|| Error::Internal("no image".to_owned())))
}

impl Change {
    fn work(&self) -> PaidWork {
        match self {
            Self::Edit { size, .. } => PaidWork::Edit { size: *size },
            Self::Resize { .. } => PaidWork::Resize,
            Self::RemoveBackground => PaidWork::RemoveBackground,
            Self::Vectorize => PaidWork::Vectorize,
        }
    }

    /// Why nothing of that kind can be made of an image that is there.
    fn refuses(&self, image: &Image, media_type: &str) -> Option<Unfit> {
        let is_drawing = media_type == "image/svg+xml";
        let shorter = image.size.map_or(0, |(width, height)| width.min(height));
        match self {
            Self::Edit { .. } => None,
            Self::Resize { ratio } if image.ratio == Some(*ratio) => Some(Unfit::SameRatio),
            Self::Resize { .. } | Self::RemoveBackground | Self::Vectorize if is_drawing => {
                Some(Unfit::OfThatKind)
            }
            Self::Vectorize if shorter < LEAST_TO_TRACE => Some(Unfit::TooSmall),
            _ => None,
        }
    }
}

/// The image, if that can be made of it.
fn fit(
    tx: &mut Tx<'_>,
    viewer: &Viewer,
    subject: ImageId,
    change: &Change,
) -> Result<Result<Image, Unfit>, store::Error> {
    let Some(found) = viewer.find(tx, subject)? else { return Ok(Err(Unfit::NotFound)) };
    let image = found.image;
    if image.status != Status::Completed {
        return Ok(Err(Unfit::NotCompleted));
    }
    let Some(file) = &image.file else { return Ok(Err(Unfit::NoFile)) };
    match change.refuses(&image, &file.media_type) {
        Some(unfit) => Ok(Err(unfit)),
        None => Ok(Ok(image)),
    }
}

fn wish(
    service: &Service,
    subject: &Image,
    (brand, has_4k): (BrandId, bool),
    change: &Change,
) -> Result<Wish, Error> {
    let of = *subject.id.as_bytes();
    let seed = u64::from_be_bytes(service.entropy.draw()?);
    let (action, ratio, prompt, task) = match change {
        Change::Edit { prompt, size, references, .. } => {
            let task = Task::Edit {
                of,
                instruction: prompt.as_str().to_owned(),
                is_4k: *size == ImageSize::FourK,
                seed,
                references: references.iter().map(|id| *id.as_bytes()).collect(),
            };
            let prompt = Some(prompt.as_str().to_owned());
            (ActionType::Edit, subject.ratio, prompt, task)
        }
        Change::Resize { ratio } => {
            let task = Task::Resize { of, ratio: ratio.as_str().to_owned(), is_2k: !has_4k };
            (ActionType::Resize, Some(*ratio), subject.prompt.clone(), task)
        }
        Change::RemoveBackground => {
            let task = Task::RemoveBackground { of };
            (ActionType::RemoveBackground, subject.ratio, subject.prompt.clone(), task)
        }
        Change::Vectorize => {
            let task = Task::Vectorize { of };
            (ActionType::Vectorize, subject.ratio, subject.prompt.clone(), task)
        }
    };
    Ok(Wish { brand, action, prompt, ratio, parent: Some(subject.id), engine: None, task })
}
