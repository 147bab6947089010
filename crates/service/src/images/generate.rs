//! Asking for images.
//!
//! What is asked of a request, in this order: the brand is there, it is not still being read and has a logo, the
//! images that are referred to are there; then the plan, a feature, the payment and the credits, by the hold.

use bloom_domain::brands::{Brand, BrandStatus};
use bloom_domain::credits::{ImageSize, PaidWork};
use bloom_domain::ids::{BrandId, ImageId};
use bloom_domain::images::{ActionType, AspectRatio, Model, Prompt, Status};
use bloom_store as store;
use store::Tx;

use super::Viewer;
use super::commissions::{Asker, Commission, Wish};
use super::rendering::{Composition, Task};
use crate::idempotency::{Answer, Once};
use crate::{Error, Principal, Service, SignedIn};

/// The ratio of an image when none is asked for.
const USUAL_RATIO: AspectRatio = AspectRatio::R1x1;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Order {
    /// What to draw.
    pub prompt: Prompt,
    /// For which brand.
    pub brand: BrandId,
    /// In which ratio.
    pub ratio: Option<AspectRatio>,
    /// How large.
    pub size: ImageSize,
    /// How much effort each is worth.
    pub model: Option<Model>,
    /// How many.
    pub variants: u32,
    /// With which images at hand.
    pub references: Vec<ImageId>,
}

/// Images that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The images.
    pub ids: Vec<ImageId>,
    /// What they have in common, if they are several.
    pub variant_group: Option<ImageId>,
    /// What draws them, as images say it.
    pub engine: String,
}

/// Asks for images.
///
/// # Errors
/// [`Error::BrandNotFound`], [`Error::BrandNotReady`], [`Error::BrandLacksLogo`],
/// [`Error::ReferenceNotFound`], and those of a hold.
pub async fn generate(
    service: &Service,
    principal: &Principal,
    order: Order,
    once: Once<Asked>,
) -> Result<Answer, Error> {
    let (commission, viewer) = draft(service, Asker::Credential(principal), &order).await?;
    once.write(service, move |tx| ask(tx, &commission, &viewer, &order)).await
}

/// The same for a person at a browser.
///
/// # Errors
/// As [`generate`].
pub async fn generate_at_browser(
    service: &Service,
    person: &SignedIn,
    order: Order,
) -> Result<Asked, Error> {
    let (commission, viewer) = draft(service, Asker::Person(person), &order).await?;
    service.store.write(move |tx| ask(tx, &commission, &viewer, &order)).await?
}

async fn draft(
    service: &Service,
    asker: Asker<'_>,
    order: &Order,
) -> Result<(Commission, Viewer), Error> {
    let viewer = asker.viewer();
    let (looking, brand) = (viewer.clone(), order.brand);
    let found = service.store.read(move |tx| looking.brand(tx, brand)).await?;
    let workspace = found.ok_or(Error::BrandNotFound)?.workspace;
    let work = PaidWork::Generate { size: order.size, variants: order.variants };
    let seed = u64::from_be_bytes(service.entropy.draw()?);
    let ratio = order.ratio.unwrap_or(USUAL_RATIO);
    let engine = service.engines.for_new(order.model, order.references.len());
    let wish = |variant| Wish {
        brand,
        action: ActionType::Generation,
        prompt: Some(order.prompt.as_str().to_owned()),
        ratio: Some(ratio),
        parent: None,
        engine: engine.clone(),
        task: Task::Compose(Composition {
            prompt: order.prompt.as_str().to_owned(),
            ratio: ratio.as_str().to_owned(),
            is_4k: order.size == ImageSize::FourK,
            variant,
            variants: order.variants,
            seed,
            references: order.references.iter().map(|id| *id.as_bytes()).collect(),
        }),
    };
    let wishes = (0..order.variants).map(wish).collect();
    Ok((Commission::new(service, asker, &workspace, work, wishes)?, viewer))
}

fn ask(
    tx: &mut Tx<'_>,
    commission: &Commission,
    viewer: &Viewer,
    order: &Order,
) -> Result<Result<Asked, Error>, store::Error> {
    if let Err(refusal) = commission.check(tx)? {
        return Ok(Err(refusal));
    }
    if let Err(refusal) = may_begin(tx, viewer, order.brand, &order.references)? {
        return Ok(Err(refusal));
    }
    let asked = Asked {
        ids: commission.ids(),
        variant_group: commission.group(),
        engine: commission.engine().to_owned(),
    };
    Ok(commission.run(tx)?.map(|()| asked))
}

/// Whether what is asked for is there.
pub(super) fn may_begin(
    tx: &mut Tx<'_>,
    viewer: &Viewer,
    brand: BrandId,
    references: &[ImageId],
) -> Result<Result<(), Error>, store::Error> {
    let Some(found) = viewer.brand(tx, brand)? else { return Ok(Err(Error::BrandNotFound)) };
    if let Err(refusal) = is_ready(&found.brand) {
        return Ok(Err(refusal));
    }
    for reference in references {
        let found = viewer.find(tx, *reference)?;
        if found.is_none_or(|found| found.image.status != Status::Completed) {
            return Ok(Err(Error::ReferenceNotFound));
        }
    }
    Ok(Ok(()))
}

fn is_ready(brand: &Brand) -> Result<(), Error> {
    match brand.status {
        BrandStatus::Ready => Ok(()),
        BrandStatus::LogoRequired => Err(Error::BrandLacksLogo),
        BrandStatus::Analyzing | BrandStatus::Failed(_) => Err(Error::BrandNotReady),
    }
}
