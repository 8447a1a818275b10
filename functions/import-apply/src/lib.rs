//! Turns parts of a plan into invitations.
//!
//! A part may be delivered any number of times, cut off anywhere, and beside any other: what an earlier delivery made is
//! recognised by the import it names, and of all deliveries one settles. One that runs out of time writes down what it
//! made and hands the rest on.

mod checkpoint;
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
use usher_import_files::{Bucket, BucketError};
use usher_runtime::{Aws, Clock, ConfigError, config};
use usher_store::{Store, StoreError};

/// What applying parts needs.
#[derive(Debug, Clone)]
pub struct ImportApply {
    /// The table.
    pub store: Store,
    /// The bucket that plans are in.
    pub bucket: Bucket,
    /// Queues.
    pub sqs: aws_sdk_sqs::Client,
    /// The address of its own queue, for what it has no time for.
    pub queue: String,
    /// The clock.
    pub clock: Clock,
}

impl ImportApply {
    /// Puts the pieces together.
    #[must_use]
    pub fn new(store: Store, aws: &Aws, bucket: &str, queue: String, clock: Clock) -> Self {
        Self { store, bucket: Bucket::new(aws.s3(), bucket), sqs: aws.sqs(), queue, clock }
    }

    /// Reads what it needs from the environment.
    pub fn from_environment(aws: &Aws) -> Result<Self, ConfigError> {
        let store = Store::new(aws.dynamodb(), config::required("TABLE_NAME")?);
        let queue = config::required("APPLY_QUEUE_URL")?;
        Ok(Self::new(store, aws, &config::required("UPLOAD_BUCKET")?, queue, Clock::System))
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
    /// There is not enough time left even to begin.
    #[error("the time is nearly over, and nothing was made; the part goes on with the next delivery")]
    OutOfTime,
    /// Another delivery of the part makes it.
    #[error("another delivery of the part is at it; the message comes again")]
    AtWork,
    /// The rest of the part could not be handed on.
    #[error("the queue failed: {0}")]
    Queue(String),
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
                let ApplyJob { organisation, import, part, from } = job;
                let span = tracing::info_span!("part", %organisation, %import, part, from);
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
