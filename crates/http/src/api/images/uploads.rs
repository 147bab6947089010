//! `POST /images/uploads…`: images that somebody brings.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use bloom_domain::uploads::UploadToken;
use bloom_service::Error;
use bloom_service::images::uploads::{
    Brought, MAX_BYTES, anonymous_may_upload, anonymous_upload, upload as keep, upload_from,
};
use bloom_service::operations::IMAGES_UPLOAD_FILE;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{brand_id, unprocessable};
use crate::api::admission::Call;
use crate::api::envelope::Data;
use crate::api::errors::{ApiError, ErrorCode};
use crate::api::files;
use crate::api::json::{Sent, bad_field};
use crate::api::repeated::{self, Given, Read};
use crate::app::App;

/// An image that was brought.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UploadedImage")]
pub(crate) struct UploadedView {
    /// Its id.
    #[schemars(extend("format" = "uuid"))]
    id: String,
    /// Where its bytes are, for whoever has this URL.
    #[schemars(extend("format" = "uri"))]
    image_url: String,
    /// Its width in pixels.
    width: i64,
    /// Its height in pixels.
    height: i64,
    /// What it is kept as.
    mime_type: String,
    /// Whether the brand had the same file before: then this is that one.
    existing: bool,
}

impl UploadedView {
    pub(crate) fn of(brought: &Brought) -> Self {
        Self {
            id: brought.id.to_string(),
            image_url: brought.url.clone(),
            width: brought.size.0,
            height: brought.size.1,
            mime_type: brought.media_type.clone(),
            existing: brought.is_known,
        }
    }
}

/// What `POST /images/uploads` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UploadImage")]
pub(crate) struct Upload {
    /// Where the image lies: an absolute URL.
    #[schemars(extend("format" = "uri"))]
    image_url: String,
    /// The brand that it is of.
    #[schemars(extend("format" = "uuid"))]
    brand_session_id: String,
}

impl Sent for Upload {}

pub(crate) async fn upload(mut call: Call, sent: Upload) -> Result<Given, ApiError> {
    let brand = brand_id("brandSessionId", &sent.brand_session_id)?;
    let once = call.once(StatusCode::OK, UploadedView::of);
    let (service, principal) = (&call.app.service, &call.principal);
    Ok(Given(upload_from(service, principal, brand, &sent.image_url, once).await?))
}

pub(crate) async fn upload_file(call: Call) -> Result<Given, ApiError> {
    let read = repeated::read_form(call, &IMAGES_UPLOAD_FILE, MAX_BYTES, too_large).await?;
    let (mut call, form) = match read {
        Read::New(call, form) => (call, form),
        Read::Done(answer) => return Ok(answer),
    };
    let named = form.iter().find(|part| part.name == "brandSessionId");
    let named = named.and_then(|part| std::str::from_utf8(&part.bytes).ok());
    let named = named.ok_or_else(|| {
        bad_field("brandSessionId", "The form has no such field. Send the id of a brand in it.")
    })?;
    let brand = brand_id("brandSessionId", named.trim())?;
    let file = files::file(&form)?.to_vec();
    let once = call.once(StatusCode::OK, UploadedView::of);
    let kept = keep(&call.app.service, &call.principal, brand, file, once).await;
    Ok(Given(kept.map_err(unprocessable)?))
}

/// No credential is read here: the token in the path is what lets somebody in.
pub(crate) async fn upload_file_signed(
    State(app): State<App>,
    path: Result<Path<String>, PathRejection>,
    mut request: Request,
) -> Result<Data, ApiError> {
    let token = path.ok().and_then(|Path(token)| UploadToken::parse(&token));
    let token = token.ok_or(Error::UploadTokenSpent)?;
    // Nobody sends megabytes in vain, and nobody makes us read them.
    anonymous_may_upload(&app.service, &token).await?;
    let form = files::form(&mut request, MAX_BYTES, too_large).await?;
    let file = files::file(&form)?.to_vec();
    let brought = anonymous_upload(&app.service, &token, file).await?;
    Ok(Data::new(&UploadedView::of(&brought)))
}

fn too_large() -> ApiError {
    ApiError::new(ErrorCode::FileTooLarge, "The image is larger than 20 MiB. Send a smaller one.")
}
