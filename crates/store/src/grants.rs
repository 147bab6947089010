//! Grants, as rows, and whom they act for.

use bloom_domain::access::Access;
use bloom_domain::accounts::Account;
use bloom_domain::clients::{Authentication, identifier};
use bloom_domain::digest::Digest;
use bloom_domain::grants::{Grant, GrantState, MAX_WRONG_VERIFIERS, Refresh};
use bloom_domain::ids::{AccessTokenId, ClientId, ConnectionId, GrantId};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Reach;
use bloom_oauth::client_metadata::{ClientMetadata, kept_grant_types};
use bloom_oauth::pkce::CodeChallenge;

use crate::statement::statements;
use crate::{Error, Row, Tx, accounts, clients, connections};

statements! {
    /// An approved grant, unless it is there.
    INSERT = "INSERT INTO grants (id, connection_id, redirect_uri, challenge, scope, access, nonce, \
              signed_in_at, created_at, wrong_verifiers, ends_at, client_metadata) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, ?11) ON CONFLICT DO NOTHING";
    /// A grant with all it hangs on.
    FIND = "SELECT g.id, g.connection_id, g.redirect_uri, g.challenge, g.scope, g.access, g.nonce, \
            g.signed_in_at, g.created_at, g.wrong_verifiers, g.redeemed_at, g.generation, \
            g.refresh_digest, g.revoked_at, g.ends_at, n.client_id, n.revoked_at, \
            COALESCE(c.disabled_at, c.paused_at), n.acts_alone, c.auth_method, c.secret_digest, \
            c.document_url, \
            CASE WHEN g.redeemed_at IS NULL OR c.owner_id IS NOT NULL \
            THEN COALESCE(g.client_metadata, c.metadata) END, \
            a.id, a.email, a.name, a.created_at, a.banned_at, a.email_verified_at, n.ends_at \
            FROM grants g JOIN connections n ON n.id = g.connection_id \
            JOIN clients c ON c.id = n.client_id JOIN accounts a ON a.id = n.account_id \
            WHERE g.id = ?1";
    /// Whom an access token acts for: the one statement of a cold authentication.
    FIND_FOR_ACCESS_TOKEN = "SELECT g.connection_id, n.client_id, g.access, \
            CASE WHEN g.revoked_at IS NULL AND n.revoked_at IS NULL \
            THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END, COALESCE(c.disabled_at, c.paused_at), \
            (SELECT t.ends_at FROM revoked_access_tokens t WHERE t.id = ?2), \
            g.tokens_revoked_until, n.workspaces, n.acts_alone, a.id, a.email, a.name, a.created_at, a.banned_at, \
            a.email_verified_at, n.ends_at \
            FROM grants g JOIN connections n ON n.id = g.connection_id \
            JOIN clients c ON c.id = n.client_id JOIN accounts a ON a.id = n.account_id \
            WHERE g.id = ?1";
    /// The grant under which an owned client acts by itself.
    FIND_ALONE = "SELECT g.id FROM grants g JOIN connections n ON n.id = g.connection_id \
                  WHERE n.client_id = ?1 AND n.acts_alone = 1 AND n.revoked_at IS NULL \
                  AND g.revoked_at IS NULL AND g.ends_at > ?2 ORDER BY g.ends_at DESC LIMIT 1";
    /// Counts a wrong verifier.
    COUNT_WRONG_VERIFIER = "UPDATE grants SET wrong_verifiers = wrong_verifiers + 1 \
                            WHERE id = ?1 AND redeemed_at IS NULL";
    /// Redeems the code of a grant that is approved.
    REDEEM = "UPDATE grants SET redeemed_at = ?2, generation = ?3, refresh_digest = ?4, ends_at = ?5 \
              WHERE id = ?1 AND redeemed_at IS NULL AND revoked_at IS NULL AND wrong_verifiers < ?6";
    /// Makes the next refresh token the good one.
    ROTATE = "UPDATE grants SET generation = generation + 1, refresh_digest = ?3, ends_at = ?4 \
              WHERE id = ?1 AND generation = ?2 AND revoked_at IS NULL";
    /// Notes until when an access token of a grant would have lived that is revoked alone.
    NOTE_REVOKED_TOKEN = "UPDATE grants SET tokens_revoked_until = ?2 \
                          WHERE id = ?1 AND COALESCE(tokens_revoked_until, ?2) <= ?2";
    /// Takes a grant that is in force until the end of the transaction.
    TAKE_IN_FORCE = "UPDATE grants SET created_at = created_at WHERE id = ?1 AND revoked_at IS NULL";
    /// Ends a grant.
    REVOKE = "UPDATE grants SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    /// Ends a grant whose code is not redeemed.
    TAKE_BACK = "UPDATE grants SET revoked_at = ?2 \
                 WHERE id = ?1 AND revoked_at IS NULL AND redeemed_at IS NULL";
    /// The id at the end of a stretch of rows, in order of ids.
    WALK = "SELECT id FROM grants WHERE id > ?1 ORDER BY id LIMIT ?2";
    /// Grants of a stretch that ended long ago go, and those whose code was never redeemed as soon as
    /// it has ended.
    DELETE_ENDED = "DELETE FROM grants WHERE id > ?1 AND id <= ?2 \
                    AND (ends_at <= ?3 OR ends_at <= ?4 AND redeemed_at IS NULL)";
}

