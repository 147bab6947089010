//! A person's yes, as one transaction: the connection when it is new, what they agreed to, the grant.

use bloom_domain::audit::{Action, Subject};
use bloom_domain::clients::{Client, USED_RESOLUTION};
use bloom_domain::connections::{Consent, RETURN_RESOLUTION, Until};
use bloom_domain::credits::{Budget, ChargedVia, Spender};
use bloom_domain::grants::{CODE_LIFETIME, Grant, GrantState};
use bloom_domain::ids::{ConnectionId, GrantId};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Reach;
use bloom_oauth::authorization::answer;
use bloom_oauth::pkce::CodeChallenge;
use bloom_store as store;
use serde_json::{Value, json};
use store::{Change, Tx};

use crate::audit::{Author, Difference};
use crate::authorization_requests::{Known, QUESTION_KEPT, version};
use crate::credits::budgets;
use crate::sessions::Claim;
use crate::{Error, Service, SignedIn, codes};

/// What a person chose when they said yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The workspaces that the client may act in.
    pub reach: Reach,
    /// How much it may spend. A budget that the connection has already is never raised by this.
    pub budget: Budget,
    /// How long the client is let in.
    pub until: Until,
}

/// When the person agreed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Agreed {
    /// Just now, on the page.
    Now {
        terms: Terms,
        /// When the connection is to end by itself, by these terms.
        ends_at: Option<Timestamp>,
    },
    /// To as much, some time before.
    Before,
}

/// A yes to be written.
struct Approve {
    claim: Claim,
    client: Client,
    asked: Consent,
    /// Its connection is the one to be made, unless there is one.
    grant: Grant,
    agreed: Agreed,
    asked_at: Timestamp,
    author: Author,
    now: Timestamp,
}

/// Writes the grant, and the connection when it is new; gives the way back with the code. `None` when
/// what was agreed to was taken back meanwhile.
pub(crate) async fn approve(
    service: &Service,
    person: &SignedIn,
    known: &Known,
    grant: GrantId,
    agreed: Agreed,
) -> Result<Option<String>, Error> {
    let (asked, now, request) = (known.consent(), service.now(), &known.pending.request);
    let asked_at = Timestamp::from_unix_micros(known.pending.asked_at);
    let ends_at = now.plus(CODE_LIFETIME);
    let ends_at = match agreed {
        // As long as the same yes could be sent again: without its row it would make the same code anew.
        Agreed::Now { .. } => ends_at.max(asked_at.plus(QUESTION_KEPT)),
        Agreed::Before => ends_at,
    };
    let grant = Grant {
        id: grant,
        connection: ConnectionId::new(now, &service.entropy.draw()?),
        redirect_uri: request.redirect_uri.clone(),
        challenge: CodeChallenge::from_bytes(request.challenge),
        scope: asked.scopes.to_string(),
        access: asked.access,
        nonce: request.nonce.clone(),
        signed_in_at: person.signed_in_at(),
        created_at: now,
        state: GrantState::Approved { wrong_verifiers: 0 },
        ends_at,
    };
    let code = codes::issue(&service.keyring.load(), grant.id);
    let (claim, client) = (person.claim(), known.client.clone());
    let author = person.author(service)?;
    let approve = Approve { claim, client, asked, grant, agreed, asked_at, author, now };
    let is_written = service.store.write(move |tx| approve.run(tx)).await??;
    let issuer = service.authorization_server.issuer();
    let state = request.state.as_deref();
    let back = || answer(&request.redirect_uri, issuer, state, &[("code", &code)]);
    Ok(is_written.then(back))
}

/// Ends what a yes to the same question gave, unless its code is redeemed: whoever went back and said no meant that. A
/// connection that was made by the yes, and what is remembered with it, is seen in the settings and revoked there.
pub(crate) async fn take_back(
    service: &Service,
    person: &SignedIn,
    id: GrantId,
) -> Result<(), Error> {
    // Nothing is written for those who said no at once, who are nearly all.
    let found = service.store.read(move |tx| store::grants::find(tx, id)).await?;
    if !found.is_some_and(|found| matches!(found.grant.state, GrantState::Approved { .. })) {
        return Ok(());
    }
    let (claim, author, now) = (person.claim(), person.author(service)?, service.now());
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        if store::grants::take_back(tx, id, now)? {
            let subject = Subject::Grant(id);
            let difference = Difference::default();
            author.record(tx, Action::GrantTakenBack, subject, claim.account, difference);
            tx.changed(Change::Grant(id));
        }
        Ok(Ok(()))
    };
    service.store.write(write).await?
}

