//! What is drawn in order to be measured: each layout in each ratio and each script, and with each of them whatever
//! else there is to choose.
//!
//! The choices go by strides of the layout, the ratio and the script, so that none of them follows another one. That
//! none does is a test of its own.

use bloom_studio::Typesetter;
use bloom_studio::brand::{Brand, ColourRole, Swatch};
use bloom_studio::colour::Rgb;
use bloom_studio::compose::lay_out;
use bloom_studio::drawing::Drawing;
use bloom_studio::fonts::Family;
use bloom_studio::format::AspectRatio;
use bloom_studio::picture::Picture;
use bloom_studio::prompt;
use bloom_studio::scene::{Layout, Material, Materials, Scene, Scheme};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

pub(crate) const SCRIPTS: [(&str, &str); 4] = [
    (
        "Latin",
        "Event: \"Quiet machines, loud ideas\" subtitle \"Three days of talks about what we build and why\" button \"Save your seat\" 24 May 2026, 19:30, 30%",
    ),
    (
        "Cyrillic",
        "\"Летняя распродажа уже началась\" \"Скидки до 50% на всё до конца июля\" button \"В магазин\" 24 июля",
    ),
    (
        "Arabic",
        "\"تخفيضات الصيف بدأت الآن\" \"خصم يصل إلى 50% على كل شيء حتى نهاية الشهر\" button \"تسوق الآن\"",
    ),
    ("Chinese", "“夏季新品现已上市” “全场八折限时一周，欢迎到店体验” button \"立即购买\" 20%"),
];

/// How many brands there are. The one at 2 has no hue, that at 4 a single one.
pub(crate) const BRANDS: usize = 5;

pub(crate) fn brand(at: usize) -> Brand {
    let palettes: [&[(&str, ColourRole)]; BRANDS] = [
        &[
            ("#1f4d3a", ColourRole::Primary),
            ("#f2b84b", ColourRole::Secondary),
            ("#faf6ec", ColourRole::Background),
        ],
        &[("#ff6a3d", ColourRole::Primary), ("#3a2bff", ColourRole::Secondary)],
        &[("#8a8a8a", ColourRole::Primary)],
        &[("#ffe14d", ColourRole::Primary), ("#e0218a", ColourRole::Accent)],
        &[("#7c5cff", ColourRole::Primary)],
    ];
    let palette = palettes[at % BRANDS]
        .iter()
        .map(|(hex, role)| Swatch { colour: Rgb::from_hex(hex).expect("hex"), role: *role });
    let fonts = [Some("Fraunces"), None, Some("Montserrat"), Some("Oswald"), None];
    Brand {
        name: "Northwind".into(),
        palette: palette.collect(),
        heading_font: fonts[at % BRANDS].map(str::to_owned),
        ..Brand::default()
    }
}

/// What stands for the brand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Logo {
    /// No image: its name is set.
    Word,
    /// A mark in the brand's colour, which may be recoloured.
    Mark,
    /// Two colours, one of which is always like the ground: it gets a plate.
    Pair,
    /// Seven times as wide as high.
    Long,
}

impl Logo {
    pub(crate) const ALL: [Self; 4] = [Self::Word, Self::Mark, Self::Pair, Self::Long];

    fn picture(self, colour: Rgb) -> Option<Picture> {
        match self {
            Self::Word => None,
            Self::Mark => Some(logo(colour)),
            Self::Pair => Some(Picture::from_fn(140, 60, |x, y| {
                let Rgb(r, g, b) = if x < 70 { Rgb(18, 22, 60) } else { Rgb(255, 240, 190) };
                let inside = (x as f32 % 70.0 - 35.0).hypot(y as f32 - 30.0) < 28.0;
                [r, g, b, if inside { 255 } else { 0 }]
            })),
            Self::Long => Some(Picture::from_fn(420, 60, |x, y| {
                let inside = x % 60 < 44 && (8..52).contains(&y);
                [colour.0, colour.1, colour.2, if inside { 255 } else { 0 }]
            })),
        }
    }
}

