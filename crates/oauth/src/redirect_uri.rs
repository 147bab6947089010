//! Redirect URIs: what may be registered, and when a presented one is a registered one.
//!
//! Matching is on the raw bytes (RFC 6749 §3.1.2.3, RFC 3986 §6.2.1): there is no normalization on
//! the accepting side, so no trick of encoding, case or path can make two of them meet. The one
//! exception is the port of a loopback address, which a native app only knows when it asks
//! (RFC 8252 §7.3).

use std::fmt;
use std::net::Ipv4Addr;

use percent_encoding::percent_decode_str;

/// The longest redirect URI that is taken.
const MAX_LEN: usize = 2_000;
/// What an authorization response adds to the query (RFC 6749 §4.1.2, §4.1.2.1, RFC 9207 §2). Were one
/// there already, the client would find it twice.
const RESPONSE_PARAMETERS: [&str; 6] =
    ["code", "state", "iss", "error", "error_description", "error_uri"];

/// A redirect URI that may be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    kind: RedirectKind,
}

/// Where a redirect URI leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedirectKind {
    /// A site: https on this host, port included if there is one.
    Site(String),
    /// An app on the person's device, listening on a loopback address. By https too: that any app
    /// there may be the one that listens is the same.
    Loopback,
    /// An app on the person's device, by a private-use scheme (RFC 8252 §7.1).
    PrivateUse(String),
}

/// Why a redirect URI cannot be registered. The text names the fault for the app's developer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectUriError {
    /// Longer than 2,000 bytes.
    TooLong,
    /// A character that no URI has: a space, a quote, an angle bracket, anything outside ASCII.
    Character,
    /// A wildcard. There are none: register each URI.
    Wildcard,
    /// A fragment (RFC 6749 §3.1.2).
    Fragment,
    /// No scheme: a redirect URI is absolute.
    Relative,
    /// A user name or password before the host.
    UserInfo,
    /// The host is missing, malformed or a public suffix such as `co.uk`.
    Host,
    /// The port is no number from 1 to 65535, or begins with a zero. Nothing listens on port 0: whoever writes it
    /// means any port, and says so by leaving it out (RFC 8252 §7.3).
    Port,
    /// http on a host that is not exactly `localhost`, `127.0.0.1` or `[::1]`.
    PlainHttp,
    /// A scheme that is neither https nor http, has no dot and is not known.
    Scheme,
    /// A private-use URI without a path, such as `com.example.app:callback`.
    Path,
    /// A parameter in its query that the authorization response brings itself.
    Parameter,
}

impl fmt::Display for RedirectUriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "it is longer than 2000 bytes",
            Self::Character => "it has a character that no URI has, such as a space, a quote or a letter outside ASCII",
            Self::Wildcard => "wildcards are not supported: register each exact URI",
            Self::Fragment => "it has a fragment",
            Self::Relative => "it is not absolute",
            Self::UserInfo => "it has a user name or password",
            Self::Host => "its host is missing, malformed or a public suffix",
            Self::Port => "its port is not a number from 1 to 65535; an http URI on localhost, 127.0.0.1 or [::1] without a port is good for any port",
            Self::PlainHttp => "http is taken only for localhost, 127.0.0.1 and [::1]; use https",
            Self::Path => "a slash must follow its scheme, as in com.example.app:/callback",
            Self::Parameter => "its query has a parameter of the answer itself: code, state, iss, error, error_description or error_uri",
            Self::Scheme => "its scheme is not taken: use https, or a private-use scheme with a dot such as com.example.app",
        })
    }
}

impl std::error::Error for RedirectUriError {}

impl RedirectUri {
    /// Checks a redirect URI that is to be registered. `known_schemes` are private-use schemes
    /// without a dot that are taken all the same.
    ///
    /// # Errors
    /// [`RedirectUriError`] names the fault.
    pub fn parse(text: &str, known_schemes: &[&str]) -> Result<Self, RedirectUriError> {
        if text.len() > MAX_LEN {
            return Err(RedirectUriError::TooLong);
        }
        if !text.bytes().all(is_uri_character) {
            return Err(RedirectUriError::Character);
        }
        if text.contains('*') {
            return Err(RedirectUriError::Wildcard);
        }
        if text.contains('#') {
            return Err(RedirectUriError::Fragment);
        }
        let (scheme, rest) = text.split_once(':').ok_or(RedirectUriError::Relative)?;
        let kind = match scheme {
            "https" => match authority(rest)? {
                authority if is_this_device(host(authority)) => RedirectKind::Loopback,
                authority => RedirectKind::Site(authority.to_owned()),
            },
            "http" => match authority(rest)? {
                authority if is_loopback(host(authority)) => RedirectKind::Loopback,
                _ => return Err(RedirectUriError::PlainHttp),
            },
            _ => RedirectKind::PrivateUse(private_use(scheme, rest, known_schemes)?),
        };
        if names(rest).any(is_of_the_answer) {
            return Err(RedirectUriError::Parameter);
        }
        Ok(Self { text: text.to_owned(), kind })
    }

