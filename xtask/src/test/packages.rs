//! Installs what the tests want and the machine lacks, for root on Debian and its kin: that is a
//! container, and a fresh one has neither database nor browser. Anybody else is told at the end what to
//! install.

use super::{browser, postgres, programs};
use std::process::{Command, Stdio};

/// Seconds after which a mirror that does not answer is given up; the tests then run without.
const PATIENCE: &str = "300";

pub(super) fn install_missing() {
    if !programs::are_root() || programs::find(&["apt-get"], &[]).is_none() {
        return;
    }
    let database = postgres::programs().is_none().then_some("postgresql");
    let chromium = browser::chromium().is_none().then_some("chromium");
    let driver = browser::driver().is_none().then_some("chromium-driver");
    let browser: Vec<&str> = chromium.into_iter().chain(driver).collect();
    if database.is_none() && browser.is_empty() {
        return;
    }
    apt_get(&["update"]);
    // Separately, since a release may lack one of them.
    for packages in [database.as_slice(), &browser] {
        if !packages.is_empty() {
            apt_get(&[&["install", "--yes", "--no-install-recommends"], packages].concat());
        }
    }
}

/// A failure is not ours to report: what is still missing is named at the end.
fn apt_get(arguments: &[&str]) {
    println!("apt-get {}", arguments.join(" "));
    let status = Command::new("timeout")
        .args([PATIENCE, "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"])
        .args(["-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=30"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    if !status.is_ok_and(|status| status.success()) {
        println!("apt-get {} failed", arguments.join(" "));
    }
}
