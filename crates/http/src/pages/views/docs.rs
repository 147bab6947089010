//! `/docs`: a page of the documentation, with a request to try where it is about one.

use askama::Template;

use super::Layout;
use crate::docs::{Docs, PATH, Page, Place, REFERENCE, Trial};

/// The page.
#[derive(Template)]
#[template(path = "docs.html")]
pub(crate) struct DocsPage<'a> {
    layout: Layout,
    places: &'a [Place],
    found: &'a Page,
}

impl<'a> DocsPage<'a> {
    pub(crate) fn new(layout: Layout, docs: &'a Docs, found: &'a Page) -> Self {
        Self { layout, places: docs.places(), found }
    }

    /// Whether a place of the navigation is this page, or what it stands below.
    fn is_here(&self, place: &Place) -> bool {
        let below = place.path == REFERENCE && self.found.path.starts_with(REFERENCE);
        place.path == self.found.path || below
    }

    /// What the title adds where the page's own says too little.
    fn area(&self) -> &'static str {
        if self.found.path == PATH { "" } else { " · Documentation" }
    }

    fn trial(&self) -> Option<&Trial> {
        self.found.trial.as_ref()
    }
}

#[cfg(test)]
impl DocsPage<'_> {
    /// Every page there is.
    pub(super) fn rendered() -> Vec<(&'static str, String)> {
        let docs = crate::docs::sample();
        let layouts = [Layout::sample_stranger(), Layout::sample_signed_in()];
        let pages = docs.all().into_iter().zip(layouts.into_iter().cycle());
        pages
            .map(|(found, layout)| {
                let html = DocsPage::new(layout, &docs, found).render().expect("a page");
                let html = crate::pages::markup::slim(&html);
                // The names of samples live as long as the tests do.
                let name: &'static str = found.path.replace('/', "-")[1..].to_owned().leak();
                (name, html)
            })
            .collect()
    }
}
