//! `/images`: what was made, brought and found.

use std::time::Duration;

use bloom_domain::credits::MAX_VARIANTS;
use bloom_domain::ids::{BrandId, ImageId};
use bloom_domain::images::{ActionType, Image, MAX_NAMED, MAX_REFERENCES, Prompt, Source, Status};
use bloom_domain::workspaces::{Workspace, WorkspaceKind};
use bloom_service::Error;
use bloom_service::images::generate::{Asked, Order, generate as ask};
use bloom_service::images::{self, Narrowed, Seen, Wanted};
use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::admission::Call;
use super::brands::choice;
use super::endpoints::{LIMIT, TIMEOUT};
use super::envelope::Data;
use super::errors::{ApiError, ErrorCode};
use super::json::{Sent, bad_field};
use super::query::Query;
use super::repeated::Given;

pub(crate) mod changes;
mod endpoints;
pub(crate) mod search;
pub(crate) mod uploads;
pub(crate) mod words;

pub(super) use endpoints::all as endpoints;

use words::{ActionWord, FailureWord, ModelWord, RatioWord, SizeWord, SourceWord, StatusWord};

/// An image.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Image")]
pub(crate) struct ImageView {
    #[serde(flatten)]
    facts: Facts,
    /// Where its bytes are, for whoever has this URL; `null` until they are there. It ends when the image is
    /// deleted.
    image_url: Option<String>,
}

/// An image in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ListedImage")]
pub(crate) struct ListedImageView {
    #[serde(flatten)]
    facts: Facts,
    /// Where its bytes are; left out where `includeUrls` is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_url: Option<Option<String>>,
}

/// What an image is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Facts {
    /// Its id.
    #[schemars(extend("format" = "uuid"))]
    id: String,
    /// Where it is from.
    source: SourceWord,
    /// The brand that it is of.
    #[schemars(extend("format" = "uuid"))]
    brand_session_id: String,
    /// How far it is.
    status: Option<StatusWord>,
    /// Why it failed, as far as there is a word for it.
    failure_reason: Option<FailureWord>,
    /// Why it failed, in words.
    failure_detail: Option<String>,
    /// What it was made from, in words.
    prompt: Option<String>,
    /// What it shows, in words.
    description: Option<String>,
    /// The ratio of its sides.
    aspect_ratio: Option<RatioWord>,
    /// Its width in pixels, once it is there.
    width: Option<i64>,
    /// Its height in pixels, once it is there.
    height: Option<i64>,
    /// What made it; `null` for what was brought or found.
    action_type: Option<ActionWord>,
    /// What the images of one request have in common, if they are several.
    #[schemars(extend("format" = "uuid"))]
    variant_group_id: Option<String>,
    /// What drew it, or is to; `null` for what was brought or found. `compose` is the server's own engine, which sets words and colours and is no image model; else
    /// the name of one that the operator configured, `:`, and its model.
    engine: Option<String>,
    /// The team workspace that it belongs to; `null` for the personal one.
    workspace_id: Option<String>,
    /// The name of that workspace.
    workspace_name: String,
    /// When it was asked for or brought.
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
}

/// A stretch of a list of images.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Images")]
pub(crate) struct ImagesView {
    /// The newest first, or in the order in which `ids` names them.
    images: Vec<ListedImageView>,
    /// What `cursor` takes to go on; `null` at the end.
    next_cursor: Option<String>,
    /// Whether there are more.
    has_more: bool,
}

/// Images that were asked for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GeneratedImages")]
pub(crate) struct AskedView {
    /// One for each variant.
    #[schemars(schema_with = "some_ids")]
    ids: Vec<String>,
    /// What they have in common, if they are several.
    #[schemars(extend("format" = "uuid"))]
    variant_group_id: Option<String>,
    /// They are on their way: `GET /images/{id}?wait=true` waits for one.
    status: PendingWord,
    /// What draws them, as in an image.
    engine: String,
}

/// What was asked for and is on its way.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Pending")]
pub(crate) enum PendingWord {
    Pending,
}

/// An image that is gone.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeletedImage")]
pub(crate) struct DeletedView {
    /// Its id.
    #[schemars(extend("format" = "uuid"))]
    id: String,
    /// Where it was from.
    source: SourceWord,
    /// The team workspace that it belonged to; `null` for the personal one.
    workspace_id: Option<String>,
    /// The name of that workspace.
    workspace_name: String,
}

/// How many images are gone.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeletedImages")]
pub(crate) struct DeletedCountView {
    /// Those of the named ones that were there.
    #[schemars(with = "i32", extend("minimum" = 0))]
    pub(crate) deleted_count: usize,
}

