//! From a message to scenes: which layout, which colours, which material. Candidates are laid out for real
//! and scored; variants differ in what one sees first.

use crate::board::Board;
use crate::brand::Brand;
use crate::brief::{Brief, Intent};
use crate::chance::Chance;
use crate::colour::contrast;
use crate::drawing::{Drawing, TextRole};
use crate::fonts::Family;
use crate::format::AspectRatio;
use crate::layouts;
use crate::scene::{Layout, Material, Materials, Scene, Scheme, VERSION};
use crate::schemes;
use crate::text::{Script, Typesetter};

/// What is to be composed.
#[derive(Debug, Clone)]
pub struct Order {
    /// What it says.
    pub brief: Brief,
    /// Whose it is.
    pub brand: Brand,
    /// The ratio of its sides.
    pub ratio: AspectRatio,
    /// What free choices follow from.
    pub seed: u64,
    /// Keys of the pictures it may use, the most fitting first.
    pub pictures: Vec<String>,
}

/// Lays a scene out.
pub fn lay_out(scene: &Scene, materials: &Materials, setter: &mut Typesetter) -> Drawing {
    let roles = schemes::roles(&scene.brand, scene.scheme, &scene.brief.wishes);
    let mut board = Board::new(scene, materials, setter, roles);
    layouts::arrange(&mut board);
    board.drawing
}

/// The best scenes for an order, at most as many as asked for, each unlike the ones before it in layout, in
/// the use of colours, and in material where there is a choice.
pub fn compose(
    order: &Order,
    materials: &Materials,
    setter: &mut Typesetter,
    count: usize,
) -> Vec<Scene> {
    let fonts = fonts(order);
    let pictures = order.pictures.iter().filter(|key| materials.picture(key).is_some()).count();
    let mut ranked: Vec<(f32, Layout)> = Layout::ALL
        .into_iter()
        .filter(|layout| fits(*layout, &order.brief))
        // Who gives a picture wants to see it.
        .filter(|layout| pictures == 0 || shows_pictures(*layout))
        .map(|layout| {
            let scene = scene(order, layout, Scheme::Paper, default_material(order, layout), fonts);
            let drawing = lay_out(&scene, materials, setter);
            (liking(order, layout) + score(&drawing, &scene), layout)
        })
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let schemes = scheme_order(order);
    let drawn = material_order(order);
    (0..count)
        .map(|at| {
            let layout =
                ranked.get(at % ranked.len().max(1)).map_or(Layout::Centre, |(_, layout)| *layout);
            let scheme = schemes.get(at % schemes.len().max(1)).copied().unwrap_or(Scheme::Paper);
            let material = if shows_pictures(layout) && pictures == 0 {
                drawn.get(at % drawn.len().max(1)).copied().unwrap_or(Material::Mesh)
            } else {
                default_material(order, layout)
            };
            let mut scene = scene(order, layout, scheme, material, fonts);
            scene.seed = order.seed.wrapping_add(at as u64 * 7919);
            if pictures > 1 {
                scene.pictures.rotate_left(at % pictures);
            }
            scene
        })
        .collect()
}

fn scene(
    order: &Order,
    layout: Layout,
    scheme: Scheme,
    material: Material,
    (heading, body): (Family, Family),
) -> Scene {
    Scene {
        version: VERSION,
        ratio: order.ratio,
        brief: order.brief.clone(),
        brand: order.brand.clone(),
        layout,
        scheme,
        material,
        heading,
        body,
        seed: order.seed,
        grain: if material == Material::Mesh { 0.22 } else { 0.0 },
        pictures: order.pictures.clone(),
    }
}

/// Which layouts can carry a message at all.
fn fits(layout: Layout, brief: &Brief) -> bool {
    let words = brief.headline.split_whitespace().count();
    let letters = brief.headline.chars().count();
    match layout {
        Layout::Figure => brief.figure.is_some(),
        Layout::Quote => matches!(brief.intent, Intent::Quote | Intent::Testimonial),
        Layout::Schedule => brief.date.is_some() || brief.intent == Intent::Event,
        Layout::Marquee => {
            (1..=7).contains(&words)
                && letters <= 48
                && Script::of(&brief.headline) == Script::Alphabet
        }
        _ => true,
    }
}

