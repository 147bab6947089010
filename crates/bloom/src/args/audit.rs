//! `bloom audit`.

use bloom_service::audit::Mark;
use clap::{Args, Subcommand};

use super::{Asked, Place, between, command, email};
use crate::command::Command;
use crate::failure::Failure;

/// How many records are listed when nothing is said.
const LIMIT: i64 = 50;
/// The most that are listed at once.
const MOST: i64 = 10_000;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct AuditArgs {
    #[command(subcommand)]
    verb: Option<AuditVerb>,
    #[command(flatten)]
    place: Place,
    /// Only what belongs to the account with this email address
    #[arg(long, alias = "email", value_name = "EMAIL")]
    account: Option<String>,
    /// How many of the newest records, at most 10000
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = LIMIT, value_parser = between(1, MOST))]
    limit: i64,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum AuditVerb {
    /// Find out whether any record was changed, removed or slipped in
    Verify {
        #[command(flatten)]
        place: Place,
        /// The end of the chain as an earlier run printed it: NUMBER:HASH
        #[arg(long, value_name = "MARK")]
        expect: Option<String>,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
}

impl AuditArgs {
    pub(super) fn asked(self) -> Result<Asked, Failure> {
        match self.verb {
            Some(AuditVerb::Verify { place, expect, json }) => {
                let expect = expect.as_deref().map(mark).transpose()?;
                command(place, Command::VerifyAudit { expect }, json)
            }
            None => {
                let account = self.account.as_deref().map(email).transpose()?;
                let list = Command::ListAudit { account, limit: self.limit };
                command(self.place, list, self.json)
            }
        }
    }
}

fn mark(text: &str) -> Result<Mark, Failure> {
    let advice = "--expect: expected NUMBER:HASH, as bloom audit verify prints it";
    Mark::parse(text).ok_or_else(|| Failure::usage(advice))
}
