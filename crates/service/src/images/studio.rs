//! The embedded engine: what a task asks for, drawn by the studio.

use std::sync::Arc;

use bloom_domain::ids::ImageId;
use bloom_domain::images::{AspectRatio, Image};
use bloom_store as store;
use bloom_studio::Typesetter;
use bloom_studio::brand::Brand;
use bloom_studio::compose::{self, Order};
use bloom_studio::format::{self, Resolution};
use bloom_studio::images::decode::{Most, decode};
use bloom_studio::picture::Picture;
use bloom_studio::prompt;
use bloom_studio::raster;
use bloom_studio::scene::{Materials, Scene};
use bloom_studio::unwritable::unwritable;

use super::files::Written;
use super::rendering::{Composition, Outcome, Task};
use crate::blobs::BlobKey;
use crate::brands::Profile;
use crate::jobs::JobError;
use crate::painters::Broken;
use crate::{Error, Service};

mod remade;

/// What it is called, wherever its pictures are shown. It is no image model.
pub(crate) const ENGINE: &str = "compose";
/// The longest side of a picture that is drawn from: as many pixels as the largest shows.
const MATERIAL: u32 = 4_096;

/// A picture that was drawn.
pub(crate) struct Made {
    pub(crate) file: Written,
    pub(crate) media_type: &'static str,
    pub(crate) size: (i64, i64),
    pub(crate) ratio: Option<AspectRatio>,
    pub(crate) description: Option<String>,
    /// The choices behind it, as JSON.
    pub(crate) scene: Option<String>,
}

/// What another picture is made of.
pub(super) struct Subject {
    of: ImageId,
    bytes: Vec<u8>,
    /// The choices behind it, if it was composed.
    scene: Option<Scene>,
}

/// What a picture is drawn from, before anything of it is decoded.
pub(super) struct Supplies {
    pub(super) brand: Brand,
    logo: Option<Vec<u8>>,
    pub(super) pictures: Vec<(String, Vec<u8>)>,
}

/// Draws what a task asks for.
pub(crate) async fn draw(
    service: &Service,
    image: &Image,
    task: &Task,
) -> Result<Outcome, JobError> {
    match task {
        Task::Compose(composition) => {
            let Some(supplies) = supplies(service, image, &composition.references).await? else {
                return Ok(brand_is_gone());
            };
            let composition = composition.clone();
            painted(service, move |setter| compose(setter, &composition, supplies)).await
        }
        Task::Edit { of, .. }
        | Task::Resize { of, .. }
        | Task::RemoveBackground { of }
        | Task::Vectorize { of } => remake(service, image, ImageId::from_bytes(*of), task).await,
    }
}

pub(super) fn brand_is_gone() -> Outcome {
    Outcome::failed("its brand was deleted before it was made")
}

pub(super) fn subject_is_gone() -> Outcome {
    Outcome::failed("the image it was to be made of was deleted")
}

/// The bytes of an image that another is made of, and the choices behind it; `None` when it is gone.
pub(super) async fn subject(
    service: &Service,
    of: ImageId,
) -> Result<Option<(Vec<u8>, Option<String>)>, JobError> {
    let read = move |tx: &mut store::Tx<'_>| {
        let found = store::images::find_any(tx, of)?;
        Ok((found, store::images::find_scene(tx, of)?))
    };
    let (found, scene) = service.store.read(read).await?;
    let Some(file) = found.and_then(|found| found.image.file) else { return Ok(None) };
    let bytes = service.blobs.get(&BlobKey::from_stored(&file.blob)).await;
    Ok(bytes.map_err(Error::from)?.map(|bytes| (bytes, scene)))
}

/// Makes a picture of another.
async fn remake(
    service: &Service,
    image: &Image,
    of: ImageId,
    task: &Task,
) -> Result<Outcome, JobError> {
    let Some((bytes, scene)) = subject(service, of).await? else { return Ok(subject_is_gone()) };
    // One that is kept in a way that is not read any more is made anew from its pixels.
    let scene: Option<Scene> = scene.and_then(|scene| serde_json::from_str(&scene).ok());
    let mut references = match task {
        Task::Edit { references, .. } => references.clone(),
        _ => Vec::new(),
    };
    let of_scene = scene.iter().flat_map(|scene| &scene.pictures);
    references.extend(of_scene.filter_map(|key| Some(*key.parse::<ImageId>().ok()?.as_bytes())));
    let Some(supplies) = supplies(service, image, &references).await? else {
        return Ok(brand_is_gone());
    };
    let subject = Subject { of, bytes, scene };
    let task = task.clone();
    painted(service, move |setter| remade::make(setter, &subject, &task, supplies)).await
}

