//! Brands: read from a site, corrected by people, drawn with.
//!
//! A brand is read in runs. Each begins with `Analyzing` and ends once; what a run found replaces what the one
//! before found, and what people corrected stands above both.

use std::time::Duration;

use crate::ids::{AccountId, BrandId, WorkspaceId};
use crate::time::Timestamp;

/// The longest URL of a page or a logo.
pub const MAX_URL: usize = 2_000;
/// The longest name, in characters.
pub const MAX_NAME: usize = 80;
/// The right to upload a file lives this long.
pub const UPLOAD_TOKEN_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// A brand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// Never changes.
    pub id: BrandId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// Who made it.
    pub made_by: AccountId,
    /// The page that it is read from.
    pub url: String,
    /// As it is shown: corrected, else found, else the host.
    pub name: String,
    /// How far it is known.
    pub status: BrandStatus,
    /// Which run of reading it is the last that began.
    pub run: i64,
    /// What was found, as JSON; nothing before the first run ended.
    pub findings: Option<String>,
    /// What people set in its place, as JSON.
    pub corrections: Option<String>,
    /// Whether the page's images come into the library.
    pub collects_images: bool,
    /// The URL of a logo that somebody chose and that is not fetched yet.
    pub wanted_logo: Option<String>,
    /// Its logo.
    pub logo: Option<Logo>,
    /// Why the last logo that somebody chose was not taken.
    pub logo_error: Option<String>,
    /// How many images of it are in the library.
    pub image_count: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When something of it last changed.
    pub updated_at: Timestamp,
}

/// A brand as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrandLine {
    /// Its id.
    pub id: BrandId,
    /// As it is shown.
    pub name: String,
    /// The page that it is read from.
    pub url: String,
    /// How far it is known.
    pub status: BrandStatus,
    /// How many images of it are in the library.
    pub image_count: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// The key of its bytes in the blob store.
    pub blob: String,
    /// What its bytes are: they were decoded as that.
    pub media_type: String,
    /// Whether somebody chose it; then a found one never takes its place.
    pub is_chosen: bool,
}

/// How far a brand is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrandStatus {
    /// Its page is being read.
    Analyzing,
    /// Everything is there to draw with.
    Ready,
    /// All is there but a logo, which somebody has to bring.
    LogoRequired,
    /// Its page could not be read.
    Failed(Failure),
}

impl BrandStatus {
    /// The word that is stored and sent.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Analyzing => "analyzing",
            Self::Ready => "ready",
            Self::LogoRequired => "logo_required",
            Self::Failed(_) => "failed",
        }
    }

    /// The meaning of stored words; a failure without a code that is known is one of ours.
    #[must_use]
    pub fn from_stored(word: &str, code: Option<&str>, detail: Option<&str>) -> Option<Self> {
        Some(match word {
            "analyzing" => Self::Analyzing,
            "ready" => Self::Ready,
            "logo_required" => Self::LogoRequired,
            "failed" => {
                let code = code.and_then(FailureCode::from_stored);
                let detail = detail.unwrap_or_default().to_owned();
                Self::Failed(Failure { code: code.unwrap_or(FailureCode::Internal), detail })
            }
            _ => return None,
        })
    }

    /// Why it failed, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// Why a page could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The code of the contract.
    pub code: FailureCode,
    /// The rest of a sentence about it, for whoever asked: `it was answered with status 404`.
    pub detail: String,
}

/// The codes of the contract for a brand that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCode {
    /// The URL leads to no page that is read.
    InvalidUrl,
    /// The page could not be fetched.
    ScrapeFailed,
    /// Instagram did not show the profile to us.
    InstagramFetchFailed,
    /// The server failed.
    Internal,
    /// The page was fetched, and nothing of a brand was found in it.
    VisualDnaFailed,
}

impl FailureCode {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::InvalidUrl,
        Self::ScrapeFailed,
        Self::InstagramFetchFailed,
        Self::Internal,
        Self::VisualDnaFailed,
    ];

    /// The word that is stored and sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidUrl => "INVALID_URL",
            Self::ScrapeFailed => "SCRAPE_FAILED",
            Self::InstagramFetchFailed => "INSTAGRAM_FETCH_FAILED",
            Self::Internal => "INTERNAL_ERROR",
            Self::VisualDnaFailed => "VISUAL_DNA_FAILED",
        }
    }

    /// The meaning of a stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == word)
    }
}

/// A page that somebody names: an absolute `http` or `https` URL with a host, without a user name. Whether it
/// may be fetched is decided by what fetches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteUrl(String);