/// What `POST /images/generations` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GenerateImages")]
pub(crate) struct Generate {
    /// What to draw. Words in quotation marks are set as they are.
    #[schemars(length(min = 1, max = 2_000))]
    prompt: String,
    /// The brand to draw for.
    #[schemars(extend("format" = "uuid"))]
    brand_session_id: String,
    /// The ratio of the sides; 1:1 when left out.
    #[serde(default)]
    #[schemars(with = "RatioWord")]
    aspect_ratio: Option<RatioWord>,
    /// How large: 2K costs 1 credit for each image, 4K 2.
    #[serde(default = "usual_size")]
    image_size: SizeWord,
    /// How much effort it is worth; standard when left out.
    #[serde(default)]
    #[schemars(with = "ModelWord")]
    model: Option<ModelWord>,
    /// How many images, each unlike the others; 1 when left out.
    #[serde(default)]
    #[schemars(with = "u32", range(min = 1, max = 5))]
    variant_count: Option<u32>,
    /// Images of yours that it may show.
    #[serde(default)]
    #[schemars(schema_with = "ten_ids")]
    reference_image_ids: Option<Vec<String>>,
}

impl Sent for Generate {}

fn some_ids(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "minItems": 1, "items": { "type": "string", "format": "uuid" } })
}

fn ten_ids(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "maxItems": 10, "items": { "type": "string", "format": "uuid" } })
}

fn usual_size() -> SizeWord {
    SizeWord::TwoK
}

impl Facts {
    fn of(image: Image, workspace: Workspace) -> Self {
        let (failure_reason, failure_detail) = match image.failure {
            None => (None, None),
            Some(failure) => (failure.reason.map(Into::into), Some(failure.detail)),
        };
        Self {
            id: image.id.to_string(),
            source: image.source.into(),
            brand_session_id: image.brand.to_string(),
            status: Some(image.status.into()),
            failure_reason,
            failure_detail,
            prompt: image.prompt,
            description: image.description,
            aspect_ratio: image.ratio.map(Into::into),
            width: image.size.map(|size| size.0),
            height: image.size.map(|size| size.1),
            action_type: image.action.map(Into::into),
            variant_group_id: image.variant_group.map(|id| id.to_string()),
            engine: image.engine,
            workspace_id: shown_id(&workspace),
            workspace_name: workspace.name,
            created_at: image.created_at.to_string(),
        }
    }
}

impl From<Seen> for ImageView {
    fn from(seen: Seen) -> Self {
        Self { facts: Facts::of(seen.image, seen.workspace), image_url: seen.url }
    }
}

impl ListedImageView {
    fn of(seen: Seen, with_url: bool) -> Self {
        let image_url = with_url.then_some(seen.url);
        Self { facts: Facts::of(seen.image, seen.workspace), image_url }
    }
}

impl ImagesView {
    fn of(images: Vec<Seen>, next_cursor: Option<String>, with_urls: bool) -> Self {
        let has_more = next_cursor.is_some();
        let listed = |seen| ListedImageView::of(seen, with_urls);
        Self { images: images.into_iter().map(listed).collect(), next_cursor, has_more }
    }
}

impl From<images::Page> for ImagesView {
    fn from(page: images::Page) -> Self {
        Self::of(page.images, page.next, true)
    }
}

impl From<&Asked> for AskedView {
    fn from(asked: &Asked) -> Self {
        Self {
            ids: asked.ids.iter().map(ToString::to_string).collect(),
            variant_group_id: asked.variant_group.map(|id| id.to_string()),
            status: PendingWord::Pending,
            engine: asked.engine.clone(),
        }
    }
}

fn shown_id(workspace: &Workspace) -> Option<String> {
    (workspace.kind == WorkspaceKind::Team).then(|| workspace.id.to_string())
}

pub(crate) async fn get(mut call: Call) -> Result<Data, ApiError> {
    let patience = patience(call.query())?;
    let id = call.uuid().await?;
    let (service, principal) = (&call.app.service, &call.principal);
    let seen = match patience {
        None => images::get(service, principal, id).await?,
        Some(patience) => images::wait(service, principal, id, patience).await?,
    };
    Ok(Data::new(&ImageView::from(seen)))
}

pub(crate) async fn list(call: Call) -> Result<Data, ApiError> {
    let query = call.query();
    let with_urls = query.optional("includeUrls")?.is_none() || query.flag("includeUrls")?;
    let (patience, named) = (patience(query)?, ids(query)?);
    let wanted = wanted(query)?;
    let (service, principal) = (&call.app.service, &call.principal);
    let (found, next_cursor) = match named {
        Some(ids) => (images::named(service, principal, ids, patience).await?, None),
        None => {
            let page = images::list(service, principal, wanted).await.map_err(unprocessable)?;
            (page.images, page.next)
        }
    };
    Ok(Data::new(&ImagesView::of(found, next_cursor, with_urls)))
}

