//! The control socket: how a command reaches the server that has the folder open.
//!
//! `DATA/control.sock`, mode 0600 in a folder of mode 0700: who can open it is the operator. One JSON
//! line each way.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::Mode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixSocket, UnixStream};
use tokio::time::timeout;

use crate::command::{self, Command};
use crate::data_folder::{DataFolder, control_path, remove_if_there};
use crate::failure::Failure;
use crate::node::Node;
use crate::output::Shown;

mod wire;
use wire::Wire;

/// Longer than any command.
const MAX_LINE: u64 = 64 * 1024;
/// The most bytes a socket's path may have on Linux.
const MAX_PATH: usize = 107;
/// Commands that may wait to be taken.
const BACKLOG: u32 = 128;
/// A server that is just starting or stopping gets this long to answer.
const PATIENCE: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_millis(50);
/// A command is one line, sent at once.
const LINE_TIMEOUT: Duration = Duration::from_secs(10);
/// A backup of a large database takes its time.
const REPLY_TIMEOUT: Duration = Duration::from_secs(120);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Done { text: String, json: Value },
    Failed { line: String, is_usage: bool },
}

/// Opens the socket of a folder that this process has the lock of.
pub(crate) fn listen(folder: &DataFolder) -> Result<UnixListener, Failure> {
    let path = folder.control_path();
    if path.as_os_str().len() > MAX_PATH {
        return Err(Failure::usage(format!(
            "the path {} is longer than the {MAX_PATH} bytes a socket's may have; use a shorter --data",
            path.display()
        )));
    }
    let failed =
        |error: io::Error| Failure::machine(format!("cannot open {}: {error}", path.display()));
    // The lock is ours, so what is there was left by a process that was killed.
    remove_if_there(&path).map_err(failed)?;
    let socket = UnixSocket::new_stream().map_err(failed)?;
    // On Linux the file gets the mode of the socket it is bound to, so it is never open to others.
    // Other systems refuse; there the folder guards it for the moment until the next line.
    let _ = rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR);
    socket.bind(&path).map_err(failed)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    socket.listen(BACKLOG).map_err(failed)
}

/// Runs the commands that arrive, until it is dropped.
pub(crate) async fn answer(socket: UnixListener, node: Arc<Node>) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => {
                let node = node.clone();
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, &node).await {
                        tracing::warn!(%error, "a command was not answered");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a command could not be taken");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

async fn converse(mut stream: UnixStream, node: &Node) -> io::Result<()> {
    let mut line = String::new();
    let mut reader = BufReader::new((&mut stream).take(MAX_LINE));
    timeout(LINE_TIMEOUT, reader.read_line(&mut line)).await??;
    let reply = match obey(&line, node).await {
        Ok(Shown { text, json }) => Reply::Done { text, json },
        Err(failure) => Reply::Failed { line: failure.to_string(), is_usage: failure.is_usage() },
    };
    let mut reply = serde_json::to_vec(&reply)?;
    reply.push(b'\n');
    stream.write_all(&reply).await
}

async fn obey(line: &str, node: &Node) -> Result<Shown, Failure> {
    let wire: Wire = serde_json::from_str(line)
        .map_err(|error| Failure::usage(format!("not a command of this version: {error}")))?;
    Ok(command::execute(node, Command::try_from(wire)?).await?.into())
}

/// Has a command run by the server that works in `folder`.
pub(crate) async fn ask(folder: &Path, command: &Command) -> Result<Shown, Failure> {
    let mut stream = connect(folder).await?;
    let failed = |error: io::Error| Failure::machine(format!("the server went away: {error}"));
    let mut line = serde_json::to_vec(&Wire::from(command))
        .map_err(|error| Failure::machine(error.to_string()))?;
    line.push(b'\n');
    stream.write_all(&line).await.map_err(failed)?;
    let mut reply = String::new();
    let mut reader = BufReader::new(stream);
    let read = timeout(REPLY_TIMEOUT, reader.read_line(&mut reply)).await.map_err(|_| {
        Failure::machine(format!(
            "the server has not answered for {} seconds; look whether the command was done",
            REPLY_TIMEOUT.as_secs()
        ))
    })?;
    read.map_err(failed)?;
    match serde_json::from_str(&reply) {
        Ok(Reply::Done { text, json }) => Ok(Shown { text, json }),
        Ok(Reply::Failed { line, is_usage: true }) => Err(Failure::usage(line)),
        Ok(Reply::Failed { line, is_usage: false }) => Err(Failure::machine(line)),
        Err(_) => Err(Failure::machine(
            "the server stopped before it answered; look whether the command was done",
        )),
    }
}

async fn connect(folder: &Path) -> Result<UnixStream, Failure> {
    let path = control_path(folder);
    let attempt = async {
        loop {
            if let Ok(stream) = UnixStream::connect(&path).await {
                return stream;
            }
            tokio::time::sleep(RETRY).await;
        }
    };
    timeout(PATIENCE, attempt).await.map_err(|_| {
        Failure::machine(format!(
            "another process works in the data folder {}, but does not answer on control.sock",
            folder.display()
        ))
    })
}
