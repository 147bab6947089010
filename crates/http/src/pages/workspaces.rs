//! `/settings/workspaces`: team workspaces and their people.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, InvitationId, WorkspaceId};
use bloom_domain::invitations::Invitation;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Act, GRACE, Member, Role, WorkspaceName};
use bloom_service::workspaces::{self, TeamWithPeople};
use bloom_service::{Error, SignedIn, invitations, members};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::moment::{self, moment};
use super::parts::Part;
use super::views::{Field, InvitationRow, MemberRow, TeamPage};
use super::{Segment, page, redirect, reset, settings, sign_in};
use crate::api::query::Query;
use crate::app::App;

/// So many people and invitations are shown at a time: a page is to be light.
const PEOPLE_AT_A_TIME: usize = 5;
const INVITATIONS_AT_A_TIME: usize = 6;

/// Two ids in a path.
type Segments = Result<Path<(String, String)>, PathRejection>;

/// Makes a team workspace.
pub(crate) async fn create(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let typed = form.text("name");
    let refused = |error: String| Field { value: typed.to_owned(), error: Some(error) };
    let name = match WorkspaceName::parse(typed) {
        Ok(name) => name,
        Err(error) => {
            let field = refused(error.to_string());
            return settings::with_refused_workspace(&app, &browser, person, field).await;
        }
    };
    match workspaces::create(&app.service, person, &name).await {
        Ok(workspace) => Ok(redirect(&path(workspace.id))),
        Err(Error::TooManyWorkspaces) => {
            let field = refused("You own as many workspaces as one person may.".to_owned());
            settings::with_refused_workspace(&app, &browser, person, field).await
        }
        Err(Error::PlanUpgradeRequired) => {
            let field = refused(
                "Your plan does not include team workspaces. What each plan includes is at the top of this \
                 page, under “Plans”."
                    .to_owned(),
            );
            settings::with_refused_workspace(&app, &browser, person, field).await
        }
        Err(error) => Err(error.into()),
    }
}

/// One of the person's team workspaces.
pub(crate) async fn show(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let id = super::id(id)?;
    let person = browser.person_at(&path(id))?;
    let query = Query(request.uri().query().unwrap_or_default());
    let done = query.optional("done").ok().flatten().and_then(|done| sentence(&done));
    let view = TeamPage { done, ..part(&app, &browser, person, (id, query)).await? };
    Ok(page(StatusCode::OK, &view))
}

