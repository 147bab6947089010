//! One request over one connection, to an address that was looked at before.

use std::sync::Arc;
use std::time::Duration;

use bloom_service::fetch::{FetchError, Fetched, Wanted};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::target::Target;

const AGENT: &str = concat!("Bloom/", env!("CARGO_PKG_VERSION"));
/// The largest head of an answer.
const MAX_HEAD: usize = 16 * 1024;
/// The most headers of an answer.
const MAX_HEADERS: usize = 64;

/// What the other side said.
pub(super) enum Answer {
    Fetched(Fetched),
    /// It lies elsewhere.
    Elsewhere(String),
}

/// Trust in the platform's certificates, and some more.
pub(crate) fn tls(extra: &[CertificateDer<'static>]) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in extra {
        roots.add(certificate.clone()).map_err(|error| error.to_string())?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Asks for the target over a connection.
pub(super) async fn ask(
    tls: &Arc<ClientConfig>,
    stream: TcpStream,
    target: &Target,
    wanted: &Wanted<'_>,
) -> Result<Answer, FetchError> {
    if !target.is_https {
        return exchange(stream, target, wanted).await;
    }
    let name = ServerName::try_from(target.bare_host().to_owned())
        .map_err(|_| FetchError::Url("its host is no name"))?;
    let stream = TlsConnector::from(tls.clone()).connect(name, stream).await;
    let stream = stream.map_err(|error| FetchError::Unreachable(error.to_string()))?;
    exchange(stream, target, wanted).await
}

async fn exchange<S>(stream: S, target: &Target, wanted: &Wanted<'_>) -> Result<Answer, FetchError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let unreachable = |error: hyper::Error| FetchError::Unreachable(error.to_string());
    let handshake = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(unreachable)?;
    let request = request(target, wanted)
        .map_err(|_| FetchError::Url("it has a character that no URL has"))?;
    let answering = async {
        let response = sender.send_request(request).await.map_err(unreachable)?;
        read(response, wanted).await
    };
    // The connection lives as long as what is asked over it, and no task outlives the deadline.
    tokio::pin!(answering);
    tokio::select! {
        answer = &mut answering => answer,
        ended = connection => {
            ended.map_err(unreachable)?;
            answering.await
        }
    }
}

/// What is asked. A body of no bytes is none.
fn request(target: &Target, wanted: &Wanted<'_>) -> Result<Request<Full<Bytes>>, http::Error> {
    let method = if wanted.along.form.is_some() { Method::POST } else { Method::GET };
    let mut request = Request::builder()
        .method(method)
        .uri(&target.path)
        .header(header::HOST, target.authority())
        .header(header::USER_AGENT, AGENT)
        .header(header::ACCEPT, wanted.types.join(", "))
        .header(header::CONNECTION, "close");
    if let Some(authorization) = wanted.along.authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    if wanted.along.form.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let body = wanted.along.form.unwrap_or_default().to_owned();
    request.body(Full::new(Bytes::from(body)))
}

async fn read(
    response: hyper::Response<Incoming>,
    wanted: &Wanted<'_>,
) -> Result<Answer, FetchError> {
    let (head, mut body) = response.into_parts();
    if head.status.is_redirection() {
        let location = text(&head.headers, &header::LOCATION).ok_or(FetchError::Redirect)?;
        return Ok(Answer::Elsewhere(location.to_owned()));
    }
    if head.status != http::StatusCode::OK {
        return Err(FetchError::Status(head.status.as_u16()));
    }
    // Nothing was said of encodings that we would take.
    if text(&head.headers, &header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(FetchError::Type);
    }
    let content_type = text(&head.headers, &header::CONTENT_TYPE).unwrap_or_default();
    let (media_type, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let media_type = media_type.trim().to_ascii_lowercase();
    let charset = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_it = name.trim().eq_ignore_ascii_case("charset");
        is_it.then(|| value.trim().trim_matches('"').to_owned())
    });
    if !wanted.types.contains(&media_type.as_str()) {
        return Err(FetchError::Type);
    }
    let announced = text(&head.headers, &header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > wanted.max_bytes as u64) {
        return Err(FetchError::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| FetchError::Unreachable(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > wanted.max_bytes {
            return Err(FetchError::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    let max_age = max_age(&head.headers);
    Ok(Answer::Fetched(Fetched { url: String::new(), body: bytes, media_type, charset, max_age }))
}

fn text<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// `Cache-Control: max-age`; `no-store` and `no-cache` are no time at all.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = text(headers, &header::CACHE_CONTROL)?.to_ascii_lowercase();
    let mut directives = directives.split(',').map(str::trim);
    if directives.clone().any(|directive| matches!(directive, "no-store" | "no-cache")) {
        return Some(Duration::ZERO);
    }
    let seconds = directives.find_map(|directive| directive.strip_prefix("max-age="))?;
    seconds.trim_matches('"').parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_it_may_be_kept_is_read_from_the_headers() {
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, http::HeaderValue::from_static(text));
            max_age(&headers).map(|age| age.as_secs())
        };
        assert_eq!(of("public, Max-Age=600"), Some(600));
        assert_eq!(of("no-store, max-age=600"), Some(0));
        assert_eq!(of("private"), None);
        assert_eq!(of("max-age=soon"), None);
        assert_eq!(max_age(&HeaderMap::new()), None);
    }
}
