//! Rust source told apart into code, comments and literals: enough to search and measure it without a
//! parser. Lines keep their numbers in everything returned here.

/// What a stretch of source is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// `source` with its comments blanked; strings stay, because attributes name paths in them.
pub(crate) fn without_comments(source: &str) -> String {
    keep(source, |kind| kind != Kind::Comment)
}

/// `source` with comments and literals blanked: what is left is only code.
pub(crate) fn code_only(source: &str) -> String {
    keep(source, |kind| kind == Kind::Code)
}

/// Whether `c` can stand within an identifier.
pub(crate) fn is_ident(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The offsets at which `word` stands in `text` with no identifier character on either side.
pub(crate) fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text.get(..*at).and_then(|left| left.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|right| right.chars().next());
        !before.is_some_and(is_ident) && !after.is_some_and(is_ident)
    })
}

/// What is dropped becomes spaces, byte for byte, so that offsets and line numbers hold.
fn keep(source: &str, wanted: impl Fn(Kind) -> bool) -> String {
    let mut kept = String::with_capacity(source.len());
    let mut rest = source;
    let mut in_word = false;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = segment(rest, first, in_word);
        let (taken, left) = rest.split_at_checked(length).unwrap_or((rest, ""));
        for c in taken.chars() {
            if wanted(kind) || c == '\n' {
                kept.push(c);
            } else {
                kept.extend(std::iter::repeat_n(' ', c.len_utf8()));
            }
        }
        in_word = kind == Kind::Code && is_ident(first);
        rest = left;
    }
    kept
}

/// The kind and length of what `rest` begins with. A prefix such as `r` or `br` opens a raw string only
/// where a word begins.
fn segment(rest: &str, first: char, in_word: bool) -> (Kind, usize) {
    if rest.starts_with("//") {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, block_comment(rest));
    }
    if !in_word && let Some(length) = raw_string(rest) {
        return (Kind::Literal, length);
    }
    match first {
        '"' => (Kind::Literal, quoted(rest, '"')),
        '\'' if is_char_literal(rest) => (Kind::Literal, quoted(rest, '\'')),
        _ => (Kind::Code, first.len_utf8()),
    }
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(ahead) = rest.get(at..).filter(|ahead| !ahead.is_empty()) {
        if ahead.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if ahead.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += ahead.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| rest.starts_with(prefix))?;
    let after = rest.strip_prefix(prefix)?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let opening = prefix.len() + hashes + 1;
    Some(body.find(&end).map_or(rest.len(), |at| opening + at + end.len()))
}

/// The length of a literal between `quote`s in which a backslash hides the next character.
fn quoted(rest: &str, quote: char) -> usize {
    let mut hidden = false;
    for (at, c) in rest.char_indices().skip(1) {
        if !hidden && c == quote {
            return at + c.len_utf8();
        }
        hidden = !hidden && c == '\\';
    }
    rest.len()
}

/// `'a'` and `'\n'` are characters, `'a` is a lifetime.
fn is_char_literal(rest: &str) -> bool {
    let mut ahead = rest.chars().skip(1);
    match ahead.next() {
        Some('\\') => true,
        Some(_) => ahead.next() == Some('\''),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_in_place() {
        let source = "let a = \"fn // no\"; // fn b\nlet c = 'x'; /* { /* } */ */ end";
        let code = code_only(source);
        assert_eq!(code.len(), source.len());
        assert_eq!(
            code.split_whitespace().collect::<Vec<_>>().join(" "),
            "let a = ; let c = ; end"
        );
        assert!(without_comments(source).contains("\"fn // no\""));
    }

    #[test]
    fn raw_strings_end_at_their_own_hashes() {
        assert_eq!(code_only(r###"a(r#"quote " and { "#, b)"###).replace(' ', ""), "a(,b)");
        assert_eq!(code_only("for\"x\" br\"\\\" c").replace(' ', ""), "forc");
    }

    #[test]
    fn lifetimes_are_code_and_characters_are_not() {
        let code = code_only("fn f<'a>(x: &'a str) -> char { '{' } '\\'' \"é\" z");
        assert!(code.contains("<'a>") && code.contains("&'a str"));
        assert_eq!(code.matches('{').count(), 1);
        assert!(code.ends_with('z'));
    }

    #[test]
    fn a_backslash_hides_one_character() {
        let source = r#"a("\\") { b("x \" {") }"#;
        assert_eq!(code_only(source).matches('{').count(), 1);
    }

    #[test]
    fn words_have_edges() {
        let text = "http https http_body xhttp http";
        assert_eq!(words(text, "http").collect::<Vec<_>>(), [0, 27]);
    }
}
