//! Mails between the COMMIT that wrote them and the place where they go.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bloom_domain::email::Email;
use bloom_service::Error;
use bloom_service::mail::worker::{self, LEASE};
use bloom_service::mail::{self, Answer, Letter, Mailer, Status};
use bloom_service::root_secret::{self, RootSecret};
use tokio::sync::watch;

use crate::secrets::{contains, everything_stored};
use crate::support::{App, at_once, on_both};

on_both!(
    a_mail_arrives_whole_and_private_and_is_gone_here,
    the_database_holds_nothing_of_a_mail_that_waits,
    a_mail_that_is_not_taken_is_tried_again_under_the_same_name,
    what_fails_for_a_day_is_given_up,
    what_is_refused_for_good_is_given_up_at_once,
    what_needs_a_mail_changes_nothing_while_none_can_be_sent,
    nodes_share_the_mails_and_send_each_once,
    a_mail_in_the_hand_of_a_dead_node_goes_out_when_its_lease_is_over,
    the_worker_wakes_at_once_and_stops_when_told,
    the_worker_finishes_what_it_has_in_hand,
    a_node_that_is_behind_leaves_the_mails_to_others,
    a_replaced_root_secret_still_opens_them,
);

const ADA: &str = "ada@example.com";
const SECOND: Duration = Duration::from_secs(1);

async fn write(app: &App, to: &str) -> Result<(), Error> {
    mail::queue_test(app.service(), &app.operator(), Email::parse(to).unwrap()).await
}

async fn status(app: &App) -> Status {
    mail::status(app.service(), &app.operator()).await.unwrap()
}

/// Everything in the outbox, hidden files too.
fn files(app: &App) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(app.outbox()) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Puts a file where the outbox should be.
fn block(app: &App) {
    let _ = std::fs::remove_dir_all(app.outbox());
    std::fs::write(app.outbox(), "in the way").unwrap();
}

fn unblock(app: &App) {
    std::fs::remove_file(app.outbox()).unwrap();
}

/// A mail that was written, and then nothing takes any.
async fn stranded(app: &App) {
    write(app, ADA).await.unwrap();
    block(app);
}

async fn a_mail_arrives_whole_and_private_and_is_gone_here(app: App) {
    write(&app, ADA).await.unwrap();
    assert_eq!(app.rows("mails").len(), 1);
    assert!(files(&app).is_empty(), "it is not sent by whoever wrote it");
    app.deliver_mails().await;
    let [file] = &files(&app)[..] else { panic!("one file: {:?}", files(&app)) };
    let mode = |path: &PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&app.outbox()), mode(file)), (0o700, 0o600));
    let text = std::fs::read_to_string(file).unwrap();
    let id = file.file_stem().unwrap().to_str().unwrap();
    for line in [
        &format!("Message-ID: <{id}@example.com>"),
        "Date: Fri, 15 Jan 2027 08:00:00 +0000",
        "From: bloom@example.com",
        "To: ada@example.com",
        "Subject: Bloom can send mail",
        "This is a test mail from the Bloom server at http://localhost:4600.",
    ] {
        assert!(text.lines().any(|other| other == line), "{line:?} is not in {text}");
    }
    assert!(app.rows("mails").is_empty());
    app.deliver_mails().await;
    assert_eq!(files(&app).len(), 1);
    let none = Status { waiting: 0, oldest: None, delivered: 1, failed: 0, given_up: 0 };
    assert_eq!(status(&app).await, none);
}

