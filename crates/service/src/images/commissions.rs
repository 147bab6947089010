//! What is written when images are asked for: the hold, a row for each image, and a job for each.
//!
//! All of it is one transaction, with the answer to the request. So each image costs what it costs when it is
//! there, and nothing when it is not.

use std::time::Duration;

use bloom_domain::credits::{PaidWork, Reference};
use bloom_domain::ids::{BrandId, ImageId};
use bloom_domain::images::{ActionType, AspectRatio, Image, Source, Status};
use bloom_domain::workspaces::{Workspace, WorkspaceChoice, WorkspaceKind};
use bloom_store::{self as store, Change, Tx};

use super::rendering::{ASKING, Payload, RENDERING, Task};
use super::{Viewer, studio};
use crate::credits::holds::{HoldDraft, HoldOrder};
use crate::engines::label;
use crate::jobs::JobDraft;
use crate::sessions::Claim;
use crate::{Error, Principal, Service, SignedIn};

/// For how long a hold waits for its images. What has not begun by then was forgotten.
const HELD_FOR: Duration = Duration::from_secs(6 * 3_600);

/// Who asks for images: by a credential, or at a browser.
#[derive(Clone, Copy)]
pub(super) enum Asker<'a> {
    Credential(&'a Principal),
    Person(&'a SignedIn),
}

impl Asker<'_> {
    /// What they see.
    pub(super) fn viewer(self) -> Viewer {
        match self {
            Self::Credential(principal) => Viewer::of(principal),
            Self::Person(person) => Viewer::of_person(person),
        }
    }
}

/// What one image is to be.
pub(super) struct Wish {
    pub(super) brand: BrandId,
    pub(super) action: ActionType,
    pub(super) prompt: Option<String>,
    pub(super) ratio: Option<AspectRatio>,
    pub(super) parent: Option<ImageId>,
    /// The name of the engine that is to make it, if that is not the server's own.
    pub(super) engine: Option<String>,
    pub(super) task: Task,
}

/// What is to draw it, as images say it.
fn drawn_by(service: &Service, wish: &Wish) -> String {
    let Some(name) = &wish.engine else { return studio::ENGINE.to_owned() };
    let engine = service.engines.named(name);
    engine.map_or_else(|| name.clone(), |engine| label(&**engine, wish.task.has_pictures()))
}

/// Images that are asked for, ready to be written.
pub(super) struct Commission {
    /// Whose session has to be there, if they are asked for at a browser.
    claim: Option<Claim>,
    hold: HoldDraft,
    images: Vec<(Image, JobDraft)>,
    group: Option<ImageId>,
    /// What draws all of them.
    engine: String,
}

impl Commission {
    /// Images in a workspace, for work that costs something.
    pub(super) fn new(
        service: &Service,
        asker: Asker<'_>,
        workspace: &Workspace,
        work: PaidWork,
        wishes: Vec<Wish>,
    ) -> Result<Self, Error> {
        let now = service.now();
        // One image is paid for under its own name, several under that of their group.
        let name = ImageId::new(now, &service.entropy.draw()?);
        let group = (wishes.len() > 1).then_some(name);
        let internal = |error: &dyn std::fmt::Display| Error::Internal(error.to_string());
        let reference = Reference::parse(&format!("images:{name}")).map_err(|e| internal(&e))?;
        let choice = match workspace.kind {
            WorkspaceKind::Personal => WorkspaceChoice::Personal,
            WorkspaceKind::Team => WorkspaceChoice::Team(workspace.id),
        };
        let prices = work.items().map_err(|e| internal(&e))?;
        let order = HoldOrder { work, reference, lifetime: HELD_FOR };
        let (claim, hold, made_by) = match asker {
            Asker::Credential(principal) => {
                (None, HoldDraft::new(service, principal, choice, order)?, principal.account_id())
            }
            Asker::Person(person) => {
                let hold = HoldDraft::of_person(service, person, choice, order)?;
                (Some(person.claim()), hold, person.account().id)
            }
        };
        let engine = wishes.first().map(|wish| drawn_by(service, wish)).unwrap_or_default();
        let mut images = Vec::with_capacity(wishes.len());
        for ((item, wish), price) in (0..).zip(wishes).zip(prices) {
            let id = match group {
                None => name,
                Some(_) => ImageId::new(now, &service.entropy.draw()?),
            };
            let image = Image {
                id,
                workspace: workspace.id,
                brand: wish.brand,
                made_by,
                source: Source::Generated,
                action: Some(wish.action),
                status: Status::Pending,
                failure: None,
                prompt: wish.prompt,
                description: None,
                ratio: wish.ratio,
                size: None,
                variant_group: group,
                parent: wish.parent,
                engine: Some(engine.clone()),
                file: None,
                nonce: service.entropy.draw()?,
                paid_by: Some((hold.id(), item)),
                created_at: now,
            };
            let kind = if wish.engine.is_some() { &ASKING } else { &RENDERING };
            let work = (wish.engine, wish.task);
            let payload = Payload::new(image.id, (hold.id(), item), price.get(), work);
            let job = JobDraft::new(service, kind, Some(image.id.to_string()), &payload)?;
            images.push((image, job));
        }
        Ok(Self { claim, hold, images, group, engine })
    }

    /// The images.
    pub(super) fn ids(&self) -> Vec<ImageId> {
        self.images.iter().map(|(image, _)| image.id).collect()
    }

    /// What draws them, as images say it.
    pub(super) fn engine(&self) -> &str {
        &self.engine
    }

    /// What they have in common, if they are several.
    pub(super) fn group(&self) -> Option<ImageId> {
        self.group
    }

    /// Whether whoever asks is still signed in, for the rest of the transaction. A credential was asked by its
    /// hold.
    pub(super) fn check(&self, tx: &mut Tx<'_>) -> Result<Result<(), Error>, store::Error> {
        self.claim.map_or(Ok(Ok(())), |claim| claim.check(tx))
    }

    /// Writes all of it in the transaction of whoever asks; nothing when something is against it.
    pub(super) fn run(&self, tx: &mut Tx<'_>) -> Result<Result<(), Error>, store::Error> {
        if let Err(refusal) = self.hold.run(tx)? {
            return Ok(Err(refusal));
        }
        for (image, job) in &self.images {
            store::images::insert(tx, image)?;
            job.run(tx)?;
            tx.changed(Change::Image(image.id));
        }
        Ok(Ok(()))
    }
}