fn wanted(query: Query<'_>) -> Result<Wanted, ApiError> {
    let workspace = query.optional("workspaceId")?;
    let workspace = workspace.map(|id| choice(Some(&id))).transpose()?;
    let brand = query.optional("brandSessionId")?;
    let brand = brand.map(|id| brand_id("brandSessionId", &id)).transpose()?;
    let narrowed = Narrowed {
        source: query.word("source", Source::ALL, Source::as_str)?,
        status: query.word("status", Status::ALL, Status::as_str)?,
        action: query.word("actionType", ActionType::ALL, ActionType::as_str)?,
    };
    let limit = query.integer("limit", &LIMIT.bounds())?.unwrap_or(LIMIT.default()) as usize;
    let cursor = query.optional("cursor")?.map(Into::into);
    Ok(Wanted { workspace, brand, narrowed, limit, cursor })
}

/// For how long a request waits, if it does.
fn patience(query: Query<'_>) -> Result<Option<Duration>, ApiError> {
    let timeout = query.integer("timeout", &TIMEOUT.bounds())?.unwrap_or(TIMEOUT.default());
    Ok(query.flag("wait")?.then(|| Duration::from_secs(timeout.into())))
}

/// The ids of a list, with commas between.
fn ids(query: Query<'_>) -> Result<Option<Vec<ImageId>>, ApiError> {
    let Some(text) = query.optional("ids")? else { return Ok(None) };
    let mut ids = Vec::new();
    for one in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        let id = one.parse().map_err(|_| bad_field("ids", "Send ids with commas between."))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    match ids.len() {
        0 => Err(bad_field("ids", "Name at least one image.")),
        1..=MAX_NAMED => Ok(Some(ids)),
        _ => Err(bad_field("ids", &format!("Name at most {MAX_NAMED} images."))),
    }
}

pub(crate) async fn delete(mut call: Call) -> Result<Data, ApiError> {
    let id = call.uuid().await?;
    let Seen { image, workspace, .. } =
        images::delete(&call.app.service, &call.principal, id).await?;
    Ok(Data::new(&DeletedView {
        id: image.id.to_string(),
        source: image.source.into(),
        workspace_id: shown_id(&workspace),
        workspace_name: workspace.name,
    }))
}

pub(crate) async fn delete_many(call: Call) -> Result<Data, ApiError> {
    let ids = ids(call.query())?.ok_or_else(|| bad_field("ids", "Name the images to delete."))?;
    let deleted_count = images::delete_many(&call.app.service, &call.principal, ids).await?;
    Ok(Data::new(&DeletedCountView { deleted_count }))
}

pub(crate) async fn generate(mut call: Call, sent: Generate) -> Result<Given, ApiError> {
    let order = order(&sent)?;
    let once = call.once(StatusCode::ACCEPTED, |asked: &Asked| AskedView::from(asked));
    let answer = ask(&call.app.service, &call.principal, order, once).await;
    answer.map(Given).map_err(unprocessable)
}

fn order(sent: &Generate) -> Result<Order, ApiError> {
    let prompt =
        Prompt::parse(&sent.prompt).map_err(|error| bad_field("prompt", &error.to_string()))?;
    let brand = brand_id("brandSessionId", &sent.brand_session_id)?;
    let variants = sent.variant_count.unwrap_or(1);
    if !(1..=MAX_VARIANTS).contains(&variants) {
        return Err(bad_field("variantCount", &format!("Send 1 to {MAX_VARIANTS}.")));
    }
    Ok(Order {
        prompt,
        brand,
        ratio: sent.aspect_ratio.map(Into::into),
        size: sent.image_size.into(),
        model: sent.model.map(Into::into),
        variants,
        references: references(
            sent.reference_image_ids.as_deref().unwrap_or_default(),
            MAX_REFERENCES,
        )?,
    })
}

/// The images that a request refers to.
pub(crate) fn references(ids: &[String], most: usize) -> Result<Vec<ImageId>, ApiError> {
    if ids.len() > most {
        let message = format!("referenceImageIds: Refer to at most {most} images.");
        return Err(ApiError::new(ErrorCode::ReferenceLimitExceeded, message));
    }
    let read = |id: &String| {
        id.parse().map_err(|_| bad_field("referenceImageIds", "Send the ids of images."))
    };
    ids.iter().map(read).collect()
}

pub(crate) fn brand_id(field: &str, text: &str) -> Result<BrandId, ApiError> {
    text.parse().map_err(|_| bad_field(field, "Send the id of a brand."))
}

/// Where the brand is a part of what is asked for and not what it is asked of, one that is not there has another
/// status.
fn unprocessable(error: Error) -> ApiError {
    match error {
        Error::BrandNotFound => ApiError::new(
            ErrorCode::BrandUnknown,
            "brandSessionId: You have no such brand. GET /api/v1/brands lists yours.",
        ),
        other => other.into(),
    }
}
