//! The endpoint table: one entry for each operation, from which router and OpenAPI are built.
//!
//! To add an endpoint, add its operation to `bloom_service::operations`, a handler in the file of its
//! concept, and an entry here.

use axum::routing::{MethodFilter, MethodRouter};
use bloom_service::operations::{self, Effect, Operation};
use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::admission::{route, route_with};
use super::errors::ErrorCode;
use super::query::Bounds;
use super::{accounts, api_keys, brands, credits, images, imports, workspaces};
use crate::app::App;

/// An endpoint.
pub(crate) struct Endpoint {
    /// What it does.
    pub(crate) operation: &'static Operation,
    /// `get`, `post`, … as OpenAPI spells it.
    pub(crate) method: &'static str,
    /// Below `/api/v1`. What stands in braces is a parameter.
    pub(crate) path: &'static str,
    /// One line for people.
    pub(crate) summary: &'static str,
    /// What its path holds, and what its query and headers may.
    pub(crate) parameters: &'static [Parameter],
    /// What it is sent, if anything.
    pub(crate) body: Option<Body>,
    /// The status of what it answers.
    pub(crate) status: StatusCode,
    /// Errors of its own, besides [`COMMON_ERRORS`] and those of its body and parameters.
    pub(crate) errors: &'static [ErrorCode],
    /// The schema of what stands under `data`.
    pub(crate) data: SchemaOf,
    /// Its route.
    pub(crate) route: fn() -> MethodRouter<App>,
}

/// The schema of something.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What an operation is sent.
pub(crate) enum Body {
    /// A JSON object with a schema.
    Json(SchemaOf),
    /// A form with a file, which is of one of these types, and the id of a brand.
    FileOfBrand(&'static [&'static str]),
    /// A form with a file, which is of one of these types.
    File(&'static [&'static str]),
    /// Whatever JSON comes: clients that send some with everything may do so here, and nobody looks at it.
    Ignored,
}

/// A parameter.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) description: &'static str,
    pub(crate) form: Form,
}

/// What a parameter looks like.
pub(crate) enum Form {
    /// Text of at least and at most so many characters.
    Text(u32, Option<u32>),
    /// A UUID.
    Uuid,
    /// A whole number within bounds, and what counts when it is left out.
    Integer(Bounds, u32),
    /// Yes or no; no when it is left out.
    Flag,
    /// Yes or no; what counts when it is left out says the description.
    OpenFlag,
    /// One of some words.
    Words(fn() -> Vec<&'static str>),
}

impl Parameter {
    /// Within which bounds a whole number must be.
    pub(crate) fn bounds(&self) -> Bounds {
        match &self.form {
            Form::Integer(bounds, _) => bounds.clone(),
            _ => 0..=u32::MAX,
        }
    }

    /// What counts when a whole number is left out.
    pub(crate) fn default(&self) -> u32 {
        match self.form {
            Form::Integer(_, default) => default,
            _ => 0,
        }
    }
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the path, where it must be.
    Path,
    /// In the query, where it may be.
    Query,
    /// In the query, where it must be.
    NeededQuery,
    /// In the headers, where it may be.
    Header,
}

impl Endpoint {
    /// Every parameter: its own, and what comes with what it does.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        let key = (self.operation.effect == Effect::Create).then_some(&IDEMPOTENCY_KEY);
        self.parameters.iter().chain(key)
    }

    /// Every error, once.
    pub(crate) fn errors(&self) -> Vec<ErrorCode> {
        let mut errors = match self.operation.is_open {
            true => OPEN_ERRORS.to_vec(),
            false => COMMON_ERRORS.to_vec(),
        };
        errors.extend(self.errors);
        if matches!(self.body, Some(Body::Json(_) | Body::File(_) | Body::FileOfBrand(_))) {
            errors.extend([ErrorCode::PayloadTooLarge, ErrorCode::UnsupportedMediaType]);
        }
        if self.operation.effect == Effect::Create {
            errors.extend([ErrorCode::IdempotencyInProgress, ErrorCode::IdempotencyKeyReused]);
        }
        errors
    }
}

