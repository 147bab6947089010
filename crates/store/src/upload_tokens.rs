//! The right to upload one file without a credential, as rows: by the digest of a token.

use bloom_domain::digest::Digest;
use bloom_domain::ids::{AccessTokenId, AccountId, BrandId, GrantId, WorkspaceId};
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Row, Tx, Value};

statements! {
    /// A new one.
    INSERT = "INSERT INTO upload_tokens (digest, kind, workspace_id, brand_id, account_id, via_kind, via_id, \
              grant_id, access_token_id, is_old_secret, created_at, expires_at) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    /// The one with a digest that has not ended by itself, of an account that is not suspended.
    FIND = "SELECT t.workspace_id, t.brand_id, t.account_id, t.via_kind, t.via_id, t.grant_id, \
            t.access_token_id, t.is_old_secret, t.created_at FROM upload_tokens t \
            JOIN accounts a ON a.id = t.account_id \
            WHERE t.digest = ?1 AND t.kind = ?2 AND t.expires_at > ?3 AND a.banned_at IS NULL";
    /// Uses one up.
    USE = "DELETE FROM upload_tokens WHERE digest = ?1 AND expires_at > ?2";
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
    /// With which credential, if not at a browser.
    pub via: Option<AskedWith>,
    /// When.
    pub given_at: Timestamp,
}

/// With which credential a right was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedWith {
    /// The word for its kind.
    pub kind: String,
    /// The key, or the connection.
    pub id: [u8; 16],
    /// Which access token it was, and of which grant.
    pub token: Option<(GrantId, AccessTokenId)>,
    /// Whether it was the secret that its key had before a rotation.
    pub is_old_secret: bool,
}

/// Writes a new right, under the digest of its token.
pub fn insert(
    tx: &mut Tx<'_>,
    digest: &Digest,
    kind: UploadKind,
    right: &UploadRight,
    expires_at: Timestamp,
) -> Result<(), Error> {
    let via = right.via.as_ref();
    let token = via.and_then(|via| via.token);
    let params: [Value; 12] = [
        digest.as_bytes().into(),
        kind.as_str().into(),
        right.workspace.into(),
        right.brand.into(),
        right.account.into(),
        via.map(|via| via.kind.as_str()).into(),
        via.map(|via| &via.id).into(),
        token.map(|(grant, _)| grant).into(),
        token.map(|(_, token)| token).into(),
        i64::from(via.is_some_and(|via| via.is_old_secret)).into(),
        right.given_at.into(),
        expires_at.into(),
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// The right with a digest, if it has not ended by itself at `now`; whether its credential stands is another question.
pub fn find(
    tx: &mut Tx<'_>,
    digest: &Digest,
    kind: UploadKind,
    now: Timestamp,
) -> Result<Option<UploadRight>, Error> {
    let params = [digest.as_bytes().into(), kind.as_str().into(), now.into()];
    let row = tx.query_opt(&FIND, &params)?;
    row.map(|row| {
        Ok(UploadRight {
            workspace: WorkspaceId::from_bytes(row.id16(0)?),
            brand: opt_id(&row, 1)?.map(BrandId::from_bytes),
            account: AccountId::from_bytes(row.id16(2)?),
            via: asked_with(&row)?,
            given_at: row.timestamp(8)?,
        })
    })
    .transpose()
}

fn asked_with(row: &Row) -> Result<Option<AskedWith>, Error> {
    let Some(kind) = row.opt_text(3)? else { return Ok(None) };
    let grant = opt_id(row, 5)?.map(GrantId::from_bytes);
    Ok(Some(AskedWith {
        kind: kind.to_owned(),
        id: row.id16(4)?,
        token: grant.zip(opt_id(row, 6)?.map(AccessTokenId::from_bytes)),
        is_old_secret: row.int(7)? == 1,
    }))
}

fn opt_id(row: &Row, index: usize) -> Result<Option<[u8; 16]>, Error> {
    row.opt_blob(index)?.is_some().then(|| row.id16(index)).transpose()
}

/// Uses a right up; `false` when somebody was first, or it has ended.
pub fn take(tx: &mut Tx<'_>, digest: &Digest, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&USE, &[digest.as_bytes().into(), now.into()])? == 1)
}

/// Deletes at most `limit` rights that ended by `now`.
pub fn delete_expired(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(&DELETE_EXPIRED, &[now.into(), limit.into()])
}
