//! Imports over the API.

use imports::Imports;
use usher_http::Api;
use usher_runtime::{Aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let aws = Aws::from_environment()?;
    let (api, imports) = (Api::from_environment(&aws)?, Imports::from_environment(&aws)?);
    api.connect().await;
    usher_http::run(imports::router(api, imports)).await
}
