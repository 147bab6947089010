//! Workspaces within a person's reach. Membership is read on every request.
//!
//! Team workspaces are managed by people at a browser; what each role may do is in
//! `bloom_domain::workspaces::Role::may` and asked in `members::change`.

use bloom_domain::audit::{Action, Subject, Whose};
use bloom_domain::ids::{AccountId, WorkspaceId};
use bloom_domain::invitations::Invitation;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{
    Act, GRACE, MAX_OWNED, Member, Reach, Role, Workspace, WorkspaceChoice, WorkspaceKind,
    WorkspaceName,
};
use bloom_store as store;
use serde_json::json;
pub use store::workspaces::Team;
use store::{Change, Tx};

use crate::audit::Difference;
use crate::brands::emptying;
use crate::members::{self, Admitted};
use crate::{Error, Principal, Service, SignedIn, plans, subscriptions};

/// The caller's workspaces, as far as the credential reaches: the personal one first, then teams by
/// name.
///
/// # Errors
/// [`Error::PlanUpgradeRequired`].
pub async fn list(service: &Service, principal: &Principal) -> Result<Vec<Workspace>, Error> {
    let account = principal.account_id();
    let mut all = service.store.read(move |tx| store::workspaces::list_of(tx, account)).await?;
    all.retain(|workspace| principal.reach().contains(workspace.id));
    plans::admit(service, principal).await?;
    Ok(all)
}

/// A person's workspaces, for whom they choose what may act in them.
///
/// # Errors
/// When the database cannot be read.
pub async fn of(service: &Service, person: &SignedIn) -> Result<Vec<Workspace>, Error> {
    let account = person.account().id;
    Ok(service.store.read(move |tx| store::workspaces::list_of(tx, account)).await?)
}

/// The workspace that a request means. What the caller does not belong to, what is deleted, and what
/// the credential does not reach, all answer as what is not there.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::PersonalOutOfReach`].
pub(crate) async fn resolve(
    service: &Service,
    principal: &Principal,
    choice: WorkspaceChoice,
) -> Result<Workspace, Error> {
    let (account, reach) = (principal.account_id(), principal.reach().clone());
    let found = service.store.read(move |tx| find_in(tx, account, &reach, choice)).await?;
    found.ok_or(Error::not_there(choice))
}

/// The same in the transaction of whoever changes something there.
pub(crate) fn find_in(
    tx: &mut Tx<'_>,
    account: AccountId,
    reach: &Reach,
    choice: WorkspaceChoice,
) -> Result<Option<Workspace>, store::Error> {
    let found = match choice {
        WorkspaceChoice::Personal => store::workspaces::find_personal(tx, account)?,
        WorkspaceChoice::Team(id) => store::workspaces::find_in_reach(tx, account, id)?,
    };
    Ok(found.filter(|workspace| reach.contains(workspace.id)))
}

/// The person's workspaces: the personal one first, then teams by name.
///
/// # Errors
/// When the database cannot be read.
pub async fn mine(service: &Service, person: &SignedIn) -> Result<Vec<Workspace>, Error> {
    let account = person.account().id;
    Ok(service.store.read(move |tx| store::workspaces::list_of(tx, account)).await?)
}

/// The person's team workspaces by name, deleted ones included.
///
/// # Errors
/// When the database cannot be read.
pub async fn teams(service: &Service, person: &SignedIn) -> Result<Vec<Team>, Error> {
    let account = person.account().id;
    let list = move |tx: &mut Tx<'_>| store::workspaces::list_teams_of(tx, account);
    let mut teams = service.store.read(list).await?;
    let gone = service.now().minus(GRACE);
    teams.retain(|team| team.deleted_at.is_none_or(|at| at > gone));
    Ok(teams)
}

/// A team workspace with its people.
pub struct TeamWithPeople {
    /// The workspace, and what the person is there.
    pub team: Team,
    /// Everybody in it, those who came first first.
    pub people: Vec<Member>,
    /// Who is invited, for those who may invite.
    pub invitations: Vec<Invitation>,
    /// Whether somebody pays for its plan.
    pub is_paid_for: bool,
}

