//! The load: raw HTTP/1.1 over keep-alive connections, so that the tool costs as little as it can.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

type Error = Box<dyn std::error::Error>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Connections of a closed loop.
pub(crate) const CONNECTIONS: usize = 64;

/// One answer.
pub(crate) struct Answer {
    /// Status line and headers.
    pub(crate) head: String,
    /// Its body.
    pub(crate) body: String,
}

/// A runtime for the load: one thread, on the load's core, which never sleeps while it runs. To wake a
/// sleeper on another core costs whoever sends to it some microseconds of the kernel's, so that a server would be
/// charged for how quick the load is, and a slow server for being waited for.
pub(crate) fn runtime() -> Result<Runtime, Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.spawn(async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    Ok(runtime)
}

/// A keep-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024] })
    }

    /// Sends a request and reads the answer, whole.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        let Read { head, end, is_chunked, .. } = self.exchange(request).await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let body = &self.buffer[head..end];
        let body = if is_chunked { text(&joined(body)) } else { text(body) };
        Ok(Answer { head: text(&self.buffer[..head]), body })
    }

    /// Sends a request and reads the answer's status; the rest is read and dropped.
    pub(crate) async fn status(&mut self, request: &[u8]) -> Result<u16, Failure> {
        self.exchange(request).await?;
        status(&self.buffer)
    }

    /// The same, and how long until the first byte of the answer was there.
    pub(crate) async fn until_first_byte(&mut self, request: &[u8]) -> Result<Duration, Failure> {
        let started = Instant::now();
        let read = self.exchange(request).await?;
        match status(&self.buffer)? {
            200 => Ok(read.began - started),
            status => Err(format!("answered {status}").into()),
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Read, Failure> {
        self.stream.write_all(request).await?;
        let (mut filled, mut first) = (0, None);
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize(2 * filled, 0);
            }
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            let began = *first.get_or_insert_with(Instant::now);
            if read == 0 {
                return Err("the server closed the connection".into());
            }
            filled += read;
            let Some(head) = end_of_head(&self.buffer[..filled]) else { continue };
            let is_chunked = has(&self.buffer[..head], b"transfer-encoding: chunked");
            let end = match is_chunked {
                // Nothing else is on its way, so that this is the last chunk.
                true if self.buffer[head..filled].ends_with(b"\r\n0\r\n\r\n") => filled,
                true => continue,
                false => head + content_length(&self.buffer[..head])?,
            };
            if filled >= end {
                return Ok(Read { head, end, is_chunked, began });
            }
        }
    }
}

/// An answer in the buffer.
struct Read {
    /// Where its head ends.
    head: usize,
    /// Where it ends.
    end: usize,
    /// Whether its body came in chunks, whose lengths are in the buffer as well (RFC 9112 §7.1).
    is_chunked: bool,
    /// When the first byte was there.
    began: Instant,
}

fn has(head: &[u8], line: &[u8]) -> bool {
    head.windows(line.len()).any(|window| window.eq_ignore_ascii_case(line))
}

/// A body without the lengths of its chunks.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(at) = chunks.windows(2).position(|window| window == b"\r\n") {
        let digits = std::str::from_utf8(&chunks[..at]).unwrap_or_default();
        let length = usize::from_str_radix(digits, 16).unwrap_or(0);
        let begin = at + 2;
        let Some(chunk) = chunks.get(begin..begin + length) else { break };
        body.extend_from_slice(chunk);
        chunks = chunks.get(begin + length + 2..).unwrap_or_default();
    }
    body
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn content_length(head: &[u8]) -> Result<usize, Failure> {
    let name = b"content-length: ";
    let at = head.windows(name.len()).position(|w| w.eq_ignore_ascii_case(name));
    let at = at.ok_or("an answer without content-length")? + name.len();
    let digits = head[at..].iter().take_while(|b| b.is_ascii_digit());
    Ok(digits.fold(0, |n, &b| n * 10 + usize::from(b - b'0')))
}

fn status(answer: &[u8]) -> Result<u16, Failure> {
    let text = answer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    Ok(text.ok_or("no status")?.parse()?)
}

/// A request for the account with a key.
pub(crate) fn account_request(key: &str) -> Vec<u8> {
    format!(
        "GET /api/v1/account HTTP/1.1\r\nhost: localhost\r\nuser-agent: bloom-bench\r\n\
         x-api-key: {key}\r\naccept: */*\r\n\r\n"
    )
    .into_bytes()
}

/// Sends every request once over [`CONNECTIONS`] connections, each as soon as the one before it is
/// answered. Every answer must be a 200.
pub(crate) fn closed_loop(
    runtime: &Runtime,
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
) -> Result<Duration, Error> {
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    runtime.block_on(async {
        let workers = (0..CONNECTIONS).map(|_| {
            let (next, requests) = (next.clone(), requests.clone());
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await?;
                while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let status = connection.status(request).await?;
                    if status != 200 {
                        return Err(Failure::from(format!("answered {status}")));
                    }
                }
                Ok(())
            })
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await?.map_err(|error| error.to_string())?;
        }
        Ok::<_, Error>(started.elapsed())
    })
}

/// Sends requests at a fixed rate, whether or not earlier ones are answered, and gives the latency
/// of each in microseconds, counted from when it was due.
pub(crate) async fn open_loop(
    address: SocketAddr,
    requests: Arc<Vec<Vec<u8>>>,
    per_second: f64,
) -> Result<Vec<f64>, Failure> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(address).await?);
    }
    let begin = Instant::now() + Duration::from_millis(20);
    let workers = connections.into_iter().enumerate().map(|(worker, mut connection)| {
        let requests = requests.clone();
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            for index in (worker..requests.len()).step_by(CONNECTIONS) {
                let due = begin + Duration::from_secs_f64(index as f64 / per_second);
                wait_until(due).await;
                connection.status(&requests[index]).await?;
                latencies.push(due.elapsed().as_secs_f64() * 1e6);
            }
            Ok::<_, Failure>(latencies)
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await??);
    }
    Ok(all)
}

/// Waits more exactly than the runtime's timers, which count in milliseconds.
async fn wait_until(due: Instant) {
    const COARSE: Duration = Duration::from_millis(3);
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        if left > COARSE {
            tokio::time::sleep(left.saturating_sub(COARSE)).await;
        } else {
            tokio::task::yield_now().await;
        }
    }
}
