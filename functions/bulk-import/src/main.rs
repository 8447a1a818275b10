//! Turns uploaded files into plans.

use aws_lambda_events::event::s3::S3Event;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use tracing::Instrument;
use usher_runtime::{Aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let planning = &bulk_import::from_environment(&Aws::from_environment()?)?;
    let handler = service_fn(async |event: LambdaEvent<S3Event>| {
        let span = tracing::info_span!("upload", request_id = event.context.request_id);
        bulk_import::handle(planning, event.payload).instrument(span).await.map_err(Error::from)
    });
    lambda_runtime::run(handler).await
}
