-- Brands: what a site tells of whoever runs it, and what its people corrected.
--
-- The tokens in braces are in src/dialect.rs. Ids are 16 bytes, UUIDv7. Times are microseconds since the Unix epoch.
-- This file is never edited once landed.
--
-- brands            one row for each brand, kept without its content after it is deleted, for what refers to it.
--   url             the page that it was read from.
--   name            as it is shown: corrected, else found, else the host.
--   status          'analyzing' while it is read, then 'ready', 'logo_required' or 'failed'.
--   failure_code    why it failed, and `failure_detail` in words; both NULL otherwise.
--   run             counts how often reading began. Whoever writes what they found says which run they were.
--   findings        what was found, as JSON, each part with its source and confidence; NULL before the first time.
--   corrections     what people set in the place of findings, as JSON. Reading the page again leaves it alone.
--   collect_images  1 when the page's images come into the library.
--   wanted_logo     the URL of a logo that somebody chose and that is not fetched yet.
--   logo_blob       the key of the logo's bytes in the blob store, and `logo_type` their media type.
--   logo_chosen     1 when somebody chose the logo: then a found one never takes its place.
--   logo_error      why the last logo that somebody chose was not taken.
--   image_count     how many images of it are in the library, kept by whoever adds and deletes them.
-- upload_tokens     the right to upload one file without a credential. The digest stands for the token, which is
--                   random and used once. Lives for minutes.
--   kind            'logo' or 'image'.
--   brand_id        of which brand; NULL for an image of none.
--   via_kind, via_id  with which credential it was made, as far as it was one.

CREATE TABLE brands (
    id {blob} NOT NULL PRIMARY KEY,
    workspace_id {blob} NOT NULL REFERENCES workspaces (id),
    account_id {blob} NOT NULL REFERENCES accounts (id),
    url {text} NOT NULL,
    name {text} NOT NULL,
    status {text} NOT NULL CHECK (status IN ('analyzing', 'ready', 'logo_required', 'failed')),
    failure_code {text},
    failure_detail {text},
    run {i64} NOT NULL,
    findings {text},
    corrections {text},
    collect_images {i64} NOT NULL,
    wanted_logo {text},
    logo_blob {text},
    logo_type {text},
    logo_chosen {i64} NOT NULL DEFAULT 0,
    logo_error {text},
    image_count {i64} NOT NULL DEFAULT 0,
    created_at {i64} NOT NULL,
    updated_at {i64} NOT NULL,
    deleted_at {i64}
) {table};

CREATE INDEX brands_by_workspace ON brands (workspace_id, id) WHERE deleted_at IS NULL;

CREATE TABLE upload_tokens (
    digest {blob} NOT NULL PRIMARY KEY,
    kind {text} NOT NULL CHECK (kind IN ('logo', 'image')),
    workspace_id {blob} NOT NULL REFERENCES workspaces (id),
    brand_id {blob} REFERENCES brands (id),
    account_id {blob} NOT NULL REFERENCES accounts (id),
    via_kind {text} CHECK (via_kind IN ('api_key', 'connection')),
    via_id {blob},
    created_at {i64} NOT NULL,
    expires_at {i64} NOT NULL
) {table};

CREATE INDEX upload_tokens_by_expiry ON upload_tokens (expires_at);