/// Gives it another name.
pub(crate) async fn rename(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let (id, typed) = (super::id(id)?, form.text("name"));
    match WorkspaceName::parse(typed) {
        Ok(name) => {
            workspaces::rename(&app.service, person, id, name).await?;
            Ok(done(id, "renamed"))
        }
        Err(error) => {
            let name = Field { value: typed.to_owned(), error: Some(error.to_string()) };
            let view = TeamPage { new_name: name, ..view(&app, &browser, person, id).await? };
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
    }
}

/// Invites somebody.
pub(crate) async fn invite(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let (id, typed) = (super::id(id)?, form.text("email"));
    let Some(role) = Role::from_stored(form.text("role")) else {
        return Err(PageError::UnreadableForm("It names no role."));
    };
    let (mut status, mut wait) = (StatusCode::UNPROCESSABLE_ENTITY, None);
    let refused = match Email::parse(typed) {
        Err(error) => error.to_string(),
        Ok(email) => {
            match invitations::create(&app.service, person, id, (email.clone(), role)).await {
                Ok(link) => {
                    let view = view(&app, &browser, person, id).await?;
                    let view = TeamPage { invited: Some((email.to_string(), link)), ..view };
                    return Ok(page(StatusCode::OK, &view));
                }
                Err(Error::AlreadyMember) => "They belong to this workspace already.".to_owned(),
                Err(Error::TooManyPeople) => {
                    "This workspace has as many people as one may have. Take an invitation back, or \
                     remove somebody."
                        .to_owned()
                }
                Err(Error::NoSeat { seats }) => no_seat(seats),
                Err(Error::TooMany { retry_after }) => {
                    status = StatusCode::TOO_MANY_REQUESTS;
                    wait = Some(retry_after);
                    let after = moment::wait(retry_after);
                    format!("Too many invitations were sent, by you or from where you are to this address. This one was not. Try again in {after}.")
                }
                Err(Error::MailUnavailable(_)) => {
                    status = StatusCode::SERVICE_UNAVAILABLE;
                    reset::NO_MAIL.to_owned()
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    let email = Field { value: typed.to_owned(), error: Some(refused) };
    let view = TeamPage { email, role, ..view(&app, &browser, person, id).await? };
    let page = page(status, &view);
    Ok(match wait {
        Some(wait) => sign_in::with_retry_after(page, wait),
        None => page,
    })
}

fn no_seat(seats: i64) -> String {
    let people = if seats == 1 { "1 person".to_owned() } else { format!("{seats} people") };
    format!(
        "The plan of this workspace has room for {people}, invited ones included. Choose a larger plan in \
         the settings, or make room."
    )
}

/// Takes an invitation back.
pub(crate) async fn withdraw(
    State(app): State<App>,
    ids: Segments,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let (id, invitation): (WorkspaceId, InvitationId) = both(ids)?;
    invitations::withdraw(&app.service, person, id, invitation).await?;
    Ok(done(id, "withdrawn"))
}

/// Removes somebody.
pub(crate) async fn remove(
    State(app): State<App>,
    ids: Segments,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let (id, who): (WorkspaceId, AccountId) = both(ids)?;
    members::remove(&app.service, person, id, who).await?;
    Ok(done(id, "removed"))
}

/// Gives somebody another role.
pub(crate) async fn set_role(
    State(app): State<App>,
    ids: Segments,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let (id, who): (WorkspaceId, AccountId) = both(ids)?;
    let Some(role) = Role::from_stored(form.text("role")) else {
        return Err(PageError::UnreadableForm("It names no role."));
    };
    members::set_role(&app.service, person, id, who, role).await?;
    Ok(done(id, "role"))
}

/// Makes somebody else the owner.
pub(crate) async fn transfer(
    State(app): State<App>,
    ids: Segments,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let (id, to): (WorkspaceId, AccountId) = both(ids)?;
    let found = workspaces::team(&app.service, person, id).await?;
    let is_member = |one: &Member| one.account == to && one.role != Role::Owner;
    // Who may not do it, or not with them, is told that instead.
    if found.team.role.may(Act::Transfer)
        && found.people.iter().any(is_member)
        && let Some(refused) = unconfirmed(&form, &found.team.workspace.name)
    {
        let mut view = view(&app, &browser, person, id).await?;
        let row = view.people.iter_mut().find(|one| one.id == to.to_string());
        let further_on = PageError::UnreadableForm("It does not name the workspace.");
        row.ok_or(further_on)?.confirmed = refused;
        return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view));
    }
    workspaces::transfer(&app.service, person, id, to).await?;
    Ok(done(id, "transferred"))
}

/// What was typed in the place of a workspace's name, and that it is another.
fn unconfirmed(form: &Form, name: &str) -> Option<Field> {
    let typed = form.text("name");
    let error = || Some("This is not the name of the workspace.".to_owned());
    (typed.trim() != name).then(|| Field { value: typed.to_owned(), error: error() })
}

/// Leaves.
pub(crate) async fn leave(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    members::leave(&app.service, person, super::id(id)?).await?;
    Ok(redirect("/settings?left=workspace#workspaces"))
}

/// Deletes it, once its name was typed.
pub(crate) async fn delete(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id = super::id(id)?;
    let found = workspaces::team(&app.service, person, id).await?;
    if let Some(confirmed) = unconfirmed(&form, &found.team.workspace.name) {
        let view = view(&app, &browser, person, id).await?;
        return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &TeamPage { confirmed, ..view }));
    }
    workspaces::delete(&app.service, person, id).await?;
    Ok(done(id, "deleted"))
}

/// Takes that back.
pub(crate) async fn restore(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, _) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let id = super::id(id)?;
    workspaces::restore(&app.service, person, id).await?;
    Ok(done(id, "restored"))
}

/// The address of a form, opened like a page.
pub(crate) async fn go_to_list() -> Response {
    redirect("/settings#workspaces")
}

/// The address of a form on a workspace's page, opened like a page.
pub(crate) async fn go_to_it(
    segments: Result<Path<Vec<(String, String)>>, PathRejection>,
) -> Response {
    let segments = segments.map(|Path(segments)| segments).unwrap_or_default();
    let id = segments.into_iter().next().and_then(|(_, id)| id.parse().ok());
    redirect(&id.map_or_else(|| "/settings#workspaces".to_owned(), path))
}

