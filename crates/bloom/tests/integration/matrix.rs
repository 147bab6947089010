//! Who may call what: every operation, asked by everybody there can be, with a key and with a token.
//!
//! The operations are the server's own list. Each has a [`Case`] here, which says what is special about it;
//! an operation without one fails, and so does a case without an operation. There is no list of exceptions.

mod reach;
mod tokens;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use bloom_domain::access::{Access, BloomScope};
use bloom_domain::api_keys::Narrowing;
use serde_json::{Value, json};

use crate::api_keys_by_credential::key_with;
use crate::images::studio::{image_of, make_ready};
use crate::openapi::assert_fits;
use crate::plans::billed;
use crate::support::{Answer, App, Browser, Key, NOTHING, Operation, on_both, operations};
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
    /// An API key in the path. Another's answers with this error.
    ApiKey(&'static str),
    /// An API key in the body. What is another's is not known.
    PresentedKey,
    /// A workspace, which may be named in the body.
    SentWorkspace,
    /// A brand in the path.
    Brand,
    /// A brand in the body. Another's answers with this error.
    SentBrand(&'static str),
    /// An image in the path, and its brand in the body if there is one. Another's answers with this error.
    Image(&'static str),
    /// Images that the query names; of another's there are none.
    NamedImages,
    /// A token in the path, which is all that is asked for.
    Token,
    /// Keys of another system in the body, which nobody has imported yet.
    ForeignKeys,
}

impl About {
    /// Where the things lie that it is about.
    fn table(self) -> &'static str {
        match self {
            Self::Brand | Self::SentWorkspace => "brands",
            Self::SentBrand(_) | Self::Image(_) | Self::NamedImages => "images",
            _ => "api_keys",
        }
    }

    /// What it answers about another's, or about nobody's.
    fn missing(self) -> Option<&'static str> {
        match self {
            Self::ApiKey(error) | Self::SentBrand(error) | Self::Image(error) => Some(error),
            Self::Brand => Some("404 BRAND_NOT_FOUND"),
            Self::Workspace | Self::SentWorkspace => Some("404 WORKSPACE_NOT_FOUND"),
            Self::Oneself
            | Self::PresentedKey
            | Self::NamedImages
            | Self::Token
            | Self::ForeignKeys => None,
        }
    }
}

impl Case {
    const fn read(id: &'static str, about: About) -> Self {
        Self { id, status: 200, about, costs: false, needs_plan: true, is_for_keys: false }
    }

    /// One that asks for an image.
    const fn making(id: &'static str, about: About) -> Self {
        Self { status: 202, costs: true, ..Self::read(id, about) }
    }
}

/// How many keys of another system were imported.
static IMPORTED: AtomicU64 = AtomicU64::new(0);

const CASES: &[Case] = &[
    Case::read("account.get", About::Oneself),
    Case { status: 201, ..Case::read("apiKeys.create", About::Oneself) },
    Case::read("apiKeys.get", About::ApiKey("404 API_KEY_NOT_FOUND")),
    Case { status: 201, ..Case::read("apiKeys.import", About::ForeignKeys) },
    Case::read("apiKeys.list", About::Oneself),
    // Whoever cannot pay may still end what they have.
    Case {
        needs_plan: false,
        ..Case::read("apiKeys.revoke", About::ApiKey("404 API_KEY_NOT_FOUND"))
    },
    Case::read("apiKeys.rotate", About::ApiKey("404 API_KEY_NOT_FOUND")),
    Case {
        needs_plan: false,
        is_for_keys: true,
        ..Case::read("apiKeys.revokeSelf", About::Oneself)
    },
    Case::read("apiKeys.verify", About::PresentedKey),
    Case { status: 202, ..Case::read("brands.create", About::SentWorkspace) },
    Case::read("brands.delete", About::Brand),
    Case::read("brands.get", About::Brand),
    Case::read("brands.list", About::Workspace),
    Case { status: 202, ..Case::read("brands.updateLogo", About::Brand) },
    Case { status: 202, ..Case::read("brands.uploadLogoFile", About::Brand) },
    Case { status: 202, ..Case::read("brands.uploadLogoFileSigned", About::Token) },
    Case::read("credits.get", About::Workspace),
    Case::read("images.delete", About::Image("404 IMAGE_NOT_FOUND")),
    Case::read("images.deleteMany", About::NamedImages),
    Case::making("images.edit", About::Image("404 EDIT_SUBJECT_NOT_FOUND")),
    Case::making("images.generate", About::SentBrand("422 BRAND_NOT_FOUND")),
    Case::read("images.get", About::Image("404 IMAGE_NOT_FOUND")),
    Case::read("images.list", About::Workspace),
    Case::making("images.removeBackground", About::Image("404 IMAGE_NOT_FOUND")),
    Case::making("images.resize", About::Image("404 IMAGE_NOT_FOUND")),
    Case::read("images.search", About::SentBrand("422 BRAND_NOT_FOUND")),
    // Nothing is fetched here, and that comes last.
    Case { status: 400, ..Case::read("images.upload", About::SentBrand("404 BRAND_NOT_FOUND")) },
    Case::read("images.uploadFile", About::SentBrand("422 BRAND_NOT_FOUND")),
    Case::read("images.uploadFileSigned", About::Token),
    Case::making("images.vectorize", About::Image("404 IMAGE_NOT_FOUND")),
    Case::read("workspaces.list", About::Oneself),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Key,
    Token,
}

