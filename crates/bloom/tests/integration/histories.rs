//! Everything that can happen to a grant at once, judged by a checker over what clients saw.

use std::sync::Arc;

use bloom_service::rate_limit::RateLimits;

use crate::history::{Ask, History, Outcome};
use crate::support::oauth::{OAuthClient, REDIRECT, Tokens, parameter};
use crate::support::{App, Browser, at_once, on_both};

on_both!(
    fifty_redemptions_and_what_follows_are_in_order,
    fifty_that_refresh_without_end_are_in_order,
    a_revocation_that_races_refreshes_is_in_order,
    a_ban_that_races_everything_is_in_order,
);

/// A grant that many clients share, and the record of what they do with it.
#[derive(Clone)]
struct Shared {
    app: App,
    client: OAuthClient,
    history: Arc<History>,
    /// What the record calls the grant.
    grant: String,
    code: String,
}

impl Shared {
    async fn redeem(&self) -> Option<Tokens> {
        let begin = self.history.begin();
        let answer = self.client.redeem(&self.code).await;
        let tokens = (answer.status == 200).then(|| Tokens::of(&answer));
        assert!(tokens.is_some() || answer.status == 400, "{answer:?}");
        self.record(Ask::Redeem, begin, outcome(tokens.as_ref()));
        tokens
    }

    async fn refresh(&self, token: &str) -> Option<Tokens> {
        let begin = self.history.begin();
        let answer = self.client.refresh(token).await;
        let tokens = (answer.status == 200).then(|| Tokens::of(&answer));
        assert!(tokens.is_some() || answer.status == 400, "{answer:?}");
        self.record(Ask::Refresh(token.to_owned()), begin, outcome(tokens.as_ref()));
        tokens
    }

    async fn use_token(&self, access: &str) {
        let begin = self.history.begin();
        let status = self.app.get_as("/api/v1/account", access).await.status;
        assert!(matches!(status, 200 | 401 | 403), "{status}");
        let outcome = if status == 200 { Outcome::Done } else { Outcome::Refused };
        self.record(Ask::Use, begin, outcome);
    }

    async fn revoke(&self, token: &str) {
        let begin = self.history.begin();
        assert_eq!(self.client.revoke(token).await.status, 200);
        self.record(Ask::Revoke, begin, Outcome::Done);
    }

    fn record(&self, ask: Ask, begin: u64, outcome: Outcome) {
        self.history.record(&self.grant, ask, begin, outcome);
    }

    /// Refreshes and uses what comes of it, so many times or until it is refused.
    async fn work(&self, mut tokens: Tokens, times: usize) {
        for _ in 0..times {
            self.use_token(&tokens.access).await;
            match self.refresh(&tokens.refresh).await {
                Some(next) => tokens = next,
                None => return,
            }
        }
        self.use_token(&tokens.access).await;
    }
}

fn outcome(tokens: Option<&Tokens>) -> Outcome {
    tokens.map_or(Outcome::Refused, |tokens| Outcome::Tokens(tokens.refresh.clone()))
}

/// A person who has let an app in, which gets another code whenever it asks.
struct World {
    app: App,
    client: OAuthClient,
    ada: Browser,
    history: Arc<History>,
}

impl World {
    async fn new(app: App) -> Self {
        let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
        let mut ada = app.person("ada").await;
        let client = app.client(REDIRECT).await;
        client.connect(&mut ada, &[]).await;
        Self { app, client, ada, history: Arc::default() }
    }

    fn judge(&self) {
        let requests = self.history.len();
        assert!(requests > 150, "nothing raced: {requests} requests");
        self.history.judge();
    }

    async fn approved(&mut self, grant: usize) -> Shared {
        let sent = self.ada.get(&self.client.authorize_url(&[])).await;
        let code = parameter(sent.header("location"), "code").expect("consent is remembered");
        let Self { app, client, history, .. } = self;
        let (app, client, history) = (app.clone(), client.clone(), history.clone());
        Shared { app, client, history, grant: format!("grant {grant}"), code }
    }
}

