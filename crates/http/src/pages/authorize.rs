//! The authorization endpoint, and `/authorize`, where a person answers an app.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::access::{Access, BloomScope};
use bloom_domain::connections::Until;
use bloom_domain::credits::{Budget, BudgetSpan};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Reach, Workspace};
use bloom_oauth::redirect_uri::{RedirectKind, RedirectUri};
use bloom_oauth::scope::Scopes;
use bloom_service::authorization::{self, Decision, Next, Question, Resumed, Terms};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::{Arrived, Form, as_link};
use super::moment::moment;
use super::views::{
    AppIdentity, AppKind, BudgetChoice, Consent, Field, UntilChoice, UntilOption, WorkspaceChoice,
    WorkspaceOption,
};
use super::{next, page, redirect};
use crate::api::query::Query;
use crate::app::App;
use crate::oauth::AUTHORIZE;

const REQUEST: &str = "request";
/// The field with the sealed request that the question was made from.
const AGAIN: &str = "again";
/// The field that chooses between all workspaces and some.
const WORKSPACES: &str = "workspaces";
/// What the names of the fields that choose a workspace begin with.
const WORKSPACE: &str = "workspace-";
/// The fields that choose a budget.
const BUDGET: &str = "budget";
const BUDGET_SPAN: &str = "budget-span";
/// The field that chooses until when.
const UNTIL: &str = "until";
/// Its choice that has no end.
const UNTIL_REVOKED: &str = "revoked";
/// What comes before a sealed request in the address of this page.
const HERE: &str = "/authorize?request=";

/// The authorization endpoint (RFC 6749 §3.1).
pub(crate) async fn begin(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let query = request.uri().query().unwrap_or_default();
    let person = browser.person();
    let next =
        authorization::anonymous_begin(&app.service, person, query, browser.sender()).await?;
    Ok(go_on(&next))
}

/// "Authorization Servers MUST support the use of the HTTP GET and POST methods" (OpenID Connect Core §3.1.2.1).
pub(crate) async fn forward(request: Request) -> Result<Response, PageError> {
    as_link(AUTHORIZE, request).await
}

/// Where a person answers.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let query = Query(request.uri().query().unwrap_or_default());
    let sealed = query.optional(REQUEST).ok().flatten().unwrap_or_default();
    let resumed = authorization::anonymous_resume(&app.service, browser.person(), &sealed).await?;
    match resumed {
        Resumed::Next(next) => Ok(go_on(&next)),
        Resumed::Question(mut question) => {
            let view = match question.typed.take() {
                None => view(&app, &browser, *question),
                Some(typed) => come_back(&app, &browser, *question, typed),
            };
            Ok(page(StatusCode::OK, &view))
        }
    }
}

/// Takes the answer.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let arrived = Arrived::read(&app, request).await?;
    let sealed = arrived.text(REQUEST);
    let asked_again = if sealed.is_empty() { String::new() } else { format!("{HERE}{sealed}") };
    let (browser, form) = arrived.open(&app).await.map_err(|error| match error {
        PageError::ForeignForm if next::is_local(&asked_again) => {
            PageError::StaleQuestion(asked_again)
        }
        error => error,
    })?;
    // Whose session ended while they were reading comes back to the question, with what they had chosen.
    let at_the_question = |error| match error {
        PageError::SignedOut => PageError::SignedOutAt(format!("{HERE}{}", kept(&app, &form))),
        error => error,
    };
    let person = browser.require_person().map_err(at_the_question)?;
    let decision = match form.text("decision") {
        "allow" => match terms(&form)? {
            Ok(terms) => Decision::Allow(terms),
            Err(errors) => return ask_again(&app, &browser, &form, errors).await,
        },
        "deny" => Decision::Deny,
        _ => return Err(PageError::UnreadableForm("It has neither of the two answers.")),
    };
    let sealed = form.text(REQUEST);
    let answered = authorization::answer(&app.service, person, sealed, decision).await;
    Ok(redirect(&answered.map_err(|refusal| at_the_question(refusal.into()))?))
}

/// The sealed request, with what was chosen.
fn kept(app: &App, form: &Form) -> String {
    let is_chosen = |name: &str| {
        [WORKSPACES, BUDGET, BUDGET_SPAN, UNTIL].contains(&name) || name.starts_with(WORKSPACE)
    };
    let typed = form.those(is_chosen);
    let kept = authorization::anonymous_keep(&app.service, form.text(REQUEST), typed);
    kept.unwrap_or_else(|| form.text(AGAIN).to_owned())
}

