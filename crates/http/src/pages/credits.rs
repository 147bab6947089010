//! `/settings/credits` and `/settings/workspaces/{id}/credits`: what became of a workspace's credits.

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_domain::credits::{
    ChargedVia, CreditGrant, GrantKind, LedgerLine, MovementKind, NEVER, UsageDay,
};
use bloom_domain::ids::{ImageId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Act, WorkspaceChoice};
use bloom_service::credits::history::{self, Credential, END, Overview, Person, Place, Usage, Who};
use bloom_service::plans::{self, WorkspacePlan};
use futures_util::stream::{self, StreamExt};
use http::{HeaderValue, StatusCode, header};

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::moment::moment;
use super::views::{
    CreditsOverview, CreditsPage, DayBar, DayChart, GrantRow, Link, MovementRow, Opening, ShareRow,
    ShareTable,
};
use super::{Segment, early, page, workspaces};
use crate::api::query::Query;
use crate::app::App;
use crate::ledger;

/// How many movements a page shows.
const PAGE: usize = 25;
/// How many are read at a time for a file.
const STRETCH: i64 = 1_000;
/// How many days are drawn.
const DAYS: u16 = 30;
/// The page of a person's own workspace.
const OWN: &str = "/settings/credits";

/// A workspace's id and the name of a file in a path.
type IdAndName = Result<Path<(String, String)>, axum::extract::rejection::PathRejection>;

/// The credits of the person's own workspace.
pub(crate) async fn show_own(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    browser.person_at(OWN)?;
    let title = CreditsPage::OWN_HEADING;
    let opening = Opening { layout: browser.layout(), title };
    let query = request.uri().query().unwrap_or_default().to_owned();
    let view = async move { shown(&app, &browser, WorkspaceChoice::Personal, Query(&query)).await };
    Ok(early::page(&request, &opening, view))
}

/// The credits of one of their teams.
pub(crate) async fn show_of_team(
    State(app): State<App>,
    id: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let choice = WorkspaceChoice::Team(super::id(id)?);
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let query = Query(request.uri().query().unwrap_or_default());
    // Whether there is such a team decides about the status.
    let view = shown(&app, &browser, choice, query).await?;
    Ok(page(StatusCode::OK, &view))
}

/// The ledger of the person's own workspace, as a file.
pub(crate) async fn export_own(
    State(app): State<App>,
    name: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let Ok(Path(name)) = name else { return Err(PageError::NotFound) };
    export(app, WorkspaceChoice::Personal, &name, request).await
}

/// The ledger of one of their teams, as a file.
pub(crate) async fn export_of_team(
    State(app): State<App>,
    path: IdAndName,
    request: Request,
) -> Result<Response, PageError> {
    let Ok(Path((id, name))) = path else { return Err(PageError::NotFound) };
    let id: WorkspaceId = id.parse().map_err(|_| PageError::NotFound)?;
    export(app, WorkspaceChoice::Team(id), &name, request).await
}

/// The page of a workspace's credits.
pub(crate) fn path(choice: WorkspaceChoice) -> String {
    match choice {
        WorkspaceChoice::Personal => OWN.to_owned(),
        WorkspaceChoice::Team(id) => format!("{}/credits", workspaces::path(id)),
    }
}

/// The page of a workspace.
async fn shown(
    app: &App,
    browser: &Browser,
    choice: WorkspaceChoice,
    query: Query<'_>,
) -> Result<CreditsPage, PageError> {
    let path = path(choice);
    let person = browser.person_at(&path)?;
    let before = query.optional("before").ok().flatten().and_then(|text| read_cursor(&text));
    let read = history::list(&app.service, person, choice, before.unwrap_or(END), PAGE).await?;
    let now = app.service.now();
    let is_own = matches!(choice, WorkspaceChoice::Personal);
    let overview = match before {
        Some(_) => None,
        None => {
            let overview = history::overview(&app.service, person, choice, DAYS).await?;
            let plans = plans::list(&app.service, person).await?;
            let plan = plans.into_iter().find(|plan| plan.workspace.id == read.workspace.id);
            Some(with_plan(app, view(&overview, is_own, now), plan.as_ref()))
        }
    };
    let sees_all = read.role.may(Act::SeeSpending);
    Ok(CreditsPage {
        layout: browser.layout(),
        workspace: (!is_own).then_some(read.workspace.name),
        back_href: match choice {
            WorkspaceChoice::Personal => "/settings#plan".to_owned(),
            WorkspaceChoice::Team(id) => workspaces::path(id),
        },
        overview,
        sees_all,
        rows: read
            .lines
            .iter()
            .map(|(line, who)| MovementRow {
                images: images(line.hold.as_ref().and_then(|(hold, _)| read.images.get(hold))),
                ..row(line, who.as_ref(), is_own, now)
            })
            .collect(),
        older_href: read.older.map(|place| format!("{path}?before={}", cursor(place))),
        origin: app.site.origin().to_owned(),
        path,
    })
}

