//! Draws a contact sheet: `cargo run --release -p bloom-studio --example contact_sheet -- FOLDER [sheet …]`.
//! The sheets: `layouts` (each layout), `ratios` (each ratio), `scripts` (each script), `variants` (orders and
//! their five variants). `cargo xtask contact-sheet` runs it.

use bloom_studio::Typesetter;
use bloom_studio::brand::{Brand, ColourRole, Swatch};
use bloom_studio::colour::Rgb;
use bloom_studio::compose::{Order, compose, lay_out};
use bloom_studio::format::AspectRatio;
use bloom_studio::picture::Picture;
use bloom_studio::scene::{Layout, Material, Materials, Scene, Scheme};
use bloom_studio::{prompt, raster};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

const CELL: u32 = 260;
const GAP: u32 = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, chosen) = arguments.split_first().ok_or("name a folder")?;
    let mut setter = Typesetter::new();
    let all = ["layouts", "ratios", "scripts", "variants"];
    for sheet in
        all.into_iter().filter(|name| chosen.is_empty() || chosen.iter().any(|c| c == name))
    {
        let cells = match sheet {
            "layouts" => layouts(&mut setter),
            "ratios" => ratios(&mut setter),
            "scripts" => scripts(&mut setter),
            _ => variants(&mut setter),
        };
        let columns = if sheet == "variants" { 5 } else { 4 };
        let bytes = raster::png(&sheet_of(&cells, columns))?;
        std::fs::write(Path::new(folder).join(format!("studio-{sheet}.png")), bytes)?;
    }
    Ok(())
}

