//! What each page needs to know, one file per page. A view holds finished texts only: handlers
//! look things up and choose words for outcomes, templates lay them out, nobody else writes HTML.

mod activity;
mod app;
mod apps;
mod brands;
mod budget;
mod consent;
mod credits;
mod delete_account;
mod developer;
mod docs;
mod email;
mod end_session;
mod home;
mod images;
mod key;
mod layout;
mod message;
mod openid;
mod opening;
mod parts;
mod passkeys;
mod plans;
mod report_key;
mod revoke_key;
mod security;
mod settings;
mod sign_in;
mod sign_out_everywhere;
mod sign_up;
mod snippets;
#[cfg(test)]
mod tests;
mod usage;
mod which_key;
mod workspaces;

pub(crate) use activity::{Activity, ActivityChange, ActivityRow};
pub(crate) use app::{AppIdentity, AppKind};
pub(crate) use apps::{AppRow, AppState};
pub(crate) use brands::{
    BrandPage, BrandRow, BrandState, Brands, ColourRow, FindingField, PairRow,
};
pub(crate) use budget::{BudgetPage, CapField};
pub(crate) use consent::{
    BudgetChoice, Consent, UntilChoice, UntilOption, WorkspaceChoice, WorkspaceOption,
};
pub(crate) use credits::{
    CreditsOverview, CreditsPage, DayBar, DayChart, GrantRow, MovementRow, ShareRow, ShareTable,
};
pub(crate) use delete_account::DeleteAccount;
pub(crate) use developer::{ClientForm, ClientPage, ClientRow, Developer, ShownOnce};
pub(crate) use docs::DocsPage;
pub(crate) use email::{AddressForm, AskReset, ConfirmEmail, NewEmail};
pub(crate) use end_session::{EndSession, ThereAndBack};
pub(crate) use home::{FirstStep, Home};
pub(crate) use images::{Choice, DeletedImage, ImagePage, ImageState, ImageTile, Images};
pub(crate) use key::{KeyOptions, KeyPage, ScopeOption};
pub(crate) use layout::Layout;
pub(crate) use message::{Before, Link, Message, SendAgain};
pub(crate) use openid::{IdentityRow, LinkIdentity};
pub(crate) use opening::Opening;
pub(crate) use parts::PartLinks;
pub(crate) use passkeys::{AskPasskey, NewPasskey, PasskeyRow};
pub(crate) use plans::{OfferedPlan, PlanBadge, PlanRow, Plans};
pub(crate) use report_key::ReportKey;
pub(crate) use revoke_key::RevokeKey;
pub(crate) use security::{NewPassword, Proof, Security, SessionRow};
pub(crate) use settings::{
    AccountDetails, KeyRow, KeyState, LastUsed, Moment, NewKey, OldSecret, RevokedBy, Settings,
    TeamRow,
};
pub(crate) use sign_in::SignIn;
pub(crate) use sign_out_everywhere::{EndingKey, SignOutEverywhere};
pub(crate) use sign_up::{Purpose, SignUp, SignUpForm, SignUpState};
pub(crate) use snippets::{Snippet, snippets};
pub(crate) use usage::{AppUsage, UsageBar, UsageChart};
pub(crate) use which_key::{KnownKey, WhichKey};
pub(crate) use workspaces::{InvitationPage, InvitationRow, MemberRow, TeamPage};

/// A text field as it comes back to the person: what was typed, and what is wrong with it.
/// Passwords are never one of these, because they are never sent back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    /// What was typed.
    pub(crate) value: String,
    /// What to change, in plain words, as one sentence.
    pub(crate) error: Option<String>,
}

/// One line of the summary above a form that was not taken.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    /// The id of the input to change; none when the trouble is with the form as a whole.
    pub(crate) input: Option<&'static str>,
    /// The same sentence that stands beside the field.
    pub(crate) text: String,
    /// Where something can be done about it, on another page.
    pub(crate) onward: Option<Link>,
}

/// What stands in the way of a form as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obstacle {
    /// In one sentence or two.
    pub(crate) text: String,
    /// Where something can be done about it, on another page.
    pub(crate) onward: Option<Link>,
}

impl From<&str> for Obstacle {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), onward: None }
    }
}

/// Collects the summary in the order of the form: first the form as a whole, then field by field.
fn problems(whole: Option<&String>, fields: &[(&'static str, Option<&String>)]) -> Vec<Problem> {
    let whole = whole.map(|text| Obstacle::from(text.as_str()));
    problems_behind(whole.as_ref(), fields)
}

/// The same, where a page says what can be done about the form as a whole.
fn problems_behind(
    whole: Option<&Obstacle>,
    fields: &[(&'static str, Option<&String>)],
) -> Vec<Problem> {
    let whole = whole.map(|Obstacle { text, onward }| Problem {
        input: None,
        text: text.clone(),
        onward: onward.clone(),
    });
    let of_fields = fields.iter().filter_map(|&(input, error)| {
        error.map(|text| Problem { input: Some(input), text: text.clone(), onward: None })
    });
    whole.into_iter().chain(of_fields).collect()
}

/// The one line of curl that shows a key at work. `key` is a secret, or the name of a variable
/// such as `$BLOOM_API_KEY`, which is why the quotes are double.
pub(crate) fn curl_line(origin: &str, key: &str) -> String {
    format!("curl {origin}/api/v1/account -H \"x-api-key: {key}\"")
}
