//! The authorization endpoint, and `/authorize`, where a person answers an app.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::access::{Access, BloomScope};
use bloom_domain::workspaces::{Reach, Workspace};
use bloom_oauth::redirect_uri::{RedirectKind, RedirectUri};
use bloom_oauth::scope::Scopes;
use bloom_service::authorization::{self, Decision, Next, Question, Resumed};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::moment::moment;
use super::views::{AppIdentity, AppKind, Consent, WorkspaceChoice, WorkspaceOption};
use super::{next, page, redirect};
use crate::api::query::Query;
use crate::app::App;

const REQUEST: &str = "request";
/// The field with the sealed request that the question was made from.
const AGAIN: &str = "again";
/// What the names of the fields that choose a workspace begin with.
const WORKSPACE: &str = "workspace-";
/// What comes before a sealed request in the address of this page.
const HERE: &str = "/authorize?request=";

/// The authorization endpoint (RFC 6749 §3.1).
pub(crate) async fn begin(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let query = request.uri().query().unwrap_or_default();
    let next = authorization::anonymous_begin(&app.service, browser.person(), query).await?;
    Ok(go_on(&next))
}

/// Where a person answers.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let query = Query(request.uri().query().unwrap_or_default());
    let sealed = query.optional(REQUEST).ok().flatten().unwrap_or_default();
    let resumed = authorization::anonymous_resume(&app.service, browser.person(), &sealed).await?;
    match resumed {
        Resumed::Next(next) => Ok(go_on(&next)),
        Resumed::Question(question) => Ok(page(StatusCode::OK, &view(&app, &browser, *question))),
    }
}

/// Takes the answer.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let person = browser.require_person()?;
    let decision = match form.text("decision") {
        "allow" => Decision::Allow(reach(&form)?),
        "deny" => Decision::Deny,
        _ => return Err(PageError::UnreadableForm("It has neither of the two answers.")),
    };
    if decision == Decision::Allow(Reach::Only(Vec::new())) {
        return ask_again(&app, &browser, form.text(AGAIN)).await;
    }
    let sealed = form.text(REQUEST);
    Ok(redirect(&authorization::answer(&app.service, person, sealed, decision).await?))
}

/// The workspaces that were chosen.
fn reach(form: &Form) -> Result<Reach, PageError> {
    match form.text("workspaces") {
        "" | "all" => Ok(Reach::All),
        "some" => {
            let ids: Result<Vec<_>, _> = form.checked(WORKSPACE).map(str::parse).collect();
            ids.map(Reach::Only).map_err(|_| PageError::UnreadableForm("It names no workspace."))
        }
        _ => Err(PageError::UnreadableForm("It has neither of the two choices.")),
    }
}

/// The page once more for whoever wanted to choose and chose nothing.
async fn ask_again(app: &App, browser: &Browser, sealed: &str) -> Result<Response, PageError> {
    match authorization::anonymous_resume(&app.service, browser.person(), sealed).await? {
        Resumed::Next(next) => Ok(go_on(&next)),
        Resumed::Question(question) => {
            let choice = WorkspaceChoice {
                error: Some("Choose at least one workspace, or all of them.".to_owned()),
                is_limited: true,
                ..choice(&question)
            };
            let view = Consent { choice: Some(choice), ..view(app, browser, *question) };
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
    }
}

/// The choice of workspaces.
fn choice(question: &Question) -> WorkspaceChoice {
    let option = |workspace: &Workspace| WorkspaceOption {
        id: workspace.id.to_string(),
        name: workspace.name.clone(),
        is_chosen: question.reach != Reach::All && question.reach.contains(workspace.id),
    };
    WorkspaceChoice {
        options: question.workspaces.iter().map(option).collect(),
        is_limited: question.reach != Reach::All,
        error: None,
    }
}

/// The sealed request in a `next` that leads back here.
pub(crate) fn sealed_in(next: &str) -> Option<&str> {
    next.strip_prefix(HERE)
}

fn go_on(next: &Next) -> Response {
    let with = |path: &str, sealed: &str, again: bool| {
        let next = format!("{HERE}{sealed}");
        redirect(&if again { next::link_again(path, &next) } else { next::link(path, Some(&next)) })
    };
    match next {
        Next::App(url) => redirect(url),
        Next::SignIn { sealed, again } => with("/sign-in", sealed, *again),
        Next::SignUp { sealed, again } => with("/sign-up", sealed, *again),
        Next::Ask { sealed } => redirect(&format!("{HERE}{sealed}")),
    }
}

fn view(app: &App, browser: &Browser, question: Question) -> Consent {
    let now = app.service.now();
    let layout = browser.layout();
    let here = format!("{HERE}{}", question.request);
    // With a single one there is nothing to choose, unless it was chosen before.
    let has_choice = question.workspaces.len() > 1 || question.reach != Reach::All;
    let choice = has_choice.then(|| choice(&question));
    Consent {
        account: layout.signed_in_as.clone().unwrap_or_default(),
        layout,
        sealed: question.sealed,
        again: question.request,
        choice,
        app: AppIdentity {
            name: question.client.display_name(),
            kind: match question.redirect.kind() {
                RedirectKind::Site(host) => AppKind::Unverified { host: host.clone() },
                RedirectKind::Loopback | RedirectKind::PrivateUse(_) => AppKind::OnThisDevice,
            },
        },
        answer_goes_to: destination(&question.redirect),
        switch_account_href: next::link_again("/sign-in", &here),
        access: access_lines(question.access, &question.scopes),
        not_granted: not_granted(question.access),
        workspaces: question.workspaces.into_iter().map(|workspace| workspace.name).collect(),
        connected_since: question.connected_since.map(|since| moment(since, now)),
    }
}

fn destination(redirect: &RedirectUri) -> String {
    match redirect.kind() {
        RedirectKind::Site(host) => format!("https://{host}"),
        RedirectKind::Loopback => "this device".to_owned(),
        RedirectKind::PrivateUse(scheme) => format!("{scheme}: on this device"),
    }
}

/// What is granted, in words: the person's things first, then what the app learns of the person.
fn access_lines(access: Access, scopes: &Scopes) -> Vec<String> {
    let bloom = BloomScope::ALL.into_iter().filter(|scope| access.allows(*scope)).map(words);
    let identity = [("profile", "Learn the name you chose"), ("email", "Learn your email address")];
    let identity =
        identity.into_iter().filter(|(scope, _)| scopes.contains(scope)).map(|(_, words)| words);
    bloom.chain(identity).map(str::to_owned).collect()
}

/// What a scope allows, as a person reads it.
pub(crate) fn words(scope: BloomScope) -> &'static str {
    match scope {
        BloomScope::Read => "See your brands, images, workspaces and credits",
        BloomScope::Generate => "Make and change images, which spends your credits",
        BloomScope::Write => "Change and delete your brands and images",
        BloomScope::KeysAdmin => "Make and revoke your API keys",
    }
}

fn not_granted(access: Access) -> Option<String> {
    let text = "It cannot make or revoke API keys, or change your password.";
    (!access.allows(BloomScope::KeysAdmin)).then(|| text.to_owned())
}
