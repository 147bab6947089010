//! `/brands`: brands, what is known of each, and what people set in its place.

mod corrections;

use std::fmt::Debug;

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::brands::{BrandStatus, SiteUrl};
use bloom_domain::ids::BrandId;
use bloom_domain::workspaces::{Workspace, WorkspaceChoice, WorkspaceKind};
use bloom_service::brands::{self, Asker, ColourRole, Found, Listed, Profile, Wishes, logos};
use bloom_service::{Error, SignedIn, workspaces};
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::moment::moment;
use super::views::{BrandPage, BrandRow, BrandState, Brands, Field, WorkspaceOption};
use super::{Segment, page, redirect, seen};
use crate::api::brands::{logo_origin, logo_url, told};
use crate::api::query::Query;
use crate::app::App;

/// How many brands a page shows.
const PAGE: usize = 30;
/// The largest file of a logo.
const MAX_LOGO: usize = 5 * 1024 * 1024;
/// The part of an address that says what was done.
const DONE: &str = "done";
/// That a logo was chosen.
const LOGO: &str = "logo";
/// The part of an address that says where the logo is fetched.
const ADDRESS: &str = "address";
/// What stands for the personal workspace in the form.
const PERSONAL: &str = "personal";

/// The list; a stranger signs in first.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let person = match browser.require_person() {
        Err(PageError::SignedOut) => return Ok(redirect("/sign-in?next=/brands")),
        person => person?,
    };
    let query = Query(request.uri().query().unwrap_or_default());
    let before = query.optional("before").ok().flatten().and_then(|id| id.parse().ok());
    let deleted = query.optional("deleted").ok().flatten().is_some();
    let view = Brands {
        done: deleted.then(|| "The brand is deleted.".to_owned()),
        ..list(&app, &browser, person, before).await?
    };
    Ok(page(StatusCode::OK, &view))
}

/// Makes a brand.
pub(crate) async fn create(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let typed = form.text("url").trim();
    // People leave out what every address begins with.
    let url = match typed.contains("://") || typed.is_empty() {
        true => typed.to_owned(),
        false => format!("https://{typed}"),
    };
    let workspace = match form.text("workspace") {
        "" | PERSONAL => WorkspaceChoice::Personal,
        id => WorkspaceChoice::Team(id.parse().map_err(|_| PageError::NotFound)?),
    };
    let wishes = Wishes { url, workspace, logo_url: None, collects_images: true };
    match brands::create_at_browser(&app.service, person, &wishes).await {
        Ok(brand) => Ok(redirect(&path(brand.id))),
        Err(Error::InvalidUrl(_)) => {
            let error = match (typed, SiteUrl::parse(&wishes.url)) {
                ("", _) => "Enter the address of a site, such as example.com.",
                // It is an address, but of a page that is not read.
                (_, Some(_)) => {
                    "Of Instagram only profiles are read, such as https://www.instagram.com/name."
                }
                (_, None) => {
                    "This is no address of a site. Enter one such as example.com or https://www.example.com."
                }
            };
            let url = Field { value: typed.to_owned(), error: Some(error.to_owned()) };
            let view = Brands { url, ..list(&app, &browser, person, None).await? };
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
        Err(error) => Err(error.into()),
    }
}

/// One brand.
pub(crate) async fn show_one(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let id: BrandId = super::id(id)?;
    let person = match browser.require_person() {
        Err(PageError::SignedOut) => return Ok(redirect(&format!("/sign-in?next={}", path(id)))),
        person => person?,
    };
    let found = brands::show(&app.service, person, id).await?;
    let query = Query(request.uri().query().unwrap_or_default());
    let asked = |name| query.optional(name).ok().flatten();
    let done = asked(DONE).and_then(|done| sentence(&done)).map(str::to_owned);
    let mut view = BrandPage { done, ..one(&app, &browser, &found)? };
    let (is_wanted, refused) = (found.brand.wanted_logo.is_some(), &found.brand.logo_error);
    // The logo was only asked for: what became of it is told once that is known.
    if asked(DONE).as_deref() == Some(LOGO) && (is_wanted || refused.is_some()) {
        view.done = None;
    }
    let typed = asked(ADDRESS).filter(|typed| SiteUrl::parse(typed).is_some());
    if let (false, Some(typed), Some(why)) = (is_wanted, typed, refused) {
        let error = Some(not_taken(why));
        // It stands beside its field, not above the page as well.
        view.trouble = view.trouble.filter(|trouble| Some(trouble) != error.as_ref());
        view.logo_url = Field { value: typed.into_owned(), error };
    }
    Ok(page(StatusCode::OK, &view))
}

/// Sets what is known of it.
pub(crate) async fn correct(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id: BrandId = super::id(id)?;
    let found = brands::show(&app.service, person, id).await?;
    let profile = Profile::of(&found.brand)?;
    let corrections = match corrections::read(&form, &profile.found) {
        Ok(corrections) => corrections,
        Err(refused) => {
            let view = refused.onto(one(&app, &browser, &found)?, &form);
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view));
        }
    };
    // What is so already, a second click perhaps, takes nothing back.
    let saved =
        match seen::is_of(&form, &filled_from(&found)) || corrections.are_of(&found.brand)? {
            true => brands::correct(&app.service, person, &found.brand, corrections).await,
            false => Err(Error::ChangedMeanwhile),
        };
    match saved {
        Ok(()) => Ok(done(id, "saved")),
        Err(Error::ChangedMeanwhile) => {
            let found = brands::show(&app.service, person, id).await?;
            let view = corrections::typed(one(&app, &browser, &found)?, &form);
            let trouble = Some(seen::CHANGED.to_owned());
            Ok(page(StatusCode::CONFLICT, &BrandPage { trouble, ..view }))
        }
        Err(error) => Err(error.into()),
    }
}

