//! The section `fetch`: what lies on other servers, and how far we go for it.

use std::sync::Arc;

use bloom_http::Site;
use bloom_outside::fetch::{Certificate, FetchSettings, GuardedFetcher, read_certificates};
use bloom_service::fetch::Fetcher;
use toml::Value;

use super::Config;
use crate::failure::Failure;

impl Config {
    /// What fetches.
    pub(crate) fn fetcher(&self, site: &Site) -> Result<Arc<dyn Fetcher>, Failure> {
        let allow_private = self.value("fetch", "allow_private").and_then(Value::as_bool);
        let allow_private = allow_private.unwrap_or(false);
        if allow_private {
            tracing::warn!(
                "PRIVATE ADDRESSES ARE FETCHED FROM (fetch.allow_private): whoever sends a browser here or adds a \
                 brand can make this server ask for pages inside your network, and read what it finds there"
            );
        }
        self.guarded(site, allow_private)
    }

    /// What asks the OpenID provider, which the operator chose and no stranger.
    pub(crate) fn provider_fetcher(&self, site: &Site) -> Result<Arc<dyn Fetcher>, Failure> {
        self.guarded(site, self.provider_may_be_private())
    }

    fn guarded(&self, site: &Site, allow_private: bool) -> Result<Arc<dyn Fetcher>, Failure> {
        let extra_roots = self.extra_roots()?;
        let settings =
            FetchSettings { own_host: site.host().to_owned(), allow_private, extra_roots };
        let fetcher = GuardedFetcher::new(settings)
            .map_err(|error| Failure::machine(format!("TLS cannot be set up: {error}")))?;
        Ok(Arc::new(fetcher))
    }

    /// Certificates that are trusted beside the system's.
    pub(super) fn extra_roots(&self) -> Result<Vec<Certificate>, Failure> {
        match self.text("fetch", "extra_roots") {
            None => Ok(Vec::new()),
            Some(path) => read_certificates(path)
                .map_err(|error| Failure::usage(format!("fetch.extra_roots {path:?}: {error}"))),
        }
    }
}
