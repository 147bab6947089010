-- credit_grants.is_open  1 while something of it is available or held, else 0. It is kept with every movement, so that the
--                        indexes of what still counts need not look at the buckets: those change with each hold and
--                        its end, and an index whose condition names one is written each time.

ALTER TABLE credit_grants ADD COLUMN is_open {i64} NOT NULL DEFAULT 1 CHECK (is_open IN (0, 1));

UPDATE credit_grants SET is_open = 0 WHERE available + held = 0;

DROP INDEX credit_grants_open;
DROP INDEX credit_grants_to_expire;

CREATE INDEX credit_grants_open ON credit_grants (workspace_id, expires_at) WHERE is_open = 1;
CREATE INDEX credit_grants_to_expire ON credit_grants (expires_at, workspace_id) WHERE is_open = 1;
