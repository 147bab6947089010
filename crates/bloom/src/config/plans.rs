//! The section `billing`, and the tables `plans.NAME` beside it: what workspaces are entitled to.

use std::sync::Arc;

use bloom_domain::credits::{Amount, ImageSize};
use bloom_domain::plans::{Entitlements, Plan, PlanTable, is_web_address};
use bloom_service::plans::{Billing, WebhookSecret};
use toml::Value;

use super::Config;
use super::keys::Keys;
use crate::failure::Failure;

/// The section that holds a table for each plan. It can only stand in the file.
pub(super) const PLANS: &str = "plans";
/// The plan of a workspace without a subscription, when nothing is configured.
const DEFAULT_PLAN: &str = "trial";
/// What a plan may have, but for its name.
const KEYS: [&str; 10] = [
    "price",
    "monthly_credits",
    "signup_credits",
    "api",
    "mcp",
    "max_image",
    "teams",
    "seats",
    "price_ids",
    "checkout_url",
];

impl Config {
    /// What the operator decides about money; `None` while billing is off. Plans are read all the same.
    pub(crate) fn billing(&self) -> Result<Option<Arc<Billing>>, Failure> {
        let default = self.text("billing", "default_plan").unwrap_or(DEFAULT_PLAN);
        let plans = match self.table.get(PLANS).and_then(Value::as_table) {
            None if default == DEFAULT_PLAN => PlanTable::standard(),
            None => table(PlanTable::standard().all().to_vec(), default)?,
            Some(plans) => {
                let read = plans.iter().map(|(name, keys)| plan(name, keys));
                table(read.collect::<Result<_, _>>()?, default)?
            }
        };
        let manage_url = self.text("billing", "manage_url").map(str::to_owned);
        if manage_url.as_deref().is_some_and(|url| !is_web_address(url)) {
            return Err(Failure::usage("billing.manage_url must begin with https://"));
        }
        let webhook_secrets = self.webhook_secrets()?;
        let is_on = self.value("billing", "enabled").and_then(Value::as_bool).unwrap_or(false);
        Ok(is_on.then(|| Arc::new(Billing { plans, webhook_secrets, manage_url })))
    }

    fn webhook_secrets(&self) -> Result<Vec<WebhookSecret>, Failure> {
        let text = self.text("billing", "webhook_secrets").unwrap_or_default();
        let secrets = text.split(',').map(str::trim).filter(|secret| !secret.is_empty());
        let read = |secret: &str| {
            WebhookSecret::parse(secret).ok_or_else(|| {
                Failure::usage(
                    "billing.webhook_secrets must be secrets such as whsec_…, of 16 characters and more",
                )
            })
        };
        secrets.map(read).collect()
    }
}

fn table(plans: Vec<Plan>, default: &str) -> Result<PlanTable, Failure> {
    PlanTable::new(plans, default).map_err(|error| Failure::usage(format!("{PLANS}: {error}")))
}

fn plan(name: &str, keys: &Value) -> Result<Plan, Failure> {
    let of = Keys::of(PLANS, name, keys, &KEYS)?;
    let price =
        of.text("price")?.ok_or_else(|| of.must("price", "text: what people read it costs"))?;
    let max_image = match of.text("max_image")?.as_deref() {
        None | Some("2K") => ImageSize::TwoK,
        Some("4K") => ImageSize::FourK,
        Some(_) => return Err(of.must("max_image", "\"2K\" or \"4K\"")),
    };
    Ok(Plan {
        name: name.to_owned(),
        price,
        monthly: of.credits("monthly_credits")?,
        signup: of.credits("signup_credits")?,
        entitlements: Entitlements {
            api: of.yes("api", true)?,
            mcp: of.yes("mcp", true)?,
            max_image,
            teams: of.yes("teams", false)?,
            seats: of.whole("seats")?.unwrap_or(1),
        },
        provider_prices: of.texts("price_ids")?,
        checkout_url: of.text("checkout_url")?,
    })
}

impl Keys<'_> {
    /// A number of credits; 0 is none.
    fn credits(&self, key: &str) -> Result<Option<Amount>, Failure> {
        match self.whole(key)? {
            None | Some(0) => Ok(None),
            Some(credits) => match Amount::new(credits) {
                Ok(amount) => Ok(Some(amount)),
                Err(error) => Err(self.must(key, &format!("0 or a number of credits: {error}"))),
            },
        }
    }
}
