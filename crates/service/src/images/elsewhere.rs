//! An image drawn by somebody else's engine ([`crate::engines`]).
//!
//! 1. The prompt is put into the brand's words, and the pictures that it refers to into few enough pixels.
//! 2. The engine is asked, and asked again while the order waits there. All of it has one deadline; an order that waits
//!    when it is over is taken back.
//! 3. What comes is a stranger's file: a URL goes through the guarded fetcher, and bytes are decoded within limits. A
//!    picture of another shape than was asked for, or of far fewer pixels, is a lie and not taken.
//! 4. It is brought to the size that was asked for, and written anew.
//!
//! What may pass by itself is tried again a few times, and no sooner than the engine said. An order that took too long or
//! came to nonsense is not: the engine may have been paid for it.

use std::time::Duration;

use bloom_domain::ids::ImageId;
use bloom_domain::images::{AspectRatio, Failure, FailureReason, Image};
use bloom_studio::brand::Brand;
use bloom_studio::format::{self, Resolution};
use bloom_studio::images::decode::{Decoded, Format, Most, decode};
use bloom_studio::images::resize;
use bloom_studio::picture::Picture;
use bloom_studio::raster;

use super::files::Written;
use super::rendering::{Composition, Outcome, Task};
use super::studio::{self, Made};
use super::uploads::written;
use crate::engines::{
    Drawn, Engine, EngineError, Input, MAX_PICTURE, Order, Submitted, Ticket, label,
};
use crate::fetch::{self, Along, Wanted};
use crate::jobs::JobError;
use crate::painters::Broken;
use crate::{Error, Service};

/// How often what may pass by itself is tried.
const TRIES: i64 = 3;
/// How soon an order that waits is asked for, and how soon at the latest.
const POLLS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(5)];
/// How long taking back an order may take.
const CANCELLING: Duration = Duration::from_secs(5);
/// How long fetching a picture may take.
const FETCHING: Duration = Duration::from_secs(60);
/// How many redirects are followed.
const REDIRECTS: usize = 3;
/// The longest side of a picture that an engine is shown.
const SHOWN: u32 = 2_048;
/// What is decoded of an engine's picture: more pixels than the largest that is asked for.
const MOST: Most = Most { bytes: MAX_PICTURE, pixels: 24_000_000, side: 8_192 };
/// How far the ratio of a picture may be from what was asked for: engines round to what suits them.
const NEAR: f64 = 1.06;
/// The types of files that engines answer with.
const TYPES: &[&str] =
    &["image/png", "image/jpeg", "image/webp", "application/octet-stream", "binary/octet-stream"];

/// Has an engine draw what a task asks for; also says which engine that was.
pub(super) async fn draw(
    service: &Service,
    image: &Image,
    task: &Task,
    (name, attempts): (&str, i64),
) -> Result<(Outcome, String), JobError> {
    let Some(engine) = service.engines.named(name).cloned() else {
        let detail = "the engine that was to draw it is not configured any more";
        return Ok((Outcome::failed(detail), name.to_owned()));
    };
    let sheet = match sheet(service, image, task).await? {
        Ok(sheet) => sheet,
        Err(failed) => return Ok((failed, label(&*engine, false))),
    };
    let drawn_by = label(&*engine, !sheet.pictures.is_empty());
    let outcome = match order(service, &*engine, &sheet).await {
        Ok(picture) => finished(service, picture, &sheet).await?,
        Err(error) => {
            tracing::warn!(image = %image.id, engine = drawn_by, attempts, %error, "an engine drew nothing");
            let cause = || format!("{drawn_by}: {error}");
            match error {
                EngineError::Throttled(_, Some(again)) if attempts < TRIES => {
                    return Err(JobError::NotBefore(again.wait(service.now()), cause()));
                }
                EngineError::Throttled(_, None) | EngineError::Unavailable(_)
                    if attempts < TRIES =>
                {
                    return Err(JobError::ForNow(cause()));
                }
                _ => Outcome::Failed(told(&error)),
            }
        }
    };
    Ok((outcome, drawn_by))
}

