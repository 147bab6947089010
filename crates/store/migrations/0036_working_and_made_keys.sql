-- How many keys of somebody work is counted, and which came from which is found, without a look at each of them.

CREATE INDEX api_keys_not_revoked ON api_keys (account_id, expires_at) WHERE revoked_at IS NULL;

CREATE INDEX api_keys_made ON api_keys (account_id, maker_id) WHERE maker_id IS NOT NULL;
