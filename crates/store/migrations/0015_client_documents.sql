-- Clients that are named by a URL, where a document says what they are.
--
-- clients.document_url    the URL; the id is drawn from it. `metadata` is what the document said when
--                         somebody last let the client in. NULL for any other client.
-- clients.verified_at     since when the operator vouches for it.
-- grants.client_metadata  what the document said when this grant was approved: the tokens are judged by
--                         that, and nothing is fetched for them.

ALTER TABLE clients ADD COLUMN document_url {text};
ALTER TABLE clients ADD COLUMN verified_at {i64};
ALTER TABLE grants ADD COLUMN client_metadata {text};
