//! `/settings/developer`: the apps that a person makes themselves.

use askama::Template;

use super::{Field, Layout, Moment, Problem, ScopeOption, WorkspaceOption, problems};

/// The list, with the form for another one.
#[derive(Debug, Template)]
#[template(path = "developer.html")]
pub(crate) struct Developer {
    /// The frame.
    pub(crate) layout: Layout,
    /// What was just done, as one sentence.
    pub(crate) done: Option<String>,
    /// The person's apps, newest first.
    pub(crate) clients: Vec<ClientRow>,
    /// The form for another one.
    pub(crate) form: ClientForm,
}

/// An app in the list.
#[derive(Debug, Clone)]
pub(crate) struct ClientRow {
    /// Its client id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// When it was made.
    pub(crate) created: Moment,
    /// Whether it gets nothing at the moment.
    pub(crate) is_off: bool,
}

/// One app.
#[derive(Debug, Template)]
#[template(path = "client.html")]
pub(crate) struct ClientPage {
    /// The frame.
    pub(crate) layout: Layout,
    /// What was just done, as one sentence.
    pub(crate) done: Option<String>,
    /// What is shown this once.
    pub(crate) shown: Option<ShownOnce>,
    /// Its client id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Where it begins.
    pub(crate) issuer: String,
    /// Where it is managed by its registration access token.
    pub(crate) management_uri: String,
    /// Whether it has a secret.
    pub(crate) has_secret: bool,
    /// Whether its owner has switched it off.
    pub(crate) is_paused: bool,
    /// Whether the operator refuses it.
    pub(crate) is_refused: bool,
    /// What stands for what it is now.
    pub(crate) seen: String,
    /// What it is.
    pub(crate) form: ClientForm,
    /// Its name, as typed by whoever deletes it.
    pub(crate) confirmed: Field,
}

/// What is shown once and never again.
#[derive(Debug, Clone)]
pub(crate) struct ShownOnce {
    /// The client's secret.
    pub(crate) secret: Option<String>,
    /// Its registration access token.
    pub(crate) management: Option<String>,
}

/// What an app is, as a form.
#[derive(Debug, Clone)]
pub(crate) struct ClientForm {
    /// Its name.
    pub(crate) name: Field,
    /// Where people are sent back, one on each line.
    pub(crate) redirect_uris: Field,
    /// How it proves itself.
    pub(crate) method: String,
    /// Whether people let it in.
    pub(crate) acts_for_people: bool,
    /// Whether it acts by itself.
    pub(crate) acts_alone: bool,
    /// What it asks for.
    pub(crate) scopes: Vec<ScopeOption>,
    /// The owner's workspaces.
    pub(crate) workspaces: Vec<WorkspaceOption>,
    /// Whether it acts by itself in some of them only.
    pub(crate) is_limited: bool,
    /// What is wrong with whom it acts for.
    pub(crate) acts_error: Option<String>,
    /// What is wrong with how it proves itself.
    pub(crate) method_error: Option<String>,
    /// What is wrong with where it acts.
    pub(crate) workspaces_error: Option<String>,
    /// Why the form as a whole was refused.
    pub(crate) refusal: Option<String>,
}

impl ClientForm {
    fn problems(&self) -> Vec<Problem> {
        problems(
            self.refusal.as_ref(),
            &[
                ("client-name", self.name.error.as_ref()),
                ("acts-for-people", self.acts_error.as_ref()),
                ("redirect-uris", self.redirect_uris.error.as_ref()),
                ("method-basic", self.method_error.as_ref()),
                ("workspaces-some", self.workspaces_error.as_ref()),
            ],
        )
    }
}

#[cfg(test)]
impl ClientForm {
    fn sample() -> Self {
        let scope = |token: &'static str, words: &'static str, is_chosen| ScopeOption {
            token,
            words,
            is_chosen,
        };
        Self {
            name: Field { value: "Pressroom".into(), error: None },
            redirect_uris: Field { value: "https://press.example/callback".into(), error: None },
            method: "client_secret_basic".into(),
            acts_for_people: true,
            acts_alone: true,
            scopes: vec![
                scope("read", "See your brands, images, workspaces and credits", true),
                scope("generate", "Make and change images, which spends your credits", false),
            ],
            workspaces: vec![
                WorkspaceOption {
                    id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d".into(),
                    name: "Personal".into(),
                    is_chosen: true,
                },
                WorkspaceOption {
                    id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6e".into(),
                    name: "Analytical Engines".into(),
                    is_chosen: false,
                },
            ],
            is_limited: true,
            acts_error: None,
            method_error: None,
            workspaces_error: None,
            refusal: None,
        }
    }

