-- Consent for each site by itself, a shorter way along a chain of refresh tokens, and what a grant
-- says of its access tokens.
--
-- consents                    what the person of a connection has agreed to for answers that go to one
--                             site; `site` is empty for an app on the device. Leaves with its
--                             connection.
-- refresh_rotations           `successor_digest` tells the right successor, whichever root secret it
--                             was made with.
-- grants.tokens_revoked_until when the last access token of the grant that was revoked alone would
--                             have ended. Later there is none of them to be told from the others.

CREATE TABLE consents (
    connection_id {blob} NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    site {text} NOT NULL,
    access {text} NOT NULL,
    scopes {text} NOT NULL,
    PRIMARY KEY (connection_id, site)
) {table};

-- It was remembered over all sites and the device together, and what was meant for which is not known.
-- An app on the device is always asked about, so everybody is asked once more.
INSERT INTO consents (connection_id, site, access, scopes)
    SELECT id, '', access, scopes FROM connections;
ALTER TABLE connections DROP COLUMN access;
ALTER TABLE connections DROP COLUMN scopes;
ALTER TABLE connections DROP COLUMN sites;

-- The rows are of the last minutes, and no digest can be made of them.
DROP TABLE refresh_rotations;
CREATE TABLE refresh_rotations (
    grant_id {blob} NOT NULL,
    generation {i64} NOT NULL,
    salt {blob} NOT NULL,
    successor_digest {blob} NOT NULL,
    rotated_at {i64} NOT NULL,
    PRIMARY KEY (grant_id, generation)
) {table};

-- Of which grant a token was that is revoked already is not known: of any.
ALTER TABLE grants ADD COLUMN tokens_revoked_until {i64};
UPDATE grants SET tokens_revoked_until = (SELECT MAX(ends_at) FROM revoked_access_tokens);
