//! Turns parts of a plan into invitations.
//!
//! A part may be delivered any number of times, cut off anywhere, and beside any other: what an earlier delivery made is
//! recognised by the import it names, and of all deliveries one settles.

mod finish;
mod judge;
mod part;
mod people;
mod results;
mod settle;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use tracing::Instrument;
use usher_domain::job::ApplyJob;
use usher_plans::{Bucket, BucketError};
use usher_runtime::{Aws, Clock, ConfigError, config};
use usher_store::{Store, StoreError};

/// What applying parts needs.
#[derive(Debug, Clone)]
pub struct ImportApply {
    /// The table.
    pub store: Store,
    /// The bucket that plans are in.
    pub bucket: Bucket,
    /// The clock.
    pub clock: Clock,
}

impl ImportApply {
    /// Puts the pieces together.
    #[must_use]
    pub fn new(store: Store, aws: &Aws, bucket: &str, clock: Clock) -> Self {
        Self { store, bucket: Bucket::new(aws.s3(), bucket), clock }
    }

    /// Reads what it needs from the environment.
    pub fn from_environment(aws: &Aws) -> Result<Self, ConfigError> {
        let store = Store::new(aws.dynamodb(), config::required("TABLE_NAME")?);
        Ok(Self::new(store, aws, &config::required("UPLOAD_BUCKET")?, Clock::System))
    }
}

/// A part was not settled. Its message is delivered again, and goes on where this attempt ended.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bucket failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// There is not enough time left to go on.
    #[error("the time is nearly over; the part goes on with the next delivery")]
    OutOfTime,
    /// What it needs of the import is not there.
    #[error("the import has no {0}")]
    Missing(&'static str),
    /// The message is no job.
    #[error("the message is no job")]
    Malformed,
}

/// Applies the parts that these messages name. The answer names the messages to be delivered again.
pub async fn handle(apply: &ImportApply, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        let job = serde_json::from_str::<ApplyJob>(message.body.as_deref().unwrap_or_default());
        let applied = match job {
            Ok(job) => {
                let ApplyJob { organisation, import, part } = job;
                let span = tracing::info_span!("part", %organisation, %import, part);
                Box::pin(part::apply(apply, job, deadline)).instrument(span).await
            }
            Err(_) => Err(ApplyError::Malformed),
        };
        if let Err(error) = applied {
            tracing::error!(%error, "a part was not settled");
            response.add_failure(message.message_id.unwrap_or_default());
        }
    }
    response
}
