//! Operations that a token in the path lets somebody do: who gave it away, and what has become of them since.

use serde_json::{Value, json};

use super::{Matrix, Things, all_scopes, brand, case};
use crate::brands::logos::form;
use crate::openapi::assert_fits;
use crate::support::sites::GREEN_LOGO;
use crate::support::{Answer, App, Operation};
use crate::teams::{join, member_id};

/// What a credential is answered that asks for an address to which a file can be sent.
async fn give(app: &App, operation: &Operation, credential: &str, things: &Things) -> Value {
    let (tool, named) = match operation.id.as_str() {
        "brands.uploadLogoFileSigned" => ("bloom_create_logo_upload_url", "brandId"),
        "images.uploadFileSigned" => ("bloom_create_image_upload_url", "brandSessionId"),
        other => panic!("say here who gives the token of {other}"),
    };
    let message = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": tool, "arguments": { named: things.brand } },
    });
    let bearer = format!("Bearer {credential}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("host", app.host()),
    ];
    let answer = app.post_bytes("/api/mcp", message.to_string().into_bytes(), &headers).await;
    answer.json()["result"].clone()
}

/// The path that was given.
fn path(given: &Value) -> String {
    let content = &given["structuredContent"];
    let url = content["uploadUrl"].as_str().or_else(|| content["uploadUrls"][0].as_str());
    let url = url.unwrap_or_else(|| panic!("no address: {given}"));
    url.strip_prefix("http://localhost:4600").expect("our own").to_owned()
}

impl Matrix {
    pub(super) async fn token_is_asked(&mut self, operation: &Operation, shown: &str) {
        self.no_credential_helps(operation, shown).await;
        self.a_good_token(operation, shown).await;
        self.a_token_of_a_removed_member(operation, shown).await;
        self.a_token_and_the_plan(operation, shown).await;
        self.a_token_of_somebody_banned(operation, shown).await;
    }

    /// A credential of the kind that is asked about.
    async fn giver(&mut self) -> String {
        self.ada.renewed().await;
        self.ada.credential(self.kind, &all_scopes()).await
    }

    async fn send(&self, app: &App, operation: &Operation, path: &str) -> Answer {
        let (body, kind) = form(GREEN_LOGO.as_bytes());
        app.send_bytes(&operation.method, path, body, &[("content-type", kind.as_str())]).await
    }

    async fn a_good_token(&mut self, operation: &Operation, shown: &str) {
        let credential = self.giver().await;
        let theirs = give(&self.app, operation, &credential, &self.bob.things).await;
        assert_eq!(theirs["isError"], true, "{shown}: nobody gives what is another's: {theirs}");
        let path = path(&give(&self.app, operation, &credential, &self.ada.things).await);
        let answer = self.send(&self.app, operation, &path).await;
        assert_eq!(answer.status, case(operation).status, "{shown}: {answer:?}");
        assert_fits(operation, &answer);
        let again = self.send(&self.app, operation, &path).await;
        assert_eq!(again.error(), "401 INVALID_UPLOAD_TOKEN", "{shown}");
    }

    async fn a_token_of_a_removed_member(&mut self, operation: &Operation, shown: &str) {
        let id = self.bob.things.workspace.clone().expect("bob has a team");
        join(&mut self.bob.browser, &id, &mut self.ada.browser, "member").await;
        let credential = self.giver().await;
        let shared = brand(&self.app, &self.bob.things.key, Some(&id)).await;
        let things = Things { brand: shared, ..self.ada.things.clone() };
        let path = path(&give(&self.app, operation, &credential, &things).await);
        let ada = self.ada.browser.email().to_owned();
        let member = member_id(&mut self.bob.browser, &id, &ada).await;
        let at = format!("/settings/workspaces/{id}/members/{member}/remove");
        assert_eq!(self.bob.browser.post(&at, &[]).await.status, 303);
        let rows = || ["brands", "images"].map(|table| self.app.rows(table));
        let before = rows();
        let answer = self.send(&self.app, operation, &path).await;
        let expected = match operation.id.as_str() {
            "brands.uploadLogoFileSigned" => "404 BRAND_NOT_FOUND",
            _ => "401 INVALID_UPLOAD_TOKEN",
        };
        assert_eq!(answer.error(), expected, "{shown}");
        assert_eq!(rows(), before, "{shown}: nothing is done");
    }

    /// The plan is asked of whoever gives a token away. What was given is good for its quarter of an hour: it costs
    /// nothing.
    async fn a_token_and_the_plan(&mut self, operation: &Operation, shown: &str) {
        let credential = self.giver().await;
        let given = path(&give(&self.metered, operation, &credential, &self.ada.things).await);
        let refused = give(&self.closed, operation, &credential, &self.ada.things).await;
        assert_eq!(refused["isError"], true, "{shown}: {refused}");
        assert!(refused.to_string().contains("Plan upgrade required"), "{shown}: {refused}");
        let answer = self.send(&self.closed, operation, &given).await;
        assert_eq!(answer.status, case(operation).status, "{shown}: {answer:?}");
    }

    async fn a_token_of_somebody_banned(&mut self, operation: &Operation, shown: &str) {
        let credential = self.giver().await;
        let path = path(&give(&self.app, operation, &credential, &self.ada.things).await);
        let email = self.ada.browser.email().to_owned();
        self.app.ban(&email).await;
        let answer = self.send(&self.app, operation, &path).await;
        assert_eq!(answer.error(), "401 INVALID_UPLOAD_TOKEN", "{shown}");
        self.app.unban(&email).await;
        let answer = self.send(&self.app, operation, &path).await;
        assert_eq!(answer.status, case(operation).status, "{shown}: it was not used up");
    }
}
