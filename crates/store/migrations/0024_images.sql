-- Images: what was made, brought and found. Their bytes lie beside the database.
--
-- images           one row for each, from the moment it is asked for. Deleted for good.
--   source         'generated', 'uploaded' or 'scraped'; `action` is what made it, NULL for what was brought.
--   status         'pending', 'generating', 'completed' or 'failed'; what was brought is completed at once.
--   failure        why it failed, in a word of ours, and `failure_detail` in words for people.
--   ratio          the ratio of its sides, as it was asked for, or the nearest one.
--   variant_group_id  what the images of one request have in common, if they are several.
--   parent_id      the image it was made from.
--   engine         what drew it.
--   blob, media_type, bytes, digest  its file: the key in the blob store, what it was decoded as, how many bytes, and
--                  for what was brought SHA-256 of the bytes as they came.
--   nonce          what its URL hangs on besides its id: another nonce ends every URL of it.
--   hold_id, hold_item  which item of which hold pays for it.
-- image_scenes     the choices behind an image that was composed, as JSON: an edit changes them.
-- image_words      the words by which an image of a brand is found.
-- blobs_to_delete  files whose image is gone, until they are gone too.

CREATE TABLE images (
    id {blob} NOT NULL PRIMARY KEY,
    workspace_id {blob} NOT NULL,
    brand_id {blob} NOT NULL,
    account_id {blob} NOT NULL,
    source {text} NOT NULL CHECK (source IN ('generated', 'uploaded', 'scraped')),
    action {text},
    status {text} NOT NULL CHECK (status IN ('pending', 'generating', 'completed', 'failed')),
    failure {text},
    failure_detail {text},
    prompt {text},
    description {text},
    ratio {text},
    width {i64},
    height {i64},
    variant_group_id {blob},
    parent_id {blob},
    engine {text},
    blob {text},
    media_type {text},
    bytes {i64},
    digest {blob},
    nonce {blob} NOT NULL,
    hold_id {blob},
    hold_item {i64},
    created_at {i64} NOT NULL
) {table};

CREATE INDEX images_by_workspace ON images (workspace_id, id);
CREATE INDEX images_by_brand ON images (brand_id, id);
CREATE INDEX images_by_digest ON images (brand_id, digest) WHERE digest IS NOT NULL;

CREATE TABLE image_scenes (
    image_id {blob} NOT NULL PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
    scene {text} NOT NULL
) {table};

CREATE TABLE image_words (
    brand_id {blob} NOT NULL,
    word {text} NOT NULL,
    image_id {blob} NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    PRIMARY KEY (brand_id, word, image_id)
) {table};

CREATE INDEX image_words_by_image ON image_words (image_id);

CREATE TABLE blobs_to_delete (
    key {text} NOT NULL PRIMARY KEY,
    since {i64} NOT NULL
) {table};
