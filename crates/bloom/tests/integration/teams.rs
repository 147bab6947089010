//! Team workspaces: who may do what, and what a removal, a transfer and a deletion take away.

use std::time::Duration;

use serde_json::json;

use crate::support::oauth::REDIRECT;
use crate::support::{Answer, App, Browser, at_once, on_both};

on_both!(
    a_team_is_made_listed_and_reached,
    each_role_may_do_what_it_may,
    nobody_else_finds_it,
    who_is_removed_loses_it_with_the_next_request,
    a_transfer_leaves_one_owner,
    many_transfers_at_once_leave_one_owner,
    many_transfers_at_once_give_nobody_too_many,
    what_is_deleted_is_out_of_reach_and_can_be_restored,
    after_its_grace_a_deleted_team_is_gone,
    one_person_owns_so_many_and_no_more,
    an_app_acts_where_its_person_lets_it,
    a_remembered_consent_reaches_no_further,
    bad_input_changes_nothing,
);

const DAY: Duration = Duration::from_secs(86_400);

/// Makes a team; gives its id.
pub(crate) async fn team(owner: &mut Browser, name: &str) -> String {
    let answer = owner.post("/settings/workspaces", &[("name", name)]).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let place = answer.header("location").to_owned();
    place.strip_prefix("/settings/workspaces/").expect("a workspace").to_owned()
}

/// Invites somebody; gives the path of their link.
pub(crate) async fn invite(by: &mut Browser, team: &str, email: &str, role: &str) -> String {
    let fields = [("email", email), ("role", role)];
    let page = by.post(&format!("/settings/workspaces/{team}/invitations"), &fields).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let token = page.between("/invitations/", "<").expect("a link");
    format!("/invitations/{}", token.trim())
}

/// Invites somebody who has an account, and has them accept.
pub(crate) async fn join(by: &mut Browser, team: &str, who: &mut Browser, role: &str) {
    let link = invite(by, team, who.email(), role).await;
    let answer = who.post(&link, &[("decision", "accept")]).await;
    answer.assert_redirect(&format!("/settings/workspaces/{team}?done=joined"));
}

/// The id by which somebody stands in the paths of a team's page.
pub(crate) async fn member_id(seen_by: &mut Browser, team: &str, email: &str) -> String {
    let page = seen_by.get(&format!("/settings/workspaces/{team}")).await;
    let (_, rest) = page.text().split_once(&format!("Remove {email}\"")).expect("they are there");
    let (_, rest) = rest.split_once("/members/").expect("a form");
    rest.split_once('/').expect("a form").0.to_owned()
}

async fn credits(app: &App, key: &str, team: &str) -> Answer {
    app.get(&format!("/api/v1/credits?workspaceId={team}"), &[("x-api-key", key)]).await
}

async fn a_team_is_made_listed_and_reached(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let id = team(&mut ada, "  Analytical Engines ").await;
    let list = app.get("/api/v1/workspaces", &[("x-api-key", &key)]).await.json();
    assert_eq!(
        list,
        json!({ "data": { "workspaces": [
            { "id": null, "name": "Personal", "is_personal": true },
            { "id": id, "name": "Analytical Engines", "is_personal": false },
        ] } })
    );
    assert_eq!(credits(&app, &key, &id).await.status, 200);
    let mut bob = app.person("bob").await;
    let bobs = bob.create_key("bob").await.secret;
    assert_eq!(credits(&app, &bobs, &id).await.error(), "404 WORKSPACE_NOT_FOUND");
    join(&mut ada, &id, &mut bob, "member").await;
    assert_eq!(credits(&app, &bobs, &id).await.status, 200);
    let page = bob.get(&format!("/settings/workspaces/{id}")).await;
    page.assert_page(200, "<bdi>Analytical Engines</bdi>");
    assert!(page.text().contains("ada@example.com") && page.text().contains("Leave workspace"));
    assert!(!page.text().contains("Delete workspace"));
    let settings = ada.get("/settings").await;
    assert!(settings.text().contains("Analytical Engines"), "{}", settings.text());
}

/// One team with somebody of each role, and two more members to be acted on.
struct Company {
    id: String,
    owner: Browser,
    admin: Browser,
    member: Browser,
    outsider: Browser,
}

async fn company(app: &App) -> Company {
    let mut owner = app.person("owner").await;
    let id = team(&mut owner, "Company").await;
    let mut admin = app.person("admin").await;
    let mut member = app.person("member").await;
    join(&mut owner, &id, &mut admin, "admin").await;
    join(&mut owner, &id, &mut member, "member").await;
    Company { id, owner, admin, member, outsider: app.person("outsider").await }
}

