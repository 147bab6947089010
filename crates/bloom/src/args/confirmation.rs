//! What can never be had again: asked for at a terminal, and named by `--yes` elsewhere.

use bloom_domain::email::Email;
use clap::Args;

use crate::failure::Failure;
use crate::output;

#[derive(Args)]
pub(super) struct Confirmation {
    /// Do not ask; needed where there is no terminal to ask at
    #[arg(long)]
    yes: bool,
}

impl Confirmation {
    /// Has the account's address typed, as the pages do, unless that was said to be needless.
    pub(super) fn ask(&self, does: &str, account: &Email) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        // What is piped in was not written in answer to the question.
        if !output::can_ask() {
            return Err(Failure::usage(format!(
                "this {does} for good; if that is meant, add --yes"
            )));
        }
        let typed = output::ask(&format!("This {does} for good. Type {account} to go on: "))?;
        if Email::parse(&typed).as_ref() != Ok(account) {
            return Err(Failure::usage("that is not the account's address; nothing was done"));
        }
        Ok(())
    }
}
