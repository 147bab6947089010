//! Reading what a request sends, within bounds of size and time.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

/// Whoever sends slower than this is holding the connection, not sending something.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It has more bytes than it may have.
    TooLarge,
    /// Its sender stopped, or takes too long.
    NotWhole,
}

/// Reads a body of at most so many bytes.
pub(crate) async fn read(body: Body, most: usize) -> Result<Bytes, BodyError> {
    read_within(PATIENCE, body, most).await
}

async fn read_within(patience: Duration, body: Body, most: usize) -> Result<Bytes, BodyError> {
    let arriving = Limited::new(body, most).collect();
    match timeout(patience, arriving).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        Ok(Err(_)) | Err(_) => Err(BodyError::NotWhole),
    }
}

/// Whether `Content-Type` names this type, whatever its parameters.
pub(crate) fn is_of_type(headers: &HeaderMap, expected: &str) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(expected))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream::{self, StreamExt};

    use super::*;

    /// A body of pieces, each of which comes so long after the one before.
    fn dripping(pieces: usize, pause: Duration) -> Body {
        Body::from_stream(stream::iter(0..pieces).then(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, Infallible>(Bytes::from_static(b"ab"))
        }))
    }

    #[tokio::test]
    async fn who_sends_without_an_end_is_left_when_it_is_too_long_or_too_much() {
        let (patience, pause) = (Duration::from_millis(200), Duration::from_millis(5));
        // Something comes all the time, and all of it together takes too long; or nothing does.
        let silence = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        for body in [dripping(usize::MAX, pause), silence] {
            let reading = timeout(Duration::from_secs(5), read_within(patience, body, 1 << 20));
            assert_eq!(reading.await, Ok(Err(BodyError::NotWhole)));
        }
        let endless = dripping(usize::MAX, Duration::ZERO);
        assert_eq!(read(endless, 1_000).await, Err(BodyError::TooLarge));
        // What comes in time comes whole, also to the last byte that there may be.
        let read = read_within(Duration::from_secs(30), dripping(5, pause), 10).await;
        assert_eq!(read.as_deref(), Ok(&b"ababababab"[..]));
        assert!(PATIENCE <= Duration::from_secs(30), "a connection is not held for longer");
    }

    #[test]
    fn a_type_is_read_without_its_parameters_and_in_any_case() {
        let is_json = |kind: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            is_of_type(&headers, "application/json")
        };
        assert!(is_json("application/json") && is_json("Application/JSON ; charset=utf-8"));
        assert!(!is_json("application/x-www-form-urlencoded") && !is_json("application/jsonl"));
        assert!(!is_of_type(&HeaderMap::new(), "application/json"));
    }
}
