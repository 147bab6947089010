//! `/api-keys`: keys that are managed with a key or token, and no longer only by a person.

use std::time::Duration;

use bloom_domain::access::{Access, BloomScope};
use bloom_domain::api_keys::{
    ApiKey, KeyCondition, KeyName, LastUse, Maker, OldSecret, Overlap, RevokedBy, parse_scopes,
};
use bloom_domain::ids::{ApiKeyId, WorkspaceId};
use bloom_domain::networks::Addresses;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Reach, WorkspaceChoice};
use bloom_service::Error;
use bloom_service::api_keys::by_principal::{self, KeyWishes, NewSeenKey, SeenKey, Verified};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::admission::Call;
use super::envelope::Data;
use super::errors::ApiError;
use super::json::{Sent, bad_field};
use super::repeated::Given;

/// What stands for the personal workspace among others.
const PERSONAL: &str = "personal";

/// An API key.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApiKey")]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeyView {
    /// Its id.
    id: String,
    /// What its owner calls it.
    name: String,
    /// What may be shown of the secret.
    hint: String,
    /// Whether it is good.
    state: StateView,
    /// The scopes; `null` for everything but `keys:admin`.
    scopes: Option<Vec<&'static str>>,
    /// The workspaces, `personal` for the personal one; `null` for all.
    workspaces: Option<Vec<String>>,
    /// The networks from which it may be used; `null` for any.
    addresses: Option<Vec<String>>,
    /// When it ends by itself.
    expires_at: Option<String>,
    /// When it was made.
    created_at: String,
    /// With which credential it was made; `null` when its owner or the operator did it.
    made_by: Option<MakerView>,
    /// How many credits it may still spend by its budget and those of what it was made with; `null` for no
    /// limit.
    budget_left: Option<i64>,
    /// When it was last given another secret.
    rotated_at: Option<String>,
    /// The secret that it had before.
    old_secret: Option<OldSecretView>,
    /// Since when it is revoked.
    revoked_at: Option<String>,
    /// By whom.
    revoked_by: Option<&'static str>,
    /// Its last use, at most a minute late.
    last_used: Option<LastUseView>,
}

/// Whether a key is good.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[schemars(rename = "ApiKeyState")]
#[serde(rename_all = "lowercase")]
enum StateView {
    /// Good for requests.
    Active,
    /// Ended by itself.
    Expired,
    /// Refused for ever.
    Revoked,
}

/// With which credential a key was made.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApiKeyMaker")]
#[serde(rename_all = "camelCase")]
struct MakerView {
    /// `apiKey`, or `app` for an app that its owner had let in.
    kind: &'static str,
    /// The id of the key, or of the app's connection.
    id: String,
}

/// The secret that a key had before.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OldSecret")]
#[serde(rename_all = "camelCase")]
struct OldSecretView {
    /// What may be shown of it.
    hint: String,
    /// Until when it is good.
    until: String,
    /// When it was last used since.
    last_used_at: Option<String>,
}

/// A use of a key.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApiKeyUse")]
#[serde(rename_all = "camelCase")]
struct LastUseView {
    /// When.
    at: String,
    /// From where.
    address: String,
    /// With what.
    agent: String,
    /// For which operation; empty when it was none.
    operation: String,
}

/// The account's keys.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApiKeys")]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeysView {
    /// Newest first, revoked ones included.
    api_keys: Vec<ApiKeyView>,
}

impl ApiKeysView {
    #[expect(clippy::ptr_arg, reason = "it is the view of what a write gives")]
    pub(crate) fn of(keys: &Vec<SeenKey>) -> Self {
        Self { api_keys: keys.iter().map(Into::into).collect() }
    }
}

/// A key with its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "NewApiKey")]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewApiKeyView {
    /// The key.
    api_key: ApiKeyView,
    /// The secret. It is told in this answer only.
    secret: String,
}

impl From<&SeenKey> for ApiKeyView {
    fn from(SeenKey { key, personal, budget_left, at }: &SeenKey) -> Self {
        let (state, revoked) = match key.condition(*at) {
            KeyCondition::Revoked { at, by } => (StateView::Revoked, Some((at, by))),
            KeyCondition::Expired { .. } => (StateView::Expired, None),
            _ => (StateView::Active, None),
        };
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            hint: key.hint.to_string(),
            state,
            scopes: scopes(key.narrowing.access),
            workspaces: reach(&key.narrowing.reach, *personal),
            addresses: networks(&key.narrowing.addresses),
            expires_at: key.narrowing.expires_at.map(time),
            created_at: time(key.created_at),
            made_by: key.made_by.map(Into::into),
            budget_left: *budget_left,
            rotated_at: key.rotated_at.map(time),
            old_secret: key.old_secret.as_ref().map(Into::into),
            revoked_at: revoked.map(|(at, _)| time(at)),
            revoked_by: revoked.map(|(_, by)| RevokedBy::as_str(by)),
            last_used: key.last_use.as_ref().map(Into::into),
        }
    }
}

