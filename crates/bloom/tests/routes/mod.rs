//! The pages that the router has, read from its text: what a test says of every page, it says of those that come later,
//! too.

/// A path of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// With its variable parts in braces.
    pub(crate) path: String,
    pub(crate) is_got: bool,
    pub(crate) is_posted: bool,
}

const ROUTER: &str = include_str!("../../../http/src/router.rs");

/// Paths that have a name there.
const NAMED: [(&str, &str); 9] = [
    ("oauth::AUTHORIZE", "/api/auth/oauth2/authorize"),
    ("oauth::END_SESSION", "/api/auth/oauth2/end-session"),
    ("pages::env_file::PATH", "/settings/api-keys/env"),
    ("pages::which_key::PATH", "/settings/which-key"),
    ("security::PATH", "/settings/security"),
    ("proof::PATH", "/settings/security/confirm"),
    ("reset::PATH", "/reset-password"),
    ("openid::ANSWER_PATH", "/sign-in/openid/answer"),
    ("docs::PATH", "/docs"),
];

/// Every path of the pages. Panics at one that it cannot read.
pub(crate) fn routes() -> Vec<Route> {
    let (_, pages) = ROUTER.split_once("let routes = Router::new()").expect("the pages");
    let (build, others) = pages.split_once(".fallback(").expect("the end of the pages");
    let others = others.split("\nfn ").skip(1);
    let mut all = Vec::new();
    for function in std::iter::once(build).chain(others) {
        for route in function.split(".route(").skip(1) {
            let (path, methods) = argument(route);
            all.push(Route {
                path: read(path, function),
                is_got: methods.contains("get("),
                is_posted: methods.contains("post("),
            });
        }
    }
    assert!(all.len() > 80, "{all:?}");
    all
}

/// The first argument of a call, and the rest of them.
fn argument(call: &str) -> (&str, &str) {
    let (mut depth, mut comma, mut is_text) = (0_u32, None, false);
    for (at, sign) in call.char_indices() {
        match sign {
            '"' => is_text = !is_text,
            _ if is_text => {}
            '(' => depth += 1,
            ')' if depth == 0 => {
                let comma: usize = comma.expect("two arguments");
                return (call[..comma].trim(), &call[comma + 1..at]);
            }
            ')' => depth -= 1,
            ',' if depth == 0 && comma.is_none() => comma = Some(at),
            _ => {}
        }
    }
    panic!("a call without an end: {call}");
}

/// What an argument says, by what its function says before it.
fn read(argument: &str, function: &str) -> String {
    let argument = argument.trim_start_matches('&');
    if let Some((_, path)) = NAMED.iter().find(|(name, _)| *name == argument) {
        return (*path).to_owned();
    }
    if argument.starts_with('"') {
        return argument.trim_matches('"').to_owned();
    }
    let after = |text: &str| {
        let (_, rest) = function.split_once(text)?;
        rest.split('"').nth(1)
    };
    let of_team = || after("let of_team = ").expect("a path");
    if argument == "of_team" {
        return of_team().to_owned();
    }
    if argument.starts_with("format!(\"{of_team}") {
        let text = argument.split('"').nth(1).expect("a text").replace("{of_team}", of_team());
        return text.replace("{{", "{").replace("}}", "}");
    }
    let form = argument.split('"').nth(1).unwrap_or_else(|| panic!("what is {argument}?"));
    let before = after("let of = |form| ").or_else(|| after("let at = |form: &str| "));
    let before = before.unwrap_or_else(|| panic!("what is {argument}?")).replace("{form}", form);
    before.replace("{}", "/settings/security").replace("{{", "{").replace("}}", "}")
}
