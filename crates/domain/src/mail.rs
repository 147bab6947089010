//! Mails: what is written to whom, and for how long its delivery is tried.

use std::fmt;
use std::time::Duration;

use crate::api_keys::KeyHint;
use crate::email::Email;
use crate::leaks::Exposure;
use crate::names::without_hidden;

pub mod accounts;

/// For how long a mail is tried before it is given up: as long as a mail server is usually repaired in.
pub const TRIED_FOR: Duration = Duration::from_secs(86_400);
/// The first wait after a failure; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest one.
const LONGEST_WAIT: Duration = Duration::from_secs(900);
/// The most characters of a subject.
const MAX_SUBJECT: usize = 150;

/// A mail: plain text to one person. Its text may carry a link that is a secret, so it prints nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    to: Email,
    subject: String,
    text: String,
}

impl Mail {
    /// A mail. Names that people chose may stand in subject and text, so what could end a header, turn the
    /// direction of writing or hide something is taken out of both.
    #[must_use]
    pub fn new(to: Email, subject: &str, text: &str) -> Self {
        let subject: String = visible(subject).chars().take(MAX_SUBJECT).collect();
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let lines: Vec<_> = text.trim_end().split('\n').map(shown).collect();
        Self { to, subject: subject.trim_end().to_owned(), text: lines.join("\n") + "\n" }
    }

    /// Whom it is for.
    #[must_use]
    pub fn to(&self) -> &Email {
        &self.to
    }

    /// What it is about, on one line.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What it says. Lines end with `\n`. Never log it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mail(..)")
    }
}

/// The mail by which an operator sees that mails arrive.
#[must_use]
pub fn test(to: Email, origin: &str) -> Mail {
    let text = format!(
        "This is a test mail from the Bloom server at {origin}.\n\n\
         Somebody who runs the server asked for it, to see that its mails arrive. There is nothing to do.\n"
    );
    Mail::new(to, "Bloom can send mail", &text)
}

/// The mail with the link of an invitation into a workspace.
#[must_use]
pub fn invitation(to: Email, workspace: &str, invited_by: &Email, link: &str) -> Mail {
    let subject = format!("{invited_by} invites you to {workspace} on Bloom");
    let text = format!(
        "{invited_by} invites you to the workspace \"{workspace}\" on Bloom.\n\n\
         Open this link to join or to decline. It works once, and for a week:\n\n\
         {link}\n\n\
         If you do not know them, there is nothing to do.\n"
    );
    Mail::new(to, &subject, &text)
}

/// The mail that tells the owner of an API key that it leaked and is revoked.
#[must_use]
pub fn leaked_key(to: Email, name: &str, key: &KeyHint, how: &Exposure, origin: &str) -> Mail {
    let subject = format!("Your API key {name} leaked and is revoked");
    let news = match how {
        Exposure::Found { place: Some(place) } => {
            format!("A secret scanner found it where anybody could read it:\n\n{place}")
        }
        Exposure::Found { place: None } => {
            "A secret scanner found it where anybody could read it.".to_owned()
        }
        Exposure::Reported => {
            "Somebody who had the whole key reported it, so it is in other hands than yours."
                .to_owned()
        }
    };
    let text = format!(
        "Your API key \"{name}\" ({key}) at {origin} is revoked: it leaked.\n\n\
         {news}\n\n\
         Every request with it is refused from now on. What was done with it before stays done, so look \
         at when and from where it was used last, and at what was done with your account:\n\n\
         {origin}/settings#api-keys\n\
         {origin}/settings/activity\n\n\
         What used the key needs another one, which you make there. Keep it out of code and of what others \
         can read.\n"
    );
    Mail::new(to, &subject, &text)
}

/// How long to wait after so many failures.
#[must_use]
pub fn wait_after(failures: i64) -> Duration {
    let doublings = u32::try_from(failures.saturating_sub(1).clamp(0, 16)).unwrap_or(0);
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

/// On one line, without what cannot be seen.
fn visible(text: &str) -> String {
    shown(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shown(line: &str) -> String {
    let blank = |c: char| if c.is_control() || c.is_whitespace() { ' ' } else { c };
    without_hidden(&line.chars().map(blank).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str, text: &str) -> Mail {
        Mail::new(Email::parse("ada@example.com").unwrap(), subject, text)
    }

    #[test]
    fn a_subject_is_one_line_that_is_what_it_seems() {
        for (given, shown) in [
            ("Join \"Ateliér\"", "Join \"Ateliér\""),
            ("Hello\r\nBcc: eve@example.com", "Hello Bcc: eve@example.com"),
            ("Hello\n\n<html>", "Hello <html>"),
            ("a\rb\u{85}c\u{2028}d\u{2029}e\0f\tg", "a b c d e f g"),
            ("safe\u{202e}gpj.exe\u{2066}\u{200b}", "safegpj.exe"),
            ("  much \u{3000} space ", "much space"),
        ] {
            assert_eq!(mail(given, "").subject(), shown, "{given:?}");
        }
        assert_eq!(mail(&"ä".repeat(500), "").subject().chars().count(), 150);
    }

    #[test]
    fn a_text_keeps_its_lines_and_nothing_hidden() {
        let mail = mail("s", "one\r\ntwo\rthree\n\n  four\u{202e}\u{200b}\0\u{2028}!\n\n\n");
        assert_eq!(mail.text(), "one\ntwo\nthree\n\n  four  !\n");
        assert_eq!(format!("{mail:?}"), "Mail(..)");
    }

    #[test]
    fn waits_grow_and_stay_within_bounds() {
        let waits: Vec<_> = (0..=10).map(|failures| wait_after(failures).as_secs()).collect();
        assert_eq!(waits, [5, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
        assert_eq!(wait_after(i64::MAX), LONGEST_WAIT);
        assert_eq!(wait_after(i64::MIN), FIRST_WAIT);
    }
}