/// Four brands that do not exist.
fn brands() -> Vec<Brand> {
    let brand =
        |name: &str, colours: &[(&str, ColourRole)], font: Option<&str>, tags: &[&str]| Brand {
            name: name.to_owned(),
            palette: colours
                .iter()
                .filter_map(|(hex, role)| {
                    Rgb::from_hex(hex).map(|colour| Swatch { colour, role: *role })
                })
                .collect(),
            heading_font: font.map(str::to_owned),
            body_font: None,
            aesthetic: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
    use ColourRole::{Accent, Background, Primary, Secondary, Text};
    vec![
        brand(
            "Northwind",
            &[
                ("#1f4d3a", Primary),
                ("#f2b84b", Secondary),
                ("#e8623a", Accent),
                ("#faf6ec", Background),
            ],
            Some("Fraunces"),
            &["editorial"],
        ),
        brand(
            "Lumen",
            &[("#3a2bff", Primary), ("#ff6a3d", Secondary), ("#12c2a9", Accent)],
            Some("Manrope"),
            &["modern"],
        ),
        brand(
            "Petal",
            &[
                ("#c43460", Primary),
                ("#ffb59c", Secondary),
                ("#fff7f4", Background),
                ("#2a1220", Text),
            ],
            Some("Bricolage Grotesque"),
            &["playful"],
        ),
        brand(
            "Kobalt",
            &[("#0b5cff", Primary), ("#ffd23f", Secondary), ("#0a0f24", Text)],
            Some("Space Grotesk"),
            &["technical"],
        ),
        brand(
            "Atelier Sol",
            &[("#b5532a", Primary), ("#e9d8c0", Background), ("#2f3e46", Secondary)],
            Some("Georgia"),
            &["elegant"],
        ),
    ]
}

/// A landscape made of numbers: sky, sun, hills.
fn photo(seed: u32) -> Picture {
    let (w, h) = (600, 400);
    let warm = seed.is_multiple_of(2);
    Picture::from_fn(w, h, |x, y| {
        let (u, v) = (x as f32 / w as f32, y as f32 / h as f32);
        let sky = if warm {
            [250.0 - 60.0 * v, 190.0 - 90.0 * (1.0 - v), 150.0 - 40.0 * v]
        } else {
            [120.0 + 110.0 * v, 170.0 + 60.0 * v, 225.0]
        };
        let sun = (-((u - 0.68).powi(2) * 2.2 + (v - 0.42).powi(2)) * 90.0).exp();
        let mut pixel = sky.map(|c: f32| c + sun * 120.0);
        for layer in 0..4 {
            let l = layer as f32;
            let ridge = 0.5
                + 0.12 * l
                + 0.05 * (u * (5.0 + 2.0 * l) + l * 1.7 + seed as f32).sin()
                + 0.02 * (u * (19.0 + 7.0 * l) + l).sin();
            if v > ridge {
                let far = 1.0 - l / 3.6;
                pixel = if warm {
                    [70.0 + 110.0 * far, 50.0 + 60.0 * far, 70.0 + 60.0 * far]
                } else {
                    [30.0 + 70.0 * far, 70.0 + 80.0 * far, 80.0 + 90.0 * far]
                };
            }
        }
        let [r, g, b] = pixel.map(|c| c.clamp(0.0, 255.0) as u8);
        [r, g, b, 255]
    })
}

/// A logo: a ring with a dot, in one colour.
fn logo(colour: Rgb) -> Picture {
    Picture::from_fn(300, 300, |x, y| {
        let (dx, dy) = (x as f32 - 150.0, y as f32 - 150.0);
        let r = dx.hypot(dy);
        let ring = (1.0 - ((r - 110.0).abs() - 28.0)).clamp(0.0, 1.0);
        let dot = (1.0 - ((dx - 40.0).hypot(dy + 40.0) - 46.0)).clamp(0.0, 1.0);
        [colour.0, colour.1, colour.2, (ring.max(dot) * 255.0) as u8]
    })
}

fn order(text: &str, brand: Brand, ratio: AspectRatio, seed: u64, pictures: &[&str]) -> Order {
    Order {
        brief: prompt::read(text),
        brand,
        ratio,
        seed,
        pictures: pictures.iter().map(|p| (*p).to_owned()).collect(),
    }
}

fn materials(brand: &Brand, with_logo: bool) -> Materials {
    let colour = brand.palette.first().map_or(Rgb::BLACK, |swatch| swatch.colour);
    Materials {
        logo: with_logo.then(|| Arc::new(logo(colour))),
        pictures: vec![
            ("warm".to_owned(), Arc::new(photo(0))),
            ("cool".to_owned(), Arc::new(photo(1))),
        ],
    }
}

fn draw(scene: &Scene, materials: &Materials, setter: &mut Typesetter) -> Picture {
    let drawing = lay_out(scene, materials, setter);
    let scale = CELL as f32 / drawing.width.max(drawing.height);
    let side = |length: f32| ((length * scale).round() as u32).max(1);
    // Drawn larger and then made smaller, as a screen would show it.
    let large = raster::pixels(&drawing, side(drawing.width) * 2, side(drawing.height) * 2);
    let small = large.and_then(|l| l.resized(l.area(), side(drawing.width), side(drawing.height)));
    small.unwrap_or_else(|| Picture::from_fn(1, 1, |_, _| [255, 0, 0, 255]))
}

const PROMPTS: [&str; 6] = [
    "Post announcing \"Wild coffee, slowly roasted\" with subtitle \"Single origin beans from small farms, now in the shop\" and a button \"Shop the harvest\"",
    "Create a post about our summer sale with 30% off everything",
    "Quote card: \"Design is not what it looks like. It is how it works.\" — Mara Lind, founder",
    "Event: \"Harbour Jazz Festival\" 24 May 2026, 19:30, Old Mill Pier",
    "We are hiring: \"Come build with us\" subtitle \"Product engineers, Porto or remote\" button \"See open roles\"",
    "Statistic: \"teams ship faster with Lumen\" 3x kicker \"2026 survey\" subtitle \"Median of 1,240 teams over twelve months\"",
];

fn layouts(setter: &mut Typesetter) -> Vec<Picture> {
    let brands = brands();
    let mut cells = Vec::new();
    for (at, layout) in Layout::ALL.into_iter().enumerate() {
        let text = match layout {
            Layout::Figure => PROMPTS[if at % 2 == 0 { 1 } else { 5 }],
            Layout::Quote => PROMPTS[2],
            Layout::Schedule => PROMPTS[3],
            Layout::Marquee => PROMPTS[4],
            _ => PROMPTS[[0, 4, 0, 3][at % 4]],
        };
        let brand = brands[at % brands.len()].clone();
        let materials = materials(&brand, at % 3 != 2);
        for (ratio, scheme) in [
            (AspectRatio::R1x1, Scheme::ALL[at % 6]),
            (AspectRatio::R4x5, Scheme::ALL[(at + 3) % 6]),
        ] {
            let order = order(text, brand.clone(), ratio, at as u64 + 3, &["warm"]);
            let Some(mut scene) = compose(&order, &materials, setter, 1).pop() else { continue };
            scene.layout = layout;
            scene.scheme = scheme;
            scene.material = if layout == Layout::Cover {
                Material::Photo
            } else {
                Material::DRAWN[(at * 3 + cells.len()) % 8]
            };
            cells.push(draw(&scene, &materials, setter));
        }
    }
    cells
}

fn ratios(setter: &mut Typesetter) -> Vec<Picture> {
    let brands = brands();
    let mut cells = Vec::new();
    for (at, ratio) in AspectRatio::ALL.into_iter().enumerate() {
        for second in 0..2 {
            let at = at * 2 + second;
            let brand = brands[at % brands.len()].clone();
            let materials = materials(&brand, true);
            let pictures: &[&str] = if second == 0 { &[] } else { &["cool"] };
            let order = order(PROMPTS[at % PROMPTS.len()], brand, ratio, at as u64, pictures);
            for scene in compose(&order, &materials, setter, 1) {
                cells.push(draw(&scene, &materials, setter));
            }
        }
    }
    cells
}

fn scripts(setter: &mut Typesetter) -> Vec<Picture> {
    let texts = [
        "\"Летняя распродажа\" \"Скидки до 50% на всё до конца июля\" \"В магазин\"",
        "\"تخفيضات الصيف\" \"خصم يصل إلى ٥٠٪ على كل شيء حتى نهاية الشهر\" \"تسوق الآن\"",
        "「夏のセール開催中」「全品30%オフ、今月末まで」",
        "“夏季新品上市” “全场八折，限时一周，欢迎到店体验” “立即购买”",
        "\"여름 신상품 출시\" \"이번 주말까지 전 품목 20% 할인\" \"지금 보기\"",
        "\"מבצע הקיץ התחיל\" \"עד 50% הנחה על הכול\" \"לחנות\"",
    ];
    let brands = brands();
    let mut cells = Vec::new();
    for (at, text) in texts.into_iter().enumerate() {
        let brand = brands[at % brands.len()].clone();
        let materials = materials(&brand, true);
        let order = order(text, brand, AspectRatio::ALL[(at * 3) % 10], at as u64, &[]);
        for scene in compose(&order, &materials, setter, 2) {
            cells.push(draw(&scene, &materials, setter));
        }
    }
    cells
}

fn variants(setter: &mut Typesetter) -> Vec<Picture> {
    let brands = brands();
    let mut cells = Vec::new();
    for (at, text) in PROMPTS.into_iter().enumerate() {
        let brand = brands[(at + 1) % brands.len()].clone();
        let materials = materials(&brand, at % 2 == 0);
        let pictures: &[&str] = if at % 3 == 0 { &["warm", "cool"] } else { &[] };
        let order = order(
            text,
            brand,
            [AspectRatio::R4x5, AspectRatio::R1x1, AspectRatio::R16x9][at % 3],
            at as u64 * 31 + 7,
            pictures,
        );
        for scene in compose(&order, &materials, setter, 5) {
            cells.push(draw(&scene, &materials, setter));
        }
    }
    cells
}

fn sheet_of(cells: &[Picture], columns: u32) -> Picture {
    let rows = (cells.len() as u32).div_ceil(columns);
    let heights: Vec<u32> = (0..rows)
        .map(|row| {
            cells
                .iter()
                .skip((row * columns) as usize)
                .take(columns as usize)
                .map(Picture::height)
                .max()
                .unwrap_or(0)
        })
        .collect();
    let tops: Vec<u32> = heights
        .iter()
        .scan(GAP, |y, h| {
            let top = *y;
            *y += h + GAP;
            Some(top)
        })
        .collect();
    let (w, h) = (columns * (CELL + GAP) + GAP, heights.iter().map(|h| h + GAP).sum::<u32>() + GAP);
    let mut pixels = vec![238u8; (w * h * 4) as usize];
    for (at, cell) in cells.iter().enumerate() {
        let (row, column) = (at as u32 / columns, at as u32 % columns);
        let x = GAP + column * (CELL + GAP) + (CELL - cell.width()) / 2;
        for y in 0..cell.height() {
            let to = (((tops[row as usize] + y) * w + x) * 4) as usize;
            let from = (y * cell.width() * 4) as usize;
            let length = (cell.width() * 4) as usize;
            pixels[to..to + length].copy_from_slice(&cell.pixels()[from..from + length]);
        }
    }
    for alpha in pixels.iter_mut().skip(3).step_by(4) {
        *alpha = 255;
    }
    Picture::new(w, h, pixels).unwrap_or_else(|| Picture::from_fn(1, 1, |_, _| [0, 0, 0, 255]))
}
