-- What a hold paid for is found by the hold, for the page that tells what became of credits.

CREATE INDEX images_by_hold ON images (hold_id) WHERE hold_id IS NOT NULL;
