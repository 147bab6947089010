//! The pages that are written: what they say stands in `templates/documentation`, and their numbers and tables come from
//! where the code has them.

use std::time::Duration;

use askama::Template;
use bloom_domain::access::BloomScope;
use bloom_domain::api_keys::MAX_ACTIVE_KEYS;
use bloom_domain::credits::{ImageSize, MAX_VARIANTS, PaidWork};
use bloom_domain::grants::{ACCESS_TOKEN_LIFETIME, CODE_LIFETIME, REFRESH_LIFETIME};
use bloom_domain::rate_window::RateLimit;
use bloom_domain::{brands, idempotency, images, workspaces};
use bloom_service::images::uploads;
use bloom_service::{Settings, waits};
use serde_json::Value;

use super::Page;
use super::meanings::{self, ErrorCode};
use super::operations::Part;
use crate::api::json::MAX_BODY;
use crate::mcp::message::MAX_BYTES;
use crate::mcp::tools::{self, Tool};

/// `/docs`.
#[derive(Template)]
#[template(path = "documentation/index.txt")]
pub(super) struct Index<'a> {
    pub(super) o: &'a str,
    pub(super) guides: &'a [Page],
    pub(super) parts: &'a [Part],
}

/// The first steps.
#[derive(Template)]
#[template(path = "documentation/quickstart.txt")]
pub(super) struct Quickstart<'a> {
    pub(super) o: &'a str,
}

/// Credentials, and what they may do.
#[derive(Template)]
#[template(path = "documentation/authentication.txt")]
pub(super) struct Authentication<'a> {
    pub(super) o: &'a str,
    pub(super) settings: &'a Settings,
}

/// Codes, and what to do about them.
#[derive(Template)]
#[template(path = "documentation/errors.txt")]
pub(super) struct Errors<'a> {
    pub(super) o: &'a str,
    pub(super) groups: Vec<ErrorGroup>,
}

/// The codes with one status.
pub(super) struct ErrorGroup {
    status: http::StatusCode,
    codes: Vec<ErrorCode>,
}

/// How much and how often.
#[derive(Template)]
#[template(path = "documentation/limits.txt")]
pub(super) struct Limits<'a> {
    pub(super) o: &'a str,
    pub(super) settings: &'a Settings,
}

/// Where things belong, and who pays.
#[derive(Template)]
#[template(path = "documentation/workspaces.txt")]
pub(super) struct Workspaces<'a> {
    pub(super) o: &'a str,
}

/// The MCP server and its tools.
#[derive(Template)]
#[template(path = "documentation/mcp.txt")]
pub(super) struct Mcp<'a> {
    pub(super) o: &'a str,
}

/// `/docs/api`: every operation.
#[derive(Template)]
#[template(path = "documentation/api.txt")]
pub(super) struct Reference<'a> {
    pub(super) o: &'a str,
    pub(super) parts: &'a [Part],
}

/// `/docs/llms.txt`, in the form that agents look for.
#[derive(Template)]
#[template(path = "documentation/llms.txt")]
pub(super) struct ForAgents<'a> {
    pub(super) o: &'a str,
    pub(super) guides: &'a [Page],
    pub(super) parts: &'a [Part],
}

impl Authentication<'_> {
    /// Each scope with what it lets a credential do.
    fn scopes(&self) -> [(&'static str, &'static str); 4] {
        BloomScope::ALL.map(|scope| (scope.as_str(), scope_words(scope)))
    }

    /// For how long a code, an access token and a refresh token are good.
    fn lifetimes(&self) -> [String; 3] {
        [CODE_LIFETIME, ACCESS_TOKEN_LIFETIME, REFRESH_LIFETIME].map(lasting)
    }

    fn failures(&self) -> String {
        limit(self.settings.attempts.authentications)
    }
}

impl Errors<'_> {
    /// The codes, put together by status.
    pub(super) fn groups() -> Vec<ErrorGroup> {
        let mut groups: Vec<ErrorGroup> = Vec::new();
        for code in meanings::all() {
            match groups.last_mut().filter(|group| group.status == code.status()) {
                Some(group) => group.codes.push(code),
                None => groups.push(ErrorGroup { status: code.status(), codes: vec![code] }),
            }
        }
        groups
    }
}

impl ErrorGroup {
    fn name(&self) -> &str {
        self.status.canonical_reason().unwrap_or_default()
    }

    fn rows(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let mut told = Vec::new();
        for code in &self.codes {
            let row = (code.as_str(), meanings::of(*code));
            if !told.contains(&row) {
                told.push(row);
            }
        }
        told.into_iter()
    }
}