/// Has a painter do it. A panic is a defect, which trying again does not repair.
async fn painted(
    service: &Service,
    work: impl FnOnce(&mut Typesetter) -> Outcome + Send + 'static,
) -> Result<Outcome, JobError> {
    let outcome = service.painters.work(work).await;
    outcome.map_err(|Broken| JobError::ForGood("drawing it panicked".to_owned()))
}

/// What a picture is drawn from; `None` when its brand is gone.
pub(super) async fn supplies(
    service: &Service,
    image: &Image,
    references: &[[u8; 16]],
) -> Result<Option<Supplies>, JobError> {
    let (brand, references) = (image.brand, references.to_vec());
    let read = move |tx: &mut store::Tx<'_>| {
        let Some(found) = store::brands::find_any(tx, brand)? else { return Ok(None) };
        let mut files = Vec::new();
        for id in references {
            // One that was deleted since is done without.
            let found = store::images::find_any(tx, ImageId::from_bytes(id))?;
            let file = found.and_then(|found| Some((found.image.id, found.image.file?)));
            files.extend(file);
        }
        Ok(Some((found.brand, files)))
    };
    let Some((brand, files)) = service.store.read(read).await? else { return Ok(None) };
    let mut pictures = Vec::new();
    for (id, file) in files {
        let bytes = service.blobs.get(&BlobKey::from_stored(&file.blob)).await;
        if let Some(bytes) = bytes.map_err(Error::from)? {
            pictures.push((id.to_string(), bytes));
        }
    }
    let logo = match &brand.logo {
        None => None,
        Some(logo) => {
            let bytes = service.blobs.get(&BlobKey::from_stored(&logo.blob)).await;
            bytes.map_err(Error::from)?
        }
    };
    let brand = Profile::of(&brand)?.known.brand();
    Ok(Some(Supplies { brand, logo, pictures }))
}

fn compose(setter: &mut Typesetter, wanted: &Composition, supplies: Supplies) -> Outcome {
    let Some(ratio) = format::AspectRatio::named(&wanted.ratio) else {
        return Outcome::failed("its ratio is none of ours");
    };
    let (brand, materials) = decoded(supplies);
    let order = Order {
        brief: prompt::read(&wanted.prompt),
        brand,
        ratio,
        seed: wanted.seed,
        pictures: materials.pictures.iter().map(|(key, _)| key.clone()).collect(),
    };
    let (at, count) = (wanted.variant as usize, wanted.variants.max(1) as usize);
    let scenes = compose::compose(&order, &materials, setter, count);
    match scenes.get(at) {
        Some(scene) => drawn(setter, scene, &materials, wanted.is_4k),
        None => Outcome::failed("nothing could be composed for it"),
    }
}

/// Pixels of what is drawn from. What cannot be read any more is done without.
fn decoded(supplies: Supplies) -> (Brand, Materials) {
    let Supplies { brand, logo, pictures } = supplies;
    let read = |bytes: Vec<u8>| {
        let picture = decode(&bytes, Most::default()).ok()?.picture;
        Some(Arc::new(picture.thumbnail(MATERIAL)?))
    };
    let pictures: Vec<(String, Arc<Picture>)> =
        pictures.into_iter().filter_map(|(key, bytes)| Some((key, read(bytes)?))).collect();
    (brand, Materials { logo: logo.and_then(read), pictures })
}

/// A scene as a picture, and as what is kept of it.
fn drawn(setter: &mut Typesetter, scene: &Scene, materials: &Materials, is_4k: bool) -> Outcome {
    if let Some(why) = unwritable(&scene.brief, setter) {
        return Outcome::failed(why.to_string());
    }
    let resolution = if is_4k { Resolution::FourK } else { Resolution::TwoK };
    let (width, height) = resolution.pixels(scene.ratio);
    let drawing = compose::lay_out(scene, materials, setter);
    let picture = raster::pixels(&drawing, width, height);
    let file = picture.and_then(|picture| Some(Written::of(raster::png(&picture).ok()?, &picture)));
    let (Some(file), Ok(kept)) = (file, serde_json::to_string(scene)) else {
        return Outcome::failed("it could not be drawn");
    };
    Outcome::Made(Made {
        file,
        media_type: "image/png",
        size: (width.into(), height.into()),
        ratio: AspectRatio::from_word(scene.ratio.name()),
        description: Some(description(scene)),
        scene: Some(kept),
    })
}

/// What a picture shows, for those who do not see it: its words, and whose it is.
fn description(scene: &Scene) -> String {
    let brief = &scene.brief;
    let words =
        [&brief.kicker, &Some(brief.headline.clone()), &brief.sub, &brief.figure, &brief.call];
    let words: Vec<_> = words.into_iter().flatten().cloned().chain(brief.facts()).collect();
    let parts = std::iter::once(scene.brand.name.clone()).chain(words);
    let parts: Vec<_> = parts.filter(|part| !part.trim().is_empty()).collect();
    parts.join(". ").replace('\0', "")
}
