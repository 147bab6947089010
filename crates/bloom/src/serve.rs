//! Running a server: open, listen, announce, answer, drain, close.

use std::path::Path;

use bloom_domain::secrets::OpaqueSecret;
use bloom_http::Edge;
use bloom_service::rate_limit::RateLimits;
use bloom_service::{housekeeping, jobs, mail, setup_links, subscriptions, waits};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::config::Config;
use crate::data_folder::{DataFolder, OpenFolderError};
use crate::failure::Failure;
use crate::listen::Listeners;
use crate::node::Node;
use crate::{control, first_run, logging, output};

/// `bloom serve`: the real server.
pub(crate) fn serve(config: &Config) -> Result<(), Failure> {
    run(config, Manner::Plain)
}

/// `bloom start`: a server on this machine, with an account and a key to try.
pub(crate) fn start(config: &Config) -> Result<(), Failure> {
    run(config, Manner::WithFirstRun)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Plain,
    WithFirstRun,
}

fn run(config: &Config, manner: Manner) -> Result<(), Failure> {
    logging::start(config)?;
    config.check(config.listen()?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::machine(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let folder = claim(config)?;
        let also_v6 = manner == Manner::WithFirstRun;
        let listeners = Listeners::bind(config.listen()?, also_v6).await?;
        let node = Node::open(config, folder, listeners.address).await?;
        let socket = control::listen(&node.folder)?;
        // Whoever reads that it runs may stop it at once.
        let signals = Signals::listen()?;
        node.folder.say(node.site.origin());
        announce(&node, manner).await?;
        let drain = config.drain()?;
        let edge = Edge::new(node.service.clone(), node.site.clone())?;

        let (stopping, stop) = watch::channel(false);
        let node = std::sync::Arc::new(node);
        let commands = tokio::spawn(control::answer(socket, node.clone()));
        let chores = tokio::spawn(housekeeping::run(node.service.clone()));
        let mut mailing = tokio::spawn(mail::worker::run(node.service.clone(), stop.clone()));
        let mut working = tokio::spawn(jobs::worker::run(node.service.clone(), stop.clone()));
        let answering = tokio::spawn(listeners.run(edge, stop, drain));
        signals.wait().await;
        tracing::info!("stopping: no new connections, running requests finish");
        let _ = stopping.send(true);
        waits::end_all(&node.service);
        // A panic in there has been reported; closing goes on.
        let _ = answering.await;
        // A mail in hand would go out twice if it were cut off after the server took it.
        if tokio::time::timeout(drain, &mut mailing).await.is_err() {
            mailing.abort();
            let _ = mailing.await;
        }
        // A job in hand is done again by whoever starts next.
        if tokio::time::timeout(drain, &mut working).await.is_err() {
            working.abort();
            let _ = working.await;
        }
        commands.abort();
        chores.abort();
        let _ = commands.await;
        let _ = chores.await;
        close(node).await;
        tracing::info!("stopped");
        Ok(())
    })
}

async fn close(node: std::sync::Arc<Node>) {
    let _ = std::fs::remove_file(node.folder.control_path());
    match std::sync::Arc::try_unwrap(node) {
        Ok(node) => node.close().await,
        // A command that still runs holds it; what is committed is safe all the same.
        Err(node) => drop(node.service.clone().close().await),
    }
}

fn claim(config: &Config) -> Result<DataFolder, Failure> {
    DataFolder::open(config.data()?).map_err(|error| match error {
        OpenFolderError::Failed(failure) => failure,
        OpenFolderError::InUse { path, origin } => {
            let at = origin.map_or_else(String::new, |origin| format!(", at {origin}"));
            Failure::machine(format!(
                "another process works in the data folder {}{at}: stop it, or name another folder with --data",
                path.display()
            ))
        }
    })
}

async fn announce(node: &Node, manner: Manner) -> Result<(), Failure> {
    tell_what_is_unlimited(node.service.settings().rate_limits);
    warn_of_plans_gone(node).await?;
    tracing::info!(
        origin = node.site.origin(),
        database = if node.is_embedded { "sqlite" } else { "postgresql" },
        sign_up = ?node.service.settings().sign_up,
        "ready"
    );
    if manner == Manner::WithFirstRun {
        return first_run::welcome(node).await;
    }
    output::say(&format!("Bloom is running at {}", node.site.origin()))?;
    let token = setup_links::issue(&node.service, &node.operator).await?;
    token.map_or(Ok(()), |token| show_setup_link(node, &token))
}

fn tell_what_is_unlimited(limits: RateLimits) {
    match (limits.api_keys, limits.connections) {
        (Some(_), Some(_)) => {}
        (None, None) => {
            tracing::warn!("RATE LIMITS ARE OFF (limits.enabled): anyone may ask without end");
        }
        (None, Some(_)) => tracing::warn!("API keys are not limited (limits.api_key_requests = 0)"),
        (Some(_), None) => tracing::warn!("apps are not limited (limits.connection_requests = 0)"),
    }
}

/// A plan that somebody has and the configuration does not is most likely a slip.
async fn warn_of_plans_gone(node: &Node) -> Result<(), Failure> {
    let Some(billing) = &node.service.settings().billing else { return Ok(()) };
    let default = &billing.plans.default_plan().name;
    for (plan, count) in subscriptions::count(&node.service, &node.operator).await? {
        if billing.plans.find(&plan).is_none() {
            tracing::warn!(
                plan,
                subscriptions = count,
                "there are subscriptions to a plan that is not in the configuration: their workspaces \
                 are entitled to what the plan {default} includes, and their months go on"
            );
        }
    }
    Ok(())
}

/// On standard output only: the link is a secret, and logs are kept.
fn show_setup_link(node: &Node, token: &OpaqueSecret) -> Result<(), Failure> {
    let folder: &Path = node.folder.path();
    output::say(&format!(
        "There is no account yet. Make the first one within the hour at\n\n    {}/setup/{}\n\n\
         or with: bloom account create --data {} --email you@example.com",
        node.site.origin(),
        token.expose(),
        folder.display()
    ))
}

/// What stops a server: a service manager, or Ctrl+C.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Failure::machine(format!("cannot wait for signals: {error}")))
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