/// A place in a ledger as it stands in a link: of no meaning to anybody else.
fn cursor((entry, line): Place) -> String {
    URL_SAFE_NO_PAD.encode([entry.to_be_bytes(), line.to_be_bytes()].concat())
}

fn read_cursor(cursor: &str) -> Option<Place> {
    let bytes: [u8; 16] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
    let (entry, line) = bytes.split_at(8);
    Some((i64::from_be_bytes(entry.try_into().ok()?), i64::from_be_bytes(line.try_into().ok()?)))
}

/// How a ledger is written into a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

impl Format {
    fn of(file: &str) -> Option<Self> {
        match file {
            "ledger.csv" => Some(Self::Csv),
            "ledger.json" => Some(Self::Json),
            _ => None,
        }
    }

    /// A stretch of it: with what stands before the first and after the last line.
    fn write(self, lines: &[LedgerLine], is_first: bool, is_last: bool) -> String {
        let mut text = String::new();
        if is_first {
            match self {
                Self::Csv => text.push_str(&format!("{}\r\n", ledger::header())),
                Self::Json => text.push('['),
            }
        }
        for (index, line) in lines.iter().enumerate() {
            match self {
                Self::Csv => text.push_str(&format!("{}\r\n", ledger::csv(line))),
                Self::Json => {
                    let comma = if is_first && index == 0 { "\n" } else { ",\n" };
                    text.push_str(comma);
                    text.push_str(&ledger::object(line));
                }
            }
        }
        if is_last && self == Self::Json {
            text.push_str("\n]\n");
        }
        text
    }
}

/// What is left to be written of a file.
struct Rest {
    app: App,
    browser: Browser,
    choice: WorkspaceChoice,
    format: Format,
    lines: Vec<LedgerLine>,
    is_first: bool,
}

/// A ledger may be longer than memory, so it is read and sent stretch by stretch. Whoever leaves the workspace
/// meanwhile gets no more of it.
async fn export(
    app: App,
    choice: WorkspaceChoice,
    file: &str,
    request: Request,
) -> Result<Response, PageError> {
    let format = Format::of(file).ok_or(PageError::NotFound)?;
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let person = browser.require_person()?;
    let lines = history::export(&app.service, person, choice, (0, 0), STRETCH).await?;
    let rest = Rest { app, browser, choice, format, lines, is_first: true };
    let body = stream::unfold(Some(rest), |rest| async {
        let Rest { app, browser, choice, format, lines, is_first } = rest?;
        let after = lines.last().map(|last| (last.entry, last.line));
        let next = match after {
            None => Ok(Vec::new()),
            Some(after) => next(&app, &browser, choice, after).await,
        };
        Some(match next {
            // What was sent so far must not pass for all of it.
            Err(error) => (Err(error), None),
            Ok(next) => {
                let text = format.write(&lines, is_first, next.is_empty());
                let rest = Rest { app, browser, choice, format, lines: next, is_first: false };
                let is_last = rest.lines.is_empty();
                (Ok(text), (!is_last).then_some(rest))
            }
        })
    });
    let mut response = Response::new(Body::from_stream(body.boxed()));
    let headers = response.headers_mut();
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"bloom-credits.csv\""),
        Format::Json => ("application/json", "attachment; filename=\"bloom-credits.json\""),
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(response)
}

async fn next(
    app: &App,
    browser: &Browser,
    choice: WorkspaceChoice,
    after: Place,
) -> Result<Vec<LedgerLine>, std::io::Error> {
    let gone = || std::io::Error::other("the reader is signed out");
    let person = browser.person().ok_or_else(gone)?;
    let read = history::export(&app.service, person, choice, after, STRETCH).await;
    read.map_err(|error| std::io::Error::other(error.to_string()))
}

