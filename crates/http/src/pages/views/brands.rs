//! `/brands`: brands, and what is known of each.

use askama::Template;

use super::{Field, Layout, Moment, Problem, WorkspaceOption, problems};

/// The list, with the form for another one.
#[derive(Debug, Template)]
#[template(path = "brands.html")]
pub(crate) struct Brands {
    /// The frame.
    pub(crate) layout: Layout,
    /// The public origin of this server.
    pub(crate) origin: String,
    /// What was just done, as one sentence.
    pub(crate) done: Option<String>,
    /// The brands, the newest first.
    pub(crate) brands: Vec<BrandRow>,
    /// Whether these are the newest.
    pub(crate) is_first: bool,
    /// The id before which there are more.
    pub(crate) older: Option<String>,
    /// The page of a new one, as typed.
    pub(crate) url: Field,
    /// Where a new one may belong.
    pub(crate) workspaces: Vec<WorkspaceOption>,
}

/// A brand in the list.
#[derive(Debug, Clone)]
pub(crate) struct BrandRow {
    /// Its id.
    pub(crate) id: String,
    /// What it is called.
    pub(crate) name: String,
    /// The page that it is read from.
    pub(crate) url: String,
    /// The name of its workspace.
    pub(crate) workspace: String,
    /// How far it is known.
    pub(crate) state: BrandState,
    /// When it was made.
    pub(crate) created: Moment,
}

/// How far a brand is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BrandState {
    /// Its page is being read.
    Analyzing,
    /// Everything is there.
    Ready,
    /// It wants a logo.
    LogoRequired,
    /// Its page could not be read.
    Failed,
}

impl BrandState {
    fn word(self) -> &'static str {
        match self {
            Self::Analyzing => "Being read",
            Self::Ready => "Ready",
            Self::LogoRequired => "Needs a logo",
            Self::Failed => "Not read",
        }
    }

    fn badge(self) -> &'static str {
        match self {
            Self::Ready => "badge badge-good",
            Self::LogoRequired | Self::Failed => "badge badge-look",
            Self::Analyzing => "badge",
        }
    }

    fn is_under_way(self) -> bool {
        self == Self::Analyzing
    }

    fn wants_logo(self) -> bool {
        self == Self::LogoRequired
    }
}

impl Brands {
    fn problems(&self) -> Vec<Problem> {
        problems(None, &[("brand-url", self.url.error.as_ref())])
    }

    fn curl(&self) -> String {
        format!(
            "curl {}/api/v1/brands -H \"x-api-key: $BLOOM_API_KEY\" -H \"content-type: application/json\" \
             -d '{{\"url\":\"https://example.com\"}}'",
            self.origin
        )
    }
}

/// One brand.
#[derive(Debug, Template)]
#[template(path = "brand.html")]
pub(crate) struct BrandPage {
    /// The frame.
    pub(crate) layout: Layout,
    /// What was just done, as one sentence.
    pub(crate) done: Option<String>,
    /// Where to look again for what became of a logo that is being fetched.
    pub(crate) fetching: Option<String>,
    /// What stands for what the form is filled from.
    pub(crate) seen: String,
    /// What went wrong with the page or the logo.
    pub(crate) trouble: Option<String>,
    /// Its id.
    pub(crate) id: String,
    /// What it is called.
    pub(crate) name: String,
    /// The page that it is read from.
    pub(crate) url: String,
    /// The name of its workspace.
    pub(crate) workspace: String,
    /// How far it is known.
    pub(crate) state: BrandState,
    /// When it was made.
    pub(crate) created: Moment,
    /// Where its logo lies.
    pub(crate) logo: Option<String>,
    /// Where that was found, and how sure that makes us.
    pub(crate) logo_note: Option<String>,
    /// The address of another logo, as typed.
    pub(crate) logo_url: Field,
    /// What can be set of it, but for its colours.
    pub(crate) fields: Vec<FindingField>,
    /// Its colours, and room for more.
    pub(crate) colours: Vec<ColourRow>,
    /// What is wrong with them.
    pub(crate) colours_error: Option<String>,
    /// The words for what colours are used for.
    pub(crate) roles: Vec<&'static str>,
    /// How its colours read on each other.
    pub(crate) pairs: Vec<PairRow>,
    /// The name that confirms a deletion, as typed.
    pub(crate) confirmed: Field,
}

