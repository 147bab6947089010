-- invitations.is_mailed  1 when the link went to the address by mail and nowhere else: whoever has it reads that mailbox.

ALTER TABLE invitations ADD COLUMN is_mailed {i64} NOT NULL DEFAULT 0;
