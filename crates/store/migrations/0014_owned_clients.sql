-- Clients that somebody owns: with a secret, with management, and acting by themselves.
--
-- clients.owner_id           whose it is; NULL for one that registered itself, which is its metadata. One
--                            that is owned has a random id, and its owner changes it.
-- clients.workspaces         the ids of the workspaces in which it may act by itself, with spaces between;
--                            NULL for all of its owner's.
-- clients.auth_method        how it proves itself; NULL for a public one.
-- clients.secret_digest      stands for its secret.
-- clients.management_digest  stands for its registration access token (RFC 7592).
-- clients.paused_at          since when its owner has switched it off; `disabled_at` is the operator's.
-- clients.deleted_at         since when it is gone. The row leaves after its connections.
-- connections.acts_alone     1 for the connection of an owner through which their client acts by itself.
-- consents.version           stands for the metadata of a client that can change, as it was agreed to.

ALTER TABLE clients ADD COLUMN owner_id {blob};
ALTER TABLE clients ADD COLUMN workspaces {text};
ALTER TABLE clients ADD COLUMN auth_method {text};
ALTER TABLE clients ADD COLUMN secret_digest {blob};
ALTER TABLE clients ADD COLUMN management_digest {blob};
ALTER TABLE clients ADD COLUMN paused_at {i64};
ALTER TABLE clients ADD COLUMN deleted_at {i64};

CREATE INDEX clients_by_owner ON clients (owner_id) WHERE owner_id IS NOT NULL;

ALTER TABLE connections ADD COLUMN acts_alone {i64} NOT NULL DEFAULT 0;

DROP INDEX connections_in_force;
CREATE UNIQUE INDEX connections_in_force ON connections (account_id, client_id, acts_alone)
    WHERE revoked_at IS NULL;

ALTER TABLE consents ADD COLUMN version {blob};
