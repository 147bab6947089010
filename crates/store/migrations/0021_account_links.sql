-- Links that go to a mailbox, and what is known of mailboxes.
--
-- accounts.email_verified_at  since when it is known that the person reads what is sent to their address;
--                             NULL when it is not.
-- account_links               what a link in a mail is good for, by the digest of its token, which is bound to
--                             the purpose: 'verify_email', 'change_email' or 'reset_password'. `email` is the
--                             mailbox that it went to. A row is deleted when the link is used, with its
--                             account, or some time after it has expired.

ALTER TABLE accounts ADD COLUMN email_verified_at {i64};

CREATE TABLE account_links (
    digest {blob} NOT NULL PRIMARY KEY,
    purpose {text} NOT NULL CHECK (purpose IN ('verify_email', 'change_email', 'reset_password')),
    account_id {blob} NOT NULL REFERENCES accounts (id),
    email {text} NOT NULL,
    created_at {i64} NOT NULL,
    expires_at {i64} NOT NULL
) {table};

CREATE INDEX account_links_by_account ON account_links (account_id);
CREATE INDEX account_links_by_expires_at ON account_links (expires_at);
