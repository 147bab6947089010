//! The port to engines that draw elsewhere: image models behind an API, each as the operator configured it.
//!
//! An engine is handed an order and comes to a picture, or to why there is none. Some draw while they are asked,
//! others put what is asked into a queue and are asked again. What may be asked of which, and whether what came is the
//! picture that was asked for, is decided where images are made (`images/elsewhere.rs`), and so is what is told of a
//! failure: whatever an engine says about itself is for the operator's log.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bloom_domain::images::Model;
use bloom_domain::time::Timestamp;

/// The most bytes of a picture that an engine may answer with.
pub const MAX_PICTURE: usize = 32 * 1024 * 1024;

/// The port: draws what it is told.
pub trait Engine: Send + Sync {
    /// What the operator calls it: small letters, digits and `-`.
    fn name(&self) -> &str;

    /// The model that it draws with, as its maker calls it: another one, maybe, where it draws from pictures.
    fn model(&self, from_pictures: bool) -> &str;

    /// What it can be asked.
    fn capabilities(&self) -> Capabilities;

    /// The size that it would draw when a picture of this size is wanted, in pixels.
    fn size(&self, wanted: (u32, u32)) -> (u32, u32);

    /// Hands over an order. Comes to an end by itself, whatever the other side does.
    fn submit<'a>(&'a self, order: &'a Order) -> Answer<'a, Submitted>;

    /// Asks how far an order is that waits there; for engines with a queue.
    fn poll<'a>(&'a self, _ticket: &'a Ticket) -> Answer<'a, Submitted> {
        Box::pin(async { Err(EngineError::Unusable("nothing waits there".to_owned())) })
    }

    /// Takes back an order that waits there. What is drawn already stays so.
    fn cancel<'a>(&'a self, _ticket: &'a Ticket) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

/// What an [`Engine`] comes to in its time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// What an engine can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The most pictures that it takes, to change one and to draw from others; 0 when it takes none.
    pub pictures: usize,
    /// How long an image may take, from the order to the last byte.
    pub patience: Duration,
}

/// What is to be drawn.
#[derive(Debug, Clone)]
pub struct Order {
    /// What, in words.
    pub prompt: String,
    /// How large: a size that the engine said it would draw.
    pub size: (u32, u32),
    /// The ratio that is wanted, such as `16:9`.
    pub ratio: &'static str,
    /// Pictures to draw from; the first is the one to change, where one is changed.
    pub pictures: Vec<Input>,
    /// Bytes that nobody can foresee, to keep parts of a request apart.
    pub nonce: [u8; 16],
}

/// A picture to draw from.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What they are: `image/png` or `image/jpeg`.
    pub media_type: &'static str,
}

/// How far an order is.
#[derive(Debug)]
pub enum Submitted {
    /// The picture is there.
    Drawn(Drawn),
    /// It waits, and can be asked for under this name.
    Waiting(Ticket),
}

/// A picture, as an engine gives it.
#[derive(Debug)]
pub enum Drawn {
    /// The bytes of a file.
    Bytes(Vec<u8>),
    /// Where the file lies. The engine chose the URL, so it is fetched like a stranger's.
    At(String),
}

/// What an engine knows an order by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket(pub String);

/// Why there is no picture. Each holds the cause for the operator, which nobody else reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineError {
    /// It does not draw such things.
    ContentRefused(String),
    /// It has too much to do, and may have said when to ask again.
    Throttled(String, Option<Again>),
    /// It cannot be reached, or broke down; nothing came of it.
    Unavailable(String),
    /// It took too long.
    TooSlow,
    /// It refuses this server, or what this server asks of it.
    Misconfigured(String),
    /// It answered with something that is no picture.
    Unusable(String),
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentRefused(why) => write!(f, "it refuses the content: {why}"),
            Self::Throttled(why, _) => write!(f, "it has too much to do: {why}"),
            Self::Unavailable(why) => write!(f, "it is not available: {why}"),
            Self::TooSlow => f.write_str("it took too long"),
            Self::Misconfigured(why) => write!(f, "it refuses this server: {why}"),
            Self::Unusable(why) => write!(f, "its answer is of no use: {why}"),
        }
    }
}

impl std::error::Error for EngineError {}

/// When an engine may be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// So long from now.
    In(Duration),
    /// At that time, by its clock.
    At(Timestamp),
}

impl Again {
    /// How long that is from now.
    pub(crate) fn wait(self, now: Timestamp) -> Duration {
        match self {
            Self::In(span) => span,
            Self::At(time) => time.since(now),
        }
    }
}

/// The engines that are configured, and which draws for which effort. Without any, the server's own draws everything.
#[derive(Clone, Default)]
pub struct Engines {
    all: Vec<Arc<dyn Engine>>,
    of_models: [Option<usize>; Model::ALL.len()],
}

impl Engines {
    /// Some engines, none of which draws for anything yet.
    #[must_use]
    pub fn new(all: Vec<Arc<dyn Engine>>) -> Self {
        Self { all, of_models: [None; Model::ALL.len()] }
    }

    /// The same engines, of which the one with that name draws for an effort; without such one, the server's own.
    #[must_use]
    pub fn drawing(mut self, model: Model, name: &str) -> Self {
        self.of_models[model as usize] = self.all.iter().position(|one| one.name() == name);
        self
    }

    /// Whether somebody else's engine draws anything.
    #[must_use]
    pub fn draw_something(&self) -> bool {
        self.of_models.iter().any(Option::is_some)
    }

    /// What draws for an effort, as images say it; `None` for the server's own engine.
    #[must_use]
    pub fn label(&self, model: Model) -> Option<String> {
        self.of(model).map(|engine| label(&**engine, false))
    }

    /// The engine that draws a new image, from so many pictures. One that takes fewer does not draw it: what it was not
    /// shown would be missing.
    pub(crate) fn for_new(&self, model: Option<Model>, pictures: usize) -> Option<String> {
        let engine = self.of(model.unwrap_or_default())?;
        (pictures <= engine.capabilities().pictures).then(|| engine.name().to_owned())
    }

    /// The engine that changes an image, by so many others: which was named by its effort, else which drew it.
    pub(crate) fn for_change(
        &self,
        model: Option<Model>,
        drawn_by: Option<&str>,
        others: usize,
    ) -> Option<String> {
        let pictures = 1 + others;
        let drew = drawn_by.and_then(|drawn_by| {
            let name = drawn_by.split(':').next().unwrap_or_default();
            self.named(name)
        });
        match (model, drew) {
            (None, Some(engine)) if pictures <= engine.capabilities().pictures => {
                Some(engine.name().to_owned())
            }
            _ => self.for_new(model, pictures),
        }
    }

    /// The engine with a name.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<dyn Engine>> {
        self.all.iter().find(|engine| engine.name() == name)
    }

    fn of(&self, model: Model) -> Option<&Arc<dyn Engine>> {
        self.all.get(self.of_models[model as usize]?)
    }
}

/// What images say of who drew them: the engine's name, and its model.
pub(crate) fn label(engine: &dyn Engine, from_pictures: bool) -> String {
    format!("{}:{}", engine.name(), engine.model(from_pictures))
}
