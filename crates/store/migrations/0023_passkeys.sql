-- Passkeys: keys of a person that lie in an authenticator, by which they sign in without a password.
--
-- passkeys.credential_id  how the authenticator names it.
-- passkeys.public_key     a COSE key (RFC 9052 §7), as the authenticator gave it.
-- passkeys.sign_count     what the authenticator counted at its last use; zero when it does not count. A
--                         count that does not grow is a copy's.

CREATE TABLE passkeys (
    id {blob} NOT NULL PRIMARY KEY,
    account_id {blob} NOT NULL REFERENCES accounts (id),
    credential_id {blob} NOT NULL UNIQUE,
    public_key {blob} NOT NULL,
    sign_count {i64} NOT NULL,
    name {text} NOT NULL,
    created_at {i64} NOT NULL,
    last_used_at {i64}
) {table};

CREATE INDEX passkeys_by_account ON passkeys (account_id, created_at);