impl Approve {
    fn run(&self, tx: &mut Tx<'_>) -> Result<Result<bool, Error>, store::Error> {
        if let Err(refused) = self.claim.check(tx)? {
            return Ok(Err(refused));
        }
        let is_written = self.write(tx)?;
        if !is_written {
            // Nothing was agreed to, so nothing is noted either: not what a document says now, nor a use.
            tx.abandon();
        }
        Ok(Ok(is_written))
    }

    /// Writes it; `false` when it is no yes any more.
    fn write(&self, tx: &mut Tx<'_>) -> Result<bool, store::Error> {
        // What the person was shown is what they agree to: an owner who changes the client meanwhile comes
        // wholly before or wholly after.
        if self.client.owned.is_some() {
            store::clients::take_owned(tx, self.client.id)?;
        }
        if self.client.document.is_some() {
            store::clients::put_document(tx, &self.client, self.now)?;
        }
        let standing = store::clients::standing(tx, self.client.id)?;
        let Some(standing) = standing.filter(|standing| !standing.is_refused) else {
            return Ok(false);
        };
        // What a client of nobody is never changes.
        if self.client.can_change() {
            let client = store::clients::find(tx, self.client.id)?;
            if client.is_none_or(|client| version(&client) != self.asked.version) {
                return Ok(false);
            }
        }
        if let Agreed::Now { ends_at, .. } = &self.agreed {
            // One from before the app was revoked is none any more, whether or not it was sent before.
            let account = self.claim.account;
            if store::connections::was_revoked_since(tx, account, self.client.id, self.asked_at)? {
                return Ok(false);
            }
            // A yes sent twice is one yes, and none after a no to the same question.
            if let Some(found) = store::grants::find(tx, self.grant.id)? {
                let is_good = found.grant.state != GrantState::Revoked;
                return if is_good { self.narrow(tx, found.grant.connection) } else { Ok(false) };
            }
            // They were shown an end that has come.
            if ends_at.is_some_and(|end| end <= self.now) {
                return Ok(false);
            }
        }
        // Before the connection: whoever takes both takes the client first.
        let noted_since = self.now.minus(USED_RESOLUTION);
        if standing.used_at < noted_since {
            store::clients::note_use(tx, self.client.id, self.now, noted_since)?;
        }
        let Some(connection) = self.connect(tx)? else {
            return Ok(false);
        };
        let said = self.client.document.as_ref().map(|_| &self.client.metadata);
        store::grants::insert(tx, &Grant { connection, ..self.grant.clone() }, said)?;
        Ok(true)
    }

    /// The connection that the grant is to be of. The account's row is taken, so nobody connects or
    /// revokes meanwhile. `None` when what is asked must have been agreed to before, and was not.
    fn connect(&self, tx: &mut Tx<'_>) -> Result<Option<ConnectionId>, store::Error> {
        let (account, site) = (self.claim.account, self.asked.site.as_deref());
        if let Agreed::Now { .. } = self.agreed {
            store::connections::close(tx, account, self.client.id, self.now)?;
        }
        let of = (self.client.id, site);
        let there = store::connections::find_in_force(tx, account, of, self.now)?;
        let earlier = there.as_ref().and_then(|there| there.consent.clone());
        let Agreed::Now { terms: chosen, ends_at } = &self.agreed else {
            let is_covered = earlier.is_some_and(|earlier| self.asked.is_covered_by(&earlier));
            let Some(there) = there.filter(|_| is_covered) else {
                return Ok(None);
            };
            let after = self.told(Some(&self.asked), &there.reach, there.ends_at);
            self.record_return(tx, there.id, (Value::Null, after))?;
            return Ok(Some(there.id));
        };
        let both = earlier
            .as_ref()
            .map_or_else(|| self.asked.clone(), |earlier| earlier.joined(&self.asked));
        let is_wider = earlier.as_ref() != Some(&both);
        let reach = self.within(tx, &chosen.reach)?;
        // The person belongs to none of those that they chose, which the page would not have offered.
        if reach == Reach::Only(Vec::new()) {
            return Ok(None);
        }
        let is_elsewhere = there.as_ref().map_or(&Reach::All, |there| &there.reach) != &reach;
        let ends_at = *ends_at;
        let ended = there.as_ref().and_then(|there| there.ends_at);
        let before = there
            .as_ref()
            .map(|there| self.told(earlier.as_ref(), &there.reach, there.ends_at))
            .unwrap_or_default();
        let (id, budget) = match there {
            Some(there) => (there.id, chosen.budget),
            None => {
                let id = self.grant.connection;
                let carried = budgets::carried(tx, account, self.client.id, self.now)?;
                store::connections::insert(tx, id, account, self.client.id, self.now)?;
                (id, carried.and(&chosen.budget))
            }
        };
        if is_wider {
            store::connections::put_consent(tx, id, &both)?;
        }
        // Both hold for the tokens that the app has, too.
        if is_elsewhere {
            store::connections::set_reach(tx, id, &reach)?;
            tx.changed(Change::Connection(id));
        }
        if ends_at != ended {
            store::connections::set_end(tx, id, ends_at)?;
            tx.changed(Change::Connection(id));
        }
        let spender = Spender { account, via: ChargedVia::Connection(id) };
        budgets::lower(tx, spender, &budget, &self.author)?;
        // What it asks for is added to what it has.
        let told = (before, self.told(Some(&both), &reach, ends_at));
        if is_wider || is_elsewhere || ends_at != ended {
            self.record(tx, Action::AppAllowed, id, told);
        } else {
            self.record_return(tx, id, told)?;
        }
        Ok(Some(id))
    }

