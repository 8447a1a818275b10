//! The mailer's records: who may send a batch, and the delivery of each mail.

use aws_sdk_dynamodb::types::{AttributeValue, BatchStatementErrorCodeEnum, BatchStatementRequest};
use jiff::{SignedDuration, Timestamp};
use usher_domain::{MailState, Membership, MembershipId, OrganisationId};

use crate::item::{Reader, keyed, n, s, time};
use crate::membership::Versioned;
use crate::write::write;
use crate::{Item, Store, StoreError, keys};

/// How long one attempt at a batch may take: longer than the mailer lives.
const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// How long claims are kept, against messages that come very late.
const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What a mailer finds when it claims a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchClaim {
    /// It is unclaimed: send.
    Mine,
    /// Another mailer is sending it.
    InProgress,
    /// Another mailer was cut off: whether the mails were sent is unknown.
    CutOff,
    /// It was sent, and all was recorded.
    Done,
}

/// The delivery of one mail, to be recorded on its membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailResult {
    /// The person.
    pub member: MembershipId,
    /// Which of their invitations.
    pub generation: u32,
    /// The delivery state.
    pub state: MailState,
    /// The reason, if there is one.
    pub reason: Option<String>,
    /// How often an answer about it was lost so far; recorded with [`MailState::Unknown`].
    pub unconfirmed_sends: u32,
}

impl Store {
    /// Claims a batch of mail, so that a queue message that is delivered twice does not send its mails twice.
    pub async fn claim_mail_batch(&self, batch: &str, now: Timestamp) -> Result<BatchClaim, StoreError> {
        let mut item = keyed(&keys::mail_batch(batch));
        item.insert("lease_until".to_owned(), time(now + LEASE));
        item.insert("ttl".to_owned(), time(now + KEPT));
        // Condition: of two mailers with the same message, one sends.
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        if write(put.condition_expression("attribute_not_exists(pk)")).await? {
            return Ok(BatchClaim::Mine);
        }
        let Some(found) = self.get(&keys::mail_batch(batch)).await? else { return Ok(BatchClaim::InProgress) };
        let reader = Reader::new(&found);
        if reader.optional_text("done")?.is_some() {
            return Ok(BatchClaim::Done);
        }
        Ok(if reader.time("lease_until")? < now { BatchClaim::CutOff } else { BatchClaim::InProgress })
    }

    /// Records that a batch was sent and recorded.
    pub async fn finish_mail_batch(&self, batch: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut item = keyed(&keys::mail_batch(batch));
        item.insert("done".to_owned(), s("true"));
        item.insert("ttl".to_owned(), time(now + KEPT));
        write(self.client.put_item().table_name(&self.table).set_item(Some(item))).await.map(drop)
    }

    /// Releases a claim when certainly nothing was sent.
    pub async fn release_mail_batch(&self, batch: &str) -> Result<(), StoreError> {
        let key = keys::mail_batch(batch);
        let delete = self.client.delete_item().table_name(&self.table).key("pk", s(key.pk)).key("sk", s(key.sk));
        write(delete).await.map(drop)
    }

    /// Records the delivery of mails: one write unit each, 25 per request. A mail of an older generation, or one that is no
    /// longer queued, keeps its state.
    pub async fn record_mail(
        &self,
        organisation: OrganisationId,
        results: &[MailResult],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for batch in results.chunks(25) {
            let statements = batch.iter().map(|result| {
                let key = keys::membership(organisation, result.member);
                let mut set = String::from("SET \"mail_state\"=? SET \"mail_at\"=?");
                let mut parameters = vec![s(result.state.as_str()), time(now)];
                if result.state == MailState::Sent {
                    set.push_str(" SET \"sent_at\"=?");
                    parameters.push(time(now));
                }
                if result.state == MailState::Unknown {
                    set.push_str(" SET \"mail_unconfirmed_sends\"=?");
                    parameters.push(n(result.unconfirmed_sends));
                }
                if let Some(reason) = &result.reason {
                    set.push_str(" SET \"mail_reason\"=?");
                    parameters.push(s(reason));
                }
                parameters.extend([s(key.pk), s(key.sk), n(result.generation)]);
                // Condition: feedback (delivered, bounced) may arrive before the answer to the send.
                let due: [AttributeValue; 2] = [s(MailState::Queued.as_str()), s(MailState::Unknown.as_str())];
                parameters.extend(due);
                BatchStatementRequest::builder()
                    .statement(format!(
                        "UPDATE \"{}\" {set} WHERE \"pk\"=? AND \"sk\"=? AND \"generation\"=? \
                         AND \"mail_state\" IN [?, ?]",
                        self.table
                    ))
                    .set_parameters(Some(parameters))
                    .build()
                    .map_err(|error| StoreError::damaged("mail", error.to_string()))
            });
            let statements = statements.collect::<Result<Vec<_>, _>>()?;
            let answer = self.client.batch_execute_statement().set_statements(Some(statements)).send().await;
            let answer = answer.map_err(|error| StoreError::call("BatchExecuteStatement", &error))?;
            let failed = answer.responses.unwrap_or_default().into_iter().filter_map(|response| response.error);
            for error in failed {
                if error.code != Some(BatchStatementErrorCodeEnum::ConditionalCheckFailed) {
                    // Recorded again when the message is delivered again: the batch is not finished.
                    return Err(StoreError::Contention);
                }
            }
        }
        Ok(())
    }

    /// Queues a lost mail again: one more attempt of the same generation, so every job for an earlier attempt is stale.
    /// `false` if it was sent, accepted or resent in the meantime.
    pub async fn requeue_mail(&self, stored: &Versioned, now: Timestamp) -> Result<bool, StoreError> {
        let Membership { organisation, id, generation, .. } = stored.membership;
        let Some(mail) = &stored.membership.mail else { return Ok(false) };
        let (seen, attempt) = (mail.state, mail.attempt);
        let key = keys::membership(organisation, id);
        let (first_or_same, values) = if attempt == 0 {
            ("attribute_not_exists(mail_attempt)", Item::new())
        } else {
            ("mail_attempt = :attempt", Item::from([(":attempt".to_owned(), n(attempt))]))
        };
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(key.pk))
            .key("sk", s(key.sk))
            .update_expression("SET mail_state = :queued, mail_at = :now, mail_attempt = :next")
            // Condition: of two sweepers that find the same lost mail, one queues it.
            .condition_expression(format!("generation = :generation AND mail_state = :seen AND {first_or_same}"))
            .set_expression_attribute_values(Some(values))
            .expression_attribute_values(":queued", s(MailState::Queued.as_str()))
            .expression_attribute_values(":seen", s(seen.as_str()))
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":generation", n(generation))
            .expression_attribute_values(":next", n(attempt + 1));
        write(call).await
    }
}
