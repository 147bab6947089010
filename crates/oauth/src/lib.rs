//! The OAuth 2.1 protocol as Bloom keeps it: RFC types and rules.
//!
//! Pure, and without any knowledge of Bloom: no accounts, no credits, no clock, no I/O. The story of
//! one authorization, by file:
//!
//! 1. An app registers: [`client_metadata`], with [`redirect_uri`] saying which URIs there may be.
//! 2. It sends a person to the authorization endpoint: [`authorization`], with [`pkce`], [`scope`] and
//!    [`parameters`].
//! 3. It redeems the code, and later refreshes: [`token`].
//! 4. It calls a resource with [`bearer`]; the token is a signed [`access_token`]; a request without a
//!    good one is answered with a [`challenge`].
//! 5. It asks who the person is ([`userinfo`]), whether a token is still good ([`introspection`]), and
//!    sends the person to sign out ([`end_session`]).
//! 6. It found all of it through [`server_metadata`] and [`resource_metadata`].
//!
//! Where Bloom is itself the one that asks, and people sign in at an OpenID provider: [`openid`].

pub mod access_token;
pub mod authorization;
pub mod bearer;
pub mod challenge;
pub mod client_authentication;
pub mod client_document;
pub mod client_metadata;
pub mod end_session;
pub mod error;
pub mod introspection;
pub mod jwk;
pub mod jws;
pub mod openid;
pub mod parameters;
pub mod pkce;
pub mod redirect_uri;
pub mod resource_metadata;
pub mod scope;
pub mod server_metadata;
pub mod token;
pub mod userinfo;
