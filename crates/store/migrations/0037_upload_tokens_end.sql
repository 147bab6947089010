-- An upload token ends with the credential that it was asked for with, whatever ends that.
--
--   grant_id, access_token_id  of an access token, which it was and of which grant. One of before this file names none, and ends with it:
--                  it would have lived for minutes.
--   is_old_secret  1 when it was asked for with the secret that its key had before a rotation.

ALTER TABLE upload_tokens ADD COLUMN grant_id {blob};

ALTER TABLE upload_tokens ADD COLUMN access_token_id {blob};

ALTER TABLE upload_tokens ADD COLUMN is_old_secret {i64} NOT NULL DEFAULT 0;
