//! `/brands`: brands read from a site.

mod endpoints;
mod views;

use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use bloom_domain::brands::Brand;
use bloom_domain::ids::BrandId;
use bloom_domain::uploads::UploadToken;
use bloom_domain::workspaces::WorkspaceChoice;
use bloom_service::brands::{self, Asker, Wishes, logos, uploads};
use bloom_service::{Error, Principal};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::admission::Call;
use super::endpoints::{LIMIT, TIMEOUT};
use super::envelope::{Data, json, write_data};
use super::errors::{ApiError, ErrorCode};
use super::files;
use super::json::Sent;
use super::repeated::Given;
use crate::app::App;
use crate::sender::Sender;
pub(super) use endpoints::all as endpoints;
pub(crate) use views::{
    BeginningView, BrandView, BrandsView, DeletedBrandView, logo_origin, logo_url, told,
};

/// The largest file of a logo.
const MAX_LOGO: usize = 5 * 1024 * 1024;

/// What is asked for of a new brand.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "NewBrandRequest")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Create {
    /// The page that it is read from: an absolute URL.
    #[schemars(extend("format" = "uri"))]
    url: String,
    /// The team workspace that it belongs to. Left out: the personal workspace.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    workspace_id: Option<String>,
    /// Where its logo lies. Left out: it is looked for on the page.
    #[serde(default)]
    #[schemars(with = "String", extend("format" = "uri"))]
    logo_url: Option<String>,
    /// Whether the page's images come into the library.
    #[serde(default = "yes")]
    collect_images: bool,
}

fn yes() -> bool {
    true
}

impl Sent for Create {}

/// Where the logo of a brand lies.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "LogoRequest")]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateLogo {
    /// An absolute URL.
    #[schemars(extend("format" = "uri"))]
    logo_url: String,
}

impl Sent for UpdateLogo {}

/// The workspace that a text names, or the personal one. A text that is no id names none.
pub(crate) fn choice(workspace_id: Option<&str>) -> Result<WorkspaceChoice, Error> {
    workspace_id.map_or(Ok(WorkspaceChoice::Personal), |id| {
        id.parse().map(WorkspaceChoice::Team).map_err(|_| Error::WorkspaceNotFound)
    })
}

/// A page of the brands within reach.
pub(crate) async fn page(
    app: &App,
    principal: &Principal,
    workspace_id: Option<&str>,
    cursor: Option<&str>,
    limit: Option<u32>,
) -> Result<BrandsView, Error> {
    let workspace = workspace_id.map(|id| choice(Some(id))).transpose()?;
    let limit = limit.unwrap_or(LIMIT.default()) as usize;
    let page = brands::list(&app.service, principal, workspace, (cursor, limit)).await?;
    Ok(page.into())
}

/// A brand, once it has been read or the time is over.
pub(crate) async fn one(
    app: &App,
    principal: &Principal,
    id: BrandId,
    wait: Option<Duration>,
) -> Result<BrandView, Error> {
    let found = brands::get(&app.service, principal, id, wait).await?;
    BrandView::of(app, &found)
}

pub(crate) async fn list(call: Call) -> Result<Data, ApiError> {
    let query = call.query();
    let limit = query.integer("limit", &LIMIT.bounds())?;
    let (workspace, cursor) = (query.optional("workspaceId")?, query.optional("cursor")?);
    let page = page(&call.app, &call.principal, workspace.as_deref(), cursor.as_deref(), limit);
    Ok(Data::new(&page.await?))
}

pub(crate) async fn create(mut call: Call, sent: Create) -> Result<Given, ApiError> {
    let wishes = sent.wishes()?;
    let asker = Asker::with_credential(&call.app.service, &call.principal, &call.sender())?;
    let once = call.once(StatusCode::ACCEPTED, |brand: &Brand| BeginningView::of(brand));
    let made = brands::create(&call.app.service, asker, &wishes, once).await;
    made.map(Given).map_err(|error| ApiError::from(error).with_internal_error())
}

impl Create {
    fn wishes(self) -> Result<Wishes, Error> {
        Ok(Wishes {
            workspace: choice(self.workspace_id.as_deref())?,
            url: self.url,
            logo_url: self.logo_url,
            collects_images: self.collect_images,
        })
    }
}

pub(crate) async fn get(mut call: Call) -> Result<Data, ApiError> {
    let query = call.query();
    let timeout = query.integer("timeout", &TIMEOUT.bounds())?.unwrap_or(TIMEOUT.default());
    let wait = query.flag("wait")?.then(|| Duration::from_secs(timeout.into()));
    let id = call.uuid().await?;
    Ok(Data::new(&one(&call.app, &call.principal, id, wait).await?))
}

pub(crate) async fn delete(mut call: Call) -> Result<Data, ApiError> {
    let id = call.uuid().await?;
    let asker = Asker::with_credential(&call.app.service, &call.principal, &call.sender())?;
    let deleted = brands::delete(&call.app.service, asker, id).await?;
    Ok(Data::new(&DeletedBrandView::from(&deleted)))
}

pub(crate) async fn update_logo(mut call: Call, sent: UpdateLogo) -> Result<Response, ApiError> {
    let id = call.uuid().await?;
    let asker = Asker::with_credential(&call.app.service, &call.principal, &call.sender())?;
    let brand = logos::choose_url(&call.app.service, asker, id, &sent.logo_url).await?;
    Ok(begun(&brand))
}

pub(crate) async fn upload_logo(mut call: Call) -> Result<Response, ApiError> {
    let id = call.uuid().await?;
    let form = files::form(&mut call.request, MAX_LOGO, too_large).await?;
    let file = files::file(&form)?.to_vec();
    let asker = Asker::with_credential(&call.app.service, &call.principal, &call.sender())?;
    let brand = logos::choose_file(&call.app.service, asker, id, file).await?;
    Ok(begun(&brand))
}

/// No credential is read here: the token in the path is what lets somebody in.
pub(crate) async fn upload_logo_signed(
    State(app): State<App>,
    path: Result<Path<(String, String)>, PathRejection>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let bad = || ApiError::new(ErrorCode::BadRequest, "id: this is no UUID.");
    let Path((id, token)) = path.map_err(|_| bad())?;
    let id: BrandId = id.parse().map_err(|_| bad())?;
    let token = UploadToken::parse(&token).ok_or(Error::UploadTokenSpent)?;
    // Nobody sends megabytes in vain, and nobody makes us read them.
    uploads::anonymous_may_upload_logo(&app.service, id, &token).await?;
    let sender = Sender::of(&app, request.headers(), request.extensions()).kept();
    let form = files::form(&mut request, MAX_LOGO, too_large).await?;
    let file = files::file(&form)?.to_vec();
    let uploaded = uploads::anonymous_upload_logo(&app.service, &sender, id, &token, file);
    Ok(begun(&uploaded.await?))
}

fn too_large() -> ApiError {
    let message = "The logo is larger than 5 MiB. Send a smaller one.";
    ApiError::new(ErrorCode::InvalidLogo, message)
}

fn begun(brand: &Brand) -> Response {
    json(StatusCode::ACCEPTED, write_data(&BeginningView::of(brand)))
}