async fn the_database_holds_nothing_of_a_mail_that_waits(app: App) {
    write(&app, ADA).await.unwrap();
    let stored = everything_stored(&app);
    assert!(contains(&stored, b"mails"), "what is stored is looked at");
    for text in [ADA, "test mail", "Bloom can send mail"] {
        assert!(!contains(&stored, text.as_bytes()), "{text}");
        for hex in [hex(text), hex(text).to_uppercase()] {
            assert!(!contains(&stored, hex.as_bytes()), "{text}");
        }
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

async fn a_mail_that_is_not_taken_is_tried_again_under_the_same_name(app: App) {
    stranded(&app).await;
    let row = app.rows("mails")[0].clone();
    let id = row.split(',').next().unwrap().to_lowercase();
    for (failures, wait) in [(1, 5), (2, 10), (3, 20)] {
        app.deliver_mails().await;
        assert_eq!(status(&app).await.failed, failures);
        app.advance(SECOND * wait - Duration::from_micros(1));
        app.deliver_mails().await;
        assert_eq!(status(&app).await.failed, failures, "it is not its time yet");
        app.advance(Duration::from_micros(1));
    }
    unblock(&app);
    app.deliver_mails().await;
    let arrived = files(&app)[0].file_stem().unwrap().to_str().unwrap().replace('-', "");
    assert!(id.contains(&arrived), "{id} became {arrived}");
    let text = std::fs::read_to_string(&files(&app)[0]).unwrap();
    assert!(
        text.contains("Date: Fri, 15 Jan 2027 08:00:00 +0000"),
        "it is as old as it is: {text}"
    );
    assert!(app.rows("mails").is_empty());
}

async fn what_fails_for_a_day_is_given_up(app: App) {
    stranded(&app).await;
    let (step, mut tried_for) = (SECOND * 300, Duration::ZERO);
    loop {
        app.deliver_mails().await;
        if status(&app).await.waiting == 0 {
            break;
        }
        app.advance(step);
        tried_for += step;
    }
    let day = SECOND * 86_400;
    assert!((day..day + SECOND * 900).contains(&tried_for), "given up after {tried_for:?}");
    assert!(app.rows("mails").is_empty());
    let Status { waiting, delivered, failed, given_up, .. } = status(&app).await;
    assert_eq!((waiting, delivered, given_up), (0, 0, 1));
    assert!((80..120).contains(&failed), "{failed} attempts in a day");
}

async fn what_is_refused_for_good_is_given_up_at_once(app: App) {
    write(&app, "a..b@example.com").await.unwrap();
    write(&app, ADA).await.unwrap();
    app.deliver_mails().await;
    assert!(app.rows("mails").is_empty());
    let Status { delivered, failed, given_up, .. } = status(&app).await;
    assert_eq!((delivered, failed, given_up), (1, 1, 1));
}

async fn what_needs_a_mail_changes_nothing_while_none_can_be_sent(app: App) {
    block(&app);
    let before = app.database().dump();
    let refused = write(&app, ADA).await.unwrap_err();
    assert!(matches!(&refused, Error::MailUnavailable(cause) if cause.contains("outbox")));
    assert_eq!(app.database().dump(), before);
    unblock(&app);
    write(&app, ADA).await.unwrap();
    assert!(files(&app).is_empty(), "looking whether it works leaves nothing");
}

async fn nodes_share_the_mails_and_send_each_once(app: App) {
    for number in 0..40 {
        write(&app, &format!("p{number}@example.com")).await.unwrap();
    }
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(app.again(|_| {}).await);
    }
    let racers = nodes.clone();
    at_once(8, move |n| {
        let node = racers[n % 4].clone();
        async move { node.deliver_mails().await }
    })
    .await;
    let mut delivered = 0;
    for node in &nodes {
        delivered += status(node).await.delivered;
    }
    assert_eq!((delivered, files(&app).len(), app.rows("mails").len()), (40, 40, 0));
}

/// Takes letters and never says what came of them, or only after a while.
#[derive(Default)]
struct Slow {
    taken: Mutex<Vec<String>>,
    answers_after: Option<Duration>,
}

impl Slow {
    fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

impl Mailer for Slow {
    fn is_by_hand(&self) -> bool {
        false
    }

    fn deliver<'a>(&'a self, letter: &'a Letter) -> Answer<'a, String> {
        self.taken.lock().unwrap().push(letter.id.to_string());
        Box::pin(async {
            match self.answers_after {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
            Ok("somewhere".to_owned())
        })
    }

    fn check(&self) -> Answer<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

async fn eventually(what: &str, mut look: impl FnMut() -> bool) {
    let looking = async {
        while !look() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // The worker by itself would look after half a minute.
    tokio::time::timeout(SECOND * 10, looking).await.expect(what);
}

async fn a_mail_in_the_hand_of_a_dead_node_goes_out_when_its_lease_is_over(app: App) {
    let slow = Arc::new(Slow::default());
    let mailer = slow.clone();
    let dying = app.again(move |options| options.mailer = Some(mailer)).await;
    write(&dying, ADA).await.unwrap();
    let node = dying.clone();
    let at_work = tokio::spawn(async move { node.deliver_mails().await });
    eventually("it is taken", || !slow.taken().is_empty()).await;
    at_work.abort();
    app.deliver_mails().await;
    app.advance(LEASE - Duration::from_micros(1));
    app.deliver_mails().await;
    assert!(files(&app).is_empty(), "it is another's");
    app.advance(Duration::from_micros(1));
    app.deliver_mails().await;
    let file = format!("{}.eml", slow.taken()[0]);
    assert_eq!(files(&app), [app.outbox().join(file)]);

    // Nobody else works on a database in a folder, so there a new worker need not wait.
    write(&dying, ADA).await.unwrap();
    let node = dying.clone();
    let at_work = tokio::spawn(async move { node.deliver_mails().await });
    eventually("it is taken", || slow.taken().len() == 2).await;
    at_work.abort();
    let (_running, stop) = watch::channel(false);
    let worker = tokio::spawn(app.mail_worker(stop));
    if app.database().folder().is_some() {
        eventually("it goes out", || files(&app).len() == 2).await;
    } else {
        tokio::time::sleep(SECOND / 2).await;
        assert_eq!(files(&app).len(), 1, "another node may be alive");
    }
    worker.abort();
}

async fn the_worker_wakes_at_once_and_stops_when_told(app: App) {
    let (running, stop) = watch::channel(false);
    let worker = tokio::spawn(app.mail_worker(stop));
    // Whatever it does at its start is done.
    tokio::time::sleep(SECOND / 5).await;
    write(&app, ADA).await.unwrap();
    eventually("it goes out", || files(&app).len() == 1).await;
    if app.database().folder().is_none() {
        let other = app.again(|_| {}).await;
        write(&other, ADA).await.unwrap();
        eventually("that of another node too", || files(&app).len() == 2).await;
    }
    running.send(true).unwrap();
    tokio::time::timeout(SECOND * 5, worker).await.expect("it stops").unwrap();
}

async fn the_worker_finishes_what_it_has_in_hand(app: App) {
    let answers_after = Some(SECOND / 2);
    let slow = Arc::new(Slow { answers_after, ..Slow::default() });
    let mailer = slow.clone();
    let app = app.again(move |options| options.mailer = Some(mailer)).await;
    let (running, stop) = watch::channel(false);
    let worker = tokio::spawn(app.mail_worker(stop));
    write(&app, ADA).await.unwrap();
    eventually("it is taken", || !slow.taken().is_empty()).await;
    write(&app, ADA).await.unwrap();
    running.send(true).unwrap();
    tokio::time::timeout(SECOND * 5, worker).await.expect("it stops").unwrap();
    assert_eq!((slow.taken().len(), app.rows("mails").len()), (1, 1), "the other one waits");
    assert_eq!(status(&app).await.delivered, 1);
}

async fn a_node_that_is_behind_leaves_the_mails_to_others(app: App) {
    let ahead = app.again(|_| {}).await;
    let rotated = app.options().secrets.rotated(RootSecret::new([7; 32]));
    let operator = app.operator();
    app.advance(SECOND);
    assert!(root_secret::rotate(ahead.service(), &operator, &rotated).await.is_ok());
    write(&ahead, ADA).await.unwrap();
    assert_eq!(worker::once(&app.shared_service()).await, Err(Error::Behind));
    assert_eq!((files(&app).len(), status(&app).await.failed), (0, 0));
    ahead.deliver_mails().await;
    assert_eq!(files(&app).len(), 1);
}

async fn a_replaced_root_secret_still_opens_them(app: App) {
    write(&app, ADA).await.unwrap();
    app.advance(SECOND);
    let rotated = app.options().secrets.rotated(RootSecret::new([7; 32]));
    let app = app.again(|options| options.secrets = rotated).await;
    app.deliver_mails().await;
    assert_eq!(files(&app).len(), 1);

    // Without it nothing opens them; they are tried for a day, and nothing else suffers.
    write(&app, ADA).await.unwrap();
    let mut secrets = app.options().secrets.rotated(RootSecret::new([8; 32]));
    app.advance(SECOND);
    let next = app.again(|options| options.secrets = secrets.clone()).await;
    secrets.previous.clear();
    let app = next.again(|options| options.secrets = secrets).await;
    app.deliver_mails().await;
    write(&app, ADA).await.unwrap();
    app.deliver_mails().await;
    let Status { waiting, delivered, failed, given_up, .. } = status(&app).await;
    assert_eq!((waiting, delivered, failed, given_up), (1, 1, 1, 0));
}
