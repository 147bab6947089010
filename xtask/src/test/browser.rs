//! Chromium for one run, behind the driver that tests speak to.

use super::afterwards::Afterwards;
use super::{programs, scratch};
use crate::Failure;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The driver and every browser it opened end when this is dropped.
pub(super) struct Browser {
    pub(super) url: String,
    pub(super) chromium: PathBuf,
    stop: Option<Afterwards>,
    driver: Child,
}

impl Browser {
    pub(super) fn start() -> Result<Self, Failure> {
        let chromium = chromium().ok_or("not found; install the package chromium")?;
        let driver = driver().ok_or("no chromedriver; install the package chromium-driver")?;
        let folder = scratch::folder("browser", None)?;
        let port = programs::free_port()?;
        let driver = Command::new(driver)
            .arg(format!("--port={port}"))
            // Profiles and sockets of the browsers go where we remove them.
            .env("TMPDIR", &folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // The browsers join the driver's group, and end with it.
            .process_group(0)
            .spawn()
            .map_err(|e| format!("cannot run chromedriver: {e}"))?;
        let stop = Afterwards::new(
            "kill -s TERM -- \"-$1\"; sleep 0.2; kill -s KILL -- \"-$1\"; rm -rf \"$2\"",
            &[&driver.id().to_string(), &programs::text(&folder)],
            None,
        )?;
        let url = format!("http://127.0.0.1:{port}");
        let mut browser = Self { url, chromium, stop: Some(stop), driver };
        browser.wait_until_ready(port)?;
        Ok(browser)
    }

    fn wait_until_ready(&mut self, port: u16) -> Result<(), Failure> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline && matches!(self.driver.try_wait(), Ok(None)) {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("chromedriver did not start".to_owned())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.stop.take();
        _ = self.driver.wait();
    }
}

pub(super) fn chromium() -> Option<PathBuf> {
    programs::find(&["chromium", "chromium-browser", "google-chrome"], &[])
}

pub(super) fn driver() -> Option<PathBuf> {
    programs::find(&["chromedriver"], &["/usr/lib/chromium".into()])
}