/// What somebody is told who may not read what the engine said.
fn told(error: &EngineError) -> Failure {
    let (reason, detail) = match error {
        EngineError::ContentRefused(_) => (
            Some(FailureReason::ContentSafety),
            "the engine does not draw that: its rules on content refuse the prompt or an image; change them and ask again",
        ),
        EngineError::Throttled(..) => (
            Some(FailureReason::RateLimited),
            "the engine has too much to do; ask again in a while",
        ),
        EngineError::Unavailable(_) => {
            (None, "the engine cannot be reached; ask again in a while, or for another model")
        }
        EngineError::TooSlow => (None, "the engine took too long; ask again"),
        EngineError::Misconfigured(_) => (
            None,
            "the engine refuses this server; its operator finds the cause in the log. Ask for another model meanwhile",
        ),
        EngineError::Unusable(_) => {
            (None, "the engine answered with something that is not the image that was asked for")
        }
    };
    Failure { reason, detail: detail.to_owned() }
}

/// All that an order is made of.
struct Sheet {
    prompt: String,
    ratio: format::AspectRatio,
    size: (u32, u32),
    pictures: Vec<Input>,
}

async fn sheet(
    service: &Service,
    image: &Image,
    task: &Task,
) -> Result<Result<Sheet, Outcome>, JobError> {
    let (references, subject) = match task {
        Task::Compose(composition) => (composition.references.clone(), None),
        Task::Edit { of, references, .. } => {
            let Some((bytes, _)) = studio::subject(service, ImageId::from_bytes(*of)).await? else {
                return Ok(Err(studio::subject_is_gone()));
            };
            (references.clone(), Some(bytes))
        }
        _ => return Ok(Err(Outcome::failed("no engine does that but the server's own"))),
    };
    let Some(supplies) = studio::supplies(service, image, &references).await? else {
        return Ok(Err(studio::brand_is_gone()));
    };
    let studio::Supplies { brand, pictures, .. } = supplies;
    let is_edit = subject.is_some();
    let files: Vec<_> =
        subject.into_iter().chain(pictures.into_iter().map(|(_, bytes)| bytes)).collect();
    let shown = service.painters.work(move |_| files.iter().map(|file| shown(file)).collect());
    let shown: Vec<Option<(Input, (u32, u32))>> = shown.await.map_err(broken)?;
    // A picture that is to be changed must be seen; one that is referred to is done without.
    let first = shown.first().and_then(Option::as_ref).map(|(_, size)| *size);
    if is_edit && first.is_none() {
        return Ok(Err(Outcome::failed("the image it was to be made of cannot be read")));
    }
    let (prompt, ratio, is_4k) = match task {
        Task::Edit { instruction, is_4k, .. } => {
            let (width, height) = first.unwrap_or((1, 1));
            let ratio = image.ratio.and_then(|ratio| format::AspectRatio::named(ratio.as_str()));
            let ratio = ratio.unwrap_or_else(|| format::AspectRatio::nearest(width, height));
            (changing(instruction, &brand), ratio, *is_4k)
        }
        Task::Compose(composition) => {
            let Some(ratio) = format::AspectRatio::named(&composition.ratio) else {
                return Ok(Err(Outcome::failed("its ratio is none of ours")));
            };
            (drawing(composition, &brand), ratio, composition.is_4k)
        }
        _ => return Ok(Err(Outcome::failed("no engine does that but the server's own"))),
    };
    let resolution = if is_4k { Resolution::FourK } else { Resolution::TwoK };
    let pictures = shown.into_iter().flatten().map(|(input, _)| input).collect();
    Ok(Ok(Sheet { prompt, ratio, size: resolution.pixels(ratio), pictures }))
}

/// A picture in few enough pixels to be shown around, and its size before that.
fn shown(file: &[u8]) -> Option<(Input, (u32, u32))> {
    let picture = decode(file, Most::default()).ok()?.picture;
    let size = (picture.width(), picture.height());
    let small = picture.thumbnail(SHOWN)?;
    let (bytes, media_type) = match small.is_opaque() {
        true => (raster::jpeg(&small).ok()?, "image/jpeg"),
        false => (raster::png(&small).ok()?, "image/png"),
    };
    Some((Input { bytes, media_type }, size))
}

