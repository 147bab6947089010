//! The queue of fal: an order is put into it (`POST /{model}`), asked for (`GET` of the URLs that it answers with), and
//! taken back (`PUT`). Its URLs are asked at its own place only, since the key goes with them. Most models of fal take
//! pictures under a name of their own (`…/edit`), as URLs, which may be `data:` URLs that hold the picture.

use bloom_service::engines::{Answer, Capabilities, Engine, EngineError, Order, Submitted, Ticket};
use http::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::{Ask, Reply, at, boxed};
use super::{Common, PictureField};

pub(super) struct Fal(pub(super) Common);

/// What it answers to an order, and what is kept of that.
#[derive(Serialize, Deserialize)]
struct Queued {
    status_url: String,
    response_url: String,
    cancel_url: String,
}

#[derive(Deserialize)]
struct State {
    status: String,
}

#[derive(Deserialize)]
struct Finished {
    #[serde(default)]
    images: Vec<OneImage>,
    /// Where its checker found something, the picture is black.
    #[serde(default)]
    has_nsfw_concepts: Vec<bool>,
}

#[derive(Deserialize)]
struct OneImage {
    url: String,
}

impl Engine for Fal {
    fn name(&self) -> &str {
        &self.0.settings.name
    }

    fn model(&self, from_pictures: bool) -> &str {
        self.0.settings.model_for(from_pictures)
    }

    fn capabilities(&self) -> Capabilities {
        let settings = &self.0.settings;
        let pictures = match settings.edit_model {
            Some(_) => self.0.capabilities.pictures.min(self.picture_field().most()),
            None => 0,
        };
        Capabilities { pictures, ..self.0.capabilities }
    }

    fn size(&self, wanted: (u32, u32)) -> (u32, u32) {
        self.0.sizes.nearest(wanted)
    }

    fn submit<'a>(&'a self, order: &'a Order) -> Answer<'a, Submitted> {
        boxed(async move {
            let (width, height) = order.size;
            let mut body = json!({
                "prompt": order.prompt,
                "num_images": 1,
                "image_size": { "width": width, "height": height },
            });
            self.picture_field().put(&order.pictures, &mut body);
            let path = format!("/{}", self.model(!order.pictures.is_empty()));
            let reply = self.0.api.send(Ask::json(path, self.key(), &body)).await?;
            let queued: Queued = self.read(&reply)?;
            let ticket = serde_json::to_string(&queued);
            let ticket = ticket.map_err(|error| EngineError::Unusable(error.to_string()))?;
            Ok(Submitted::Waiting(Ticket(ticket)))
        })
    }

    fn poll<'a>(&'a self, ticket: &'a Ticket) -> Answer<'a, Submitted> {
        boxed(async move {
            let queued = queued(ticket)?;
            let state: State = self.read(&self.ask(Method::GET, &queued.status_url).await?)?;
            match state.status.as_str() {
                "IN_QUEUE" | "IN_PROGRESS" => return Ok(Submitted::Waiting(ticket.clone())),
                "COMPLETED" => {}
                other => {
                    let told = self.0.api.words(&format!("its state is {other}"));
                    return Err(EngineError::Unusable(told));
                }
            }
            let finished: Finished =
                self.read(&self.ask(Method::GET, &queued.response_url).await?)?;
            if finished.has_nsfw_concepts.contains(&true) {
                let told = "its checker found something in the picture".to_owned();
                return Err(EngineError::ContentRefused(told));
            }
            let first = finished.images.into_iter().next();
            let first =
                first.ok_or_else(|| EngineError::Unusable("it holds no picture".to_owned()))?;
            at(first.url).map(Submitted::Drawn)
        })
    }

    fn cancel<'a>(&'a self, ticket: &'a Ticket) -> Answer<'a, ()> {
        boxed(async move {
            let queued = queued(ticket)?;
            self.ask(Method::PUT, &queued.cancel_url).await.map(drop)
        })
    }
}

fn queued(ticket: &Ticket) -> Result<Queued, EngineError> {
    serde_json::from_str(&ticket.0).map_err(|error| EngineError::Unusable(error.to_string()))
}

impl Fal {
    fn picture_field(&self) -> PictureField {
        let usual = || PictureField { name: "image_urls".to_owned(), is_list: true };
        self.0.settings.picture_field.clone().unwrap_or_else(usual)
    }

    fn key(&self) -> Option<(&'static str, String)> {
        self.0.api.key.as_ref().map(|key| ("authorization", format!("Key {key}")))
    }

    async fn ask(&self, method: Method, url: &str) -> Result<Reply, EngineError> {
        self.0.api.send_to(method, url, self.key()).await
    }

    fn read<T: DeserializeOwned>(&self, reply: &Reply) -> Result<T, EngineError> {
        // An order is taken with 200, a state is told with 200 or 202.
        if !matches!(reply.status, 200 | 202) {
            return Err(self.failure(reply));
        }
        serde_json::from_slice(&reply.body)
            .map_err(|_| EngineError::Unusable("it is not of the form of its queue".to_owned()))
    }

    fn failure(&self, reply: &Reply) -> EngineError {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let detail = &body["detail"];
        let told = detail.as_str().or(detail[0]["msg"].as_str()).unwrap_or_default();
        let kind = detail[0]["type"].as_str().unwrap_or_default();
        let told = self.0.api.words(&format!("{} {kind} {told}", reply.status));
        match reply.status {
            400 | 422 if kind == "content_policy_violation" => EngineError::ContentRefused(told),
            _ => reply.failure(told, reply.again),
        }
    }
}