/// Something that is known of a brand, as a field.
#[derive(Debug, Clone)]
pub(crate) struct FindingField {
    /// The field's id and name.
    pub(crate) id: &'static str,
    /// What it is called.
    pub(crate) label: &'static str,
    /// Where it was found and how sure that makes us.
    pub(crate) note: String,
    /// What stands in it.
    pub(crate) typed: Field,
    /// Whether it has several lines.
    pub(crate) is_long: bool,
}

/// A colour, as a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct ColourRow {
    /// What it is painted with; none while it is none.
    pub(crate) fill: Option<String>,
    /// As typed.
    pub(crate) value: String,
    /// What it is used for.
    pub(crate) role: &'static str,
    /// Where it was found and how sure that makes us.
    pub(crate) note: String,
}

/// Two colours on each other.
#[derive(Debug, Clone)]
pub(crate) struct PairRow {
    /// The text's.
    pub(crate) text: String,
    /// The ground's.
    pub(crate) ground: String,
    /// Their contrast.
    pub(crate) contrast: String,
    /// What that is good for.
    pub(crate) verdict: &'static str,
}

impl BrandPage {
    fn problems(&self) -> Vec<Problem> {
        let mut fields = vec![("logo-url", self.logo_url.error.as_ref())];
        fields.extend(self.fields.iter().map(|field| (field.id, field.typed.error.as_ref())));
        fields.push(("colours", self.colours_error.as_ref()));
        fields.push(("confirm-brand", self.confirmed.error.as_ref()));
        problems(None, &fields)
    }
}

#[cfg(test)]
mod samples {
    use super::super::tests::HOSTILE;
    use super::*;

    fn row(name: &str, state: BrandState) -> BrandRow {
        BrandRow {
            id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d".into(),
            name: name.into(),
            url: format!("https://www.{}.example/", name.to_lowercase()),
            workspace: "Personal".into(),
            state,
            created: Moment::sample("3 days ago"),
        }
    }

    impl Brands {
        pub(in crate::pages::views) fn samples() -> Vec<(&'static str, Self)> {
            let option = |id: &str, name: &str, is_chosen| WorkspaceOption {
                id: id.into(),
                name: name.into(),
                is_chosen,
            };
            let empty = || Self {
                layout: Layout::sample_signed_in(),
                origin: "http://localhost:8080".into(),
                done: None,
                brands: Vec::new(),
                is_first: true,
                older: None,
                url: Field::default(),
                workspaces: vec![option("personal", "Personal", true)],
            };
            let some = vec![
                row("Northwind", BrandState::Ready),
                row("Kobalt", BrandState::Analyzing),
                row("App", BrandState::LogoRequired),
                row("Gone", BrandState::Failed),
            ];
            let error = Some("This is no address of a page.".to_owned());
            vec![
                ("brands-empty", empty()),
                (
                    "brands",
                    Self {
                        brands: some.clone(),
                        older: Some("01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d".into()),
                        done: Some("The brand is deleted.".into()),
                        workspaces: vec![
                            option("personal", "Personal", true),
                            option("01935a2e-7b1c-7def-8a90-3c5d1e2f4a6e", "Engines", false),
                        ],
                        ..empty()
                    },
                ),
                (
                    "brands-hostile",
                    Self {
                        brands: vec![BrandRow {
                            url: HOSTILE.into(),
                            workspace: HOSTILE.into(),
                            ..row(HOSTILE, BrandState::Ready)
                        }],
                        url: Field { value: HOSTILE.into(), error },
                        is_first: false,
                        ..empty()
                    },
                ),
            ]
        }
    }

