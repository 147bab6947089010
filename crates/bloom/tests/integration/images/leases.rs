//! Whoever loses a lease, or ends, while an image is made: no file stays that no row names, and none is overwritten.

use std::sync::Arc;
use std::time::Duration;

use bloom_domain::jobs::LEASE;
use bloom_outside::engines::ApiKind;
use bloom_service::blobs::{Answer, BlobKey, Blobs};
use serde_json::json;
use tokio::task::JoinHandle;

use super::engines::{artist, openai, picture};
use super::studio::{Artist, FILES};
use super::uploads::{png, png_of, upload};
use crate::support::providers::{Provider, Reply, json as reply};
use crate::support::{App, on_both};

on_both!(
    whoever_lost_the_lease_leaves_no_file,
    whoever_lost_the_lease_to_nobody_who_succeeds_leaves_no_file,
    many_that_are_late_leave_no_file,
    what_a_crash_leaves_is_gone_after_a_while,
);

/// Longer than a file that was announced may take.
const A_WHILE: Duration = Duration::from_secs(2 * 3_600);

/// One that tells itself from the usual one.
fn another_picture() -> Vec<u8> {
    png_of((512, 220), (1, 0), &[vec![0], vec![0xcc; 64]].concat().repeat(220))
}

/// Its answer, held until it is released.
fn held(reply: Reply) -> Reply {
    match reply {
        Reply::Whole(bytes) => Reply::Held(bytes),
        other => other,
    }
}

async fn order(ada: &Artist, count: usize) -> Vec<String> {
    let mut order = ada.order();
    (order["model"], order["variantCount"]) = ("pro".into(), count.into());
    ada.ids(&ada.generate(&order).await)
}

fn at_work(ada: &Artist) -> JoinHandle<()> {
    let ada = ada.clone();
    tokio::spawn(async move { ada.work().await })
}

async fn until_asked(provider: &Provider, times: usize) {
    let mut asked = 0;
    while asked < times {
        tokio::time::sleep(Duration::from_millis(5)).await;
        asked += provider.take_asked().len();
    }
}

/// Another node of the same server.
async fn another(ada: &Artist) -> Artist {
    let node = ada.person.app.again(|_| {}).await;
    Artist { person: ada.person.before(&node), ..ada.clone() }
}

/// The file that an image's row names.
async fn file_of(ada: &Artist, id: &str) -> Vec<u8> {
    let image = ada.image(id).await;
    assert_eq!(image["status"], "completed", "{image}");
    let url = image["imageUrl"].as_str().expect("a URL").replace("http://localhost:4600", "");
    let file = ada.person.app.get(&url, &[]).await;
    assert_eq!(file.status, 200);
    file.body
}

async fn whoever_lost_the_lease_leaves_no_file(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    let other = another(&ada).await;
    let id = order(&ada, 1).await.remove(0);
    provider.answers([held(openai(&picture(512, 220)))]);
    let late = at_work(&ada);
    until_asked(&provider, 1).await;
    ada.person.app.advance(LEASE + Duration::from_secs(1));
    provider.answers([openai(&another_picture())]);
    other.work().await;
    let before = file_of(&ada, &id).await;
    provider.release();
    late.await.expect("it ends");
    ada.person.app.keep_house().await;
    assert_eq!(file_of(&ada, &id).await, before, "the file of whoever won stays as it is");
    assert_eq!((ada.files(), ada.spent().await), (FILES, (1, 0)));
    assert_eq!(ada.person.app.rows("blobs_to_delete"), Vec::<String>::new());
    // It is gone with its image, whoever is late after that.
    assert_eq!(ada.ask("DELETE", &format!("/{id}"), None).await.status, 200);
    ada.person.app.keep_house().await;
    assert_eq!(ada.files(), 0);
}

