//! An alert as secret scanners send it to those whose secrets they look for: a JSON array of matches.

use std::fmt;

use serde::Deserialize;

use super::AlertError;

/// Larger than an alert with as many matches as are looked at.
pub const MAX_BYTES: usize = 1024 * 1024;
/// As many matches as are looked at in one alert.
pub const MAX_MATCHES: usize = 1_000;

/// A text that looks like a key, and where it was found. It may be a secret, so it prints nothing.
#[derive(Deserialize)]
pub(super) struct Match {
    /// What was found.
    pub(super) token: String,
    /// What the scanner calls its kind.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// The address of the page; empty or left out when there is none.
    #[serde(default)]
    pub(super) url: Option<String>,
}

impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Match(..)")
    }
}

/// Reads an alert. Members that mean nothing here are not looked at.
pub(super) fn read(body: &[u8]) -> Result<Vec<Match>, AlertError> {
    let matches: Vec<Match> = serde_json::from_slice(body).map_err(|error| {
        // What the parser says of a value may repeat it, and it may be a key.
        let (line, column) = (error.line(), error.column());
        AlertError::Unreadable(format!(
            "it must be a JSON array of objects with the texts token and type, and is not at line {line}, \
             column {column}"
        ))
    })?;
    if matches.len() > MAX_MATCHES { Err(AlertError::TooMany) } else { Ok(matches) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_an_array_of_matches() {
        let body =
            br#"[{"token":"t","type":"k","url":"https://example.com","source":"commit","more":[1]},
            {"type":"k","token":"u"},{"token":"v","type":"k","url":null}]"#;
        let matches = read(body).unwrap();
        let tokens: Vec<_> = matches.iter().map(|one| one.token.as_str()).collect();
        assert_eq!(tokens, ["t", "u", "v"]);
        assert_eq!(matches[0].url.as_deref(), Some("https://example.com"));
        assert_eq!(format!("{:?}", matches[0]), "Match(..)");
        assert_eq!(read(b"[]").unwrap().len(), 0);
    }

    #[test]
    fn what_is_none_is_refused_without_repeating_it() {
        for body in [
            "",
            "null",
            "{}",
            "[1]",
            "[{}]",
            r#"[{"token":"bloom_sk_secret"}]"#,
            r#"[{"token":"a","token":"bloom_sk_secret","type":"k"}]"#,
            r#"[{"token":"a","type":{"bloom_sk_secret":1}}]"#,
            r#"[{"token":"a","type":"k"}] bloom_sk_secret"#,
            &"[".repeat(100_000),
        ] {
            let Err(AlertError::Unreadable(why)) = read(body.as_bytes()) else { panic!("{body}") };
            assert!(!why.contains("secret"), "{why}");
        }
        assert!(matches!(
            read(b"[{\"token\":\"\xff\",\"type\":\"k\"}]"),
            Err(AlertError::Unreadable(_))
        ));
    }

    #[test]
    fn so_many_matches_are_looked_at_and_no_more() {
        let body = |count: usize| {
            let all = vec![r#"{"token":"t","type":"k"}"#; count];
            format!("[{}]", all.join(",")).into_bytes()
        };
        assert_eq!(read(&body(MAX_MATCHES)).unwrap().len(), MAX_MATCHES);
        assert_eq!(read(&body(MAX_MATCHES + 1)).err(), Some(AlertError::TooMany));
    }
}
