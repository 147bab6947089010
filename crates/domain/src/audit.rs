//! The audit: what was done to credentials, connections, accounts and sign-ins, by whom, from where.
//!
//! 1. A verb that changes something says so with an [`Event`]; it is written in the same transaction,
//!    so there is no change without its record and no record without its change.
//! 2. Each record is chained to the one before it: its hash covers that one's hash, and all that it
//!    says. Whoever changes, removes or inserts one has to change every later one.
//! 3. What may be personal ([`Event::details`]) is covered through a salted hash. It can be erased with
//!    its account, and the chain still holds.

use std::fmt;

use crate::ids::{
    AccountId, ApiKeyId, BrandId, ClientId, ConnectionId, GrantId, InvitationId, WorkspaceId,
};
use crate::time::Timestamp;

/// What every hash begins with, so that it is worth nothing elsewhere. It changes with the encoding.
const PREFIX: &[u8] = b"bloom audit v1";

/// What the first record is chained to.
pub const BEGINNING: Hash = [0; 32];

/// SHA-256. It hides nothing and may be shown.
pub type Hash = [u8; 32];

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $label:literal;)+) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $name,)+
        }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word that is stored, and that a program reads. It never changes.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// In words, for a person.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)+
                }
            }
        }
    };
}

actions! {
    /// An account was made, with its personal workspace.
    AccountCreated = "account.created", "Account created";
    /// The operator suspended an account.
    AccountBanned = "account.banned", "Account suspended";
    /// The operator restored it.
    AccountUnbanned = "account.unbanned", "Account restored";
    /// A person is called something else.
    AccountRenamed = "account.renamed", "Name changed";
    /// A password was set; every session ended.
    PasswordSet = "account.password_set", "Password set, all browsers signed out";
    /// A person changed their password; every other session ended.
    PasswordChanged = "account.password_changed", "Password changed, all other browsers signed out";
    /// Somebody asked for a link to choose another password with.
    PasswordResetAsked = "account.password_reset_asked", "Link for a new password asked for";
    /// Another password was chosen with such a link; every session ended.
    PasswordReset = "account.password_reset", "Password set by a link, all browsers signed out";
    /// A link went to the account's address, to see whether it arrives.
    VerificationSent = "account.verification_sent", "Link to verify the email address sent";
    /// The link came back: the person reads what is sent there.
    EmailVerified = "account.email_verified", "Email address verified";
    /// A link went to another address, which is to become the account's.
    EmailChangeAsked = "account.email_change_asked", "Another email address asked for";
    /// The link came back: it is the account's address.
    EmailChanged = "account.email_changed", "Email address changed";
    /// A passkey was added to an account.
    PasskeyAdded = "passkey.added", "Passkey added";
    /// It was removed.
    PasskeyRemoved = "passkey.removed", "Passkey removed";
    /// A person can sign in by an identity at the OpenID provider.
    IdentityLinked = "identity.linked", "Sign-in at another server added";
    /// They no longer can.
    IdentityRemoved = "identity.removed", "Sign-in at another server removed";
    /// A person took a copy of all that is kept of them.
    DataExported = "account.exported", "Data exported";
    /// An account was deleted.
    AccountDeleted = "account.deleted", "Account deleted";
    /// A person signed in.
    SignedIn = "session.started", "Signed in";
    /// Somebody tried to sign in with a wrong password, once or more often within a minute.
    SignInRefused = "session.refused", "Sign-in refused: wrong password";
    /// A person signed out.
    SignedOut = "session.ended", "Signed out";
    /// They ended another of their sessions.
    SessionEnded = "session.ended_elsewhere", "Signed out another browser";
    /// Every session of an account was ended.
    SignedOutEverywhere = "session.all_ended", "Signed out everywhere";
    /// A person was asked once more who they are, and proved it.
    ProofGiven = "session.proven", "Proved that it is you";
    /// An API key was made.
    ApiKeyCreated = "api_key.created", "API key created";
    /// What an API key is narrowed to was changed.
    ApiKeyChanged = "api_key.changed", "API key changed";
    /// An API key got a new secret.
    ApiKeyRotated = "api_key.rotated", "API key rotated";
    /// The old secret of a rotated API key was ended before its time.
    ApiKeyOverlapEnded = "api_key.overlap_ended", "Old secret of an API key ended";
    /// An API key was revoked.
    ApiKeyRevoked = "api_key.revoked", "API key revoked";
    /// A person let an app in, or let it do more.
    AppAllowed = "connection.allowed", "App allowed";
    /// An app that was allowed before came back, and got a new grant without a question.
    AppReturned = "connection.returned", "App connected again";
    /// A person revoked an app's access.
    AppRevoked = "connection.revoked", "App revoked";
    /// An app gave up a grant.
    GrantRevoked = "grant.revoked", "App signed itself out";
    /// A person said no to a question to which they had said yes, before the app had come for it.
    GrantTakenBack = "grant.taken_back", "App denied after it was allowed";
    /// An app gave up one access token.
    AccessTokenRevoked = "access_token.revoked", "App gave up an access token";
    /// A spent code or a used refresh token came back, as it does when it was stolen: the grant ended.
    GrantEnded = "grant.ended", "App signed out: a used token came back";
    /// A spent code came back without what would prove that it was stolen; nothing changed.
    CodeRepeated = "code.repeated", "A used authorization code came back";
    /// The operator refused an app.
    ClientDisabled = "client.disabled", "App refused for everybody";
    /// The operator took it again.
    ClientEnabled = "client.enabled", "App taken again";
    /// The operator vouches for an app.
    ClientVerified = "client.verified", "App marked as verified";
    /// They do no longer.
    ClientUnverified = "client.unverified", "App no longer marked as verified";
    /// Somebody made a client of their own.
    ClientCreated = "client.created", "App created";
    /// Its owner changed what it is.
    ClientChanged = "client.changed", "App changed";
    /// It got another secret.
    ClientSecretRotated = "client.secret_rotated", "Secret of an app replaced";
    /// It got another registration access token.
    ClientTokenRenewed = "client.management_renewed", "Registration access token of an app replaced";
    /// Its owner switched it off.
    ClientPaused = "client.paused", "App switched off";
    /// Its owner switched it on again.
    ClientResumed = "client.resumed", "App switched on";
    /// Its owner deleted it.
    ClientDeleted = "client.deleted", "App deleted";
    /// It began to act by itself, for its owner.
    ClientActed = "client.acted", "App began to act by itself";
    /// A team workspace was made.
    WorkspaceCreated = "workspace.created", "Workspace created";
    /// It got another name.
    WorkspaceRenamed = "workspace.renamed", "Workspace renamed";
    /// It got another owner.
    WorkspaceTransferred = "workspace.transferred", "Workspace given to another owner";
    /// It was deleted; it can be restored for a while.
    WorkspaceDeleted = "workspace.deleted", "Workspace deleted";
    /// It was restored.
    WorkspaceRestored = "workspace.restored", "Workspace restored";
    /// A brand was made, to be read from its page.
    BrandCreated = "brand.created", "Brand added";
    /// Something of it was corrected or chosen, or it is read again.
    BrandChanged = "brand.changed", "Brand changed";
    /// It was deleted.
    BrandDeleted = "brand.deleted", "Brand deleted";
    /// Somebody was invited into a workspace.
    MemberInvited = "member.invited", "Invited into a workspace";
    /// An invitation was taken back.
    InvitationWithdrawn = "invitation.withdrawn", "Invitation taken back";
    /// An invitation was declined.
    InvitationDeclined = "invitation.declined", "Invitation declined";
    /// Somebody accepted an invitation.
    MemberJoined = "member.joined", "Joined a workspace";
    /// Somebody was removed from a workspace.
    MemberRemoved = "member.removed", "Member removed from a workspace";
    /// Somebody left a workspace.
    MemberLeft = "member.left", "Left a workspace";
    /// Somebody got another role.
    RoleChanged = "member.role_changed", "Role in a workspace changed";
    /// A key or an app got another budget.
    BudgetSet = "budget.set", "Budget changed";
    /// A workspace has another plan, or its plan another state.
    PlanChanged = "plan.changed", "Plan changed";
    /// Somebody told of payments without the payment provider's signature, once or more often within a
    /// minute.
    BillingEventRefused = "billing_event.refused", "News of payments refused: not signed";
    /// Somebody told of keys that leaked without the secret scanner's signature, once or more often within a
    /// minute.
    LeakAlertRefused = "leak_alert.refused", "News of leaked keys refused: not signed";
    /// Credits were granted: by the operator, for signing up, for a month, or because they were bought.
    CreditsGranted = "credits.granted", "Credits granted";
    /// Bought credits were taken back, since their money was given back.
    CreditsTakenBack = "credits.taken_back", "Bought credits taken back";
    /// A workspace gets credits each month, others than before, or none any more, on the operator's word.
    MonthlyCreditsSet = "credits.monthly_set", "Monthly credits changed";
    /// A setup link was made for the first account.
    SetupLinkIssued = "setup_link.issued", "Setup link made";
    /// The next signing key was made, on schedule or because the operator said so.
    SigningKeyRotated = "signing_key.rotated", "Signing key rotated";
    /// The root secret was replaced.
    RootSecretRotated = "root_secret.rotated", "Root secret rotated";
}

