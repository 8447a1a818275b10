//! Sends invitation mails through SES.

use aws_lambda_events::event::sqs::SqsEvent;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use mailer::Mailer;
use tracing::Instrument;
use usher_runtime::{Aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let mailer = &Mailer::from_environment(&Aws::from_environment()?)?;
    let handler = service_fn(async |event: LambdaEvent<SqsEvent>| {
        let span = mailer::span(&event.context.request_id);
        let deadline = Timestamp::from_millisecond(event.context.deadline.cast_signed()).map_err(Error::from)?;
        Ok::<_, Error>(mailer::handle(mailer, event.payload, deadline).instrument(span).await)
    });
    lambda_runtime::run(handler).await
}