impl SiteUrl {
    /// Reads a URL as somebody typed it. The fragment, which no server sees, is left out.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.split('#').next().unwrap_or_default();
        let is_plain = text.bytes().all(|b| b.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&b));
        let (scheme, rest) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let is_read = matches!(scheme.as_str(), "http" | "https")
            && is_plain
            && text.len() <= MAX_URL
            && !authority.is_empty()
            && !authority.starts_with([':', '.', '-'])
            && !authority.contains('@');
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        is_read.then(|| Self(format!("{scheme}://{}{path}", authority.to_ascii_lowercase())))
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its host, without a port.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        let after = authority.rfind(']').map_or(0, |bracket| bracket + 1);
        let port = authority[after..].find(':').map_or(authority.len(), |colon| after + colon);
        &authority[..port]
    }

    /// Its path, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let path = rest.find('/').map_or("/", |slash| &rest[slash..]);
        path.split('?').next().unwrap_or_default()
    }

    /// What kind of page it is.
    #[must_use]
    pub fn site(&self) -> Site {
        let host = self.host();
        let host = host.strip_prefix("www.").or_else(|| host.strip_prefix("m.")).unwrap_or(host);
        if host != "instagram.com" && host != "instagr.am" {
            return Site::Page;
        }
        let mut parts = self.path().split('/').filter(|part| !part.is_empty());
        let is_name = |name: &str| {
            name.len() <= 30
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'))
        };
        let other =
            ["p", "reel", "reels", "stories", "explore", "accounts", "tv", "direct", "about"];
        match (parts.next(), parts.next()) {
            (Some(name), None) if is_name(name) && !other.contains(&name) => {
                Site::InstagramProfile(name.to_owned())
            }
            _ => Site::OtherInstagram,
        }
    }
}

/// What kind of page a brand is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Site {
    /// A page like any other.
    Page,
    /// A profile of Instagram, by its name.
    InstagramProfile(String),
    /// Something else of Instagram, which tells of no brand.
    OtherInstagram,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        SiteUrl::parse(text).map(|url| url.as_str().to_owned())
    }

    #[test]
    fn a_url_is_absolute_and_of_the_web() {
        for (text, url) in [
            ("https://Northwind.Example", "https://northwind.example/"),
            (" http://northwind.example/A?b=c#d ", "http://northwind.example/A?b=c"),
            ("HTTPS://northwind.example?x", "https://northwind.example/?x"),
            ("https://localhost:8080/a", "https://localhost:8080/a"),
        ] {
            assert_eq!(read(text).as_deref(), Some(url), "{text}");
        }
        for text in [
            "",
            "northwind.example",
            "ftp://a.example/",
            "javascript:alert(1)",
            "https://",
            "https:///a",
            "https://u:p@a.example/",
            "https://a b.example/",
            "file:///etc/passwd",
            "https://.a/",
            "https://a.example/\u{0}",
            "https://ä.example/",
            "https://a.example/<script>",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&format!("https://a.example/{}", "a".repeat(MAX_URL))), None);
    }

    #[test]
    fn host_and_path_are_found() {
        let url = SiteUrl::parse("https://[::1]:8080/a/b?c/d").expect("a URL");
        assert_eq!((url.host(), url.path()), ("[::1]", "/a/b"));
        let url = SiteUrl::parse("https://a.example:1").expect("a URL");
        assert_eq!((url.host(), url.path()), ("a.example", "/"));
    }

    #[test]
    fn of_instagram_only_profiles_are_read() {
        let site = |text: &str| SiteUrl::parse(text).expect("a URL").site();
        let profile = Site::InstagramProfile("north.wind_1".to_owned());
        assert_eq!(site("https://www.instagram.com/north.wind_1/"), profile);
        assert_eq!(site("https://instagram.com/north.wind_1?hl=en"), profile);
        for other in ["", "p/abc", "reel/abc", "north/tagged", "explore", "accounts"] {
            assert_eq!(site(&format!("https://instagram.com/{other}")), Site::OtherInstagram);
        }
        assert_eq!(site("https://instagram.com.example/north"), Site::Page);
    }

    #[test]
    fn a_status_is_stored_and_read() {
        let failed =
            |code| BrandStatus::Failed(Failure { code, detail: "it took too long".to_owned() });
        let failures = FailureCode::ALL.map(failed);
        let others = [BrandStatus::Analyzing, BrandStatus::Ready, BrandStatus::LogoRequired];
        for status in others.into_iter().chain(failures) {
            let code = status.failure().map(|failure| failure.code.as_str());
            let detail = status.failure().map(|failure| failure.detail.as_str());
            assert_eq!(
                BrandStatus::from_stored(status.as_str(), code, detail),
                Some(status.clone())
            );
        }
        assert_eq!(BrandStatus::from_stored("gone", None, None), None);
    }
}
