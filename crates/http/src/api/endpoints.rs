//! The endpoint table: one entry for each operation, from which router and OpenAPI are built.
//!
//! To add an endpoint, add its operation to `bloom_service::operations`, a handler in the file of its
//! concept, and an entry here.

use axum::routing::{MethodFilter, MethodRouter};
use bloom_service::operations::{self, Operation};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::admission::route;
use super::errors::ErrorCode;
use super::{accounts, credits, workspaces};
use crate::app::App;

/// An endpoint.
pub(crate) struct Endpoint {
    /// What it does.
    pub(crate) operation: &'static Operation,
    /// `get`, `post`, … as OpenAPI spells it.
    pub(crate) method: &'static str,
    /// Below `/api/v1`.
    pub(crate) path: &'static str,
    /// One line for people.
    pub(crate) summary: &'static str,
    /// What its query may hold.
    pub(crate) parameters: &'static [Parameter],
    /// Errors of its own, besides [`COMMON_ERRORS`].
    pub(crate) errors: &'static [ErrorCode],
    /// The schema of what stands under `data`.
    pub(crate) data: fn(&mut SchemaGenerator) -> Schema,
    /// Its route.
    pub(crate) route: fn() -> MethodRouter<App>,
}

/// A parameter in the query; none is required.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) min_length: u32,
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

const WORKSPACE_ID: Parameter = Parameter {
    name: "workspaceId",
    description: "The team workspace that is meant. Left out: the personal workspace.",
    min_length: 1,
};

/// All of them.
pub(crate) fn all() -> [Endpoint; 3] {
    [
        Endpoint {
            operation: &operations::ACCOUNT_GET,
            method: "get",
            path: "/account",
            summary: "The account that the credential acts for.",
            parameters: &[],
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
            errors: &[ErrorCode::WorkspaceNotFound],
            data: schema::<credits::CreditsView>,
            route: || route(MethodFilter::GET, &operations::CREDITS_GET, credits::get),
        },
    ]
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}
