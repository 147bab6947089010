//! What a key is narrowed to, as it is chosen in a form: read strictly, and shown again as it was typed.

use bloom_domain::access::{Access, BloomScope};
use bloom_domain::api_keys::{Narrowing, parse_scopes};
use bloom_domain::networks::Addresses;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Reach, Workspace};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::authorize::words;
use super::forms::Form;
use super::views::{Field, KeyOptions, ScopeOption, WorkspaceChoice, WorkspaceOption};

const SCOPE: &str = "scope-";
const WORKSPACE: &str = "workspace-";

/// The choice as it is before anybody has typed anything: of a new key, or of one that is there.
pub(crate) fn shown(
    narrowing: &Narrowing,
    workspaces: &[Workspace],
    address: Option<String>,
) -> KeyOptions {
    let Narrowing { access, reach, addresses, expires_at } = narrowing;
    let is_access_limited = matches!(access, Access::Named(_));
    let scope = |scope: BloomScope| ScopeOption {
        token: scope.as_str(),
        words: words(scope),
        is_chosen: is_access_limited && access.allows(scope),
    };
    let is_limited = *reach != Reach::All;
    let option = |workspace: &Workspace| WorkspaceOption {
        id: workspace.id.to_string(),
        name: workspace.name.clone(),
        is_chosen: is_limited && reach.contains(workspace.id),
    };
    // With a single workspace there is nothing to choose, unless it was chosen before.
    let has_choice = workspaces.len() > 1 || is_limited;
    KeyOptions {
        is_access_limited,
        scopes: BloomScope::ALL.map(scope).to_vec(),
        access_error: None,
        workspaces: has_choice.then(|| WorkspaceChoice {
            options: workspaces.iter().map(option).collect(),
            is_limited,
            error: None,
        }),
        addresses: Field { value: addresses.to_stored().unwrap_or_default(), error: None },
        expires: Field { value: expires_at.map(last_day).unwrap_or_default(), error: None },
        address,
    }
}

/// The choice of a new key as it was made, for whoever has to change something else.
pub(crate) fn again(shown: KeyOptions, narrowing: &Narrowing) -> KeyOptions {
    let limited = |access: &Access, scope: &str| {
        let scope = BloomScope::from_token(scope);
        scope.is_some_and(|scope| access.allows(scope))
    };
    let Narrowing { access, reach, addresses, expires_at } = narrowing;
    let mut options = shown;
    options.is_access_limited = matches!(access, Access::Named(_));
    for scope in &mut options.scopes {
        scope.is_chosen = options.is_access_limited && limited(access, scope.token);
    }
    if let Some(choice) = &mut options.workspaces {
        choice.is_limited = *reach != Reach::All;
        for option in &mut choice.options {
            let id = option.id.parse().ok();
            option.is_chosen = choice.is_limited && id.is_some_and(|id| reach.contains(id));
        }
    }
    options.addresses.value = addresses.to_stored().unwrap_or_default();
    options.expires.value = expires_at.map(last_day).unwrap_or_default();
    options
}

/// Of so many addresses it is told what is wrong with them.
const TOLD: usize = 5;

/// What was chosen.
///
/// # Errors
/// The choice as it was made, with what is wrong with it.
pub(crate) fn read(
    form: &Form,
    before: &Narrowing,
    shown: KeyOptions,
    now: Timestamp,
) -> Result<Narrowing, Box<KeyOptions>> {
    let (access, reach) = (access(form), reach(form));
    let typed: Vec<_> = form
        .text("addresses")
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|text| !text.is_empty())
        .collect();
    let addresses = addresses(&typed);
    let expires_at = expires(form.text("expires"), before.expires_at, now);
    match (access, reach, addresses, expires_at) {
        (Ok(access), Ok(reach), Ok(addresses), Ok(expires_at)) => {
            Ok(Narrowing { access, reach, addresses, expires_at })
        }
        (access, reach, addresses, expires_at) => {
            let field = |name: &str, error| Field { value: form.text(name).to_owned(), error };
            let chosen = |name: &str| !form.text(name).is_empty();
            let mut options = shown;
            options.is_access_limited = form.text("access") == "some";
            for scope in &mut options.scopes {
                scope.is_chosen = chosen(&format!("{SCOPE}{}", scope.token));
            }
            options.access_error = access.err();
            match &mut options.workspaces {
                Some(choice) => {
                    choice.is_limited = form.text("workspaces") == "some";
                    for option in &mut choice.options {
                        option.is_chosen = chosen(&format!("{WORKSPACE}{}", option.id));
                    }
                    choice.error = reach.err();
                }
                // There was no choice of them, so no form of ours made one.
                None => options.access_error = options.access_error.or(reach.err()),
            }
            options.addresses = field("addresses", addresses.err());
            options.expires = field("expires", expires_at.err());
            Err(Box::new(options))
        }
    }
}