pub(crate) fn logo(colour: Rgb) -> Picture {
    Picture::from_fn(120, 60, |x, y| {
        let inside =
            (x as f32 - 30.0).hypot(y as f32 - 30.0) < 26.0 || (x > 64 && (18..42).contains(&y));
        [colour.0, colour.1, colour.2, if inside { 255 } else { 0 }]
    })
}

pub(crate) static PHOTO: LazyLock<Arc<Picture>> = LazyLock::new(|| Arc::new(photo()));

fn photo() -> Picture {
    Picture::from_fn(400, 300, |x, y| {
        let v = (((x / 9 + y / 13) % 3) * 60 + (x * 255 / 400) / 3) as u8;
        [v.saturating_add(90), v.saturating_add(40), 255 - v, 255]
    })
}

/// Hard to write on: of many colours, nearly white with dark grains, and from black to white.
static PHOTOS: LazyLock<[Arc<Picture>; 3]> = LazyLock::new(|| {
    let bright = Picture::from_fn(400, 300, |x, y| match (x / 5 * 7 + y / 5 * 13) % 29 {
        0 => [30, 26, 20, 255],
        _ => [250, 248, (240 - y % 20) as u8, 255],
    });
    let both = Picture::from_fn(400, 300, |x, y| {
        let v = ((x * 255 / 399) / 2 + (y * 255 / 299) / 2) as u8;
        [v, v, v.saturating_add(4), 255]
    });
    [PHOTO.clone(), Arc::new(bright), Arc::new(both)]
});

pub(crate) fn materials(at: usize) -> Materials {
    materials_of(brand(at).palette.first().map_or(Rgb::BLACK, |s| s.colour), Logo::Mark, at)
}

fn materials_of(own: Rgb, logo: Logo, photo: usize) -> Materials {
    Materials {
        logo: logo.picture(own).map(Arc::new),
        pictures: vec![("photo".to_owned(), PHOTOS[photo % 3].clone())],
    }
}

/// One picture that is measured.
pub(crate) struct Case {
    pub(crate) what: String,
    pub(crate) script: usize,
    pub(crate) brand: usize,
    pub(crate) logo: Logo,
    pub(crate) scene: Scene,
    pub(crate) drawing: Drawing,
    /// Whether it is among those whose pixels are measured, which takes its time.
    pub(crate) in_turn: bool,
}

/// The choices of one case, before it is laid out.
struct Choice {
    layout: usize,
    ratio: usize,
    script: usize,
}

impl Choice {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for script in 0..SCRIPTS.len() {
            for ratio in 0..AspectRatio::ALL.len() {
                for layout in 0..Layout::ALL.len() {
                    all.push(Self { layout, ratio, script });
                }
            }
        }
        all
    }

    /// One of so many, by strides of ratio, script, layout and every second ratio. Without the last one what has an even
    /// count would follow the turns.
    fn one_of(&self, many: usize, [ratio, script, layout, second]: [usize; 4]) -> usize {
        (ratio * self.ratio
            + script * self.script
            + layout * self.layout
            + second * (self.ratio / 2))
            % many
    }

    /// Each layout and ratio once, with one script after the other.
    fn in_turn(&self) -> bool {
        (self.layout + self.ratio + self.script).is_multiple_of(SCRIPTS.len())
    }

    fn case(&self, setter: &mut Typesetter) -> Case {
        let (layout, ratio) = (Layout::ALL[self.layout], AspectRatio::ALL[self.ratio]);
        let scheme = Scheme::ALL[self.one_of(6, [4, 2, 1, 3])];
        let number = self.one_of(BRANDS, [1, 3, 4, 1]);
        let logo = Logo::ALL[self.one_of(4, [1, 2, 1, 1])];
        let is_photo = self.one_of(3, [2, 0, 1, 0]) == 0;
        let brand = brand(number);
        let own = brand.palette.first().map_or(Rgb::BLACK, |s| s.colour);
        let (script, text) = SCRIPTS[self.script];
        let materials = materials_of(own, logo, self.ratio + self.layout);
        let scene = Scene {
            version: 1,
            ratio,
            brief: prompt::read(text),
            brand,
            layout,
            scheme,
            material: match is_photo {
                true => Material::Photo,
                false => Material::DRAWN[self.one_of(8, [2, 2, 5, 0])],
            },
            heading: Family::ALL[self.one_of(11, [3, 5, 1, 0])],
            body: Family::Inter,
            seed: self.one_of(479, [12, 120, 1, 0]) as u64,
            grain: 0.0,
            pictures: if is_photo { vec!["photo".to_owned()] } else { Vec::new() },
        };
        let drawing = lay_out(&scene, &materials, setter);
        let what = format!(
            "{layout:?} {} {script} ({scheme:?}, {:?}, brand {number}, {logo:?})",
            ratio.name(),
            scene.material,
        );
        let (script, in_turn) = (self.script, self.in_turn());
        Case { what, script, brand: number, logo, scene, drawing, in_turn }
    }
}

