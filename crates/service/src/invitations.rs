//! Invitations into team workspaces: sent by a member who may, answered by whoever holds the link.

use bloom_domain::audit::{Action, Subject};
use bloom_domain::email::Email;
use bloom_domain::ids::{InvitationId, WorkspaceId};
use bloom_domain::invitations::{Invitation, LIFETIME};
use bloom_domain::mail as letters;
use bloom_domain::secrets::OpaqueSecret;
use bloom_domain::workspaces::{Act, MAX_PEOPLE, Role};
use bloom_store as store;
use serde_json::{Value, json};
pub use store::invitations::Found;
use store::mails::StoredMail;
use store::{Change, Tx};

use crate::audit::{Author, Difference};
use crate::{Error, Service, SignedIn, attempts, mail, members, plans};

/// What comes before the secret in the path of an invitation.
pub const PATH: &str = "/invitations/";

/// Invites somebody to a role, with a mail that has the link; gives the link too when mails go into files,
/// since then somebody has to pass it on. An earlier invitation of the same address into the workspace
/// ends.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::NotAllowed`], [`Error::AlreadyMember`],
/// [`Error::TooManyPeople`], [`Error::NoSeat`], [`Error::TooMany`], [`Error::MailUnavailable`], [`Error::SignedOut`],
/// [`Error::AccountBanned`].
pub async fn create(
    service: &Service,
    person: &SignedIn,
    workspace: WorkspaceId,
    (email, role): (Email, Role),
) -> Result<Option<String>, Error> {
    mail::require(service).await?;
    let now = service.now();
    let secret = OpaqueSecret::new(&service.entropy.draw()?);
    let digest = service.keyring.load().invitation_digest(&secret);
    let id = InvitationId::new(now, &service.entropy.draw()?);
    let expires_at = now.plus(LIFETIME);
    let link = format!("{}{PATH}{}", service.settings.origin, secret.expose());
    let letter = letter(service, person, workspace, (&email, &link)).await?;
    let (account, address) = (person.account().id, person.sender().address);
    attempts::take_invitation(service, &email, account, address)?;
    let invitation = Invitation { id, email, role, created_at: now, expires_at };
    let billing = service.settings.billing.clone();
    let is_mailed = !mail::is_passed_on_by_hand(service);
    members::change(service, person, workspace, Act::Invite(role), move |tx, admitted| {
        let people = store::members::list(tx, workspace)?;
        if people.iter().any(|member| member.email == invitation.email) {
            return Ok(Err(Error::AlreadyMember));
        }
        store::invitations::delete_to(tx, workspace, &invitation.email)?;
        let invited = store::invitations::count(tx, workspace, now)?;
        if admitted.team.members + invited >= MAX_PEOPLE {
            return Ok(Err(Error::TooManyPeople));
        }
        let seats = plans::seats(tx, billing.as_deref(), workspace)?;
        if admitted.team.members + invited >= seats {
            return Ok(Err(Error::NoSeat { seats }));
        }
        let by = (admitted.account, is_mailed);
        store::invitations::insert(tx, workspace, &invitation, &digest, by)?;
        mail::queue(tx, &letter)?;
        let after = admitted.named(&told(&invitation));
        let difference = Difference { after, ..Difference::default() };
        admitted.record(tx, Action::MemberInvited, difference);
        Ok(Ok(()))
    })
    .await?;
    Ok((!is_mailed).then_some(link))
}

/// The mail with a link.
async fn letter(
    service: &Service,
    person: &SignedIn,
    workspace: WorkspaceId,
    (to, link): (&Email, &str),
) -> Result<StoredMail, Error> {
    let account = person.account();
    let find = {
        let id = account.id;
        move |tx: &mut Tx<'_>| store::workspaces::find_team(tx, id, workspace)
    };
    let team = service.store.read(find).await?.ok_or(Error::WorkspaceNotFound)?;
    let name = &team.workspace.name;
    mail::write(service, &letters::invitation(to.clone(), name, &account.email, link))
}

/// Takes an invitation back: its link is worth nothing from here on.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::InvitationNotFound`], [`Error::NotAllowed`],
/// [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn withdraw(
    service: &Service,
    person: &SignedIn,
    workspace: WorkspaceId,
    id: InvitationId,
) -> Result<(), Error> {
    members::change(service, person, workspace, Act::See, move |tx, admitted| {
        let Some(invitation) = store::invitations::find(tx, workspace, id)? else {
            return Ok(Err(Error::InvitationNotFound));
        };
        if !admitted.team.role.may(Act::Invite(invitation.role)) {
            return Ok(Err(Error::NotAllowed));
        }
        store::invitations::delete(tx, workspace, id)?;
        let before = admitted.named(&told(&invitation));
        let difference = Difference { before, ..Difference::default() };
        admitted.record(tx, Action::InvitationWithdrawn, difference);
        Ok(Ok(()))
    })
    .await
}