/// With what the plan means for the credits; nothing where there are no plans.
fn with_plan(app: &App, view: CreditsOverview, plan: Option<&WorkspacePlan>) -> CreditsOverview {
    let (Some(billing), Some(plan)) = (&app.service.settings().billing, plan) else {
        return view;
    };
    let (advice, monthly) = super::plans::for_credits(billing, plan);
    let is_awaited = view.next.is_none() && monthly > 0;
    CreditsOverview { advice, awaited: is_awaited.then_some(monthly), ..view }
}

fn view(overview: &Overview, is_own: bool, now: Timestamp) -> CreditsOverview {
    CreditsOverview {
        advice: None,
        awaited: None,
        balance: overview.standing.balance(),
        is_unlimited: overview.is_unlimited,
        held: overview.standing.held,
        debt: overview.standing.debt,
        next: overview.next.map(|(amount, at)| (amount.get(), moment(at, now))),
        grants: overview.grants.iter().map(|grant| self::grant(grant, now)).collect(),
        chart: chart(&overview.usage),
        shares: shares(&overview.usage, is_own),
    }
}

fn grant(grant: &CreditGrant, now: Timestamp) -> GrantRow {
    GrantRow {
        label: kind(grant.kind),
        credits: grant.buckets.available,
        ends: (grant.expires != NEVER).then(|| moment(grant.expires, now)),
    }
}

/// The bars of the days; none when nothing was used.
fn chart(usage: &Usage) -> Option<DayChart> {
    let (most, sum) = (usage.days.iter().copied().max()?, usage.days.iter().sum::<i64>());
    if most == 0 {
        return None;
    }
    let bar = |(place, &credits): (i64, &i64)| DayBar {
        day: date(usage.first.plus_days(place)),
        credits,
        height: share(credits, most),
    };
    let bars: Vec<_> = (0..).zip(&usage.days).map(bar).collect();
    let summary = format!(
        "{} in {} days, {most} on the busiest.",
        if sum == 1 { "1 credit".to_owned() } else { format!("{sum} credits") },
        bars.len()
    );
    Some(DayChart { summary, bars, most })
}

/// So many of a hundred, and never nothing of something.
fn share(credits: i64, most: i64) -> i64 {
    if credits <= 0 || most <= 0 { 0 } else { (credits.saturating_mul(100) / most).max(1) }
}

/// A day without its year: it is of the last few weeks.
fn date(day: UsageDay) -> String {
    let time = jiff::Timestamp::from_microsecond(day.begins_at().unix_micros()).unwrap_or_default();
    time.strftime("%-d %B").to_string()
}

/// A table each for keys, apps and members. In a person's own workspace, all of it is theirs.
fn shares(usage: &Usage, is_own: bool) -> Vec<ShareTable> {
    let with = |is_key: bool| {
        let of_it = |(who, credits): &(Who, i64)| {
            let credential = who.credential.as_ref()?;
            let is_it = matches!(credential.via, ChargedVia::ApiKey(_)) == is_key;
            let whose = if is_own { None } else { person(&who.person) };
            is_it.then(|| (name(credential), whose, *credits))
        };
        usage.by_credential.iter().filter_map(of_it).collect::<Vec<_>>()
    };
    let members = usage.by_member.iter().filter(|_| !is_own);
    let members = members.filter_map(|(who, credits)| Some((person(who)?, None, *credits)));
    let tables = [
        ("API keys", "Key", with(true)),
        ("Apps", "App", with(false)),
        ("Members", "Member", members.collect()),
    ];
    let table = |(title, column, rows): (_, _, Vec<(String, Option<String>, i64)>)| {
        let most = rows.iter().map(|(_, _, credits)| *credits).max()?;
        let row =
            |(name, whose, credits)| ShareRow { name, whose, credits, width: share(credits, most) };
        Some(ShareTable { title, column, rows: rows.into_iter().map(row).collect() })
    };
    tables.into_iter().filter_map(table).collect()
}

fn row(line: &LedgerLine, who: Option<&Who>, is_own: bool, now: Timestamp) -> MovementRow {
    let change = line.movement.deltas().available;
    let amount = line.movement.amount.get();
    let with = who.and_then(|who| who.credential.as_ref()).map(|credential| {
        let name = name(credential);
        match credential.via {
            ChargedVia::ApiKey(_) => format!("with the key {name}"),
            ChargedVia::Connection(_) => format!("through {name}"),
        }
    });
    MovementRow {
        when: moment(line.at, now),
        what: happened(line.movement.kind),
        credits: match change {
            0 => amount.to_string(),
            more if more > 0 => format!("+{more}"),
            less => format!("−{}", less.unsigned_abs()),
        },
        of: kind(line.grant_kind),
        source: line.grant_source.clone(),
        purpose: purpose(&line.operation),
        reference: line.hold.as_ref().map(|(_, reference)| reference.clone()),
        images: Vec::new(),
        who: who.filter(|_| !is_own).and_then(|who| person(&who.person)),
        with,
    }
}

