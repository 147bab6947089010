//! Who may call what: every operation, asked by everybody there can be, with a key and with a token.
//!
//! The operations are the server's own list. Each has a [`Case`] here, which says what is special about it;
//! an operation without one fails, and so does a case without an operation. There is no list of exceptions.

use std::collections::BTreeSet;

use bloom_domain::access::{Access, BloomScope};
use bloom_domain::api_keys::Narrowing;
use serde_json::{Value, json};

use crate::api_keys_by_credential::key_with;
use crate::openapi::assert_fits;
use crate::plans::billed;
use crate::support::{Answer, App, Browser, Key, Operation, on_both, operations};
use crate::teams::{join, member_id, team};

on_both!(every_operation_answers_everybody_as_it_must);

/// What is special about an operation.
struct Case {
    id: &'static str,
    /// What it answers to whoever may call it.
    status: u16,
    /// What it is about: whose id stands in its path, or what is in its body.
    about: About,
    /// Whether it takes credits, so that there must be some.
    costs: bool,
    /// Whether the plan must open the API.
    needs_plan: bool,
    /// Whether it is about the very key that it is asked with, of which a token is none.
    is_for_keys: bool,
}

/// What an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// The caller and their own things; another's cannot even be named.
    Oneself,
    /// A workspace, which may be named.
    Workspace,
    /// An API key in the path. Another's answers with this code.
    ApiKey(&'static str),
    /// An API key in the body. What is another's is not known.
    PresentedKey,
}

impl Case {
    const fn read(id: &'static str, about: About) -> Self {
        Self { id, status: 200, about, costs: false, needs_plan: true, is_for_keys: false }
    }
}

const CASES: &[Case] = &[
    Case::read("account.get", About::Oneself),
    Case { status: 201, ..Case::read("apiKeys.create", About::Oneself) },
    Case::read("apiKeys.get", About::ApiKey("API_KEY_NOT_FOUND")),
    Case::read("apiKeys.list", About::Oneself),
    // Whoever cannot pay may still end what they have.
    Case { needs_plan: false, ..Case::read("apiKeys.revoke", About::ApiKey("API_KEY_NOT_FOUND")) },
    Case::read("apiKeys.rotate", About::ApiKey("API_KEY_NOT_FOUND")),
    Case {
        needs_plan: false,
        is_for_keys: true,
        ..Case::read("apiKeys.revokeSelf", About::Oneself)
    },
    Case::read("apiKeys.verify", About::PresentedKey),
    Case::read("credits.get", About::Workspace),
    Case::read("workspaces.list", About::Oneself),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Key,
    Token,
}

/// Who is meant by what an operation is about.
struct Things {
    key: Key,
    workspace: Option<String>,
}

fn case(operation: &Operation) -> &'static Case {
    let found = CASES.iter().find(|case| case.id == operation.id);
    found.unwrap_or_else(|| panic!("{} has no case: say who may call it", operation.id))
}

/// Calls an operation about some things.
async fn call(app: &App, operation: &Operation, credential: &str, things: &Things) -> Answer {
    let bearer = format!("Bearer {credential}");
    let headers =
        if credential.is_empty() { vec![] } else { vec![("authorization", bearer.as_str())] };
    let about = case(operation).about;
    let mut path = operation.template.replace("{id}", &things.key.id);
    assert!(!path.contains('{'), "say here what stands for the parameters of {path}");
    assert_eq!(matches!(about, About::ApiKey(_)), path != operation.template, "{path}");
    let takes_workspace = operation.description["parameters"].to_string().contains("workspaceId");
    assert_eq!(about == About::Workspace, takes_workspace, "{path}");
    if let Some(workspace) = things.workspace.as_ref().filter(|_| takes_workspace) {
        path = format!("{path}?workspaceId={workspace}");
    }
    let body = operation.body.clone().map(|least| match about {
        About::PresentedKey => json!({ "key": things.key.secret }),
        _ => least,
    });
    app.call(&operation.method, &path, &headers, body.as_ref()).await
}

/// A person with a credential of each kind for every set of scopes.
struct Caller {
    browser: Browser,
    things: Things,
    apps: usize,
}

impl Caller {
    async fn new(app: &App, name: &str) -> Self {
        let mut browser = app.person(name).await;
        let key = browser.create_key("thing").await;
        Self { browser, things: Things { key, workspace: None }, apps: 0 }
    }

