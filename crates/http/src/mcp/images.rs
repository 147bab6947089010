//! The tools of images.

use std::collections::BTreeMap;
use std::time::Duration;

use bloom_domain::credits::MAX_VARIANTS;
use bloom_domain::ids::ImageId;
use bloom_domain::images::{MAX_EDIT_REFERENCES, MAX_NAMED, MAX_REFERENCES, Prompt};
use bloom_domain::uploads::UploadToken;
use bloom_service::images::changes::{AskedOne, Change, change};
use bloom_service::images::generate::{Asked, Order, generate as ask};
use bloom_service::images::{self, Narrowed, Wanted, uploads};
use bloom_service::operations::{self, Operation};
use bloom_service::{Error, idempotency};
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::tools::{Caller, ToolError, arguments, result};
use crate::api::brands::choice;
use crate::api::errors::ApiError;
use crate::api::images::changes::{AskedOneView, refused};
use crate::api::images::search::{self as finding, FoundView};
use crate::api::images::uploads::UploadedView;
use crate::api::images::words::{
    ActionWord, ModelWord, RatioWord, SizeWord, SourceWord, StatusWord,
};
use crate::api::images::{DeletedCountView, ImageView, ImagesView, brand_id, references};
use crate::face::API_PATH;

/// For how long a tool waits when nobody says, in seconds: less than clients wait for a tool.
const USUAL_PATIENCE: u64 = 45;
/// The longest.
const MAX_PATIENCE: u64 = 295;
/// How many images a list shows when nobody says.
const USUAL_LIMIT: usize = 20;
/// What names a call.
const KEY: &str = "idempotencyKey";

/// What `bloom_generate_image` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Generate {
    /// What to draw, or what to change in the image that imageId names. Words in quotation marks are set as they
    /// are.
    #[schemars(length(min = 1, max = 2_000))]
    prompt: String,
    /// The brand to draw for; bloom_list_brands lists them.
    brand_session_id: String,
    /// An image to change. Left out: a new image.
    image_id: Option<String>,
    /// The ratio of the sides of a new image; 1:1 when left out.
    aspect_ratio: Option<RatioWord>,
    /// How large: 2K costs 1 credit for each image, 4K 2. 2K when left out.
    image_size: Option<SizeWord>,
    /// How much effort it is worth; standard when left out, and for a change whatever drew the image.
    model: Option<ModelWord>,
    /// How many new images, each unlike the others; 1 when left out.
    #[schemars(range(min = 1, max = 5))]
    variant_count: Option<u32>,
    /// Images that it may show.
    #[schemars(length(max = 10))]
    reference_image_ids: Option<Vec<String>>,
    /// A name for this call: under the same name the same is asked for once.
    idempotency_key: Option<String>,
}

/// What `bloom_get_image` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Get {
    /// The image.
    image_id: String,
    /// Whether to wait until it is done; yes when left out.
    wait: Option<bool>,
    /// For how many seconds; 45 when left out.
    #[schemars(range(min = 1, max = 295))]
    timeout: Option<u64>,
}

/// What `bloom_list_images` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct List {
    /// The team workspace that is meant. Left out: all workspaces.
    workspace_id: Option<String>,
    /// The brand that is meant. Left out: all brands.
    brand_session_id: Option<String>,
    /// Images from one source.
    source: Option<SourceWord>,
    /// Images that are so far.
    status: Option<StatusWord>,
    /// Images that were made so.
    action_type: Option<ActionWord>,
    /// How many; 20 when left out.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<usize>,
    /// Where the list goes on: the nextCursor of the call before.
    cursor: Option<String>,
}

/// What `bloom_delete_images` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Delete {
    /// The images, at most 100.
    #[schemars(length(min = 1, max = 100))]
    image_ids: Vec<String>,
}

/// What `bloom_resize_image` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Resize {
    /// The image.
    image_id: String,
    /// The ratio that the new one has.
    target_aspect_ratio: RatioWord,
    /// The brand that the new one is of.
    brand_session_id: String,
    /// A name for this call: under the same name the same is asked for once.
    idempotency_key: Option<String>,
}

/// What `bloom_remove_background` and `bloom_vectorize_image` take.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Remake {
    /// The image.
    image_id: String,
    /// The brand that the new one is of.
    brand_session_id: String,
    /// A name for this call: under the same name the same is asked for once.
    idempotency_key: Option<String>,
}

/// Images that were asked for, whichever way.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Generated {
    /// The images. bloom_get_image waits for one.
    ids: Vec<String>,
    /// What they have in common, if they are several.
    variant_group_id: Option<String>,
    /// They are on their way.
    status: &'static str,
    /// What draws them: compose is the server's own engine, which is no image model.
    engine: String,
}

impl Generated {
    fn of(ids: &[ImageId], group: Option<ImageId>, engine: &str) -> Self {
        Self {
            ids: ids.iter().map(ToString::to_string).collect(),
            variant_group_id: group.map(|id| id.to_string()),
            status: "pending",
            engine: engine.to_owned(),
        }
    }
}

