//! Images, as rows.

use bloom_domain::ids::{AccountId, BrandId, CreditHoldId, ImageId, WorkspaceId};
use bloom_domain::images::{
    ActionType, AspectRatio, Failure, FailureReason, File, Image, Source, Status,
};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Workspace, WorkspaceKind};

use crate::statement::statements;
use crate::{Error, Row, Tx, Value};

/// The columns of an image, in the order in which [`read`] takes them.
macro_rules! image_columns {
    () => {
        "i.id, i.workspace_id, i.brand_id, i.account_id, i.source, i.action, i.status, i.failure, \
         i.failure_detail, i.prompt, i.description, i.ratio, i.width, i.height, i.variant_group_id, \
         i.parent_id, i.engine, i.blob, i.media_type, i.bytes, i.digest, i.nonce, i.hold_id, i.hold_item, \
         i.created_at"
    };
}

/// What a list may be narrowed to, from the parameter 5 on; NULL for no such wish.
macro_rules! narrowed {
    () => {
        "(CAST(?5 AS TEXT) IS NULL OR i.source = ?5) AND (CAST(?6 AS TEXT) IS NULL OR i.status = ?6) \
         AND (CAST(?7 AS TEXT) IS NULL OR i.action = ?7)"
    };
}

statements! {
    /// A new image.
    INSERT = "INSERT INTO images (id, workspace_id, brand_id, account_id, source, action, status, failure, \
              failure_detail, prompt, description, ratio, width, height, variant_group_id, parent_id, engine, \
              blob, media_type, bytes, digest, nonce, hold_id, hold_item, created_at) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, \
              ?20, ?21, ?22, ?23, ?24, ?25)";
    /// One within a person's reach, and its workspace.
    FIND = concat!("SELECT ", image_columns!(), ", w.kind, w.name FROM images i \
            JOIN workspaces w ON w.id = i.workspace_id \
            JOIN members m ON m.workspace_id = i.workspace_id AND m.account_id = ?1 \
            WHERE i.id = ?2 AND i.deleted_at IS NULL AND w.deleted_at IS NULL");
    /// One within a person's reach that was deleted after a time and can be had back.
    FIND_HIDDEN = concat!("SELECT ", image_columns!(), ", w.kind, w.name, i.deleted_at FROM images i \
                   JOIN workspaces w ON w.id = i.workspace_id \
                   JOIN members m ON m.workspace_id = i.workspace_id AND m.account_id = ?1 \
                   WHERE i.id = ?2 AND i.deleted_at > ?3 AND w.deleted_at IS NULL");
    /// One, for the work on it and for whoever has its URL.
    FIND_ANY = concat!("SELECT ", image_columns!(), ", w.kind, w.name FROM images i \
                JOIN workspaces w ON w.id = i.workspace_id \
                WHERE i.id = ?1 AND i.deleted_at IS NULL AND w.deleted_at IS NULL");
    /// Those of a workspace that came before one, the newest first.
    PAGE_OF_WORKSPACE = concat!("SELECT ", image_columns!(), " FROM images i \
                         WHERE i.workspace_id = ?1 AND i.id < ?2 AND i.deleted_at IS NULL AND ", narrowed!(), " \
                         AND EXISTS (SELECT 1 FROM members m WHERE m.workspace_id = i.workspace_id \
                         AND m.account_id = ?3) ORDER BY i.id DESC LIMIT ?4");
    /// Those of a brand that came before one, the newest first.
    PAGE_OF_BRAND = concat!("SELECT ", image_columns!(), " FROM images i \
                     WHERE i.brand_id = ?1 AND i.id < ?2 AND i.deleted_at IS NULL AND ", narrowed!(), " \
                     AND EXISTS (SELECT 1 FROM members m WHERE m.workspace_id = i.workspace_id \
                     AND m.account_id = ?3) ORDER BY i.id DESC LIMIT ?4");
    /// The image of a brand that has come before as the same file.
    FIND_BY_DIGEST = concat!("SELECT ", image_columns!(), " FROM images i \
                      WHERE i.brand_id = ?1 AND i.digest = ?2 AND i.deleted_at IS NULL ORDER BY i.id LIMIT 1");
    /// Those that a hold pays for.
    OF_HOLD = "SELECT id FROM images WHERE hold_id = ?1 AND deleted_at IS NULL ORDER BY hold_item";
    /// One that was found on a page is somebody's own from now on.
    BRING = "UPDATE images SET source = 'uploaded' WHERE id = ?1 AND source = 'scraped'";
    /// Work on one has begun.
    BEGIN = "UPDATE images SET status = 'generating' WHERE id = ?1 AND status = 'pending'";
    /// One is there now.
    COMPLETE = "UPDATE images SET status = 'completed', description = ?2, ratio = ?3, width = ?4, height = ?5, \
                engine = ?6, blob = ?7, media_type = ?8, bytes = ?9 \
                WHERE id = ?1 AND status IN ('pending', 'generating')";
    /// One will not be there.
    FAIL = "UPDATE images SET status = 'failed', failure = ?2, failure_detail = ?3 \
            WHERE id = ?1 AND status IN ('pending', 'generating')";
    /// One that has a file is deleted, and can be had back.
    HIDE = "UPDATE images SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL AND blob IS NOT NULL";
    /// It is had back.
    UNHIDE = "UPDATE images SET deleted_at = NULL WHERE id = ?1 AND deleted_at > ?2";
    /// Some that were deleted at or before a time.
    SOME_HIDDEN = "SELECT id, blob FROM images WHERE deleted_at <= ?1 ORDER BY deleted_at LIMIT ?2";
    /// One is gone.
    DELETE = "DELETE FROM images WHERE id = ?1";
    /// The choices behind one.
    INSERT_SCENE = "INSERT INTO image_scenes (image_id, scene) VALUES (?1, ?2)";
    /// They.
    FIND_SCENE = "SELECT scene FROM image_scenes WHERE image_id = ?1";
    /// They are gone with it.
    DELETE_SCENE = "DELETE FROM image_scenes WHERE image_id = ?1";
    /// Some images of a workspace, whoever may see it.
    SOME_OF_WORKSPACE = "SELECT id, blob FROM images WHERE workspace_id = ?1 ORDER BY id LIMIT ?2";
    /// Some images that were found on the page of a brand.
    SOME_SCRAPED = "SELECT id, blob FROM images WHERE brand_id = ?1 AND source = 'scraped' ORDER BY id LIMIT ?2";
    /// How many bytes the images of a workspace have.
    BYTES_OF = "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM images WHERE workspace_id = ?1";
    /// A file that is to go.
    DOOM_BLOB = "INSERT INTO blobs_to_delete (key, since) VALUES (?1, ?2) \
                 ON CONFLICT (key) DO UPDATE SET since = ?2";
    /// Files whose time has come.
    DOOMED_BLOBS = "SELECT key FROM blobs_to_delete WHERE since <= ?1 ORDER BY since, key LIMIT ?2";
    /// A file stays, if its time is not near.
    SPARE_BLOB = "DELETE FROM blobs_to_delete WHERE key = ?1 AND since > ?2";
    /// A file is gone.
    FORGET_BLOB = "DELETE FROM blobs_to_delete WHERE key = ?1";
}

