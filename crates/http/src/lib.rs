//! The faces of Bloom over HTTP: the JSON API, the MCP server, OAuth documents and the pages.
//!
//! A face translates: bytes to types on the way in, outcomes to status, headers and words on the way
//! out. It decides nothing and knows neither SQL nor transactions. [`Edge`] is the way in; the whole
//! surface can be read in `router.rs`.

mod api;
mod app;
mod billing;
mod body;
mod cors;
mod docs;
mod downloads;
mod edge;
mod face;
mod health;
mod leaks;
pub mod ledger;
mod logos;
mod mcp;
mod oauth;
mod pages;
mod peer;
mod router;
mod sender;
mod site;

pub use axum::body::Body;

pub use api::imports::read as read_import;
pub use api::multipart;
pub use api::openapi::document as openapi;
pub use edge::Edge;
pub use pages::forms::fields as form_fields;
pub use site::{Site, SiteError};
