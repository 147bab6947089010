//! The bytes of a page as text.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// How far into a page its encoding is looked for, as browsers do.
const HEAD: usize = 1_024;

/// Bytes as text: in the encoding that a byte order mark, the answer (`declared`) or the page itself names; else UTF-8;
/// else the Western one that browsers take a page for that names none. What fits no letter becomes U+FFFD.
pub fn text(bytes: &[u8], declared: Option<&str>) -> String {
    let named = || declared.map(str::to_owned).or_else(|| in_head(bytes));
    let encoding = Encoding::for_bom(bytes).map(|(encoding, _)| encoding).or_else(|| {
        // Many say another encoding and are in this one.
        std::str::from_utf8(bytes).ok().map(|_| UTF_8)
    });
    let encoding = encoding.or_else(|| Encoding::for_label(named()?.as_bytes()));
    let (text, _, _) = encoding.unwrap_or(WINDOWS_1252).decode(bytes);
    text.replace('\0', "")
}

/// The encoding that `<meta charset>`, its older form or `@charset` names.
fn in_head(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let head: String = head.iter().copied().map(char::from).collect::<String>().to_lowercase();
    let (_, after) = head.split_once("charset")?;
    let label =
        after.trim_start_matches(|c: char| c.is_whitespace() || c == '=' || c == '"' || c == '\'');
    let end = label.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c)));
    Some(label.get(..end.unwrap_or(label.len()))?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{SHIFT_JIS, WINDOWS_1251};

    #[test]
    fn a_page_is_read_in_the_encoding_that_it_names() {
        let meta = |label: &str| format!("<meta charset={label}><title>Дом и Сад</title>");
        let cyrillic = |text: &str| WINDOWS_1251.encode(text).0.into_owned();
        for label in ["windows-1251", "\"Windows-1251\"", "'cp1251' /"] {
            let page = meta(label);
            assert_eq!(text(&cyrillic(&page), None), page, "{label}");
        }
        let older = "<meta http-equiv=Content-Type content=\"text/html; charset=windows-1251\">Сад";
        assert_eq!(text(&cyrillic(older), None), older);
        assert_eq!(text(&cyrillic("Дом"), Some("windows-1251")), "Дом");
        let japanese = SHIFT_JIS.encode("家具の店").0;
        assert_eq!(text(&japanese, Some("Shift_JIS")), "家具の店");
    }

    #[test]
    fn what_names_none_is_utf_8_or_western() {
        assert_eq!(text("Möbel".as_bytes(), None), "Möbel");
        assert_eq!(text("Möbel".as_bytes(), Some("windows-1251")), "Möbel", "it says otherwise");
        assert_eq!(text(b"M\xf6bel \x80", None), "Möbel €");
        assert_eq!(text(b"M\xf6bel", Some("no-such-encoding")), "Möbel");
        assert_eq!(text(b"\xff\xfea\0b\0", None), "ab");
        assert_eq!(text(b"a\0b", None), "ab");
    }
}