fn scopes(access: Access) -> Option<Vec<&'static str>> {
    match access {
        Access::All => None,
        Access::Named(scopes) => Some(scopes.iter().map(BloomScope::as_str).collect()),
    }
}

fn reach(reach: &Reach, personal: Option<WorkspaceId>) -> Option<Vec<String>> {
    let Reach::Only(some) = reach else { return None };
    let word = |id: &WorkspaceId| {
        if Some(*id) == personal { PERSONAL.to_owned() } else { id.to_string() }
    };
    Some(some.iter().map(word).collect())
}

fn networks(addresses: &Addresses) -> Option<Vec<String>> {
    addresses.to_stored().map(|stored| stored.split(' ').map(str::to_owned).collect())
}

fn time(at: Timestamp) -> String {
    at.to_string()
}

impl From<Maker> for MakerView {
    fn from(maker: Maker) -> Self {
        match maker {
            Maker::ApiKey(id) => Self { kind: "apiKey", id: id.to_string() },
            Maker::Connection(id) => Self { kind: "app", id: id.to_string() },
        }
    }
}

impl From<&OldSecret> for OldSecretView {
    fn from(old: &OldSecret) -> Self {
        Self {
            hint: old.hint.to_string(),
            until: time(old.until),
            last_used_at: old.last_used_at.map(time),
        }
    }
}

impl From<&LastUse> for LastUseView {
    fn from(last_use: &LastUse) -> Self {
        Self {
            at: time(last_use.at),
            address: last_use.address.clone(),
            agent: last_use.agent.clone(),
            operation: last_use.operation.clone(),
        }
    }
}

impl From<&NewSeenKey> for NewApiKeyView {
    fn from(new: &NewSeenKey) -> Self {
        Self { api_key: (&new.seen).into(), secret: new.secret.expose().to_owned() }
    }
}

pub(crate) async fn list(call: Call) -> Result<Data, ApiError> {
    let keys = by_principal::list(&call.app.service, &call.principal).await?;
    Ok(Data::new(&ApiKeysView::of(&keys)))
}

pub(crate) async fn get(mut call: Call) -> Result<Data, ApiError> {
    let id = named(&mut call).await?;
    let key = by_principal::get(&call.app.service, &call.principal, id).await?;
    Ok(Data::new(&ApiKeyView::from(&key)))
}

/// What a new key is to be. Whatever is asked for is cut to what the credential itself is narrowed to.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "CreateApiKey")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Create {
    /// 1 to 100 characters.
    name: String,
    /// The scopes. Left out: everything that the credential may do, but for `keys:admin`.
    scopes: Option<Vec<String>>,
    /// The ids of workspaces, `personal` for the personal one. Left out: all, later ones too.
    workspaces: Option<Vec<String>>,
    /// The networks from which it may be used, such as `192.0.2.0/24`. Left out: any.
    addresses: Option<Vec<String>>,
    /// When it ends by itself, such as `2027-03-31T00:00:00Z`. Left out: never.
    expires_at: Option<String>,
}

impl Sent for Create {}

impl Create {
    fn wishes(&self) -> Result<KeyWishes, ApiError> {
        Ok(KeyWishes {
            name: KeyName::parse(&self.name).map_err(|error| bad("name", &error))?,
            access: match &self.scopes {
                None => Access::All,
                Some(some) if some.is_empty() => return Err(empty("scopes")),
                Some(some) => {
                    let named = parse_scopes(some.iter().map(String::as_str));
                    named.map_err(|_| bad_field("scopes", "There is no such scope."))?
                }
            },
            workspaces: match &self.workspaces {
                None => None,
                Some(some) if some.is_empty() => return Err(empty("workspaces")),
                Some(some) => Some(some.iter().map(|id| choice(id)).collect::<Result<_, _>>()?),
            },
            addresses: match &self.addresses {
                None => Addresses::Any,
                Some(some) if some.is_empty() => return Err(empty("addresses")),
                Some(some) => {
                    let texts = some.iter().map(String::as_str);
                    Addresses::parse(texts).map_err(|_| {
                        bad_field("addresses", "Send addresses and networks such as 192.0.2.0/24.")
                    })?
                }
            },
            expires_at: self.expires_at.as_deref().map(instant).transpose()?,
        })
    }
}

fn bad(field: &str, error: &impl ToString) -> ApiError {
    bad_field(field, &error.to_string())
}

fn empty(field: &str) -> ApiError {
    bad_field(field, "Name at least one, or leave it out.")
}

fn choice(text: &str) -> Result<WorkspaceChoice, Error> {
    match text {
        PERSONAL => Ok(WorkspaceChoice::Personal),
        // A text that is no id names no workspace.
        id => id.parse().map(WorkspaceChoice::Team).map_err(|_| Error::WorkspaceNotFound),
    }
}

fn instant(text: &str) -> Result<Timestamp, ApiError> {
    let time: Result<jiff::Timestamp, _> = text.parse();
    let time =
        time.map_err(|_| bad_field("expiresAt", "Send a time such as 2027-03-31T00:00:00Z."))?;
    Ok(Timestamp::from_unix_micros(time.as_microsecond()))
}

