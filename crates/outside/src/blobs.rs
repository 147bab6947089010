//! The port `Blobs`: a folder of this machine, or a bucket that speaks S3's protocol.

use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use bloom_service::blobs::{Answer, BlobError, BlobKey, Blobs};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};

/// How long one request to a bucket may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long connecting to it may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a request is sent again that may be.
const RETRIES: usize = 2;

/// Blobs in an object store.
pub struct StoredBlobs(Arc<dyn ObjectStore>);

/// A bucket, and how it is reached.
#[derive(Clone)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Where its server is; `None` for Amazon's own.
    pub endpoint: Option<String>,
    /// The region it is in.
    pub region: String,
    /// Who we are there.
    pub access_key_id: String,
    /// The proof of it.
    pub secret_access_key: String,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({})", self.name)
    }
}

/// Why blobs cannot be kept somewhere; says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenBlobsError(String);

impl fmt::Display for OpenBlobsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OpenBlobsError {}

impl StoredBlobs {
    /// Blobs below a folder, which is there.
    ///
    /// # Errors
    /// When it is not there.
    pub fn in_folder(folder: &FilePath) -> Result<Self, OpenBlobsError> {
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| refused(&error))?;
        // A row that names a blob outlives a power failure, so the blob must as well.
        Ok(Self(Arc::new(store.with_fsync(true))))
    }

    /// Blobs in a bucket. It is not asked yet.
    ///
    /// # Errors
    /// When it cannot be meant.
    pub fn in_bucket(bucket: &Bucket) -> Result<Self, OpenBlobsError> {
        let is_plain = bucket.endpoint.as_ref().is_some_and(|url| url.starts_with("http://"));
        let options = ClientOptions::new()
            .with_allow_http(is_plain)
            .with_timeout(TIMEOUT)
            .with_connect_timeout(CONNECT_TIMEOUT);
        let retry = RetryConfig { max_retries: RETRIES, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&bucket.name)
            .with_region(&bucket.region)
            .with_access_key_id(&bucket.access_key_id)
            .with_secret_access_key(&bucket.secret_access_key)
            .with_client_options(options)
            .with_retry(retry);
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        Ok(Self(Arc::new(builder.build().map_err(|error| refused(&error))?)))
    }
}

impl Blobs for StoredBlobs {
    fn put<'a>(&'a self, key: &'a BlobKey, bytes: Vec<u8>) -> Answer<'a, ()> {
        Box::pin(async move {
            self.0.put(&path(key), bytes.into()).await.map(drop).map_err(|error| failed(&error))
        })
    }

    fn get<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            match self.0.get(&path(key)).await {
                Ok(found) => Ok(Some(found.bytes().await.map_err(|error| failed(&error))?.into())),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(failed(&error)),
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a BlobKey) -> Answer<'a, ()> {
        Box::pin(async move {
            match self.0.delete(&path(key)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(failed(&error)),
            }
        })
    }
}

fn path(key: &BlobKey) -> Path {
    Path::from(key.as_str())
}

fn failed(error: &object_store::Error) -> BlobError {
    BlobError(error.to_string())
}

fn refused(error: &object_store::Error) -> OpenBlobsError {
    OpenBlobsError(error.to_string())
}