/// All of them, laid out once for all tests, on as many threads as CI has.
static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let all = Choice::all();
    let half = |choices: &[Choice]| {
        let mut setter = Typesetter::new();
        choices.iter().map(|choice| choice.case(&mut setter)).collect::<Vec<_>>()
    };
    let (first, second) = all.split_at(all.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| half(second));
        let mut cases = half(first);
        cases.extend(other.join().expect("laid out"));
        cases
    })
});

pub(crate) fn every() -> impl Iterator<Item = &'static Case> {
    CASES.iter()
}

pub(crate) fn in_turns() -> impl Iterator<Item = &'static Case> {
    every().filter(|case| case.in_turn)
}

#[test]
fn no_choice_of_the_matrix_follows_another_one() {
    let whole: Vec<&Case> = every().collect();
    let turns: Vec<&Case> = in_turns().collect();
    assert_eq!((whole.len(), turns.len()), (480, 120));
    for (which, cases) in [("whole", &whole), ("turns", &turns)] {
        let seen = |of: &dyn Fn(&Case) -> Option<String>| {
            cases.iter().filter_map(|case| of(case)).collect::<BTreeSet<_>>().len()
        };
        for layout in Layout::ALL {
            let with = |choice: &dyn Fn(&Case) -> String| {
                seen(&|case| (case.scene.layout == layout).then(|| choice(case)))
            };
            let is_photo = |case: &Case| case.scene.material == Material::Photo;
            assert_eq!(
                (
                    with(&|case| format!("{:?}", case.scene.scheme)),
                    with(&|case| format!("{}", case.brand)),
                    with(&|case| format!("{:?}", case.logo)),
                    with(&|case| format!("{}", case.script)),
                    with(&|case| format!("{:?}", case.scene.ratio)),
                    with(&|case| format!("{}", is_photo(case))),
                ),
                (6, BRANDS, 4, 4, 10, 2),
                "{layout:?}, {which}"
            );
            let on_photos = seen(&|case| {
                (case.scene.layout == layout && is_photo(case))
                    .then(|| format!("{:?}", case.scene.scheme))
            });
            assert!(on_photos >= 2, "{layout:?} has photos in {on_photos} schemes, {which}");
        }
        // Nor do they among themselves.
        for (what, pairs, of) in [
            ("scheme, brand", seen(&|c| Some(format!("{:?} {}", c.scene.scheme, c.brand))), 30),
            ("script, logo", seen(&|c| Some(format!("{} {:?}", c.script, c.logo))), 16),
            ("scheme, logo", seen(&|c| Some(format!("{:?} {:?}", c.scene.scheme, c.logo))), 24),
            ("ratio, brand", seen(&|c| Some(format!("{:?} {}", c.scene.ratio, c.brand))), 50),
            ("ratio, logo", seen(&|c| Some(format!("{:?} {:?}", c.scene.ratio, c.logo))), 40),
            ("script, scheme", seen(&|c| Some(format!("{} {:?}", c.script, c.scene.scheme))), 24),
        ] {
            assert!(
                pairs * 10 >= of * if which == "whole" { 10 } else { 8 },
                "{what}: {pairs}, {which}"
            );
        }
        assert_eq!(seen(&|case| Some(format!("{:?}", case.scene.material))), 9, "{which}");
    }
}
