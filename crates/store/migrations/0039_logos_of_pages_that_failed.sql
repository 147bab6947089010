-- A logo that was to be fetched from an address was forgotten when the page could not be read. From now on a job fetches it,
-- and whoever still wants one of before names it again.
UPDATE brands SET wanted_logo = NULL WHERE status = 'failed';