    /// A fresh credential with some scopes.
    async fn credential(&mut self, kind: Kind, scopes: &[BloomScope]) -> String {
        match kind {
            Kind::Key => {
                let access = Access::Named(scopes.iter().copied().collect());
                let narrowing = Narrowing { access, ..Narrowing::default() };
                key_with(&self.browser, narrowing).await.secret
            }
            Kind::Token => {
                self.apps += 1;
                let name = self.browser.email().split('@').next().expect("a name").to_owned();
                let place = format!("https://{name}{}.example/cb", self.apps);
                let client = self.browser.app.client(&place).await;
                let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
                let scope = scopes.join(" ");
                client.connect(&mut self.browser, &[("scope", &scope)]).await.access
            }
        }
    }

    /// A fresh thing, for an operation that ends it.
    async fn renewed(&mut self) {
        self.things.key = self.browser.create_key("thing").await;
    }
}

fn all_scopes() -> Vec<BloomScope> {
    BloomScope::ALL.to_vec()
}

/// Every operation, for one kind of credential.
struct Matrix {
    kind: Kind,
    /// Without billing: everybody has everything.
    app: App,
    /// With billing, where the plan without a subscription opens the API and brings no credits.
    metered: App,
    /// With billing, where the plan without a subscription opens nothing.
    closed: App,
    ada: Caller,
    bob: Caller,
}

impl Matrix {
    async fn is_asked(&mut self, operation: &Operation) {
        let case = case(operation);
        let shown = format!("{} with a {:?}", case.id, self.kind);
        let may = all_scopes();
        self.anonymous(operation, &shown).await;
        let answer = self.ask(operation, &may).await;
        if case.is_for_keys && self.kind == Kind::Token {
            assert_eq!(answer.status, 404, "{shown}: {answer:?}");
        } else {
            assert_eq!(answer.status, case.status, "{shown}: {answer:?}");
            assert_fits(operation, &answer);
        }
        self.wrong_scope(operation, &shown).await;
        self.other_tenant(operation, &shown).await;
        self.removed_member(operation, &shown).await;
        self.plans(operation, &shown).await;
        self.banned(operation, &shown).await;
    }

    /// Asks as ada, about a thing of hers, with a credential of some scopes.
    async fn ask(&mut self, operation: &Operation, scopes: &[BloomScope]) -> Answer {
        let credential = self.ada.credential(self.kind, scopes).await;
        self.ada.renewed().await;
        call(&self.app, operation, &credential, &self.ada.things).await
    }

    async fn anonymous(&mut self, operation: &Operation, shown: &str) {
        let answer = call(&self.app, operation, "", &self.ada.things).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED", "{shown}");
    }

    async fn wrong_scope(&mut self, operation: &Operation, shown: &str) {
        for missing in BloomScope::ALL {
            let scopes: Vec<_> =
                BloomScope::ALL.into_iter().filter(|one| *one != missing).collect();
            let answer = self.ask(operation, &scopes).await;
            let told = answer.header("www-authenticate").contains("insufficient_scope");
            assert_eq!(told, operation.scope == Some(missing), "{shown}, {missing:?}: {answer:?}");
            if told {
                assert_eq!(answer.error(), "403 FORBIDDEN", "{shown}");
            }
        }
    }

    /// Somebody else's things are not there, and nothing of theirs is in an answer.
    async fn other_tenant(&mut self, operation: &Operation, shown: &str) {
        let before = self.app.rows("api_keys");
        let credential = self.ada.credential(self.kind, &all_scopes()).await;
        let own = self.app.rows("api_keys");
        let theirs = call(&self.app, operation, &credential, &self.bob.things).await;
        match case(operation).about {
            About::ApiKey(code) => {
                assert_eq!(theirs.error(), format!("404 {code}"), "{shown}");
                assert_eq!(self.app.rows("api_keys"), own, "{shown}: nothing is done");
                // Word for word as for what nobody has.
                let nothing =
                    Key { id: crate::support::NOTHING.into(), ..self.bob.things.key.clone() };
                let nothing = Things { key: nothing, workspace: None };
                let missing = call(&self.app, operation, &credential, &nothing).await;
                assert_eq!(theirs.body, missing.body, "{shown}");
            }
            About::Workspace => {
                assert_eq!(theirs.error(), "404 WORKSPACE_NOT_FOUND", "{shown}");
            }
            About::PresentedKey => {
                assert_eq!(theirs.json()["data"]["state"], "unknown", "{shown}");
            }
            About::Oneself => {}
        }
        let of_bob = [self.bob.browser.email(), &self.bob.things.key.id];
        assert!(!of_bob.iter().any(|word| theirs.text().contains(word)), "{shown}: {theirs:?}");
        let bobs = |rows: Vec<String>| {
            let id = self.bob.things.key.id.replace('-', "");
            rows.into_iter().filter(|row| row.contains(&id)).collect::<Vec<_>>()
        };
        assert_eq!(bobs(before), bobs(self.app.rows("api_keys")), "{shown}");
    }

