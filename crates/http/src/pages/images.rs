//! `/images`: what was made, and the form for another image.

mod words;

use std::collections::HashMap;

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::brands::{BrandLine, BrandStatus};
use bloom_domain::credits::{ImageSize, MAX_VARIANTS};
use bloom_domain::ids::ImageId;
use bloom_domain::images::{ActionType, AspectRatio, Image, Model, Prompt, Status};
use bloom_service::images::Seen;
use bloom_service::images::changes::{Change, change_at_browser};
use bloom_service::images::generate::{Asked, Order, generate_at_browser};
use bloom_service::images::people::{self, Deletion};
use bloom_service::{Error, SignedIn, brands};
use http::StatusCode;

use self::words::{origin, shows, told};
use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::moment::moment;
use super::views::{
    Choice, DeletedImage, Field, ImagePage, ImageState, ImageTile, Images, Obstacle,
};
use super::{Segment, page, redirect};
use crate::api::images::changes::refused;
use crate::api::query::Query;
use crate::app::App;
use crate::downloads;

/// How many images a page shows.
const PAGE: usize = 12;
/// The part of an address that says which image the form begins like.
const LIKE: &str = "like";
/// How many brands can be chosen from.
const BRANDS: usize = 100;

/// The library; a stranger signs in first.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let person = match browser.require_person() {
        Err(PageError::SignedOut) => return Ok(redirect("/sign-in?next=/images")),
        person => person?,
    };
    let query = Query(request.uri().query().unwrap_or_default());
    let before = query.optional("before").ok().flatten().and_then(|id| id.parse().ok());
    let like = query.optional(LIKE).ok().flatten().and_then(|id| id.parse().ok());
    let deleted = query.optional("deleted").ok().flatten();
    let undo = match deleted.as_ref().and_then(|id| id.parse().ok()) {
        Some(id) if is_restorable(&app, person, id).await? => Some(id),
        _ => None,
    };
    let done = match undo {
        Some(_) => "The image is deleted. For ten minutes you can have it back.",
        None => "The image is deleted.",
    };
    let view = Images {
        done: deleted.map(|_| done.to_owned()),
        undo: undo.map(|id| id.to_string()),
        ..library(&app, &browser, person, Stretch { before, like }).await?
    };
    Ok(page(StatusCode::OK, &view))
}

/// Asks for images.
pub(crate) async fn create(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let wishes = Wishes::of(&form);
    let refusal = match wishes.order() {
        Err(why) => Refusal::Prompt(why),
        Ok(order) => match generate_at_browser(&app.service, person, order).await {
            Ok(asked) => return Ok(redirect(&ordered(&asked))),
            Err(error) => Refusal::Whole(told(error)?),
        },
    };
    let view = library(&app, &browser, person, Stretch::default()).await?;
    Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &wishes.onto(view, refusal)))
}

/// What a form asks for.
struct Wishes {
    prompt: String,
    brand: String,
    ratio: String,
    is_4k: bool,
    model: String,
    count: u32,
}

/// Where a refusal stands.
enum Refusal {
    Prompt(String),
    Whole(Obstacle),
}

impl Wishes {
    fn of(form: &Form) -> Self {
        Self {
            prompt: form.text("prompt").to_owned(),
            brand: form.text("brand").to_owned(),
            ratio: form.text("ratio").to_owned(),
            is_4k: form.text("size") == "4K",
            model: form.text("model").to_owned(),
            count: form.text("count").parse().unwrap_or(1).clamp(1, MAX_VARIANTS),
        }
    }

    fn order(&self) -> Result<Order, String> {
        Ok(Order {
            prompt: Prompt::parse(&self.prompt).map_err(|error| error.to_string())?,
            brand: self.brand.parse().map_err(|_| "Choose a brand.".to_owned())?,
            ratio: AspectRatio::from_word(&self.ratio),
            size: if self.is_4k { ImageSize::FourK } else { ImageSize::TwoK },
            model: Model::from_word(&self.model),
            variants: self.count,
            references: Vec::new(),
        })
    }

