//! Shows the page behind an invitation's link, and lets the person in when they ask to.

use accept::Accept;
use usher_runtime::{Aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let accept = Accept::from_environment(&Aws::from_environment()?)?;
    accept.connect().await;
    usher_http::run(accept::router(accept)).await
}
