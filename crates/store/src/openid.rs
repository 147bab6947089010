//! Identities at an OpenID provider, and the answers of it that were taken, as rows.

use bloom_domain::ids::{AccountId, IdentityId};
use bloom_domain::openid::Identity;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// A new identity, unless it is an account's already.
    INSERT = "INSERT INTO identities (id, account_id, issuer, subject, address, created_at) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    /// An account's, in the order in which they were linked.
    LIST_OF = "SELECT id, account_id, issuer, subject, address, created_at, last_used_at \
               FROM identities WHERE account_id = ?1 ORDER BY created_at, id";
    /// Who somebody is to an issuer.
    FIND = "SELECT id, account_id, issuer, subject, address, created_at, last_used_at \
            FROM identities WHERE issuer = ?1 AND subject = ?2";
    /// Somebody signed in by it.
    USE = "UPDATE identities SET last_used_at = ?3 WHERE id = ?1 AND account_id = ?2";
    /// One of an account's goes.
    DELETE = "DELETE FROM identities WHERE id = ?1 AND account_id = ?2";
    /// All of an account's go.
    DELETE_OF = "DELETE FROM identities WHERE account_id = ?1";
    /// An answer is taken, unless it was.
    TAKE_ANSWER = "INSERT INTO openid_answers (nonce, ends_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    /// Answers that would be too old anyway go, a batch at a time.
    DELETE_OLD_ANSWERS = "DELETE FROM openid_answers WHERE nonce IN \
                          (SELECT nonce FROM openid_answers WHERE ends_at <= ?1 LIMIT ?2)";
}

/// Writes a new identity; `false` when it is an account's already, this one's or another's.
pub fn insert(tx: &mut Tx<'_>, identity: &Identity) -> Result<bool, Error> {
    let params = [
        identity.id.into(),
        identity.account.into(),
        identity.issuer.as_str().into(),
        identity.subject.as_str().into(),
        identity.address.as_deref().into(),
        identity.created_at.into(),
    ];
    Ok(tx.execute(&INSERT, &params)? == 1)
}

/// An account's identities, in the order in which they were linked.
pub fn list_of(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<Identity>, Error> {
    tx.query(&LIST_OF, &[account.into()])?.iter().map(read).collect()
}

/// Who somebody is to an issuer.
pub fn find(tx: &mut Tx<'_>, issuer: &str, subject: &str) -> Result<Option<Identity>, Error> {
    tx.query_opt(&FIND, &[issuer.into(), subject.into()])?.as_ref().map(read).transpose()
}

/// Notes that somebody signed in by an identity; `false` when it is gone.
pub fn note_use(tx: &mut Tx<'_>, identity: &Identity, at: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&USE, &[identity.id.into(), identity.account.into(), at.into()])? == 1)
}

/// Removes an identity of an account; `false` when there is none.
pub fn delete(tx: &mut Tx<'_>, account: AccountId, id: IdentityId) -> Result<bool, Error> {
    Ok(tx.execute(&DELETE, &[id.into(), account.into()])? == 1)
}

/// Removes every identity of an account.
pub fn delete_of(tx: &mut Tx<'_>, account: AccountId) -> Result<(), Error> {
    tx.execute(&DELETE_OF, &[account.into()]).map(drop)
}

/// Takes an answer, known by its nonce; `false` when it was taken before.
pub fn take_answer(tx: &mut Tx<'_>, nonce: &str, until: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&TAKE_ANSWER, &[nonce.into(), until.into()])? == 1)
}

/// Forgets at most `limit` answers that would be too old by now.
pub fn delete_old_answers(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(&DELETE_OLD_ANSWERS, &[now.into(), limit.into()])
}

fn read(row: &Row) -> Result<Identity, Error> {
    Ok(Identity {
        id: IdentityId::from_bytes(row.id16(0)?),
        account: AccountId::from_bytes(row.id16(1)?),
        issuer: row.text(2)?.to_owned(),
        subject: row.text(3)?.to_owned(),
        address: row.opt_text(4)?.map(str::to_owned),
        created_at: row.timestamp(5)?,
        last_used_at: row.opt_timestamp(6)?,
    })
}
