-- OAuth: the apps, whom people have let in, and what keeps their tokens good.
--
-- Ids are 16 bytes, digests and challenges 32. Times are microseconds since the Unix epoch. The
-- tokens in braces are in src/dialect.rs. This file is never edited once landed.
--
-- clients                an app. Registers itself; `id` is drawn from `metadata` (JSON), so a row never
--                        changes but for `used_at` (the latest authorization, to the day) and
--                        `disabled_at` (an operator's word). Leaves when nobody has let it in for 90
--                        days.
-- connections            an account that let a client in. `access`, `scopes` and `sites` are what its
--                        person has agreed to, over all authorizations. Revoked once and for all;
--                        connecting again makes another row. Leaves 90 days after it was revoked.
-- grants                 one approved authorization of a connection. Approved by a person, redeemed
--                        by the client with a code, then rotated with refresh tokens of which
--                        `generation` is the good one. Neither code nor refresh token is stored.
--                        Leaves some time after it has ended.
-- refresh_rotations      a rotation whose used refresh token may still be answered: the salt that
--                        leads from it to its successor. Leaves when that time is over, and with it
--                        the way from one to the other.
-- revoked_access_tokens  an access token that was revoked alone. Leaves when it would have ended.
-- signing_keys           a key that signs tokens from `signs_from` until the next one does. `seed` is
--                        sealed with a key derived from the root secret. Leaves when nothing it has
--                        signed is good any more.

CREATE TABLE clients (
    id {blob} NOT NULL PRIMARY KEY,
    metadata {text} NOT NULL,
    created_at {i64} NOT NULL,
    used_at {i64} NOT NULL,
    disabled_at {i64}
) {table};

CREATE INDEX clients_by_used_at ON clients (used_at);

CREATE TABLE connections (
    id {blob} NOT NULL PRIMARY KEY,
    account_id {blob} NOT NULL REFERENCES accounts (id),
    client_id {blob} NOT NULL REFERENCES clients (id),
    access {text} NOT NULL,
    scopes {text} NOT NULL,
    sites {text} NOT NULL,
    created_at {i64} NOT NULL,
    revoked_at {i64},
    last_used_at {i64},
    last_used_address {text},
    last_used_agent {text},
    last_used_operation {text}
) {table};

CREATE UNIQUE INDEX connections_in_force ON connections (account_id, client_id)
    WHERE revoked_at IS NULL;
CREATE INDEX connections_by_account ON connections (account_id, created_at);
CREATE INDEX connections_by_client ON connections (client_id);

CREATE TABLE grants (
    id {blob} NOT NULL PRIMARY KEY,
    connection_id {blob} NOT NULL REFERENCES connections (id),
    redirect_uri {text} NOT NULL,
    challenge {blob} NOT NULL,
    scope {text} NOT NULL,
    access {text} NOT NULL,
    nonce {text},
    signed_in_at {i64} NOT NULL,
    created_at {i64} NOT NULL,
    wrong_verifiers {i64} NOT NULL,
    redeemed_at {i64},
    generation {i64},
    refresh_digest {blob},
    revoked_at {i64},
    ends_at {i64} NOT NULL
) {table};

CREATE INDEX grants_by_connection ON grants (connection_id);

CREATE TABLE refresh_rotations (
    grant_id {blob} NOT NULL,
    generation {i64} NOT NULL,
    salt {blob} NOT NULL,
    rotated_at {i64} NOT NULL,
    PRIMARY KEY (grant_id, generation)
) {table};

CREATE TABLE revoked_access_tokens (
    id {blob} NOT NULL PRIMARY KEY,
    ends_at {i64} NOT NULL
) {table};

CREATE TABLE signing_keys (
    number {i64} NOT NULL PRIMARY KEY,
    public_key {blob} NOT NULL,
    seed {blob} NOT NULL,
    created_at {i64} NOT NULL,
    signs_from {i64} NOT NULL
) {table};
