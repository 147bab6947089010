//! The section `files`: where the bytes of images lie.

use std::path::PathBuf;
use std::sync::Arc;

use bloom_outside::blobs::{Bucket, StoredBlobs};
use bloom_service::blobs::Blobs;

use super::Config;
use crate::data_folder::DataFolder;
use crate::failure::Failure;

/// Which region a bucket is in when none is configured: what servers other than Amazon's take any for.
const REGION: &str = "us-east-1";

impl Config {
    /// The bucket, if one is configured.
    pub(crate) fn bucket(&self) -> Result<Option<Bucket>, Failure> {
        let Some(name) = self.text("files", "bucket") else {
            return match ["endpoint", "region", "access_key_id", "secret_access_key"]
                .into_iter()
                .find(|key| self.text("files", key).is_some())
            {
                None => Ok(None),
                Some(key) => Err(Failure::usage(format!(
                    "files.{key} stands without files.bucket; without a bucket, files lie in a folder"
                ))),
            };
        };
        if self.text("files", "folder").is_some() {
            return Err(Failure::usage("files.folder and files.bucket stand together; keep one"));
        }
        let needed = |key| {
            self.text("files", key)
                .map(str::to_owned)
                .ok_or_else(|| Failure::usage(format!("files.bucket needs files.{key} beside it")))
        };
        Ok(Some(Bucket {
            name: name.to_owned(),
            endpoint: self.text("files", "endpoint").map(str::to_owned),
            region: self.text("files", "region").unwrap_or(REGION).to_owned(),
            access_key_id: needed("access_key_id")?,
            secret_access_key: needed("secret_access_key")?,
        }))
    }

    /// How many bytes of images a workspace may have when more are brought.
    pub(crate) fn storage_quota(&self) -> Result<Option<i64>, Failure> {
        let megabytes = i64::from(self.whole("files", "quota_megabytes", 0)?);
        Ok((megabytes > 0).then_some(megabytes * 1_000_000))
    }

    /// The folder that the bytes of images lie in, unless they are in a bucket.
    pub(crate) fn files_folder(&self, data: &DataFolder) -> Result<Option<PathBuf>, Failure> {
        Ok(self.bucket()?.is_none().then(|| self.local_folder(data)))
    }

    fn local_folder(&self, data: &DataFolder) -> PathBuf {
        let chosen = self.text("files", "folder").map(PathBuf::from);
        chosen.unwrap_or_else(|| data.files_path())
    }

    /// What keeps the bytes of images.
    pub(crate) fn blobs(&self, data: &DataFolder) -> Result<Arc<dyn Blobs>, Failure> {
        let opened = match self.bucket()? {
            Some(bucket) => StoredBlobs::in_bucket(&bucket),
            None => {
                let folder = self.local_folder(data);
                std::fs::create_dir_all(&folder).map_err(|error| {
                    Failure::machine(format!("cannot make {}: {error}", folder.display()))
                })?;
                StoredBlobs::in_folder(&folder)
            }
        };
        let blobs = opened.map_err(|error| Failure::machine(format!("files: {error}")))?;
        Ok(Arc::new(blobs))
    }
}
