//! Lists, shows and changes invitations and members.

use usher_http::Api;
use usher_runtime::{Aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let api = Api::from_environment(&Aws::from_environment()?)?;
    api.connect().await;
    usher_http::run(manage::router(api)).await
}
