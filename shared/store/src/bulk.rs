//! Many items at once: 100 are looked up in a request, 25 inserted.

use aws_sdk_dynamodb::operation::batch_execute_statement::BatchExecuteStatementOutput;
use aws_sdk_dynamodb::types::{AttributeValue, BatchStatementErrorCodeEnum, BatchStatementRequest, KeysAndAttributes};
use usher_domain::Membership;

use crate::error::is_throttling;
use crate::item::{s, write_membership};
use crate::keys::Key;
use crate::limiter::Attempt;
use crate::{Item, Store, StoreError};

/// The most statements of one `BatchExecuteStatement` (a DynamoDB limit).
pub(crate) const STATEMENTS: usize = 25;
/// The most keys of one `BatchGetItem` (a DynamoDB limit).
const BATCH_GET_KEYS: usize = 100;

/// The result of one insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It is inserted.
    Created,
    /// A membership existed; nothing was written.
    AlreadyExists,
}

/// What is left of a batch of statements, and whether the table asked for less at once. `is_settled` is told of each statement
/// that was carried out (`None`) or failed, and says whether that is an outcome; other failures are tried again if that helps.
pub(crate) fn left_of(
    batch: Vec<usize>,
    answer: BatchExecuteStatementOutput,
    mut is_settled: impl FnMut(usize, Option<&BatchStatementErrorCodeEnum>) -> bool,
) -> Result<(Option<Vec<usize>>, bool), StoreError> {
    let (mut left, mut throttled) = (Vec::new(), false);
    let mut responses = answer.responses.unwrap_or_default().into_iter();
    for row in batch {
        // A short response leaves the remaining rows open.
        let failure = match responses.next() {
            None => {
                left.push(row);
                continue;
            }
            Some(response) => response.error.map(|error| error.code),
        };
        let code = failure.as_ref().and_then(Option::as_ref);
        let is_told = failure.is_none() || code.is_some();
        if is_told && is_settled(row, code) {
            continue;
        }
        throttled |= is_throttled(code)?;
        left.push(row);
    }
    Ok(((!left.is_empty()).then_some(left), throttled))
}

/// Whether a statement failed because too much was asked at once, and not in passing; an error if trying again would not help.
fn is_throttled(code: Option<&BatchStatementErrorCodeEnum>) -> Result<bool, StoreError> {
    match code {
        Some(
            BatchStatementErrorCodeEnum::ThrottlingError
            | BatchStatementErrorCodeEnum::ProvisionedThroughputExceeded
            | BatchStatementErrorCodeEnum::RequestLimitExceeded,
        ) => Ok(true),
        // It met a transaction, or the service failed.
        Some(BatchStatementErrorCodeEnum::TransactionConflict | BatchStatementErrorCodeEnum::InternalServerError) => {
            Ok(false)
        }
        code => Err(StoreError::Call {
            operation: "BatchExecuteStatement",
            code: code.map_or_else(String::new, |code| code.as_str().to_owned()),
            message: "a row could not be written".to_owned(),
        }),
    }
}

impl Store {
    /// Those of these items that exist, in no order.
    pub(crate) async fn batch_get(&self, keys: Vec<Key>) -> Result<Vec<Item>, StoreError> {
        let as_item = |key: &Key| Item::from([("pk".to_owned(), s(&key.pk)), ("sk".to_owned(), s(&key.sk))]);
        let batches = keys.chunks(BATCH_GET_KEYS).map(|batch| batch.iter().map(as_item).collect::<Vec<_>>());
        let found = self.reads.work(batches, |batch| self.get_batch(batch)).await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// One request. Keys that the service left unprocessed are returned.
    async fn get_batch(&self, keys: Vec<Item>) -> Result<Attempt<Vec<Item>, Vec<Item>>, StoreError> {
        let request = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(keys.clone())).build();
        let request = request.map_err(|error| StoreError::damaged("keys", error.to_string()))?;
        let answer = match self.client.batch_get_item().request_items(&self.table, request).send().await {
            Ok(answer) => answer,
            Err(error) if is_throttling(&error) => {
                return Ok(Attempt { done: Vec::new(), left: Some(keys), throttled: true });
            }
            Err(error) => return Err(StoreError::call("BatchGetItem", &error)),
        };
        let done = answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
        let left = answer.unprocessed_keys.unwrap_or_default().remove(&self.table).map(|left| left.keys);
        let left = left.filter(|left| !left.is_empty());
        Ok(Attempt { done, throttled: left.is_some(), left })
    }

    /// Inserts new memberships, each only if it does not exist: one write unit a row, 25 rows a request.
    /// The results are in the order of `members`. Safe to repeat: existing memberships stay as they are.
    pub async fn insert_memberships(&self, members: &[Membership]) -> Result<Vec<Inserted>, StoreError> {
        let rows: Vec<usize> = (0..members.len()).collect();
        let batches = rows.chunks(STATEMENTS).map(<[usize]>::to_vec);
        let inserted = self.writes.work(batches, |batch| self.insert_batch(members, batch)).await?;
        let mut outcomes = vec![None; members.len()];
        for (row, outcome) in inserted.into_iter().flatten() {
            outcomes[row] = Some(outcome);
        }
        outcomes.into_iter().collect::<Option<Vec<_>>>().ok_or(StoreError::Contention)
    }

    /// One request, for the rows at these indexes.
    async fn insert_batch(
        &self,
        members: &[Membership],
        batch: Vec<usize>,
    ) -> Result<Attempt<Vec<usize>, Vec<(usize, Inserted)>>, StoreError> {
        let statements = batch.iter().map(|row| self.insert_statement(&members[*row])).collect::<Result<_, _>>()?;
        let answer = match self.client.batch_execute_statement().set_statements(Some(statements)).send().await {
            Ok(answer) => answer,
            Err(error) if is_throttling(&error) => {
                return Ok(Attempt { done: Vec::new(), left: Some(batch), throttled: true });
            }
            Err(error) => return Err(StoreError::call("BatchExecuteStatement", &error)),
        };
        let mut done = Vec::with_capacity(batch.len());
        let (left, throttled) = left_of(batch, answer, |row, failure| match failure {
            None => {
                done.push((row, Inserted::Created));
                true
            }
            Some(BatchStatementErrorCodeEnum::DuplicateItem) => {
                done.push((row, Inserted::AlreadyExists));
                true
            }
            Some(_) => false,
        })?;
        Ok(Attempt { done, left, throttled })
    }

    fn insert_statement(&self, member: &Membership) -> Result<BatchStatementRequest, StoreError> {
        let mut attributes: Vec<(String, AttributeValue)> = write_membership(member, 1).into_iter().collect();
        attributes.sort_by(|a, b| a.0.cmp(&b.0));
        let fields: Vec<String> = attributes.iter().map(|(name, _)| format!("'{name}': ?")).collect();
        BatchStatementRequest::builder()
            .statement(format!("INSERT INTO \"{}\" VALUE {{{}}}", self.table, fields.join(", ")))
            .set_parameters(Some(attributes.into_iter().map(|(_, value)| value).collect()))
            .build()
            .map_err(|error| StoreError::damaged("insert", error.to_string()))
    }
}