/// The page of a workspace.
pub(crate) fn path(id: WorkspaceId) -> String {
    format!("/settings/workspaces/{id}")
}

fn done(id: WorkspaceId, what: &str) -> Response {
    redirect(&format!("{}?done={what}", path(id)))
}

fn sentence(done: &str) -> Option<String> {
    let text = match done {
        "renamed" => "The workspace has its new name.",
        "withdrawn" => "The invitation is taken back; its link does not work any more.",
        "removed" => "They are removed. Their keys and apps cannot reach this workspace any more.",
        "role" => "They have their new role.",
        "transferred" => "The workspace has a new owner. You are an admin now.",
        "deleted" => "The workspace is deleted. You can restore it until the day named below.",
        "restored" => "The workspace is back, with everybody in it.",
        "joined" => "You belong to this workspace now.",
        _ => return None,
    };
    Some(text.to_owned())
}

fn both<A: std::str::FromStr, B: std::str::FromStr>(ids: Segments) -> Result<(A, B), PageError> {
    let Ok(Path((first, second))) = ids else {
        return Err(PageError::NotFound);
    };
    first.parse().ok().zip(second.parse().ok()).ok_or(PageError::NotFound)
}

async fn view(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    id: WorkspaceId,
) -> Result<TeamPage, PageError> {
    part(app, browser, person, (id, Query(""))).await
}

/// The page with the part of its lists that a query asks for.
async fn part(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    (id, query): (WorkspaceId, Query<'_>),
) -> Result<TeamPage, PageError> {
    let shown = Part::first("people", PEOPLE_AT_A_TIME).asked(query);
    let invited = Part::first("invitations", INVITATIONS_AT_A_TIME).asked(query);
    let now = app.service.now();
    let TeamWithPeople { team, people, invitations, is_paid_for } =
        workspaces::team(&app.service, person, id).await?;
    let me = (person.account().id, team.role);
    let can = |act| team.deleted_at.is_none() && team.role.may(act);
    Ok(TeamPage {
        layout: browser.layout(),
        id: id.to_string(),
        new_name: Field { value: team.workspace.name.clone(), error: None },
        name: team.workspace.name,
        role: Role::Member,
        done: None,
        invited: None,
        is_there: can(Act::See),
        can_see_activity: can(Act::SeeActivity),
        can_rename: can(Act::Rename),
        invites_to: Role::GIVEN.into_iter().filter(|&role| can(Act::Invite(role))).collect(),
        can_leave: can(Act::Leave),
        can_delete: can(Act::Delete),
        can_restore: team.role.may(Act::Restore),
        is_paid_for,
        deleted_until: team.deleted_at.map(|at| moment(at.plus(GRACE), now)),
        email: Field::default(),
        confirmed: Field::default(),
        more_people: shown.links(people.len(), &path(id), "people"),
        people: shown
            .of(&people)
            .iter()
            .map(|member| row(member, me, can(Act::See), now))
            .collect(),
        more_invitations: invited.links(invitations.len(), &path(id), "invitations"),
        invitations: invited
            .of(&invitations)
            .iter()
            .map(|one| invitation(one, team.role, now))
            .collect(),
    })
}

fn row(member: &Member, (me, my): (AccountId, Role), is_there: bool, now: Timestamp) -> MemberRow {
    let is_me = member.account == me;
    let may = |act| is_there && !is_me && my.may(act);
    MemberRow {
        id: member.account.to_string(),
        name: member.name.clone(),
        email: member.email.to_string(),
        role: member.role,
        is_me,
        joined: moment(member.joined_at, now),
        can_be_removed: may(Act::Remove(member.role)),
        other_role: Role::GIVEN
            .into_iter()
            .find(|&to| to != member.role && may(Act::ChangeRole { from: member.role, to })),
        can_own: member.role != Role::Owner && may(Act::Transfer),
        confirmed: Field::default(),
    }
}

fn invitation(invitation: &Invitation, my: Role, now: Timestamp) -> InvitationRow {
    InvitationRow {
        id: invitation.id.to_string(),
        email: invitation.email.to_string(),
        role: invitation.role,
        sent: moment(invitation.created_at, now),
        ends: moment(invitation.expires_at, now),
        can_be_withdrawn: my.may(Act::Invite(invitation.role)),
    }
}
