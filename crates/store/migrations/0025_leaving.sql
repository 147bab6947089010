-- What has ended leaves without a look at what has not: each index has only rows that wait to leave, or is
-- never changed once it is written. Clients are walked over in the order of their last use.

CREATE INDEX sessions_by_created_at ON sessions (created_at);
CREATE INDEX connections_by_revoked_at ON connections (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX revoked_access_tokens_by_ends_at ON revoked_access_tokens (ends_at);

DROP INDEX clients_by_used_at;
CREATE INDEX clients_by_used_at ON clients (used_at, id);
