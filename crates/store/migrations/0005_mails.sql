-- Mails on their way.
--
-- mails   written in the transaction of what it tells of, and deleted once it is delivered or given up. `sealed`
--         holds address, subject and text under a key derived from the root secret: a mail may carry a
--         link that is a secret. `due_at` is when it is tried next; whoever tries it moves that on first,
--         as a lease, and counts the attempt.

CREATE TABLE mails (
    id {blob} NOT NULL PRIMARY KEY,
    sealed {blob} NOT NULL,
    written_at {i64} NOT NULL,
    attempts {i64} NOT NULL,
    due_at {i64} NOT NULL
) {table};

CREATE INDEX mails_by_due_at ON mails (due_at);