async fn fifty_redemptions_and_what_follows_are_in_order(app: App) {
    let mut world = World::new(app).await;
    for round in 0..4 {
        let shared = world.approved(round).await;
        let won = at_once(50, |_| {
            let shared = shared.clone();
            async move {
                let tokens = shared.redeem().await;
                if let Some(tokens) = tokens.clone() {
                    shared.work(tokens, 2).await;
                }
                tokens.is_some()
            }
        });
        assert_eq!(won.await.into_iter().filter(|&won| won).count(), 1);
    }
    world.judge();
}

async fn fifty_that_refresh_without_end_are_in_order(app: App) {
    let mut world = World::new(app).await;
    for round in 0..2 {
        let shared = world.approved(round).await;
        let first = shared.redeem().await.expect("tokens");
        let before = world.app.rows("refresh_rotations").len();
        // Each begins with the first, and goes on with what it is answered.
        at_once(50, |_| {
            let (shared, first) = (shared.clone(), first.clone());
            async move { shared.work(first, 3).await }
        })
        .await;
        let rotations = world.app.rows("refresh_rotations").len() - before;
        assert!((3..=150).contains(&rotations), "{rotations}");
    }
    world.judge();
}

async fn a_revocation_that_races_refreshes_is_in_order(app: App) {
    let mut world = World::new(app).await;
    for round in 0..6 {
        let shared = world.approved(round).await;
        let first = shared.redeem().await.expect("tokens");
        at_once(50, |number| {
            let (shared, first) = (shared.clone(), first.clone());
            async move {
                if number == 25 {
                    tokio::time::sleep(std::time::Duration::from_millis(2 * round as u64)).await;
                    shared.revoke(&first.refresh).await;
                }
                shared.work(first, 3).await;
            }
        })
        .await;
        assert!(shared.refresh(&first.refresh).await.is_none());
    }
    world.judge();
}

/// Codes are redeemed, tokens refreshed and used, one grant revoked, while the person is suspended and
/// restored.
async fn a_ban_that_races_everything_is_in_order(app: App) {
    let mut world = World::new(app).await;
    for round in 0..3 {
        let [fresh, busy, ended] = [
            world.approved(10 * round).await,
            world.approved(10 * round + 1).await,
            world.approved(10 * round + 2).await,
        ];
        let (used, gone) =
            (busy.redeem().await.expect("tokens"), ended.redeem().await.expect("tokens"));
        let all = [fresh.clone(), busy.clone(), ended.clone()];
        at_once(50, |number| {
            let (fresh, busy, ended, all) =
                (fresh.clone(), busy.clone(), ended.clone(), all.clone());
            let (used, gone) = (used.clone(), gone.clone());
            async move {
                match number {
                    20 => suspended_for_a_moment(&all).await,
                    21 => ended.revoke(&gone.refresh).await,
                    _ if number % 3 == 0 => {
                        if let Some(tokens) = fresh.redeem().await {
                            fresh.work(tokens, 5).await;
                        }
                    }
                    _ if number % 3 == 1 => busy.work(used, 4).await,
                    _ => ended.work(gone, 4).await,
                }
            }
        })
        .await;
        // Restored, the person's apps go on; the grant that was ended does not come back.
        assert!(busy.refresh(&used.refresh).await.is_some());
        assert!(ended.refresh(&gone.refresh).await.is_none());
    }
    world.judge();
}

async fn suspended_for_a_moment(all: &[Shared]) {
    let begin = all[0].history.begin();
    all[0].app.ban("ada@example.com").await;
    all.iter().for_each(|shared| shared.record(Ask::Ban, begin, Outcome::Done));
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let begin = all[0].history.begin();
    all[0].app.unban("ada@example.com").await;
    all.iter().for_each(|shared| shared.record(Ask::Unban, begin, Outcome::Done));
}
