-- Budgets: how much a key or an app may spend, and how much it has.
--
-- Ids are 16 bytes, UUIDv7. Amounts are whole credits. The tokens in braces are in src/dialect.rs. This
-- file is never edited once landed.
--
-- credit_budgets  the caps of a key or an app that has any; null is no cap. Whoever holds credits with it
--                 takes this row before looking at what is spent.
-- credit_usage    credits held with a key or an app on a day and not given back. `day` counts days since the
--                 Unix epoch, in UTC, of when they were held. Lives as long as the ledger.

CREATE TABLE credit_budgets (
    via_kind {text} NOT NULL CHECK (via_kind IN ('api_key', 'connection')),
    via_id {blob} NOT NULL,
    account_id {blob} NOT NULL,
    day_cap {i64} CHECK (day_cap >= 0),
    month_cap {i64} CHECK (month_cap >= 0),
    total_cap {i64} CHECK (total_cap >= 0),
    PRIMARY KEY (via_kind, via_id)
) {table};

CREATE INDEX credit_budgets_by_account ON credit_budgets (account_id);

CREATE TABLE credit_usage (
    account_id {blob} NOT NULL,
    via_kind {text} NOT NULL CHECK (via_kind IN ('api_key', 'connection')),
    via_id {blob} NOT NULL,
    day {i64} NOT NULL,
    credits {i64} NOT NULL CHECK (credits >= 0),
    PRIMARY KEY (account_id, via_kind, via_id, day)
) {table};

INSERT INTO credit_usage (account_id, via_kind, via_id, day, credits)
    SELECT h.account_id, h.via_kind, h.via_id, h.created_at / 86400000000,
        CAST(SUM(COALESCE(p.settled, p.amount)) AS BIGINT)
    FROM credit_holds h JOIN credit_hold_parts p ON p.hold_id = h.id
    GROUP BY h.account_id, h.via_kind, h.via_id, h.created_at / 86400000000;
