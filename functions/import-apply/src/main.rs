//! Turns parts of a plan into invitations.

use aws_lambda_events::event::sqs::SqsEvent;
use import_apply::ImportApply;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use tracing::Instrument;
use usher_runtime::{Aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let apply = &ImportApply::from_environment(&Aws::from_environment()?)?;
    let handler = service_fn(async |event: LambdaEvent<SqsEvent>| {
        let span = tracing::info_span!("apply", request_id = event.context.request_id);
        let deadline = Timestamp::from_millisecond(event.context.deadline.cast_signed()).map_err(Error::from)?;
        Ok::<_, Error>(import_apply::handle(apply, event.payload, deadline).instrument(span).await)
    });
    lambda_runtime::run(handler).await
}
