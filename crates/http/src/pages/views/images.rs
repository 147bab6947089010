//! `/images`: the library, and the form for another image.

use askama::Template;

use super::{Field, Layout, Moment, Obstacle, Problem, problems_behind};

/// The library, with the form for another image.
#[derive(Debug, Template)]
#[template(path = "images.html")]
pub(crate) struct Images {
    /// The frame.
    pub(crate) layout: Layout,
    /// What was just done, as one sentence.
    pub(crate) done: Option<String>,
    /// The image whose deletion that was, while it can be had back.
    pub(crate) undo: Option<String>,
    /// What is against it.
    pub(crate) refused: Option<Obstacle>,
    /// What to make, as typed.
    pub(crate) prompt: Field,
    /// For which brands.
    pub(crate) brands: Vec<Choice>,
    /// In which ratios.
    pub(crate) ratios: Vec<Choice>,
    /// Whether the larger size is chosen.
    pub(crate) is_4k: bool,
    /// Who draws, where that can be chosen.
    pub(crate) models: Vec<Choice>,
    /// How many.
    pub(crate) counts: Vec<Choice>,
    /// The images, the newest first.
    pub(crate) images: Vec<ImageTile>,
    /// How many of them are being made.
    pub(crate) under_way: usize,
    /// Whether these are the newest.
    pub(crate) is_first: bool,
    /// The id before which there are more.
    pub(crate) older: Option<String>,
}

/// Something that can be chosen.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// What is sent.
    pub(crate) value: String,
    /// What is shown.
    pub(crate) label: String,
    /// Whether it is.
    pub(crate) is_chosen: bool,
}

/// An image in the library.
#[derive(Debug, Clone)]
pub(crate) struct ImageTile {
    /// Its id.
    pub(crate) id: String,
    /// Where its small version is, once it is there.
    pub(crate) src: Option<String>,
    /// The size of the whole, in pixels.
    pub(crate) size: Option<(i64, i64)>,
    /// What it shows, in words.
    pub(crate) shows: String,
    /// How far it is.
    pub(crate) state: ImageState,
    /// How its prompt begins.
    pub(crate) prompt: Option<String>,
    /// The name of its brand, where there are several.
    pub(crate) brand: Option<String>,
    /// Which of the images of one order it is, such as "1 of 2".
    pub(crate) number: Option<String>,
    /// Where it is from, in words.
    pub(crate) origin: &'static str,
    /// What drew it, or is to.
    pub(crate) engine: Option<String>,
    /// When it was asked for or brought.
    pub(crate) made: Moment,
}

/// How far an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImageState {
    /// It was asked for.
    Waiting,
    /// It is being made.
    Generating,
    /// It is there.
    There,
    /// It will not be there.
    Failed,
}

impl ImageState {
    fn word(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Generating => "Being made",
            Self::There => "Done",
            Self::Failed => "Not made",
        }
    }

    /// Whether more becomes of it.
    pub(crate) fn is_under_way(self) -> bool {
        matches!(self, Self::Waiting | Self::Generating)
    }
}

impl Images {
    fn problems(&self) -> Vec<Problem> {
        problems_behind(self.refused.as_ref(), &[("prompt", self.prompt.error.as_ref())])
    }
}

/// One image.
#[derive(Debug, Template)]
#[template(path = "image.html")]
pub(crate) struct ImagePage {
    /// The frame.
    pub(crate) layout: Layout,
    /// What is against something.
    pub(crate) refused: Option<Obstacle>,
    /// Its id.
    pub(crate) id: String,
    /// What tells it from others, in a few words.
    pub(crate) title: String,
    /// Where its bytes are, once they are.
    pub(crate) src: Option<String>,
    /// What a file of it is called.
    pub(crate) file_name: String,
    /// Its size in pixels.
    pub(crate) size: Option<(i64, i64)>,
    /// The ratio of its sides.
    pub(crate) ratio: Option<&'static str>,
    /// What it shows, in words.
    pub(crate) shows: String,
    /// How far it is.
    pub(crate) state: ImageState,
    /// Why it was not made.
    pub(crate) failure: Option<String>,
    /// What it was made from.
    pub(crate) prompt: Option<String>,
    /// What drew it.
    pub(crate) engine: Option<String>,
    /// Where it is from, in words.
    pub(crate) origin: &'static str,
    /// Whether it consists of paths, so that it has no pixels.
    pub(crate) is_paths: bool,
    /// Its brand: the id and the name.
    pub(crate) brand: Option<Choice>,
    /// The id of the image that it was made of.
    pub(crate) parent: Option<String>,
    /// The name of its workspace.
    pub(crate) workspace: String,
    /// When it was asked for or brought.
    pub(crate) made: Moment,
    /// What to change, as typed.
    pub(crate) instruction: Field,
    /// The ratios that it does not have.
    pub(crate) ratios: Vec<&'static str>,
    /// The one of them that was chosen in a form that was refused.
    pub(crate) chosen: Option<&'static str>,
}

impl ImagePage {
    fn problems(&self) -> Vec<Problem> {
        let fields = [("instruction", self.instruction.error.as_ref())];
        problems_behind(self.refused.as_ref(), &fields)
    }
}

