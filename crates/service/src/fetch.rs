//! The port to what lies on other servers: documents that somebody names by a URL.
//!
//! Whoever names a URL chooses whom this server talks to. What fetches is therefore guarded (it is in
//! `bloom-outside`): it talks to public addresses only, follows nothing it was not told to, and stops at a
//! size and a time. What is fetched, and how often, is decided by the verb that asks.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

/// The port: fetches what lies at a URL.
pub trait Fetcher: Send + Sync {
    /// Fetches it. Comes to an end by itself, whatever the other side does.
    fn fetch<'a>(&'a self, wanted: &'a Wanted<'a>) -> Fetching<'a>;
}

/// What a [`Fetcher`] comes to in its time.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Fetched, FetchError>> + Send + 'a>>;

/// What is to be fetched, and how far that may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Where it lies: an absolute URL.
    pub url: &'a str,
    /// Whether it may come over a connection that anybody can read and change.
    pub may_be_plain: bool,
    /// How many redirects are followed.
    pub redirects: usize,
    /// The media types that are taken.
    pub types: &'a [&'a str],
    /// The most bytes of the body.
    pub max_bytes: usize,
    /// How long all of it may take.
    pub deadline: Duration,
    /// What goes along with it.
    pub along: Along<'a>,
}

/// What goes along when something is asked for. With anything of it, no redirect is followed: it is for nobody
/// else.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Along<'a> {
    /// The value of `Authorization`.
    pub authorization: Option<&'a str>,
    /// The fields of a form, which is posted.
    pub form: Option<&'a str>,
}

impl Along<'_> {
    /// Whether nothing does.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

impl fmt::Debug for Along<'_> {
    /// Both are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_nothing() { "nothing" } else { "secrets" })
    }
}

/// What was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it lay in the end: the URL that was asked for, or where that led.
    pub url: String,
    /// The body.
    pub body: Vec<u8>,
    /// Its media type, without parameters, in small letters.
    pub media_type: String,
    /// The encoding of its text, as its media type says.
    pub charset: Option<String>,
    /// For how long the other side says that it may be kept (RFC 9111 §5.2.2).
    pub max_age: Option<Duration>,
}

/// Why nothing was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchError {
    /// The URL is one that is not fetched; says why.
    Url(&'static str),
    /// The host is not known, not on the public network, or this server itself.
    Address,
    /// It cannot be reached; says why.
    Unreachable(String),
    /// It answered with another status than 200.
    Status(u16),
    /// It wanted to send us elsewhere more often than is followed.
    Redirect,
    /// What came is of another type.
    Type,
    /// What came is larger than it may be.
    TooLarge,
    /// It took too long.
    TooSlow,
    /// As much is being fetched as may be at once.
    Busy,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(why) => f.write_str(why),
            Self::Address => f.write_str("its host is not known, or not a public one"),
            Self::Unreachable(why) => write!(f, "it cannot be reached: {why}"),
            Self::Status(status) => write!(f, "it was answered with status {status}"),
            Self::Redirect => f.write_str("it redirects, which is not followed"),
            Self::Type => f.write_str("it is of another type"),
            Self::TooLarge => f.write_str("it is too large"),
            Self::TooSlow => f.write_str("it took too long"),
            Self::Busy => f.write_str("the server fetches as much as it can already"),
        }
    }
}

impl std::error::Error for FetchError {}

/// How long to wait when as much is fetched as may be.
const WHILE_BUSY: Duration = Duration::from_millis(250);
/// How often.
const PATIENCE: usize = 40;

/// Fetches what a job needs, which can wait a little for its turn.
pub(crate) async fn patiently(
    fetcher: &dyn Fetcher,
    wanted: &Wanted<'_>,
) -> Result<Fetched, FetchError> {
    for _ in 0..PATIENCE {
        match fetcher.fetch(wanted).await {
            Err(FetchError::Busy) => tokio::time::sleep(WHILE_BUSY).await,
            outcome => return outcome,
        }
    }
    Err(FetchError::Busy)
}

/// Fetches nothing: what a service has until it is given another.
pub(crate) struct Nothing;

impl Fetcher for Nothing {
    fn fetch<'a>(&'a self, _: &'a Wanted<'a>) -> Fetching<'a> {
        Box::pin(std::future::ready(Err(FetchError::Unreachable("nothing is fetched here".into()))))
    }
}
