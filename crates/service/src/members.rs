//! The people of a team workspace, and who may do what there.
//!
//! Every change takes the workspace's row first, so that decisions over its people run one after the
//! other: two owners, or none, cannot come of two changes at the same time.

use bloom_domain::audit::{Action, Subject};
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, WorkspaceId};
use bloom_domain::workspaces::{Act, Role};
use bloom_store as store;
use serde_json::{Value, json};
use store::workspaces::Team;
use store::{Change, Tx};

use crate::audit::{Author, Difference};
use crate::sessions::Claim;
use crate::{Error, Service, SignedIn};

/// Somebody who may do what they are about to do.
pub(crate) struct Admitted {
    pub(crate) team: Team,
    pub(crate) account: AccountId,
    pub(crate) email: Email,
    author: Author,
}

impl Admitted {
    /// Records something about the workspace as a whole.
    pub(crate) fn record(&self, tx: &mut Tx<'_>, action: Action, difference: Difference) {
        self.record_of(tx, action, self.account, difference);
    }

    /// Records something that is also about somebody else.
    pub(crate) fn record_of(
        &self,
        tx: &mut Tx<'_>,
        action: Action,
        account: AccountId,
        difference: Difference,
    ) {
        let id = self.team.workspace.id;
        self.author.record(tx, action, Subject::Workspace(id), (account, id), difference);
    }

    /// Some members of a record, with the workspace's name.
    pub(crate) fn named(&self, members: &Value) -> Value {
        let mut named = members.clone();
        named["workspace"] = self.team.workspace.name.as_str().into();
        named
    }
}

/// Does something in a team workspace, as somebody who may.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::NotAllowed`], [`Error::SignedOut`], [`Error::AccountBanned`],
/// and those of the change.
pub(crate) async fn change<T: Send + 'static>(
    service: &Service,
    person: &SignedIn,
    workspace: WorkspaceId,
    act: Act,
    change: impl FnOnce(&mut Tx<'_>, &Admitted) -> Result<Result<T, Error>, store::Error>
    + Send
    + 'static,
) -> Result<T, Error> {
    let (claim, author) = (person.claim(), person.author(service)?);
    let email = person.account().email.clone();
    service
        .store
        .write(move |tx| {
            let team = match admit(tx, claim, workspace, act)? {
                Ok(team) => team,
                Err(refused) => return Ok(Err(refused)),
            };
            change(tx, &Admitted { team, account: claim.account, email, author })
        })
        .await?
}

/// Whether somebody may do something in a workspace, for the rest of the transaction. Only what is
/// deleted can be restored, and nothing else can be done with it.
fn admit(
    tx: &mut Tx<'_>,
    claim: Claim,
    workspace: WorkspaceId,
    act: Act,
) -> Result<Result<Team, Error>, store::Error> {
    if let Err(refused) = claim.check(tx)? {
        return Ok(Err(refused));
    }
    store::workspaces::take(tx, workspace)?;
    let team = store::workspaces::find_team(tx, claim.account, workspace)?;
    let team = team.filter(|team| team.deleted_at.is_none() || act == Act::Restore);
    Ok(match team {
        None => Err(Error::WorkspaceNotFound),
        Some(team) if team.role.may(act) => Ok(team),
        Some(_) => Err(Error::NotAllowed),
    })
}

/// Removes somebody else: the workspace is out of their credentials' reach with the next request.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::MemberNotFound`], [`Error::NotAllowed`],
/// [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn remove(
    service: &Service,
    person: &SignedIn,
    workspace: WorkspaceId,
    who: AccountId,
) -> Result<(), Error> {
    change(service, person, workspace, Act::See, move |tx, admitted| {
        let Some(member) = store::members::find(tx, workspace, who)? else {
            return Ok(Err(Error::MemberNotFound));
        };
        if !admitted.team.role.may(Act::Remove(member.role)) {
            return Ok(Err(Error::NotAllowed));
        }
        store::members::delete(tx, workspace, who, member.role)?;
        let before = admitted.named(&json!({
            "member": member.email.as_str(),
            "role": member.role.as_str(),
        }));
        let difference = Difference { before, ..Difference::default() };
        admitted.record_of(tx, Action::MemberRemoved, who, difference);
        tx.changed(Change::Account(who));
        Ok(Ok(()))
    })
    .await
}

/// Leaves a workspace. An owner transfers or deletes it first.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::NotAllowed`] for the owner, [`Error::SignedOut`],
/// [`Error::AccountBanned`].
pub async fn leave(
    service: &Service,
    person: &SignedIn,
    workspace: WorkspaceId,
) -> Result<(), Error> {
    change(service, person, workspace, Act::Leave, move |tx, admitted| {
        let role = admitted.team.role;
        store::members::delete(tx, workspace, admitted.account, role)?;
        let before = admitted.named(&json!({ "role": role.as_str() }));
        let difference = Difference { before, ..Difference::default() };
        admitted.record(tx, Action::MemberLeft, difference);
        tx.changed(Change::Account(admitted.account));
        Ok(Ok(()))
    })
    .await
}

/// Gives somebody another role.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::MemberNotFound`], [`Error::NotAllowed`],
/// [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn set_role(
    service: &Service,
    person: &SignedIn,
    workspace: WorkspaceId,
    who: AccountId,
    to: Role,
) -> Result<(), Error> {
    change(service, person, workspace, Act::See, move |tx, admitted| {
        let Some(member) = store::members::find(tx, workspace, who)? else {
            return Ok(Err(Error::MemberNotFound));
        };
        if !admitted.team.role.may(Act::ChangeRole { from: member.role, to }) {
            return Ok(Err(Error::NotAllowed));
        }
        if member.role == to {
            return Ok(Ok(()));
        }
        store::members::set_role(tx, workspace, who, member.role, to)?;
        let told = |role: Role| json!({ "member": member.email.as_str(), "role": role.as_str() });
        let difference = Difference { before: told(member.role), after: admitted.named(&told(to)) };
        admitted.record_of(tx, Action::RoleChanged, who, difference);
        Ok(Ok(()))
    })
    .await
}
