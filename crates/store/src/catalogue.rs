//! The list of every module that has statements. A test prepares each statement on both databases
//! and compares parameters and columns, so a module that is missing here is SQL nobody has tried.
//! A connection keeps as many prepared as there are.

use crate::statement::Statement;

/// Every statement of the crate, module by module.
pub(crate) static MODULES: &[&[&Statement]] = &[
    crate::account_links::ALL,
    crate::accounts::ALL,
    crate::api_keys::ALL,
    crate::audit::ALL,
    crate::billing_events::ALL,
    crate::brands::ALL,
    crate::clients::ALL,
    crate::connections::ALL,
    crate::credit_budgets::ALL,
    crate::credit_holds::ALL,
    crate::credit_movements::ALL,
    crate::credit_spending::ALL,
    crate::credits::ALL,
    crate::grants::ALL,
    crate::idempotency::ALL,
    crate::image_captions::ALL,
    crate::images::ALL,
    crate::invitations::ALL,
    crate::jobs::ALL,
    crate::key_shapes::ALL,
    crate::members::ALL,
    crate::mails::ALL,
    crate::monthly_credits::ALL,
    crate::openid::ALL,
    crate::passkeys::ALL,
    crate::payments::ALL,
    crate::refresh_rotations::ALL,
    crate::request_usage::ALL,
    crate::revoked_access_tokens::ALL,
    crate::root_secrets::ALL,
    crate::sessions::ALL,
    crate::setup_links::ALL,
    crate::signing_keys::ALL,
    crate::store::ALL,
    crate::submissions::ALL,
    crate::subscriptions::ALL,
    crate::upload_tokens::ALL,
    crate::workspaces::ALL,
];
