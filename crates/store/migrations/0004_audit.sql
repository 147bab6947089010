-- The audit: what was done, by whom, from where, chained so that a change shows.
--
-- audit_records  one for each change, numbered from 1 on without a gap, never changed. `hash` covers the
--                hash of the record before, and every column but `details` and `salt`, which it covers
--                through `details_hash` = SHA-256(salt || details). An account that is deleted leaves
--                its records with both of them NULL: the chain holds without them.
-- audit_head     one row: the number and hash of the last record. Whoever appends takes it first, so
--                that two never get the same number.

CREATE TABLE audit_records (
    number {i64} NOT NULL PRIMARY KEY,
    at {i64} NOT NULL,
    action {text} NOT NULL,
    actor_kind {text} NOT NULL,
    actor_id {blob} NOT NULL,
    subject_kind {text} NOT NULL,
    subject_id {blob} NOT NULL,
    account_id {blob},
    workspace_id {blob},
    details {text},
    salt {blob},
    details_hash {blob} NOT NULL,
    hash {blob} NOT NULL
) {table};

CREATE INDEX audit_records_by_account ON audit_records (account_id, number);

CREATE INDEX audit_records_by_workspace ON audit_records (workspace_id, number)
    WHERE workspace_id IS NOT NULL;

CREATE TABLE audit_head (
    id {i64} NOT NULL PRIMARY KEY CHECK (id = 1),
    number {i64} NOT NULL,
    hash {blob} NOT NULL
) {table};
