//! What a request sends as `multipart/form-data` (RFC 7578), read strictly: a few parts, each once, with a name.

use bytes::Bytes;
use memchr::memmem;

/// The most parts.
pub const MAX_PARTS: usize = 8;
/// The largest head of one.
const MAX_HEAD: usize = 4 * 1024;

/// A part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// What it holds.
    pub bytes: Bytes,
}

/// The boundary that a `Content-Type` names, if it is one of a form.
#[must_use]
pub fn boundary(content_type: &str) -> Option<&str> {
    let mut parts = content_type.split(';');
    let kind = parts.next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let named = |part: &str| {
        let (name, value) = part.trim().split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').len())
    };
    // Which of several counts, readers do not agree on.
    let mut found = parts.filter(|part| named(part).is_some());
    let (_, value) = found.next()?.split_once('=')?;
    let value = value.trim().trim_matches('"');
    let is_boundary = (1..=70).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&b));
    (is_boundary && found.next().is_none()).then_some(value)
}

/// Reads a form.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn parse(boundary: &str, body: &Bytes) -> Result<Vec<Part>, &'static str> {
    let first = format!("--{boundary}");
    let delimiter = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(&delimiter);
    let mut at = match body.starts_with(first.as_bytes()) {
        true => first.len(),
        // Something may come before, for readers of mail.
        false => finder.find(body).ok_or("The form has no part.")? + delimiter.len(),
    };
    let mut parts: Vec<Part> = Vec::new();
    loop {
        let rest = body.get(at..).unwrap_or_default();
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        if parts.len() == MAX_PARTS {
            return Err("The form has too many parts.");
        }
        let rest = rest.strip_prefix(b"\r\n").ok_or(CUT)?;
        let looked_at = rest.get(..MAX_HEAD.min(rest.len())).unwrap_or_default();
        let head = memmem::find(looked_at, b"\r\n\r\n").ok_or(CUT)?;
        // A head that goes on behind a delimiter is that of another part, to whoever reads it otherwise.
        if finder.find(body.get(at..at + 2 + head).unwrap_or_default()).is_some() {
            return Err(NAMELESS);
        }
        let name = name(rest.get(..head).unwrap_or_default())?;
        let begin = at + 2 + head + 4;
        let length = finder.find(body.get(begin..).unwrap_or_default()).ok_or(CUT)?;
        if parts.iter().any(|part| part.name == name) {
            return Err("The form has two fields of one name. Send each once.");
        }
        parts.push(Part { name, bytes: body.slice(begin..begin + length) });
        at = begin + length + delimiter.len();
    }
}

const CUT: &str = "The form is not whole: a part has no end.";

const NAMELESS: &str = "A part of the form has no name.";

/// The name in a part's head.
fn name(head: &[u8]) -> Result<String, &'static str> {
    let head = std::str::from_utf8(head).map_err(|_| NAMELESS)?;
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    });
    let mut parameters = disposition.ok_or(NAMELESS)?.split(';').map(str::trim);
    if !parameters.next().is_some_and(|kind| kind.eq_ignore_ascii_case("form-data")) {
        return Err(NAMELESS);
    }
    let name = parameters.find_map(|parameter| parameter.strip_prefix("name=")).ok_or(NAMELESS)?;
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
    if name.is_empty() { Err(NAMELESS) } else { Ok(name.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<(String, Vec<u8>)>, &'static str> {
        let parts = parse("x-1", &Bytes::from(body.to_owned()))?;
        Ok(parts.into_iter().map(|part| (part.name, part.bytes.to_vec())).collect())
    }

    #[test]
    fn the_boundary_is_read_from_the_type() {
        for (text, found) in [
            ("multipart/form-data; boundary=x-1", Some("x-1")),
            ("Multipart/Form-Data;charset=utf-8; Boundary=\"a b\"", Some("a b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=a; boundary=b", None),
            ("multipart/form-data; boundary=a\u{e9}", None),
            ("multipart/mixed; boundary=a", None),
            ("application/json", None),
        ] {
            assert_eq!(boundary(text), found, "{text}");
        }
        assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "a".repeat(71))), None);
    }

    #[test]
    fn parts_are_read_byte_for_byte() {
        let body = "--x-1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\
                    Content-Type: image/png\r\n\r\n\r\n--x\0\r\n--x-1\r\ncontent-disposition:form-data;name=b\r\n\r\n\
                    \r\n--x-1--\r\nwhatever";
        let parts = read(body).unwrap();
        assert_eq!(parts, [("file".to_owned(), b"\r\n--x\0".to_vec()), ("b".to_owned(), vec![])]);
        assert_eq!(read(&format!("before\r\n{body}")).unwrap(), parts);
        assert_eq!(read("--x-1--").unwrap(), []);
    }

    #[test]
    fn a_form_that_is_cut_anywhere_is_refused() {
        let body = "--x-1\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x-1--";
        assert!(read(body).is_ok());
        for end in 0..body.len() {
            assert!(read(&body[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn what_is_cut_nameless_or_twice_is_refused() {
        let part = "--x-1\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n";
        let many: String = (0..9)
            .map(|n| format!("--x-1\r\nContent-Disposition: form-data; name=a{n}\r\n\r\n1\r\n"))
            .collect();
        for body in [
            "",
            "--x-1",
            "--x-1\r\n",
            part,
            "--x-1\r\n\r\n1\r\n--x-1--",
            "--x-1\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--x-1--",
            "--x-1\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n1\r\n--x-1--",
            &format!("{part}{part}--x-1--"),
            &format!("{many}--x-1--"),
            &format!("--x-1\r\n\r\n1\r\n{part}--x-1--"),
            &format!("--x-1\r\n{part}--x-1--"),
            &format!("--x-1\r\nX: y\r\n{part}--x-1--"),
            &format!(
                "--x-1\r\nContent-Disposition: form-data; name=a; x={}\r\n\r\n1\r\n--x-1--",
                "a".repeat(MAX_HEAD)
            ),
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
