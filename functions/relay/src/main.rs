//! Turns what the table's stream says into jobs.

use aws_lambda_events::event::dynamodb::Event;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use relay::Relay;
use tracing::Instrument;
use usher_runtime::{Aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let relay = &Relay::from_environment(&Aws::from_environment()?)?;
    let handler = service_fn(async |event: LambdaEvent<Event>| {
        let span = tracing::info_span!("stream", request_id = event.context.request_id);
        relay::handle(relay, event.payload).instrument(span).await.map_err(Error::from)
    });
    lambda_runtime::run(handler).await
}
