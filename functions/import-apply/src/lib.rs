//! Applies the parts of imports that its queue names.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use tracing::Instrument;
use usher_app::import::{ApplyError, HandOn, ImportApplying, apply_part};
use usher_domain::job::ApplyJob;
use usher_import_files::Bucket;
use usher_runtime::{Aws, Clock, ConfigError, config, describe};
use usher_store::Store;

/// What the function needs.
#[derive(Debug, Clone)]
pub struct ImportApply {
    /// Table, bucket and clock.
    pub applying: ImportApplying,
    /// Queues.
    pub sqs: aws_sdk_sqs::Client,
    /// The URL of its own queue, for parts that another delivery continues.
    pub queue: String,
}

impl ImportApply {
    /// Puts the pieces together.
    #[must_use]
    pub fn new(store: Store, aws: &Aws, bucket: &str, queue: String, clock: Clock) -> Self {
        let applying = ImportApplying { store, bucket: Bucket::new(aws.s3(), bucket), clock };
        Self { applying, sqs: aws.sqs(), queue }
    }

    /// Reads what it needs from the environment.
    pub fn from_environment(aws: &Aws) -> Result<Self, ConfigError> {
        let store = Store::new(aws.dynamodb(), config::required("TABLE_NAME")?);
        let queue = config::required("APPLY_QUEUE_URL")?;
        Ok(Self::new(store, aws, &config::required("UPLOAD_BUCKET")?, queue, Clock::System))
    }

    /// Leaves a job to another delivery.
    async fn hand_on(&self, HandOn { job, delay }: HandOn) -> Result<(), PartError> {
        let body = serde_json::to_string(&job).map_err(|_| PartError::Malformed)?;
        let call = self.sqs.send_message().queue_url(&self.queue).message_body(body).delay_seconds(delay);
        let sent = call.message_group_id(job.organisation.to_string()).send().await;
        sent.map(drop).map_err(|error| PartError::Queue(describe(&error)))
    }
}

/// Why a message must be delivered again.
#[derive(Debug, thiserror::Error)]
enum PartError {
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error("the queue failed: {0}")]
    Queue(String),
    #[error("the message is not a job")]
    Malformed,
}

/// Applies the parts that these messages name. The answer names the messages to be delivered again.
pub async fn handle(apply: &ImportApply, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        if let Err(error) = handle_message(apply, message.body.as_deref().unwrap_or_default(), deadline).await {
            tracing::error!(%error, "a part was not completed");
            response.add_failure(message.message_id.unwrap_or_default());
        }
    }
    response
}

async fn handle_message(apply: &ImportApply, body: &str, deadline: Timestamp) -> Result<(), PartError> {
    let job: ApplyJob = serde_json::from_str(body).map_err(|_| PartError::Malformed)?;
    let ApplyJob { organisation, import, part, from } = job;
    let span = tracing::info_span!("part", %organisation, %import, part, from);
    match Box::pin(apply_part(&apply.applying, job, deadline)).instrument(span).await? {
        Some(rest) => apply.hand_on(rest).await,
        None => Ok(()),
    }
}
