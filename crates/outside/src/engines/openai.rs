//! OpenAI's images API, version 1: `POST /images/generations` (JSON) and, with pictures, `POST /images/edits` (a form).
//! Servers of other makers speak it as well, stable-diffusion.cpp's among them, which answers errors with plain text
//! in `error`.

use bloom_service::engines::{Answer, Capabilities, Drawn, Engine, EngineError, Order, Submitted};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Common;
use super::api::{Ask, Reply, at, boxed, from_base64};

/// What it says where it refuses the content.
const REFUSED: [&str; 4] =
    ["moderation_blocked", "content_policy_violation", "content_filter", "content_policy"];
/// What it says, under the status of too many requests too, where there is no money left.
const UNPAID: [&str; 2] = ["insufficient_quota", "billing_hard_limit_reached"];

pub(super) struct OpenAi(pub(super) Common);

/// What it answers.
#[derive(Deserialize)]
struct Images {
    #[serde(default)]
    data: Option<Vec<OneImage>>,
}

#[derive(Deserialize)]
struct OneImage {
    #[serde(default)]
    b64_json: Option<String>,
    #[serde(default)]
    url: Option<String>,
}

impl Engine for OpenAi {
    fn name(&self) -> &str {
        &self.0.settings.name
    }

    fn model(&self, _from_pictures: bool) -> &str {
        &self.0.settings.model
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities
    }

    fn size(&self, wanted: (u32, u32)) -> (u32, u32) {
        self.0.sizes.nearest(wanted)
    }

    fn submit<'a>(&'a self, order: &'a Order) -> Answer<'a, Submitted> {
        boxed(async move {
            let key = self.0.api.key.as_ref();
            let key = key.map(|key| ("authorization", format!("Bearer {key}")));
            let ask = match order.pictures.is_empty() {
                true => Ask::json("/images/generations".to_owned(), key, &self.body(order)),
                false => self.form(order, key),
            };
            let reply = self.0.api.send(ask).await?;
            self.picture(&reply).map(Submitted::Drawn)
        })
    }
}

impl OpenAi {
    /// The fields that an order has, whether as JSON or in a form.
    fn fields(&self, order: &Order) -> Vec<(&'static str, String)> {
        let settings = &self.0.settings;
        let (width, height) = order.size;
        let mut fields = vec![
            ("model", settings.model.clone()),
            ("prompt", order.prompt.clone()),
            ("size", format!("{width}x{height}")),
        ];
        fields.extend(settings.quality.clone().map(|quality| ("quality", quality)));
        let format = settings.response_format.clone();
        fields.extend(format.map(|format| ("response_format", format)));
        fields
    }

    fn body(&self, order: &Order) -> Value {
        let mut body = json!({ "n": 1 });
        for (name, value) in self.fields(order) {
            body[name] = value.into();
        }
        body
    }

    fn form(&self, order: &Order, key: Option<(&'static str, String)>) -> Ask {
        let boundary: String = order.nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut body = Vec::new();
        let mut part = |head: String, value: &[u8]| {
            body.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        };
        let named = |name: &str| format!("Content-Disposition: form-data; name=\"{name}\"");
        part(named("n"), b"1");
        for (name, value) in self.fields(order) {
            part(named(name), value.as_bytes());
        }
        for (number, picture) in (1..).zip(&order.pictures) {
            let kind = picture.media_type;
            let extension = kind.trim_start_matches("image/");
            let head = format!(
                "{}; filename=\"{number}.{extension}\"\r\nContent-Type: {kind}",
                named("image[]")
            );
            part(head, &picture.bytes);
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        Ask {
            method: Method::POST,
            path: "/images/edits".to_owned(),
            key,
            media_type: Some(format!("multipart/form-data; boundary={boundary}")),
            body,
        }
    }

    fn picture(&self, reply: &Reply) -> Result<Drawn, EngineError> {
        if reply.status != 200 {
            return Err(self.failure(reply));
        }
        let images: Images = serde_json::from_slice(&reply.body)
            .map_err(|_| EngineError::Unusable("it is not of the form of images".to_owned()))?;
        let first = images.data.into_iter().flatten().next();
        match first {
            Some(OneImage { b64_json: Some(text), .. }) => from_base64(&text),
            Some(OneImage { url: Some(url), .. }) => at(url),
            _ => Err(EngineError::Unusable("it holds no picture".to_owned())),
        }
    }

    fn failure(&self, reply: &Reply) -> EngineError {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let error = &body["error"];
        let word = |name: &str| error[name].as_str().unwrap_or_default();
        let message = error.as_str().or(error["message"].as_str()).or(body["message"].as_str());
        let message = message.unwrap_or_default();
        let (code, kind) = (word("code"), word("type"));
        let is_one_of = |words: &[&str]| words.contains(&code) || words.contains(&kind);
        let told = self.0.api.words(&format!("{} {code} {message}", reply.status));
        // Servers between often keep the message and lose the code.
        let is_refused = is_one_of(&REFUSED) || message.contains("safety system");
        match reply.status {
            400 | 403 | 422 if is_refused => EngineError::ContentRefused(told),
            _ if is_one_of(&UNPAID) => EngineError::Misconfigured(told),
            _ => reply.failure(told, reply.again),
        }
    }
}
