//! Plans: what a workspace is entitled to while billing is on.
//!
//! A table of plans comes from the operator's configuration, or is [`PlanTable::standard`]. A gate is
//! decided on the plan of the workspace that pays ([`Entitlements::admits`],
//! [`Entitlements::includes`]).

use std::fmt;

use crate::credits::{Amount, ImageSize};
use crate::workspaces::MAX_PEOPLE;

/// The longest name of a plan, in characters.
const MAX_NAME: usize = 40;
/// The longest price label, in characters.
const MAX_LABEL: usize = 100;
/// As many plans as a table may have.
const MAX_PLANS: usize = 100;
/// What no plan can be called: it is what a workspace has where billing is off.
pub const SELF_HOSTED: &str = "self-hosted";

/// The face by which somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The JSON API.
    Api,
    /// The MCP server.
    Mcp,
}

impl Door {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Api, Self::Mcp];
}

/// What only some plans include.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// Images of 4,096 pixels.
    FourK,
}

impl Feature {
    /// In words, for a person.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::FourK => "4K images",
        }
    }
}

/// What a plan includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entitlements {
    /// Whether the API answers.
    pub api: bool,
    /// Whether the MCP server's tools do.
    pub mcp: bool,
    /// The largest image that can be made.
    pub max_image: ImageSize,
    /// Whether its people may make team workspaces.
    pub teams: bool,
    /// How many people may be in the workspace, invited ones included.
    pub seats: i64,
}

impl Entitlements {
    /// Whether the plan opens a door.
    #[must_use]
    pub fn admits(&self, door: Door) -> bool {
        match door {
            Door::Api => self.api,
            Door::Mcp => self.mcp,
        }
    }

    /// Whether the plan includes a feature.
    #[must_use]
    pub fn includes(&self, feature: Feature) -> bool {
        match feature {
            Feature::FourK => self.max_image == ImageSize::FourK,
        }
    }
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The name by which the operator and the database know it.
    pub name: String,
    /// What a person reads it costs.
    pub price: String,
    /// The credits that come each month.
    pub monthly: Option<Amount>,
    /// The credits that somebody gets once, for signing up; of the default plan alone.
    pub signup: Option<Amount>,
    /// What it includes.
    pub entitlements: Entitlements,
    /// The prices of the payment provider that mean this plan.
    pub provider_prices: Vec<String>,
    /// Where a person buys it.
    pub checkout_url: Option<String>,
}

/// A table of plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanTable {
    plans: Vec<Plan>,
    /// The place of the plan of a workspace without a subscription.
    default: usize,
}

/// Why plans make no table; says so in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError(String);

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PlanError {}

impl PlanTable {
    /// The table with these plans, in order. `default` names the plan of a workspace that has no
    /// subscription.
    ///
    /// # Errors
    /// [`PlanError`] says what is wrong with it.
    pub fn new(plans: Vec<Plan>, default: &str) -> Result<Self, PlanError> {
        let fault = |text: String| Err(PlanError(text));
        if plans.is_empty() || plans.len() > MAX_PLANS {
            return fault(format!("expected from 1 to {MAX_PLANS} plans, found {}", plans.len()));
        }
        let Some(place) = plans.iter().position(|plan| plan.name == default) else {
            return fault(format!("the default plan {default:?} is not among the plans"));
        };
        for (index, plan) in plans.iter().enumerate() {
            check(plan).map_err(|why| PlanError(format!("the plan {:?}: {why}", plan.name)))?;
            let others = &plans[..index];
            if others.iter().any(|other| other.name == plan.name) {
                return fault(format!("the plan {:?} is there twice", plan.name));
            }
            if let Some(price) = plan
                .provider_prices
                .iter()
                .find(|price| others.iter().any(|other| other.provider_prices.contains(price)))
            {
                return fault(format!("the price {price:?} means two plans"));
            }
            if plan.signup.is_some() && index != place {
                return fault(format!(
                    "the plan {:?} has sign-up credits, which only the default plan {default:?} can give",
                    plan.name
                ));
            }
        }
        Ok(Self { plans, default: place })
    }

