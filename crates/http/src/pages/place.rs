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