/// Whether a layout has a place for a picture or a pattern.
fn shows_pictures(layout: Layout) -> bool {
    matches!(layout, Layout::Poster | Layout::Split | Layout::Cover | Layout::Band | Layout::Card)
}

fn default_material(order: &Order, layout: Layout) -> Material {
    match layout {
        Layout::Centre => Material::Mesh,
        Layout::Mosaic => Material::Tiles,
        _ if shows_pictures(layout) && !order.pictures.is_empty() => Material::Photo,
        _ if shows_pictures(layout) => {
            material_order(order).first().copied().unwrap_or(Material::Mesh)
        }
        _ => Material::Plain,
    }
}

/// How well a layout suits a kind of message, and a little chance.
fn liking(order: &Order, layout: Layout) -> f32 {
    use Layout as L;
    let by_intent = match (order.brief.intent, layout) {
        (Intent::Sale | Intent::Statistic, L::Figure) => 0.5,
        (Intent::Sale, L::Poster | L::Card | L::Marquee) => 0.2,
        (Intent::Launch, L::Split | L::Poster | L::Centre) => 0.24,
        (Intent::Quote, L::Quote) => 0.5,
        (Intent::Testimonial, L::Quote | L::Card) => 0.42,
        (Intent::Event, L::Schedule) => 0.42,
        (Intent::Event, L::Poster | L::Mosaic) => 0.18,
        (Intent::Hiring, L::Mosaic | L::Marquee | L::Split) => 0.24,
        (Intent::Product, L::Split | L::Cover | L::Band) => 0.24,
        (Intent::Cover, L::Cover | L::Centre | L::Frame) => 0.22,
        (Intent::Quote, L::Frame | L::Centre | L::Card) => 0.14,
        _ => 0.0,
    };
    let has_picture = !order.pictures.is_empty();
    let by_picture = match layout {
        L::Cover if has_picture => 0.32,
        L::Split | L::Card | L::Band | L::Poster if has_picture => 0.2,
        L::Cover => -0.12,
        _ => 0.0,
    };
    let by_wish =
        if order.brief.wishes.minimal && matches!(layout, L::Centre | L::Frame | L::Marquee) {
            0.25
        } else {
            0.0
        };
    by_intent
        + by_picture
        + by_wish
        + Chance::new(order.seed, &format!("{layout:?}")).between(0.0, 0.16)
}

/// How good a drawing is, apart from what it says: nothing cut, a headline one can see, contrast to spare,
/// weight in balance, a logo with its space.
pub(crate) fn score(drawing: &Drawing, scene: &Scene) -> f32 {
    let unit = (drawing.width * drawing.height).sqrt() / 100.0;
    let headline = drawing
        .texts
        .iter()
        .filter(|text| text.role == TextRole::Headline)
        .map(|text| text.size / unit)
        .fold(0.0, f32::max);
    let smallest = drawing.texts.iter().map(|text| text.size / unit).fold(9.0, f32::min);
    let large = ((headline - 2.0) / 7.0).clamp(0.0, 1.0);
    let small = ((smallest - 1.0) / 0.8).clamp(0.0, 1.0);
    let roles = schemes::roles(&scene.brand, scene.scheme, &scene.brief.wishes);
    let headroom = ((contrast(roles.text, roles.ground) - 4.5) / 8.0).clamp(0.0, 1.0);
    let logo = drawing.logo.as_ref().map_or(0.0, |logo| {
        let free = drawing
            .texts
            .iter()
            .filter(|t| t.role != TextRole::Wordmark)
            .all(|t| !t.ink.meets(logo.clear));
        if free && drawing.canvas().holds(logo.clear, unit) { 1.0 } else { -0.5 }
    });
    let cut = if drawing.cut { 1.0 } else { 0.0 };
    0.4 * large + 0.15 * small + 0.1 * headroom + 0.12 * balance(drawing) + 0.15 * logo - 0.9 * cut
}

