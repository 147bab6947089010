//! What a text means, as far as English words tell: a direction. Texts that speak of the same point the same way.
//!
//! A table has a direction for each word, and for each part of one, that a language model knows; how it was made stands
//! in `crates/domain/embeddings/README.md`. A text points where the sum of its words does. Words in other letters point
//! nowhere: they are found as they are spelled.

use std::collections::HashMap;
use std::iter;
use std::sync::LazyLock;

/// How many numbers a direction has.
const DIMENSIONS: usize = 256;
/// The most words of a text that count.
const MAX_WORDS: usize = 256;
/// The longest word that is looked at, in letters.
const MAX_LETTERS: usize = 40;

/// The direction of an entry of the vocabulary. Each byte is a number from -127 to 127.
type Row = &'static [u8; DIMENSIONS];

static ROWS: &[[u8; DIMENSIONS]] =
    include_bytes!("../../embeddings/vectors.bin").as_slice().as_chunks().0;
static ENTRIES: &str = include_str!("../../embeddings/vocabulary.txt");

/// Read when somebody first looks for something.
static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(Vocabulary::read);

struct Vocabulary {
    /// Words, and what words begin with.
    heads: HashMap<&'static str, Row>,
    /// What they go on with.
    tails: HashMap<&'static str, Row>,
}

impl Vocabulary {
    fn read() -> Self {
        let (mut heads, mut tails) = (HashMap::new(), HashMap::new());
        for (entry, row) in ENTRIES.lines().zip(ROWS) {
            match entry.strip_prefix("##") {
                Some(tail) => tails.insert(tail, row),
                None => heads.insert(entry, row),
            };
        }
        Self { heads, tails }
    }

    /// The parts of a word, each the longest that is known; they end where nothing is.
    fn parts<'a>(&'a self, word: &'a str) -> impl Iterator<Item = Row> + 'a {
        let (mut known, mut rest) = (&self.heads, word);
        iter::from_fn(move || {
            let (row, left) = (1..=rest.len()).rev().find_map(|end| {
                let row = known.get(rest.get(..end)?)?;
                Some((*row, rest.get(end..)?))
            })?;
            (known, rest) = (&self.tails, left);
            Some(row)
        })
    }
}

/// Where a text points; a text without words that are known points nowhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Meaning {
    direction: [i8; DIMENSIONS],
    /// One, divided by the length of the direction; 0 when there is none.
    inverse: f32,
}

impl Meaning {
    const NONE: Self = Self { direction: [0; DIMENSIONS], inverse: 0.0 };

    pub(super) fn of(text: &str) -> Self {
        let mut sum = [0_i32; DIMENSIONS];
        for word in words(text) {
            for row in VOCABULARY.parts(&word) {
                for (sum, byte) in sum.iter_mut().zip(row) {
                    *sum += i32::from(byte.cast_signed());
                }
            }
        }
        let most = sum.iter().map(|number| number.unsigned_abs()).max().unwrap_or_default();
        if most == 0 {
            return Self::NONE;
        }
        // Only where it points matters, so the largest number is as large as fits: that rounds the least.
        let scale = f32::from(i8::MAX) / most as f32;
        let direction = sum.map(|number| (number as f32 * scale).round() as i8);
        let length = (dot(&wide(&direction), &direction) as f32).sqrt();
        Self { direction, inverse: length.recip() }
    }

    /// To be compared with many others.
    pub(super) fn sought(&self) -> Sought {
        Sought { direction: wide(&self.direction), inverse: self.inverse }
    }
}

/// Where something points that is compared with many others.
#[derive(Debug)]
pub(super) struct Sought {
    direction: [i16; DIMENSIONS],
    inverse: f32,
}

impl Sought {
    /// How much two texts point the same way: 1 when they do, 0 when they have nothing to do with each other, or one of
    /// them points nowhere.
    pub(super) fn closeness(&self, other: &Meaning) -> f32 {
        dot(&self.direction, &other.direction) as f32 * self.inverse * other.inverse
    }
}

fn wide(direction: &[i8; DIMENSIONS]) -> [i16; DIMENSIONS] {
    direction.map(i16::from)
}

