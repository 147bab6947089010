//! `POST /api-keys/import`: keys that another system made, by the SHA-256 of their secrets.

use bloom_domain::api_keys::{KeyName, KeyShape, KeyShapeError, MAX_ACTIVE_KEYS};
use bloom_service::api_keys::by_principal;
use bloom_service::api_keys::{self, ImportedKey};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::admission::Call;
use super::api_keys::ApiKeysView;
use super::errors::ApiError;
use super::json::{self, Sent, bad_field};
use super::repeated::Given;

/// Keys that another system made.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ImportApiKeys")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Import {
    /// What every one of them begins with.
    #[schemars(length(min = 2, max = 32))]
    prefix: String,
    /// How many characters each has, the prefix included.
    #[schemars(range(min = 22, max = 200))]
    length: u32,
    /// The keys, as many as one account may have at most.
    #[schemars(length(min = 1, max = 100))]
    keys: Vec<Imported>,
}

impl Sent for Import {}

/// One of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ImportedApiKey")]
#[serde(rename_all = "camelCase")]
struct Imported {
    /// 1 to 100 characters.
    name: String,
    /// SHA-256 of the whole secret, in 64 hexadecimal digits.
    #[schemars(length(min = 64, max = 64))]
    sha256: String,
    /// The last four characters of the secret, to know it by.
    last_four: Option<String>,
}

impl Import {
    fn read(&self) -> Result<api_keys::Import, ApiError> {
        let len = usize::try_from(self.length).unwrap_or(usize::MAX);
        let shape = KeyShape::new(&self.prefix, len).map_err(|error| {
            let field = match error {
                KeyShapeError::Prefix => "prefix",
                KeyShapeError::Length => "length",
            };
            bad_field(field, &format!("{error}."))
        })?;
        let is_many = i64::try_from(self.keys.len()).is_ok_and(|many| many <= MAX_ACTIVE_KEYS);
        if self.keys.is_empty() || !is_many {
            return Err(bad_field("keys", &format!("Send 1 to {MAX_ACTIVE_KEYS} keys.")));
        }
        let keys = self.keys.iter().enumerate().map(|(place, key)| key.read(place));
        Ok(api_keys::Import { shape, keys: keys.collect::<Result<_, _>>()? })
    }
}

impl Imported {
    fn read(&self, place: usize) -> Result<ImportedKey, ApiError> {
        let bad = |field: &str, what: &str| bad_field(&format!("keys[{place}].{field}"), what);
        let name = KeyName::parse(&self.name).map_err(|error| bad("name", &error.to_string()))?;
        let hash = from_hex(&self.sha256)
            .ok_or_else(|| bad("sha256", "Send the SHA-256 in 64 hexadecimal digits."))?;
        let last_four = self.last_four.clone().unwrap_or_default();
        if !matches!(last_four.len(), 0 | 4) || !last_four.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(bad("lastFour", "Send four characters, or leave it out."));
        }
        Ok(ImportedKey { name, hash, last_four })
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Reads an import as the API is sent it, for the command line.
///
/// # Errors
/// What is wrong with it, for people.
pub fn read(text: &str) -> Result<api_keys::Import, String> {
    let read = json::parse::<Import>(text.as_bytes()).and_then(|import| import.read());
    read.map_err(|error| error.message().to_owned())
}

pub(crate) async fn import(mut call: Call, body: Import) -> Result<Given, ApiError> {
    let import = body.read()?;
    let once = call.once(StatusCode::CREATED, ApiKeysView::of);
    let (service, principal, sender) = (&call.app.service, &call.principal, call.sender());
    Ok(Given(by_principal::import(service, principal, &sender, import, once).await?))
}
