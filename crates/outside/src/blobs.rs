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
            // One at a time is what every server with that protocol knows.
            .with_disable_bulk_delete(true)
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Mutex;

    use super::*;

    async fn are_kept(blobs: &StoredBlobs) {
        let key = BlobKey::new("images", "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d");
        assert_eq!(key.as_str(), "images/6d/01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d");
        assert_eq!(blobs.get(&key).await, Ok(None));
        assert_eq!(blobs.delete(&key).await, Ok(()), "there need not be one");
        for bytes in [vec![7; 100_000], b"another".to_vec()] {
            assert_eq!(blobs.put(&key, bytes.clone()).await, Ok(()));
            assert_eq!(blobs.get(&key).await, Ok(Some(bytes)));
        }
        assert_eq!(blobs.delete(&key).await, Ok(()));
        assert_eq!(blobs.get(&key).await, Ok(None));
    }

    #[tokio::test]
    async fn a_folder_keeps_blobs() {
        let folder = std::env::temp_dir().join(format!("bloom-blobs-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        are_kept(&StoredBlobs::in_folder(&folder).unwrap()).await;
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(StoredBlobs::in_folder(&folder).is_err(), "it is not made here");
    }

    /// As much of a bucket's server as is asked for; only what is signed is answered.
    fn serve(stream: TcpStream, objects: &Mutex<HashMap<String, Vec<u8>>>) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let mut words = line.split(' ').map(str::to_owned);
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            let (mut length, mut is_signed) = (0, false);
            loop {
                let mut header = String::new();
                reader.read_line(&mut header).unwrap();
                let header = header.trim().to_ascii_lowercase();
                match header.split_once(": ") {
                    Some(("content-length", value)) => length = value.parse().unwrap(),
                    Some(("authorization", value)) => {
                        is_signed = value.starts_with("aws4-hmac-sha256 credential=us/");
                    }
                    Some(_) => {}
                    None => break,
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let mut objects = objects.lock().unwrap();
            let (status, body) = match (method.as_str(), is_signed) {
                (_, false) => ("403 Forbidden", Vec::new()),
                ("PUT", _) => {
                    objects.insert(path, body);
                    ("200 OK", Vec::new())
                }
                ("DELETE", _) => {
                    objects.remove(&path);
                    ("204 No Content", Vec::new())
                }
                _ => match objects.get(&path) {
                    Some(bytes) => ("200 OK", bytes.clone()),
                    None => ("404 Not Found", Vec::new()),
                },
            };
            let length = match status.starts_with("204") {
                true => String::new(),
                false => format!("Content-Length: {}\r\n", body.len()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\n{length}ETag: \"e\"\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body).unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_bucket_keeps_blobs() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let objects = Arc::new(Mutex::new(HashMap::new()));
        let kept = objects.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let objects = objects.clone();
                std::thread::spawn(move || serve(stream.unwrap(), &objects));
            }
        });
        let bucket = |name: &str, who: &str| Bucket {
            name: name.to_owned(),
            endpoint: Some(endpoint.clone()),
            region: "us-east-1".to_owned(),
            access_key_id: who.to_owned(),
            secret_access_key: "a secret".to_owned(),
        };
        let ours = bucket("pictures", "us");
        assert_eq!(format!("{ours:?}"), "Bucket(pictures)", "it prints no secret");
        let blobs = StoredBlobs::in_bucket(&ours).unwrap();
        are_kept(&blobs).await;
        let key = BlobKey::new("images", "a1");
        blobs.put(&key, vec![1]).await.unwrap();
        assert!(kept.lock().unwrap().contains_key("/pictures/images/a1/a1"));
        let others = StoredBlobs::in_bucket(&bucket("pictures", "them")).unwrap();
        assert!(others.get(&key).await.is_err(), "whoever is refused is told so");
    }
}
