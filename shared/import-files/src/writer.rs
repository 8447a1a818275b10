//! Writes an object of any size in bounded memory.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use serde::{Deserialize, Serialize};

use crate::bucket::Bucket;
use crate::error::BucketError;
use crate::media::Media;

/// How many bytes are buffered before they are sent. S3 takes pieces of at least 5 MiB.
const PIECE_BYTES: usize = 8 * 1024 * 1024;

/// An object that was begun, and whose pieces so far are stored: another delivery continues it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BegunObject {
    upload: String,
    /// Tag and checksum of each piece.
    pieces: Vec<(Option<String>, Option<String>)>,
}

impl BegunObject {
    /// How many pieces are stored.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }
}

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

    /// Continues to write an object behind its last piece.
    #[must_use]
    pub fn continue_writer(&self, key: String, media: Media, begun: BegunObject) -> Writer<'_> {
        let pieces =
            begun.pieces.into_iter().zip(1..).map(|((tag, checksum), number)| completed_piece(number, tag, checksum));
        Writer { upload: Some(begun.upload), parts: pieces.collect(), ..self.writer(key, media) }
    }
}

fn completed_piece(number: i32, tag: Option<String>, checksum: Option<String>) -> CompletedPart {
    CompletedPart::builder().part_number(number).set_e_tag(tag).set_checksum_crc32(checksum).build()
}

impl Writer<'_> {
    /// Appends bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), BucketError> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE_BYTES { self.send_piece().await } else { Ok(()) }
    }

    /// What another delivery continues; `None` unless everything that was written is stored in pieces.
    #[must_use]
    pub fn begun(&self) -> Option<BegunObject> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let pieces = self.parts.iter().map(|part| (text(part.e_tag()), text(part.checksum_crc32()))).collect();
        let upload = self.upload.clone().filter(|_| self.held.is_empty())?;
        Some(BegunObject { upload, pieces })
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
        self.parts.push(completed_piece(number, answer.e_tag, answer.checksum_crc32));
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