/// From where it may be used; else everything that is wrong with what was typed, so that it is put right at once.
fn addresses(typed: &[&str]) -> Result<Addresses, String> {
    let alone = |text: &&str| Addresses::parse([*text]).err();
    let wrong: Vec<_> = typed.iter().filter_map(alone).map(|error| format!("{error}.")).collect();
    match wrong.len() {
        0 => Addresses::parse(typed.iter().copied()).map_err(|error| format!("{error}.")),
        1..=TOLD => Err(wrong.join(" ")),
        all => Err(format!("{} {} more are wrong.", wrong[..TOLD].join(" "), all - TOLD)),
    }
}

fn access(form: &Form) -> Result<Access, String> {
    let chosen: Vec<_> = form.checked(SCOPE).collect();
    if is_limited(form.text("access"), chosen.is_empty(), "“Only this”")? {
        parse_scopes(chosen).map_err(|error| format!("{error}."))
    } else {
        Ok(Access::All)
    }
}

fn reach(form: &Form) -> Result<Reach, String> {
    let chosen: Vec<_> = form.checked(WORKSPACE).collect();
    if is_limited(form.text("workspaces"), chosen.is_empty(), "“Only in these”")? {
        let ids: Result<_, _> = chosen.into_iter().map(str::parse).collect();
        ids.map(Reach::Only).map_err(|_| "There is no such workspace.".to_owned())
    } else {
        Ok(Reach::All)
    }
}

/// Whether some of what there is was chosen. Whoever checks some and leaves the choice at all of it may
/// mean either, and a key that does more than is meant is worse than a question.
fn is_limited(choice: &str, is_nothing_chosen: bool, only: &str) -> Result<bool, String> {
    match (choice, is_nothing_chosen) {
        ("some", false) => Ok(true),
        ("some", true) => Err("Choose at least one.".to_owned()),
        ("" | "all", true) => Ok(false),
        ("" | "all", false) => Err(format!("Choose {only}, or uncheck what you have checked.")),
        _ => Err("Choose one of the two.".to_owned()),
    }
}

/// The end of the day that was typed. The day on which a key ends already changes nothing about when.
fn expires(
    typed: &str,
    before: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Timestamp>, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    if before.is_some_and(|end| last_day(end) == typed) {
        return Ok(before);
    }
    let end = typed.parse::<Date>().ok().and_then(|date| date.checked_add(1.day()).ok());
    let end = end.and_then(|date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok());
    let end = end.map(|end| Timestamp::from_unix_micros(end.as_microsecond()));
    match end {
        Some(end) if end > now => Ok(Some(end)),
        Some(_) => Err("That day has passed. Choose a later one.".to_owned()),
        None => Err("Enter a day such as 2027-03-31.".to_owned()),
    }
}

/// The last day on which something works that ends at a time.
fn last_day(end: Timestamp) -> String {
    let last = jiff::Timestamp::from_microsecond(end.unix_micros().saturating_sub(1));
    Offset::UTC.to_datetime(last.unwrap_or_default()).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);

    #[test]
    fn a_key_works_until_the_end_of_its_last_day() {
        // It is 15 January 2027, 08:00.
        let end = expires("2027-01-15", None, NOW).unwrap().unwrap();
        assert_eq!(end.to_string(), "2027-01-16T00:00:00Z");
        assert_eq!(last_day(end), "2027-01-15");
        assert_eq!(expires("  ", None, NOW), Ok(None));
        for text in ["2027-01-14", "1970-01-01", "0001-01-01"] {
            assert!(expires(text, None, NOW).unwrap_err().contains("has passed"), "{text}");
        }
        for text in ["tomorrow", "2027-13-01", "2027-02-30", "15.1.2027", "9999-12-31"] {
            assert!(expires(text, None, NOW).unwrap_err().contains("such as"), "{text}");
        }
    }

    #[test]
    fn the_same_day_again_is_the_same_end() {
        let noon = NOW.plus(std::time::Duration::from_secs(4 * 3_600));
        assert_eq!(expires("2027-01-15", Some(noon), NOW), Ok(Some(noon)));
        assert_ne!(expires("2027-01-16", Some(noon), NOW), Ok(Some(noon)));
    }

    #[test]
    fn what_may_mean_either_is_asked_about() {
        assert_eq!(is_limited("all", true, ""), Ok(false));
        assert_eq!(is_limited("", true, ""), Ok(false));
        assert_eq!(is_limited("some", false, ""), Ok(true));
        for (choice, is_nothing_chosen) in
            [("some", true), ("all", false), ("", false), ("x", true)]
        {
            assert!(is_limited(choice, is_nothing_chosen, "").is_err(), "{choice}");
        }
    }
}
