//! Requests to the API of an engine: to one place, with its key, and an answer that has an end.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bloom_domain::time::Timestamp;
use bloom_service::engines::{Again, Answer, Drawn, EngineError, Input, MAX_PICTURE};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::fetch;

const AGENT: &str = concat!("Bloom/", env!("CARGO_PKG_VERSION"));
/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(5);
/// The most bytes of an answer: a picture as text, and something around it.
const MAX_ANSWER: usize = MAX_PICTURE / 3 * 4 + 1024 * 1024;
/// The longest words of an engine that are logged, in characters.
const MAX_WORDS: usize = 300;

/// Where an engine is, and what it knows this server by.
pub(super) struct Api {
    is_https: bool,
    host: String,
    port: u16,
    /// What stands before every path; no slash at its end.
    base: String,
    pub(super) key: Option<String>,
    tls: Arc<ClientConfig>,
}

/// What is asked.
pub(super) struct Ask {
    pub(super) method: Method,
    /// Below the URL that is configured, beginning with a slash.
    pub(super) path: String,
    /// The header with the key, if there is one.
    pub(super) key: Option<(&'static str, String)>,
    pub(super) media_type: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Ask {
    /// JSON that is posted.
    pub(super) fn json(path: String, key: Option<(&'static str, String)>, body: &Value) -> Self {
        let media_type = Some("application/json".to_owned());
        Self { method: Method::POST, path, key, media_type, body: body.to_string().into_bytes() }
    }
}

/// What came.
pub(super) struct Reply {
    pub(super) status: u16,
    /// When to ask again, if its headers say so.
    pub(super) again: Option<Again>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// Why there is no picture, as far as the status says it, and when to ask again.
    pub(super) fn failure(&self, told: String, again: Option<Again>) -> EngineError {
        match self.status {
            429 => EngineError::Throttled(told, again),
            // Who says when to come back is not broken.
            503 if again.is_some() => EngineError::Throttled(told, again),
            408 | 504 => EngineError::TooSlow,
            500.. => EngineError::Unavailable(told),
            400..=499 => EngineError::Misconfigured(told),
            _ => EngineError::Unusable(told),
        }
    }
}

/// `Retry-After`: seconds, or a date.
fn again(headers: &HeaderMap) -> Option<Again> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Again::In(Duration::from_secs(seconds))),
        Err(_) => Timestamp::from_http_date(text).map(Again::At),
    }
}

