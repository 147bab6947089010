//! The address a request came from.

use std::net::IpAddr;

use http::HeaderMap;

/// What each proxy appends the address of its peer to.
pub(crate) const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The caller's address: the peer's, or with `proxies` trusted proxies in front, the entry that the
/// outermost of them appended. Never the leftmost entry, which the caller writes.
pub(crate) fn address(headers: &HeaderMap, peer: Option<IpAddr>, proxies: usize) -> Option<IpAddr> {
    let Some(from_the_right) = proxies.checked_sub(1) else {
        return peer;
    };
    // By bytes: a line with something unreadable in it still has as many entries as it has.
    let entries: Vec<&[u8]> = headers
        .get_all(X_FORWARDED_FOR)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .collect();
    let entry = entries.iter().rev().nth(from_the_right)?;
    std::str::from_utf8(entry).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(forwarded: &[&'static str], proxies: usize) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, value.parse().unwrap());
        }
        address(&headers, Some([10, 0, 0, 1].into()), proxies).map(|a| a.to_string())
    }

    #[test]
    fn what_the_caller_wrote_is_never_believed() {
        assert_eq!(found(&["1.1.1.1"], 0).as_deref(), Some("10.0.0.1"));
        assert_eq!(found(&["1.1.1.1, 2.2.2.2"], 1).as_deref(), Some("2.2.2.2"));
        assert_eq!(found(&["1.1.1.1", "2.2.2.2, 3.3.3.3"], 2).as_deref(), Some("2.2.2.2"));
        assert_eq!(found(&["2001:db8::1"], 1).as_deref(), Some("2001:db8::1"));
        assert_eq!(found(&["junk"], 1), None);
        let mut headers = HeaderMap::new();
        headers.append(X_FORWARDED_FOR, "6.6.6.6".parse().unwrap());
        headers.append(X_FORWARDED_FOR, http::HeaderValue::from_bytes(b"\xff, 10.0.0.9").unwrap());
        assert_eq!(address(&headers, None, 1), Some([10, 0, 0, 9].into()));
        assert_eq!(address(&headers, None, 2), None);
        assert_eq!(found(&[], 1), None);
    }
}
