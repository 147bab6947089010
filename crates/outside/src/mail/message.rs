//! A letter as it travels (RFC 5322).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bloom_domain::time::Timestamp;
use bloom_service::mail::{Letter, MailError};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::{Address, Message};

use super::Sender;

/// Tells answering machines not to answer (RFC 3834 §5).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// The letter. However often it is made, it has the same `Message-ID` and `Date`: whoever gets it twice can
/// tell.
pub(super) fn message(from: &Sender, letter: &Letter) -> Result<Message, MailError> {
    let to = letter.mail.to().as_str().parse::<Address>();
    let to = to.map_err(|_| MailError::for_good("the address is none that mail can be sent to"))?;
    Message::builder()
        .message_id(Some(format!("<{}@{}>", letter.id, from.host())))
        .date(moment(letter.written_at))
        .from(from.mailbox())
        .to(Mailbox::new(None, to))
        .subject(letter.mail.subject())
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
        .singlepart(
            SinglePart::builder()
                .header(ContentType::TEXT_PLAIN)
                // The last line is ended when the mail is put together.
                .body(letter.mail.text().trim_end().replace('\n', "\r\n")),
        )
        .map_err(|error| MailError::for_good(format!("no mail can be made of it: {error}")))
}

fn moment(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(at.unix_micros().max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use bloom_domain::email::Email;
    use bloom_domain::ids::MailId;
    use bloom_domain::mail::Mail;

    use super::*;

    fn written(to: &str, subject: &str, text: &str) -> String {
        let letter = Letter {
            id: MailId::from_bytes([0xab; 16]),
            written_at: Timestamp::from_unix_micros(1_800_000_000_000_000),
            mail: Mail::new(Email::parse(to).unwrap(), subject, text),
        };
        let from = Sender::parse("Blüm <bloom@example.com>").unwrap();
        let bytes = message(&from, &letter).unwrap().formatted();
        assert_eq!(bytes, message(&from, &letter).unwrap().formatted(), "it is always the same");
        assert!(bytes.is_ascii(), "any server takes it");
        String::from_utf8(bytes).unwrap()
    }

    fn headers(mail: &str) -> Vec<&str> {
        let head = mail.split_once("\r\n\r\n").unwrap().0;
        head.split("\r\n").filter(|line| !line.starts_with(' ')).collect()
    }

    #[test]
    fn a_mail_has_these_headers() {
        let mail = written("ada@example.com", "Hello", "One\nTwo\n");
        assert_eq!(
            mail.split("\r\n").collect::<Vec<_>>(),
            [
                "Message-ID: <abababab-abab-abab-abab-abababababab@example.com>",
                "Date: Fri, 15 Jan 2027 08:00:00 +0000",
                "From: =?utf-8?b?QmzDvG0=?= <bloom@example.com>",
                "To: ada@example.com",
                "Subject: Hello",
                "Auto-Submitted: auto-generated",
                "MIME-Version: 1.0",
                "Content-Type: text/plain; charset=utf-8",
                "Content-Transfer-Encoding: 7bit",
                "",
                "One",
                "Two",
                "",
            ]
        );
    }

    #[test]
    fn nothing_in_a_mail_becomes_a_header() {
        let evil = "a\r\nBcc: eve@example.com\r\n\r\nI am the text";
        let long = "ä very long ".repeat(40) + evil;
        let names = |mail: &str| {
            let names = headers(mail).into_iter().map(|line| line.split(':').next().unwrap());
            names.map(str::to_owned).collect::<Vec<_>>()
        };
        let expected = names(&written("ada@example.com", "Hello", "One"));
        for subject in [evil, &long, "\u{85}Bcc: x", "a\rBcc: x", "a\nBcc: x", "", "\0", "ä\r\n b"]
        {
            let mail = written("ada@example.com", subject, "text");
            assert_eq!(names(&mail), expected, "{mail}");
        }
        let mail = written("ada@example.com", "Hello", "\r\n.\r\nMAIL FROM:<eve@example.com>\r\n");
        assert_eq!(names(&mail), expected, "{mail}");
    }

    #[test]
    fn an_address_that_no_server_takes_is_refused_for_good() {
        let letter = |to: &str| Letter {
            id: MailId::from_bytes([1; 16]),
            written_at: Timestamp::from_unix_micros(-1),
            mail: Mail::new(Email::parse(to).unwrap(), "s", "t"),
        };
        let from = Sender::parse("bloom@example.com").unwrap();
        assert!(message(&from, &letter("a..b@example.com")).unwrap_err().is_final);
        for good in ["owner@localhost", "a+b.c@xn--bcher-kva.example", "o'neil@example.com"] {
            assert!(message(&from, &letter(good)).is_ok(), "{good}");
        }
    }
}
