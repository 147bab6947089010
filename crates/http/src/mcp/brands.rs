//! The tools of brands.

use std::time::Duration;

use bloom_domain::brands::Brand;
use bloom_domain::ids::BrandId;
use bloom_service::brands::{self, Wishes, logos, uploads};
use bloom_service::operations;
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::tools::{Caller, ToolError, arguments, result};
use crate::api::brands::{
    BeginningView, BrandView, BrandsView, DeletedBrandView, choice, one, page,
};
use crate::face::API_PATH;

/// For how many seconds a tool waits when it is asked to.
const WAIT: u32 = 120;

/// What onboarding takes.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Onboard {
    /// The page that the brand is read from: an absolute URL, best the site's front page.
    url: String,
    /// The team workspace that it belongs to. Left out: the personal workspace.
    workspace_id: Option<String>,
    /// Where the logo lies, if the person said so. Left out: it is looked for on the page.
    logo_url: Option<String>,
    /// Whether the page's images come into the library. Left out: yes.
    collect_images: Option<bool>,
    /// A name of your own for this call, of 1 to 255 visible ASCII characters: for 24 hours the same call under
    /// the same name makes one brand.
    idempotency_key: Option<String>,
}

pub(crate) async fn onboard(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let mut given: Onboard = arguments(given)?;
    let key = given.idempotency_key.take();
    let asked = serde_json::to_vec(&given).unwrap_or_default();
    let wishes = Wishes {
        url: given.url,
        workspace: choice(given.workspace_id.as_deref())?,
        logo_url: given.logo_url,
        collects_images: given.collect_images.unwrap_or(true),
    };
    let operation = &operations::BRANDS_CREATE;
    let once = match caller.once(operation, key.as_deref(), &asked, view).await? {
        Ok(once) => once,
        Err(answer) => return Ok(answer),
    };
    let asker = caller.asker()?;
    let made = brands::create(&caller.app.service, asker, &wishes, once).await?;
    Ok(serde_json::from_slice(&made.bytes).unwrap_or_default())
}

fn view(brand: &Brand) -> BeginningView {
    BeginningView::of(brand)
}

/// What asking for one brand takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Get {
    /// The brand's id.
    brand_id: String,
    /// Whether to answer only once the brand has been read.
    #[serde(default)]
    wait: bool,
    /// For how many seconds to wait at most, 1 to 295. Left out: 120.
    timeout: Option<u32>,
}

pub(crate) async fn get(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let given: Get = arguments(given)?;
    let timeout = given.timeout.unwrap_or(WAIT);
    if !(1..=295).contains(&timeout) {
        return Err(ToolError::Arguments("timeout is not from 1 to 295.".to_owned()));
    }
    let wait = given.wait.then(|| Duration::from_secs(timeout.into()));
    let id = id(&given.brand_id)?;
    result::<BrandView>(&one(&caller.app, &caller.principal, id, wait).await?)
}

/// What listing takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct List {
    /// Only the brands of this team workspace. Left out: of all workspaces.
    workspace_id: Option<String>,
    /// nextCursor of the answer before, for the next ones.
    cursor: Option<String>,
    /// How many, 1 to 100. Left out: 50.
    limit: Option<u32>,
}

pub(crate) async fn list(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let given: List = arguments(given)?;
    if given.limit.is_some_and(|limit| !(1..=100).contains(&limit)) {
        return Err(ToolError::Arguments("limit is not from 1 to 100.".to_owned()));
    }
    let (workspace, cursor) = (given.workspace_id.as_deref(), given.cursor.as_deref());
    let page = page(&caller.app, &caller.principal, workspace, cursor, given.limit);
    result::<BrandsView>(&page.await?)
}

/// What is about one brand and nothing more.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OfBrand {
    /// The brand's id.
    brand_id: String,
}

pub(crate) async fn delete(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let OfBrand { brand_id } = arguments(given)?;
    let deleted = brands::delete(&caller.app.service, caller.asker()?, id(&brand_id)?).await?;
    result(&DeletedBrandView::from(&deleted))
}

/// What choosing a logo takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateLogo {
    /// The brand's id.
    brand_id: String,
    /// Where the logo lies: an absolute URL of a PNG, JPEG, WebP, GIF or SVG.
    logo_url: String,
}

pub(crate) async fn update_logo(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let given: UpdateLogo = arguments(given)?;
    let id = id(&given.brand_id)?;
    let chosen = logos::choose_url(&caller.app.service, caller.asker()?, id, &given.logo_url);
    result(&BeginningView::of(&chosen.await?))
}

/// Where a logo can be uploaded to.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UploadView {
    /// Where the file is sent to, in the field `file` of a `multipart/form-data` body. It lets whoever has it
    /// upload one logo.
    upload_url: String,
    /// How: `PUT`.
    method: &'static str,
    /// The field of the form that holds the file.
    field: &'static str,
    /// Until when it is good.
    #[schemars(extend("format" = "date-time"))]
    expires_at: String,
    /// The same as a command for a shell.
    curl: String,
}

pub(crate) async fn create_upload(caller: &Caller, given: JsonObject) -> Result<Value, ToolError> {
    let OfBrand { brand_id } = arguments(given)?;
    let id = id(&brand_id)?;
    let upload = uploads::allow_logo(&caller.app.service, caller.asker()?, id).await?;
    let origin = caller.app.site.origin();
    let token = upload.token.expose();
    let upload_url = format!("{origin}{API_PATH}/brands/{id}/logo/file/signed/{token}");
    result(&UploadView {
        curl: format!("curl -X PUT -F file=@logo.png '{upload_url}'"),
        upload_url,
        method: "PUT",
        field: "file",
        expires_at: upload.expires_at.to_string(),
    })
}

/// What is no id names no brand.
fn id(text: &str) -> Result<BrandId, ToolError> {
    text.parse().map_err(|_| bloom_service::Error::BrandNotFound.into())
}
