//! What can go wrong with the table itself. What a condition refuses is an outcome, not one of these.

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// The table could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The call failed, or its answer was lost: a write may have happened.
    #[error("{operation} failed ({code}): {message}")]
    Call {
        /// Which call.
        operation: &'static str,
        /// The service's code, or what stands for it.
        code: String,
        /// The chain of causes. It holds no item data.
        message: String,
    },
    /// Too many others wrote at the same time; nothing was written.
    #[error("too many writes met at once; try again")]
    Contention,
    /// A stored item is not of the shape this version writes.
    #[error("the stored item {key} is damaged: {what}")]
    Damaged {
        /// Its sort key.
        key: String,
        /// What is wrong with it.
        what: String,
    },
}

impl StoreError {
    pub(crate) fn call<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        R: std::fmt::Debug,
    {
        let code = match error {
            SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown").to_owned(),
            SdkError::TimeoutError(_) => "timeout".to_owned(),
            SdkError::DispatchFailure(_) => "unreachable".to_owned(),
            _ => "no answer".to_owned(),
        };
        // The service's own words, which speak of expressions and limits; the raw answer holds items and is left out.
        let message = match error {
            SdkError::ServiceError(service) => service.err().message().unwrap_or_default().to_owned(),
            // Of the connection, before there was an answer.
            SdkError::DispatchFailure(failure) => {
                failure.as_connector_error().map(|cause| DisplayErrorContext(cause).to_string()).unwrap_or_default()
            }
            _ => String::new(),
        };
        Self::Call { operation, code, message }
    }

    pub(crate) fn damaged(key: &str, what: impl Into<String>) -> Self {
        Self::Damaged { key: key.to_owned(), what: what.into() }
    }
}

/// Whether a call was refused because too much was asked at once, so that nothing of it was done.
pub(crate) fn is_throttling<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let codes = ["ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"];
    let code = match error {
        SdkError::ServiceError(service) => service.err().code(),
        _ => None,
    };
    code.is_some_and(|code| codes.contains(&code))
}
