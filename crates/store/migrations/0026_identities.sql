-- Identities at an OpenID provider, by which people sign in.
--
-- identities.issuer, subject  who somebody is to whom (OpenID Connect Core 1.0 §2): at most one account's.
-- identities.address          the address that the provider told when it was linked: shown, and never looked
--                             an account up by.
-- openid_answers.nonce        of an answer that was taken, so that it is taken once; ends_at is when it would be too
--                             old anyway.

CREATE TABLE identities (
    id {blob} NOT NULL PRIMARY KEY,
    account_id {blob} NOT NULL REFERENCES accounts (id),
    issuer {text} NOT NULL,
    subject {text} NOT NULL,
    address {text},
    created_at {i64} NOT NULL,
    last_used_at {i64},
    UNIQUE (issuer, subject)
) {table};

CREATE INDEX identities_by_account ON identities (account_id, created_at);

CREATE TABLE openid_answers (
    nonce {text} NOT NULL PRIMARY KEY,
    ends_at {i64} NOT NULL
) {table};

CREATE INDEX openid_answers_by_end ON openid_answers (ends_at);
