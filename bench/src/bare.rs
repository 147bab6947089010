//! The yardstick: an axum handler that sends the same status, headers and body as constants.

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::get;

use crate::Outcome;

/// Serves one answer for ever. `headers` are `name: value` lines.
pub(crate) fn serve(body: &str, headers: &str) -> Outcome {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let constants = constants(headers)?;
    let answer = move || {
        let answer = (constants.clone(), body.clone());
        async move { answer }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("bare at http://localhost:{}", socket.local_addr()?.port());
        let router = Router::new().route("/api/v1/account", get(answer.clone()));
        axum::serve(socket, router.fallback(answer)).await?;
        Ok(())
    })
}

/// Reads `name: value` lines.
pub(crate) fn constants(lines: &str) -> Result<HeaderMap, Box<dyn std::error::Error>> {
    let mut headers = HeaderMap::new();
    for line in lines.lines() {
        let (name, value) = line.split_once(": ").ok_or("a header without a value")?;
        headers.append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    Ok(headers)
}
