//! Every kind of job.

use super::Kind;
use crate::brands::{logos, onboarding};

/// All of them.
pub(super) static ALL: &[&Kind] = &[&onboarding::READING, &logos::FETCHING];
