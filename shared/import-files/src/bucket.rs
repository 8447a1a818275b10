//! The bucket and the few calls it is used with.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use jiff::Timestamp;

use crate::{Lines, Media};
use usher_runtime::describe;

/// The bucket could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// There is no such object, or none that may be seen, which the service does not always tell apart.
    #[error("there is no object {0}")]
    Absent(String),
    /// The place to read from is behind the object's end.
    #[error("the object ends before that place")]
    Beyond,
    /// The call failed, or its answer was lost.
    #[error("{operation} failed: {message}")]
    Call {
        /// Which call.
        operation: &'static str,
        /// What went wrong.
        message: String,
        /// Whether it may well succeed in a moment.
        passing: bool,
    },
    /// An object is not of the shape this version writes.
    #[error("the object {key} is damaged: {what}")]
    Damaged {
        /// Its key.
        key: String,
        /// What is wrong with it.
        what: String,
    },
}

impl BucketError {
    pub(crate) fn call<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        R: std::fmt::Debug,
    {
        let passing = match error {
            SdkError::ServiceError(service) => {
                let codes =
                    ["SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "ThrottlingException"];
                service.err().code().is_some_and(|code| codes.contains(&code))
            }
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
            _ => false,
        };
        Self::Call { operation, message: describe(error), passing }
    }

    /// An object that is not as it was written.
    #[must_use]
    pub fn damaged(key: &str, what: impl Into<String>) -> Self {
        Self::Damaged { key: key.to_owned(), what: what.into() }
    }
}

/// An object that is being read.
#[derive(Debug)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub length: u64,
    /// When this version of it was written.
    pub modified: Option<Timestamp>,
    body: ByteStream,
}

impl Object {
    /// The next piece; `None` at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BucketError> {
        let chunk = self.body.next().await.transpose();
        chunk.map_err(|error| BucketError::Call { operation: "GetObject", message: error.to_string(), passing: true })
    }

    /// All of it, for objects that are known to be small.
    pub async fn bytes(mut self) -> Result<Vec<u8>, BucketError> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.length).unwrap_or_default());
        while let Some(chunk) = self.chunk().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Its lines.
    #[must_use]
    pub fn lines(self) -> Lines {
        Lines::new(self, 0)
    }
}

/// The bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Bucket {
    /// The bucket of this name.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The client it is reached with.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Begins to read an object.
    pub async fn open(&self, key: &str) -> Result<Object, BucketError> {
        self.get(key, None, None).await
    }

    /// Begins to read one version of an object; an empty one stands for a bucket that keeps none.
    pub async fn open_version(&self, key: &str, version: &str) -> Result<Object, BucketError> {
        self.get(key, Some(version).filter(|version| !version.is_empty()), None).await
    }

    /// The lines of an object from a place on.
    pub async fn lines_from(&self, key: &str, offset: u64) -> Result<Lines, BucketError> {
        let range = (offset > 0).then(|| format!("bytes={offset}-"));
        Ok(Lines::new(self.get(key, None, range).await?, offset))
    }

    async fn get(&self, key: &str, version: Option<&str>, range: Option<String>) -> Result<Object, BucketError> {
        let call = self.client.get_object().bucket(&self.name).key(key).set_range(range);
        let answer = call.set_version_id(version.map(str::to_owned)).send().await;
        let answer = answer.map_err(|error| match error.as_service_error().and_then(ProvideErrorMetadata::code) {
            Some("NoSuchKey" | "NoSuchVersion" | "AccessDenied") => BucketError::Absent(key.to_owned()),
            Some("InvalidRange") => BucketError::Beyond,
            _ => BucketError::call("GetObject", &error),
        })?;
        Ok(Object {
            key: key.to_owned(),
            length: answer.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default(),
            modified: answer.last_modified.and_then(|at| Timestamp::from_second(at.secs()).ok()),
            body: answer.body,
        })
    }

    /// How large an object is.
    pub async fn length(&self, key: &str) -> Result<u64, BucketError> {
        let answer = self.client.head_object().bucket(&self.name).key(key).send().await;
        let answer = answer.map_err(|error| {
            // The answer to HEAD has no body, and so no code that would say more.
            match error.raw_response().map(|response| response.status().as_u16()) {
                Some(403 | 404) => BucketError::Absent(key.to_owned()),
                _ => BucketError::call("HeadObject", &error),
            }
        })?;
        Ok(answer.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default())
    }

    /// Writes an object that is small enough to be held.
    pub async fn put(&self, key: &str, media: &Media, bytes: Vec<u8>) -> Result<(), BucketError> {
        let call = self.client.put_object().bucket(&self.name).key(key).content_type(&media.content_type);
        let call = call.set_content_disposition(media.disposition.clone()).body(ByteStream::from(bytes));
        call.send().await.map(drop).map_err(|error| BucketError::call("PutObject", &error))
    }
}
