//! The address of a page with a slash at its end leads to the page: people type one, and links carry them along.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, Uri, header};
use tower::ServiceExt;

use super::errors::PageError;
use crate::app::App;
use crate::docs;

/// Which paths are pages, asked without opening any.
#[derive(Clone)]
pub(crate) struct Pages {
    app: App,
    routes: Router,
}

impl Pages {
    /// Those that some routes lead to.
    pub(crate) fn of(app: &App, routes: Router<App>) -> Self {
        // In the place of every handler; where there is none, the answer is another.
        let known = middleware::from_fn(|_: Request, _: Next| async { StatusCode::NO_CONTENT });
        Self { app: app.clone(), routes: routes.route_layer(known).with_state(app.clone()) }
    }

    async fn has(&self, path: &str) -> Result<bool, PageError> {
        if path.starts_with(docs::PATH) {
            return Ok(self.app.docs()?.find(path).is_some());
        }
        let Ok(request) = Request::get(path).body(Body::empty()) else { return Ok(false) };
        let Ok(answer) = self.routes.clone().oneshot(request).await;
        Ok(answer.status() == StatusCode::NO_CONTENT)
    }
}

/// Sends whoever asks for a page with a slash at its end to the page.
pub(crate) async fn leave_out(
    State(pages): State<Pages>,
    request: Request,
    next: Next,
) -> Result<Response, PageError> {
    if matches!(*request.method(), Method::GET | Method::HEAD)
        && let Some((path, to)) = without_slash(request.uri())
        && pages.has(path).await?
        && let Ok(location) = HeaderValue::from_str(&to)
    {
        let location = [(header::LOCATION, location)];
        return Ok((StatusCode::PERMANENT_REDIRECT, location).into_response());
    }
    Ok(next.run(request).await)
}

/// The path without its last slash, alone and with the query. Programs' paths and files are none of people's.
fn without_slash(uri: &Uri) -> Option<(&str, String)> {
    let path = uri.path().strip_suffix('/')?;
    // `/sign-out` is the one address here that only takes a form.
    let others = ["/api/", "/assets/", "//", "/sign-out"];
    let is_of_people = !others.iter().any(|start| path.starts_with(start));
    if path.is_empty() || path.ends_with('/') || !is_of_people {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some((path, format!("{path}{query}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_at_the_end_of_a_path_of_people_is_left_out() {
        for (uri, to) in [
            ("/docs/", Some("/docs")),
            ("/settings/?a=b%2F/", Some("/settings?a=b%2F/")),
            ("/", None),
            ("/docs", None),
            ("/docs//", None),
            ("//evil.example/", None),
            ("/api/v1/account/", None),
            ("/api/auth/oauth2/authorize/", None),
            ("/assets/page.css/", None),
        ] {
            let uri: Uri = uri.parse().unwrap();
            assert_eq!(without_slash(&uri).map(|(_, to)| to).as_deref(), to, "{uri}");
        }
    }
}
