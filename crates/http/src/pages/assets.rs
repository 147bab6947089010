//! The stylesheet, the script and the icon. They are part of the binary, and the name of each has a
//! hash of its content in it, so that browsers may keep them for ever.

/// A file that never changes under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asset {
    /// The value for the `Content-Type` header.
    pub(crate) content_type: &'static str,
    /// The bytes.
    pub(crate) body: &'static [u8],
}

/// A file without what only its editors need, see [`is_needed`].
macro_rules! slim {
    ($path:literal) => {
        &slim::<{ slim_len(include_bytes!($path)) }>(include_bytes!($path))
    };
}

const STYLESHEET: &[u8] = slim!("../../assets/bloom.css");
const SCRIPT: &[u8] = slim!("../../assets/bloom.js");
const PASSKEYS: &[u8] = slim!("../../assets/passkeys.js");
const TRY: &[u8] = slim!("../../assets/try.js");
const ICON: &[u8] = include_bytes!("../../assets/bloom.svg");

/// Where the stylesheet is.
pub(crate) const STYLESHEET_PATH: &str =
    text(&path::<{ path_len("css") }>("css", &hash_digits(STYLESHEET)));
/// Where the script is.
pub(crate) const SCRIPT_PATH: &str = text(&path::<{ path_len("js") }>("js", &hash_digits(SCRIPT)));
/// Where the script is for the pages that speak to an authenticator.
pub(crate) const PASSKEYS_PATH: &str =
    text(&path::<{ path_len("js") }>("js", &hash_digits(PASSKEYS)));
/// Where the script is for the pages on which a request can be tried.
pub(crate) const TRY_PATH: &str = text(&path::<{ path_len("js") }>("js", &hash_digits(TRY)));
/// Where the icon is.
pub(crate) const ICON_PATH: &str = text(&path::<{ path_len("svg") }>("svg", &hash_digits(ICON)));

/// The file at this path, which begins with `/assets/`.
pub(crate) fn find(path: &str) -> Option<Asset> {
    match path {
        STYLESHEET_PATH => {
            Some(Asset { content_type: "text/css; charset=utf-8", body: STYLESHEET })
        }
        SCRIPT_PATH => Some(Asset { content_type: "text/javascript; charset=utf-8", body: SCRIPT }),
        PASSKEYS_PATH => {
            Some(Asset { content_type: "text/javascript; charset=utf-8", body: PASSKEYS })
        }
        TRY_PATH => Some(Asset { content_type: "text/javascript; charset=utf-8", body: TRY }),
        ICON_PATH => Some(Asset { content_type: "image/svg+xml", body: ICON }),
        _ => None,
    }
}

/// Where the line that begins at `start` ends: after its newline, or with the file.
const fn line_end(whole: &[u8], start: usize) -> usize {
    let mut end = start;
    while end < whole.len() {
        end += 1;
        if whole[end - 1] == b'\n' {
            return end;
        }
    }
    end
}

/// Where the text of a line begins, after its indentation.
const fn text_start(whole: &[u8], start: usize, end: usize) -> usize {
    let mut at = start;
    while at < end && whole[at] == b' ' {
        at += 1;
    }
    at
}

/// Whether the text of a line is more than a comment or nothing. No text of ours goes over several lines, so
/// neither these nor an indentation are part of one; a test looks.
const fn is_needed(whole: &[u8], at: usize, end: usize) -> bool {
    if at >= end || whole[at] == b'\n' {
        return false;
    }
    let is_comment = at + 1 < end && whole[at] == b'/' && whole[at + 1] == b'/';
    let is_block = at + 4 < end && whole[at] == b'/' && whole[at + 1] == b'*';
    !(is_comment || is_block && whole[end - 3] == b'*' && whole[end - 2] == b'/')
}

