//! Every operation of the API, from the description that the server gives of itself. So a test that
//! goes through them cannot miss one.

use bloom_domain::access::BloomScope;
use bloom_service::operations::{self, Effect};
use serde_json::{Map, Value, json};

use super::sites::GREEN_LOGO;
use super::{Answer, App};

/// What stands for an id that a path names: nothing has it.
pub(crate) const NOTHING: &str = "01941f29-7c00-7bbb-8bbb-bbbbbbbbbbbb";

/// An operation of the API.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    /// From the root on, with parameters in braces.
    pub(crate) template: String,
    /// The same, with an id of nothing for each parameter.
    pub(crate) path: String,
    /// The least that it may be sent, by its schema; of a form, what stands beside the file.
    pub(crate) body: Option<Value>,
    /// Whether it is sent a file instead.
    pub(crate) takes_file: bool,
    /// Whether it is asked without a credential.
    pub(crate) is_open: bool,
    pub(crate) scope: Option<BloomScope>,
    pub(crate) effect: Effect,
    /// Its part of the description.
    pub(crate) description: Value,
}

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    let document = bloom_http::openapi();
    let base = document["servers"][0]["url"].as_str().expect("a server").to_owned();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, description) in methods.as_object().expect("methods") {
            let id = description["operationId"].as_str().expect("an id").to_owned();
            let known = operations::ALL.iter().find(|known| known.id == id).expect("it is known");
            let content = &description["requestBody"]["content"];
            let is_looked_at = description["requestBody"]["required"] == true;
            let schema = content.get("application/json").filter(|_| is_looked_at);
            let schema = schema.map(|json| &json["schema"]);
            let form = &content["multipart/form-data"]["schema"];
            let is_of_brand = form["properties"].get("brandSessionId").is_some();
            let least_form = is_of_brand.then(|| json!({ "brandSessionId": NOTHING }));
            all.push(Operation {
                id,
                method: method.to_uppercase(),
                template: format!("{base}{path}"),
                path: format!("{base}{}{}", filled(path), needed(description)),
                body: schema.map(|schema| least(&document, schema)).or(least_form),
                takes_file: content.get("multipart/form-data").is_some(),
                is_open: known.is_open,
                scope: known.scope,
                effect: known.effect,
                description: description.clone(),
            });
        }
    }
    assert!(!all.is_empty());
    all
}

/// All that are asked with a credential.
pub(crate) fn with_credential() -> Vec<Operation> {
    operations().into_iter().filter(|operation| !operation.is_open).collect()
}

impl Operation {
    /// What it answers with a good credential with access `all` when its path names nothing.
    pub(crate) fn expected(&self) -> u16 {
        if !self.is_for_everybody() {
            return 403;
        }
        if self.template.contains('{') {
            return 404;
        }
        let responses = self.description["responses"].as_object().expect("responses");
        let of_brand = responses.iter().find(|(_, response)| {
            response["description"].as_str().is_some_and(|codes| codes.contains("BRAND_NOT_FOUND"))
        });
        let is_of_brand =
            self.body.as_ref().is_some_and(|body| body.get("brandSessionId").is_some());
        if let Some((status, _)) = of_brand.filter(|_| is_of_brand) {
            return status.parse().expect("a status");
        }
        let status = responses.keys().find(|status| status.starts_with('2'));
        status.and_then(|status| status.parse().ok()).expect("a status")
    }

    /// Calls it at a path, with a body, or with a file if it takes one.
    pub(crate) async fn send(
        &self,
        app: &App,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        if !self.takes_file {
            return app.call(&self.method, path, headers, body).await;
        }
        let brand = body.and_then(|body| body["brandSessionId"].as_str());
        let (file, kind) = match brand {
            None => crate::brands::logos::form(GREEN_LOGO.as_bytes()),
            Some(brand) => crate::images::studio::form(brand, GREEN_LOGO.as_bytes()),
        };
        let headers = [&[("content-type", kind.as_str())], headers].concat();
        app.send_bytes(&self.method, path, file, &headers).await
    }

    /// Whether it asks for a credential: where a token in the path lets somebody in, none is looked at.
    pub(crate) fn takes_a_credential(&self) -> bool {
        self.description["security"] != json!([])
    }

    /// Whether a key or token with access `all` may do it.
    pub(crate) fn is_for_everybody(&self) -> bool {
        self.scope != Some(BloomScope::KeysAdmin)
    }

    /// Calls it with the least it may be sent.
    pub(crate) async fn call(&self, app: &App, headers: &[(&str, &str)]) -> Answer {
        self.send(app, &self.path, headers, self.body.as_ref()).await
    }
}

impl App {
    /// Sends a request to the API, with JSON if there is any.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let Some(body) = body else { return self.request(method, path, headers).await };
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.send_bytes(method, path, body.to_string().into_bytes(), &headers).await
    }
}

fn filled(path: &str) -> String {
    let segments = path.split('/');
    let filled = segments.map(|segment| if segment.starts_with('{') { NOTHING } else { segment });
    filled.collect::<Vec<_>>().join("/")
}

/// The parameters that a query must have, with an id of nothing each.
fn needed(description: &Value) -> String {
    let parameters = description["parameters"].as_array().cloned().unwrap_or_default();
    let needed = parameters.iter().filter(|one| one["in"] == "query" && one["required"] == true);
    let needed = needed.map(|one| format!("{}={NOTHING}", one["name"].as_str().expect("a name")));
    let needed: Vec<_> = needed.collect();
    if needed.is_empty() { String::new() } else { format!("?{}", needed.join("&")) }
}

/// The least that fits a schema: what is required, and as little of it as there may be.
fn least(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let found = document.pointer(reference.trim_start_matches('#')).expect(reference);
        return least(document, found);
    }
    let first = |words: &Value| words.as_array().and_then(|words| words.first()).cloned();
    if let Some(word) = schema.get("enum").and_then(first) {
        return word;
    }
    if let Some(variant) = schema.get("oneOf").and_then(first) {
        return variant["const"].clone();
    }
    match schema["type"].as_str().expect("a schema with one type") {
        "object" => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let names = required.iter().map(|name| name.as_str().expect("a name"));
            let member = |name: &str| least(document, &schema["properties"][name]);
            names.map(|name| (name.to_owned(), member(name))).collect::<Map<_, _>>().into()
        }
        "array" => {
            let few = schema["minItems"].as_u64().unwrap_or_default();
            (0..few).map(|_| least(document, &schema["items"])).collect()
        }
        "string" if schema["format"] == "uri" => json!("https://site.example/"),
        "string" if schema["format"] == "uuid" => json!(NOTHING),
        "string" => match schema["minLength"].as_u64() {
            // Digits do for a hash, too.
            Some(few) => "0".repeat(usize::try_from(few).expect("not that many")).into(),
            None => json!("x"),
        },
        "integer" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(false),
        other => panic!("say here what the least {other} is"),
    }
}
