-- Requests that are done once.
--
-- Ids are 16 bytes, UUIDv7. Digests are SHA-256, 32 bytes. Times are microseconds since the Unix epoch. This
-- file is never edited once landed.
--
-- idempotency_keys   one row for each request that made something under an Idempotency-Key, written in the
--                    transaction that made it. `key_digest` is of the key as it came, `request_digest` of
--                    what was asked for and with which credential. `sealed` is the answer, encrypted: it may
--                    hold a secret that was shown once. NULL only inside that transaction. Deleted a day later.

CREATE TABLE idempotency_keys (
    account_id {blob} NOT NULL REFERENCES accounts (id),
    operation {text} NOT NULL,
    key_digest {blob} NOT NULL,
    request_digest {blob} NOT NULL,
    sealed {blob},
    created_at {i64} NOT NULL,
    PRIMARY KEY (account_id, operation, key_digest)
) {table};

CREATE INDEX idempotency_keys_by_created_at ON idempotency_keys (created_at);
