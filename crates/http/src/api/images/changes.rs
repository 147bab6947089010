//! `POST /images/{id}/…`: an image made of another.

use bloom_domain::images::{MAX_EDIT_REFERENCES, Prompt};
use bloom_service::Error;
use bloom_service::images::changes::{AskedOne, Change, Unfit, change};
use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::words::{ModelWord, RatioWord, SizeWord};
use super::{PendingWord, brand_id, references, unprocessable, usual_size};
use crate::api::admission::Call;
use crate::api::errors::{ApiError, ErrorCode};
use crate::api::json::{Sent, bad_field};
use crate::api::repeated::Given;

/// An image that was asked for.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AskedImage")]
pub(crate) struct AskedOneView {
    /// Its id; the other image stays as it is.
    #[schemars(extend("format" = "uuid"))]
    id: String,
    /// It is on its way: `GET /images/{id}?wait=true` waits for it.
    status: PendingWord,
    /// What draws it, as in an image.
    engine: String,
}

/// What `POST /images/{id}/edit` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EditImage")]
pub(crate) struct Edit {
    /// What to change. Words in quotation marks are set as they are.
    #[schemars(length(min = 1, max = 2_000))]
    prompt: String,
    /// The brand to draw for.
    #[schemars(extend("format" = "uuid"))]
    brand_session_id: String,
    /// How large: 2K costs 1 credit, 4K 2.
    #[serde(default = "usual_size")]
    image_size: SizeWord,
    /// How much effort it is worth. When left out, whatever drew the image changes it.
    #[serde(default)]
    #[schemars(with = "ModelWord")]
    model: Option<ModelWord>,
    /// Images of yours that it may show besides.
    #[serde(default)]
    #[schemars(schema_with = "nine_ids")]
    reference_image_ids: Option<Vec<String>>,
}

/// What `POST /images/{id}/resize` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ResizeImage")]
pub(crate) struct Resize {
    /// The ratio that the new image has.
    target_aspect_ratio: RatioWord,
    /// The brand that the new image is of.
    #[schemars(extend("format" = "uuid"))]
    brand_session_id: String,
}

/// What `POST /images/{id}/remove-background` and `POST /images/{id}/vectorize` take.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RemakeImage")]
pub(crate) struct Remake {
    /// The brand that the new image is of.
    #[schemars(extend("format" = "uuid"))]
    brand_session_id: String,
}

impl AskedOneView {
    pub(crate) fn of(asked: &AskedOne) -> Self {
        Self {
            id: asked.id.to_string(),
            status: PendingWord::Pending,
            engine: asked.engine.clone(),
        }
    }
}

fn nine_ids(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "maxItems": 9, "items": { "type": "string", "format": "uuid" } })
}

impl Sent for Edit {}
impl Sent for Resize {}
impl Sent for Remake {}

pub(crate) async fn edit(call: Call, sent: Edit) -> Result<Given, ApiError> {
    let prompt =
        Prompt::parse(&sent.prompt).map_err(|error| bad_field("prompt", &error.to_string()))?;
    let references =
        references(sent.reference_image_ids.as_deref().unwrap_or_default(), MAX_EDIT_REFERENCES)?;
    let model = sent.model.map(Into::into);
    let wanted = Change::Edit { prompt, size: sent.image_size.into(), model, references };
    asked(call, &sent.brand_session_id, wanted).await
}

pub(crate) async fn resize(call: Call, sent: Resize) -> Result<Given, ApiError> {
    let wanted = Change::Resize { ratio: sent.target_aspect_ratio.into() };
    asked(call, &sent.brand_session_id, wanted).await
}

pub(crate) async fn remove_background(call: Call, sent: Remake) -> Result<Given, ApiError> {
    asked(call, &sent.brand_session_id, Change::RemoveBackground).await
}

pub(crate) async fn vectorize(call: Call, sent: Remake) -> Result<Given, ApiError> {
    asked(call, &sent.brand_session_id, Change::Vectorize).await
}

async fn asked(mut call: Call, brand: &str, wanted: Change) -> Result<Given, ApiError> {
    let brand = brand_id("brandSessionId", brand)?;
    let subject = call.uuid().await?;
    let once = call.once(StatusCode::ACCEPTED, AskedOneView::of);
    let (service, principal) = (&call.app.service, &call.principal);
    let answer = change(service, principal, subject, brand, wanted.clone(), once).await;
    answer.map(Given).map_err(|error| refused(error, &wanted))
}

/// The contract has other words for an edit than for the rest.
pub(crate) fn refused(error: Error, wanted: &Change) -> ApiError {
    let Error::Unfit(unfit) = error else { return unprocessable(error) };
    let is_edit = matches!(wanted, Change::Edit { .. });
    let (code, message) = match (unfit, is_edit) {
        (Unfit::NotFound, true) => (
            ErrorCode::EditSubjectNotFound,
            "You have no such image. GET /api/v1/images lists yours.",
        ),
        (Unfit::NotFound, false) => {
            (ErrorCode::ImageNotFound, "You have no such image. GET /api/v1/images lists yours.")
        }
        (Unfit::NotCompleted, true) => (
            ErrorCode::EditSubjectNotCompleted,
            "The image is not there yet, or failed. GET /api/v1/images/{id}?wait=true waits for it.",
        ),
        (Unfit::NotCompleted, false) => (
            ErrorCode::ImageNotCompleted,
            "The image is not there yet, or failed. GET /api/v1/images/{id}?wait=true waits for it.",
        ),
        (Unfit::NoFile, true) => {
            (ErrorCode::EditSubjectNoStoragePath, "The image has no file. Take another.")
        }
        (Unfit::SameRatio, _) => {
            (ErrorCode::SameAspectRatio, "The image has that ratio already. Send another.")
        }
        (Unfit::TooSmall, _) => {
            (ErrorCode::ImageTooSmall, "The image is too small to be traced. Take a larger one.")
        }
        (Unfit::NoBrand, _) => (
            ErrorCode::SessionNotFound,
            "brandSessionId: You have no such brand. GET /api/v1/brands lists yours.",
        ),
        (Unfit::NoFile, false) => (not_fit(wanted), "The image has no file. Take another."),
        (Unfit::OfThatKind, _) => (
            not_fit(wanted),
            "That cannot be made of this image: it has no pixels, but paths. Take one in pixels.",
        ),
    };
    ApiError::new(code, message)
}

fn not_fit(wanted: &Change) -> ErrorCode {
    match wanted {
        Change::Resize { .. } | Change::Edit { .. } => ErrorCode::ImageNotResizable,
        Change::RemoveBackground => ErrorCode::ImageNotRemovableBackground,
        Change::Vectorize => ErrorCode::ImageNotVectorizable,
    }
}