async fn whoever_lost_the_lease_to_nobody_who_succeeds_leaves_no_file(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    let other = another(&ada).await;
    let refused = json!({ "error": { "code": "moderation_blocked", "message": "no" } }).to_string();
    for is_deleted in [false, true] {
        let id = order(&ada, 1).await.remove(0);
        provider.answers([held(openai(&picture(512, 220)))]);
        let late = at_work(&ada);
        until_asked(&provider, 1).await;
        ada.person.app.advance(LEASE + Duration::from_secs(1));
        if is_deleted {
            provider.answers([openai(&picture(512, 220))]);
            other.work().await;
            assert_eq!(ada.ask("DELETE", &format!("/{id}"), None).await.status, 200);
            ada.person.app.keep_house().await;
            assert_eq!(ada.files(), 0);
        } else {
            provider.answers([reply(400, &refused)]);
            other.work().await;
            assert_eq!(ada.image(&id).await["failureReason"], "content_safety");
        }
        provider.release();
        late.await.expect("it ends");
        ada.person.app.keep_house().await;
        assert_eq!(ada.files(), 0, "deleted: {is_deleted}");
        ada.person.app.advance(A_WHILE);
        ada.person.app.keep_house().await;
        assert_eq!(ada.person.app.rows("blobs_to_delete"), Vec::<String>::new());
    }
}

/// Nodes that take over from each other while all of them are at work.
async fn many_that_are_late_leave_no_file(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    let nodes = [another(&ada).await, another(&ada).await, another(&ada).await];
    let ids = order(&ada, 5).await;
    let mut late = Vec::new();
    for node in &nodes {
        for _ in 0..3 {
            provider.answers([held(openai(&picture(512, 220)))]);
            late.push(at_work(node));
            until_asked(&provider, 1).await;
        }
        ada.person.app.advance(LEASE + Duration::from_secs(1));
    }
    provider.answers((0..20).map(|_| openai(&picture(512, 220))));
    let last = at_work(&ada);
    for _ in 0..9 {
        provider.release();
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    last.await.expect("it ends");
    for one in late {
        provider.release();
        one.await.expect("it ends");
    }
    // What somebody had in hand when its lease was over is due again.
    for _ in 0..3 {
        ada.person.app.advance(LEASE + Duration::from_secs(1));
        ada.work().await;
    }
    for id in &ids {
        file_of(&ada, id).await;
    }
    ada.person.app.advance(A_WHILE);
    ada.person.app.keep_house().await;
    assert_eq!((ada.files(), ada.spent().await), (5 * FILES, (5, 0)));
    assert_eq!(ada.person.app.rows("blobs_to_delete"), Vec::<String>::new());
}

/// Writes, and never comes back: what a process does that ends right after.
struct Fatal(Arc<dyn Blobs>);

impl Blobs for Fatal {
    fn put<'a>(&'a self, key: &'a BlobKey, bytes: Vec<u8>) -> Answer<'a, ()> {
        Box::pin(async move {
            self.0.put(key, bytes).await?;
            std::future::pending().await
        })
    }

    fn get<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Option<Vec<u8>>> {
        self.0.get(key)
    }

    fn delete<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, ()> {
        self.0.delete(key)
    }
}

async fn until_files(ada: &Artist, count: usize) {
    while ada.files() < count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It is written under another name first.
    tokio::time::sleep(Duration::from_millis(100)).await;
}

async fn what_a_crash_leaves_is_gone_after_a_while(app: App) {
    let provider = Provider::start().await;
    let ada = artist(app, provider.settings(ApiKind::OpenAi)).await;
    let fatal =
        ada.person.app.again(|options| options.before_files = Some(|blobs| Arc::new(Fatal(blobs))));
    let fatal = Artist { person: ada.person.before(&fatal.await), ..ada.clone() };
    let id = order(&ada, 1).await.remove(0);
    provider.answers([openai(&picture(512, 220)), openai(&picture(512, 220))]);
    let worker = at_work(&fatal);
    until_files(&ada, 1).await;
    worker.abort();
    let uploading = tokio::spawn({
        let fatal = fatal.clone();
        async move { upload(&fatal, &png(7)).await.status }
    });
    until_files(&ada, 2).await;
    uploading.abort();
    assert_eq!(ada.person.app.rows("blobs_to_delete").len(), 2, "they were announced");
    ada.person.app.advance(LEASE + Duration::from_secs(1));
    ada.work().await;
    ada.person.app.keep_house().await;
    assert_eq!(ada.files(), 2 + FILES, "what is at work somewhere is left alone");
    file_of(&ada, &id).await;
    ada.person.app.advance(A_WHILE);
    ada.person.app.keep_house().await;
    file_of(&ada, &id).await;
    assert_eq!((ada.files(), ada.spent().await), (FILES, (1, 0)));
    assert_eq!(ada.person.app.rows("blobs_to_delete"), Vec::<String>::new());
}
