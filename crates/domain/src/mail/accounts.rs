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

/// The mail by which an account's address is verified.
#[must_use]
pub fn verify_email(to: Email, origin: &str, link: &str) -> Mail {
    let text = format!(
        "Open this link to confirm that {to} is yours. It works once, and for a day:\n\n\
         {link}\n\n\
         It is for your account at {origin}. If you have none there, somebody mistyped an address: there is \
         nothing to do.\n"
    );
    Mail::new(to, "Confirm your email address for Bloom", &text)
}

/// The mail with the link by which somebody makes an account.
#[must_use]
pub fn sign_up(to: Email, origin: &str, link: &str) -> Mail {
    let text = format!(
        "Open this link to create your account at {origin}. It is for this address, {to}, and works once, and for \
         a day:\n\n\
         {link}\n\n\
         If you did not ask for it, somebody mistyped an address: there is nothing to do.\n"
    );
    Mail::new(to, "Create your Bloom account", &text)
}

/// The mail to somebody who wants an account and has one.
#[must_use]
pub fn has_account(to: Email, origin: &str) -> Mail {
    let text = format!(
        "Somebody wants to create an account at {origin} with your address. You have one there already, so \
         nothing was changed.\n\n\
         If it was you, sign in, or choose a new password:\n\n\
         {origin}/sign-in\n\
         {origin}/reset-password\n\n\
         If it was not, there is nothing to do.\n"
    );
    Mail::new(to, "You have a Bloom account already", &text)
}

/// The mail to an address that is to become an account's.
#[must_use]
pub fn change_email(to: Email, from: &Email, origin: &str, link: &str) -> Mail {
    let text = format!(
        "The account {from} at {origin} is to get this address: {to}.\n\n\
         If it is yours, open this link, and confirm it there. It works once, and for a day:\n\n\
         {link}\n\n\
         If you do not know that account, there is nothing to do.\n"
    );
    Mail::new(to, "Confirm your new email address for Bloom", &text)
}

/// The mail to an address that is to become an account's and is another's already.
#[must_use]
pub fn email_is_taken(to: Email, origin: &str) -> Mail {
    let text = format!(
        "Somebody wants to use your address for another account at {origin}. You have an account there \
         already, so nothing was changed.\n\n\
         If it was you, delete one of the two accounts first, or give it another address. If it was not, there \
         is nothing to do.\n"
    );
    Mail::new(to, "Your email address is in use on Bloom already", &text)
}

/// The mail to the address that an account had until now.
#[must_use]
pub fn email_changed(to: Email, new: &Email, origin: &str) -> Mail {
    let text = format!(
        "Your account at {origin} has another email address now: {new}. It signs in with that one, and mails \
         go there.\n\n\
         If it was you, there is nothing to do. If it was not, somebody else is in your account: tell the \
         person who runs the server at once.\n"
    );
    Mail::new(to, "Your Bloom account has another email address", &text)
}

/// The mail with the link by which a forgotten password is replaced.
#[must_use]
pub fn reset_password(to: Email, origin: &str, link: &str) -> Mail {
    let text = format!(
        "Open this link to choose a new password for your account at {origin}. It works once, and for an \
         hour:\n\n\
         {link}\n\n\
         If you did not ask for it, there is nothing to do: your password stays as it is.\n"
    );
    Mail::new(to, "Choose a new password for Bloom", &text)
}

/// The mail that tells a person that their password was replaced by a link.
#[must_use]
pub fn password_reset(to: Email, origin: &str) -> Mail {
    let text = format!(
        "A new password for your account at {origin} was chosen with a link from a mail to this address. Every \
         browser is signed out; your API keys and apps go on.\n\n\
         If it was you, there is nothing to do. {}",
        not_you(origin)
    );
    Mail::new(to, "Your Bloom password was changed", &text)
}

/// The mail that tells a person that their account is gone.
#[must_use]
pub fn account_deleted(to: Email, origin: &str) -> Mail {
    let text = format!(
        "Your account at {origin} is deleted, with its API keys, and what apps could do as you. This cannot be \
         undone.\n\n\
         If it was you, there is nothing to do. If it was not, tell the person who runs the server.\n"
    );
    Mail::new(to, "Your Bloom account is deleted", &text)
}

/// The mail that tells a person of a passkey that signs in to their account.
#[must_use]
pub fn passkey_added(to: Email, name: &str, origin: &str) -> Mail {
    let text = format!(
        "The passkey \"{name}\" was added to your account at {origin}. Whoever has it signs in with it.\n\n\
         If it was you, there is nothing to do. {}",
        not_you(origin)
    );
    Mail::new(to, "A passkey was added to your Bloom account", &text)
}

/// The mail that tells a person of an identity elsewhere that signs in to their account.
#[must_use]
pub fn identity_linked(to: Email, provider: &str, origin: &str) -> Mail {
    let text = format!(
        "You can now sign in to your account at {origin} with {provider}. Whoever gets into your account there \
         gets into this one.\n\n\
         If it was you, there is nothing to do. {}",
        not_you(origin)
    );
    Mail::new(to, "Another way to sign in to your Bloom account", &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mail_has_its_link_and_says_what_to_do_when_it_was_not_you() {
        let (to, other) =
            (Email::parse("ada@example.com").unwrap(), Email::parse("new@example.com").unwrap());
        let (origin, link) = ("https://bloom.example", "https://bloom.example/x/secret");
        let with_link = [
            verify_email(to.clone(), origin, link),
            change_email(to.clone(), &other, origin, link),
            reset_password(to.clone(), origin, link),
            sign_up(to.clone(), origin, link),
        ];
        for mail in &with_link {
            assert!(mail.text().contains(&format!("\n\n{link}\n\n")), "{}", mail.text());
        }
        let all = [
            password_changed(to.clone(), origin),
            password_reset(to.clone(), origin),
            email_changed(to.clone(), &other, origin),
            account_deleted(to.clone(), origin),
            passkey_added(to.clone(), "laptop", origin),
            identity_linked(to.clone(), "Example", origin),
            has_account(to.clone(), origin),
            email_is_taken(to, origin),
        ];
        for mail in all.iter().chain(&with_link) {
            assert!(mail.text().contains("there is nothing to do"), "{}", mail.text());
            assert!(mail.text().contains(origin) && !mail.subject().contains("secret"));
        }
    }
}
