//! The right to upload one file without a credential, as rows: by the digest of a token.

use bloom_domain::digest::Digest;
use bloom_domain::ids::{AccountId, BrandId, WorkspaceId};
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Tx, Value};

/// Whether the credential that a token was asked for with still works at a time; a session leaves none behind.
macro_rules! stands {
    ($now:literal) => {
        concat!(
            "(t.via_kind IS NULL \
             OR (t.via_kind = 'api_key' AND EXISTS (SELECT 1 FROM api_keys k WHERE k.id = t.via_id \
             AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ",
            $now,
            "))) OR (t.via_kind = 'connection' AND EXISTS (SELECT 1 FROM connections n WHERE n.id = t.via_id \
             AND n.revoked_at IS NULL AND (n.ends_at IS NULL OR n.ends_at > ",
            $now,
            "))))"
        )
    };
}

statements! {
    /// A new one.
    INSERT = "INSERT INTO upload_tokens (digest, kind, workspace_id, brand_id, account_id, via_kind, via_id, \
              created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    /// The good one with a digest, of an account that is not suspended, while the credential stands.
    FIND = concat!("SELECT t.workspace_id, t.brand_id, t.account_id, t.via_kind, t.via_id FROM upload_tokens t \
            JOIN accounts a ON a.id = t.account_id \
            WHERE t.digest = ?1 AND t.kind = ?2 AND t.expires_at > ?3 AND a.banned_at IS NULL AND ", stands!("?3"));
    /// Uses one up.
    USE = concat!("DELETE FROM upload_tokens AS t WHERE t.digest = ?1 AND t.expires_at > ?2 AND ", stands!("?2"));
    /// Expired ones go, a batch at a time.
    DELETE_EXPIRED = "DELETE FROM upload_tokens WHERE digest IN \
                      (SELECT digest FROM upload_tokens WHERE expires_at <= ?1 LIMIT ?2)";
}

/// What may be uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadKind {
    /// The logo of a brand.
    Logo,
    /// An image into the library.
    Image,
}

impl UploadKind {
    /// The word that is stored.
    fn as_str(self) -> &'static str {
        match self {
            Self::Logo => "logo",
            Self::Image => "image",
        }
    }
}

/// The right to upload one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRight {
    /// Where it goes.
    pub workspace: WorkspaceId,
    /// The brand that it is for.
    pub brand: Option<BrandId>,
    /// Who gave it.
    pub account: AccountId,
    /// With which kind of credential, and which.
    pub via: Option<(String, [u8; 16])>,
}

/// Writes a new right, under the digest of its token.
pub fn insert(
    tx: &mut Tx<'_>,
    digest: &Digest,
    kind: UploadKind,
    right: &UploadRight,
    created_at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), Error> {
    let via = right.via.as_ref();
    let params: [Value; 9] = [
        digest.as_bytes().into(),
        kind.as_str().into(),
        right.workspace.into(),
        right.brand.into(),
        right.account.into(),
        via.map(|(kind, _)| kind.as_str()).into(),
        via.map(|(_, id)| id).into(),
        created_at.into(),
        expires_at.into(),
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// The right with a digest, if it is good at `now`.
pub fn find(
    tx: &mut Tx<'_>,
    digest: &Digest,
    kind: UploadKind,
    now: Timestamp,
) -> Result<Option<UploadRight>, Error> {
    let params = [digest.as_bytes().into(), kind.as_str().into(), now.into()];
    let row = tx.query_opt(&FIND, &params)?;
    row.map(|row| {
        let brand = row.opt_blob(1)?.is_some().then(|| row.id16(1)).transpose()?;
        let via = match row.opt_text(3)? {
            Some(kind) => Some((kind.to_owned(), row.id16(4)?)),
            None => None,
        };
        Ok(UploadRight {
            workspace: WorkspaceId::from_bytes(row.id16(0)?),
            brand: brand.map(BrandId::from_bytes),
            account: AccountId::from_bytes(row.id16(2)?),
            via,
        })
    })
    .transpose()
}

/// Uses a right up; `false` when somebody was first, or it has ended.
pub fn take(tx: &mut Tx<'_>, digest: &Digest, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&USE, &[digest.as_bytes().into(), now.into()])? == 1)
}

/// Deletes at most `limit` rights that ended by `now`.
pub fn delete_expired(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(&DELETE_EXPIRED, &[now.into(), limit.into()])
}
