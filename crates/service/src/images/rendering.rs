//! Making an image: the job behind each.
//!
//! 1. The image and its hold are looked at. What is gone, or was voided, is not drawn; for what is, a file is announced.
//! 2. What it is drawn from is fetched: the brand as it is now, its logo, the images it refers to.
//! 3. It is drawn by a painter ([`crate::painters`]), or by somebody else's engine (`elsewhere.rs`), and its bytes are put
//!    beside the database. The place is the attempt's own, so whoever has lost the lease overwrites nothing.
//! 4. One transaction ends the job, writes the image and settles its part of the hold, or writes that it failed and
//!    voids it.

use std::sync::Arc;

use bloom_domain::credits::Amount;
use bloom_domain::ids::{CreditHoldId, ImageId};
use bloom_domain::images::{Failure, Image};
use bloom_store::{self as store, Change, Tx};
use serde::{Deserialize, Serialize};
use store::images::Completed;

use super::studio::{self, Made};
use super::{elsewhere, files, search};
use crate::blobs::BlobKey;
use crate::credits::endings::Ending;
use crate::jobs::{Job, JobError, Kind};
use crate::work::Work;
use crate::{Service, painters};

/// The jobs that make images.
pub(crate) static RENDERING: Kind = Kind {
    name: "image",
    at_once: painters::count,
    run: |service, job| Box::pin(run(service, job)),
    give_up: |service, job| Box::pin(give_up(service, job)),
};

/// The jobs that have somebody else's engine make images: while they wait for it, others draw here.
pub(crate) static ASKING: Kind = Kind {
    name: "engine",
    at_once: || ASKED_AT_ONCE,
    run: |service, job| Box::pin(run(service, job)),
    give_up: |service, job| Box::pin(give_up(service, job)),
};

/// How many images a node has others draw at the same time.
const ASKED_AT_ONCE: usize = 8;

/// Where the bytes of images lie among the others.
pub(super) const AMONG: &str = "images";

/// What a job says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payload {
    image: [u8; 16],
    hold: [u8; 16],
    item: u32,
    /// What it costs.
    credits: i64,
    /// The name of the engine that makes it, if that is not the server's own.
    #[serde(default)]
    engine: Option<String>,
    task: Task,
}

/// What there is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Task {
    /// A picture of a prompt.
    Compose(Composition),
    /// A picture changed as it is told.
    Edit { of: [u8; 16], instruction: String, is_4k: bool, seed: u64, references: Vec<[u8; 16]> },
    /// A picture in another ratio; as large as it is, or 2K where the plan has no larger ones.
    Resize {
        of: [u8; 16],
        ratio: String,
        #[serde(default)]
        is_2k: bool,
    },
    /// A picture without its background.
    RemoveBackground { of: [u8; 16] },
    /// A picture as paths.
    Vectorize { of: [u8; 16] },
}

/// A picture of a prompt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Composition {
    pub(crate) prompt: String,
    pub(crate) ratio: String,
    pub(crate) is_4k: bool,
    /// Which of how many it is: each looks at what the others are, to differ.
    pub(crate) variant: u32,
    pub(crate) variants: u32,
    pub(crate) seed: u64,
    pub(crate) references: Vec<[u8; 16]>,
}

impl Task {
    /// Whether it begins with pictures.
    pub(super) fn has_pictures(&self) -> bool {
        match self {
            Self::Compose(composition) => !composition.references.is_empty(),
            _ => true,
        }
    }
}

impl Payload {
    pub(crate) fn new(
        image: ImageId,
        (hold, item): (CreditHoldId, u32),
        credits: i64,
        (engine, task): (Option<String>, Task),
    ) -> Self {
        Self { image: *image.as_bytes(), hold: *hold.as_bytes(), item, credits, engine, task }
    }

    fn stake(&self) -> Stake {
        Stake {
            image: ImageId::from_bytes(self.image),
            hold: CreditHoldId::from_bytes(self.hold),
            item: self.item,
        }
    }
}

/// What ends with a job: an image, and its part of a hold.
#[derive(Debug, Clone, Copy)]
struct Stake {
    image: ImageId,
    hold: CreditHoldId,
    item: u32,
}

/// What drawing came to.
pub(crate) enum Outcome {
    /// A picture.
    Made(Made),
    /// None, and none will come of trying again.
    Failed(Failure),
}

impl Outcome {
    /// None, because of something that has no word in the contract.
    pub(crate) fn failed(detail: impl Into<String>) -> Self {
        Self::Failed(Failure { reason: None, detail: detail.into() })
    }
}

