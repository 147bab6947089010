//! `/settings/api-keys/{id}`: one key, with how it is used and all that can be changed about it. Its choices
//! stand in the form for a new key as well.

use askama::Template;

use super::{
    Field, KeyRow, KeyState, Layout, Problem, Snippet, UsageChart, WorkspaceChoice, problems,
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "key.html")]
pub(crate) struct KeyPage {
    /// The frame.
    pub(crate) layout: Layout,
    /// What was just done, as one sentence, or nothing.
    pub(crate) done: Option<String>,
    /// Why something on this page was refused as a whole, or nothing.
    pub(crate) refusal: Option<String>,
    /// The key.
    pub(crate) key: KeyRow,
    /// What stands for what it is narrowed to now.
    pub(crate) seen: String,
    /// Its requests.
    pub(crate) usage: UsageChart,
    /// What it is narrowed to.
    pub(crate) options: KeyOptions,
    /// How it is used.
    pub(crate) snippets: Vec<Snippet>,
}

/// What a key is narrowed to, to be chosen.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyOptions {
    /// Whether it has some scopes only.
    pub(crate) is_access_limited: bool,
    /// Every scope.
    pub(crate) scopes: Vec<ScopeOption>,
    /// What is wrong with the choice of them.
    pub(crate) access_error: Option<String>,
    /// The workspaces, when there is a choice.
    pub(crate) workspaces: Option<WorkspaceChoice>,
    /// From where it may be used, as typed.
    pub(crate) addresses: Field,
    /// Its last day, as typed.
    pub(crate) expires: Field,
    /// From where the person's own requests come.
    pub(crate) address: Option<String>,
}

/// A scope that can be chosen.
#[derive(Debug, Clone)]
pub(crate) struct ScopeOption {
    /// As it is written.
    pub(crate) token: &'static str,
    /// What it allows.
    pub(crate) words: &'static str,
    /// Whether it is chosen.
    pub(crate) is_chosen: bool,
}

impl KeyOptions {
    /// What is wrong with them, field by field.
    pub(super) fn errors(&self) -> [(&'static str, Option<&String>); 4] {
        let workspaces = self.workspaces.as_ref().and_then(|choice| choice.error.as_ref());
        [
            ("access-some", self.access_error.as_ref()),
            ("workspaces-some", workspaces),
            ("addresses", self.addresses.error.as_ref()),
            ("expires", self.expires.error.as_ref()),
        ]
    }

    /// Whether there is something in them to look at.
    pub(crate) fn is_chosen(&self) -> bool {
        self.is_access_limited
            || self.workspaces.as_ref().is_some_and(|choice| choice.is_limited)
            || !self.addresses.value.is_empty()
            || !self.expires.value.is_empty()
            || self.errors().iter().any(|(_, error)| error.is_some())
    }
}

impl KeyPage {
    fn problems(&self) -> Vec<Problem> {
        problems(self.refusal.as_ref(), &self.options.errors())
    }
}

#[cfg(test)]
impl KeyOptions {
    pub(super) fn sample(is_limited: bool, hostile: Option<&str>) -> Self {
        use super::WorkspaceOption;
        use bloom_domain::access::BloomScope;

        let or = |text: &str| hostile.unwrap_or(text).to_owned();
        let error = hostile.map(str::to_owned);
        let option = |id: &str, name: &str, is_chosen| WorkspaceOption {
            id: or(id),
            name: or(name),
            is_chosen,
        };
        let scope = |scope: BloomScope| ScopeOption {
            token: scope.as_str(),
            words: crate::pages::authorize::words(scope),
            is_chosen: is_limited && scope == BloomScope::Read,
        };
        let mut options = vec![option("01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d", "Personal", false)];
        if hostile.is_none() {
            options.push(option("01935a2e-7b1c-7def-8a90-3c5d1e2f4a6e", "Engines", is_limited));
        }
        Self {
            is_access_limited: is_limited,
            scopes: BloomScope::ALL.map(scope).to_vec(),
            access_error: error.clone(),
            workspaces: Some(WorkspaceChoice { options, is_limited, error: error.clone() }),
            addresses: Field {
                value: if is_limited { or("203.0.113.0/24") } else { String::new() },
                error: error.clone(),
            },
            expires: Field { value: String::new(), error },
            address: Some(or("203.0.113.7")),
        }
    }
}

#[cfg(test)]
impl KeyPage {
    fn sample(state: KeyState) -> Self {
        Self {
            layout: Layout::sample_signed_in(),
            done: None,
            refusal: None,
            seen: "0f1e2d3c4b5a6978".into(),
            key: KeyRow::sample("Newsletter pictures", Some("4 minutes ago"), state),
            usage: UsageChart::sample_busy(),
            options: KeyOptions::sample(false, None),
            snippets: super::snippets("http://localhost:8080"),
        }
    }

    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let narrowed = KeyOptions::sample(true, None);
        let refused = KeyOptions {
            addresses: Field {
                value: "203.0.113.7/24".into(),
                error: Some("203.0.113.7/24: the address has more bits than its length.".into()),
            },
            ..narrowed.clone()
        };
        let hostile = super::tests::HOSTILE;
        vec![
            ("key", Self::sample(KeyState::Active)),
            ("key-rotated", Self { options: narrowed, ..Self::sample(KeyState::Rotated) }),
            ("key-refused", Self { options: refused, ..Self::sample(KeyState::Expiring) }),
            (
                "key-expired",
                Self { usage: UsageChart::sample(&[0; 30]), ..Self::sample(KeyState::Expired) },
            ),
            (
                "key-hostile",
                Self {
                    done: Some(hostile.into()),
                    refusal: Some(hostile.into()),
                    key: KeyRow::sample_hostile(KeyState::Rotated),
                    options: KeyOptions::sample(true, Some(hostile)),
                    ..Self::sample(KeyState::Active)
                },
            ),
        ]
    }
}
