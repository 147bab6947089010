-- Keys that another system made. This file is never edited once landed.
--
-- api_keys.prefix       what the key begins with; NULL for one that was made here. Of an imported key first_four is
--                       empty, and last_four may be. old_prefix is of the old secret.
-- key_shapes            how the keys look that an account has imported, so that what looks like one is looked up
--                       although it has not our checksum. Lives as long as the account.

ALTER TABLE api_keys ADD COLUMN prefix {text};
ALTER TABLE api_keys ADD COLUMN old_prefix {text};

CREATE TABLE key_shapes (
    account_id {blob} NOT NULL REFERENCES accounts (id),
    prefix {text} NOT NULL,
    length {i64} NOT NULL,
    PRIMARY KEY (account_id, prefix, length)
) {table};
