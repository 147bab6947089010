//! Invitations into team workspaces: one answer, by whoever holds the link.

use std::time::Duration;

use bloom_domain::accounts::SignUpPolicy;
use bloom_service::attempts::AttemptLimits;

use crate::support::{App, Browser, PASSWORD, at_once, on_both};
use crate::teams::{invite, join, team};

on_both!(
    a_link_lets_one_person_in_once,
    a_link_lets_a_stranger_make_an_account,
    the_link_goes_out_by_mail,
    a_mailbox_is_not_flooded_with_invitations,
    without_mail_nobody_is_invited,
    many_are_invited_at_once,
    what_ends_a_link,
    many_answers_at_once_are_one,
    an_answer_that_races_a_withdrawal_is_one_or_the_other,
    who_belongs_already_keeps_their_role,
    the_suspended_join_nothing,
    junk_is_no_invitation,
);

const DEAD: &str = "This invitation does not work";

async fn members(app: &App) -> usize {
    app.rows("members").len()
}

async fn a_link_lets_one_person_in_once(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let link = invite(&mut ada, &id, "mary@example.com", "admin").await;
    let mut bob = app.person("bob").await;
    let page = bob.get(&link).await;
    page.assert_page(200, "Join <bdi>Engines</bdi>");
    for text in ["Engines", "ada@example.com", "mary@example.com", "bob@example.com", "Admin"] {
        assert!(page.text().contains(text), "{text}: {}", page.text());
    }
    bob.post(&link, &[("decision", "accept")])
        .await
        .assert_redirect(&format!("/settings/workspaces/{id}?done=joined"));
    assert!(bob.get(&format!("/settings/workspaces/{id}")).await.text().contains(">Admin</span>"));
    bob.post(&link, &[("decision", "accept")]).await.assert_page(410, DEAD);
    app.person("carl").await.get(&link).await.assert_page(410, DEAD);
    assert!(app.rows("invitations").is_empty());
}

async fn a_link_lets_a_stranger_make_an_account(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let link = invite(&mut ada, &id, "mary@example.com", "member").await;
    let app = app.again(|options| options.sign_up = SignUpPolicy::Invite).await;
    let mut mary = app.browser();
    let page = mary.get(&link).await;
    let sign_up = page
        .between("class=\"button\" href=\"/sign-up", "\"")
        .expect("a way")
        .replace("&#38;", "&");
    let sign_up = format!("/sign-up{sign_up}");
    // The address that was invited stands in both forms.
    let page = mary.get(&sign_up).await;
    page.assert_page(200, "Create your account");
    assert!(page.text().contains("value=\"mary@example.com\""), "{page:?}");
    let page = mary.get(&sign_up.replace("/sign-up", "/sign-in")).await;
    assert!(page.text().contains("value=\"mary@example.com\""), "{page:?}");
    let fields = |next: &'static str| {
        [("name", "Mary"), ("email", "mary@example.com"), ("password", PASSWORD), ("next", next)]
    };
    let elsewhere = mary.post("/sign-up", &fields("/settings")).await;
    assert_eq!(elsewhere.status, 303, "only with the link");
    assert!(elsewhere.header("location").starts_with("/sign-up"), "{elsewhere:?}");
    let next: &'static str = Box::leak(link.clone().into_boxed_str());
    mary.post("/sign-up", &fields(next)).await.assert_redirect(&link);
    let answer = mary.post(&link, &[("decision", "accept")]).await;
    answer.assert_redirect(&format!("/settings/workspaces/{id}?done=joined"));
    // It is spent, and lets nobody else make an account.
    let mut eve = app.browser();
    let eves = [("email", "eve@example.com"), ("password", PASSWORD), ("next", next)];
    assert!(eve.post("/sign-up", &eves).await.header("location").starts_with("/sign-up"));
    assert_eq!(app.rows("accounts").len(), 2);
    let closed = app.again(|options| options.sign_up = SignUpPolicy::Closed).await;
    let mut ada = ada.before(&closed);
    let link = invite(&mut ada, &id, "carl@example.com", "member").await;
    let page = closed.browser().get(&link).await;
    assert!(!page.text().contains("Create account</a>\n  </p>"), "{}", page.text());
}

async fn the_link_goes_out_by_mail(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let link = invite(&mut ada, &id, "mary@example.com", "member").await;
    let text = app.take_mail("mary@example.com").await;
    for part in ["To: mary@example.com", "ada@example.com invites you", "Engines"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains(&format!("http://localhost:4600{link}")), "{text}");
}

