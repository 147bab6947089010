//! The tables `engines.NAME`, and the section `models`: who draws images besides the server's own engine, and for which
//! effort.

use std::time::Duration;

use bloom_domain::images::Model;
use bloom_outside::engines::{ApiKind, EngineKey, EngineSettings, PictureField, SizeField, engine};
use bloom_service::engines::Engines;
use toml::{Table, Value};

use super::Config;
use super::keys::Keys;
use crate::failure::Failure;

/// The section that holds a table for each engine. All but their keys can only stand in the file.
pub(super) const ENGINES: &str = "engines";
/// What the server's own engine is called.
const OWN: &str = "compose";
/// What an engine may have, but for its name.
const KEYS: [&str; 13] = [
    "api",
    "url",
    "model",
    "key",
    "quality",
    "response_format",
    "sizes",
    "takes_pictures",
    "edit_model",
    "picture_field",
    "size_field",
    "input",
    "timeout_seconds",
];
/// The longest name.
const MAX_NAME: usize = 32;
/// How long an image may take when nobody says, in seconds.
const PATIENCE: i64 = 180;
/// The longest it may take.
const MAX_PATIENCE: i64 = 900;
/// The longest side of a picture that can be asked for.
const MAX_SIDE: u32 = 8_192;

impl Config {
    /// The engines, and which draws for which effort.
    pub(crate) fn engines(&self) -> Result<Engines, Failure> {
        let tables = self.table.get(ENGINES).and_then(Value::as_table);
        let extra_roots = self.extra_roots()?;
        let mut all = Vec::new();
        for (name, keys) in tables.into_iter().flatten() {
            let settings = read(name, keys)?;
            let url = settings.url.clone();
            if settings.key.is_some() && url.starts_with("http://") {
                tracing::warn!(
                    engine = name,
                    url,
                    "an engine's key goes over a connection that others can read"
                );
            }
            let built = engine(settings, &extra_roots)
                .map_err(|why| Failure::usage(format!("{ENGINES}.{name}.url {url:?}: {why}")))?;
            all.push(built);
        }
        let names: Vec<_> = all.iter().map(|engine| engine.name().to_owned()).collect();
        let mut engines = Engines::new(all);
        for model in Model::ALL {
            let word = model.as_str();
            let Some(name) = self.text("models", word).filter(|name| *name != OWN) else {
                continue;
            };
            if !names.iter().any(|known| known == name) {
                return Err(Failure::usage(format!(
                    "models.{word} is {name:?}; it must be {OWN} or the NAME of a table [{ENGINES}.NAME]"
                )));
            }
            engines = engines.drawing(*model, name);
        }
        Ok(engines)
    }

    /// The key of an engine, from the environment: `BLOOM_ENGINES_NAME_KEY`. It only goes with a table in the file.
    pub(super) fn set_engine_key(&mut self, rest: &str, value: String) -> Result<(), String> {
        let name = rest.strip_suffix("_key").ok_or_else(|| {
            format!("only the key of an engine can be given so, as BLOOM_ENGINES_NAME_KEY; the rest stands in [{ENGINES}.NAME]")
        })?;
        let engines = self.table.get_mut(ENGINES).and_then(Value::as_table_mut);
        let mut engines = engines.into_iter().flat_map(Table::iter_mut);
        // Variables have no `-`.
        let engine = engines.find(|(known, _)| known.replace('-', "_") == name);
        match engine.and_then(|(_, keys)| keys.as_table_mut()) {
            Some(keys) => {
                keys.insert("key".to_owned(), Value::String(value));
                Ok(())
            }
            None => Err(format!("there is no table [{ENGINES}.{name}] that it is the key of")),
        }
    }
}

