//! Who is at the browser: the cookie, the session behind it, and the token its forms carry.
//!
//! The public URL's scheme decides about the cookie: on https it is `__Host-bloom` and `Secure`, which
//! no other host can set; on http it is `bloom`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_domain::digest::Digest;
use bloom_domain::secrets::OpaqueSecret;
use bloom_domain::senders::Sender;
use bloom_domain::sessions::ABSOLUTE_LIFETIME;
use bloom_service::sessions::{self, Arriving, SignedIn, Visitor};
use bloom_service::submissions;
use http::header::{COOKIE, SET_COOKIE};
use http::{Extensions, HeaderMap, HeaderValue};

use axum::extract::Request;
use axum::response::Response;

use super::errors::PageError;
use super::submissions::Sent as OnceSent;
use super::views::Layout;
use super::{next, proof};
use crate::app::App;
use crate::sender;
use crate::site::Site;

/// How many cookies with our name are tried: each costs a look into the database.
const MAX_COOKIES: usize = 4;
/// How many bytes the number of a page's forms has, behind what binds them to the browser.
const FORM_NUMBER: usize = 8;

/// What a browser sent, but for the body.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) extensions: &'a Extensions,
}

impl<'a> Sent<'a> {
    pub(crate) fn request(request: &'a Request) -> Self {
        Self { headers: request.headers(), extensions: request.extensions() }
    }

    fn sender(self, app: &App) -> Sender {
        sender::Sender::of(app, self.headers, self.extensions).kept()
    }
}

/// Who is at the browser.
pub(crate) struct Browser {
    cookie: OpaqueSecret,
    /// Whether the browser does not have the cookie yet.
    is_new: bool,
    visitor: Visitor,
    form_token: Digest,
    /// What tells the forms of one page from those of another.
    form_number: [u8; FORM_NUMBER],
    sender: Sender,
}

impl Browser {
    /// Reads the cookie; a browser without one gets one, of which nothing is stored.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn open(app: &App, from: Sent<'_>) -> Result<Self, PageError> {
        let sender = from.sender(app);
        let chosen = choose(app, cookies(from.headers, name(&app.site)), &sender).await?;
        let is_new = chosen.is_none();
        let (cookie, visitor) = match chosen {
            Some(chosen) => chosen,
            None => (sessions::anonymous_browser(&app.service)?, Visitor::Stranger),
        };
        let form_token = sessions::anonymous_form_token(&app.service, &cookie);
        let form_number = submissions::anonymous_number(&app.service)?;
        Ok(Self { cookie, is_new, visitor, form_token, form_number, sender })
    }

    /// The browser that a form with this token was made for, if its cookie came along. Nobody is asked
    /// who is signed in there, so it counts as a stranger's.
    pub(crate) fn of_form(app: &App, from: Sent<'_>, token: &str) -> Option<Self> {
        let form_number = submissions::anonymous_number(&app.service).ok()?;
        cookies(from.headers, name(&app.site))
            .into_iter()
            .map(|cookie| {
                let form_token = sessions::anonymous_form_token(&app.service, &cookie);
                let (visitor, sender) = (Visitor::Stranger, from.sender(app));
                Self { cookie, is_new: false, visitor, form_token, form_number, sender }
            })
            .find(|browser| browser.is_our_form(app, token))
    }

    /// Who is signed in. The suspended count as strangers, so that they can leave.
    pub(crate) fn person(&self) -> Option<&SignedIn> {
        match &self.visitor {
            Visitor::SignedIn(person) => Some(person),
            Visitor::Banned | Visitor::Stranger => None,
        }
    }

    /// Who is signed in, for what only they may do.
    ///
    /// # Errors
    /// [`PageError::SignedOut`], or [`PageError::Banned`] for a session of a suspended account.
    pub(crate) fn require_person(&self) -> Result<&SignedIn, PageError> {
        self.person().ok_or(match self.visitor {
            Visitor::Banned => PageError::Banned(Some(self.layout().form_token)),
            _ => PageError::SignedOut,
        })
    }

    /// Who is signed in, for a page of theirs: a stranger signs in first, and comes back `here`.
    ///
    /// # Errors
    /// [`PageError::First`], or [`PageError::Banned`] for a session of a suspended account.
    pub(crate) fn person_at(&self, here: &str) -> Result<&SignedIn, PageError> {
        self.require_person().map_err(|error| match error {
            PageError::SignedOut => PageError::First(next::link("/sign-in", Some(here))),
            error => error,
        })
    }

    /// The same for what a browser that somebody left open must not be enough for: who has not proven
    /// lately that it is them does so first.
    ///
    /// # Errors
    /// [`PageError::First`], or [`PageError::Banned`] for a session of a suspended account.
    pub(crate) fn proven_at(&self, app: &App, here: &str) -> Result<&SignedIn, PageError> {
        let person = self.person_at(here)?;
        if person.is_proven(&app.service) {
            return Ok(person);
        }
        Err(PageError::First(next::link(proof::PATH, Some(here))))
    }

    /// The cookie's secret.
    pub(crate) fn cookie(&self) -> &OpaqueSecret {
        &self.cookie
    }

    /// Where the browser is.
    pub(crate) fn sender(&self) -> &Sender {
        &self.sender
    }

    /// This browser on its way to a session.
    pub(crate) fn arriving(&self) -> Arriving<'_> {
        Arriving { cookie: Some(&self.cookie), sender: &self.sender }
    }

    /// Whoever is signed in sends a form that is done once.
    ///
    /// # Errors
    /// When it was sent before, or the database cannot be read.
    pub(super) async fn sends(&mut self, app: &App, form: &OnceSent) -> Result<(), PageError> {
        match &mut self.visitor {
            Visitor::SignedIn(person) => form.bind(app, person).await,
            Visitor::Banned | Visitor::Stranger => Ok(()),
        }
    }

    /// The frame of a page for this browser.
    pub(crate) fn layout(&self) -> Layout {
        let token = [self.form_token.as_bytes().as_slice(), &self.form_number].concat();
        Layout {
            signed_in_as: self.person().map(|person| person.account().email.to_string()),
            form_token: URL_SAFE_NO_PAD.encode(token),
        }
    }

    /// Whether a form's token was made for this browser.
    pub(crate) fn is_our_form(&self, app: &App, token: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else {
            return false;
        };
        let Some((token, number)) = bytes.split_first_chunk::<32>() else {
            return false;
        };
        number.len() == FORM_NUMBER
            && sessions::anonymous_form_is_ours(
                &app.service,
                &self.cookie,
                &Digest::from_bytes(*token),
            )
    }

    /// The cookie that has to go out along with a form, if the browser does not have it yet.
    pub(super) fn new_cookie(&self, app: &App) -> Option<HeaderValue> {
        self.keep(app, Response::default()).headers_mut().remove(SET_COOKIE)
    }

    /// Gives the browser its cookie along with a page that has a form.
    pub(crate) fn keep(&self, app: &App, mut response: Response) -> Response {
        if self.is_new {
            set(&app.site, &mut response, &self.cookie, None);
        }
        response
    }
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

