//! Every kind of job.

use super::Kind;
use crate::brands::{logos, onboarding};
use crate::images::rendering;

/// All of them.
pub(super) static ALL: &[&Kind] = &[&rendering::RENDERING, &onboarding::READING, &logos::FETCHING];