/// A form, its fields, and the status that owner, admin, member and outsider get; 0 for not tried.
type Case = (String, Vec<(&'static str, &'static str)>, [u16; 4]);

async fn each_role_may_do_what_it_may(app: App) {
    let Company { id, mut owner, mut admin, mut member, outsider } = company(&app).await;
    let (admin_id, member_id) = (
        member_id(&mut owner, &id, "admin@example.com").await,
        member_id(&mut owner, &id, "member@example.com").await,
    );
    let at = |form: &str| format!("/settings/workspaces/{id}/{form}");
    let invitation = |role| vec![("email", "new@example.com"), ("role", role)];
    // What owner, admin, member and outsider are told. What is allowed is done, so the order counts.
    let cases: Vec<Case> = vec![
        (at("name"), vec![("name", "New name")], [303, 303, 403, 404]),
        (at("invitations"), invitation("member"), [200, 200, 403, 404]),
        (at("invitations"), invitation("admin"), [200, 403, 403, 404]),
        (at("invitations"), invitation("owner"), [403, 403, 403, 404]),
        (at(&format!("members/{admin_id}/role")), vec![("role", "admin")], [303, 403, 403, 404]),
        (at(&format!("members/{member_id}/role")), vec![("role", "owner")], [403, 403, 403, 404]),
        (at(&format!("members/{admin_id}/remove")), vec![], [0, 403, 403, 404]),
        (at(&format!("members/{member_id}/own")), vec![], [0, 403, 403, 404]),
        (at("delete"), vec![("name", "New name")], [0, 403, 403, 404]),
        (at("restore"), vec![], [303, 403, 403, 404]),
        (at("leave"), vec![], [403, 0, 0, 404]),
    ];
    let mut outsider = outsider;
    for (path, fields, expected) in cases {
        for (who, expected) in [&mut outsider, &mut member, &mut admin, &mut owner]
            .into_iter()
            .zip(expected.into_iter().rev())
        {
            if expected != 0 {
                let answer = who.post(&path, &fields).await;
                assert_eq!(answer.status, expected, "{} {path}: {}", who.email(), answer.text());
            }
        }
    }
    // An admin may remove a member, and nobody the owner.
    let answer = admin.post(&at(&format!("members/{member_id}/remove")), &[]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(admin.post(&at(&format!("members/{member_id}/remove")), &[]).await.status, 404);
}

async fn nobody_else_finds_it(app: App) {
    let Company { id, mut outsider, .. } = company(&app).await;
    for place in [format!("/settings/workspaces/{id}"), "/settings/workspaces/nonsense".to_owned()]
    {
        outsider.get(&place).await.assert_page(404, "Page not found");
    }
    let mut stranger = app.browser();
    let place = format!("/settings/workspaces/{id}");
    stranger.get(&place).await.assert_sign_in_first(&place);
}

async fn who_is_removed_loses_it_with_the_next_request(app: App) {
    let Company { id, mut owner, mut member, .. } = company(&app).await;
    let key = member.create_key("ci").await.secret;
    let token = app.client(REDIRECT).await.connect(&mut member, &[]).await.access;
    let path = format!("/api/v1/credits?workspaceId={id}");
    for _ in 0..2 {
        assert_eq!(credits(&app, &key, &id).await.status, 200);
        assert_eq!(app.get_as(&path, &token).await.status, 200);
    }
    let who = member_id(&mut owner, &id, "member@example.com").await;
    let answer = owner.post(&format!("/settings/workspaces/{id}/members/{who}/remove"), &[]).await;
    // Who it was they may know, and not from where.
    let told = member.get("/settings/activity").await;
    let (removal, _) = told.text().split_once("</li>").expect("a record");
    assert!(removal.contains("Member removed from a workspace"), "{removal}");
    assert!(!removal.contains("192.0.2.7") && !removal.contains("<dt>With</dt>"), "{removal}");
    assert!(told.text().contains("192.0.2.7"), "of what they did themselves they see it: {told:?}");
    let told = owner.get("/settings/activity").await;
    let (removal, _) = told.text().split_once("</li>").expect("a record");
    for text in
        ["Member removed from a workspace", "You from <code>192.0.2.7", "member@example.com"]
    {
        assert!(removal.contains(text), "who did it sees {text}: {removal}");
    }
    let copy = owner.get("/settings/security/export").await.json();
    let did = copy["activity"].as_array().expect("a list").iter();
    let removals = did.filter(|record| record["action"] == "member.removed").count();
    assert_eq!(removals, 1, "{}", copy["activity"]);
    assert_eq!(answer.status, 303);
    assert_eq!(credits(&app, &key, &id).await.error(), "404 WORKSPACE_NOT_FOUND");
    assert_eq!(app.get_as(&path, &token).await.error(), "404 WORKSPACE_NOT_FOUND");
    let list = app.get_as("/api/v1/workspaces", &token).await.json();
    assert_eq!(list["data"]["workspaces"].as_array().map(Vec::len), Some(1));
    assert_eq!(app.account(&key).await.status, 200, "the key itself goes on");
    member.get(&format!("/settings/workspaces/{id}")).await.assert_page(404, "Page not found");
}

/// The emails of the owners that a member sees.
async fn owners(seen_by: &mut Browser, id: &str) -> usize {
    let page = seen_by.get(&format!("/settings/workspaces/{id}")).await;
    page.text().matches(">Owner</span>").count()
}

async fn a_transfer_leaves_one_owner(app: App) {
    let Company { id, mut owner, mut admin, .. } = company(&app).await;
    let heir = member_id(&mut owner, &id, "admin@example.com").await;
    let own = format!("/settings/workspaces/{id}/members/{heir}/own");
    let before = app.database().dump();
    for other in ["", "company", "Company 2"] {
        let page = owner.post(&own, &[("name", other)]).await;
        assert_eq!(page.status, 422, "{page:?}");
        assert!(page.text().contains("This is not the name of the workspace."), "{page:?}");
        assert!(page.text().contains(&format!("value=\"{other}\"")), "{page:?}");
    }
    assert_eq!(app.database().dump(), before);
    let name = [("name", " Company ")];
    owner
        .post(&own, &name)
        .await
        .assert_redirect(&format!("/settings/workspaces/{id}?done=transferred"));
    assert_eq!(owner.post(&own, &name).await.status, 403, "it is not theirs to give any more");
    assert_eq!(owners(&mut admin, &id).await, 1);
    let leave = format!("/settings/workspaces/{id}/leave");
    assert_eq!(admin.post(&leave, &[]).await.status, 403);
    assert_eq!(owner.post(&leave, &[]).await.status, 303);
}

async fn many_transfers_at_once_leave_one_owner(app: App) {
    let mut owner = app.person("owner").await;
    let id = team(&mut owner, "Company").await;
    let mut ids = Vec::new();
    for n in 0..4 {
        let mut heir = app.person(&format!("heir{n}")).await;
        join(&mut owner, &id, &mut heir, "member").await;
        ids.push(member_id(&mut owner, &id, heir.email()).await);
    }
    let statuses = at_once(24, |n| {
        let (mut owner, id, heir) = (owner.clone(), id.clone(), ids[n % 4].clone());
        async move {
            let what = if n % 2 == 0 { "own" } else { "remove" };
            owner
                .post(
                    &format!("/settings/workspaces/{id}/members/{heir}/{what}"),
                    &[("name", "Company")],
                )
                .await
                .status
        }
    });
    let statuses = statuses.await;
    assert!(statuses.iter().all(|status| [303, 403, 404].contains(status)), "{statuses:?}");
    let owners: Vec<_> =
        app.rows("members").into_iter().filter(|row| row.contains("owner")).collect();
    // The personal workspaces of five people, and the team's.
    assert_eq!(owners.len(), 5 + 1, "{owners:?}");
}

async fn many_transfers_at_once_give_nobody_too_many(app: App) {
    let mut heir = app.person("heir").await;
    for n in 0..19 {
        team(&mut heir, &format!("Own {n}")).await;
    }
    let mut gifts = Vec::new();
    for n in 0..8 {
        let mut owner = app.person(&format!("owner{n}")).await;
        let id = team(&mut owner, "Gift").await;
        join(&mut owner, &id, &mut heir, "member").await;
        let heirs = member_id(&mut owner, &id, heir.email()).await;
        gifts.push((owner, format!("/settings/workspaces/{id}"), heirs));
    }
    while gifts.len() > 1 {
        let statuses = at_once(gifts.len(), |n| {
            let (mut owner, team, heirs) = gifts[n].clone();
            async move {
                owner.post(&format!("{team}/members/{heirs}/own"), &[("name", "Gift")]).await.status
            }
        });
        let statuses = statuses.await;
        let given: Vec<_> = (0..gifts.len()).filter(|n| statuses[*n] == 303).collect();
        assert_eq!(given.len(), 1, "{statuses:?}");
        // The heir gives it back.
        let (owner, team, _) = gifts.remove(given[0]);
        let id = team.rsplit_once('/').expect("an id").1;
        let owners = member_id(&mut heir, id, owner.email()).await;
        let back = heir.post(&format!("{team}/members/{owners}/own"), &[("name", "Gift")]).await;
        assert_eq!(back.status, 303, "{back:?}");
    }
}

async fn what_is_deleted_is_out_of_reach_and_can_be_restored(app: App) {
    let Company { id, mut owner, mut member, .. } = company(&app).await;
    let key = member.create_key("ci").await.secret;
    assert_eq!(credits(&app, &key, &id).await.status, 200);
    let at = |form: &str| format!("/settings/workspaces/{id}/{form}");
    let wrong = owner.post(&at("delete"), &[("name", "company")]).await;
    wrong.assert_page(422, "<bdi>Company</bdi>");
    let deleted = owner.post(&at("delete"), &[("name", "Company")]).await;
    deleted.assert_redirect(&format!("/settings/workspaces/{id}?done=deleted"));
    assert_eq!(credits(&app, &key, &id).await.error(), "404 WORKSPACE_NOT_FOUND");
    assert_eq!(owner.post(&at("name"), &[("name", "x")]).await.status, 404);
    assert_eq!(member.post(&at("restore"), &[]).await.status, 403);
    app.advance(29 * DAY);
    app.keep_house().await;
    // Sessions end sooner than that.
    let mut owner = app.browser();
    owner.sign_in("owner@example.com", crate::support::PASSWORD).await;
    assert_eq!(owner.post(&at("restore"), &[]).await.status, 303);
    assert_eq!(credits(&app, &key, &id).await.status, 200);
}

async fn after_its_grace_a_deleted_team_is_gone(app: App) {
    let Company { id, mut owner, .. } = company(&app).await;
    invite(&mut owner, &id, "new@example.com", "member").await;
    owner.post(&format!("/settings/workspaces/{id}/delete"), &[("name", "Company")]).await;
    app.advance(30 * DAY);
    let mut owner = app.browser();
    owner.sign_in("owner@example.com", crate::support::PASSWORD).await;
    let restored = owner.post(&format!("/settings/workspaces/{id}/restore"), &[]).await;
    assert_eq!(restored.status, 404);
    assert_eq!(app.rows("members").len(), 4 + 3);
    app.keep_house().await;
    assert_eq!(app.rows("members").len(), 4, "personal ones stay");
    assert!(app.rows("invitations").is_empty());
    assert!(!app.rows("workspaces").concat().contains("Company"));
}

async fn one_person_owns_so_many_and_no_more(app: App) {
    let ada = app.person("ada").await;
    let statuses = at_once(30, |n| {
        let mut ada = ada.clone();
        async move { ada.post("/settings/workspaces", &[("name", &format!("w{n}"))]).await.status }
    });
    let statuses = statuses.await;
    assert_eq!(statuses.iter().filter(|&&status| status == 303).count(), 20, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|&&status| status == 422).count(), 10, "{statuses:?}");
}

