-- Team workspaces: who is invited, what was deleted, and which workspaces an app may act in.
--
-- workspaces.deleted_at   since when it is deleted. It can be restored for a while; then its members and
--                         invitations go, and the row stays without a name, for what refers to it.
-- invitations             one that nobody has answered. Deleted when it is accepted, declined or taken
--                         back, or has expired. The digest stands for the secret in its link.
-- connections.workspaces  the ids of the workspaces that the app may act in, with spaces between; NULL
--                         for all of its person's, later ones too.

ALTER TABLE workspaces ADD COLUMN deleted_at {i64};

CREATE INDEX workspaces_by_deleted_at ON workspaces (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE invitations (
    id {blob} NOT NULL PRIMARY KEY,
    workspace_id {blob} NOT NULL REFERENCES workspaces (id),
    email {text} NOT NULL,
    role {text} NOT NULL,
    digest {blob} NOT NULL UNIQUE,
    invited_by {blob} NOT NULL REFERENCES accounts (id),
    created_at {i64} NOT NULL,
    expires_at {i64} NOT NULL
) {table};

CREATE INDEX invitations_by_workspace ON invitations (workspace_id, created_at);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

ALTER TABLE connections ADD COLUMN workspaces {text};
