//! `/settings/which-key`.

use askama::Template;

use super::{Layout, Moment, Problem, problems};

/// The page on which somebody looks which of their keys they have in hand.
#[derive(Debug, Template)]
#[template(path = "which_key.html")]
pub(crate) struct WhichKey {
    /// The frame.
    pub(crate) layout: Layout,
    /// The key that it was.
    pub(crate) known: Option<KnownKey>,
    /// Whether it was a key, and none of the reader's.
    pub(crate) is_unknown: bool,
    /// What is wrong with what was typed.
    pub(crate) key_error: Option<String>,
}

/// A key, as far as this page tells of it.
#[derive(Debug)]
pub(crate) struct KnownKey {
    /// Its id.
    pub(crate) id: String,
    /// What its owner calls it.
    pub(crate) name: String,
    /// Whether it is good, as one or two sentences.
    pub(crate) state: &'static str,
    /// When the secret ends, where it is one that the key had before.
    pub(crate) ends: Option<Moment>,
    /// When it was made.
    pub(crate) created: Moment,
    /// When it was last used.
    pub(crate) last_used: Option<Moment>,
}

impl WhichKey {
    fn problems(&self) -> Vec<Problem> {
        problems(None, &[("key", self.key_error.as_ref())])
    }
}

#[cfg(test)]
impl WhichKey {
    /// Every state of the page.
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let empty = || Self {
            layout: Layout::sample_signed_in(),
            known: None,
            is_unknown: false,
            key_error: None,
        };
        let moment = || Moment {
            iso: "2026-11-29T09:30:00Z".into(),
            exact: "29 November 2026, 09:30:00 UTC".into(),
            relative: "4 minutes ago".into(),
        };
        let known = |name: &str, last_used| KnownKey {
            id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d".into(),
            name: name.into(),
            state: "It works: whoever has it can use it.",
            ends: None,
            created: moment(),
            last_used,
        };
        let hostile = super::tests::HOSTILE;
        vec![
            ("which-key", empty()),
            ("which-key, known", Self { known: Some(known("CI", Some(moment()))), ..empty() }),
            (
                "which-key, old",
                Self {
                    known: Some(KnownKey { ends: Some(moment()), ..known("CI", None) }),
                    ..empty()
                },
            ),
            ("which-key, unknown", Self { is_unknown: true, ..empty() }),
            ("which-key-hostile", Self { known: Some(known(hostile, None)), ..empty() }),
            (
                "which-key, refused",
                Self { key_error: Some("Enter the whole key.".into()), ..empty() },
            ),
        ]
    }
}
