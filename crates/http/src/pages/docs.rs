//! `/docs`: the documentation, as pages, as Markdown and as texts for agents.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::page;
use super::views::DocsPage;
use crate::app::App;
use crate::docs::{Docs, Found};

/// It changes with the server, and is the same for everybody.
const FOR_A_WHILE: HeaderValue = HeaderValue::from_static("max-age=300");

/// Whatever is at the request's path.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let docs = app.docs()?;
    match docs.find(request.uri().path()) {
        // Whoever asks for Markdown is a program, which a page tells nothing.
        None if request.uri().path().ends_with(".md") => Ok(nothing_there(&app)),
        None => Err(PageError::NotFound),
        Some(Found::Text(text)) => Ok(plain("text/plain; charset=utf-8", text)),
        Some(Found::Markdown(text)) => Ok(plain("text/markdown; charset=utf-8", text)),
        Some(Found::Html(found)) => {
            // Nothing on the page is bound to a browser, so a stranger's gets no cookie.
            let browser = Browser::open(&app, Sent::request(&request)).await?;
            let view = DocsPage::new(browser.layout(), docs, found);
            let mut response = page(StatusCode::OK, &view);
            let markdown =
                format!("<{}.md>; rel=\"alternate\"; type=\"text/markdown\"", found.path);
            if let Ok(link) = HeaderValue::try_from(markdown) {
                response.headers_mut().insert(header::LINK, link);
            }
            Ok(response)
        }
    }
}

fn nothing_there(app: &App) -> Response {
    let index = format!("{}/docs/llms.txt", app.site.origin());
    let text =
        format!("# Page not found\n\nThere is nothing at this address. All pages: <{index}>\n");
    let mut response = plain("text/markdown; charset=utf-8", &text);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn plain(kind: &'static str, text: &str) -> Response {
    let kind = HeaderValue::from_static(kind);
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, FOR_A_WHILE)];
    (headers, text.to_owned()).into_response()
}

impl App {
    /// The documentation; written when somebody first asks for it.
    pub(super) fn docs(&self) -> Result<&Docs, PageError> {
        if let Some(docs) = self.docs.get() {
            return Ok(docs);
        }
        let written = Docs::write(self.site.origin(), self.service.settings())
            .map_err(|error| bloom_service::Error::Internal(error.to_string()))?;
        Ok(self.docs.get_or_init(|| written))
    }
}
