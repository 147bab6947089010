-- Accounts that their people have deleted.
--
-- accounts.deleted_at  since when it is gone. What it takes to be somebody (address, name, password, sessions,
--                      keys, apps, membership) goes at once, and the row stays, suspended and nameless, so that
--                      ledger and audit still say that somebody did what was done.
-- accounts.erased_at   when the rest was erased, which takes a while: what keys and apps were last used from,
--                      and the details of the audit.

ALTER TABLE accounts ADD COLUMN deleted_at {i64};
ALTER TABLE accounts ADD COLUMN erased_at {i64};

CREATE INDEX accounts_to_erase ON accounts (deleted_at)
    WHERE deleted_at IS NOT NULL AND erased_at IS NULL;
