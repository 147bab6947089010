//! Where a request came from, as the owner of its credential is shown it.

use std::net::IpAddr;
use std::sync::Once;

use bloom_domain::senders;
use bloom_service::operations::Operation;
use bloom_service::{Principal, last_use};
use http::{Extensions, HeaderMap, HeaderValue, header};

use crate::app::App;
use crate::edge::Arrival;
use crate::peer;

/// Told once: whoever reads the log needs it no more often.
static UNCOUNTED_PROXY: Once = Once::new();

/// Where a request came from. Nothing is copied until somebody wants to keep it.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    address: Option<IpAddr>,
    agent: Option<HeaderValue>,
}

impl Sender {
    pub(crate) fn of(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Self {
        if app.site.trusted_proxies() == 0 && headers.contains_key(peer::X_FORWARDED_FOR) {
            UNCOUNTED_PROXY.call_once(|| {
                tracing::warn!(
                    "a request has X-Forwarded-For, which is not believed: server.trusted_proxies is 0. \
                     If there is a proxy in front, to the limits everybody behind it is one address"
                );
            });
        }
        let peer = extensions.get::<Arrival>().and_then(|arrival| arrival.peer);
        Self {
            address: peer::address(headers, peer, app.site.trusted_proxies()),
            agent: headers.get(header::USER_AGENT).cloned(),
        }
    }

    /// Notes a use of the credential, and counts it.
    pub(crate) fn note(
        &self,
        app: &App,
        principal: &Principal,
        operation: Option<&'static Operation>,
    ) {
        last_use::note(&app.service, principal, operation, self.address, self.agent());
    }

    /// The address, when it can be told.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// As the audit keeps it.
    pub(crate) fn kept(&self) -> senders::Sender {
        senders::Sender::new(self.address, self.agent())
    }

    fn agent(&self) -> &[u8] {
        self.agent.as_ref().map_or(&[], |agent| agent.as_bytes())
    }
}