    /// The page with what was typed.
    fn onto(self, mut view: Images, refusal: Refusal) -> Images {
        let (error, whole) = match refusal {
            Refusal::Prompt(why) => (Some(why), None),
            Refusal::Whole(why) => (None, Some(why)),
        };
        let count = self.count.to_string();
        for (choices, chosen) in [
            (&mut view.brands, &self.brand),
            (&mut view.ratios, &self.ratio),
            (&mut view.models, &self.model),
            (&mut view.counts, &count),
        ] {
            for choice in choices {
                choice.is_chosen = choice.value == *chosen;
            }
        }
        let prompt = Field { value: self.prompt, error };
        Images { prompt, refused: whole, is_4k: self.is_4k, ..view }
    }
}

/// One image.
pub(crate) async fn show_one(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let id: ImageId = super::id(id)?;
    let person = match browser.require_person() {
        Err(PageError::SignedOut) => return Ok(redirect(&format!("/sign-in?next={}", path(id)))),
        person => person?,
    };
    match people::get(&app.service, person, id).await {
        Ok(seen) => Ok(page(StatusCode::OK, &one(&app, &browser, seen).await?)),
        Err(Error::ImageNotFound) => {
            let until = people::restorable_until(&app.service, person, id).await?;
            let until = moment(until.ok_or(PageError::NotFound)?, app.service.now());
            let view = DeletedImage { layout: browser.layout(), id: id.to_string(), until };
            Ok(page(StatusCode::NOT_FOUND, &view))
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks for the image changed as it is told.
pub(crate) async fn edit(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let seen = people::get(&app.service, person, super::id(id)?).await?;
    let typed = form.text("prompt").to_owned();
    match words::instruction(&typed) {
        Ok(prompt) => {
            let size = ImageSize::TwoK;
            let wanted = Change::Edit { prompt, size, model: None, references: Vec::new() };
            changed(&app, &browser, seen, wanted, &typed).await
        }
        Err(why) => {
            let instruction = Field { value: typed, error: Some(why) };
            let view = ImagePage { instruction, ..one(&app, &browser, seen).await? };
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
    }
}

/// Asks for the image in another ratio.
pub(crate) async fn resize(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let seen = people::get(&app.service, person, super::id(id)?).await?;
    let ratio = AspectRatio::from_word(form.text("ratio")).ok_or(PageError::NotFound)?;
    changed(&app, &browser, seen, Change::Resize { ratio }, "").await
}

/// Asks for the image without its background.
pub(crate) async fn remove_background(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let seen = people::get(&app.service, person, super::id(id)?).await?;
    changed(&app, &browser, seen, Change::RemoveBackground, "").await
}

/// Asks for the image as paths.
pub(crate) async fn vectorize(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let seen = people::get(&app.service, person, super::id(id)?).await?;
    changed(&app, &browser, seen, Change::Vectorize, "").await
}

/// Deletes an image. One that is there can be had back for a while.
pub(crate) async fn delete(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id: ImageId = super::id(id)?;
    let can_be_undone = match people::delete(&app.service, person, id).await {
        Ok(deletion) => deletion == Deletion::CanBeUndone,
        // It was deleted before, and the way to have it back must not be lost by a second click.
        Err(Error::ImageNotFound) if is_restorable(&app, person, id).await? => true,
        Err(error) => return Err(error.into()),
    };
    let which = if can_be_undone { id.to_string() } else { "1".to_owned() };
    Ok(redirect(&format!("/images?deleted={which}")))
}

/// Takes a deletion back.
pub(crate) async fn restore(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id: ImageId = super::id(id)?;
    match people::restore(&app.service, person, id).await {
        Ok(()) => Ok(redirect(&path(id))),
        Err(Error::ImageNotFound) => {
            let gone = "The image is gone for good: it can be had back for ten minutes only.";
            let view = library(&app, &browser, person, Stretch::default()).await?;
            Ok(page(StatusCode::GONE, &Images { refused: Some(gone.into()), ..view }))
        }
        Err(error) => Err(error.into()),
    }
}

/// The address of a form, opened like a page.
pub(crate) async fn go_to_it(id: Segment) -> Result<Response, PageError> {
    let id: ImageId = super::id(id)?;
    Ok(redirect(&path(id)))
}

pub(super) fn path(id: ImageId) -> String {
    format!("/images/{id}")
}

/// Where somebody goes who has asked for images: to them, with the form as they filled it in.
fn ordered(asked: &Asked) -> String {
    match asked.ids.first() {
        Some(id) => format!("/images?{LIKE}={id}#library"),
        None => "/images#library".to_owned(),
    }
}

async fn is_restorable(app: &App, person: &SignedIn, id: ImageId) -> Result<bool, PageError> {
    Ok(people::restorable_until(&app.service, person, id).await?.is_some())
}

/// Asks for an image made of another, for the brand of that one. `typed` is the instruction, which a refusal leaves
/// where it stands, like the ratio that was chosen.
async fn changed(
    app: &App,
    browser: &Browser,
    seen: Seen,
    wanted: Change,
    typed: &str,
) -> Result<Response, PageError> {
    let person = browser.require_person()?;
    let (id, brand) = (seen.image.id, seen.image.brand);
    match change_at_browser(&app.service, person, id, brand, wanted.clone()).await {
        Ok(asked) => Ok(redirect(&path(asked.id))),
        Err(error) => {
            let why = match error {
                error @ Error::Unfit(_) => refused(error, &wanted).message().into(),
                error => told(error)?,
            };
            let ratio = match wanted {
                Change::Resize { ratio } => Some(ratio.as_str()),
                _ => None,
            };
            let instruction = Field { value: typed.to_owned(), error: None };
            let view = one(app, browser, seen).await?;
            let view = ImagePage { refused: Some(why), instruction, chosen: ratio, ..view };
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
    }
}

/// What of the library is shown, and how its form begins.
#[derive(Default)]
struct Stretch {
    /// What came before this image.
    before: Option<ImageId>,
    /// With the prompt of this one, which was just asked for.
    like: Option<ImageId>,
}

async fn library(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    Stretch { before, like }: Stretch,
) -> Result<Images, PageError> {
    let (found, has_more) = people::list(&app.service, person, None, before, PAGE).await?;
    let (mine, _) = brands::mine(&app.service, person, None, BRANDS).await?;
    let mine: Vec<_> = mine.into_iter().map(|listed| listed.brand).collect();
    let of_brands: HashMap<_, _> = match mine.len() {
        // Of one brand nobody needs to be told.
        0 | 1 => HashMap::new(),
        _ => mine.iter().map(|brand| (brand.id, brand.name.as_str())).collect(),
    };
    let ready: Vec<_> =
        mine.iter().filter(|brand| brand.status == BrandStatus::Ready).cloned().collect();
    // Whoever makes several makes them alike: the form begins with what was chosen last.
    let mut generated = found.iter().map(|seen| &seen.image).filter(|image| is_generated(image));
    let liked = generated.clone().find(|image| Some(image.id) == like);
    let last = liked.or_else(|| generated.next());
    let names = words::names(&ready, app.service.now());
    let brand = |(brand, label): (&BrandLine, String)| Choice {
        value: brand.id.to_string(),
        is_chosen: last.is_some_and(|image| image.brand == brand.id),
        label,
    };
    let choice = |value: &str, is_chosen| Choice {
        value: value.to_owned(),
        label: value.to_owned(),
        is_chosen,
    };
    let begins_with = last.and_then(|image| image.ratio).unwrap_or(AspectRatio::R1x1);
    let ratio = |ratio: &AspectRatio| choice(ratio.as_str(), *ratio == begins_with);
    let mut numbers = words::numbers(&found, before.is_none(), !has_more);
    let tile = |seen: &Seen| ImageTile {
        number: numbers.remove(&seen.image.id),
        brand: of_brands.get(&seen.image.brand).map(|name| (*name).to_owned()),
        ..tile(app, seen)
    };
    let images: Vec<_> = found.iter().map(tile).collect();
    Ok(Images {
        layout: browser.layout(),
        done: None,
        undo: None,
        refused: None,
        prompt: Field {
            value: liked.and_then(|image| image.prompt.clone()).unwrap_or_default(),
            error: None,
        },
        brands: ready.iter().zip(names).map(brand).collect(),
        ratios: AspectRatio::ALL.iter().map(ratio).collect(),
        is_4k: false,
        models: models(app),
        counts: (1..=MAX_VARIANTS).map(|count| choice(&count.to_string(), count == 1)).collect(),
        under_way: images.iter().filter(|image| image.state.is_under_way()).count(),
        images,
        is_first: before.is_none(),
        older: found.last().filter(|_| has_more).map(|last| last.image.id.to_string()),
    })
}

/// The efforts that differ: none, where the server's own engine draws everything.
fn models(app: &App) -> Vec<Choice> {
    let engines = app.service.engines();
    if !engines.draw_something() {
        return Vec::new();
    }
    let drawn_by = |model: Model| match engines.label(model) {
        None => "composed by this server".to_owned(),
        Some(label) => label,
    };
    let choice = |model: &Model| Choice {
        value: model.as_str().to_owned(),
        label: format!("{} ({})", model.as_str(), drawn_by(*model)),
        is_chosen: *model == Model::default(),
    };
    Model::ALL.iter().map(choice).collect()
}

fn tile(app: &App, seen: &Seen) -> ImageTile {
    let image = &seen.image;
    ImageTile {
        id: image.id.to_string(),
        src: seen.url.as_deref().map(downloads::small),
        size: image.size,
        shows: shows(image),
        state: state(image.status),
        prompt: words::caption(image),
        brand: None,
        number: None,
        origin: match image.status {
            Status::Completed => origin(image),
            Status::Pending | Status::Generating | Status::Failed => "Asked for",
        },
        engine: image.engine.clone(),
        made: moment(image.created_at, app.service.now()),
    }
}

fn is_generated(image: &Image) -> bool {
    matches!(image.action, Some(ActionType::Generation | ActionType::Variant))
}

async fn one(app: &App, browser: &Browser, seen: Seen) -> Result<ImagePage, PageError> {
    let Seen { image, workspace, url } = seen;
    let brand = match brands::show(&app.service, browser.require_person()?, image.brand).await {
        Ok(found) => Some(found.brand.name),
        Err(Error::BrandNotFound) => None,
        Err(error) => return Err(error.into()),
    };
    let media_type = image.file.as_ref().map_or("", |file| file.media_type.as_str());
    let extension = match media_type {
        "image/svg+xml" => "svg",
        "image/jpeg" => "jpg",
        _ => "png",
    };
    Ok(ImagePage {
        layout: browser.layout(),
        refused: None,
        brand: brand.map(|name| Choice {
            value: image.brand.to_string(),
            label: name,
            is_chosen: false,
        }),
        parent: image.parent.map(|parent| parent.to_string()),
        id: image.id.to_string(),
        title: words::title(&image),
        src: url,
        file_name: format!("bloom-{}.{extension}", image.id),
        size: image.size,
        ratio: image.ratio.map(AspectRatio::as_str),
        shows: shows(&image),
        state: state(image.status),
        origin: origin(&image),
        is_paths: media_type == "image/svg+xml",
        workspace: workspace.name,
        made: moment(image.created_at, app.service.now()),
        instruction: Field::default(),
        chosen: None,
        ratios: AspectRatio::ALL
            .iter()
            .filter(|ratio| image.ratio != Some(**ratio))
            .map(|ratio| ratio.as_str())
            .collect(),
        failure: image.failure.map(|failure| failure.detail),
        prompt: image.prompt,
        engine: image.engine,
    })
}

fn state(status: Status) -> ImageState {
    match status {
        Status::Pending => ImageState::Waiting,
        Status::Generating => ImageState::Generating,
        Status::Completed => ImageState::There,
        Status::Failed => ImageState::Failed,
    }
}
