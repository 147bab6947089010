//! The public contract: what clients of Bloom's API rely on, one fact a line in `tests/contract.txt`. The description
//! that is served may say more and must say all of it.
//!
//! The file is no copy of the description, and no command writes it: a line goes only with a promise.

use std::collections::BTreeSet;

use serde_json::Value;

const CONTRACT: &str = include_str!("../contract.txt");
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];
const BOUNDS: [&str; 8] =
    ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "format", "default"];
/// How deep members of answers are looked at.
const DEPTH: usize = 8;

#[test]
fn what_is_served_keeps_the_contract() {
    let served = facts(&bloom_http::openapi());
    let promised: BTreeSet<_> = CONTRACT.lines().map(str::to_owned).collect();
    let operations = promised.iter().filter(|fact| fact.contains(" id "));
    assert_eq!(operations.clone().count(), 23);
    let missing: Vec<_> = promised.difference(&served).collect();
    assert!(missing.is_empty(), "{} facts are gone: {missing:#?}", missing.len());
    // What nobody had to send before, nobody has to send now.
    let of_contract: BTreeSet<_> = operations.map(|fact| place(fact)).collect();
    let demanded = served.difference(&promised).filter(|fact| fact.ends_with(" required"));
    let demanded: Vec<_> = demanded.filter(|fact| of_contract.contains(place(fact))).collect();
    assert!(demanded.is_empty(), "{demanded:#?}");
}

/// The method and the path that a fact is about.
fn place(fact: &str) -> &str {
    let end = fact.match_indices(' ').nth(1).map_or(fact.len(), |(at, _)| at);
    &fact[..end]
}

/// Everything that a description says of its operations.
fn facts(document: &Value) -> BTreeSet<String> {
    let mut facts = Facts { document, all: BTreeSet::new() };
    for (path, item) in members(&document["paths"]) {
        // What a part of a path is called does not matter.
        let parts = path.strip_prefix("/api/v1").unwrap_or(path).split('/');
        let path = parts.map(|part| if part.starts_with('{') { "{}" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        for method in METHODS.into_iter().filter(|method| item.get(method).is_some()) {
            let at = format!("{} {path}", method.to_uppercase());
            facts.operation(&at, &item["parameters"], &item[method]);
        }
    }
    facts.all
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

struct Facts<'a> {
    document: &'a Value,
    all: BTreeSet<String>,
}

impl<'a> Facts<'a> {
    fn add(&mut self, fact: String) {
        self.all.insert(fact);
    }

    fn follow(&self, mut value: &'a Value) -> &'a Value {
        while let Some(reference) = value["$ref"].as_str() {
            let place = reference.trim_start_matches('#');
            value = self.document.pointer(place).expect(reference);
        }
        value
    }

    fn operation(&mut self, at: &str, shared: &'a Value, operation: &'a Value) {
        let id = operation["operationId"].as_str().expect("an id");
        self.add(format!("{at} id {id}"));
        for parameter in items(shared).chain(items(&operation["parameters"])) {
            let parameter = self.follow(parameter);
            let text = |name: &str| parameter[name].as_str().unwrap_or_default();
            let name = match text("in") {
                "path" => String::new(),
                _ => format!(" {}", text("name")),
            };
            let here = format!("{at} {}{name}", text("in"));
            self.demand(&here, parameter["required"] == true);
            self.bounds(&here, &parameter["schema"]);
        }
        for (kind, media) in members(&self.follow(&operation["requestBody"])["content"]) {
            let here = format!("{at} body {}", bare(kind));
            self.add(here.clone());
            let (fields, required) = self.fields(&media["schema"]);
            for (name, field) in fields {
                let here = format!("{here} {name}");
                self.demand(&here, required.contains(&name.as_str()));
                self.bounds(&here, field);
            }
        }
        for (status, answer) in members(&operation["responses"]) {
            self.add(format!("{at} {status}"));
            for (kind, media) in members(&self.follow(answer)["content"]) {
                let here = format!("{at} {status} {}", bare(kind));
                self.add(here.clone());
                match status.starts_with(['4', '5']) {
                    true => self.codes(&here, &media["schema"], 0),
                    false => self.answer(&format!("{here} "), &media["schema"], 0),
                }
            }
        }
    }

    fn demand(&mut self, at: &str, is_required: bool) {
        self.add(format!("{at} {}", if is_required { "required" } else { "optional" }));
    }

    fn bounds(&mut self, at: &str, schema: &'a Value) {
        let schema = self.follow(schema);
        for bound in BOUNDS.into_iter().filter(|bound| schema.get(bound).is_some()) {
            let value = &schema[bound];
            let value =
                value.as_f64().map_or_else(|| value.to_string(), |number| number.to_string());
            self.add(format!("{at} {bound} {value}"));
        }
        self.words(at, schema);
    }

    /// The words that are allowed, each.
    fn words(&mut self, at: &str, schema: &'a Value) {
        for word in self.allowed(schema) {
            self.add(format!("{at} value {word}"));
        }
    }

    fn allowed(&self, schema: &'a Value) -> Vec<&'a str> {
        let schema = self.follow(schema);
        let own = items(&schema["enum"]).chain(schema.get("const")).filter_map(Value::as_str);
        let other = ["anyOf", "oneOf"].into_iter().flat_map(|name| items(&schema[name]));
        own.chain(other.flat_map(|one| self.allowed(one))).collect()
    }

    /// What an object has, and what of it is always there.
    fn fields(&self, schema: &'a Value) -> (Vec<(&'a String, &'a Value)>, Vec<&'a str>) {
        let schema = self.follow(schema);
        let mut fields: Vec<_> = members(&schema["properties"]).collect();
        let mut required: Vec<_> = items(&schema["required"]).filter_map(Value::as_str).collect();
        for part in items(&schema["allOf"]) {
            let (more, also) = self.fields(part);
            fields.extend(more);
            required.extend(also);
        }
        (fields, required)
    }

    /// The codes of an error, wherever they stand.
    fn codes(&mut self, at: &str, schema: &'a Value, depth: usize) {
        if depth > DEPTH + 4 {
            return;
        }
        let schema = self.follow(schema);
        if let Some(code) = schema["properties"].get("code") {
            for code in self.allowed(code) {
                self.add(format!("{at} code {code}"));
            }
        }
        for below in items(schema) {
            self.codes(at, below, depth + 1);
        }
        for (_, below) in members(schema) {
            self.codes(at, below, depth + 1);
        }
    }

    /// The members of an answer.
    fn answer(&mut self, at: &str, schema: &'a Value, depth: usize) {
        if depth > DEPTH {
            return;
        }
        let schema = self.follow(schema);
        if let Some(each) = schema.get("items") {
            return self.answer(&format!("{at}[]"), each, depth + 1);
        }
        for part in items(&schema["allOf"]) {
            self.answer(at, part, depth + 1);
        }
        for (name, field) in members(&schema["properties"]) {
            let here = format!("{at}.{name}");
            if items(&schema["required"]).any(|always| always == name.as_str()) {
                self.add(format!("{here} always"));
            }
            self.add(here.clone());
            self.words(&here, field);
            self.answer(&here, field, depth + 1);
        }
    }
}

/// A media type without its parameters.
fn bare(kind: &str) -> &str {
    kind.split(';').next().unwrap_or_default().trim()
}
