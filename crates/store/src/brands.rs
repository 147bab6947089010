//! Brands, as rows. Findings and corrections are JSON that nobody here reads.

use bloom_domain::brands::{Brand, BrandLine, BrandStatus, Logo};
use bloom_domain::ids::{AccountId, BrandId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Workspace, WorkspaceKind};

use crate::statement::statements;
use crate::{Error, Row, Tx, Value};

statements! {
    /// A new brand.
    INSERT = "INSERT INTO brands (id, workspace_id, account_id, url, name, status, run, collect_images, \
              wanted_logo, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, 'analyzing', ?6, ?7, ?8, ?9, ?9)";
    /// One within a person's reach, and its workspace.
    FIND = "SELECT b.id, b.workspace_id, b.account_id, b.url, b.name, b.status, b.failure_code, \
            b.failure_detail, b.run, b.findings, b.corrections, b.collect_images, b.wanted_logo, b.logo_blob, \
            b.logo_type, b.logo_chosen, b.logo_error, b.image_count, b.created_at, b.updated_at, w.kind, w.name \
            FROM brands b JOIN workspaces w ON w.id = b.workspace_id \
            JOIN members m ON m.workspace_id = b.workspace_id AND m.account_id = ?1 \
            WHERE b.id = ?2 AND b.deleted_at IS NULL AND w.deleted_at IS NULL";
    /// One, for the work on it.
    FIND_ANY = "SELECT b.id, b.workspace_id, b.account_id, b.url, b.name, b.status, b.failure_code, \
                b.failure_detail, b.run, b.findings, b.corrections, b.collect_images, b.wanted_logo, b.logo_blob, \
                b.logo_type, b.logo_chosen, b.logo_error, b.image_count, b.created_at, b.updated_at, w.kind, w.name \
                FROM brands b JOIN workspaces w ON w.id = b.workspace_id \
                WHERE b.id = ?1 AND b.deleted_at IS NULL AND w.deleted_at IS NULL";
    /// Those of a workspace that came before one, the newest first.
    PAGE = "SELECT id, name, url, status, failure_code, failure_detail, image_count, created_at FROM brands \
            WHERE workspace_id = ?1 AND deleted_at IS NULL AND id < ?2 ORDER BY id DESC LIMIT ?3";
    /// Takes one until the end of the transaction.
    TAKE = "UPDATE brands SET run = run WHERE id = ?1 AND deleted_at IS NULL";
    /// Writes everything that changes of one in the run that was read.
    UPDATE = "UPDATE brands SET name = ?3, status = ?4, failure_code = ?5, failure_detail = ?6, run = ?7, \
              findings = ?8, corrections = ?9, wanted_logo = ?10, logo_blob = ?11, logo_type = ?12, \
              logo_chosen = ?13, logo_error = ?14, updated_at = ?15, collect_images = ?16 \
              WHERE id = ?1 AND run = ?2 AND deleted_at IS NULL";
    /// Deletes one that is there; the row stays without its content.
    DELETE = "UPDATE brands SET deleted_at = ?2, updated_at = ?2, findings = NULL, corrections = NULL, \
              wanted_logo = NULL, logo_blob = NULL, logo_type = NULL, logo_error = NULL, failure_detail = NULL, \
              url = '', name = '' WHERE id = ?1 AND deleted_at IS NULL";
    /// One image more; which one it is among all that came, those that are gone included.
    ONE_MORE = "UPDATE brands SET image_count = image_count + 1, captions = captions + 1 WHERE id = ?1 \
                RETURNING captions";
    /// One image that had gone is back.
    ONE_BACK = "UPDATE brands SET image_count = image_count + 1 WHERE id = ?1";
    /// One image less.
    ONE_LESS = "UPDATE brands SET image_count = image_count - 1 WHERE id = ?1";
}

/// The first id that comes after every other: where a list begins.
pub const AFTER_ALL: BrandId = BrandId::from_bytes([0xff; 16]);

/// A brand and the workspace that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The brand.
    pub brand: Brand,
    /// Its workspace.
    pub workspace: Workspace,
}