/// A grant with all it hangs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundGrant {
    /// The grant.
    pub grant: Grant,
    /// Whose tokens they are.
    pub client: ClientId,
    /// Whom they act for.
    pub account: Account,
    /// Whether the connection is in force, if it has not ended by itself.
    pub is_connected: bool,
    /// When the connection ends by itself, if it does.
    pub connected_until: Option<Timestamp>,
    /// Whether the operator refuses the client, or its owner has switched it off.
    pub is_client_disabled: bool,
    /// Whether the client acts by itself, for its owner.
    pub acts_alone: bool,
    /// How the client proves itself.
    pub authentication: Authentication,
    /// The URL of the client's document, if it has one.
    pub document: Option<String>,
    /// The grant types of the client, by its document as that was when the grant was approved, or as it is
    /// registered. `None` once the code is redeemed, for a client of which that cannot change.
    client_grant_types: Option<Vec<String>>,
}

impl FoundGrant {
    /// Whether the client is registered for a grant type, if that can be another answer than when the code was
    /// redeemed.
    #[must_use]
    pub fn is_registered_for(&self, grant_type: &str) -> bool {
        let types = self.client_grant_types.as_ref();
        types.is_none_or(|types| types.iter().any(|there| there == grant_type))
    }

    /// What the client presents as `client_id`.
    #[must_use]
    pub fn client_identifier(&self) -> String {
        identifier(self.client, self.document.as_deref())
    }
}

/// What authentication needs of an access token's grant.
#[derive(Debug, Clone)]
pub struct FoundForAccessToken {
    /// The connection.
    pub connection: ConnectionId,
    /// The client.
    pub client: ClientId,
    /// What the grant allows.
    pub access: Access,
    /// Whether grant and connection are both in force, if the connection has not ended by itself.
    pub is_in_force: bool,
    /// When the connection ends by itself, if it does.
    pub connected_until: Option<Timestamp>,
    /// Whether the operator refuses the client, or its owner has switched it off.
    pub is_client_disabled: bool,
    /// Whether the client acts by itself, for its owner.
    pub acts_alone: bool,
    /// Whether the token itself was revoked.
    pub is_token_revoked: bool,
    /// When the last of the grant's access tokens that were revoked alone would have ended.
    pub tokens_revoked_until: Option<Timestamp>,
    /// The workspaces that the connection's client may act in.
    pub reach: Reach,
    /// Whom it acts for.
    pub account: Account,
}

