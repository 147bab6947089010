//! The page of an operation, from the description that is served.

use std::collections::BTreeMap;

use askama::Template;
use bloom_service::operations::{self, Effect, Operation};
use serde_json::Value;

use super::examples;
use super::markdown::cell;
use super::meanings;
use super::schema::{Field, Schemas};
use crate::mcp::tools;

/// What each part of the API is about, by the first part of its operations' ids.
const PARTS: [(&str, &str); 6] = [
    ("account", "The account"),
    ("workspaces", "Workspaces"),
    ("credits", "Credits"),
    ("brands", "Brands"),
    ("images", "Images"),
    ("apiKeys", "API keys"),
];

/// The page of an operation.
#[derive(Template)]
#[template(path = "documentation/operation.txt")]
pub(super) struct OperationPage {
    /// The origin of this server.
    o: String,
    pub(super) id: &'static str,
    pub(super) summary: String,
    /// In capitals.
    pub(super) method: String,
    /// From the root on, with parameters in braces.
    pub(super) path: String,
    pub(super) scope: Option<&'static str>,
    pub(super) is_open: bool,
    creates: bool,
    pub(super) parameters: Vec<ParameterRow>,
    pub(super) body: Body,
    curl: String,
    status: u16,
    answer: String,
    answered: Vec<Field>,
    errors: Vec<ErrorRow>,
    tools: Vec<&'static str>,
}

/// A parameter.
pub(super) struct ParameterRow {
    pub(super) name: String,
    /// `path`, `query` or `header`.
    pub(super) place: String,
    form: String,
    pub(super) is_required: bool,
    pub(super) meaning: String,
    /// The words that it is one of, if it is.
    pub(super) words: Vec<String>,
}

/// What is sent.
pub(super) enum Body {
    /// Nothing.
    Nothing,
    /// JSON, with an example and its fields.
    Json(Value, Vec<Field>),
    /// A form with a file, whether a brand is named with it, and what is said of the file.
    File(String, bool, String),
}

struct ErrorRow {
    status: u16,
    code: &'static str,
    meaning: &'static str,
}

impl OperationPage {
    /// The page of the operation with a path and a method.
    fn new(
        origin: &str,
        document: &Value,
        operation: &'static Operation,
        (path, method, described): (&str, &str, &Value),
    ) -> Self {
        let schemas = Schemas(document);
        let base = document["servers"][0]["url"].as_str().unwrap_or_default();
        let parameters = described["parameters"].as_array().into_iter().flatten();
        let parameters: Vec<_> = parameters.map(|one| ParameterRow::new(schemas, one)).collect();
        let body = Body::new(schemas, &described["requestBody"]);
        let responses = described["responses"].as_object().into_iter().flatten();
        let (status, data) = responses
            .filter_map(|(status, response)| Some((status.parse::<u16>().ok()?, response)))
            .find(|(status, _)| *status < 300)
            .map_or((200, &Value::Null), |(status, response)| {
                let content = &response["content"]["application/json"]["schema"];
                (status, &content["properties"]["data"])
            });
        let example = serde_json::json!({ "data": schemas.example("data", data, false) });
        let codes = meanings::of_operation(operation);
        let row = |code: &meanings::ErrorCode| ErrorRow {
            status: code.status().as_u16(),
            code: code.as_str(),
            meaning: meanings::of(*code),
        };
        let behind = tools::ALL.iter().filter(|tool| tool.operations.contains(&operation));
        let mut page = Self {
            o: origin.to_owned(),
            id: operation.id,
            summary: described["summary"].as_str().unwrap_or_default().to_owned(),
            method: method.to_uppercase(),
            path: format!("{base}{path}"),
            scope: operation.scope.map(bloom_domain::access::BloomScope::as_str),
            is_open: operation.is_open,
            creates: operation.effect == Effect::Create,
            parameters,
            body,
            curl: String::new(),
            status,
            answer: serde_json::to_string_pretty(&example).unwrap_or_default(),
            answered: schemas.fields(data),
            errors: codes.iter().map(row).collect(),
            tools: behind.map(|tool| tool.name).collect(),
        };
        page.curl = page.curl();
        page
    }

    pub(super) fn summary_cell(&self) -> String {
        cell(&self.summary)
    }