pub(crate) async fn generate(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let asked = asked_for(&given);
    let given: Generate = arguments(given)?;
    let prompt = Prompt::parse(&given.prompt)
        .map_err(|error| ToolError::Refused(format!("prompt: {error}")))?;
    let brand = brand_id("brandSessionId", &given.brand_session_id)?;
    // An image that is changed is shown as well.
    let most = if given.image_id.is_some() { MAX_EDIT_REFERENCES } else { MAX_REFERENCES };
    let references = references(given.reference_image_ids.as_deref().unwrap_or_default(), most)?;
    let size = given.image_size.unwrap_or(SizeWord::TwoK).into();
    let (model, key) = (given.model.map(Into::into), given.idempotency_key);
    if let Some(subject) = given.image_id {
        if given.aspect_ratio.is_some() || given.variant_count.is_some_and(|count| count > 1) {
            let message = "A change makes one image in the ratio of the other. Leave aspectRatio and \
                           variantCount out, and use bloom_resize_image for another ratio.";
            return Err(ToolError::Refused(message.to_owned()));
        }
        let wanted = Change::Edit { prompt, size, model, references };
        let view = |asked: &AskedOne| Generated::of(&[asked.id], None, &asked.engine);
        let which = (subject, given.brand_session_id, key);
        return remade(caller, &operations::IMAGES_EDIT, which, (wanted, &asked), view).await;
    }
    let order = Order {
        prompt,
        brand,
        ratio: given.aspect_ratio.map(Into::into),
        size,
        model,
        variants: given.variant_count.unwrap_or(1).clamp(1, MAX_VARIANTS),
        references,
    };
    let view = |asked: &Asked| Generated::of(&asked.ids, asked.variant_group, &asked.engine);
    let operation = &operations::IMAGES_GENERATE;
    let once = match caller.once(operation, key.as_deref(), &asked, view).await? {
        Ok(once) => once,
        Err(answer) => return Ok(answer),
    };
    let made = ask(&caller.app.service, &caller.principal, order, once).await?;
    Ok(read(&made))
}

pub(crate) async fn get(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let given: Get = arguments(given)?;
    let (service, principal, id) = (&caller.app.service, &caller.principal, id(&given.image_id)?);
    let seconds = given.timeout.unwrap_or(USUAL_PATIENCE).clamp(1, MAX_PATIENCE);
    let seen = match given.wait.unwrap_or(true) {
        true => images::wait(service, principal, id, Duration::from_secs(seconds)).await?,
        false => images::get(service, principal, id).await?,
    };
    result(&ImageView::from(seen))
}

pub(crate) async fn list(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let given: List = arguments(given)?;
    let workspace = given.workspace_id.map(|id| choice(Some(&id))).transpose()?;
    let brand = given.brand_session_id.map(|id| brand_id("brandSessionId", &id)).transpose()?;
    let narrowed = Narrowed {
        source: given.source.map(Into::into),
        status: given.status.map(Into::into),
        action: given.action_type.map(Into::into),
    };
    let limit = given.limit.unwrap_or(USUAL_LIMIT).clamp(1, MAX_NAMED);
    let wanted = Wanted { workspace, brand, narrowed, limit, cursor: given.cursor };
    let page = images::list(&caller.app.service, &caller.principal, wanted).await?;
    result(&ImagesView::from(page))
}

pub(crate) async fn delete(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let given: Delete = arguments(given)?;
    let ids: Option<Vec<ImageId>> = given.image_ids.iter().map(|id| id.parse().ok()).collect();
    let ids = ids.filter(|ids| (1..=MAX_NAMED).contains(&ids.len())).ok_or_else(|| {
        ToolError::Refused(format!("imageIds: Name 1 to {MAX_NAMED} images by their ids."))
    })?;
    let deleted_count = images::delete_many(&caller.app.service, &caller.principal, ids).await?;
    result(&DeletedCountView { deleted_count })
}

pub(crate) async fn resize(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let asked = asked_for(&given);
    let given: Resize = arguments(given)?;
    let wanted = Change::Resize { ratio: given.target_aspect_ratio.into() };
    let which = (given.image_id, given.brand_session_id, given.idempotency_key);
    remade(caller, &operations::IMAGES_RESIZE, which, (wanted, &asked), AskedOneView::of).await
}

pub(crate) async fn remove_background(
    caller: &Caller,
    given: JsonObject,
) -> Result<Value, ToolError> {
    let asked = asked_for(&given);
    let given: Remake = arguments(given)?;
    let which = (given.image_id, given.brand_session_id, given.idempotency_key);
    let operation = &operations::IMAGES_REMOVE_BACKGROUND;
    let wanted = Change::RemoveBackground;
    remade(caller, operation, which, (wanted, &asked), AskedOneView::of).await
}