/// What the form is filled from.
fn filled_from(Found { brand, .. }: &Found) -> impl Debug {
    (&brand.findings, &brand.corrections)
}

/// Reads its page again.
pub(crate) async fn read_again(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id: BrandId = super::id(id)?;
    brands::read_again(&app.service, person, id).await?;
    Ok(done(id, "reading"))
}

/// Chooses its logo: a file, or the address of one.
pub(crate) async fn choose_logo(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form, file) = Form::read_with_file(&app, request, MAX_LOGO).await?;
    let person = browser.require_person()?;
    let id: BrandId = super::id(id)?;
    let typed = form.text("logo-url").trim();
    let asker = Asker::signed_in(&app.service, person)?;
    let chosen = if !file.is_empty() {
        logos::choose_file(&app.service, asker, id, file.to_vec()).await
    } else if typed.is_empty() {
        Err(Error::InvalidLogo("choose a file, or type the address of one".to_owned()))
    } else {
        logos::choose_url(&app.service, asker, id, typed).await
    };
    match chosen {
        Ok(brand) => match &brand.wanted_logo {
            Some(url) => Ok(redirect(&fetching(id, url))),
            None => Ok(done(id, LOGO)),
        },
        Err(Error::InvalidLogo(why)) => {
            let found = brands::show(&app.service, person, id).await?;
            let error = Some(not_taken(&why));
            let logo_url = Field { value: typed.to_owned(), error };
            let view = BrandPage { logo_url, ..one(&app, &browser, &found)? };
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
        Err(error) => Err(error.into()),
    }
}

/// Deletes it, for whoever types its name.
pub(crate) async fn delete(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id: BrandId = super::id(id)?;
    let found = brands::show(&app.service, person, id).await?;
    let typed = form.text("confirmed");
    if typed.trim() != found.brand.name.trim() {
        let error = Some("This is not its name. Nothing was deleted.".to_owned());
        let confirmed = Field { value: typed.to_owned(), error };
        let view = BrandPage { confirmed, ..one(&app, &browser, &found)? };
        return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view));
    }
    brands::delete(&app.service, Asker::signed_in(&app.service, person)?, id).await?;
    Ok(redirect("/brands?deleted=1"))
}

/// The address of a form, opened like a page.
pub(crate) async fn go_to_it(id: Segment) -> Result<Response, PageError> {
    let id: BrandId = super::id(id)?;
    Ok(redirect(&path(id)))
}

fn path(id: BrandId) -> String {
    format!("/brands/{id}")
}

fn done(id: BrandId, what: &str) -> Response {
    redirect(&format!("{}?{DONE}={what}", path(id)))
}