/// Who is meant by what an operation is about.
#[derive(Clone)]
struct Things {
    key: Key,
    brand: String,
    image: String,
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
    let id = match about {
        About::Brand => &things.brand,
        About::Image(_) => &things.image,
        _ => &things.key.id,
    };
    let mut path = operation.template.replace("{id}", id).replace("{token}", NOTHING);
    assert!(!path.contains('{'), "say here what stands for the parameters of {path}");
    let is_about_one =
        matches!(about, About::ApiKey(_) | About::Brand | About::Image(_) | About::Token);
    assert_eq!(is_about_one, path != operation.template, "{path}");
    let takes_workspace = operation.description["parameters"].to_string().contains("workspaceId");
    assert_eq!(about == About::Workspace, takes_workspace, "{path}");
    if let Some(workspace) = things.workspace.as_ref().filter(|_| takes_workspace) {
        path = format!("{path}?workspaceId={workspace}");
    }
    if about == About::NamedImages {
        path = format!("{path}?ids={}", things.image);
    }
    let body = operation.body.clone().map(|mut least| match about {
        About::PresentedKey => json!({ "key": things.key.secret }),
        About::SentWorkspace => {
            let mut body = least;
            if let Some(workspace) = &things.workspace {
                body["workspaceId"] = json!(workspace);
            }
            body
        }
        About::ForeignKeys => {
            let number = IMPORTED.fetch_add(1, Ordering::Relaxed);
            least["keys"][0]["sha256"] = format!("{number:064x}").into();
            least
        }
        About::SentBrand(_) | About::Image(_) => {
            let mut body = least;
            body["brandSessionId"] = json!(things.brand);
            body
        }
        _ => least,
    });
    operation.send(app, &path, &headers, body.as_ref()).await
}

