//! Where the server is, as the outside sees it. Every absolute URL is made from here, never from a
//! request's headers.

use std::fmt;

use bloom_domain::networks::is_loopback_host;
use http::uri::Authority;
use http::{HeaderMap, Uri, header};

/// The public place of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    origin: String,
    authority: String,
    is_https: bool,
    trusted_proxies: usize,
    /// Where images and logos are, if that is another place.
    files: Option<Files>,
}

/// A place for what others have brought.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Files {
    origin: String,
    authority: String,
}

/// The text is no public URL; holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteError(String);

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a public URL: expected http:// or https://, a host, and perhaps a port, \
             such as https://bloom.example.com",
            self.0
        )
    }
}

impl std::error::Error for SiteError {}

impl Site {
    /// Reads a public URL: scheme, host and perhaps port, nothing more. `trusted_proxies` is how many
    /// proxies in front of the server append to `X-Forwarded-For`.
    ///
    /// # Errors
    /// [`SiteError`] when there is anything else in it.
    pub fn new(public_url: &str, trusted_proxies: usize) -> Result<Self, SiteError> {
        Self::parse(public_url, trusted_proxies).ok_or_else(|| SiteError(public_url.to_owned()))
    }

    fn parse(public_url: &str, trusted_proxies: usize) -> Option<Self> {
        let uri: Uri = public_url.parse().ok()?;
        let scheme = uri.scheme_str()?;
        let default_port = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => return None,
        };
        let authority = uri.authority()?.as_str().to_ascii_lowercase();
        let authority = authority.strip_suffix(default_port).unwrap_or(&authority).to_owned();
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if !is_bare || authority.contains('@') || public_url.contains('#') {
            return None;
        }
        Some(Self {
            origin: format!("{scheme}://{authority}"),
            authority,
            is_https: scheme == "https",
            trusted_proxies,
            files: None,
        })
    }

    /// The same site, whose images and logos are at another place: nothing that somebody brought shares an origin with
    /// its pages then.
    ///
    /// # Errors
    /// [`SiteError`] when that is no public URL, or the site's own.
    pub fn with_files_at(self, url: &str) -> Result<Self, SiteError> {
        let refused = || SiteError(url.to_owned());
        let other = Self::parse(url, 0).ok_or_else(refused)?;
        if other.authority == self.authority {
            return Err(refused());
        }
        let files = Some(Files { origin: other.origin, authority: other.authority });
        Ok(Self { files, ..self })
    }

    /// Where images and logos are, if that is another place.
    #[must_use]
    pub fn files_origin(&self) -> Option<&str> {
        self.files.as_ref().map(|files| files.origin.as_str())
    }

    /// Where a request for an image or a logo should have gone, if it was sent to another place.
    pub(crate) fn files_elsewhere(&self, uri: &Uri, headers: &HeaderMap) -> Option<&str> {
        let files = self.files.as_ref()?;
        let is_there = asked(uri, headers).is_some_and(|host| {
            let port = if files.origin.starts_with("https:") { ":443" } else { ":80" };
            host.strip_suffix(port).unwrap_or(host).eq_ignore_ascii_case(&files.authority)
        });
        (!is_there).then_some(files.origin.as_str())
    }

    /// The host, without a port.
    #[must_use]
    pub fn host(&self) -> &str {
        let end = self.authority.rfind(']').map_or(0, |bracket| bracket + 1);
        let port = self.authority[end..].find(':').map(|colon| end + colon);
        &self.authority[..port.unwrap_or(self.authority.len())]
    }

    /// The origin: scheme, host and port, without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether people reach it by https, which makes its cookies `__Host-` and `Secure`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// Whether browsers trust what it says of itself, as they do over https and from this machine itself
    /// (W3C Secure Contexts §3.1).
    pub(crate) fn is_trustworthy(&self) -> bool {
        self.is_https || is_loopback_host(self.host())
    }

    pub(crate) fn trusted_proxies(&self) -> usize {
        self.trusted_proxies
    }

    /// Whether a `Host` header names this site.
    fn is_host(&self, host: &str) -> bool {
        let default_port = if self.is_https { ":443" } else { ":80" };
        let host = host.strip_suffix(default_port).unwrap_or(host);
        host.eq_ignore_ascii_case(&self.authority)
    }

    /// Whether a request was sent to this site, by its `Host`.
    pub(crate) fn is_asked(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        asked(uri, headers).is_some_and(|host| self.is_host(host))
    }
}

/// The host that a request names: that of its target, where it has one, as in HTTP/2, else that of its `Host` header.
/// "When an origin server receives a request with an absolute-form of request-target, the origin server MUST ignore
/// the received Host header field" (RFC 9112 §3.2.2).
fn asked<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let host = || headers.get(header::HOST).and_then(|host| host.to_str().ok());
    uri.authority().map(Authority::as_str).or_else(host)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_public_url_is_an_origin() {
        let site = Site::new("https://Bloom.Example:443/", 0).unwrap();
        assert_eq!(site.origin(), "https://bloom.example");
        assert!(site.is_https());
        assert!(site.is_host("BLOOM.example") && site.is_host("bloom.example:443"));
        assert!(!site.is_host("bloom.example:8443") && !site.is_host("bloom.example.evil"));
        let local = Site::new("http://localhost:4600", 0).unwrap();
        assert!(local.is_host("localhost:4600") && !local.is_host("127.0.0.1:4600"));
        for (url, trusted) in [
            ("https://bloom.example", true),
            ("http://localhost:4600", true),
            ("http://127.0.0.1", true),
            ("http://[::1]:4600", true),
            ("http://bloom.lan:4600", false),
            ("http://192.168.0.2", false),
        ] {
            assert_eq!(Site::new(url, 0).unwrap().is_trustworthy(), trusted, "{url}");
        }
    }

    #[test]
    fn the_host_of_the_target_goes_before_the_header() {
        let site = Site::new("https://bloom.example", 0).unwrap();
        let is_asked = |target: &str, host: &str| {
            let host = HeaderValue::from_str(host).unwrap();
            let headers = HeaderMap::from_iter([(header::HOST, host)]);
            site.is_asked(&target.parse().unwrap(), &headers)
        };
        assert!(is_asked("/settings", "bloom.example"));
        assert!(!is_asked("/settings", "evil.example"));
        assert!(is_asked("https://bloom.example/settings", "evil.example"));
        assert!(!is_asked("https://evil.example/settings", "bloom.example"));
    }

    #[test]
    fn anything_more_is_refused() {
        for bad in [
            "",
            "bloom.example",
            "ftp://bloom.example",
            "https://",
            "https://bloom.example/path",
            "https://bloom.example?q",
            "https://bloom.example/#f",
            "https://user@bloom.example",
        ] {
            assert!(Site::new(bad, 0).is_err(), "{bad}");
        }
    }
}