/// Which of the cookies with our name is ours, and who it is: the first with a session, else the
/// first. On http another host of the same domain can put one in front.
async fn choose(
    app: &App,
    cookies: Vec<OpaqueSecret>,
    sender: &Sender,
) -> Result<Option<(OpaqueSecret, Visitor)>, PageError> {
    let mut chosen = None;
    for cookie in cookies {
        let visitor = sessions::anonymous_visit(&app.service, &cookie, sender).await?;
        match (&visitor, &chosen) {
            (Visitor::SignedIn(_), _) => return Ok(Some((cookie, visitor))),
            (_, None) | (Visitor::Banned, Some((_, Visitor::Stranger))) => {
                chosen = Some((cookie, visitor));
            }
            _ => {}
        }
    }
    Ok(chosen)
}

/// The cookies with the name that can be ours. What other cookies hold, text or not, is not looked
/// at.
fn cookies(headers: &HeaderMap, name: &str) -> Vec<OpaqueSecret> {
    headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b';'))
        .filter_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
        .filter_map(|value| OpaqueSecret::parse(std::str::from_utf8(value).ok()?))
        .take(MAX_COOKIES)
        .collect()
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
        let read = |headers: &HeaderMap| -> Vec<String> {
            cookies(headers, "bloom").iter().map(|secret| secret.expose().to_owned()).collect()
        };
        assert_eq!(read(&headers), [secret.expose()]);
        assert!(cookies(&headers, "__Host-bloom").is_empty());
        // Other cookies may hold any bytes, and ours may be there several times.
        let ours = format!("bloom={}", secret.expose());
        let text = [b"x=\xe9\xff; bloom=\xff; ", ours.as_bytes()].concat();
        headers.insert(COOKIE, HeaderValue::from_bytes(&text).unwrap());
        assert_eq!(read(&headers), [secret.expose()]);
        headers.insert(COOKIE, [ours.as_str(); 9].join(";").parse().unwrap());
        assert_eq!(read(&headers).len(), MAX_COOKIES);
    }
}
