//! The yardstick of what writes: a handler that signs twice, commits a pair of rows through the same
//! group commit, and sends the same status, headers and body as constants.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::signature::Ed25519KeyPair;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use bloom_domain::digest::Digest;
use bloom_domain::ids::{AccessTokenId, GrantId};
use bloom_domain::time::Timestamp;
use bloom_store::refresh_rotations::{self, RefreshRotation};
use bloom_store::{Database, Store, revoked_access_tokens};

use crate::Outcome;
use crate::bare::constants;

struct Bare {
    store: Store,
    key: Ed25519KeyPair,
    next: AtomicU64,
    headers: HeaderMap,
    body: Bytes,
}

/// Serves for ever. `headers` are `name: value` lines.
pub(crate) fn serve(body: &str, headers: &str) -> Outcome {
    let folder = tempfile::tempdir()?;
    let database = Database::Sqlite { path: folder.path().join("bare.db") };
    let bare = Bare {
        store: Store::open(&database, Timestamp::from_unix_micros(0))?,
        key: Ed25519KeyPair::from_seed_unchecked(&[7; 32]).map_err(|e| e.to_string())?,
        next: AtomicU64::new(0),
        headers: constants(headers)?,
        body: Bytes::copy_from_slice(body.as_bytes()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("bare at http://localhost:{}", socket.local_addr()?.port());
        let router = Router::new().fallback(post(answer)).with_state(Arc::new(bare));
        axum::serve(socket, router).await?;
        Ok(())
    })
}

async fn answer(State(bare): State<Arc<Bare>>, sent: Bytes) -> (HeaderMap, Bytes) {
    let number = bare.next.fetch_add(1, Ordering::Relaxed);
    for _ in 0..2 {
        std::hint::black_box(bare.key.sign(&sent));
    }
    // Rows land all over their tables, as those of grants do.
    let id = (number.wrapping_mul(0x9E37_79B9_7F4A_7C15)).to_be_bytes();
    let id: [u8; 16] = std::array::from_fn(|i| id[i % 8]);
    let at = Timestamp::from_unix_micros(0);
    let successor = Digest::from_bytes([0; 32]);
    let written = bare.store.write(move |tx| {
        revoked_access_tokens::insert(tx, AccessTokenId::from_bytes(id), at)?;
        let rotation = RefreshRotation { generation: 0, salt: [0; 16], successor, rotated_at: at };
        refresh_rotations::insert(tx, GrantId::from_bytes(id), &rotation)
    });
    // A run whose yardstick fails is worth nothing, and shows it.
    if written.await.is_err() {
        std::process::exit(1);
    }
    (bare.headers.clone(), bare.body.clone())
}