/// One when the ink's weight lies on an axis of the picture or a third of it, less as it strays.
fn balance(drawing: &Drawing) -> f32 {
    let weight = |area: crate::drawing::Area| area.w * area.h;
    let all: Vec<_> =
        drawing.texts.iter().map(|t| t.ink).chain(drawing.logo.iter().map(|l| l.area)).collect();
    let total: f32 = all.iter().map(|a| weight(*a)).sum();
    if total <= 0.0 {
        return 0.5;
    }
    let x: f32 =
        all.iter().map(|a| weight(*a) * (a.x + a.w / 2.0)).sum::<f32>() / total / drawing.width;
    let near = [1.0 / 3.0, 0.5, 2.0 / 3.0]
        .into_iter()
        .map(|axis: f32| (x - axis).abs())
        .fold(1.0, f32::min);
    1.0 - (near * 6.0).min(1.0)
}

/// The schemes in the order variants take them: what was wished for first, light and dark by turns.
fn scheme_order(order: &Order) -> Vec<Scheme> {
    let mut chance = Chance::new(order.seed, "scheme");
    let turns: &[[Scheme; 6]] = &[
        [Scheme::Bold, Scheme::Paper, Scheme::Deep, Scheme::Tint, Scheme::Second, Scheme::Ink],
        [Scheme::Paper, Scheme::Bold, Scheme::Tint, Scheme::Ink, Scheme::Second, Scheme::Deep],
        [Scheme::Deep, Scheme::Tint, Scheme::Bold, Scheme::Paper, Scheme::Ink, Scheme::Second],
        [Scheme::Tint, Scheme::Deep, Scheme::Second, Scheme::Paper, Scheme::Bold, Scheme::Ink],
    ];
    let mut schemes = chance.one_of(turns).map_or_else(Vec::new, |turn| turn.to_vec());
    if let Some(dark) = order.brief.wishes.dark {
        schemes.sort_by_key(|scheme| {
            (scheme.is_dark() != dark) || (!dark && matches!(scheme, Scheme::Bold | Scheme::Second))
        });
    }
    schemes
}

fn material_order(order: &Order) -> Vec<Material> {
    let mut chance = Chance::new(order.seed, "material");
    let mut materials = Material::DRAWN.to_vec();
    for at in (1..materials.len()).rev() {
        materials.swap(at, (chance.next() % (at as u64 + 1)) as usize);
    }
    if order.brief.wishes.minimal {
        materials.sort_by_key(|m| {
            !matches!(m, Material::Sun | Material::Rings | Material::Arches | Material::Mesh)
        });
    }
    materials
}

/// The brand's fonts, or a pair that suits it; a headline in letters its family lacks takes one that has them.
fn fonts(order: &Order) -> (Family, Family) {
    let brand = &order.brand;
    let says = |word: &str| brand.aesthetic.iter().any(|tag| tag == word);
    let chosen = brand.heading_font.as_deref().map(Family::nearest);
    let heading = chosen.unwrap_or_else(|| {
        let mut chance = Chance::new(order.seed, "fonts");
        let some: &[Family] = if says("editorial") || says("elegant") {
            &[Family::Fraunces, Family::Serif]
        } else if says("technical") {
            &[Family::SpaceGrotesk, Family::Mono, Family::Inter]
        } else if says("playful") || says("rounded") {
            &[Family::Nunito, Family::Bricolage]
        } else if order.brief.intent == Intent::Quote {
            &[Family::Fraunces, Family::Serif, Family::Bricolage]
        } else {
            &[
                Family::Inter,
                Family::Manrope,
                Family::Bricolage,
                Family::Montserrat,
                Family::SpaceGrotesk,
            ]
        };
        chance.one_of(some).unwrap_or(Family::Inter)
    });
    let beyond_latin =
        order.brief.headline.chars().any(|c| matches!(u32::from(c), 0x0370..=0x052f));
    let heading = match heading {
        Family::SpaceGrotesk | Family::Bricolage if beyond_latin => Family::Manrope,
        Family::Fraunces if beyond_latin => Family::Serif,
        other => other,
    };
    let body = brand.body_font.as_deref().map(Family::nearest).unwrap_or(match heading {
        Family::Fraunces | Family::Oswald | Family::Unbounded | Family::Bricolage => Family::Inter,
        Family::Serif => Family::Inter,
        other => other,
    });
    (heading, body)
}
