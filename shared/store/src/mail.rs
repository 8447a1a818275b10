//! The delivery of each mail, on its membership.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, BatchStatementErrorCodeEnum, BatchStatementRequest};
use jiff::Timestamp;
use usher_domain::{MailState, Membership, MembershipId, OrganisationId};

use crate::bulk::{STATEMENTS, left_of};
use crate::error::is_throttling;
use crate::item::{n, s, time};
use crate::limiter::Attempt;
use crate::membership::Versioned;
use crate::write::write;
use crate::{Item, Store, StoreError, keys};

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
    /// Records the delivery of mails: one write unit each, 25 per request. What is refused for a moment is tried again, alone,
    /// while there is time. A mail of an older generation, or one that is no longer queued, keeps its state.
    pub async fn record_mail(
        &self,
        organisation: OrganisationId,
        results: &[MailResult],
        now: Timestamp,
        has_time: impl Fn() -> bool,
    ) -> Result<(), StoreError> {
        let rows: Vec<usize> = (0..results.len()).collect();
        let batches = rows.chunks(STATEMENTS).map(<[usize]>::to_vec);
        let record = |batch| self.record_batch(organisation, results, now, batch);
        self.writes.work_while(|_| has_time(), batches, record).await.map(drop)
    }

    /// One request, for the results at these indexes.
    async fn record_batch(
        &self,
        organisation: OrganisationId,
        results: &[MailResult],
        now: Timestamp,
        batch: Vec<usize>,
    ) -> Result<Attempt<Vec<usize>, ()>, StoreError> {
        let statements = batch.iter().map(|row| self.record_statement(organisation, &results[*row], now));
        let statements = statements.collect::<Result<Vec<_>, _>>()?;
        let answer = match self.client.batch_execute_statement().set_statements(Some(statements)).send().await {
            Ok(answer) => answer,
            Err(error) if is_throttling(&error) => {
                return Ok(Attempt { done: (), left: Some(batch), throttled: true });
            }
            Err(SdkError::ServiceError(refused)) if refused.raw().status().is_client_error() => {
                return Err(StoreError::call("BatchExecuteStatement", &SdkError::ServiceError(refused)));
            }
            // No answer. What was recorded all the same is refused by its condition the next time.
            Err(_) => return Ok(Attempt { done: (), left: Some(batch), throttled: false }),
        };
        // Condition: somebody else's change since then stays.
        let is_settled = |_, failure: Option<&_>| {
            matches!(failure, None | Some(BatchStatementErrorCodeEnum::ConditionalCheckFailed))
        };
        let (left, throttled) = left_of(batch, answer, is_settled)?;
        Ok(Attempt { done: (), left, throttled })
    }

    fn record_statement(
        &self,
        organisation: OrganisationId,
        result: &MailResult,
        now: Timestamp,
    ) -> Result<BatchStatementRequest, StoreError> {
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
                "UPDATE \"{}\" {set} WHERE \"pk\"=? AND \"sk\"=? AND \"generation\"=? AND \"mail_state\" IN [?, ?]",
                self.table
            ))
            .set_parameters(Some(parameters))
            .build()
            .map_err(|error| StoreError::damaged("mail", error.to_string()))
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