    /// The URI, byte for byte as registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it leads.
    #[must_use]
    pub fn kind(&self) -> &RedirectKind {
        &self.kind
    }

    /// Whether a presented URI is this one: the same bytes, or, for http on a loopback address, the
    /// same but for the port.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        if presented == self.text {
            return true;
        }
        self.kind == RedirectKind::Loopback
            && matches!(
                (without_port(&self.text), without_port(presented)),
                (Some(registered), Some(presented)) if registered == presented
            )
    }

    /// The URI without the port of a loopback address: what distinguishes one registration from
    /// another.
    #[must_use]
    pub fn canonical(&self) -> String {
        match (&self.kind, without_port(&self.text)) {
            (RedirectKind::Loopback, Some((host, rest))) => format!("http://{host}{rest}"),
            _ => self.text.clone(),
        }
    }
}

/// What RFC 3986 §2 has, in the accepting of which nobody needs more.
fn is_uri_character(b: u8) -> bool {
    b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b)
}

/// The names in the query of what stands after `scheme:`.
fn names(rest: &str) -> impl Iterator<Item = &str> {
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
}

fn is_of_the_answer(name: &str) -> bool {
    RESPONSE_PARAMETERS.iter().any(|ours| percent_decode_str(name).eq(ours.bytes()))
}

/// The authority after `scheme:`, checked.
fn authority(rest: &str) -> Result<&str, RedirectUriError> {
    let rest = rest.strip_prefix("//").ok_or(RedirectUriError::Host)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let authority = &rest[..end];
    if authority.contains('@') {
        return Err(RedirectUriError::UserInfo);
    }
    if let Some(port) = port(authority)
        && !is_port(port)
    {
        return Err(RedirectUriError::Port);
    }
    if is_loopback(host(authority)) || is_domain(host(authority)) {
        Ok(authority)
    } else {
        Err(RedirectUriError::Host)
    }
}

/// A name with at least two labels, or an IPv4 address in four decimal parts. A single label is
/// either a machine of somebody's network or a public suffix.
fn is_domain(host: &str) -> bool {
    let labels: Vec<_> = host.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_numeric = labels.last().is_some_and(|label| is_number(label));
    let is_address = host.parse::<Ipv4Addr>().is_ok();
    labels.len() >= 2
        && labels.iter().all(is_label)
        && (!is_numeric || is_address)
        && !is_public_suffix(host)
}

/// Whether browsers take a host that ends in this label for an IPv4 address (URL standard, "ends in a
/// number"): `127.0.0x1` leads to the device, and is no site.
fn is_number(label: &str) -> bool {
    let is_decimal = label.bytes().all(|b| b.is_ascii_digit());
    let hexadecimal = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    is_decimal || hexadecimal.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Under which anybody can have a name, and which is nobody's site itself: of a registry, or of a company that
/// gives names to its customers.
fn is_public_suffix(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    psl::suffix(host.as_bytes())
        .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == host.as_bytes())
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// Whatever else leads to the device itself: what listens there is no site.
fn is_this_device(host: &str) -> bool {
    let name = host.to_ascii_lowercase();
    is_loopback(&name)
        || name.ends_with(".localhost")
        || name == "localhost.localdomain"
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

fn host(authority: &str) -> &str {
    match port(authority) {
        Some(port) => &authority[..authority.len() - port.len() - 1],
        None => authority,
    }
}

/// What stands behind the last colon outside of brackets.
fn port(authority: &str) -> Option<&str> {
    let (before, port) = authority.rsplit_once(':')?;
    let is_inside_brackets = before.starts_with('[') && !before.ends_with(']');
    (!port.contains(']') && !is_inside_brackets).then_some(port)
}

fn is_port(port: &str) -> bool {
    let digits = port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0');
    digits && port.parse::<u16>().is_ok()
}

/// Host and rest of an http URI on a loopback address; `None` for any other.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let is_good = is_loopback(host(authority)) && port(authority).is_none_or(is_port);
    (is_good && !rest.contains('#')).then_some((host(authority), rest))
}

/// A private-use scheme: "based on a domain name" (RFC 8252 §7.1), or one of those that are known.
fn private_use(scheme: &str, rest: &str, known: &[&str]) -> Result<String, RedirectUriError> {
    let mut bytes = scheme.bytes();
    let starts_well = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
    let goes_on_well =
        bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b));
    if !starts_well || !goes_on_well {
        return Err(RedirectUriError::Relative);
    }
    let authority = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next());
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err(RedirectUriError::UserInfo);
    }
    let has_dot = scheme.contains('.') && scheme.split('.').all(|label| !label.is_empty());
    if !has_dot && !known.contains(&scheme) {
        Err(RedirectUriError::Scheme)
    } else if rest.starts_with('/') {
        Ok(scheme.to_owned())
    } else {
        Err(RedirectUriError::Path)
    }
}

#[cfg(test)]
mod tests;
