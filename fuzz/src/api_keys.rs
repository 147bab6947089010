//! API keys: the parser takes only what it gives back, and the finder finds what the parser takes, each
//! once, however the bytes are cut.

use bloom_domain::api_keys::finder::{Finder, without_keys};
use bloom_domain::api_keys::{ApiKeySecret, PREFIX};

/// As long as a key.
const LEN: usize = PREFIX.len() + 38;
/// Bytes of a text with its keys in it: more keys are slower and reach nothing new.
const LONGEST: usize = 2_048;

/// The first byte says where the rest is cut; `$` in it stands for a good key.
pub(crate) fn target(bytes: &[u8]) {
    let Some((&cut, text)) = bytes.split_first() else { return };
    let text = planted(text, cut);
    if let Ok(text) = std::str::from_utf8(&text)
        && let Ok(secret) = ApiKeySecret::parse(text)
    {
        assert_eq!(secret.expose(), text);
    }
    let expected = by_hand(&text);
    let mut whole = Finder::new();
    let found = whole.read(&text);
    let places: Vec<_> = found.iter().map(|found| (found.line, found.column)).collect();
    assert_eq!(places, expected);
    let step = usize::from(cut) % 70 + 1;
    let mut pieces = Finder::new();
    let in_pieces: Vec<_> = text.chunks(step).flat_map(|piece| pieces.read(piece)).collect();
    assert_eq!(in_pieces, found);
    assert_eq!(pieces.others(), whole.others());
    if let Ok(text) = std::str::from_utf8(&text) {
        assert!(by_hand(without_keys(text).as_bytes()).is_empty(), "a key is left");
    }
}

fn planted(text: &[u8], seed: u8) -> Vec<u8> {
    let key = ApiKeySecret::new(&[seed; 32]);
    let mut planted = text.iter().fold(Vec::new(), |mut planted, &b| {
        match b {
            b'$' if planted.len() < LONGEST => planted.extend_from_slice(key.expose().as_bytes()),
            _ => planted.push(b),
        }
        planted
    });
    planted.truncate(LONGEST);
    planted
}

/// Line and column of every key, by trying each place.
fn by_hand(text: &[u8]) -> Vec<(u64, u64)> {
    let is_key = |at: usize| {
        let candidate = text.get(at..at + LEN).filter(|text| text.starts_with(PREFIX.as_bytes()));
        let candidate = candidate.and_then(|text| std::str::from_utf8(text).ok());
        candidate.is_some_and(|candidate| ApiKeySecret::parse(candidate).is_ok())
    };
    let (mut line, mut column, mut found) = (1, 1, Vec::new());
    for (at, &byte) in text.iter().enumerate() {
        if is_key(at) {
            found.push((line, column));
        }
        (line, column) = if byte == b'\n' { (line + 1, 1) } else { (line, column + 1) };
    }
    found
}