    fn field(id: &'static str, label: &'static str, value: &str, is_long: bool) -> FindingField {
        let note = "Found in meta description, 90 % sure.".to_owned();
        FindingField { id, label, note, typed: Field { value: value.into(), error: None }, is_long }
    }

    impl BrandPage {
        fn sample() -> Self {
            let colour = |hex: &str, role| ColourRow {
                fill: Some(hex.into()),
                value: hex.into(),
                role,
                note: "custom property --brand-green, 70 % sure".into(),
            };
            Self {
                layout: Layout::sample_signed_in(),
                done: None,
                fetching: None,
                seen: "0123456789abcdef".into(),
                trouble: None,
                id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d".into(),
                name: "Northwind".into(),
                url: "https://www.northwind.example/".into(),
                workspace: "Personal".into(),
                state: BrandState::Ready,
                created: Moment::sample("3 days ago"),
                logo: Some("/logos/01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d/AAAA".into()),
                logo_note: Some("Found: image of the header, 80 % sure.".into()),
                logo_url: Field::default(),
                fields: vec![
                    field("name", "Name", "Northwind", false),
                    field("heading-font", "Typeface of headings", "Fraunces", false),
                    field("body-font", "Typeface of text", "Inter", false),
                    field("aesthetic", "How it looks and speaks", "editorial, natural", false),
                    field("summary", "What it is", "Single origin coffee, slowly roasted.", true),
                ],
                colours: vec![
                    colour("#1f4d3a", "primary"),
                    colour("#e8623a", "accent"),
                    ColourRow { role: "neutral", ..ColourRow::default() },
                ],
                colours_error: None,
                roles: vec!["primary", "accent", "neutral"],
                pairs: vec![PairRow {
                    text: "#1f4d3a".into(),
                    ground: "#faf6ec".into(),
                    contrast: "8.9".into(),
                    verdict: "Good",
                }],
                confirmed: Field::default(),
            }
        }

        pub(in crate::pages::views) fn samples() -> Vec<(&'static str, Self)> {
            let error = || Some("Change this.".to_owned());
            vec![
                ("brand", Self::sample()),
                (
                    "brand-being-read",
                    Self {
                        state: BrandState::Analyzing,
                        logo: None,
                        logo_note: None,
                        pairs: Vec::new(),
                        ..Self::sample()
                    },
                ),
                (
                    "brand-fetching-a-logo",
                    Self { fetching: Some("/brands/x?done=logo".into()), ..Self::sample() },
                ),
                (
                    "brand-without-logo",
                    Self {
                        state: BrandState::LogoRequired,
                        logo: None,
                        logo_note: None,
                        trouble: Some("The logo was not taken: the file is too large.".into()),
                        ..Self::sample()
                    },
                ),
                (
                    "brand-hostile",
                    Self {
                        name: HOSTILE.into(),
                        url: HOSTILE.into(),
                        workspace: HOSTILE.into(),
                        done: Some(HOSTILE.into()),
                        fetching: Some(HOSTILE.into()),
                        trouble: Some(HOSTILE.into()),
                        logo_url: Field { value: HOSTILE.into(), error: error() },
                        confirmed: Field { value: HOSTILE.into(), error: error() },
                        fields: vec![FindingField {
                            note: HOSTILE.into(),
                            typed: Field { value: HOSTILE.into(), error: error() },
                            ..field("summary", "What it is", HOSTILE, true)
                        }],
                        colours: vec![ColourRow {
                            fill: Some(HOSTILE.into()),
                            value: HOSTILE.into(),
                            role: "primary",
                            note: HOSTILE.into(),
                        }],
                        colours_error: error(),
                        ..Self::sample()
                    },
                ),
            ]
        }
    }
}
