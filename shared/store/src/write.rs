//! Writes of one item outside a transaction: each with the outcome of its condition, repeated while it meets a transaction.
//!
//! DynamoDB refuses a plain write of an item that is part of a transaction at this moment, and the SDK does not repeat it.
//! Nothing was written, so repeating it is safe.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;

use crate::StoreError;
use crate::transact::{ATTEMPTS, backoff};

/// A call that writes one item.
pub(crate) trait Write: Clone {
    const OPERATION: &'static str;
    type Error: std::error::Error + ProvideErrorMetadata + 'static;

    fn send_once(self) -> impl Future<Output = Result<(), SdkError<Self::Error>>> + Send;
}

/// The only place that sends these calls: a lint refuses others.
macro_rules! write {
    ($builder:ty, $error:ty, $operation:literal) => {
        impl Write for $builder {
            const OPERATION: &'static str = $operation;
            type Error = $error;

            #[expect(clippy::disallowed_methods, reason = "repeated below")]
            async fn send_once(self) -> Result<(), SdkError<Self::Error>> {
                self.send().await.map(drop)
            }
        }
    };
}

write!(PutItemFluentBuilder, aws_sdk_dynamodb::operation::put_item::PutItemError, "PutItem");
write!(UpdateItemFluentBuilder, aws_sdk_dynamodb::operation::update_item::UpdateItemError, "UpdateItem");
write!(DeleteItemFluentBuilder, aws_sdk_dynamodb::operation::delete_item::DeleteItemError, "DeleteItem");

/// Sends a write of one item. `false` if its condition did not hold.
pub(crate) async fn write<W: Write>(call: W) -> Result<bool, StoreError> {
    for attempt in 0..ATTEMPTS {
        let Err(error) = call.clone().send_once().await else { return Ok(true) };
        match error.code() {
            Some("ConditionalCheckFailedException") => return Ok(false),
            Some("TransactionConflictException") => tokio::time::sleep(backoff(attempt)).await,
            _ => return Err(StoreError::call(W::OPERATION, &error)),
        }
    }
    Err(StoreError::Contention)
}
