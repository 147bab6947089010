-- What was spent, by workspace too.
--
-- The tokens in braces are in src/dialect.rs. This file is never edited once landed.
--
-- credit_spending  in the place of credit_usage: credits held with a key or an app in a workspace on a day and not
--                  given back. `day` counts days since the Unix epoch, in UTC, of when they were held. One row for
--                  each, however much is spent, so what is drawn of a workspace costs the same after ten years.
--                  Lives as long as the ledger.

CREATE TABLE credit_spending (
    account_id {blob} NOT NULL,
    via_kind {text} NOT NULL CHECK (via_kind IN ('api_key', 'connection')),
    via_id {blob} NOT NULL,
    day {i64} NOT NULL,
    workspace_id {blob} NOT NULL,
    credits {i64} NOT NULL CHECK (credits >= 0),
    PRIMARY KEY (account_id, via_kind, via_id, day, workspace_id)
) {table};

CREATE INDEX credit_spending_by_workspace ON credit_spending (workspace_id, day);

INSERT INTO credit_spending (account_id, via_kind, via_id, day, workspace_id, credits)
    SELECT h.account_id, h.via_kind, h.via_id, h.created_at / 86400000000, h.workspace_id,
        CAST(SUM(COALESCE(p.settled, p.amount)) AS BIGINT)
    FROM credit_holds h JOIN credit_hold_parts p ON p.hold_id = h.id
    GROUP BY h.account_id, h.via_kind, h.via_id, h.created_at / 86400000000, h.workspace_id;

DROP TABLE credit_usage;