/// One of the person's team workspaces.
///
/// # Errors
/// [`Error::WorkspaceNotFound`].
pub async fn team(
    service: &Service,
    person: &SignedIn,
    id: WorkspaceId,
) -> Result<TeamWithPeople, Error> {
    let (account, now) = (person.account().id, service.now());
    let gone = now.minus(GRACE);
    let find = move |tx: &mut Tx<'_>| {
        let team = store::workspaces::find_team(tx, account, id)?;
        let Some(team) = team.filter(|team| team.deleted_at.is_none_or(|at| at > gone)) else {
            return Ok(None);
        };
        let people = store::members::list(tx, id)?;
        let invitations = match team.role.may(Act::Invite(Role::Member)) {
            true => store::invitations::list(tx, id, now)?,
            false => Vec::new(),
        };
        let is_paid_for = subscriptions::is_paid_for(tx, id)?;
        Ok(Some(TeamWithPeople { team, people, invitations, is_paid_for }))
    };
    service.store.read(find).await?.ok_or(Error::WorkspaceNotFound)
}

/// Makes a team workspace, owned by the person, if the plan of their own workspace includes that.
///
/// # Errors
/// [`Error::TooManyWorkspaces`], [`Error::PlanUpgradeRequired`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn create(
    service: &Service,
    person: &SignedIn,
    name: &WorkspaceName,
) -> Result<Workspace, Error> {
    let (claim, author, now) = (person.claim(), person.author(service)?, service.now());
    let workspace = Workspace {
        id: WorkspaceId::new(now, &service.entropy.draw()?),
        kind: WorkspaceKind::Team,
        name: name.as_str().to_owned(),
    };
    let (made, billing) = (workspace.clone(), service.settings.billing.clone());
    service
        .store
        .write(move |tx| {
            if let Err(refused) = claim.check(tx)? {
                return Ok(Err(refused));
            }
            if store::workspaces::count_owned(tx, claim.account)? >= MAX_OWNED {
                return Ok(Err(Error::TooManyWorkspaces));
            }
            if !plans::may_have_teams(tx, billing.as_deref(), claim.account)? {
                return Ok(Err(Error::PlanUpgradeRequired));
            }
            store::workspaces::insert(tx, &made, now)?;
            store::members::insert(tx, made.id, claim.account, Role::Owner, now)?;
            let after = json!({ "workspace": made.name });
            let difference = Difference { after, ..Difference::default() };
            let (subject, whose) = (Subject::Workspace(made.id), (claim.account, made.id));
            author.record(tx, Action::WorkspaceCreated, subject, whose, difference);
            tx.changed(Change::Account(claim.account));
            Ok(Ok(()))
        })
        .await??;
    Ok(workspace)
}

/// Gives a team workspace another name.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::NotAllowed`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn rename(
    service: &Service,
    person: &SignedIn,
    id: WorkspaceId,
    name: WorkspaceName,
) -> Result<(), Error> {
    members::change(service, person, id, Act::Rename, move |tx, admitted| {
        let before = &admitted.team.workspace.name;
        if before == name.as_str() {
            return Ok(Ok(()));
        }
        store::workspaces::rename(tx, id, name.as_str())?;
        let difference = Difference {
            before: json!({ "workspace": before }),
            after: json!({ "workspace": name.as_str() }),
        };
        admitted.record(tx, Action::WorkspaceRenamed, difference);
        Ok(Ok(()))
    })
    .await
}

