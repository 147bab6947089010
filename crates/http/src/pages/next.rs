//! Where a person goes after a page that they were sent to first: `next`, in a query or in a form.

use http::Uri;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::forms::Form;
use crate::api::query::Query;

/// The field, and the part of a query, that says where.
pub(crate) const NEXT: &str = "next";
const AGAIN: &str = "again";

/// The `next` of a page that is asked for; none when it is there twice or leads elsewhere.
pub(crate) fn of_query(uri: &Uri) -> Option<String> {
    let next = Query(uri.query().unwrap_or_default()).optional(NEXT).ok().flatten()?;
    is_local(&next).then(|| next.into_owned())
}

/// The `next` of a form; none when it leads elsewhere.
pub(crate) fn of_form(form: &Form) -> Option<String> {
    let next = form.text(NEXT);
    is_local(next).then(|| next.to_owned())
}

/// A link to a page that goes on to the same `next`.
pub(crate) fn link(path: &str, next: Option<&str>) -> String {
    match next {
        Some(next) => format!("{path}?{NEXT}={}", utf8_percent_encode(next, NON_ALPHANUMERIC)),
        None => path.to_owned(),
    }
}

/// Whether a person who is signed in wants the page all the same, to be somebody else or to prove that
/// it is still them.
pub(crate) fn is_again(uri: &Uri) -> bool {
    Query(uri.query().unwrap_or_default()).optional(AGAIN).is_ok_and(|again| again.is_some())
}

/// A link to such a page.
pub(crate) fn link_again(path: &str, next: &str) -> String {
    format!("{}&{AGAIN}=1", link(path, Some(next)))
}

/// Whether a path leads to a page of this server: anything a browser could read as another host is
/// refused.
pub(super) fn is_local(path: &str) -> bool {
    let mut bytes = path.bytes();
    bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && path.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_always_ours() {
        for good in ["/", "/settings#api-keys", "/settings?a=b"] {
            assert!(is_local(good), "{good}");
        }
        for bad in [
            "",
            "settings",
            "//evil",
            "/\\evil",
            "https://evil",
            "/a\nb",
            "/\t/evil",
            "/a\\b",
            "/é",
        ] {
            assert!(!is_local(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_link_carries_all_of_next() {
        assert_eq!(link("/sign-up", None), "/sign-up");
        let next = "/authorize?request=a%2Bb&c=d#e";
        let link: Uri = link("/sign-up", Some(next)).parse().unwrap();
        assert_eq!(link.path(), "/sign-up");
        assert_eq!(of_query(&link).as_deref(), Some(next));
    }
}
