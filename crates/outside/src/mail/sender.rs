//! Whom mails are from.

use std::fmt;

use bloom_domain::email::Email;
use bloom_domain::names;
use lettre::Address;
use lettre::message::Mailbox;

/// The most characters of a name.
const MAX_NAME: usize = 100;

/// Whom mails are from: an address, and a name or none.
#[derive(Debug, Clone)]
pub struct Sender {
    mailbox: Mailbox,
}

/// The text names no sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderError;

impl fmt::Display for SenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an address such as bloom@example.com or Bloom <bloom@example.com>")
    }
}

impl std::error::Error for SenderError {}

impl Sender {
    /// Reads an address, or a name and an address between `<` and `>`.
    ///
    /// # Errors
    /// [`SenderError`] when it is neither.
    pub fn parse(text: &str) -> Result<Self, SenderError> {
        let (name, address) = match text.trim().strip_suffix('>').and_then(|t| t.split_once('<')) {
            None => (None, text),
            Some((name, address)) => {
                let name = name.trim().trim_matches('"');
                (Some(names::parse(name, MAX_NAME).map_err(|_| SenderError)?), address)
            }
        };
        let address = Email::parse(address).map_err(|_| SenderError)?;
        let address = address.as_str().parse::<Address>().map_err(|_| SenderError)?;
        Ok(Self { mailbox: Mailbox::new(name, address) })
    }

    pub(super) fn mailbox(&self) -> Mailbox {
        self.mailbox.clone()
    }

    /// The host of the address.
    pub(super) fn host(&self) -> &str {
        self.mailbox.email.domain()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        let shown = |text: &str| Sender::parse(text).unwrap().mailbox().to_string();
        assert_eq!(shown("bloom@example.com"), "bloom@example.com");
        assert_eq!(shown("Bloom <bloom@example.com>"), "Bloom <bloom@example.com>");
        assert_eq!(shown("\"Bloom, Inc\" <b@example.com>"), "\"Bloom, Inc\" <b@example.com>");
    }

    #[test]
    fn what_is_no_sender_is_refused() {
        for text in [
            "",
            "Bloom",
            "<>",
            "<bloom@example.com>",
            "Bloom <bloom@example.com> x",
            "Bloom <bloom@example.com>, eve@example.com",
            "Bloom\r\nBcc: eve@example.com <bloom@example.com>",
            "bloom@example.com\r\nBcc: eve@example.com",
            "Bl\u{202e}oom <bloom@example.com>",
            "a@b@example.com",
        ] {
            assert_eq!(Sender::parse(text).err(), Some(SenderError), "{text:?}");
        }
    }
}
