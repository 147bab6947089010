//! E-mail addresses, as far as a name for an account needs them.

use std::fmt;

use crate::names::{is_deceptive, is_selector};

/// An address that names an account: lower-cased, so that one mailbox has one account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// The text is no address that a mail could be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmailError;

impl fmt::Display for EmailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Enter an email address such as name@example.com.")
    }
}

impl std::error::Error for EmailError {}

impl Email {
    /// Checks the parts that matter: one `@`, something without spaces or characters
    /// that cannot be seen on both sides, at most 254 bytes (RFC 5321 §4.5.3.1). Whether mail arrives only mail can tell.
    ///
    /// # Errors
    /// [`EmailError`] when it cannot be an address.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        // Lower-cased first: some letters grow by it, and what is checked must be what is stored.
        let text = text.trim().to_lowercase();
        let (local, host) = text.split_once('@').ok_or(EmailError)?;
        // Two addresses that look the same must be the same.
        if text.chars().any(|c| is_deceptive(c) || is_selector(c)) {
            return Err(EmailError);
        }
        let local_is_good = !local.is_empty()
            && local.len() <= 64
            && local.chars().all(|c| !c.is_whitespace() && !"<>(),;:\"[]\\".contains(c));
        let host_is_good = !host.is_empty()
            && host.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            });
        if text.len() > 254 || !local_is_good || !host_is_good {
            return Err(EmailError);
        }
        Ok(Self(text))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_has_one_spelling() {
        assert_eq!(Email::parse(" Ada@Example.COM ").unwrap().as_str(), "ada@example.com");
        assert!(Email::parse("owner@localhost").is_ok());
        assert!(Email::parse("a+b.c@xn--bcher-kva.example").is_ok());
    }

    #[test]
    fn an_address_is_read_back_as_it_was_stored() {
        let grows = format!("{}@example.com", "İ".repeat(32));
        assert_eq!(Email::parse(&grows), Err(EmailError), "longer than it may be, lower-cased");
        assert_eq!(Email::parse("a@İ.example"), Err(EmailError), "no host, lower-cased");
        let email = Email::parse("ΑΣ.İ@STRASSE.example").unwrap();
        assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for hidden in
            ["\u{3164}", "\u{115F}", "\u{2800}", "\u{034F}", "\u{FE0F}", "\u{E0100}", "\u{200B}"]
        {
            assert_eq!(
                Email::parse(&format!("a{hidden}@b.example")),
                Err(EmailError),
                "{hidden:?}"
            );
            assert_eq!(
                Email::parse(&format!("a@b{hidden}.example")),
                Err(EmailError),
                "{hidden:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            "a@b..c",
            "a@-b",
            "a\0@b",
            "a\u{202e}b@c",
            "a\u{200b}@b",
            "<a>@b",
            "a@b c",
            &long,
        ] {
            assert_eq!(Email::parse(bad), Err(EmailError), "{bad:?}");
        }
    }
}
