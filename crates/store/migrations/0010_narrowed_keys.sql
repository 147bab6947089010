-- Keys that are narrowed, keys with an old secret, and how often each credential is used.
--
-- api_keys.access        the scopes that the key has, or 'all'.
-- api_keys.workspaces    the ids of the workspaces that it reaches, with spaces between; NULL for all of
--                        its owner's, later ones too.
-- api_keys.addresses     the networks from which it may be used, with spaces between; NULL for any.
-- api_keys.expires_at    when it ends by itself; NULL for never.
-- api_keys.replaced_at   when it was last given another secret. old_digest, old_first_four and
--                        old_last_four are of the one before, which is good until old_until; they stay
--                        afterwards, so that whoever presents it can be told. old_used_at is when it
--                        was used last since.
-- request_usage          requests that were admitted with a key or an app on a day, counted since the Unix
--                        epoch in UTC. Written in batches, at most a minute late. Lives for 400 days.

ALTER TABLE api_keys ADD COLUMN access {text} NOT NULL DEFAULT 'all';
ALTER TABLE api_keys ADD COLUMN workspaces {text};
ALTER TABLE api_keys ADD COLUMN addresses {text};
ALTER TABLE api_keys ADD COLUMN expires_at {i64};
ALTER TABLE api_keys ADD COLUMN old_digest {blob};
ALTER TABLE api_keys ADD COLUMN old_first_four {text};
ALTER TABLE api_keys ADD COLUMN old_last_four {text};
ALTER TABLE api_keys ADD COLUMN old_until {i64};
ALTER TABLE api_keys ADD COLUMN old_used_at {i64};

CREATE UNIQUE INDEX api_keys_by_old_digest ON api_keys (old_digest) WHERE old_digest IS NOT NULL;

CREATE TABLE request_usage (
    account_id {blob} NOT NULL,
    via_kind {text} NOT NULL CHECK (via_kind IN ('api_key', 'connection')),
    via_id {blob} NOT NULL,
    day {i64} NOT NULL,
    requests {i64} NOT NULL CHECK (requests > 0),
    PRIMARY KEY (account_id, via_kind, via_id, day)
) {table};

CREATE INDEX request_usage_by_day ON request_usage (day);