/// The images that a movement paid for, as links to their pages.
fn images(paid_for: Option<&Vec<ImageId>>) -> Vec<Link> {
    let ids = paid_for.map_or(&[][..], Vec::as_slice);
    let link = |(number, &id): (usize, &ImageId)| Link {
        label: if ids.len() == 1 { "The image".to_owned() } else { format!("Image {number}") },
        href: super::images::path(id),
    };
    (1..).zip(ids).map(link).collect()
}

fn happened(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::Granted => "Came in",
        MovementKind::Held => "Held for a job",
        MovementKind::Settled => "Spent",
        MovementKind::Voided => "Went back",
        MovementKind::Lapsed => "Went back after their end",
        MovementKind::Expired => "Ended unspent",
        MovementKind::TakenBack => "Taken back with their money",
        MovementKind::Owed => "Owed: their money was given back",
        MovementKind::Repaid => "Paid what was owed",
        MovementKind::Returned => "Went back, and paid what was owed",
    }
}

fn kind(kind: GrantKind) -> &'static str {
    match kind {
        GrantKind::Refund => "Refunded",
        GrantKind::Signup => "For signing up",
        GrantKind::Promo => "A gift",
        GrantKind::Monthly => "Monthly",
        GrantKind::Operator => "From the operator",
        GrantKind::Topup => "Bought",
    }
}

/// What credits moved for, in words; an operation that has none as it is called.
fn purpose(operation: &str) -> String {
    match operation {
        "images.generate" => "Make images",
        "images.edit" => "Change images",
        "images.resize" => "Resize an image",
        "images.removeBackground" => "Remove a background",
        "images.vectorize" => "Draw an image in vectors",
        "credits.monthly" => "A new month",
        "credits.expire" => "Their end",
        "credits.grant" => "A grant",
        "credits.signup" => "A new account",
        "credits.topup" => "A purchase",
        "credits.take_back" => "Money given back",
        other => other,
    }
    .to_owned()
}

fn person(person: &Person) -> Option<String> {
    Some(match person {
        Person::Reader => "You".to_owned(),
        Person::Other(email) => email.to_string(),
        Person::Gone => "Somebody whose account is gone".to_owned(),
        Person::Hidden => "Another member".to_owned(),
    })
}

fn name(credential: &Credential) -> String {
    credential.name.clone().unwrap_or_else(|| match credential.via {
        ChargedVia::ApiKey(_) => "a key that is gone".to_owned(),
        ChargedVia::Connection(_) => "an app that is gone".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is_one() {
        for place in [(1, 0), (i64::MAX, 7), END] {
            assert_eq!(read_cursor(&cursor(place)), Some(place));
        }
        for text in ["", "1", "AAAA", "AAAAAAAAAAgAAAAAAAAAAA=", "ä", &"A".repeat(10_000)] {
            assert_eq!(read_cursor(text), None, "{text}");
        }
    }

    #[test]
    fn a_bar_is_drawn_for_anything_at_all() {
        assert_eq!([share(0, 7), share(1, 100_000), share(7, 7), share(1, 2)], [0, 1, 100, 50]);
        assert_eq!(share(i64::MAX, i64::MAX), 1, "no figure makes it fail");
        let usage = |days: Vec<i64>| Usage {
            first: UsageDay::of(Timestamp::from_unix_micros(0)),
            days,
            by_member: Vec::new(),
            by_credential: Vec::new(),
        };
        assert!(chart(&usage(vec![0, 0, 0])).is_none());
        let drawn = chart(&usage(vec![0, 1, 4])).unwrap();
        let bars: Vec<_> = drawn.bars.iter().map(|bar| (bar.day.as_str(), bar.height)).collect();
        assert_eq!(bars, [("1 January", 0), ("2 January", 25), ("3 January", 100)]);
        assert_eq!(drawn.summary, "5 credits in 3 days, 4 on the busiest.");
    }
}
