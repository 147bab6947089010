//! Engines that draw elsewhere, behind the port of `bloom_service::engines`: a module for each kind of API.
//!
//! Their URLs are the operator's, so they may lie anywhere, on this machine as well. No redirect is followed: it would
//! carry the key to somebody else. What an engine says of a failure is for the log, without the key and cut short.

mod api;
mod fal;
mod gemini;
mod openai;
mod replicate;
mod sizes;

use std::sync::Arc;
use std::time::Duration;

use bloom_service::engines::{Capabilities, Engine, Input};
use rustls::pki_types::CertificateDer;
use serde_json::{Map, Value};

use api::Api;
use sizes::Sizes;

/// The kinds of API that are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKind {
    /// OpenAI's images API, and that of the many servers that speak it.
    OpenAi,
    /// Google's Gemini API.
    Gemini,
    /// The queue of fal.
    Fal,
    /// The predictions of Replicate.
    Replicate,
}

impl ApiKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Gemini, Self::Fal, Self::Replicate];

    /// The word for it in a configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Gemini => "gemini",
            Self::Fal => "fal",
            Self::Replicate => "replicate",
        }
    }

    /// Where it is when nobody says.
    #[must_use]
    pub const fn usual_url(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Gemini => "https://generativelanguage.googleapis.com/v1beta",
            Self::Fal => "https://queue.fal.run",
            Self::Replicate => "https://api.replicate.com/v1",
        }
    }
}

/// A secret of the operator's that an engine knows this server by. It cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct EngineKey(String);

impl EngineKey {
    /// A key, as the engine's maker gave it.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for EngineKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EngineKey")
    }
}

/// The field in which a model takes pictures, as URLs: one, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureField {
    name: String,
    is_list: bool,
}

impl PictureField {
    /// Reads `image_url`, or `image_urls[]` for a list.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, is_list) = match text.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let is_name = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        is_name.then(|| Self { name: name.to_owned(), is_list })
    }

    /// The most pictures that go there.
    fn most(&self) -> usize {
        if self.is_list { usize::MAX } else { 1 }
    }

    /// Puts pictures there; none leave it out.
    fn put(&self, pictures: &[Input], into: &mut Value) {
        let mut urls = pictures.iter().map(|picture| Value::from(api::data_url(picture)));
        let value = match self.is_list {
            true if pictures.is_empty() => None,
            true => Some(urls.collect()),
            false => urls.next(),
        };
        if let Some(value) = value {
            into[self.name.as_str()] = value;
        }
    }
}

/// An engine, as the operator configured it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineSettings {
    /// What it is called here.
    pub name: String,
    /// What it speaks.
    pub api: ApiKind,
    /// Where it is: an absolute URL without a query.
    pub url: String,
    /// The model that it draws with.
    pub model: String,
    /// What it knows this server by.
    pub key: Option<EngineKey>,
    /// A word for how well it draws, if it takes one.
    pub quality: Option<String>,
    /// The form in which it is to answer, if it takes a word for it.
    pub response_format: Option<String>,
    /// The sizes that it draws; any, when there are none.
    pub sizes: Vec<(u32, u32)>,
    /// Whether it takes pictures.
    pub takes_pictures: bool,
    /// The model that draws from pictures, where that is another one.
    pub edit_model: Option<String>,
    /// Where that model takes them, if not where those of its maker usually do.
    pub picture_field: Option<PictureField>,
    /// How it is told the size, where models of its maker differ in that.
    pub size_field: SizeField,
    /// What else goes into every order, where models of its maker differ in that.
    pub input: Map<String, Value>,
    /// How long an image may take.
    pub patience: Duration,
}

impl EngineSettings {
    /// The model that draws.
    fn model_for(&self, from_pictures: bool) -> &str {
        self.edit_model.as_ref().filter(|_| from_pictures).unwrap_or(&self.model)
    }
}

/// How a model is told the size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SizeField {
    /// By its ratio, in `aspect_ratio`.
    #[default]
    AspectRatio,
    /// In pixels, in `width` and `height`.
    WidthAndHeight,
}

impl SizeField {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::AspectRatio, Self::WidthAndHeight];

    /// The word for it in a configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AspectRatio => "aspect_ratio",
            Self::WidthAndHeight => "width_and_height",
        }
    }
}

/// An engine that speaks what the settings say.
///
/// # Errors
/// When its URL is none, or TLS cannot be set up; says why.
pub fn engine(
    settings: EngineSettings,
    extra_roots: &[CertificateDer<'static>],
) -> Result<Arc<dyn Engine>, String> {
    let key = settings.key.clone().map(|EngineKey(key)| key);
    let api = Api::new(&settings.url, key, extra_roots)?;
    let sizes = Sizes::new(settings.sizes.clone());
    let pictures = if settings.takes_pictures { usize::MAX } else { 0 };
    let capabilities = Capabilities { pictures, patience: settings.patience };
    let common = Common { api, sizes, capabilities, settings };
    Ok(match common.settings.api {
        ApiKind::OpenAi => Arc::new(openai::OpenAi(common)),
        ApiKind::Gemini => Arc::new(gemini::Gemini(common)),
        ApiKind::Fal => Arc::new(fal::Fal(common)),
        ApiKind::Replicate => Arc::new(replicate::Replicate(common)),
    })
}

/// What engines of every kind have.
struct Common {
    api: Api,
    sizes: Sizes,
    capabilities: Capabilities,
    settings: EngineSettings,
}
