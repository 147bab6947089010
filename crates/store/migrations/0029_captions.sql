-- What images are found by, one row for each that is there: whoever looks reads what has come since they last looked.
--
-- brands.captions  how many images have come into its library so far, those that are gone included. Whoever adds one
--                  takes the brand's row, so the numbers are given in the order of the COMMITs.
-- image_captions   the words of each image that is there, in the order in which they came.
--   number         which one of the brand's library it was.
-- image_words is gone: the words are looked up in memory.

ALTER TABLE brands ADD COLUMN captions {i64} NOT NULL DEFAULT 0;

CREATE TABLE image_captions (
    brand_id {blob} NOT NULL,
    number {i64} NOT NULL,
    image_id {blob} NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    caption {text} NOT NULL,
    PRIMARY KEY (brand_id, number)
) {table};

INSERT INTO image_captions (brand_id, number, image_id, caption)
    SELECT brand_id, ROW_NUMBER() OVER (PARTITION BY brand_id ORDER BY id), id,
        COALESCE(prompt || ' ', '') || COALESCE(description, '')
    FROM images WHERE status = 'completed' AND blob IS NOT NULL;

CREATE UNIQUE INDEX image_captions_by_image ON image_captions (image_id);

UPDATE brands SET captions = (SELECT count(*) FROM image_captions c WHERE c.brand_id = brands.id);

DROP TABLE image_words;