/// Makes a member the owner; who was it becomes an admin.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::MemberNotFound`], [`Error::NotAllowed`],
/// [`Error::TooManyWorkspaces`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn transfer(
    service: &Service,
    person: &SignedIn,
    id: WorkspaceId,
    to: AccountId,
) -> Result<(), Error> {
    members::change(service, person, id, Act::Transfer, move |tx, admitted| {
        let Some(heir) = store::members::find(tx, id, to)?.filter(|heir| heir.role != Role::Owner)
        else {
            return Ok(Err(Error::MemberNotFound));
        };
        // How many they own is a decision over several rows. Two who give each other something at the same
        // time would wait for each other: the database ends one of them, and the store runs it again.
        store::accounts::take(tx, to)?;
        if store::workspaces::count_owned(tx, to)? >= MAX_OWNED {
            return Ok(Err(Error::TooManyWorkspaces));
        }
        store::members::set_role(tx, id, to, heir.role, Role::Owner)?;
        store::members::set_role(tx, id, admitted.account, Role::Owner, Role::Admin)?;
        let difference = Difference {
            before: json!({ "owner": admitted.email.as_str() }),
            after: admitted.named(&json!({ "owner": heir.email.as_str() })),
        };
        admitted.record_of(tx, Action::WorkspaceTransferred, to, difference);
        Ok(Ok(()))
    })
    .await
}

/// Deletes a team workspace: it is out of everybody's reach with the next request, and can be restored
/// for a while.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::NotAllowed`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn delete(service: &Service, person: &SignedIn, id: WorkspaceId) -> Result<(), Error> {
    let now = service.now();
    members::change(service, person, id, Act::Delete, move |tx, admitted| {
        if store::workspaces::delete(tx, id, now)? {
            record_state(tx, admitted, Action::WorkspaceDeleted);
        }
        Ok(Ok(()))
    })
    .await
}

/// Takes a deletion back.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], also when it was deleted too long ago; [`Error::NotAllowed`],
/// [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn restore(service: &Service, person: &SignedIn, id: WorkspaceId) -> Result<(), Error> {
    let gone = service.now().minus(GRACE);
    members::change(service, person, id, Act::Restore, move |tx, admitted| {
        if store::workspaces::restore(tx, id, gone)? {
            record_state(tx, admitted, Action::WorkspaceRestored);
            return Ok(Ok(()));
        }
        let is_there = admitted.team.deleted_at.is_none();
        Ok(if is_there { Ok(()) } else { Err(Error::WorkspaceNotFound) })
    })
    .await
}

/// To whose audit belongs what happens to a workspace without anybody in it: its owner's, and that of
/// whoever looks after it.
pub(crate) fn whose(tx: &mut Tx<'_>, id: WorkspaceId) -> Result<Whose, store::Error> {
    let people = store::members::list(tx, id)?;
    let owner = people.into_iter().find(|member| member.role == Role::Owner);
    Ok(Whose { account: owner.map(|owner| owner.account), workspace: Some(id) })
}

fn record_state(tx: &mut Tx<'_>, admitted: &Admitted, action: Action) {
    tx.changed(Change::Workspace(admitted.team.workspace.id));
    let after = admitted.named(&json!({}));
    admitted.record(tx, action, Difference { after, ..Difference::default() });
}

/// Removes what is in workspaces that were deleted too long ago to be restored: brands, images, and last the
/// people, by whom a workspace is found again when this was interrupted. The rows stay, without a name, for
/// what refers to them.
///
/// # Errors
/// When the database cannot be written; what is left goes the next time.
pub(crate) async fn empty_deleted(
    service: &Service,
    deleted_before: Timestamp,
    limit: i64,
) -> Result<(), Error> {
    loop {
        let list =
            move |tx: &mut Tx<'_>| store::workspaces::list_to_empty(tx, deleted_before, limit);
        let gone = service.store.read(list).await?;
        for &id in &gone {
            emptying::empty(service, id).await?;
            let leave = move |tx: &mut Tx<'_>| {
                store::invitations::delete_all(tx, id)?;
                store::members::delete_all(tx, id)?;
                store::workspaces::rename(tx, id, "")
            };
            service.store.write(leave).await?;
        }
        if i64::try_from(gone.len()).unwrap_or(i64::MAX) < limit {
            return Ok(());
        }
    }
}