/// A fresh brand in a workspace of the owner of a key.
async fn brand(app: &App, key: &Key, workspace: Option<&str>) -> String {
    let mut body = json!({ "url": "https://site.example/" });
    if let Some(workspace) = workspace {
        body["workspaceId"] = json!(workspace);
    }
    let headers = [("x-api-key", key.secret.as_str())];
    let made = app.call("POST", "/api/v1/brands", &headers, Some(&body)).await;
    let id = made.json()["data"]["id"].as_str().unwrap_or_else(|| panic!("{made:?}")).to_owned();
    make_ready(app, &id);
    id
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
        let brand = brand(app, &key, None).await;
        let image = image_of(app, &brand);
        Self { browser, things: Things { key, brand, image, workspace: None }, apps: 0 }
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
        self.things.brand = brand(&self.browser.app, &self.things.key, None).await;
        self.things.image = image_of(&self.browser.app, &self.things.brand);
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
        if case.about == About::Token {
            return self.token_is_asked(operation, &shown).await;
        }
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
        self.narrowed_elsewhere(operation, &shown).await;
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

    /// Where a token is what lets somebody in, a credential is nothing.
    async fn no_credential_helps(&mut self, operation: &Operation, shown: &str) {
        let good = self.ada.credential(self.kind, &all_scopes()).await;
        let before = self.app.database().dump();
        for credential in ["", "junk", &good] {
            let answer = call(&self.app, operation, credential, &self.ada.things).await;
            assert_eq!(answer.error(), "401 INVALID_UPLOAD_TOKEN", "{shown}");
        }
        assert_eq!(self.app.database().dump(), before, "{shown}: nothing is done");
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
        let about = case(operation).about;
        let before = self.app.rows(about.table());
        let credential = self.ada.credential(self.kind, &all_scopes()).await;
        let own = self.app.rows(about.table());
        let theirs = call(&self.app, operation, &credential, &self.bob.things).await;
        if let Some(code) = about.missing() {
            assert_eq!(theirs.error(), code, "{shown}");
            assert_eq!(self.app.rows(about.table()), own, "{shown}: nothing is done");
            // Word for word as for what nobody has.
            let nothing = Things {
                key: Key { id: NOTHING.into(), ..self.bob.things.key.clone() },
                brand: NOTHING.into(),
                image: NOTHING.into(),
                workspace: Some(NOTHING.into()),
            };
            let missing = call(&self.app, operation, &credential, &nothing).await;
            assert_eq!(theirs.body, missing.body, "{shown}");
        }
        if about == About::PresentedKey {
            assert_eq!(theirs.json()["data"]["state"], "unknown", "{shown}");
        }
        if about == About::NamedImages {
            assert_eq!(theirs.json()["data"]["deletedCount"], 0, "{shown}");
        }
        let Things { key, brand, image, .. } = &self.bob.things;
        let of_bob = [self.bob.browser.email(), &key.id, brand, image];
        assert!(!of_bob.iter().any(|word| theirs.text().contains(word)), "{shown}: {theirs:?}");
        let bobs = |rows: Vec<String>| {
            let ids = [&key.id, brand, image];
            let ids = ids.map(|id| id.replace('-', ""));
            rows.into_iter().filter(|row| ids.iter().any(|id| row.contains(id))).collect::<Vec<_>>()
        };
        assert_eq!(bobs(before), bobs(self.app.rows(about.table())), "{shown}");
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
        // Of each call one that is theirs together.
        let team = Some(id.as_str());
        let shared = [
            brand(&self.app, &self.bob.things.key, team).await,
            brand(&self.app, &self.bob.things.key, team).await,
        ];
        let things = shared.map(|brand| {
            let image = image_of(&self.app, &brand);
            Things { brand, image, ..self.ada.things.clone() }
        });
        let before = call(&self.app, operation, &first, &things[0]).await;
        let ada = self.ada.browser.email().to_owned();
        let member = member_id(&mut self.bob.browser, &id, &ada).await;
        let at = format!("/settings/workspaces/{id}/members/{member}/remove");
        assert_eq!(self.bob.browser.post(&at, &[]).await.status, 303);
        let after = call(&self.app, operation, &second, &things[1]).await;
        match case(operation).about {
            about @ (About::Workspace
            | About::SentWorkspace
            | About::Brand
            | About::SentBrand(_)
            | About::Image(_)) => {
                let code = about.missing().expect("it can be missing");
                assert_eq!(before.status, case(operation).status, "{shown}: {before:?}");
                assert_eq!(after.error(), code, "{shown}");
            }
            About::NamedImages => {
                let count = |answer: &Answer| answer.json()["data"]["deletedCount"].clone();
                assert_eq!((count(&before), count(&after)), (json!(1), json!(0)), "{shown}");
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
        let may = expected == case.status;
        for (app, is_open) in [(self.metered.clone(), true), (self.closed.clone(), false)] {
            let credential = self.ada.credential(self.kind, &all_scopes()).await;
            self.ada.renewed().await;
            let answer = call(&app, operation, &credential, &self.ada.things).await;
            match (is_open, case.costs) {
                (false, _) if case.needs_plan && may => {
                    assert_eq!(answer.error(), "403 FORBIDDEN", "{shown}");
                    assert!(answer.text().contains("Plan upgrade required"), "{shown}: {answer:?}");
                }
                (true, true) if may => {
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
        let table = case(operation).about.table();
        let before = self.app.rows(table);
        let answer = call(&self.app, operation, &credential, &self.ada.things).await;
        assert_eq!(answer.error(), "403 ACCOUNT_BANNED", "{shown}");
        assert_eq!(self.app.rows(table), before, "{shown}: nothing is done");
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
