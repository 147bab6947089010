//! `/settings/api-keys/{id}/budget` and `/settings/apps/{id}/budget`: how much a key or an app may spend.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::api_keys::Maker;
use bloom_domain::credits::{Budget, BudgetSpan, Cap, ChargedVia};
use bloom_service::credits::budgets::{self, BudgetUse, Budgets};
use bloom_service::{Error, SignedIn, api_keys, connections};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::views::{BudgetPage, CapField, Field};
use super::{Segment, id, page, redirect, seen};
use crate::api::errors::credits;
use crate::app::App;

/// The budget of a key.
pub(crate) async fn show_of_key(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    show(&app, ChargedVia::ApiKey(id(segment)?), request).await
}

/// The budget of an app.
pub(crate) async fn show_of_app(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    show(&app, ChargedVia::Connection(id(segment)?), request).await
}

/// Sets the budget of a key.
pub(crate) async fn set_of_key(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    set(&app, ChargedVia::ApiKey(id(segment)?), request).await
}

/// Sets the budget of an app.
pub(crate) async fn set_of_app(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    set(&app, ChargedVia::Connection(id(segment)?), request).await
}

async fn show(app: &App, via: ChargedVia, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(app, Sent::request(&request)).await?;
    let person = browser.person_at(&path(via))?;
    let view = view(app, &browser, person, via).await?;
    Ok(page(StatusCode::OK, &view))
}

async fn set(app: &App, via: ChargedVia, request: Request) -> Result<Response, PageError> {
    let (browser, form) = Form::read(app, request).await?;
    let person = browser.require_person()?;
    let read = |span: BudgetSpan| cap(form.text(span.as_str()));
    let caps = BudgetSpan::ALL.map(read);
    let BudgetUse { budget: before, .. } = budgets::list(&app.service, person).await?.of(via);
    let mut refusal = None;
    if let [Ok(day), Ok(month), Ok(total)] = caps {
        let wished = Budget { day, month, total };
        // What is so already, a second click perhaps, takes nothing back.
        let set = match wished == before || seen::is_of(&form, &before) {
            true => budgets::set(&app.service, person, via, (before, wished)).await,
            false => Err(Error::ChangedMeanwhile),
        };
        match set {
            Ok(()) => return Ok(redirect(&format!("/settings?budget={}", list(via)))),
            Err(Error::ChangedMeanwhile) => refusal = Some(changed(&before)),
            Err(error) => return Err(error.into()),
        }
    }
    let mut view = view(app, &browser, person, via).await?;
    let status = match refusal {
        Some(_) => StatusCode::CONFLICT,
        None => StatusCode::UNPROCESSABLE_ENTITY,
    };
    view.refusal = refusal;
    let fields = [&mut view.day, &mut view.month, &mut view.total];
    for ((field, cap), span) in fields.into_iter().zip(caps).zip(BudgetSpan::ALL) {
        let error = cap.err().map(|error| format!("{}: {error}.", label(span)));
        field.field = Field { value: form.text(span.as_str()).to_owned(), error };
    }
    Ok(page(status, &view))
}

/// What the page says of a budget that another tab has set.
fn changed(budget: &Budget) -> String {
    let cap = |span| {
        let span_words = label(span).trim_start_matches("Credits");
        Some(format!("{}{span_words}", credits(budget.cap(span)?.get())))
    };
    let caps: Vec<_> = BudgetSpan::ALL.into_iter().filter_map(cap).collect();
    let now = if caps.is_empty() { "no limit".to_owned() } else { caps.join(", ") };
    format!(
        "The budget was changed since you opened this page, perhaps in another tab: it is {now} now. Nothing was \
         saved. If you save once more, it will be as it stands below."
    )
}

/// A cap as it is typed: nothing is none.
pub(crate) fn cap(typed: &str) -> Result<Option<Cap>, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    typed.parse().map(Some).map_err(|error: bloom_domain::credits::AmountError| match error {
        bloom_domain::credits::AmountError::NotPositive => {
            "expected 0 credits or more, or nothing for no limit".to_owned()
        }
        error => error.to_string(),
    })
}

async fn view(
    app: &App,
    browser: &Browser,
    person: &SignedIn,
    via: ChargedVia,
) -> Result<BudgetPage, PageError> {
    let name = name(app, person, via).await?;
    let BudgetUse { budget, spending, by_made } =
        budgets::list(&app.service, person).await?.of(via);
    let field = |span| CapField {
        spent: spent_in(span, spending.of(span)) + budget.overruled(span).map_or("", overruling),
        field: Field {
            value: budget.cap(span).map(|cap| cap.to_string()).unwrap_or_default(),
            error: None,
        },
    };
    Ok(BudgetPage {
        layout: browser.layout(),
        refusal: None,
        seen: seen::mark(&budget),
        name,
        action: path(via),
        counts_made: by_made > 0,
        back: match via {
            ChargedVia::ApiKey(_) => "/settings#api-keys",
            ChargedVia::Connection(_) => "/settings#apps",
        },
        day: field(BudgetSpan::Day),
        month: field(BudgetSpan::Month),
        total: field(BudgetSpan::Total),
    })
}

