//! Brands as the API and the tools show them.

use bloom_domain::brands::{Brand, BrandStatus, Failure, FailureCode};
use bloom_domain::workspaces::{Workspace, WorkspaceKind};
use bloom_service::Error;
use bloom_service::brands::{
    BY_HAND, Finding, Findings, Found, Listed, Page, Pair, Profile, Swatch, Typeface, logos,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;

/// How far a brand is known.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[schemars(rename = "BrandStatus")]
#[serde(rename_all = "snake_case")]
enum StatusView {
    /// Its page is being read.
    Analyzing,
    /// Everything is there to draw with.
    Ready,
    /// All is there but a logo, which somebody has to bring.
    LogoRequired,
    /// Its page could not be read.
    Failed,
}

impl From<&BrandStatus> for StatusView {
    fn from(status: &BrandStatus) -> Self {
        match status {
            BrandStatus::Analyzing => Self::Analyzing,
            BrandStatus::Ready => Self::Ready,
            BrandStatus::LogoRequired => Self::LogoRequired,
            BrandStatus::Failed(_) => Self::Failed,
        }
    }
}

/// Why a page could not be read.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BrandFailure")]
pub(crate) struct FailureView {
    /// For a program. `INVALID_URL`: nothing is read from there; add the brand with another URL. `SCRAPE_FAILED`: the
    /// page could not be fetched; see that it opens without a sign-in, and add the brand again. `INSTAGRAM_FETCH_FAILED`:
    /// take the brand's own site. `VISUAL_DNA_FAILED`: nothing of a brand was found; name another page.
    /// `INTERNAL_ERROR`: the server failed; add the brand again.
    code: FailureCodeView,
    /// What is wrong and what to do.
    message: String,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[schemars(rename = "BrandFailureCode")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum FailureCodeView {
    InvalidUrl,
    ScrapeFailed,
    InstagramFetchFailed,
    InternalError,
    VisualDnaFailed,
}

impl From<&Failure> for FailureView {
    fn from(failure: &Failure) -> Self {
        let code = match failure.code {
            FailureCode::InvalidUrl => FailureCodeView::InvalidUrl,
            FailureCode::ScrapeFailed => FailureCodeView::ScrapeFailed,
            FailureCode::InstagramFetchFailed => FailureCodeView::InstagramFetchFailed,
            FailureCode::Internal => FailureCodeView::InternalError,
            FailureCode::VisualDnaFailed => FailureCodeView::VisualDnaFailed,
        };
        Self { code, message: told(failure) }
    }
}

/// What people are told of a failure.
pub(crate) fn told(failure: &Failure) -> String {
    let detail = &failure.detail;
    match failure.code {
        FailureCode::InvalidUrl => {
            format!(
                "The URL leads to no page that is read: {detail}. Make the brand anew with another."
            )
        }
        FailureCode::ScrapeFailed => format!(
            "The page could not be fetched: {detail}. Look whether it opens without a sign-in, and try again."
        ),
        FailureCode::InstagramFetchFailed => {
            format!("{detail}. Use the brand's own site instead, or bring the logo by hand.")
        }
        FailureCode::Internal => format!("Something went wrong: {detail}. Try again."),
        FailureCode::VisualDnaFailed => {
            format!(
                "The page was fetched, but {detail}. Bring the logo by hand, or name another page."
            )
        }
    }
}

/// Where a brand belongs.
fn workspace_id(workspace: &Workspace) -> Option<String> {
    (workspace.kind == WorkspaceKind::Team).then(|| workspace.id.to_string())
}

/// A brand that begins to be read, or goes on with another logo.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BrandBeginning")]
pub(crate) struct BeginningView {
    /// Its id.
    #[schemars(extend("format" = "uuid"))]
    id: String,
    /// How far it is.
    status: StatusView,
}

impl BeginningView {
    pub(crate) fn of(brand: &Brand) -> Self {
        Self { id: brand.id.to_string(), status: (&brand.status).into() }
    }
}

/// Brands.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Brands")]
#[serde(rename_all = "camelCase")]
pub(crate) struct BrandsView {
    /// The newest first.
    brands: Vec<BrandLineView>,
    /// What `cursor` takes for the next ones; `null` when there are none.
    next_cursor: Option<String>,
    /// Whether there are more.
    has_more: bool,
}

/// A brand in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BrandLine")]
#[serde(rename_all = "camelCase")]
struct BrandLineView {
    /// Its id.
    #[schemars(extend("format" = "uuid"))]
    id: String,
    /// What it is called.
    name: String,
    /// The page that it is read from.
    url: String,
    /// How far it is known.
    status: StatusView,
    /// How many images of it are in the library.
    image_count: i64,
    /// The team workspace that it belongs to; `null` for the personal one.
    workspace_id: Option<String>,
    /// What that is called.
    workspace_name: String,
    /// When it was made.
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
}

impl From<Listed> for BrandLineView {
    fn from(Listed { brand, workspace }: Listed) -> Self {
        Self {
            id: brand.id.to_string(),
            name: brand.name,
            url: brand.url,
            status: (&brand.status).into(),
            image_count: brand.image_count,
            workspace_id: workspace_id(&workspace),
            workspace_name: workspace.name,
            created_at: brand.created_at.to_string(),
        }
    }
}

impl From<Page> for BrandsView {
    fn from(page: Page) -> Self {
        Self {
            has_more: page.next.is_some(),
            brands: page.brands.into_iter().map(Into::into).collect(),
            next_cursor: page.next,
        }
    }
}

/// A brand that was deleted.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeletedBrand")]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletedBrandView {
    /// Its id.
    #[schemars(extend("format" = "uuid"))]
    id: String,
    /// What it was called.
    name: String,
    /// The team workspace that it belonged to; `null` for the personal one.
    workspace_id: Option<String>,
    /// What that is called.
    workspace_name: String,
}

impl From<&Found> for DeletedBrandView {
    fn from(Found { brand, workspace }: &Found) -> Self {
        Self {
            id: brand.id.to_string(),
            name: brand.name.clone(),
            workspace_id: workspace_id(workspace),
            workspace_name: workspace.name.clone(),
        }
    }
}

/// A brand.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Brand")]
#[serde(rename_all = "camelCase")]
pub(crate) struct BrandView {
    /// Its id.
    #[schemars(extend("format" = "uuid"))]
    id: String,
    /// How far it is known.
    status: StatusView,
    /// Why its page could not be read; `null` unless it `failed`.
    failure: Option<FailureView>,
    /// What it is called.
    name: String,
    /// The page that it is read from.
    url: String,
    /// Where its logo can be fetched, until it has another.
    logo_url: Option<String>,
    /// Why the last logo that somebody chose was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    logo_error: Option<String>,
    /// Its colours as `#rrggbb`, the most important first.
    colors: Vec<String>,
    /// Its typefaces by name, that of headings first.
    fonts: Vec<String>,
    /// How it looks and speaks, in a few words.
    aesthetic: Option<String>,
    /// What it is.
    summary: Option<String>,
    /// The team workspace that it belongs to; `null` for the personal one.
    workspace_id: Option<String>,
    /// What that is called.
    workspace_name: String,
    /// When it was made.
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
    /// Everything that is known of it, with where it was found and how sure that makes us.
    findings: FindingsView,
}

/// Something that is known.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Finding")]
struct FindingView {
    /// What.
    value: String,
    /// Where it was found, or that it was set by hand.
    source: String,
    /// How sure that makes us, 0 to 1.
    confidence: f64,
}

/// A colour that is known.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FoundColor")]
struct ColorView {
    /// The colour as `#rrggbb`.
    value: String,
    /// What the brand uses it for.
    role: &'static str,
    /// Where it was found, or that it was set by hand.
    source: String,
    /// How sure that makes us, 0 to 1.
    confidence: f64,
}

/// Two colours on each other.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ColorPair")]
struct PairView {
    /// The text's colour.
    text: String,
    /// The ground's.
    ground: String,
    /// Their contrast, 1 to 21.
    contrast: f64,
}

/// A typeface that is known.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FoundFont")]
struct FontView {
    /// As the page names it.
    value: String,
    /// The bundled one that images are set in.
    bundled: &'static str,
    /// Where it was found, or that it was set by hand.
    source: String,
    /// How sure that makes us, 0 to 1.
    confidence: f64,
}

/// Everything that is known of a brand.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BrandFindings")]
#[serde(rename_all = "camelCase")]
struct FindingsView {
    /// What it is called.
    name: FindingView,
    /// Its logo: where it can be fetched, until the brand has another.
    logo: Option<FindingView>,
    /// Its colours, the most important first.
    colors: Vec<ColorView>,
    /// How its colours read on each other.
    pairs: Vec<PairView>,
    /// The typeface of its headings.
    heading_font: Option<FontView>,
    /// The typeface of its text.
    body_font: Option<FontView>,
    /// Words for how it looks and speaks.
    aesthetic: Vec<FindingView>,
    /// What it says it is.
    summary: Option<FindingView>,
    /// Whether the page shows nearly nothing without running its scripts, so that little could be found.
    needs_a_browser: bool,
}

/// To two digits: a `f32` that is written out looks surer than it is.
fn rounded(number: f32) -> f64 {
    (f64::from(number) * 100.0).round() / 100.0
}

fn finding(found: &Finding<String>) -> FindingView {
    FindingView {
        value: found.value.clone(),
        source: found.source.clone(),
        confidence: rounded(found.confidence),
    }
}

fn font(found: &Finding<Typeface>) -> FontView {
    FontView {
        value: found.value.named.clone(),
        bundled: found.value.bundled.name(),
        source: found.source.clone(),
        confidence: rounded(found.confidence),
    }
}

impl From<&Findings> for FindingsView {
    fn from(known: &Findings) -> Self {
        let color = |found: &Finding<Swatch>| ColorView {
            value: found.value.colour.hex(),
            role: found.value.role.as_str(),
            source: found.source.clone(),
            confidence: rounded(found.confidence),
        };
        let pair = |pair: &Pair| PairView {
            text: pair.text.hex(),
            ground: pair.ground.hex(),
            contrast: rounded(pair.contrast),
        };
        Self {
            name: finding(&known.name),
            logo: None,
            colors: known.palette.iter().map(color).collect(),
            pairs: known.pairs.iter().map(pair).collect(),
            heading_font: known.heading_font.as_ref().map(font),
            body_font: known.body_font.as_ref().map(font),
            aesthetic: known.aesthetic.iter().map(finding).collect(),
            summary: known.summary.as_ref().map(finding),
            needs_a_browser: known.needs_a_browser,
        }
    }
}

impl BrandView {
    pub(crate) fn of(app: &App, Found { brand, workspace }: &Found) -> Result<Self, Error> {
        let known = Profile::of(brand)?.known;
        let mut fonts: Vec<String> = [&known.heading_font, &known.body_font]
            .into_iter()
            .flatten()
            .map(|font| font.value.named.clone())
            .collect();
        fonts.dedup();
        let words: Vec<_> = known.aesthetic.iter().map(|word| word.value.as_str()).collect();
        Ok(Self {
            id: brand.id.to_string(),
            status: (&brand.status).into(),
            failure: brand.status.failure().map(Into::into),
            name: brand.name.clone(),
            url: brand.url.clone(),
            logo_url: logo_url(app, brand),
            logo_error: brand.logo_error.clone(),
            colors: known.palette.iter().map(|found| found.value.colour.hex()).collect(),
            fonts,
            aesthetic: (!words.is_empty()).then(|| words.join(", ")),
            summary: known.summary.as_ref().map(|found| found.value.clone()),
            workspace_id: workspace_id(workspace),
            workspace_name: workspace.name.clone(),
            created_at: brand.created_at.to_string(),
            findings: FindingsView { logo: logo(app, brand, &known), ..FindingsView::from(&known) },
        })
    }
}

/// The logo of a brand as something that is known.
fn logo(app: &App, brand: &Brand, known: &Findings) -> Option<FindingView> {
    let value = logo_url(app, brand)?;
    let (source, confidence) = logo_origin(brand, known)?;
    Some(FindingView { value, source, confidence: rounded(confidence) })
}

/// Where the logo of a brand is from, and how sure that makes us. What was found before that was written down is not
/// known any more.
pub(crate) fn logo_origin(brand: &Brand, known: &Findings) -> Option<(String, f32)> {
    if brand.logo.as_ref()?.is_chosen {
        return Some((BY_HAND.to_owned(), 1.0));
    }
    known.logo.as_ref().map(|found| (found.source.clone(), found.confidence))
}

/// Where the logo of a brand can be fetched.
pub(crate) fn logo_url(app: &App, brand: &Brand) -> Option<String> {
    let address = logos::address(&app.service, brand)?;
    let origin = app.site.files_origin().unwrap_or(app.site.origin());
    Some(format!("{origin}{}/{address}", crate::logos::PATH))
}
