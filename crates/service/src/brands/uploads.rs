//! The right to bring one logo without a credential: a token in a URL, for whoever has the file but not the
//! credential. Good once, for a quarter of an hour; only its digest is stored.

use bloom_domain::brands::{Brand, UPLOAD_TOKEN_LIFETIME};
use bloom_domain::digest::Digest;
use bloom_domain::ids::BrandId;
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_domain::uploads::UploadToken;
use bloom_store as store;
use store::Tx;
use store::upload_tokens::{UploadKind, UploadRight};

use super::{Asker, Found, logos, site, take_within_reach};
use crate::{Error, Service, uploads};

/// The right to upload a file, as it is given away once.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// What stands in the URL.
    pub token: UploadToken,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Gives the right to upload the logo of a brand.
///
/// # Errors
/// [`Error::BrandNotFound`], [`Error::PlanUpgradeRequired`], [`Error::CredentialRevoked`],
/// [`Error::AccountBanned`].
pub async fn allow_logo(service: &Service, asker: Asker, id: BrandId) -> Result<NewUpload, Error> {
    let token = UploadToken::new(&service.entropy.draw()?);
    let digest = service.keyring.load().upload_token_digest(token.as_bytes());
    let now = service.now();
    let expires_at = now.plus(UPLOAD_TOKEN_LIFETIME);
    let write = move |tx: &mut Tx<'_>| {
        let Found { brand, workspace } = match take_within_reach(tx, &asker, id)? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Err(refused) = asker.admits(tx, workspace.id)? {
            return Ok(Err(refused));
        }
        let right = UploadRight {
            workspace: workspace.id,
            brand: Some(brand.id),
            account: asker.account,
            via: asker.via(),
            given_at: now,
        };
        store::upload_tokens::insert(tx, &digest, UploadKind::Logo, &right, expires_at)?;
        Ok(Ok(()))
    };
    service.store.write(write).await??;
    Ok(NewUpload { token, expires_at })
}

/// Takes the logo of a brand from whoever holds a token for it. `anonymous`: the token is all that is asked for.
/// It is used up only by a file that is taken.
///
/// # Errors
/// [`Error::UploadTokenSpent`], [`Error::InvalidLogo`], [`Error::BrandNotFound`].
pub async fn anonymous_upload_logo(
    service: &Service,
    sender: &Sender,
    id: BrandId,
    token: &UploadToken,
    file: Vec<u8>,
) -> Result<Brand, Error> {
    anonymous_may_upload_logo(service, id, token).await?;
    let picture = site::picture(file).await.map_err(Error::InvalidLogo)?;
    logos::choose_with_token(service, sender, (id, digests(service, token)), picture).await
}

/// Whether a token is good for the logo of a brand, before anything is read that came with it.
///
/// # Errors
/// [`Error::UploadTokenSpent`], [`Error::BrandNotFound`].
pub async fn anonymous_may_upload_logo(
    service: &Service,
    id: BrandId,
    token: &UploadToken,
) -> Result<(), Error> {
    let (digests, now) = (digests(service, token), service.now());
    service.store.read(move |tx| find(tx, &digests, id, now)).await?.map(drop)
}

/// What may be stored for a token.
fn digests(service: &Service, token: &UploadToken) -> Vec<Digest> {
    service.keyring.load().upload_token_digests(token.as_bytes())
}

/// The brand that a token is good for, with the digest under which it stands.
fn find(
    tx: &mut Tx<'_>,
    digests: &[Digest],
    id: BrandId,
    now: Timestamp,
) -> Result<Result<(Digest, Found), Error>, store::Error> {
    let right = uploads::find(tx, digests, UploadKind::Logo, now)?;
    of_brand(tx, right, id)
}

/// The same for a write, which begins with it.
pub(super) fn hold(
    tx: &mut Tx<'_>,
    digests: &[Digest],
    id: BrandId,
    now: Timestamp,
) -> Result<Result<(Digest, Found), Error>, store::Error> {
    let right = uploads::hold(tx, digests, UploadKind::Logo, now)?;
    of_brand(tx, right, id)
}

fn of_brand(
    tx: &mut Tx<'_>,
    right: Option<(Digest, UploadRight)>,
    id: BrandId,
) -> Result<Result<(Digest, Found), Error>, store::Error> {
    // A token of another brand's is none here.
    let Some((digest, right)) = right.filter(|(_, right)| right.brand == Some(id)) else {
        return Ok(Err(Error::UploadTokenSpent));
    };
    // Whoever gave it may have left the workspace since.
    let found = store::brands::find(tx, right.account, id)?;
    Ok(found.map(|found| (digest, found)).ok_or(Error::BrandNotFound))
}