impl Api {
    /// Reads where it is.
    pub(super) fn new(
        url: &str,
        key: Option<String>,
        extra_roots: &[CertificateDer<'static>],
    ) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|_| "it is no URL".to_owned())?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("it does not begin with https:// or http://".to_owned()),
        };
        let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        if authority.contains('@') || uri.query().is_some() || url.contains('#') {
            return Err("it has a user name, a query or a fragment".to_owned());
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or("it names no host")?;
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        if key.as_deref().is_some_and(|key| HeaderValue::from_str(key).is_err()) {
            return Err("its key has a character that no key has".to_owned());
        }
        Ok(Self {
            is_https,
            host: host.to_owned(),
            port,
            base: uri.path().trim_end_matches('/').to_owned(),
            key,
            tls: Arc::new(fetch::tls(extra_roots)?),
        })
    }

    /// The path of a URL that is at the same place; others are never asked, since the key would go there.
    fn path_of(&self, url: &str) -> Option<String> {
        let uri: Uri = url.parse().ok()?;
        let is_https = uri.scheme_str()? == "https";
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let is_here = is_https == self.is_https
            && uri.host()?.eq_ignore_ascii_case(&self.host)
            && port == self.port;
        let path = uri.path_and_query()?.as_str().strip_prefix(&self.base)?;
        (is_here && path.starts_with('/')).then(|| path.to_owned())
    }

    /// Asks, and reads the whole answer.
    pub(super) async fn send(&self, ask: Ask) -> Result<Reply, EngineError> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let connecting = TcpStream::connect((host, self.port));
        let stream = match tokio::time::timeout(CONNECTING, connecting).await {
            Ok(stream) => stream.map_err(|error| EngineError::Unavailable(error.to_string()))?,
            Err(_) => return Err(EngineError::Unavailable("connecting took too long".to_owned())),
        };
        if !self.is_https {
            return self.exchange(stream, ask).await;
        }
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| EngineError::Misconfigured("its host is no name".to_owned()))?;
        let stream = TlsConnector::from(self.tls.clone()).connect(name, stream).await;
        let stream = stream.map_err(|error| EngineError::Unavailable(error.to_string()))?;
        self.exchange(stream, ask).await
    }

    /// Asks at a URL that the engine named itself.
    pub(super) async fn send_to(
        &self,
        method: Method,
        url: &str,
        key: Option<(&'static str, String)>,
    ) -> Result<Reply, EngineError> {
        let path = self.path_of(url).ok_or_else(|| {
            EngineError::Unusable("it leads to another place than its own".to_owned())
        })?;
        self.send(Ask { method, path, key, media_type: None, body: Vec::new() }).await
    }

    async fn exchange<S>(&self, stream: S, ask: Ask) -> Result<Reply, EngineError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let broken = |error: hyper::Error| EngineError::Unavailable(error.to_string());
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let request = self.request(ask)?;
        let answering = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            let (head, mut body) = response.into_parts();
            let mut bytes = Vec::new();
            while let Some(frame) = body.frame().await {
                let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
                if bytes.len() + data.len() > MAX_ANSWER {
                    return Err(EngineError::Unusable("it does not end".to_owned()));
                }
                bytes.extend_from_slice(&data);
            }
            let (status, again) = (head.status.as_u16(), again(&head.headers));
            Ok(Reply { status, again, body: bytes })
        };
        // The connection lives as long as what is asked over it.
        tokio::pin!(answering);
        tokio::select! {
            answer = &mut answering => answer,
            ended = connection => {
                ended.map_err(broken)?;
                answering.await
            }
        }
    }

    fn request(&self, ask: Ask) -> Result<Request<Full<Bytes>>, EngineError> {
        let unsendable = |_| EngineError::Misconfigured("its URL cannot be asked".to_owned());
        let mut request = Request::builder()
            .method(ask.method)
            .uri(format!("{}{}", self.base, ask.path))
            .header(header::HOST, self.authority())
            .header(header::USER_AGENT, AGENT)
            .header(header::ACCEPT, "application/json")
            .header(header::CONNECTION, "close");
        if let Some(media_type) = ask.media_type {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        if let Some((name, value)) = ask.key {
            let mut value = HeaderValue::try_from(value)
                .map_err(|_| EngineError::Misconfigured("its key is none".to_owned()))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        request.body(Full::new(Bytes::from(ask.body))).map_err(unsendable)
    }

    fn authority(&self) -> String {
        match (self.is_https, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// Words of an engine as they may be logged: it may repeat the key in them.
    pub(super) fn words(&self, text: &str) -> String {
        let text = match &self.key {
            Some(key) if !key.is_empty() => text.replace(key.as_str(), "…"),
            _ => text.to_owned(),
        };
        let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        clean.take(MAX_WORDS).collect()
    }
}

/// Something that is done in a future of its own.
pub(super) fn boxed<'a, T>(
    work: impl Future<Output = Result<T, EngineError>> + Send + 'a,
) -> Answer<'a, T> {
    Box::pin(work)
}

/// Bytes that came as text.
pub(super) fn from_base64(text: &str) -> Result<Drawn, EngineError> {
    let decoded = STANDARD.decode(text.trim_ascii());
    let bytes =
        decoded.map_err(|_| EngineError::Unusable("its picture is not in base64".to_owned()))?;
    Ok(Drawn::Bytes(bytes))
}

/// A picture as a URL that holds it.
pub(super) fn data_url(picture: &Input) -> String {
    format!("data:{};base64,{}", picture.media_type, STANDARD.encode(&picture.bytes))
}

/// A picture at a URL, which may hold the picture itself.
pub(super) fn at(url: String) -> Result<Drawn, EngineError> {
    match url.strip_prefix("data:").and_then(|data| data.split_once(";base64,")) {
        Some((_, text)) => from_base64(text),
        None => Ok(Drawn::At(url)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_ask_again_is_read_from_the_headers() {
        let of = |text: &'static str| {
            let value = HeaderValue::from_static(text);
            again(&HeaderMap::from_iter([(header::RETRY_AFTER, value)]))
        };
        assert_eq!(of("120"), Some(Again::In(Duration::from_secs(120))));
        let date = Timestamp::from_unix_micros(784_111_777_000_000);
        assert_eq!(of("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Again::At(date)));
        for none in ["", "soon", "-1", "1.5", "99999999999999999999"] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(again(&HeaderMap::new()), None);
    }

    #[test]
    fn words_are_cut_short_and_hold_no_key() {
        let api = Api::new("https://engine.example/v1", Some("sk-hidden".to_owned()), &[]).unwrap();
        assert_eq!(api.words("401 wrong key: sk-hidden.\n"), "401 wrong key: …. ");
        assert_eq!(api.words(&"long".repeat(MAX_WORDS)).chars().count(), MAX_WORDS);
    }
}