/// The sum of the products. In this form, wide numbers by narrow ones and 32 at a time, the compiler finds the instruction
/// of every x86-64 that multiplies eight and adds them in pairs.
fn dot(one: &[i16; DIMENSIONS], other: &[i8; DIMENSIONS]) -> i32 {
    let parts = one.as_chunks::<32>().0.iter().zip(other.as_chunks::<32>().0);
    let sum = |(one, other): (&[i16; 32], &[i8; 32])| -> i32 {
        one.iter().zip(other).map(|(one, other)| i32::from(*one) * i32::from(*other)).sum()
    };
    parts.map(sum).sum()
}

/// The words, as the vocabulary spells them. Those that say little have short directions.
fn words(text: &str) -> impl Iterator<Item = String> + use<'_> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.filter_map(plain).take(MAX_WORDS)
}

/// A word in small letters without accents; `None` when others are left than those of English.
fn plain(word: &str) -> Option<String> {
    let letters = word.chars().flat_map(char::to_lowercase).map(bare).take(MAX_LETTERS);
    letters.map(|letter| letter.is_ascii_alphanumeric().then_some(letter)).collect()
}

/// A small letter without its accent, as the languages of Western Europe have them.
fn bare(letter: char) -> char {
    match letter {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn closeness(one: &str, other: &str) -> f32 {
        Meaning::of(one).sought().closeness(&Meaning::of(other))
    }

    #[test]
    fn the_table_is_whole() {
        assert_eq!(ROWS.len(), ENTRIES.lines().count());
        assert_eq!(ROWS.len(), 27_558);
        let known = VOCABULARY.heads.len() + VOCABULARY.tails.len();
        assert_eq!(known, ROWS.len(), "no entry stands there twice");
        // Every letter and digit is an entry, so every word has parts.
        for letter in ('a'..='z').chain('0'..='9') {
            let letter = letter.to_string();
            assert!(VOCABULARY.heads.contains_key(letter.as_str()), "{letter}");
            assert!(VOCABULARY.tails.contains_key(letter.as_str()), "##{letter}");
        }
    }

    #[test]
    fn words_are_taken_apart_into_the_longest_parts() {
        let parts = |word| VOCABULARY.parts(word).collect::<Vec<_>>();
        let (heads, tails) = (&VOCABULARY.heads, &VOCABULARY.tails);
        assert_eq!(parts("coffee"), [heads["coffee"]]);
        assert_eq!(parts("snowboarder"), [heads["snow"], tails["board"], tails["er"]]);
        assert_eq!(parts(""), Vec::<Row>::new());
        assert_eq!(parts("кофе"), Vec::<Row>::new());
        assert_eq!(plain("Crème"), Some("creme".to_owned()));
        assert_eq!((plain("кофе"), plain("straße")), (None, None));
    }

    #[test]
    fn what_is_alike_points_the_same_way() {
        let (near, far) = (closeness("puppies", "a young dog"), closeness("puppies", "airplane"));
        assert!(near > 0.4 && far < 0.2, "{near} {far}");
        assert!((closeness("CAFÉ, Paris!", "cafe-paris") - 1.0).abs() < 1e-3);
        assert_eq!(closeness("кофе", "coffee"), 0.0);
        assert_eq!(closeness("", ""), 0.0);
        assert!(closeness("the coffee of the house", "coffee house") > 0.8);
    }

    proptest! {
        #[test]
        fn every_text_points_somewhere_or_nowhere(one in any::<String>(), other in "\\PC{0,80}") {
            for text in [&one, &other, &format!("{one}{other}"), &one.repeat(9)] {
                let meaning = Meaning::of(text);
                let alike = meaning.sought().closeness(&meaning);
                prop_assert!(meaning == Meaning::NONE || (alike - 1.0).abs() < 1e-3, "{alike}");
            }
            prop_assert!(closeness(&one, &other).abs() <= 1.001);
        }

        #[test]
        fn words_of_known_letters_always_point_somewhere(word in "[a-zA-Z0-9à-öø-ý]{1,60}") {
            prop_assert!(plain(&word).is_none() || Meaning::of(&word) != Meaning::NONE, "{word}");
        }

        #[test]
        fn the_order_of_words_makes_no_difference(words in prop::collection::vec("[a-z]{1,9}", 0..9)) {
            let backwards: Vec<_> = words.iter().rev().map(String::as_str).collect();
            prop_assert_eq!(Meaning::of(&words.join(" ")), Meaning::of(&backwards.join("-")));
        }
    }
}
