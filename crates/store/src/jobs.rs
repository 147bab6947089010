//! Jobs that wait or are being done, as rows.

use bloom_domain::ids::JobId;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// A new job, due at once, unless there is one of its kind about the same.
    INSERT = "INSERT INTO jobs (id, kind, dedupe, payload, created_at, attempts, due_at) \
              VALUES (?1, ?2, ?3, ?4, ?5, 0, ?5) ON CONFLICT DO NOTHING";
    /// Jobs of a kind that are due, the longest waiting first.
    DUE = "SELECT id, dedupe, payload, created_at, attempts FROM jobs WHERE kind = ?1 AND due_at <= ?2 \
           ORDER BY due_at, id LIMIT ?3";
    /// Takes a job that is still as it was read.
    CLAIM = "UPDATE jobs SET attempts = attempts + 1, due_at = ?4 \
             WHERE id = ?1 AND attempts = ?2 AND due_at <= ?3";
    /// Moves on a job that nobody else has taken since.
    MOVE_ON = "UPDATE jobs SET due_at = ?3 WHERE id = ?1 AND attempts = ?2";
    /// A job is done or given up by the attempt that has it.
    DELETE = "DELETE FROM jobs WHERE id = ?1 AND attempts = ?2";
    /// Every job that is put off or taken becomes due.
    HURRY = "UPDATE jobs SET due_at = ?1 WHERE due_at > ?1";
    /// When the next one of a kind is due.
    NEXT = "SELECT MIN(due_at) FROM jobs WHERE kind = ?1";
}

/// A job to be written.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// Who does it.
    pub kind: &'static str,
    /// What it is about, if there is to be one about that at a time.
    pub dedupe: Option<String>,
    /// What there is to do, as JSON.
    pub payload: String,
    /// When it was asked for.
    pub at: Timestamp,
}

/// A job that somebody has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredJob {
    /// Its id.
    pub id: JobId,
    /// What it is about, if there is one about that at a time.
    pub dedupe: Option<String>,
    /// What there is to do, as JSON.
    pub payload: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// How often it has been taken, this time included.
    pub attempts: i64,
}

/// Writes a new job, due at once; `false` when there is one of its kind about the same.
pub fn insert(tx: &mut Tx<'_>, job: &NewJob) -> Result<bool, Error> {
    let params = [
        job.id.into(),
        job.kind.into(),
        job.dedupe.as_deref().into(),
        job.payload.as_str().into(),
        job.at.into(),
    ];
    Ok(tx.execute(&INSERT, &params)? == 1)
}

/// Takes at most `limit` jobs of a kind that are due at `now`: until `until` nobody else does.
pub fn claim(
    tx: &mut Tx<'_>,
    kind: &'static str,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<StoredJob>, Error> {
    let mut claimed = Vec::new();
    for row in tx.query(&DUE, &[kind.into(), now.into(), limit.into()])? {
        let mut job = read(&row)?;
        let params = [job.id.into(), job.attempts.into(), now.into(), until.into()];
        if tx.execute(&CLAIM, &params)? == 1 {
            job.attempts += 1;
            claimed.push(job);
        }
    }
    Ok(claimed)
}

/// Moves on when a job is due that was taken for its `attempts`th attempt; `false` when somebody took it
/// since, or it is gone.
pub fn move_on(tx: &mut Tx<'_>, id: JobId, attempts: i64, until: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&MOVE_ON, &[id.into(), attempts.into(), until.into()])? == 1)
}

/// Deletes a job that was taken for its `attempts`th attempt; `false` when somebody took it since, or it is
/// gone.
pub fn delete(tx: &mut Tx<'_>, id: JobId, attempts: i64) -> Result<bool, Error> {
    Ok(tx.execute(&DELETE, &[id.into(), attempts.into()])? == 1)
}

/// Makes every job due at `now`, those too that are put off or taken.
pub fn hurry(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, Error> {
    tx.execute(&HURRY, &[now.into()])
}

/// When the next job of a kind is due, if there is one.
pub fn next_due(tx: &mut Tx<'_>, kind: &'static str) -> Result<Option<Timestamp>, Error> {
    tx.query_opt(&NEXT, &[kind.into()])?.map_or(Ok(None), |row| row.opt_timestamp(0))
}

fn read(row: &Row) -> Result<StoredJob, Error> {
    Ok(StoredJob {
        id: JobId::from_bytes(row.id16(0)?),
        dedupe: row.opt_text(1)?.map(str::to_owned),
        payload: row.text(2)?.to_owned(),
        created_at: row.timestamp(3)?,
        attempts: row.int(4)?,
    })
}
