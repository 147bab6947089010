-- Jobs: what is done after the answer, by whichever node has time.
--
-- jobs   written in the transaction of what asks for it, and deleted in the one that writes what it came to.
--        `payload` is JSON, for whoever does jobs of that `kind`. `dedupe` is what the job is about: while a job
--        of a kind is there, no second one about the same is written; NULL for as many as are asked for.
--        `due_at` is when it is tried next; whoever tries it moves that on first, as a lease, moves it on
--        while they work, and counts the attempt. A write of an attempt repeats its number, so whoever lost
--        the lease writes nothing.

CREATE TABLE jobs (
    id {blob} NOT NULL PRIMARY KEY,
    kind {text} NOT NULL,
    dedupe {text},
    payload {text} NOT NULL,
    created_at {i64} NOT NULL,
    attempts {i64} NOT NULL,
    due_at {i64} NOT NULL,
    UNIQUE (kind, dedupe)
) {table};

CREATE INDEX jobs_by_due_at ON jobs (kind, due_at, id);
