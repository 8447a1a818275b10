//! Transactions: all or nothing, retried on conflicts, never applied twice.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;
use data_encoding::HEXLOWER;

use crate::{Store, StoreError};

/// How often a write with conflicts is tried.
pub(crate) const ATTEMPTS: u32 = 12;
/// The most items of one transaction (a DynamoDB limit).
pub(crate) const TRANSACTION_ITEMS: usize = 100;

/// The result of a transaction.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Transacted {
    /// All of it was written.
    Written,
    /// Nothing was written: the conditions of the items at these positions did not hold.
    Refused(Vec<usize>),
}

/// A pause before the next attempt: full jitter up to a bound that doubles, 20 ms to 1 s.
pub(crate) fn backoff(attempt: u32) -> Duration {
    let bound = 20u64.saturating_mul(1 << attempt.min(10)).min(1_000);
    Duration::from_millis(fastrand::u64(0..=bound))
}

impl Store {
    /// Writes all of `items` or none. `request` names the write: a repetition of the same call within ten minutes is
    /// answered by the service without being applied again.
    pub(crate) async fn transact(
        &self,
        request: [u8; 16],
        items: Vec<TransactWriteItem>,
    ) -> Result<Transacted, StoreError> {
        debug_assert!(items.len() <= TRANSACTION_ITEMS, "{} items in one transaction", items.len());
        for attempt in 0..ATTEMPTS {
            // The same items under the same token: a lost answer is asked for again, not written again.
            let call = self
                .client
                .transact_write_items()
                .client_request_token(HEXLOWER.encode(&request))
                .set_transact_items(Some(items.clone()));
            let Err(error) = call.send().await else { return Ok(Transacted::Written) };
            match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let codes: Vec<_> =
                        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None")).collect();
                    let refused: Vec<_> = positions(&codes, "ConditionalCheckFailed");
                    if !refused.is_empty() {
                        return Ok(Transacted::Refused(refused));
                    }
                    let passing = ["None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
                    if codes.iter().any(|code| !passing.contains(code)) {
                        return Err(StoreError::call("TransactWriteItems", &error));
                    }
                }
                Some(TransactWriteItemsError::TransactionInProgressException(_)) => {}
                _ => return Err(StoreError::call("TransactWriteItems", &error)),
            }
            tokio::time::sleep(backoff(attempt)).await;
        }
        Err(StoreError::Contention)
    }
}

fn positions(codes: &[&str], wanted: &str) -> Vec<usize> {
    codes.iter().enumerate().filter(|(_, code)| **code == wanted).map(|(position, _)| position).collect()
}