async fn an_app_acts_where_its_person_lets_it(app: App) {
    let mut ada = app.person("ada").await;
    let (one, two) = (team(&mut ada, "One").await, team(&mut ada, "Two").await);
    let client = app.client(REDIRECT).await;
    let page = client.consent_page(&mut ada, &[]).await;
    assert!(page.text().contains(&format!("workspace-{one}")), "{}", page.text());
    let form = |page: &Answer| {
        let field = |name: &str| {
            let begin = format!("name=\"{name}\" value=\"");
            page.between(&begin, "\"").expect("a field").to_owned()
        };
        (field("request"), field("again"))
    };
    let (request, again) = form(&page);
    let nothing = [
        ("request", request.as_str()),
        ("again", again.as_str()),
        ("decision", "allow"),
        ("workspaces", "some"),
    ];
    let refused = ada.post("/authorize", &nothing).await;
    refused.assert_page(422, "Allow access");
    assert!(refused.text().contains("Choose at least one workspace"), "{}", refused.text());
    let (request, again) = form(&refused);
    let chosen = format!("workspace-{one}");
    let some = [
        ("request", request.as_str()),
        ("again", again.as_str()),
        ("decision", "allow"),
        ("workspaces", "some"),
        (chosen.as_str(), "on"),
    ];
    let answer = ada.post("/authorize", &some).await;
    let code = crate::support::oauth::parameter(answer.header("location"), "code").expect("a code");
    let tokens = crate::support::oauth::Tokens::of(&client.redeem(&code).await);

    let reaches = async |token: &str| {
        let list = app.get_as("/api/v1/workspaces", token).await.json();
        let list = list["data"]["workspaces"].as_array().expect("a list").clone();
        let names = list.iter().map(|one| one["name"].as_str().expect("a name").to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(reaches(&tokens.access).await, ["One"]);
    let credits = async |token: &str, query: &str| {
        app.get_as(&format!("/api/v1/credits{query}"), token).await.status
    };
    assert_eq!(credits(&tokens.access, &format!("?workspaceId={one}")).await, 200);
    assert_eq!(credits(&tokens.access, &format!("?workspaceId={two}")).await, 404);
    assert_eq!(credits(&tokens.access, "").await, 404, "the personal one was not chosen");
    let key = ada.create_key("ci").await.secret;
    assert_eq!(self::credits(&app, &key, &two).await.status, 200, "a key reaches all");

    // Chosen again on the page, it holds for the tokens that the app has, too.
    let both = format!("workspace-{two}");
    let page = client.consent_page(&mut ada, &[("prompt", "consent")]).await;
    assert!(page.text().contains(&format!("name=\"{chosen}\" checked")), "{}", page.text());
    assert!(!page.text().contains(&format!("name=\"{both}\" checked")));
    let (request, _) = form(&page);
    let more = [
        ("request", request.as_str()),
        ("decision", "allow"),
        ("workspaces", "some"),
        (chosen.as_str(), "on"),
        (both.as_str(), "on"),
    ];
    assert_eq!(ada.post("/authorize", &more).await.status, 303);
    assert_eq!(reaches(&tokens.access).await, ["One", "Two"]);
}

async fn a_remembered_consent_reaches_no_further(app: App) {
    let mut ada = app.person("ada").await;
    let mut bob = app.person("bob").await;
    let one = team(&mut ada, "One").await;
    let foreign = team(&mut bob, "Foreign").await;
    let client = app.client(REDIRECT).await;
    let sealed = client.question(&mut ada, &[]).await;
    let (chosen, not_hers) = (format!("workspace-{one}"), format!("workspace-{foreign}"));
    let some = [
        ("request", sealed.as_str()),
        ("decision", "allow"),
        ("workspaces", "some"),
        (chosen.as_str(), "on"),
        (not_hers.as_str(), "on"),
    ];
    assert_eq!(ada.post("/authorize", &some).await.status, 303);
    // She joins the other later: it was not hers to choose, so the app does not reach it.
    join(&mut bob, &foreign, &mut ada, "member").await;
    let back = client.sent_to(&mut ada, &[]).await;
    let code = crate::support::oauth::parameter(&back, "code").expect("remembered");
    let token = crate::support::oauth::Tokens::of(&client.redeem(&code).await).access;
    let list = app.get_as("/api/v1/workspaces", &token).await.json();
    assert_eq!(list["data"]["workspaces"].as_array().map(Vec::len), Some(1), "{list}");
    let revoked = ada.post(&format!("/settings/workspaces/{one}/delete"), &[("name", "One")]).await;
    assert_eq!(revoked.status, 303);
    let list = app.get_as("/api/v1/workspaces", &token).await.json();
    assert_eq!(list["data"]["workspaces"].as_array().map(Vec::len), Some(0), "{list}");
}

async fn bad_input_changes_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "One").await;
    let before = app.database().dump();
    let at = |form: &str| format!("/settings/workspaces/{id}/{form}");
    let long = "x".repeat(61);
    for (path, fields, status) in [
        ("/settings/workspaces".to_owned(), vec![("name", " ")], 422),
        ("/settings/workspaces".to_owned(), vec![("name", long.as_str())], 422),
        (at("name"), vec![("name", "a\u{202e}b")], 422),
        (at("invitations"), vec![("email", "nonsense"), ("role", "member")], 422),
        (at("invitations"), vec![("email", "ada@example.com"), ("role", "member")], 422),
        (at("invitations"), vec![("email", "b@example.com"), ("role", "king")], 400),
        (at("invitations/nonsense/withdraw"), vec![], 404),
        (at(&format!("members/{id}/remove")), vec![], 404),
        (at(&format!("members/{id}/own")), vec![], 404),
        (at("leave"), vec![], 403),
    ] {
        let answer = ada.post(&path, &fields).await;
        assert_eq!(answer.status, status, "{path} {fields:?}: {}", answer.text());
    }
    assert_eq!(app.database().dump(), before);
    ada.get(&at("name")).await.assert_redirect(&format!("/settings/workspaces/{id}"));
}
