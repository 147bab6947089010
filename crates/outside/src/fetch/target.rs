//! A URL that may be fetched, read so that nobody could read it differently.

use std::net::{Ipv4Addr, Ipv6Addr};

use bloom_service::fetch::FetchError;

/// The longest URL.
const MAX_LEN: usize = 2_000;
/// Both say who can change it: it is on purpose, and a person with a site of their own at hand cannot know.
pub(super) const OTHER_PORT: &str =
    "its port is not the usual one, which the operator allows with fetch.allow_private";
pub(super) const NO_NAME: &str =
    "its host is no name of the internet; the operator allows others with fetch.allow_private";

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) is_https: bool,
    /// In small letters; an address of version 6 in brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query, beginning with a slash.
    pub(super) path: String,
}

impl Target {
    /// Reads an absolute URL. Where private addresses are allowed, any port and literal addresses are, too.
    pub(super) fn parse(url: &str, allows_private: bool) -> Result<Self, FetchError> {
        if url.len() > MAX_LEN {
            return Err(FetchError::Url("it is too long"));
        }
        // What browsers, proxies and servers read in several ways is in none that is fetched.
        if !url.bytes().all(|b| b.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&b)) {
            return Err(FetchError::Url("it has a character that no URL has"));
        }
        let (is_https, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(FetchError::Url("it does not begin with https:// or http://")),
        };
        if rest.contains('#') {
            return Err(FetchError::Url("it has a fragment"));
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(FetchError::Url("it has a user name"));
        }
        let usual = if is_https { 443 } else { 80 };
        let (host, port) = split_port(authority).ok_or(FetchError::Url("its port is none"))?;
        if port.is_some_and(|port| port != usual) && !allows_private {
            return Err(FetchError::Url(OTHER_PORT));
        }
        let host = host.to_ascii_lowercase();
        let is_taken = is_name(&host) || allows_private && is_address(&host);
        if !is_taken {
            return Err(FetchError::Url(NO_NAME));
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { is_https, host, port: port.unwrap_or(usual), path })
    }

    /// The host without brackets, for whoever resolves it.
    pub(super) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The value of `Host`.
    pub(super) fn authority(&self) -> String {
        match (self.is_https, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// Where a redirect from here leads: an absolute URL, or a path from the root.
    pub(super) fn resolve(&self, location: &str) -> Option<String> {
        if location.starts_with("https://") || location.starts_with("http://") {
            return Some(location.to_owned());
        }
        let is_path = location.starts_with('/') && !location.starts_with("//");
        let scheme = if self.is_https { "https" } else { "http" };
        is_path.then(|| format!("{scheme}://{}{location}", self.authority()))
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let after_host = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    match authority[after_host..].split_once(':') {
        None => Some((authority, None)),
        Some((_, port)) => {
            let host = &authority[..authority.len() - port.len() - 1];
            let is_number = !port.starts_with('0') && port.bytes().all(|b| b.is_ascii_digit());
            let port = port.parse().ok().filter(|_| is_number)?;
            Some((host, Some(port)))
        }
    }
}

/// Whether a host is a name of the public kind: labels with dots between, the last of which is no number
/// (`127.1`, `0x7f.1` and `2130706433` are addresses to some readers), and no dot at the end.
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|b| b.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    host.len() <= 253 && host.contains('.') && host.split('.').all(is_label) && !is_number
}

/// Whether it is an address in the one spelling that everybody reads alike, or this machine's name.
fn is_address(host: &str) -> bool {
    let version_6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok()
        || version_6.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_read_as_everybody_reads_it() {
        let target = Target::parse("https://Client.example/a/b.json?x=1", false).unwrap();
        assert_eq!((target.host.as_str(), target.port), ("client.example", 443));
        assert_eq!(
            (target.path.as_str(), target.authority()),
            ("/a/b.json?x=1", target.host.clone())
        );
        assert_eq!(Target::parse("https://a.example:443/", false).unwrap().port, 443);
        assert_eq!(Target::parse("http://a.example", false).unwrap().path, "/");
        assert_eq!(Target::parse("https://a.example?x", false).unwrap().path, "/?x");
        assert!(Target::parse("https://xn--bcher-kva.example/", false).is_ok());
    }

    #[test]
    fn another_scheme_is_told_of_both() {
        for url in ["ftp://a.example/", "/x.png", "data:image/png;base64,AA"] {
            let told = Target::parse(url, false).err().map(|error| error.to_string());
            let told = told.expect("it is not fetched");
            assert!(told.contains("https:// or http://"), "{url}: {told}");
        }
    }

    #[test]
    fn what_could_be_read_otherwise_is_not_fetched() {
        for url in [
            "",
            "a.example/x",
            "//a.example/x",
            "ftp://a.example/",
            "file:///etc/passwd",
            "gopher://a.example/",
            "HTTPS://a.example/",
            "https://user@a.example/",
            "https://a.example@127.0.0.1/",
            "https://a.example:444/",
            "https://a.example:0443/",
            "https://a.example:/",
            "https://a.example:99999/",
            "https://a.example/x#y",
            "https://a.example\\@127.0.0.1/",
            "https://a.example/\r\nHost: b",
            "https://a.example/ x",
            "https://a.example/\0",
            "https://ex\u{ff41}mple.example/",
            "https://%31%32%37.0.0.1/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://127.0.0.1./",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://1.2.3.4.5/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[fe80::1%25eth0]/",
            "https://localhost/",
            "https://localhost./",
            "https://metadata/",
            "https://a.example./",
            "https://a..example/",
            "https://-a.example/",
            "https://a_b.example/",
            "https:///x",
            "https://",
        ] {
            assert!(Target::parse(url, false).is_err(), "{url:?}");
        }
        assert!(Target::parse(&format!("https://a.example/{}", "x".repeat(2_000)), false).is_err());
    }

    #[test]
    fn where_private_addresses_are_allowed_so_are_ports_and_literals() {
        for url in ["https://127.0.0.1:8443/x", "http://localhost:81/", "https://[::1]:8443/"] {
            assert!(Target::parse(url, true).is_ok(), "{url}");
        }
        for url in ["https://127.1/", "https://0x7f.1/", "https://user@localhost/", "https://[::1/"]
        {
            assert!(Target::parse(url, true).is_err(), "{url}");
        }
        let target = Target::parse("https://[::1]:8443/", true).unwrap();
        assert_eq!((target.bare_host(), target.authority()), ("::1", "[::1]:8443".to_owned()));
    }

    #[test]
    fn a_redirect_is_absolute_or_a_path() {
        let target = Target::parse("https://a.example/x/y", false).unwrap();
        let to = |location: &str| target.resolve(location);
        assert_eq!(to("https://b.example/"), Some("https://b.example/".into()));
        assert_eq!(to("/z?q"), Some("https://a.example/z?q".into()));
        for location in ["", "z", "//b.example/", "javascript:x", "?q", "file:///etc/passwd"] {
            assert_eq!(to(location), None, "{location}");
        }
    }
}
