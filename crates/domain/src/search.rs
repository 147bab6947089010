//! Finding images by words: by those that they have, and by what these mean.

use std::collections::BTreeSet;

mod library;
mod meaning;

pub use library::{Hit, Library};

/// The longest query, in characters.
pub const MAX_QUERY: usize = 500;
/// The most words that an image is found by.
const MAX_WORDS: usize = 96;
/// The most words of a query that are looked for.
const MAX_ASKED: usize = 16;
/// The longest word that is kept, in characters.
const MAX_WORD: usize = 40;
/// Words that say nothing of a picture.
const EMPTY: [&str; 24] = [
    "a", "an", "and", "are", "as", "at", "by", "for", "from", "in", "is", "it", "its", "of", "on",
    "or", "our", "the", "to", "we", "with", "you", "your", "be",
];

/// How far something is from what was asked for: 0 when it has every word of it, 1 when it has neither a word nor a
/// meaning in common with it. `said` is how much of what was asked it has as it is spelled, from 0 to 1; `meant` how close
/// both are in what they mean, from 0 on, as a cosine. Each of the two takes away its part of what the other leaves: one
/// that is sure needs no help, and two that are not so sure help each other.
fn distance(said: f32, meant: f32) -> f32 {
    (1.0 - said.clamp(0.0, 1.0)) * (1.0 - meant.clamp(0.0, 1.0))
}

/// The words by which something with this text is found.
fn words(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for word in split(text) {
        if found.len() == MAX_WORDS {
            break;
        }
        found.insert(word);
    }
    found
}

/// The words that a query asks for.
fn asked(query: &str) -> BTreeSet<String> {
    split(query).take(MAX_ASKED).collect()
}

/// How much it says of something that it has a word which so many of all have.
fn weight(having: usize, all: usize) -> f32 {
    let (having, all) = (having as f32, all.max(having) as f32);
    (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
}

fn split(text: &str) -> impl Iterator<Item = String> + use<'_> {
    text.split(|c: char| !c.is_alphanumeric())
        .flat_map(apart)
        .map(|word| root(&word.to_lowercase()))
        .filter(|word| !word.is_empty() && !EMPTY.contains(&word.as_str()))
}

/// Scripts that put no space between words are taken letter by letter.
fn apart(word: &str) -> Vec<&str> {
    let stands_alone = |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}');
    if !word.chars().any(stands_alone) {
        return vec![word];
    }
    let mut parts = Vec::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let end = match stands_alone(first) {
            true => first.len_utf8(),
            false => rest.find(stands_alone).unwrap_or(rest.len()),
        };
        let (part, next) = rest.split_at(end);
        parts.push(part);
        rest = next;
    }
    parts
}

/// A word without the ending of an English plural, cut to what is kept.
fn root(word: &str) -> String {
    let kept: String = word.chars().take(MAX_WORD).collect();
    let is_plural = kept.chars().count() > 3 && !kept.ends_with("ss") && kept.is_ascii();
    match kept.strip_suffix('s').filter(|_| is_plural) {
        Some(one) => one.to_owned(),
        None => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        asked(text).into_iter().collect()
    }

    #[test]
    fn words_are_told_apart_and_spelled_alike() {
        assert_eq!(of("The red Shoes, and RED-shoe glass!"), ["glass", "red", "shoe"]);
        assert_eq!(of("Кофе и Кофе"), ["и", "кофе"]);
        assert_eq!(of("東京tower2"), ["tower2", "京", "東"]);
        assert_eq!(of(" \n.,"), Vec::<String>::new());
        assert_eq!(of(&"x".repeat(99))[0].len(), MAX_WORD);
    }

    #[test]
    fn words_and_meaning_help_each_other() {
        assert_eq!((distance(1.0, -1.0), distance(0.0, 1.0), distance(0.0, -0.1)), (0.0, 0.0, 1.0));
        assert!(distance(0.5, 0.6) < distance(0.5, 0.0).min(distance(0.0, 0.6)));
    }

    #[test]
    fn rare_words_say_more() {
        assert!(weight(1, 1_000) > weight(10, 1_000));
        assert!(weight(1_000, 1_000) > 0.0 && weight(5, 0) > 0.0);
        let many: Vec<_> = (0..500).map(|n| format!("w{n}")).collect();
        assert_eq!(words(&many.join(" ")).len(), MAX_WORDS);
    }
}
