//! `GET /workspaces`.

use bloom_domain::workspaces::{Workspace, WorkspaceKind};
use bloom_service::workspaces;
use schemars::JsonSchema;
use serde::Serialize;

use super::admission::Call;
use super::envelope::Data;
use super::errors::ApiError;

/// The workspaces within reach.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Workspaces")]
pub(crate) struct WorkspacesView {
    /// The personal one first, then teams by name.
    workspaces: Vec<WorkspaceView>,
}

/// A workspace.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Workspace")]
struct WorkspaceView {
    /// What `workspaceId` takes; `null` for the personal workspace, which needs none.
    id: Option<String>,
    /// Its name.
    name: String,
    /// Whether it is the caller's own.
    is_personal: bool,
}

impl From<Workspace> for WorkspaceView {
    fn from(workspace: Workspace) -> Self {
        let is_personal = workspace.kind == WorkspaceKind::Personal;
        Self {
            id: (!is_personal).then(|| workspace.id.to_string()),
            name: workspace.name,
            is_personal,
        }
    }
}

pub(crate) async fn list(call: Call) -> Result<Data, ApiError> {
    let workspaces = workspaces::list(&call.app.service, &call.principal).await?;
    let workspaces = workspaces.into_iter().map(Into::into).collect();
    Ok(Data::new(&WorkspacesView { workspaces }))
}
