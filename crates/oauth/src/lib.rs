//! The OAuth 2.1 protocol as Bloom keeps it: RFC types and rules.
//!
//! Pure, and without any knowledge of Bloom: no accounts, no credits, no clock, no I/O. So far it
//! holds what a resource server needs: how a credential is presented (RFC 6750 §2.1), how a request
//! without a good one is challenged (RFC 6750 §3, RFC 9728 §5.1), and the document the challenge
//! points to (RFC 9728 §3).

pub mod bearer;
pub mod challenge;
pub mod resource_metadata;
