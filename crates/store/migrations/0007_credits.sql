-- Credits: a ledger, not a counter.
--
-- Ids are 16 bytes, UUIDv7. Times are microseconds since the Unix epoch. Amounts are whole credits. The
-- tokens in braces are in src/dialect.rs. This file is never edited once landed.
--
-- Nothing here refers to accounts, keys or workspaces by a foreign key: the ledger outlives them all.
--
-- credit_ledgers     one row for each workspace that ever had credits. Whoever decides about several rows
--                    of it updates this row first, which keeps the others of that workspace out; `entry`
--                    counts how often. `debt` is what is owed for top-ups whose money was given back;
--                    while there is any, nothing can be spent. Lives for ever.
-- credit_grants      credits that came together and end together, such as a month's. Their buckets add up
--                    to `amount` always. `source` says what they came from and is there once. `reclaimed`
--                    is for how many of them the money was given back. Ended or spent, they stay.
-- credit_holds       what a job holds. `reference` is the job's name for it; `open` counts the items that
--                    were neither settled nor voided; who is still open at `until_at` is voided.
--                    `account_id`, `via_kind` and `via_id` tell who asked, and with which key or app.
-- credit_hold_parts  what an item of a hold, such as an image, has of one grant. `settled` is null while
--                    it is held, then how many credits were spent; the others went back.
-- credit_movements   every change of every bucket, in the order of the ledger's entries. Never changed,
--                    never deleted. `available`, `held` and `debt` are the changes: their sums are what
--                    the workspace has. `hold_id` and `operation` tell what for.
-- monthly_credits    a workspace that gets credits each month, counted from `anchor_at`, until `ends_at`.
--                    `next_at` is when the next ones come.

CREATE TABLE credit_ledgers (
    workspace_id {blob} NOT NULL PRIMARY KEY,
    entry {i64} NOT NULL,
    debt {i64} NOT NULL CHECK (debt >= 0)
) {table};

CREATE TABLE credit_grants (
    id {blob} NOT NULL PRIMARY KEY,
    workspace_id {blob} NOT NULL,
    kind {text} NOT NULL
        CHECK (kind IN ('refund', 'signup', 'promo', 'monthly', 'operator', 'topup')),
    source {text} NOT NULL UNIQUE,
    effective_at {i64} NOT NULL,
    expires_at {i64} NOT NULL,
    amount {i64} NOT NULL CHECK (amount > 0),
    reclaimed {i64} NOT NULL CHECK (reclaimed BETWEEN 0 AND amount),
    available {i64} NOT NULL CHECK (available >= 0),
    held {i64} NOT NULL CHECK (held >= 0),
    spent {i64} NOT NULL CHECK (spent >= 0),
    expired {i64} NOT NULL CHECK (expired >= 0),
    taken_back {i64} NOT NULL CHECK (taken_back >= 0),
    CHECK (available + held + spent + expired + taken_back = amount)
) {table};

-- Only what still counts, so that a balance costs the same after ten years.
CREATE INDEX credit_grants_open ON credit_grants (workspace_id, expires_at)
    WHERE available + held > 0;
CREATE INDEX credit_grants_to_expire ON credit_grants (expires_at, workspace_id)
    WHERE available > 0;
CREATE INDEX credit_grants_by_workspace ON credit_grants (workspace_id, id);

CREATE TABLE credit_holds (
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
    UNIQUE (workspace_id, reference)
) {table};

CREATE INDEX credit_holds_open ON credit_holds (until_at) WHERE open > 0;

CREATE TABLE credit_hold_parts (
    hold_id {blob} NOT NULL REFERENCES credit_holds (id),
    item {i64} NOT NULL,
    grant_id {blob} NOT NULL REFERENCES credit_grants (id),
    amount {i64} NOT NULL CHECK (amount > 0),
    settled {i64} CHECK (settled BETWEEN 0 AND amount),
    PRIMARY KEY (hold_id, item, grant_id)
) {table};

CREATE TABLE credit_movements (
    workspace_id {blob} NOT NULL,
    entry {i64} NOT NULL,
    line {i64} NOT NULL,
    grant_id {blob} NOT NULL REFERENCES credit_grants (id),
    kind {text} NOT NULL,
    amount {i64} NOT NULL CHECK (amount > 0),
    available {i64} NOT NULL,
    held {i64} NOT NULL,
    debt {i64} NOT NULL,
    operation {text} NOT NULL,
    hold_id {blob},
    moved_at {i64} NOT NULL,
    PRIMARY KEY (workspace_id, entry, line)
) {table};

CREATE TABLE monthly_credits (
    workspace_id {blob} NOT NULL PRIMARY KEY,
    amount {i64} NOT NULL CHECK (amount > 0),
    anchor_at {i64} NOT NULL,
    ends_at {i64} NOT NULL,
    next_at {i64} NOT NULL
) {table};

CREATE INDEX monthly_credits_by_next_at ON monthly_credits (next_at);
