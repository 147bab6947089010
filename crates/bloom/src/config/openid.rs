//! The section `openid`: the provider that people may sign in through.

use std::sync::Arc;

use bloom_service::openid::{ProviderSecret, ProviderSettings, is_issuer};
use toml::Value;

use super::Config;
use crate::failure::Failure;

/// The longest label: it stands on a button.
const MAX_LABEL: usize = 40;

impl Config {
    /// The provider; `None` where none is configured.
    pub(crate) fn openid(&self) -> Result<Option<Arc<ProviderSettings>>, Failure> {
        let Some(issuer) = self.text("openid", "issuer").filter(|issuer| !issuer.is_empty()) else {
            let keys = ["client_id", "client_secret", "label", "sign_up", "allow_private"];
            let stray = keys.into_iter().find(|key| self.value("openid", key).is_some());
            return match stray {
                None => Ok(None),
                Some(key) => Err(Failure::usage(format!(
                    "openid.{key} stands without openid.issuer, which names the provider"
                ))),
            };
        };
        let may_be_plain = self.provider_may_be_private();
        if !is_issuer(issuer, may_be_plain) {
            return Err(Failure::usage(format!(
                "openid.issuer is {issuer:?}; it must be the provider's issuer, which begins with https:// (http:// \
                 only with openid.allow_private)"
            )));
        }
        let client_id = self.text("openid", "client_id").filter(|id| !id.is_empty());
        let client_id = client_id.ok_or_else(|| {
            Failure::usage("openid.client_id is missing: register this server at the provider")
        })?;
        let secret = self.text("openid", "client_secret").filter(|secret| !secret.is_empty());
        let rest = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
        let host = rest.split('/').next().unwrap_or(rest);
        let label = self.text("openid", "label").map(str::trim).unwrap_or(host);
        if label.is_empty()
            || label.chars().count() > MAX_LABEL
            || label.chars().any(char::is_control)
        {
            return Err(Failure::usage(format!(
                "openid.label must be 1 to {MAX_LABEL} characters"
            )));
        }
        let sign_up = self.value("openid", "sign_up").and_then(Value::as_bool);
        Ok(Some(Arc::new(ProviderSettings {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            secret: secret.map(|secret| ProviderSecret::new(secret.to_owned())),
            label: label.to_owned(),
            may_make_accounts: sign_up.unwrap_or(false),
            may_be_plain,
        })))
    }

    pub(super) fn provider_may_be_private(&self) -> bool {
        self.value("openid", "allow_private").and_then(Value::as_bool).unwrap_or(false)
    }
}