/// Where to look what became of the logo at an address. The address goes along, so that it stands in its field when
/// nothing became of it: the brand keeps it only until then.
fn fetching(id: BrandId, url: &str) -> String {
    let url = utf8_percent_encode(url, NON_ALPHANUMERIC);
    format!("{}?{DONE}={LOGO}&{ADDRESS}={url}", path(id))
}

fn not_taken(why: &str) -> String {
    format!("The logo was not taken: {why}.")
}

fn sentence(done: &str) -> Option<&'static str> {
    Some(match done {
        "saved" => "Saved. It counts from now on, also when the page is read again.",
        "reading" => "The page is read again.",
        LOGO => "The logo is taken.",
        _ => return None,
    })
}

async fn list(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    before: Option<BrandId>,
) -> Result<Brands, PageError> {
    let (found, has_more) = brands::mine(&app.service, person, before, PAGE).await?;
    let mine = workspaces::mine(&app.service, person).await?;
    let now = app.service.now();
    let row = |Listed { brand, workspace }: &Listed| BrandRow {
        id: brand.id.to_string(),
        name: brand.name.clone(),
        url: brand.url.clone(),
        workspace: workspace.name.clone(),
        state: state(&brand.status),
        created: moment(brand.created_at, now),
    };
    Ok(Brands {
        layout: browser.layout(),
        origin: app.site.origin().to_owned(),
        done: None,
        brands: found.iter().map(row).collect(),
        is_first: before.is_none(),
        older: found.last().filter(|_| has_more).map(|last| last.brand.id.to_string()),
        url: Field::default(),
        workspaces: mine.iter().map(option).collect(),
    })
}

fn option(workspace: &Workspace) -> WorkspaceOption {
    let is_personal = workspace.kind == WorkspaceKind::Personal;
    let id = if is_personal { PERSONAL.to_owned() } else { workspace.id.to_string() };
    WorkspaceOption { id, name: workspace.name.clone(), is_chosen: is_personal }
}

fn state(status: &BrandStatus) -> BrandState {
    match status {
        BrandStatus::Analyzing => BrandState::Analyzing,
        BrandStatus::Ready => BrandState::Ready,
        BrandStatus::LogoRequired => BrandState::LogoRequired,
        BrandStatus::Failed(_) => BrandState::Failed,
    }
}

fn one(app: &App, browser: &Browser, found: &Found) -> Result<BrandPage, PageError> {
    let Found { brand, workspace } = found;
    let known = Profile::of(brand)?.known;
    let trouble = match (&brand.status, &brand.logo_error) {
        (BrandStatus::Failed(failure), _) => Some(format!(
            "{} Read it again, or do without it: with a logo and a colour of your own, below, the brand is ready.",
            told(failure)
        )),
        (_, Some(why)) => Some(not_taken(why)),
        (BrandStatus::LogoRequired, None) => Some(
            "No logo was found on the page. Bring one below, and the brand is ready.".to_owned(),
        ),
        _ => None,
    };
    // The page is on this server, whatever the origin's name for it is.
    let logo =
        logo_url(app, brand).and_then(|url| url.strip_prefix(app.site.origin()).map(str::to_owned));
    let wanted = brand.wanted_logo.as_deref();
    let origin = logo.as_ref().and_then(|_| logo_origin(brand, &known));
    Ok(BrandPage {
        layout: browser.layout(),
        seen: seen::mark(&filled_from(found)),
        done: None,
        fetching: wanted.map(|url| fetching(brand.id, url)),
        trouble,
        id: brand.id.to_string(),
        name: brand.name.clone(),
        url: brand.url.clone(),
        workspace: workspace.name.clone(),
        state: state(&brand.status),
        created: moment(brand.created_at, app.service.now()),
        logo,
        logo_note: origin.map(|(source, confidence)| corrections::note(&source, confidence)),
        logo_url: Field { value: brand.wanted_logo.clone().unwrap_or_default(), error: None },
        fields: corrections::fields(&known, &brand.name),
        colours: corrections::colours(&known),
        colours_error: None,
        roles: ColourRole::ALL.map(ColourRole::as_str).to_vec(),
        pairs: corrections::pairs(&known),
        confirmed: Field::default(),
    })
}
