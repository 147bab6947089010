//! Every kind of job.

use super::Kind;
use crate::brands::{collecting, logos, onboarding};
use crate::images::rendering;

/// All of them.
pub(super) static ALL: &[&Kind] = &[
    &rendering::RENDERING,
    &rendering::ASKING,
    &onboarding::READING,
    &logos::FETCHING,
    &collecting::COLLECTING,
];