/// What every operation with a credential may answer.
pub(crate) const COMMON_ERRORS: [ErrorCode; 7] = [
    ErrorCode::BadRequest,
    ErrorCode::Unauthorized,
    ErrorCode::AccountBanned,
    ErrorCode::Forbidden,
    ErrorCode::TooManyRequests,
    ErrorCode::InternalServerError,
    ErrorCode::ServiceUnavailable,
];

/// What every operation without one may answer.
const OPEN_ERRORS: [ErrorCode; 3] =
    [ErrorCode::BadRequest, ErrorCode::InternalServerError, ErrorCode::ServiceUnavailable];

const WORKSPACE_ID: Parameter = Parameter {
    name: "workspaceId",
    place: Place::Query,
    description: "The team workspace that is meant. Left out: the personal workspace.",
    form: Form::Text(1, None),
};

/// In lists that span all workspaces.
pub(crate) const IN_WORKSPACE: Parameter = Parameter {
    description: "Only those of this team workspace. Left out: those of all workspaces within reach.",
    ..WORKSPACE_ID
};

/// How many of a list are shown at once.
pub(crate) const LIMIT: Parameter = Parameter {
    name: "limit",
    place: Place::Query,
    description: "How many are answered at most.",
    form: Form::Integer(1..=100, 50),
};

/// Where in a list to go on.
pub(crate) const CURSOR: Parameter = Parameter {
    name: "cursor",
    place: Place::Query,
    description: "nextCursor of the answer before, as it was. Left out: the beginning.",
    form: Form::Text(0, None),
};

/// Whether to wait.
pub(crate) const WAIT: Parameter = Parameter {
    name: "wait",
    place: Place::Query,
    description: "Whether to answer only once the work on it is done, or timeout is over.",
    form: Form::Flag,
};

/// For how long.
pub(crate) const TIMEOUT: Parameter = Parameter {
    name: "timeout",
    place: Place::Query,
    description: "For how many seconds to wait at most; the answer is then as it stands.",
    form: Form::Integer(1..=295, 120),
};

const API_KEY_ID: Parameter = Parameter {
    name: "id",
    place: Place::Path,
    description: "The key's id.",
    form: Form::Text(1, None),
};

static IDEMPOTENCY_KEY: Parameter = Parameter {
    name: "Idempotency-Key",
    place: Place::Header,
    description: "A name of the caller's for this request, in visible ASCII. For 24 hours the same request \
                  under the same name is done once, and answered as the first time.",
    form: Form::Text(1, Some(255)),
};

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = Endpoint> {
    person().into_iter().chain(api_keys()).chain(brands::endpoints()).chain(images::endpoints())
}

fn person() -> [Endpoint; 3] {
    [
        Endpoint {
            operation: &operations::ACCOUNT_GET,
            method: "get",
            path: "/account",
            summary: "The account that the credential acts for.",
            parameters: &[],
            body: None,
            status: StatusCode::OK,
            errors: &[],
            data: schema::<accounts::AccountView>,
            route: || route(MethodFilter::GET, &operations::ACCOUNT_GET, accounts::get),
        },
        Endpoint {
            operation: &operations::WORKSPACES_LIST,
            method: "get",
            path: "/workspaces",
            summary: "The workspaces within reach: the personal one first, then teams.",
            parameters: &[],
            body: None,
            status: StatusCode::OK,
            errors: &[],
            data: schema::<workspaces::WorkspacesView>,
            route: || route(MethodFilter::GET, &operations::WORKSPACES_LIST, workspaces::list),
        },
        Endpoint {
            operation: &operations::CREDITS_GET,
            method: "get",
            path: "/credits",
            summary: "What can be spent in a workspace.",
            parameters: &[WORKSPACE_ID],
            body: None,
            status: StatusCode::OK,
            errors: &[ErrorCode::WorkspaceNotFound],
            data: schema::<credits::CreditsView>,
            route: || route(MethodFilter::GET, &operations::CREDITS_GET, credits::get),
        },
    ]
}

