//! Mails as files, for a server that no mail server was named to.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bloom_service::mail::{Answer, Letter, MailError, Mailer};

use super::Sender;
use super::message::message;

/// How many checks there were.
static PROBES: AtomicU64 = AtomicU64::new(0);

/// A folder with a file for each mail.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
    from: Sender,
}

impl Outbox {
    /// The outbox in a folder, which is made with the first mail.
    #[must_use]
    pub fn new(folder: PathBuf, from: Sender) -> Self {
        Self { folder, from }
    }
}

impl Mailer for Outbox {
    fn deliver<'a>(&'a self, letter: &'a Letter) -> Answer<'a, String> {
        Box::pin(async move {
            let content = message(&self.from, letter)?.formatted();
            let name = letter.id.to_string();
            let path = on_disk(&self.folder, move |folder| put(folder, &name, &content)).await?;
            Ok(path.display().to_string())
        })
    }

    fn is_by_hand(&self) -> bool {
        true
    }

    fn check(&self) -> Answer<'_, ()> {
        Box::pin(on_disk(&self.folder, |folder| {
            make(folder)?;
            // Only writing tells whether it can be written: the disk may be full. Each check has a file of its own, or
            // one would miss what another has removed.
            let number = PROBES.fetch_add(1, Ordering::Relaxed);
            let probe = folder.join(format!(".{}-{number}.probe", std::process::id()));
            let written = write(&probe, b"x");
            let removed = std::fs::remove_file(&probe);
            written.and(removed)
        }))
    }
}

/// Off the runtime's threads, since disks take their time.
async fn on_disk<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, MailError> {
    let owned = folder.to_owned();
    let task = tokio::task::spawn_blocking(move || work(&owned)).await;
    task.unwrap_or_else(|panic| Err(io::Error::other(panic))).map_err(|error| {
        MailError::for_now(format!("cannot write in {}: {error}", folder.display()))
    })
}

/// Puts a whole file in the folder, in the place of one of the same name.
fn put(folder: &Path, name: &str, content: &[u8]) -> io::Result<PathBuf> {
    make(folder)?;
    let (path, whole) = (folder.join(format!("{name}.eml")), folder.join(format!(".{name}.new")));
    let put = write(&whole, content).and_then(|()| std::fs::rename(&whole, &path));
    if put.is_err() {
        let _ = std::fs::remove_file(&whole);
    }
    put?;
    File::open(folder)?.sync_all()?;
    Ok(path)
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// For its owner alone, and on disk when this returns. What is there was left by a process that was
/// killed.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
