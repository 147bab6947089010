//! The faces that a credential opens. One admission serves both (`api/admission.rs`); they differ in
//! where they are and in how they say no.

use axum::response::{IntoResponse, Response};
use bloom_domain::plans::Door;

pub(crate) use bloom_service::authorization_server::{API_PATH, MCP_PATH};

use crate::api::errors::ApiError;
use crate::mcp;

/// A face that a credential opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// The JSON API.
    Api,
    /// The MCP server.
    Mcp,
}

impl Face {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 2] = [Self::Api, Self::Mcp];

    /// Where it is.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Api => API_PATH,
            Self::Mcp => MCP_PATH,
        }
    }

    /// What plans call it.
    pub(crate) fn door(self) -> Door {
        match self {
            Self::Api => Door::Api,
            Self::Mcp => Door::Mcp,
        }
    }

    /// An error in its form.
    pub(crate) fn refuse(self, error: ApiError) -> Response {
        match self {
            Self::Api => error.into_response(),
            Self::Mcp => mcp::errors::plain(error),
        }
    }
}