fn read(name: &str, keys: &Value) -> Result<EngineSettings, Failure> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > MAX_NAME || name == OWN || !name.chars().all(is_name) {
        return Err(Failure::usage(format!(
            "{ENGINES}.{name}: the name of an engine has small letters, digits and -, at most {MAX_NAME}, and is not {OWN}"
        )));
    }
    let of = Keys::of(ENGINES, name, keys, &KEYS)?;
    let apis: Vec<_> = ApiKind::ALL.into_iter().map(ApiKind::as_str).collect();
    let api = of.text("api")?;
    let api = ApiKind::ALL.into_iter().find(|kind| api.as_deref() == Some(kind.as_str()));
    let api = api.ok_or_else(|| of.must("api", &format!("one of {}", apis.join(", "))))?;
    let no_model = |key: &str| {
        of.must(key, "the model's name as its maker writes it, of letters, digits and ._-/:")
    };
    let model = of.text("model")?.filter(|model| is_model(model));
    let model = model.ok_or_else(|| no_model("model"))?;
    let edit_model = of.text("edit_model")?;
    if edit_model.as_ref().is_some_and(|model| !is_model(model)) {
        return Err(no_model("edit_model"));
    }
    let has_many = matches!(api, ApiKind::Fal | ApiKind::Replicate);
    for key in ["edit_model", "picture_field"] {
        if !has_many && keys.get(key).is_some() {
            return Err(of.must(key, "left out: only models of fal and Replicate differ in that"));
        }
    }
    for key in ["size_field", "input"] {
        if api != ApiKind::Replicate && keys.get(key).is_some() {
            return Err(of.must(key, "left out: only models of Replicate differ in that"));
        }
    }
    let field = "the name of a field, with [] behind it where that is a list";
    let picture_field =
        of.read("picture_field", field, |value| PictureField::parse(value.as_str()?))?;
    let seconds = of.whole("timeout_seconds")?.unwrap_or(PATIENCE);
    if !(1..=MAX_PATIENCE).contains(&seconds) {
        return Err(of.must("timeout_seconds", &format!("1 to {MAX_PATIENCE}")));
    }
    Ok(EngineSettings {
        name: name.to_owned(),
        api,
        url: of.text("url")?.unwrap_or_else(|| api.usual_url().to_owned()),
        model,
        key: of.text("key")?.filter(|key| !key.is_empty()).map(EngineKey::new),
        quality: of.text("quality")?,
        response_format: of.text("response_format")?,
        sizes: of.sizes()?,
        takes_pictures: of.yes("takes_pictures", true)?,
        edit_model,
        picture_field,
        size_field: of.size_field()?,
        input: of.input()?,
        patience: Duration::from_secs(seconds.unsigned_abs()),
    })
}

/// It becomes part of a path.
fn is_model(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part != "." && part != "..";
    let is_char = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
    text.len() <= 100 && text.chars().all(is_char) && text.split('/').all(is_part)
}

impl Keys<'_> {
    fn size_field(&self) -> Result<SizeField, Failure> {
        let words = SizeField::ALL.map(SizeField::as_str).join(" or ");
        let read = |value: &Value| {
            let word = value.as_str()?;
            SizeField::ALL.into_iter().find(|field| field.as_str() == word)
        };
        Ok(self.read("size_field", &words, read)?.unwrap_or_default())
    }

    fn input(&self) -> Result<serde_json::Map<String, serde_json::Value>, Failure> {
        let read = |value: &Value| match serde_json::to_value(value.as_table()?).ok()? {
            serde_json::Value::Object(map) => Some(map),
            _ => None,
        };
        Ok(self.read("input", "a table", read)?.unwrap_or_default())
    }

    fn sizes(&self) -> Result<Vec<(u32, u32)>, Failure> {
        let what = format!("a list of sizes such as \"1536x1024\", to {MAX_SIDE} pixels a side");
        let read = |value: &Value| {
            let sizes = value.as_array()?.iter();
            sizes.map(|size| size.as_str().and_then(size_of)).collect::<Option<Vec<_>>>()
        };
        Ok(self.read("sizes", &what, read)?.unwrap_or_default())
    }
}

fn size_of(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once('x')?;
    let side = |text: &str| text.parse().ok().filter(|side| (64..=MAX_SIDE).contains(side));
    Some((side(width)?, side(height)?))
}
