//! What `bloom start` shows: where the server is, who can sign in, and a line to try.

use std::io::IsTerminal;
use std::path::Path;

use bloom_domain::email::Email;
use bloom_service::first_run::{self, FirstRun};
use bloom_service::{Error, accounts};

use crate::data_folder::{remove_if_there, replace_private};
use crate::failure::Failure;
use crate::node::Node;
use crate::output;

/// The first account's address. No mail is ever sent to it.
const OWNER: &str = "owner@localhost";

/// Makes account and key at the first start, and says how to go on.
pub(crate) async fn welcome(node: &Node) -> Result<(), Failure> {
    let owner = Email::parse(OWNER).map_err(|error| Failure::machine(error.to_string()))?;
    let file = node.folder.first_run_path();
    let Some((made, draft)) = first_run::draft(&node.service, &node.operator, owner).await? else {
        return output::say(&if file.exists() {
            filed(node, &file, "Account and API key are")
        } else {
            again(node).await?
        });
    };
    let is_for_file = !std::io::stdout().is_terminal();
    if is_for_file {
        // Before there is an account: a kill in between leaves a record of nothing, which the next
        // start replaces, rather than an account whose password nobody knows.
        replace_private(&file, record(node, &made).as_bytes()).map_err(|error| {
            Failure::machine(format!(
                "no account was made: its password could not be written to {}: {error}",
                file.display()
            ))
        })?;
    } else {
        // It would be such a record of nothing.
        let _ = remove_if_there(&file);
    }
    let is_first = first_run::commit(&node.service, &node.operator, draft).await?;
    output::say(&match (is_first, is_for_file) {
        (true, true) => {
            filed(node, &file, "The first start made an account and an API key; they are")
        }
        (true, false) => shown(node, &made),
        (false, _) => {
            // Another node was quicker.
            let _ = remove_if_there(&file);
            again(node).await?
        }
    })
}

fn heading(node: &Node) -> String {
    let origin = node.site.origin();
    format!("\nBloom is running at {origin}\n\n  Sign in   {origin}/sign-in\n")
}

fn shown(node: &Node, made: &FirstRun) -> String {
    let (origin, key) = (node.site.origin(), made.key.expose());
    format!(
        "{}            email     {}\n            password  {}\n  API key   {key}\n\n\
         Password and key are shown only now. Try the key in another terminal:\n\n  \
         curl {origin}/api/v1/account -H \"x-api-key: {key}\"\n\n{}",
        heading(node),
        made.email,
        made.password.expose(),
        footer(node)
    )
}

fn filed(node: &Node, file: &Path, what: &str) -> String {
    let origin = node.site.origin();
    let file = absolute(file);
    format!(
        "{}            {what} in {file}\n\nTry the key in another terminal:\n\n  \
         curl {origin}/api/v1/account -H \"x-api-key: $(sed -n 's/^api key: //p' {})\"\n\n{}",
        heading(node),
        quoted(&file),
        footer(node)
    )
}

async fn again(node: &Node) -> Result<String, Failure> {
    let (origin, data) = (node.site.origin(), quoted(&absolute(node.folder.path())));
    let owner = Email::parse(OWNER).map_err(|error| Failure::machine(error.to_string()))?;
    let (who, email) = match accounts::find(&node.service, &node.operator, &owner).await {
        Ok(_) => (format!("as {OWNER}, "), OWNER),
        // It has another address by now.
        Err(Error::AccountNotFound) => (String::new(), "EMAIL"),
        Err(error) => return Err(error.into()),
    };
    Ok(format!(
        "{}            {who}with the password shown at the first start; for another:\n            \
         bloom account reset-link --data {data} --email {email}\n  API key   make one at \
         {origin}/settings#api-keys, or with:\n            bloom keys create --data {data} --account \
         {email}\n\nThen, in another terminal:\n\n  curl {origin}/api/v1/account -H \"x-api-key: \
         $BLOOM_API_KEY\"\n\n{}",
        heading(node),
        footer(node)
    ))
}

fn footer(node: &Node) -> String {
    format!("  Data in {}. Stop with Ctrl+C.\n", absolute(node.folder.path()))
}

/// A path as it is right in another terminal, which stands elsewhere.
fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// A path as a shell takes it, whatever is in it.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''"))
}

fn record(node: &Node, made: &FirstRun) -> String {
    format!(
        "sign in: {}/sign-in\nemail: {}\npassword: {}\napi key: {}\n",
        node.site.origin(),
        made.email,
        made.password.expose(),
        made.key.expose()
    )
}
