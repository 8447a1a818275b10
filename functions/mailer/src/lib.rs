//! Sends invitation mails: claim the batch, send it once, record what came of each mail.
//!
//! ```text
//! message ─► due? ─► claim ─► mark ─► SendBulkEmail ─► keep the answer ─┬─ taken      sent
//!                               │                        │               ├─ deferred   the same people in a new batch, later
//!                               │                        │               └─ refused    failed, with the reason
//!                               └── no answer, cut off ──┘ unknown: once more after 15 minutes, if nothing is heard
//! ```
//!
//! The report of an import is sent the same way, alone (`import_report`).
//!
//! Only what was cut off between the mark and the kept answer is doubtful. Before the mark nothing was sent, and the next
//! delivery sends; after the answer is kept, the next delivery records it.

mod batch;
mod compose;
mod import_report;
mod import_report_mail;
mod outcome;
mod pace;
mod record;
mod requeue;
mod send;

use std::time::{Duration, Instant};

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use jiff::{SignedDuration, Timestamp};
use usher_domain::job::MailQueueJob;
use usher_runtime::{Aws, Clock, ConfigError, LinkKeySource, config};
use usher_store::Store;

pub use compose::{InvitationMail, Rendered};
pub use pace::Pace;

/// How long before the deadline recording gives up, so that the message is returned in time.
const TO_FINISH: SignedDuration = SignedDuration::from_secs(3);

/// Settings of the deployment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address of the mailer's own queue, for mails that were deferred.
    pub mail_queue: String,
    /// What links begin with, without a slash at the end.
    pub public_url: String,
    /// The address mails come from.
    pub from: String,
    /// The configuration set that mails are sent with.
    pub configuration_set: String,
}

/// What the mailer needs.
#[derive(Debug, Clone)]
pub struct Mailer {
    /// The table.
    pub store: Store,
    /// SES. Its client must not retry calls.
    pub ses: aws_sdk_sesv2::Client,
    /// Queues.
    pub sqs: aws_sdk_sqs::Client,
    /// What links are signed with.
    pub keys: LinkKeySource,
    /// The clock.
    pub clock: Clock,
    /// Settings of the deployment.
    pub settings: Settings,
    /// How fast.
    pub pace: Pace,
}

impl Mailer {
    /// Reads what it needs from the environment.
    pub fn from_environment(aws: &Aws) -> Result<Self, ConfigError> {
        let concurrency = match config::optional("MAIL_CONCURRENCY") {
            None => pace::USUAL_CONCURRENCY,
            Some(_) => config::required_number("MAIL_CONCURRENCY")?,
        };
        Ok(Self {
            store: Store::new(aws.dynamodb(), config::required("TABLE_NAME")?),
            ses: aws.ses(),
            sqs: aws.sqs(),
            keys: LinkKeySource::new(aws.secrets(), config::required("LINK_KEYS_SECRET_ARN")?),
            clock: Clock::System,
            settings: Settings {
                mail_queue: config::required("MAIL_QUEUE_URL")?,
                public_url: config::required("PUBLIC_URL")?.trim_end_matches('/').to_owned(),
                from: config::required("MAIL_FROM")?,
                configuration_set: config::required("MAIL_CONFIGURATION_SET")?,
            },
            pace: Pace::new(concurrency),
        })
    }
}

/// The span of one invocation, which every line of its log carries.
#[must_use]
pub fn span(request_id: &str) -> tracing::Span {
    let empty = tracing::field::Empty;
    tracing::info_span!("mail", request_id, batch = empty, organisation = empty)
}

/// Processes the messages until shortly before the deadline. The answer names those that must be delivered again.
pub async fn handle(mailer: &Mailer, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
    let time = deadline.duration_since(mailer.clock.now()) - TO_FINISH;
    let until = Instant::now() + Duration::try_from(time).unwrap_or_default();
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        let body = message.body.unwrap_or_default();
        // The body is not logged: it could contain anything.
        let done = match serde_json::from_str::<MailQueueJob>(&body) {
            Ok(MailQueueJob::ImportReport(job)) => {
                tracing::Span::current().record("organisation", tracing::field::display(job.organisation));
                Box::pin(import_report::process(mailer, job)).await
            }
            Ok(MailQueueJob::Invitations(job)) => {
                let batch = job.batch();
                let span = tracing::Span::current();
                span.record("batch", &batch).record("organisation", tracing::field::display(job.organisation));
                Box::pin(batch::process(mailer, &job, &batch, until)).await
            }
            Err(error) => {
                tracing::error!(line = error.line(), column = error.column(), "a message is not a mail job");
                false
            }
        };
        if !done {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
    }
    response
}