    /// Another yes to the same question: whoever went back and chose less meant that. What holds is never widened by it,
    /// since the same form may come late, after the person has narrowed the app elsewhere; whoever chooses more is asked
    /// anew (`false`).
    fn narrow(&self, tx: &mut Tx<'_>, connection: ConnectionId) -> Result<bool, store::Error> {
        let Agreed::Now { terms: chosen, ends_at } = &self.agreed else {
            return Ok(true);
        };
        let (account, site) = (self.claim.account, self.asked.site.as_deref());
        store::connections::close(tx, account, self.client.id, self.now)?;
        let there =
            store::connections::find_in_force(tx, account, (self.client.id, site), self.now)?;
        let Some(there) = there.filter(|there| there.id == connection) else {
            return Ok(true);
        };
        let wished = self.within(tx, &chosen.reach)?;
        if !wished.is_within(&there.reach) || wished == Reach::Only(Vec::new()) {
            return Ok(false);
        }
        let is_less = !there.reach.is_within(&wished);
        let end = match (there.ends_at, *ends_at) {
            (Some(there), Some(wished)) => Some(there.min(wished)),
            (there, wished) => there.or(wished),
        };
        let before = self.told(there.consent.as_ref(), &there.reach, there.ends_at);
        if is_less {
            store::connections::set_reach(tx, connection, &wished)?;
        }
        if end != there.ends_at {
            store::connections::set_end(tx, connection, end)?;
        }
        if is_less || end != there.ends_at {
            tx.changed(Change::Connection(connection));
            let after = self.told(there.consent.as_ref(), &wished, end);
            self.record(tx, Action::AppAllowed, connection, (before, after));
        }
        let spender = Spender { account, via: ChargedVia::Connection(connection) };
        budgets::lower(tx, spender, &chosen.budget, &self.author)?;
        Ok(true)
    }

    /// Records that the app came back, once in a while: a page that sends a browser here again and again must not
    /// fill the audit.
    fn record_return(
        &self,
        tx: &mut Tx<'_>,
        id: ConnectionId,
        told: (Value, Value),
    ) -> Result<(), store::Error> {
        let since = self.now.minus(RETURN_RESOLUTION);
        if store::connections::note_return(tx, id, self.now, since)? {
            self.record(tx, Action::AppReturned, id, told);
        }
        Ok(())
    }

    /// A choice of workspaces, without those that the person does not belong to.
    fn within(&self, tx: &mut Tx<'_>, chosen: &Reach) -> Result<Reach, store::Error> {
        let Reach::Only(chosen) = chosen else {
            return Ok(Reach::All);
        };
        let theirs = store::workspaces::list_of(tx, self.claim.account)?;
        let ids = theirs.into_iter().map(|workspace| workspace.id);
        Ok(Reach::Only(ids.filter(|id| chosen.contains(id)).collect()))
    }

    /// What was agreed to for a place, and what holds for the connection, as the audit tells it.
    fn told(&self, consent: Option<&Consent>, reach: &Reach, until: Option<Timestamp>) -> Value {
        let mut told = json!({ "app": self.client.display_name() });
        if let Some(consent) = consent {
            told["site"] = consent.site.clone().into();
            told["access"] = consent.access.to_string().into();
            told["scope"] = consent.scopes.to_string().into();
        }
        if let Some(some) = reach.to_stored() {
            told["workspaces"] = some.into();
        }
        if let Some(end) = until {
            told["until"] = end.to_string().into();
        }
        told
    }

    fn record(
        &self,
        tx: &mut Tx<'_>,
        action: Action,
        connection: ConnectionId,
        (before, after): (Value, Value),
    ) {
        let difference = Difference { before, after };
        let account = self.claim.account;
        self.author.record(tx, action, Subject::Connection(connection), account, difference);
    }
}
