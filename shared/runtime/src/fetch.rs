//! Fetches small public documents, such as an issuer's keys, with one GET over the clients' TLS.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

/// The time limit for one document.
const PATIENCE: Duration = Duration::from_secs(5);

/// The document could not be fetched.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{url} could not be fetched: {why}")]
pub struct FetchError {
    url: String,
    why: String,
}

/// Returns the body of the document at this URL.
pub async fn fetch(url: &str) -> Result<Vec<u8>, FetchError> {
    let failed = |why: String| FetchError { url: url.to_owned(), why };
    // Made anew for each document, which is rare: it reads the machine's store of certificates, and start-up should not.
    let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build();
    let mut request = Request::new(SdkBody::empty());
    request.set_uri(url).map_err(|error| failed(error.to_string()))?;
    let answer = async {
        let answer = connector.call(request).await.map_err(|error| failed(error.to_string()))?;
        if !answer.status().is_success() {
            return Err(failed(format!("status {}", answer.status().as_u16())));
        }
        let body = ByteStream::new(answer.into_body()).collect().await;
        Ok(body.map_err(|error| failed(error.to_string()))?.to_vec())
    };
    tokio::time::timeout(PATIENCE, answer).await.map_err(|_| failed("timed out".to_owned()))?
}
