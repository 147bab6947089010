//! What kind of message a prompt asks for, and how it should look.

use crate::brief::{Intent, Wishes};
use crate::colour::Rgb;

/// Words that speak for an intent, and how loudly.
const SIGNS: &[(Intent, u32, &[&str])] = &[
    (Intent::Pattern, 6, &["pattern", "wallpaper", "texture", "backdrop", "seamless"]),
    (
        Intent::Testimonial,
        5,
        &["testimonial", "customer says", "review from", "customer review", "client review"],
    ),
    (
        Intent::Quote,
        4,
        &["quote", "saying by", "proverb", "zitat", "citation", "цитат", "名言", "اقتباس"],
    ),
    (
        Intent::Hiring,
        5,
        &[
            "hiring",
            "we're looking for",
            "join our team",
            "job opening",
            "vacancy",
            "wir suchen",
            "open role",
            "apply now",
        ],
    ),
    (
        Intent::Sale,
        4,
        &[
            "sale",
            "% off",
            "discount",
            "deal",
            "clearance",
            "black friday",
            "rabatt",
            "soldes",
            "rebajas",
            "распродажа",
            "скидк",
            "خصم",
            "セール",
            "促销",
            "할인",
            "save up to",
        ],
    ),
    (
        Intent::Event,
        4,
        &[
            "event",
            "webinar",
            "conference",
            "workshop",
            "meetup",
            "festival",
            "concert",
            "join us",
            "save the date",
            "exhibition",
            "opening night",
            "party",
            "summit",
            "livestream",
            "invitation",
            "private view",
            "vernissage",
        ],
    ),
    (
        Intent::Launch,
        3,
        &[
            "launch",
            "introducing",
            "announc",
            "new release",
            "now available",
            "is here",
            "coming soon",
            "just landed",
            "meet the new",
        ],
    ),
    (
        Intent::Statistic,
        3,
        &[
            "statistic",
            "customers",
            "growth",
            "grew",
            "faster",
            "percent of",
            "% of",
            "milestone",
            "survey",
            "report shows",
            "users",
        ],
    ),
    (
        Intent::Cover,
        3,
        &[
            "cover",
            "thumbnail",
            "blog header",
            "article",
            "newsletter",
            "podcast",
            "episode",
            "magazine",
            "ebook",
        ],
    ),
    (
        Intent::Product,
        2,
        &[
            "product",
            "bottle",
            "shoe",
            "collection",
            "packaging",
            "ingredients",
            "feature",
            "our new",
        ],
    ),
];

/// The intent that most of a prompt speaks for; the earlier of the table when two are alike.
pub(super) fn of(prompt: &str) -> Intent {
    let text = prompt.to_lowercase();
    let mut best = (Intent::Plain, 0);
    for (intent, weight, signs) in SIGNS {
        let heard: u32 = signs.iter().filter(|sign| heard(&text, sign)).count() as u32 * weight;
        if heard > best.1 {
            best = (*intent, heard);
        }
    }
    best.0
}

/// Whether a sign begins a word of the text: "sale" is not in "wholesale", but "announc" is in "announcing".
fn heard(text: &str, sign: &str) -> bool {
    text.match_indices(sign).any(|(at, _)| {
        let before = text.get(..at).and_then(|left| left.chars().next_back());
        !before.is_some_and(char::is_alphabetic) || !sign.is_ascii()
    })
}

/// Colours people name, in a version that prints well.
pub(crate) const NAMED: &[(&str, Rgb)] = &[
    ("red", Rgb(214, 48, 49)),
    ("orange", Rgb(240, 122, 36)),
    ("yellow", Rgb(250, 204, 40)),
    ("green", Rgb(32, 136, 84)),
    ("teal", Rgb(15, 130, 130)),
    ("turquoise", Rgb(40, 190, 180)),
    ("blue", Rgb(36, 92, 220)),
    ("navy", Rgb(20, 36, 84)),
    ("purple", Rgb(112, 62, 190)),
    ("violet", Rgb(126, 80, 210)),
    ("pink", Rgb(236, 96, 150)),
    ("brown", Rgb(120, 76, 48)),
    ("beige", Rgb(236, 224, 204)),
    ("gold", Rgb(206, 160, 62)),
    ("black", Rgb(18, 18, 20)),
    ("white", Rgb(252, 252, 250)),
    ("grey", Rgb(128, 130, 136)),
    ("gray", Rgb(128, 130, 136)),
];

/// The first colour a text names, by word or by `#rrggbb`.
pub(crate) fn colour(text: &str) -> Option<Rgb> {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '#'));
    words.into_iter().find_map(|word| {
        let named = NAMED.iter().find(|(name, _)| *name == word).map(|(_, colour)| *colour);
        named.or_else(|| Rgb::from_hex(word))
    })
}

/// How a picture should look. A colour counts only where it is said of the ground, since a red shoe is no
/// wish for a red picture.
pub(super) fn wishes(prompt: &str) -> Wishes {
    let text = prompt.to_lowercase();
    let any = |signs: &[&str]| signs.iter().any(|sign| heard(&text, sign));
    let dark = if any(&["dark", "moody", "night mode", "black background"]) {
        Some(true)
    } else if any(&["light background", "bright", "airy", "white background", "light and"]) {
        Some(false)
    } else {
        None
    };
    let ground = text.find("background").or_else(|| text.find("backdrop"));
    let said = ground.and_then(|at| text.get(..at)).map(|before| {
        let words: Vec<&str> = before.split_whitespace().rev().take(3).collect();
        words.join(" ")
    });
    Wishes {
        dark,
        colour: said.as_deref().and_then(colour),
        minimal: any(&["minimal", "clean", "simple", "understated"]),
    }
}