async fn run(service: &Arc<Service>, job: &Job) -> Result<(), JobError> {
    let payload: Payload = job.payload()?;
    let price = Amount::new(payload.credits).map_err(|e| JobError::ForGood(e.to_string()))?;
    let stake = payload.stake();
    let key = key(job, &payload);
    let Some(image) = begin(service, &payload, &key).await? else {
        let detail = "its credits went back before it was begun";
        return end(service, job, stake, End::Failed(failure(detail))).await;
    };
    let (outcome, engine) = match &payload.engine {
        None => (studio::draw(service, &image, &payload.task).await?, studio::ENGINE.to_owned()),
        Some(name) => {
            let asked = (name.as_str(), job.attempts());
            elsewhere::draw(service, &image, &payload.task, asked).await?
        }
    };
    match outcome {
        Outcome::Failed(failure) => end(service, job, stake, End::Failed(failure)).await,
        Outcome::Made(made) => {
            let bytes = i64::try_from(made.file.bytes.len()).unwrap_or(i64::MAX);
            let file = bloom_domain::images::File {
                blob: key.as_str().to_owned(),
                media_type: made.media_type.to_owned(),
                bytes,
                digest: None,
            };
            if payload.engine.is_none() {
                files::put_announced(service, &key, made.file).await?;
            } else if let Err(error) = files::put_patiently(service, &key, &made.file).await {
                // The engine may have been paid for it, and would be once more by another attempt.
                tracing::error!(image = %image.id, engine, %error, "what an engine drew cannot be stored");
                let detail =
                    "it was drawn and could not be stored; the operator finds the cause in the log";
                return end(service, job, stake, End::Failed(failure(detail))).await;
            }
            let completed = Completed {
                description: made.description,
                ratio: made.ratio,
                size: made.size,
                engine,
                file,
            };
            end(service, job, stake, End::Completed(Box::new(completed), made.scene, price)).await
        }
    }
}

async fn give_up(service: &Arc<Service>, job: &Job) -> Result<(), JobError> {
    let stake = match job.payload::<Payload>() {
        Ok(payload) => Some(payload.stake()),
        Err(_) => stake_of_row(service, job).await?,
    };
    let Some(stake) = stake else {
        // The image is gone; what was held for it ends by itself.
        return job.leave(service).await;
    };
    let detail = "the server could not make it; its operator finds the cause in the log";
    end(service, job, stake, End::Failed(failure(detail))).await
}

/// What is at stake where the job says it in words that are not understood: the image that it is about says so
/// as well.
async fn stake_of_row(service: &Service, job: &Job) -> Result<Option<Stake>, JobError> {
    let Some(image) = job.about().and_then(|about| about.parse::<ImageId>().ok()) else {
        return Ok(None);
    };
    let found = service.store.read(move |tx| store::images::find_any(tx, image)).await?;
    let paid_by = found.and_then(|found| found.image.paid_by);
    Ok(paid_by.map(|(hold, item)| Stake { image, hold, item }))
}

/// Where an attempt puts its bytes.
fn key(job: &Job, payload: &Payload) -> BlobKey {
    BlobKey::of_attempt(AMONG, payload.stake().image, job.attempts())
}

fn failure(detail: &str) -> Failure {
    Failure { reason: None, detail: detail.to_owned() }
}

/// The image, if it is still to be made and paid for.
async fn begin(
    service: &Service,
    payload: &Payload,
    key: &BlobKey,
) -> Result<Option<Image>, JobError> {
    let (Stake { image: id, hold, .. }, now, key) = (payload.stake(), service.now(), key.clone());
    let begin = move |tx: &mut Tx<'_>| {
        let is_held = store::credit_holds::find_open(tx, hold)?;
        let Some(found) = store::images::find_any(tx, id)? else { return Ok(None) };
        if found.image.status.is_final() || is_held.is_none_or(|hold| hold.until <= now) {
            return Ok(None);
        }
        if store::images::begin(tx, id)? {
            tx.changed(Change::Image(id));
        }
        files::announce(tx, &key, now)?;
        Ok(Some(found.image))
    };
    Ok(service.store.write(begin).await?)
}

/// How an image ends.
enum End {
    /// It is there, with what it was composed of, and costs so much.
    Completed(Box<Completed>, Option<String>, Amount),
    Failed(Failure),
}

/// Ends the job, the image and its part of the hold, all or nothing.
async fn end(service: &Service, job: &Job, stake: Stake, end: End) -> Result<(), JobError> {
    let (job, ending, now) = (job.clone(), Ending::new(service)?, service.now());
    let Stake { image: id, hold, item } = stake;
    let write = move |tx: &mut Tx<'_>| {
        if !job.end(tx)? {
            // Somebody else has the job, and writes another file.
            if let End::Completed(completed, ..) = &end {
                store::images::doom_blob(tx, &completed.file.blob, now)?;
            }
            return Ok(());
        }
        let is_there = match &end {
            End::Completed(completed, scene, _) => {
                let is_there = store::images::complete(tx, id, completed)?;
                match is_there {
                    true => files::keep(tx, &completed.file.blob, now)?,
                    // It was deleted while it was made.
                    false => store::images::doom_blob(tx, &completed.file.blob, now)?,
                }
                if let (true, Some(scene)) = (is_there, scene) {
                    store::images::insert_scene(tx, id, scene)?;
                }
                is_there
            }
            End::Failed(failure) => {
                store::images::fail(tx, id, failure)?;
                false
            }
        };
        if is_there && let Some(found) = store::images::find_any(tx, id)? {
            let Image { brand, prompt, description, .. } = &found.image;
            let words = search::words(prompt.as_deref(), description.as_deref());
            store::image_captions::insert(tx, *brand, id, &words)?;
        }
        tx.changed(Change::Image(id));
        // Who has voided the hold meanwhile has ended this part, too.
        let Some(open) = store::credit_holds::find_open(tx, hold)? else { return Ok(()) };
        let work = Work::of(hold, open.workspace, &open.operation);
        let spent = match &end {
            End::Completed(.., price) if is_there => Some(*price),
            _ => None,
        };
        match ending.end_item(tx, &work, item, spent)? {
            Ok(_) => Ok(()),
            Err(error) => Err(store::Error::Corrupt(error.to_string())),
        }
    };
    Ok(service.store.write(write).await?)
}
