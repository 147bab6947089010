//! The world outside, behind the ports of `bloom-service`: a module for each port.
//!
//! A port is a trait of the service crate, which knows what it wants of the outside and not how it is done.
//! Here it is done; no rule stands here.

pub mod blobs;
pub mod engines;
pub mod fetch;
pub mod mail;
