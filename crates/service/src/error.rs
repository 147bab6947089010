//! Why a verb did not do what it was asked.
//!
//! Variants name outcomes; the words a caller reads are chosen by the face (JSON, page, command
//! line), and the causes in here are for the operator's log only.

use std::fmt;
use std::time::Duration;

use bloom_domain::credits::{BudgetHolder, ChargedVia, OverBudget};
use bloom_domain::ids::ApiKeyId;
use bloom_domain::plans::Feature;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::WorkspaceChoice;

/// Why a verb did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// No such workspace within the caller's reach.
    WorkspaceNotFound,
    /// What the caller came with does not reach their personal workspace, and no other was named.
    PersonalOutOfReach,
    /// The person's role in the workspace does not let them do that.
    NotAllowed,
    /// No such person in the workspace.
    MemberNotFound,
    /// The person belongs to the workspace already.
    AlreadyMember,
    /// No such brand within the caller's reach.
    BrandNotFound,
    /// A URL is none of a page or picture that is fetched; says which, and why.
    InvalidUrl(&'static str),
    /// The logo is not taken; says why.
    InvalidLogo(String),
    /// The token of an upload is unknown, used or over.
    UploadTokenSpent,
    /// The cursor is none of this list.
    InvalidCursor,
    /// The brand is still being read, or could not be.
    BrandNotReady,
    /// The brand has no logo, which somebody has to bring.
    BrandLacksLogo,
    /// No such image within the caller's reach.
    ImageNotFound,
    /// An image that is referred to is not there.
    ReferenceNotFound,
    /// A file is not taken; says why.
    NotTaken(crate::images::uploads::NotTaken),
    /// Nothing of the kind can be made of an image; says why.
    Unfit(crate::images::changes::Unfit),
    /// The invitation is unknown, expired, answered or taken back.
    InvitationNotFound,
    /// The person owns as many workspaces as one may.
    TooManyWorkspaces,
    /// The workspace has as many people as one may have, invited ones included.
    TooManyPeople,
    /// No such key of this owner.
    ApiKeyNotFound,
    /// The key is revoked, so nothing about it can be changed.
    ApiKeyRevoked,
    /// The key has ended by itself, so nothing about it can be changed.
    ApiKeyExpired,
    /// The key has another secret by now than the one that was to be replaced.
    ApiKeyRotated,
    /// What was to be changed is not any more as whoever wants to change it saw it.
    ChangedMeanwhile,
    /// What is to end by itself would have ended already.
    ExpiryPast,
    /// What is to be made could do nothing at all.
    NarrowedToNothing,
    /// Several keys that still work have this name; their ids tell them apart.
    ApiKeyNameAmbiguous(Vec<ApiKeyId>),
    /// Several keys have this name, and none of them works any more.
    ApiKeyNameEnded(Vec<ApiKeyId>),
    /// A key with the secret that is to be imported is there, or twice in the list; holds its place in that.
    ApiKeyKnown(usize),
    /// The account has imported keys of as many shapes as one may.
    TooManyKeyShapes,
    /// The account has as many working keys as one may have.
    TooManyApiKeys,
    /// No such client.
    ClientNotFound,
    /// An app would give itself what only its owner gives: to act by itself, or a scope for that.
    OwnersChoice,
    /// The account owns as many clients as one may.
    TooManyClients,
    /// No such connection of this person.
    ConnectionNotFound,
    /// No account has this address.
    AccountNotFound,
    /// An account has this address already.
    EmailTaken,
    /// Sign-in: no such account, or another password. One answer for both.
    WrongEmailOrPassword,
    /// The person's session ended before what they asked for was done; nothing was done.
    SignedOut,
    /// The form was sent before, and what it asks for was done then; nothing was done now.
    FormSent,
    /// What was asked for needs the person to prove that it is still them; nothing was done.
    ProofNeeded,
    /// The operator has suspended the account.
    AccountBanned,
    /// This server makes no accounts this way.
    SignUpClosed,
    /// The setup link is unknown, expired or used.
    SetupLinkSpent,
    /// The link about an account is unknown, expired or used.
    AccountLinkSpent,
    /// What an authenticator sent is not what was asked of it; holds why, for the log.
    PasskeyRefused(&'static str),
    /// The authenticator's passkey is an account's already.
    PasskeyKnown,
    /// The account has as many passkeys as one may have.
    TooManyPasskeys,
    /// An OpenID provider's answer came to nothing; says why.
    OpenId(crate::openid::Refused),
    /// It is the only way by which the person can sign in.
    LastWayIn,
    /// The person owns team workspaces, which would be nobody's without them.
    OwnsWorkspaces,
    /// The link is for another account than the one that is signed in.
    OtherAccount,
    /// The plan of the workspace that pays does not open this face, or does not include this.
    PlanUpgradeRequired,
    /// The plan of the workspace that pays does not include a feature.
    FeatureNotEntitled(Feature),
    /// Nobody pays for the plan of the workspace at the moment.
    PaymentRequired,
    /// The plan of the workspace has room for so many people, and that many there are, invited ones
    /// included.
    NoSeat {
        /// So many.
        seats: i64,
    },
    /// Billing is off: every workspace has everything.
    BillingOff,
    /// The table has no plan of that name; holds the name.
    PlanNotFound(String),
    /// Too few credits can be spent in the workspace.
    InsufficientCredits {
        /// So many can be.
        balance: i64,
        /// So many would be needed.
        needed: i64,
    },
    /// The money for credits that were spent was given back; until it is made up for, nothing is charged.
    CreditsOwed {
        /// For so many.
        debt: i64,
    },
    /// The key or app has a budget, or what it was made with has, which leaves too little.
    OverBudget {
        /// How much it leaves, and how much is asked for.
        over: OverBudget,
        /// Whose budget it is.
        holder: BudgetHolder,
        /// The key or app that has it.
        of: ChargedVia,
        /// When more may be spent; `None` when never.
        resets: Option<Timestamp>,
    },
    /// Something else was asked for under this reference before.
    CreditReferenceTaken,
    /// No credits were granted under this reference.
    CreditGrantNotFound,
    /// The hold has no such item.
    CreditItemNotFound,
    /// The item holds fewer credits than it is to be settled at.
    AboveHeld {
        /// So many it holds.
        held: i64,
    },
    /// Fewer credits were bought than are to be taken back.
    AboveGranted {
        /// So many were.
        granted: i64,
    },
    /// Credits cannot be granted like that; says why.
    CannotGrant(&'static str),
    /// A request with the same idempotency key is being worked on.
    IdempotencyInProgress {
        /// When it will have been answered, most likely.
        retry_after: Duration,
    },
    /// The idempotency key was used for another request.
    IdempotencyKeyReused,
    /// The credential was revoked before what it was presented for was done; nothing was done.
    CredentialRevoked,
    /// The credential cannot make another that is wider than itself.
    WiderThanItsMaker,
    /// The credential was made by one that was made by one, as often as may be; it makes no keys.
    TooManyMakers,
    /// As much is waiting as may wait; nothing was done.
    Busy {
        /// When trying again makes sense.
        retry_after: Duration,
    },
    /// The same was tried too often from the same place; nothing was done.
    TooMany {
        /// When the next attempt will be looked at.
        retry_after: Duration,
    },
    /// The database cannot be reached or written; nothing was done. Holds the cause.
    Unavailable(String),
    /// Another node has rotated the root secret, and this one does not know it yet: it cannot tell what
    /// was made with it from what nobody made. Nothing was done.
    Behind,
    /// As many requests of the credential wait as may; nothing was done.
    TooManyWaiting {
        /// When trying again makes sense.
        retry_after: Duration,
    },
    /// What lies beside the database cannot be read or written; nothing was done. Holds the cause.
    FilesUnavailable(String),
    /// No mail can be sent now, and what was asked for needs one; nothing was done. Holds the cause.
    MailUnavailable(String),
    /// A defect. Holds the cause.
    Internal(String),
}

impl fmt::Display for Error {
    /// For the operator: the outcome in words, with the cause.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WorkspaceNotFound => f.write_str("there is no such workspace"),
            Self::PersonalOutOfReach => {
                f.write_str("the credential does not reach the personal workspace")
            }
            Self::NotAllowed => f.write_str("the role in the workspace does not allow it"),
            Self::MemberNotFound => f.write_str("there is no such person in the workspace"),
            Self::AlreadyMember => f.write_str("the person belongs to the workspace already"),
            Self::BrandNotFound => f.write_str("there is no such brand"),
            Self::InvalidUrl(why) => f.write_str(why),
            Self::InvalidLogo(why) => write!(f, "the logo is not taken: {why}"),
            Self::UploadTokenSpent => f.write_str("the upload token is unknown, used or over"),
            Self::InvalidCursor => f.write_str("the cursor is none of this list"),
            Self::BrandNotReady => f.write_str("the brand is still being read, or could not be"),
            Self::BrandLacksLogo => f.write_str("the brand has no logo"),
            Self::ImageNotFound => f.write_str("there is no such image"),
            Self::ReferenceNotFound => f.write_str("an image that is referred to is not there"),
            Self::NotTaken(why) => write!(f, "the file is not taken: {why:?}"),
            Self::Unfit(why) => write!(f, "nothing of the kind can be made of the image: {why:?}"),
            Self::InvitationNotFound => {
                f.write_str("the invitation is unknown, expired, answered or taken back")
            }
            Self::TooManyWorkspaces => write!(
                f,
                "the person owns {} workspaces, the most there may be",
                bloom_domain::workspaces::MAX_OWNED
            ),
            Self::TooManyPeople => write!(
                f,
                "the workspace has {} people, the most there may be",
                bloom_domain::workspaces::MAX_PEOPLE
            ),
            Self::ApiKeyNotFound => f.write_str("there is no such API key"),
            Self::ApiKeyRevoked => f.write_str("the API key is revoked"),
            Self::ApiKeyExpired => f.write_str("the API key has expired"),
            Self::ApiKeyRotated => f.write_str("the API key was rotated meanwhile"),
            Self::ChangedMeanwhile => f.write_str("it was changed meanwhile"),
            Self::ExpiryPast => f.write_str("the time at which the key would expire has passed"),
            Self::NarrowedToNothing => {
                f.write_str("the key could do nothing: it needs a scope, a workspace and an address")
            }
            Self::ApiKeyNameAmbiguous(_) => f.write_str("several keys have that name"),
            Self::ApiKeyNameEnded(_) => f.write_str("no key with that name works any more"),
            Self::ApiKeyKnown(place) => {
                write!(f, "the secret of key {} is known already, or twice in the list", place + 1)
            }
            Self::TooManyKeyShapes => write!(
                f,
                "the account has imported keys of {} prefixes and lengths, the most there may be",
                bloom_domain::api_keys::MAX_SHAPES
            ),
            Self::TooManyApiKeys => write!(
                f,
                "the account has {} working API keys, the most there may be; revoke one first",
                bloom_domain::api_keys::MAX_ACTIVE_KEYS
            ),
            Self::ClientNotFound => f.write_str("there is no app with that id"),
            Self::OwnersChoice => {
                f.write_str("only its owner lets an app act by itself, and says with which scopes")
            }
            Self::TooManyClients => write!(
                f,
                "the account owns {} apps, the most there may be; delete one first",
                bloom_domain::clients::MAX_OWNED
            ),
            Self::ConnectionNotFound => f.write_str("there is no such connection"),
            Self::AccountNotFound => f.write_str("no account has that email address"),
            Self::EmailTaken => f.write_str("an account has that email address already"),
            Self::WrongEmailOrPassword => f.write_str("the email address or password is wrong"),
            Self::SignedOut => f.write_str("the session has ended"),
            Self::ProofNeeded => f.write_str("the person has to prove that it is still them"),
            Self::AccountBanned => f.write_str("the account is suspended"),
            Self::SignUpClosed => f.write_str("this server makes accounts by invitation only"),
            Self::SetupLinkSpent => f.write_str("the setup link is unknown, expired or used"),
            Self::AccountLinkSpent => f.write_str("the link is unknown, expired or used"),
            Self::PasskeyRefused(why) => write!(f, "the passkey is refused: {why}"),
            Self::PasskeyKnown => f.write_str("the passkey is known already"),
            Self::TooManyPasskeys => f.write_str("the account has as many passkeys as it may have"),
            Self::OpenId(refused) => write!(f, "the OpenID provider: {refused}"),
            Self::FormSent => f.write_str("the form was sent before"),
            Self::LastWayIn => f.write_str("it is the only way by which the person can sign in"),
            Self::OwnsWorkspaces => f.write_str(
                "the account owns team workspaces; they have to be deleted or given to somebody else first",
            ),
            Self::OtherAccount => f.write_str("the link is for another account"),
            Self::PlanUpgradeRequired => f.write_str("the plan of the workspace does not include this"),
            Self::FeatureNotEntitled(feature) => {
                write!(f, "the plan of the workspace does not include {}", feature.label())
            }
            Self::PaymentRequired => f.write_str("the plan of the workspace is paused"),
            Self::NoSeat { seats } => {
                write!(f, "the plan of the workspace has room for {seats} people")
            }
            Self::BillingOff => {
                f.write_str("billing is off (billing.enabled): every workspace has everything")
            }
            Self::PlanNotFound(name) => write!(
                f,
                "there is no plan {name:?} in the configuration; bloom plan list shows those there are"
            ),
            Self::InsufficientCredits { balance, needed } => {
                write!(f, "{needed} credits are needed and {balance} can be spent")
            }
            Self::OverBudget { over: OverBudget { span, cap, spent, needed }, .. } => {
                let span = span.as_str();
                write!(f, "{needed} credits are more than a budget of {cap} ({span}) leaves: {spent} are spent")
            }
            Self::CreditsOwed { debt } => write!(f, "{debt} credits are owed"),
            Self::CreditReferenceTaken => {
                f.write_str("something else was asked for under that reference before")
            }
            Self::CreditGrantNotFound => {
                f.write_str("no credits were bought under that reference")
            }
            Self::CreditItemNotFound => f.write_str("the hold has no such item"),
            Self::AboveHeld { held } => write!(f, "the item holds only {held} credits"),
            Self::AboveGranted { granted } => write!(f, "only {granted} credits were bought"),
            Self::CannotGrant(why) => f.write_str(why),
            Self::IdempotencyInProgress { .. } => {
                f.write_str("a request with the same idempotency key is being worked on")
            }
            Self::IdempotencyKeyReused => {
                f.write_str("the idempotency key was used for another request")
            }
            Self::TooManyMakers => write!(
                f,
                "the key has {} makers in a row, the most there may be",
                bloom_domain::api_keys::MAX_MAKERS
            ),
            Self::CredentialRevoked => f.write_str("the credential was revoked meanwhile"),
            Self::WiderThanItsMaker => f.write_str("the credential is narrower than what it asks for"),
            Self::Busy { .. } => f.write_str("too much is waiting; nothing was done"),
            Self::TooMany { .. } => f.write_str("it was tried too often; nothing was done"),
            Self::TooManyWaiting { .. } => f.write_str("too many requests of the credential wait"),
            Self::FilesUnavailable(cause) => write!(f, "the files are unavailable: {cause}"),
            Self::Unavailable(cause) => write!(f, "the database is unavailable: {cause}"),
            Self::Behind => f.write_str(
                "another node has rotated the root secret; copy its secret file to this one and restart it",
            ),
            Self::MailUnavailable(cause) => {
                write!(f, "no mail can be sent now, so nothing was done: {cause}")
            }
            Self::Internal(cause) => write!(f, "internal error: {cause}"),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// What a choice of a workspace is answered that came to none.
    pub(crate) fn not_there(choice: WorkspaceChoice) -> Self {
        match choice {
            // Everybody has one, so only the credential can be in the way.
            WorkspaceChoice::Personal => Self::PersonalOutOfReach,
            WorkspaceChoice::Team(_) => Self::WorkspaceNotFound,
        }
    }
}

impl From<bloom_store::Error> for Error {
    fn from(error: bloom_store::Error) -> Self {
        match error {
            bloom_store::Error::Unavailable(cause) => Self::Unavailable(cause),
            // The guarded writes here race only with each other; who loses a race that the
            // database itself decided may try again.
            bloom_store::Error::Conflict => Self::Busy { retry_after: Duration::from_secs(1) },
            other => Self::Internal(other.to_string()),
        }
    }
}
