-- Sessions that their person can tell apart and end one by one.
--
-- sessions.id         names it in the person's list; a name, never a capability.
-- sessions.address    from where it was seen last, NULL when that cannot be told; and
-- sessions.agent      what the browser called itself there.
-- sessions.proven_at  when the person last proved that it is them: by signing in, or by being asked once
--                     more. What matters most is done only within some minutes of that.

ALTER TABLE sessions ADD COLUMN id {blob};
ALTER TABLE sessions ADD COLUMN address {text};
ALTER TABLE sessions ADD COLUMN agent {text} NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN proven_at {i64} NOT NULL DEFAULT 0;

UPDATE sessions SET id = substr(digest, 1, 16);

CREATE UNIQUE INDEX sessions_by_id ON sessions (id);
