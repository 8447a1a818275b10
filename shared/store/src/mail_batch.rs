//! The claim on a batch of mail: which delivery of its message sends it, and how far that came.
//!
//! ```text
//! claim ─► held ─┬─ calling ─► SES ─► answered ─► each mail recorded ─► done
//!                ├─ halving ─► two smaller batches queued ─────────────► done
//!                └─ released: nothing was sent
//! cut off while    held       the next delivery takes it over: SES was not called
//!                  calling    nobody knows whether the mails were sent
//!                  answered   the next delivery records the answer
//!                  halving    the next delivery queues the same halves
//! ```

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use jiff::{SignedDuration, Timestamp};

use crate::item::{Reader, keyed, s, time};
use crate::write::write;
use crate::{Store, StoreError, keys};

/// How long one delivery may take: longer than the mailer lives.
const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// How long claims are kept, against messages that come very late.
const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);

const CALLING: &str = "calling";
const HALVING: &str = "halving";
const ANSWERED: &str = "answered";

/// What a mailer finds when it claims a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchClaim {
    /// It is unclaimed, or its mailer was cut off before it did anything: send.
    Mine,
    /// Another mailer is sending it.
    InProgress,
    /// Another mailer was cut off while it called the mail service: whether the mails were sent is unknown.
    CutOff,
    /// Another mailer was cut off after it kept this answer of the mail service.
    Answered(String),
    /// Another mailer was cut off while it queued the batch as two halves.
    Halving,
    /// It was sent, and all was recorded.
    Done,
}

/// What the holder of a claim is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchStep {
    /// Call the mail service.
    Calling,
    /// Queue the batch as two halves.
    Halving,
}

impl Store {
    /// Claims a batch of mail, so that a queue message that is delivered twice does not send its mails twice. `holder` names
    /// this delivery.
    pub async fn claim_mail_batch(&self, batch: &str, holder: &str, now: Timestamp) -> Result<BatchClaim, StoreError> {
        let mut item = keyed(&keys::mail_batch(batch));
        item.insert("holder".to_owned(), s(holder));
        item.insert("lease_until".to_owned(), time(now + LEASE));
        item.insert("ttl".to_owned(), time(now + KEPT));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        // Condition: of two mailers with the same message, one sends. It is ours already if only the answer was lost; and one
        // that was cut off before its first step did nothing.
        let put = put
            .condition_expression(
                "attribute_not_exists(pk) OR holder = :holder OR (lease_until < :now AND attribute_not_exists(#step))",
            )
            .expression_attribute_names("#step", "step")
            .expression_attribute_values(":holder", s(holder))
            .expression_attribute_values(":now", time(now));
        if write(put).await? {
            return Ok(BatchClaim::Mine);
        }
        // Gone between the two calls: released.
        let Some(found) = self.get(&keys::mail_batch(batch)).await? else { return Ok(BatchClaim::InProgress) };
        let reader = Reader::new(&found);
        if reader.optional_text("done")?.is_some() {
            return Ok(BatchClaim::Done);
        }
        if reader.time("lease_until")? >= now {
            return Ok(BatchClaim::InProgress);
        }
        match reader.optional_text("step")? {
            // Taken over by another delivery between the two calls, or about to be.
            None => Ok(BatchClaim::InProgress),
            Some(CALLING) => Ok(BatchClaim::CutOff),
            Some(HALVING) => Ok(BatchClaim::Halving),
            Some(ANSWERED) => Ok(BatchClaim::Answered(reader.text("answer")?.to_owned())),
            Some(_) => Err(reader.damaged("step")),
        }
    }

    /// Says what the holder is about to do. `false` if another delivery took the batch over.
    pub async fn mark_mail_batch(&self, batch: &str, holder: &str, step: BatchStep) -> Result<bool, StoreError> {
        let step = match step {
            BatchStep::Calling => CALLING,
            BatchStep::Halving => HALVING,
        };
        write(self.step_update(batch, holder, step).update_expression("SET #step = :step")).await
    }

    /// Keeps the mail service's answer, for the next delivery if this one cannot record it. `false` if another delivery took
    /// the batch over.
    pub async fn keep_mail_answer(&self, batch: &str, holder: &str, answer: &str) -> Result<bool, StoreError> {
        let update = self.step_update(batch, holder, ANSWERED).update_expression("SET #step = :step, answer = :answer");
        write(update.expression_attribute_values(":answer", s(answer))).await
    }

    fn step_update(&self, batch: &str, holder: &str, step: &str) -> UpdateItemFluentBuilder {
        let key = keys::mail_batch(batch);
        let update = self.client.update_item().table_name(&self.table).key("pk", s(key.pk)).key("sk", s(key.sk));
        // Condition: the lease may have run out, and another delivery taken the batch over.
        update
            .condition_expression("holder = :holder")
            .expression_attribute_names("#step", "step")
            .expression_attribute_values(":step", s(step))
            .expression_attribute_values(":holder", s(holder))
    }

    /// Records that a batch was sent and recorded.
    pub async fn finish_mail_batch(&self, batch: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut item = keyed(&keys::mail_batch(batch));
        item.insert("done".to_owned(), s("true"));
        item.insert("ttl".to_owned(), time(now + KEPT));
        write(self.client.put_item().table_name(&self.table).set_item(Some(item))).await.map(drop)
    }

    /// Releases a claim when certainly nothing was sent.
    pub async fn release_mail_batch(&self, batch: &str, holder: &str) -> Result<(), StoreError> {
        let key = keys::mail_batch(batch);
        let delete = self.client.delete_item().table_name(&self.table).key("pk", s(key.pk)).key("sk", s(key.sk));
        // Condition: it is still ours.
        let delete = delete.condition_expression("holder = :holder");
        write(delete.expression_attribute_values(":holder", s(holder))).await.map(drop)
    }
}