const fn slim_len(whole: &[u8]) -> usize {
    let (mut start, mut length) = (0, 0);
    while start < whole.len() {
        let end = line_end(whole, start);
        let at = text_start(whole, start, end);
        if is_needed(whole, at, end) {
            length += end - at;
        }
        start = end;
    }
    length
}

const fn slim<const LEN: usize>(whole: &[u8]) -> [u8; LEN] {
    let mut slim = [b'\n'; LEN];
    let (mut start, mut length) = (0, 0);
    while start < whole.len() {
        let end = line_end(whole, start);
        let mut at = text_start(whole, start, end);
        if is_needed(whole, at, end) {
            while at < end {
                slim[length] = whole[at];
                length += 1;
                at += 1;
            }
        }
        start = end;
    }
    slim
}

const STEM: &str = "/assets/bloom.";
const HASH_DIGITS: usize = 16;

const fn path_len(extension: &str) -> usize {
    STEM.len() + HASH_DIGITS + ".".len() + extension.len()
}

/// `/assets/bloom.<hash>.<extension>`, put together byte by byte because it happens at compile time.
const fn path<const LEN: usize>(extension: &str, hash: &[u8; HASH_DIGITS]) -> [u8; LEN] {
    let mut path = [b'.'; LEN];
    let mut i = 0;
    while i < STEM.len() {
        path[i] = STEM.as_bytes()[i];
        i += 1;
    }
    i = 0;
    while i < HASH_DIGITS {
        path[STEM.len() + i] = hash[i];
        i += 1;
    }
    i = 0;
    while i < extension.len() {
        path[STEM.len() + HASH_DIGITS + 1 + i] = extension.as_bytes()[i];
        i += 1;
    }
    path
}

/// FNV-1a of 64 bits, in hexadecimal digits. It tells versions of our own files apart; nobody
/// gains anything by making two of them collide.
const fn hash_digits(content: &[u8]) -> [u8; HASH_DIGITS] {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut i = 0;
    while i < content.len() {
        hash = (hash ^ content[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    let mut digits = [0; HASH_DIGITS];
    i = HASH_DIGITS;
    while i > 0 {
        i -= 1;
        digits[i] = b"0123456789abcdef"[(hash & 15) as usize];
        hash >>= 4;
    }
    digits
}

/// Paths are made of ASCII only, so the empty text never comes out; a test looks.
const fn text(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_editors_need_is_left_out() {
        const WHOLE: &[u8] =
            b"/* one */\na {\n  b: c; /* two */\n\n  // three\n}\n/* four\n   five */\n";
        let slim: [u8; slim_len(WHOLE)] = slim(WHOLE);
        let text = std::str::from_utf8(&slim).expect("text");
        assert_eq!(text, "a {\nb: c; /* two */\n}\n/* four\nfive */\n");
        for script in [
            include_str!("../../assets/bloom.js"),
            include_str!("../../assets/passkeys.js"),
            include_str!("../../assets/try.js"),
        ] {
            let breaks = |line: &&str| !line.matches('`').count().is_multiple_of(2);
            assert_eq!(script.lines().find(breaks), None, "a text over several lines");
        }
    }

    #[test]
    fn every_path_names_its_content() {
        // The published test vector of FNV-1a 64 for "foobar".
        assert_eq!(&hash_digits(b"foobar"), b"85944171f73967e8");
        let paths = [
            (STYLESHEET_PATH, "css"),
            (SCRIPT_PATH, "js"),
            (PASSKEYS_PATH, "js"),
            (TRY_PATH, "js"),
            (ICON_PATH, "svg"),
        ];
        for (path, extension) in paths {
            let asset = find(path).expect("an asset");
            let hash = path.strip_prefix(STEM).and_then(|rest| rest.strip_suffix(extension));
            let hash = hash.and_then(|rest| rest.strip_suffix('.')).expect(path);
            assert_eq!(hash.as_bytes(), hash_digits(asset.body));
        }
        assert_eq!(find("/assets/bloom.css"), None);
    }
}