/// To invite somebody again ends the link they have, so that the number of people is no bound of the mails.
async fn a_mailbox_is_not_flooded_with_invitations(app: App) {
    let limits = AttemptLimits::OFF.with_mails(2);
    let app = app
        .again(|options| {
            options.attempts = limits;
            options.trusted_proxies = 1;
        })
        .await;
    let (mut ada, mut mary) = (app.person("ada").await, app.person("mary").await);
    let id = team(&mut ada, "Engines").await;
    let form = format!("/settings/workspaces/{id}/invitations");
    let ask = async |browser: &mut Browser, email: &str, address: &str| {
        let token = browser.form_token().await;
        let fields = [("form_token", token.as_str()), ("email", email), ("role", "member")];
        browser.post_as_is(&form, &fields, &[("x-forwarded-for", address)]).await
    };
    // Whoever does not belong to it counts for nothing.
    assert_eq!(ask(&mut mary, "carl@example.com", "203.0.113.1").await.status, 404);
    for address in ["198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"] {
        for _ in 0..2 {
            assert_eq!(ask(&mut ada, "carl@example.com", address).await.status, 200);
        }
        let before = app.rows("invitations");
        let refused = ask(&mut ada, "carl@example.com", address).await;
        refused.assert_page(429, "<bdi>Engines</bdi>");
        assert!(refused.number("retry-after") > 1_700, "{refused:?}");
        assert!(refused.text().contains("value=\"carl@example.com\""), "what was typed is lost");
        assert_eq!(app.rows("invitations"), before, "the link that is there stays good");
    }
    // Whatever others send, a team elsewhere invites whom it wants.
    let of_mary = team(&mut mary, "Looms").await;
    let fields = [("email", "carl@example.com"), ("role", "member")];
    let invited = mary.post(&format!("/settings/workspaces/{of_mary}/invitations"), &fields).await;
    assert_eq!(invited.status, 200, "{invited:?}");
    assert_eq!(app.take_mails().await.len(), 9 + 2, "with those to confirm an address");
    // And forty from an account: twelve were asked for.
    for number in 12..40 {
        let email = format!("guest{number}@example.com");
        assert_eq!(ask(&mut ada, &email, "198.51.100.6").await.status, 200, "{number}");
    }
    assert_eq!(ask(&mut ada, "last@example.com", "198.51.100.6").await.status, 429);
    app.advance(Duration::from_secs(1_800));
    assert_eq!(ask(&mut ada, "last@example.com", "198.51.100.6").await.status, 200);
}

/// Each looks whether a mail can be written, in the same folder.
async fn many_are_invited_at_once(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let statuses = at_once(16, |number| {
        let (mut ada, id) = (ada.clone(), id.clone());
        async move {
            let email = format!("guest{number}@example.com");
            let fields = [("email", email.as_str()), ("role", "member")];
            ada.post(&format!("/settings/workspaces/{id}/invitations"), &fields).await.status
        }
    })
    .await;
    assert_eq!(statuses, [200; 16]);
}

async fn without_mail_nobody_is_invited(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    std::fs::write(app.outbox(), "in the way").unwrap();
    let before = app.database().dump();
    let fields = [("email", "mary@example.com"), ("role", "member")];
    let answer = ada.post(&format!("/settings/workspaces/{id}/invitations"), &fields).await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.text().contains("nothing was sent or changed"), "{}", answer.text());
    assert!(answer.text().contains("value=\"mary@example.com\""), "what was typed is lost");
    assert_eq!(app.database().dump(), before);
}

async fn what_ends_a_link(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let mut bob = app.person("bob").await;

    let earlier = invite(&mut ada, &id, "bob@example.com", "member").await;
    let link = invite(&mut ada, &id, "bob@example.com", "member").await;
    bob.get(&earlier).await.assert_page(410, DEAD);
    bob.get(&link).await.assert_page(200, "Join <bdi>Engines</bdi>");

    let page = ada.get(&format!("/settings/workspaces/{id}")).await;
    let one = page.between("/invitations/", "/withdraw").expect("a form").to_owned();
    let withdraw = format!("/settings/workspaces/{id}/invitations/{one}/withdraw");
    assert_eq!(bob.post(&withdraw, &[]).await.status, 404);
    assert_eq!(ada.post(&withdraw, &[]).await.status, 303);
    assert_eq!(ada.post(&withdraw, &[]).await.status, 410);
    bob.post(&link, &[("decision", "accept")]).await.assert_page(410, DEAD);

    let link = invite(&mut ada, &id, "bob@example.com", "member").await;
    let declined = bob.post(&link, &[("decision", "decline")]).await;
    declined.assert_redirect("/settings?declined=invitation#workspaces");
    bob.get(&link).await.assert_page(410, DEAD);

    let link = invite(&mut ada, &id, "bob@example.com", "member").await;
    let delete = format!("/settings/workspaces/{id}/delete");
    assert_eq!(ada.post(&delete, &[("name", "Engines")]).await.status, 303);
    bob.get(&link).await.assert_page(410, DEAD);
    assert_eq!(ada.post(&format!("/settings/workspaces/{id}/restore"), &[]).await.status, 303);
    bob.get(&link).await.assert_page(200, "Join <bdi>Engines</bdi>");
    app.advance(Duration::from_secs(7 * 86_400));
    bob.get(&link).await.assert_page(410, DEAD);
    app.keep_house().await;
    assert!(app.rows("invitations").is_empty());
    assert_eq!(members(&app).await, 3);
}