/// What an image model is told to draw.
fn drawing(composition: &Composition, brand: &Brand) -> String {
    let mut prompt = format!("{}\n\n{}", composition.prompt.trim(), of_brand(brand));
    prompt.push_str("Show no logo, and no words but those that stand in quotation marks above.\n");
    if composition.variants > 1 {
        let (at, count) = (composition.variant + 1, composition.variants);
        prompt.push_str(&format!(
            "This is picture {at} of {count}: make it unlike the others in composition, view and light.\n"
        ));
    }
    prompt
}

/// What an image model is told to change.
fn changing(instruction: &str, brand: &Brand) -> String {
    format!(
        "{}\n\nChange that in the first image, and keep everything else of it as it is. {}",
        instruction.trim(),
        of_brand(brand)
    )
}

fn of_brand(brand: &Brand) -> String {
    let mut text = format!("The picture is for the brand {}.", brand.name.trim());
    let colours: Vec<_> = brand
        .palette
        .iter()
        .map(|swatch| format!("{} ({})", swatch.colour.hex(), swatch.role.as_str()))
        .collect();
    if !colours.is_empty() {
        text.push_str(&format!(" Its colours are {}.", colours.join(", ")));
    }
    if !brand.aesthetic.is_empty() {
        text.push_str(&format!(" It looks {}.", brand.aesthetic.join(", ")));
    }
    text.push('\n');
    text
}

/// Has the engine draw, and gives its picture as pixels.
async fn order(
    service: &Service,
    engine: &dyn Engine,
    sheet: &Sheet,
) -> Result<(Picture, Format), EngineError> {
    let ours = |error: Error| EngineError::Unavailable(error.to_string());
    let order = Order {
        prompt: sheet.prompt.clone(),
        size: engine.size(sheet.size),
        ratio: sheet.ratio.name(),
        pictures: sheet.pictures.clone(),
        nonce: service.entropy.draw().map_err(ours)?,
    };
    let mut waiting = None;
    let asking = tokio::time::timeout(
        engine.capabilities().patience,
        asked(service, engine, &order, &mut waiting),
    );
    let outcome = asking.await.unwrap_or(Err(EngineError::TooSlow));
    if outcome.is_err()
        && let Some(ticket) = waiting
    {
        // Whatever becomes of that, nothing more is expected of the order.
        let _ = tokio::time::timeout(CANCELLING, engine.cancel(&ticket)).await;
    }
    let bytes = match outcome? {
        Drawn::Bytes(bytes) => bytes,
        Drawn::At(url) => fetched(service, &url).await?,
    };
    let size = order.size;
    let read = service.painters.work(move |_| taken(&bytes, size));
    read.await
        .unwrap_or_else(|Broken| Err("its picture cannot be read".to_owned()))
        .map_err(EngineError::Unusable)
}

/// Asks until the picture is there. An order that waits is left behind in `waiting`.
async fn asked(
    service: &Service,
    engine: &dyn Engine,
    order: &Order,
    waiting: &mut Option<Ticket>,
) -> Result<Drawn, EngineError> {
    let [mut pause, longest] = POLLS;
    let mut step = engine.submit(order).await?;
    loop {
        match step {
            Submitted::Drawn(drawn) => {
                *waiting = None;
                return Ok(drawn);
            }
            Submitted::Waiting(ticket) => {
                *waiting = Some(ticket.clone());
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(longest);
                step = match engine.poll(&ticket).await {
                    // It was asked too often how far it is, and draws on: another order would be paid for again.
                    Err(EngineError::Throttled(_, again)) => {
                        let told = again.map(|again| again.wait(service.now()));
                        pause = told
                            .unwrap_or(longest)
                            .clamp(pause, engine.capabilities().patience.max(pause));
                        Submitted::Waiting(ticket)
                    }
                    step => step?,
                };
            }
        }
    }
}

async fn fetched(service: &Service, url: &str) -> Result<Vec<u8>, EngineError> {
    let wanted = Wanted {
        url,
        may_be_plain: true,
        redirects: REDIRECTS,
        types: TYPES,
        max_bytes: MAX_PICTURE,
        deadline: FETCHING,
        along: Along::default(),
    };
    let fetched = fetch::patiently(&*service.fetcher, &wanted).await;
    let failed = |error| EngineError::Unusable(format!("the URL of its picture: {error}"));
    Ok(fetched.map_err(failed)?.body)
}

