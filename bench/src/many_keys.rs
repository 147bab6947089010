//! Keys by the million, written past the verbs: nobody has their secrets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bloom_domain::accounts::Account;
use bloom_domain::api_keys::{ApiKey, KeyHint, KeyState, PREFIX};
use bloom_domain::digest::Digest;
use bloom_domain::ids::{ApiKeyId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_service::accounts;
use bloom_service::{Operator, Service};
use bloom_store::{Error as StoreError, Store, Tx, api_keys};

use crate::Outcome;
use crate::grants::scattered;
use crate::world::{World, narrowing};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Keys that are written in one transaction.
const AT_ONCE: u64 = 10_000;

/// Spreads so many more keys over the accounts of a world, as narrow as the others.
pub(crate) fn fill(world: &World, count: u64) -> Outcome {
    println!("writing {count} more keys ...");
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime
        .block_on(async {
            let (store, service) =
                world.open("http://localhost").await.map_err(|error| error.to_string())?;
            write(&store, &service, count).await?;
            Arc::new(service).close().await?;
            store.close();
            Ok::<_, Failure>(())
        })
        .map_err(|error| error.to_string())?;
    println!("  written in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

async fn write(store: &Store, service: &Service, count: u64) -> Result<(), Failure> {
    let operator = Operator::at_the_command_line();
    let mut owners = accounts::list(service, &operator).await?;
    owners.sort_unstable_by_key(|owner| owner.id);
    let (owners, at): (Arc<Vec<Account>>, _) = (Arc::new(owners), service.now());
    for begin in (0..count).step_by(usize::try_from(AT_ONCE)?) {
        let owners = owners.clone();
        let write = move |tx: &mut Tx<'_>| {
            for number in begin..(begin + AT_ONCE).min(count) {
                // In the order of every index, so that a transaction writes few pages.
                let owner = usize::try_from(number * owners.len() as u64 / count).unwrap_or(0);
                let (key, digest) = key(&owners[owner], number, count, at)?;
                api_keys::insert(tx, &key, &digest)?;
            }
            Ok(())
        };
        store.write(write).await?;
    }
    Ok(())
}

/// A key with made-up bytes for a digest. They are spread evenly, as real ones are.
fn key(
    owner: &Account,
    number: u64,
    count: u64,
    from: Timestamp,
) -> Result<(ApiKey, Digest), StoreError> {
    let (noise, more) = (scattered(number), scattered(!number));
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&(u64::MAX / count * number).to_be_bytes());
    digest[8..18].copy_from_slice(&noise);
    digest[18..28].copy_from_slice(&more);
    let at = from.plus(Duration::from_micros(number));
    let workspace = WorkspaceId::new(at, &noise);
    let key = ApiKey {
        id: ApiKeyId::new(at, &more),
        account: owner.id,
        name: "bench".to_owned(),
        hint: KeyHint {
            prefix: PREFIX.into(),
            first_four: "made".to_owned(),
            last_four: "uup0".to_owned(),
        },
        created_at: at,
        made_by: None,
        rotated_at: None,
        old_secret: None,
        narrowing: narrowing(workspace, at).map_err(StoreError::Internal)?,
        state: KeyState::Active,
        last_use: None,
    };
    Ok((key, Digest::from_bytes(digest)))
}