/// An image that is deleted and can be had back.
#[derive(Debug, Template)]
#[template(path = "image_deleted.html")]
pub(crate) struct DeletedImage {
    /// The frame.
    pub(crate) layout: Layout,
    /// Its id.
    pub(crate) id: String,
    /// Until when.
    pub(crate) until: Moment,
}

#[cfg(test)]
mod samples {
    use super::super::Link;
    use super::super::tests::HOSTILE;
    use super::*;

    const ID: &str = "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d";

    fn tile(shows: &str, state: ImageState) -> ImageTile {
        let is_there = state == ImageState::There;
        ImageTile {
            id: ID.into(),
            src: is_there.then(|| format!("/img/{ID}/AAAAAAAAAAAAAAAAAAAAAA")),
            size: is_there.then_some((2048, 880)),
            shows: shows.into(),
            state,
            prompt: Some(shows.into()),
            brand: Some(shows.into()),
            number: is_there.then(|| "1 of 2".into()),
            origin: "Generated",
            engine: Some("compose".into()),
            made: Moment::sample("3 days ago"),
        }
    }

    fn choice(value: &str, label: &str) -> Choice {
        Choice { value: value.into(), label: label.into(), is_chosen: false }
    }

    impl Images {
        pub(in crate::pages::views) fn samples() -> Vec<(&'static str, Self)> {
            let empty = || Self {
                layout: Layout::sample_signed_in(),
                done: None,
                undo: None,
                refused: None,
                prompt: Field::default(),
                brands: Vec::new(),
                ratios: vec![choice("1:1", "1:1"), choice("16:9", "16:9")],
                is_4k: false,
                models: Vec::new(),
                counts: vec![choice("1", "1"), choice("2", "2")],
                images: Vec::new(),
                under_way: 0,
                is_first: true,
                older: None,
            };
            let images = vec![
                tile("Northwind. Spring sale", ImageState::There),
                tile("Another", ImageState::Generating),
                tile("A third", ImageState::Waiting),
                tile("A fourth", ImageState::Failed),
            ];
            let brands = || vec![choice(ID, "Northwind")];
            vec![
                ("images-empty", empty()),
                (
                    "images",
                    Self {
                        brands: brands(),
                        images,
                        under_way: 2,
                        older: Some(ID.into()),
                        done: Some(
                            "The image is deleted. For ten minutes you can have it back.".into(),
                        ),
                        undo: Some(ID.into()),
                        ..empty()
                    },
                ),
                (
                    "images-hostile",
                    Self {
                        brands: vec![choice(ID, HOSTILE)],
                        models: vec![
                            choice("fast", "fast (composed by this server)"),
                            choice("pro", HOSTILE),
                        ],
                        images: vec![tile(HOSTILE, ImageState::There)],
                        prompt: Field { value: HOSTILE.into(), error: Some("Say it.".into()) },
                        refused: Some(Obstacle {
                            text: "This needs 2 credits and 0 can be spent.".into(),
                            onward: Some(Link {
                                label: "Get more credits".into(),
                                href: "/settings#plan".into(),
                            }),
                        }),
                        is_first: false,
                        ..empty()
                    },
                ),
            ]
        }
    }

    impl ImagePage {
        pub(in crate::pages::views) fn samples() -> Vec<(&'static str, Self)> {
            let there = || Self {
                layout: Layout::sample_signed_in(),
                refused: None,
                id: ID.into(),
                title: "\"Spring sale\"".into(),
                src: Some(format!("/img/{ID}/AAAAAAAAAAAAAAAAAAAAAA")),
                file_name: format!("bloom-{ID}.png"),
                size: Some((2048, 880)),
                ratio: Some("21:9"),
                shows: "Northwind. Spring sale".into(),
                state: ImageState::There,
                failure: None,
                prompt: Some("\"Spring sale\"".into()),
                engine: Some("compose".into()),
                origin: "Generated",
                is_paths: false,
                brand: Some(choice(ID, "Northwind")),
                parent: Some(ID.into()),
                workspace: "Personal".into(),
                made: Moment::sample("3 days ago"),
                instruction: Field::default(),
                ratios: vec!["1:1", "16:9"],
                chosen: None,
            };
            vec![
                ("image", there()),
                (
                    "image-waiting",
                    Self { src: None, size: None, state: ImageState::Waiting, ..there() },
                ),
                (
                    "image-failed",
                    Self {
                        src: None,
                        size: None,
                        state: ImageState::Failed,
                        failure: Some("the background is not plain".into()),
                        ..there()
                    },
                ),
                (
                    "image-hostile",
                    Self {
                        title: HOSTILE.into(),
                        prompt: Some(HOSTILE.into()),
                        shows: HOSTILE.into(),
                        brand: Some(choice(ID, HOSTILE)),
                        workspace: HOSTILE.into(),
                        instruction: Field { value: HOSTILE.into(), error: Some("Say it.".into()) },
                        refused: Some(Obstacle::from("The image has that ratio already.")),
                        ..there()
                    },
                ),
            ]
        }
    }

    impl DeletedImage {
        pub(in crate::pages::views) fn samples() -> Vec<(&'static str, Self)> {
            let layout = Layout::sample_signed_in();
            let until = Moment::sample("in 9 minutes");
            vec![("image-deleted", Self { layout, id: ID.into(), until })]
        }
    }
}
