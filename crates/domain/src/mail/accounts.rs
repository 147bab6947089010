//! The mails about a person's own account.

use super::Mail;
use crate::email::Email;

/// What to do when it was not them: the end of every mail that tells of a change.
fn not_you(origin: &str) -> String {
    format!(
        "If it was not you, somebody else is in your account. Ask for a new password at once, then sign out \
         everywhere:\n\n\
         {origin}/reset-password\n\
         {origin}/settings/security\n"
    )
}

/// The mail that tells a person of their new password.
#[must_use]
pub fn password_changed(to: Email, origin: &str) -> Mail {
    let text = format!(
        "The password of your account at {origin} was changed. Every other browser is signed out; your API keys \
         and apps go on.\n\n\
         If it was you, there is nothing to do. {}",
        not_you(origin)
    );
    Mail::new(to, "Your Bloom password was changed", &text)
}
