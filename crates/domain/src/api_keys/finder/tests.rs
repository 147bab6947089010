use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn key(entropy: [u8; 32]) -> String {
    ApiKeySecret::new(&entropy).expose().to_owned()
}

/// The same key with another last character.
fn broken(key: &str) -> String {
    let last = if key.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &key[..SECRET_LEN - 1])
}

/// The definition: every place of the whole at which a key begins, and how many others there are.
fn by_definition(whole: &[u8]) -> (Vec<Found>, u64) {
    let (mut found, mut others) = (Vec::new(), 0);
    for (start, candidate) in whole.windows(SECRET_LEN).enumerate() {
        let parsed = std::str::from_utf8(candidate).map(ApiKeySecret::parse);
        let before = &whole[..start];
        match parsed {
            Ok(Ok(secret)) => found.push(Found {
                hint: secret.hint(),
                line: 1 + before.iter().filter(|&&byte| byte == b'\n').count() as u64,
                column: 1 + before.iter().rev().take_while(|&&byte| byte != b'\n').count() as u64,
            }),
            Ok(Err(ShapeError::Checksum)) => others += 1,
            _ => {}
        }
    }
    (found, others)
}

/// What is found when the whole comes in pieces that end at these places.
fn in_pieces(whole: &[u8], cuts: &[usize]) -> (Vec<Found>, u64) {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (whole.len() + 1)).collect();
    cuts.sort_unstable();
    cuts.push(whole.len());
    let (mut finder, mut found, mut from) = (Finder::new(), Vec::new(), 0);
    for cut in cuts {
        found.extend(finder.read(&whole[from..cut]));
        from = cut;
    }
    (found, finder.others())
}

#[test]
fn a_key_is_found_with_its_place_and_never_shown() {
    let key = key([7; 32]);
    let text = format!("first line\n  API_KEY={key} # mine\n");
    let (found, others) = in_pieces(text.as_bytes(), &[]);
    assert_eq!((found.len(), others), (1, 0));
    assert_eq!((found[0].line, found[0].column), (2, 11));
    assert_eq!(found[0].hint.to_string(), format!("bloom_sk_{}…{}", &key[9..13], &key[43..]));
    assert!(!format!("{found:?}").contains(&key[9..]));
}

#[test]
fn a_key_is_found_whatever_is_glued_to_it() {
    let (one, two) = (key([1; 32]), key([2; 32]));
    for text in [
        format!("{one}{two}"),
        format!("x{one}9{two}z"),
        format!("bloom_sk_{one}_bloom_sk_bloom_{two}_"),
        format!("\0\u{e9}{one}\u{e9}\n{two}"),
    ] {
        for cut in 0..=text.len() {
            let hints: Vec<_> =
                in_pieces(text.as_bytes(), &[cut]).0.into_iter().map(|found| found.hint).collect();
            let expected = [&one, &two].map(|key| ApiKeySecret::parse(key).unwrap().hint());
            assert_eq!(hints, expected, "{text} cut at {cut}");
        }
    }
}

#[test]
fn what_is_nearly_a_key_is_none() {
    let key = key([3; 32]);
    let (random, sum) = key[PREFIX.len()..].split_at(32);
    for (text, others) in [
        (broken(&key), 1),
        (format!("bloom_pk_{random}{sum}"), 0),
        (format!("Bloom_sk_{random}{sum}"), 0),
        (format!("bloom_sk_{random}_{sum}"), 0),
        (format!("bloom_sk_{random}\n{sum}"), 0),
        (key[..SECRET_LEN - 1].to_owned(), 0),
        (format!("bloom_sk_{sum}{random}"), 1),
        ("bloom_sk_…".to_owned(), 0),
        (format!("bloom_sk_{}", "é".repeat(19)), 0),
        (String::new(), 0),
    ] {
        for cut in 0..=text.len() {
            assert_eq!(in_pieces(text.as_bytes(), &[cut]), (Vec::new(), others), "{text} at {cut}");
        }
    }
}

#[test]
fn byte_by_byte_it_is_found_once() {
    let text = format!("a\n{}\n{}", key([4; 32]), broken(&key([5; 32])));
    let cuts: Vec<_> = (0..text.len()).collect();
    assert_eq!(in_pieces(text.as_bytes(), &cuts), by_definition(text.as_bytes()));
    assert_eq!(by_definition(text.as_bytes()).0.len(), 1);
}

#[test]
fn a_text_is_cut_to_hints() {
    let (one, two) = (key([1; 32]), key([2; 32]));
    let hint = |key: &str| ApiKeySecret::parse(key).unwrap().hint().to_string();
    let shown = without_keys(&format!("a/{one}x/bloom_sk_/{two}é"));
    assert_eq!(shown, format!("a/{}x/bloom_sk_/{}é", hint(&one), hint(&two)));
    assert_eq!(without_keys(&broken(&one)), broken(&one));
    assert_eq!(without_keys("bloom_sk_é"), "bloom_sk_é");
}

/// Bytes that mislead: much that begins like a key, and is none.
fn filler() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..80),
        "(bloom_sk_|bloom_sk|b|_|[0-9A-Za-z]{1,40}|\n){0,6}".prop_map(String::into_bytes),
        any::<[u8; 32]>().prop_map(|entropy| broken(&key(entropy)).into_bytes()),
    ]
}

proptest! {
    #[test]
    fn every_key_in_any_bytes_is_found_once_at_any_border(
        keys in vec((filler(), any::<[u8; 32]>()), 0..4),
        end in filler(),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        let mut whole = Vec::new();
        for (before, entropy) in &keys {
            whole.extend_from_slice(before);
            whole.extend_from_slice(key(*entropy).as_bytes());
        }
        whole.extend_from_slice(&end);
        let expected = by_definition(&whole);
        prop_assert_eq!(expected.0.len(), keys.len(), "each that was put in, and no other");
        prop_assert_eq!(in_pieces(&whole, &cuts), expected);
    }

    #[test]
    fn one_changed_byte_hides_it(entropy: [u8; 32], at in 0usize..SECRET_LEN, to: u8, cut: usize) {
        let good = key(entropy).into_bytes();
        let mut bad = good.clone();
        bad[at] = to;
        prop_assume!(bad != good);
        prop_assert_eq!(in_pieces(&bad, &[cut]).0, Vec::new());
    }
}