pub(crate) async fn vectorize(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let asked = asked_for(&given);
    let given: Remake = arguments(given)?;
    let which = (given.image_id, given.brand_session_id, given.idempotency_key);
    let operation = &operations::IMAGES_VECTORIZE;
    remade(caller, operation, which, (Change::Vectorize, &asked), AskedOneView::of).await
}

async fn remade<V: Serialize + 'static>(
    caller: &Caller,
    operation: &'static Operation,
    (subject, brand, key): (String, String, Option<String>),
    (wanted, asked): (Change, &[u8]),
    view: fn(&AskedOne) -> V,
) -> Result<Value, ToolError> {
    let (subject, brand) = (id(&subject)?, brand_id("brandSessionId", &brand)?);
    let once = match caller.once(operation, key.as_deref(), asked, view).await? {
        Ok(once) => once,
        Err(answer) => return Ok(answer),
    };
    let (service, principal) = (&caller.app.service, &caller.principal);
    let made = change(service, principal, subject, brand, wanted.clone(), once).await;
    made.map(|made| read(&made)).map_err(|error| match error {
        Error::Unfit(_) => refused(error, &wanted).into(),
        other => other.into(),
    })
}

/// What `bloom_search_user_images` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Search {
    /// The brand among whose images to look.
    brand_session_id: String,
    /// What to look for, in words.
    #[schemars(length(min = 1, max = 500))]
    query: String,
    /// How many; 10 when left out.
    #[schemars(range(min = 1, max = 50))]
    limit: Option<u32>,
    /// Where the list goes on: the nextCursor of the call before.
    cursor: Option<String>,
    /// How far what is found may be, 0 to 2; 0.7 when left out.
    max_distance: Option<f64>,
}

pub(crate) async fn search(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let Search { brand_session_id, query, limit, cursor, max_distance } = arguments(given)?;
    let (limit, distance) = (limit.unwrap_or(10), max_distance.unwrap_or(0.7));
    let wanted = finding::read(&brand_session_id, &query, limit, distance, cursor)?;
    let found = images::search::search(&caller.app.service, &caller.principal, wanted).await?;
    result(&FoundView::of(query, found))
}

/// What `bloom_upload_image` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Upload {
    /// Where the image lies: an absolute URL. For a file, bloom_create_image_upload_url.
    image_url: String,
    /// The brand that it is of.
    brand_session_id: String,
    /// A name for this call: under the same name the URL is fetched once.
    idempotency_key: Option<String>,
}

/// What `bloom_create_image_upload_url` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateUploads {
    /// The brand that the images are of.
    brand_session_id: String,
    /// How many addresses, one for each file; 1 when left out.
    #[schemars(range(min = 1, max = 10))]
    count: Option<usize>,
}

/// Addresses for files.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Uploads {
    /// Where to send files, one to each: POST multipart/form-data with the file in the field `file`.
    upload_urls: Vec<String>,
    /// Until when they are good.
    expires_at: String,
}

pub(crate) async fn upload(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let asked = asked_for(&given);
    let given: Upload = arguments(given)?;
    let brand = brand_id("brandSessionId", &given.brand_session_id)?;
    let (service, principal) = (&caller.app.service, &caller.principal);
    let (operation, key) = (&operations::IMAGES_UPLOAD, given.idempotency_key.as_deref());
    let once = match caller.once(operation, key, &asked, UploadedView::of).await? {
        Ok(once) => once,
        Err(answer) => return Ok(answer),
    };
    let answer = uploads::upload_from(service, principal, brand, &given.image_url, once).await;
    let answer = answer.map_err(|error| ToolError::from(ApiError::from(error)))?;
    Ok(read(&answer))
}

pub(crate) async fn create_uploads(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let given: CreateUploads = arguments(given)?;
    let brand = brand_id("brandSessionId", &given.brand_session_id)?;
    let (service, principal) = (&caller.app.service, &caller.principal);
    let made = uploads::allow(service, principal, brand, given.count.unwrap_or(1)).await?;
    let origin = caller.app.site.origin();
    let address = |token: &UploadToken| {
        format!("{origin}{API_PATH}/images/uploads/file/signed/{}", token.expose())
    };
    result(&Uploads {
        upload_urls: made.iter().map(|one| address(&one.token)).collect(),
        expires_at: made.first().map(|one| one.expires_at.to_string()).unwrap_or_default(),
    })
}

/// A text that is no id names nothing.
fn id(text: &str) -> Result<ImageId, Error> {
    text.parse().map_err(|_| Error::ImageNotFound)
}

/// All that says what is asked for: members stand in the order of their names.
fn asked_for(given: &JsonObject) -> Vec<u8> {
    let members: BTreeMap<_, _> = given.iter().filter(|(name, _)| *name != KEY).collect();
    serde_json::to_vec(&members).unwrap_or_default()
}

fn read(answer: &idempotency::Answer) -> Value {
    serde_json::from_slice(&answer.bytes).unwrap_or_default()
}
