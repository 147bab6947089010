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

/// A runtime for the load: one thread, on the load's core.
pub(crate) fn runtime() -> Result<Runtime, Error> {
    Ok(Builder::new_current_thread().enable_all().build()?)
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
        let (head_end, length) = self.exchange(request).await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Answer {
            head: text(&self.buffer[..head_end]),
            body: text(&self.buffer[head_end..head_end + length]),
        })
    }

    /// Sends a request and reads the answer's status; the rest is read and dropped.
    pub(crate) async fn status(&mut self, request: &[u8]) -> Result<u16, Failure> {
        self.exchange(request).await?;
        status(&self.buffer)
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<(usize, usize), Failure> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize(2 * filled, 0);
            }
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            if read == 0 {
                return Err("the server closed the connection".into());
            }
            filled += read;
            let Some(head_end) = end_of_head(&self.buffer[..filled]) else { continue };
            let length = content_length(&self.buffer[..head_end])?;
            if filled >= head_end + length {
                return Ok((head_end, length));
            }
        }
    }
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
