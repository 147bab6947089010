//! What the page is shown with in tests.

use super::super::AppIdentity;
use super::*;

impl Moment {
    pub(in crate::pages::views) fn sample_hostile() -> Self {
        let hostile = || String::from(crate::pages::views::tests::HOSTILE);
        Self { iso: hostile(), exact: hostile(), relative: hostile() }
    }

    pub(in crate::pages::views) fn sample(relative: &str) -> Self {
        Self {
            iso: "2026-11-02T03:51:07Z".into(),
            exact: "2 November 2026, 03:51:07 UTC".into(),
            relative: relative.into(),
        }
    }
}

impl KeyRow {
    pub(in crate::pages::views) fn sample(
        name: &str,
        last_used: Option<&str>,
        state: KeyState,
    ) -> Self {
        Self {
            id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6b".into(),
            name: name.into(),
            hint: "bloom_sk_Ab12…wXyZ".into(),
            created: Moment::sample("3 weeks ago"),
            made_by: None,
            may: None,
            workspaces: None,
            addresses: None,
            expires: matches!(state, KeyState::Expiring | KeyState::Expired)
                .then(|| Moment::sample("in 3 days")),
            requests: "1204 requests in the last 30 days".into(),
            spent: "2 of 10 credits today".into(),
            limits: state.works(),
            shares: None,
            last_used: last_used.map(LastUsed::sample),
            old_secret: matches!(state, KeyState::Rotated).then(|| OldSecret {
                hint: "bloom_sk_9Zz8…kLm1".into(),
                until: Moment::sample("in 20 hours"),
                last_used: Some(Moment::sample("4 minutes ago")),
            }),
            ends_soon: false,
            state,
        }
    }

    pub(in crate::pages::views) fn sample_hostile(state: KeyState) -> Self {
        let hostile = || String::from(crate::pages::views::tests::HOSTILE);
        let moment = Moment::sample_hostile;
        Self {
            id: hostile(),
            name: hostile(),
            hint: hostile(),
            created: moment(),
            made_by: Some(hostile()),
            may: Some(hostile()),
            workspaces: Some(hostile()),
            addresses: Some(hostile()),
            expires: Some(moment()),
            requests: hostile(),
            spent: hostile(),
            limits: true,
            shares: Some(hostile()),
            last_used: Some(LastUsed { when: moment(), address: hostile(), operation: hostile() }),
            old_secret: Some(OldSecret {
                hint: hostile(),
                until: moment(),
                last_used: Some(moment()),
            }),
            ends_soon: true,
            state,
        }
    }

    fn samples() -> Vec<Self> {
        let narrowed = |row: Self| Self {
            may: Some("read, generate".into()),
            workspaces: Some("Engines, Personal".into()),
            addresses: Some("203.0.113.0/24, 2001:db8::/32".into()),
            ..row
        };
        let revoked = |relative, by| KeyState::Revoked { when: Moment::sample(relative), by };
        vec![
            Self::sample("Newsletter pictures", Some("4 minutes ago"), KeyState::Active),
            Self {
                made_by: Some("the app Example".into()),
                shares: Some("the budget of the app Example: 3 of 40 credits today".into()),
                ..Self::sample("ci", None, KeyState::Active)
            },
            Self {
                ends_soon: true,
                expires: Some(Moment::sample("in 3 days")),
                ..narrowed(Self::sample("Shop", Some("4 minutes ago"), KeyState::Rotated))
            },
            Self::sample("Summer fair", Some("4 minutes ago"), KeyState::Expiring),
            Self::sample("Spring fair", Some("2 months ago"), KeyState::Expired),
            Self::sample("Old laptop", Some("2 months ago"), revoked("8 days ago", RevokedBy::You)),
            Self::sample("import", None, revoked("2 weeks ago", RevokedBy::Operator)),
            Self::sample("demo", Some("a month ago"), revoked("a month ago", RevokedBy::Scanner)),
            Self::sample("notebook", None, revoked("a month ago", RevokedBy::Finder)),
        ]
    }
}

impl LastUsed {
    pub(in crate::pages::views) fn sample(relative: &str) -> Self {
        Self {
            when: Moment::sample(relative),
            address: "203.0.113.7".into(),
            operation: "images.generate".into(),
        }
    }
}

impl Settings {
    fn sample() -> Self {
        Self {
            layout: Layout::sample_signed_in(),
            origin: "http://localhost:8080".into(),
            account: AccountDetails {
                email: "ada@example.com".into(),
                name: Some("Ada Lovelace".into()),
            },
            done: None,
            refusal: None,
            key_name: Field::default(),
            key_options: KeyOptions::sample(false, None),
            new_key: None,
            plans: None,
            keys: Vec::new(),
            more_keys: None,
            teams: Vec::new(),
            more_teams: None,
            workspace_name: Field::default(),
            apps: Vec::new(),
            more_apps: None,
        }
    }

