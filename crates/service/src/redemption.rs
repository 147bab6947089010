//! Redeeming a code, as one transaction: decide from the grant as it is, then write what was decided.

use bloom_domain::audit::{Action, Subject};
use bloom_domain::grants::{ACCESS_TOKEN_LIFETIME, GrantState, Redemption, Refresh};
use bloom_domain::ids::{ClientId, GrantId};
use bloom_domain::time::Timestamp;
use bloom_oauth::pkce::CodeVerifier;
use bloom_store as store;
use store::Tx;
use store::grants::FoundGrant;

use crate::Settings;
use crate::audit::{Author, Difference};
use crate::client_authentication::Proof;
use crate::refresh_tokens::RefreshToken;
use crate::tokens::{End, Outcome, Refused, end, is_in_force};

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

impl Redeem {
    /// Redeems it. A refusal is committed too: it may have counted a wrong verifier or ended the grant.
    pub(crate) fn run(
        &self,
        tx: &mut Tx<'_>,
        settings: &Settings,
    ) -> Result<Outcome, store::Error> {
        let Some(found) = store::grants::find(tx, self.grant)? else {
            return Ok(Err(Refused::Grant("the code is not known")));
        };
        let (client, proof) = &self.client;
        if found.client != *client || !proof.names_client_of(&found) {
            return Ok(Err(Refused::OtherClient));
        }
        if let Err(error) = proof.check(&found.authentication) {
            return Ok(Err(Refused::Unproven(error)));
        }
        match found.grant.redemption(&self.redirect_uri, &self.verifier, self.now) {
            Redemption::Redeem => self.redeem(tx, settings, found),
            Redemption::WrongVerifier => {
                store::grants::count_wrong_verifier(tx, self.grant)?;
                Ok(Err(Refused::Grant("code_verifier does not fit code_challenge")))
            }
            Redemption::Replayed => {
                let end_of = End::Returned("a spent code came back with its verifier");
                end(tx, &found, self.now, (&self.author, end_of))?;
                Ok(Err(Refused::Grant("the code was used before; its tokens are revoked")))
            }
            Redemption::Refuse(why) => {
                if matches!(found.grant.state, GrantState::Redeemed { .. }) {
                    self.record_repeated(tx, &found);
                }
                Ok(Err(Refused::Grant(why)))
            }
        }
    }

    fn record_repeated(&self, tx: &mut Tx<'_>, found: &FoundGrant) {
        let (subject, account) = (Subject::Grant(self.grant), found.account.id);
        self.author.record(tx, Action::CodeRepeated, subject, account, Difference::default());
    }

    fn redeem(
        &self,
        tx: &mut Tx<'_>,
        settings: &Settings,
        found: FoundGrant,
    ) -> Result<Outcome, store::Error> {
        if let Err(refused) = is_in_force(&found, self.now) {
            return Ok(Err(refused));
        }
        let may_refresh = found.client_grant_types.iter().any(|kind| kind == "refresh_token");
        let (token, refresh) = &self.first;
        let (token, refresh) =
            (may_refresh.then(|| token.clone()), may_refresh.then_some(*refresh));
        let ends_at = match may_refresh {
            true => settings.refresh_ends_at(found.grant.created_at, self.now),
            false => self.now.plus(ACCESS_TOKEN_LIFETIME),
        };
        if store::grants::redeem(tx, self.grant, self.now, refresh, ends_at)? {
            Ok(Ok((found, token)))
        } else {
            Ok(Err(Refused::Grant("the code was used before")))
        }
    }
}
