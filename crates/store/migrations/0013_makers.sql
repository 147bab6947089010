-- With which credential a key was made. This file is never edited once landed.
--
-- api_keys.maker_kind   'api_key' or 'connection'; NULL for a key that its owner or the operator made.
-- api_keys.maker_id     the id of that key or connection.

ALTER TABLE api_keys ADD COLUMN maker_kind {text} CHECK (maker_kind IN ('api_key', 'connection'));
ALTER TABLE api_keys ADD COLUMN maker_id {blob};
