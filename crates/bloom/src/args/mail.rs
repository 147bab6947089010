//! `bloom mail …`, as it is written.

use clap::Subcommand;

use super::{Asked, Place, command, email};
use crate::command::Command;
use crate::failure::Failure;

#[derive(Subcommand)]
pub(super) enum MailVerb {
    /// Send a test mail and say where it went
    Test {
        #[command(flatten)]
        place: Place,
        /// Whom to send it to
        #[arg(long, value_name = "EMAIL")]
        to: String,
        /// Write it as the server's own mails are, to be sent by the server
        #[arg(long)]
        queued: bool,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Tell how many mails wait, and how those before them fared
    Status {
        #[command(flatten)]
        place: Place,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
}

impl MailVerb {
    pub(super) fn asked(self) -> Result<Asked, Failure> {
        match self {
            Self::Test { place, to, queued, json } => {
                command(place, Command::TestMail { to: email(&to)?, is_queued: queued }, json)
            }
            Self::Status { place, json } => command(place, Command::MailStatus, json),
        }
    }
}
