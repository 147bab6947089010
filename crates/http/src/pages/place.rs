//! Where a page was asked for, so that one that says no can lead back there.

use http::{HeaderMap, Method, Request, Uri, header};

use super::next;
use super::views::Link;

/// Where a page was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    is_got: bool,
    uri: Uri,
    /// The page that a form was on, when the browser says so.
    form: Option<String>,
}

impl Place {
    /// The place of a request to the server at `origin`.
    pub(super) fn of<B>(request: &Request<B>, origin: &str) -> Self {
        let place = Self::at(request.method(), request.uri());
        let form = (!place.is_got).then(|| referer(request.headers(), origin)).flatten();
        Self { form, ..place }
    }

    /// The same without what the browser says of the page before.
    pub(crate) fn at(method: &Method, uri: &Uri) -> Self {
        let is_got = matches!(*method, Method::GET | Method::HEAD);
        Self { is_got, uri: uri.clone(), form: None }
    }

    /// The way back to the form that was sent here, where it is on a page of ours.
    pub(super) fn form(&self) -> Option<Link> {
        let is_on_a_page = self.form.is_some() || !self.uri.path().starts_with("/api/");
        (!self.is_got && is_on_a_page).then(|| self.link())
    }

    /// The way to the list of what there is of the kind that a form is about which was sent here.
    pub(super) fn list(&self) -> Option<Link> {
        if self.is_got {
            return None;
        }
        let is_in = |place: &str| {
            let rest = self.uri.path().strip_prefix(place);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let list = LISTS.iter().find(|(place, ..)| is_in(place));
        list.map(|(_, label, path)| link(label, path))
    }

    /// The way back: to the page itself, or to the one with the form.
    pub(super) fn link(&self) -> Link {
        if self.is_got {
            let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
            return link("Try again", path);
        }
        // The address of a form, opened like a page, leads to where it belongs.
        link("Go back to the form", self.form.as_deref().unwrap_or(self.uri.path()))
    }
}

/// The lists of what has pages and forms of its own: where that is, and where the list is.
const LISTS: [(&str, &str, &str); 7] = [
    ("/brands", "Go to your brands", "/brands"),
    ("/images", "Go to your images", "/images"),
    ("/settings/api-keys", "Go to your keys", "/settings#api-keys"),
    ("/settings/apps", "Go to your apps", "/settings#apps"),
    ("/settings/workspaces", "Go to your workspaces", "/settings#workspaces"),
    ("/settings/developer", "Go to the apps that you make", "/settings/developer"),
    ("/settings/security", "Go to Security", "/settings/security"),
];

/// What begins with two slashes would lead to another host.
fn link(label: &str, path: &str) -> Link {
    let href = if next::is_local(path) { path } else { "/" };
    Link { label: label.to_owned(), href: href.to_owned() }
}

fn referer(headers: &HeaderMap, origin: &str) -> Option<String> {
    let page = headers.get(header::REFERER)?.to_str().ok()?;
    page.strip_prefix(origin).filter(|path| path.starts_with('/')).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    use bloom_service::Error;

    use crate::pages::errors::PageError;

    #[test]
    fn what_passes_leads_back_and_the_suspended_can_leave() {
        let place = Place::at(&Method::GET, &"/images?page=2".parse().unwrap());
        let page = |error: Error| PageError::from(error).view("", &place, None, None);
        let wait = std::time::Duration::from_secs(1);
        for error in [
            Error::Busy { retry_after: wait },
            Error::TooMany { retry_after: wait },
            Error::Unavailable(String::new()),
            Error::MailUnavailable(String::new()),
        ] {
            let action = page(error).action.expect("a way on");
            assert_eq!((&*action.label, &*action.href), ("Try again", "/images?page=2"));
        }
        assert_eq!(page(Error::Internal(String::new())).action.expect("a way on").href, "/");
        assert_eq!(page(Error::AccountBanned).action.expect("a way on").href, "/sign-in");
        let signed_in = PageError::Banned(Some("token".to_owned())).view("", &place, None, None);
        assert_eq!(signed_in.leaves.as_deref(), Some("token"));
    }

    fn href(method: &str, path: &str, referer: Option<&str>) -> String {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(referer) = referer {
            request = request.header(header::REFERER, referer);
        }
        Place::of(&request.body(()).unwrap(), "https://bloom.example").link().href
    }

    fn way_out(error: &PageError, method: &Method, path: &str) -> (String, Option<String>) {
        let place = Place::at(method, &path.parse().unwrap());
        let page = error.view("", &place, None, None);
        (page.title, page.action.map(|link| link.href))
    }

    #[test]
    fn a_form_that_finds_nothing_leads_to_what_is_left() {
        let gone = |path| way_out(&PageError::NotFound, &Method::POST, path);
        for (path, list) in [
            ("/brands/0193/delete", "/brands"),
            ("/images", "/images"),
            ("/settings/workspaces/0193/name", "/settings#workspaces"),
            ("/settings/api-keys/0193/budget", "/settings#api-keys"),
        ] {
            let said = ("It is not there any more".to_owned(), Some(list.to_owned()));
            assert_eq!(gone(path), said, "{path}");
        }
        // There never was anything, or not a form.
        for (method, path) in [(Method::POST, "/brandspeople"), (Method::GET, "/brands/0193")] {
            let said = way_out(&PageError::NotFound, &method, path);
            assert_eq!(said, ("Page not found".to_owned(), Some("/".to_owned())), "{path}");
        }
    }

    #[test]
    fn a_form_that_cannot_be_read_leads_back_to_where_it_is() {
        for error in [
            PageError::FormTooLarge(65_536),
            PageError::FormType,
            PageError::FileTooLarge,
            PageError::UnreadableForm("It is empty."),
        ] {
            let (_, href) = way_out(&error, &Method::POST, "/settings/developer");
            assert_eq!(href.as_deref(), Some("/settings/developer"), "{error:?}");
            // What an app sends is on no page of ours.
            let (_, href) = way_out(&error, &Method::POST, "/api/auth/oauth2/authorize");
            assert_eq!(href.as_deref(), Some("/"), "{error:?}");
        }
    }

    #[test]
    fn the_way_back_is_to_the_page_or_to_its_form_and_always_here() {
        let ours = Some("https://bloom.example/authorize?request=a%2Bb");
        assert_eq!(href("GET", "/images?page=2", ours), "/images?page=2");
        assert_eq!(href("POST", "/authorize", ours), "/authorize?request=a%2Bb");
        assert_eq!(href("POST", "/images", None), "/images");
        for foreign in ["https://evil.example/x", "https://bloom.example.evil/x", "é", ""] {
            assert_eq!(href("POST", "/images", Some(foreign)), "/images", "{foreign}");
        }
        assert_eq!(href("GET", "//evil.example/x", None), "/");
        assert_eq!(href("POST", "/images", Some("https://bloom.example//evil.example")), "/");
    }
}
