//! The outermost layer: what every request meets, whatever it asks for.
//!
//! Here a request gets its id, a panic becomes a 500, and the cause of a failure is logged, once,
//! under that id. What the caller reads of it was chosen by the face.

use std::any::Any;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bloom_service::{Error, Service};
use futures_util::FutureExt;
use http::uri::Authority;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version, header};
use tower::Service as _;

use crate::api::errors::{ApiError, ErrorCode};
use crate::app::App;
use crate::face::{Face, MCP_PATH};
use crate::pages::place::Place;
use crate::site::Site;
use crate::{cors, oauth, pages, router};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// The server, ready to answer.
#[derive(Clone)]
pub struct Edge {
    router: Router,
    ids: Arc<RequestIds>,
}

/// What the edge knows of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// The peer of the connection, before any proxy is asked.
    pub(crate) peer: Option<IpAddr>,
    /// The request's id.
    pub(crate) id: RequestId,
}

/// Why an answer is an error; travels with the answer to the log and no further.
#[derive(Debug, Clone)]
pub(crate) struct Cause(pub(crate) Arc<str>);

/// What a caught panic is: a defect, told to the operator in its own words.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Error {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    Error::Internal(format!("panic: {}", text.unwrap_or_default()))
}

impl Edge {
    /// Puts the faces over the verbs.
    ///
    /// # Errors
    /// When there are no random bytes for request ids.
    pub fn new(service: Arc<Service>, site: Site) -> Result<Self, Error> {
        let ids = RequestIds { prefix: service.request_id_prefix()?, next: AtomicU64::new(0) };
        Ok(Self { router: router::build(App::new(service, site)), ids: Arc::new(ids) })
    }

    /// Answers a request. `peer` is the address at the other end of the connection.
    pub async fn answer(&self, mut request: Request<Body>, peer: Option<IpAddr>) -> Response {
        let id = self.ids.next();
        let is_open = cors::is_open(request.uri().path());
        let mut response = if let Some(fault) = host_fault(&request) {
            Face::Api.refuse(ApiError::new(ErrorCode::BadRequest, fault))
        } else if is_open && request.method() == Method::OPTIONS {
            cors::preflight()
        } else {
            request.extensions_mut().insert(Arrival { peer, id });
            self.route(request, id).await
        };
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id.header());
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        if is_open {
            cors::open(headers);
        }
        response
    }

    async fn route(&self, request: Request<Body>, id: RequestId) -> Response {
        let asked =
            Asked { method: request.method().clone(), uri: request.uri().clone(), id: Some(id) };
        let mut router = self.router.clone();
        let answered = AssertUnwindSafe(router.call(request)).catch_unwind().await;
        let mut response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(panic) => asked.internal(panicked(&*panic)),
        };
        if let Some(cause) = response.extensions_mut().remove::<Cause>() {
            asked.log(response.status(), &cause);
        }
        response
    }
}

/// What is wrong with the host that a request names. With two, or one that can be read in two ways, a proxy before us
/// could mean one and we another.
///
/// RFC 9112 §3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks
/// a Host header field and to any request message that contains more than one Host header field line or a Host header
/// field with an invalid field value."
fn host_fault(request: &Request<Body>) -> Option<&'static str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() == Version::HTTP_11 => {
            Some("The request has no Host header. Send one with the host of this server's URL.")
        }
        (None, _) => None,
        (Some(_), Some(_)) => Some("The request has two Host headers."),
        (Some(host), None) => {
            let is_one = host.to_str().is_ok_and(is_host);
            (!is_one).then_some("The Host header names no host.")
        }
    }
}

/// Whether a text is `uri-host [ ":" port ]`, or empty, as for a URL without a host.
fn is_host(text: &str) -> bool {
    is_plain_host(text) || is_host_by_the_grammar(text)
}

/// Whether it is one without anything that needs the grammar, as nearly every one is.
fn is_plain_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, ""));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    !host.is_empty() && host.bytes().all(is_plain) && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host_by_the_grammar(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else { return text.is_empty() };
    // A name and a password in front of it are none of it.
    let port = text.strip_prefix(authority.host());
    port.is_some_and(|port| {
        let digits = port.strip_prefix(':').unwrap_or(port);
        digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What was asked, in case it fails. Cloning a method and a URI costs a count each, no text.
pub(crate) struct Asked {
    method: Method,
    uri: Uri,
    id: Option<RequestId>,
}

impl Asked {
    /// The same of a request that has arrived at a handler.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let id = request.extensions().get::<Arrival>().map(|arrival| arrival.id);
        Self { method: request.method().clone(), uri: request.uri().clone(), id }
    }

    /// The request's id as people are told it.
    pub(crate) fn reference(&self) -> &str {
        self.id.as_ref().map(RequestId::text).unwrap_or_default()
    }

    /// Where a page was asked for.
    pub(crate) fn place(&self) -> Place {
        Place::at(&self.method, &self.uri)
    }

    fn internal(&self, error: Error) -> Response {
        match self.uri.path() {
            MCP_PATH => Face::Mcp.refuse(error.into()),
            path if oauth::is_for_people(path) => pages::errors::PageError::from(error).page(
                self.reference(),
                &self.place(),
                None,
                None,
            ),
            path if oauth::is_ours(path) => oauth::OAuthFailure::from(error).into_response(),
            path if path.starts_with("/api/") => Face::Api.refuse(error.into()),
            _ => pages::errors::PageError::from(error).page(
                self.reference(),
                &self.place(),
                None,
                None,
            ),
        }
    }

    /// Tells the operator why it was not answered.
    pub(crate) fn log(&self, status: StatusCode, cause: &Cause) {
        let (method, path) = (&self.method, router::without_secrets(self.uri.path()));
        let (id, status, cause) = (self.reference(), status.as_u16(), &*cause.0);
        if status == 500 {
            tracing::error!(request_id = %id, %method, path, status, cause, "request failed");
        } else {
            tracing::warn!(request_id = %id, %method, path, status, cause, "request not answered");
        }
    }
}

/// A request's id: 12 hexadecimal digits of the process, 12 of the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId([u8; 24]);

struct RequestIds {
    prefix: u64,
    next: AtomicU64,
}

impl RequestIds {
    fn next(&self) -> RequestId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let mut id = [0; 24];
        write_hex(self.prefix, &mut id[..12]);
        write_hex(count, &mut id[12..]);
        RequestId(id)
    }
}

impl RequestId {
    fn header(self) -> HeaderValue {
        // Hexadecimal digits are visible ASCII.
        HeaderValue::from_bytes(&self.0).unwrap_or(HeaderValue::from_static(""))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn write_hex(mut number: u64, out: &mut [u8]) {
    for digit in out.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_host_is_one_by_the_grammar() {
        let mut texts = vec![String::new()];
        let mut plain = 0;
        for _ in 0..5 {
            let longer = texts
                .iter()
                .flat_map(|text| "a0.-:@[%".chars().map(move |next| format!("{text}{next}")));
            texts = longer.collect();
            for text in texts.iter().filter(|text| is_plain_host(text)) {
                assert!(is_host_by_the_grammar(text), "{text}");
                plain += 1;
            }
        }
        assert!(plain > 1_000, "{plain}");
        assert!(!is_host("a:b") && !is_host("a@b") && is_host("[::1]:80"));
    }

    #[test]
    fn ids_differ_and_are_hexadecimal() {
        let ids = RequestIds { prefix: 0xabc, next: AtomicU64::new(15) };
        assert_eq!(ids.next().text(), "000000000abc00000000000f");
        assert_eq!(ids.next().text(), "000000000abc000000000010");
    }
}