fn shown_once(new: &NewSeenKey) -> NewApiKeyView {
    new.into()
}

pub(crate) async fn create(mut call: Call, body: Create) -> Result<Given, ApiError> {
    let wishes = body.wishes()?;
    let once = call.once(StatusCode::CREATED, shown_once);
    let (service, principal, sender) = (&call.app.service, &call.principal, call.sender());
    Ok(Given(by_principal::create(service, principal, &sender, wishes, once).await?))
}

/// How a key is rotated.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "RotateApiKey")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rotate {
    /// For how many seconds the secret that it has goes on: 0 to 2592000, never past the key's end. Left
    /// out: a day.
    overlap_seconds: Option<u32>,
}

impl Sent for Rotate {}

pub(crate) async fn rotate(mut call: Call, body: Rotate) -> Result<Given, ApiError> {
    let overlap = match body.overlap_seconds {
        None => Overlap::DEFAULT,
        Some(seconds) => Overlap::new(Duration::from_secs(seconds.into())).map_err(|_| {
            bad_field("overlapSeconds", "The old secret may go on for 30 days at most.")
        })?,
    };
    let id = named(&mut call).await?;
    let once = call.once(StatusCode::OK, shown_once);
    let (service, principal, sender) = (&call.app.service, &call.principal, call.sender());
    Ok(Given(by_principal::rotate(service, principal, &sender, (id, overlap), once).await?))
}

pub(crate) async fn revoke(mut call: Call) -> Result<Data, ApiError> {
    let id = named(&mut call).await?;
    let (service, principal, sender) = (&call.app.service, &call.principal, call.sender());
    let key = by_principal::revoke(service, principal, &sender, id).await?;
    Ok(Data::new(&ApiKeyView::from(&key)))
}

pub(crate) async fn revoke_self(call: Call) -> Result<Data, ApiError> {
    let (service, principal, sender) = (&call.app.service, &call.principal, call.sender());
    let key = by_principal::revoke_self(service, principal, &sender).await?;
    Ok(Data::new(&ApiKeyView::from(&key)))
}

/// What another service was presented.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "VerifyApiKey")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verify {
    /// The text, as it came.
    key: String,
}

impl Sent for Verify {}

/// What a text turned out to be.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Verification")]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerificationView {
    /// Whether it is a good key. From where it may be used is for the caller to look at.
    valid: bool,
    /// What it is.
    state: VerifiedState,
    /// The key; `null` when it is none of the account's.
    api_key: Option<ApiKeyView>,
    /// The account it acts for; `null` with the key.
    account: Option<String>,
    /// Its rate limit; `null` when there is none.
    rate: Option<RateView>,
}

/// What a text turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "VerifiedState")]
#[serde(rename_all = "lowercase")]
enum VerifiedState {
    /// A good key.
    Active,
    /// The secret that a key had before its rotation, after its end.
    Old,
    /// A key that has ended by itself.
    Expired,
    /// A key that is refused for ever.
    Revoked,
    /// No key of the account.
    Unknown,
    /// No key of any server of this kind: its shape or checksum is wrong.
    Malformed,
}

/// A rate limit, and what is left of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Rate")]
#[serde(rename_all = "camelCase")]
struct RateView {
    /// So many requests
    limit: u16,
    /// in so many seconds.
    seconds: u64,
    /// So many more right now.
    remaining: u16,
}

pub(crate) async fn verify(call: Call, body: Verify) -> Result<Data, ApiError> {
    let (service, principal) = (&call.app.service, &call.principal);
    let verified = by_principal::verify(service, principal, body.key.trim()).await?;
    let nothing =
        |state| VerificationView { valid: false, state, api_key: None, account: None, rate: None };
    Ok(Data::new(&match verified {
        Verified::Malformed(_) => nothing(VerifiedState::Malformed),
        Verified::Unknown => nothing(VerifiedState::Unknown),
        Verified::Known { seen, old_until, rate } => {
            let has_ended = old_until.is_some_and(|until| until <= seen.at);
            let state = verified_state(&seen.key, has_ended, seen.at);
            VerificationView {
                valid: state == VerifiedState::Active,
                state,
                account: Some(seen.key.account.to_string()),
                api_key: Some((&*seen).into()),
                rate: rate.map(|(rule, remaining)| RateView {
                    limit: rule.limit,
                    seconds: rule.span.as_secs(),
                    remaining,
                }),
            }
        }
    }))
}

fn verified_state(key: &ApiKey, has_ended: bool, at: Timestamp) -> VerifiedState {
    match key.condition(at) {
        KeyCondition::Revoked { .. } => VerifiedState::Revoked,
        KeyCondition::Expired { .. } => VerifiedState::Expired,
        _ if has_ended => VerifiedState::Old,
        _ => VerifiedState::Active,
    }
}

async fn named(call: &mut Call) -> Result<ApiKeyId, ApiError> {
    Ok(call.id().await.ok_or(Error::ApiKeyNotFound)?)
}
