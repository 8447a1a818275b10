//! AWS clients, built in one place, with time limits on every call.
//!
//! TLS is rustls on ring: compared with the SDK's default, the first request takes a tenth of the instructions and the
//! binary is half as large. Credentials and region come from Lambda's environment variables, so start-up needs no look-up.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::config::{self, ConfigError};

/// Time limits of a call. Without them the SDK waits forever on a dead connection. AWS opens one within milliseconds; what
/// stands at another endpoint runs beside much else on somebody's laptop.
fn timeouts(endpoint: Option<&str>) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(if endpoint.is_none() { 2 } else { 10 }))
        .read_timeout(Duration::from_secs(10))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(20))
        .build()
}

/// Where the certificates of AWS's services lead to (<https://www.amazontrust.com/repository/>). Reading the machine's
/// whole store instead is a third of the instructions until a function's first answer.
const AMAZON_ROOTS: [&str; 5] = [
    include_str!("amazon-roots/root-ca-1.pem"),
    include_str!("amazon-roots/root-ca-2.pem"),
    include_str!("amazon-roots/root-ca-3.pem"),
    include_str!("amazon-roots/root-ca-4.pem"),
    include_str!("amazon-roots/starfield-services-g2.pem"),
];

/// Where the certificates of trusted authorities are, in PEM.
const AUTHORITIES: &str = "AWS_CA_BUNDLE";

/// The HTTPS client that all AWS clients of a region share. With `AWS_CA_BUNDLE`, as in other SDKs, it trusts the
/// authorities in that file and no others (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-gen-config.html>).
pub fn https(region: &str) -> Result<SharedHttpClient, ConfigError> {
    let roots = match config::optional(AUTHORITIES) {
        None => roots(region),
        Some(found) => match std::fs::read(&found) {
            Ok(authorities) => TrustStore::empty().with_pem_certificate(authorities),
            Err(_) => {
                return Err(ConfigError::Invalid { name: AUTHORITIES, found, expected: "a file that can be read" });
            }
        },
    };
    let client = aws_smithy_http_client::Builder::new();
    let context = TlsContext::builder().with_trust_store(roots).build().unwrap_or_default();
    Ok(client.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build_https())
}

/// Regions of other partitions (China, governments) may use other authorities.
fn roots(region: &str) -> TrustStore {
    if ["cn-", "us-gov-", "us-iso", "eu-iso"].iter().any(|prefix| region.starts_with(prefix)) {
        return TrustStore::default();
    }
    AMAZON_ROOTS.iter().fold(TrustStore::empty(), |roots, root| roots.with_pem_certificate(*root))
}

/// Describes a failed call for a log: the kind of failure and the service's code. It leaves out the message and the raw
/// answer, because services quote addresses in them.
pub fn describe<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(service) => format!("refused with {}", service.err().code().unwrap_or("no code")),
        SdkError::TimeoutError(_) => "timed out".to_owned(),
        SdkError::DispatchFailure(_) => "the connection failed".to_owned(),
        SdkError::ResponseError(_) => "the response could not be read".to_owned(),
        SdkError::ConstructionFailure(_) => "the request could not be built".to_owned(),
        _ => "the call failed".to_owned(),
    }
}

/// Builds AWS clients. Each method builds the client of one service; a function builds the ones it needs, once.
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
        let region = config::required("AWS_REGION")?;
        let https = https(&region)?;
        Ok(Self::new(region, credentials, https, config::optional("AWS_ENDPOINT_URL")))
    }

    /// Builds the shared configuration from its parts.
    #[must_use]
    pub fn new(region: String, credentials: Credentials, http: SharedHttpClient, endpoint: Option<String>) -> Self {
        let mut config = SdkConfig::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(Region::new(region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http)
            .timeout_config(timeouts(endpoint.as_deref()))
            .retry_config(RetryConfig::standard().with_max_attempts(3));
        if let Some(endpoint) = endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self { config: config.build() }
    }

    /// The same with other retry settings, for callers that cannot wait for the default pauses.
    #[must_use]
    pub fn with_retries(self, retries: RetryConfig) -> Self {
        Self { config: self.config.into_builder().retry_config(retries).build() }
    }

    /// The shared configuration, for clients that are not listed below.
    #[must_use]
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The DynamoDB client.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }

    /// The S3 client. It uses path style with a custom endpoint, which has no host name per bucket.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let path_style = self.config.endpoint_url().is_some();
        let config = aws_sdk_s3::config::Builder::from(&self.config)
            .force_path_style(path_style)
            // Reading a file of a million rows takes longer than any other call; each chunk has its own limit.
            .timeout_config(
                timeouts(self.config.endpoint_url())
                    .to_builder()
                    .operation_attempt_timeout(Duration::from_mins(1))
                    .operation_timeout(Duration::from_mins(2))
                    .build(),
            );
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// The SQS client.
    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    /// The SES client. The SDK never retries: if an answer is lost, the mail may still have gone out, and the mailer
    /// decides what to do.
    #[must_use]
    pub fn ses(&self) -> aws_sdk_sesv2::Client {
        let config = aws_sdk_sesv2::config::Builder::from(&self.config).retry_config(RetryConfig::disabled());
        aws_sdk_sesv2::Client::from_conf(config.build())
    }

    /// The Cognito client.
    #[must_use]
    pub fn cognito(&self) -> aws_sdk_cognitoidentityprovider::Client {
        aws_sdk_cognitoidentityprovider::Client::new(&self.config)
    }

    /// The Secrets Manager client.
    #[must_use]
    pub fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.config)
    }
}
