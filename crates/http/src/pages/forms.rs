//! What a form sends, read strictly and only when the form is ours.
//!
//! In this order: the type, the size, `Origin` (a foreign page cannot post here), the encoding, no
//! field twice, and the token that binds the form to the browser. Only then is a field looked at.
//!
//! Who is at the browser is asked when the form has arrived: a session that ended while it was on its
//! way counts for nothing.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::Request;
use axum::response::Response;
use http::{Extensions, HeaderMap, header, request};
use percent_encoding::percent_decode_str;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::{redirect, submissions};
use crate::api::multipart;
use crate::app::App;
use crate::body::{self, BodyError};

/// Larger than any of our forms can get.
const MAX_BYTES: usize = 64 * 1024;
/// Larger than any form of an app; as a query it has to fit into the head of the next request.
const MAX_LINK_BYTES: usize = 16 * 1024;
const TYPE: &str = "application/x-www-form-urlencoded";
/// The field that binds a form to its browser.
pub(super) const TOKEN: &str = "form_token";
/// The field of a form that is a file.
const FILE: &str = "file";

/// The fields of a form of ours.
pub(crate) struct Form(BTreeMap<String, String>);

/// A form that has arrived, and whose it is is not known yet.
pub(crate) struct Arrived {
    headers: HeaderMap,
    extensions: Extensions,
    fields: BTreeMap<String, String>,
}

impl Arrived {
    /// Reads a request as a form.
    ///
    /// # Errors
    /// A [`PageError`] that says what is wrong with it.
    pub(crate) async fn read(app: &App, request: Request) -> Result<Self, PageError> {
        let (parts, body) = whole(app, request).await?;
        let (headers, extensions) = (parts.headers, parts.extensions);
        let fields = fields(&body).map_err(PageError::UnreadableForm)?;
        Ok(Self { headers, extensions, fields })
    }

    /// Finds out who sent it.
    ///
    /// # Errors
    /// [`PageError::ForeignForm`], or when the database cannot be read.
    pub(crate) async fn open(self, app: &App) -> Result<(Browser, Form), PageError> {
        let mut browser = Browser::open(app, self.sent()).await?;
        if !browser.is_our_form(app, self.token()) {
            return Err(PageError::ForeignForm);
        }
        if let Some(once) = self.extensions.get::<submissions::Sent>() {
            browser.sends(app, once).await?;
        }
        Ok((browser, Form(self.fields)))
    }

    /// Finds out which browser sent it, but not who is signed in there, which the database would have
    /// to be asked for: enough to turn them away.
    ///
    /// # Errors
    /// [`PageError::ForeignForm`].
    pub(crate) fn open_unasked(self, app: &App) -> Result<(Browser, Form), PageError> {
        let browser = Browser::of_form(app, self.sent(), self.token());
        browser.map(|browser| (browser, Form(self.fields))).ok_or(PageError::ForeignForm)
    }

    /// A field as it was typed, whoever sent it; empty when it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }

    fn sent(&self) -> Sent<'_> {
        Sent { headers: &self.headers, extensions: &self.extensions }
    }

    fn token(&self) -> &str {
        self.fields.get(TOKEN).map(String::as_str).unwrap_or_default()
    }
}

