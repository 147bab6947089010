//! What every handler is given.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use bloom_oauth::challenge::Challenge;
use bloom_oauth::resource_metadata::ResourceMetadata;
use bloom_oauth::scope::Scopes;
use bloom_service::Service;
use http::HeaderValue;

use crate::docs::Docs;
use crate::face::Face;
use crate::site::Site;

/// What every handler is given; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) service: Arc<Service>,
    pub(crate) site: Site,
    /// Where a person makes a key, for messages.
    pub(crate) keys_url: String,
    /// The documentation, once somebody has asked for it.
    pub(crate) docs: OnceLock<Docs>,
    challenges: [[HeaderValue; 3]; Face::ALL.len()],
}

impl App {
    pub(crate) fn new(service: Arc<Service>, site: Site) -> Self {
        let challenges = Face::ALL.map(|face| {
            let metadata = ResourceMetadata::url(site.origin(), face.path());
            [Challenge::Missing, Challenge::InvalidToken, Challenge::InvalidRequest].map(
                |challenge| {
                    // The origin was read as a URI, so it is visible ASCII.
                    HeaderValue::try_from(challenge.header_value(&metadata))
                        .unwrap_or(HeaderValue::from_static("Bearer"))
                },
            )
        });
        let keys_url = format!("{}/settings#api-keys", site.origin());
        let docs = OnceLock::new();
        Self(Arc::new(Parts { service, site, keys_url, docs, challenges }))
    }
}

impl Parts {
    /// The value of `WWW-Authenticate` on a face: it points to the metadata of that face.
    pub(crate) fn challenge(&self, face: Face, challenge: Challenge) -> HeaderValue {
        let index = match challenge {
            Challenge::Missing => 0,
            Challenge::InvalidToken => 1,
            Challenge::InvalidRequest | Challenge::InsufficientScope => 2,
        };
        self.challenges[face as usize][index].clone()
    }

    /// The value of `WWW-Authenticate` for a credential whose access is too narrow, with all scopes that
    /// one needs which is not.
    pub(crate) fn insufficient_scope(&self, face: Face, scopes: &Scopes) -> HeaderValue {
        let metadata = ResourceMetadata::url(self.site.origin(), face.path());
        HeaderValue::try_from(Challenge::insufficient_scope(&metadata, &scopes.to_string()))
            .unwrap_or(HeaderValue::from_static("Bearer"))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