/// The picture of a file, if it is what was asked for.
fn taken(bytes: &[u8], (width, height): (u32, u32)) -> Result<(Picture, Format), String> {
    let Decoded { picture, format, .. } =
        decode(bytes, MOST).map_err(|refused| format!("its picture: {refused}"))?;
    if !matches!(format, Format::Png | Format::Jpeg | Format::Webp) {
        return Err(format!("its picture is a file of the type {}", format.media_type()));
    }
    let ratio = |width: u32, height: u32| f64::from(width) / f64::from(height.max(1));
    let off = ratio(picture.width(), picture.height()) / ratio(width, height);
    let is_near = (1.0 / NEAR..=NEAR).contains(&off);
    // Less than half of what was asked for is another picture, and not one that was rounded.
    if !is_near || picture.width() * 2 < width || picture.height() * 2 < height {
        return Err(format!(
            "its picture has {}x{} pixels, and {width}x{height} were asked for",
            picture.width(),
            picture.height()
        ));
    }
    Ok((picture, format))
}

/// The picture at the size that was asked for here, as a file.
async fn finished(
    service: &Service,
    (picture, format): (Picture, Format),
    sheet: &Sheet,
) -> Result<Outcome, JobError> {
    let (ratio, (width, height)) = (sheet.ratio, sheet.size);
    let work = move || {
        let is_it = (picture.width(), picture.height()) == (width, height);
        let picture = match is_it {
            true => picture,
            false => resize::to_size(&picture, width, height)?.0,
        };
        let (bytes, media_type) = written(&picture, format)?;
        Some((Written::of(bytes, &picture), media_type))
    };
    let done = service.painters.work(move |_| work()).await.map_err(broken)?;
    let Some((file, media_type)) = done else {
        return Ok(Outcome::failed("it could not be written"));
    };
    Ok(Outcome::Made(Made {
        file,
        media_type,
        size: (width.into(), height.into()),
        ratio: AspectRatio::from_word(ratio.name()),
        description: None,
        scene: None,
    }))
}

/// A panic is a defect, which trying again does not repair.
fn broken(_: Broken) -> JobError {
    JobError::ForGood("working on its pixels panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(width: u32, height: u32) -> Vec<u8> {
        raster::png(&Picture::from_fn(width, height, |x, y| [x as u8, y as u8, 7, 255])).unwrap()
    }

    #[test]
    fn only_the_picture_that_was_asked_for_is_taken() {
        assert!(taken(&file(1536, 1024), (1536, 1024)).is_ok());
        // Rounded to what suits an engine.
        assert!(taken(&file(1024, 448), (1024, 440)).is_ok());
        assert!(taken(&file(768, 512), (1536, 1024)).is_ok());
        for (file, why) in [
            (file(1024, 1024), "1024x1024 pixels, and 1536x1024 were asked for"),
            (file(600, 400), "600x400"),
            (b"<html>".to_vec(), "its picture: "),
            (
                b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='6'/>".to_vec(),
                "image/svg",
            ),
            (file(1536, 1024)[..900].to_vec(), "its picture: "),
        ] {
            let refused = taken(&file, (1536, 1024)).expect_err(why);
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn a_prompt_says_whose_picture_it_is() {
        let brand = Brand {
            name: "Northwind".to_owned(),
            aesthetic: vec!["calm".to_owned(), "editorial".to_owned()],
            ..Brand::default()
        };
        let composition = Composition {
            prompt: "A kettle \"Slow mornings\"".to_owned(),
            ratio: "1:1".to_owned(),
            is_4k: false,
            variant: 1,
            variants: 3,
            seed: 7,
            references: Vec::new(),
        };
        let prompt = drawing(&composition, &brand);
        for part in ["A kettle \"Slow mornings\"", "Northwind", "calm, editorial", "picture 2 of 3"]
        {
            assert!(prompt.contains(part), "{part}: {prompt}");
        }
        assert!(!changing("Brighter", &brand).contains("picture 2"));
    }
}