    fn sample_new_key() -> NewKey {
        // Shaped like a key, but its checksum is wrong, so that no scanner takes it for one.
        let secret = "bloom_sk_Ab12SampleSampleSampleSampleSamplewXyZ0";
        NewKey {
            id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6c".into(),
            old: None,
            name: "Newsletter pictures".into(),
            secret: secret.into(),
            curl: curl_line("http://localhost:8080", secret),
            snippets: crate::pages::views::snippets("http://localhost:8080"),
        }
    }

    fn sample_hostile() -> Self {
        let hostile = || String::from(crate::pages::views::tests::HOSTILE);
        let moment = Moment::sample_hostile;
        Self {
            layout: Layout { signed_in_as: Some(hostile()), form_token: hostile() },
            origin: hostile(),
            account: AccountDetails { email: hostile(), name: Some(hostile()) },
            done: Some(hostile()),
            refusal: Some(hostile()),
            key_name: Field { value: hostile(), error: Some(hostile()) },
            key_options: KeyOptions::sample(true, Some(crate::pages::views::tests::HOSTILE)),
            workspace_name: Field { value: hostile(), error: Some(hostile()) },
            teams: vec![TeamRow {
                id: hostile(),
                name: hostile(),
                role: Role::Owner,
                members: 2,
                is_deleted: true,
            }],
            plans: Some(Plans::sample_hostile()),
            new_key: Some(NewKey {
                id: hostile(),
                old: Some(OldSecret {
                    hint: hostile(),
                    until: moment(),
                    last_used: Some(moment()),
                }),
                name: hostile(),
                secret: hostile(),
                curl: hostile(),
                snippets: crate::pages::views::snippets(&hostile()),
            }),
            more_keys: None,
            more_teams: None,
            more_apps: Some(PartLinks::sample()),
            keys: vec![
                KeyRow::sample_hostile(KeyState::Rotated),
                KeyRow::sample_hostile(KeyState::Revoked { when: moment(), by: RevokedBy::You }),
            ],
            apps: AppRow::samples_hostile(),
        }
    }

    pub(in crate::pages::views) fn samples() -> Vec<(&'static str, Self)> {
        let endless = "N".repeat(300);
        let right_to_left = "مفتاح الصور \u{202E}gnp.exe";
        vec![
            ("settings-empty", Self::sample()),
            (
                "settings",
                Self { keys: KeyRow::samples(), apps: AppRow::samples(), ..Self::sample() },
            ),
            (
                "settings-many",
                Self {
                    keys: KeyRow::samples().into_iter().cycle().take(7).collect(),
                    more_keys: Some(PartLinks::sample()),
                    apps: AppRow::samples().into_iter().cycle().take(4).collect(),
                    more_apps: Some(PartLinks::sample()),
                    ..Self::sample()
                },
            ),
            ("settings-plans", Self { plans: Some(Plans::sample()), ..Self::sample() }),
            (
                "settings-new-key",
                Self {
                    new_key: Some(Self::sample_new_key()),
                    keys: KeyRow::samples(),
                    ..Self::sample()
                },
            ),
            (
                "settings-revoked",
                Self {
                    done: Some(
                        "The key “Old laptop” is revoked. Requests with it are refused.".into(),
                    ),
                    keys: KeyRow::samples(),
                    ..Self::sample()
                },
            ),
            (
                "settings-refused",
                Self {
                    key_name: Field { value: "  ".into(), error: Some("Enter a name.".into()) },
                    keys: KeyRow::samples(),
                    ..Self::sample()
                },
            ),
            (
                "settings-strange-names",
                Self {
                    account: AccountDetails { email: format!("{endless}@x.example"), name: None },
                    layout: Layout {
                        signed_in_as: Some(format!("{endless}@x.example")),
                        ..Layout::sample_signed_in()
                    },
                    keys: vec![
                        KeyRow::sample(&endless, Some("just now"), KeyState::Active),
                        KeyRow::sample(right_to_left, None, KeyState::Active),
                    ],
                    apps: vec![
                        AppRow::sample(
                            AppIdentity::sample(
                                &endless,
                                AppKind::Unverified { host: endless.clone() },
                            ),
                            Some("just now"),
                            AppState::Allowed,
                        ),
                        AppRow::sample(
                            AppIdentity::sample(right_to_left, AppKind::OnThisDevice),
                            None,
                            AppState::Allowed,
                        ),
                    ],
                    ..Self::sample()
                },
            ),
            ("settings-hostile", Self::sample_hostile()),
        ]
    }
}