/// Writes an approved grant; `false` when it is there.
/// `client` is what the client's document said, if it has one.
pub fn insert(
    tx: &mut Tx<'_>,
    grant: &Grant,
    client: Option<&ClientMetadata>,
) -> Result<bool, Error> {
    // A struct of strings always serializes.
    let client = client.map(|client| serde_json::to_string(client).unwrap_or_default());
    let params = [
        grant.id.into(),
        grant.connection.into(),
        grant.redirect_uri.as_str().into(),
        grant.challenge.as_bytes().into(),
        grant.scope.as_str().into(),
        grant.access.to_string().into(),
        grant.nonce.as_deref().into(),
        grant.signed_in_at.into(),
        grant.created_at.into(),
        grant.ends_at.into(),
        client.into(),
    ];
    Ok(tx.execute(&INSERT, &params)? == 1)
}

/// A grant with all it hangs on.
pub fn find(tx: &mut Tx<'_>, id: GrantId) -> Result<Option<FoundGrant>, Error> {
    tx.query_opt(&FIND, &[id.into()])?.as_ref().map(read).transpose()
}

/// Takes a grant until the end of the transaction; `false` when it is over.
pub fn take_in_force(tx: &mut Tx<'_>, id: GrantId) -> Result<bool, Error> {
    Ok(tx.execute(&TAKE_IN_FORCE, &[id.into()])? == 1)
}

/// The grant under which an owned client acts by itself, if it lasts beyond a time, with all it hangs on.
pub fn find_alone(
    tx: &mut Tx<'_>,
    client: ClientId,
    beyond: Timestamp,
) -> Result<Option<FoundGrant>, Error> {
    match tx.query_opt(&FIND_ALONE, &[client.into(), beyond.into()])? {
        Some(row) => find(tx, GrantId::from_bytes(row.id16(0)?)),
        None => Ok(None),
    }
}

/// Whom an access token of a grant acts for.
pub fn find_for_access_token(
    tx: &mut Tx<'_>,
    id: GrantId,
    token: AccessTokenId,
) -> Result<Option<FoundForAccessToken>, Error> {
    let row = tx.query_opt(&FIND_FOR_ACCESS_TOKEN, &[id.into(), token.into()])?;
    row.map(|row| {
        Ok(FoundForAccessToken {
            connection: ConnectionId::from_bytes(row.id16(0)?),
            client: ClientId::from_bytes(row.id16(1)?),
            access: connections::access(&row, 2)?,
            is_in_force: row.int(3)? == 1,
            is_client_disabled: row.opt_int(4)?.is_some(),
            is_token_revoked: row.opt_int(5)?.is_some(),
            tokens_revoked_until: row.opt_timestamp(6)?,
            reach: connections::reach(&row, 7)?,
            acts_alone: row.int(8)? == 1,
            account: accounts::read(&row, 9)?,
            connected_until: row.opt_timestamp(15)?,
        })
    })
    .transpose()
}

/// Counts a wrong verifier against a code.
pub fn count_wrong_verifier(tx: &mut Tx<'_>, id: GrantId) -> Result<(), Error> {
    tx.execute(&COUNT_WRONG_VERIFIER, &[id.into()]).map(drop)
}

/// Redeems a code; `false` when the grant is no longer approved.
pub fn redeem(
    tx: &mut Tx<'_>,
    id: GrantId,
    at: Timestamp,
    refresh: Option<Refresh>,
    ends_at: Timestamp,
) -> Result<bool, Error> {
    let params = [
        id.into(),
        at.into(),
        refresh.map(|refresh| refresh.generation).into(),
        refresh.map(|refresh| *refresh.digest.as_bytes()).into(),
        ends_at.into(),
        MAX_WRONG_VERIFIERS.into(),
    ];
    Ok(tx.execute(&REDEEM, &params)? == 1)
}

