//! Every kind of job.

use super::Kind;

/// All of them.
pub(super) static ALL: &[&Kind] = &[];
