//! The OAuth face. So far: the document that a challenge points to.

mod resource_metadata;

use axum::Router;

use crate::app::App;

/// The OAuth routes.
pub(crate) fn routes(app: &App) -> Router<App> {
    resource_metadata::routes(app)
}
