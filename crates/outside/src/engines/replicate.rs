//! Replicate's predictions: one is made (`POST /models/{owner}/{name}/predictions`, or `POST /predictions` where the model
//! names its version), asked for (`GET`) and taken back (`POST`) at the URLs that it answers with. Those are asked at its
//! own place only, since the key goes with them.
//!
//! What a model takes besides the prompt is its own affair, so the operator says it.

use bloom_service::engines::{
    Answer, Capabilities, Drawn, Engine, EngineError, Order, Submitted, Ticket,
};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::{Ask, Reply, at, boxed};
use super::{Common, SizeField};

/// What stands in the error of a prediction that was refused for what it shows.
const REFUSED: [&str; 3] = ["nsfw", "flagged as sensitive", "safety"];
/// What stands there when there are too many.
const BUSY: [&str; 2] = ["(e003)", "high demand"];

pub(super) struct Replicate(pub(super) Common);

#[derive(Deserialize)]
struct Prediction {
    status: String,
    /// A URL, or a list of them.
    #[serde(default)]
    output: Value,
    #[serde(default)]
    error: Value,
    urls: Urls,
}

/// Where a prediction is asked for and taken back.
#[derive(Serialize, Deserialize)]
struct Urls {
    get: String,
    cancel: String,
}

impl Engine for Replicate {
    fn name(&self) -> &str {
        &self.0.settings.name
    }

    fn model(&self, from_pictures: bool) -> &str {
        self.0.settings.model_for(from_pictures)
    }

    fn capabilities(&self) -> Capabilities {
        let field = self.0.settings.picture_field.as_ref();
        let pictures = field.map_or(0, |field| self.0.capabilities.pictures.min(field.most()));
        Capabilities { pictures, ..self.0.capabilities }
    }

    fn size(&self, wanted: (u32, u32)) -> (u32, u32) {
        self.0.sizes.nearest(wanted)
    }

    fn submit<'a>(&'a self, order: &'a Order) -> Answer<'a, Submitted> {
        boxed(async move {
            let model = self.model(!order.pictures.is_empty());
            let input = self.input(order);
            let (path, body) = match model.contains(':') {
                true => ("/predictions".to_owned(), json!({ "version": model, "input": input })),
                false => (format!("/models/{model}/predictions"), json!({ "input": input })),
            };
            let reply = self.0.api.send(Ask::json(path, self.key(), &body)).await?;
            self.step(&reply)
        })
    }

    fn poll<'a>(&'a self, ticket: &'a Ticket) -> Answer<'a, Submitted> {
        boxed(async move {
            let urls = urls(ticket)?;
            self.step(&self.0.api.send_to(Method::GET, &urls.get, self.key()).await?)
        })
    }

    fn cancel<'a>(&'a self, ticket: &'a Ticket) -> Answer<'a, ()> {
        boxed(async move {
            let urls = urls(ticket)?;
            self.0.api.send_to(Method::POST, &urls.cancel, self.key()).await.map(drop)
        })
    }
}

fn urls(ticket: &Ticket) -> Result<Urls, EngineError> {
    serde_json::from_str(&ticket.0).map_err(|error| EngineError::Unusable(error.to_string()))
}

impl Replicate {
    fn key(&self) -> Option<(&'static str, String)> {
        self.0.api.key.as_ref().map(|key| ("authorization", format!("Bearer {key}")))
    }

    /// What the operator gave, and the order over it.
    fn input(&self, order: &Order) -> Value {
        let settings = &self.0.settings;
        let mut input = Value::Object(settings.input.clone());
        input["prompt"] = order.prompt.as_str().into();
        match settings.size_field {
            SizeField::AspectRatio => input["aspect_ratio"] = order.ratio.into(),
            SizeField::WidthAndHeight => {
                input["width"] = order.size.0.into();
                input["height"] = order.size.1.into();
            }
        }
        if let Some(field) = &settings.picture_field {
            field.put(&order.pictures, &mut input);
        }
        input
    }

    /// How far a prediction is.
    fn step(&self, reply: &Reply) -> Result<Submitted, EngineError> {
        if !matches!(reply.status, 200..=202) {
            return Err(self.failure(reply));
        }
        let prediction: Prediction = serde_json::from_slice(&reply.body).map_err(|_| {
            EngineError::Unusable("it is not of the form of predictions".to_owned())
        })?;
        match prediction.status.as_str() {
            "starting" | "processing" => {
                let ticket = serde_json::to_string(&prediction.urls);
                let ticket = ticket.map_err(|error| EngineError::Unusable(error.to_string()))?;
                Ok(Submitted::Waiting(Ticket(ticket)))
            }
            "succeeded" => output(&prediction.output).map(Submitted::Drawn),
            "failed" => Err(self.failed(prediction.error.as_str().unwrap_or_default())),
            other => Err(EngineError::Unusable(self.0.api.words(&format!("its state is {other}")))),
        }
    }

    fn failed(&self, error: &str) -> EngineError {
        let told = self.0.api.words(&format!("it failed: {error}"));
        let error = error.to_lowercase();
        if REFUSED.iter().any(|word| error.contains(word)) {
            EngineError::ContentRefused(told)
        } else if BUSY.iter().any(|word| error.contains(word)) {
            EngineError::Throttled(told, None)
        } else {
            EngineError::Unusable(told)
        }
    }

    fn failure(&self, reply: &Reply) -> EngineError {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let word = |name: &str| body[name].as_str().unwrap_or_default();
        let told = format!("{} {} {}", reply.status, word("title"), word("detail"));
        reply.failure(self.0.api.words(&told), reply.again)
    }
}

/// The first picture of an output.
fn output(output: &Value) -> Result<Drawn, EngineError> {
    let first = output.as_str().or_else(|| output[0].as_str());
    let first = first.ok_or_else(|| EngineError::Unusable("it holds no picture".to_owned()))?;
    at(first.to_owned())
}
