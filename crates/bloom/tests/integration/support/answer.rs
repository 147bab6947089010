//! An answer, read to its end.

use std::fmt;

use http_body_util::BodyExt;
use serde_json::Value;

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(response: axum::response::Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("the body arrives").to_bytes().to_vec();
        for header in ["location", "set-cookie"] {
            for value in parts.headers.get_all(header) {
                super::log::learn(value.as_bytes());
            }
        }
        super::log::learn(&body);
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// A header that is there once at most; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map_or("", |value| value.to_str().expect("headers are text"));
        assert!(values.next().is_none(), "{name} came twice: {self:?}");
        value
    }

    /// A header that is a number.
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.header(name).parse().unwrap_or_else(|_| panic!("{name} is no number: {self:?}"))
    }

    /// Every cookie that is set.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        let cookies = self.headers.get_all("set-cookie").iter();
        cookies.map(|cookie| cookie.to_str().expect("cookies are text")).collect()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("bodies are UTF-8")
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Status and body side by side, for snapshots.
    pub(crate) fn summary(&self) -> String {
        format!("{} {}", self.status, self.text())
    }

    /// Asserts that it is an error in the contract's envelope and nothing else, and gives its code.
    pub(crate) fn error_code(&self) -> String {
        let json = self.json();
        let error = json["error"].as_object().unwrap_or_else(|| panic!("no error: {self:?}"));
        assert_eq!(json.as_object().map(serde_json::Map::len), Some(1), "{self:?}");
        assert_eq!(error["status"], self.status, "{self:?}");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(message.ends_with('.'), "the message is a sentence: {self:?}");
        let known = ["code", "status", "message", "data"];
        assert!(error.keys().all(|key| known.contains(&key.as_str())), "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        error["code"].as_str().unwrap_or_else(|| panic!("no code: {self:?}")).to_owned()
    }

    /// Status and code of an error, such as `401 UNAUTHORIZED`.
    pub(crate) fn error(&self) -> String {
        format!("{} {}", self.status, self.error_code())
    }

    /// What stands between two texts of the body, the first time.
    pub(crate) fn between(&self, before: &str, after: &str) -> Option<&str> {
        let (_, rest) = self.text().split_once(before)?;
        rest.split_once(after).map(|(found, _)| found)
    }

    /// The text but for the token of its forms, which has a number of its own on each page.
    pub(crate) fn without_token(&self) -> String {
        let token = self.between("name=\"form_token\" value=\"", "\"");
        token.map_or_else(|| self.text().to_owned(), |token| self.text().replace(token, "TOKEN"))
    }

    /// Asserts that it is a page with a heading.
    #[track_caller]
    pub(crate) fn assert_page(&self, status: u16, heading: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8", "{self:?}");
        assert_eq!(self.between("<h1>", "</h1>"), Some(heading), "{self:?}");
    }

    /// That a stranger who asked for a page signs in first, and comes back to it.
    pub(crate) fn assert_sign_in_first(&self, path: &str) {
        let next: String = path
            .bytes()
            .map(|byte| match byte {
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect();
        self.assert_redirect(&format!("/sign-in?next={next}"));
    }

    /// Asserts that it sends the browser elsewhere, by GET.
    #[track_caller]
    pub(crate) fn assert_redirect(&self, to: &str) {
        assert_eq!((self.status, self.header("location")), (303, to), "{self:?}");
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} {:#?}\n{body}", self.status, self.headers)
    }
}
