//! The beginning of a page, which goes out while the rest is still read.

use askama::Template;

use super::Layout;

/// A page of which nothing is known yet but its frame.
#[derive(Debug, Template)]
#[template(path = "opening.html")]
pub(crate) struct Opening {
    /// The frame.
    pub(crate) layout: Layout,
    /// What the page is called.
    pub(crate) title: &'static str,
}

impl Opening {
    /// Where the beginning ends: what a page shows is from here on.
    pub(crate) const END: &str = "<main";
}

#[cfg(test)]
mod tests {
    use super::super::{Activity, CreditsPage, Security, Settings};
    use super::*;

    /// The beginnings of an opening and of a page with the same frame.
    fn both(layout: &Layout, title: &'static str, page: &impl Template) -> [String; 2] {
        let opening = Opening { layout: layout.clone(), title };
        [opening.render().unwrap(), page.render().unwrap()]
            .map(|html| html.split_once(Opening::END).expect("a main part").0.to_owned())
    }

    #[test]
    fn a_page_goes_on_as_it_began() {
        let mut compared = 0;
        let mut compare = |[opening, page]: [String; 2]| {
            compared += 1;
            assert_eq!(opening, page);
        };
        for (_, page) in Settings::samples() {
            let both = both(&page.layout, "Settings", &page);
            // After a form that was refused, which never begins early.
            if !both[1].contains("<title>Error: ") {
                compare(both);
            }
        }
        for (_, page) in Security::samples() {
            compare(both(&page.layout, "Security", &page));
        }
        for (_, page) in Activity::samples().into_iter().filter(|(_, page)| page.team.is_none()) {
            compare(both(&page.layout, "Activity", &page));
        }
        for (_, page) in CreditsPage::samples() {
            if page.workspace.is_none() {
                compare(both(&page.layout, CreditsPage::OWN_HEADING, &page));
            }
        }
        assert!(compared > 8, "{compared} compared");
    }
}