impl Action {
    /// The meaning of a stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str() == word)
    }
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Whoever sent the request, who has proven nothing.
    Anybody,
    /// A person, at a browser.
    Person(AccountId),
    /// An app, by what it presented.
    App(ClientId),
    /// Whoever holds an API key.
    ApiKey(ApiKeyId),
    /// Whoever runs the server, at the command line.
    Operator,
    /// The server by itself.
    Server,
}

impl Actor {
    /// The word that is stored.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Anybody => "anybody",
            Self::Person(_) => "person",
            Self::App(_) => "app",
            Self::ApiKey(_) => "api_key",
            Self::Operator => "operator",
            Self::Server => "server",
        }
    }

    /// The id that is stored along with it; empty when the word says all.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        match self {
            Self::Person(id) => id.as_bytes(),
            Self::App(id) => id.as_bytes(),
            Self::ApiKey(id) => id.as_bytes(),
            Self::Anybody | Self::Operator | Self::Server => &[],
        }
    }

    /// The meaning of what is stored.
    #[must_use]
    pub fn from_stored(kind: &str, id: &[u8]) -> Option<Self> {
        Some(match (kind, id) {
            ("anybody", []) => Self::Anybody,
            ("person", id) => Self::Person(AccountId::from_bytes(id.try_into().ok()?)),
            ("app", id) => Self::App(ClientId::from_bytes(id.try_into().ok()?)),
            ("api_key", id) => Self::ApiKey(ApiKeyId::from_bytes(id.try_into().ok()?)),
            ("operator", []) => Self::Operator,
            ("server", []) => Self::Server,
            _ => return None,
        })
    }
}