/// Makes the refresh token after `generation` the good one; `false` when another one is by now.
pub fn rotate(
    tx: &mut Tx<'_>,
    id: GrantId,
    generation: u32,
    next: &Digest,
    ends_at: Timestamp,
) -> Result<bool, Error> {
    let params = [id.into(), generation.into(), next.as_bytes().into(), ends_at.into()];
    Ok(tx.execute(&ROTATE, &params)? == 1)
}

/// Notes that an access token of a grant, which would end at a time, is revoked alone.
pub fn note_revoked_token(tx: &mut Tx<'_>, id: GrantId, ends_at: Timestamp) -> Result<(), Error> {
    tx.execute(&NOTE_REVOKED_TOKEN, &[id.into(), ends_at.into()]).map(drop)
}

/// Ends a grant; `false` when it is not there or has been ended.
pub fn revoke(tx: &mut Tx<'_>, id: GrantId, at: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&REVOKE, &[id.into(), at.into()])? == 1)
}

/// Ends a grant; `false` when its code is redeemed, or it has been ended.
pub fn take_back(tx: &mut Tx<'_>, id: GrantId, at: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&TAKE_BACK, &[id.into(), at.into()])? == 1)
}

/// What a stretch of a sweep came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Where it stopped.
    pub last: GrantId,
    /// How many it deleted.
    pub deleted: u64,
}

/// Goes over the next `limit` grants after an id and deletes those that had ended by `ended_before`, or
/// by `now` when their code was never redeemed. `None` at the end of the table.
pub fn sweep(
    tx: &mut Tx<'_>,
    after: GrantId,
    ended_before: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Option<Swept>, Error> {
    let rows = tx.query(&WALK, &[after.into(), limit.into()])?;
    let Some(last) = rows.last() else {
        return Ok(None);
    };
    let last = GrantId::from_bytes(last.id16(0)?);
    let params = [after.into(), last.into(), ended_before.into(), now.into()];
    Ok(Some(Swept { last, deleted: tx.execute(&DELETE_ENDED, &params)? }))
}

fn read(row: &Row) -> Result<FoundGrant, Error> {
    let grant = Grant {
        id: GrantId::from_bytes(row.id16(0)?),
        connection: ConnectionId::from_bytes(row.id16(1)?),
        redirect_uri: row.text(2)?.to_owned(),
        challenge: CodeChallenge::from_bytes(row.bytes(3)?),
        scope: row.text(4)?.to_owned(),
        access: connections::access(row, 5)?,
        nonce: row.opt_text(6)?.map(str::to_owned),
        signed_in_at: row.timestamp(7)?,
        created_at: row.timestamp(8)?,
        state: state(row)?,
        ends_at: row.timestamp(14)?,
    };
    let grant_types = row.opt_text(22)?.map(kept_grant_types).transpose();
    Ok(FoundGrant {
        grant,
        client: ClientId::from_bytes(row.id16(15)?),
        is_connected: row.opt_int(16)?.is_none(),
        is_client_disabled: row.opt_int(17)?.is_some(),
        acts_alone: row.int(18)? == 1,
        authentication: clients::authentication(row, 19)?,
        document: row.opt_text(21)?.map(str::to_owned),
        client_grant_types: grant_types.map_err(|_| row.unexpected(22, "client metadata"))?,
        account: accounts::read(row, 23)?,
        connected_until: row.opt_timestamp(29)?,
    })
}

fn state(row: &Row) -> Result<GrantState, Error> {
    if row.opt_int(13)?.is_some() {
        return Ok(GrantState::Revoked);
    }
    let Some(at) = row.opt_timestamp(10)? else {
        return Ok(GrantState::Approved { wrong_verifiers: row.int(9)? });
    };
    let refresh = match row.opt_int(11)? {
        None => None,
        Some(generation) => Some(Refresh {
            generation: u32::try_from(generation)
                .map_err(|_| row.unexpected(11, "a generation"))?,
            digest: Digest::from_bytes(row.bytes(12)?),
        }),
    };
    Ok(GrantState::Redeemed { at, refresh })
}