impl Form {
    /// Reads a request as one of our forms that also sends a file, and who sent it. Nothing chosen is an empty
    /// file.
    ///
    /// # Errors
    /// A [`PageError`] that says what is wrong with it.
    pub(crate) async fn read_with_file(
        app: &App,
        request: Request,
        most: usize,
    ) -> Result<(Browser, Self, Bytes), PageError> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = kind.and_then(multipart::boundary).ok_or(PageError::FormType)?.to_owned();
        if !is_from_here(app, &parts.headers) {
            return Err(PageError::ForeignForm);
        }
        let body = body::read(body, most + MAX_BYTES).await.map_err(|error| match error {
            BodyError::TooLarge => PageError::FileTooLarge,
            BodyError::NotWhole => PageError::UnreadableForm("It did not arrive whole."),
        })?;
        let (mut fields, mut file) = (BTreeMap::new(), Bytes::new());
        for part in multipart::parse(&boundary, &body).map_err(PageError::UnreadableForm)? {
            if part.name == FILE {
                file = part.bytes;
                continue;
            }
            let text =
                String::from_utf8(part.bytes.to_vec()).ok().filter(|text| !text.contains('\0'));
            // None comes twice.
            fields.insert(part.name, text.ok_or(PageError::UnreadableForm(NOT_UTF8))?);
        }
        let arrived = Arrived { headers: parts.headers, extensions: parts.extensions, fields };
        let (browser, form) = arrived.open(app).await?;
        Ok((browser, form, file))
    }

    /// Reads a request as one of our forms, and who sent it.
    ///
    /// # Errors
    /// A [`PageError`] that says what is wrong with it.
    pub(crate) async fn read(app: &App, request: Request) -> Result<(Browser, Self), PageError> {
        Arrived::read(app, request).await?.open(app).await
    }

    /// What comes after `beginning` in the names of the boxes that were checked.
    pub(crate) fn checked<'a>(&'a self, beginning: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.keys().filter_map(move |name| name.strip_prefix(beginning))
    }

    /// Fields that were kept from a form that was sent before.
    pub(crate) fn of(fields: BTreeMap<String, String>) -> Self {
        Self(fields)
    }

    /// The fields whose names are asked for, to be kept.
    pub(crate) fn those(&self, is_kept: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
        let fields = self.0.iter().filter(|(name, _)| is_kept(name));
        fields.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// A field as it was typed; empty when it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// Whether a path is one of those that a pattern means, in which `*` is any one segment.
pub(super) fn fits(path: &str, pattern: &str) -> bool {
    let (mut asked, mut wanted) = (path.split('/'), pattern.split('/'));
    loop {
        match (asked.next(), wanted.next()) {
            (None, None) => return true,
            (Some(asked), Some(wanted)) if wanted == "*" || wanted == asked => {}
            _ => return false,
        }
    }
}

/// The form of a request as it arrived, once its type, its origin and its size are looked at.
///
/// # Errors
/// A [`PageError`] that says what is wrong with it.
pub(super) async fn whole(
    app: &App,
    request: Request,
) -> Result<(request::Parts, Bytes), PageError> {
    let (parts, body) = request.into_parts();
    if !body::is_of_type(&parts.headers, TYPE) {
        return Err(PageError::FormType);
    }
    if !is_from_here(app, &parts.headers) {
        return Err(PageError::ForeignForm);
    }
    let body = body::read(body, MAX_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => PageError::FormTooLarge(MAX_BYTES),
        BodyError::NotWhole => PageError::UnreadableForm("It did not arrive whole."),
    })?;
    Ok((parts, body))
}

/// A form of an app, sent on as the link that it could have been: from another site it comes without our cookie.
///
/// # Errors
/// A [`PageError`] that says what is wrong with it.
pub(crate) async fn as_link(path: &str, request: Request) -> Result<Response, PageError> {
    let body = of_an_app(request).await?;
    let query = std::str::from_utf8(&body).ok().filter(|query| {
        query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\')
    });
    let unreadable = PageError::UnreadableForm("It is not form-encoded.");
    Ok(redirect(&format!("{path}?{}", query.ok_or(unreadable)?)))
}

/// A form of an app, as it was sent: from whichever site, and without our cookie.
///
/// # Errors
/// A [`PageError`] that says what is wrong with it.
pub(super) async fn of_an_app(request: Request) -> Result<Bytes, PageError> {
    let (parts, body) = request.into_parts();
    if !body::is_of_type(&parts.headers, TYPE) {
        return Err(PageError::FormType);
    }
    body::read(body, MAX_LINK_BYTES).await.map_err(|_| PageError::FormTooLarge(MAX_LINK_BYTES))
}

/// `Origin`, when it is there, must be ours; `null` is foreign.
fn is_from_here(app: &App, headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ORIGIN)
        .iter()
        .all(|origin| origin.as_bytes() == app.site.origin().as_bytes())
}

/// The same, and it must be there: what the browser itself says of where a form comes from.
pub(super) fn is_said_to_be_from_here(app: &App, headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) && is_from_here(app, headers)
}

/// The fields of a form that is encoded like a query, each once.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn fields(body: &[u8]) -> Result<BTreeMap<String, String>, &'static str> {
    let mut fields = BTreeMap::new();
    for (name, value) in pairs(body)? {
        if fields.insert(name, value).is_some() {
            return Err("It has a field twice.");
        }
    }
    Ok(fields)
}

/// The same, in the order in which they were sent.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(super) fn pairs(body: &[u8]) -> Result<Vec<(String, String)>, &'static str> {
    let body = std::str::from_utf8(body).map_err(|_| NOT_UTF8)?;
    let pairs = body.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

const NOT_UTF8: &str = "It holds characters that are not UTF-8, or a NUL.";

fn decode(text: &str) -> Result<String, &'static str> {
    let spaced = text.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8().map_err(|_| NOT_UTF8)?;
    // PostgreSQL cannot store a NUL, and nobody means one.
    if text.contains('\0') { Err(NOT_UTF8) } else { Ok(text.into_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &'static str) -> Result<Vec<(String, String)>, ()> {
        fields(body.as_bytes()).map(|fields| fields.into_iter().collect()).map_err(|_| ())
    }

    #[test]
    fn fields_are_read_once_and_strictly() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            parsed("a=1+2&b=%C3%A9&c"),
            Ok(vec![pair("a", "1 2"), pair("b", "é"), pair("c", "")])
        );
        assert_eq!(parsed(""), Ok(vec![]));
        for bad in ["a=1&a=2", "a=%ff", "a=%00", "%61=1&a=2"] {
            assert_eq!(parsed(bad), Err(()), "{bad}");
        }
        assert!(fields(b"a=\xff").is_err());
    }
}
