//! Writes an object of any size in bounded memory.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use crate::bucket::Bucket;
use crate::error::BucketError;
use crate::media::Media;

/// How many bytes are buffered before they are sent. S3 takes pieces of at least 5 MiB.
const PIECE_BYTES: usize = 8 * 1024 * 1024;

/// An object that is being written, in several pieces if it is large. It appears with [`finish`](Self::finish). An abandoned
/// one leaves pieces that the bucket's lifecycle removes.
#[derive(Debug)]
pub struct Writer<'a> {
    bucket: &'a Bucket,
    key: String,
    media: Media,
    held: Vec<u8>,
    upload: Option<String>,
    parts: Vec<CompletedPart>,
}

impl Bucket {
    /// Begins to write an object.
    #[must_use]
    pub fn writer(&self, key: String, media: Media) -> Writer<'_> {
        Writer { bucket: self, key, media, held: Vec::new(), upload: None, parts: Vec::new() }
    }
}

impl Writer<'_> {
    /// Appends bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), BucketError> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE_BYTES { self.send_piece().await } else { Ok(()) }
    }

    /// The multipart upload, started with the first piece.
    async fn upload(&mut self) -> Result<String, BucketError> {
        if let Some(upload) = &self.upload {
            return Ok(upload.clone());
        }
        let Bucket { client, name } = self.bucket;
        let call = client.create_multipart_upload().bucket(name).key(&self.key).content_type(&self.media.content_type);
        let answer = call.set_content_disposition(self.media.disposition.clone()).send().await;
        let answer = answer.map_err(|error| BucketError::call("CreateMultipartUpload", &error))?;
        let upload = answer.upload_id.ok_or_else(|| BucketError::damaged(&self.key, "an upload without an id"))?;
        Ok(self.upload.insert(upload).clone())
    }

    async fn send_piece(&mut self) -> Result<(), BucketError> {
        let Bucket { client, name } = self.bucket;
        let upload = self.upload().await?;
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let piece = std::mem::take(&mut self.held);
        let call = client.upload_part().bucket(name).key(&self.key).upload_id(upload).part_number(number);
        let answer = call.body(ByteStream::from(piece)).send().await;
        let answer = answer.map_err(|error| BucketError::call("UploadPart", &error))?;
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(answer.e_tag)
            .set_checksum_crc32(answer.checksum_crc32)
            .build();
        self.parts.push(part);
        Ok(())
    }

    /// Makes the object appear.
    pub async fn finish(mut self) -> Result<(), BucketError> {
        if self.upload.is_none() {
            return self.bucket.put(&self.key, &self.media, self.held).await;
        }
        if !self.held.is_empty() {
            self.send_piece().await?;
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(self.parts)).build();
        let Bucket { client, name } = self.bucket;
        let call = client.complete_multipart_upload().bucket(name).key(&self.key).set_upload_id(self.upload);
        let answer = call.multipart_upload(parts).send().await;
        answer.map(drop).map_err(|error| BucketError::call("CompleteMultipartUpload", &error))
    }
}
