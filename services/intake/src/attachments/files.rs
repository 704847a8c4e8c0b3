//! The store of files: a folder of this machine, or a bucket that speaks S3. It holds sealed bytes under random names.

use std::{path::PathBuf, sync::Arc, time::Duration};

use object_store::{
    ClientOptions, Error, ObjectStore, ObjectStoreExt as _, RetryConfig, aws::AmazonS3Builder, local::LocalFileSystem,
    path::Path,
};
use suban_runtime::settings::Attachments;
use suban_store::attachments::FileCopy;
use tokio::sync::OnceCell;

/// A bucket is tried again for this long; then the caller is told to come again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a file could not be kept or fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    /// The folder cannot be made.
    #[error("attachments.folder {folder} cannot be used: {problem}")]
    Folder {
        /// Which.
        folder: String,
        /// What the system said.
        problem: std::io::Error,
    },
    /// The store refused or is away.
    #[error("{0}")]
    Store(#[from] Error),
}

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Files(Arc<Inner>);

struct Inner {
    /// Where no bucket is set: made when the first file comes, so that a process that gets none needs no folder.
    folder: PathBuf,
    store: OnceCell<Arc<dyn ObjectStore>>,
}

impl Files {
    /// By the settings.
    ///
    /// # Errors
    /// When the bucket's settings are none.
    pub(crate) fn of(settings: &Attachments) -> Result<Self, FilesError> {
        let store = OnceCell::new();
        if !settings.url.is_empty() {
            suban_service::http::use_our_cryptography();
            let bucket = AmazonS3Builder::new()
                .with_endpoint(&settings.url)
                .with_bucket_name(&settings.bucket)
                .with_region(&settings.region)
                .with_access_key_id(settings.access_key.expose())
                .with_secret_access_key(settings.secret_key.expose())
                .with_client_options(
                    ClientOptions::new().with_allow_http(settings.url.starts_with("http://")).with_timeout(PATIENCE),
                )
                .with_retry(RetryConfig { max_retries: 3, retry_timeout: PATIENCE, ..RetryConfig::default() })
                .build()?;
            // A cell that was just made is empty.
            drop(store.set(Arc::new(bucket) as Arc<dyn ObjectStore>));
        }
        Ok(Self(Arc::new(Inner { folder: settings.folder.clone(), store })))
    }

    async fn store(&self) -> Result<&Arc<dyn ObjectStore>, FilesError> {
        let folder = &self.0.folder;
        self.0
            .store
            .get_or_try_init(|| async {
                let wrong = |problem| FilesError::Folder { folder: folder.display().to_string(), problem };
                tokio::fs::create_dir_all(folder).await.map_err(wrong)?;
                // What was acknowledged is on the disk.
                let local = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
                Ok(Arc::new(local) as Arc<dyn ObjectStore>)
            })
            .await
    }

    /// Keeps these bytes, in the place of any that were there.
    pub(crate) async fn put(&self, object: &str, copy: FileCopy, bytes: Vec<u8>) -> Result<(), FilesError> {
        self.store().await?.put(&path(object, copy), bytes.into()).await?;
        Ok(())
    }

    /// Fetches them.
    pub(crate) async fn get(&self, object: &str, copy: FileCopy) -> Result<Vec<u8>, FilesError> {
        Ok(self.store().await?.get(&path(object, copy)).await?.bytes().await?.into())
    }

    /// Takes both copies away; again changes nothing.
    pub(crate) async fn delete(&self, object: &str) -> Result<(), FilesError> {
        for copy in [FileCopy::Whole, FileCopy::Small] {
            match self.store().await?.delete(&path(object, copy)).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(problem) => return Err(problem.into()),
            }
        }
        Ok(())
    }
}

/// Names are random, so their first two digits spread files evenly over 256 folders.
fn path(object: &str, copy: FileCopy) -> Path {
    let folder = object.get(..2).unwrap_or("xx");
    match copy {
        FileCopy::Whole => Path::from(format!("{folder}/{object}")),
        FileCopy::Small => Path::from(format!("{folder}/{object}.small")),
    }
}
