//! Taking connections and answering on them, until it is time to stop.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bloom_http::Edge;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::failure::Failure;

mod activity;
use activity::Activity;

/// More headers than this are answered 431.
const MAX_HEADERS: usize = 64 * 1024;
/// What an HTTP/2 connection may have running at once,
const MAX_STREAMS: u32 = 32;
/// and how much of bodies nobody has read yet it may leave in memory: of one request, and of all.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// An HTTP/2 peer is asked whether it is still there this often, and has as long to say so.
const PING: Duration = Duration::from_secs(20);
/// When the machine is out of descriptors, taking connections waits this long.
const PAUSE: Duration = Duration::from_millis(100);

/// The sockets of a server.
pub(crate) struct Listeners {
    sockets: Vec<TcpListener>,
    /// The address of the first, with its real port.
    pub(crate) address: SocketAddr,
}

impl Listeners {
    /// Listens on an address; with `also_v6`, on the same port of `::1` too, where there is one, since
    /// `localhost` may mean either.
    pub(crate) async fn bind(address: SocketAddr, also_v6: bool) -> Result<Self, Failure> {
        let first = TcpListener::bind(address).await.map_err(|error| refused(address, &error))?;
        let address = first.local_addr().map_err(|error| refused(address, &error))?;
        let mut sockets = vec![first];
        if also_v6 {
            let second = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), address.port());
            sockets.extend(TcpListener::bind(second).await.ok());
        }
        Ok(Self { sockets, address })
    }

    /// Answers until `stop` changes; then lets running requests finish for at most `drain`.
    pub(crate) async fn run(self, edge: Edge, stop: watch::Receiver<bool>, drain: Duration) {
        let room = Arc::new(Semaphore::new(most_connections()));
        let accepting = self.sockets.into_iter().map(|socket| {
            tokio::spawn(accept(socket, edge.clone(), room.clone(), stop.clone(), drain))
        });
        for task in accepting.collect::<Vec<_>>() {
            // A panic in there has been reported; the others go on.
            let _ = task.await;
        }
    }
}

fn refused(address: SocketAddr, error: &std::io::Error) -> Failure {
    let advice = match error.kind() {
        std::io::ErrorKind::AddrInUse => "; another program uses it, choose another with --listen",
        _ => "",
    };
    Failure::machine(format!("cannot listen on {address}: {error}{advice}"))
}

/// As many as there are descriptors for, less those that database, control socket and files need.
fn most_connections() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let kept = (limit / 4).clamp(64, 256);
    limit.saturating_sub(kept).clamp(8, Semaphore::MAX_PERMITS)
}

async fn accept(
    socket: TcpListener,
    edge: Edge,
    room: Arc<Semaphore>,
    mut stop: watch::Receiver<bool>,
    drain: Duration,
) {
    let connections = GracefulShutdown::new();
    loop {
        // While there is no room, connections wait in the kernel.
        let next = async { (room.clone().acquire_owned().await, socket.accept().await) };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = answer(stream, peer.ip(), edge.clone(), connections.watcher());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    // Nothing new is taken from here on.
    drop(socket);
    if tokio::time::timeout(drain, connections.shutdown()).await.is_err() {
        tracing::warn!(
            seconds = drain.as_secs(),
            "some requests took longer than server.drain_seconds and were cut off"
        );
    }
}

async fn answer(stream: TcpStream, peer: IpAddr, edge: Edge, watcher: Watcher) {
    // Without it, small answers can wait for the peer's acknowledgement.
    let _ = stream.set_nodelay(true);
    let activity = Arc::new(Activity::default());
    let counted = activity.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (edge, running) = (edge.clone(), counted.clone().request());
        async move {
            let request = request.map(bloom_http::Body::new);
            let response = edge.answer(request, Some(peer)).await;
            drop(running);
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // Its own timeout would start a timer for each request; ours watches the connection.
    builder.http1().header_read_timeout(None).max_buf_size(MAX_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEADERS as u32)
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(STREAM_WINDOW as usize)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        biased;
        // A connection that breaks is the client's affair.
        _ = watcher.watch(connection.into_owned()) => {}
        () = activity.ceases() => tracing::debug!(%peer, "a silent connection was closed"),
    }
}
