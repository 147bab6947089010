//! Words by which images are found.

use std::collections::BTreeSet;

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

/// The words by which something with these texts is found.
#[must_use]
pub fn words<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let all = texts.into_iter().flat_map(split);
    let mut found = BTreeSet::new();
    for word in all {
        if found.len() == MAX_WORDS {
            break;
        }
        found.insert(word);
    }
    found
}

/// The words that a query asks for.
#[must_use]
pub fn asked(query: &str) -> BTreeSet<String> {
    split(query).take(MAX_ASKED).collect()
}

/// How much it says of something that it has a word which so many of all have.
#[must_use]
pub fn weight(having: usize, all: usize) -> f64 {
    let (having, all) = (having as f64, all.max(having) as f64);
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
    fn rare_words_say_more() {
        assert!(weight(1, 1_000) > weight(10, 1_000));
        assert!(weight(1_000, 1_000) > 0.0 && weight(5, 0) > 0.0);
        let many: Vec<_> = (0..500).map(|n| format!("w{n}")).collect();
        assert_eq!(words(many.iter().map(String::as_str)).len(), MAX_WORDS);
    }
}