impl Limits<'_> {
    /// What is limited by time, and how.
    fn rates(&self) -> [(&'static str, String); 4] {
        let Settings { rate_limits, attempts, .. } = self.settings;
        [
            ("requests with one API key", limit(rate_limits.api_keys)),
            ("requests of one app for one person", limit(rate_limits.connections)),
            ("failed authentications from one address", limit(attempts.authentications)),
            ("new apps that one address registers", limit(attempts.registrations)),
        ]
    }

    /// What is limited in size or number, and how.
    fn sizes(&self) -> [(&'static str, String); 12] {
        [
            ("JSON that an operation is sent", bytes(MAX_BODY)),
            ("a message to the MCP server", bytes(MAX_BYTES)),
            ("an image that is brought", bytes(uploads::MAX_BYTES)),
            ("characters of a prompt", images::MAX_PROMPT.to_string()),
            ("images of one request", MAX_VARIANTS.to_string()),
            ("images that one request refers to", images::MAX_REFERENCES.to_string()),
            ("ids that one request names", images::MAX_NAMED.to_string()),
            ("seconds that a request waits", waits::LONGEST.as_secs().to_string()),
            ("requests of one credential that wait at once", waits::MAX_OF_ONE.to_string()),
            ("working API keys of an account", MAX_ACTIVE_KEYS.to_string()),
            ("team workspaces that one account owns", workspaces::MAX_OWNED.to_string()),
            ("people in a team workspace", workspaces::MAX_PEOPLE.to_string()),
        ]
    }

    fn kept(&self) -> String {
        lasting(idempotency::KEPT)
    }

    fn upload_token(&self) -> String {
        lasting(brands::UPLOAD_TOKEN_LIFETIME)
    }
}

impl Workspaces<'_> {
    /// What each kind of work costs, in credits for each image.
    fn prices(&self) -> Vec<(&'static str, &'static str, i64)> {
        let sizes = [("2K", ImageSize::TwoK), ("4K", ImageSize::FourK)];
        let sized = sizes.into_iter().flat_map(|(name, size)| {
            [(name, PaidWork::Generate { size, variants: 1 }), (name, PaidWork::Edit { size })]
        });
        let rest = [PaidWork::Resize, PaidWork::RemoveBackground, PaidWork::Vectorize];
        sized
            .chain(rest.map(|work| ("any", work)))
            .filter_map(|(size, work)| {
                let each = work.items().ok()?.first()?.get();
                Some((work.operation(), size, each))
            })
            .collect()
    }
}

impl Mcp<'_> {
    fn tools(&self) -> &'static [Tool] {
        &tools::ALL
    }

    /// The names of what a tool takes.
    fn arguments(&self, tool: &Tool) -> Vec<String> {
        let described = tool.describe();
        let properties = described.input_schema.get("properties").and_then(Value::as_object);
        properties.into_iter().flatten().map(|(name, _)| format!("`{name}`")).collect()
    }

    fn longest_message(&self) -> String {
        bytes(MAX_BYTES)
    }
}

/// What a scope lets a credential do.
fn scope_words(scope: BloomScope) -> &'static str {
    match scope {
        BloomScope::Read => "see brands, images, workspaces and credits",
        BloomScope::Generate => "make and change images, which spends credits",
        BloomScope::Write => "bring, change and delete brands and images",
        BloomScope::KeysAdmin => {
            "make, see and revoke API keys; never part of a credential that did not ask for it"
        }
    }
}

/// A limit in words.
fn limit(limit: Option<RateLimit>) -> String {
    match limit {
        None => "no limit".to_owned(),
        Some(RateLimit { limit, span }) => format!("{limit} in any {}", lasting(span)),
    }
}

/// A span of time in the largest unit that it is a whole number of.
fn lasting(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60)];
    // What is no more than one of a unit is mostly said in the smaller one: 60 seconds.
    let large = units.into_iter().find(|&(_, size)| seconds.is_multiple_of(size) && seconds > size);
    let (unit, size) = large.unwrap_or(("second", 1));
    let count = seconds / size;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A number of bytes in words.
fn bytes(count: usize) -> String {
    const MIB: usize = 1024 * 1024;
    match count % MIB {
        0 => format!("{} MiB", count / MIB),
        _ => format!("{} KiB", count / 1024),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_with_their_units() {
        let spans = [1, 60, 120, 3_600, 7_200, 86_400, 30 * 86_400].map(Duration::from_secs);
        assert_eq!(
            spans.map(lasting),
            ["1 second", "60 seconds", "2 minutes", "60 minutes", "2 hours", "24 hours", "30 days"]
        );
        assert_eq!([bytes(64 * 1024), bytes(20 << 20)], ["64 KiB", "20 MiB"]);
        assert_eq!(limit(RateLimit::within(0, Duration::from_secs(1))), "no limit");
    }
}
