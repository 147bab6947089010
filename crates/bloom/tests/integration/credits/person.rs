//! Somebody with credits, and what the tests ask for in their name.

use std::sync::Arc;
use std::time::Duration;

use bloom_domain::credits::{
    Amount, CreditBalance, CreditGrant, GrantKind, ImageSize, LedgerLine, PaidWork, Reference,
};
use bloom_domain::email::Email;
use bloom_domain::ids::WorkspaceId;
use bloom_domain::plans::PlanTable;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::WorkspaceChoice;
use bloom_service::authenticate::{Presented, authenticate};
use bloom_service::credits::endings::{self, ItemEnd};
use bloom_service::credits::holds::{self, HoldOrder};
use bloom_service::credits::{self, GrantOrder, Granted, Ledger};
use bloom_service::plans::Billing;
use bloom_service::rate_limit::RateLimits;
use bloom_service::work::{HeldCredits, Work};
use bloom_service::{Error, Principal};
use bloom_store::Database;

use crate::support::App;

/// Longer than any test that does not wait for it.
pub(crate) const LONG: Duration = Duration::from_secs(3_600);

/// Somebody with a key, and the workspace that pays.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) app: App,
    pub(crate) key: String,
    pub(crate) workspace: WorkspaceId,
    pub(crate) choice: WorkspaceChoice,
}

/// The same app with a plan on which credits must be there.
pub(crate) async fn metered(app: App) -> App {
    app.again(|options| {
        options.billing = Some(Arc::new(Billing::with(PlanTable::plain())));
        options.rate_limits = RateLimits::OFF;
    })
    .await
}

impl Person {
    /// `{name}@example.com`, with the personal workspace.
    pub(crate) async fn new(app: &App, name: &str) -> Self {
        let mut browser = app.person(name).await;
        let key = browser.create_key("ci").await.secret;
        Self::of(app, browser.email(), &key).await
    }

    /// Somebody who has signed up, with a key of theirs.
    pub(crate) async fn of(app: &App, email: &str, key: &str) -> Self {
        let email = Email::parse(email).unwrap();
        let found = credits::workspace_of(app.service(), &app.operator(), &email, None).await;
        let choice = WorkspaceChoice::Personal;
        Self { app: app.clone(), key: key.to_owned(), workspace: found.unwrap(), choice }
    }

    /// The same person in a new team of theirs. There is no page for that yet, so the rows are written
    /// by hand.
    pub(crate) fn in_team(&self, email: &str, number: u32) -> Self {
        let mut id = [0xaa; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let digits: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let id_sql = match self.app.database().database() {
            Database::Sqlite { .. } => format!("x'{digits}'"),
            Database::Postgres { .. } => format!("'\\x{digits}'::bytea"),
        };
        self.app.database().run(&format!(
            "INSERT INTO workspaces (id, kind, name, created_at) VALUES ({id_sql}, 'team', 'T', 1);
             INSERT INTO members (workspace_id, account_id, role, joined_at)
             SELECT {id_sql}, id, 'member', 1 FROM accounts WHERE email = '{email}';"
        ));
        let workspace = WorkspaceId::from_bytes(id);
        Self { workspace, choice: WorkspaceChoice::Team(workspace), ..self.clone() }
    }

    /// The same person before another process.
    pub(crate) fn before(&self, app: &App) -> Self {
        Self { app: app.clone(), ..self.clone() }
    }

    pub(crate) async fn principal(&self) -> Principal {
        authenticate(self.app.service(), Presented::Bearer(&self.key), None)
            .await
            .expect("a good key")
    }

    pub(crate) async fn balance(&self) -> CreditBalance {
        let principal = self.principal().await;
        credits::get(self.app.service(), &principal, self.choice).await.unwrap()
    }

    /// What can be spent, whether or not the plan lets anybody see it.
    pub(crate) async fn balance_of_ledger(&self) -> i64 {
        self.ledger().await.standing.balance()
    }

    pub(crate) async fn grant(
        &self,
        kind: GrantKind,
        credits: i64,
        reference: &str,
        expires: Option<Timestamp>,
    ) -> Result<Granted, Error> {
        let order = GrantOrder {
            workspace: self.workspace,
            kind,
            amount: amount(credits),
            expires,
            reference: Reference::parse(reference).unwrap(),
        };
        credits::grant(self.app.service(), &self.app.operator(), order).await
    }

    /// Bought credits.
    pub(crate) async fn topup(&self, credits: i64, reference: &str) -> CreditGrant {
        self.grant(GrantKind::Topup, credits, reference, None).await.unwrap().grant
    }

    pub(crate) async fn take_back(&self, reference: &str, total: i64) -> Result<(), Error> {
        let reference = Reference::parse(reference).unwrap();
        let (service, operator) = (self.app.service(), self.app.operator());
        credits::take_back(service, &operator, &reference, amount(total)).await.map(drop)
    }

    pub(crate) async fn hold(
        &self,
        reference: &str,
        work: PaidWork,
        lifetime: Duration,
    ) -> Result<HeldCredits, Error> {
        let reference = Reference::parse(reference).unwrap();
        let order = HoldOrder { work, reference, lifetime };
        let principal = self.principal().await;
        holds::hold(self.app.service(), &principal, self.choice, order).await
    }

    /// Holds one credit for each of so many images.
    pub(crate) async fn images(&self, reference: &str, variants: u32) -> Result<Work, Error> {
        let work = PaidWork::Generate { size: ImageSize::TwoK, variants };
        self.hold(reference, work, LONG).await.map(|held| held.work)
    }

    pub(crate) async fn settle(
        &self,
        work: &Work,
        item: u32,
        credits: i64,
    ) -> Result<ItemEnd, Error> {
        endings::settle(self.app.service(), work, item, amount(credits)).await
    }

    pub(crate) async fn void(&self, work: &Work, item: u32) -> Result<ItemEnd, Error> {
        endings::void(self.app.service(), work, item).await
    }

    pub(crate) async fn ledger(&self) -> Ledger {
        credits::list(self.app.service(), &self.app.operator(), self.workspace).await.unwrap()
    }

    /// The grant of a source.
    pub(crate) async fn grant_of(&self, source: &str) -> CreditGrant {
        let grants = self.ledger().await.grants;
        grants.into_iter().find(|grant| grant.source == source).expect("it is there")
    }

    /// Every movement, read in small pages.
    pub(crate) async fn movements(&self) -> Vec<LedgerLine> {
        let (service, operator) = (self.app.service(), self.app.operator());
        let mut all: Vec<LedgerLine> = Vec::new();
        loop {
            let after = all.last().map_or((0, 0), |last| (last.entry, last.line));
            let page = credits::export(service, &operator, self.workspace, after, 7).await.unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    /// The movements as words, such as `held 2`.
    pub(crate) async fn story(&self) -> Vec<String> {
        let movements = self.movements().await;
        let words = movements
            .iter()
            .map(|line| format!("{} {}", line.movement.kind.as_str(), line.movement.amount.get()));
        words.collect()
    }
}

pub(crate) fn amount(credits: i64) -> Amount {
    Amount::new(credits).unwrap()
}