/// The page for whoever signed in again, with what they had chosen before.
fn come_back(
    app: &App,
    browser: &Browser,
    question: Question,
    typed: BTreeMap<String, String>,
) -> Consent {
    if typed.is_empty() {
        let notice = Some("Your session had ended, and what you chose is not kept: choose again.");
        return Consent { notice, ..view(app, browser, question) };
    }
    let notice = Some(
        "Your session had ended. What you chose is filled in again, and nothing was sent yet.",
    );
    let filled = filled(app, browser, question, &Form::of(typed), TermErrors::default());
    Consent { notice, ..filled }
}

/// What is wrong with what was chosen.
#[derive(Default)]
struct TermErrors {
    workspaces: Option<String>,
    budget: Option<String>,
}

/// What was chosen.
fn terms(form: &Form) -> Result<Result<Terms, TermErrors>, PageError> {
    let (reach, budget, until) = (reach(form)?, budget(form)?, until(form)?);
    let nowhere = "Choose at least one workspace, or all of them.";
    let errors = TermErrors {
        workspaces: (reach == Reach::Only(Vec::new())).then(|| nowhere.to_owned()),
        budget: budget.as_ref().err().map(|error| format!("The budget: {error}.")),
    };
    Ok(match (errors, budget) {
        (TermErrors { workspaces: None, .. }, Ok(budget)) => Ok(Terms { reach, budget, until }),
        (errors, _) => Err(errors),
    })
}

/// The budget that was chosen.
fn budget(form: &Form) -> Result<Result<Budget, String>, PageError> {
    let none = Budget::default();
    let cap = match super::budgets::cap(form.text(BUDGET)) {
        Ok(None) => return Ok(Ok(none)),
        Ok(cap) => cap,
        Err(error) => return Ok(Err(error)),
    };
    match form.text(BUDGET_SPAN) {
        "day" => Ok(Ok(Budget { day: cap, ..none })),
        "month" => Ok(Ok(Budget { month: cap, ..none })),
        "total" => Ok(Ok(Budget { total: cap, ..none })),
        _ => Err(PageError::UnreadableForm("It names no span for the budget.")),
    }
}

/// Until when, as it was chosen.
fn until(form: &Form) -> Result<Until, PageError> {
    match form.text(UNTIL) {
        "" => Ok(Until::AsBefore),
        UNTIL_REVOKED => Ok(Until::Revoked),
        days => {
            let days = Until::DAYS.into_iter().find(|choice| choice.to_string() == days);
            days.map(Until::Days).ok_or(PageError::UnreadableForm("It names no time to end."))
        }
    }
}

/// The workspaces that were chosen.
fn reach(form: &Form) -> Result<Reach, PageError> {
    match form.text(WORKSPACES) {
        "" | "all" => Ok(Reach::All),
        "some" => {
            let ids: Result<Vec<_>, _> = form.checked(WORKSPACE).map(str::parse).collect();
            ids.map(Reach::Only).map_err(|_| PageError::UnreadableForm("It names no workspace."))
        }
        _ => Err(PageError::UnreadableForm("It has neither of the two choices.")),
    }
}

