//! A credential that its person let into one workspace, asked about another one of theirs.

use bloom_domain::api_keys::Narrowing;
use bloom_domain::workspaces::Reach;

use super::{About, Caller, Kind, Matrix, Things, brand, call, case};
use crate::api_keys_by_credential::key_with;
use crate::images::studio::image_of;
use crate::support::Operation;
use crate::support::oauth::{Tokens, parameter};
use crate::teams::team;

/// Everything that a credential may be let do.
const SCOPES: [(&str, &str); 1] = [("scope", "read generate write keys:admin")];

impl Caller {
    /// A fresh credential that reaches one workspace.
    async fn narrowed(&mut self, kind: Kind, workspace: &str) -> String {
        match kind {
            Kind::Key => {
                let reach = Reach::Only(vec![workspace.parse().expect("an id")]);
                let access = super::Access::Named(super::all_scopes().into_iter().collect());
                key_with(&self.browser, Narrowing { access, reach, ..Narrowing::default() })
                    .await
                    .secret
            }
            Kind::Token => {
                self.apps += 1;
                let name = self.browser.email().split('@').next().expect("a name").to_owned();
                let place = format!("https://{name}{}.example/cb", self.apps);
                let client = self.browser.app.client(&place).await;
                let question = client.question(&mut self.browser, &SCOPES).await;
                let chosen = format!("workspace-{workspace}");
                let fields = [
                    ("request", question.as_str()),
                    ("decision", "allow"),
                    ("workspaces", "some"),
                    (chosen.as_str(), "on"),
                ];
                let answer = self.browser.post("/authorize", &fields).await;
                let code = parameter(answer.header("location"), "code").expect("a code");
                Tokens::of(&client.redeem(&code).await).access
            }
        }
    }
}

impl Matrix {
    /// What lies in a workspace that the credential does not reach is not there, though it is its person's own.
    pub(super) async fn narrowed_elsewhere(&mut self, operation: &Operation, shown: &str) {
        let here = team(&mut self.ada.browser, "Here").await;
        let there = team(&mut self.ada.browser, "There").await;
        let credential = self.ada.narrowed(self.kind, &here).await;
        let mut things = Vec::new();
        for workspace in [&there, &here] {
            let brand = brand(&self.app, &self.ada.things.key, Some(workspace)).await;
            let image = image_of(&self.app, &brand);
            let workspace = Some(workspace.clone());
            things.push(Things { brand, image, workspace, ..self.ada.things.clone() });
        }
        let case = case(operation);
        let before = self.app.rows(case.about.table());
        let answer = call(&self.app, operation, &credential, &things[0]).await;
        match case.about {
            About::Workspace
            | About::SentWorkspace
            | About::Brand
            | About::SentBrand(_)
            | About::Image(_) => {
                let code = case.about.missing().expect("it can be missing");
                assert_eq!(answer.error(), code, "{shown}");
                assert_eq!(self.app.rows(case.about.table()), before, "{shown}: nothing is done");
            }
            About::NamedImages => {
                assert_eq!(answer.json()["data"]["deletedCount"], 0, "{shown}");
                assert_eq!(self.app.rows(case.about.table()), before, "{shown}: nothing is done");
            }
            _ => {}
        }
        let Things { brand, image, .. } = &things[0];
        let hidden = [&there, brand, image];
        assert!(!hidden.iter().any(|word| answer.text().contains(*word)), "{shown}: {answer:?}");
        // It is for that it is not there, and not for how it was asked.
        if case.about.missing().is_some() {
            let reached = call(&self.app, operation, &credential, &things[1]).await;
            let is_key = matches!(case.about, About::ApiKey(_));
            assert!(is_key || reached.status == case.status, "{shown}: {reached:?}");
        }
    }
}