    /// The command that calls it, with variables of the shell for what the reader has.
    fn curl(&self) -> String {
        let mut url = format!("{}{}", self.o, self.example_path());
        let is_asked = |one: &&ParameterRow| one.place == "query" && one.is_required;
        let mut query: Vec<_> =
            self.parameters.iter().filter(is_asked).map(|one| (&*one.name, "$IMAGE_ID")).collect();
        // Whoever asks for one thing mostly wants it done.
        if self.path.ends_with("{id}") && self.parameters.iter().any(|one| one.name == "wait") {
            query.push(("wait", "true"));
        }
        for (place, (name, value)) in query.into_iter().enumerate() {
            url += if place == 0 { "?" } else { "&" };
            url += &format!("{name}={value}");
        }
        let mut lines = match self.method.as_str() {
            "GET" => vec![format!("curl \"{url}\"")],
            method => vec![format!("curl -X {method} \"{url}\"")],
        };
        if !self.is_open {
            lines.push(format!("-H \"x-api-key: {}\"", examples::KEY));
        }
        match &self.body {
            Body::Nothing => {}
            Body::Json(example, _) => {
                lines.push("-H \"content-type: application/json\"".to_owned());
                lines.push(format!("-d {}", shell_quoted(&example.to_string())));
            }
            Body::File(_, is_of_brand, _) => {
                let file = if self.path.contains("logo") { "logo.png" } else { "photo.png" };
                lines.push(format!("-F \"file=@{file}\""));
                if *is_of_brand {
                    lines.push("-F \"brandSessionId=$BRAND_ID\"".to_owned());
                }
            }
        }
        lines.join(" \\\n  ")
    }

    /// Its path with a variable for each parameter.
    fn example_path(&self) -> String {
        let id = match self.id.split_once('.') {
            Some(("brands", _)) => "$BRAND_ID",
            Some(("images", _)) => "$IMAGE_ID",
            _ => "$KEY_ID",
        };
        self.path.replace("{id}", id).replace("{token}", "$UPLOAD_TOKEN")
    }
}

impl ParameterRow {
    fn form_cell(&self) -> String {
        cell(&self.form)
    }

    fn meaning_cell(&self) -> String {
        cell(&self.meaning)
    }

    fn new(schemas: Schemas<'_>, parameter: &Value) -> Self {
        let text = |name: &str| parameter[name].as_str().unwrap_or_default().to_owned();
        let words = parameter["schema"]["enum"].as_array().into_iter().flatten();
        Self {
            name: text("name"),
            place: text("in"),
            form: schemas.form(&parameter["schema"]),
            is_required: parameter["required"] == true,
            meaning: text("description"),
            words: words.filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }
}

impl Body {
    fn new(schemas: Schemas<'_>, described: &Value) -> Self {
        let content = &described["content"];
        if let Some(form) = content.get("multipart/form-data") {
            let properties = &form["schema"]["properties"];
            let is_of_brand = properties.get("brandSessionId").is_some();
            let file = &properties["file"];
            let meaning = file["description"].as_str().unwrap_or_default().to_owned();
            return Self::File(schemas.form(file), is_of_brand, meaning);
        }
        match &content["application/json"]["schema"] {
            schema if described["required"] == true => {
                Self::Json(schemas.example("", schema, true), schemas.fields(schema))
            }
            _ => Self::Nothing,
        }
    }
}

/// A text in single quotes, but for the variables in it, which the shell fills in.
fn shell_quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
        let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
        quoted += &format!("{before}'\"${}\"'", &after[..end]);
        rest = &after[end..];
    }
    quoted + rest + "'"
}

/// A part of the API.
pub(super) struct Part {
    pub(super) title: &'static str,
    pub(super) pages: Vec<OperationPage>,
}

/// Every operation, part by part.
pub(super) fn parts(origin: &str, document: &Value) -> Vec<Part> {
    let mut by_part: BTreeMap<&str, Vec<OperationPage>> = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, described) in methods.as_object().into_iter().flatten() {
            let known = operations::ALL.iter().find(|known| described["operationId"] == known.id);
            let Some(operation) = known else { continue };
            let part = operation.id.split('.').next().unwrap_or_default();
            let page = OperationPage::new(origin, document, operation, (path, method, described));
            by_part.entry(part).or_default().push(page);
        }
    }
    PARTS
        .into_iter()
        .filter_map(|(name, title)| Some(Part { title, pages: by_part.remove(name)? }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_page() {
        let document = crate::api::openapi::document();
        let mut paged: Vec<_> = parts("https://a.example", &document)
            .iter()
            .flat_map(|part| part.pages.iter().map(|page| page.id))
            .collect();
        let mut known: Vec<_> = operations::ALL.iter().map(|operation| operation.id).collect();
        paged.sort_unstable();
        known.sort_unstable();
        assert_eq!(paged, known);
    }

    #[test]
    fn variables_stand_outside_of_single_quotes() {
        assert_eq!(shell_quoted("{\"a\":\"$BRAND_ID\"}"), "'{\"a\":\"'\"$BRAND_ID\"'\"}'");
        assert_eq!(shell_quoted("{}"), "'{}'");
    }
}
