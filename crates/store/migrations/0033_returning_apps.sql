-- connections.returned_at  when it was last recorded that the app came back and got another grant without a question. NULL before
--                          the first time.

ALTER TABLE connections ADD COLUMN returned_at {i64};