/// The first id that comes after every other: where a list begins.
pub const AFTER_ALL: ImageId = ImageId::from_bytes([0xff; 16]);

/// An image and the workspace that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The image.
    pub image: Image,
    /// Its workspace.
    pub workspace: Workspace,
}

/// What a list is narrowed to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// To images from one source.
    pub source: Option<Source>,
    /// To images that are so far.
    pub status: Option<Status>,
    /// To images that were made so.
    pub action: Option<ActionType>,
}

/// Of which thing a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Of a workspace.
    Workspace(WorkspaceId),
    /// Of a brand.
    Brand(BrandId),
}

/// Which stretch of a list is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// What came before this one.
    pub before: ImageId,
    /// At most so many.
    pub limit: i64,
}

/// What there is to be known of an image that is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// What it shows.
    pub description: Option<String>,
    /// The ratio of its sides.
    pub ratio: Option<AspectRatio>,
    /// Its size in pixels.
    pub size: (i64, i64),
    /// What drew it.
    pub engine: String,
    /// Its bytes.
    pub file: File,
}

/// Writes a new image.
pub fn insert(tx: &mut Tx<'_>, image: &Image) -> Result<(), Error> {
    let file = image.file.as_ref();
    let failure = image.failure.as_ref();
    let params: [Value; 25] = [
        image.id.into(),
        image.workspace.into(),
        image.brand.into(),
        image.made_by.into(),
        image.source.as_str().into(),
        image.action.map(ActionType::as_str).into(),
        image.status.as_str().into(),
        failure.and_then(|failure| failure.reason).map(FailureReason::as_str).into(),
        failure.map(|failure| failure.detail.as_str()).into(),
        image.prompt.as_deref().into(),
        image.description.as_deref().into(),
        image.ratio.map(AspectRatio::as_str).into(),
        image.size.map(|size| size.0).into(),
        image.size.map(|size| size.1).into(),
        image.variant_group.into(),
        image.parent.into(),
        image.engine.as_deref().into(),
        file.map(|file| file.blob.as_str()).into(),
        file.map(|file| file.media_type.as_str()).into(),
        file.map(|file| file.bytes).into(),
        file.and_then(|file| file.digest.as_ref()).map(<[u8; 32]>::as_slice).into(),
        image.nonce.as_slice().into(),
        image.paid_by.map(|(hold, _)| hold).into(),
        image.paid_by.map(|(_, item)| i64::from(item)).into(),
        image.created_at.into(),
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// An image in a workspace that a person belongs to.
pub fn find(tx: &mut Tx<'_>, account: AccountId, id: ImageId) -> Result<Option<Found>, Error> {
    tx.query_opt(&FIND, &[account.into(), id.into()])?.as_ref().map(read_found).transpose()
}

/// An image in a workspace that a person belongs to, which was deleted after a time and can be had back; and when it
/// was deleted.
pub fn find_hidden(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: ImageId,
    after: Timestamp,
) -> Result<Option<(Found, Timestamp)>, Error> {
    let params = [account.into(), id.into(), after.into()];
    let row = tx.query_opt(&FIND_HIDDEN, &params)?;
    let read = |row: &Row| Ok((read_found(row)?, row.timestamp(27)?));
    row.as_ref().map(read).transpose()
}

/// Deletes an image so that it can be had back; `false` when it has no file, or is deleted.
pub fn hide(tx: &mut Tx<'_>, id: ImageId, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&HIDE, &[id.into(), now.into()])? == 1)
}

/// Takes that back; `false` when it was not deleted after a time.
pub fn unhide(tx: &mut Tx<'_>, id: ImageId, after: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&UNHIDE, &[id.into(), after.into()])? == 1)
}

/// Some images that were deleted at or before a time, each with the key of its file.
pub fn some_hidden(
    tx: &mut Tx<'_>,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<(ImageId, Option<String>)>, Error> {
    tx.query(&SOME_HIDDEN, &[before.into(), limit.into()])?.iter().map(read_file_of).collect()
}

/// An image, whoever belongs to its workspace.
pub fn find_any(tx: &mut Tx<'_>, id: ImageId) -> Result<Option<Found>, Error> {
    tx.query_opt(&FIND_ANY, &[id.into()])?.as_ref().map(read_found).transpose()
}

/// A stretch of the images of something that a person belongs to the workspace of, the newest first.
pub fn page(
    tx: &mut Tx<'_>,
    account: AccountId,
    of: Of,
    narrowed: Narrowed,
    stretch: Stretch,
) -> Result<Vec<Image>, Error> {
    let (statement, of): (_, Value) = match of {
        Of::Workspace(id) => (&PAGE_OF_WORKSPACE, id.into()),
        Of::Brand(id) => (&PAGE_OF_BRAND, id.into()),
    };
    let params = [
        of,
        stretch.before.into(),
        account.into(),
        stretch.limit.into(),
        narrowed.source.map(Source::as_str).into(),
        narrowed.status.map(Status::as_str).into(),
        narrowed.action.map(ActionType::as_str).into(),
    ];
    tx.query(statement, &params)?.iter().map(read).collect()
}

/// The image of a brand that has come before as the same file.
pub fn find_by_digest(
    tx: &mut Tx<'_>,
    brand: BrandId,
    digest: &[u8; 32],
) -> Result<Option<Image>, Error> {
    let params = [brand.into(), digest.as_slice().into()];
    tx.query_opt(&FIND_BY_DIGEST, &params)?.as_ref().map(read).transpose()
}

/// The images that a hold pays for and that are not deleted, in the order in which they were asked for.
pub fn of_hold(tx: &mut Tx<'_>, hold: CreditHoldId) -> Result<Vec<ImageId>, Error> {
    let rows = tx.query(&OF_HOLD, &[hold.into()])?;
    rows.iter().map(|row| row.id16(0).map(ImageId::from_bytes)).collect()
}

/// An image that was found on a brand's page has been brought by somebody, too, and is theirs from now on.
pub fn bring(tx: &mut Tx<'_>, id: ImageId) -> Result<(), Error> {
    tx.execute(&BRING, &[id.into()]).map(drop)
}

/// Work on an image has begun; `false` when it has begun before, or there is nothing to be done.
pub fn begin(tx: &mut Tx<'_>, id: ImageId) -> Result<bool, Error> {
    Ok(tx.execute(&BEGIN, &[id.into()])? == 1)
}

/// An image is there now; `false` when it was deleted, or had ended before.
pub fn complete(tx: &mut Tx<'_>, id: ImageId, made: &Completed) -> Result<bool, Error> {
    let params = [
        id.into(),
        made.description.as_deref().into(),
        made.ratio.map(AspectRatio::as_str).into(),
        made.size.0.into(),
        made.size.1.into(),
        made.engine.as_str().into(),
        made.file.blob.as_str().into(),
        made.file.media_type.as_str().into(),
        made.file.bytes.into(),
    ];
    Ok(tx.execute(&COMPLETE, &params)? == 1)
}

/// An image will not be there; `false` when it was deleted, or had ended before.
pub fn fail(tx: &mut Tx<'_>, id: ImageId, failure: &Failure) -> Result<bool, Error> {
    let reason = failure.reason.map(FailureReason::as_str);
    let params = [id.into(), reason.into(), failure.detail.as_str().into()];
    Ok(tx.execute(&FAIL, &params)? == 1)
}

/// Deletes an image and what belongs to it; its file stays until [`doom_blob`] had its way. `false` when there
/// is none.
pub fn delete(tx: &mut Tx<'_>, id: ImageId) -> Result<bool, Error> {
    tx.execute(&DELETE_SCENE, &[id.into()])?;
    crate::image_captions::delete(tx, id)?;
    Ok(tx.execute(&DELETE, &[id.into()])? == 1)
}

/// Writes the choices behind a new image.
pub fn insert_scene(tx: &mut Tx<'_>, id: ImageId, scene: &str) -> Result<(), Error> {
    tx.execute(&INSERT_SCENE, &[id.into(), scene.into()]).map(drop)
}

/// The choices behind an image.
pub fn find_scene(tx: &mut Tx<'_>, id: ImageId) -> Result<Option<String>, Error> {
    let row = tx.query_opt(&FIND_SCENE, &[id.into()])?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Some images of a workspace that is to be emptied, each with the key of its file.
pub fn some_of_workspace(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    limit: i64,
) -> Result<Vec<(ImageId, Option<String>)>, Error> {
    let rows = tx.query(&SOME_OF_WORKSPACE, &[workspace.into(), limit.into()])?;
    rows.iter().map(read_file_of).collect()
}

/// Some images that were found on the page of a brand, each with the key of its file.
pub fn some_scraped(
    tx: &mut Tx<'_>,
    brand: BrandId,
    limit: i64,
) -> Result<Vec<(ImageId, Option<String>)>, Error> {
    let rows = tx.query(&SOME_SCRAPED, &[brand.into(), limit.into()])?;
    rows.iter().map(read_file_of).collect()
}

fn read_file_of(row: &Row) -> Result<(ImageId, Option<String>), Error> {
    Ok((ImageId::from_bytes(row.id16(0)?), row.opt_text(1)?.map(str::to_owned)))
}

/// How many bytes the images of a workspace have.
pub fn bytes_of(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<i64, Error> {
    tx.query_opt(&BYTES_OF, &[workspace.into()])?.map_or(Ok(0), |row| row.int(0))
}

/// A file is to go at a time, because no row names it, or none will then.
pub fn doom_blob(tx: &mut Tx<'_>, key: &str, at: Timestamp) -> Result<(), Error> {
    tx.execute(&DOOM_BLOB, &[key.into(), at.into()]).map(drop)
}

/// A file stays that was to go after a time; `false` when it was to go sooner, or is gone.
pub fn spare_blob(tx: &mut Tx<'_>, key: &str, after: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&SPARE_BLOB, &[key.into(), after.into()])? == 1)
}

/// Files that are to go by now, the oldest first.
pub fn doomed_blobs(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<String>, Error> {
    let rows = tx.query(&DOOMED_BLOBS, &[now.into(), limit.into()])?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// A file is gone.
pub fn forget_blob(tx: &mut Tx<'_>, key: &str) -> Result<(), Error> {
    tx.execute(&FORGET_BLOB, &[key.into()]).map(drop)
}

fn read_found(row: &Row) -> Result<Found, Error> {
    let image = read(row)?;
    let kind = WorkspaceKind::from_stored(row.text(25)?);
    let kind = kind.ok_or_else(|| row.unexpected(25, "a kind of workspace"))?;
    let workspace = Workspace { id: image.workspace, kind, name: row.text(26)?.to_owned() };
    Ok(Found { image, workspace })
}

fn read(row: &Row) -> Result<Image, Error> {
    let text = |index| row.opt_text(index).map(|text| text.map(str::to_owned));
    let id = |index| -> Result<Option<ImageId>, Error> {
        row.opt_blob(index)?.map(|_| row.id16(index).map(ImageId::from_bytes)).transpose()
    };
    Ok(Image {
        id: ImageId::from_bytes(row.id16(0)?),
        workspace: WorkspaceId::from_bytes(row.id16(1)?),
        brand: BrandId::from_bytes(row.id16(2)?),
        made_by: AccountId::from_bytes(row.id16(3)?),
        source: word(row, 4, Source::from_word)?.ok_or_else(|| row.unexpected(4, "a source"))?,
        action: word(row, 5, ActionType::from_word)?,
        status: word(row, 6, Status::from_word)?.ok_or_else(|| row.unexpected(6, "a status"))?,
        failure: failure(row)?,
        prompt: text(9)?,
        description: text(10)?,
        ratio: word(row, 11, AspectRatio::from_word)?,
        size: row.opt_int(12)?.zip(row.opt_int(13)?),
        variant_group: id(14)?,
        parent: id(15)?,
        engine: text(16)?,
        file: file(row)?,
        nonce: row.bytes(21)?,
        paid_by: paid_by(row)?,
        created_at: row.timestamp(24)?,
    })
}

fn word<T>(
    row: &Row,
    index: usize,
    meaning: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Error> {
    let Some(word) = row.opt_text(index)? else { return Ok(None) };
    meaning(word).map(Some).ok_or_else(|| row.unexpected(index, "a word of ours"))
}

fn failure(row: &Row) -> Result<Option<Failure>, Error> {
    let Some(detail) = row.opt_text(8)? else { return Ok(None) };
    let reason = word(row, 7, FailureReason::from_word)?;
    Ok(Some(Failure { reason, detail: detail.to_owned() }))
}

fn file(row: &Row) -> Result<Option<File>, Error> {
    let Some(blob) = row.opt_text(17)? else { return Ok(None) };
    Ok(Some(File {
        blob: blob.to_owned(),
        media_type: row.text(18)?.to_owned(),
        bytes: row.int(19)?,
        digest: row.opt_blob(20)?.map(|_| row.bytes(20)).transpose()?,
    }))
}

fn paid_by(row: &Row) -> Result<Option<(CreditHoldId, u32)>, Error> {
    let Some(item) = row.opt_int(23)? else { return Ok(None) };
    let item = u32::try_from(item).map_err(|_| row.unexpected(23, "an item"))?;
    Ok(Some((CreditHoldId::from_bytes(row.id16(22)?), item)))
}
