//! The guarded fetcher: fetches a URL that a stranger chose, without becoming their tool.
//!
//! 1. The URL is read strictly (`fetch/target.rs`): https on its own port (http where that was asked for), a host
//!    that is a name, no user name, no spelling that two readers could read differently.
//! 2. The name is resolved once. If any of its addresses is not on the public network (`fetch/address.rs`), none
//!    is used: a name that leads inside sometimes leads inside on purpose.
//! 3. The connection goes to an address that was looked at, and to no other: nothing is resolved again, so
//!    a name that changes its mind in between changes nothing. No proxy of the environment is asked.
//! 4. What comes is read up to a size, within one deadline for all of it. Where a secret or a form goes along, no
//!    redirect is followed.
//!
//! An operator can open private addresses (`fetch.allow_private`), for tests and closed networks; then
//! other ports and literal addresses are taken as well.

mod address;
mod client;
mod target;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bloom_service::fetch::{FetchError, Fetched, Fetcher, Fetching, Wanted};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use client::Answer;
pub(crate) use client::tls;
use target::Target;

/// So many are fetched at once.
const AT_ONCE: usize = 16;
/// So many addresses of one name are tried.
const ADDRESSES: usize = 3;
/// The longest that connecting to one of them may take.
const CONNECTING: Duration = Duration::from_secs(3);

/// What the operator decides about it.
#[derive(Debug, Clone, Default)]
pub struct FetchSettings {
    /// The host of this server, which is never fetched from.
    pub own_host: String,
    /// Whether addresses that are not on the public network are taken, too.
    pub allow_private: bool,
    /// Certificates that are trusted beside the platform's.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

/// A certificate that is trusted.
pub type Certificate = CertificateDer<'static>;

/// The certificates in a PEM file.
///
/// # Errors
/// When it cannot be read, or holds none.
pub fn read_certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Err(error) => Err(error.to_string()),
        Ok(none) if none.is_empty() => Err("it holds no certificate".to_owned()),
        Ok(certificates) => Ok(certificates),
    }
}

/// Who says which addresses a name has, and leads to them.
enum Net {
    /// The system.
    System,
    /// A test, in which addresses of the public network lie here.
    #[cfg(test)]
    Fixed(tests::World),
}

impl Net {
    async fn look_up(&self, host: &str, port: u16) -> Option<Vec<SocketAddr>> {
        match self {
            Self::System => Some(tokio::net::lookup_host((host, port)).await.ok()?.collect()),
            #[cfg(test)]
            Self::Fixed(world) => Some(world.look_up(host, port)),
        }
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        match self {
            Self::System => TcpStream::connect(address).await,
            #[cfg(test)]
            Self::Fixed(world) => TcpStream::connect(world.lies_at(address)).await,
        }
    }
}

/// The guarded fetcher.
pub struct GuardedFetcher {
    net: Net,
    settings: FetchSettings,
    tls: Arc<rustls::ClientConfig>,
    room: Semaphore,
}

impl GuardedFetcher {
    /// A fetcher that trusts the platform's certificates, and those of the settings.
    ///
    /// # Errors
    /// When TLS cannot be set up; says why.
    pub fn new(settings: FetchSettings) -> Result<Self, String> {
        let tls = Arc::new(tls(&settings.extra_roots)?);
        Ok(Self { net: Net::System, settings, tls, room: Semaphore::new(AT_ONCE) })
    }

    async fn guarded(&self, wanted: &Wanted<'_>) -> Result<Fetched, FetchError> {
        let _room = self.room.try_acquire().map_err(|_| FetchError::Busy)?;
        let all = self.follow(wanted);
        tokio::time::timeout(wanted.deadline, all).await.map_err(|_| FetchError::TooSlow)?
    }

    /// Every step is checked like the first.
    async fn follow(&self, wanted: &Wanted<'_>) -> Result<Fetched, FetchError> {
        let mut url = wanted.url.to_owned();
        let mut target = self.target(&url, wanted)?;
        let redirects = if wanted.along.is_nothing() { wanted.redirects } else { 0 };
        for left in (0..=redirects).rev() {
            match self.ask(&target, wanted).await? {
                Answer::Fetched(fetched) => return Ok(Fetched { url, ..fetched }),
                Answer::Elsewhere(_) if left == 0 => return Err(FetchError::Redirect),
                Answer::Elsewhere(location) => {
                    url = target.resolve(&location).ok_or(FetchError::Redirect)?;
                    let next = self.target(&url, wanted)?;
                    if target.is_https && !next.is_https {
                        return Err(FetchError::Redirect);
                    }
                    target = next;
                }
            }
        }
        Err(FetchError::Redirect)
    }

    fn target(&self, url: &str, wanted: &Wanted<'_>) -> Result<Target, FetchError> {
        let target = Target::parse(url, self.settings.allow_private)?;
        if !target.is_https && !wanted.may_be_plain {
            return Err(FetchError::Url("its scheme is not https"));
        }
        if !self.settings.allow_private && target.host == self.settings.own_host {
            return Err(FetchError::Address);
        }
        Ok(target)
    }

    async fn ask(&self, target: &Target, wanted: &Wanted<'_>) -> Result<Answer, FetchError> {
        let mut refused = FetchError::Unreachable("its name has no address".to_owned());
        for address in self.resolve(target).await?.into_iter().take(ADDRESSES) {
            let connecting = self.net.connect(address);
            match tokio::time::timeout(CONNECTING, connecting).await {
                Ok(Ok(stream)) => return client::ask(&self.tls, stream, target, wanted).await,
                Ok(Err(error)) => refused = FetchError::Unreachable(error.kind().to_string()),
                Err(_) => refused = FetchError::TooSlow,
            }
        }
        Err(refused)
    }

    /// The addresses of a host, all of which are public. Whether a name is not known or leads inside is not told: a
    /// stranger could find out which names there are inside.
    async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, FetchError> {
        let found = self.net.look_up(target.bare_host(), target.port).await.unwrap_or_default();
        if self.settings.allow_private {
            return Ok(found);
        }
        let is_public = found.iter().all(|found| address::is_public(found.ip()));
        if is_public && !found.is_empty() { Ok(found) } else { Err(FetchError::Address) }
    }
}

impl Fetcher for GuardedFetcher {
    fn fetch<'a>(&'a self, wanted: &'a Wanted<'a>) -> Fetching<'a> {
        Box::pin(self.guarded(wanted))
    }
}

#[cfg(test)]
mod tests;
