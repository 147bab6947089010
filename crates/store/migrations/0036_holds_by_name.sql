-- The index that keeps the names of holds unique begins with the name. Names come in about the order of time, so a new one
-- lies beside the last, and not on another page for each workspace. What the tables hold is what they held.

CREATE TABLE named_holds (
    id {blob} NOT NULL PRIMARY KEY,
    workspace_id {blob} NOT NULL,
    reference {text} NOT NULL,
    operation {text} NOT NULL,
    open {i64} NOT NULL CHECK (open >= 0),
    account_id {blob} NOT NULL,
    via_kind {text} NOT NULL CHECK (via_kind IN ('api_key', 'connection')),
    via_id {blob} NOT NULL,
    created_at {i64} NOT NULL,
    until_at {i64} NOT NULL,
    UNIQUE (reference, workspace_id)
) {table};

CREATE TABLE named_hold_parts (
    hold_id {blob} NOT NULL REFERENCES named_holds (id),
    item {i64} NOT NULL,
    grant_id {blob} NOT NULL REFERENCES credit_grants (id),
    amount {i64} NOT NULL CHECK (amount > 0),
    settled {i64} CHECK (settled BETWEEN 0 AND amount),
    PRIMARY KEY (hold_id, item, grant_id)
) {table};

INSERT INTO named_holds (id, workspace_id, reference, operation, open, account_id, via_kind, via_id, created_at, until_at)
    SELECT id, workspace_id, reference, operation, open, account_id, via_kind, via_id, created_at, until_at
    FROM credit_holds;

INSERT INTO named_hold_parts (hold_id, item, grant_id, amount, settled)
    SELECT hold_id, item, grant_id, amount, settled FROM credit_hold_parts;

DROP TABLE credit_hold_parts;
DROP TABLE credit_holds;

ALTER TABLE named_holds RENAME TO credit_holds;
ALTER TABLE named_hold_parts RENAME TO credit_hold_parts;

CREATE INDEX credit_holds_open ON credit_holds (until_at) WHERE open > 0;
