//! Google's Gemini API: `POST /models/{model}:generateContent`, with pictures in the parts of the request and of the
//! answer. A refusal is answered with 200: `promptFeedback` says that of the prompt, `finishReason` of the picture.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bloom_service::engines::{
    Again, Answer, Capabilities, Drawn, Engine, EngineError, Order, Submitted,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Common;
use super::api::{Ask, Reply, boxed, from_base64};

/// The sizes that it has words for, by their longer side.
const SIZES: [(u32, &str); 3] = [(1_024, "1K"), (2_048, "2K"), (4_096, "4K")];
/// Reasons for an end that are refusals.
const REFUSED: [&str; 8] = [
    "SAFETY",
    "IMAGE_SAFETY",
    "PROHIBITED_CONTENT",
    "IMAGE_PROHIBITED_CONTENT",
    "BLOCKLIST",
    "SPII",
    "RECITATION",
    "IMAGE_RECITATION",
];

pub(super) struct Gemini(pub(super) Common);

/// What it answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generated {
    #[serde(default)]
    candidates: Option<Vec<Candidate>>,
    #[serde(default)]
    prompt_feedback: Option<Feedback>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    #[serde(default)]
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    parts: Option<Vec<Part>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    #[serde(default, alias = "inline_data")]
    inline_data: Option<Blob>,
    /// A picture on the way to the one that counts.
    #[serde(default)]
    thought: bool,
}

#[derive(Deserialize)]
struct Blob {
    #[serde(default)]
    data: String,
}

impl Engine for Gemini {
    fn name(&self) -> &str {
        &self.0.settings.name
    }

    fn model(&self, _from_pictures: bool) -> &str {
        &self.0.settings.model
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities
    }

    fn size(&self, (width, height): (u32, u32)) -> (u32, u32) {
        let longer = width.max(height).max(1);
        let scale = f64::from(self.longer_side(longer)) / f64::from(longer);
        let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
        (side(width), side(height))
    }

    fn submit<'a>(&'a self, order: &'a Order) -> Answer<'a, Submitted> {
        boxed(async move {
            let path = format!("/models/{}:generateContent", self.0.settings.model);
            let key = self.0.api.key.clone().map(|key| ("x-goog-api-key", key));
            let reply = self.0.api.send(Ask::json(path, key, &self.body(order))).await?;
            self.picture(&reply).map(Submitted::Drawn)
        })
    }
}

impl Gemini {
    /// The longer side that is asked for: one that is configured, and has a word.
    fn longer_side(&self, wanted: u32) -> u32 {
        let configured = &self.0.settings.sizes;
        let is_drawn = |side: u32| {
            configured.is_empty() && side > 1_024
                || configured.iter().any(|(width, height)| *width.max(height) == side)
        };
        let sides = || SIZES.into_iter().map(|(side, _)| side).filter(|side| is_drawn(*side));
        let large_enough = sides().find(|side| *side >= wanted);
        large_enough.or(sides().next_back()).unwrap_or(wanted)
    }

    fn body(&self, order: &Order) -> Value {
        let mut parts = vec![json!({ "text": order.prompt })];
        parts.extend(order.pictures.iter().map(|picture| {
            let data = STANDARD.encode(&picture.bytes);
            json!({ "inlineData": { "mimeType": picture.media_type, "data": data } })
        }));
        let mut image = json!({ "aspectRatio": order.ratio });
        let longer = order.size.0.max(order.size.1);
        // Models that draw one size alone take no word for it.
        let word = SIZES.into_iter().find(|(side, _)| *side == longer && *side > 1_024);
        if let Some((_, word)) = word {
            image["imageSize"] = word.into();
        }
        json!({
            "contents": [{ "role": "user", "parts": parts }],
            "generationConfig": { "responseModalities": ["TEXT", "IMAGE"], "imageConfig": image },
        })
    }

    fn picture(&self, reply: &Reply) -> Result<Drawn, EngineError> {
        if reply.status != 200 {
            return Err(self.failure(reply));
        }
        let generated: Generated = serde_json::from_slice(&reply.body)
            .map_err(|_| EngineError::Unusable("it is not of the form of contents".to_owned()))?;
        let blocked = generated.prompt_feedback.and_then(|feedback| feedback.block_reason);
        if let Some(reason) = blocked {
            return Err(EngineError::ContentRefused(
                self.0.api.words(&format!("prompt: {reason}")),
            ));
        }
        let candidates = generated.candidates.unwrap_or_default();
        let reason = candidates.iter().find_map(|candidate| candidate.finish_reason.clone());
        let parts = candidates.into_iter().filter_map(|candidate| candidate.content?.parts);
        let mut pictures =
            parts.flatten().filter(|part| !part.thought).filter_map(|part| part.inline_data);
        if let Some(picture) = pictures.next_back() {
            return from_base64(&picture.data);
        }
        let reason = reason.unwrap_or_else(|| "no reason".to_owned());
        let told = self.0.api.words(&format!("it holds no picture: {reason}"));
        match REFUSED.contains(&reason.as_str()) {
            true => Err(EngineError::ContentRefused(told)),
            false => Err(EngineError::Unusable(told)),
        }
    }

    fn failure(&self, reply: &Reply) -> EngineError {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        // Some doors wrap it in a list.
        let error = if body.is_array() { &body[0]["error"] } else { &body["error"] };
        let word = |name: &str| error[name].as_str().unwrap_or_default();
        let told = format!("{} {} {}", reply.status, word("status"), word("message"));
        let told = self.0.api.words(&told);
        let again = reply.again.or_else(|| retry_delay(error));
        match word("status") {
            "RESOURCE_EXHAUSTED" => EngineError::Throttled(told, again),
            _ => reply.failure(told, again),
        }
    }
}

/// When to ask again: a span such as `36.07s` among the details of an error.
fn retry_delay(error: &Value) -> Option<Again> {
    let details = error["details"].as_array()?;
    let delay = details.iter().find_map(|detail| detail["retryDelay"].as_str())?;
    let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().map(Again::In)
}
