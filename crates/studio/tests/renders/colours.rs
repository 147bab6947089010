//! That a picture has no colours but its brand's.

use crate::matrix::{Case, brand, every};
use crate::sized;
use bloom_studio::brand::Brand;
use bloom_studio::colour::Rgb;
use bloom_studio::scene::Material;

/// The long side. Colours are looked at, and not edges.
const LONG: f32 = 128.0;
/// How far from the brand's colours a pixel may lie. A neighbour's hue is turned by seven degrees, which is 0.03 of the
/// fullest colours, and screens mix colours along other lines than OKLab does.
const NEAR: f32 = 0.045;

/// What may be seen, in the plane of OKLab's two opponents: the brand's colours, and grey, and all that lies between.
/// Tints and shades of a colour lie between it and grey.
fn allowed(brand: &Brand) -> Vec<[f32; 2]> {
    let point = |colour: Rgb| {
        let [_, a, b] = colour.lab();
        [a, b]
    };
    let chromatic = brand.chromatic();
    let mut points: Vec<[f32; 2]> = brand.palette.iter().map(|s| point(s.colour)).collect();
    // A brand of one hue gets a companion: the next hue on the wheel, and calmer.
    if let [lone] = chromatic[..] {
        let mut companion = lone.lch().turned(38.0);
        companion.c = companion.c.min(0.15);
        points.push([companion.c * companion.h.cos(), companion.c * companion.h.sin()]);
    }
    points.push([0.0, 0.0]);
    points
}

/// A convex shape by how far it reaches in each direction; how far outside of it a point lies is the widest gap.
struct Shape(Vec<([f32; 2], f32)>);

impl Shape {
    fn around(points: &[[f32; 2]]) -> Self {
        let directions = (0..24).map(|step| {
            let (sin, cos) = (step as f32 * std::f32::consts::TAU / 24.0).sin_cos();
            let along = points.iter().map(|[a, b]| a * cos + b * sin);
            ([cos, sin], along.fold(f32::MIN, f32::max))
        });
        Self(directions.collect())
    }

    fn outside(&self, [a, b]: [f32; 2]) -> f32 {
        self.0.iter().fold(0.0, |most, ([cos, sin], reach)| most.max(a * cos + b * sin - reach))
    }
}

#[test]
fn a_picture_is_in_the_brands_colours() {
    let mut faults = Vec::new();
    let mut looked_at = 0;
    for case in every().filter(|case| case.scene.material != Material::Photo) {
        let Case { what, drawing, .. } = case;
        let shape = Shape::around(&allowed(&brand(case.brand)));
        let picture = sized(drawing, LONG);
        let scale = LONG / drawing.width.max(drawing.height);
        // A logo may have colours of its own, and its plate.
        let logo = drawing.logo.map(|logo| logo.clear);
        let (mut foreign, mut worst) = (0, (0.0, Rgb::BLACK));
        for y in 0..picture.height() {
            for x in 0..picture.width() {
                let (u, v) = ((x as f32 + 0.5) / scale, (y as f32 + 0.5) / scale);
                let within = |l: bloom_studio::drawing::Area| {
                    u >= l.x && u <= l.right() && v >= l.y && v <= l.bottom()
                };
                if logo.is_some_and(within) {
                    continue;
                }
                looked_at += 1;
                let colour = picture.colour(x, y);
                let [_, a, b] = colour.lab();
                let off = shape.outside([a, b]);
                if off > worst.0 {
                    worst = (off, colour);
                }
                foreign += usize::from(off > NEAR);
            }
        }
        // Less than a letter of it is what smoothing makes at edges.
        let share = foreign as f32 / (picture.width() * picture.height()) as f32;
        if share > 0.002 {
            faults.push(format!("{what}: {:.1}% are foreign, {worst:?} the most", share * 100.0));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(looked_at > 1_000_000, "{looked_at}");
}
