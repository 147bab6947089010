//! Which TLS the URL demands.
//!
//! The words mean what they mean to libpq, so that a URL that works with psql works here:
//! `disable` never encrypts, `prefer` (the default) encrypts when the server offers it, `require`
//! always does. None of these looks at the certificate. `verify-full` (and `verify-ca`, which is
//! read as `verify-full`) checks the certificate and the name, against the system's roots or
//! `sslrootcert`.

use std::sync::Arc;

use postgres::config::SslMode;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::OpenError;

/// What was taken out of the URL, because the driver does not know these words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Demand {
    mode: Option<String>,
    root: Option<String>,
}

impl Demand {
    /// The driver's mode; `None` leaves its default, `prefer`.
    pub(super) fn mode(&self) -> Option<SslMode> {
        match self.mode.as_deref()? {
            "disable" => Some(SslMode::Disable),
            "prefer" => Some(SslMode::Prefer),
            _ => Some(SslMode::Require),
        }
    }
}

/// Splits the URL (or the `key=value` form) into what the driver reads and what stands here.
pub(super) fn demanded(url: &str) -> (String, Demand) {
    let (rest, mode) = without(url, "sslmode");
    let (rest, root) = without(&rest, "sslrootcert");
    (rest, Demand { mode, root })
}

fn without(url: &str, key: &str) -> (String, Option<String>) {
    let word = format!("{key}=");
    let found = url.match_indices(&word).find(|(at, _)| {
        url.get(..*at).and_then(|before| before.chars().next_back()).is_none_or(is_separator)
    });
    let Some((at, _)) = found else { return (url.to_owned(), None) };
    let (before, after) = (url.get(..at).unwrap_or(""), url.get(at + word.len()..).unwrap_or(""));
    let end = after.find(|c: char| c == '&' || c.is_whitespace()).unwrap_or(after.len());
    let (value, rest) = after.split_at(end);
    // `?a=1&b=2` without `a` is `?b=2`: the separator that goes is the one behind the value.
    let rest = rest.strip_prefix('&').unwrap_or(rest);
    let joined = format!("{before}{rest}");
    (joined.trim_end_matches(['?', '&']).to_owned(), Some(value.to_owned()))
}

fn is_separator(c: char) -> bool {
    c == '?' || c == '&' || c.is_whitespace()
}

/// The TLS side of a connection; `None` when the URL says never.
pub(super) fn connector(demand: &Demand) -> Result<Option<MakeRustlsConnect>, OpenError> {
    let config = match demand.mode.as_deref() {
        Some("disable") => return Ok(None),
        None | Some("prefer" | "require") => builder()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(
                aws_lc_rs::default_provider(),
            )))
            .with_no_client_auth(),
        Some("verify-full" | "verify-ca") => {
            builder()?.with_root_certificates(roots(demand)?).with_no_client_auth()
        }
        Some(_) => {
            return Err(OpenError::new(
                "the PostgreSQL URL has an unknown sslmode; use disable, prefer, require or verify-full",
            ));
        }
    };
    Ok(Some(MakeRustlsConnect::new(config)))
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

fn builder() -> Result<Builder, OpenError> {
    // The provider is named, not taken from the process: a library must not depend on what main
    // happened to install.
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenError::new(format!("TLS cannot be set up: {error}")))
}

fn roots(demand: &Demand) -> Result<RootCertStore, OpenError> {
    let mut store = RootCertStore::empty();
    if let Some(path) = &demand.root {
        let unreadable = |error| {
            OpenError::new(format!(
                "cannot read sslrootcert {path}: {error}; it must be a PEM file of certificates"
            ))
        };
        for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
            store.add_parsable_certificates([certificate.map_err(unreadable)?]);
        }
    } else {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if store.is_empty() {
        return Err(OpenError::new(
            "sslmode=verify-full found no trusted certificates; install the system's CA certificates, or name a PEM file with sslrootcert",
        ));
    }
    Ok(store)
}

/// Encryption without identity, as libpq's `require` has it: the handshake is checked, the name on
/// the certificate is not.
#[derive(Debug)]
struct AnyCertificate(CryptoProvider);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demand_is_taken_out_of_the_url() {
        for (url, rest, mode) in [
            ("postgres://h/d", "postgres://h/d", None),
            ("postgres://h/d?sslmode=require", "postgres://h/d", Some("require")),
            ("postgres://h/d?sslmode=disable&a=1", "postgres://h/d?a=1", Some("disable")),
            ("postgres://h/d?a=1&sslmode=verify-full", "postgres://h/d?a=1", Some("verify-full")),
            ("host=h sslmode=prefer user=u", "host=h  user=u", Some("prefer")),
            ("sslmode=prefer host=h", " host=h", Some("prefer")),
            ("postgres://h/dsslmode=x", "postgres://h/dsslmode=x", None),
        ] {
            let (left, demand) = demanded(url);
            assert_eq!((left.as_str(), demand.mode.as_deref()), (rest, mode), "{url}");
        }
    }

    #[test]
    fn a_private_root_is_taken_out_too() {
        let (rest, demand) = demanded("postgres://h/d?sslrootcert=/ca.pem&sslmode=verify-ca");
        assert_eq!(rest, "postgres://h/d");
        assert_eq!(demand.root.as_deref(), Some("/ca.pem"));
        assert_eq!(demand.mode(), Some(SslMode::Require));
    }

    #[test]
    fn an_unknown_mode_and_an_unreadable_root_are_refused() {
        let (_, unknown) = demanded("postgres://h/d?sslmode=allow");
        assert!(connector(&unknown).is_err_and(|e| e.to_string().contains("sslmode")));
        let (_, missing) = demanded("postgres://h/d?sslmode=verify-full&sslrootcert=/nowhere.pem");
        assert!(connector(&missing).is_err_and(|e| e.to_string().contains("/nowhere.pem")));
    }
}