/// What it was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An account: its state, its password, its sessions.
    Account(AccountId),
    /// An API key.
    ApiKey(ApiKeyId),
    /// A brand.
    Brand(BrandId),
    /// A client, for everybody.
    Client(ClientId),
    /// A connection.
    Connection(ConnectionId),
    /// A grant.
    Grant(GrantId),
    /// An invitation into a workspace.
    Invitation(InvitationId),
    /// A workspace: its name, its members.
    Workspace(WorkspaceId),
    /// The server itself.
    Server,
}

impl Subject {
    /// The word that is stored.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::ApiKey(_) => "api_key",
            Self::Brand(_) => "brand",
            Self::Client(_) => "client",
            Self::Connection(_) => "connection",
            Self::Grant(_) => "grant",
            Self::Invitation(_) => "invitation",
            Self::Workspace(_) => "workspace",
            Self::Server => "server",
        }
    }

    /// The id that is stored along with it; empty for the server.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        match self {
            Self::Account(id) => id.as_bytes(),
            Self::ApiKey(id) => id.as_bytes(),
            Self::Brand(id) => id.as_bytes(),
            Self::Client(id) => id.as_bytes(),
            Self::Connection(id) => id.as_bytes(),
            Self::Grant(id) => id.as_bytes(),
            Self::Invitation(id) => id.as_bytes(),
            Self::Workspace(id) => id.as_bytes(),
            Self::Server => &[],
        }
    }

    /// The meaning of what is stored.
    #[must_use]
    pub fn from_stored(kind: &str, id: &[u8]) -> Option<Self> {
        if kind == "server" {
            return id.is_empty().then_some(Self::Server);
        }
        let id = id.try_into().ok()?;
        Some(match kind {
            "account" => Self::Account(AccountId::from_bytes(id)),
            "api_key" => Self::ApiKey(ApiKeyId::from_bytes(id)),
            "brand" => Self::Brand(BrandId::from_bytes(id)),
            "client" => Self::Client(ClientId::from_bytes(id)),
            "connection" => Self::Connection(ConnectionId::from_bytes(id)),
            "grant" => Self::Grant(GrantId::from_bytes(id)),
            "invitation" => Self::Invitation(InvitationId::from_bytes(id)),
            "workspace" => Self::Workspace(WorkspaceId::from_bytes(id)),
            _ => return None,
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Account(id) => write!(f, "{kind} {id}"),
            Self::ApiKey(id) => write!(f, "{kind} {id}"),
            Self::Brand(id) => write!(f, "{kind} {id}"),
            Self::Client(id) => write!(f, "{kind} {id}"),
            Self::Connection(id) => write!(f, "{kind} {id}"),
            Self::Grant(id) => write!(f, "{kind} {id}"),
            Self::Invitation(id) => write!(f, "{kind} {id}"),
            Self::Workspace(id) => write!(f, "{kind} {id}"),
            Self::Server => f.write_str(kind),
        }
    }
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: Action,
    /// By whom.
    pub actor: Actor,
    /// To what.
    pub subject: Subject,
    /// Whose it is.
    pub whose: Whose,
    /// What the salted hash covers.
    pub details: Details,
}

