//! Redeeming a code, as one transaction: decide from the grant as it is, then write what was decided.

use bloom_domain::grants::{ACCESS_TOKEN_LIFETIME, GrantState, Redemption, Refresh};
use bloom_domain::ids::{AccountId, ClientId, ConnectionId, GrantId};
use bloom_domain::time::Timestamp;
use bloom_oauth::pkce::CodeVerifier;
use bloom_store as store;
use store::Tx;
use store::grants::FoundGrant;

use crate::Settings;
use crate::audit::Author;
use crate::client_authentication::Proof;
use crate::refresh_tokens::RefreshToken;
use crate::tokens::{End, Outcome, Refused, end, is_in_force};

/// How often a decision is made again because another redemption was first.
const ATTEMPTS: usize = 3;

/// A presented code, with all that must come with it.
pub(crate) struct Redeem {
    pub(crate) grant: GrantId,
    /// Who brings it, with what proves that.
    pub(crate) client: (ClientId, Proof),
    pub(crate) redirect_uri: String,
    pub(crate) verifier: CodeVerifier,
    /// The refresh token to answer with, and what is stored for it.
    pub(crate) first: (RefreshToken, Refresh),
    pub(crate) author: Author,
    pub(crate) now: Timestamp,
}

/// A code that was used before came back, whoever brought it with whatever, and nothing changed by that. It is
/// told of outside of the transaction: anybody who has seen a code can bring it back without end.
pub(crate) struct Repeated {
    pub(crate) connection: ConnectionId,
    pub(crate) account: AccountId,
}

impl Repeated {
    fn of(found: &FoundGrant) -> Option<Self> {
        let (connection, account) = (found.grant.connection, found.account.id);
        matches!(found.grant.state, GrantState::Redeemed { .. })
            .then_some(Self { connection, account })
    }
}

impl Redeem {
    /// Redeems it. A refusal is committed too: it may have counted a wrong verifier or ended the grant. Whoever
    /// loses a race decides anew, by what the winner left.
    pub(crate) fn run(
        &self,
        tx: &mut Tx<'_>,
        settings: &Settings,
    ) -> Result<(Outcome, Option<Repeated>), store::Error> {
        for _ in 0..ATTEMPTS {
            let Some(found) = store::grants::find(tx, self.grant)? else {
                return Ok((Err(Refused::Grant("the code is not known")), None));
            };
            let repeated = Repeated::of(&found);
            if let Err(refused) = self.admit(&found) {
                return Ok((Err(refused), repeated));
            }
            match found.grant.redemption(&self.redirect_uri, &self.verifier, self.now) {
                Redemption::Refuse(why) => return Ok((Err(Refused::Grant(why)), repeated)),
                Redemption::DoubleSubmit => return Ok((Err(Refused::DoubleSubmit), repeated)),
                Redemption::WrongVerifier => {
                    store::grants::count_wrong_verifier(tx, self.grant)?;
                    let why = "code_verifier does not fit code_challenge";
                    return Ok((Err(Refused::Grant(why)), None));
                }
                Redemption::Replayed => {
                    let end_of = End::Returned("a spent code came back with its verifier");
                    end(tx, &found, self.now, (&self.author, end_of))?;
                    let why = "the code was used before; its tokens are revoked";
                    return Ok((Err(Refused::Grant(why)), None));
                }
                Redemption::Redeem => {
                    if let Some(outcome) = self.redeem(tx, settings, found)? {
                        return Ok((outcome, None));
                    }
                }
            }
        }
        Err(store::Error::Conflict)
    }

    /// Whether it is the grant's client that brings it.
    fn admit(&self, found: &FoundGrant) -> Result<(), Refused> {
        let (client, proof) = &self.client;
        if found.client != *client || !proof.names_client_of(found) {
            return Err(Refused::OtherClient);
        }
        proof.check(&found.authentication).map_err(Refused::Unproven)
    }

    /// Issues tokens for it; `None` when another redemption was first.
    fn redeem(
        &self,
        tx: &mut Tx<'_>,
        settings: &Settings,
        found: FoundGrant,
    ) -> Result<Option<Outcome>, store::Error> {
        if let Err(refused) = is_in_force(&found, self.now) {
            return Ok(Some(Err(refused)));
        }
        if !found.is_registered_for("authorization_code") {
            return Ok(Some(Err(Refused::NotRegistered("authorization_code"))));
        }
        let may_refresh = found.is_registered_for("refresh_token");
        let (token, refresh) = &self.first;
        let (token, refresh) =
            (may_refresh.then(|| token.clone()), may_refresh.then_some(*refresh));
        let ends_at = match may_refresh {
            true => settings.refresh_ends_at(found.grant.created_at, self.now),
            false => self.now.plus(ACCESS_TOKEN_LIFETIME),
        };
        let is_first = store::grants::redeem(tx, self.grant, self.now, refresh, ends_at)?;
        Ok(is_first.then_some(Ok((found, token))))
    }
}
