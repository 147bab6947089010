//! Where mails go: into files, or to a mail server.

mod message;
mod outbox;
mod sender;
mod smtp;

pub use outbox::Outbox;
pub use sender::{Sender, SenderError};
pub use smtp::{Login, Security, Smtp, SmtpServer};