/// The invitation behind a link, for whoever holds it.
///
/// # Errors
/// [`Error::InvitationNotFound`] when it is unknown, expired, answered or taken back.
pub async fn anonymous_find(service: &Service, secret: &OpaqueSecret) -> Result<Found, Error> {
    let digests = service.keyring.load().invitation_digests(secret);
    let now = service.now();
    let find = move |tx: &mut Tx<'_>| find_by(tx, &digests, now);
    service.store.read(find).await?.ok_or(Error::InvitationNotFound)
}

/// Whether a person belongs to a workspace, so that an invitation into it is for somebody else.
///
/// # Errors
/// When the database cannot be read.
pub async fn is_for_another(
    service: &Service,
    person: &SignedIn,
    workspace: WorkspaceId,
) -> Result<bool, Error> {
    let account = person.account().id;
    let find = move |tx: &mut Tx<'_>| store::workspaces::find_team(tx, account, workspace);
    Ok(service.store.read(find).await?.is_some())
}

/// Accepts an invitation: the person belongs to the workspace. Gives which one it is.
///
/// # Errors
/// [`Error::InvitationNotFound`], [`Error::AlreadyMember`], after which the link is as good as before,
/// [`Error::NoSeat`] when the workspace has a smaller plan since,
/// [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn accept(
    service: &Service,
    person: &SignedIn,
    secret: &OpaqueSecret,
) -> Result<WorkspaceId, Error> {
    let now = service.now();
    let billing = service.settings.billing.clone();
    answer(service, person, secret, move |tx, found, author, account| {
        let (workspace, role) = (found.workspace, found.invitation.role);
        if store::members::insert(tx, workspace, account, role, now)? {
            let after = json!({ "workspace": found.workspace_name, "role": role.as_str() });
            let difference = Difference { after, ..Difference::default() };
            let subject = Subject::Workspace(workspace);
            author.record(tx, Action::MemberJoined, subject, (account, workspace), difference);
            tx.changed(Change::Account(account));
            let seats = plans::seats(tx, billing.as_deref(), workspace)?;
            if store::members::count(tx, workspace)? > seats {
                // The invitation stays: somebody may make room.
                tx.abandon();
                return Ok(Err(Error::NoSeat { seats }));
            }
        }
        Ok(Ok(workspace))
    })
    .await?
}

/// Declines an invitation: its link is worth nothing from here on.
///
/// # Errors
/// [`Error::InvitationNotFound`], [`Error::AlreadyMember`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn decline(
    service: &Service,
    person: &SignedIn,
    secret: &OpaqueSecret,
) -> Result<(), Error> {
    answer(service, person, secret, |tx, found, author, account| {
        let mut before = told(&found.invitation);
        before["workspace"] = found.workspace_name.as_str().into();
        let difference = Difference { before, ..Difference::default() };
        let subject = Subject::Workspace(found.workspace);
        let whose = (account, found.workspace);
        author.record(tx, Action::InvitationDeclined, subject, whose, difference);
        Ok(())
    })
    .await
}

/// Ends a good invitation, and does what its answer means.
async fn answer<T: Send + 'static>(
    service: &Service,
    person: &SignedIn,
    secret: &OpaqueSecret,
    mean: impl FnOnce(
        &mut Tx<'_>,
        &Found,
        &Author,
        bloom_domain::ids::AccountId,
    ) -> Result<T, store::Error>
    + Send
    + 'static,
) -> Result<T, Error> {
    let (claim, author, now) = (person.claim(), person.author(service)?, service.now());
    let digests = service.keyring.load().invitation_digests(secret);
    service
        .store
        .write(move |tx| {
            if let Err(refused) = claim.check(tx)? {
                return Ok(Err(refused));
            }
            let Some(found) = find_by(tx, &digests, now)? else {
                return Ok(Err(Error::InvitationNotFound));
            };
            // Whoever changes the workspace or its people comes wholly before this or wholly after.
            store::workspaces::take(tx, found.workspace)?;
            let Some(found) = find_by(tx, &digests, now)? else {
                return Ok(Err(Error::InvitationNotFound));
            };
            // Who belongs to it holds a link that is for somebody else, and keeps the role they have.
            if store::workspaces::find_team(tx, claim.account, found.workspace)?.is_some() {
                return Ok(Err(Error::AlreadyMember));
            }
            store::invitations::delete(tx, found.workspace, found.invitation.id)?;
            mean(tx, &found, &author, claim.account).map(Ok)
        })
        .await?
}

fn find_by(
    tx: &mut Tx<'_>,
    digests: &[bloom_domain::digest::Digest],
    now: bloom_domain::time::Timestamp,
) -> Result<Option<Found>, store::Error> {
    for digest in digests {
        if let Some(found) = store::invitations::find_by_digest(tx, digest, now)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// An invitation as the audit tells it.
fn told(invitation: &Invitation) -> Value {
    json!({ "invited": invitation.email.as_str(), "role": invitation.role.as_str() })
}