    /// The public plans: a trial of 10 credits, then 50 to 2,000 credits a month.
    #[must_use]
    pub fn standard() -> Self {
        let months = [
            ("plus", 50, 1),
            ("pro", 100, 3),
            ("max", 200, 10),
            ("scale-300", 300, 25),
            ("scale-500", 500, 50),
            ("scale-1000", 1_000, 100),
            ("scale-2000", 2_000, 200),
        ];
        let trial = Plan {
            name: "trial".to_owned(),
            price: "Free: 10 credits once".to_owned(),
            monthly: None,
            signup: Amount::new(10).ok(),
            entitlements: Entitlements {
                api: true,
                mcp: true,
                max_image: ImageSize::TwoK,
                teams: false,
                seats: 1,
            },
            provider_prices: Vec::new(),
            checkout_url: None,
        };
        let paid = months.into_iter().map(|(name, credits, seats)| Plan {
            name: name.to_owned(),
            price: format!("{credits} credits a month"),
            monthly: Amount::new(credits).ok(),
            signup: None,
            entitlements: Entitlements {
                max_image: ImageSize::FourK,
                teams: seats > 1,
                seats,
                ..trial.entitlements
            },
            ..trial.clone()
        });
        Self { plans: std::iter::once(trial.clone()).chain(paid).collect(), default: 0 }
    }

    /// One plan that includes everything and gives no credits: for what is about credits alone.
    #[must_use]
    pub fn plain() -> Self {
        let mut plans = Self::standard().plans;
        plans.truncate(1);
        for plan in &mut plans {
            "plain".clone_into(&mut plan.name);
            plan.signup = None;
            plan.entitlements.max_image = ImageSize::FourK;
            plan.entitlements.teams = true;
            plan.entitlements.seats = MAX_PEOPLE;
        }
        Self { plans, default: 0 }
    }

    /// All of them, in order.
    #[must_use]
    pub fn all(&self) -> &[Plan] {
        &self.plans
    }

    /// The plan of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.name == name)
    }

    /// The plan that a price of the payment provider means: by its id, or by a lookup key that is the
    /// plan's name.
    #[must_use]
    pub fn by_price(&self, id: &str, lookup_key: Option<&str>) -> Option<&Plan> {
        let of_id = |plan: &&Plan| plan.provider_prices.iter().any(|price| price == id);
        self.plans.iter().find(of_id).or_else(|| self.find(lookup_key?))
    }

    /// The plan of a workspace that has no subscription.
    #[must_use]
    pub fn default_plan(&self) -> &Plan {
        // Both ways to make a table put a plan there.
        &self.plans[self.default]
    }

    /// Whether every plan opens a door, so that nobody needs to be asked for theirs.
    #[must_use]
    pub fn all_admit(&self, door: Door) -> bool {
        self.plans.iter().all(|plan| plan.entitlements.admits(door))
    }
}

fn check(plan: &Plan) -> Result<(), String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=MAX_NAME).contains(&plan.name.len()) || !plan.name.chars().all(is_name) {
        return Err(format!("a name has 1 to {MAX_NAME} small letters, digits and hyphens"));
    }
    if plan.name == SELF_HOSTED {
        return Err("that is what a workspace has where billing is off".to_owned());
    }
    let label = plan.price.trim();
    if label.is_empty() || label.chars().count() > MAX_LABEL || label.chars().any(char::is_control)
    {
        return Err(format!("price must be a line of 1 to {MAX_LABEL} characters"));
    }
    let seats = plan.entitlements.seats;
    if !(1..=MAX_PEOPLE).contains(&seats) {
        return Err(format!("seats is {seats}; it must be 1 to {MAX_PEOPLE}"));
    }
    let is_id =
        |id: &str| (1..=200).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    if let Some(price) = plan.provider_prices.iter().find(|price| !is_id(price)) {
        return Err(format!("{price:?} is no id of a price"));
    }
    match &plan.checkout_url {
        Some(url) if !is_web_address(url) => {
            Err(format!("checkout_url is {url:?}; it must begin with https://"))
        }
        _ => Ok(()),
    }
}

