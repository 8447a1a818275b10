//! The bucket and the few calls it is used with.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use jiff::Timestamp;

use crate::error::BucketError;
use crate::media::Media;

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

    /// Opens an object for reading.
    pub async fn open(&self, key: &str) -> Result<Object, BucketError> {
        self.get(key, None, None).await
    }

    /// Opens one version of an object; empty for a bucket without versions.
    pub async fn open_version(&self, key: &str, version: &str) -> Result<Object, BucketError> {
        self.get(key, Some(version).filter(|version| !version.is_empty()), None).await
    }

    pub(crate) async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        range: Option<String>,
    ) -> Result<Object, BucketError> {
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

    /// When a lifecycle rule deletes an object; `None` for never. Fails if there is no such object.
    pub async fn expiry(&self, key: &str) -> Result<Option<Timestamp>, BucketError> {
        let answer = self.client.head_object().bucket(&self.name).key(key).send().await;
        let answer = answer.map_err(|error| {
            // The answer to HEAD has no body, so there is only a status.
            match error.raw_response().map(|response| response.status().as_u16()) {
                Some(403 | 404) => BucketError::Absent(key.to_owned()),
                _ => BucketError::call("HeadObject", &error),
            }
        })?;
        Ok(answer.expiration.as_deref().and_then(expiry_date))
    }

    /// Writes an object that is small enough to be held.
    pub async fn put(&self, key: &str, media: &Media, bytes: Vec<u8>) -> Result<(), BucketError> {
        let call = self.client.put_object().bucket(&self.name).key(key).content_type(&media.content_type);
        let call = call.set_content_disposition(media.disposition.clone()).body(ByteStream::from(bytes));
        call.send().await.map(drop).map_err(|error| BucketError::call("PutObject", &error))
    }
}

/// The date in `expiry-date="Fri, 03 Apr 2026 00:00:00 GMT", rule-id="…"`.
fn expiry_date(header: &str) -> Option<Timestamp> {
    let (date, _) = header.split_once("expiry-date=\"")?.1.split_once('"')?;
    jiff::fmt::rfc2822::parse(date).ok().map(|date| date.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_says_when_an_object_expires() {
        let header = "expiry-date=\"Fri, 03 Apr 2026 00:00:00 GMT\", rule-id=\"people-are-not-kept\"";
        assert_eq!(expiry_date(header), "2026-04-03T00:00:00Z".parse().ok());
        assert_eq!(expiry_date("rule-id=\"x\""), None);
    }
}
