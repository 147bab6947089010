//! What a schema of the description says, in words, in rows of a table and as an example.

use serde_json::{Map, Value, json};

use super::examples;
use super::markdown::cell;

/// How deep an example and a table go: deeper than any schema of ours.
const DEEPEST: usize = 8;

/// A field of what is sent or answered.
pub(super) struct Field {
    /// Its way from the outside: `findings.colors[].value`.
    pub(super) name: String,
    /// What it looks like.
    pub(super) form: String,
    /// Whether it must be there.
    pub(super) is_required: bool,
    /// What it says.
    pub(super) meaning: String,
}

impl Field {
    pub(super) fn form_cell(&self) -> String {
        cell(&self.form)
    }

    pub(super) fn meaning_cell(&self) -> String {
        cell(&self.meaning)
    }
}

/// The schemas of a description.
#[derive(Clone, Copy)]
pub(super) struct Schemas<'a>(pub(super) &'a Value);

impl<'a> Schemas<'a> {
    /// The schema itself, where there is a reference or a way out for `null`; and whether that may be.
    fn resolve(self, schema: &'a Value) -> (&'a Value, bool) {
        if let Some(reference) = schema["$ref"].as_str() {
            let found = self.0.pointer(reference.trim_start_matches('#'));
            return found.map_or((schema, false), |schema| self.resolve(schema));
        }
        let is_null = |schema: &Value| schema["type"] == "null";
        match schema["anyOf"].as_array().map(Vec::as_slice) {
            Some([one, null]) if is_null(null) => (self.resolve(one).0, true),
            _ => {
                (schema, schema["type"].as_array().is_some_and(|all| all.contains(&json!("null"))))
            }
        }
    }

    /// Every field of an object, and of what lies in it.
    pub(super) fn fields(self, schema: &'a Value) -> Vec<Field> {
        let mut fields = Vec::new();
        self.collect(schema, "", DEEPEST, &mut fields);
        fields
    }

    fn collect(self, schema: &'a Value, prefix: &str, deepest: usize, fields: &mut Vec<Field>) {
        let (schema, _) = self.resolve(schema);
        if deepest == 0 {
            return;
        }
        let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let (inner, _) = self.resolve(field);
            let meaning = [field, inner].iter().find_map(|schema| schema["description"].as_str());
            let path = format!("{prefix}{name}");
            let (inside, mark) = match inner.get("items") {
                Some(items) => (items, "[]."),
                None => (inner, "."),
            };
            let below = format!("{path}{mark}");
            fields.push(Field {
                name: path,
                form: self.form(field),
                is_required: required.iter().any(|one| one == name),
                meaning: meaning.unwrap_or_default().to_owned(),
            });
            self.collect(inside, &below, deepest - 1, fields);
        }
    }

    /// What a value looks like, in a few words.
    pub(super) fn form(self, schema: &'a Value) -> String {
        let (inner, may_be_null) = self.resolve(schema);
        let mut form = match words(inner) {
            words if !words.is_empty() => words.join(", "),
            _ => self.kind(inner),
        };
        let bounds = [
            ("minimum", "maximum", ""),
            ("minLength", "maxLength", " characters"),
            ("minItems", "maxItems", " of them"),
        ];
        for (least, most, unit) in bounds {
            match (inner[least].as_u64(), inner[most].as_u64()) {
                (Some(least), Some(most)) => form += &format!(", {least} to {most}{unit}"),
                (None, Some(most)) => form += &format!(", at most {most}{unit}"),
                _ => {}
            }
        }
        match schema.get("default").or_else(|| inner.get("default")) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => form += &format!("; `{text}` when left out"),
            Some(value) => form += &format!("; `{value}` when left out"),
        }
        match may_be_null {
            true => form + ", or `null`",
            false => form,
        }
    }

    fn kind(self, schema: &'a Value) -> String {
        if let Some(media) = schema["anyOf"].as_array() {
            let types: Vec<_> =
                media.iter().filter_map(|one| one["contentMediaType"].as_str()).collect();
            return match types.is_empty() {
                true => "`true` or `false`".to_owned(),
                false => format!("file: {}", types.join(", ")),
            };
        }
        match (schema["format"].as_str(), plain_type(schema)) {
            (Some("uuid"), _) => "UUID".to_owned(),
            (Some("uri"), _) => "URL".to_owned(),
            (Some("date-time"), _) => "time".to_owned(),
            (_, Some("string")) => "text".to_owned(),
            (_, Some("integer")) => "whole number".to_owned(),
            (_, Some("boolean")) => "`true` or `false`".to_owned(),
            (_, Some("array")) => format!("list of: {}", self.form(&schema["items"])),
            (_, Some(kind)) => kind.to_owned(),
            (_, None) => "anything".to_owned(),
        }
    }

    /// A value that fits. Of what is sent, only what must be there.
    pub(super) fn example(self, name: &str, schema: &'a Value, is_sent: bool) -> Value {
        self.example_at(name, schema, is_sent, DEEPEST)
    }

    fn example_at(self, name: &str, schema: &'a Value, is_sent: bool, deepest: usize) -> Value {
        let (inner, _) = self.resolve(schema);
        if let Some(properties) = inner["properties"].as_object().filter(|_| deepest > 0) {
            let required = inner["required"].as_array().map_or(&[][..], Vec::as_slice);
            let is_wanted = |field: &str| !is_sent || required.iter().any(|one| one == field);
            let wanted = properties.iter().filter(|(field, _)| is_wanted(field));
            let one = |(field, schema): (&String, &'a Value)| {
                (field.clone(), self.example_at(field, schema, is_sent, deepest - 1))
            };
            return Value::Object(wanted.map(one).collect::<Map<_, _>>());
        }
        if let Some(items) = inner.get("items").filter(|_| deepest > 0) {
            return json!([self.example_at(name, items, is_sent, deepest - 1)]);
        }
        let known = examples::value(name, is_sent);
        if let Some(value) = known.or_else(|| alternatives(inner).next().cloned()) {
            return value;
        }
        match (inner["format"].as_str(), plain_type(inner)) {
            (Some("uuid"), _) => json!(examples::ID),
            (Some("date-time"), _) => json!(examples::TIME),
            (_, Some("integer" | "number")) => json!(inner["minimum"].as_u64().unwrap_or(1)),
            (_, Some("boolean")) => json!(true),
            _ => json!("…"),
        }
    }
}

/// The type, but for `null`.
fn plain_type(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        kind => kind.as_str(),
    }
}

/// The values that one must be of.
fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let told = schema["oneOf"].as_array().into_iter().flatten();
    listed.chain(told.filter_map(|one| one.get("const"))).chain(schema.get("const"))
}

fn words(schema: &Value) -> Vec<String> {
    let words = alternatives(schema).filter_map(Value::as_str);
    words.map(|word| format!("`{word}`")).collect()
}
