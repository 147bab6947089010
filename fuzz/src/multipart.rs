//! `multipart/form-data` of uploads and pages: few parts, each with a name of its own, and nothing in them that would end
//! them. What was read is read again when it is written anew.
//!
//! An input is the value of `Content-Type`, a line end, and the body.

use bloom_http::multipart::{MAX_PARTS, Part, boundary, parse};
use bytes::Bytes;

/// A longer name may not fit into a head that is written in another way.
const LONG: usize = 1_000;

pub(crate) fn target(bytes: &[u8]) {
    let (kind, body) = crate::halves(bytes);
    let Some(boundary) = std::str::from_utf8(kind).ok().and_then(boundary) else { return };
    assert!((1..=70).contains(&boundary.len()));
    let body = Bytes::copy_from_slice(body);
    let Ok(parts) = parse(boundary, &body) else { return };
    assert!(parts.len() <= MAX_PARTS);
    assert!(parts.iter().map(|part| part.bytes.len()).sum::<usize>() <= body.len());
    let delimiter = format!("\r\n--{boundary}");
    for (at, part) in parts.iter().enumerate() {
        assert!(!part.name.is_empty());
        assert!(parts[..at].iter().all(|other| other.name != part.name), "{} twice", part.name);
        assert!(part.bytes.windows(delimiter.len()).all(|some| some != delimiter.as_bytes()));
    }
    if parts.iter().all(|part| part.name.len() < LONG) {
        let again = Bytes::from(written(boundary, &parts));
        assert_eq!(parse(boundary, &again), Ok(parts));
    }
}

fn written(boundary: &str, parts: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n",
            part.name
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&part.bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}