/// Whether a text can stand in a link to somebody else's page.
#[must_use]
pub fn is_web_address(text: &str) -> bool {
    text.strip_prefix("https://").is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(|b| b.is_ascii_graphic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(name: &str) -> Plan {
        Plan { name: name.to_owned(), ..PlanTable::standard().default_plan().clone() }
    }

    #[test]
    fn the_standard_table_is_one_that_could_be_configured() {
        let table = PlanTable::standard();
        assert_eq!(PlanTable::new(table.all().to_vec(), "trial"), Ok(table.clone()));
        assert_eq!(table.default_plan().signup, Amount::new(10).ok());
        assert!(table.all_admit(Door::Api) && table.all_admit(Door::Mcp));
        let monthly = |name| table.find(name).unwrap().monthly.map(Amount::get);
        assert_eq!(["plus", "pro", "max"].map(monthly), [Some(50), Some(100), Some(200)]);
        assert_eq!(["scale-300", "scale-2000"].map(monthly), [Some(300), Some(2_000)]);
        for plan in table.all() {
            assert_eq!(plan.entitlements.includes(Feature::FourK), plan.name != "trial");
        }
    }

    #[test]
    fn a_bad_table_is_refused_in_one_line() {
        let with = |change: fn(&mut Plan)| {
            let mut changed = plan("trial");
            change(&mut changed);
            PlanTable::new(vec![changed], "trial")
        };
        let priced = |name: &str, price: &str| Plan {
            provider_prices: vec![price.to_owned()],
            signup: None,
            ..plan(name)
        };
        for (table, part) in [
            (PlanTable::new(Vec::new(), "trial"), "expected from 1 to 100 plans"),
            (PlanTable::new(vec![plan("plus")], "trial"), "\"trial\" is not among the plans"),
            (PlanTable::new(vec![plan("a"), plan("a")], "a"), "there twice"),
            (PlanTable::new(vec![plan("a"), plan("b")], "a"), "sign-up credits"),
            (PlanTable::new(vec![priced("a", "p"), priced("b", "p")], "a"), "means two plans"),
            (PlanTable::new(vec![plan("Plus")], "Plus"), "small letters"),
            (PlanTable::new(vec![plan(SELF_HOSTED)], SELF_HOSTED), "billing is off"),
            (with(|plan| plan.price = " ".into()), "price must be"),
            (with(|plan| plan.price = "a\nb".into()), "price must be"),
            (with(|plan| plan.entitlements.seats = 0), "seats is 0"),
            (with(|plan| plan.entitlements.seats = 201), "seats is 201"),
            (with(|plan| plan.provider_prices = vec!["a b".into()]), "no id of a price"),
            (with(|plan| plan.checkout_url = Some("javascript:x".into())), "https://"),
        ] {
            let line = table.unwrap_err().to_string();
            assert!(line.contains(part) && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn a_price_means_a_plan_by_its_id_or_by_a_lookup_key() {
        let mut plans = PlanTable::standard().all().to_vec();
        plans[1].provider_prices = vec!["price_1".into()];
        let table = PlanTable::new(plans, "trial").unwrap();
        let name = |id, key| table.by_price(id, key).map(|plan| plan.name.as_str());
        assert_eq!(name("price_1", Some("pro")), Some("plus"));
        assert_eq!(name("price_2", Some("pro")), Some("pro"));
        assert_eq!(name("price_2", Some("gold")), None);
        assert_eq!(name("price_2", None), None);
    }
}
