//! Why the bucket could not be read or written.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use usher_runtime::describe;

/// The bucket could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// There is no such object, or it may not be read; S3 does not always distinguish the two.
    #[error("there is no object {0}")]
    Absent(String),
    /// The offset to read from is beyond the end of the object.
    #[error("the object ends before that place")]
    Beyond,
    /// The call failed, or its answer was lost.
    #[error("{operation} failed: {message}")]
    Call {
        /// Which call.
        operation: &'static str,
        /// What went wrong.
        message: String,
        /// Whether a retry may succeed.
        passing: bool,
    },
    /// An object does not have the shape that this version writes.
    #[error("the object {key} is damaged: {what}")]
    Damaged {
        /// Its key.
        key: String,
        /// What is wrong with it.
        what: String,
    },
}

impl BucketError {
    pub(crate) fn call<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        R: std::fmt::Debug,
    {
        let passing = match error {
            SdkError::ServiceError(service) => {
                let codes =
                    ["SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "ThrottlingException"];
                service.err().code().is_some_and(|code| codes.contains(&code))
            }
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
            _ => false,
        };
        Self::Call { operation, message: describe(error), passing }
    }

    /// An object that is not as it was written.
    #[must_use]
    pub fn damaged(key: &str, what: impl Into<String>) -> Self {
        Self::Damaged { key: key.to_owned(), what: what.into() }
    }
}
