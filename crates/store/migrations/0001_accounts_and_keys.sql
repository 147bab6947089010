-- Accounts, and the two credentials a person holds: API keys and browser sessions.
--
-- Ids are 16 bytes, UUIDv7. Digests are 32 bytes; the secret they stand for is stored nowhere.
-- Times are microseconds since the Unix epoch. The tokens in braces are in src/dialect.rs.
-- This file is never edited once landed: its checksum stands in schema_history.
--
-- root_secrets   which root secrets this database was written with, by fingerprint; the one made
--                current last is the current one. Lives for ever: two rows after one rotation.
-- accounts       a person. Made by sign-up or a setup link, banned by an operator, lives until it
--                is deleted. `email` is in the form in which addresses are compared.
-- workspaces     what a person works in; 'personal' is made with its account, 'team' by a member.
-- members        who works in which workspace, and as what. Lives as long as the membership.
-- api_keys       a key of an account. Rolling it replaces the digest and keeps the id. A revoked
--                key stays, so that its past use can still be told; it leaves with its account.
--                first_four and last_four are what may be shown of the secret. The last_used
--                columns are written in batches and may lag by some seconds.
-- sessions       a signed-in browser. Ends by signing out, by being deleted with others of its
--                account, or when it was not seen for too long; then the row is deleted.
-- setup_links    a one-time link by which the first account is made. Deleted some time after it
--                was used or expired.

CREATE TABLE root_secrets (
    fingerprint {blob} NOT NULL PRIMARY KEY,
    made_current_at {i64} NOT NULL
) {table};

CREATE TABLE accounts (
    id {blob} NOT NULL PRIMARY KEY,
    email {text} NOT NULL UNIQUE,
    name {text},
    password_hash {text} NOT NULL,
    created_at {i64} NOT NULL,
    banned_at {i64}
) {table};

CREATE TABLE workspaces (
    id {blob} NOT NULL PRIMARY KEY,
    kind {text} NOT NULL CHECK (kind IN ('personal', 'team')),
    name {text} NOT NULL,
    created_at {i64} NOT NULL
) {table};

CREATE TABLE members (
    workspace_id {blob} NOT NULL REFERENCES workspaces (id),
    account_id {blob} NOT NULL REFERENCES accounts (id),
    role {text} NOT NULL,
    joined_at {i64} NOT NULL,
    PRIMARY KEY (workspace_id, account_id)
) {table};

CREATE INDEX members_by_account ON members (account_id);

CREATE TABLE api_keys (
    id {blob} NOT NULL PRIMARY KEY,
    account_id {blob} NOT NULL REFERENCES accounts (id),
    name {text} NOT NULL,
    digest {blob} NOT NULL UNIQUE,
    first_four {text} NOT NULL,
    last_four {text} NOT NULL,
    created_at {i64} NOT NULL,
    replaced_at {i64},
    revoked_at {i64},
    revoked_by {text},
    last_used_at {i64},
    last_used_address {text},
    last_used_agent {text},
    last_used_operation {text}
) {table};

CREATE INDEX api_keys_by_account ON api_keys (account_id, created_at);

CREATE TABLE sessions (
    digest {blob} NOT NULL PRIMARY KEY,
    account_id {blob} NOT NULL REFERENCES accounts (id),
    created_at {i64} NOT NULL,
    seen_at {i64} NOT NULL
) {table};

CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_seen_at ON sessions (seen_at);

CREATE TABLE setup_links (
    digest {blob} NOT NULL PRIMARY KEY,
    created_at {i64} NOT NULL,
    expires_at {i64} NOT NULL,
    used_at {i64}
) {table};
