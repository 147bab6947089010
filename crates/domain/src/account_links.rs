//! Links in mails about a person's own account: what each is good for, and for how long.

use std::time::Duration;

/// What a link is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// It shows that the person reads what is sent to the address of their account.
    VerifyEmail,
    /// It makes the mailbox that it went to the address of the account.
    ChangeEmail,
    /// Whoever has it chooses another password.
    ResetPassword,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::VerifyEmail, Self::ChangeEmail, Self::ResetPassword];

    /// For how long it is good.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::VerifyEmail | Self::ChangeEmail => Duration::from_secs(24 * 3_600),
            Self::ResetPassword => Duration::from_secs(3_600),
        }
    }

    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ChangeEmail => "change_email",
            Self::ResetPassword => "reset_password",
        }
    }
}
