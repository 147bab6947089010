-- Forms that make something and were sent: the same one sent again makes nothing.
--
-- Digests are SHA-256, 32 bytes. Times are microseconds since the Unix epoch. This file is never edited once landed.
--
-- submissions        one row for each, written in the transaction of what the form made.
--   digest           of the address and all fields, among them the number that the page gave the form.
--   attempt          16 random bytes that tell the request which has taken the row from another with the same form.
--   led_to, page     what was answered: an address, or a page, encrypted, which may show a secret and is forgotten
--                    after a minute. Both NULL until there is an answer, and once it is forgotten.

CREATE TABLE submissions (
    digest {blob} NOT NULL PRIMARY KEY,
    account_id {blob} NOT NULL REFERENCES accounts (id),
    attempt {blob} NOT NULL,
    sent_at {i64} NOT NULL,
    led_to {text},
    page {blob}
) {table};

CREATE INDEX submissions_by_time ON submissions (sent_at);
CREATE INDEX submissions_with_a_page ON submissions (sent_at) WHERE page IS NOT NULL;
