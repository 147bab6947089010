-- What was spent with what a credential made. This file is never edited once landed.
--
-- credit_spending_of_made  credits held on a day, and not given back, with keys that were made with a key or an app,
--                          or with keys that those made: they count against its budget as what it spends itself.
--                          Only credentials that made keys have rows. Lives as long as the ledger.

CREATE TABLE credit_spending_of_made (
    account_id {blob} NOT NULL,
    via_kind {text} NOT NULL CHECK (via_kind IN ('api_key', 'connection')),
    via_id {blob} NOT NULL,
    day {i64} NOT NULL,
    credits {i64} NOT NULL CHECK (credits >= 0),
    PRIMARY KEY (account_id, via_kind, via_id, day)
) {table};

INSERT INTO credit_spending_of_made (account_id, via_kind, via_id, day, credits)
    WITH RECURSIVE makers (key_id, maker_kind, maker_id) AS (
        SELECT id, maker_kind, maker_id FROM api_keys WHERE maker_kind IS NOT NULL
        UNION
        SELECT m.key_id, k.maker_kind, k.maker_id FROM makers m JOIN api_keys k ON k.id = m.maker_id
        WHERE m.maker_kind = 'api_key' AND k.maker_kind IS NOT NULL
    )
    SELECT s.account_id, m.maker_kind, m.maker_id, s.day, CAST(SUM(s.credits) AS BIGINT)
    FROM credit_spending s JOIN makers m ON s.via_kind = 'api_key' AND s.via_id = m.key_id
    GROUP BY s.account_id, m.maker_kind, m.maker_id, s.day;
