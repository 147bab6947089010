//! Rotating a refresh token, as one transaction.
//!
//! A refresh token that was used a moment ago is answered with the newest one of its chain, whether or
//! not a successor was used meanwhile: the answer may have been lost, or several processes of one app
//! refresh at the same time. One that comes back later was stolen, from the app or by it: its grant
//! ends.

use std::sync::Arc;

use bloom_domain::grants::{Grant, Reuse, Rotation, reuse};
use bloom_domain::ids::ClientId;
use bloom_domain::time::Timestamp;
use bloom_oauth::scope::Scopes;
use bloom_store as store;
use store::Tx;
use store::grants::FoundGrant;
use store::refresh_rotations::RefreshRotation;

use crate::audit::Author;
use crate::client_authentication::Proof;
use crate::keyring::Keyring;
use crate::refresh_tokens::RefreshToken;
use crate::tokens::{End, Outcome, Refused, end, is_in_force, may_ask_for};
use crate::{Settings, root_secret};

/// How often a decision is made again because another node was first.
const ATTEMPTS: usize = 3;

/// The longest chain that is followed.
const STEPS: i64 = 1_000;

/// A presented refresh token.
pub(crate) struct Rotate {
    pub(crate) presented: RefreshToken,
    /// Who brings it, with what proves that.
    pub(crate) client: (ClientId, Proof),
    /// The scopes asked for, if any were named.
    pub(crate) asked: Option<Scopes>,
    pub(crate) salt: [u8; 16],
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) author: Author,
    pub(crate) now: Timestamp,
}

impl Rotate {
    /// Rotates it. A refusal is committed too: it may have ended the grant.
    pub(crate) fn run(
        &self,
        tx: &mut Tx<'_>,
        settings: &Settings,
    ) -> Result<Outcome, store::Error> {
        for _ in 0..ATTEMPTS {
            let Some(found) = store::grants::find(tx, self.presented.grant)? else {
                return Ok(Err(Refused::Grant("the refresh token is not known")));
            };
            if let Err(refused) = self.admit(&found) {
                return Ok(Err(refused));
            }
            let digests = self.presented.digests(&self.keyring);
            match found.grant.rotation(self.presented.generation, &digests, self.now) {
                Rotation::Refuse(why) => return Ok(Err(Refused::Grant(why))),
                Rotation::Used => return self.repeat(tx, settings, found),
                Rotation::Rotate => {
                    if let Some(next) = self.rotate(tx, settings, &found.grant)? {
                        return Ok(Ok((found, Some(next))));
                    }
                }
            }
        }
        Err(store::Error::Conflict)
    }

    /// What is checked before anything changes, so that a mistake costs the client nothing.
    fn admit(&self, found: &FoundGrant) -> Result<(), Refused> {
        let (client, proof) = &self.client;
        if found.client != *client || !proof.names_client_of(found) {
            return Err(Refused::OtherClient);
        }
        proof.check(&found.authentication).map_err(Refused::Unproven)?;
        is_in_force(found, self.now)?;
        if !found.is_registered_for("refresh_token") {
            return Err(Refused::NotRegistered("refresh_token"));
        }
        match &self.asked {
            Some(asked) => may_ask_for(&found.grant, asked).map_err(Refused::Scope),
            None => Ok(()),
        }
    }

    /// Makes the successor the good one; `None` when another node was first.
    fn rotate(
        &self,
        tx: &mut Tx<'_>,
        settings: &Settings,
        grant: &Grant,
    ) -> Result<Option<RefreshToken>, store::Error> {
        let generation = self.presented.generation;
        let Some(next) = self.presented.successors(&self.keyring, &self.salt).into_iter().next()
        else {
            return Ok(None);
        };
        let digest = next.digest(&self.keyring);
        let ends_at = settings.refresh_ends_at(grant.created_at, self.now);
        if !store::grants::rotate(tx, grant.id, generation, &digest, ends_at)? {
            return Ok(None);
        }
        let rotation = RefreshRotation {
            generation,
            salt: self.salt,
            successor: digest,
            rotated_at: self.now,
        };
        store::refresh_rotations::insert(tx, grant.id, &rotation)?;
        Ok(Some(next))
    }

    /// Answers for a token that was used before.
    fn repeat(
        &self,
        tx: &mut Tx<'_>,
        settings: &Settings,
        found: FoundGrant,
    ) -> Result<Outcome, store::Error> {
        let (grant, generation) = (found.grant.id, self.presented.generation);
        let rotations = store::refresh_rotations::list_from(tx, grant, generation, STEPS + 1)?;
        let first = rotations.first().filter(|rotation| rotation.generation == generation);
        let rotated_at = first.map(|first| first.rotated_at);
        if reuse(rotated_at, settings.refresh_replay_window, self.now) == Reuse::End {
            let end_of = End::Returned("a used refresh token came back");
            end(tx, &found, self.now, (&self.author, end_of))?;
            return Ok(Err(Refused::Grant(
                "the refresh token was used before; its tokens are revoked",
            )));
        }
        if let Some(newest) = self.newest(&rotations) {
            return Ok(Ok((found, Some(newest))));
        }
        let known = root_secret::check(tx, &self.keyring)?.map_err(Refused::Failed);
        Ok(known.and(Err(Refused::Grant("the refresh token was used before"))))
    }

    /// Follows the salts from the presented token to the newest. The root secret may have been rotated on
    /// the way, so each step may have been made with any of its keys; the digest tells with which.
    ///
    /// Nobody means to refresh a thousand times in a minute, and the writer must not be held up by who
    /// does: such a chain is not followed.
    ///
    /// Where the way ends is read here, not with the grant: on PostgreSQL another node may have rotated
    /// between the two.
    fn newest(&self, rotations: &[RefreshRotation]) -> Option<RefreshToken> {
        if rotations.len() > usize::try_from(STEPS).unwrap_or(usize::MAX) {
            return None;
        }
        rotations.iter().try_fold(self.presented.clone(), |token, rotation| {
            let mut successors = token.successors(&self.keyring, &rotation.salt).into_iter();
            successors.find(|next| next.digests(&self.keyring).contains(&rotation.successor))
        })
    }
}