    /// Who was removed from a workspace has lost it; what is theirs they keep.
    async fn removed_member(&mut self, operation: &Operation, shown: &str) {
        let id = self.bob.things.workspace.clone().expect("bob has a team");
        join(&mut self.bob.browser, &id, &mut self.ada.browser, "member").await;
        let (first, second) = (
            self.ada.credential(self.kind, &all_scopes()).await,
            self.ada.credential(self.kind, &all_scopes()).await,
        );
        self.ada.things.workspace = Some(id.clone());
        let before = call(&self.app, operation, &first, &self.ada.things).await;
        let ada = self.ada.browser.email().to_owned();
        let member = member_id(&mut self.bob.browser, &id, &ada).await;
        let at = format!("/settings/workspaces/{id}/members/{member}/remove");
        assert_eq!(self.bob.browser.post(&at, &[]).await.status, 303);
        let after = call(&self.app, operation, &second, &self.ada.things).await;
        match case(operation).about {
            About::Workspace => {
                assert_eq!(before.status, case(operation).status, "{shown}: {before:?}");
                assert_eq!(after.error(), "404 WORKSPACE_NOT_FOUND", "{shown}");
            }
            _ => assert_eq!(after.status, before.status, "{shown}: {after:?}"),
        }
        assert!(!after.text().contains(&id), "{shown}: {after:?}");
        self.ada.things.workspace = None;
    }

    /// A plan that does not open the API, and one on which there are no credits.
    async fn plans(&mut self, operation: &Operation, shown: &str) {
        let case = case(operation);
        let expected = self.ask(operation, &all_scopes()).await.status;
        for (app, is_open) in [(self.metered.clone(), true), (self.closed.clone(), false)] {
            let credential = self.ada.credential(self.kind, &all_scopes()).await;
            self.ada.renewed().await;
            let answer = call(&app, operation, &credential, &self.ada.things).await;
            match (is_open, case.costs) {
                (false, _) if case.needs_plan && expected < 400 => {
                    assert_eq!(answer.error(), "403 FORBIDDEN", "{shown}");
                    assert!(answer.text().contains("Plan upgrade required"), "{shown}: {answer:?}");
                }
                (true, true) if expected < 400 => {
                    assert_eq!(answer.error(), "402 INSUFFICIENT_CREDITS", "{shown}");
                }
                _ => assert_eq!(answer.status, expected, "{shown}: {answer:?}"),
            }
        }
    }

    async fn banned(&mut self, operation: &Operation, shown: &str) {
        let credential = self.ada.credential(self.kind, &all_scopes()).await;
        let email = self.ada.browser.email().to_owned();
        self.app.ban(&email).await;
        let before = self.app.rows("api_keys");
        let answer = call(&self.app, operation, &credential, &self.ada.things).await;
        assert_eq!(answer.error(), "403 ACCOUNT_BANNED", "{shown}");
        assert_eq!(self.app.rows("api_keys"), before, "{shown}: nothing is done");
        self.app.unban(&email).await;
    }
}

async fn every_operation_answers_everybody_as_it_must(app: App) {
    let known: BTreeSet<_> = operations().into_iter().map(|operation| operation.id).collect();
    let cases: BTreeSet<_> = CASES.iter().map(|case| case.id.to_owned()).collect();
    assert_eq!(known, cases, "an operation and its case come and go together");
    let app = app.again(|options| {
        options.rate_limits = bloom_service::rate_limit::RateLimits::OFF;
        options.max_clients = 1_000;
    });
    let app = app.await;
    let (metered, closed) = (billed(&app, "trial").await, billed(&app, "closed").await);
    for (index, operation) in operations().into_iter().enumerate() {
        for kind in [Kind::Key, Kind::Token] {
            let name = |who: &str| format!("{who}{index}{}", kind as u8);
            let (ada, mut bob) =
                (Caller::new(&app, &name("ada")).await, Caller::new(&app, &name("bob")).await);
            bob.things.workspace = Some(team(&mut bob.browser, "Bobs").await);
            let (app, metered, closed) = (app.clone(), metered.clone(), closed.clone());
            let mut matrix = Matrix { kind, app, metered, closed, ada, bob };
            Box::pin(matrix.is_asked(&operation)).await;
        }
    }
}

/// The least body of an operation, for the tests that need no more.
#[test]
fn the_least_body_has_what_is_required() {
    let create = operations().into_iter().find(|one| one.id == "apiKeys.create").unwrap();
    assert_eq!(create.body, Some(json!({ "name": "x" })));
    let list = operations().into_iter().find(|one| one.id == "apiKeys.list").unwrap();
    assert_eq!(list.body, None::<Value>);
}
