//! The pages that people see: forms in, HTML out. They work without JavaScript.
//!
//! Every page is reached through [`around`], which sends the reader to the public address and puts
//! the security headers on. A handler gets its [`browser::Browser`] (who is there) and, when
//! something is posted, its [`forms::Form`] (checked to be ours before anything in it is read). What
//! makes something is behind [`submissions::once`], and makes it once; what was typed into a form that
//! fails is kept by [`again::keep`].

pub(crate) mod activity;
pub(crate) mod again;
pub(crate) mod api_keys;
pub(crate) mod apps;
pub(crate) mod assets;
pub(crate) mod authorize;
pub(crate) mod brands;
mod browser;
pub(crate) mod budgets;
pub(crate) mod credits;
pub(crate) mod developer;
mod devices;
pub(crate) mod docs;
mod early;
pub(crate) mod email;
pub(crate) mod end_session;
pub(crate) mod env_file;
pub(crate) mod errors;
pub(crate) mod forms;
mod framed;
mod headers;
pub(crate) mod home;
pub(crate) mod images;
pub(crate) mod invitations;
pub(crate) mod key;
mod key_options;
mod markup;
mod moment;
pub(crate) mod name;
mod next;
pub(crate) mod openid;
pub(crate) mod own_data;
mod parts;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod place;
mod plans;
pub(crate) mod proof;
pub(crate) mod report_key;
pub(crate) mod reset;
pub(crate) mod revoke_key;
pub(crate) mod security;
mod seen;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod sign_out_everywhere;
pub(crate) mod sign_up;
pub(crate) mod sign_up_links;
pub(crate) mod slashes;
pub(crate) mod submissions;
pub(crate) mod usage;
pub(crate) mod views;
pub(crate) mod which_key;
pub(crate) mod workspaces;

use std::str::FromStr;
use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use bloom_domain::secrets::OpaqueSecret;
use http::{HeaderValue, Method, StatusCode, Uri, header};

use crate::app::App;
use crate::edge::{Arrival, RequestId};
use errors::PageError;
use place::Place;

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The variable part of a path. A part that is not even UTF-8 is one that names nothing, so its
/// handler answers as it does for those.
type Segment = Result<Path<String>, PathRejection>;

/// The secret at the end of a path, if it can be one.
fn secret(segment: Segment) -> Option<OpaqueSecret> {
    segment.ok().and_then(|Path(secret)| OpaqueSecret::parse(&secret))
}

/// The id in a path; what is none names nothing.
fn id<T: FromStr>(segment: Segment) -> Result<T, PageError> {
    segment.ok().and_then(|Path(id)| id.parse().ok()).ok_or(PageError::NotFound)
}

/// What happens around every page.
pub(crate) async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<Arrival>().map(|arrival| arrival.id);
    let has_provider = app.service.settings().openid.is_some();
    let policy = headers::policy(request.uri().path(), has_provider);
    let place = Place::of(&request, app.site.origin());
    let asker = framed::Asker::of(&request);
    let mut response = match at_another_host(&app, &request) {
        Some(response) => response,
        None => next.run(request).await,
    };
    if let Some(error) = response.extensions_mut().remove::<Arc<PageError>>() {
        let again = response.extensions_mut().remove::<again::Again>();
        let reference = id.as_ref().map(RequestId::text).unwrap_or_default();
        let layout = match &again {
            None => asker.layout(&app, &error).await,
            // It has the frame that its form needs.
            Some(again) => Some(again.layout.clone()),
        };
        response = error.page(reference, &place, layout, again);
    }
    headers::protect_at(&app.site, policy, response.headers_mut());
    response
}

/// A page asked for under another name than the public one moves there: cookies and forms are bound
/// to it. A form is not moved, since its sender may not mean us.
fn at_another_host(app: &App, request: &Request) -> Option<Response> {
    if app.site.is_asked(request.uri(), request.headers()) {
        return None;
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        return Some(redirect(&format!("{}{path}", app.site.origin())));
    }
    Some(PageError::OtherHost(app.site.origin().to_owned()).into_response())
}

/// Goes elsewhere by GET (RFC 9110 §15.4.4): a form's content is never sent on.
fn redirect(to: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else {
        return PageError::NotFound.into_response();
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// A rendered page.
fn page(status: StatusCode, view: &impl Template) -> Response {
    match view.render() {
        Ok(html) => (status, Html(markup::slim(&html))).into_response(),
        Err(error) => {
            let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
            response.extensions_mut().insert(crate::edge::Cause(error.to_string().into()));
            response
        }
    }
}

/// `/assets/{name}`.
pub(crate) async fn asset(uri: Uri) -> Response {
    let Some(asset) = assets::find(uri.path()) else {
        return PageError::NotFound.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, FOR_EVER),
    ];
    (headers, asset.body).into_response()
}

/// Any other path.
pub(crate) async fn not_found() -> PageError {
    PageError::NotFound
}

/// Another method than a path takes.
pub(crate) async fn method_not_allowed() -> PageError {
    PageError::MethodNotAllowed
}
