//! TLS for servers of tests.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

const CERTIFICATE: &[u8] = include_bytes!("../../../outside/testing/server.pem");
const KEY: &[u8] = include_bytes!("../../../outside/testing/server.key.pem");

/// With a certificate that nobody knows who does not bring its root.
pub(crate) fn acceptor() -> TlsAcceptor {
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key");
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a key of that certificate");
    TlsAcceptor::from(Arc::new(config))
}