/// Writes a new brand.
pub fn insert(tx: &mut Tx<'_>, brand: &Brand) -> Result<(), Error> {
    let params = [
        brand.id.into(),
        brand.workspace.into(),
        brand.made_by.into(),
        brand.url.as_str().into(),
        brand.name.as_str().into(),
        brand.run.into(),
        i64::from(brand.collects_images).into(),
        brand.wanted_logo.as_deref().into(),
        brand.created_at.into(),
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// A brand in a workspace that a person belongs to.
pub fn find(tx: &mut Tx<'_>, account: AccountId, id: BrandId) -> Result<Option<Found>, Error> {
    tx.query_opt(&FIND, &[account.into(), id.into()])?.as_ref().map(read).transpose()
}

/// A brand, whoever belongs to its workspace: for the work on it.
pub fn find_any(tx: &mut Tx<'_>, id: BrandId) -> Result<Option<Found>, Error> {
    tx.query_opt(&FIND_ANY, &[id.into()])?.as_ref().map(read).transpose()
}

/// At most `limit` brands of a workspace that came before one, the newest first.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    before: BrandId,
    limit: i64,
) -> Result<Vec<BrandLine>, Error> {
    let rows = tx.query(&PAGE, &[workspace.into(), before.into(), limit.into()])?;
    rows.iter()
        .map(|row| {
            Ok(BrandLine {
                id: BrandId::from_bytes(row.id16(0)?),
                name: row.text(1)?.to_owned(),
                url: row.text(2)?.to_owned(),
                status: status(row, 3)?,
                image_count: row.int(6)?,
                created_at: row.timestamp(7)?,
            })
        })
        .collect()
}

/// Takes a brand until the end of the transaction, so that decisions over what was found, corrected and chosen
/// run one after the other; `false` when there is none.
pub fn take(tx: &mut Tx<'_>, id: BrandId) -> Result<bool, Error> {
    Ok(tx.execute(&TAKE, &[id.into()])? == 1)
}

/// Writes a brand as it is now, if its last run is still the one that was read; `false` otherwise.
pub fn update(tx: &mut Tx<'_>, brand: &Brand, run: i64) -> Result<bool, Error> {
    let failure = brand.status.failure();
    let logo = brand.logo.as_ref();
    let params: [Value; 16] = [
        brand.id.into(),
        run.into(),
        brand.name.as_str().into(),
        brand.status.as_str().into(),
        failure.map(|failure| failure.code.as_str()).into(),
        failure.map(|failure| failure.detail.as_str()).into(),
        brand.run.into(),
        brand.findings.as_deref().into(),
        brand.corrections.as_deref().into(),
        brand.wanted_logo.as_deref().into(),
        logo.map(|logo| logo.blob.as_str()).into(),
        logo.map(|logo| logo.media_type.as_str()).into(),
        i64::from(logo.is_some_and(|logo| logo.is_chosen)).into(),
        brand.logo_error.as_deref().into(),
        brand.updated_at.into(),
        i64::from(brand.collects_images).into(),
    ];
    Ok(tx.execute(&UPDATE, &params)? == 1)
}

/// Deletes a brand; `false` when there is none.
pub fn delete(tx: &mut Tx<'_>, id: BrandId, at: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&DELETE, &[id.into(), at.into()])? == 1)
}

/// Counts an image that came into a brand's library: which one it is among all that came. No other gets the same
/// number, and whoever is given a later one commits later.
pub(crate) fn one_image_more(tx: &mut Tx<'_>, id: BrandId) -> Result<Option<i64>, Error> {
    tx.query_opt(&ONE_MORE, &[id.into()])?.map(|row| row.int(0)).transpose()
}

/// Counts an image of a brand that had gone and is had back.
pub fn one_image_back(tx: &mut Tx<'_>, id: BrandId) -> Result<(), Error> {
    tx.execute(&ONE_BACK, &[id.into()]).map(drop)
}

/// Counts an image of a brand that went.
pub fn one_image_less(tx: &mut Tx<'_>, id: BrandId) -> Result<(), Error> {
    tx.execute(&ONE_LESS, &[id.into()]).map(drop)
}

fn read(row: &Row) -> Result<Found, Error> {
    let workspace = WorkspaceId::from_bytes(row.id16(1)?);
    let text = |index| row.opt_text(index).map(|text| text.map(str::to_owned));
    let logo = match (text(13)?, text(14)?) {
        (Some(blob), Some(media_type)) => {
            Some(Logo { blob, media_type, is_chosen: row.int(15)? == 1 })
        }
        _ => None,
    };
    let brand = Brand {
        id: BrandId::from_bytes(row.id16(0)?),
        workspace,
        made_by: AccountId::from_bytes(row.id16(2)?),
        url: row.text(3)?.to_owned(),
        name: row.text(4)?.to_owned(),
        status: status(row, 5)?,
        run: row.int(8)?,
        findings: text(9)?,
        corrections: text(10)?,
        collects_images: row.int(11)? == 1,
        wanted_logo: text(12)?,
        logo,
        logo_error: text(16)?,
        image_count: row.int(17)?,
        created_at: row.timestamp(18)?,
        updated_at: row.timestamp(19)?,
    };
    let kind = WorkspaceKind::from_stored(row.text(20)?);
    let kind = kind.ok_or_else(|| row.unexpected(20, "a kind of workspace"))?;
    let workspace = Workspace { id: workspace, kind, name: row.text(21)?.to_owned() };
    Ok(Found { brand, workspace })
}

fn status(row: &Row, first: usize) -> Result<BrandStatus, Error> {
    let (code, detail) = (row.opt_text(first + 1)?, row.opt_text(first + 2)?);
    let status = BrandStatus::from_stored(row.text(first)?, code, detail);
    status.ok_or_else(|| row.unexpected(first, "a status of a brand"))
}