/// To whose audit an event belongs; to nobody's when it is the server's alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Whose {
    /// The account it is about.
    pub account: Option<AccountId>,
    /// The workspace it is about.
    pub workspace: Option<WorkspaceId>,
}

impl From<AccountId> for Whose {
    fn from(account: AccountId) -> Self {
        Self { account: Some(account), workspace: None }
    }
}

impl From<WorkspaceId> for Whose {
    fn from(workspace: WorkspaceId) -> Self {
        Self { account: None, workspace: Some(workspace) }
    }
}

impl From<(AccountId, WorkspaceId)> for Whose {
    fn from((account, workspace): (AccountId, WorkspaceId)) -> Self {
        Self { account: Some(account), workspace: Some(workspace) }
    }
}

/// What may be personal in an event, and the salt that hides it once it is erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// JSON: `address`, `agent`, `before`, `after`, each only when there is one.
    pub json: String,
    /// Random.
    pub salt: [u8; 16],
}

impl Details {
    /// What the hash that stands for the details in the chain is made of.
    #[must_use]
    pub fn preimage(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.salt.len() + self.json.len());
        bytes.extend(self.salt);
        bytes.extend(self.json.as_bytes());
        bytes
    }
}

/// An event in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place, from 1 on without a gap.
    pub number: i64,
    /// What was done.
    pub event: Link,
    /// `None` when they were erased with their account.
    pub details: Option<Details>,
    /// The hash of this record, which the next one covers.
    pub hash: Hash,
}

/// What a record's hash covers of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// See [`Event::at`].
    pub at: Timestamp,
    /// See [`Event::action`]; a word, since a later version may know more of them.
    pub action: String,
    /// See [`Event::actor`].
    pub actor: Actor,
    /// See [`Event::subject`].
    pub subject: Subject,
    /// See [`Event::whose`].
    pub whose: Whose,
    /// The hash of the details.
    pub details_hash: Hash,
}

impl Link {
    /// The part of an event that is covered as it is, beside the hash of its details.
    #[must_use]
    pub fn of(event: &Event, details_hash: Hash) -> Self {
        Self {
            at: event.at,
            action: event.action.as_str().to_owned(),
            actor: event.actor,
            subject: event.subject,
            whose: event.whose,
            details_hash,
        }
    }

    /// What the record's hash is made of: each part with its length before it, so that no two records
    /// have the same bytes.
    #[must_use]
    pub fn preimage(&self, number: i64, previous: &Hash) -> Vec<u8> {
        let mut bytes = PREFIX.to_vec();
        let parts: [&[u8]; 10] = [
            previous,
            &number.to_be_bytes(),
            &self.at.unix_micros().to_be_bytes(),
            self.action.as_bytes(),
            self.actor.kind().as_bytes(),
            self.actor.id(),
            self.subject.kind().as_bytes(),
            self.subject.id(),
            self.whose.account.as_ref().map_or(&[], |id| id.as_bytes()),
            self.whose.workspace.as_ref().map_or(&[], |id| id.as_bytes()),
        ];
        for part in parts.into_iter().chain([self.details_hash.as_slice()]) {
            // No part is anywhere near so long.
            bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }
}

#[cfg(test)]
mod tests;
