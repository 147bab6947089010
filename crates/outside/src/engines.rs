//! Engines that draw elsewhere, behind the port of `bloom_service::engines`: a module for each kind of API.
//!
//! Their URLs are the operator's, so they may lie anywhere, on this machine as well. No redirect is followed: it would
//! carry the key to somebody else. What an engine says of a failure is for the log, without the key and cut short.

mod api;
mod fal;
mod gemini;
mod openai;
mod sizes;

use std::sync::Arc;
use std::time::Duration;

use bloom_service::engines::{Capabilities, Engine};
use rustls::pki_types::CertificateDer;

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
}

impl ApiKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Gemini, Self::Fal];

    /// The word for it in a configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Gemini => "gemini",
            Self::Fal => "fal",
        }
    }

    /// Where it is when nobody says.
    #[must_use]
    pub const fn usual_url(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Gemini => "https://generativelanguage.googleapis.com/v1beta",
            Self::Fal => "https://queue.fal.run",
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
    /// How long an image may take.
    pub patience: Duration,
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
    let capabilities =
        Capabilities { takes_pictures: settings.takes_pictures, patience: settings.patience };
    let common = Common { api, sizes, capabilities, settings };
    Ok(match common.settings.api {
        ApiKind::OpenAi => Arc::new(openai::OpenAi(common)),
        ApiKind::Gemini => Arc::new(gemini::Gemini(common)),
        ApiKind::Fal => Arc::new(fal::Fal(common)),
    })
}

/// What engines of every kind have.
struct Common {
    api: Api,
    sizes: Sizes,
    capabilities: Capabilities,
    settings: EngineSettings,
}