/// The page once more for whoever chose what cannot be.
async fn ask_again(
    app: &App,
    browser: &Browser,
    form: &Form,
    errors: TermErrors,
) -> Result<Response, PageError> {
    let sealed = form.text(AGAIN);
    match authorization::anonymous_resume(&app.service, browser.person(), sealed).await? {
        Resumed::Next(next) => Ok(go_on(&next)),
        Resumed::Question(question) => {
            let view = filled(app, browser, *question, form, errors);
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
    }
}

/// The page with what was chosen on it, and what is wrong with that.
fn filled(
    app: &App,
    browser: &Browser,
    question: Question,
    form: &Form,
    errors: TermErrors,
) -> Consent {
    let choice = errors.workspaces.map_or_else(
        || chosen(&question, form),
        |error| WorkspaceChoice { error: Some(error), is_limited: true, ..choice(&question) },
    );
    let has_choice = has_choice(&question) || choice.error.is_some();
    let budget = can_spend(&question).then(|| BudgetChoice {
        credits: Field { value: form.text(BUDGET).to_owned(), error: errors.budget },
        span: form.text(BUDGET_SPAN).to_owned(),
        ..budget_choice(&question)
    });
    let until = until_choice(&question, form.text(UNTIL), app.service.now());
    Consent { choice: has_choice.then_some(choice), budget, until, ..view(app, browser, question) }
}

/// The choice of workspaces as it was made.
fn chosen(question: &Question, form: &Form) -> WorkspaceChoice {
    let ids: Vec<_> = form.checked(WORKSPACE).collect();
    let mut choice = choice(question);
    for option in &mut choice.options {
        option.is_chosen = ids.contains(&option.id.as_str());
    }
    WorkspaceChoice { is_limited: form.text(WORKSPACES) == "some", ..choice }
}

/// With a single workspace there is nothing to choose, unless it was chosen before.
fn has_choice(question: &Question) -> bool {
    question.workspaces.len() > 1 || question.reach != Reach::All
}

/// Whether the app asks for something that costs.
fn can_spend(question: &Question) -> bool {
    question.access.allows(BloomScope::Generate)
}

/// The choice of a budget.
fn budget_choice(question: &Question) -> BudgetChoice {
    let caps = BudgetSpan::ALL.into_iter().filter_map(|span| {
        let cap = question.budget.cap(span)?;
        let span = match span {
            BudgetSpan::Day => "a day",
            BudgetSpan::Month => "a month",
            BudgetSpan::Total => "in total",
        };
        Some(format!("{cap} {span}"))
    });
    let caps: Vec<_> = caps.collect();
    BudgetChoice {
        already: (!caps.is_empty()).then(|| caps.join(", ")),
        balances: question.credits.clone(),
        credits: Field::default(),
        span: BudgetSpan::Month.as_str().to_owned(),
    }
}

/// The choice of until when.
fn until_choice(question: &Question, chosen: &str, now: Timestamp) -> UntilChoice {
    let option = |value: String, text: String| {
        let is_chosen = value == chosen;
        UntilOption { value, text, is_chosen }
    };
    let days = Until::DAYS.into_iter().map(|days| {
        let text = match days {
            1 => "For a day".to_owned(),
            365 => "For a year".to_owned(),
            _ => format!("For {days} days"),
        };
        option(days.to_string(), text)
    });
    let for_ever = option(UNTIL_REVOKED.to_owned(), "Until I revoke it".to_owned());
    UntilChoice {
        already: question.ends_at.map(|end| moment(end, now)),
        options: std::iter::once(for_ever).chain(days).collect(),
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
    let choice = has_choice(&question).then(|| choice(&question));
    let budget = can_spend(&question).then(|| budget_choice(&question));
    let until = until_choice(&question, "", now);
    let all = question.granted.map_or(question.access, |granted| granted.joined(question.access));
    Consent {
        account: layout.signed_in_as.clone().unwrap_or_default(),
        layout,
        notice: None,
        asks_for_all: question.access == Access::All,
        sealed: question.sealed,
        again: question.request,
        choice,
        budget,
        until,
        app: AppIdentity {
            name: question.client.display_name(),
            kind: match question.redirect.kind() {
                RedirectKind::Site(host) if question.client.is_verified_for(&question.redirect) => {
                    AppKind::Verified { host: host.clone() }
                }
                RedirectKind::Site(host) => AppKind::Unverified { host: host.clone() },
                RedirectKind::Loopback | RedirectKind::PrivateUse(_) => AppKind::OnThisDevice,
            },
        },
        answer_goes_to: destination(&question.redirect),
        switch_account_href: next::link_again("/sign-in", &here),
        access: access_lines(question.access, &question.scopes),
        allowed_before: allowed_before(question.access, question.granted),
        not_granted: not_granted(all),
        workspaces: question.workspaces.into_iter().map(|workspace| workspace.name).collect(),
        connected_since: question.connected_since.map(|since| moment(since, now)),
    }
}

/// Where a URI of an app leads, as a person reads it.
pub(super) fn destination(redirect: &RedirectUri) -> String {
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
        BloomScope::KeysAdmin => {
            "Make, change and revoke your API keys: what uses a key that it revokes stops working"
        }
    }
}

/// What it was allowed before, beyond what it asks for now, in one sentence.
fn allowed_before(access: Access, granted: Option<Access>) -> Option<String> {
    let earlier = BloomScope::ALL
        .into_iter()
        .filter(|scope| granted.is_some_and(|granted| granted.allows(*scope)))
        .filter(|scope| !access.allows(*scope));
    let earlier: Vec<_> = earlier.map(words).collect();
    let text =
        || format!("You allowed it this before, and it keeps it: “{}”.", earlier.join("”, “"));
    (!earlier.is_empty()).then(text)
}

/// What it does not get.
fn not_granted(access: Access) -> Vec<&'static str> {
    let lines = [
        (BloomScope::Generate, "It can spend no credits."),
        (BloomScope::KeysAdmin, "It cannot make or revoke API keys, or change your password."),
    ];
    lines.into_iter().filter(|(scope, _)| !access.allows(*scope)).map(|(_, text)| text).collect()
}
