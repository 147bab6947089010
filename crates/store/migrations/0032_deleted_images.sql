-- images.deleted_at  when a person deleted one at a browser: nobody sees it from then on. For a while it can be had back;
--                    then housekeeping deletes it. NULL for one that is there.

ALTER TABLE images ADD COLUMN deleted_at {i64};

CREATE INDEX images_by_deletion ON images (deleted_at) WHERE deleted_at IS NOT NULL;