async fn many_answers_at_once_are_one(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let mut people: Vec<Browser> = Vec::new();
    for n in 0..8 {
        people.push(app.person(&format!("p{n}")).await);
    }
    let link = invite(&mut ada, &id, "p0@example.com", "member").await;
    let before = members(&app).await;
    let statuses = at_once(8, |n| {
        let (mut one, link) = (people[n].clone(), link.clone());
        let decision = if n % 3 == 0 { "decline" } else { "accept" };
        async move { one.post(&link, &[("decision", decision)]).await.status }
    });
    let statuses = statuses.await;
    assert_eq!(statuses.iter().filter(|&&status| status == 303).count(), 1, "{statuses:?}");
    assert!(members(&app).await <= before + 1);
}

async fn an_answer_that_races_a_withdrawal_is_one_or_the_other(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    for round in 0..6 {
        let bob = app.person(&format!("bob{round}")).await;
        let link = invite(&mut ada, &id, bob.email(), "member").await;
        let page = ada.get(&format!("/settings/workspaces/{id}")).await;
        let one = page.between("/invitations/", "/withdraw").expect("a form").to_owned();
        let withdraw = format!("/settings/workspaces/{id}/invitations/{one}/withdraw");
        let before = members(&app).await;
        let statuses = at_once(2, |n| {
            let (mut ada, mut bob) = (ada.clone(), bob.clone());
            let (link, withdraw) = (link.clone(), withdraw.clone());
            async move {
                match n {
                    0 => ada.post(&withdraw, &[]).await.status,
                    _ => bob.post(&link, &[("decision", "accept")]).await.status,
                }
            }
        });
        let statuses = statuses.await;
        let joined = members(&app).await - before;
        match statuses[..] {
            [303, 410] => assert_eq!(joined, 0),
            [410, 303] => assert_eq!(joined, 1),
            _ => panic!("{statuses:?}"),
        }
    }
}

async fn who_belongs_already_keeps_their_role(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let mut bob = app.person("bob").await;
    join(&mut ada, &id, &mut bob, "admin").await;
    // A link for somebody else, answered by a member.
    let link = invite(&mut ada, &id, "mary@example.com", "member").await;
    let page = bob.get(&link).await;
    assert!(page.text().contains("You belong to this workspace already"), "{page:?}");
    assert!(!page.text().contains("name=\"decision\""), "{page:?}");
    for decision in ["accept", "decline"] {
        bob.post(&link, &[("decision", decision)]).await.assert_redirect(&link);
    }
    let page = bob.get(&format!("/settings/workspaces/{id}")).await;
    assert!(page.text().contains(">Admin</span>"), "{}", page.text());
    // It is still good for whom it is for.
    let mut mary = app.person("mary").await;
    let answer = mary.post(&link, &[("decision", "accept")]).await;
    answer.assert_redirect(&format!("/settings/workspaces/{id}?done=joined"));
}

async fn the_suspended_join_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let mut bob = app.person("bob").await;
    let link = invite(&mut ada, &id, "bob@example.com", "member").await;
    app.ban("bob@example.com").await;
    assert_eq!(bob.post(&link, &[("decision", "accept")]).await.status, 403);
    app.unban("bob@example.com").await;
    assert_eq!(bob.post(&link, &[("decision", "accept")]).await.status, 303);
}

async fn junk_is_no_invitation(app: App) {
    let mut ada = app.person("ada").await;
    let id = team(&mut ada, "Engines").await;
    let link = invite(&mut ada, &id, "bob@example.com", "member").await;
    let mut other = link.clone();
    let last = other.pop().expect("a token");
    other.push(if last == 'A' { 'B' } else { 'A' });
    for path in [other.as_str(), "/invitations/nonsense", "/invitations/%ff"] {
        ada.get(path).await.assert_page(410, DEAD);
        ada.post(path, &[("decision", "accept")]).await.assert_page(410, DEAD);
    }
    let neither = ada.post(&link, &[("decision", "perhaps")]).await;
    assert_eq!(neither.status, 400);
    ada.get(&link).await.assert_page(200, "Join <bdi>Engines</bdi>");
    app.browser()
        .post(&link, &[("decision", "accept")])
        .await
        .assert_page(401, "You are signed out");
}
