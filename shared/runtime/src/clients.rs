//! Clients of AWS, built in one place: slim, with time limits on every call.
//!
//! TLS is rustls on ring: measured against the SDK's default it takes a tenth of the instructions on the first request
//! and half the binary. Credentials and region come from the variables that Lambda sets, so nothing is searched for at
//! start-up.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::config::{self, ConfigError};

/// Time limits of a call. Without them the SDK waits for ever on a connection that died.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .read_timeout(Duration::from_secs(10))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(20))
        .build()
}

/// What carries their requests.
#[must_use]
pub fn https() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// What went wrong with a call, for a log: the kind of failure and the service's code. Neither the message nor the raw
/// answer, which the SDK's own description prints: services quote addresses in them.
pub fn describe<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(service) => format!("refused with {}", service.err().code().unwrap_or("no code")),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(_) => "the connection failed".to_owned(),
        SdkError::ResponseError(_) => "the answer cannot be read".to_owned(),
        SdkError::ConstructionFailure(_) => "the request cannot be made".to_owned(),
        _ => "the call failed".to_owned(),
    }
}

/// The door to AWS. Each method builds the client of one service; a function builds those it needs, once.
#[derive(Debug, Clone)]
pub struct Aws {
    config: SdkConfig,
}

impl Aws {
    /// Reads region, credentials and, for the local cloud, the endpoint from the environment.
    pub fn from_environment() -> Result<Self, ConfigError> {
        let credentials = Credentials::new(
            config::required("AWS_ACCESS_KEY_ID")?,
            config::required("AWS_SECRET_ACCESS_KEY")?,
            config::optional("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        Ok(Self::new(config::required("AWS_REGION")?, credentials, https(), config::optional("AWS_ENDPOINT_URL")))
    }

    /// Puts the pieces together.
    #[must_use]
    pub fn new(region: String, credentials: Credentials, http: SharedHttpClient, endpoint: Option<String>) -> Self {
        let mut config = SdkConfig::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(Region::new(region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http)
            .timeout_config(timeouts())
            .retry_config(RetryConfig::standard().with_max_attempts(3));
        if let Some(endpoint) = endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self { config: config.build() }
    }

    /// The same with another way of repeating calls that failed, for those who cannot wait for the usual pauses.
    #[must_use]
    pub fn with_retries(self, retries: RetryConfig) -> Self {
        Self { config: self.config.into_builder().retry_config(retries).build() }
    }

    /// The shared configuration, for what is neither of the clients below.
    #[must_use]
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The table.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }

    /// Files. Path style on an endpoint of our own, which has no host name per bucket.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let path_style = self.config.endpoint_url().is_some();
        let config = aws_sdk_s3::config::Builder::from(&self.config)
            .force_path_style(path_style)
            // A file of a million rows takes longer than any other call; reading it is limited chunk by chunk.
            .timeout_config(
                timeouts()
                    .to_builder()
                    .operation_attempt_timeout(Duration::from_mins(1))
                    .operation_timeout(Duration::from_mins(2))
                    .build(),
            );
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// Queues.
    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    /// Mail. Never repeated by the SDK: when an answer is lost, the mail may have gone out all the same, and what to do
    /// then is the mailer's decision.
    #[must_use]
    pub fn ses(&self) -> aws_sdk_sesv2::Client {
        let config = aws_sdk_sesv2::config::Builder::from(&self.config).retry_config(RetryConfig::disabled());
        aws_sdk_sesv2::Client::from_conf(config.build())
    }

    /// The user pool.
    #[must_use]
    pub fn cognito(&self) -> aws_sdk_cognitoidentityprovider::Client {
        aws_sdk_cognitoidentityprovider::Client::new(&self.config)
    }

    /// Secrets.
    #[must_use]
    pub fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.config)
    }
}