    fn sample_hostile() -> Self {
        let hostile = || String::from(super::tests::HOSTILE);
        let field = || Field { value: hostile(), error: Some(hostile()) };
        Self {
            name: field(),
            redirect_uris: field(),
            method: hostile(),
            scopes: vec![ScopeOption {
                token: super::tests::HOSTILE,
                words: super::tests::HOSTILE,
                is_chosen: true,
            }],
            workspaces: vec![WorkspaceOption { id: hostile(), name: hostile(), is_chosen: true }],
            acts_error: Some(hostile()),
            method_error: Some(hostile()),
            workspaces_error: Some(hostile()),
            refusal: Some(hostile()),
            ..Self::sample()
        }
    }
}

#[cfg(test)]
impl Developer {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let hostile = || String::from(super::tests::HOSTILE);
        let row = |name: &str, is_off| ClientRow {
            id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d".into(),
            name: name.into(),
            created: Moment::sample("3 weeks ago"),
            is_off,
        };
        let empty = || Self {
            layout: Layout::sample_signed_in(),
            done: None,
            clients: Vec::new(),
            form: ClientForm {
                name: Field::default(),
                redirect_uris: Field::default(),
                acts_alone: false,
                is_limited: false,
                ..ClientForm::sample()
            },
        };
        let wrong = Field {
            value: "https://press.example/*".into(),
            error: Some("https://press.example/*: wildcards are not taken".into()),
        };
        vec![
            ("developer", empty()),
            (
                "developer-some",
                Self {
                    done: Some("The app is deleted.".into()),
                    clients: vec![row("Pressroom", false), row(&"N".repeat(80), true)],
                    ..empty()
                },
            ),
            (
                "developer-wrong",
                Self {
                    form: ClientForm { redirect_uris: wrong, ..ClientForm::sample() },
                    ..empty()
                },
            ),
            (
                "developer-hostile",
                Self {
                    layout: Layout { signed_in_as: Some(hostile()), form_token: hostile() },
                    done: Some(hostile()),
                    clients: vec![ClientRow { id: hostile(), ..row(&hostile(), false) }],
                    form: ClientForm::sample_hostile(),
                },
            ),
        ]
    }
}

impl ClientPage {
    fn problems(&self) -> Vec<Problem> {
        let mut all = self.form.problems();
        all.extend(problems(None, &[("confirm-app", self.confirmed.error.as_ref())]));
        all
    }
}

#[cfg(test)]
impl ClientPage {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let hostile = || String::from(super::tests::HOSTILE);
        let plain = || Self {
            layout: Layout::sample_signed_in(),
            done: None,
            shown: None,
            id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d".into(),
            name: "Pressroom".into(),
            issuer: "https://bloom.example/api/auth".into(),
            management_uri: "https://bloom.example/api/auth/oauth2/register/01935a2e".into(),
            has_secret: true,
            is_paused: false,
            is_refused: false,
            seen: "0f1e2d3c4b5a6978".into(),
            form: ClientForm::sample(),
            confirmed: Field::default(),
        };
        vec![
            ("client", plain()),
            (
                "client-new",
                Self {
                    shown: Some(ShownOnce {
                        secret: Some("bloom_cs_sample".into()),
                        management: Some("bloom_rat_sample".into()),
                    }),
                    ..plain()
                },
            ),
            (
                "client-off",
                Self {
                    is_paused: true,
                    is_refused: true,
                    has_secret: false,
                    done: Some("Saved. It holds from now on.".into()),
                    ..plain()
                },
            ),
            (
                "client-not-deleted",
                Self {
                    confirmed: Field {
                        value: "Newsroom".into(),
                        error: Some("This is not the name of the app. Nothing was deleted.".into()),
                    },
                    ..plain()
                },
            ),
            (
                "client-hostile",
                Self {
                    confirmed: Field { value: hostile(), error: Some(hostile()) },
                    layout: Layout { signed_in_as: Some(hostile()), form_token: hostile() },
                    done: Some(hostile()),
                    shown: Some(ShownOnce { secret: Some(hostile()), management: Some(hostile()) }),
                    id: hostile(),
                    name: hostile(),
                    issuer: hostile(),
                    management_uri: hostile(),
                    form: ClientForm::sample_hostile(),
                    ..plain()
                },
            ),
        ]
    }
}
