//! Taking connections and answering on them, until it is time to stop.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bloom_http::Edge;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::failure::Failure;

/// A client that sends no headers for this long is not going to.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// More headers than this are answered 431.
const MAX_HEADERS: usize = 64 * 1024;
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
        let accepting = self
            .sockets
            .into_iter()
            .map(|socket| tokio::spawn(accept(socket, edge.clone(), stop.clone(), drain)));
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

async fn accept(socket: TcpListener, edge: Edge, mut stop: watch::Receiver<bool>, drain: Duration) {
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = answer(stream, peer.ip(), edge.clone(), connections.watcher());
                tokio::spawn(connection);
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
    let service = service_fn(move |request: Request<Incoming>| {
        let edge = edge.clone();
        async move {
            let request = request.map(bloom_http::Body::new);
            Ok::<_, Infallible>(edge.answer(request, Some(peer)).await)
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADERS);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(MAX_HEADERS as u32);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    // A connection that breaks is the client's affair.
    let _ = watcher.watch(connection.into_owned()).await;
}
