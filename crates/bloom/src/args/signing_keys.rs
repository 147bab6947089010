//! `bloom signing-keys …`, as it is written.

use clap::Subcommand;

use super::{Asked, Place, command};
use crate::command::Command;
use crate::failure::Failure;

#[derive(Subcommand)]
pub(super) enum SigningKeysVerb {
    /// List the keys that sign access tokens, or verify what they signed
    List {
        #[command(flatten)]
        place: Place,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make the next signing key now; it signs from ten minutes on
    Rotate {
        #[command(flatten)]
        place: Place,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
}

impl SigningKeysVerb {
    pub(super) fn asked(self) -> Result<Asked, Failure> {
        match self {
            Self::List { place, json } => command(place, Command::ListSigningKeys, json),
            Self::Rotate { place, json } => command(place, Command::RotateSigningKey, json),
        }
    }
}