fn api_keys() -> [Endpoint; 8] {
    [
        Endpoint {
            operation: &operations::API_KEYS_LIST,
            method: "get",
            path: "/api-keys",
            summary: "The account's API keys, newest first, revoked ones included.",
            parameters: &[],
            body: None,
            status: StatusCode::OK,
            errors: &[],
            data: schema::<api_keys::ApiKeysView>,
            route: || route(MethodFilter::GET, &operations::API_KEYS_LIST, api_keys::list),
        },
        Endpoint {
            operation: &operations::API_KEYS_CREATE,
            method: "post",
            path: "/api-keys",
            summary: "Makes an API key; its secret is in this answer only.",
            parameters: &[],
            body: Some(Body::Json(schema::<api_keys::Create>)),
            status: StatusCode::CREATED,
            errors: &[ErrorCode::WorkspaceNotFound, ErrorCode::ApiKeyLimitReached],
            data: schema::<api_keys::NewApiKeyView>,
            route: || {
                route_with(MethodFilter::POST, &operations::API_KEYS_CREATE, api_keys::create)
            },
        },
        Endpoint {
            operation: &operations::API_KEYS_IMPORT,
            method: "post",
            path: "/api-keys/import",
            summary: "Takes over API keys that another system made, by their hashes: all of them or none.",
            parameters: &[],
            body: Some(Body::Json(schema::<imports::Import>)),
            status: StatusCode::CREATED,
            errors: &[ErrorCode::ApiKeyExists, ErrorCode::ApiKeyLimitReached],
            data: schema::<api_keys::ApiKeysView>,
            route: || route_with(MethodFilter::POST, &operations::API_KEYS_IMPORT, imports::import),
        },
        Endpoint {
            operation: &operations::API_KEYS_GET,
            method: "get",
            path: "/api-keys/{id}",
            summary: "An API key.",
            parameters: &[API_KEY_ID],
            body: None,
            status: StatusCode::OK,
            errors: &[ErrorCode::ApiKeyNotFound],
            data: schema::<api_keys::ApiKeyView>,
            route: || route(MethodFilter::GET, &operations::API_KEYS_GET, api_keys::get),
        },
        Endpoint {
            operation: &operations::API_KEYS_REVOKE,
            method: "post",
            path: "/api-keys/{id}/revoke",
            summary: "Revokes an API key for good; the second time nothing changes.",
            parameters: &[API_KEY_ID],
            body: None,
            status: StatusCode::OK,
            errors: &[ErrorCode::ApiKeyNotFound],
            data: schema::<api_keys::ApiKeyView>,
            route: || route(MethodFilter::POST, &operations::API_KEYS_REVOKE, api_keys::revoke),
        },
        Endpoint {
            operation: &operations::API_KEYS_REVOKE_SELF,
            method: "post",
            path: "/api-keys/self/revoke",
            summary: "Revokes the API key that the request came with. Needs no scope.",
            parameters: &[],
            body: None,
            status: StatusCode::OK,
            errors: &[ErrorCode::ApiKeyNotFound],
            data: schema::<api_keys::ApiKeyView>,
            route: || {
                let operation = &operations::API_KEYS_REVOKE_SELF;
                route(MethodFilter::POST, operation, api_keys::revoke_self)
            },
        },
        Endpoint {
            operation: &operations::API_KEYS_ROTATE,
            method: "post",
            path: "/api-keys/{id}/rotate",
            summary: "Gives an API key another secret, which is in this answer only; the one it has goes on for \
                      a while.",
            parameters: &[API_KEY_ID],
            body: Some(Body::Json(schema::<api_keys::Rotate>)),
            status: StatusCode::OK,
            errors: &[ErrorCode::ApiKeyNotFound, ErrorCode::ApiKeyEnded],
            data: schema::<api_keys::NewApiKeyView>,
            route: || {
                route_with(MethodFilter::POST, &operations::API_KEYS_ROTATE, api_keys::rotate)
            },
        },
        Endpoint {
            operation: &operations::API_KEYS_VERIFY,
            method: "post",
            path: "/api-keys/verify",
            summary: "What a text is that somebody presented elsewhere: a key of the account, or none.",
            parameters: &[],
            body: Some(Body::Json(schema::<api_keys::Verify>)),
            status: StatusCode::OK,
            errors: &[],
            data: schema::<api_keys::VerificationView>,
            route: || {
                route_with(MethodFilter::POST, &operations::API_KEYS_VERIFY, api_keys::verify)
            },
        },
    ]
}

pub(crate) fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}
