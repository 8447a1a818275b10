//! Every five minutes: records what ended, and finishes what was cut off.

use jiff::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use sweeper::{Queues, Sweeper};
use usher_runtime::{Aws, Clock, config, telemetry};
use usher_store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let aws = Aws::from_environment()?;
    let store = Store::new(aws.dynamodb(), config::required("TABLE_NAME")?);
    let queues = Queues::new(aws.sqs(), config::required("MAIL_QUEUE_URL")?, config::required("APPLY_QUEUE_URL")?);
    let sweep = async |event: LambdaEvent<Value>| {
        let deadline = Timestamp::from_millisecond(event.context.deadline.cast_signed())?;
        let sweeper = Sweeper { store: store.clone(), clock: Clock::System, queues: queues.clone(), deadline };
        Ok::<_, lambda_runtime::Error>(sweeper::handle(&sweeper).await?)
    };
    lambda_runtime::run(service_fn(sweep)).await
}
