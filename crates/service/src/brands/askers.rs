//! Who asks for something of a brand: by a credential, or at a browser. What follows is the same for both.

use bloom_domain::ids::{AccountId, WorkspaceId};
use bloom_domain::senders::Sender;
use bloom_domain::workspaces::{Reach, Workspace, WorkspaceChoice};
use bloom_store as store;
use store::Tx;
use store::upload_tokens::AskedWith;

use crate::audit::Author;
use crate::authenticate::PrincipalClaim;
use crate::plans::Gate;
use crate::sessions::Claim;
use crate::{Error, Principal, Service, SignedIn, workspaces};

/// Somebody who asks for something of a brand: the permission to ask, whichever way it was proven.
pub struct Asker {
    pub(super) account: AccountId,
    pub(super) author: Author,
    reach: Reach,
    claim: Proof,
    gate: Option<Gate>,
}

#[derive(Clone, Copy)]
enum Proof {
    Credential(PrincipalClaim),
    Session(Claim),
}

impl Asker {
    /// Whoever a credential acts for.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn with_credential(
        service: &Service,
        principal: &Principal,
        sender: &Sender,
    ) -> Result<Self, Error> {
        Ok(Self {
            account: principal.account_id(),
            author: principal.author(service, sender)?,
            reach: principal.reach().clone(),
            claim: Proof::Credential(principal.claim(service)),
            gate: Gate::of(service, principal, None),
        })
    }

    /// A person at a browser. No plan closes the pages.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn signed_in(service: &Service, person: &SignedIn) -> Result<Self, Error> {
        Ok(Self {
            account: person.account().id,
            author: person.author(service)?,
            reach: Reach::All,
            claim: Proof::Session(person.claim()),
            gate: None,
        })
    }

    /// Whether what was proven still holds, for the rest of the transaction.
    pub(super) fn check(&self, tx: &mut Tx<'_>) -> Result<Result<(), Error>, store::Error> {
        match self.claim {
            Proof::Credential(claim) => Ok(claim.check(tx)?.map(drop)),
            Proof::Session(claim) => claim.check(tx),
        }
    }

    /// With which credential they ask, if with one.
    pub(super) fn via(&self) -> Option<AskedWith> {
        match self.claim {
            Proof::Credential(claim) => Some(claim.asked_with()),
            Proof::Session(_) => None,
        }
    }

    /// The workspace that is meant, if it is within reach.
    pub(super) fn workspace(
        &self,
        tx: &mut Tx<'_>,
        choice: WorkspaceChoice,
    ) -> Result<Option<Workspace>, store::Error> {
        workspaces::find_in(tx, self.account, &self.reach, choice)
    }

    /// Whether a workspace is within reach, of those that the person belongs to.
    pub(super) fn reaches(&self, workspace: WorkspaceId) -> bool {
        self.reach.contains(workspace)
    }

    /// Whether the plan of a workspace opens the face by which they ask.
    pub(super) fn admits(
        &self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
    ) -> Result<Result<(), Error>, store::Error> {
        self.gate.as_ref().map_or(Ok(Ok(())), |gate| gate.admits(tx, workspace))
    }
}
