//! Requests with an `Idempotency-Key`: the first one does the work, a repetition gets its answer.
//!
//! ```text
//! first       claim (condition: none, or lease over) ─► work ─► complete(answer)
//! repetition          claim ─► completed: the stored answer · in progress: come back later
//! cut off                        lease over ─► the repetition does the work; each operation is safe to repeat
//! ```

use jiff::{SignedDuration, Timestamp};

use crate::item::{Reader, keyed, n, s, time};
use crate::write::write;
use crate::{Store, StoreError, keys};

/// How long a request may be in progress: longer than an HTTP function lives.
const LEASE: SignedDuration = SignedDuration::from_secs(35);
/// How long an answer is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// The most bytes of an answer that is kept (an item holds 400 KB).
pub const LARGEST_ANSWER: usize = 350_000;

/// An answer given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: String,
    /// Body.
    pub body: String,
}

/// What a request with a key does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdempotencyClaim {
    /// It is the first: do the work, then complete.
    Mine,
    /// It was answered before.
    Answered(StoredResponse),
    /// The first one is still in progress.
    InProgress,
    /// The key was used for another request.
    OtherRequest,
}

impl Store {
    /// Claims a key (its hash, which includes the caller) for a request (its fingerprint).
    pub async fn claim_idempotency(
        &self,
        hash: &str,
        fingerprint: &str,
        now: Timestamp,
    ) -> Result<IdempotencyClaim, StoreError> {
        let mut item = keyed(&keys::idempotency(hash));
        item.insert("fingerprint".to_owned(), s(fingerprint));
        item.insert("lease_until".to_owned(), time(now + LEASE));
        item.insert("ttl".to_owned(), time(now + KEPT));
        // Condition: there is no claim, or its owner was cut off, or it is so old that TTL should have removed it.
        let claim = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(
                "attribute_not_exists(pk) OR #ttl < :now \
                 OR (attribute_not_exists(#status) AND lease_until < :now AND fingerprint = :fingerprint)",
            )
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":now", n(now.as_second()))
            .expression_attribute_values(":fingerprint", s(fingerprint));
        if write(claim).await? {
            return Ok(IdempotencyClaim::Mine);
        }
        let found = self.get(&keys::idempotency(hash)).await?;
        // Gone between the two calls: the work failed and the claim was released. Nothing says that the work is done.
        let Some(found) = found else { return Ok(IdempotencyClaim::InProgress) };
        let reader = Reader::new(&found);
        if reader.text("fingerprint")? != fingerprint {
            return Ok(IdempotencyClaim::OtherRequest);
        }
        let Some(status) = reader.optional_number("status")? else { return Ok(IdempotencyClaim::InProgress) };
        Ok(IdempotencyClaim::Answered(StoredResponse {
            status,
            content_type: reader.text("content_type")?.to_owned(),
            body: reader.text("body")?.to_owned(),
        }))
    }

    /// Keeps the answer for repetitions.
    pub async fn complete_idempotency(
        &self,
        hash: &str,
        fingerprint: &str,
        answer: &StoredResponse,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = keyed(&keys::idempotency(hash));
        item.insert("fingerprint".to_owned(), s(fingerprint));
        item.insert("status".to_owned(), n(answer.status));
        item.insert("content_type".to_owned(), s(&answer.content_type));
        item.insert("body".to_owned(), s(&answer.body));
        item.insert("ttl".to_owned(), time(now + KEPT));
        write(self.client.put_item().table_name(&self.table).set_item(Some(item))).await.map(drop)
    }

    /// Releases a claim after a failure that a repetition may not have.
    pub async fn release_idempotency(&self, hash: &str) -> Result<(), StoreError> {
        let key = keys::idempotency(hash);
        let delete = self.client.delete_item().table_name(&self.table).key("pk", s(key.pk)).key("sk", s(key.sk));
        write(delete).await.map(drop)
    }
}
