//! Authorization server metadata (RFC 8414 §2) and OpenID Connect discovery: one document for both.

use serde::Serialize;

use crate::client_authentication::AuthMethod;

/// The document. It lists what is served and nothing else, and no member is `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerMetadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    registration_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    userinfo_endpoint: String,
    end_session_endpoint: String,
    jwks_uri: String,
    scopes_supported: Vec<String>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 3],
    token_endpoint_auth_methods_supported: [&'static str; 3],
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
    code_challenge_methods_supported: [&'static str; 1],
    authorization_response_iss_parameter_supported: bool,
    client_id_metadata_document_supported: bool,
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
    prompt_values_supported: [&'static str; 5],
    claims_supported: Vec<&'static str>,
    protected_resources: Vec<String>,
}

impl ServerMetadata {
    /// The document of an issuer: an absolute URL without a slash at its end.
    #[must_use]
    pub fn new(issuer: &str, scopes: &[&str], resources: Vec<String>) -> Self {
        let endpoint = |path: &str| format!("{issuer}{path}");
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: endpoint("/oauth2/authorize"),
            token_endpoint: endpoint("/oauth2/token"),
            registration_endpoint: endpoint("/oauth2/register"),
            revocation_endpoint: endpoint("/oauth2/revoke"),
            introspection_endpoint: endpoint("/oauth2/introspect"),
            userinfo_endpoint: endpoint("/oauth2/userinfo"),
            end_session_endpoint: endpoint("/oauth2/end-session"),
            jwks_uri: endpoint("/jwks"),
            scopes_supported: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            response_types_supported: ["code"],
            response_modes_supported: ["query"],
            grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
            token_endpoint_auth_methods_supported: AuthMethod::ALL.map(AuthMethod::as_str),
            revocation_endpoint_auth_methods_supported: AuthMethod::ALL.map(AuthMethod::as_str),
            introspection_endpoint_auth_methods_supported: AuthMethod::ALL.map(AuthMethod::as_str),
            code_challenge_methods_supported: ["S256"],
            authorization_response_iss_parameter_supported: true,
            client_id_metadata_document_supported: true,
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ["EdDSA"],
            prompt_values_supported: ["none", "login", "consent", "select_account", "create"],
            claims_supported: vec![
                "iss",
                "sub",
                "aud",
                "azp",
                "exp",
                "iat",
                "sid",
                "scope",
                "auth_time",
                "nonce",
                "name",
                "email",
                "email_verified",
            ],
            protected_resources: resources,
        }
    }
}
