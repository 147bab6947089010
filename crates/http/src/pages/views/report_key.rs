//! `/report-key`.

use askama::Template;

use super::{Layout, Problem, problems};

/// The page on which anybody reports a key that leaked.
#[derive(Debug, Template)]
#[template(path = "report_key.html")]
pub(crate) struct ReportKey {
    /// The frame.
    pub(crate) layout: Layout,
    /// Whether the key is revoked, so that there is nothing left to do.
    pub(crate) is_revoked: bool,
    /// What is wrong with the key.
    pub(crate) key_error: Option<String>,
    /// Why the form as a whole was refused.
    pub(crate) refusal: Option<String>,
}

impl ReportKey {
    fn problems(&self) -> Vec<Problem> {
        problems(self.refusal.as_ref(), &[("key", self.key_error.as_ref())])
    }
}

#[cfg(test)]
impl ReportKey {
    /// Every state of the page.
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let empty = || Self {
            layout: Layout::sample_stranger(),
            is_revoked: false,
            key_error: None,
            refusal: None,
        };
        let hostile = || Some(String::from(super::tests::HOSTILE));
        let no_such =
            "This server has no such key. It may be of another Bloom server: report it there.";
        vec![
            ("report-key", empty()),
            ("report-key, done", Self { is_revoked: true, ..empty() }),
            ("report-key, unknown", Self { key_error: Some(no_such.into()), ..empty() }),
            ("report-key-hostile", Self { key_error: hostile(), refusal: hostile(), ..empty() }),
        ]
    }
}