/// What a key or an app of the person is called.
async fn name(app: &App, person: &SignedIn, via: ChargedVia) -> Result<String, PageError> {
    let found = match via {
        ChargedVia::ApiKey(id) => Some(api_keys::get(&app.service, person, id).await?.name),
        ChargedVia::Connection(id) => {
            let apps = connections::list(&app.service, person).await?;
            apps.into_iter().find(|app| app.id == id).map(|app| app.client.display_name())
        }
    };
    found.ok_or(PageError::NotFound)
}

fn path(via: ChargedVia) -> String {
    match via {
        ChargedVia::ApiKey(id) => format!("/settings/api-keys/{id}/budget"),
        ChargedVia::Connection(id) => format!("/settings/apps/{id}/budget"),
    }
}

/// Where it is listed, as the settings are told what was just done.
fn list(via: ChargedVia) -> &'static str {
    match via {
        ChargedVia::ApiKey(_) => "key#api-keys",
        ChargedVia::Connection(_) => "app#apps",
    }
}

fn label(span: BudgetSpan) -> &'static str {
    match span {
        BudgetSpan::Day => "Credits a day",
        BudgetSpan::Month => "Credits a month",
        BudgetSpan::Total => "Credits in total",
    }
}

fn spent_in(span: BudgetSpan, credits: i64) -> String {
    let (noun, verb) = if credits == 1 { ("credit", "is") } else { ("credits", "are") };
    format!("{credits} {noun} {verb} spent {}.", when(span))
}

/// What is said of a cap that the cap of a longer span makes idle.
fn overruling(longer: BudgetSpan) -> &'static str {
    match longer {
        BudgetSpan::Day => "",
        BudgetSpan::Month => " This limit is never reached: the one for a month is lower.",
        BudgetSpan::Total => " This limit is never reached: the one in total is lower.",
    }
}

fn when(span: BudgetSpan) -> &'static str {
    match span {
        BudgetSpan::Day => "today",
        BudgetSpan::Month => "this month",
        BudgetSpan::Total => "in total",
    }
}

/// What is spent, in the list: against each cap, or this month where there is none.
pub(crate) fn summary(used: &BudgetUse) -> String {
    let line = |span: BudgetSpan| {
        let cap = used.budget.cap(span)?;
        Some(format!("{} of {cap} credits {}", used.spending.of(span), when(span)))
    };
    let lines: Vec<_> = BudgetSpan::ALL.into_iter().filter_map(line).collect();
    let with_made = if used.by_made > 0 { ", with the keys it made" } else { "" };
    if lines.is_empty() {
        let month = used.spending.month;
        let noun = if month == 1 { "credit" } else { "credits" };
        return format!("{month} {noun} this month, no budget{with_made}");
    }
    lines.join(", ") + with_made
}

/// Whose budgets a key shares, by those it was made with, the nearest first; `None` when none of them has one.
pub(crate) fn shared(
    makers: &[Maker],
    budgets: &Budgets,
    name: impl Fn(Maker) -> Option<String>,
) -> Option<String> {
    let line = |maker: &Maker| {
        let used = budgets.of((*maker).into());
        let name = name(*maker).unwrap_or_else(|| "what it was made with".to_owned());
        (!used.budget.is_none()).then(|| format!("the budget of {name}: {}", summary(&used)))
    };
    let lines: Vec<_> = makers.iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bloom_domain::credits::Spending;

    #[test]
    fn a_cap_is_typed_or_left_out() {
        assert_eq!(cap("  "), Ok(None));
        assert_eq!(cap(" 0 ").unwrap().map(Cap::get), Some(0));
        assert_eq!(cap("25").unwrap().map(Cap::get), Some(25));
        for bad in ["-1", "1.5", "many", "1000000000001"] {
            assert!(cap(bad).is_err(), "{bad}");
        }
        assert!(cap("-1").unwrap_err().contains("nothing for no limit"));
    }

    #[test]
    fn the_list_tells_each_cap_or_the_month() {
        let spending = Spending { day: 1, month: 2, total: 3 };
        let used = |budget| summary(&BudgetUse { budget, spending, by_made: 0 });
        assert_eq!(used(Budget::default()), "2 credits this month, no budget");
        let cap = |credits| Cap::new(credits).ok();
        let budget = Budget { day: cap(5), month: None, total: cap(9) };
        assert_eq!(used(budget), "1 of 5 credits today, 3 of 9 credits in total");
        let told = summary(&BudgetUse { budget, spending, by_made: 2 });
        assert_eq!(told, "1 of 5 credits today, 3 of 9 credits in total, with the keys it made");
    }
}
