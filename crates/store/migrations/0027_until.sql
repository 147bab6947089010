-- connections.ends_at  until when its person lets the app in; NULL for until they revoke it. Housekeeping makes of one
--                      that has ended a revoked one, revoked_at being ends_at.

ALTER TABLE connections ADD COLUMN ends_at {i64};

CREATE INDEX connections_by_end ON connections (ends_at) WHERE ends_at IS NOT NULL AND revoked_at IS NULL;
