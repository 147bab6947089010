//! Who is at the browser: the cookie, the session behind it, and the token its forms carry.
//!
//! The public URL's scheme decides about the cookie: on https it is `__Host-bloom` and `Secure`, which
//! no other host can set; on http it is `bloom`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_domain::digest::Digest;
use bloom_domain::secrets::OpaqueSecret;
use bloom_domain::sessions::ABSOLUTE_LIFETIME;
use bloom_service::sessions::{self, SignedIn, Visitor};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use axum::response::Response;

use super::errors::PageError;
use super::views::Layout;
use crate::app::App;
use crate::site::Site;

/// Who is at the browser.
pub(crate) struct Browser {
    cookie: OpaqueSecret,
    /// Whether the browser does not have the cookie yet.
    is_new: bool,
    person: Option<Box<SignedIn>>,
    form_token: Digest,
}

impl Browser {
    /// Reads the cookie; a browser without one gets one, of which nothing is stored.
    ///
    /// # Errors
    /// [`PageError::Banned`] when the session is of a suspended account.
    pub(crate) async fn open(app: &App, headers: &HeaderMap) -> Result<Self, PageError> {
        let presented = cookie(headers, name(&app.site));
        let (cookie, is_new) = match presented {
            Some(cookie) => (cookie, false),
            None => (sessions::anonymous_browser(&app.service)?, true),
        };
        let person = match is_new {
            true => None,
            false => match sessions::anonymous_visit(&app.service, &cookie).await? {
                Visitor::SignedIn(person) => Some(person),
                Visitor::Banned => return Err(PageError::Banned),
                Visitor::Stranger => None,
            },
        };
        let form_token = sessions::anonymous_form_token(&app.service, &cookie);
        Ok(Self { cookie, is_new, person, form_token })
    }

    /// Who is signed in.
    pub(crate) fn person(&self) -> Option<&SignedIn> {
        self.person.as_deref()
    }

    /// The cookie's secret.
    pub(crate) fn cookie(&self) -> &OpaqueSecret {
        &self.cookie
    }

    /// The frame of a page for this browser.
    pub(crate) fn layout(&self) -> Layout {
        Layout {
            signed_in_as: self.person().map(|person| person.account().email.to_string()),
            form_token: URL_SAFE_NO_PAD.encode(self.form_token.as_bytes()),
        }
    }

    /// Gives the browser its cookie along with a page that has a form.
    pub(crate) fn keep(&self, app: &App, mut response: Response) -> Response {
        if self.is_new {
            set(&app.site, &mut response, &self.cookie, None);
        }
        response
    }
}

/// Whether a form's token was made for the browser with these cookies.
pub(crate) fn is_our_form(app: &App, headers: &HeaderMap, token: &str) -> bool {
    let Some(cookie) = cookie(headers, name(&app.site)) else {
        return false;
    };
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else {
        return false;
    };
    let Ok(bytes) = <[u8; 32]>::try_from(bytes) else {
        return false;
    };
    sessions::anonymous_form_is_ours(&app.service, &cookie, &Digest::from_bytes(bytes))
}

/// Starts a session in the browser: the cookie it had before is worth nothing from here on.
pub(crate) fn start_session(app: &App, response: &mut Response, session: &OpaqueSecret) {
    set(&app.site, response, session, Some(ABSOLUTE_LIFETIME.as_secs()));
}

/// Takes the cookie back.
pub(crate) fn end_session(app: &App, response: &mut Response) {
    let text = attributes(&app.site, "", Some(0));
    append(response, &text);
}

fn set(site: &Site, response: &mut Response, secret: &OpaqueSecret, max_age: Option<u64>) {
    append(response, &attributes(site, secret.expose(), max_age));
}

fn append(response: &mut Response, cookie: &str) {
    if let Ok(mut value) = HeaderValue::from_str(cookie) {
        value.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, value);
    }
}

fn attributes(site: &Site, value: &str, max_age: Option<u64>) -> String {
    let name = name(site);
    let secure = if site.is_https() { "; Secure" } else { "" };
    let age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")
}

fn name(site: &Site) -> &'static str {
    if site.is_https() { "__Host-bloom" } else { "bloom" }
}

/// The first cookie with the name that can be one of ours.
fn cookie(headers: &HeaderMap, name: &str) -> Option<OpaqueSecret> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .find_map(|(_, value)| OpaqueSecret::parse(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_decides_about_the_cookie() {
        let plain = Site::new("http://localhost:4600", 0).unwrap();
        let secure = Site::new("https://bloom.example", 0).unwrap();
        assert_eq!(attributes(&plain, "x", None), "bloom=x; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(
            attributes(&secure, "x", Some(7)),
            "__Host-bloom=x; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=7"
        );
    }

    #[test]
    fn only_a_cookie_of_ours_is_read() {
        let secret = OpaqueSecret::new(&[1; 32]);
        let mut headers = HeaderMap::new();
        let text = format!("bloomer=1; bloom=junk; bloom={}; x=y", secret.expose());
        headers.insert(COOKIE, text.parse().unwrap());
        assert_eq!(cookie(&headers, "bloom").unwrap().expose(), secret.expose());
        assert!(cookie(&headers, "__Host-bloom").is_none());
    }
}
